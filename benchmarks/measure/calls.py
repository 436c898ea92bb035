"""What is compiled of the bare calls: factorisations, products, steps and passes, by a team of threads."""

from typing import Any

import numpy as np

from shrinkage._kernels.address import matrix_at
from shrinkage._kernels.equations import (
    dual_shortfall,
    gram_in_pieces,
    kernel_in_pieces,
    narrow_kernel_in_pieces,
    shortfall,
)
from shrinkage._kernels.exp import exp_below
from shrinkage._kernels.jit import jit, jit_inlined, jit_linked
from shrinkage._kernels.lanes import LANES, fill, put, rows_of_lanes, take
from shrinkage._kernels.linalg import cholesky, cholesky_solve, product, transposed
from shrinkage._kernels.mixed import solve
from shrinkage._kernels.parallel import Team, in_chunks
from shrinkage._kernels.refine import add
from shrinkage._kernels.stream import share, stream
from shrinkage._kernels.validation import Array
from shrinkage.nets.layers import times, times_transposed, transposed_times
from shrinkage.relu.network import _move
from shrinkage.ridge_regression import small


@jit_linked
def plain(team: Team, threads: int, X: Array, Y: Array, lam: float) -> Array:
    """Wᵀ by Cholesky of the smaller Gram matrix."""
    if X.shape[0] >= X.shape[1]:
        G, unknown = gram_in_pieces(team, threads, X, Y, 1.0, lam, X)
        cholesky(G)
        cholesky_solve(G, unknown)
        return unknown
    G, unknown = kernel_in_pieces(team, threads, X, lam), transposed(Y)
    cholesky(G)
    cholesky_solve(G, unknown)
    return product(unknown, False, X, False)


@jit_linked
def mixed(team: Team, threads: int, X: Array, Y: Array, lam: float, steps: int) -> Array:
    """The same with the factor in float32, and so many steps of refinement."""
    tall = X.shape[0] >= X.shape[1]
    if tall:
        L, unknown = gram_in_pieces(team, threads, X, Y, 1.0, lam, np.empty(0, np.float32))
    else:
        L, unknown = narrow_kernel_in_pieces(team, threads, X, 1.0, lam), transposed(Y)
    cholesky(L)
    scale = np.ones(L.shape[0])
    solve(L, scale, 0, unknown)
    if tall:
        for _ in range(steps):
            lack = shortfall(team, threads, X, Y, unknown, lam)
            solve(L, scale, 0, lack)
            add(lack, unknown)
        return unknown
    Wt, lack = dual_shortfall(team, threads, X, Y, unknown, lam)
    for _ in range(steps):
        solve(L, scale, 0, lack)
        add(lack, unknown)
        Wt, lack = dual_shortfall(team, threads, X, Y, unknown, lam)
    return Wt


@jit_linked
def inverse(team: Team, threads: int, X: Array, Y: Array) -> Array:
    """X⁺ of a wide X, and its transpose of a tall one."""
    tall = X.shape[0] >= X.shape[1]
    G, inverse = (
        (gram_in_pieces(team, threads, X, Y, 1.0, 0.0, X)[0], X.copy())
        if tall
        else (kernel_in_pieces(team, threads, X, 0.0), transposed(X))
    )
    cholesky(G)
    cholesky_solve(G, inverse)
    return inverse


@jit
def _some_problems(c: int, shared: Any) -> None:
    pieces, X, y, lam, W = shared
    b, n, d = X.shape
    A, G, g = rows_of_lanes(n * d, X), rows_of_lanes(d * d, X), rows_of_lanes(n, X)
    u, diagonal, numbers = rows_of_lanes(d, X), rows_of_lanes(d, X), rows_of_lanes(3, X)
    places = np.empty((3, LANES), np.int64)
    fill(numbers, lam)
    first, last = share(c, pieces, (b + LANES - 1) // LANES)
    for start in range(first * LANES, last * LANES, LANES):
        for lane in range(LANES):
            i = min(start + lane, b - 1)
            places[0, lane], places[1, lane], places[2, lane] = i * n * d, i * n, i * d
        take(X.reshape(1, X.size), places[0], A, numbers, 1)
        take(y.reshape(1, y.size), places[1], g, numbers, 2)
        small.gram(A, numbers, G, diagonal, n, True)
        small.cholesky(G, d)
        fill(u, 0)
        small.add_transposed(A, g, u, True)
        small.solve(G, u)
        put(u, W.reshape(1, W.size), places[2])


@jit_linked
def problems(team: Team, threads: int, X: Array, y: Array, lam: float, W: Array) -> Array:
    """The solutions of many small regressions that are tall."""
    in_chunks(team, threads, 4 * threads, _some_problems, (4 * threads, X, y, lam, W))
    return W


FORWARD, BACK, GRADIENT = range(3)  # x w; dout wᵀ; xᵀ dout


@jit
def _products_of_share(c: int, shared: Any) -> None:
    threads, table, like = shared
    for i in range(table.shape[0]):
        kind, x, w, out = table[i, 0], table[i, 1], table[i, 2], table[i, 3]
        n, d, m = table[i, 4], table[i, 5], table[i, 6]
        first, stop = share(c, threads, d if kind == GRADIENT else n)
        if kind == FORWARD:
            a, b, into = matrix_at(x, n, d, like), matrix_at(w, d, m, like), matrix_at(out, n, m, like)
            times(a[first:stop], b, into[first:stop])
        elif kind == BACK:
            a, b, into = matrix_at(x, n, m, like), matrix_at(w, d, m, like), matrix_at(out, n, d, like)
            times_transposed(a[first:stop], b, into[first:stop])
        else:
            a, b, into = matrix_at(x, n, d, like), matrix_at(w, n, m, like), matrix_at(out, d, m, like)
            transposed_times(a, first, b, into[first:stop], False)


@jit_linked
def products(team: Team, threads: int, of_samples: Array, of_rows: Array, like: Array) -> None:
    """Products by the rows of a table: kind, addresses of both factors and of what is written, n, d, m."""
    in_chunks(team, threads, threads, _products_of_share, (threads, of_samples, like))
    in_chunks(team, threads, threads, _products_of_share, (threads, of_rows, like))


@jit_linked
def steps(x: Array, y: Array, W1: Array, b: Array, W2: Array, rate: float, epochs: int) -> None:
    """Train one sample after the other, in place."""
    value = 0.0
    for _ in range(epochs):
        for i in range(x.size):
            value = _move(x[i], rate * (value - y[i]), x[i + 1 if i + 1 < x.size else 0], W1, b, W2)


# Of a pass: what is read is read once, and a product or a sum is all that is computed of it.


@jit_inlined
def _one(i: Any, read: Any, written: Any, numbers: Any) -> None:
    written[0][i] = read[0][i] * numbers[0]


@jit_inlined
def _of_two(i: Any, read: Any, written: Any, numbers: Any) -> None:
    written[0][i] = read[0][i] * numbers[0] + read[1][i]


@jit_inlined
def _two_of_three(i: Any, read: Any, written: Any, numbers: Any) -> None:
    written[0][i] = read[0][i] * numbers[0] + read[1][i]
    written[1][i] = read[2][i] * numbers[0]


@jit_inlined
def _three_of_four(i: Any, read: Any, written: Any, numbers: Any) -> None:
    written[0][i] = read[0][i] * numbers[0] + read[1][i]
    written[1][i] = read[2][i] * numbers[0]
    written[2][i] = read[3][i] * numbers[0]


@jit
def _share_one(c: int, shared: Any) -> None:
    stream(_one, c, shared)


@jit
def _share_of_two(c: int, shared: Any) -> None:
    stream(_of_two, c, shared)


@jit
def _share_two_of_three(c: int, shared: Any) -> None:
    stream(_two_of_three, c, shared)


@jit
def _share_three_of_four(c: int, shared: Any) -> None:
    stream(_three_of_four, c, shared)


@jit_linked
def _pass_one(team: Team, threads: int, read: Any, written: Any, numbers: Any) -> None:
    in_chunks(team, threads, threads, _share_one, (threads, read, written, numbers))


@jit_linked
def _pass_of_two(team: Team, threads: int, read: Any, written: Any, numbers: Any) -> None:
    in_chunks(team, threads, threads, _share_of_two, (threads, read, written, numbers))


@jit_linked
def _pass_two_of_three(team: Team, threads: int, read: Any, written: Any, numbers: Any) -> None:
    in_chunks(team, threads, threads, _share_two_of_three, (threads, read, written, numbers))


@jit_linked
def _pass_three_of_four(team: Team, threads: int, read: Any, written: Any, numbers: Any) -> None:
    in_chunks(team, threads, threads, _share_three_of_four, (threads, read, written, numbers))


PASSES = dict(enumerate((_pass_one, _pass_of_two, _pass_two_of_three, _pass_three_of_four), 1))  # by what is read


@jit
def _exponentials_of_share(c: int, shared: Any) -> None:
    threads, x, top, out = shared
    first, stop = share(c, threads, x.shape[0])
    for i in range(first, stop):
        exp_below(x[i], top, out[i])


@jit_linked
def exponentials(team: Team, threads: int, x: Array, top: float, out: Array) -> None:
    """Write exp(x − top)."""
    in_chunks(team, threads, threads, _exponentials_of_share, (threads, x, top, out))
