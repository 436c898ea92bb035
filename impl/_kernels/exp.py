"""exp of numbers ≤ 0, several at a time, and the largest of a row: what softmax needs and LLVM does not vectorise.

LLVM calls the C library's exp once for each number unless a vector library is installed, and it leaves a search for
the largest alone because the order of a comparison with NaN matters. Written as below, both become vector code: on
one AVX-512 core exp takes as long as `numpy.exp`, which is written for that by hand, in float64 (0.57 ns) and two
thirds of it in float32 (0.28 ns against 0.44), and is off by at most 1.2 units in the last place, subnormal results
included.
"""

from typing import Any

import numpy as np

from .jit import jit_fused, jit_linked, whole_registers
from .validation import Array

Scalar = np.floating[Any]


@jit_linked
def exp_below(x: Array, top: Scalar, out: Array) -> None:
    """Write exp(x − top) to `out`, for top ≥ every x. A NaN stays one; −inf gives 0."""
    whole_registers()
    if x.itemsize == 8:
        for j in range(x.size):
            out[j] = _exp64(x[j] - top)
    else:
        for j in range(x.size):
            out[j] = _exp32(x[j] - top)


@jit_linked
def largest(x: Array) -> Scalar:
    """The largest entry, −inf of none. Where there are NaNs it may be one of them or not.

    Floats are compared by their bits: with all but the sign flipped in the negative ones, they sort as integers.
    """
    if x.itemsize == 8:
        top64 = np.int64(-0x7FF0000000000001)
        for j in range(x.size):
            key64 = np.float64(x[j]).view(np.int64)
            top64 = max(top64, key64 ^ ((key64 >> 63) & np.int64(0x7FFFFFFFFFFFFFFF)))
        top64 ^= (top64 >> 63) & np.int64(0x7FFFFFFFFFFFFFFF)
        return x.dtype.type(np.int64(top64).view(np.float64))
    top32 = np.int32(-0x7F800001)
    for j in range(x.size):
        key32 = np.float32(x[j]).view(np.int32)
        top32 = max(top32, key32 ^ ((key32 >> np.int32(31)) & np.int32(0x7FFFFFFF)))
    top32 ^= (top32 >> np.int32(31)) & np.int32(0x7FFFFFFF)
    return x.dtype.type(np.int32(top32).view(np.float32))


# exp x = 2ⁿ exp r with n = round(x/log 2) and r = x − n log 2, |r| ≤ (log 2)/2 (Cody and Waite 1980, ch. 6).
#
# exp r = 1 + r + r² q(r); q interpolates at the Chebyshev points, and leaves a relative error of 1.6e-17 (float64) or
# 9.7e-9 (float32), a seventh of a rounding at most. log 2 comes in two parts, the first short enough that n times it
# is exact. Adding and taking away 1.5 · 2⁵² (1.5 · 2²³) rounds to an integer and leaves it in the low bits; with the
# exponents' offset and 64 on top, what lies there are the exponent bits of 2ⁿ⁺⁶⁴. That is a normal number, where 2ⁿ
# need not be one, and 2⁻⁶⁴ is put right in the end. Below x = −746 (−105) the answer is 0 and n must not run away.
# A product and a sum may be one rounding, but no sum is reordered: the rounding trick and log 2 rest on the order.


@jit_fused
def _exp64(x: float) -> float:
    x = -746.0 if x < -746.0 else x
    shifted = x * 1.4426950408889634 + (6755399441055744.0 + 1023 + 64)
    n = shifted - (6755399441055744.0 + 1023 + 64)
    r = (x - n * 0.6931471805592082) - n * 7.371002565167799e-13
    q = 2.5100375832561234e-08
    q = q * r + 2.7620075879983367e-07
    q = q * r + 2.7557268480310024e-06
    q = q * r + 2.4801521322368692e-05
    q = q * r + 0.00019841269863040545
    q = q * r + 0.0013888888917196719
    q = q * r + 0.008333333333330065
    q = q * r + 0.041666666666624164
    q = q * r + 0.16666666666666669
    q = q * r + 0.5
    power = np.int64(np.float64(shifted).view(np.int64) << 52).view(np.float64)
    return (1.0 + (r + r * r * q)) * power * 2.0**-64


@jit_fused
def _exp32(x: np.float32) -> np.float32:
    one, half, shift, lowest = np.float32(1), np.float32(0.5), np.float32(12582912 + 127 + 64), np.float32(-105)
    x = lowest if x < lowest else x
    shifted = x * np.float32(1.4426950408889634) + shift
    n = shifted - shift
    r = (x - n * np.float32(0.693115234375)) - n * np.float32(3.1946184945309415e-05)
    q = np.float32(0.0013926175888627768)
    q = q * r + np.float32(0.008363173343241215)
    q = q * r + np.float32(0.041666556149721146)
    q = q * r + np.float32(0.16666577756404877)
    q = q * r + half
    power = np.int32(np.float32(shifted).view(np.int32) << np.int32(23)).view(np.float32)
    return (one + (r + r * r * q)) * power * np.float32(2.0**-64)
