"""One factorisation for every λ: X = U diag(s) Vᵀ and the target in the basis U."""

import numpy as np

from .._kernels.jit import jit
from .._kernels.linalg import default_rcond, leading_columns, numerical_rank, product, qr, svd, times_Q, transposed
from .._kernels.validation import Array


@jit
def spectrum(X: Array, Y: Array) -> tuple[Array, Array, Array, Array]:
    """(s, Vt, Ct, rest): singular values, Vᵀ, (UᵀY)ᵀ by targets, and ‖(I − UUᵀ)y‖² of each target, in float64.

    A tall X goes through QR: U itself is never formed. 2nd² flops and the SVD of a d × d matrix.
    """
    n, d = X.shape
    k = Y.shape[1]
    rest = np.zeros(k)
    if n <= d:
        U, s, Vt = svd(X)
        return s, Vt, product(Y, True, U, False), rest
    At, Yt = transposed(X), transposed(Y)
    tau = qr(At)
    times_Q(At, tau, Yt, True)
    R = np.zeros((d, d), X.dtype)
    for i in range(d):
        for j in range(i, d):
            R[i, j] = At[j, i]
    U, s, Vt = svd(R)
    for t in range(k):
        for i in range(d, n):
            rest[t] += np.float64(Yt[t, i]) ** 2
    return s, Vt, product(leading_columns(Yt, d), False, U, False), rest


@jit
def rank_at_zero(s: Array, n: int, d: int) -> int:
    """How many singular values count where λ = 0."""
    return numerical_rank(s, default_rcond(n, d, s))
