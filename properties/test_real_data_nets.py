"""Chapter 5 on real data: small nets learn 50 handwritten digits by heart, and a deeper one is harder to start."""

import functools
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from shrinkage.properties.engine.verdict import holds

pytestmark = pytest.mark.skipif(find_spec("sklearn") is None, reason="the data come with scikit-learn")
mathematics = pytest.mark.mathematics

THREE_LAYERS, FIVE_LAYERS = [100, 100], [100, 100, 100, 100]
# The window decides the fractions, not their order: below a learning rate of 0.01, where three layers need weights of
# size 1 and more, five with weights of size 0.5 still learn by heart; above, three layers have far more to choose from.
WEIGHT_SCALES = np.logspace(-2, 0, 9)
LEARNING_RATES = np.logspace(-2, 1, 10)
EPOCHS = 20


@functools.cache
def fifty_digits() -> dict[str, np.ndarray]:
    """Fifty of scikit-learn's 8 × 8 digits to learn, fifty others for validation; their mean taken off."""
    from sklearn.datasets import load_digits  # half a second, and in one of the processes only

    X, y = load_digits(return_X_y=True)
    X = X / 16 - (X / 16).mean(axis=0)
    return {"X_train": X[:50], "y_train": y[:50], "X_val": X[50:100], "y_val": y[50:100]}


def learns(impl: Any, hidden_dims: list[int], weight_scale: float, learning_rate: float) -> bool:
    """Whether a net gets all fifty right within 20 epochs of plain SGD in batches of 25, with weights of any seed."""
    net = impl.FullyConnectedNet(hidden_dims, input_dim=64, weight_scale=weight_scale)
    config = {"learning_rate": learning_rate}
    solver = impl.Solver(net, fifty_digits(), optim_config=config, batch_size=25, num_epochs=EPOCHS, verbose=False)
    with warnings.catch_warnings(), np.errstate(all="ignore"):  # most of what does not learn diverges
        warnings.simplefilter("ignore", RuntimeWarning)
        solver.train()
    return max(solver.train_acc_history) == 1


def region(impl: Any, hidden_dims: list[int]) -> np.ndarray:
    """Where on the grid of weight scales (rows) and learning rates (columns) a net of these hidden layers learns."""
    return np.array([[learns(impl, hidden_dims, scale, rate) for rate in LEARNING_RATES] for scale in WEIGHT_SCALES])


def table(three: np.ndarray, five: np.ndarray) -> str:
    """For each weight scale the learning rates that work, and the fraction of all pairs that do."""

    def rates(row: np.ndarray) -> str:
        found = LEARNING_RATES[row]
        return f"{found.min():.2g} … {found.max():.2g}" if len(found) else "none"

    lines = ["weight scale   3 layers learn at   5 layers learn at"]
    lines += [
        f"{scale:<14.2g} {rates(a):<19} {rates(b)}".rstrip()
        for scale, a, b in zip(WEIGHT_SCALES, three, five, strict=True)
    ]
    return "\n".join([*lines, f"{'of all pairs':<14} {three.mean():<19.0%} {five.mean():.0%}"])


@mathematics
@pytest.mark.parametrize(
    ("hidden_dims", "weight_scale", "learning_rate"),
    [(THREE_LAYERS, 0.2, 0.2), (FIVE_LAYERS, 0.2, 0.1)],
    ids=["three layers", "five layers"],
)
def test_a_net_learns_fifty_digits_by_heart(impl, hidden_dims, weight_scale, learning_rate):
    """With settings that suit it, a net of three or of five layers gets all of 50 digits right within 20 epochs."""
    # In the middle of the region that learns: 100 of 100 seeds do.
    assert learns(impl, hidden_dims, weight_scale, learning_rate)


@mathematics
def test_five_layers_learn_from_fewer_starts_than_three(impl, record_property, capsys):
    """On one grid of weight scales and learning rates, five layers learn on at most two thirds of what three do."""
    three, five = region(impl, THREE_LAYERS), region(impl, FIVE_LAYERS)
    record_property("three_layers", float(three.mean()))
    record_property("five_layers", float(five.mean()))
    with capsys.disabled():
        print(f"\n\n{table(three, five)}\n")
    told = f"three layers learn from {three.sum()} starts, and five from {five.sum()}"
    holds(
        "FullyConnectedNet", 0 < 3 * five.sum() <= 2 * three.sum(), told, five, "some, and at most two thirds as many"
    )
