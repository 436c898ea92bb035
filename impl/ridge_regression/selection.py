"""Choosing λ: effective degrees of freedom and generalised cross-validation, from one factorisation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .._kernels.jit import jit, jit_inlined, jit_linked
from .._kernels.linalg import product, singular_values
from .._kernels.parallel import Team, alone, is_split, together, workers_for
from .._kernels.scaling import lam_in_range, matrix_in_range, target_in_range
from .._kernels.validation import Array, finite, floats, refuse_shape
from ._problem import checked_single
from .filters import filter_factor, removed
from .path import checked_lams
from .spectrum import rank_at_zero, spectrum
from .tridiagonal import (
    eigenvalues,
    share,
    smaller_gram,
    smallest,
    solve,
    times_P,
    tridiagonal,
    well_conditioned,
)

__all__ = ["ridge_dof", "ridge_gcv"]


def ridge_dof(X: ArrayLike, lams: ArrayLike) -> Array:
    r"""Σ σ²/(σ²+λ) = tr X(XᵀX + λI)⁻¹Xᵀ at each λ; the rank at λ = 0.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    lams : (L,)
        Values λ ≥ 0 in any order, repeated or none.

    Returns
    -------
    (L,)
        Between 0 and min(n, d), in the order of lams.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or a λ is negative.

    Notes
    -----
    With p = min(n, d) and q = max(n, d): 2qp² + 2p³ flops for the singular values; qp² + 4p³/3 for the eigenvalues of
    the smaller Gram matrix, where XᵀX + λI is well-conditioned for all λ. Hastie, Tibshirani and Friedman (2009),
    §3.4.1; Golub and Van Loan (2013), figure 8.6.1.
    """
    X, lams = floats("X lams", X, lams)
    lams = checked_lams(lams)
    if X.ndim != 2:
        refuse_shape("X", X, "(n, d)")
    if X.size == 0 or lams.size == 0:
        finite("X", X)
        return np.zeros(lams.size, X.dtype)
    n, d = X.shape
    X, e = matrix_in_range(X)
    mu, good = together(workers_for(X), _spectrum_of_gram, X, smallest(lams, e, X.itemsize), blas=is_split(X))
    s = np.sqrt(mu) if good else alone(X, singular_values, X)
    return dof_of(s, lams, e, rank_at_zero(s, n, d))


def ridge_gcv(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> Array:
    r"""n ‖(I − H)y‖² / tr(I − H)² with H = X(XᵀX + λI)⁻¹Xᵀ, at each λ; its limit at λ = 0 where I − H vanishes.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,)
        The target.
    lams : (L,)
        Values λ ≥ 0 in any order, repeated or none.

    Returns
    -------
    (L,)
        In y's units squared and in the order of lams; NaN when there are no samples.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or a λ is negative.

    Notes
    -----
    With p = min(n, d) and q = max(n, d): 6qp² + 20p³ + 2nd flops by the SVD; where XᵀX + λI is well-conditioned for all
    λ, qp² + 4p³/3 in place of the first two terms; and some 10Lp. 1 − σ²/(σ²+λ) is computed as λ/(σ²+λ), and for a wide
    X both sums are taken relative to their largest term, so that nothing cancels and λ → 0 is no special case. Golub,
    Heath and Wahba, "Generalized cross-validation as a method for choosing a good ridge parameter" (1979).
    """
    X, y, lams = floats("X y lams", X, y, lams)
    X, y, lams = *checked_single(X, y), checked_lams(lams)
    if X.size == 0 or lams.size == 0:
        finite("X", X)
        finite("y", y)
        return nothing_explained(y, lams)
    n, d = X.shape
    X, ex = matrix_in_range(X)
    Y, ey = target_in_range(y.reshape(n, 1))
    threads = workers_for(X, 10.0 * lams.size * min(X.shape))
    values, good = together(threads, _gcv_by_tridiagonal, X, Y, lams, ex, ey, blas=is_split(X))
    if good:
        return values
    s, _, Ct, rest = alone(X, spectrum, X, Y)
    return gcv_of(s, Ct[0], rest[0], lams, n, rank_at_zero(s, n, d), ex, ey)


def nothing_explained(y: Array, lams: Array) -> Array:
    """‖y‖²/n for each λ, where there are no features. NaN for no samples."""
    if y.size == 0:
        return np.full(lams.size, math.nan, y.dtype)
    scaled, e = target_in_range(y)
    with np.errstate(over="ignore", under="ignore"):  # an answer out of range is inf or 0
        value = np.ldexp(np.mean(np.square(scaled, dtype=np.float64)), 2 * e)
        return np.full(lams.size, value).astype(y.dtype)


@jit
def _spectrum_of_gram(team: Team, threads: int, X: Array, lam: float) -> tuple[Array, bool]:
    """(σ² ascending, whether X is well-conditioned enough for it)."""
    G, _ = smaller_gram(team, threads, X, np.zeros((X.shape[0], 1), X.dtype))
    diagonal, beside, _ = tridiagonal(G)
    if not well_conditioned(diagonal, beside, lam, share(X)):
        return diagonal, False
    return eigenvalues(diagonal, beside)


@jit
def dof_of(s: Array, lams: Array, e: int, rank: int) -> Array:
    out = np.empty(lams.size, s.dtype)
    for a in range(lams.size):
        lam, excess = lam_in_range(lams[a], e, s.itemsize)
        total = 0.0
        for i in range(s.size):
            total += filter_factor(np.float64(s[i]), lam)
        out[a] = math.ldexp(total, -excess) if lam > 0 else rank
    return out


@jit
def gcv_of(s: Array, c: Array, rest: float, lams: Array, n: int, rank: int, ex: int, ey: int) -> Array:
    """From the singular values, c = Uᵀy and what of ‖y‖² lies outside the range of U."""
    out = np.empty(lams.size, s.dtype)
    for a in range(lams.size):
        lam, _ = lam_in_range(lams[a], ex, s.itemsize)
        residual, trace = rest, float(n - s.size)
        for i in range(s.size):
            g = weight(s, i, lam, rank, n)
            residual += (g * c[i]) ** 2
            trace += g
        out[a] = math.ldexp(n * residual / (trace * trace), 2 * ey)
    return out


@jit
def _gcv_by_tridiagonal(
    team: Team, threads: int, X: Array, Y: Array, lams: Array, ex: int, ey: int
) -> tuple[Array, bool]:
    """(The values, whether X is well-conditioned enough for it)."""
    n, d = X.shape
    out, lowest = np.empty(lams.size, X.dtype), smallest(lams, ex, X.itemsize)
    G, Bt = smaller_gram(team, threads, X, Y)
    diagonal, beside, tau = tridiagonal(G)
    if not well_conditioned(diagonal, beside, lowest, share(X)):
        return out, False
    mu, found = eigenvalues(diagonal, beside)
    times_P(G, tau, Bt, True)
    first, rest = solve(diagonal, beside, lowest, Bt[0]), 0.0
    if n > d:
        Wt = first.astype(X.dtype).reshape(1, d)
        times_P(G, tau, Wt, False)
        fitted = product(X, False, Wt, True)
        for i in range(n):
            rest += (np.float64(Y[i, 0]) - fitted[i, 0]) ** 2
    for a in range(lams.size):
        lam, _ = lam_in_range(lams[a], ex, X.itemsize)
        if n > d:
            unit, residual = lam, rest + further(diagonal, beside, first, lowest, lam)
        else:  # (I − H)y = λ(XXᵀ + λI)⁻¹y, and λ cancels
            unit = mu[mu.size - 1] + lam
            residual = np.sum((unit * solve(diagonal, beside, lam, Bt[0])) ** 2)
        trace = float(n - mu.size)
        for i in range(mu.size):
            trace += unit / (mu[i] + lam)
        out[a] = math.ldexp(n * residual / (trace * trace), 2 * ey)
    return out, found


@jit_inlined
def further(diagonal: Array, beside: Array, w: Array, lowest: float, lam: float) -> float:
    """‖y − Xw'‖² − ‖y − Xw‖² for the solutions w at the smallest λ and w' at another, in the basis P.

    It is 2λwᵀe + eᵀTe with e = w − w', which is (λ' − λ)(T + λ'I)⁻¹w: both terms are positive, and nothing cancels.
    """
    e, total = solve(diagonal, beside, lam, w), 0.0
    for i in range(e.size):
        e[i] *= lam - lowest
    for i in range(e.size):
        pull = diagonal[i] * e[i] + 2 * lowest * w[i]
        if i > 0:
            pull += beside[i - 1] * e[i - 1]
        if i < e.size - 1:
            pull += beside[i] * e[i + 1]
        total += pull * e[i]
    return total


@jit_linked
def weight(s: Array, i: int, lam: float, rank: int, n: int) -> float:
    """λ/(σᵢ²+λ), the share of direction i that ridge removes.

    Where the singular directions span all n samples, ratios of these shares are all that matters. They are taken
    relative to the largest, (σ_min²+λ)/(σᵢ²+λ), and have a limit at λ = 0.
    """
    sigma = np.float64(s[i])
    if lam == 0 and rank < n:
        return 0.0 if i < rank else 1.0
    if s.size < n:
        return removed(sigma, lam)
    smallest = np.float64(s[s.size - 1])
    if lam == 0:
        return (smallest / sigma) ** 2
    return (smallest * smallest + lam) / (sigma * sigma + lam)
