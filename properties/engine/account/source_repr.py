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
    return text if a.size < 2 or a.flags.c_contiguous else _laid_out(text, a)


def _laid_out(text: str, a: np.ndarray) -> str:
    """The same in Fortran's order, backwards, or with gaps: whoever reads past the strides finds something else."""
    if a.flags.f_contiguous:
        return f"np.asfortranarray({text})"
    for axis, stride in enumerate(a.strides):
        if stride < 0:
            text = f"np.flip(np.flip({text}, {axis}).copy(), {axis})"
    gaps = [axis for axis in range(a.ndim) if a.shape[axis] > 1 and abs(a.strides[axis]) > _dense(a, axis)]
    if gaps and min(a.strides) > 0:
        wide = text
        for axis in gaps:
            wide = f"np.repeat({wide}, 2, {axis})"
        text = f"{wide}[{', '.join('::2' if axis in gaps else ':' for axis in range(a.ndim))}]"
    return text


def _dense(a: np.ndarray, axis: int) -> int:
    """The stride if the axes behind it had no gaps."""
    behind = [abs(a.strides[k]) * a.shape[k] for k in range(axis + 1, a.ndim)]
    return behind[0] if behind else a.itemsize


def _named(text: str) -> str:
    return re.sub(r"\b(nan|inf)\b", r"np.\1", text)
