"""Many ridge problems of few features or few samples, sixteen at a time: what BLAS is slow at.

The numbers of sixteen problems lie side by side, in a row, so that each step is one operation on vectors. With A = X,
or Xᵀ where X is wide, the unknown u solves (AᵀA + λI)u = h + Aᵀg: it is w with h = 0 and g = y, or the dual α with
h = y and g = 0. Cholesky's method and one refinement, as in `_refine`; a problem for which that is not enough is left
to be done alone.
"""

import math

import numpy as np
from numpy.typing import NDArray

from .._kernels.jit import jit, jit_inlined, jit_linked
from .._kernels.parallel import Team, in_chunks
from .._kernels.refine import HOPELESS
from .._kernels.tile import UNIT, add_products, largest, multiply
from .._kernels.validation import Array

LANES = 2 * UNIT
LARGEST = 32  # of the smaller side, and 64 times that of the matrix; above, BLAS is as fast
_FINER = 4  # pieces for each thread, as the last one is waited for


@jit
def are_small(X: Array) -> bool:
    """Whether the problems are so small that this is faster."""
    _, n, d = X.shape
    return min(n, d) <= LARGEST and n * d <= 64 * LARGEST


@jit
def small_batch(team: Team, threads: int, X: Array, y: Array, lams: Array) -> tuple[Array, NDArray[np.bool_]]:
    """The solutions, and which of them are as accurate as an orthogonal method's."""
    b, _, d = X.shape
    W, good = np.empty((b, d), X.dtype), np.empty(b, np.bool_)
    groups = (b + LANES - 1) // LANES
    pieces = 1 if threads == 1 else min(groups, _FINER * threads)
    in_chunks(team, threads, pieces, _some, (X, y, lams, W, good, pieces))
    return W, good


@jit
def _some(c: int, shared: tuple[Array, Array, Array, Array, NDArray[np.bool_], int]) -> None:
    """The problems of piece c."""
    X, y, lams, W, good, pieces = shared
    b, n, d = X.shape
    q, p, tall = max(n, d), min(n, d), n >= d
    groups = (b + LANES - 1) // LANES
    A, G = np.empty((q * p, LANES), X.dtype), np.empty((p * p, LANES), X.dtype)
    g, rest, moves = np.zeros((q, LANES), X.dtype), np.empty((q, LANES), X.dtype), np.empty((q, LANES), X.dtype)
    h, u, step = np.zeros((p, LANES), X.dtype), np.empty((p, LANES), X.dtype), np.empty((p, LANES), X.dtype)
    lam, condition, sizes = np.empty((1, LANES), X.dtype), np.empty((1, LANES), X.dtype), np.empty((4, LANES), X.dtype)
    diagonal, one = np.empty((p, LANES), X.dtype), X.dtype.type(1)
    # Within these ranges `scaling` has nothing to do, and no square over- or underflows.
    of_X, of_y, of_lam = (2.0**150, 2.0**300, 2.0**500) if X.itemsize == 8 else (2.0**10, 2.0**10, 2.0**80)
    eps = np.finfo(X.dtype).eps
    for group in range(c * groups // pieces, (c + 1) * groups // pieces):
        start = group * LANES
        load(X, y, lams, start, A, g if tall else h, lam)
        gram(A, lam, G, q, p)
        cholesky(G, diagonal, condition, step)
        copy(h, u)
        copy(g, rest)
        plus_transposed(A, rest, u)
        solve(G, u)
        minus_product(A, u, rest)
        copy(h, step)
        for j in range(p):
            add_products(step, j, -one, lam, 0, 0, u, j, 0, 1)
        plus_transposed(A, rest, step)
        solve(G, step)
        for j in range(p):
            for lane in range(LANES):
                u[j, lane] += step[j, lane]
        if not tall:  # w = Aα, and g = 0
            copy(g, rest)
            copy(g, moves)
            minus_product(A, u, rest)
            minus_product(A, step, moves)
        for row, of in enumerate((A, g if tall else h, u if tall else rest, step if tall else moves)):
            largest(sizes, row, of, of.shape[0])
        for lane in range(min(LANES, b - start)):
            i = start + lane
            x_size, y_size, size, moved = sizes[0, lane], sizes[1, lane], sizes[2, lane], sizes[3, lane]
            good[i] = (
                (x_size == 0 or 1 / of_X <= x_size <= of_X)
                and (y_size == 0 or 1 / of_y <= y_size <= of_y)
                and 1 / of_lam <= lams[i] <= of_lam
                and condition[0, lane] * eps < HOPELESS
                and moved <= math.sqrt(eps) * size
            )
            for j in range(d):
                W[i, j] = u[j, lane] if tall else -rest[j, lane]
                good[i] &= abs(W[i, j]) < np.inf  # nor is it NaN, which a NaN in y makes it


@jit_inlined
def load(X: Array, y: Array, lams: Array, start: int, A: Array, target: Array, lam: Array) -> None:
    """Lay the problems from `start` side by side; past the end, the last one again."""
    b, n, d = X.shape
    for lane in range(LANES):
        i = min(start + lane, b - 1)
        lam[0, lane] = lams[i]
        for r in range(n):
            target[r, lane] = y[i, r]
        if n >= d:
            for r in range(n):
                for j in range(d):
                    A[r * d + j, lane] = X[i, r, j]
        else:
            for r in range(n):
                for j in range(d):
                    A[j * n + r, lane] = X[i, r, j]


@jit_inlined
def gram(A: Array, lam: Array, G: Array, q: int, p: int) -> None:
    """The lower triangle of AᵀA + λI."""
    zero = A.dtype.type(0)
    for j in range(p):
        for k in range(j + 1):
            for lane in range(LANES):
                G[j * p + k, lane] = lam[0, lane] if j == k else zero
            add_products(G, j * p + k, A.dtype.type(1), A, j, p, A, k, p, q)


@jit_inlined
def cholesky(G: Array, diagonal: Array, condition: Array, v: Array) -> None:
    """Overwrite the lower triangle of G = LLᵀ with L, and its diagonal with 1/l; and bound κ(DGD), D² = 1/diag G.

    The bound is of the traces of DGD, which is p, and of its inverse; NaN where there is no factor.
    """
    p, one = v.shape[0], G.dtype.type(1)
    for j in range(p):
        for lane in range(LANES):
            diagonal[j, lane] = G[j * p + j, lane]
        for k in range(j):
            add_products(G, j * p + k, -one, G, j * p, 1, G, k * p, 1, k)
            multiply(G, j * p + k, G, k * p + k)
        add_products(G, j * p + j, -one, G, j * p, 1, G, j * p, 1, j)
        for lane in range(LANES):
            G[j * p + j, lane] = one / np.sqrt(G[j * p + j, lane])
    for lane in range(LANES):
        condition[0, lane] = 0
    for c in range(p):  # v is column c of the inverse of L, and then the first of it the square of its length
        for lane in range(LANES):
            v[c, lane] = G[c * p + c, lane]
        for i in range(c + 1, p):
            for lane in range(LANES):
                v[i, lane] = 0
            add_products(v, i, -one, G, i * p + c, 1, v, c, 1, i - c)
            multiply(v, i, G, i * p + i)
        multiply(v, c, v, c)
        add_products(v, c, one, v, c + 1, 1, v, c + 1, 1, p - c - 1)
        add_products(condition, 0, G.dtype.type(p), diagonal, c, 0, v, c, 0, 1)


@jit_linked
def solve(L: Array, u: Array) -> None:
    """Overwrite u with the solution of LLᵀ x = u."""
    p, one = u.shape[0], u.dtype.type(1)
    for j in range(p):
        add_products(u, j, -one, L, j * p, 1, u, 0, 1, j)
        multiply(u, j, L, j * p + j)
    for j in range(p - 1, -1, -1):
        add_products(u, j, -one, L, (j + 1) * p + j, p, u, j + 1, 1, p - 1 - j)
        multiply(u, j, L, j * p + j)


@jit_linked
def minus_product(A: Array, u: Array, rest: Array) -> None:
    """Take Au from rest."""
    q, p, one = rest.shape[0], u.shape[0], A.dtype.type(1)
    for r in range(q):
        add_products(rest, r, -one, A, r * p, 1, u, 0, 1, p)


@jit_linked
def plus_transposed(A: Array, rest: Array, u: Array) -> None:
    """Add Aᵀ rest to u."""
    q, p, one = rest.shape[0], u.shape[0], A.dtype.type(1)
    for j in range(p):
        add_products(u, j, one, A, j, p, rest, 0, 1, q)


@jit_linked
def copy(a: Array, out: Array) -> None:
    """Overwrite out with a."""
    for r in range(a.shape[0]):
        for lane in range(LANES):
            out[r, lane] = a[r, lane]
