"""Four update rules from the same start: the way they go, and how the loss falls."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

import shrinkage as impl

from ._paper import WHITE, inks, name_ends, paper, sheet

RULES: Mapping[str, Mapping[str, Any]] = {
    "sgd": {"learning_rate": 1.0},
    "sgd_momentum": {"learning_rate": 0.3, "momentum": 0.9},
    "rmsprop": {"learning_rate": 0.01},
    "adam": {"learning_rate": 0.05},
}
MARKERS = "os^DvPX*"
GRID = 41  # losses to each side of the plane


@paper()
def optimiser_paths(
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    hidden_dims: Sequence[int] = (8,),
    rules: Mapping[str, Mapping[str, Any]] = RULES,
    *,
    steps: int = 150,
    weight_scale: float = 0.5,
    seed: int = 0,
    impl: Any = impl,
) -> Figure:
    """The parameters θ of one net under each rule, in the plane in which the paths spread most, and L(θ) at every step.

    Parameters
    ----------
    X, y
        Samples ``(N, D)`` and labels ``(N,)``; by default three arms of a spiral. Every step sees all of them.
    hidden_dims
        The widths of the net's hidden layers.
    rules
        From the name of each update rule to its `config`.
    steps
        How many each rule takes.
    weight_scale, seed
        What the net begins with, the same for every rule.
    impl
        Offers `FullyConnectedNet` and the rules, by default `sgd`, `sgd_momentum`, `rmsprop` and `adam`.

    Returns
    -------
    Figure
        On the left the paths over the loss in their plane: through their mean, along the first two principal directions
        of all points on them. On the right the loss at each step.
    """
    X, y = _spiral() if X is None or y is None else (np.asarray(X, float), np.asarray(y))
    net = impl.FullyConnectedNet(
        hidden_dims,
        input_dim=X[0].size,
        num_classes=int(y.max()) + 1,
        weight_scale=weight_scale,
        seed=seed,
    )
    start = {name: np.array(value) for name, value in net.params.items()}
    runs = {rule: _descend(net, start, X, y, getattr(impl, rule), config, steps) for rule, config in rules.items()}
    figure = sheet(12, 5.2)
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1])
    _plane(left, net, start, X, y, {rule: path for rule, (path, _) in runs.items()})
    _losses(right, {rule: losses for rule, (_, losses) in runs.items()})
    return figure


def _descend(
    net: Any, start: Mapping[str, np.ndarray], X: np.ndarray, y: np.ndarray, rule: Any, config: Any, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """All parameters before each step and after the last, a row each, and the loss there; until it is not finite."""
    configs = {name: dict(config) for name in start}
    path, losses = [], []
    net.params.update({name: value.copy() for name, value in start.items()})
    for _ in range(steps + 1):
        loss, gradients = net.loss(X, y)
        if not np.isfinite(loss):
            break
        path.append(np.concatenate([np.ravel(net.params[name]) for name in start]))
        losses.append(float(loss))
        for name in start:
            net.params[name], configs[name] = rule(net.params[name], gradients[name], configs[name])
    return np.array(path), np.array(losses)


def _plane(
    axes: Axes,
    net: Any,
    start: Mapping[str, np.ndarray],
    X: np.ndarray,
    y: np.ndarray,
    paths: Mapping[str, np.ndarray],
) -> None:
    points = np.concatenate(list(paths.values()))
    mean = points.mean(axis=0)
    _, s, Vt = np.linalg.svd(points - mean, full_matrices=False)
    ends: list[tuple[float, float]] = []
    shares = s[:2] ** 2 / (s @ s)
    for (rule, path), marker, ink in zip(paths.items(), MARKERS, inks(len(paths)), strict=False):
        a, b = Vt[:2] @ (path - mean).T
        axes.plot(a, b, lw=1.6, marker=marker, ms=5, mec="white", mew=0.6, markevery=10, label=rule, **ink)
        axes.plot(a[-1], b[-1], marker, color=ink["color"], ms=10, mec="white", zorder=5)
        ends.append((a[-1], b[-1]))
    a, b = Vt[:2] @ (next(iter(paths.values()))[0] - mean)
    axes.plot(a, b, "o", color="black", mfc="white", ms=9, zorder=6)
    axes.annotate("start", (a, b), (-8, -3), textcoords="offset points", ha="right", bbox=WHITE)
    axes.margins(0.15)
    name_ends(axes, ends, list(paths))
    across, up = np.linspace(*axes.get_xlim(), GRID), np.linspace(*axes.get_ylim(), GRID)
    losses = np.array([[_loss(net, start, X, y, mean + np.array([p, q]) @ Vt[:2]) for p in across] for q in up])
    lines = axes.contour(
        across, up, losses, np.geomspace(losses.min(), losses.max(), 12), colors="0.7", linewidths=0.8, zorder=0
    )
    axes.clabel(lines, fmt="%.2g", fontsize=7, colors="0.4")
    axes.set(
        xlabel=f"first principal direction, {shares[0]:.0%} of the spread",
        ylabel=f"second principal direction, {shares[1]:.0%}",
        title="Where they go, over the loss in this plane",
    )


def _loss(net: Any, start: Mapping[str, np.ndarray], X: np.ndarray, y: np.ndarray, theta: np.ndarray) -> float:
    at = 0
    for name, value in start.items():
        net.params[name] = theta[at : at + value.size].reshape(value.shape)
        at += value.size
    return float(net.loss(X, y)[0])


def _losses(axes: Axes, losses: Mapping[str, np.ndarray]) -> None:
    for (rule, values), marker, ink in zip(losses.items(), MARKERS, inks(len(losses)), strict=False):
        axes.plot(
            values, clip_on=False, lw=1.6, marker=marker, ms=5, mec="white", mew=0.6, markevery=10, label=rule, **ink
        )
    axes.set(yscale="log", xlabel="step", ylabel="loss", title="How the loss falls")
    steps = max(len(values) for values in losses.values()) - 1
    axes.set_xlim(0, steps)
    name_ends(axes, [(len(values) - 1, values[-1]) for values in losses.values()], list(losses))


def _spiral() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    arm = np.arange(90) % 3
    radius = np.repeat(np.linspace(0.1, 1, 30), 3)
    angle = 2.1 * arm + 2.5 * radius + 0.15 * rng.standard_normal(90)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), arm
