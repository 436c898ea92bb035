"""Whether a wrong answer is that of a lower precision: what the reference gives in it is computed, and compared.

That an error is as large as float16's says nothing, a wrong constant's is so too. What tells is which error: rounding
does the same to the same numbers, whoever does it, and whoever rounds elsewhere shares the larger part of it. Who
rounds every step of another formula does not; but its answers are numbers of that precision, and as near as that comes.
It has to do so all over: what is wrong in some entries, and right where rounding would be seen, is wrong otherwise.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .arithmetic import BITS, Arithmetic, Lower
from .device import DTYPES, Array, mapped, rounded

FITS = 0.6  # of the error at most is left when a run in the lower precision is taken from it
ALIKE = 1.1  # are two precisions that explain as much
NORMAL = {"float16": 2.0**-14}  # what is smaller loses more digits than a precision has
ENTRIES = 16  # in fewer that is chance

Formula = Callable[[list[Any]], Callable[[Arithmetic], list[np.ndarray]]]


def held(got: list[Array], dtype: str) -> str:
    """The lower precision whose numbers all of these are."""
    values = np.concatenate([each.parts.ravel() for each in got])
    names = ("bfloat16", "float16", "float32")[: 3 if dtype == "float64" else 2]
    exact = (name for name in names if np.array_equal(rounded(values, name).astype(values.dtype), values))
    return next(exact, "") if np.unique(values).size >= ENTRIES else ""


def lower(formula: Formula, given: list[Any], got: list[Array], yard: list[Any], dtype: str) -> str:
    """Which it may be, or nothing: what goes in is rounded, what goes into products and sums, or every result."""
    left = {}
    for precision in [each for each in BITS if each != "float32" or dtype == "float64"]:
        found = []
        for rounding in (np.rint, np.trunc):
            ways = [Lower(precision, rounding, results) for results in range(3)]
            less = mapped(functools.partial(_rounded, ways[0]), given)
            for how, inputs in ((Arithmetic(dtype, None), less), (ways[0], given), (ways[1], given), (ways[2], less)):
                found.append(_left(got, formula(inputs)(how), yard, NORMAL.get(precision, 0.0)))
        left[precision] = min(found)
    best = min(left.values())
    return " or ".join(each for each in left if left[each] <= ALIKE * best) if best <= FITS else ""


def _left(got: list[Array], values: list[np.ndarray], yard: list[Any], least: float) -> float:
    """The error when this run is taken from it over the error: medians, for a few large errors have other causes.

    Of the entries that either of the two has wrong, and that do not vanish in the lower precision.
    """
    errors, rests, distinct = [], [], 0
    for each, value, (right, allowed) in zip(got, values, yard, strict=True):
        with np.errstate(all="ignore"):
            error, rest, made = (
                abs(a - b) / allowed for a, b in ((each.parts, right), (each.parts, value), (value, right))
            )
            told = (np.maximum(error, made) > 1) & (abs(right) >= least) & np.isfinite(error + rest)
        distinct += np.unique(value[told]).size
        errors.append(error[told])
        rests.append(rest[told])
    size = float(np.median(np.concatenate(errors))) if distinct >= ENTRIES else 0.0
    return float(np.median(np.concatenate(rests))) / size if size else math.inf


def _rounded(how: Lower, value: Any) -> Any:
    if not isinstance(value, Array) or value.dtype not in DTYPES:
        return value
    return Array(how.operand(value.values.astype(float)), value.dtype)
