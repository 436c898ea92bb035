"""XᵀX and XXᵀ, and what a solution of ridge's equations still lacks: all passes over X, in pieces for several threads.

A tall X is cut into rows and a wide one into columns. Each piece has sums of its own, which are added in order.
"""

import numpy as np

from .jit import jit, jit_inlined, jit_linked, jit_sums
from .lapack import call
from .parallel import Team, in_chunks
from .tile import add_gram_of_padded, padded
from .validation import Array

# What is worked on at once: it stays in the cache between the two products of a pass over X.
BLOCK_BYTES = 1 << 18
# So many rows, or columns, at least are worth a piece; a Gram matrix has one of its own for each.
_SMALLEST = 64
# Up to so many columns AᵀA is faster in tiles than by BLAS, so many rows at a time, which stay in the cache.
_TILED, _TILED_ROWS = 512, 64
_FINER = 4  # pieces for each thread, where a piece is cheap: the last one is waited for


@jit_linked
def pieces_of(size: int, threads: int) -> int:
    """How many pieces for so many threads."""
    return min(threads, max(1, size // _SMALLEST)) if threads > 1 else 1


@jit_linked
def bounds(size: int, pieces: int, c: int) -> tuple[int, int]:
    """Where piece c begins, and where it ends: at multiples of 8, in whole cache lines."""
    step = (size + 8 * pieces - 1) // (8 * pieces) * 8
    return min(c * step, size), min((c + 1) * step, size)


@jit_linked
def block_rows(columns: int) -> int:
    """How many rows are narrowed at once: so many that XᵀX is seldom read and written."""
    return max(256, BLOCK_BYTES // (4 * columns))


@jit_linked
def roundings(n: int, d: int, threads: int) -> int:
    """How many each product in the smaller Gram matrix of n by d numbers goes through at most, with its factors'."""
    summed = _TILED_ROWS + n // _TILED_ROWS + 1 if n >= d and d <= _TILED else max(n, d)
    return summed + threads + 3


@jit
def gram_in_pieces(
    team: Team, threads: int, X: Array, Y: Array, unit: float, lam: float, like: Array
) -> tuple[Array, Array]:
    """(XᵀX · unit² + λI, its upper triangle, in the dtype of `like`; YᵀX) of a tall X."""
    (n, d), k = X.shape, Y.shape[1]
    pieces, tiled = pieces_of(n, threads), d <= _TILED
    width = padded(d, like.itemsize) if tiled else d
    Gs, YtXs = np.empty((pieces, width, width), like.dtype), np.empty((pieces, k, d), X.dtype)
    packed = np.empty((pieces, min(_TILED_ROWS if tiled else block_rows(d), n), width), like.dtype)
    in_chunks(team, threads, pieces, _gram_of_rows, (X, Y, unit, packed, Gs, YtXs))
    return _sums(team, threads, d, Gs, YtXs, lam)


@jit
def kernel_in_pieces(team: Team, threads: int, X: Array, lam: float) -> Array:
    """XXᵀ + λI, its upper triangle, of a wide X."""
    n, d = X.shape
    pieces = pieces_of(d, threads)
    Ks = np.empty((pieces, n, n), X.dtype)
    in_chunks(team, threads, pieces, _kernel_of_columns, (X, Ks))
    return _sums(team, threads, n, Ks, np.empty((pieces, 0, 0), Ks.dtype), lam)[0]


@jit
def narrow_kernel_in_pieces(team: Team, threads: int, X: Array, unit: float, lam: float) -> Array:
    """XXᵀ · unit² + λI, its upper triangle, in float32, of a wide X."""
    n, d = X.shape
    pieces = pieces_of(d, threads)
    Ks = np.empty((pieces, n, n), np.float32)
    narrow = np.empty((pieces, n, min(block_rows(n), d)), np.float32)
    in_chunks(team, threads, pieces, _narrow_kernel_of_columns, (X, unit, narrow, Ks))
    return _sums(team, threads, n, Ks, np.empty((pieces, 0, 0), Ks.dtype), lam)[0]


@jit
def shortfall(team: Team, threads: int, X: Array, Y: Array, Wt: Array, lam: float) -> Array:
    """What the normal equations still lack, one target a row: Xᵀ(y − Xw) − λw, in one pass over X."""
    (n, d), k = X.shape, Y.shape[1]
    pieces = pieces_of(n, _FINER * threads) if threads > 1 else 1
    lacks = np.zeros((pieces, k, d), X.dtype)
    in_chunks(team, threads, pieces, _pulls_of_rows, (X, Y, Wt, lacks))
    return _lack(lacks, Wt, lam)


@jit
def dual_shortfall(team: Team, threads: int, X: Array, Y: Array, alpha: Array, lam: float) -> tuple[Array, Array]:
    """(Wᵀ = (Xᵀα)ᵀ, what the dual's equations still lack, one target a row: y − Xw − λα), in one pass over X."""
    (n, d), k = X.shape, Y.shape[1]
    pieces = pieces_of(d, _FINER * threads) if threads > 1 else 1
    Wt, parts = np.zeros((k, d), X.dtype), np.zeros((pieces, k, n), X.dtype)
    in_chunks(team, threads, pieces, _fits_of_columns, (X, alpha, Wt, parts))
    return Wt, _dual_lack(parts, Y, alpha, lam)


@jit
def _gram_of_rows(c: int, shared: tuple[Array, Array, float, Array, Array, Array]) -> None:
    X, Y, unit, packed, Gs, YtXs = shared
    (n, d), k, (_, rows, width), before = X.shape, Y.shape[1], packed.shape, 0.0
    first, last = bounds(n, Gs.shape[0], c)
    if d <= _TILED:
        for i in range(width):
            for j in range(width):
                Gs[c, i, j] = 0
    for start in range(first, last, rows):
        m = min(rows, last - start)
        for i in range(m):
            row, packed_row = X[start + i], packed[c, i]
            for j in range(d):
                packed_row[j] = row[j] * unit
            for j in range(d, width):
                packed_row[j] = 0
        if d <= _TILED:
            add_gram_of_padded(packed[c, :m], d, Gs[c])
        else:
            call("syrk", ("L", "N", d, m, 1.0, packed[c], d, before, Gs[c], d))
        if k == 1:
            call("gemv", ("N", d, m, 1.0, X[start:], d, Y[start:], 1, before, YtXs[c], 1))
        else:
            call("gemm", ("N", "T", d, k, m, 1.0, X[start:], d, Y[start:], k, before, YtXs[c], d))
        before = 1.0


@jit
def _kernel_of_columns(c: int, shared: tuple[Array, Array]) -> None:
    X, Ks = shared
    n, d = X.shape
    first, last = bounds(d, Ks.shape[0], c)
    call("syrk", ("L", "T", n, last - first, 1.0, X[:, first:], d, 0.0, Ks[c], n))


@jit
def _narrow_kernel_of_columns(c: int, shared: tuple[Array, float, Array, Array]) -> None:
    X, unit, narrow, Ks = shared
    (n, d), width, before = X.shape, narrow.shape[2], 0.0
    first, last = bounds(d, Ks.shape[0], c)
    for start in range(first, last, width):
        m = min(width, last - start)
        for i in range(n):
            row, narrow_row = X[i, start : start + m], narrow[c, i]
            for j in range(m):
                narrow_row[j] = np.float32(row[j] * unit)
        call("syrk", ("L", "T", n, m, 1.0, narrow[c], width, before, Ks[c], n))
        before = 1.0


@jit
def _sums(team: Team, threads: int, p: int, Gs: Array, others: Array, lam: float) -> tuple[Array, Array]:
    """(Σ Gs + λI, without their padding; Σ others)."""
    pieces, width, _ = Gs.shape
    G, other = Gs[0], others[0]
    if pieces > 1 or width > p:
        G = np.empty((p, p), Gs.dtype)
        in_chunks(team, threads, pieces, _sum_of_rows, (Gs, G))
    for j in range(p):
        G[j, j] += lam
    for c in range(1, pieces):
        for t in range(other.shape[0]):
            for j in range(other.shape[1]):
                other[t, j] += others[c, t, j]
    return G, other


@jit
def _sum_of_rows(c: int, shared: tuple[Array, Array]) -> None:
    Gs, G = shared
    pieces, p = Gs.shape[0], G.shape[0]
    for i in range(c, p, pieces):  # row i has p - i entries
        into, row = G[i], Gs[0, i]
        for j in range(i, p):
            into[j] = row[j]
        for k in range(1, pieces):
            row = Gs[k, i]
            for j in range(i, p):
                into[j] += row[j]


@jit
def _pulls_of_rows(c: int, shared: tuple[Array, Array, Array, Array]) -> None:
    X, Y, Wt, lacks = shared
    (n, d), k = X.shape, Y.shape[1]
    first, last = bounds(n, lacks.shape[0], c)
    if k == 1:
        _add_pulls(X[first:last], Y[first:last, 0], Wt[0], lacks[c, 0])
        return
    rows = min(last - first, max(1, BLOCK_BYTES // (X.itemsize * d)))
    left = np.empty((rows, k), X.dtype)
    for start in range(first, last, max(1, rows)):
        m = min(rows, last - start)
        for i in range(m):
            for t in range(k):
                left[i, t] = Y[start + i, t]
        call("gemm", ("T", "N", k, m, d, -1.0, Wt, d, X[start:], d, 1.0, left, k))
        call("gemm", ("N", "T", d, k, m, 1.0, X[start:], d, left, k, 1.0, lacks[c], d))


@jit_sums
def _add_pulls(X: Array, y: Array, w: Array, lack: Array) -> None:
    """Add Xᵀ(y − Xw) to lack, for one target: four rows at a time, each read once, so that lack is seldom written."""
    n, d = X.shape
    for i in range(0, n - 3, 4):
        r0, r1, r2, r3 = 0.0, 0.0, 0.0, 0.0
        for j in range(d):
            r0 += X[i, j] * w[j]
            r1 += X[i + 1, j] * w[j]
            r2 += X[i + 2, j] * w[j]
            r3 += X[i + 3, j] * w[j]
        r0, r1, r2, r3 = y[i] - r0, y[i + 1] - r1, y[i + 2] - r2, y[i + 3] - r3
        for j in range(d):
            lack[j] += (X[i, j] * r0 + X[i + 1, j] * r1) + (X[i + 2, j] * r2 + X[i + 3, j] * r3)
    for i in range(n - n % 4, n):
        r0 = 0.0
        for j in range(d):
            r0 += X[i, j] * w[j]
        r0 = y[i] - r0
        for j in range(d):
            lack[j] += X[i, j] * r0


@jit_inlined
def _lack(lacks: Array, Wt: Array, lam: float) -> Array:
    lack = lacks[0]
    for t in range(lack.shape[0]):
        for j in range(lack.shape[1]):
            for c in range(1, lacks.shape[0]):
                lack[t, j] += lacks[c, t, j]
            lack[t, j] -= lam * Wt[t, j]
    return lack


@jit
def _fits_of_columns(c: int, shared: tuple[Array, Array, Array, Array]) -> None:
    """Their part of Wᵀ, and what they add to Xw."""
    X, alpha, Wt, parts = shared
    (n, d), k = X.shape, alpha.shape[0]
    first, last = bounds(d, parts.shape[0], c)
    width = max(512, 4 * BLOCK_BYTES // (X.itemsize * n) // 8 * 8)  # a row of it in whole pages
    for start in range(first, last, width):
        stop = min(start + width, last)
        block = X[:, start:]
        if k == 1:
            call("gemv", ("N", stop - start, n, 1.0, block, d, alpha, 1, 0.0, Wt[:, start:], 1))
            call("gemv", ("T", stop - start, n, 1.0, block, d, Wt[:, start:], 1, 1.0, parts[c], 1))
        else:
            call("gemm", ("N", "N", stop - start, k, n, 1.0, block, d, alpha, n, 0.0, Wt[:, start:], d))
            call("gemm", ("T", "N", n, k, stop - start, 1.0, block, d, Wt[:, start:], d, 1.0, parts[c], n))


@jit_inlined
def _dual_lack(parts: Array, Y: Array, alpha: Array, lam: float) -> Array:
    lack = np.empty_like(alpha)
    for t in range(lack.shape[0]):
        for i in range(lack.shape[1]):
            fit = parts[0, t, i]
            for c in range(1, parts.shape[0]):
                fit += parts[c, t, i]
            lack[t, i] = Y[i, t] - fit - lam * alpha[t, i]
    return lack
