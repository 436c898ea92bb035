"""Cholesky of the smaller Gram matrix, its solution refined by residuals taken from X: as accurate as QR, and faster.

XᵀX has the square of X's condition, so a plain Cholesky solve loses twice the digits. One pass of iterative refinement
with the residual taken from X, not from XᵀX, wins them back as long as κ(XᵀX + λI) is well below 1/u: this is the
corrected seminormal equations, as accurate as QR there (Björck, "Stability analysis of the method of seminormal
equations", 1987). Scaling the Gram matrix to a unit diagonal first makes that condition nearly the best that any
scaling of the features could give (van der Sluis 1969; Higham 2002, theorem 7.5).
"""

import math

import numpy as np

from .equations import dual_shortfall, gram_in_pieces, kernel_in_pieces, shortfall
from .jit import jit, jit_inlined, jit_linked
from .lapack import call
from .linalg import cholesky, cholesky_solve, product, reciprocal_condition, transposed
from .parallel import Team
from .validation import Array

# Where the condition, times how far apart the scales are, is below this, a plain Cholesky solve loses at most half a
# digit to an orthogonal method: it has the unknowns in those scales to so many digits, relative to the norm of all.
_GOOD = 10.0
# Above this share of 1/u refinement converges too slowly to be sure of it.
HOPELESS = 1e-3


@jit_inlined
def refined_cholesky(team: Team, threads: int, X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    """(Wᵀ, whether it is as accurate as an orthogonal method's), for data in range and λ > 0."""
    if X.shape[0] >= X.shape[1]:
        G, unknown = gram_in_pieces(team, threads, X, Y, 1.0, lam, X)
    else:
        # The unknowns are w itself when X is tall, and the dual α with w = Xᵀα when it is wide.
        G, unknown = kernel_in_pieces(team, threads, X, lam), transposed(Y)
    scale, condition = equilibrated_cholesky(G)
    return refined(team, threads, X, Y, lam, G, scale, condition, unknown)


@jit_inlined
def refined_full_rank(team: Team, threads: int, X: Array, Y: Array, rcond: float) -> tuple[Array, bool]:
    """(Wᵀ, whether it is as accurate as an orthogonal method's and every σ > rcond · σ_max for sure), λ = 0, X tall."""
    (G, unknown), squares = gram_in_pieces(team, threads, X, Y, 1.0, 0.0, X), 0.0
    for j in range(G.shape[0]):
        squares += float(G[j, j])
    scale, condition = equilibrated_cholesky(G)
    if not (condition < np.inf and full_rank(G, scale, squares, X.shape[0], rcond)):
        return np.empty((Y.shape[1], X.shape[1]), X.dtype), False
    return refined(team, threads, X, Y, 0.0, G, scale, condition, unknown)


@jit_inlined
def full_rank(L: Array, scale: Array, squares: float, m: int, rcond: float) -> bool:
    """Whether every singular value exceeds rcond · σ_max for sure, of the X of m rows with DXᵀXD = LLᵀ; n³/3 flops.

    σ_max² ≤ tr XᵀX = `squares`, and 1/σ_min² = ‖(XᵀX)⁻¹‖ ≤ 2‖L⁻¹D‖_F² if ‖L⁻¹ E L⁻ᵀ‖ ≤ ½, with E what rounding has
    added: at most (m + 2n + 2) u |D||X|ᵀ|X||D| in norm, below that times tr DXᵀXD ≤ 2n (Higham 2002, §3.5 and theorem
    10.3). The last factor of two is for the rounding of L⁻¹.
    """
    n = L.shape[0]
    inverse, info = np.zeros((n, n), L.dtype), np.zeros(1, np.int32)
    for i in range(n):
        for j in range(i, n):
            inverse[i, j] = L[i, j]
    call("trtri", ("L", "N", n, inverse, n, info))
    scaled, unscaled = 0.0, 0.0
    for i in range(n):
        for j in range(i, n):
            entry = float(inverse[i, j])
            scaled += entry**2
            unscaled += (entry * float(scale[i])) ** 2
    rounding = (m + 2 * n + 2) * np.finfo(L.dtype).eps * 2 * n
    return info[0] == 0 and 2 * scaled * rounding < 1 and 4 * unscaled * squares * rcond**2 < 1


@jit
def refined(
    team: Team, threads: int, X: Array, Y: Array, lam: float, L: Array, scale: Array, condition: float, unknown: Array
) -> tuple[Array, bool]:
    """(Wᵀ, whether it is as accurate as an orthogonal method's), by D and the factor of DGD, of this condition.

    `unknown` comes in as the right-hand sides and is overwritten.
    """
    tall = X.shape[0] >= X.shape[1]
    largest, smallest = scale[0], scale[0]
    for i in range(scale.size):
        largest, smallest = max(largest, scale[i]), min(smallest, scale[i])
    good = condition * (largest / smallest) < _GOOD
    eps = np.finfo(X.dtype).eps
    if not condition < HOPELESS / eps:
        return np.empty((Y.shape[1], X.shape[1]), X.dtype), False
    scaled_solve(L, scale, unknown)
    if good:
        return unknown if tall else product(unknown, False, X, False), True
    size, Wt, lack = 0.0, unknown, unknown
    if not tall:
        Wt, lack = dual_shortfall(team, threads, X, Y, unknown, lam)
    for _ in range(6):
        before = size
        if tall:
            lack = shortfall(team, threads, X, Y, Wt, lam)
        scaled_solve(L, scale, lack)
        add(lack, unknown)
        if tall:
            size = relative_size(lack, Wt)
        else:
            last = Wt
            Wt, lack = dual_shortfall(team, threads, X, Y, unknown, lam)
            size = relative_change(Wt, last)
        if size <= 4 * eps or (before > 0 and size > 0.25 * before):
            break  # as good as it gets
    return Wt, size < HOPELESS


@jit_linked
def add(step: Array, unknown: Array) -> None:
    """Add step to unknown, in place."""
    for t in range(step.shape[0]):
        for i in range(step.shape[1]):
            unknown[t, i] += step[t, i]


@jit_linked
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


@jit_linked
def relative_change(Wt: Array, before: Array) -> float:
    """The largest change of a target's solution, relative to that solution, in the norm of the largest entry."""
    worst = 0.0
    for t in range(Wt.shape[0]):
        size, moved = 0.0, 0.0
        for j in range(Wt.shape[1]):
            size = max(size, abs(np.float64(Wt[t, j])))
            moved = max(moved, abs(np.float64(Wt[t, j]) - np.float64(before[t, j])))
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


@jit_linked
def scale_columns(Bt: Array, scale: Array) -> None:
    """Overwrite Bt with Bt D."""
    for t in range(Bt.shape[0]):
        for i in range(Bt.shape[1]):
            Bt[t, i] *= scale[i]
