"""Cholesky of the smaller Gram matrix in float32, refined to the accuracy of float64: where that is large.

Nearly all of the time goes into XᵀX or XXᵀ, and in float32 that takes half of it. The factor need not be accurate for
the solution to be: each pass of refinement takes the residual from X in float64 and leaves about κ · 2⁻²⁴ of the error,
down to what float64 allows (Moler 1967; Higham 2002, theorem 12.1; Carson and Higham 2018). A pass reads X once, so
some passes are cheap beside the flops of the matrix. Whether it converges is seen, not assumed.
"""

import math

import numpy as np

from .equations import dual_shortfall, gram_in_pieces, narrow_kernel_in_pieces, roundings, shortfall
from .jit import jit
from .linalg import cholesky, cholesky_solve, default_rcond, transposed
from .parallel import Team
from .refine import (
    HOPELESS,
    add,
    factored,
    full_rank,
    relative_change,
    relative_size,
    to_unit_diagonal,
    trace,
)
from .scaling import exponent
from .validation import F64, Array

# The smaller side of X from which on it is faster, and the entries that its size is taken from.
_SMALLEST, _FIRST = 192, 1 << 16
_LEAST_RATE = 1e-5


def pays(X: Array) -> bool:
    """Whether X is float64 and so large that it is faster."""
    return min(X.shape) >= _SMALLEST and X.dtype is F64


@jit
def mixed_cholesky(team: Team, threads: int, X: Array, Y: Array, lam: float, rcond: float) -> tuple[Array, bool]:
    """(Wᵀ, whether it has come to float64's accuracy and, at λ = 0, every σ > rcond · σ_max for sure).

    For any float64 X with rows and columns; a negative rcond is the default. X is read as seldom as can be. What is not
    finite or far out of range is not looked for, but leaves no factor.
    """
    d, k, tall = X.shape[1], Y.shape[1], X.shape[0] >= X.shape[1]
    e, top = exponent(X[: max(1, _FIRST // d)]), exponent(Y)
    if abs(e) > 100 or abs(top) > 200:
        return np.empty((k, d), X.dtype), False
    unit, own_lam = math.ldexp(1.0, -e), math.ldexp(lam, -2 * e)
    if tall:
        L, unknown = gram_in_pieces(team, threads, X, Y, unit, own_lam, np.empty(0, np.float32))
    else:
        L, unknown = narrow_kernel_in_pieces(team, threads, X, unit, own_lam), transposed(Y)
    squares, eps = trace(L), np.finfo(X.dtype).eps
    scale, norm = to_unit_diagonal(L)
    if lam > 0:
        condition = factored(L, norm)
        fit = condition * np.finfo(L.dtype).eps < HOPELESS
    else:
        if rcond < 0:
            rcond = default_rcond(X.shape[0], X.shape[1], X)
        terms = roundings(*X.shape, threads)
        fit = norm < np.inf and full_rank(L, scale, squares, terms, rcond) and cholesky(L)
        condition = 0.5 / (np.finfo(L.dtype).eps * (terms + len(L) + 8))  # by what that has taken off
    if not fit:
        return np.empty((k, d), X.dtype), False
    solve(L, scale, e, unknown)
    size, next_size, Wt, lack = 1.0, 1.0, unknown, unknown
    if not tall:
        Wt, lack = dual_shortfall(team, threads, X, Y, unknown, lam)
    for _ in range(12):
        if tall:
            lack = shortfall(team, threads, X, Y, Wt, lam)
        solve(L, scale, e, lack)
        add(lack, unknown)
        before = size
        if tall:
            size = relative_size(lack, Wt)
        else:
            last = Wt
            Wt, lack = dual_shortfall(team, threads, X, Y, unknown, lam)
            size = relative_change(Wt, last)
        # If the next step is to this one as this one is to the last, which may have been small by luck.
        next_size = size * max(size / before, _LEAST_RATE)
        if next_size <= eps or 0.25 * before < size:
            break
    return Wt, bool(next_size <= eps or size <= condition * eps)


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
