"""The answers for chapters 4 and 5: the formulas of the claims, over arrays of more digits."""

from collections.abc import Callable
from typing import Any

import numpy as np

from shrinkage.benchmarks.references.measured import Answer, Measured, answers, given, registering
from shrinkage.properties.engine import bounds
from shrinkage.properties.engine import oracles_networks as on_paper
from shrinkage.properties.engine.running_error import Carried, affine

ANSWERS: dict[str, Callable[..., list[Answer]]] = {}
gives = registering(ANSWERS)

# ---- chapter 4: a unit's functions are given all samples at once, a row each -----------------------------------------


@gives("relu_unit")
def _relu_unit(x: np.ndarray, w: float, b: float) -> list[Answer]:
    (x,) = given(x)
    return answers((x * w + b).relu())


@gives("elbow")
def _elbow(w: np.ndarray, b: np.ndarray) -> list[Answer]:
    w, b = given(w, b)
    return answers(-b / w)


@gives("relu_unit_loss")
def _relu_unit_loss(*samples: tuple[float, ...]) -> list[Answer]:
    x, y, w, b = given(*np.array(samples).T)
    r = (w * x + b).relu() - y
    return answers(r * r * 0.5)


@gives("relu_unit_gradients")
def _relu_unit_gradients(*samples: tuple[float, ...]) -> list[Answer]:
    return answers(*on_paper.unit_gradients(*given(*np.array(samples).T)))


@gives("relu_unit_step")
def _relu_unit_step(*samples: tuple[float, ...]) -> list[Answer]:
    x, y, w, b, _ = given(*np.array(samples).T)
    return answers(*on_paper.unit_step(x, y, w, b, samples[0][4]))


@gives("relu_network")
def _relu_network(*arguments: Any) -> list[Answer]:
    return answers(on_paper.network(*given(*arguments)))


@gives("relu_network_loss")
def _relu_network_loss(*arguments: Any) -> list[Answer]:
    x, y, *parameters = given(*arguments)
    r = on_paper.network(x, *parameters) - y
    return answers(r * r * 0.5)


@gives("relu_network_gradients")
def _relu_network_gradients(*arguments: Any) -> list[Answer]:
    return answers(*on_paper.network_gradients(*given(*arguments)))


@gives("relu_network_step")
def _relu_network_step(*arguments: Any) -> list[Answer]:
    *sample, lr = arguments
    x, y, W1, b, W2 = given(*sample)
    return answers(*on_paper.network_step(x, y, W1, b, W2, lr))


@gives("elbows_after_step")
def _elbows_after_step(*arguments: Any) -> list[Answer]:
    *sample, lr = arguments
    x, y, W1, b, W2 = given(*sample)
    W1, b, _ = on_paper.network_step(x, y, W1, b, W2, lr)
    return answers(-b / W1[:, 0])


@gives("relu_network_sgd")
def _relu_network_sgd(*arguments: Any) -> list[Answer]:
    *data, lr, epochs = arguments
    x, y, W1, b, W2 = given(*data)
    W1, b, W2, elbows = on_paper.network_sgd(x, y, W1, b, W2, lr, epochs)
    rows, errors = ([getattr(row, what) for row in elbows] for what in ("values", "error"))
    return answers(W1, b, W2, W1.like(np.array(rows), np.array(errors)))


# ---- chapter 5 -------------------------------------------------------------------------------------------------------


@gives("affine_forward")
def _affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[Answer]:
    return answers(affine(*given(x, w, b)))


@gives("affine_relu_forward")
def _affine_relu_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[Answer]:
    return answers(affine(*given(x, w, b)).relu())


def _backward(dout: Carried, x: Carried, w: Carried) -> tuple[Carried, Carried, Carried]:
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


@gives("affine_backward")
def _affine_backward(dout: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[Answer]:
    dout, x, w = given(dout, x, w)
    return answers(*_backward(dout, x, w))


@gives("affine_relu_backward")
def _affine_relu_backward(dout: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[Answer]:
    dout, x, w, b = given(dout, x, w, b)
    return answers(*_backward(dout.where(affine(x, w, b).positive()), x, w))


@gives("relu_forward")
def _relu_forward(x: np.ndarray) -> list[Answer]:
    return [(np.where(x > 0, x, 0), bounds.EXACT)]


@gives("relu_backward")
def _relu_backward(dout: np.ndarray, x: np.ndarray) -> list[Answer]:
    return [(np.where(x > 0, dout, 0), bounds.EXACT)]


@gives("softmax_loss")
def _softmax_loss(x: np.ndarray, y: np.ndarray) -> list[Answer]:
    return answers(*on_paper.softmax_loss(given(x)[0], y))


@gives("svm_loss")
def _svm_loss(x: np.ndarray, y: np.ndarray) -> list[Answer]:
    return answers(*on_paper.svm_loss(given(x)[0], y))


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


for _name in on_paper.STATE:
    gives(_name)(_rule(_name))


def _either(one: Carried, other: Carried) -> Carried:
    """Two ways to the same values: whichever may be off by more."""
    return one.like(one.values, np.maximum(one.error, other.error))


@gives("FullyConnectedNet")
def _net(X: np.ndarray, y: np.ndarray, params: dict[str, np.ndarray]) -> list[Answer]:
    x, *values = given(X, *params.values())
    _, loss, gradients = on_paper.net(x, y, dict(zip(params, values, strict=True)), reg=0.1)
    return answers(loss, *(gradients[name] for name in sorted(gradients)))


# f is given a float64 array, and what comes of it is rounded to the dtype of x at the end.


@gives("eval_numerical_gradient")
def _numerical_gradient(f: Any, x: np.ndarray) -> list[Answer]:
    point = Measured(x)
    squares = point * point
    others = squares.sum() - squares
    h = 1e-5
    left, right = point - h, point + h
    slope = ((others + right * right) - (others + left * left)) / (2 * h)
    return answers(slope.rounded(x.dtype))


@gives("eval_numerical_gradient_array")
def _numerical_gradient_array(f: Any, x: np.ndarray, df: np.ndarray) -> list[Answer]:
    point = Measured(x)
    h = 1e-5
    left, right = point - h, point + h
    slope = (right * right - left * left) * Measured(df) / (2 * h)
    return answers(slope.rounded(x.dtype))
