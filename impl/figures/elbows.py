"""Where the elbows of a network with one hidden layer wander, and what function that makes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

import shrinkage as impl

from ._paper import paper, sheet

Parameters = tuple[Any, Any, Any]


@paper()
def elbows_in_training(
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    parameters: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    lr: float = 0.02,
    epochs: Sequence[int] = (0, 10, 100, 1000),
    *,
    impl: Any = impl,
) -> Figure:
    """−b/W1 of every hidden unit over epochs of SGD on f̂(x) = W2 max(W1 x + b, 0), and f̂ itself at some of them.

    Parameters
    ----------
    x, y
        The samples, ``(N,)`` each; by default a wave with a little noise.
    parameters
        W1, b and W2 to begin with: ``(d, 1)``, ``(d,)`` and ``(1, d)``; by default 14 random units.
    lr
        The learning rate.
    epochs
        At which f̂ is drawn, ascending; training goes on until the last.
    impl
        Offers `relu_network_sgd` and `relu_network`.

    Returns
    -------
    Figure
        Positions run to the right in every panel. On the left epochs run down; on the right there is a panel for each
        chosen one, with a triangle for each elbow, which points to where the unit is on.
    """
    samples = _wave() if x is None or y is None else (np.asarray(x, float), np.asarray(y, float))
    legs = _train(*samples, parameters or _units(), lr, epochs, impl)
    path = np.concatenate([legs[0][1], *(elbows[1:] for _, elbows in legs[1:])])
    figure = sheet(10, 1.9 * len(epochs))
    grid = figure.add_gridspec(len(epochs), 2, width_ratios=[1.15, 1])
    left = figure.add_subplot(grid[:, 0])
    span = np.ptp(samples[0]) or 1.0
    left.set_xlim(samples[0].min() - 0.15 * span, samples[0].max() + 0.15 * span)
    _paths(left, path, epochs)
    low, high = left.get_xlim()
    first = None
    for row, (epoch, (trained, elbows)) in enumerate(zip(epochs, legs, strict=True)):
        axes = figure.add_subplot(grid[row, 1], sharex=left, sharey=first)
        first = first or axes
        _function(axes, samples, trained, elbows[-1], impl)
        _triangles(left, elbows[-1], np.full(elbows.shape[1], epoch), trained[0])
        outside = np.count_nonzero(~((elbows[-1] >= low) & (elbows[-1] <= high)))
        axes.set(title=f"epoch {epoch:,}, {outside} elbows outside", xlabel="x", ylabel=r"$\hat f(x)$")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _train(
    x: np.ndarray, y: np.ndarray, parameters: Any, lr: float, epochs: Sequence[int], impl: Any
) -> list[tuple[Parameters, np.ndarray]]:
    """The parameters at each of these epochs, and the elbows on the way there from the one before."""
    legs = []
    for before, epoch in pairwise([0, *epochs]):
        *parameters, elbows = impl.relu_network_sgd(x, y, *parameters, lr, epoch - before)
        legs.append((tuple(parameters), np.asarray(elbows)))
    return legs


def _paths(axes: Axes, path: np.ndarray, chosen: Sequence[int]) -> None:
    rounds = np.arange(len(path))
    for j, elbows in enumerate(path.T):
        axes.plot(elbows, rounds, color="black", lw=0.9, label=f"_elbow {j}")
    for epoch in chosen:
        axes.axhline(epoch, color="0.5", ls="--", lw=0.8, zorder=0)
    axes.set_yscale("symlog", linthresh=max(chosen[-1] / 100, 1))
    axes.set(xlabel="where the elbows stand, −b/w", ylabel="epoch", title="Elbows in training")
    axes.set_ylim(max(chosen[-1], 1), 0)
    axes.set_yticks(chosen, [f"{epoch:,}" for epoch in chosen])
    axes.minorticks_off()


def _function(
    axes: Axes, samples: tuple[np.ndarray, np.ndarray], parameters: Parameters, elbows: np.ndarray, impl: Any
) -> None:
    xs = np.linspace(*axes.get_xlim(), 601)
    axes.plot(*samples, "o", color="0.6", ms=4, mew=0, label="samples")
    axes.plot(xs, impl.relu_network(xs, *parameters), color="black", lw=1.4, label="what the network has learned")
    somewhere = np.where(np.isfinite(elbows), elbows, 0.0)  # a unit without an elbow has a NaN, which would be refused
    _triangles(axes, elbows, impl.relu_network(somewhere, *parameters), parameters[0])


def _triangles(axes: Axes, elbows: np.ndarray, values: np.ndarray, W1: ArrayLike) -> None:
    """One on each elbow in view, pointing to where its unit is on."""
    w, (low, high) = np.ravel(W1), axes.get_xlim()
    seen = (elbows >= low) & (elbows <= high)
    for on, marker, name in ((w > 0, ">", "elbow, its unit on to the right"), (w < 0, "<", "to the left")):
        style: dict[str, Any] = {"color": "black", "mfc": "white", "ms": 6, "ls": "", "clip_on": False, "zorder": 4}
        axes.plot(elbows[on & seen], values[on & seen], marker, label=name, **style)


def _wave() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, 40)
    return x, np.sin(2 * x) + 0.1 * rng.standard_normal(40)


def _units() -> Parameters:
    rng = np.random.default_rng(1)
    return rng.standard_normal((14, 1)), rng.standard_normal(14), rng.standard_normal((1, 14)) / 4
