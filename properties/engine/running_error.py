"""A number together with the error that theory allows whoever computes it: running error analysis.

A `Carried` array holds exact values, as flint's balls, and for each of them a bound on what an evaluation in floating
point may be off by. Every operation is the standard model's, fl(a ∘ b) = (a ∘ b)(1 + δ) + η with |δ| ≤ u, applied to
operands that are off already (Wilkinson 1963; Higham 2002, §2.2, §3.1 and §3.3); sums and products of matrices carry
γ_n, which covers every order of summation and fused multiply-add. The formula is written once, as on paper::

    hidden = affine(x, W, b).relu()
    judge("affine_relu_forward", out, *hidden.answer)

Nothing is first-order here: the bounds hold as they are. Where an operand is so close to a kink, or a divisor to zero,
that rounding may put it on either side, the example says nothing and is rejected.

What depends on the kind of numbers that the values are stands in one place of the class, so that a subclass can carry
numbers of another kind.
"""

import functools
import itertools
import math
import operator
from collections.abc import Callable
from typing import Any, Self

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
    floats = [float(value) or (0.0 if value == 0 else 5e-324) for value in above]
    return np.array(floats).reshape(values.shape) * (1 + 2.0**-50)


def _filled(entries: list[arb], shape: tuple[int, ...]) -> np.ndarray:
    return np.array(entries, object).reshape(shape)


def _each(function: Callable[[arb], arb]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda values: _filled([function(value) for value in values.flat], values.shape)


# Below this, eˣ is smaller than any number of any dtype, and so is it for an x that is off by a quarter.
_NOTHING = -5000


def _exp(x: arb) -> arb:
    """A ball around eˣ; one around all that is too small to be a number where eˣ is."""
    return x.exp() if x > _NOTHING else arb(0, 2.0**-1074)


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

    # ---- what depends on the kind of numbers: balls, which enclose what is exact

    own = 0.0  # what an operation on the values may be off by, beside their size
    zero: Any = arb(0)
    sizes = staticmethod(sizes)
    _exps, _logs, _roots = map(staticmethod, (_each(_exp), _each(arb.log), _each(arb.sqrt)))
    _positive_parts = staticmethod(_each(lambda value: value.max(arb(0))))

    @staticmethod
    def held(values: Any) -> np.ndarray:
        """The values as an array of such numbers."""
        return values if isinstance(values, np.ndarray) and values.dtype.kind == "O" else balls(values)

    @staticmethod
    def _compared(compare: Callable[[Any, Any], Any], values: np.ndarray, number: float) -> np.ndarray:
        """Where it is sure to hold."""
        return np.array([bool(compare(value, number)) for value in values.flat], bool).reshape(values.shape)

    @staticmethod
    def _product(A: np.ndarray, B: np.ndarray) -> np.ndarray:
        product: np.ndarray = A @ B
        return product

    @staticmethod
    def _undecided() -> None:
        reject()

    def largest(self) -> np.ndarray:
        """Where the largest value of each row is."""
        return np.array([max(range(len(row)), key=lambda j: row[j].mid()) for row in self.values], int)

    # ---- what does not

    def __init__(self, values: Any, error: ArrayLike = 0.0, dtype: Any = np.float64) -> None:
        self.values = self.held(values)
        error = np.asarray(error, float)
        self.error = error if error.shape == self.values.shape else np.broadcast_to(error, self.values.shape)
        self.dtype = np.dtype(dtype)
        self._magnitude: np.ndarray | None = None

    @property
    def magnitude(self) -> np.ndarray:
        """The absolute values as floats, from above."""
        if self._magnitude is None:
            self._magnitude = self.sizes(self.values)
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
        size: np.ndarray = self.magnitude + self.error
        return size

    def like(self, values: Any, error: ArrayLike = 0.0) -> Self:
        """Other numbers of the same kind, for arithmetic in the same dtype."""
        return type(self)(values, error, self.dtype)

    def constant(self, value: Any, dtype: Any = None) -> Self:
        """Given numbers, which are rounded once where the dtype, its own or another, does not hold them."""
        numbers: Self = constant(value, dtype or self.dtype, type(self))
        return numbers

    @property
    def T(self) -> Self:
        """Transposed."""
        return self.like(self.values.T, self.error.T)

    def reshape(self, *shape: Any) -> Self:
        """The same entries in another shape."""
        return self.like(self.values.reshape(*shape), self.error.reshape(*shape))

    def __getitem__(self, index: Any) -> Self:
        return self.like(self.values[index], self.error[index])

    def rounded(self, dtype: Any = None, roundings: float = 1) -> Self:
        """After one more rounding, or several, to its own dtype or to another one."""
        dtype = np.dtype(dtype or self.dtype)
        size = self.size
        unit = roundings * (_unit_roundoff(dtype) + self.own)
        error = self.error + size * unit + np.where(size > 0, roundings * _smallest(dtype), 0)
        return self._off_by(error * (1 + 2.0**-45), dtype)

    def _off_by(self, error: np.ndarray, dtype: Any) -> Self:
        same = type(self)(self.values, error, dtype)
        same._magnitude = self._magnitude
        return same

    def _with(self, other: Any) -> tuple["Carried", Any]:
        other = other if isinstance(other, Carried) else self.constant(other)
        return other, max(self.dtype, other.dtype, key=_unit_roundoff)

    def __neg__(self) -> Self:
        return self.like(-self.values, self.error)

    def __add__(self, other: Any) -> Self:
        other, dtype = self._with(other)
        return type(self)(self.values + other.values, self.error + other.error, dtype).rounded()

    def __sub__(self, other: Any) -> Self:
        other, _ = self._with(other)
        return self + -other

    def __rsub__(self, other: Any) -> Self:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Self:
        other, dtype = self._with(other)
        error = self.size * other.error + self.error * other.magnitude
        return type(self)(self.values * other.values, error, dtype).rounded()

    __radd__, __rmul__ = __add__, __mul__

    def __rtruediv__(self, other: Any) -> Self:
        quotient: Self = self.constant(other) / self
        return quotient

    def __truediv__(self, other: Any) -> Self:
        other, dtype = self._with(other)
        with np.errstate(divide="ignore", invalid="ignore"):
            least = other.magnitude * (1 - 2.0**-48) - other.error  # of the computed divisors
            quotient = self.held(self.values / other.values)
            if np.any((least <= 0) & (other.error > 0)):
                self._undecided()
            error = np.where(least > 0, (self.error + self.sizes(quotient) * other.error) / least, np.inf)
        return type(self)(quotient, error, dtype).rounded()

    def __matmul__(self, other: Any) -> Self:
        other, dtype = self._with(other)
        absolute = self.size @ other.size
        error = self.size @ other.error + self.error @ other.magnitude
        any_product = (self.size > 0).astype(float) @ (other.size > 0) > 0
        terms = self.shape[-1]
        values = self._product(self.values, other.values) if terms else np.zeros(absolute.shape)
        return type(self)(values, error, dtype)._summed(terms, absolute, any_product)

    def sum(self, axis: int = 0) -> Self:
        """The sum along an axis, in any order."""
        values = self.values.sum(axis, initial=self.zero)
        any_term = np.any(self.size > 0, axis)
        return self.like(values, self.error.sum(axis))._summed(self.shape[axis], self.size.sum(axis), any_term)

    def _summed(self, terms: int, absolute: np.ndarray, any_term: np.ndarray) -> Self:
        nu = terms * (_unit_roundoff(self.dtype) + self.own)
        gamma = nu / (1 - nu) if nu < 1 else np.inf
        error = self.error + gamma * absolute + np.where(any_term, 2 * terms * _smallest(self.dtype), 0)
        return self.like(self.values, error * (1 + 2.0**-40))

    def _decided(self) -> np.ndarray:
        exact_zero: np.ndarray = (self.magnitude == 0) & (self.error == 0)
        if not np.all(exact_zero | (self.magnitude > self.error * (1 + 2.0**-40))):
            self._undecided()
        return exact_zero

    def positive(self) -> np.ndarray:
        """Where the computed value is sure to be positive; elsewhere it is sure not to be."""
        sure: np.ndarray = self._compared(operator.gt, self.values, 0) & ~self._decided()
        return sure

    def where(self, mask: np.ndarray) -> Self:
        """Itself where the mask is, else zero exactly."""
        zero = np.full(self.shape, self.zero, self.values.dtype)
        return self.like(np.where(mask, self.values, zero), np.where(mask, self.error, 0.0))

    def relu(self) -> Self:
        """max(·, 0), which rounds nothing and enlarges no error."""
        size = self.magnitude * (1 - 2.0**-48)
        off = self._compared(operator.le, self.values, 0) & (size >= self.error)
        return self.like(self._positive_parts(self.values), self.error).where(~off)

    def exp(self) -> Self:
        """eˣ."""
        values = self._exps(self.values)
        nothing = self._compared(operator.le, self.values, _NOTHING)
        if np.any(self.error > np.where(nothing, self.magnitude / 4, 1)):
            self._undecided()
        error = np.where(nothing, 0.0, self.sizes(values) * np.expm1(np.minimum(self.error, 1)))
        return self.like(values, error).rounded(roundings=FUNCTION)

    def log(self) -> Self:
        """log x."""
        with np.errstate(divide="ignore"):
            relative = self.error / np.maximum(self.magnitude * (1 - 2.0**-48) - self.error, 0)
        return self.like(self._logs(self.values), relative).rounded(roundings=FUNCTION)

    def sqrt(self) -> Self:
        """√x, where |√a − √b| ≤ |a − b|/√a and ≤ √|a − b|."""
        values = self._roots(self.values)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.fmin(self.error / self.sizes(values) * (1 + 2.0**-48), np.sqrt(self.error))
        return self.like(values, error).rounded()


def constant(value: Any, dtype: Any = np.float64, kind: Any = Carried) -> Any:
    """Given numbers, which are rounded once where the dtype does not hold them."""
    return _number(value, np.dtype(dtype), kind) if isinstance(value, float) else _rounded_once(value, dtype, kind)


@functools.cache
def _number(value: float, dtype: Any, kind: Any) -> Any:
    return _rounded_once(value, dtype, kind)


def _rounded_once(value: Any, dtype: Any, kind: Any) -> Any:
    numbers = np.asarray(value, float)
    with np.errstate(over="ignore"):
        held = numbers.astype(dtype) == numbers
    return kind(numbers, np.where(held, 0.0, _unit_roundoff(dtype) * abs(numbers) + _smallest(dtype)), dtype)


def given(*arrays: Any, kind: type[Carried] = Carried) -> list[Carried]:
    """Arrays as they are passed in, to be computed with in the dtype that the contract asks for."""
    arrays = tuple(np.asarray(array) for array in arrays)
    single = {array.dtype for array in arrays if array.ndim} == {np.dtype(np.float32)}
    return [kind(array, 0.0, np.float32 if single else np.float64) for array in arrays]


def product(first: Carried, *more: Any) -> Carried:
    """The product of all, in any order and association, `a * (b * c)` and `(a * c) * b` alike.

    The roundings are as many in each; but what underflows on the way, to η, is multiplied by whatever comes later.
    """
    factors = [first, *(factor if isinstance(factor, Carried) else first.constant(factor) for factor in more)]
    whole = functools.reduce(operator.mul, factors)
    lost = np.zeros(whole.shape)
    for count in range(2, len(factors)):
        for part in itertools.combinations(range(len(factors)), count):
            least = math.prod(np.maximum(factors[i].magnitude - factors[i].error, 0) for i in part)
            later = math.prod(factor.size for i, factor in enumerate(factors) if i not in part)
            lost = lost + np.where(least < 2 * np.finfo(whole.dtype).tiny, later * _smallest(whole.dtype), 0)
    return whole._off_by(whole.error + np.where(whole.size > 0, lost, 0) * (1 + 2.0**-40), whole.dtype)


def either(*ways: Carried) -> Carried:
    """One number by several formulas, of which any will do: the largest error of them."""
    return ways[0]._off_by(functools.reduce(np.maximum, [way.error for way in ways]), ways[0].dtype)


def columns(first: Carried, *more: Carried) -> Carried:
    """Side by side."""
    parts = (first, *more)
    values, errors = (np.concatenate([getattr(p, what) for p in parts], axis=-1) for what in ("values", "error"))
    return first.like(values, errors)


def affine(x: Carried, w: Carried, b: Carried) -> Carried:
    """x w + b as one sum of products, b added wherever."""
    ones = x.like(np.ones((x.shape[0], 1)))
    return columns(x, ones) @ columns(w.T, b.reshape(-1, 1)).T
