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
    gram,
    kernel_matrix,
    product,
    reciprocal_condition,
    transposed,
)
from .._front import Array, not_negative
from .._jit import jit
from .._range import in_range, times_power_of_two
from ..least_squares import lstsq
from ._problem import as_target, checked, columns, empty_answer
from .svd import ridge_svd

# Where the condition, times how far apart the scales are, is below this, a plain Cholesky solve loses at most one digit
# to an orthogonal method: it has the unknowns in those scales to so many digits, relative to the norm of them all.
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
    if lam == 0:
        return lstsq(X, y)
    Wt, good = refined_cholesky(X, columns(y), lam)
    return as_target(Wt, y) if good else ridge_svd(X, y, lam)


@jit
def refined_cholesky(X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    """(Wᵀ, whether it is as accurate as an orthogonal method's), for data of any finite size and λ > 0."""
    X, Y, lam, e = in_range(X, Y, lam)
    tall = X.shape[0] >= X.shape[1]
    G = gram(X, lam) if tall else kernel_matrix(X, lam)
    scale, condition = equilibrated_cholesky(G)
    good = condition * (np.max(scale) / np.min(scale)) < _GOOD
    eps = np.finfo(X.dtype).eps
    if not condition < _HOPELESS / eps:
        return np.empty((Y.shape[1], X.shape[1]), X.dtype), False
    # The unknowns are w itself when X is tall, and the dual α with w = Xᵀα when it is wide.
    unknown = product(Y, True, X, False) if tall else transposed(Y)
    scaled_solve(G, scale, unknown)
    Wt = unknown if tall else product(unknown, False, X, False)
    size = 0.0
    for _ in range(0 if good else 6):
        before = size
        step = shortfall(X, Y, Wt, unknown, lam, tall)
        scaled_solve(G, scale, step)
        change = step if tall else product(step, False, X, False)
        size = relative_size(change, Wt)
        add(step, unknown)
        if not tall:
            Wt = product(unknown, False, X, False)
        if size <= 4 * eps or (before > 0 and size > 0.25 * before):
            break  # as good as it gets
    return (times_power_of_two(Wt, e) if e != 0 else Wt), size < _HOPELESS


@jit
def shortfall(X: Array, Y: Array, Wt: Array, unknown: Array, lam: float, tall: bool) -> Array:
    """What the equations still lack, one target a row: Xᵀ(y − Xw) − λw, or y − Xw − λα."""
    Rt = product(Wt, False, X, True)
    for t in range(Rt.shape[0]):
        for i in range(Rt.shape[1]):
            Rt[t, i] = Y[i, t] - Rt[t, i]
    if tall:
        Rt = product(Rt, False, X, False)
    for t in range(Rt.shape[0]):
        for i in range(Rt.shape[1]):
            Rt[t, i] -= lam * unknown[t, i]
    return Rt


@jit
def add(step: Array, unknown: Array) -> None:
    """Add step to unknown, in place."""
    for t in range(step.shape[0]):
        for i in range(step.shape[1]):
            unknown[t, i] += step[t, i]


@jit
def relative_size(change: Array, Wt: Array) -> float:
    """The largest change of a target's solution, relative to that solution, in the norm of the largest entry."""
    worst = 0.0
    for t in range(Wt.shape[0]):
        size, moved = 0.0, 0.0
        for j in range(Wt.shape[1]):
            size = max(size, abs(np.float64(Wt[t, j])))
            moved = max(moved, abs(np.float64(change[t, j])))
        if moved > 0:
            worst = max(worst, moved / size)
    return worst


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
    norm = 0.0
    for i in range(d):
        norm = max(norm, np.float64(sums[i]))
    if not cholesky(G):
        return scale, np.inf
    rcond = reciprocal_condition(G, norm)
    return scale, 1 / rcond if rcond > 0 else np.inf


@jit
def scaled_solve(L: Array, scale: Array, Bt: Array) -> None:
    """Overwrite the rows of Bt with D(LLᵀ)⁻¹D b."""
    scale_columns(Bt, scale)
    cholesky_solve(L, Bt)
    scale_columns(Bt, scale)


@jit
def scale_columns(Bt: Array, scale: Array) -> None:
    """Overwrite Bt with Bt D."""
    for t in range(Bt.shape[0]):
        for i in range(Bt.shape[1]):
            Bt[t, i] *= scale[i]
