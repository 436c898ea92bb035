"""Leave-one-out cross-validation without leaving anything out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .._kernels.jit import jit
from .._kernels.linalg import product, svd, transposed
from .._kernels.parallel import Team, alone, in_chunks, is_split, together, workers_for
from .._kernels.scaling import lam_in_range, matrix_in_range, target_in_range
from .._kernels.validation import Array, finite, floats
from ..least_squares import lstsq
from ._problem import checked_single
from .path import checked_lams
from .selection import nothing_explained, weight
from .spectrum import rank_at_zero
from .tridiagonal import eigenvectors, share, smaller_gram, smallest

__all__ = ["ridge_loo"]

# 1 − Hᵢᵢ cancels below this by more than one digit.
LEFT = 0.1
# So many samples at a time: few enough that they stay in the cache, and enough for a product at full speed.
ROWS = 256


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
    With p = min(n, d) and q = max(n, d): 6qp² + 20p³ + 4Lnp flops by the SVD; where XᵀX + λI is well-conditioned for
    all λ, the eigenvectors of the smaller Gram matrix, about qp² + 9p³, and 2nd² more for a tall X, in place of the
    first two terms. By the SVD I − H = U diag(λ/(σ²+λ)) Uᵀ + (I − UUᵀ) is summed from its two parts, so that a leverage
    Hᵢᵢ close to 1 costs no digits; a tall X that has one goes that way. At λ = 0 a sample that alone holds up a
    direction (Hᵢᵢ = 1) is really left out: then w₋ᵢ has a smaller rank and the formula is 0/0. Golub, Heath and Wahba
    (1979); Allen, "The relationship between variable selection and data augmentation" (1974).
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
    threads = workers_for(X, 2.0 * X.size * min(n, d) + 4.0 * n * lams.size * min(n, d), 0.5)  # twice handed over
    if threads == 1:
        values, good = together(1, _on_one_thread, X, Y, lams, ex, ey, blas=is_split(X))
    else:  # in two calls, as the eigenvectors take long
        *found, good = together(threads, _eigenvectors, X, Y, lams, ex)
        if good:
            values, good = together(threads, _by_eigenvectors, X, Y, *found, ey)
    if good:
        return values
    U, s, _ = alone(X, svd, X)
    rank = rank_at_zero(s, n, d)
    c = product(U, True, Y, False)[:, 0]
    residual, hidden = outside(U, Y)
    errors = by_spectrum(U, c, residual, hidden, weights(s, lams, ex, rank, n))
    if rank < n and not lams.all():
        for i in np.flatnonzero(hidden < np.sqrt(np.finfo(X.dtype).eps)):
            errors[i, lams == 0] = _left_out(X, Y[:, 0], int(i))
    with np.errstate(over="ignore", under="ignore"):  # an answer out of range is inf or 0
        return np.ldexp(np.mean(np.square(errors, dtype=np.float64), axis=0), 2 * ey).astype(X.dtype)


def by_spectrum(U: Array, c: Array, residual: Array, hidden: Array, g: Array) -> Array:
    """(n, L): (y − Hy)ᵢ/(1 − Hᵢᵢ) at each λ, where I − H is U diag(g) Uᵀ and what is outside U; 0 for 0/0."""
    # One column for each λ: the numerators U(g∘c) and the denominators (U∘U)g in one product each.
    above = U @ (g * c[:, None]) + residual[:, None]
    below = (U * U) @ g + hidden[:, None]
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)


def _left_out(X: Array, y: Array, i: int) -> float:
    """y_i − x_iᵀw₋ᵢ for the least squares w₋ᵢ of the other samples; of none it is zero."""
    return y[i] - X[i] @ lstsq(np.delete(X, i, axis=0), np.delete(y, i))


@jit
def _on_one_thread(team: Team, threads: int, X: Array, Y: Array, lams: Array, ex: int, ey: int) -> tuple[Array, bool]:
    """(The values, whether X is well-conditioned enough, and no leverage too large)."""
    Vt, of_Z, of_squares, good = _eigenvectors(team, threads, X, Y, lams, ex)
    if not good:
        return np.zeros(lams.size, X.dtype), False
    return _by_eigenvectors(team, threads, X, Y, Vt, of_Z, of_squares, ey)


@jit
def _eigenvectors(
    team: Team, threads: int, X: Array, Y: Array, lams: Array, ex: int
) -> tuple[Array, Array, Array, bool]:
    """(Vᵀ, a column for each λ, another, whether X is well-conditioned enough), with XᵀX or XXᵀ = V diag(μ) Vᵀ.

    Tall: the rows of Z = XV give (y − Hy)ᵢ = yᵢ − zᵢᵀVᵀw and Hᵢᵢ = Σ zᵢⱼ²/(μⱼ+λ). Wide: I − H = λ(XXᵀ + λI)⁻¹, of
    which V holds the rows already, and λ cancels. The columns are what Z and its squares are multiplied by.
    """
    L, tall = lams.size, X.shape[0] > X.shape[1]
    Vt, Xty = smaller_gram(team, threads, X, Y)
    mu, found = eigenvectors(Vt)
    p, lowest = mu.size, smallest(lams, ex, X.itemsize)
    of_Z, of_squares = np.empty((p, L), X.dtype), np.empty((p, L), X.dtype)
    if not (found and mu[0] + lowest > share(X) * (mu[p - 1] + lowest)):
        return Vt, of_Z, of_squares, False
    b = product(Vt, False, Xty, True)
    for a in range(L):
        lam, _ = lam_in_range(lams[a], ex, X.itemsize)
        unit = 1.0 if tall else np.float64(mu[p - 1]) + lam
        for j in range(p):
            of_squares[j, a] = unit / (mu[j] + lam)
            of_Z[j, a] = b[j, 0] * (unit / (mu[j] + lam))
    return Vt, of_Z, of_squares, True


@jit
def _by_eigenvectors(
    team: Team, threads: int, X: Array, Y: Array, Vt: Array, of_Z: Array, of_squares: Array, ey: int
) -> tuple[Array, bool]:
    """(The values, whether no leverage is too large)."""
    n, L, found = X.shape[0], of_Z.shape[1], True
    pieces, out = min((n + ROWS - 1) // ROWS, 1024), np.zeros(L, X.dtype)
    totals = np.zeros((pieces, L))  # NaN where a leverage is too large
    in_chunks(team, threads, pieces, _errors_of_rows, (X, Y, Vt, of_Z, of_squares, totals))
    for a in range(L):
        total = 0.0
        for c in range(pieces):
            total += totals[c, a]
        found &= not math.isnan(total)
        out[a] = math.ldexp(total / n, 2 * ey)
    return out, found


@jit
def _errors_of_rows(c: int, shared: tuple[Array, Array, Array, Array, Array, Array]) -> None:
    """The sum of the squares of their errors, at each λ."""
    X, Y, Vt, of_Z, of_squares, totals = shared
    (n, d), (pieces, L), p = X.shape, totals.shape, Vt.shape[0]
    blocks, tall = (n + ROWS - 1) // ROWS, n > d
    for start in range(c * blocks // pieces * ROWS, (c + 1) * blocks // pieces * ROWS, ROWS):
        m = min(ROWS, n - start)
        Z = product(X[start : start + m], False, Vt, True) if tall else transposed(Vt[:, start : start + m])
        above = product(Z, False, of_Z, False)
        for i in range(m):
            for j in range(p):
                Z[i, j] *= Z[i, j]
        below = product(Z, False, of_squares, False)
        for i in range(m):
            for a in range(L):
                if tall:
                    above[i, a] = Y[start + i, 0] - above[i, a]
                    below[i, a] = 1 - below[i, a]
                    if not below[i, a] > LEFT:
                        totals[c, a] = math.nan
                totals[c, a] += (np.float64(above[i, a]) / below[i, a]) ** 2


@jit
def weights(s: Array, lams: Array, e: int, rank: int, n: int) -> Array:
    """(r, L): what each λ removes of each direction."""
    g = np.empty((s.size, lams.size), s.dtype)
    for a in range(lams.size):
        lam, _ = lam_in_range(lams[a], e, s.itemsize)
        for i in range(s.size):
            g[i, a] = weight(s, i, lam, rank, n)
    return g


@jit
def outside(U: Array, Y: Array) -> tuple[Array, Array]:
    """(I − UUᵀ)y and the diagonal of I − UUᵀ, both zero where U is square.

    1 − ‖uᵢ‖² cancels for a leverage ‖uᵢ‖² close to 1. There, and that can be at most 2d samples, the diagonal is the
    squared length of (I − UUᵀ)eᵢ, and the residual the product of that with y.
    """
    n, r = U.shape
    residual, diagonal = np.zeros(n, U.dtype), np.zeros(n, U.dtype)
    if r == n:
        return residual, diagonal
    outside = _projected(U, _projected(U, Y))
    basis = np.zeros((n, 1), U.dtype)
    for i in range(n):
        leverage = 0.0
        for j in range(r):
            leverage += np.float64(U[i, j]) ** 2
        residual[i], diagonal[i] = outside[i, 0], 1 - leverage
        if leverage > 0.5:
            basis[i, 0] = 1
            p = _projected(U, _projected(U, basis))
            basis[i, 0] = 0
            length, along = 0.0, 0.0
            for m in range(n):
                length += np.float64(p[m, 0]) ** 2
                along += np.float64(p[m, 0]) * np.float64(Y[m, 0])
            residual[i], diagonal[i] = along, length
    return residual, diagonal


@jit
def _projected(U: Array, Y: Array) -> Array:
    """(I − UUᵀ)Y."""
    P = product(U, False, product(U, True, Y, False), False)
    for i in range(P.shape[0]):
        for j in range(P.shape[1]):
            P[i, j] = Y[i, j] - P[i, j]
    return P
