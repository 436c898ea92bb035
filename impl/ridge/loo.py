"""Leave-one-out cross-validation without leaving anything out."""

import math

import numpy as np
from numpy.typing import ArrayLike

from .._factor import default_rcond, least_squares, svd
from .._front import Array, finite, floats
from .._jit import jit
from .._range import lam_in_range, matrix_in_range, target_in_range
from ._problem import checked_single
from .path import checked_lams
from .selection import mean_square, weight
from .spectrum import rank_at_zero


def ridge_loo(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> Array:
    r"""(1/n) Σᵢ (yᵢ − xᵢᵀw₋ᵢ)² = (1/n) Σᵢ ((y − Hy)ᵢ/(1 − Hᵢᵢ))² at each λ, where w₋ᵢ is ridge without sample i.

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
    One SVD and 4Ln·min(n, d) flops. I − H = U diag(λ/(σ²+λ)) Uᵀ + (I − UUᵀ) is summed from its two parts, so that a
    leverage Hᵢᵢ close to 1 costs no digits. At λ = 0 a sample that alone holds up a direction (Hᵢᵢ = 1) is really left
    out: then w₋ᵢ has a smaller rank and the formula is 0/0. Golub, Heath and Wahba (1979); Allen, "The relationship
    between variable selection and data augmentation" (1974).
    """
    X, y, lams = floats("X y lams", X, y, lams)
    X, y, lams = *checked_single(X, y), checked_lams(lams)
    if X.size == 0 or lams.size == 0:
        finite("X", X)
        finite("y", y)
        return np.full(lams.size, mean_square(y), X.dtype)
    return _loo(X, y.reshape(-1, 1), lams)


@jit
def _loo(X: Array, Y: Array, lams: Array) -> Array:
    n, d = X.shape
    X, ex = matrix_in_range(X)
    Y, ey = target_in_range(Y)
    U, s, _ = svd(X)
    r = s.size
    rank = rank_at_zero(s, n, d)
    c = U.T @ Y[:, 0].copy()
    residual, hidden = outside(U, Y[:, 0].copy())

    # One column for each λ: the numerators U(g∘c) and the denominators (U∘U)g in one product each.
    L = lams.size
    g, gc = np.empty((r, L), X.dtype), np.empty((r, L), X.dtype)
    for a in range(L):
        lam, _ = lam_in_range(lams[a], ex, X.itemsize)
        for i in range(r):
            g[i, a] = weight(s, i, lam, rank, n)
            gc[i, a] = g[i, a] * c[i]
    numerator, denominator = U @ gc, (U * U) @ g

    out = np.empty(L, X.dtype)
    for a in range(L):
        total = 0.0
        for i in range(n):
            above, below = np.float64(numerator[i, a] + residual[i]), np.float64(denominator[i, a] + hidden[i])
            if lams[a] == 0 and rank < n and below < np.sqrt(np.finfo(X.dtype).eps):
                error = left_out(X, Y, i)
            else:
                error = above / below
            total += error * error
        out[a] = math.ldexp(total / n, 2 * ey)
    return out


@jit
def outside(U: Array, y: Array) -> tuple[Array, Array]:
    """(I − UUᵀ)y and the diagonal of I − UUᵀ, both zero where U is square.

    1 − ‖uᵢ‖² cancels for a leverage ‖uᵢ‖² close to 1. There, and that can be at most 2d samples, the diagonal is the
    squared length of (I − UUᵀ)eᵢ, and the residual the product of that with y.
    """
    n, r = U.shape
    residual, diagonal = np.zeros(n, U.dtype), np.zeros(n, U.dtype)
    if r == n:
        return residual, diagonal
    residual = y - U @ (U.T @ y)
    residual -= U @ (U.T @ residual)
    for i in range(n):
        leverage = np.dot(U[i], U[i])
        diagonal[i] = 1 - leverage
        if leverage > 0.5:
            p = -(U @ U[i])
            p[i] += 1
            p -= U @ (U.T @ p)
            diagonal[i] = np.dot(p, p)
            residual[i] = np.dot(p, y)
    return residual, diagonal


@jit
def left_out(X: Array, Y: Array, i: int) -> float:
    """y_i − x_iᵀw₋ᵢ for the least squares w₋ᵢ of the other samples; of none it is zero."""
    n, d = X.shape
    if n == 1:
        return np.float64(Y[i, 0])
    kept = np.arange(n) != i
    others, targets = X[kept], Y[kept]
    Wt, _ = least_squares(others, targets, default_rcond(n - 1, d, X))
    return np.float64(Y[i, 0]) - np.float64(np.dot(X[i], Wt[0]))
