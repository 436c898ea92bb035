"""One ReLU, its loss, its elbow, and what a step of gradient descent does to them."""

from __future__ import annotations

import math
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._kernels.jit import jit, jit_sums
from .._kernels.validation import Array, finite, floats, number, refuse_shape

__all__ = ["elbow", "relu_unit", "relu_unit_gradients", "relu_unit_loss", "relu_unit_step"]

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
    x, y, w, b = _four(x, y, w, b)
    z = w * x + b
    r = (z if z > 0 else 0.0) - y
    return np.float64(0.5 * r * r)


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
    x, y, w, b = _four(x, y, w, b)
    dphi, dw, db = _gradients(x, y, w, b)
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
    x, y, w, b = _four(x, y, w, b)
    rate = number("lr", lr)
    _, dw, db = _gradients(x, y, w, b)
    return np.float64(w - rate * dw), np.float64(b - rate * db)


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


def _gradients(x: float, y: float, w: float, b: float) -> tuple[float, float, float]:
    z = w * x + b
    dphi = (z if z > 0 else 0.0) - y
    return (dphi, dphi * x, dphi) if z > 0 else (dphi, 0.0, 0.0)


def _is_number(x: ArrayLike) -> bool:
    # A list is none, and one of uneven lengths has no ndim that NumPy could tell.
    return isinstance(x, float) or (not isinstance(x, list | tuple) and np.ndim(x) == 0)


def _four(x: ArrayLike, y: ArrayLike, w: ArrayLike, b: ArrayLike) -> tuple[float, float, float, float]:
    """Four numbers, finite ones. To look at them takes longer than what they are for, so floats go by the short way."""
    if (type(x) is float and type(y) is float and type(w) is float and type(b) is float) and (
        isfinite(x) and isfinite(y) and isfinite(w) and isfinite(b)
    ):
        return x, y, w, b
    return number("x", x), number("y", y), number("w", w), number("b", b)
