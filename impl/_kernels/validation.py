"""What comes in: arrays of any kind turned into contiguous float64 or float32, and what the contract refuses.

Compiled code gets C-contiguous, aligned, writeable arrays of one dtype. An array that is all that already passes
through untouched in a fraction of a microsecond. One that is read-only lacks nothing else: compiled code never writes
into what comes in, and gets the same memory as an array that says of itself that it can be written to. For an array
that says otherwise Numba would compile everything once more. Everything else is copied.
"""

import math
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .jit import jit

Array = NDArray[np.floating[Any]]

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
_ndarray = np.ndarray


def floats(names: str, *values: ArrayLike) -> Sequence[Array]:
    """The arrays as float32 when all of them are, else as float64; C-contiguous, aligned, and as if writeable.

    `names` holds their names, separated by blanks, for the messages. Raises `TypeError` for complex, text or object
    input and `ValueError` for lists of uneven lengths.
    """
    dtype = getattr(values[0], "dtype", None)
    if dtype is not F64 and dtype is not F32:
        return _converted(names, values)
    for value in values:
        if (
            type(value) is not _ndarray
            or value.dtype is not dtype
            or not value.flags.carray
            or (dtype is F32 and value.ndim == 0)
        ):
            return _converted(names, values)
    return values  # type: ignore[return-value]


def _converted(names: str, values: tuple[ArrayLike, ...]) -> list[Array]:
    arrays = [real(name, value) for name, value in zip(names.split(), values, strict=True)]
    kinds = [a.dtype.char for a in arrays if a.ndim]  # a number, 0-d as an array, has no say; a byte order neither
    dtype = F32 if kinds and set(kinds) == {"f"} else F64
    with np.errstate(over="ignore"):  # a longdouble past float64's range is refused as infinite, later and in words
        return [packed(a, dtype) for a in arrays]


def packed(array: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """The array in this dtype, C-contiguous, aligned, for code that does not write; copied only if it is not that."""
    array = np.require(array, dtype, ["C", "A"])
    return array if array.flags.writeable else np.asarray(_Writeable(array))


class _Writeable:
    """The memory of an array, which it keeps, as if it could be written to."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array
        self.__array_interface__ = array.__array_interface__ | {"data": (array.__array_interface__["data"][0], False)}


def real(name: str, value: ArrayLike) -> NDArray[Any]:
    """The value as an array of real numbers of whatever dtype it has."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a regular array of numbers: {error}") from None
    if array.dtype.kind == "O" and hasattr(value, "iloc"):
        array = np.asarray(of_numbers(name, value))
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, not {array.dtype}")
    return array


def of_numbers(name: str, frame: Any) -> Any:
    """A dataframe, or a column of one, with numbers for truth values, of which pandas makes objects beside numbers."""
    kinds = {frame.name: frame.dtype} if frame.ndim == 1 else dict(frame.dtypes)
    for column, kind in kinds.items():
        if not isinstance(kind, np.dtype) or kind.kind not in "biuf":
            raise TypeError(f"{name} must hold real numbers, but its {column!r} holds {kind}: make numbers of it")
    if frame.ndim == 1:
        return frame.astype(F64) if frame.dtype.kind == "b" else frame
    return frame.astype({column: F64 for column, kind in kinds.items() if kind.kind == "b"})


def sliced(name: str, value: Any) -> Any:
    """As it is, if it has a shape, a dtype of NumPy's and slices by position; else as an array."""
    lazy = all(hasattr(value, has) for has in ("shape", "dtype", "__getitem__")) and not hasattr(value, "iloc")
    if isinstance(value, np.ndarray) or not lazy or not value.shape:
        return real(name, value)
    try:
        kind = np.dtype(value.dtype)
    except TypeError:  # PyTorch's
        return real(name, value)
    if kind.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, not {kind}")
    return value


def number(name: str, value: ArrayLike) -> float:
    """A finite number, which may come as a Python number, a NumPy scalar or a 0-d array."""
    if type(value) is not float:
        array = real(name, value)
        if array.ndim:
            raise ValueError(f"{name} must be a number, not an array of shape {array.shape}")
        value = float(array)
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, not {value}")
    return value


def not_negative(name: str, value: ArrayLike) -> float:
    """A finite number ≥ 0."""
    value = number(name, value)
    if value < 0:
        raise ValueError(f"{name} must not be negative, but it is {value}")
    return value


def positive(name: str, value: ArrayLike) -> float:
    """A finite number > 0."""
    value = number(name, value)
    if value <= 0:
        raise ValueError(f"{name} must be positive, but it is {value}")
    return value


def count(name: str, value: ArrayLike) -> int:
    """An integer ≥ 0, of Python's or of NumPy's; neither a bool nor a float that happens to be whole."""
    array = real(name, value)
    if array.ndim or array.dtype.kind not in "iu" or array < 0:
        raise ValueError(f"{name} must be an integer ≥ 0, not {value!r}")
    return int(array)


def refuse_shape(name: str, array: NDArray[Any], expected: str) -> NoReturn:
    """Raise the `ValueError` that says what shape was expected and what came."""
    raise ValueError(f"{name} must have shape {expected}, but has shape {array.shape}")


def finite(name: str, array: Array) -> None:
    """Raise `ValueError` unless every entry is finite. One pass over memory, at its bandwidth."""
    if not all_finite(array.reshape(-1)):
        raise ValueError(f"{name} must be finite, but holds a NaN or an infinity")


@jit
def all_finite(a: Array) -> bool:
    """Whether no entry is NaN or infinite, by the exponent bits: integers vectorise where a float test would branch."""
    if a.itemsize == 8:
        mask64 = np.uint64(0x7FF0000000000000)
        bits64 = a.view(np.uint64)
        bad64 = np.uint64(0)
        for i in range(bits64.size):
            bad64 |= np.uint64((bits64[i] & mask64) == mask64)
        return bad64 == 0
    mask32 = np.uint32(0x7F800000)
    bits32 = a.view(np.uint32)
    bad32 = np.uint32(0)
    for i in range(bits32.size):
        bad32 |= np.uint32((bits32[i] & mask32) == mask32)
    return bad32 == 0
