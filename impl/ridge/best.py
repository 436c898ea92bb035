"""The best form for the shape at hand: Cholesky of the smaller Gram matrix, refined; the SVD where that is not enough.

XᵀX has the square of X's condition, so a plain Cholesky solve loses twice the digits. One pass of iterative refinement
with the residual taken from X, not from XᵀX, wins them back as long as κ(XᵀX + λI) is well below 1/u: this is the
corrected seminormal equations, as accurate as QR there (Björck, "Stability analysis of the method of seminormal
equations", 1987). Scaling the Gram matrix to a unit diagonal first makes that condition nearly the best that any
scaling of the features could give (van der Sluis 1969; Higham 2002, theorem 7.5).
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from .._factor import (
    cholesky,
    cholesky_solve,
    default_rcond,
    gram,
    kernel_matrix,
    least_squares,
    reciprocal_condition,
)
from .._front import Array, not_negative
from .._jit import jit
from .._range import in_range, times_power_of_two
from . import svd
from ._problem import as_target, checked, columns, empty_answer

# Below this condition a plain Cholesky solve loses no more than one digit to an orthogonal method.
_GOOD = 100.0
# Above this share of 1/u refinement converges too slowly to be sure of it.
_HOPELESS = 1e-3


def ridge(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Array:
    r"""w = argmin ‖y − Xw‖² + λ‖w‖², by the best form for the shape at hand; at λ = 0 the limit, ``lstsq(X, y)``.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,) or (n, k)
        One target or k of them.
    lam
        λ ≥ 0.

    Returns
    -------
    (d,) or (d, k)
        One solution for each target.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or λ is negative.

    Notes
    -----
    With p = min(n, d) and q = max(n, d): qp² + p³/3 flops, and 8nd more for each refinement, of which there are none
    for a well-conditioned problem, mostly one or two else; the SVD's cost where that cannot work. Björck (1987), as in
    the module's text.
    """
    lam = not_negative("lam", lam)
    X, y = checked(X, y)
    if X.size == 0 or y.size == 0:
        return empty_answer(X, y)
    return as_target(solve(X, columns(y), lam), y)


@jit
def solve(X: Array, Y: Array, lam: float) -> Array:
    """Wᵀ, one target a row, for data of any finite size and λ ≥ 0."""
    X, Y, lam, e = in_range(X, Y, lam)
    if lam == 0:
        Wt = least_squares(X, Y, default_rcond(X.shape[0], X.shape[1], X))[0]
    else:
        Wt = solve_in_range(X, Y, lam)
    return times_power_of_two(Wt, e) if e != 0 else Wt


@jit
def solve_in_range(X: Array, Y: Array, lam: float) -> Array:
    """Wᵀ for data in range and λ > 0."""
    tall = X.shape[0] >= X.shape[1]
    G = gram(X, lam) if tall else kernel_matrix(X, lam)
    scale, condition = equilibrated_cholesky(G)
    if not condition < _HOPELESS / np.finfo(X.dtype).eps:
        return svd.solve(X, Y, lam)[0]
    Yt = Y.T.copy()
    dual = Yt @ X if tall else Yt.copy()
    scaled_solve(G, scale, dual)
    Wt = dual if tall else dual @ X
    if condition < _GOOD:
        return Wt
    weight = X.dtype.type(lam)
    smallest = np.inf
    for _ in range(6):
        R = Yt - Wt @ X.T
        step = R @ X - weight * Wt if tall else R - weight * dual
        scaled_solve(G, scale, step)
        dual = dual + step
        change = step if tall else step @ X
        Wt = dual if tall else dual @ X
        size = relative_change(change, Wt)
        if size <= 4 * np.finfo(X.dtype).eps or size > 0.25 * smallest:
            break  # as good as it gets
        smallest = size
    return Wt if size < _HOPELESS else svd.solve(X, Y, lam)[0]


@jit
def equilibrated_cholesky(G: Array) -> tuple[Array, float]:
    """Overwrite G with the factor of DGD, and return (D, κ₁(DGD)); κ is inf where there is no factor.

    D holds powers of two, so nothing is rounded, that bring the diagonal to between ½ and 2.
    """
    d = G.shape[0]
    scale, sums = np.empty(d, G.dtype), np.zeros(d, G.dtype)
    for i in range(d):
        if not G[i, i] > 0:
            return scale, np.inf
        scale[i] = math.ldexp(1.0, -(math.frexp(np.float64(G[i, i]))[1] // 2))
    for i in range(d):
        for j in range(i, d):
            G[i, j] *= scale[i] * scale[j]
            sums[j] += abs(G[i, j])
        for j in range(i + 1, d):
            sums[i] += abs(G[i, j])
    if not cholesky(G):
        return scale, np.inf
    rcond = reciprocal_condition(G, sums.max())
    return scale, 1 / rcond if rcond > 0 else np.inf


@jit
def scaled_solve(L: Array, scale: Array, Bt: Array) -> None:
    """Overwrite the rows of Bt with D(LLᵀ)⁻¹D b."""
    Bt *= scale
    cholesky_solve(L, Bt)
    Bt *= scale


@jit
def relative_change(change: Array, Wt: Array) -> float:
    """The largest change of a target's solution, relative to that solution, in the norm of its largest entry."""
    worst = 0.0
    for j in range(Wt.shape[0]):
        size = np.float64(np.abs(Wt[j]).max())
        moved = np.float64(np.abs(change[j]).max())
        if moved > 0:
            worst = max(worst, moved / size) if size > 0 else np.inf
    return worst
