"""The ridge solution at many values of λ, for little more than the price of one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._kernels.jit import jit
from .._kernels.linalg import product
from .._kernels.parallel import Team, alone, in_chunks, is_split, together, workers_for
from .._kernels.scaling import lam_in_range, matrix_in_range, target_in_range
from .._kernels.validation import Array, finite, floats, refuse_shape
from ._problem import checked, columns
from .filters import inverse_singular_value
from .spectrum import rank_at_zero, spectrum
from .tridiagonal import share, smaller_gram, smallest, solve, times_P, tridiagonal, well_conditioned

__all__ = ["ridge_path"]


def ridge_path(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> Array:
    r"""V diag(σ/(σ²+λ)) Uᵀy at each λ, from one factorisation; at λ = 0 the shortest least squares solution.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,) or (n, k)
        One target or k of them.
    lams : (L,)
        Values λ ≥ 0 in any order, repeated or none.

    Returns
    -------
    (L, d) or (L, d, k)
        In the order of lams.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or a λ is negative.

    Notes
    -----
    With p = min(n, d) and q = max(n, d): 6qp² + 20p³ + 2ndk + 2Ldpk flops by the SVD; where XᵀX + λI is
    well-conditioned for all λ, the smaller Gram matrix is made tridiagonal, in qp² + 4p³/3 in place of the first two
    terms. Eldén, "Algorithms for the regularization of ill-conditioned least squares problems" (1977); Hastie,
    Tibshirani and Friedman, *The Elements of Statistical Learning* (2009), §3.4.1.
    """
    X, y, lams = floats("X y lams", X, y, lams)
    X, y, lams = *checked(X, y), checked_lams(lams)
    L, d = lams.size, X.shape[1]
    if X.size == 0 or y.size == 0 or L == 0:
        finite("X", X)
        finite("y", y)
        return np.zeros((L, d, *y.shape[1:]), X.dtype)
    X, ex = matrix_in_range(X)
    Y, ey = target_in_range(columns(y))
    W, exponents = solutions(X, Y, lams, ex)
    exponents += ey - ex
    if exponents.any():
        with np.errstate(over="ignore", under="ignore"):  # an answer out of range is ±inf or 0
            W = np.ldexp(W, exponents[:, None, None])
    return W.reshape(L, d) if y.ndim == 1 else np.ascontiguousarray(W.transpose(0, 2, 1))


def solutions(X: Array, Y: Array, lams: Array, e: int) -> tuple[Array, NDArray[np.int64]]:
    """(W by λ, target and feature, the exponents that large λ leave over), for X, Y in range and each λ times 4^-e."""
    threads = workers_for(X, 10.0 * lams.size * min(X.shape))
    W, exponents, good = together(threads, _by_tridiagonal, X, Y, lams, e, blas=is_split(X))
    if not good:
        s, Vt, Ct, _ = alone(X, spectrum, X, Y)
        filtered, exponents = by_direction(s, Ct, lams, e, rank_at_zero(s, *X.shape))
        W = filtered @ Vt
    return W.reshape(lams.size, -1, X.shape[1]), exponents


def checked_lams(lams: Array, name: str = "lams") -> Array:
    """The values of λ as a float64 vector, so that none of them leaves the range when X is scaled."""
    if lams.ndim != 1:
        refuse_shape(name, lams, "(L,)")
    finite(name, lams)
    if lams.size and lams.min() < 0:
        raise ValueError(f"{name} must not be negative, but its smallest is {lams.min()}")
    return lams.astype(np.float64, copy=False)


@jit
def _by_tridiagonal(
    team: Team, threads: int, X: Array, Y: Array, lams: Array, e: int
) -> tuple[Array, NDArray[np.int64], bool]:
    """(W by λ and target, the exponents that large λ leave over, whether X is well-conditioned enough for it)."""
    tall, k, exponents = X.shape[0] > X.shape[1], Y.shape[1], np.empty(lams.size, np.int64)
    G, Bt = smaller_gram(team, threads, X, Y)
    diagonal, beside, tau = tridiagonal(G)
    if not well_conditioned(diagonal, beside, smallest(lams, e, X.itemsize), share(X)):
        return G, exponents, False
    times_P(G, tau, Bt, True)
    W = np.empty((lams.size * k, Bt.shape[1]), X.dtype)
    pieces = min(lams.size, 1024)
    in_chunks(team, threads, pieces, _solved, (lams, e, pieces, diagonal, beside, Bt, W, exponents))
    times_P(G, tau, W, False)
    return (W if tall else product(W, False, X, False)), exponents, True


@jit
def _solved(c: int, shared: tuple[Array, int, int, Array, Array, Array, Array, NDArray[np.int64]]) -> None:
    """W at some of the λ, in the basis P."""
    lams, e, pieces, diagonal, beside, Bt, W, exponents = shared
    k = Bt.shape[0]
    for a in range(c, lams.size, pieces):
        lam, excess = lam_in_range(lams[a], e, Bt.itemsize)
        exponents[a] = -excess
        for t in range(k):
            w = solve(diagonal, beside, lam, Bt[t])
            for i in range(w.size):
                W[a * k + t, i] = w[i]


@jit
def by_direction(s: Array, Ct: Array, lams: Array, e: int, rank: int) -> tuple[Array, NDArray[np.int64]]:
    """(L·k, r): σ/(σ²+λ) times the targets in the basis U, for each λ; and the exponents that large λ leave over."""
    (k, r), L = Ct.shape, lams.size
    filtered, exponents = np.empty((L * k, r), s.dtype), np.empty(L, np.int64)
    for a in range(L):
        lam, excess = lam_in_range(lams[a], e, s.itemsize)
        exponents[a] = -excess
        for i in range(r):
            inverse = inverse_singular_value(np.float64(s[i]), lam) if lam > 0 or i < rank else 0.0
            for t in range(k):
                filtered[a * k + t, i] = inverse * Ct[t, i]
    return filtered, exponents
