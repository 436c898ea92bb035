"""What comes in: real numbers in one dtype, or a sentence that says what is wrong."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating[Any]]
Scalar = Any  # a NumPy scalar, where NumPy's own types say that x @ y is an array

# Decorates every public function: what overflows becomes inf or NaN in silence.
quiet = np.errstate(all="ignore")


def arrays(**named: ArrayLike) -> list[Array]:
    """The arguments as float32 if all arrays among them are, else as float64; all of them finite."""
    values = loose(**named)
    for name, value in zip(named, values, strict=True):
        if not np.isfinite(value).all():
            raise ValueError(f"{name} must be finite, but holds a NaN or an infinity")
    return values


def loose(**named: ArrayLike) -> list[Array]:
    """The same, with NaN and infinity let through: chapter 5."""
    read = [real(name, value) for name, value in named.items()]
    kinds = {value.dtype.char for value in read if value.ndim}  # a number has no say
    dtype = np.float32 if kinds == {"f"} else np.float64
    return [np.require(value, dtype, ["C", "A"]) for value in read]


def real(name: str, value: ArrayLike) -> NDArray[Any]:
    """The value as an array of real numbers of whatever dtype it has."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be a regular array of numbers, not lists of uneven lengths") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, not {array.dtype}")
    return array


def labels(name: str, value: ArrayLike, N: int, C: int) -> NDArray[np.integer[Any]]:
    """N class labels, each in 0 … C−1."""
    y = real(name, value)
    expect(name, y, y.shape == (N,), f"({N},)")
    if y.size and y.dtype.kind == "f":
        raise TypeError(f"{name} must hold integers, not {y.dtype}")
    if y.size and (y.min() < 0 or y.max() >= C):
        raise ValueError(f"{name} must hold labels from 0 to {C - 1}, but holds {y.min()} … {y.max()}")
    return y.astype(np.intp)


def number(name: str, value: ArrayLike) -> float:
    """A finite number."""
    array = real(name, value)
    expect(name, array, array.ndim == 0, "()")
    if not math.isfinite(array):
        raise ValueError(f"{name} must be finite, not {array}")
    return float(array)


def count(name: str, value: ArrayLike) -> int:
    """An integer ≥ 0."""
    array = real(name, value)
    expect(name, array, array.ndim == 0, "()")
    if array.dtype.kind == "f":
        raise TypeError(f"{name} must be an integer, not {array}")
    if array < 0:
        raise ValueError(f"{name} must not be negative, but it is {array}")
    return int(array)


def not_negative(name: str, value: ArrayLike) -> float:
    """A finite number ≥ 0."""
    lam = number(name, value)
    if lam < 0:
        raise ValueError(f"{name} must not be negative, but it is {lam}")
    return lam


def positive(name: str, value: ArrayLike) -> float:
    """A finite number > 0."""
    lam = number(name, value)
    if lam <= 0:
        raise ValueError(f"{name} must be positive, but it is {lam}")
    return lam


def expect(name: str, array: NDArray[Any], condition: bool, shape: str) -> None:
    """Raise `ValueError` with the shape that was expected unless the condition holds."""
    if not condition:
        raise ValueError(f"{name} must have shape {shape}, but has shape {array.shape}")
