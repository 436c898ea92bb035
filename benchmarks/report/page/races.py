"""A run as a table: each case, each peer's ratio to the reference with its interval, and where it lies on an axis."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from matplotlib.ticker import EngFormatter

from shrinkage.benchmarks.report.page.verdicts import called
from shrinkage.benchmarks.report.runs import Result, Run
from shrinkage.benchmarks.report.tables import in_units, number, share_said, sizes


@dataclass(frozen=True)
class Ratio:
    """One peer on one case.

    Parameters
    ----------
    outcome
        Of the reference: `won`, `lost`, `undecided`; or `wrong`, `none`.
    low, at, high
        Where interval and ratio lie on the axis, in percent of its length.
    """

    text: str
    outcome: str
    interval: str = ""
    sort: float | None = None
    low: float = 0.0
    at: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Line:
    """One case."""

    function: str
    label: str
    sizes: str
    bytes: float
    moved: str
    seconds: float | None
    time: str
    share: str
    share_sort: float | None
    ratios: Mapping[str, Ratio]


@dataclass(frozen=True)
class Tally:
    """One peer over all cases, seen from the reference."""

    won: int
    lost: int
    undecided: int
    wrong: int
    missing: int
    median: str


class Axis:
    """From the smallest to the largest ratio of a run, logarithmic; in percent."""

    def __init__(self, run: Run) -> None:
        found = [result for row in run.rows for result in row.results.values() if result.ratio]
        ends = [end for result in found for end in (result.ratio, *(result.interval or ())) if end]
        self._low, self._high = math.log(min([0.5, *ends])), math.log(max([2.0, *ends]))
        self.one = self.at(1.0)

    def at(self, ratio: float) -> float:
        """Where it lies."""
        return round(100 * (math.log(ratio) - self._low) / (self._high - self._low), 1)


def lines(run: Run, axis: Axis) -> Iterator[Line]:
    """Of every case."""
    moved = EngFormatter("B", places=0)
    for row in run.rows:
        own = row.results.get(run.reference, Result())
        label = row.case.removeprefix(f"{row.function}-")
        ratios = {peer: _ratio(row.results.get(peer, Result()), axis) for peer in run.peers}
        time = own.instead or in_units(own.seconds)
        told = (row.function, label, sizes(row), row.bytes, moved(row.bytes), own.seconds, time)
        yield Line(*told, share_said(own), own.share, ratios)


def _ratio(result: Result, axis: Axis) -> Ratio:
    if result.ratio is None or result.ratio <= 0:
        if result.lacking == "wrong":
            return Ratio(result.instead, "wrong")
        return Ratio(in_units(result.seconds), "none")
    low, high = result.interval or (result.ratio, result.ratio)
    between = f"{number(low)}–{number(high)}" if result.interval else ""
    places = (axis.at(end) for end in (low, result.ratio, high))
    return Ratio(" ".join([number(result.ratio), result.by]).strip(), result.outcome, between, result.ratio, *places)


def wrong(run: Run) -> list[tuple[str, str, str]]:
    """Who, on which case, and by how much."""
    return [
        (called(name), row.case, " ".join(why.removeprefix(f"{row.case}, ").split()))
        for row in run.rows
        for name, why in row.wrong.items()
    ]


def tallies(run: Run) -> dict[str, Tally]:
    """Of every peer."""
    return {peer: _tally([row.results.get(peer, Result()) for row in run.rows]) for peer in run.peers}


def _tally(results: list[Result]) -> Tally:
    count = Counter(result.outcome or result.lacking or "not offered" for result in results)
    ratios = [result.ratio for result in results if result.ratio is not None]
    return Tally(
        count["won"],
        count["lost"],
        count["undecided"],
        count["wrong"],
        count["not offered"],
        number(median(ratios)) if ratios else "–",
    )
