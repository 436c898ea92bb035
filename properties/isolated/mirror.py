"""Values on their way between two processes, so that each finds on its side what it would find in one process.

Numbers, text and tuples travel as they are. Arrays, dicts and lists are shared: each process has its own copy, and
before it says anything, it says what it has changed in those that both still hold. So an argument that was written to
comes back written to, a result that is a view of an argument is a view of it on the other side as well, and a buffer
that is used again changes what was handed out before. Arrays keep their dtype, byte order, strides, alignment and
flags. Any other object stays where it is, and the other side gets a `Foreign` in its place, by whose number it is
known: a cache, a net, a function to be called back.

A message is JSON and raw bytes. Nothing is unpickled but what comes from the judge: what a judged process sends can be
wrong, but it makes no objects other than these, and it is refused (`Unreadable`) where it does not add up.
"""

import base64
import ctypes
import itertools
import math
import pickle
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

LARGEST = 1 << 26  # bytes of one array; nothing that the claims ask for comes near it
NONSENSE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError)
_ALIGNMENT = 64
_DTYPE = re.compile(r"[<>|=]?[biufcSU]\d{1,6}")
_BY_VALUE = (type, np.dtype, bytes, bytearray, slice, range, frozenset, set)


class Unreadable(Exception):
    """What the other side has sent is no message, or none that adds up."""


class Foreign:
    """An object of the other process: its methods are called and its attributes are read over there."""

    def __init__(self, ask: Callable[..., Any], released: Callable[[int], None], number: int, label: str) -> None:
        self.__dict__.update(_ask=ask, _released=released, _number=number, _label=label)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found, value = self._ask("get", self, name)
        if found == "method":
            value = self.__dict__[name] = lambda *given, **named: self._ask("call", self, name, given, named)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set", self, name, value)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        raise TypeError(f"{self!r} is in another process")

    def __call__(self, *given: Any, **named: Any) -> Any:
        """What it gives over there."""
        return self._ask("call", self, "", given, named)

    def __repr__(self) -> str:
        return self._label

    def __del__(self) -> None:
        if "_released" in self.__dict__:
            self._released(self._number)


class Shared:
    """A dict, a list or a piece of memory that both processes hold, and what it was when they last spoke.

    Of memory, `holder` is the object that it belongs to.
    """

    __slots__ = ("address", "holder", "size", "synced", "writeable")

    def __init__(self, holder: Any, address: int = 0, size: int = -1, writeable: bool = True) -> None:
        self.holder, self.address, self.size, self.writeable = holder, address, size, writeable
        self.synced: Any = self.now()

    def now(self) -> Any:
        """What it is."""
        if self.size >= 0:
            return ctypes.string_at(self.address, self.size)
        return dict(self.holder) if isinstance(self.holder, dict) else list(self.holder)

    def changed(self) -> bool:
        """Whether it is something else than what it was; in dicts and lists, the same objects are the same."""
        now = self.now()
        if self.size >= 0:
            return now != self.synced
        if isinstance(now, dict):
            return now.keys() != self.synced.keys() or any(now[key] is not self.synced[key] for key in now)
        return len(now) != len(self.synced) or any(a is not b for a, b in zip(now, self.synced, strict=True))

    def alone(self) -> bool:
        """Whether nobody else holds it in this process."""
        return sys.getrefcount(self.holder) <= _ALONE


_probe = Shared([])
_ALONE = sys.getrefcount(_probe.holder)  # of what only a `Shared` holds


class Opaque:
    """What is to stay here, whatever it is: the other side gets a `Foreign`."""

    def __init__(self, value: Any, label: str) -> None:
        self.value, self.label = value, label


class Mirror:
    """One side of what two processes share.

    Parameters
    ----------
    judge
        Whether this is the judge's side, which trusts the other one in nothing.
    ask
        Sends a request about a `Foreign` to the other side.
    """

    def __init__(self, judge: bool, ask: Callable[..., Any]) -> None:
        self.judge, self._ask = judge, ask
        self.lock = threading.RLock()
        self._numbers = itertools.count(2 - judge, 2)  # odd numbers are the judge's, even ones the other side's
        self._shared: dict[int, Shared] = {}
        self._kept: dict[int, Any] = {}
        self._released: deque[int] = deque()
        # Of the message that is being written: memory whose bytes it carries, whether it speaks of nothing else, and
        # the dicts and lists that it has described.
        self._pieces: dict[int, Shared] = {}
        self._whole, self._described = False, set[int]()

    # ---- out -----------------------------------------------------------------------------------------------------

    def encode(self, value: Any, alone: bool) -> tuple[dict[str, Any], list[bytes]]:
        """The message that says this value, and what has changed; `alone` if no other thread is about to speak.

        If one is, either message may be read first, and each has all that it speaks of in it.
        """
        with self.lock:
            self._pieces, self._whole, self._described = {}, not alone, set()
            changed = [(number, shared) for number, shared in self._shared.items() if shared.changed()]
            changes = [self._changes(*each) for each in changed]
            del changed
            gone = [*self._dropped()] if alone else []
            tree = self._out(value)
            memory = [
                [number, shared.size, shared.address % _ALIGNMENT, shared.writeable]
                for number, shared in self._pieces.items()
            ]
            message = {"value": tree, "memory": memory, "changes": [c for c in changes if c], "gone": gone}
            message["released"] = [self._released.popleft() for _ in range(len(self._released))]
            return message, [shared.synced for shared in self._pieces.values()]

    def _dropped(self) -> Iterator[int]:
        """Forget what nobody on this side holds any more, which may free more of it."""
        while free := [number for number, shared in self._shared.items() if shared.alone()]:
            for number in free:
                del self._shared[number]
                yield number

    def _changes(self, number: int, shared: Shared) -> list[Any] | None:
        before, shared.synced = shared.synced, shared.now()
        if shared.size >= 0:
            self._pieces[number] = shared
            return None
        if isinstance(shared.synced, list):
            return [number, [self._out(value) for value in shared.synced], []]
        new = [(k, v) for k, v in shared.synced.items() if k not in before or before[k] is not v]
        gone = [self._out(key) for key in before if key not in shared.synced]
        return [number, [[self._out(key), self._out(value)] for key, value in new], gone]

    def _out(self, value: Any) -> Any:
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, np.generic) and value.dtype.kind in "biufcSU":
            return {"scalar": [value.dtype.str, value.tobytes().hex()]}
        if isinstance(value, np.ndarray) or (not self.judge and hasattr(type(value), "__array__")):
            return self._array(value)
        if isinstance(value, dict | list):
            return self._container(value)
        if isinstance(value, tuple):
            return {"tuple": [self._out(each) for each in value]}
        if isinstance(value, complex):
            return {"complex": [value.real, value.imag]}
        if isinstance(value, Foreign):
            if value.__dict__["_ask"] != self._ask:
                raise Unreadable("what was made in a process that has ended is of no use in another one")
            return {"yours": value.__dict__["_number"]}
        for kind in (int, float, str):
            if isinstance(value, kind):
                return kind(value)
        if self.judge and isinstance(value, _BY_VALUE):
            return {"pickle": base64.b64encode(pickle.dumps(value)).decode()}
        if not isinstance(value, Opaque):
            value = Opaque(value, f"<a {type(value).__name__} in another process>")
        number = next(self._numbers)
        self._kept[number] = value.value
        return {"mine": [number, value.label]}

    def _container(self, value: dict | list) -> dict[str, Any]:
        number = next((number for number, shared in self._shared.items() if shared.holder is value), 0)
        if number and (not self._whole or number in self._described):
            return {"same": number}
        if not number:
            number = next(self._numbers)
            self._shared[number] = Shared(value)
        self._described.add(number)
        if isinstance(value, dict):
            return {"dict": [number, [[self._out(k), self._out(v)] for k, v in value.items()]]}
        return {"list": [number, [self._out(each) for each in value]]}

    def _array(self, value: Any) -> dict[str, Any]:
        a = value
        if type(a) is not np.ndarray:  # what it is, not what it says it is
            a = np.ndarray.__array__(a) if isinstance(a, np.ndarray) else np.asarray(a)
            if tuple(getattr(value, "shape", a.shape)) != a.shape:
                raise TypeError(f"what says it is of shape {value.shape}, but is of {a.shape}")
        if a.size * a.itemsize > LARGEST:
            raise TypeError(f"an array that says it is of shape {a.shape}, {a.dtype}, more than anybody asked for")
        if a.dtype.kind not in "biufcSU":
            return {"objects": [a.shape, [self._out(each) for each in a.astype(object).flat]]}
        number, shared = self._memory(a)
        at = a.__array_interface__["data"][0] - shared.address if a.size else 0
        return {"array": [number, a.dtype.str, a.shape, a.strides, at, bool(a.flags.writeable)]}

    def _memory(self, a: np.ndarray) -> tuple[int, Shared]:
        low, high = np.lib.array_utils.byte_bounds(a)
        for number, shared in self._shared.items():
            if shared.size >= 0 and shared.address <= low and high <= shared.address + shared.size:
                shared.writeable |= a.flags.writeable
                if self._whole:
                    shared.synced = shared.now()
                    self._pieces[number] = shared
                return number, shared
        owner: Any = a
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        first, last = np.lib.array_utils.byte_bounds(owner)
        if first <= low and high <= last and last - first <= LARGEST:  # all of it: other views may follow
            low, high = first, last
        number, holder = next(self._numbers), owner if owner.base is None else owner.base
        self._shared[number] = self._pieces[number] = Shared(holder, low, high - low, bool(a.flags.writeable))
        return number, self._shared[number]

    # ---- in ------------------------------------------------------------------------------------------------------

    def decode(self, message: Any, pieces: list[bytes]) -> Any:
        """The value that a message says, after the changes that it brings."""
        try:
            with self.lock:
                for (number, size, offset, writeable), piece in zip(message["memory"], pieces, strict=True):
                    self._written(number, size, offset, writeable, piece)
                for change in message["changes"]:
                    self._change(*change)
                value = self._in(message["value"])
                for number in message["gone"]:
                    self._shared.pop(number, None)
                for number in message["released"]:
                    self._kept.pop(number, None)
                return value
        except (*NONSENSE, MemoryError) as error:
            raise Unreadable(str(error) or type(error).__name__) from error

    def _written(self, number: int, size: int, offset: int, writeable: bool, piece: bytes) -> None:
        if len(piece) != size:
            raise ValueError(f"{len(piece)} bytes for memory of {size}")
        shared = self._shared.get(number)
        if shared is None:
            room = np.empty(size + _ALIGNMENT, np.uint8)
            address = room.ctypes.data
            shared = Shared(room, address + (offset - address) % _ALIGNMENT, size, writeable)
            self._shared[number] = shared
        elif shared.size != size:
            raise ValueError(f"memory of {size} bytes in the place of {shared.size}")
        elif self.judge and number % 2 and not shared.writeable:
            raise ValueError("an argument that is read-only has been written to")
        ctypes.memmove(shared.address, piece, size)
        shared.synced = piece

    def _change(self, number: int, new: list[Any], gone: list[Any]) -> None:
        shared = self._shared.get(number)
        if shared is None or shared.size >= 0:
            return
        if isinstance(shared.holder, list):
            shared.holder[:] = [self._in(value) for value in new]
        else:
            for key in gone:
                shared.holder.pop(self._in(key), None)
            shared.holder.update({self._in(key): self._in(value) for key, value in new})
        shared.synced = shared.now()

    def _in(self, tree: Any) -> Any:
        if not isinstance(tree, dict):
            if isinstance(tree, list):
                raise TypeError("a list that is none")
            return tree
        ((kind, content),) = tree.items()
        if kind == "array":
            return self._as_array(*content)
        if kind == "objects":
            array = np.empty(len(content[1]), object)
            array[:] = [self._in(each) for each in content[1]]
            return array.reshape(content[0])
        if kind == "scalar":
            return np.frombuffer(bytes.fromhex(content[1]), _dtype(content[0]))[0]
        if kind == "tuple":
            return tuple(self._in(each) for each in content)
        if kind == "complex":
            return complex(*content)
        if kind == "same":
            return self._shared[content].holder
        if kind in ("dict", "list"):
            number, items = content
            if number in self._shared:
                return self._shared[number].holder
            made: Any = {} if kind == "dict" else []
            shared = self._shared[number] = Shared(made)
            if kind == "dict":
                made.update({self._in(key): self._in(value) for key, value in items})
            else:
                made.extend(self._in(each) for each in items)
            shared.synced = shared.now()
            return made
        if kind == "mine":
            return Foreign(self._ask, self._released.append, int(content[0]), str(content[1]))
        if kind == "yours":
            return self._kept[content]
        if kind == "pickle" and not self.judge:
            return pickle.loads(base64.b64decode(content))
        raise ValueError(f"a value of kind {kind}")

    def _as_array(self, number: int, dtype: str, shape: list[int], strides: list[int], at: int, writeable: bool) -> Any:
        shared, kind = self._shared[number], _dtype(dtype)
        if math.prod(shape) * kind.itemsize > LARGEST:
            raise ValueError(f"an array that says it is of shape {tuple(shape)}, {kind}, more than anybody asked for")
        if 0 in shape:
            return np.empty(shape, kind)
        room = (ctypes.c_ubyte * shared.size).from_address(shared.address)
        room.holder = shared.holder  # type: ignore[attr-defined]  # for as long as there are arrays in it
        array: np.ndarray = np.ndarray(shape, kind, room, at, strides)  # type: ignore[arg-type]  # any buffer will do
        if not writeable:
            array.flags.writeable = False
        return array


def _dtype(text: str) -> np.dtype:
    if not _DTYPE.fullmatch(text):
        raise ValueError(f"a dtype {text!r}")
    return np.dtype(text)
