"""Many ridge problems of few features or few samples, sixteen at a time: what BLAS is slow at.

The numbers of sixteen problems lie side by side, so that each step is one operation on vectors. With A = X, or Xᵀ where
X is wide, the unknown u solves (AᵀA + λI)u = h + Aᵀg: it is w with h = 0 and g = y, or the dual α with h = y and g = 0.
Cholesky's method and one refinement, as in `_refine`; a problem for which that is not enough is left to be done alone.
"""

import math

import numpy as np
from numpy.typing import NDArray

from .._kernels.jit import jit, jit_inlined, jit_sums
from .._kernels.refine import HOPELESS
from .._kernels.validation import Array

LANES = 16
LARGEST = 32  # of the smaller side, and 64 times that of the matrix; above, BLAS is as fast


@jit
def are_small(X: Array) -> bool:
    """Whether the problems are so small that this is faster."""
    _, n, d = X.shape
    return min(n, d) <= LARGEST and n * d <= 64 * LARGEST


@jit
def small_batch(X: Array, y: Array, lams: Array) -> tuple[Array, NDArray[np.bool_]]:
    """The solutions, and which of them are as accurate as an orthogonal method's."""
    b, n, d = X.shape
    q, p, tall = max(n, d), min(n, d), n >= d
    W, good = np.empty((b, d), X.dtype), np.empty(b, np.bool_)
    A, G = np.empty((q, p, LANES), X.dtype), np.empty((p, p, LANES), X.dtype)
    g, rest, moves = np.zeros((q, LANES), X.dtype), np.empty((q, LANES), X.dtype), np.empty((q, LANES), X.dtype)
    h, u, step = np.zeros((p, LANES), X.dtype), np.empty((p, LANES), X.dtype), np.empty((p, LANES), X.dtype)
    lam, condition, sizes = np.empty(LANES, X.dtype), np.empty(LANES, X.dtype), np.empty((4, LANES), X.dtype)
    # Within these ranges `scaling` has nothing to do, and no square over- or underflows.
    of_X, of_y, of_lam = (2.0**150, 2.0**300, 2.0**500) if X.itemsize == 8 else (2.0**10, 2.0**10, 2.0**80)
    eps = np.finfo(X.dtype).eps
    for start in range(0, b, LANES):
        load(X, y, lams, start, A, g if tall else h, lam)
        gram(A, lam, G)
        cholesky(G, condition, step)
        copy(h, u)
        copy(g, rest)
        plus_transposed(A, rest, u)
        solve(G, u)
        minus_product(A, u, rest)
        for c in range(p):
            for lane in range(LANES):
                step[c, lane] = h[c, lane] - lam[lane] * u[c, lane]
        plus_transposed(A, rest, step)
        solve(G, step)
        for c in range(p):
            for lane in range(LANES):
                u[c, lane] += step[c, lane]
        if not tall:  # w = Aα, and g = 0
            copy(g, rest)
            copy(g, moves)
            minus_product(A, u, rest)
            minus_product(A, step, moves)
        largest(A.reshape(q * p, LANES), sizes[0])
        largest(g if tall else h, sizes[1])
        largest(u if tall else rest, sizes[2])
        largest(step if tall else moves, sizes[3])
        for lane in range(min(LANES, b - start)):
            i = start + lane
            x_size, y_size, size, moved = sizes[0, lane], sizes[1, lane], sizes[2, lane], sizes[3, lane]
            good[i] = (
                (x_size == 0 or 1 / of_X <= x_size <= of_X)
                and (y_size == 0 or 1 / of_y <= y_size <= of_y)
                and 1 / of_lam <= lams[i] <= of_lam
                and condition[lane] * eps < HOPELESS
                and moved <= math.sqrt(eps) * size
            )
            for c in range(d):
                W[i, c] = u[c, lane] if tall else -rest[c, lane]
                good[i] &= abs(W[i, c]) < np.inf  # nor is it NaN, which a NaN in y makes it
    return W, good


@jit_inlined
def load(X: Array, y: Array, lams: Array, start: int, A: Array, target: Array, lam: Array) -> None:
    """Lay the problems from `start` side by side; past the end, the last one again."""
    b, n, d = X.shape
    for lane in range(LANES):
        i = min(start + lane, b - 1)
        lam[lane] = lams[i]
        for r in range(n):
            target[r, lane] = y[i, r]
    for r in range(n):
        for c in range(d):
            entry = A[r, c] if n >= d else A[c, r]
            for lane in range(LANES):
                entry[lane] = X[min(start + lane, b - 1), r, c]


@jit_sums
def gram(A: Array, lam: Array, G: Array) -> None:
    """The lower triangle of AᵀA + λI."""
    q, p, lanes = A.shape
    for j in range(p):
        for k in range(j + 1):
            for lane in range(lanes):
                G[j, k, lane] = lam[lane] if j == k else 0.0
    for r in range(0, q - 3, 4):
        for j in range(p):
            for k in range(j + 1):
                for lane in range(lanes):
                    G[j, k, lane] += (A[r, j, lane] * A[r, k, lane] + A[r + 1, j, lane] * A[r + 1, k, lane]) + (
                        A[r + 2, j, lane] * A[r + 2, k, lane] + A[r + 3, j, lane] * A[r + 3, k, lane]
                    )
    for r in range(q - q % 4, q):
        for j in range(p):
            for k in range(j + 1):
                for lane in range(lanes):
                    G[j, k, lane] += A[r, j, lane] * A[r, k, lane]


@jit_sums
def cholesky(G: Array, condition: Array, v: Array) -> None:
    """Overwrite the lower triangle of G = LLᵀ with L, and its diagonal with 1/l; and bound κ(DGD), D² = 1/diag G.

    The bound is of the traces of DGD, which is p, and of its inverse; NaN where there is no factor.
    """
    p, _, lanes = G.shape
    diagonal = np.empty((p, lanes), G.dtype)
    for j in range(p):
        for lane in range(lanes):
            diagonal[j, lane] = G[j, j, lane]
        for k in range(j):
            for m in range(k):
                for lane in range(lanes):
                    G[j, k, lane] -= G[j, m, lane] * G[k, m, lane]
            for lane in range(lanes):
                G[j, k, lane] *= G[k, k, lane]
                G[j, j, lane] -= G[j, k, lane] * G[j, k, lane]
        for lane in range(lanes):
            G[j, j, lane] = 1 / np.sqrt(G[j, j, lane])
    for lane in range(lanes):
        condition[lane] = 0
    for c in range(p):  # v is column c of the inverse of L
        for lane in range(lanes):
            v[c, lane] = G[c, c, lane]
        for i in range(c + 1, p):
            for lane in range(lanes):
                v[i, lane] = 0
            for m in range(c, i):
                for lane in range(lanes):
                    v[i, lane] -= G[i, m, lane] * v[m, lane]
            for lane in range(lanes):
                v[i, lane] *= G[i, i, lane]
        for i in range(c, p):
            for lane in range(lanes):
                condition[lane] += p * diagonal[c, lane] * v[i, lane] * v[i, lane]


@jit_sums
def solve(L: Array, u: Array) -> None:
    """Overwrite u with the solution of LLᵀ x = u."""
    p, _, lanes = L.shape
    for j in range(p):
        for m in range(j):
            for lane in range(lanes):
                u[j, lane] -= L[j, m, lane] * u[m, lane]
        for lane in range(lanes):
            u[j, lane] *= L[j, j, lane]
    for j in range(p - 1, -1, -1):
        for lane in range(lanes):
            u[j, lane] *= L[j, j, lane]
        for m in range(j):
            for lane in range(lanes):
                u[m, lane] -= L[j, m, lane] * u[j, lane]


@jit_sums
def minus_product(A: Array, u: Array, rest: Array) -> None:
    """Take Au from rest."""
    q, p, lanes = A.shape
    for r in range(q):
        for c in range(p):
            for lane in range(lanes):
                rest[r, lane] -= A[r, c, lane] * u[c, lane]


@jit_sums
def plus_transposed(A: Array, rest: Array, u: Array) -> None:
    """Add Aᵀ rest to u."""
    q, p, lanes = A.shape
    for r in range(q):
        for c in range(p):
            for lane in range(lanes):
                u[c, lane] += A[r, c, lane] * rest[r, lane]


@jit
def copy(a: Array, out: Array) -> None:
    """Overwrite out with a."""
    for r in range(a.shape[0]):
        for lane in range(a.shape[1]):
            out[r, lane] = a[r, lane]


@jit_sums
def largest(a: Array, out: Array) -> None:
    """The largest |a| of each problem; NaN does not count."""
    rows, lanes = a.shape
    for lane in range(lanes):
        out[lane] = 0
    for r in range(rows):
        for lane in range(lanes):
            out[lane] = max(out[lane], abs(a[r, lane]))
