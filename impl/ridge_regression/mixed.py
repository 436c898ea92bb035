"""Cholesky of XᵀX + λI in float32, refined to the accuracy of float64: for many samples of many features.

Nearly all of the time goes into XᵀX, and in float32 that takes half of it. The factor need not be accurate for the
solution to be: each pass of refinement takes the residual from X in float64 and leaves about κ(XᵀX + λI) · 2⁻²⁴ of the
error, down to what float64 allows (Moler 1967; Higham 2002, theorem 12.1; Carson and Higham 2018). A pass reads X once,
so some passes are cheap beside nd² flops. Whether it converges is seen, not assumed.
"""

import math

import numpy as np

from .._kernels.jit import jit, jit_inlined
from .._kernels.lapack import call
from .._kernels.linalg import cholesky_solve
from .._kernels.refine import BLOCK_BYTES, HOPELESS, add, equilibrated_cholesky, relative_size, shortfall
from .._kernels.scaling import exponent
from .._kernels.validation import Array


@jit_inlined
def pays(X: Array) -> bool:
    """Whether X is float64, tall, and has so many features that it is faster."""
    return X.itemsize == 8 and X.shape[0] >= X.shape[1] >= 192


@jit_inlined
def mixed_cholesky(X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    """(Wᵀ, whether it has come to float64's accuracy), for any float64 X with rows and columns and λ ≥ 0.

    X is read as seldom as can be. What is not finite or far out of range is not looked for, but leaves no factor.
    """
    e, top = exponent(X[: block_rows(X)]), exponent(Y)
    if abs(e) > 100 or abs(top) > 200:
        return np.empty((Y.shape[1], X.shape[1]), X.dtype), False
    L, Wt = equations(X, Y, e)
    for j in range(L.shape[0]):
        L[j, j] += np.float32(math.ldexp(lam, -2 * e))
    scale, condition = equilibrated_cholesky(L)
    if not condition * np.finfo(L.dtype).eps < HOPELESS:
        return Wt, False
    solve(L, scale, e, Wt)
    size, next_size, eps = 1.0, 1.0, np.finfo(X.dtype).eps
    for _ in range(12):
        step = shortfall(X, Y, Wt, lam)
        solve(L, scale, e, step)
        add(step, Wt)
        before, size = size, relative_size(step, Wt)
        next_size = size * (size / before)  # if the next step is to this one as this one is to the last
        if next_size <= eps or 0.25 * before < size:
            break
    return Wt, bool(next_size <= eps or size <= condition * eps)


@jit
def block_rows(X: Array) -> int:
    """How many rows are worked on at once: so many that XᵀX is seldom read and written."""
    return max(256, BLOCK_BYTES // (4 * X.shape[1]))


@jit_inlined
def equations(X: Array, Y: Array, e: int) -> tuple[Array, Array]:
    """(XᵀX · 2^-2e, its upper triangle, in float32, YᵀX)."""
    (n, d), k, rows = X.shape, Y.shape[1], block_rows(X)
    G, YtX = np.zeros((d, d), np.float32), np.zeros((k, d), X.dtype)
    narrow, unit = np.empty((rows, d), np.float32), math.ldexp(1.0, -e)
    for start in range(0, n, rows):
        block, targets = X[start : start + rows], Y[start : start + rows]
        m = block.shape[0]
        for i in range(m):
            row, narrow_row = block[i], narrow[i]
            for j in range(d):
                narrow_row[j] = np.float32(row[j] * unit)
        call("syrk", ("L", "N", d, m, 1.0, narrow, d, 1.0, G, d))
        call("gemm", ("N", "T", d, k, m, 1.0, block, d, targets, k, 1.0, YtX, d))
    return G, YtX


@jit
def solve(L: Array, scale: Array, e: int, Bt: Array) -> None:
    """Overwrite the rows of Bt with D(LLᵀ)⁻¹D b · 2^-2e, by the float32 factor of XᵀX · 2^-2e."""
    k, d = Bt.shape
    narrow, tops = np.empty((k, d), L.dtype), np.empty(k, np.int64)
    for t in range(k):
        for j in range(d):
            Bt[t, j] *= scale[j]
        tops[t] = exponent(Bt[t])
        unit = math.ldexp(1.0, -tops[t])
        for j in range(d):
            narrow[t, j] = Bt[t, j] * unit
    cholesky_solve(L, narrow)
    for t in range(k):
        unit = math.ldexp(1.0, tops[t] - 2 * e)
        for j in range(d):
            Bt[t, j] = narrow[t, j] * scale[j] * unit
