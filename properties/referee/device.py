"""Where arrays live: placed there for a library, waited for, and fetched back. Only the CPU is known.

Another device is another `Device`: `place` would copy to it, and `synchronize` wait for all of its streams.
"""

import importlib
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

DTYPES = ("float64", "float32", "float16", "bfloat16")
NUMBER = "number"  # in place of a dtype: what is no array has none


class Layout(NamedTuple):
    """Where numbers are among those of an array that is contiguous.

    Parameters
    ----------
    whole
        The shape of that, from theirs.
    view
        Them in it, as NumPy and PyTorch both understand.
    code
        The same, as it follows the array's name.
    """

    whole: Callable[[tuple[int, ...]], tuple[int, ...]]
    view: Callable[[Any, tuple[int, ...]], Any]
    code: str


# By what is said of such inputs. Of the second, no stride is a multiple of another, and they begin further on.
LAYOUTS = {
    "transposed in memory": Layout(
        lambda shape: (*shape[-1:], *shape[1:-1], *shape[:1])[: len(shape)],
        lambda whole, _: whole.swapaxes(0, -1),
        ".swapaxes(0, -1)",
    ),
    "as every other column of a wider array": Layout(
        lambda shape: (*shape[:-1], 2 * shape[-1] + 1), lambda whole, _: whole[..., 1::2], "[..., 1::2]"
    ),
    "from the second number of an array on": Layout(
        lambda shape: (math.prod(shape) + 1,), lambda whole, shape: whole[1:].reshape(shape), "[1:].reshape({shape})"
    ),
}


@dataclass(frozen=True, eq=False)
class Array:
    """Numbers on their way between processes and libraries.

    Parameters
    ----------
    values
        As NumPy holds them; those of bfloat16, which it does not, in float32.
    dtype
        The name of their dtype.
    layout
        A key of `LAYOUTS`; without it they are contiguous, and alone.
    """

    values: np.ndarray
    dtype: str
    layout: str = ""

    def cast(self, dtype: str) -> "Array":
        """Rounded to another dtype, if they are floats; of complex numbers to that of such parts, if there is one."""
        if self.values.dtype.kind == "c":
            dtype = "complex128" if real(dtype) == "float64" else "complex64"
            return Array(self.values.astype(dtype), dtype)
        return Array(rounded(self.values, dtype), dtype) if self.dtype in DTYPES else self

    @property
    def parts(self) -> np.ndarray:
        """Its numbers; of complex ones both parts, along one more axis."""
        return parts(self.values)

    @property
    def whole(self) -> "Array":
        """That in which they are; what else is in there are the same numbers in another order, as good as any."""
        if not self.layout:
            return self
        layout, shape = LAYOUTS[self.layout], self.values.shape
        values = np.resize(self.values.ravel()[::-1], layout.whole(shape))
        layout.view(values, shape)[...] = self.values
        return Array(values, self.dtype)


def rounded(values: np.ndarray, dtype: str) -> np.ndarray:
    """To the nearest numbers of a dtype."""
    with np.errstate(over="ignore"):
        if dtype != "bfloat16":
            return values.astype(dtype)
        single = np.ascontiguousarray(values, np.float32)  # the first half of its bits, ties to even
        bits = single.view(np.uint32).astype(np.uint64)
        nearest = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
        return np.where(np.isnan(single), single, nearest.astype(np.uint32).view(np.float32)).reshape(values.shape)


def parts(values: np.ndarray) -> np.ndarray:
    """The real and imaginary parts of complex numbers, along one more axis; others as they are."""
    return np.stack((values.real, values.imag), axis=-1) if values.dtype.kind == "c" else values


def joined(values: np.ndarray) -> np.ndarray:
    """The complex numbers of such parts."""
    made: np.ndarray = np.ascontiguousarray(values, float).view(complex)[..., 0]
    return made


def real(dtype: str) -> str:
    """The dtype of the parts."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def library_of(value: Any) -> str:
    """Whose array it is; empty for what is none."""
    for kind in type(value).__mro__ if hasattr(value, "__array__") else ():
        top = kind.__module__.partition(".")[0]
        if top in ("numpy", "torch", "jax", "jaxlib"):
            return "jax" if top == "jaxlib" else top
    return ""


class Device:
    """The CPU."""

    def place(self, value: Any, library: str, over: Any = None) -> Any:
        """An array of the library's with these numbers, in the memory of another one where that can be written to."""
        if not isinstance(value, Array):
            return value
        if value.layout and over is None:
            return LAYOUTS[value.layout].view(self.place(value.whole, library), value.values.shape)
        if library == "torch":
            torch: Any = importlib.import_module("torch")
            made = torch.from_numpy(np.array(value.values)).to(getattr(torch, value.dtype))
            return made if over is None else over.copy_(made)
        if library == "jax":
            jax: Any = importlib.import_module("jax")
            with jax.enable_x64(real(value.dtype) == "float64"):
                return jax.numpy.asarray(value.values, value.dtype)
        kind: Any = value.dtype
        if kind == "bfloat16":
            kind = importlib.import_module("ml_dtypes").bfloat16
        made = np.array(value.values, kind)
        if over is None:
            return made
        np.copyto(over, made)
        return over

    def synchronize(self, results: Any) -> None:
        """Wait until nothing is at work on these any more: of the CPU's libraries, JAX alone hands back promises."""
        if "jax" in sys.modules:
            sys.modules["jax"].block_until_ready(results)

    def fetch(self, value: Any) -> Array:
        """A copy of its numbers."""
        if library_of(value) == "torch":
            value = value.detach().resolve_conj().resolve_neg()
            dtype = str(value.dtype).removeprefix("torch.")
            return Array((value.float() if dtype == "bfloat16" else value).cpu().numpy().copy(), dtype)
        host = np.array(value)
        dtype = host.dtype.name if library_of(value) else NUMBER
        return Array(host.astype(np.float32) if dtype == "bfloat16" else host, dtype)


CPU = Device()


def leaves(value: Any) -> list[Any]:
    """The arrays and numbers of arguments or of a result, in order; a dictionary's in that of its keys."""
    return [leaf for _, _, leaf in under(value)]


def under(value: Any, keys: str = "", path: str = "") -> Iterator[tuple[str, str, Any]]:
    """The same, and under which keys each is, and where: as code that follows a name."""
    if isinstance(value, dict):
        for key in sorted(value, key=repr):
            yield from under(value[key], f"{keys}[{key!r}]", f"{path}[{key!r}]")
    elif isinstance(value, tuple | list):
        for i, each in enumerate(value):
            yield from under(each, keys, f"{path}[{i}]")
    elif value is not None:
        yield keys, path, value


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """The function of every leaf, in the same containers."""
    if isinstance(value, tuple | list):
        each = [mapped(function, part) for part in value]
        return type(value)(*each) if hasattr(value, "_fields") else type(value)(each)
    if isinstance(value, dict):
        return {key: mapped(function, part) for key, part in value.items()}
    return value if value is None else function(value)


def form(value: Any) -> str:
    """What a result is, in words."""
    if value is None:
        return "None"
    if isinstance(value, dict):
        return f"a dict of {' and '.join(sorted(map(repr, value)))}" if value else "an empty dict"
    library = "" if isinstance(value, np.generic) else library_of(value)
    if library == "torch" and "strided" not in str(value.layout):
        return "a sparse tensor"
    name = type(value).__name__
    plain = "number" if isinstance(value, bool | int | float | np.generic) else name.replace("_", " ")
    said = {"torch": "tensor", "numpy": "NumPy array", "jax": "JAX array"}.get(library, plain)
    return f"a{'n' * (said[0] in 'aeiouAEIOU')} {said}"


def packed(value: Any) -> Any:
    """As a worker's message holds it."""
    if isinstance(value, dict):
        return {"dict": [[key, packed(each)] for key, each in value.items()]}
    if isinstance(value, tuple | list):
        each = [*map(packed, value)]
        return {"tuple": each} if isinstance(value, tuple) else each
    return vars(value) if isinstance(value, Array) else value


def unpacked(value: Any) -> Any:
    """The same again."""
    if isinstance(value, list):
        return [*map(unpacked, value)]
    if not isinstance(value, dict):
        return value
    if "dict" in value:
        return {key: unpacked(each) for key, each in value["dict"]}
    if "tuple" in value:
        return tuple(map(unpacked, value["tuple"]))
    return Array(**value | {"values": np.asarray(value["values"])})
