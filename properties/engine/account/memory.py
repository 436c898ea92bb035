"""Whether what is handed back is the caller's own: no memory of an argument, of an earlier answer or of another object.

Two arrays share memory only if they are views of one owner, so that at each call it takes a look at who owns what came
back; what is told of it is put with the arguments that were written into.
"""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT
from shrinkage.properties.engine.account import calls
from shrinkage.properties.engine.account.calls import Call
from shrinkage.properties.engine.oracles_networks import STATE

KEPT = 32  # arrays that were handed back, and those of objects
HARD = 1000  # steps of looking for an overlap, after which there is none to be told

_answers: deque[tuple[int, np.ndarray]] = deque(maxlen=KEPT)
_owned: deque[tuple[int, np.ndarray]] = deque(maxlen=KEPT)
_lock = threading.Lock()


def forget() -> None:
    """Another test begins."""
    with _lock:
        _answers.clear()
        _owned.clear()


def shared(call: Call, given: tuple[Any, ...], by_name: Mapping[str, Any], held: Any = None) -> str:
    """In words, what the answer of this call shares memory with; empty if with nothing.

    Parameters
    ----------
    call
        Which has its result.
    given, by_name
        What the function got.
    held
        Of a method, the parameters of its object.
    """
    if CONTRACT[call.function].methods and not call.method:
        return _of_another(call)
    handed = [(id(_owner(array)), array) for array in _handed(call)]
    if not handed:
        return ""
    inputs = [(calls.name(call, i), value) for i, value in enumerate(given) if i not in call.forward]
    inputs += by_name.items()
    for name, value in (*inputs, ("", held)):
        for array in _arrays(value):
            if _overlap(handed, id(_owner(array)), array):
                return f"{call.function} hands back memory of {f'its input {name}' if name else 'its parameters'}"
    with _lock:
        earlier = [*_answers]
        _answers.extend(handed)
    owners = {owner for owner, _ in handed}
    if any(owner in owners and _overlap(handed, owner, array) for owner, array in earlier):
        return f"{call.function} hands back memory of an earlier answer"
    return ""


def _of_another(call: Call) -> str:
    """Whether an object was made with parameters that are another one's."""
    own = [(id(_owner(array)), array) for array in _arrays(getattr(call.result, "params", None))]
    with _lock:
        earlier = [*_owned]
        _owned.extend(own)
    if any(_overlap(own, owner, array) for owner, array in earlier):
        return f"{call.function} has parameters that are those of another one"
    return ""


def _handed(call: Call) -> Iterator[np.ndarray]:
    """The arrays of an answer that are the caller's: all but a cache, and of a config those that the rule has made."""
    function, result = CONTRACT[call.function], call.result
    if isinstance(result, tuple) and len(result) == 2 and (function.gives_cache or function.gives_config):
        result, more = result
        if function.gives_config and isinstance(more, dict):
            yield from (more[key] for key in STATE[call.function] if isinstance(more.get(key), np.ndarray))
    yield from _arrays(result)


def _arrays(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray):
        if value.size:
            yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _arrays(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _arrays(each)


def _owner(array: np.ndarray) -> Any:
    owner: Any = array
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    return getattr(owner, "holder", owner)  # an isolated process's answer lies in a room that says whose it is


def _overlap(handed: list[tuple[int, np.ndarray]], owner: int, array: np.ndarray) -> bool:
    return any(own == owner and _share(each, array) for own, each in handed)


def _share(a: np.ndarray, b: np.ndarray) -> bool:
    try:
        return np.shares_memory(a, b, max_work=HARD)  # type: ignore[arg-type]  # any number will do
    except (np.exceptions.TooHardError, OverflowError):
        return False
