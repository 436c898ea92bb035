"""Powers of two that bring data into the range where squares neither overflow nor vanish.

Multiplying by a power of two is exact, so the scaled problem has the scaled answer to the last bit. Data whose largest
entry is already in range, which is all ordinary data, is not touched: the scaling is as small as it can be, so that the
small entries of a matrix survive next to its large ones.

For float64 the range is 2^±150 for a matrix and 2^±300 for a right-hand side, for float32 2^±10 for both. Then XᵀX is
within 2^±300 (2^±20) times n, and a λ of 2^500 (2^80) makes it negligible: larger ones are brought down to that and the
answer, which is then XᵀY/λ, is scaled instead.
"""

import math

import numpy as np

from .jit import jit, jit_linked
from .validation import Array

NOT_FINITE = 1 << 20


@jit
def exponent(a: Array) -> int:
    """The e with 2^(e-1) ≤ max|a| < 2^e; 0 when all is zero; `NOT_FINITE` when something is NaN or infinite.

    Without its sign bit a float sorts as an integer does, NaN and infinity last, and integers vectorise.
    """
    flat = a.reshape(-1)
    if a.itemsize == 8:
        bits64 = flat.view(np.uint64)
        top64 = np.uint64(0)
        for i in range(bits64.size):
            top64 = np.uint64(max(top64, bits64[i] & np.uint64(0x7FFFFFFFFFFFFFFF)))
        largest = np.uint64(top64).view(np.float64)
    else:
        bits32 = flat.view(np.uint32)
        top32 = np.uint32(0)
        for i in range(bits32.size):
            top32 = np.uint32(max(top32, bits32[i] & np.uint32(0x7FFFFFFF)))
        largest = np.float64(np.uint32(top32).view(np.float32))
    if not math.isfinite(largest):
        return NOT_FINITE
    return math.frexp(largest)[1]


@jit
def times_power_of_two(a: Array, e: int) -> Array:
    """a · 2^e, rounded once; past the range ±inf or 0."""
    out = np.empty_like(a)
    source, target = a.reshape(-1), out.reshape(-1)
    for i in range(source.size):
        target[i] = math.ldexp(np.float64(source[i]), e)
    return out


@jit_linked
def excess(e: int, limit: int) -> int:
    """By how much e lies outside ±limit."""
    return e - min(max(e, -limit), limit)


@jit
def matrix_in_range(X: Array) -> tuple[Array, int]:
    """(X · 2^-e, e) with the entries in range; X itself and 0 when they are."""
    e = exponent(X)
    if e == NOT_FINITE:
        raise ValueError("X must be finite, but holds a NaN or an infinity")
    e = excess(e, 150 if X.itemsize == 8 else 10)
    return (times_power_of_two(X, -e) if e != 0 else X), e


@jit
def target_in_range(Y: Array) -> tuple[Array, int]:
    """(Y · 2^-e, e) with the entries in range; Y itself and 0 when they are."""
    e = exponent(Y)
    if e == NOT_FINITE:
        raise ValueError("y must be finite, but holds a NaN or an infinity")
    e = excess(e, 300 if Y.itemsize == 8 else 10)
    return (times_power_of_two(Y, -e) if e != 0 else Y), e


@jit
def lifted(X: Array) -> tuple[Array, int]:
    """(X · 2^e, e) with a largest entry so large that each σ, the smallest float too, has a reciprocal; 0 stays 0."""
    e = (450 if X.itemsize == 8 else 34) - exponent(X)
    return times_power_of_two(X, e), e


@jit_linked
def lam_in_range(lam: float, e: int, itemsize: int) -> tuple[float, int]:
    """λ for the matrix X · 2^-e, as (λ', c) with λ · 2^-2e = λ' · 2^c.

    c > 0 only where λ' is so large that XᵀX is negligible beside it. Below, λ stops at a positive number that is
    nothing beside XᵀX, so that a positive λ stays positive.
    """
    if lam == 0:
        return 0.0, 0
    mantissa, power = math.frexp(lam)
    power -= 2 * e
    lowest, highest = (-1000, 500) if itemsize == 8 else (-120, 80)
    return math.ldexp(mantissa, min(max(power, lowest), highest)), max(power - highest, 0)


@jit
def in_range(X: Array, Y: Array, lam: float) -> tuple[Array, Array, float, int]:
    """X, Y and λ in range, and the e by which the solution of that problem is to be scaled: w = w' · 2^e."""
    X, ex = matrix_in_range(X)
    Y, ey = target_in_range(Y)
    lam, c = lam_in_range(lam, ex, X.itemsize)
    return X, Y, lam, ey - ex - c
