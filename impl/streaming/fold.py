"""The triangular factor of [R; X Y] from R and the rows below it, by LAPACK's Householder QR that knows of triangles.

Rows come in pieces that stay in the cache, and whatever their dtype is, the factor is in float64. TSQR with a flat
tree: Demmel, Grigori, Hoemmen and Langou, "Communication-optimal parallel and sequential QR and LU factorizations"
(2012), §3. Over any tree it is backward stable as Householder QR is, column by column.
"""

import numpy as np

from .._kernels.jit import jit
from .._kernels.lapack import call
from .._kernels.linalg import transposed
from .._kernels.validation import Array

# Rows at a time: a piece of p columns is read p times, and the triangle once a piece.
ROWS = 256
# Columns that LAPACK takes at a time.
PANEL = 32


@jit
def folded(R: Array, X: Array, Y: Array) -> Array:
    """The (p, p) triangular factor of [R; X Y], of p = d + k columns; 2np² flops."""
    p, (n, d) = R.shape[0], X.shape
    At = transposed(R)
    rows = max(ROWS, p)
    for start in range(0, n, rows):
        m = min(rows, n - start)
        Bt = np.empty((p, m))
        for i0 in range(0, m, 32):  # as `transposed` does, so that neither side leaves the cache
            for j in range(d):
                for i in range(i0, min(i0 + 32, m)):
                    Bt[j, i] = X[start + i, j]
            for j in range(d, p):
                for i in range(i0, min(i0 + 32, m)):
                    Bt[j, i] = Y[start + i, j - d]
        _eliminate(At, Bt, 0)
    return transposed(At)


@jit
def merged(R: Array, S: Array) -> Array:
    """The triangular factor of [R; S], both of which are (p, p) and triangular; 2p³/3 flops."""
    At = transposed(R)
    _eliminate(At, transposed(S), R.shape[0])
    return transposed(At)


@jit
def _eliminate(At: Array, Bt: Array, triangular: int) -> None:
    """Overwrite the triangle that LAPACK sees in At with the factor of it and B, whose last rows may be triangular."""
    p, m = Bt.shape
    if p == 0:
        return
    panel = min(PANEL, p)
    factors, work, info = np.empty((p, panel)), np.empty(panel * p), np.zeros(1, np.int32)
    call("tpqrt", (m, p, triangular, panel, At, p, Bt, m, factors, panel, work, info))
