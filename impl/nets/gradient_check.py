"""Chapter 5: derivatives by central differences, with h = 1e-5 as in the course assignments.

Each costs two calls of f for every entry of x. The error is about h²/6 times the third derivative, plus the rounding
error of f divided by h: good for six or seven digits, a second opinion and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._kernels.jit import jit_sums
from .._kernels.validation import real, refuse_shape

__all__ = ["eval_numerical_gradient", "eval_numerical_gradient_array"]

_H = 1e-5
Float64s = NDArray[np.float64]


def eval_numerical_gradient(f: Callable[[Float64s], Any], x: ArrayLike) -> Float64s:
    """∂f/∂x by (f(x + h) − f(x − h))/2h, entry by entry.

    Parameters
    ----------
    f
        From a float64 array, a copy of x that it may keep and change, to a number.
    x
        Of any shape; it is left as it was.

    Returns
    -------
    Float64s
        In the shape of x.

    Raises
    ------
    ValueError
        If f gives more than a number.

    Notes
    -----
    Two calls of f for each of n entries, for f(x) = ‖x‖²: 4n² flops. Nocedal and Wright, *Numerical Optimization*
    (2006), §8.1.
    """

    def number(at: Float64s) -> float:
        value = real("f(x)", f(at))
        if value.size != 1:
            raise ValueError(f"f(x) must be a number, not an array of shape {value.shape}")
        return float(value.item())

    return _central_differences(number, x, lambda above, below: above - below)


def eval_numerical_gradient_array(f: Callable[[Float64s], Any], x: ArrayLike, df: ArrayLike) -> Float64s:
    """Σ df · ∂f/∂x by central differences: the derivative by x of Σ df · f(x), for a constant df.

    Parameters
    ----------
    f
        From a float64 array, a copy of x that it may keep and change, to an array: the same each time, or what it got.
    x
        Of any shape; it is left as it was.
    df
        The derivative by f's output, in its shape.

    Returns
    -------
    Float64s
        In the shape of x.

    Raises
    ------
    ValueError
        If f's output and df differ in shape.

    Notes
    -----
    Two calls of f for each of n entries, for f(x) = x²: 6n² flops. Nocedal and Wright, *Numerical Optimization* (2006),
    §8.1.
    """
    weights = real("df", df).astype(np.float64, order="C")
    flat = weights.reshape(-1)

    def copied(at: Float64s) -> Float64s:
        value = real("f(x)", f(at)).astype(np.float64, order="C")
        if value.shape != weights.shape:
            refuse_shape("df", weights, f"{value.shape}, that of f's output")
        return value.reshape(-1)

    return _central_differences(copied, x, lambda above, below: _weighted(flat, above, below))


@jit_sums
def _weighted(weights: Float64s, above: Float64s, below: Float64s) -> float:
    total = 0.0
    for i in range(weights.size):
        total += weights[i] * (above[i] - below[i])
    return total


def _central_differences(f: Callable[[Float64s], Any], x: ArrayLike, change: Callable[[Any, Any], float]) -> Float64s:
    at = real("x", x).astype(np.float64, order="C")
    gradient = np.empty_like(at)
    entries, slopes = at.reshape(-1), gradient.reshape(-1)
    for i, value in enumerate(entries.tolist()):
        entries[i] = value + _H
        above = f(at.copy())
        entries[i] = value - _H
        below = f(at.copy())
        entries[i] = value
        slopes[i] = change(above, below) / (2 * _H)
    return gradient
