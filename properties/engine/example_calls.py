"""One ordinary call of every function, for the claims that hold for all of them: types, layouts, refusals, threads.

The values are multiples of 1/8, so that every dtype holds them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT

Arguments = dict[str, Any]


def _numbers(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-16, 17, shape) / 8


_X, _Y, _TALL, _WIDE = _numbers(6, 4), _numbers(6, 2, seed=2), _numbers(6, 4, seed=3), _numbers(4, 6, seed=3)
_RIDGE: Arguments = {"X": _X, "y": _numbers(6, seed=4), "lam": 0.5}
_LAMS = np.array([0.5, 0.0, 2.0, 0.5])
_UNIT: Arguments = {"x": 1.5, "y": -0.5, "w": 0.5, "b": 0.25}
_HIDDEN: Arguments = {"W1": _numbers(5, 1, seed=5), "b": _numbers(5, seed=6), "W2": _numbers(1, 5, seed=7)}
_SCORES: Arguments = {"x": _numbers(6, 3, seed=8), "y": np.array([0, 2, 1, 1, 0, 2])}
_AFFINE: Arguments = {"x": _numbers(3, 2, 2, seed=9), "w": _numbers(4, 5, seed=10), "b": _numbers(5, seed=11)}
_UPDATE: Arguments = {"w": _numbers(3, 2, seed=12), "dw": _numbers(3, 2, seed=13)}

SAMPLES: dict[str, Arguments] = {
    "linear_form": {"x": _numbers(5), "c": _numbers(5, seed=2)},
    "linear_form_jacobian": {"x": _numbers(5), "c": _numbers(5, seed=2)},
    "squared_norm": {"x": _numbers(5)},
    "squared_norm_jacobian": {"x": _numbers(5)},
    "matvec": {"A": _X, "x": _numbers(4)},
    "matvec_jacobian": {"A": _X, "x": _numbers(4)},
    "quadratic_form": {"A": _numbers(4, 4), "x": _numbers(4, seed=2)},
    "quadratic_form_jacobian": {"A": _numbers(4, 4), "x": _numbers(4, seed=2)},
    "pinv": {"X": _X},
    "left_inverse": {"X": _TALL},
    "right_inverse": {"X": _WIDE},
    "lstsq": {"X": _X, "y": _Y},
    "min_norm": {"X": _WIDE, "y": _numbers(4, 2, seed=2)},
    **{name: _RIDGE for name, f in CONTRACT.items() if f.chapter == 3 and f.arguments == "X, y, lam"},
    "ridge_objective": {**_RIDGE, "w": _numbers(4, seed=14)},
    "ridge_jacobian": {**_RIDGE, "w": _numbers(4, seed=14)},
    "ridge_log_posterior": {**_RIDGE, "w": _numbers(4, seed=14)},
    "ridge_inverse_singular_values": {"s": abs(_numbers(5)), "lam": 0.5},
    "ridge_filter_factors": {"s": abs(_numbers(5)), "lam": 0.5},
    "ridge_path": {"X": _X, "y": _RIDGE["y"], "lams": _LAMS},
    "ridge_dof": {"X": _X, "lams": _LAMS},
    "ridge_gcv": {"X": _X, "y": _RIDGE["y"], "lams": _LAMS},
    "ridge_loo": {"X": _X, "y": _RIDGE["y"], "lams": _LAMS},
    "ridge_batch": {"X": _numbers(3, 6, 4), "y": _numbers(3, 6, seed=2), "lam": 0.5},
    "relu_unit": {"x": _numbers(7), "w": 0.5, "b": 0.25},
    "elbow": {"w": _numbers(7), "b": _numbers(7, seed=2)},
    "relu_unit_loss": _UNIT,
    "relu_unit_gradients": _UNIT,
    "relu_unit_step": {**_UNIT, "lr": 0.125},
    "relu_network": {"x": _numbers(7), **_HIDDEN},
    "relu_network_loss": {"x": 1.5, "y": -0.5, **_HIDDEN},
    "relu_network_gradients": {"x": 1.5, "y": -0.5, **_HIDDEN},
    "relu_network_step": {"x": 1.5, "y": -0.5, **_HIDDEN, "lr": 0.125},
    "elbows_after_step": {"x": 1.5, "y": -0.5, **_HIDDEN, "lr": 0.125},
    "relu_network_sgd": {"x": _numbers(4), "y": _numbers(4, seed=2), **_HIDDEN, "lr": 0.125, "epochs": 3},
    "affine_forward": _AFFINE,
    "affine_backward": {"dout": _numbers(3, 5, seed=15), **_AFFINE},
    "relu_forward": {"x": _numbers(3, 4)},
    "relu_backward": {"dout": _numbers(3, 4, seed=15), "x": _numbers(3, 4)},
    "affine_relu_forward": _AFFINE,
    "affine_relu_backward": {"dout": _numbers(3, 5, seed=15), **_AFFINE},
    "softmax_loss": _SCORES,
    "svm_loss": _SCORES,
    "sgd": _UPDATE,
    "sgd_momentum": _UPDATE,
    "rmsprop": _UPDATE,
    "adam": _UPDATE,
}
_CLASSES = {"FullyConnectedNet", "Solver", "eval_numerical_gradient", "eval_numerical_gradient_array"}
assert set(SAMPLES) | _CLASSES == set(CONTRACT), "every function has a sample"


def arrays(name: str) -> list[str]:
    """The arguments of real numbers that are arrays; labels are not among them."""
    return [key for key, value in SAMPLES[name].items() if isinstance(value, np.ndarray) and value.dtype.kind == "f"]


# A letter for each axis; axes of one letter are of one size, and "1" is of size 1.
_AXES = {"x": "n", "c": "n", "A": "mn", "X": "nd", "y": "n", "w": "d", "s": "r", "lams": "L"}
_AXES |= {"W1": "d1", "b": "d", "W2": "1d", "dout": "NM"}
_LAYER = {"x": "NDD", "w": "DM", "b": "M"}
_AXES_OF = {
    **{key: {"A": "nn"} for key in ["quadratic_form", "quadratic_form_jacobian"]},
    **{key: {"y": "nk"} for key in ["lstsq", "min_norm"]},
    "ridge_batch": {"X": "bnd", "y": "bn"},
    "elbow": {"w": "n", "b": "n"},
    **dict.fromkeys(["affine_forward", "affine_relu_forward", "affine_backward", "affine_relu_backward"], _LAYER),
    "relu_forward": {"x": "NM"},
    "relu_backward": {"x": "NM"},
    **{key: {"x": "NC", "y": "N"} for key in ["softmax_loss", "svm_loss"]},
    **{key: {"w": "nk", "dw": "nk"} for key in ["sgd", "sgd_momentum", "rmsprop", "adam"]},
}


def axes(name: str) -> dict[str, str]:
    """The axes of each argument that has any, labels included."""
    given = [key for key, value in SAMPLES[name].items() if isinstance(value, np.ndarray)]
    return {key: _AXES_OF.get(name, {}).get(key) or _AXES[key] for key in given}


def as_dtype(name: str, dtype: Any) -> Arguments:
    """The sample with all its arrays of real numbers in this dtype."""
    return {**SAMPLES[name], **{key: SAMPLES[name][key].astype(dtype) for key in arrays(name)}}


def call(impl: Any, name: str, arguments: Arguments) -> list[Any]:
    """Call the function, after the forward one if it goes backward; all of its results but for a cache, in a list.

    Arguments are passed by their places, as the contract fixes them.
    """
    order = [part.split("=")[0].strip() for part in CONTRACT[name].arguments.split(",")]
    function: Callable[..., Any] = getattr(impl, name)
    if name.endswith("_backward"):
        forward = name.replace("backward", "forward")
        cache = call_raw(impl, forward, {k: v for k, v in arguments.items() if k != "dout"})[1]
        result = function(arguments["dout"], cache)
    else:
        result = function(*[arguments[key] for key in order if key in arguments])
    if name.endswith("_forward"):
        return [result[0]]
    if CONTRACT[name].arguments.endswith("config=None"):
        return [result[0], *[value for value in result[1].values() if np.ndim(value)]]
    return list(result) if isinstance(result, tuple) else [result]


def call_raw(impl: Any, name: str, arguments: Arguments) -> Any:
    """Call the function with these arguments in the contract's order, and hand back whatever it does."""
    order = [part.split("=")[0].strip() for part in CONTRACT[name].arguments.split(",")]
    return getattr(impl, name)(*[arguments[key] for key in order if key in arguments])
