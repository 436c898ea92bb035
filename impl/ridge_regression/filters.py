"""What ridge does to each singular value."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .._kernels.jit import jit, jit_linked
from .._kernels.validation import Array, finite, floats, not_negative, refuse_shape

__all__ = ["ridge_filter_factors", "ridge_inverse_singular_values"]


def ridge_inverse_singular_values(s: ArrayLike, lam: ArrayLike) -> Array:
    r"""σ/(σ²+λ), the singular values of (XᵀX + λI)⁻¹Xᵀ; 0 at σ = λ = 0.

    Parameters
    ----------
    s : (r,)
        Singular values σ ≥ 0 of X, in any order.
    lam
        λ ≥ 0.

    Returns
    -------
    (r,)
        In the order of s; ±0 or inf only where the value itself is out of range.

    Raises
    ------
    ValueError
        s is no vector, negative somewhere or not finite; λ is negative or not finite.

    Notes
    -----
    3r flops. Hansen (1998), §4.2.
    """
    return _filtered(s, lam, _inverse_singular_values)


def ridge_filter_factors(s: ArrayLike, lam: ArrayLike) -> Array:
    r"""σ²/(σ²+λ), how much of each singular direction ridge keeps; 0 at σ = λ = 0.

    Parameters
    ----------
    s : (r,)
        Singular values σ ≥ 0 of X, in any order.
    lam
        λ ≥ 0.

    Returns
    -------
    (r,)
        Between 0 and 1, in the order of s.

    Raises
    ------
    ValueError
        s is no vector, negative somewhere or not finite; λ is negative or not finite.

    Notes
    -----
    3r flops. Hansen (1998), §4.2.
    """
    return _filtered(s, lam, _filter_factors)


def _filtered(s: ArrayLike, lam: ArrayLike, of_all) -> Array:  # type: ignore[no-untyped-def]  # a compiled function
    lam = not_negative("lam", lam)
    (s,) = floats("s", s)
    if s.ndim != 1:
        refuse_shape("s", s, "(r,)")
    finite("s", s)
    if s.size and s.min() < 0:
        raise ValueError(f"s must hold singular values, none of them negative, but its smallest is {s.min()}")
    return of_all(s, lam)


@jit_linked
def inverse_singular_value(sigma: float, lam: float) -> float:
    """σ/(σ²+λ), without a square that overflows or vanishes.

    The halves keep 1/σ, at most twice too large, from overflowing; σ/λ ≤ 1/√λ cannot.
    """
    root = math.sqrt(lam)
    if sigma > root:
        ratio = root / sigma
        return (0.5 / sigma) / (0.5 + 0.5 * ratio * ratio)
    if lam == 0:
        return 0.0
    ratio = sigma / root
    return (sigma / lam) / (1 + ratio * ratio)


@jit_linked
def filter_factor(sigma: float, lam: float) -> float:
    """σ²/(σ²+λ), without a square that overflows or vanishes."""
    root = math.sqrt(lam)
    if sigma > root:
        ratio = root / sigma
        return 1 / (1 + ratio * ratio)
    if lam == 0:
        return 0.0
    ratio = sigma / root
    return ratio * ratio / (1 + ratio * ratio)


@jit_linked
def removed(sigma: float, lam: float) -> float:
    """λ/(σ²+λ) = 1 − σ²/(σ²+λ), without the cancellation; 1 at σ = λ = 0."""
    root = math.sqrt(lam)
    if sigma > root:
        ratio = root / sigma
        return ratio * ratio / (1 + ratio * ratio)
    if lam == 0:
        return 1.0
    ratio = sigma / root
    return 1 / (1 + ratio * ratio)


@jit
def _inverse_singular_values(s: Array, lam: float) -> Array:
    out = np.empty_like(s)
    for i in range(s.size):
        out[i] = inverse_singular_value(np.float64(s[i]), lam)
    return out


@jit
def _filter_factors(s: Array, lam: float) -> Array:
    out = np.empty_like(s)
    for i in range(s.size):
        out[i] = filter_factor(np.float64(s[i]), lam)
    return out
