"""The exact answer. A float64 is a rational number, so small problems are solved in rationals, by flint.

Matrices go in as arrays or lists and come out as NumPy arrays of flint's rationals (`fmpq`), which `properties.verdict`
compares with what an implementation returned.
"""

from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq, fmpq_mat, fmpz

Exact = np.ndarray  # of fmpq


# ---- numbers ---------------------------------------------------------------------------------------------------------


def to_rational(value: Any) -> Any:
    """The value as an `fmpq`, exactly; a ball is left as it is."""
    if isinstance(value, fmpq | arb):
        return value
    if isinstance(value, fmpz):
        return fmpq(value)
    if isinstance(value, Fraction):
        return fmpq(value.numerator, value.denominator)
    if isinstance(value, np.generic):
        value = value.item()
    return fmpq(*value.as_integer_ratio())


def largest(value: Any) -> fmpq:
    """The largest absolute value that the number, or some number in the ball, has."""
    if isinstance(value, arb):
        mantissa, exponent = value.abs_upper().man_exp()
        return fmpq(mantissa) * fmpq(2) ** int(exponent)
    return abs(to_rational(value))


def nearest(value: Any) -> float:
    """The rational as a float, rounded once; ±inf where it is too large."""
    value = to_rational(value)
    try:
        return int(value.p) / int(value.q)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def floats(exact: Any) -> np.ndarray:
    """An array of rationals as float64."""
    exact = np.asarray(exact, dtype=object)
    return np.array([nearest(value) for value in exact.flat], float).reshape(exact.shape)


def rationals(array: Any) -> Exact:
    """An array of floats as an array of rationals."""
    array = np.asarray(array)
    out = np.empty(array.shape, object)
    for index in np.ndindex(array.shape):
        out[index] = to_rational(array[index])
    return out


# ---- matrices --------------------------------------------------------------------------------------------------------


def matrix(array: Any) -> fmpq_mat:
    """A 2-D array as a matrix of rationals; a 1-D array as a column."""
    array = np.asarray(array)
    rows, columns = array.shape if array.ndim == 2 else (array.size, 1)
    return fmpq_mat(rows, columns, [to_rational(value) for value in array.flat])


def entries(M: fmpq_mat) -> Exact:
    """A matrix of rationals as a 2-D array."""
    out = np.empty((M.nrows(), M.ncols()), object)
    out.flat = M.entries()
    return out
