"""Chapters 1, 3, 4 and 5: what goes backward is the derivative of what goes forward, of the very numbers that came.

For f that is a square, or less, along an argument, f(a + v) − f(a − v) is 2f'(a)v without a remainder. So for any u,
⟨f(a + v) − f(a − v), u⟩ = 2⟨v, f'(a)ᵀu⟩, where f'(a)ᵀu is what a backward pass gives for u, and a Jacobian's product.
Moves are so small that no unit and no margin gets to its kink, and softmax's remainder to be seen. Nets have claims of
this kind in `test_net` and `test_two_layer_net`, along all parameters at once.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from flint import fmpq

from shrinkage.contract import CONTRACT
from shrinkage.properties.engine.bounds import Bound
from shrinkage.properties.engine.example_calls import Arguments, call, example, given
from shrinkage.properties.engine.mistakes import RIGHT
from shrinkage.properties.engine.mistakes.answers import Anything, Same
from shrinkage.properties.engine.mistakes.probes import read
from shrinkage.properties.engine.oracles import product
from shrinkage.properties.engine.running_error import Carried
from shrinkage.properties.engine.verdict import judge

pytestmark = pytest.mark.mathematics

SOURCE = "the two values' bounds, and the derivative's along v"
STEP = 2.0**-12
SIZES: tuple[dict[str, int], ...] = (
    {},
    {"m": 5, "n": 3, "d": 4, "k": 2, "M": 2, "C": 4},
    {"m": 3, "n": 1, "d": 1, "k": 1, "M": 1, "C": 2},
)


class How(NamedTuple):
    """How a derivative is one of a function.

    Parameters
    ----------
    moved
        The arguments by which the derivative is, in its order.
    first
        The first of its results that is one.
    aside
        Moves what would lie on a kink, in place.
    """

    moved: tuple[str, ...]
    first: int = 0
    aside: Callable[[Arguments], Any] = lambda arguments: None


def _bias(arguments: Arguments) -> None:
    """Before a unit are then odd multiples of 1/128: products of eighths are of 1/64."""
    arguments["b"] = arguments["b"] + 1 / 128


def _entries(arguments: Arguments) -> None:
    arguments["x"] = arguments["x"] + 1 / 16


def _labels(arguments: Arguments) -> None:
    arguments["x"][np.arange(len(arguments["y"])), arguments["y"]] += 1 / 16


_LAYER = ("x", "w", "b")
PAIRS = {
    **{(f, f"{f}_jacobian"): How(("x",)) for f in ("linear_form", "squared_norm", "matvec", "quadratic_form")},
    ("ridge_objective", "ridge_jacobian"): How(("w",)),
    ("relu_unit_loss", "relu_unit_gradients"): How(("w", "b"), 1, _bias),
    ("relu_network_loss", "relu_network_gradients"): How(("W1", "b", "W2"), 0, _bias),
    ("affine_forward", "affine_backward"): How(_LAYER),
    ("relu_forward", "relu_backward"): How(("x",), 0, _entries),
    ("affine_relu_forward", "affine_relu_backward"): How(_LAYER, 0, _bias),
    ("softmax_loss", "softmax_loss"): How(("x",), 1),
    ("svm_loss", "svm_loss"): How(("x",), 1, _labels),
}


def errors(answer: Any) -> list[np.ndarray]:
    """What each part of a right answer may be off by."""
    if isinstance(answer, tuple):
        return [off for part in answer for off in errors(part)]
    if isinstance(answer, Anything):
        return []
    if isinstance(answer, Same):
        return [np.zeros(np.shape(answer.values))]
    off = answer.error if isinstance(answer, Carried) else np.asarray(answer.bound.allowed, float)
    return [np.broadcast_to(off, np.shape(answer.values))]


def called(impl: Any, name: str, arguments: Arguments) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each result, and what it may be off by; where there is no table of mistakes, nothing is rounded."""
    arguments = {argument.name: arguments[argument.name] for argument in given(CONTRACT[name])}
    got = [np.asarray(part) for part in call(impl, name, arguments)]
    off = errors(RIGHT[name](**read(name, arguments))) if name in RIGHT else [np.zeros(part.shape) for part in got]
    return list(zip(got, off, strict=True))


def weighted(part: tuple[np.ndarray, np.ndarray], weights: np.ndarray) -> tuple[fmpq, float]:
    """Σ weight · entry, and what it may be off by."""
    got, off = part
    return product(weights.ravel(), got.ravel()), float(np.sum(abs(weights) * off))


@pytest.mark.parametrize(("value", "derivative"), PAIRS, ids=[value for value, _ in PAIRS])
def test_the_derivative_is_that_of_the_value(impl, value, derivative):
    """⟨f(a + v) − f(a − v), u⟩ is 2⟨v, f'(a)ᵀu⟩: the value, moved, against its Jacobian or its backward pass."""
    how = PAIRS[value, derivative]
    for seed, sizes in enumerate(SIZES):
        rng, arguments = np.random.default_rng(seed), example(CONTRACT[derivative], sizes, 10 * seed)
        how.aside(arguments)
        for place, name in enumerate(how.moved, how.first):
            v = STEP * rng.integers(-2, 3, np.shape(arguments[name]))
            ahead, behind = (called(impl, value, arguments | {name: arguments[name] + s * v})[0] for s in (1, -1))
            back = called(impl, derivative, arguments)[place]
            if "dout" in arguments:
                u, weights = arguments["dout"], v
            else:
                u = rng.integers(1, 9, ahead[0].shape) / 8
                weights = np.multiply.outer(u, v).reshape(back[0].shape)
            slope, of_slope = weighted(back, weights)
            (plus, off), (minus, more) = weighted(ahead, u), weighted(behind, u)
            # The third cumulant of numbers within a range R is at most R³/6√3: of no other is there any remainder.
            rest = float(u.max(initial=0)) * (4 * STEP) ** 3 / (18 * math.sqrt(3)) if value == "softmax_loss" else 0.0
            bound = Bound((off + more + 2 * of_slope + rest) * (1 + 2.0**-40), SOURCE)
            judge(derivative, 2 * slope, plus - minus, bound, moved=name, by=v, u=u)
