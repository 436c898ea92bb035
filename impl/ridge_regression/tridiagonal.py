"""One reduction for every λ: the smaller Gram matrix as P T Pᵀ with T tridiagonal, or as V diag(μ) Vᵀ.

(P T Pᵀ + λI)⁻¹ = P (T + λI)⁻¹ Pᵀ, so that a λ costs as many flops as T has rows, and a third of the eigenvectors' time
is enough. Like any method that forms XᵀX it has the square of X's condition: it is used where that, for the smallest λ
of all, is below 30, and below 10 in float32. So it is off by no more than LAPACK's SVD may be, which drops what is
below u^(-1/8) roundings, 98 of them in float64 and 10 in float32 (xBDSQR). There every σ counts at λ = 0.
"""

import numpy as np

from .._kernels.equations import gram_in_pieces, kernel_in_pieces
from .._kernels.jit import jit, jit_inlined, jit_linked
from .._kernels.lapack import call
from .._kernels.linalg import default_rcond, transposed
from .._kernels.parallel import Team
from .._kernels.scaling import lam_in_range
from .._kernels.validation import Array


@jit_inlined
def smaller_gram(team: Team, threads: int, X: Array, Y: Array) -> tuple[Array, Array]:
    """(XᵀX, YᵀX), or (XXᵀ, Yᵀ) where that is no larger: of the matrix the upper triangle. LAPACK sees the lower one."""
    if X.shape[0] > X.shape[1]:
        G, Bt = gram_in_pieces(team, threads, X, Y, 1.0, 0.0, X)
    else:
        G, Bt = kernel_in_pieces(team, threads, X, 0.0), transposed(Y)
    return G, Bt


@jit
def tridiagonal(G: Array) -> tuple[Array, Array, Array]:
    """The diagonal of T, what is beside it, and the factors of the reflectors P with which G is overwritten."""
    p = G.shape[0]
    diagonal, beside, tau = np.empty(p, G.dtype), np.empty(p, G.dtype), np.empty(p, G.dtype)
    info, size = np.zeros(1, np.int32), np.empty(1, G.dtype)
    call("sytrd", ("L", p, G, p, diagonal, beside, tau, size, -1, info))
    work = np.empty(int(size[0]) + 1, G.dtype)
    call("sytrd", ("L", p, G, p, diagonal, beside, tau, work, work.size, info))
    return diagonal, beside[: p - 1], tau


@jit
def times_P(G: Array, tau: Array, Bt: Array, transpose: bool) -> None:
    """Overwrite the rows b of Bt with Pb, or with Pᵀb, for the P of `tridiagonal`."""
    k, p = Bt.shape
    op = np.uint8(ord("T")) if transpose else np.uint8(ord("N"))
    info, size = np.zeros(1, np.int32), np.empty(1, G.dtype)
    call("ormtr", ("L", "L", op, p, k, G, p, tau, Bt, p, size, -1, info))
    work = np.empty(int(size[0]) + 1, G.dtype)
    call("ormtr", ("L", "L", op, p, k, G, p, tau, Bt, p, work, work.size, info))


@jit
def eigenvalues(diagonal: Array, beside: Array) -> tuple[Array, bool]:
    """(μ₁ ≤ μ₂ ≤ … of T, none of them negative; whether they were found)."""
    mu, rest, info = diagonal.copy(), beside.copy(), np.zeros(1, np.int32)
    call("sterf", (mu.size, mu, rest, info))
    return not_negative(mu), info[0] == 0


@jit_inlined
def eigenvectors(G: Array) -> tuple[Array, bool]:
    """(μ₁ ≤ μ₂ ≤ …, whether they were found), and G is overwritten with Vᵀ."""
    p = G.shape[0]
    mu, info = np.empty(p, G.dtype), np.zeros(1, np.int32)
    size, integer_size = np.empty(1, G.dtype), np.empty(1, np.int32)
    call("syevd", ("V", "L", p, G, p, mu, size, -1, integer_size, -1, info))
    work, integers = np.empty(int(size[0]) + 1, G.dtype), np.empty(integer_size[0], np.int32)
    call("syevd", ("V", "L", p, G, p, mu, work, work.size, integers, integers.size, info))
    return not_negative(mu), info[0] == 0


@jit_inlined
def not_negative(mu: Array) -> Array:
    """The same, with what rounding has put below 0 at 0."""
    for i in range(mu.size):
        if mu[i] < 0:
            mu[i] = 0
    return mu


@jit_linked
def smallest(lams: Array, e: int, itemsize: int) -> float:
    """The smallest λ, for the matrix X · 2^-e."""
    return lam_in_range(lams.min(), e, itemsize)[0]


@jit_linked
def share(X: Array) -> float:
    """What μ_min + λ has to be of μ_max + λ: so much that no more is lost than by the SVD, and μ_min counts at 0."""
    return max(1 / 30 if X.itemsize == 8 else 1 / 10, (2 * default_rcond(X.shape[0], X.shape[1], X)) ** 2)


@jit
def well_conditioned(diagonal: Array, beside: Array, lam: float, least: float) -> bool:
    """Whether μ + λ > `least` · (‖T‖ + λ) for all μ: by Sturm, the pivots of the difference are positive.

    Not for T = 0, where beside a tiny λ the dual y/λ is past the range and the solution 0 is not.
    """
    p, norm, pivot = diagonal.size, 0.0, 1.0
    for i in range(p):
        before = abs(np.float64(beside[i - 1])) if i > 0 else 0.0
        after = abs(np.float64(beside[i])) if i < p - 1 else 0.0
        norm = max(norm, abs(np.float64(diagonal[i])) + before + after)
    if norm == 0:
        return False
    shift = lam - least * (norm + lam)
    for i in range(p):
        pivot = diagonal[i] + shift - (np.float64(beside[i - 1]) ** 2 / pivot if i > 0 else 0.0)
        if not pivot > 0:
            return False
    return True


@jit
def solve(diagonal: Array, beside: Array, lam: float, b: Array) -> Array:
    """(T + λI)⁻¹b in float64, by LDLᵀ."""
    p = diagonal.size
    z, ratio, pivot = np.empty(p), np.empty(p), 0.0
    for i in range(p):
        pivot, z[i] = diagonal[i] + lam, b[i]
        if i > 0:
            pivot -= ratio[i - 1] * beside[i - 1]
            z[i] -= z[i - 1] * beside[i - 1]
        ratio[i] = beside[i] / pivot if i < p - 1 else 0.0
        z[i] /= pivot
    for i in range(p - 2, -1, -1):
        z[i] -= ratio[i] * z[i + 1]
    return z
