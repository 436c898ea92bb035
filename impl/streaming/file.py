"""A state as a file: an .npz with a version and what the state says of itself, read without pickle."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from .._kernels.validation import F32, F64
from .state import State

VERSION = 1
_ARRAYS = ("rows", "weights", "mean", "rest")
_TYPES: dict[str, tuple[type, ...]] = {
    **{"d": (int,), "k": (int, type(None)), "dtype": (str,), "intercept": (bool,), "n": (int,), "seen": (int,)},
    **{"ex": (int,), "ey": (int,), "total": (float,)},
}


def save(state: State, file: str | Path) -> None:
    """Write a state to a file, of which `load` makes the same state to the bit.

    Parameters
    ----------
    state
        What `start`, `update` or `merge` gave.
    file
        Written under just this name, whatever its suffix; it is there whole or not at all.

    Raises
    ------
    OSError
        It cannot be written.
    """
    path = Path(file)
    said = {name: getattr(state, name) for name in _TYPES} | {"dtype": state.dtype.name, "version": VERSION}
    being_written = path.with_name(f"{path.name}.part")
    with being_written.open("wb") as stream:
        arrays: dict[str, Any] = {name: getattr(state, name) for name in _ARRAYS}
        np.savez(stream, said=np.frombuffer(json.dumps(said).encode(), np.uint8), **arrays)
    being_written.replace(path)


def load(file: str | Path) -> State:
    """The state that `save` has written.

    Parameters
    ----------
    file
        Its name.

    Returns
    -------
    State
        The same, to the bit.

    Raises
    ------
    OSError
        It cannot be read.
    ValueError
        It is no state, cut off, of another version, or what it holds is no state's.
    """
    path = Path(file)
    content = io.BytesIO(path.read_bytes())
    try:
        with np.load(content, allow_pickle=False) as stored:
            said = json.loads(stored["said"].tobytes())
            arrays = {name: stored[name] for name in _ARRAYS}
    except Exception as error:  # of a file that is cut off or another's, zipfile, zlib and NumPy raise what they like
        raise ValueError(f"file {path} must be a state that save has written, but it is none, or cut off") from error
    if not isinstance(said, dict) or said.get("version") != VERSION:
        came = said.get("version") if isinstance(said, dict) else said
        raise ValueError(f"file {path} must be a state of version {VERSION}, but its version is {came!r}")
    if wrong := _wrong(said, arrays):
        raise ValueError(f"file {path} must be a state that save has written, but {wrong}")
    for array in arrays.values():
        array.flags.writeable = False
    return State(**{name: said[name] for name in _TYPES if name != "dtype"}, dtype=np.dtype(said["dtype"]), **arrays)


def _wrong(said: dict[str, Any], arrays: dict[str, Any]) -> str:
    """What is wrong with it, in words; nothing if nothing is."""
    for name, types in _TYPES.items():
        if type(said.get(name)) not in types:
            return f"its {name} is {said.get(name)!r}"
    if said["dtype"] not in (F64.name, F32.name):
        return f"its dtype is {said['dtype']!r}"
    d, n, p = said["d"], said["n"], said["d"] + (1 if said["k"] is None else said["k"])
    if min(d, n, p - d, said["seen"] - n) < 0 or not 0 <= said["total"] < math.inf:
        return f"it has d = {d}, {p - d} targets, n = {n} and a weight of {said['total']}"
    kept, means = n <= p, p if said["intercept"] and n > p else 0
    shapes = {"rows": (n, p) if kept else (p, p), "weights": (n if kept else 0,), "mean": (means,), "rest": (means,)}
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != F64:
            return f"its {name} are {array.dtype} of shape {array.shape}, not float64 of shape {shape}"
        if not np.isfinite(array).all():
            return f"its {name} hold a NaN or an infinity"
    if not kept and np.tril(arrays["rows"], -1).any():
        return "its rows are not upper triangular"
    if (arrays["weights"] <= 0).any():
        return "a weight is not positive"
    return ""
