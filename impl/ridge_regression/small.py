"""Many ridge problems of few features or few samples, sixteen at a time: what BLAS is slow at.

The numbers of sixteen problems lie side by side, in a row, so that each step is one operation on vectors. With A = X,
or Xᵀ where X is wide, the unknown u solves (AᵀA + λI)u = h + Aᵀg: it is w with h = 0 and g = y, or the dual α with
h = y and g = 0. Cholesky's method and one refinement, as in `refine`; a problem for which that is not enough is left
to be done alone.
"""

import math

import numpy as np
from numpy.typing import NDArray

from .._kernels.jit import jit, jit_linked
from .._kernels.lanes import (
    LANES,
    add,
    add_flaw,
    add_four,
    add_one,
    assign,
    assign_over_root,
    copy,
    fill,
    largest,
    multiply,
    parted,
    put,
    rows_of_lanes,
    set_two_by_two,
    subtract_four,
    subtract_one,
    take,
)
from .._kernels.parallel import Team, in_chunks
from .._kernels.refine import HOPELESS
from .._kernels.validation import Array

LARGEST = 32  # of the smaller side, and 64 times that of the matrix; above, BLAS is as fast
_FINER = 4  # pieces for each thread, as the last one is waited for
# What there is one number of for each problem: λ, sizes, the bounds of its condition, and whether a number is none.
_LAM, _OF_X, _OF_Y, _OF_W, _MOVED, _BY_DETERMINANT, _BY_TRACE, _LENGTH, _FLAW, _NUMBERS = range(10)


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
    room = rows_of_lanes(q * p + 2 * p * p + 3 * q + 4 * p + _NUMBERS, X)  # one array, as to make one takes time
    A, room = parted(room, q * p)
    G, room = parted(room, p * p)
    V, room = parted(room, p * p)
    g, room = parted(room, q)
    rest, room = parted(room, q)
    moves, room = parted(room, q)
    h, room = parted(room, p)
    u, room = parted(room, p)
    step, room = parted(room, p)
    diagonal, numbers = parted(room, p)  # numbers: one of each problem a row
    places, fine = np.empty((3, LANES), np.int64), np.empty(LANES, np.bool_)
    # Within these ranges `scaling` has nothing to do, and no square over- or underflows.
    of_X, of_y, of_lam = (2.0**150, 2.0**300, 2.0**500) if X.itemsize == 8 else (2.0**10, 2.0**10, 2.0**80)
    eps = np.finfo(X.dtype).eps
    fill(g, 0)
    fill(h, 0)
    for group in range(c * groups // pieces, (c + 1) * groups // pieces):
        start = group * LANES
        for lane in range(LANES):  # past the end, the last one again
            i = min(start + lane, b - 1)
            places[0, lane], places[1, lane], places[2, lane] = i * n * d, i * n, i * d
            numbers[_LAM, lane] = lams[i]
            fine[lane] = 1 / of_lam <= lams[i] <= of_lam
        take(X.reshape(1, X.size), places[0], A, numbers, _OF_X)
        take(y.reshape(1, y.size), places[1], g if tall else h, numbers, _OF_Y)
        gram(A, numbers, G, diagonal, q, tall)
        cholesky(G, p)
        note_condition(G, diagonal, HOPELESS / eps, V, numbers, fine)
        copy(h, u)
        if tall:
            add_transposed(A, g, u, tall)
        solve(G, u)
        copy(g, rest)
        subtract_product(A, u, rest, tall)
        copy(h, step)
        for j in range(p):
            subtract_one(step, j, 0, 1, numbers, _LAM, 0, 0, 1, u, j, 0, 0, 1)
        add_transposed(A, rest, step, tall)
        solve(G, step)
        for j in range(p):
            add(u, j, step, j)
        if not tall:  # -w = -Aα
            fill(rest, 0)
            fill(moves, 0)
            subtract_product(A, u, rest, tall)
            subtract_product(A, step, moves, tall)
            negate(rest)
        w = u if tall else rest
        largest(numbers, _OF_W, w, d)
        largest(numbers, _MOVED, step if tall else moves, d)
        fill(numbers[_FLAW : _FLAW + 1], 0)
        for j in range(d):
            add_flaw(numbers, _FLAW, w, j)  # a NaN in y is one in w
        for lane in range(LANES):
            of_its_X, of_its_y = numbers[_OF_X, lane], numbers[_OF_Y, lane]
            fine[lane] &= (
                ((of_its_X == 0) | ((1 / of_X <= of_its_X) & (of_its_X <= of_X)))
                & ((of_its_y == 0) | ((1 / of_y <= of_its_y) & (of_its_y <= of_y)))
                & (numbers[_MOVED, lane] <= math.sqrt(eps) * numbers[_OF_W, lane])
                & (numbers[_FLAW, lane] == 0)
            )
        put(w, W.reshape(1, W.size), places[2])
        for lane in range(min(LANES, b - start)):
            good[start + lane] = fine[lane]


@jit
def gram(A: Array, numbers: Array, G: Array, diagonal: Array, q: int, tall: bool) -> None:
    """The lower triangle of AᵀA + λI, and its diagonal."""
    p = diagonal.shape[0]
    down, across = (p, 1) if tall else (1, q)
    for j in range(0, p, 2):
        for k in range(0, j + 1, 2):
            set_two_by_two(G, j * p + k, p, p - j, A, j * across, across, down, p - k, A, k * across, across, down, q)
        for i in range(j, min(j + 2, p)):
            add(G, i * p + i, numbers, _LAM)
            assign(diagonal, i, G, i * p + i)


@jit
def cholesky(G: Array, p: int) -> None:
    """Overwrite the lower triangle of G = LLᵀ with L, and its diagonal with 1/l; NaN where there is no factor."""
    for k in range(p):
        for i in range(k, p, 4):
            subtract_four(G, i * p + k, p, p - i, G, i * p, p, 1, 1, G, k * p, 0, 1, k)
        assign_over_root(G, k * p + k, G, k * p + k)
        for i in range(k + 1, p):
            multiply(G, i * p + k, G, k * p + k)


@jit
def note_condition(
    L: Array, diagonal: Array, highest: float, V: Array, numbers: Array, fine: NDArray[np.bool_]
) -> None:
    """Fine are only those whose κ(DGD) is below the highest for sure, D² = 1/diag G, by the factor of G.

    DGD has the trace p, so all eigenvalues but the least have a product of at most (p/(p - 1))ᵖ⁻¹ < e, and κ is below
    e p/det DGD. Where that is not enough for all problems, κ is bounded by the traces of DGD and its inverse as well.
    """
    p, by_determinant, by_trace = diagonal.shape[0], numbers[_BY_DETERMINANT], numbers[_BY_TRACE]
    for lane in range(LANES):
        by_determinant[lane] = np.e * p
    for j in range(p):
        multiply(numbers, _BY_DETERMINANT, diagonal, j)
        multiply(numbers, _BY_DETERMINANT, L, j * p + j)
        multiply(numbers, _BY_DETERMINANT, L, j * p + j)
    enough = True
    for lane in range(LANES):
        enough &= by_determinant[lane] < highest
    if enough:
        return
    fill(V, 0)  # the inverse of L, row by row
    for i in range(p):
        for c in range(0, i, 4):
            subtract_four(V, i * p + c, 1, i - c, V, c * p + c, 1, p, 1, L, i * p + c, 0, 1, i - c)
        for c in range(i):
            multiply(V, i * p + c, L, i * p + i)
        assign(V, i * p + i, L, i * p + i)
    fill(numbers[_BY_TRACE:_LENGTH], 0)
    for c in range(p):
        fill(numbers[_LENGTH:_FLAW], 0)
        add_one(numbers, _LENGTH, 0, 1, V, c * p + c, 0, p, 1, V, c * p + c, 0, p, p - c)
        add_one(numbers, _BY_TRACE, 0, 1, diagonal, c, 0, 0, 1, numbers, _LENGTH, 0, 0, 1)
    for lane in range(LANES):
        fine[lane] &= (by_determinant[lane] < highest) | (p * by_trace[lane] < highest)


@jit
def solve(L: Array, u: Array) -> None:
    """Overwrite u with the solution of LLᵀ x = u."""
    p = u.shape[0]
    for j in range(p):
        subtract_one(u, j, 0, 1, L, j * p, 0, 1, 1, u, 0, 0, 1, j)
        multiply(u, j, L, j * p + j)
    for j in range(p - 1, -1, -1):
        subtract_one(u, j, 0, 1, L, (j + 1) * p + j, 0, p, 1, u, j + 1, 0, 1, p - 1 - j)
        multiply(u, j, L, j * p + j)


@jit
def subtract_product(A: Array, u: Array, rest: Array, tall: bool) -> None:
    """Take Au from rest."""
    q, p = rest.shape[0], u.shape[0]
    down, across = (p, 1) if tall else (1, q)
    for r in range(0, q, 4):
        subtract_four(rest, r, 1, q - r, A, r * down, down, across, 1, u, 0, 0, 1, p)


@jit
def add_transposed(A: Array, rest: Array, u: Array, tall: bool) -> None:
    """Add Aᵀ rest to u."""
    q, p = rest.shape[0], u.shape[0]
    down, across = (p, 1) if tall else (1, q)
    for j in range(0, p, 4):
        add_four(u, j, 1, p - j, A, j * across, across, down, 1, rest, 0, 0, 1, q)


@jit_linked
def negate(a: Array) -> None:
    """Overwrite a with -a."""
    for r in range(a.shape[0]):
        for lane in range(LANES):
            a[r, lane] = -a[r, lane]
