"""The error that theory allows, as a pure number, with its source.

``Bound(allowed, source)``; sums of bounds are bounds: ``a + b``. Each bound here is a function of the exact problem,
computed in float64 from its singular values, ‖w‖, ‖r‖, λ and its size. u is the unit roundoff of the dtype, eps/2.
First-order bounds are void where u times the condition exceeds about 0.1; they are then infinite.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Bound:
    """An allowed error, and the theorem that allows it.

    Parameters
    ----------
    allowed
        A number, for the Frobenius norm of the error; or an array, for its entries or for the norms of its columns
        (see `properties.verdict`).
    source
        Where the bound is from.
    """

    allowed: Any
    source: str

    def __add__(self, other: "Bound") -> "Bound":
        sources = self.source if other.source in self.source else f"{self.source}; {other.source}"
        return Bound(np.add(self.allowed, other.allowed), sources)


def unit_roundoff(dtype: Any) -> float:
    """U = eps/2: the largest relative error of one rounding to nearest."""
    return float(np.finfo(dtype).eps) / 2


def smallest(dtype: Any) -> float:
    """The smallest positive number of the dtype, a subnormal: the largest error of one rounding near zero."""
    return float(np.finfo(dtype).smallest_subnormal)


EXACT = Bound(0.0, "no rounding takes place")

# ---- chapter 1 -------------------------------------------------------------------------------------------------------


def dot_product(size: int, absolute: Any, dtype: Any) -> Bound:
    """γ Σ|aᵢ||bᵢ| for a sum of products of `size` terms in any order, `absolute` being Σ|aᵢ||bᵢ|."""
    gamma = (size + 2) * unit_roundoff(dtype)
    return Bound(gamma * np.asarray(absolute, float) + (size + 2) * smallest(dtype), "Higham (2002), §3.1 and (3.5)")
