"""The factorisations that the formulas name, for C-contiguous matrices without empty sides, in compiled code.

LAPACK stores matrices by columns. A C-contiguous matrix handed over as it lies is its own transpose there, so each
function says which matrix LAPACK sees. Right-hand sides and solutions are kept transposed, one target a row: that is
LAPACK's layout of a matrix with one target a column.
"""

import math

import numpy as np

from .jit import jit, jit_inlined, jit_linked
from .lapack import call
from .validation import Array

# From so many columns on LAPACK takes reflectors together.
_BLOCKED = 32


@jit
def transposed(X: Array) -> Array:
    """Xᵀ as a C-contiguous copy, in blocks that stay in the cache."""
    n, d = X.shape
    Xt = np.empty((d, n), X.dtype)
    block = 32
    for i0 in range(0, n, block):
        for j0 in range(0, d, block):
            for j in range(j0, min(j0 + block, d)):
                for i in range(i0, min(i0 + block, n)):
                    Xt[j, i] = X[i, j]
    return Xt


@jit
def product(A: Array, transpose_A: bool, B: Array, transpose_B: bool) -> Array:
    """AB, with either of them transposed; 2mnk flops. LAPACK sees the transposes, so it multiplies BᵀAᵀ.

    One function for every product, because each place where NumPy's `@` is compiled costs a second of compile time.
    """
    m, k = (A.shape[1], A.shape[0]) if transpose_A else A.shape
    n = B.shape[0] if transpose_B else B.shape[1]
    C = np.empty((m, n), A.dtype)
    no, yes = np.uint8(ord("N")), np.uint8(ord("T"))
    if n == 1:
        call("gemv", (no if transpose_A else yes, A.shape[1], A.shape[0], 1.0, A, A.shape[1], B, 1, 0.0, C, 1))
    elif m == 1:
        call("gemv", (yes if transpose_B else no, B.shape[1], B.shape[0], 1.0, B, B.shape[1], A, 1, 0.0, C, 1))
    else:
        of_A, of_B = yes if transpose_A else no, yes if transpose_B else no
        call("gemm", (of_B, of_A, n, m, k, 1.0, B, B.shape[1], A, A.shape[1], 0.0, C, n))
    return C


@jit
def gram(X: Array, lam: float) -> Array:
    """XᵀX + λI, its upper triangle. LAPACK sees the lower one. nd² flops."""
    n, d = X.shape
    G = np.empty((d, d), X.dtype)
    call("syrk", ("L", "N", d, n, 1.0, X, d, 0.0, G, d))
    for j in range(d):
        G[j, j] += lam
    return G


@jit
def kernel_matrix(X: Array, lam: float) -> Array:
    """XXᵀ + λI, its upper triangle. LAPACK sees the lower one. dn² flops."""
    n, d = X.shape
    K = np.empty((n, n), X.dtype)
    call("syrk", ("L", "T", n, d, 1.0, X, d, 0.0, K, n))
    for i in range(n):
        K[i, i] += lam
    return K


@jit
def cholesky(G: Array) -> bool:
    """Overwrite the upper triangle of G with Lᵀ, G = LLᵀ; False when G is not numerically positive definite."""
    d = G.shape[0]
    info = np.zeros(1, np.int32)
    call("potrf", ("L", d, G, d, info))
    return info[0] == 0


@jit
def cholesky_solve(L: Array, Bt: Array) -> None:
    """Overwrite the rows of Bt with the solutions of LLᵀ x = b."""
    k, d = Bt.shape
    info = np.zeros(1, np.int32)
    call("potrs", ("L", d, k, L, d, Bt, d, info))


@jit
def svd(X: Array) -> tuple[Array, Array, Array]:
    """The thin X = U diag(s) Vt, by divide and conquer; by QR iteration where that does not converge."""
    if X.shape[0] > X.shape[1]:  # LAPACK is faster on tall matrices: their QR is, compared to the LQ of wide ones
        V, s, Ut = svd_of_wide(transposed(X))
        return transposed(Ut), s, transposed(V)
    return svd_of_wide(X)


@jit
def svd_of_wide(X: Array) -> tuple[Array, Array, Array]:
    """The thin X = U diag(s) Vt of a wide or square X.

    LAPACK sees Xᵀ = V diag(s) Uᵀ, and its V by columns is our Vt by rows.
    """
    n, d = X.shape
    r = min(n, d)
    A = X.copy()
    U, s, Vt = np.empty((n, r), A.dtype), np.empty(r, A.dtype), np.empty((r, d), A.dtype)
    info, size = np.zeros(1, np.int32), np.empty(1, A.dtype)
    integers = np.empty(8 * r, np.int32)
    call("gesdd", ("S", d, n, A, d, s, Vt, d, U, r, size, -1, integers, info))
    work = np.empty(int(size[0]) + 1, A.dtype)
    call("gesdd", ("S", d, n, A, d, s, Vt, d, U, r, work, work.size, integers, info))
    if info[0] != 0:
        A = X.copy()
        call("gesvd", ("S", "S", d, n, A, d, s, Vt, d, U, r, size, -1, info))
        work = np.empty(int(size[0]) + 1, A.dtype)
        call("gesvd", ("S", "S", d, n, A, d, s, Vt, d, U, r, work, work.size, info))
    return U, s, Vt


@jit
def singular_values(X: Array) -> Array:
    """σ₁ ≥ σ₂ ≥ … of X."""
    A = transposed(X) if X.shape[0] > X.shape[1] else X.copy()
    n, d = A.shape
    s, nothing = np.empty(min(n, d), X.dtype), np.empty(1, X.dtype)
    info, size = np.zeros(1, np.int32), np.empty(1, X.dtype)
    call("gesvd", ("N", "N", d, n, A, d, s, nothing, 1, nothing, 1, size, -1, info))
    work = np.empty(int(size[0]) + 1, X.dtype)
    call("gesvd", ("N", "N", d, n, A, d, s, nothing, 1, nothing, 1, work, work.size, info))
    return s


@jit
def qr(At: Array) -> Array:
    """A = QR for the tall A whose transpose is At: overwrites At with Rᵀ and the reflectors, returns T.

    Q is a product of I − VTVᵀ, each of some reflectors, which LAPACK finds by halves (Elmroth and Gustavson 2000). What
    applies Q need not make T anew. Of few columns each reflector is by itself, and T holds their factors.
    """
    d, n = At.shape
    block = 1 if d < _BLOCKED else 16 if d < 100 else 32
    T, work, info = np.empty(d * block, At.dtype), np.empty(d * block, At.dtype), np.zeros(1, np.int32)
    if block == 1:
        call("geqrf", (n, d, At, n, T, work, d, info))
    else:
        call("geqrt", (n, d, block, At, n, T, block, work, info))
    return T


@jit
def times_Q(At: Array, T: Array, Bt: Array, transpose: bool) -> None:
    """Overwrite the rows b of Bt with Qb, or with Qᵀb, for the Q of `qr`."""
    (d, n), k = At.shape, Bt.shape[0]
    block = T.size // d
    op = np.uint8(ord("T")) if transpose else np.uint8(ord("N"))
    work, info = np.empty(k * block, At.dtype), np.zeros(1, np.int32)
    if block == 1:
        call("ormqr", ("L", op, n, k, d, At, n, T, Bt, n, work, k, info))
    else:
        call("gemqrt", ("L", op, n, k, d, block, At, n, T, block, Bt, n, work, info))


@jit_inlined
def form_Q(At: Array, T: Array) -> None:
    """Overwrite the reflectors of `qr` with Qᵀ, of as many rows as A has columns."""
    d, n = At.shape
    block, tau = T.size // d, np.empty(d, At.dtype)
    for j in range(d):
        tau[j] = T[j * block + j % block]
    info, size = np.zeros(1, np.int32), np.empty(1, At.dtype)
    call("orgqr", (n, d, d, At, n, tau, size, -1, info))
    work = np.empty(int(size[0]) + 1, At.dtype)
    call("orgqr", (n, d, d, At, n, tau, work, work.size, info))


@jit
def inverse_of_R(At: Array, rcond: float) -> tuple[Array, bool]:
    """(R⁻ᵀ, whether every singular value exceeds rcond · σ_max for sure), of the R of `qr`; n³/3 flops.

    σ_min ≥ 1/‖R⁻¹‖_F and σ_max ≤ ‖R‖_F. The inverse is off by at most n u ‖R⁻¹‖_F ‖R‖_F of itself (Higham 2002, §14.2),
    which is below a quarter where the answer is yes: so the factor of two.
    """
    n = At.shape[0]
    inverse, info = np.zeros((n, n), At.dtype), np.zeros(1, np.int32)
    squares = 0.0
    for i in range(n):
        for j in range(i + 1):
            inverse[i, j] = At[i, j]
            squares += float(At[i, j]) ** 2
    call("trtri", ("U", "N", n, inverse, n, info))
    inverse_squares = 0.0
    for i in range(n):
        for j in range(i + 1):
            inverse_squares += float(inverse[i, j]) ** 2
    cut_off = max(rcond, default_rcond(At.shape[1], n, At))
    return inverse, info[0] == 0 and 2 * cut_off * math.sqrt(squares) * math.sqrt(inverse_squares) < 1


@jit_inlined
def least_squares(X: Array, Y: Array, rcond: float) -> tuple[Array, int]:
    """(Wᵀ, rank): the shortest least squares solutions. The rank is -1 when an SVD did not converge.

    By X = QR, or Xᵀ = QR where X is wide; what is left is of R. Where that has full rank for sure it is triangular
    solution, and where it may not have, the SVD.
    """
    m, n = X.shape
    k, rank, wide = Y.shape[1], min(m, n), m < n
    if rcond >= 1:  # every singular value counts as zero
        return np.zeros((k, n), X.dtype), 0
    At = X.copy() if wide else transposed(X)
    tau = qr(At)
    Bt = np.zeros((k, max(m, n)), X.dtype)
    for j in range(k):
        for i in range(m):
            Bt[j, i] = Y[i, j]
    if not wide:
        times_Q(At, tau, Bt, True)
    if inverse_of_R(At, rcond)[1]:
        info = np.zeros(1, np.int32)
        of_R = np.uint8(ord("T")) if wide else np.uint8(ord("N"))
        call("trtrs", ("U", of_R, "N", rank, k, At, At.shape[1], Bt, Bt.shape[1], info))
    else:
        rank = solve_by_svd(At, wide, Bt, rcond)
    if wide:
        times_Q(At, tau, Bt, False)
    return leading_columns(Bt, n), rank


@jit_inlined
def solve_by_svd(At: Array, transpose: bool, Bt: Array, rcond: float) -> int:
    """Overwrite the rows b of Bt with the shortest least squares solutions of Rz = b, or of Rᵀz = b; the rank.

    R is that of `qr`. The rank is -1 when the SVD did not converge.
    """
    n, k = At.shape[0], Bt.shape[0]
    R = np.zeros((n, n), At.dtype)
    for i in range(n):
        for j in range(i + 1):
            if transpose:
                R[j, i] = At[i, j]
            else:
                R[i, j] = At[i, j]
    if rcond < np.finfo(At.dtype).eps:  # for 0, gelsd would take eps, and it lifts what is smaller to that
        U, values, Vt = svd_of_wide(R)  # of what LAPACK sees, where U and V change places
        kept = numerical_rank(values, rcond)
        B = product(leading_columns(Bt, n), False, Vt, True)
        for j in range(k):
            for i in range(n):
                B[j, i] = B[j, i] / values[i] if i < kept else 0.0
        Z = product(B, False, U, True)
        for j in range(k):
            for i in range(n):  # where Numba assigns to a slice, its error message takes seconds to compile
                Bt[j, i] = Z[j, i]
        return kept
    s, rank, info = np.empty(n, At.dtype), np.zeros(1, np.int32), np.zeros(1, np.int32)
    size, integer_size, ld = np.empty(1, At.dtype), np.zeros(1, np.int32), Bt.shape[1]
    call("gelsd", (n, n, k, R, n, Bt, ld, s, rcond, rank, size, -1, integer_size, info))
    work, integers = np.empty(int(size[0]) + 1, At.dtype), np.empty(integer_size[0] + 1, np.int32)
    call("gelsd", (n, n, k, R, n, Bt, ld, s, rcond, rank, work, work.size, integers, info))
    return rank[0] if info[0] == 0 else -1


@jit
def leading_columns(A: Array, n: int) -> Array:
    """The first n columns, as a copy."""
    out = np.empty((A.shape[0], n), A.dtype)
    for i in range(A.shape[0]):
        for j in range(n):
            out[i, j] = A[i, j]
    return out


@jit_linked
def numerical_rank(s: Array, rcond: float) -> int:
    """How many of the singular values, largest first, exceed rcond · σ_max."""
    rank = 0
    while rank < s.size and s[rank] > rcond * s[0]:
        rank += 1
    return rank


@jit_linked
def default_rcond(m: int, n: int, a: Array) -> np.floating:
    """max(m, n) · eps of a's dtype."""
    return max(m, n) * np.finfo(a.dtype).eps


@jit_inlined
def reciprocal_condition(L: Array, norm: float) -> float:
    """LAPACK's estimate of 1/κ₁(G) from G = LLᵀ and the 1-norm of G. Never far below the truth, O(d²) flops."""
    d = L.shape[0]
    rcond, info = np.zeros(1, L.dtype), np.zeros(1, np.int32)
    work, integers = np.empty(3 * d, L.dtype), np.empty(d, np.int32)
    call("pocon", ("L", d, L, d, norm, rcond, work, integers, info))
    return rcond[0]
