"""The pictures of ``shrinkage figures --impl numpy``, each whole inside the page, as SVG."""

import base64
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.figure import Figure

from shrinkage import figures
from shrinkage.benchmarks.report.plots import STYLE
from shrinkage.loader import load

_PLACES = re.compile(rb' (?:d|x|y)="[^"]*"')
_HUNDREDTHS = re.compile(rb"(\.\d\d)\d+")

# What they are called, and what somebody who cannot see them misses.
SAID = {
    "relu_step": (
        "One gradient step on a ReLU unit",
        "Four panels, one for each combination of signs of w and x, all with φ(x) − y = 1: the unit before and after "
        "the step, the sample, and arrows from the old elbow to the new one with both values. Where the sample is off, "
        "nothing moves.",
    ),
    "elbows_in_training": (
        "Elbows wandering in training",
        "On the left, where the elbow of every hidden unit stands over the epochs of training; on the right, the "
        "function that the network has learned at chosen epochs, bending at those elbows, ever closer to the samples.",
    ),
    "ridge_along_lambda": (
        "Ridge regression along λ",
        "Four panels over the same λ: coefficients shrinking from least squares to zero; filter factors falling from "
        "one to zero, those of small singular values first; degrees of freedom; and the errors that GCV and "
        "leave-one-out expect, with their minima.",
    ),
    "ridge_readings": (
        "Five readings of ridge regression",
        "The same answer found five ways on a problem with two features: as an optimum, by shifted singular values, as "
        "the maximum a posteriori where an ellipse of the loss touches a circle of the prior, by fake data, and by "
        "fake features.",
    ),
    "trainability_map": (
        "From which starts a net learns",
        "Two maps of final training accuracy over weight scale and learning rate, for three and for five layers: the "
        "region that learns is much smaller for five.",
    ),
    "optimiser_paths": (
        "Optimisers' paths and their losses",
        "The paths of SGD, momentum, RMSProp and Adam from one start over the level lines of the loss, and beside them "
        "the loss of each at every step.",
    ),
}


@dataclass(frozen=True)
class Drawing:
    """A picture as a data URI, its size in points, its title, and what it shows in words."""

    title: str
    said: str
    uri: str
    width: int
    height: int


def drawings(told: Callable[[str], object] = lambda line: None) -> Iterator[Drawing]:
    """All of them, each told of before it is drawn.

    By the textbook: what `impl` takes to compile for six pictures is ten times what they take to draw.
    """
    textbook = load(["numpy"])
    for number, (name, (title, said)) in enumerate(SAID.items(), 1):
        told(f"drawing {number} of {len(SAID)}: {title}")
        figure = getattr(figures, name)(impl=textbook)
        width, height = 72 * figure.get_size_inches()
        yield Drawing(title, said, _uri(figure), round(width), round(height))


def _uri(figure: Figure) -> str:
    written = io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever the user has set for other pictures
        mpl.rcParams.update({name: STYLE[name] for name in ("svg.hashsalt", "svg.fonttype")})
        figure.savefig(written, format="svg", metadata={"Date": None})
    # Hundredths of a point are enough to draw with.
    content = _PLACES.sub(lambda places: _HUNDREDTHS.sub(rb"\1", places[0]), written.getvalue())
    return f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}"
