"""The answers for chapters 4 and 5: ReLU units and their training, layers, losses, update rules, nets."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from shrinkage.benchmarks.references.measured import Answer, Measured, affine, answers, constant, given, registering
from shrinkage.properties.engine import bounds
from shrinkage.properties.engine.bounds import Bound

ANSWERS: dict[str, Callable[..., list[Answer]]] = {}
gives = registering(ANSWERS)

# ---- chapter 4 -------------------------------------------------------------------------------------------------------


@gives("relu_unit")
def _relu_unit(x: np.ndarray, w: float, b: float) -> list[Answer]:
    (x,) = given(x)
    return answers((w * x + b).relu())


@gives("elbow")
def _elbow(w: np.ndarray, b: np.ndarray) -> list[Answer]:
    w, b = given(w, b)
    return answers(-b / w)


def _unit(samples: Iterable[tuple[float, ...]]) -> tuple[Measured, Measured, Measured, Measured, Measured]:
    x, y, w, b, *_ = given(*np.array(samples).T)
    before = w * x + b
    return x, w, b, before, before.relu() - y


@gives("relu_unit_loss")
def _relu_unit_loss(*samples: tuple[float, ...]) -> list[Answer]:
    *_, dphi = _unit(samples)
    return answers(dphi * dphi * 0.5)


@gives("relu_unit_gradients")
def _relu_unit_gradients(*samples: tuple[float, ...]) -> list[Answer]:
    x, _, _, before, dphi = _unit(samples)
    active = before.positive()
    return answers(dphi, (dphi * x).where(active), dphi.where(active))


@gives("relu_unit_step")
def _relu_unit_step(*samples: tuple[float, ...]) -> list[Answer]:
    x, w, b, before, dphi = _unit(samples)
    active, lr = before.positive(), samples[0][4]
    return answers(w - lr * (dphi * x).where(active), b - lr * dphi.where(active))


@gives("relu_network")
def _relu_network(x: np.ndarray, W1: np.ndarray, b: np.ndarray, W2: np.ndarray) -> list[Answer]:
    x, W1, b, W2 = given(x, W1, b, W2)
    return answers((x[:, None] * W1.T + b).relu() @ W2[0])


@gives("relu_network_loss")
def _relu_network_loss(x: float, y: float, W1: np.ndarray, b: np.ndarray, W2: np.ndarray) -> list[Answer]:
    W1, b, W2 = given(W1, b, W2)
    df = W2[0] @ (W1[:, 0] * x + b).relu() - y
    return answers(df * df * 0.5)


def _gradients(x: Any, y: Any, w: Measured, b: Measured, v: Measured) -> tuple[Measured, Measured, Measured]:
    before = w * x + b
    active, hidden = before.positive(), before.relu()
    df = v @ hidden - y
    db = (df * v).where(active)
    return db * x, db, df * hidden


def _step(x: Any, y: Any, w: Measured, b: Measured, v: Measured, lr: float) -> tuple[Measured, Measured, Measured]:
    dw, db, dv = _gradients(x, y, w, b, v)
    return w - lr * dw, b - lr * db, v - lr * dv


@gives("relu_network_gradients")
def _relu_network_gradients(x: float, y: float, W1: np.ndarray, b: np.ndarray, W2: np.ndarray) -> list[Answer]:
    W1, b, W2 = given(W1, b, W2)
    dw, db, dv = _gradients(x, y, W1[:, 0], b, W2[0])
    return answers(dw[:, None], db, dv[None, :])


@gives("relu_network_step")
def _relu_network_step(x: float, y: float, W1: Any, b: Any, W2: Any, lr: float) -> list[Answer]:
    W1, b, W2 = given(W1, b, W2)
    w, b, v = _step(x, y, W1[:, 0], b, W2[0], lr)
    return answers(w[:, None], b, v[None, :])


@gives("elbows_after_step")
def _elbows_after_step(x: float, y: float, W1: Any, b: Any, W2: Any, lr: float) -> list[Answer]:
    W1, b, W2 = given(W1, b, W2)
    w, b, _ = _step(x, y, W1[:, 0], b, W2[0], lr)
    return answers(-b / w)


@gives("relu_network_sgd")
def _relu_network_sgd(x: Any, y: Any, W1: Any, b: Any, W2: Any, lr: float, epochs: int) -> list[Answer]:
    W1, b, W2 = given(W1, b, W2)
    w, v = W1[:, 0], W2[0]
    elbows = [(-b / w).answer]
    for _ in range(epochs):
        for sample in zip(x, y, strict=True):
            w, b, v = _step(*sample, w, b, v, lr)
        elbows.append((-b / w).answer)
    rows, allowed = zip(*[(values, bound.allowed) for values, bound in elbows], strict=True)
    return [*answers(w[:, None], b, v[None, :]), (np.array(rows), Bound(np.array(allowed), elbows[0][1].source))]


# ---- chapter 5 -------------------------------------------------------------------------------------------------------


@gives("affine_forward")
def _affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[Answer]:
    return answers(affine(*given(x, w, b)))


@gives("affine_relu_forward")
def _affine_relu_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[Answer]:
    return answers(affine(*given(x, w, b)).relu())


def _backward(dout: Measured, x: Measured, w: Measured) -> tuple[Measured, Measured, Measured]:
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


def _softmax(x: Measured, y: np.ndarray) -> tuple[Measured, Measured]:
    rows, N = np.arange(len(y)), len(y)
    shifted = x - x.values.max(axis=1, keepdims=True)
    exps = shifted.exp()
    sums = exps.sum(axis=1)
    losses = sums.log() - shifted[rows, y]
    wanted = np.zeros(x.values.shape)
    wanted[rows, y] = 1
    return losses.sum() / N, (exps / sums[:, None] - wanted) / N


@gives("softmax_loss")
def _softmax_loss(x: np.ndarray, y: np.ndarray) -> list[Answer]:
    (x,) = given(x)
    return answers(*_softmax(x, y))


@gives("svm_loss")
def _svm_loss(x: np.ndarray, y: np.ndarray) -> list[Answer]:
    (x,) = given(x)
    rows, N = np.arange(len(y)), len(y)
    others = np.ones(x.values.shape, bool)
    others[rows, y] = False
    margins = x - x[rows, y][:, None] + 1
    over = margins.where(others).relu()
    missed = (margins.positive() & others).astype(float)
    counts = missed.copy()
    counts[rows, y] = -missed.sum(axis=1)
    dx = Measured(counts, 0.0, x.dtype) / N
    # What the others get may be divided before it is summed up for the right class.
    summed = (Measured(missed, 0.0, x.dtype) / N).sum(axis=1).rounded().error[:, None]
    return answers(over.sum(axis=1).sum() / N, _either(dx, Measured(dx.values, np.where(others, 0, summed), x.dtype)))


@gives("sgd")
def _sgd(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> list[Answer]:
    w, dw = given(w, dw)
    return answers(w - 1e-2 * dw)


@gives("sgd_momentum")
def _sgd_momentum(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> list[Answer]:
    w, dw, v = given(w, dw, config["velocity"])
    after = 0.9 * v - 1e-2 * dw
    divided = 0.9 * (-v / 1e-2) + dw  # by −lr, as PyTorch keeps it
    return answers(_either(w + after, w - 1e-2 * divided), _either(after, -(1e-2 * divided)))


def _either(one: Measured, other: Measured) -> Measured:
    """Two ways to the same values: whichever may be off by more."""
    return Measured(one.values, np.maximum(one.error, other.error), one.dtype)


@gives("rmsprop")
def _rmsprop(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> list[Answer]:
    w, dw, c = given(w, dw, config["cache"])
    rho = constant(0.99, w.dtype)
    c = rho * c + (1 - rho) * (dw * dw)
    return answers(w - 1e-2 * dw / (c.sqrt() + 1e-8), c)


@gives("adam")
def _adam(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> list[Answer]:
    w, dw, m, v = given(w, dw, config["m"], config["v"])
    beta1, beta2, t = constant(0.9, w.dtype), constant(0.999, w.dtype), config["t"] + 1
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * (dw * dw)
    step = 1e-3 * (m / (1 - _power(beta1, t))) / ((v / (1 - _power(beta2, t))).sqrt() + 1e-8)
    return answers(w - step, m, v)


def _power(x: Measured, t: int) -> Measured:
    return functools.reduce(Measured.__mul__, [x] * t)


@gives("FullyConnectedNet")
def _net(X: np.ndarray, y: np.ndarray, params: dict[str, np.ndarray]) -> list[Answer]:
    names, reg = sorted(params), 0.1
    x, *given_params = given(X, *(params[name] for name in names))
    p, depth = dict(zip(names, given_params, strict=True)), len(names) // 2
    inputs, before = [x], []
    for i in range(1, depth + 1):
        before.append(affine(inputs[-1], p[f"W{i}"], p[f"b{i}"]))
        inputs.append(before[-1].relu())
    loss, dout = _softmax(before[-1], y)
    penalty = functools.reduce(Measured.__add__, [(p[f"W{i}"] * p[f"W{i}"]).sum().sum() for i in range(1, depth + 1)])
    gradients: dict[str, Measured] = {}
    for i in range(depth, 0, -1):
        gradients |= {f"W{i}": inputs[i - 1].T @ dout + reg * p[f"W{i}"], f"b{i}": dout.sum(axis=0)}
        if i > 1:
            dout = (dout @ p[f"W{i}"].T).where(before[i - 2].positive())
    return answers(loss + reg * 0.5 * penalty, *(gradients[name] for name in names))


# f is given a float64 array, and what comes of it is rounded to the dtype of x at the end.


@gives("eval_numerical_gradient")
def _numerical_gradient(f: Any, x: np.ndarray) -> list[Answer]:
    point = Measured(x)
    squares = point * point
    others = squares.sum() - squares
    h = 1e-5
    left, right = point - h, point + h
    slope = ((others + right * right) - (others + left * left)) / (2 * h)
    return answers(Measured(slope.values, slope.error, x.dtype).rounded())


@gives("eval_numerical_gradient_array")
def _numerical_gradient_array(f: Any, x: np.ndarray, df: np.ndarray) -> list[Answer]:
    point = Measured(x)
    h = 1e-5
    left, right = point - h, point + h
    slope = (right * right - left * left) * Measured(df) / (2 * h)
    return answers(Measured(slope.values, slope.error, x.dtype).rounded())
