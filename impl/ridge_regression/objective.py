"""What ridge minimises, its derivative, and the same as a log posterior."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .._kernels.jit import jit
from .._kernels.linalg import product
from .._kernels.scaling import NOT_FINITE, exponent, times_power_of_two
from .._kernels.validation import Array, floats, not_negative, positive, refuse_shape
from ._problem import columns

__all__ = ["ridge_jacobian", "ridge_log_posterior", "ridge_objective"]


def ridge_objective(X: ArrayLike, y: ArrayLike, w: ArrayLike, lam: ArrayLike) -> np.floating:
    r"""‖y − Xw‖² + λ‖w‖²: a sum over the samples, no ½, no 1/n, no intercept.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,) or (n, k)
        One target or k of them; with k the terms are summed over them.
    w : (d,) or (d, k)
        One column of weights for each target.
    lam
        λ ≥ 0.

    Returns
    -------
    scalar
        In y's units squared.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or λ is negative.

    Notes
    -----
    2ndk flops. Hoerl and Kennard, "Ridge regression" (1970).
    """
    lam = not_negative("lam", lam)
    X, y, w = _checked(X, y, w)
    return X.dtype.type(_sum_of_squares(X, columns(y), columns(w), 1.0, math.sqrt(lam), 1.0))


def ridge_jacobian(X: ArrayLike, y: ArrayLike, w: ArrayLike, lam: ArrayLike) -> Array:
    r"""2(λwᵀ − (y − Xw)ᵀX), the derivative of `ridge_objective` by w, as a row.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,)
        The target.
    w : (d,)
        The weights.
    lam
        λ ≥ 0.

    Returns
    -------
    (1, d)
        Zero at the ridge solution.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or λ is negative.

    Notes
    -----
    4nd flops. From d‖r‖² = 2rᵀdr with r = y − Xw, and d‖w‖² = 2wᵀdw: Magnus and Neudecker (2019), chapter 9.
    """
    lam = not_negative("lam", lam)
    X, y, w = _checked(X, y, w)
    if y.ndim != 1:
        refuse_shape("y", y, f"({X.shape[0]},)")
    return _jacobian(X, y, w, lam).reshape(1, w.size)


def ridge_log_posterior(X: ArrayLike, y: ArrayLike, w: ArrayLike, lam: ArrayLike) -> np.floating:
    r"""−‖y − Xw‖²/(2λ) − ‖w‖²/2, the log density of w given y, up to a constant, for W ~ N(0, I), Y = XW + √λ N.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,)
        The target.
    w : (d,)
        The weights.
    lam
        λ > 0, the variance of the noise in units of the prior's.

    Returns
    -------
    scalar
        At most 0; largest at the ridge solution.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or λ is not positive.

    Notes
    -----
    2nd flops. Bishop (2006), §3.3.1.
    """
    lam = positive("lam", lam)
    X, y, w = _checked(X, y, w)
    if y.ndim != 1:
        refuse_shape("y", y, f"({X.shape[0]},)")
    return X.dtype.type(_sum_of_squares(X, columns(y), columns(w), 1 / math.sqrt(lam), 1.0, -0.5))


def _checked(X: ArrayLike, y: ArrayLike, w: ArrayLike) -> tuple[Array, Array, Array]:
    X, y, w = floats("X y w", X, y, w)
    if X.ndim != 2:
        refuse_shape("X", X, "(n, d)")
    n, d = X.shape
    if y.ndim not in (1, 2) or y.shape[0] != n:
        refuse_shape("y", y, f"({n},) or ({n}, k), one row for each row of X")
    if w.shape != (d, *y.shape[1:]):
        refuse_shape("w", w, f"{(d, *y.shape[1:])}, one row for each column of X and the targets of y")
    return X, y, w


@jit
def _exponents(X: Array, Y: Array, W: Array) -> tuple[int, int, int]:
    """The exponents of the three, each refused when not finite."""
    ex, ey, ew = exponent(X), exponent(Y), exponent(W)
    if ex == NOT_FINITE:
        raise ValueError("X must be finite, but holds a NaN or an infinity")
    if ey == NOT_FINITE:
        raise ValueError("y must be finite, but holds a NaN or an infinity")
    if ew == NOT_FINITE:
        raise ValueError("w must be finite, but holds a NaN or an infinity")
    return ex, ey, ew


@jit
def _residual(X: Array, Y: Array, W: Array) -> tuple[Array, int, int, int]:
    """(R, e, ex, ew) with Y − XW = R · 2^e, no entry of R past the root of the range, and the exponents of X and W.

    Only where a product or a square could leave the range is anything scaled.
    """
    ex, ey, ew = _exponents(X, Y, W)
    safe = 400 if X.itemsize == 8 else 40
    e = ey
    if X.any() and W.any():
        e = max(ex + ew + math.frexp(np.float64(X.shape[1]))[1], ey)
    if -safe < e < safe and abs(ex) < safe and abs(ew) < safe:
        R, e = product(X, False, W, False), 0
    else:
        R = product(times_power_of_two(X, -ex), False, times_power_of_two(W, -ew), False)
        R, Y = times_power_of_two(R, ex + ew - e), times_power_of_two(Y, -e)
    for i in range(R.shape[0]):
        for t in range(R.shape[1]):
            R[i, t] = Y[i, t] - R[i, t]
    return R, e, ex, ew


@jit
def _sum_of_squares(X: Array, Y: Array, W: Array, a: float, b: float, factor: float) -> np.floating:
    """factor · (‖a(Y − XW)‖² + ‖bW‖²), summed in float64.

    a² and ‖Y − XW‖² may be out of range where their product is not, so a goes inside.
    """
    if X.size == 0 or Y.size == 0:
        _exponents(X, Y, W)
        R, e = Y, 0
    else:
        R, e, _, _ = _residual(X, Y, W)
    mantissa, own = math.frexp(a)  # a R may be 0 where a R · 2^e is not
    fit = 0.0
    for i in range(R.shape[0]):
        for t in range(R.shape[1]):
            term = math.ldexp(mantissa * np.float64(R[i, t]), e + own)
            fit += term * term
    penalty = 0.0
    for j in range(W.shape[0]):
        for t in range(W.shape[1]):
            term = b * np.float64(W[j, t])
            penalty += term * term
    return X.dtype.type(factor * (fit + penalty))  # rounded here, where an overflow is inf without a warning


@jit
def _jacobian(X: Array, y: Array, w: Array, lam: float) -> Array:
    """2(λw − Xᵀ(y − Xw)), one entry a feature."""
    g = np.empty_like(w)
    if X.size == 0:
        _exponents(X, y, w)
        for j in range(w.size):
            g[j] = 2 * (lam * w[j])
        return g
    R, e, ex, _ = _residual(X, y.reshape(-1, 1), w.reshape(-1, 1))
    if e == 0:
        fit = product(X, True, R, False)
        for j in range(w.size):
            g[j] = 2 * (lam * w[j] - fit[j, 0])
        return g
    fit = product(times_power_of_two(X, -ex), True, R, False)
    m_lam, e_lam = math.frexp(lam)
    for j in range(
        w.size
    ):  # Both terms may be past the range where their difference is not, so they share an exponent.
        m_w, e_w = math.frexp(np.float64(w[j]))
        m_fit, e_fit = math.frexp(np.float64(fit[j, 0]))
        e_penalty, e_fit = e_lam + e_w, e_fit + e + ex
        top = max(e_penalty if m_lam * m_w != 0 else e_fit, e_fit if m_fit != 0 else e_penalty)
        difference = math.ldexp(m_lam * m_w, e_penalty - top) - math.ldexp(m_fit, e_fit - top)
        g[j] = math.ldexp(difference, top + 1)
    return g
