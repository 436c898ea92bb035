"""What one step of gradient descent does to a ReLU: its slope, and where its elbow stands."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import shrinkage as impl

from ._paper import WHITE, paper, said, sheet


class Unit(NamedTuple):
    """A sample x, y and the unit max(wx + b, 0) that is to fit it."""

    x: float
    y: float
    w: float
    b: float


# The sample is off; w, x > 0; w > 0 > x; w < 0 < x. In each φ(x) − y is 1, so that the signs alone make the difference.
FOUR_CASES = (
    Unit(x=-1.5, y=-1.0, w=1.0, b=0.5),
    Unit(x=1.5, y=0.5, w=1.0, b=0.0),
    Unit(x=-1.0, y=0.5, w=1.0, b=2.5),
    Unit(x=1.0, y=0.5, w=-1.0, b=2.5),
)


@paper()
def relu_step(
    cases: Sequence[tuple[float, float, float, float]] = FOUR_CASES, lr: float = 0.3, *, impl: Any = impl
) -> Figure:
    """max(wx + b, 0) before and after w − lr · dl/dw, b − lr · dl/db, for the loss ½(φ(x) − y)² of one sample.

    Parameters
    ----------
    cases
        ``(x, y, w, b)`` of each panel; by default one for each combination of signs, with φ(x) − y = 1 in all.
    lr
        The learning rate.
    impl
        Offers `relu_unit`, `relu_unit_step` and `elbow`.

    Returns
    -------
    Figure
        In each panel both lines, the sample, and from the old elbow an arrow to the new one; with their values.
    """
    units = [Unit(*case) for case in cases]
    steps = [impl.relu_unit_step(*unit, lr) for unit in units]
    elbows = [(float(impl.elbow(u.w, u.b)), float(impl.elbow(*step))) for u, step in zip(units, steps, strict=True)]
    ends = [place for pair in elbows for place in pair if math.isfinite(place)] + [unit.x for unit in units]
    xs = np.linspace(min(ends) - 1.2, max(ends) + 1.2, 401)
    rows = math.ceil(len(units) / 2)
    figure = sheet(9.6, 3.6 * rows)
    grid = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, unit, step, pair in zip(grid, units, steps, elbows, strict=False):
        _lines(axes, xs, unit, step, impl)
        _sample(axes, unit, impl)
        _elbows(axes, *pair)
        axes.set_title(f"{_signs(unit, impl)}: {_what_happened((unit.w, unit.b), step, pair)}")
        axes.set(xlabel="x", ylabel="φ(x) = max(wx + b, 0)")
    values = [0.0] + [float(v) for u in units for v in (u.y, impl.relu_unit(u.x, u.w, u.b))]
    span = max(values) - min(values) + 1
    grid[0].set(xlim=(xs[0], xs[-1]), ylim=(min(values) - 0.3 * span, max(values) + 1))
    for axes in grid[len(units) :]:
        axes.remove()
    return figure


def _lines(axes: Axes, xs: np.ndarray, unit: Unit, step: tuple[float, float], impl: Any) -> None:
    axes.axhline(0, color="0.75", lw=0.8, zorder=0)
    axes.plot(xs, impl.relu_unit(xs, unit.w, unit.b), "--", color="0.35", lw=1.3, label=f"before, slope {said(unit.w)}")
    axes.plot(xs, impl.relu_unit(xs, *step), "-", color="black", lw=2, label=f"after, slope {said(step[0])}")
    axes.legend(loc="upper left" if unit.w > 0 else "upper right")


def _sample(axes: Axes, unit: Unit, impl: Any) -> None:
    """The sample, what it misses the old line by, and that in figures, on the side where the line is higher up."""
    phi = float(impl.relu_unit(unit.x, unit.w, unit.b))
    axes.plot([unit.x, unit.x], [unit.y, phi], ":", color="black", lw=1.2, label="_residual")
    axes.plot(unit.x, unit.y, "X", color="black", ms=10, mec="white", ls="", label="_sample")
    right = unit.w > 0
    axes.annotate(
        f"sample\nφ − y = {said(phi - unit.y)}",
        (unit.x, unit.y),
        (9 if right else -9, 0),  # below, where no line is
        textcoords="offset points",
        ha="left" if right else "right",
        va="top",
        bbox=WHITE,
    )


def _elbows(axes: Axes, old: float, new: float) -> None:
    """The old one hollow, the new one full, an arrow from one to the other and their values below it."""
    axes.plot(old, 0, "o", color="black", mfc="white", ms=8, zorder=4, label="_elbow before")
    axes.plot(new, 0, "o", color="black", ms=6, zorder=5, label="_elbow after")
    seen = [place for place in (old, new) if math.isfinite(place)]
    if not seen:
        return
    if len(seen) == 2 and old != new:
        bend = {"arrowstyle": "-|>", "color": "black", "connectionstyle": f"arc3,rad={0.6 if new > old else -0.6}"}
        axes.annotate("", (new, 0), (old, 0), label="_move", arrowprops=bend | {"shrinkA": 5, "shrinkB": 4})
    stays = old == new
    values = said(new) if stays else " → ".join(said(place) if math.isfinite(place) else "none" for place in (old, new))
    axes.annotate(
        f"elbow {values}",
        (sum(seen) / len(seen), 0),
        (0, -22),
        textcoords="offset points",
        ha="center",
        va="top",
        bbox=WHITE,
    )


def _signs(unit: Unit, impl: Any) -> str:
    if impl.relu_unit(unit.x, unit.w, unit.b) <= 0:
        return "φ(x) = 0"
    w, x = ("> 0" if value > 0 else "< 0" if value < 0 else "= 0" for value in (unit.w, unit.x))
    return f"w, x {w}" if w == x else f"w {w}, x {x}"


def _what_happened(before: tuple[float, float], after: tuple[float, float], elbows: tuple[float, float]) -> str:
    if before == tuple(after):
        return "nothing moves"
    steeper = abs(after[0]) - abs(before[0])
    slope = "steeper" if steeper > 0 else "flatter" if steeper < 0 else "as steep"
    old, new = elbows
    return f"{slope}, elbow to the {'right' if new > old else 'left'}" if math.isfinite(old + new) else slope
