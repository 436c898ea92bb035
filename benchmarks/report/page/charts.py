"""Time against size as SVG: where everything stands, in the units of the picture; `chart.svg` writes it down.

Twice each, on logarithmic and on linear axes, with the numbers of `shrinkage.benchmarks.report.curves`, and the
markers, lines and colours of `shrinkage.benchmarks.report.plots`.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from matplotlib.ticker import EngFormatter, MaxNLocator

from shrinkage.benchmarks.report.curves import Point, Times, times
from shrinkage.benchmarks.report.page.verdicts import called, chapter
from shrinkage.benchmarks.report.plots import styles
from shrinkage.benchmarks.report.runs import Run
from shrinkage.benchmarks.report.tables import in_units, sizes

WIDTH, HEIGHT = 340, 232
LEFT, RIGHT, TOP, BOTTOM = 62, 22, 10, 40
# A marker of matplotlib's within a circle of radius 4.5.
SHAPES = {
    "o": "M4 0A4 4 0 1 1-4 0A4 4 0 1 1 4 0Z",
    "s": "M-3.5-3.5H3.5V3.5H-3.5Z",
    "^": "M0-4.5L4.2 3.2H-4.2Z",
    "v": "M0 4.5L4.2-3.2H-4.2Z",
    "<": "M-4.5 0L3.2 4.2V-4.2Z",
    ">": "M4.5 0L-3.2 4.2V-4.2Z",
    "D": "M0-4.6L4.6 0L0 4.6L-4.6 0Z",
    "P": "M-1.6-4.4H1.6V-1.6H4.4V1.6H1.6V4.4H-1.6V1.6H-4.4V-1.6H-1.6Z",
    "X": "M-2.2-4.4L0-2.2L2.2-4.4L4.4-2.2L2.2 0L4.4 2.2L2.2 4.4L0 2.2L-2.2 4.4L-4.4 2.2L-2.2 0L-4.4-2.2Z",
    "*": "M0-5L1.3-1.6L5-1.5L2.1.7L3 4.2L0 2.2L-3 4.2L-2.1.7L-5-1.5L-1.3-1.6Z",
}
LINES = {"-": "", "--": "6 3", ":": "1.5 3", "-.": "6 3 1.5 3"}


@dataclass(frozen=True)
class Ink:
    """How one implementation is drawn: the number of its marker, its dashes, its colour (none is that of text)."""

    marker: int
    dashes: str
    color: str


@dataclass(frozen=True)
class Curve:
    """One implementation: the points of its line, and its markers, each hollow or not, with what it says."""

    name: str
    line: str
    markers: list[tuple[float, float, bool, str]]


@dataclass(frozen=True)
class Scale:
    """A drawing on one kind of axes: ticks and their labels, the machine's peak, where its name stands, the curves."""

    kind: str
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    peak: str
    summit: tuple[float, float, str]
    curves: list[Curve]


@dataclass(frozen=True)
class Chart:
    """One function in one dtype, with all of it in words."""

    function: str
    dtype: str
    said: str
    scales: list[Scale]


def inks(run: Run) -> dict[str, Ink]:
    """By implementation."""
    shapes = list(SHAPES)
    found = {}
    for name, (marker, line, color) in styles(run.reference, run.peers).items():
        dashes = LINES[line] if isinstance(line, str) else " ".join(str(length) for length in line[1])
        found[name] = Ink(shapes.index(marker), dashes, _css(color))
    return found


def _css(color: str) -> str:
    if color == "black":
        return ""
    return color if color.startswith("#") else "#" + 3 * f"{round(255 * float(color)):02x}"


def charts(run: Run) -> Iterator[Chart]:
    """Of every function that was timed; on logarithmic axes, those of a chapter over one range of times."""
    every = list(times(run))
    spans: dict[int, tuple[float, float]] = {}
    for found in every:
        low, high = found.duration
        lowest, highest = spans.get(chapter(found.function), found.duration)
        spans[chapter(found.function)] = min(low, lowest), max(high, highest)
    for found in every:
        scales = [_scale(found, kind, spans[chapter(found.function)]) for kind in ("log", "linear")]
        yield Chart(found.function, found.dtype, _said(found), scales)


def _said(found: Times) -> str:
    """Without the picture: of each implementation, the time of the smallest and of the largest case."""
    parts = []
    for name in found.through:
        points = sorted(found.through[name] + found.beside[name], key=_where)
        if points:
            ends = dict.fromkeys([_tip(points[0]), _tip(points[-1])])
            parts.append(f"{called(name)}: {', '.join(ends)}")
    return f"Time of a call of {found.function} in {found.dtype} by the bytes that it moves. {'; '.join(parts)}."


def _where(point: Point) -> tuple[float, float]:
    return point.place, point.seconds


def _tip(point: Point) -> str:
    return f"{in_units(point.seconds)} for {point.row.label} ({sizes(point.row)})"


def _scale(found: Times, kind: str, span: tuple[float, float]) -> Scale:
    log = kind == "log"
    every = [*chain(*found.through.values(), *found.beside.values())]
    ends = [(p.place, p.seconds) for p in every] + found.peak
    x, across = _axis(found.size if log else (0.0, 1.04 * max(x for x, _ in ends)), log, LEFT, WIDTH - RIGHT, "B")
    y, up = _axis(span if log else (0.0, 1.04 * max(y for _, y in ends)), log, HEIGHT - BOTTOM, TOP, "s")

    def line(points: Iterable[tuple[float, float]]) -> str:
        return " ".join(f"{x(place)},{y(taken)}" for place, taken in points)

    curves = []
    for name in found.through:
        through = sorted(found.through[name], key=_where)
        both = [(p, False) for p in through] + [(p, True) for p in found.beside[name]]
        marks = [(x(p.place), y(p.seconds), hollow, f"{called(name)}: {_tip(p)}") for p, hollow in both]
        if marks:
            curves.append(Curve(called(name), line((p.place, p.seconds) for p in through), marks))
    peak = [(x(place), y(taken)) for place, taken in sorted(found.peak)]
    return Scale(kind, across, up, line(sorted(found.peak)), _summit(peak), curves)


def _summit(peak: list[tuple[float, float]]) -> tuple[float, float, str]:
    """Below the middle of its longest piece, where nothing is as fast, if there is room."""
    if not peak:
        return 0.0, 0.0, "start"
    (x0, y0), (x1, y1) = max(zip(peak, peak[1:] or peak, strict=False), key=lambda ends: math.dist(*ends))
    x, y = round((x0 + x1) / 2, 1), round((y0 + y1) / 2, 1)
    if y + 20 > HEIGHT - BOTTOM:  # no room: all else is far above
        return x, y - 8, "middle"
    return (x + 8, y + 12, "start") if x < WIDTH - RIGHT - 80 else (x, y + 16, "end")


def _axis(
    ends: tuple[float, float], log: bool, start: int, stop: int, unit: str
) -> tuple[Callable[[float], float], list[tuple[float, str]]]:
    """Where a value stands between start and stop, and the ticks."""
    low, high = ends
    said = EngFormatter(unit, sep="\u202f")
    if log:
        first, last = round(math.log10(low)), round(math.log10(high))
        every = -(-(last - first) // 5)  # at most six ticks
        ticks = [10.0**power for power in range(first, last + 1, every)]
    else:
        ticks = [
            float(tick) for tick in MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= tick <= high
        ]

    def at(value: float) -> float:
        part = math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)
        return round(start + part * (stop - start), 1)

    return at, [(at(tick), said(tick)) for tick in ticks]


def legend(run: Run) -> Mapping[str, Any]:
    """By the name that people read."""
    return {called(name): ink for name, ink in inks(run).items()}
