"""Many commits of a repository: each case's time over that at the first of them, as SVG, and what was said of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.ticker import MaxNLocator

from shrinkage.benchmarks.gate.decide import PASS, REGRESSION
from shrinkage.benchmarks.gate.findings import plain
from shrinkage.benchmarks.gate.revisions.history import Step, told, trend
from shrinkage.benchmarks.report.page.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

NAMED = 5  # commits below a drawing, at most


@dataclass(frozen=True)
class Trend:
    """One case.

    Parameters
    ----------
    case
        Its name.
    said
        All of it in words.
    across, up
        Ticks with their labels.
    line
        The steps of its time, as an SVG path; none at a commit that has no time.
    markers
        Change points, and hollow ones where it was not decided: where, hollow or not, and what they say.
    """

    case: str
    said: str
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    line: str
    markers: list[tuple[float, float, bool, str]]


@dataclass(frozen=True)
class History:
    """What is shown of one history."""

    title: str
    said: str
    trends: list[Trend]
    commits: list[list[str]]


def histories(given: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> Iterator[History]:
    """Of each file."""
    for _, results in given:
        names = [results[0]["base"]["commit"][:9], *(result["head"]["commit"][:9] for result in results)]
        worse = sum(each["verdict"] == REGRESSION for each in results)
        said = f"{len(results)} commits, each against the last before it that runs; {worse or 'none'} of them worse."
        yield History(f"From {names[0]} to {names[-1]}", said, list(_trends(names, trend(results))), told(results))


def _trends(names: Sequence[str], steps: Mapping[str, Sequence[Step]]) -> Iterator[Trend]:
    """All over one range, so that they can be compared."""
    levels = [step.level for each in steps.values() for step in each if step.level is not None]
    low, high = 0.95 * min([1.0, *levels]), 1.05 * max([1.0, *levels])
    end = WIDTH - RIGHT - 8  # the name of a commit is wider than a number
    across = [round(LEFT + i * (end - LEFT) / max(len(names) - 1, 1), 1) for i in range(len(names))]

    def y(level: float) -> float:
        return round(HEIGHT - BOTTOM - (level - low) / (high - low) * (HEIGHT - BOTTOM - TOP), 1)

    ticks = [float(tick) for tick in MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high)]
    up = [(y(tick), f"{tick:g}") for tick in ticks if low <= tick <= high]
    every = -(-len(names) // NAMED)
    labels = [(x, name[:7]) for x, name in list(zip(across, names, strict=True))[::every]]
    for case, each in steps.items():
        path, markers, told, drawn = [f"M{across[0]} {y(1.0)}"], [], [], True
        for x, name, step in zip(across[1:], names[1:], each, strict=True):
            if step.level is not None:
                height = y(step.level)
                path.append(f"H{x}V{height}" if drawn else f"M{x} {height}h0")
                if step.verdict != PASS:
                    said = (
                        f"{name}: {step.level:.2f} times, {'slower' if step.verdict == REGRESSION else 'not decided'}"
                    )
                    markers.append((x, height, step.verdict != REGRESSION, said))
                    told.append(said)
            drawn = step.level is not None
        words = "; ".join(told) or "no change was found"
        yield Trend(
            case, f"Time of {plain(case)} over that at {names[0]}: {words}.", labels, up, "".join(path), markers
        )
