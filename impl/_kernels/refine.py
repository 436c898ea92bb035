"""Cholesky of the smaller Gram matrix, its solution refined by residuals taken from X: as accurate as QR, and faster.

XᵀX has the square of X's condition, so a plain Cholesky solve loses twice the digits. One pass of iterative refinement
with the residual taken from X, not from XᵀX, wins them back as long as κ(XᵀX + λI) is well below 1/u: this is the
corrected seminormal equations, as accurate as QR there (Björck, "Stability analysis of the method of seminormal
equations", 1987). Scaling the Gram matrix to a unit diagonal first makes that condition nearly the best that any
scaling of the features could give (van der Sluis 1969; Higham 2002, theorem 7.5).
"""

import math

import numpy as np

from .equations import dual_shortfall, gram_in_pieces, kernel_in_pieces, roundings, shortfall
from .jit import jit, jit_inlined, jit_linked, jit_sums
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
    G, unknown = normal_equations(team, threads, X, Y, lam)
    scale, condition = equilibrated_cholesky(G)
    if not condition < HOPELESS / np.finfo(X.dtype).eps:
        return np.empty((Y.shape[1], X.shape[1]), X.dtype), False
    largest, smallest = scale[0], scale[0]
    for i in range(scale.size):
        largest, smallest = max(largest, scale[i]), min(smallest, scale[i])
    return refined(team, threads, X, Y, lam, G, scale, condition * (largest / smallest) < _GOOD, unknown)


@jit_inlined
def refined_full_rank(team: Team, threads: int, X: Array, Y: Array, rcond: float) -> tuple[Array, bool]:
    """(Wᵀ, whether it is as accurate as an orthogonal method's and every σ > rcond · σ_max for sure), λ = 0."""
    G, unknown = normal_equations(team, threads, X, Y, 0.0)
    squares = trace(G)
    scale, norm = to_unit_diagonal(G)
    if not (norm < np.inf and full_rank(G, scale, squares, roundings(*X.shape, threads), rcond) and cholesky(G)):
        return np.empty((Y.shape[1], X.shape[1]), X.dtype), False
    return refined(team, threads, X, Y, 0.0, G, scale, False, unknown)


@jit_inlined
def normal_equations(team: Team, threads: int, X: Array, Y: Array, lam: float) -> tuple[Array, Array]:
    """The smaller Gram matrix + λI, and the right-hand sides: of w itself when X is tall, of the dual α when wide."""
    if X.shape[0] >= X.shape[1]:
        G, unknown = gram_in_pieces(team, threads, X, Y, 1.0, lam, X)
    else:
        G, unknown = kernel_in_pieces(team, threads, X, lam), transposed(Y)
    return G, unknown


@jit_linked
def trace(G: Array) -> float:
    """Σ Gⱼⱼ."""
    total = 0.0
    for j in range(G.shape[0]):
        total += float(G[j, j])
    return total


@jit
def full_rank(A: Array, scale: Array, squares: float, terms: int, rcond: float) -> bool:
    """Whether every singular value exceeds rcond · σ_max for sure, of X with DXᵀXD = A, or DXXᵀD; n³/3 flops.

    That is where D(XᵀX − rcond² σ_max² I)D is positive definite, σ_max² ≤ tr XᵀX = `squares`; and so it is where
    Cholesky's method comes to its end on A less whatever rounding may have added: k u tr A in the sums of `terms`, k,
    roundings and (n + 1) u tr A in the factor (Higham 2002, §3.1 and theorem 10.3; Rump 2006, "Verification of positive
    definiteness"). Six times as much is taken off: so a factor of A itself multiplies an error by a quarter at most.
    Of a D this small no number that counts has vanished below the range.
    """
    n, eps, tiny = A.shape[0], float(np.finfo(A.dtype).eps), float(np.finfo(A.dtype).tiny)
    less, lowered = 3 * eps * (terms + n + 8) * trace(A), A.copy()
    if not less < np.inf:
        return False
    for j in range(n):
        square = float(scale[j]) ** 2
        if not square * tiny < eps**2:
            return False
        lowered[j, j] -= less + 2 * rcond**2 * squares * square
    return cholesky(lowered)


@jit
def refined(
    team: Team, threads: int, X: Array, Y: Array, lam: float, L: Array, scale: Array, good: bool, unknown: Array
) -> tuple[Array, bool]:
    """(Wᵀ, whether it is as accurate as an orthogonal method's), by D and the factor of DGD, which may be good alone.

    `unknown` comes in as the right-hand sides and is overwritten.
    """
    tall, eps = X.shape[0] >= X.shape[1], np.finfo(X.dtype).eps
    scaled_solve(L, scale, unknown)
    if good:
        return unknown if tall else product(unknown, False, X, False), True
    size, next_size, Wt, lack = 1.0, 1.0, unknown, unknown
    if not tall:
        Wt, lack = dual_shortfall(team, threads, X, Y, unknown, lam)
    for _ in range(30):  # each at most a quarter of the one before
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
        next_size = size * (size / before)  # if the next step is to this one as this one is to the last
        if next_size <= eps or size > 0.25 * before:
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
    """Overwrite G with the factor of DGD, and return (D, κ₁(DGD)); κ is inf where there is no factor."""
    scale, norm = to_unit_diagonal(G)
    return scale, factored(G, norm)


@jit_linked
def factored(A: Array, norm: float) -> float:
    """Overwrite A, of this 1-norm, with its factor, and return κ₁(A); inf where there is none."""
    if not (norm < np.inf and cholesky(A)):
        return np.inf
    rcond = reciprocal_condition(A, norm)
    return 1 / rcond if rcond > 0 else np.inf


@jit_sums
def to_unit_diagonal(G: Array) -> tuple[Array, float]:
    """Overwrite G with DGD, and return (D, ‖DGD‖₁); the norm is inf where its diagonal is not positive.

    D holds powers of two, so nothing is rounded, that bring the diagonal to between ½ and 2.
    """
    d = G.shape[0]
    scale, sums = np.empty(d, G.dtype), np.zeros(d, G.dtype)
    for i in range(d):
        if not G[i, i] > 0:
            return scale, np.inf
        scale[i] = math.ldexp(1.0, -(math.frexp(np.float64(G[i, i]))[1] // 2))
    for i in range(d):
        row, of_row, unit = G[i], G.dtype.type(0), scale[i]
        for j in range(i, d):
            row[j] *= unit * scale[j]
        for j in range(i + 1, d):
            sums[j] += abs(row[j])
            of_row += abs(row[j])
        sums[i] += of_row + row[i]
    norm = 0.0
    for i in range(d):
        norm = max(norm, np.float64(sums[i]))
    return scale, norm


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
