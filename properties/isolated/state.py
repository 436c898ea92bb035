"""What a process has only one of: the global random generators, and how warnings and floating-point errors are met.

Both processes have the same: whoever speaks says what has become of it since they last spoke.
"""

import base64
import pickle
import random
import warnings
from typing import Any

import numpy as np

Generators = tuple[Any, ...]


def generators() -> Generators:
    """The states of NumPy's global generator and of Python's."""
    said: Any = np.random.get_state()  # noqa: NPY002
    return said[1].tobytes(), *said[2:], random.getstate()


def set_generators(state: Generators, set_numpy: Any = np.random.set_state, set_python: Any = random.setstate) -> None:
    """Put both into this state."""
    keys, *rest, python = state
    set_numpy(("MT19937", np.frombuffer(keys, np.uint32), *rest))
    set_python(python)


def generators_out(state: Generators) -> list[Any]:
    """As JSON."""
    return [state[0].hex(), *state[1:]]


def generators_in(said: list[Any]) -> Generators:
    """From JSON."""
    keys, position, has_gauss, gauss, (version, words, next_gauss) = said
    return bytes.fromhex(keys), position, has_gauss, gauss, (version, tuple(words), next_gauss)


def filters() -> list[Any]:
    """Which warnings are errors, as far as other programs than pytest can raise them."""
    return [f for f in warnings.filters if not f[2].__module__.startswith(("pytest", "_pytest", "hypothesis"))]


def set_filters(chosen: list[Any]) -> None:
    """Meet warnings so."""
    warnings.resetwarnings()
    warnings.filters.extend(chosen)  # type: ignore[attr-defined]


def filters_out(chosen: list[Any]) -> str:
    """As text, for the process that trusts this one."""
    return base64.b64encode(pickle.dumps(chosen)).decode()


def filters_in(text: str) -> list[Any]:
    """From the process that is trusted."""
    return pickle.loads(base64.b64decode(text))
