"""What a claim has drawn, as JSON in which every float is exact: hexadecimal, as `float.hex` writes it."""

import dataclasses
import importlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import mpmath
import numpy as np

MANY = 3000  # numbers: an entry is a line to be read, and a replay takes milliseconds
_OURS = "shrinkage.properties."


class NotStored(ValueError):
    """What has no such form: a function, or too many numbers."""


def told(value: Any) -> Any:
    """The value as JSON has it.

    Raises
    ------
    NotStored
        If there is no such form.
    """
    if value is None or isinstance(value, bool | str) or type(value) is int:
        return value
    if type(value) is float:
        return {"float": hexadecimal(value)}
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic) and value.dtype.kind in "fiub":
        return {"number": value.dtype.name, "values": _numbers(np.asarray(value))}
    if isinstance(value, type) and issubclass(value, np.generic):
        return {"dtype": np.dtype(value).name}
    if dataclasses.is_dataclass(value) and type(value).__module__.startswith(_OURS):
        fields = {field.name: told(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"class": f"{type(value).__module__.removeprefix(_OURS)}:{type(value).__qualname__}", "fields": fields}
    if type(value) is list:
        return [told(each) for each in value]
    if isinstance(value, mpmath.mpf):  # of a bound
        return {"mpf": [int(each) for each in value._mpf_]}
    for kind in (tuple, set, frozenset):
        if type(value) is kind:
            return {kind.__name__: [told(each) for each in value]}
    if type(value) is dict:
        return {"dict": [[told(key), told(each)] for key, each in value.items()]}
    raise NotStored(f"{type(value).__name__} has no form in a file")


def made(stored: Any) -> Any:
    """The value again."""
    if isinstance(stored, list):
        return [made(each) for each in stored]
    if not isinstance(stored, Mapping):
        return stored
    (kind, given), *_ = stored.items()
    if kind == "float":
        return float.fromhex(given)
    if kind in ("array", "number"):
        return _made_array(stored) if kind == "array" else _parsed(stored["values"], given)[()]
    if kind == "dtype":
        return np.dtype(given).type
    if kind == "mpf":
        return mpmath.mp.make_mpf(tuple(given))
    if kind == "class":
        module, _, name = given.partition(":")
        fields = {key: made(each) for key, each in stored["fields"].items()}
        return getattr(importlib.import_module(_OURS + module), name)(**fields)
    if kind == "dict":
        return {made(key): made(each) for key, each in given}
    return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](map(made, given))


def hexadecimal(value: float) -> str:
    """As `float.hex` has it, without the zeros at the end."""
    return re.sub(r"\.?0+p", "p", value.hex())


def _array(a: np.ndarray) -> dict[str, Any]:
    if a.dtype.kind not in "fiub" or a.size > MANY or a.dtype.itemsize > 8:
        raise NotStored(f"{a.size} numbers of {a.dtype} are too many for a line")
    said = {"array": a.dtype.newbyteorder("=").name, "shape": list(a.shape), "values": _numbers(a)}
    return said | ({"order": "F"} if a.flags.f_contiguous and not a.flags.c_contiguous else {})


def _numbers(a: np.ndarray) -> str:
    return " ".join(hexadecimal(float(each)) if a.dtype.kind == "f" else str(int(each)) for each in a.flat)


def _parsed(text: str, dtype: str) -> np.ndarray:
    kind = np.dtype(dtype)
    return np.array([float.fromhex(each) if kind.kind == "f" else int(each) for each in text.split()], kind).reshape(
        () if " " not in text and text else -1
    )


def _made_array(stored: Mapping[str, Any]) -> np.ndarray:
    flat = _parsed(stored["values"], stored["array"]).reshape(stored["shape"])
    return np.asarray(flat, order=stored.get("order", "C"))


# ---- the floats in a value -------------------------------------------------------------------------------------------


def floats(stored: Any) -> Iterator[tuple[Any, Any, int]]:
    """Where there are floats in what is stored: the holder, its key, and which of the numbers there it is."""
    if isinstance(stored, list):
        for each in stored:
            yield from floats(each)
    elif isinstance(stored, dict):
        if "float" in stored:
            yield stored, "float", 0
        elif "array" in stored and stored["array"].startswith("float"):
            for place in range(len(stored["values"].split())):
                yield stored, "values", place
        elif "array" not in stored:
            for each in stored.values():
                yield from floats(each)
