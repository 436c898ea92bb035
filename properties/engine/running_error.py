"""A number together with the error that theory allows whoever computes it: running error analysis.

A `Carried` array holds exact values, as flint's balls, and for each of them a bound on what an evaluation in floating
point may be off by. Every operation is the standard model's, fl(a ∘ b) = (a ∘ b)(1 + δ) + η with |δ| ≤ u, applied to
operands that are off already (Wilkinson 1963; Higham 2002, §2.2, §3.1 and §3.3); sums and products of matrices carry
γ_n, which covers every order of summation and fused multiply-add. The formula is written once, as on paper::

    hidden = affine(x, W, b).relu()
    judge("affine_relu_forward", out, *hidden.answer)

Nothing is first-order here: the bounds hold as they are. Where an operand is so close to a kink, or a divisor to zero,
that rounding may put it on either side, the example says nothing and is rejected.
"""

import functools
from typing import Any

import numpy as np
from flint import arb, ctx
from hypothesis import reject
from numpy.typing import ArrayLike

from shrinkage.properties.engine.bounds import Bound, smallest, unit_roundoff

# The precision of the balls. What is judged has 53 bits; the rest is for sums over many scales.
ctx.prec = 256

SOURCE = "running error analysis: Higham (2002), §3.1 and §3.3"

# The largest error of exp, log and sqrt, in units of u: 4 ulp. (NumPy's vectorised float32 log has 3.83 ulp, its exp
# 2.52; the C libraries stay below 2: "Known Maximum Errors in Math Functions", The GNU C Library Manual.)
FUNCTION = 8


def balls(array: Any) -> np.ndarray:
    """The entries as balls: of radius zero for floats."""
    array = np.asarray(array)
    return _filled([arb(value) for value in array.ravel().tolist()], array.shape)


def sizes(values: np.ndarray) -> np.ndarray:
    """Absolute values as floats, from above."""
    above = [value.abs_upper() for value in values.flat]
    floats = [0.0 if value == 0 else max(float(value), 5e-324) for value in above]
    return np.array(floats).reshape(values.shape) * (1 + 2.0**-50)


def _filled(entries: list[arb], shape: tuple[int, ...]) -> np.ndarray:
    return np.array(entries, object).reshape(shape)


def _each(function: Any, values: np.ndarray) -> np.ndarray:
    return _filled([function(value) for value in values.flat], values.shape)


_unit_roundoff, _smallest = functools.cache(unit_roundoff), functools.cache(smallest)


class Carried:
    """Exact values, what a computed value may be off by, and the dtype that it is computed in.

    Parameters
    ----------
    values
        Anything that `balls` takes.
    error
        In the shape of the values, or a number for all of them.
    dtype
        Of the arithmetic.
    """

    __array_ufunc__ = None  # so that a NumPy array on the left leaves the operation to us

    def __init__(self, values: Any, error: ArrayLike = 0.0, dtype: Any = np.float64) -> None:
        self.values = values if isinstance(values, np.ndarray) and values.dtype.kind == "O" else balls(values)
        error = np.asarray(error, float)
        self.error = error if error.shape == self.values.shape else np.broadcast_to(error, self.values.shape)
        self.dtype = np.dtype(dtype)
        self._magnitude: np.ndarray | None = None

    @property
    def magnitude(self) -> np.ndarray:
        """The absolute values as floats, from above."""
        if self._magnitude is None:
            self._magnitude = sizes(self.values)
        return self._magnitude

    @property
    def answer(self) -> tuple[np.ndarray, Bound]:
        """What `judge` takes: the exact values, and the bound for each of them."""
        return self.values, Bound(self.error, SOURCE)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the values."""
        return self.values.shape

    @property
    def size(self) -> np.ndarray:
        """The largest absolute value that a computed one may have."""
        return self.magnitude + self.error

    @property
    def T(self) -> "Carried":
        """Transposed."""
        return Carried(self.values.T, self.error.T, self.dtype)

    def reshape(self, *shape: Any) -> "Carried":
        """The same entries in another shape."""
        return Carried(self.values.reshape(*shape), self.error.reshape(*shape), self.dtype)

    def __getitem__(self, index: Any) -> "Carried":
        return Carried(np.asarray(self.values[index], object), self.error[index], self.dtype)

    def rounded(self, dtype: Any = None, roundings: float = 1) -> "Carried":
        """After one more rounding, or several, to its own dtype or to another one."""
        dtype = np.dtype(dtype or self.dtype)
        size = self.size
        error = (
            self.error + size * roundings * _unit_roundoff(dtype) + np.where(size > 0, roundings * _smallest(dtype), 0)
        )
        return self._off_by(error * (1 + 2.0**-45), dtype)

    def _off_by(self, error: np.ndarray, dtype: Any) -> "Carried":
        same = Carried(self.values, error, dtype)
        same._magnitude = self._magnitude
        return same

    def _with(self, other: Any) -> tuple["Carried", Any]:
        other = other if isinstance(other, Carried) else constant(other, self.dtype)
        return other, max(self.dtype, other.dtype, key=_unit_roundoff)

    def __neg__(self) -> "Carried":
        return Carried(-self.values, self.error, self.dtype)

    def __add__(self, other: Any) -> "Carried":
        other, dtype = self._with(other)
        return Carried(self.values + other.values, self.error + other.error, dtype).rounded()

    def __sub__(self, other: Any) -> "Carried":
        other, _ = self._with(other)
        return self + -other

    def __rsub__(self, other: Any) -> "Carried":
        return -self + other

    def __mul__(self, other: Any) -> "Carried":
        other, dtype = self._with(other)
        error = self.size * other.error + self.error * other.magnitude
        return Carried(self.values * other.values, error, dtype).rounded()

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> "Carried":
        other, dtype = self._with(other)
        with np.errstate(divide="ignore", invalid="ignore"):
            least = other.magnitude * (1 - 2.0**-48) - other.error  # of the computed divisors
            quotient = np.asarray(self.values / other.values, object)
            if np.any((least <= 0) & (other.error > 0)):
                reject()
            error = np.where(least > 0, (self.error + sizes(quotient) * other.error) / least, np.inf)
        return Carried(quotient, error, dtype).rounded()

    def __matmul__(self, other: Any) -> "Carried":
        other, dtype = self._with(other)
        absolute = self.size @ other.size
        error = self.size @ other.error + self.error @ other.magnitude
        terms, any_product = self.shape[-1], (self.size > 0).astype(float) @ (other.size > 0) > 0
        nu = terms * _unit_roundoff(dtype)
        error = error + nu / (1 - nu) * absolute + np.where(any_product, 2 * terms * _smallest(dtype), 0)
        values = np.asarray(self.values @ other.values if terms else balls(np.zeros(absolute.shape)), object)
        return Carried(values, error * (1 + 2.0**-40), dtype)

    def sum(self, axis: int = 0) -> "Carried":
        """The sum along an axis, in any order."""
        moved = Carried(np.moveaxis(self.values, axis, -1), np.moveaxis(self.error, axis, -1), self.dtype)
        return moved @ constant(np.ones(moved.shape[-1]), self.dtype)

    def _decided(self) -> np.ndarray:
        exact_zero = (self.magnitude == 0) & (self.error == 0)
        if not np.all(exact_zero | (self.magnitude > self.error * (1 + 2.0**-40))):
            reject()
        return exact_zero

    def positive(self) -> np.ndarray:
        """Where the computed value is sure to be positive; elsewhere it is sure not to be."""
        exact_zero = self._decided()
        return np.array([bool(v > 0) for v in self.values.flat], bool).reshape(self.shape) & ~exact_zero

    def where(self, mask: np.ndarray) -> "Carried":
        """Itself where the mask is, else zero exactly."""
        zero = np.full(self.shape, arb(0), object)
        return Carried(np.where(mask, self.values, zero), np.where(mask, self.error, 0.0), self.dtype)

    def relu(self) -> "Carried":
        """max(·, 0), which rounds nothing and enlarges no error."""
        size = self.magnitude * (1 - 2.0**-48)
        off = np.array([bool(v <= 0) for v in self.values.flat], bool).reshape(self.shape) & (size >= self.error)
        return Carried(_each(lambda v: v.max(arb(0)), self.values), self.error, self.dtype).where(~off)

    def exp(self) -> "Carried":
        """eˣ."""
        values = _each(_exp, self.values)
        nothing = np.array([bool(x <= _NOTHING) for x in self.values.flat], bool).reshape(self.shape)
        if np.any(self.error > np.where(nothing, self.magnitude / 4, 1)):
            reject()
        error = np.where(nothing, 0.0, sizes(values) * np.expm1(np.minimum(self.error, 1)))
        return Carried(values, error, self.dtype).rounded(roundings=FUNCTION)

    def log(self) -> "Carried":
        """log x."""
        with np.errstate(divide="ignore"):
            relative = self.error / np.maximum(self.magnitude * (1 - 2.0**-48) - self.error, 0)
        return Carried(_each(arb.log, self.values), relative, self.dtype).rounded(roundings=FUNCTION)

    def sqrt(self) -> "Carried":
        """√x, where |√a − √b| ≤ |a − b|/√a and ≤ √|a − b|."""
        values = _each(arb.sqrt, self.values)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.fmin(self.error / sizes(values) * (1 + 2.0**-48), np.sqrt(self.error))
        return Carried(values, error, self.dtype).rounded()


# Below this, eˣ is smaller than any number of any dtype, and so is it for an x that is off by a quarter.
_NOTHING = -5000


def _exp(x: arb) -> arb:
    """A ball around eˣ; one around all that is too small to be a number where eˣ is."""
    return x.exp() if x > _NOTHING else arb(0, 2.0**-1074)


def constant(value: Any, dtype: Any = np.float64) -> Carried:
    """Given numbers, which are rounded once where the dtype does not hold them."""
    return _number(value, np.dtype(dtype)) if isinstance(value, float) else _rounded_once(value, dtype)


@functools.cache
def _number(value: float, dtype: Any) -> Carried:
    return _rounded_once(value, dtype)


def _rounded_once(value: Any, dtype: Any) -> Carried:
    numbers = np.asarray(value, float)
    with np.errstate(over="ignore"):
        held = numbers.astype(dtype) == numbers
    return Carried(numbers, np.where(held, 0.0, _unit_roundoff(dtype) * abs(numbers) + _smallest(dtype)), dtype)


def given(*arrays: Any) -> Any:
    """Arrays as they are passed in, to be computed with in the dtype that the contract asks for."""
    arrays = tuple(np.asarray(array) for array in arrays)
    single = {array.dtype for array in arrays if array.ndim} == {np.dtype(np.float32)}
    return [Carried(array, 0.0, np.float32 if single else np.float64) for array in arrays]


def columns(*parts: Carried) -> Carried:
    """Side by side."""
    values, errors = (np.concatenate([getattr(p, what) for p in parts], axis=-1) for what in ("values", "error"))
    return Carried(values, errors, parts[0].dtype)


def affine(x: Carried, w: Carried, b: Carried) -> Carried:
    """x w + b as one sum of products, b added wherever."""
    ones = Carried(np.ones((x.shape[0], 1)), 0.0, x.dtype)
    return columns(x, ones) @ columns(w.T, b.reshape(-1, 1)).T
