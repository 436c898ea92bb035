"""What the figures have in common: the paper, the inks, and how numbers and names are written beside a curve."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

STYLE: Any = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
# Line and colour (Okabe and Ito's, which the colour-blind tell apart); in grey it is the lines that differ.
INKS: tuple[tuple[Any, str], ...] = (
    ("-", "black"),
    ("--", "#0072B2"),
    ("-.", "#D55E00"),
    (":", "#009E73"),
    ((0, (6, 1, 1, 1, 1, 1)), "#8F4E75"),
    ((0, (8, 3)), "0.45"),
)
WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}  # behind a text that stands on a line


@contextmanager
def paper() -> Iterator[None]:
    """Whatever the user has set for other pictures, these look as they should. Decorates the functions that draw."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def sheet(width: float, height: float) -> Figure:
    """An empty figure, in inches, that belongs to no window and whose labels find their own room."""
    return Figure(figsize=(width, height), layout="constrained")


def inks(count: int) -> list[dict[str, Any]]:
    """A line and a colour for each of so many curves."""
    return [{"linestyle": line, "color": color} for line, color in islice(cycle(INKS), count)]


def said(value: float, digits: int = 2) -> str:
    """A number as it is printed: 1.50, −0.33, and never −0.00."""
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")


def point(w: Any) -> str:
    """A vector as it is printed."""
    return f"({', '.join(said(entry) for entry in w)})"


def apart(places: Sequence[float] | np.ndarray, gap: float) -> np.ndarray:
    """The nearest places that are at least so far apart, in the same order."""
    places = np.asarray(places, float)
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(places.size)
    moved = np.empty_like(places)
    moved[order] = isotonic_regression(places[order] - steps).x + steps if places.size else 0.0
    return moved


def in_axes(axes: Axes, points: Any) -> np.ndarray:
    """Where points (x, y), a row each, stand in the axes, both from 0 to 1; from now on the limits stay as they are."""
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    return (axes.transScale + axes.transLimits).transform(np.asarray(points, float))


def name_ends(axes: Axes, ends: Any, names: Sequence[str], across: float = 0.03, gap: float = 0.06) -> None:
    """Write each name to the right of where its curve ends, moved up or down as far as the others ask."""
    places = in_axes(axes, ends)
    for end, x, height, name in zip(ends, places[:, 0], apart(places[:, 1], gap), names, strict=True):
        axes.annotate(
            name,
            end,
            (x + across, height),
            textcoords="axes fraction",
            va="center",
            annotation_clip=False,
            bbox=WHITE,
            zorder=7,
            arrowprops={"arrowstyle": "-", "color": "0.6", "lw": 0.6, "shrinkA": 1, "shrinkB": 2},
        )
