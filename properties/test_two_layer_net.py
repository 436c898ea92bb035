"""Chapter 5: the net of one hidden layer, as `FullyConnectedNet` is but for how it is made."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from shrinkage.properties.engine import oracles_networks as on_paper
from shrinkage.properties.engine.running_error import Carried
from shrinkage.properties.engine.running_error import given as carried
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import SEEDS
from shrinkage.properties.engine.strategies.networks import Network, networks
from shrinkage.properties.engine.verdict import equal, holds, judge, refuses

mathematics, interface = pytest.mark.mathematics, pytest.mark.interface
NET = "TwoLayerNet"


def has_the_parts(function: str, what: str, got: Any, parts: dict[str, np.ndarray], dtype: Any = None) -> None:
    """Of these names and shapes, and of this dtype."""
    told, expected = ({name: value.shape for name, value in each.items()} for each in (got, parts))
    holds(function, told == expected, f"{what} are of other names or shapes", str(told), str(expected))
    for name, value in got.items() if dtype is not None else ():
        holds(function, value.dtype == dtype, f"{name} is of {value.dtype}", str(value.dtype), str(np.dtype(dtype)))


def is_normal(function: str, name: str, weights: np.ndarray, scale: float) -> None:
    """Mean and mean square are within six of their standard deviations under N(0, scale²), for independent draws."""
    z = weights / scale
    for what, value, right, deviation in (("mean", z.mean(), 0, 1), ("mean square", (z**2).mean(), 1, math.sqrt(2))):
        room = 6 * deviation / math.sqrt(z.size)
        says = f"the {what} of {name} / {scale:g} is {value:.3g}"
        holds(function, abs(value - right) < room, says, float(value), f"{right} ± {room:.2g}")


def two_layers(reg: st.SearchStrategy[float] | None = None) -> st.SearchStrategy[Network]:
    """A net of this kind, and a batch for it."""
    return networks(layers=2, most=2, reg=reg)


def built(impl, case: Network):
    """The implementation's net with these parameters in the place of its own."""
    (D, H), C = case.params["W1"].shape, len(case.params["b2"])
    model = impl.TwoLayerNet(input_dim=D, hidden_dim=H, num_classes=C, reg=case.reg)
    for name, value in case.params.items():
        model.params[name] = value.copy()
    return model


def exact(case: Network) -> tuple[Carried, Carried, dict[str, Carried]]:
    """Scores, loss and gradients."""
    X, *values = carried(case.X, *case.params.values())
    return on_paper.net(X, case.y, dict(zip(case.params, values, strict=True)), case.reg)


@mathematics
@given(case=two_layers())
def test_two_layers_are_one_after_the_other(impl, case):
    """loss(X) is max(X W₁ + b₁, 0) W₂ + b₂, and loss(X, y) the softmax loss of that and ½ reg (‖W₁‖² + ‖W₂‖²)."""
    model = built(impl, case)
    scores, loss, _ = exact(case)
    judge(NET, model.loss(case.X), *scores.answer, dtype=np.float64, case=case)
    judge(NET, model.loss(case.X, case.y)[0], *loss.answer, dtype=np.float64, case=case)


@mathematics
@given(case=two_layers())
def test_gradients_of_two_layers_are_those_of_backpropagation(impl, case):
    """The gradient of each of the four parameters, in its shape, within what rounding allows there and back."""
    got = built(impl, case).loss(case.X, case.y)[1]
    has_the_parts(NET, "gradients", got, case.params)
    for name, answer in exact(case)[2].items():
        judge(NET, got[name], *answer.answer, dtype=np.float64, gradient=name, case=case)


@mathematics
@pytest.mark.parametrize("reg", [0.0, 0.5], ids=["without regularisation", "with regularisation"])
@given(data=st.data())
def test_gradients_of_two_layers_are_slopes_of_the_loss(impl, reg, data):
    """Along any direction, Σ gradient · direction is the derivative of the loss, as a power series carries it."""
    case = data.draw(two_layers(reg=st.just(reg)))
    rng = np.random.default_rng(data.draw(SEEDS))
    direction = {name: rng.standard_normal(value.shape) for name, value in case.params.items()}
    got = built(impl, case).loss(case.X, case.y)[1]
    value, bound = on_paper.along(got, direction, exact(case)[2])
    judge(NET, value, on_paper.slope(case.X, case.y, case.params, direction, reg), bound, case=case)


@mathematics
def test_two_layers_start_from_small_weights_and_no_bias(impl):
    """params holds W1 (D, H), b1, W2 (H, C) and b2; biases are zero, weights N(0, weight_scale²), each its own."""
    params = impl.TwoLayerNet(input_dim=120, hidden_dim=80, num_classes=90, weight_scale=0.25).params
    shapes = {"W1": (120, 80), "b1": (80,), "W2": (80, 90), "b2": (90,)}
    has_the_parts(NET, "params", params, {name: np.zeros(shape) for name, shape in shapes.items()})
    for name in ("b1", "b2"):
        equal(params[name], np.zeros(shapes[name]))
    for name in ("W1", "W2"):
        is_normal(NET, name, params[name].ravel(), 0.25)


@interface
def test_two_layers_are_made_for_small_colour_images_by_default(impl):
    """Without being told, 3072 inputs, 100 hidden units, 10 classes, weights of size 1e-3, no penalty, in float64."""
    model = impl.TwoLayerNet()
    params = model.params
    shapes = {"W1": (3072, 100), "b1": (100,), "W2": (100, 10), "b2": (10,)}
    has_the_parts(NET, "params", params, {name: np.zeros(shape) for name, shape in shapes.items()}, np.float64)
    is_normal(NET, "W1", params["W1"].ravel(), 1e-3)
    X, y = np.ones((1, 3, 32, 32)), [3]
    plain = impl.TwoLayerNet(reg=0.0)
    plain.params = params
    equal(model.loss(X, y)[0], plain.loss(X, y)[0])
    again = impl.TwoLayerNet().params["W1"]
    holds(NET, not np.array_equal(again, params["W1"]), "two nets start from the same weights", again, "others")


@interface
@pytest.mark.parametrize(("X", "y", "name"), [((2, 3), [0, 1], "X"), ((2, 4), [0, 5], "y"), ((2, 4), [0], "y")])
def test_two_layers_refuse_what_does_not_fit(impl, X, y, name):
    """Samples of another size, labels that are no class and labels that are missing are a ValueError about X or y."""
    model = impl.TwoLayerNet(input_dim=4, hidden_dim=3, num_classes=5)
    what = {"X": "X of another size", "y": "labels that are none or missing"}[name]
    with refuses(what, ValueError, name):
        model.loss(np.zeros(X), y)
