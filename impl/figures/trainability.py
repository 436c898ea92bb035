"""From which starts a net learns: final training accuracy over the scale of its weights and the learning rate."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

import shrinkage as impl

from ._paper import paper, sheet


@paper()
def trainability_map(
    weight_scales: ArrayLike | None = None,
    learning_rates: ArrayLike | None = None,
    hidden_dims: Sequence[Sequence[int]] = ((100, 100), (100, 100, 100, 100)),
    data: Mapping[str, ArrayLike] | None = None,
    *,
    epochs: int = 20,
    batch_size: int = 25,
    threshold: float = 1.0,
    seed: int = 0,
    impl: Any = impl,
) -> Figure:
    """Final training accuracy of nets that begin with N(0, weight_scale²) and follow plain SGD, a cell for each pair.

    Parameters
    ----------
    weight_scales, learning_rates
        The grid, positive; by default 11 scales from 0.01 to 1, and 11 rates from 0.01 to 10.
    hidden_dims
        Of each map the widths of the hidden layers; by default nets of three and of five layers.
    data
        ``X_train``, ``y_train``, ``X_val`` and ``y_val``, as for `Solver`; by default 50 random samples of 64 entries
        in ten classes, to be learned by heart.
    epochs, batch_size
        How long a net learns.
    threshold
        The accuracy from which on it has succeeded.
    seed
        For every net and every order of the samples.
    impl
        Offers `FullyConnectedNet` and `Solver`.

    Returns
    -------
    Figure
        The maps side by side, success dotted, its share in the titles.
    """
    scales = np.unique(np.logspace(-2, 0, 11) if weight_scales is None else np.asarray(weight_scales, float))
    rates = np.unique(np.logspace(-2, 1, 11) if learning_rates is None else np.asarray(learning_rates, float))
    data = _fifty() if data is None else data
    figure = sheet(1.2 + 5 * len(hidden_dims), 4.8)
    panels = figure.subplots(1, len(hidden_dims), squeeze=False)[0]
    for axes, widths in zip(panels, hidden_dims, strict=True):
        settings = (data, epochs, batch_size, seed, impl)
        cells = np.array([[_accuracy(widths, scale, rate, *settings) for scale in scales] for rate in rates])
        mesh = _map(axes, scales, rates, cells, threshold)
        learned = cells >= threshold
        share = f"{learned.mean():.0%} learn, {learned.sum()} of {learned.size}"
        axes.set_title(f"{len(widths) + 1} layers: {share}")
    figure.colorbar(mesh, ax=panels, label=f"training accuracy after {epochs} epochs (dotted: ≥ {threshold:.3g})")
    return figure


def _accuracy(
    widths: Sequence[int],
    scale: float,
    rate: float,
    data: Mapping[str, ArrayLike],
    epochs: int,
    batch_size: int,
    seed: int,
    impl: Any,
) -> float:
    inputs = int(np.prod(np.shape(data["X_train"])[1:]))
    classes = int(np.max(data["y_train"])) + 1
    net = impl.FullyConnectedNet(widths, input_dim=inputs, num_classes=classes, weight_scale=float(scale), seed=seed)
    solver = impl.Solver(
        net,
        data,
        optim_config={"learning_rate": float(rate)},
        batch_size=batch_size,
        num_epochs=epochs,
        verbose=False,
        seed=seed,
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):  # most of what does not learn diverges
        warnings.simplefilter("ignore", RuntimeWarning)
        solver.train()
    return float(solver.train_acc_history[-1])


def _map(axes: Axes, scales: np.ndarray, rates: np.ndarray, cells: np.ndarray, threshold: float) -> Any:
    """A row of cells for each learning rate, the darker the more is learned."""
    mesh = axes.pcolormesh(_edges(scales), _edges(rates), cells, cmap="Greys", vmin=0, vmax=1, label="_accuracy")
    row, column = np.nonzero(cells >= threshold)
    axes.plot(scales[column], rates[row], "o", color="white", mec="black", mew=0.6, ms=4.5, ls="", label="_learned")
    axes.set(xscale="log", yscale="log", xlabel="weight_scale, of N(0, weight_scale²)", ylabel="learning rate")
    return mesh


def _edges(values: np.ndarray) -> np.ndarray:
    """Halfway between neighbours as ratios go, and as far beyond the first and the last."""
    logs = np.log(values)
    if logs.size == 1:
        return np.exp([logs[0] - 0.5, logs[0] + 0.5])
    between = (logs[1:] + logs[:-1]) / 2
    return np.exp(np.concatenate([[2 * logs[0] - between[0]], between, [2 * logs[-1] - between[-1]]]))


def _fifty() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    X, y = 0.3 * rng.standard_normal((50, 64)), np.arange(50) % 10
    return {"X_train": X, "y_train": y, "X_val": X[:10], "y_val": y[:10]}
