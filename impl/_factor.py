"""The factorisations that the formulas name, for C-contiguous matrices without empty sides, in compiled code.

LAPACK stores matrices by columns. A C-contiguous matrix handed over as it lies is its own transpose there, so each
function says which matrix LAPACK sees. Right-hand sides and solutions are kept transposed, one target a row: that is
LAPACK's layout of a matrix with one target a column.
"""

import numpy as np

from ._front import Array
from ._jit import jit
from ._lapack import call


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
    """A = QR for the tall A whose transpose is At: overwrites At with Rᵀ and the reflectors, returns their factors."""
    d, n = At.shape
    tau = np.empty(d, At.dtype)
    info, size = np.zeros(1, np.int32), np.empty(1, At.dtype)
    call("geqrf", (n, d, At, n, tau, size, -1, info))
    work = np.empty(int(size[0]) + 1, At.dtype)
    call("geqrf", (n, d, At, n, tau, work, work.size, info))
    return tau


@jit
def times_Q(At: Array, tau: Array, Bt: Array, transpose: bool) -> None:
    """Overwrite the rows b of Bt with Qb, or with Qᵀb, for the Q of `qr`."""
    d, n = At.shape
    k = Bt.shape[0]
    op = np.uint8(ord("T")) if transpose else np.uint8(ord("N"))
    info, size = np.zeros(1, np.int32), np.empty(1, At.dtype)
    call("ormqr", ("L", op, n, k, d, At, n, tau, Bt, n, size, -1, info))
    work = np.empty(int(size[0]) + 1, At.dtype)
    call("ormqr", ("L", op, n, k, d, At, n, tau, Bt, n, work, work.size, info))


@jit
def least_squares(X: Array, Y: Array, rcond: float) -> tuple[Array, int]:
    """(Wᵀ, rank): the shortest least squares solutions, by bidiagonalisation and the SVD of the bidiagonal.

    The rank is -1 when that SVD did not converge.
    """
    m, n = X.shape
    k = Y.shape[1]
    if rcond >= 1:  # every singular value counts as zero; LAPACK would take eps instead
        return np.zeros((k, n), X.dtype), 0
    rcond = max(rcond, np.finfo(X.dtype).tiny)  # and for 0 as well
    At = transposed(X)
    Bt = np.zeros((k, max(m, n)), X.dtype)
    for j in range(k):
        for i in range(m):
            Bt[j, i] = Y[i, j]
    s, rank, info = np.empty(min(m, n), X.dtype), np.zeros(1, np.int32), np.zeros(1, np.int32)
    size, integer_size = np.empty(1, X.dtype), np.zeros(1, np.int32)
    call("gelsd", (m, n, k, At, m, Bt, max(m, n), s, rcond, rank, size, -1, integer_size, info))
    work, integers = np.empty(int(size[0]) + 1, X.dtype), np.empty(integer_size[0] + 1, np.int32)
    call("gelsd", (m, n, k, At, m, Bt, max(m, n), s, rcond, rank, work, work.size, integers, info))
    return leading_columns(Bt, n), (rank[0] if info[0] == 0 else -1)


@jit
def leading_columns(A: Array, n: int) -> Array:
    """The first n columns, as a copy."""
    out = np.empty((A.shape[0], n), A.dtype)
    for i in range(A.shape[0]):
        for j in range(n):
            out[i, j] = A[i, j]
    return out


@jit
def numerical_rank(s: Array, rcond: float) -> int:
    """How many of the singular values, largest first, exceed rcond · σ_max."""
    rank = 0
    while rank < s.size and s[rank] > rcond * s[0]:
        rank += 1
    return rank


@jit
def default_rcond(m: int, n: int, a: Array) -> np.floating:
    """max(m, n) · eps of a's dtype."""
    return max(m, n) * np.finfo(a.dtype).eps


@jit
def reciprocal_condition(L: Array, norm: float) -> float:
    """LAPACK's estimate of 1/κ₁(G) from G = LLᵀ and the 1-norm of G. Never far below the truth, O(d²) flops."""
    d = L.shape[0]
    rcond, info = np.zeros(1, L.dtype), np.zeros(1, np.int32)
    work, integers = np.empty(3 * d, L.dtype), np.empty(d, np.int32)
    call("pocon", ("L", d, L, d, norm, rcond, work, integers, info))
    return rcond[0]
