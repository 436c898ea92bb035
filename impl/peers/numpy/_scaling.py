"""Numbers beyond the range of floating point, as fraction · 2ᵏ, so that squares neither overflow nor vanish.

Scaling by a power of two rounds nothing.
"""

import math
from typing import Any

import numpy as np

from ._input import Array

# The exponent of zero: below every other, so that a term that is zero never sets the scale of a sum.
_NOTHING = -10_000


def split(A: Array, axis: int | None = None) -> tuple[Array, Any]:
    """(F, k) with A = F · 2ᵏ and the largest entry of F, in all or along the axis, in [½, 1)."""
    top = np.max(np.abs(A), axis=axis, initial=0)
    k = np.where(top == 0, _NOTHING, np.frexp(top)[1])
    return np.ldexp(A, -k), k


def join(*terms: tuple[Array, Any]) -> tuple[Array, Any]:
    """The sum of F · 2ᵏ over (F, k), as (F, k)."""
    top = np.max([k for _, k in terms], axis=0)
    return sum(np.ldexp(F, k - top) for F, k in terms), top


def square_sum(F: Array, k: Any = 0) -> tuple[Any, Any]:
    """The sum of the squares of F · 2ᵏ, as (F, k); k is a number, or one for each column of F."""
    top = np.max(k, initial=_NOTHING)
    F, more = split(np.ldexp(F, k - top))
    return np.sum(F * F), 2 * (top + more)


def relative(lam: float, k: Any, dtype: np.dtype[Any]) -> tuple[Any, int]:
    """(μ, e) for λ / 4ᵏ = μ · 2ᵉ, where X has been divided by 2ᵏ.

    Beyond the `high` power, X is nothing beside λ and every answer goes as 1/λ: e says by how much more to divide it.
    Below the `low` one, λ is nothing beside X.
    """
    if lam == 0:
        return dtype.type(0), 0
    low, high = (-100, 60) if dtype == np.float32 else (-1000, 200)
    m, power = math.frexp(lam)
    power -= 2 * int(k)
    return dtype.type(math.ldexp(m, min(max(power, low), high))), max(power - high, 0)
