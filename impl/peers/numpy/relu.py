"""Chapter 4 · the ReLU elbow under SGD: the loss is ½(f(x) − y)², the derivative of ReLU at 0 is 0."""

import numpy as np
from numpy.typing import ArrayLike

from ._input import Array, Scalar, arrays, count, expect, number, quiet

Pair = tuple[Scalar, Scalar]
Triple = tuple[Array, Array, Array]


@quiet
def relu_unit(x: ArrayLike, w: float, b: float) -> Array | Scalar:
    """φ(x) = max(wx + b, 0)."""
    x, w, b = arrays(x=x, w=w, b=b)
    _numbers(w=w, b=b)
    return np.maximum(w * x + b, 0)


@quiet
def elbow(w: ArrayLike, b: ArrayLike) -> Array | Scalar:
    """−b/w, NaN where w = 0."""
    w, b = arrays(w=w, b=b)
    expect("b", b, b.shape == w.shape or b.ndim == 0 or w.ndim == 0, f"{w.shape}, as w")
    return _elbow(w, b)[()]


@quiet
def relu_unit_loss(x: float, y: float, w: float, b: float) -> Scalar:
    """½(φ(x) − y)²."""
    x, y, w, b = _unit(x, y, w, b)
    return (np.maximum(w * x + b, 0) - y) ** 2 / 2


@quiet
def relu_unit_gradients(x: float, y: float, w: float, b: float) -> tuple[Scalar, Scalar, Scalar]:
    """(dl/dφ, dl/dw, dl/db)."""
    x, y, w, b = _unit(x, y, w, b)
    dphi = np.maximum(w * x + b, 0) - y
    if w * x + b > 0:
        return dphi, dphi * x, dphi
    return dphi, x.dtype.type(0), x.dtype.type(0)


@quiet
def relu_unit_step(x: float, y: float, w: float, b: float, lr: float) -> Pair:
    """(w, b) after one step of gradient descent."""
    x, y, w, b = _unit(x, y, w, b)
    lr = number("lr", lr)
    _, dw, db = relu_unit_gradients(x, y, w, b)
    return w - lr * dw, b - lr * db


@quiet
def relu_network(x: ArrayLike, W1: ArrayLike, b: ArrayLike, W2: ArrayLike) -> Array | Scalar:
    """W2 max(W1 x + b, 0): a number for a number x, `(N,)` for `(N,)`."""
    x, W1, b, W2 = arrays(x=x, W1=W1, b=b, W2=W2)
    expect("x", x, x.ndim <= 1, "() or (N,)")
    _parameters(W1, b, W2)
    hidden = np.maximum(W1[:, 0] * x[..., None] + b, 0)
    return hidden @ W2[0]


@quiet
def relu_network_loss(x: float, y: float, W1: ArrayLike, b: ArrayLike, W2: ArrayLike) -> Scalar:
    """½(f̂(x) − y)² for one sample."""
    x, y, W1, b, W2 = _sample(x, y, W1, b, W2)
    return (relu_network(x, W1, b, W2) - y) ** 2 / 2


@quiet
def relu_network_gradients(x: float, y: float, W1: ArrayLike, b: ArrayLike, W2: ArrayLike) -> Triple:
    """(dW1, db, dW2) for one sample, in the shapes of the parameters."""
    return _gradients(*_sample(x, y, W1, b, W2))


@quiet
def relu_network_step(x: float, y: float, W1: ArrayLike, b: ArrayLike, W2: ArrayLike, lr: float) -> Triple:
    """(W1, b, W2) after one step on one sample."""
    x, y, W1, b, W2 = _sample(x, y, W1, b, W2)
    return _step(x, y, W1, b, W2, number("lr", lr))


@quiet
def elbows_after_step(x: float, y: float, W1: ArrayLike, b: ArrayLike, W2: ArrayLike, lr: float) -> Array:
    """Where the d elbows stand after that step, `(d,)`."""
    W1, b, _ = relu_network_step(x, y, W1, b, W2, lr)
    return _elbow(W1[:, 0], b)


@quiet
def relu_network_sgd(
    x: ArrayLike, y: ArrayLike, W1: ArrayLike, b: ArrayLike, W2: ArrayLike, lr: float, epochs: int
) -> tuple[Array, Array, Array, Array]:
    """Samples in the order given, one step each: (W1, b, W2, elbows), elbows `(epochs + 1, d)`."""
    x, y, W1, b, W2 = arrays(x=x, y=y, W1=W1, b=b, W2=W2)
    expect("x", x, x.ndim == 1, "(N,)")
    expect("y", y, y.shape == x.shape, f"{x.shape}, as x")
    _parameters(W1, b, W2)
    lr, epochs = number("lr", lr), count("epochs", epochs)
    W1, b, W2 = W1.copy(), b.copy(), W2.copy()
    elbows = [_elbow(W1[:, 0], b)]
    for _ in range(epochs):
        for i in range(len(x)):
            W1, b, W2 = _step(x[i], y[i], W1, b, W2, lr)
        elbows.append(_elbow(W1[:, 0], b))
    return W1, b, W2, np.array(elbows)


def _elbow(w: Array, b: Array) -> Array:
    return np.where(w == 0, w.dtype.type(np.nan), -b / w)


def _gradients(x: Array, y: Array, W1: Array, b: Array, W2: Array) -> Triple:
    before = W1[:, 0] * x + b
    hidden = np.maximum(before, 0)
    df = W2[0] @ hidden - y
    dhidden = np.where(before > 0, df * W2[0], 0)
    dW1 = np.where(before > 0, dhidden * x, 0)
    return dW1[:, None], dhidden, (df * hidden)[None, :]


def _step(x: Array, y: Array, W1: Array, b: Array, W2: Array, lr: float) -> Triple:
    dW1, db, dW2 = _gradients(x, y, W1, b, W2)
    return W1 - lr * dW1, b - lr * db, W2 - lr * dW2


def _unit(x: float, y: float, w: float, b: float) -> list[Scalar]:
    x, y, w, b = arrays(x=x, y=y, w=w, b=b)
    _numbers(x=x, y=y, w=w, b=b)
    return [x[()], y[()], w[()], b[()]]


def _sample(x: float, y: float, W1: ArrayLike, b: ArrayLike, W2: ArrayLike) -> list[Array]:
    x, y, W1, b, W2 = arrays(x=x, y=y, W1=W1, b=b, W2=W2)
    _numbers(x=x, y=y)
    _parameters(W1, b, W2)
    return [x, y, W1, b, W2]


def _numbers(**named: Array) -> None:
    for name, value in named.items():
        expect(name, value, value.ndim == 0, "()")


def _parameters(W1: Array, b: Array, W2: Array) -> None:
    expect("W1", W1, W1.ndim == 2 and W1.shape[1] == 1, "(d, 1)")
    d = len(W1)
    expect("b", b, b.shape == (d,), f"({d},), an entry for each row of W1")
    expect("W2", W2, W2.shape == (1, d), f"(1, {d}), an entry for each row of W1")
