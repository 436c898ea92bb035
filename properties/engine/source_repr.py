"""Values as code that can be pasted into a shell, under ``import numpy as np``, with all their digits."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

MANY = 200  # entries of an array; of a larger one only its kind is told


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
    return getattr(value, "__name__", None) or repr(value)


def call(function: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> str:
    """The call of this function as an expression."""
    given = [*(code(value) for value in arguments), *(f"{name}={code(value)}" for name, value in named.items())]
    return f"{function}({', '.join(given)})"


def _array(a: np.ndarray) -> str:
    if a.size > MANY:
        return f"<an array of shape {a.shape}, {a.dtype}>"
    kind = "" if a.dtype == object else f", np.{a.dtype.newbyteorder('=')}"
    # A list says nothing of the axes behind an empty one.
    return f"np.array({_named(repr(a.tolist()))}{kind})" + (f".reshape({a.shape})" if a.size == 0 else "")


def _named(text: str) -> str:
    return re.sub(r"\b(nan|inf)\b", r"np.\1", text)
