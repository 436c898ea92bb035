"""Chapter 4: one ReLU, its elbow, a network with one hidden layer, and stochastic gradient descent on it.

The derivative of ReLU at 0 is 0; the loss is ½(f(x) − y)²; parameters move together, from the gradients at the old
ones. ReLU would hide an infinity in the parameters (the unit is simply off), so what comes in is always looked at.
What training makes of it is not: parameters that diverge end as infinity or NaN, as they would in NumPy.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._kernels.jit import jit, jit_sums, whole_registers
from ._kernels.validation import Array, count, finite, floats, number, refuse_shape

__all__ = [
    "elbow",
    "elbows_after_step",
    "relu_network",
    "relu_network_gradients",
    "relu_network_loss",
    "relu_network_sgd",
    "relu_network_step",
    "relu_unit",
    "relu_unit_gradients",
    "relu_unit_loss",
    "relu_unit_step",
]

Scalar = np.floating[Any]


def relu_unit(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> Scalar | Array:
    """φ(x) = max(wx + b, 0).

    Parameters
    ----------
    x
        A number, or an array of any shape.
    w, b
        Numbers.

    Returns
    -------
    Scalar | Array
        In the shape of x.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    3n flops for n entries. Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).
    """
    if _is_number(x):
        return np.float64(_unit(number("x", x), number("w", w), number("b", b)))
    (a,) = floats("x", x)
    weight, bias = number("w", w), number("b", b)
    out = np.empty_like(a)
    if math.isnan(_units(a.reshape(-1), weight, bias, out.reshape(-1))):
        finite("x", a)
    return out


def elbow(w: ArrayLike, b: ArrayLike) -> Scalar | Array:
    """−b/w, where wx + b changes sign, element by element; NaN where w = 0.

    Parameters
    ----------
    w, b
        Two arrays of one shape, two numbers, or one of each.

    Returns
    -------
    Scalar | Array
        In the shape of w and b.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    2d flops for d elbows. Williams et al., "Gradient dynamics of shallow univariate ReLU networks" (2019).
    """
    if _is_number(w) and _is_number(b):
        return np.float64(_elbow(number("w", w), number("b", b)))
    weights, biases = floats("w b", w, b)
    if weights.ndim == 0:
        weights = np.full_like(biases, number("w", w))
    elif biases.ndim == 0:
        biases = np.full_like(weights, number("b", b))
    elif biases.shape != weights.shape:
        refuse_shape("b", biases, f"{weights.shape}, that of w")
    finite("w", weights)
    finite("b", biases)
    out = np.empty_like(weights)
    _elbows(weights.reshape(-1), biases.reshape(-1), out.reshape(-1))
    return out


def relu_unit_loss(x: ArrayLike, y: ArrayLike, w: ArrayLike, b: ArrayLike) -> Scalar:
    """½(φ(x) − y)², for one sample.

    Parameters
    ----------
    x, y, w, b
        Numbers.

    Returns
    -------
    scalar
        At least 0.

    Raises
    ------
    ValueError
        For what is not a number, a NaN or an infinity.

    Notes
    -----
    6 flops. Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).
    """
    return np.float64(_unit_loss(*_numbers("x y w b", x, y, w, b)))


def relu_unit_gradients(x: ArrayLike, y: ArrayLike, w: ArrayLike, b: ArrayLike) -> tuple[Scalar, Scalar, Scalar]:
    """dl/dφ = φ(x) − y, dl/dw = dl/dφ · x and dl/db = dl/dφ; the last two are 0 where wx + b ≤ 0.

    Parameters
    ----------
    x, y, w, b
        Numbers.

    Returns
    -------
    dl/dφ, dl/dw, dl/db : scalar

    Raises
    ------
    ValueError
        For what is not a number, a NaN or an infinity.

    Notes
    -----
    5 flops, by the chain rule, the derivative of ReLU at 0 being 0. Rumelhart, Hinton and Williams (1986).
    """
    dphi, dw, db = _unit_gradients(*_numbers("x y w b", x, y, w, b))
    return np.float64(dphi), np.float64(dw), np.float64(db)


def relu_unit_step(x: ArrayLike, y: ArrayLike, w: ArrayLike, b: ArrayLike, lr: ArrayLike) -> tuple[Scalar, Scalar]:
    """w − lr · dl/dw and b − lr · dl/db.

    Parameters
    ----------
    x, y, w, b
        Numbers.
    lr
        The learning rate, a number.

    Returns
    -------
    w, b : scalar
        After the step.

    Raises
    ------
    ValueError
        For what is not a number, a NaN or an infinity.

    Notes
    -----
    9 flops. Robbins and Monro, "A stochastic approximation method" (1951).
    """
    w_next, b_next = _unit_step(*_numbers("x y w b lr", x, y, w, b, lr))
    return np.float64(w_next), np.float64(b_next)


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
    return parameters[0].dtype.type(_network_loss(*_numbers("x y", x, y), *parameters))


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
    _network_gradients(*_numbers("x y", x, y), *parameters, *gradients)
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


@jit_sums
def _unit(x: Scalar, w: Scalar, b: Scalar) -> Scalar:
    z = w * x + b
    return type(z)(0) if z <= 0 else z  # not "z if z > 0", which would make a NaN 0


@jit
def _elbow(w: Scalar, b: Scalar) -> Scalar:
    return type(w)(np.nan) if w == 0 else -b / w


@jit
def _elbows(w: Array, b: Array, out: Array) -> None:
    for j in range(w.size):
        out[j] = _elbow(w[j], b[j])


@jit_sums
def _units(x: Array, w: float, b: float, out: Array) -> Scalar:
    """Write φ(x) to `out`; return Σ 0·x, which is NaN exactly when x holds a NaN or an infinity, else 0."""
    w, b, zero = x.dtype.type(w), x.dtype.type(b), x.dtype.type(0)
    total = zero
    for i in range(x.size):
        out[i] = _unit(x[i], w, b)
        total += zero * x[i]
    return total


@jit
def _unit_loss(x: float, y: float, w: float, b: float) -> float:
    r = _unit(x, w, b) - y
    return 0.5 * r * r


@jit
def _unit_gradients(x: float, y: float, w: float, b: float) -> tuple[float, float, float]:
    phi = _unit(x, w, b)
    dphi = phi - y
    return (dphi, 0.0, 0.0) if phi <= 0 else (dphi, dphi * x, dphi)


@jit
def _unit_step(x: float, y: float, w: float, b: float, lr: float) -> tuple[float, float]:
    _, dw, db = _unit_gradients(x, y, w, b)
    return w - lr * dw, b - lr * db


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
    sample, target, rate = _numbers("x y lr", x, y, lr)
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


def _is_number(x: ArrayLike) -> bool:
    # A list is none, and one of uneven lengths has no ndim that NumPy could tell.
    return isinstance(x, float) or (not isinstance(x, list | tuple) and np.ndim(x) == 0)


def _numbers(names: str, *values: ArrayLike) -> list[float]:
    return [number(name, value) for name, value in zip(names.split(), values, strict=True)]
