"""The answers for chapters 4 and 5: the formulas of the claims, over arrays of more digits."""

from collections.abc import Callable
from typing import Any

import numpy as np

from shrinkage.benchmarks.references.measured import Answer, Maker, Measured, answers, exact, formula, given
from shrinkage.properties.engine import oracles_networks as on_paper
from shrinkage.properties.engine.running_error import Carried, affine


def _half_square(r: Carried) -> Carried:
    return r * r * 0.5


def _elbows_after_step(x: Carried, y: Carried, W1: Carried, b: Carried, W2: Carried, lr: float) -> Carried:
    W1, b, _ = on_paper.network_step(x, y, W1, b, W2, lr)
    return -b / W1[:, 0]


def _sgd(*arguments: Any) -> tuple[Carried, ...]:
    W1, b, W2, elbows = on_paper.network_sgd(*arguments)
    rows, errors = ([getattr(row, what) for row in elbows] for what in ("values", "error"))
    return W1, b, W2, W1.like(np.array(rows), np.array(errors))


def _backward(dout: Carried, x: Carried, w: Carried, b: Carried) -> tuple[Carried, Carried, Carried]:
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


FORMULAS: dict[str, Callable[..., Any]] = {
    "relu_unit": lambda x, w, b: (x * w + b).relu(),
    "elbow": lambda w, b: -b / w,
    "relu_network": on_paper.network,
    "relu_network_loss": lambda x, y, W1, b, W2: _half_square(on_paper.network(W1.like(x), W1, b, W2) - y),
    "relu_network_gradients": on_paper.network_gradients,
    "relu_network_step": on_paper.network_step,
    "elbows_after_step": _elbows_after_step,
    "relu_network_sgd": _sgd,
    "affine_forward": affine,
    "affine_relu_forward": lambda x, w, b: affine(x, w, b).relu(),
    "affine_backward": _backward,
    "affine_relu_backward": lambda dout, x, w, b: _backward(dout.where(affine(x, w, b).positive()), x, w, b),
    "softmax_loss": on_paper.softmax_loss,
    "svm_loss": on_paper.svm_loss,
}
OF_SAMPLES: dict[str, Callable[..., Any]] = {  # given all samples at once, a row each
    "relu_unit_loss": lambda x, y, w, b: _half_square((w * x + b).relu() - y),
    "relu_unit_gradients": on_paper.unit_gradients,
    "relu_unit_step": on_paper.unit_step,
}


def _by_columns(compute: Callable[..., Any]) -> Maker:
    return lambda *samples: formula(compute)(*np.array(samples).T)


def _rule(name: str) -> Callable[..., list[Answer]]:
    def made(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> list[Answer]:
        kept = [key for key in on_paper.STATE[name] if key in config]
        w, dw, *state = given(w, dw, *(config[key] for key in kept))
        rule = on_paper.Rule(name, w, config)
        rule.state, rule.t = dict(zip(kept, state, strict=True)), config.get("t", 0)
        after = rule.step(w, dw)
        if name != "sgd_momentum":
            return answers(after, *rule.state.values())
        divided = (-state[0] / rule["learning_rate"]) * rule["momentum"] + dw  # by −lr, as PyTorch keeps it
        step = divided * rule["learning_rate"]
        return answers(_either(after, w - step), _either(rule.state["velocity"], -step))

    return made


def _either(one: Carried, other: Carried) -> Carried:
    """Two ways to the same values: whichever may be off by more."""
    return one.like(one.values, np.maximum(one.error, other.error))


def _net(X: np.ndarray, y: np.ndarray, params: dict[str, np.ndarray]) -> list[Answer]:
    x, *values = given(X, *params.values())
    _, loss, gradients = on_paper.net(x, y, dict(zip(params, values, strict=True)), reg=0.1)
    return answers(loss, *(gradients[name] for name in sorted(gradients)))


# f is given a float64 array, and what comes of it is rounded to the dtype of x at the end.


def _numerical_gradient(f: Any, x: np.ndarray) -> list[Answer]:
    point = Measured(x)
    squares = point * point
    others = squares.sum() - squares
    h = 1e-5
    left, right = point - h, point + h
    slope = ((others + right * right) - (others + left * left)) / (2 * h)
    return answers(slope.rounded(x.dtype))


def _numerical_gradient_array(f: Any, x: np.ndarray, df: np.ndarray) -> list[Answer]:
    point = Measured(x)
    h = 1e-5
    left, right = point - h, point + h
    slope = (right * right - left * left) * Measured(df) / (2 * h)
    return answers(slope.rounded(x.dtype))


ANSWERS: dict[str, Maker] = {
    **{name: formula(compute) for name, compute in FORMULAS.items()},
    **{name: _by_columns(compute) for name, compute in OF_SAMPLES.items()},
    **{name: _rule(name) for name in on_paper.STATE},
    "relu_forward": exact(lambda x: np.where(x > 0, x, 0)),
    "relu_backward": exact(lambda dout, x: np.where(x > 0, dout, 0)),
    "FullyConnectedNet": _net,
    "TwoLayerNet": _net,
    "eval_numerical_gradient": _numerical_gradient,
    "eval_numerical_gradient_array": _numerical_gradient_array,
}
