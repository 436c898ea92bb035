"""Time against size in numbers: what a plot of one function shows, whoever draws it."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from shrinkage.benchmarks.report.runs import Result, Row, Run

HOSTILE = ("ill-conditioned", "lam-zero", "strided", "subnormal")  # called by their input, not by their size


class Point(NamedTuple):
    """One implementation on one case: where it stands, how long it took."""

    place: float
    seconds: float
    row: Row


@dataclass(frozen=True)
class Times:
    """One function in one dtype.

    Parameters
    ----------
    rows, places
        The cases, and at how many bytes each is drawn: beside what is of the same size.
    step
        By which factor two places are a letter apart.
    through, beside
        Of each implementation, ordinary input, once a size, for a line to go through; and the rest, which stands alone.
    peak
        Bytes, and the seconds that the machine needs for them at its peak.
    """

    function: str
    dtype: str
    rows: list[Row]
    places: list[float]
    step: float
    through: Mapping[str, list[Point]]
    beside: Mapping[str, list[Point]]
    peak: list[tuple[float, float]]

    @property
    def size(self) -> tuple[float, float]:
        """The decades of the bytes."""
        return decades(row.bytes for row in self.rows)

    @property
    def duration(self) -> tuple[float, float]:
        """The decades of the seconds."""
        taken = [
            point.seconds for found in (self.through, self.beside) for points in found.values() for point in points
        ]
        return decades([*taken, *(seconds for _, seconds in self.peak)])


def times(run: Run) -> Iterator[Times]:
    """Of each function and dtype of the run, if anything was timed."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in run.rows:
        groups.setdefault((row.function, row.dtype), []).append(row)
    for (function, dtype), rows in groups.items():
        if any(result.seconds for row in rows for result in row.results.values()):
            yield _times(run, function, dtype, rows)


def _times(run: Run, function: str, dtype: str, rows: list[Row]) -> Times:
    low, high = decades(row.bytes for row in rows)
    step = (high / low) ** 0.035  # the width of a letter
    places, usual = [], []
    for i, row in enumerate(rows):
        before = sum(other.sizes == row.sizes for other in rows[:i])
        places.append(row.bytes * step**before)
        usual.append(not before and row.label not in HOSTILE)
    through: dict[str, list[Point]] = {name: [] for name in run.implementations}
    beside: dict[str, list[Point]] = {name: [] for name in run.implementations}
    for name in run.implementations:
        for row, place, first in zip(rows, places, usual, strict=True):
            if seconds := row.results.get(name, Result()).seconds:
                (through if first else beside)[name].append(Point(place, seconds, row))
    peak = [(row.bytes, limit) for row, first in zip(rows, usual, strict=True) if first and (limit := run.limit(row))]
    return Times(function, dtype, rows, places, step, through, beside, peak)


def decades(values: Iterable[float]) -> tuple[float, float]:
    """The powers of ten around them, so that there are figures to read on the axis."""
    logs = [math.log10(value) for value in values]
    return 10.0 ** math.floor(min(logs) - 0.1), 10.0 ** math.ceil(max(logs) + 0.1)
