"""The calls of what is judged: what they were given, as it was before, what came back, and both as code.

A function gets copies of its arrays, dicts and lists, so that what it writes into them spoils nothing: neither what the
claim goes on with, nor what is told of the call. What a backward pass gets from the forward one is handed on as it is.
"""

import contextlib
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT, Kind
from shrinkage.properties.engine.account import source_repr

KEPT = 16  # calls that are remembered: a claim asks about one of its last

_caches = {name: {i for i, a in enumerate(f.arguments) if a.kind is Kind.CACHE} for name, f in CONTRACT.items()}


class Call:
    """One call.

    Parameters
    ----------
    function
        Of the contract; of a method, the class.
    arguments, named
        As they were before.
    method
        Of what was made, if it is no call of the function itself; or an attribute of it, with `arguments` None.
    made
        Of a method, the call that made its object.
    params
        Of a net, its parameters at the time, if the claim has seen them.
    before
        Of a method, the calls before it that changed the object.
    """

    def __init__(
        self,
        function: str,
        arguments: tuple[Any, ...] | None,
        named: Mapping[str, Any],
        *,
        method: str = "",
        made: "Call | None" = None,
        params: Mapping[str, Any] | None = None,
        before: tuple["Call", ...] = (),
    ) -> None:
        self.function, self.arguments, self.named, self.method = function, arguments, dict(named), method
        self.made, self.params, self.before = made, params, before
        self.implementation: Any = None  # whose function it is
        self.result: Any = None
        self.error: BaseException | None = None
        self.ended = False
        caches = _caches.get(function, ()) if arguments is not None and not method else ()
        self.forward = {i: _made_by(arguments[i]) for i in caches if i < len(arguments or ())} if arguments else {}
        self.between = tuple(_forward_since(list(self.forward.values()))) if self.forward else ()

    def by_name(self) -> dict[str, Any]:
        """The arguments by the contract's names; of a method, those that made its object and its own; a cache's too."""
        found: dict[str, Any] = {}
        for one in (self.made, self):
            if one is None or one.arguments is None:
                continue
            own = CONTRACT[one.function].names if not one.method else ("X", "y")
            for i, value in enumerate(one.arguments):
                if (forward := one.forward.get(i)) is not None:
                    found |= forward.by_name()
                found |= {own[i]: value} if i < len(own) else {}
            found |= one.named
        return found | ({"params": self.params} if self.params is not None else {})

    @property
    def size(self) -> int:
        """How many numbers there are in it: the smaller, the simpler."""
        return _numbers([*(self.arguments or ()), self.named, self.params or {}, *([self.made] if self.made else [])])

    # ---- as code ---------------------------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether pasting it does the same."""
        return not any(re.search(r"<\w[^<>]*>", line) for line in self.lines())

    def lines(self, path: str = "") -> list[str]:
        """Statements, and an expression for a part of what came back at the end."""
        if self.made is None:
            held = [f"cache = {made.lines()[-1]}[1]" for i, made in self.forward.items() if made and self.between]
            since = [each.lines()[-1] for each in self.between]
            return [*_imports(self), *held, *since, self._expression() + path]
        name = "solver" if self.function == "Solver" else "net"
        first = [*_imports(self.made), *self._model(name)]
        for each in (*self.before, self):
            if each.params is not None:
                first.append(f"{name}.params.update({source_repr.code(each.params)})")
            given = "" if each.arguments is None else each._given()
            first.append(f"{name}.{each.method}{given}")
        if path.startswith("model."):  # what was trained
            return [*first, path]
        return [*first[:-1], first[-1] + path]

    def _model(self, name: str) -> list[str]:
        """How the object was made; a model that is trained has a name, and a line, of its own."""
        assert self.made is not None
        made = self.made
        if self.function == "Solver" and made.arguments:
            model = source_repr.code(made.arguments[0])
            rest = Call("Solver", (Named("model"), *made.arguments[1:]), made.named)
            return [f"model = {model}", f"{name} = {rest._expression()}"]
        return [f"{name} = {made._expression()}"]

    def _expression(self) -> str:
        return self.function + self._given()

    def _given(self) -> str:
        parts = []
        for i, value in enumerate(self.arguments or ()):
            forward = self.forward.get(i)
            made = "cache" if self.between else f"{forward.lines()[-1]}[1]" if forward is not None else ""
            parts.append(made if forward is not None else source_repr.code(value))
        parts += [f"{name}={source_repr.code(value)}" for name, value in self.named.items()]
        return f"({', '.join(parts)})"

    # ---- where in the answer ---------------------------------------------------------------------------------------

    def path(self, got: Any) -> str | None:
        """Where in what came back this value is, as code; None if it was computed from it."""
        found = _path(self.result, got)
        held = getattr(self.result, "params", None) if found is None and CONTRACT[self.function].methods else None
        if isinstance(held, dict) and (inside := _path(held, got)) is not None:
            return f".params{inside}"
        if found is None and self.function == "Solver" and self.made is not None and self.made.arguments:
            model = self.made.arguments[0]
            for name in ("params", "batches"):
                if (found := _path(getattr(model, name, None), got)) is not None:
                    return f"model.{name}{found}"
        return found


class Named:
    """A name, as code."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def _path(value: Any, got: Any) -> str | None:
    if value is got and value is not None:
        return ""
    items: Any = ()
    if isinstance(value, tuple | list):
        items = enumerate(value)
    elif isinstance(value, dict):
        items = value.items()
    for key, each in items:
        inside = _path(each, got)
        if inside is not None:
            return f"[{key!r}]{inside}"
    if isinstance(value, np.ndarray) and isinstance(got, np.ndarray) and value.size:
        return _view(value, got)
    return None


def _view(value: np.ndarray, got: np.ndarray) -> str | None:
    """The array itself, in another shape, or one of its rows."""
    if value.dtype != got.dtype or not np.shares_memory(value, got):
        return None
    if value.size == got.size and np.array_equal(value.reshape(-1), got.reshape(-1), equal_nan=value.dtype.kind == "f"):
        return "" if value.shape == got.shape else f".reshape({got.shape})"
    for i in range(len(value) if value.ndim else 0):
        row = value[i, ...]
        if row.shape == got.shape and row.ctypes.data == got.ctypes.data and row.strides == got.strides:
            return f"[{i}]"
    return None


def name(call: Call, place: int) -> str:
    """Of the argument at this place."""
    names = ("X", "y") if call.method else CONTRACT[call.function].names
    return names[place] if place < len(names) else f"argument {place + 1}"


def _imports(call: Call) -> list[str]:
    """What the claims' own objects among the arguments need."""
    values = [*(call.arguments or ()), *call.named.values()]
    return sorted({text for value in values if (text := getattr(type(value), "IMPORTED", ""))})


def _numbers(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, Mapping):
        return sum(map(_numbers, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_numbers, value))
    return value.size if isinstance(value, Call) else 1


# ---- copies --------------------------------------------------------------------------------------------------------


def copied(value: Any, known: dict[int, Any] | None = None) -> Any:
    """A copy of arrays, dicts, lists and tuples, arrays as they lie in memory; anything else as it is.

    What is there twice is there twice in the copy.
    """
    if not isinstance(value, np.ndarray | dict | list | tuple):
        return value
    known = {} if known is None else known
    if id(value) not in known:
        if isinstance(value, np.ndarray):
            made: Any = _array(value)
        elif isinstance(value, dict):
            made = {key: copied(each, known) for key, each in value.items()}
        else:
            made = [copied(each, known) for each in value]
            made = tuple(made) if isinstance(value, tuple) else made
        known[id(value)] = made
    return known[id(value)]


def copies(
    function: str, arguments: tuple[Any, ...], named: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Of all arguments but a cache, which is the function's own."""
    known: dict[int, Any] = {}
    own = _caches.get(function, ())
    given = tuple(value if i in own else copied(value, known) for i, value in enumerate(arguments))
    return given, {name: value if name == "cache" else copied(value, known) for name, value in named.items()}


def _array(a: np.ndarray) -> np.ndarray:
    flags = a.flags
    if flags.aligned and (flags.c_contiguous or flags.f_contiguous):
        new = a.copy(order="C" if flags.c_contiguous else "F")
    else:
        new = _view_of_a_copy(a)
    if not flags.writeable:
        new.flags.writeable = False
    return new


def _view_of_a_copy(a: np.ndarray) -> np.ndarray:
    """A view, with the same strides, of a copy of what it is a view of."""
    owner: Any = a
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    at = a.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    with contextlib.suppress(ValueError, TypeError):
        whole = owner.copy(order="K")
        if whole.strides == owner.strides:
            return np.ndarray(a.shape, a.dtype, whole, at, a.strides)
    return a.copy(order="K")


def same(value: Any, before: Any) -> bool:
    """Whether nothing was written into it: the same bits in every array, the same entries in every dict and list."""
    if value is before or type(value) is not type(before):
        return value is before
    if isinstance(value, np.ndarray):
        return bool(value.shape == before.shape and value.tobytes() == before.tobytes())
    if isinstance(value, dict):
        return value.keys() == before.keys() and all(same(value[key], before[key]) for key in before)
    if isinstance(value, list | tuple):
        return len(value) == len(before) and all(map(same, value, before))
    return bool(value == before)


# ---- those of the running test -------------------------------------------------------------------------------------

_calls: deque[Call] = deque(maxlen=KEPT)
_failed: deque[Call] = deque(maxlen=KEPT)  # which many calls of other threads may have followed
_made: deque[tuple[Any, Call]] = deque(maxlen=KEPT)  # caches, and who gave them
_lock = threading.Lock()


def forget() -> None:
    """Another test begins."""
    with _lock:
        _calls.clear()
        _failed.clear()
        _made.clear()


def remember(call: Call) -> None:
    """What `last` and `of` go through."""
    with _lock:
        _calls.append(call)


def keep_cache(call: Call) -> None:
    """Remember where the cache has come from, if the call gave one."""
    result = call.result
    if CONTRACT[call.function].gives_cache and isinstance(result, tuple) and len(result) == 2:
        with _lock:
            _made.append((result[1], call))


def _made_by(cache: Any) -> Call | None:
    with _lock:
        return next((call for given, call in reversed(_made) if given is cache), None)


def _forward_since(made: list[Call | None]) -> Iterator[Call]:
    """The forward passes after these, which have not failed."""
    with _lock:
        found = list(_calls)
    last = max((i for i, call in enumerate(found) if any(call is each for each in made)), default=len(found))
    return (call for call in found[last + 1 :] if CONTRACT[call.function].gives_cache and call.error is None)


def latest() -> Iterator[Call]:
    """Those that are remembered, the latest first."""
    with _lock:
        found = list(_calls)
    return reversed(found)


def failed(call: Call, error: BaseException) -> None:
    """Remember what it has raised."""
    call.error = error
    with _lock:
        _failed.append(call)


def that_raised(error: BaseException) -> Call | None:
    """The call that raised it."""
    with _lock:
        found = [*reversed(_failed)]
    return next((call for call in found if call.error is error), None)


def last(function: str = "") -> Call | None:
    """The last call of this function; of any, if none is named."""
    return next((call for call in latest() if function in ("", call.function)), None)


def of(function: str, got: Any) -> tuple[Call | None, str | None]:
    """The call that gave this, and where in its answer it is; the last one and None, if it was computed from it."""
    for call in latest():
        if call.function == function and (path := call.path(got)) is not None:
            return call, path
    return last(function), None
