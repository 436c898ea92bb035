"""Cholesky of XᵀX + λI in float32, refined to the accuracy of float64: for many samples of many features.

Nearly all of the time goes into XᵀX, and in float32 that takes half of it. The factor need not be accurate for the
solution to be: each pass of refinement takes the residual from X in float64 and leaves about κ(XᵀX + λI) · 2⁻²⁴ of the
error, down to what float64 allows (Moler 1967; Higham 2002, theorem 12.1; Carson and Higham 2018). A pass reads X once,
so some passes are cheap beside nd² flops. Whether it converges is seen, not assumed.
"""

import math

import numpy as np

from .._factor import cholesky_solve, product
from .._front import Array
from .._jit import jit
from .._lapack import call
from .._range import exponent
from .._refine import BLOCK_BYTES, HOPELESS, add, equilibrated_cholesky, relative_size, shortfall


@jit
def pays(X: Array) -> bool:
    """Whether X is float64, tall, and has so many features that it is faster."""
    return X.itemsize == 8 and X.shape[0] >= X.shape[1] >= 192


@jit
def mixed_cholesky(X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    """(Wᵀ, whether it has come to float64's accuracy), for float64 X in range, of full column rank, and λ ≥ 0."""
    Wt = product(Y, True, X, False)
    e = exponent(X[: block_rows(X)])  # where other rows are so much larger that float32 overflows, there is no factor
    L = gram_in_float32(X, e)
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
    """How many rows are worked on at once, in float32."""
    return max(1, BLOCK_BYTES // (4 * X.shape[1]))


@jit
def gram_in_float32(X: Array, e: int) -> Array:
    """XᵀX · 2^-2e, its upper triangle, in float32."""
    n, d = X.shape
    G = np.zeros((d, d), np.float32)
    rows = block_rows(X)
    block, unit = np.empty((rows, d), np.float32), math.ldexp(1.0, -e)
    for start in range(0, n, rows):
        stop = min(start + rows, n)
        for i in range(start, stop):
            row, narrow = X[i], block[i - start]
            for j in range(d):
                narrow[j] = np.float32(row[j] * unit)
        call("syrk", ("L", "N", d, stop - start, 1.0, block, d, 1.0, G, d))
    return G


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
