"""Numbers of more digits, each with the error that theory allows whoever computes it in a given dtype.

What `shrinkage.properties.engine.running_error` does in balls, exactly and slowly, this does in whole arrays of `longdouble`: running error
analysis by the standard model, fl(a ∘ b) = (a ∘ b)(1 + δ) + η, |δ| ≤ u, with γ_n for sums and products of matrices,
which covers every order of summation and fused multiply-add (Higham 2002, §2.2, §3.1 and §3.3). The formula is written
once, as on paper, and gives both the answer and its bound.
"""

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from shrinkage.benchmarks.references.precise import Wide, product
from shrinkage.properties.engine.bounds import Bound, smallest, unit_roundoff
from shrinkage.properties.engine.running_error import FUNCTION, SOURCE

# The values here are rounded too, each time to one of Wide's.
_OWN = float(np.finfo(Wide).eps)

Answer = tuple[np.ndarray, Bound]
_Maker = Callable[..., list[Answer]]


class Measured:
    """Values and what a computed value may be off by, in the shape of the values.

    Parameters
    ----------
    values
        Numbers as given, which are exact, or as computed here in `longdouble`.
    error
        In a shape that can be broadcast to that of the values.
    dtype
        Of the arithmetic that is judged.
    """

    __array_ufunc__ = None  # so that a NumPy array on the left leaves the operation to us

    def __init__(self, values: Any, error: Any = 0.0, dtype: Any = np.float64) -> None:
        self.values = np.asarray(values, Wide)
        self.error = np.broadcast_to(np.asarray(error, float), self.values.shape)
        self.dtype = np.dtype(dtype)

    @property
    def answer(self) -> tuple[np.ndarray, Bound]:
        """The values, and the bound for each of them."""
        return self.values, Bound(self.error, SOURCE)

    @property
    def size(self) -> np.ndarray:
        """The largest absolute value that a computed one may have."""
        return np.abs(self.values).astype(float) + self.error

    @property
    def T(self) -> Self:
        """Transposed."""
        return self._new(self.values.T, self.error.T)

    def _new(self, values: Any, error: Any) -> Self:
        return type(self)(values, error, self.dtype)

    def __getitem__(self, index: Any) -> Self:
        return self._new(self.values[index], self.error[index])

    def rounded(self, roundings: float = 1) -> Self:
        """After one more rounding, or several."""
        size = self.size
        error = size * (unit_roundoff(self.dtype) + _OWN) + np.where(size > 0, smallest(self.dtype), 0)
        return self._new(self.values, self.error + roundings * error)

    def _with(self, other: Any) -> "Measured":
        return other if isinstance(other, Measured) else constant(other, self.dtype)

    def __neg__(self) -> Self:
        return self._new(-self.values, self.error)

    def __add__(self, other: Any) -> Self:
        other = self._with(other)
        return self._new(self.values + other.values, self.error + other.error).rounded()

    def __sub__(self, other: Any) -> Self:
        return self + -self._with(other)

    def __rsub__(self, other: Any) -> Self:
        return -self + other

    def __mul__(self, other: Any) -> Self:
        other = self._with(other)
        error = self.size * other.error + self.error * np.abs(other.values).astype(float)
        return self._new(self.values * other.values, error).rounded()

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> Self:
        other = self._with(other)
        least = np.abs(other.values).astype(float) - other.error  # of the computed divisors
        quotient = self.values / other.values
        error = np.where(least > 0, (self.error + np.abs(quotient).astype(float) * other.error) / least, np.inf)
        return self._new(quotient, error).rounded()

    def __matmul__(self, other: Any) -> Self:
        other = self._with(other)
        error = self.size @ other.error + self.error @ np.abs(other.values).astype(float)
        matrices = self.values.ndim == other.values.ndim == 2
        values = product(self.values, other.values) if matrices else self.values @ other.values
        return self._new(values, error)._summed(self.values.shape[-1], self.size @ other.size)

    def sum(self, axis: int = -1) -> Self:
        """The sum along an axis, in any order."""
        summed = self._new(self.values.sum(axis), self.error.sum(axis))
        return summed._summed(self.values.shape[axis], self.size.sum(axis))

    def _summed(self, terms: int, absolute: np.ndarray) -> Self:
        nu = terms * (unit_roundoff(self.dtype) + _OWN)
        gamma = nu / (1 - nu) if nu < 1 else np.inf
        return self._new(
            self.values, self.error + gamma * absolute + np.where(absolute > 0, terms * smallest(self.dtype), 0)
        )

    def positive(self) -> np.ndarray:
        """Where the computed value is sure to be positive; elsewhere it is sure not to be."""
        if not np.all(np.abs(self.values) > self.error):
            raise ArithmeticError("Rounding may put a number on either side of a kink; the inputs are ill-chosen.")
        return self.values > 0

    def where(self, mask: np.ndarray) -> Self:
        """Itself where the mask is, else zero exactly."""
        return self._new(np.where(mask, self.values, 0), np.where(mask, self.error, 0))

    def relu(self) -> Self:
        """max(·, 0), which rounds nothing and enlarges no error."""
        return self._new(np.maximum(self.values, 0), self.error)

    def exp(self) -> Self:
        """eˣ."""
        values = np.exp(self.values)
        return self._new(values, values.astype(float) * np.expm1(self.error)).rounded(FUNCTION)

    def log(self) -> Self:
        """log x."""
        relative = self.error / (self.values.astype(float) - self.error)
        return self._new(np.log(self.values), relative).rounded(FUNCTION)

    def sqrt(self) -> Self:
        """√x, where |√a − √b| ≤ |a − b|/√a."""
        values = np.sqrt(self.values)
        return self._new(values, self.error / values.astype(float)).rounded()


def constant(value: Any, dtype: Any) -> Measured:
    """Numbers as they are written, which are rounded once where the dtype does not hold them."""
    value = np.asarray(value, Wide)
    return Measured(value, np.abs(value.astype(dtype) - value), dtype)


def given(*arrays: Any) -> list[Measured]:
    """Arrays and numbers as they are passed in, computed with in float32 when every array is float32."""
    dtypes = {a.dtype for a in map(np.asarray, arrays) if a.ndim}
    dtype = np.float32 if dtypes == {np.dtype(np.float32)} else np.float64
    return [Measured(np.asarray(a, dtype), 0.0, dtype) for a in arrays]


def affine(x: Measured, w: Measured, b: Measured) -> Measured:
    """x w + b as one sum of products, b added wherever."""
    ones = Measured(np.ones((len(x.values), 1)), 0.0, x.dtype)
    return _beside(x, ones) @ _beside(w.T, b[:, None]).T


def _beside(left: Measured, right: Measured) -> Measured:
    values = np.concatenate([left.values, right.values], axis=1)
    return Measured(values, np.concatenate([left.error, right.error], axis=1), left.dtype)


def answers(*measured: Measured) -> list[Answer]:
    """The parts of an answer, each with its bound."""
    return [m.answer for m in measured]


def registering(makers: dict[str, _Maker]) -> Callable[[str], Callable[[_Maker], _Maker]]:
    """A decorator with the names of functions that puts their maker of answers into `makers`."""

    def gives(names: str) -> Callable[[_Maker], _Maker]:
        def register(maker: _Maker) -> _Maker:
            makers.update(dict.fromkeys(names.split(), maker))
            return maker

        return register

    return gives
