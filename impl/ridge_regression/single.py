"""One ridge problem of few features or few samples, in one compiled call: what it costs to begin is what it costs.

With A = X, or Xᵀ where X is wide, the unknown u solves (AᵀA + λI)u = b: it is w with b = Xᵀy, or the dual α with b = y
and w = Aα. Cholesky's method and one refinement, as in `small`; a problem for which that is not enough is left to
others. A is copied into padded rows, and a tall one has y as one more column: then AᵀA holds Xᵀy, too, and the
residual is a product.
"""

import math

import numpy as np

from .._kernels.jit import jit, jit_sums
from .._kernels.refine import HOPELESS
from .._kernels.scaling import exponent
from .._kernels.tile import UNIT, add_gram_of_padded, add_row, copy_unit, padded
from .._kernels.validation import Array

# Of the entries and of the smaller side: what is padded stays in the cache.
LARGEST, _SIDE = 1 << 15, 64


@jit
def single(X: Array, y: Array, lam: float) -> Array:
    """w, as accurate as an orthogonal method's, for λ > 0; empty where this cannot do it, or X is, or is too large."""
    (n, d), eps = X.shape, np.finfo(X.dtype).eps
    tall, p, q = n >= d, min(n, d), max(n, d)
    if not (0 < p <= _SIDE and p * q <= LARGEST):
        return np.empty(0, X.dtype)
    # Within these ranges `scaling` has nothing to do, and no square over- or underflows. NaN is in none of them.
    of_X, of_y, of_lam = (150, 300, 2.0**500) if X.itemsize == 8 else (10, 10, 2.0**80)
    if not (abs(exponent(X)) < of_X and abs(exponent(y)) < of_y and 1 / of_lam <= lam <= of_lam):
        return np.empty(0, X.dtype)
    width, penalty = padded(p + 1 if tall else p, X.itemsize), X.dtype.type(lam)
    room = np.empty((q + 2 * width + _VECTORS, width), X.dtype)  # one array, as to make one takes time
    A, zeros = room[:q], room[q:]
    for i in range(zeros.shape[0]):
        for j in range(width):
            zeros[i, j] = 0
    G, M, vectors = zeros[:width], zeros[width : 2 * width], zeros[2 * width :]
    if tall:
        _pack(X, y, vectors, A)
    else:
        _pack_transposed(X, A)
    add_gram_of_padded(A, p, G)
    for j in range(p):
        vectors[_RIGHT, j] = G[j, p] if tall else y[j]
        G[j, j] += penalty
        vectors[_DIAGONAL, j] = G[j, j]
    if not _factor(G, M, p, vectors) * eps < HOPELESS:
        return np.empty(0, X.dtype)
    _solve(M, p, vectors, _UNKNOWN)
    if tall:
        vectors[_UNKNOWN, p] = -1  # times y
    w, size, moved = np.empty(d, X.dtype), 0.0, 0.0
    _pass(A, vectors[_UNKNOWN], w[: 0 if tall else d], vectors[_SUMS])
    for j in range(p):
        lack = -vectors[_SUMS, j] - penalty * vectors[_UNKNOWN, j]
        vectors[_RIGHT, j] = lack if tall else lack + y[j]
    _solve(M, p, vectors, _STEP)
    moves = vectors[_STEP] if tall else _product(A, vectors[_STEP])
    for j in range(d):
        move = moves[j]
        w[j] = (vectors[_UNKNOWN, j] if tall else w[j]) + move
        size, moved = max(size, abs(np.float64(w[j]))), max(moved, abs(np.float64(move)))
    return w if moved <= math.sqrt(eps) * size < np.inf else np.empty(0, X.dtype)


# The vectors of as many entries as A has columns.
_UNKNOWN, _STEP, _RIGHT, _SUMS, _DIAGONAL, _BETWEEN, _VECTORS = range(7)


@jit
def _pack(X: Array, y: Array, zeros: Array, A: Array) -> None:
    """[X y 0]; the last unit of a row of X begins before the one before it has ended."""
    (n, d), width = X.shape, A.shape[1]
    for i in range(n):
        for j in range(d // UNIT * UNIT, width, UNIT):
            copy_unit(A, i, j, zeros, 0, 0)
        if d >= UNIT:
            for j in range(0, d - UNIT, UNIT):
                copy_unit(A, i, j, X, i, j)
            copy_unit(A, i, d - UNIT, X, i, d - UNIT)
        else:
            for j in range(d):
                A[i, j] = X[i, j]
        A[i, d] = y[i]


@jit
def _pack_transposed(X: Array, A: Array) -> None:
    (n, d), width = X.shape, A.shape[1]
    for j in range(d):
        for i in range(n):
            A[j, i] = X[i, j]
        for i in range(n, width):
            A[j, i] = 0


@jit_sums
def _factor(G: Array, M: Array, p: int, vectors: Array) -> float:
    """Overwrite M with L⁻¹, G = LLᵀ, and bound κ(DGD), D² = 1/diag G, by the traces of it and of its inverse.

    NaN where there is no factor. Of G the upper triangle counts; row j is overwritten with that of Lᵀ, times lⱼⱼ.
    """
    width, total, one = G.shape[1], 0.0, G.dtype.type(1)
    for j in range(p):
        over = one / G[j, j]
        for i in range(j + 1, p):
            add_row(G, i, -G[j, i] * over, G, j, i // UNIT * UNIT, width)
        for m in range(j):
            add_row(M, j, -G[m, j] * M[m, m], M, m, 0, m + 1)
        root = np.sqrt(over)
        M[j, j] = one
        for k in range(j + 1):
            M[j, k] *= root
            total += vectors[_DIAGONAL, k] * (M[j, k] * M[j, k])
    return p * total


@jit_sums
def _solve(M: Array, p: int, vectors: Array, unknown: int) -> None:
    """The unknown is Mᵀ(Mb) for the right-hand side b, of a lower triangle M."""
    for j in range(p):
        total = M.dtype.type(0)
        for k in range(j + 1):
            total += M[j, k] * vectors[_RIGHT, k]
        vectors[_BETWEEN, j] = total
    for k in range(M.shape[1]):
        vectors[unknown, k] = 0
    for j in range(p):
        add_row(vectors, unknown, vectors[_BETWEEN, j], M, j, 0, j + 1)


@jit_sums
def _pass(A: Array, u: Array, fit: Array, sums: Array) -> None:
    """AᵀAu; and Au, if there is room for it."""
    q, width = A.shape
    for i in range(0, q - 3, 4):
        r0, r1, r2, r3 = A.dtype.type(0), A.dtype.type(0), A.dtype.type(0), A.dtype.type(0)
        for j in range(width):
            r0 += A[i, j] * u[j]
            r1 += A[i + 1, j] * u[j]
            r2 += A[i + 2, j] * u[j]
            r3 += A[i + 3, j] * u[j]
        if fit.size:
            fit[i], fit[i + 1], fit[i + 2], fit[i + 3] = r0, r1, r2, r3
        for j in range(width):
            sums[j] += (A[i, j] * r0 + A[i + 1, j] * r1) + (A[i + 2, j] * r2 + A[i + 3, j] * r3)
    for i in range(q - q % 4, q):
        r0 = A.dtype.type(0)
        for j in range(width):
            r0 += A[i, j] * u[j]
        if fit.size:
            fit[i] = r0
        for j in range(width):
            sums[j] += A[i, j] * r0


@jit_sums
def _product(A: Array, u: Array) -> Array:
    """Au."""
    (q, width), product = A.shape, np.empty(A.shape[0], A.dtype)
    for i in range(q):
        total = A.dtype.type(0)
        for j in range(width):
            total += A[i, j] * u[j]
        product[i] = total
    return product
