"""Values as code that can be pasted into a shell, under ``import numpy as np``, with all their digits."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

MANY = 200  # entries of an array; of a larger one only its kind is told
_UNSAID = ("float64", "int64", "bool", "object")  # what a list of such numbers becomes by itself


class Written:
    """A function that is printed as code.

    Parameters
    ----------
    source
        The code, which is evaluated if the function is not given.
    """

    def __init__(self, source: str, function: Callable[..., Any] | None = None) -> None:
        self.source = source
        self._function = function or eval(source, {"np": np})

    def __call__(self, *arguments: Any) -> Any:
        """What the function gives."""
        return self._function(*arguments)

    def __repr__(self) -> str:
        return self.source


def code(value: Any) -> str:
    """The value as an expression; what has no such form by its name."""
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        return f"np.{value.dtype}({_named(repr(value.item()))})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {code(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        inside = ", ".join(code(item) for item in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, float):
        return _named(repr(value))
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return f"np.{np.dtype(value).name}"
    if "<locals>" in getattr(value, "__qualname__", ""):
        return f"<the function {value.__name__}>"
    return getattr(value, "__name__", None) or repr(value)


def call(function: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> str:
    """The call of this function as an expression."""
    given = [*(code(value) for value in arguments), *(f"{name}={code(value)}" for name, value in named.items())]
    return f"{function}({', '.join(given)})"


def _array(a: np.ndarray) -> str:
    if a.size > MANY:
        return f"<an array of shape {a.shape}, {a.dtype}>"
    kind = "" if a.dtype.name in _UNSAID else f", np.{a.dtype.newbyteorder('=')}"
    if a.size == 0:  # a list says nothing of the axes behind an empty one
        kind = "" if a.dtype == np.float64 else f", np.{a.dtype.newbyteorder('=')}"
        return f"np.zeros({a.shape if a.ndim > 1 else 0}{kind})"
    text = f"np.array({_named(repr(a.tolist()))}{kind})"
    if a.size > 1 and not a.flags.c_contiguous:
        text = _view(a) or (f"np.asfortranarray({text})" if a.flags.f_contiguous else text)
    if not a.dtype.isnative:
        text = f"{text}.astype({a.dtype.str!r})"
    # A view of what cannot be written to is all that NumPy has, in an expression, that cannot be written to.
    return text if a.flags.writeable else f"np.broadcast_to({text}, {a.shape})"


def _view(a: np.ndarray) -> str:
    """As a slice of what it is a view of: who reads past the strides finds what is there. Empty if it is none."""
    whole = a.base
    if not isinstance(whole, np.ndarray) or whole.ndim != a.ndim or whole.size > MANY or not whole.flags.c_contiguous:
        return ""
    at = (a.__array_interface__["data"][0] - whole.__array_interface__["data"][0]) // whole.itemsize
    slices = []
    for first, size, step, unit in zip(
        np.unravel_index(at, whole.shape), a.shape, a.strides, whole.strides, strict=True
    ):
        if step % unit:
            return ""
        last = int(first) + size * (step // unit)
        slices.append(f"{int(first) or ''}:{last if last >= 0 else ''}:{step // unit}")
    return f"{code(whole)}[{', '.join(slices)}]"


def _named(text: str) -> str:
    return re.sub(r"\b(nan|inf)\b", r"np.\1", text)
