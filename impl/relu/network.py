"""A network with one hidden layer of ReLUs, stochastic gradient descent on it, and where its elbows go."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .._kernels.jit import jit, jit_sums, whole_registers
from .._kernels.validation import Array, count, finite, floats, number, refuse_shape
from .unit import Scalar, _elbows, _is_number, _unit

__all__ = [
    "elbows_after_step",
    "relu_network",
    "relu_network_gradients",
    "relu_network_loss",
    "relu_network_sgd",
    "relu_network_step",
]


def relu_network(x: ArrayLike, W1: ArrayLike, b: ArrayLike, W2: ArrayLike) -> Scalar | Array:
    """f̂(x) = W2 max(W1 x + b, 0).

    Parameters
    ----------
    x
        A number, or ``(N,)`` of them.
    W1, b, W2
        The parameters: ``(d, 1)``, ``(d,)`` and ``(1, d)``.

    Returns
    -------
    Scalar | Array
        A number for a number, ``(N,)`` for ``(N,)``.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    5Nd flops, the sums in any order: Higham (2002), §3.1. Williams et al. (2019).
    """
    if _is_number(x):
        parameters = _parameters(W1, b, W2)
        return parameters[0].dtype.type(_predict(number("x", x), *parameters))
    xs, *arrays = floats("x W1 b W2", x, W1, b, W2)
    if xs.ndim != 1:
        refuse_shape("x", xs, "(N,), or be a number")
    parameters = _parameters(*arrays)
    finite("x", xs)
    out = np.zeros_like(xs)
    _predict_all(xs, *parameters, out)
    return out


def relu_network_loss(x: ArrayLike, y: ArrayLike, W1: ArrayLike, b: ArrayLike, W2: ArrayLike) -> Scalar:
    """½(f̂(x) − y)², for one sample.

    Parameters
    ----------
    x, y
        Numbers.
    W1, b, W2
        The parameters: ``(d, 1)``, ``(d,)`` and ``(1, d)``.

    Returns
    -------
    scalar
        In the dtype of the parameters, at least 0.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    5d flops. Rumelhart, Hinton and Williams (1986).
    """
    parameters = _parameters(W1, b, W2)
    return parameters[0].dtype.type(_network_loss(number("x", x), number("y", y), *parameters))


def relu_network_gradients(
    x: ArrayLike, y: ArrayLike, W1: ArrayLike, b: ArrayLike, W2: ArrayLike
) -> tuple[Array, Array, Array]:
    """dl/dW1, dl/db and dl/dW2 of ½(f̂(x) − y)², for one sample.

    With r = f̂(x) − y and h = max(W1 x + b, 0): dl/dW2 = r hᵀ; dl/db = r W2ᵀ where h > 0, else 0; dl/dW1 = dl/db · x.

    Parameters
    ----------
    x, y
        Numbers.
    W1, b, W2
        The parameters: ``(d, 1)``, ``(d,)`` and ``(1, d)``.

    Returns
    -------
    tuple[Array, Array, Array]
        In the shapes of W1, b and W2.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    8d flops, by the chain rule, the derivative of ReLU at 0 being 0. Rumelhart, Hinton and Williams (1986).
    """
    parameters = _parameters(W1, b, W2)
    gradients = tuple(np.empty_like(p) for p in parameters)
    _network_gradients(number("x", x), number("y", y), *parameters, *gradients)
    return _shaped(*gradients)


def relu_network_step(
    x: ArrayLike, y: ArrayLike, W1: ArrayLike, b: ArrayLike, W2: ArrayLike, lr: ArrayLike
) -> tuple[Array, Array, Array]:
    """W1, b and W2 after one step against the gradients of ½(f̂(x) − y)², for one sample.

    Parameters
    ----------
    x, y
        Numbers.
    W1, b, W2
        The parameters: ``(d, 1)``, ``(d,)`` and ``(1, d)``.
    lr
        The learning rate, a number.

    Returns
    -------
    tuple[Array, Array, Array]
        In the shapes of W1, b and W2.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    14d flops. Robbins and Monro (1951); Rumelhart, Hinton and Williams (1986).
    """
    return _shaped(*_after_step(x, y, W1, b, W2, lr))


def elbows_after_step(x: ArrayLike, y: ArrayLike, W1: ArrayLike, b: ArrayLike, W2: ArrayLike, lr: ArrayLike) -> Array:
    """−b/W1 as `relu_network_step` leaves them, NaN where W1 = 0.

    Parameters
    ----------
    x, y
        Numbers.
    W1, b, W2
        The parameters: ``(d, 1)``, ``(d,)`` and ``(1, d)``.
    lr
        The learning rate, a number.

    Returns
    -------
    Array
        Where the d elbows stand, ``(d,)``.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    14d flops. Williams et al. (2019).
    """
    w, bias, _ = _after_step(x, y, W1, b, W2, lr)
    out = np.empty_like(w)
    _elbows(w, bias, out)
    return out


def relu_network_sgd(
    x: ArrayLike, y: ArrayLike, W1: ArrayLike, b: ArrayLike, W2: ArrayLike, lr: ArrayLike, epochs: ArrayLike
) -> tuple[Array, Array, Array, Array]:
    """(W1, b, W2) ← (W1, b, W2) − lr · ∇½(f̂(xᵢ) − yᵢ)², for one sample after the other, in every epoch.

    That is `relu_network_step` on each, in the order given. All epochs run as one compiled call.

    Parameters
    ----------
    x, y
        The samples, ``(N,)`` each.
    W1, b, W2
        The parameters to begin with: ``(d, 1)``, ``(d,)`` and ``(1, d)``.
    lr
        The learning rate, a number.
    epochs
        How often the samples are gone through, an integer ≥ 0.

    Returns
    -------
    W1, b, W2 : Array
        The parameters in the end.
    elbows : Array
        Where the elbows stand before any step and after every epoch, ``(epochs + 1, d)``.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity in what is given, or epochs < 0. Parameters that diverge are no error.

    Notes
    -----
    14Nd·epochs flops. Robbins and Monro (1951); Williams et al. (2019).
    """
    xs, ys, *arrays = floats("x y W1 b W2", x, y, W1, b, W2)
    if xs.ndim != 1:
        refuse_shape("x", xs, "(N,)")
    if ys.shape != xs.shape:
        refuse_shape("y", ys, f"({xs.size},), that of x")
    parameters = tuple(p.copy() for p in _parameters(*arrays))
    finite("x", xs)
    finite("y", ys)
    rate, rounds = number("lr", lr), count("epochs", epochs)
    elbows = np.empty((rounds + 1, parameters[0].size), xs.dtype)
    _train(xs, ys, *parameters, rate, elbows)
    return *_shaped(*parameters), elbows


# From here on parameters are flat, (d,) each, and are changed in place where a function says so.


@jit_sums
def _predict(x: Scalar, W1: Array, b: Array, W2: Array) -> Scalar:
    xt = W1.dtype.type(x)
    total = W1.dtype.type(0)
    for j in range(W1.size):
        total += _share(xt, W1, b, W2, j)
    return total


@jit_sums
def _predict_all(x: Array, W1: Array, b: Array, W2: Array, out: Array) -> None:
    """Add f̂(x) to `out`, four units at a time over as many samples as stay in the nearest cache.

    Unit by unit, half of the time would go into reading and writing the sums.
    """
    whole_registers()
    fours = W1.size - W1.size % 4
    for start in range(0, x.size, 512):
        near, sums = x[start : start + 512], out[start : start + 512]
        for j in range(0, fours, 4):
            for i in range(near.size):
                first = _share(near[i], W1, b, W2, j) + _share(near[i], W1, b, W2, j + 1)
                sums[i] += first + (_share(near[i], W1, b, W2, j + 2) + _share(near[i], W1, b, W2, j + 3))
        for j in range(fours, W1.size):
            for i in range(near.size):
                sums[i] += _share(near[i], W1, b, W2, j)


@jit_sums
def _share(x: Scalar, W1: Array, b: Array, W2: Array, j: int) -> Scalar:
    """What unit j adds to f̂(x)."""
    return W2[j] * _unit(x, W1[j], b[j])


@jit
def _network_loss(x: float, y: float, W1: Array, b: Array, W2: Array) -> Scalar:
    r = _predict(x, W1, b, W2) - W1.dtype.type(y)
    return W1.dtype.type(0.5) * r * r


@jit
def _network_gradients(x: float, y: float, W1: Array, b: Array, W2: Array, dW1: Array, db: Array, dW2: Array) -> None:
    xt, zero = W1.dtype.type(x), W1.dtype.type(0)
    r = _predict(xt, W1, b, W2) - W1.dtype.type(y)
    for j in range(W1.size):
        h = _unit(xt, W1[j], b[j])
        db[j] = zero if h <= 0 else r * W2[j]
        dW1[j] = db[j] * xt
        dW2[j] = r * h


@jit_sums
def _move(x: Scalar, step: Scalar, next_x: Scalar, W1: Array, b: Array, W2: Array) -> Scalar:
    """Move the parameters against the gradients at x, where `step` is lr · (f̂(x) − y); return f̂(next_x) after that.

    One pass does for a step and for what the next one needs to begin. The hidden layer is computed twice: that is
    cheaper than to keep it.
    """
    zero = W1.dtype.type(0)
    total = zero
    for j in range(W1.size):
        w, bias, v = W1[j], b[j], W2[j]
        h = _unit(x, w, bias)
        db = zero if h <= 0 else step * v
        w -= db * x
        bias -= db
        v -= step * h
        W1[j], b[j], W2[j] = w, bias, v
        total += v * _unit(next_x, w, bias)
    return total


@jit
def _step(x: float, y: float, W1: Array, b: Array, W2: Array, lr: float) -> None:
    """Move the parameters in place."""
    xt, yt, rate = W1.dtype.type(x), W1.dtype.type(y), W1.dtype.type(lr)
    _move(xt, rate * (_predict(xt, W1, b, W2) - yt), xt, W1, b, W2)


@jit
def _train(x: Array, y: Array, W1: Array, b: Array, W2: Array, lr: float, elbows: Array) -> None:
    """Move the parameters in place, and write the elbows before any step and after every epoch."""
    rate = W1.dtype.type(lr)
    _elbows(W1, b, elbows[0])
    value = _predict(x[0], W1, b, W2) if x.size else rate
    for epoch in range(1, elbows.shape[0]):
        for i in range(x.size):
            value = _move(x[i], rate * (value - y[i]), x[i + 1 if i + 1 < x.size else 0], W1, b, W2)
        _elbows(W1, b, elbows[epoch])


@jit_sums
def _poison(W1: Array, b: Array, W2: Array) -> Scalar:
    """NaN exactly when one of the arrays holds a NaN or an infinity, else 0."""
    zero = W1.dtype.type(0)
    total = zero
    for j in range(W1.size):
        total += zero * W1[j] + zero * b[j] + zero * W2[j]
    return total


def _after_step(
    x: ArrayLike, y: ArrayLike, W1: ArrayLike, b: ArrayLike, W2: ArrayLike, lr: ArrayLike
) -> tuple[Array, Array, Array]:
    w, bias, v = (p.copy() for p in _parameters(W1, b, W2))
    sample, target, rate = number("x", x), number("y", y), number("lr", lr)
    _step(sample, target, w, bias, v, rate)
    return w, bias, v


def _parameters(W1: ArrayLike, b: ArrayLike, W2: ArrayLike) -> tuple[Array, Array, Array]:
    """The parameters, flat and finite."""
    w, bias, v = floats("W1 b W2", W1, b, W2)
    if w.ndim != 2 or w.shape[1] != 1:
        refuse_shape("W1", w, "(d, 1)")
    d = w.shape[0]
    if bias.shape != (d,):
        refuse_shape("b", bias, f"({d},), a bias for each row of W1")
    if v.shape != (1, d):
        refuse_shape("W2", v, f"(1, {d}), a weight for each row of W1")
    w, v = w.reshape(-1), v.reshape(-1)
    if math.isnan(_poison(w, bias, v)):
        finite("W1", w)
        finite("b", bias)
        finite("W2", v)
    return w, bias, v


def _shaped(W1: Array, b: Array, W2: Array) -> tuple[Array, Array, Array]:
    return W1.reshape(-1, 1), b, W2.reshape(1, -1)
