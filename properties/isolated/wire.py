"""Requests and answers, either side asking: a function may call back what it was given.

A message (`worker`) is a head and the bytes of what it mirrors. Who has asked answers what he is asked himself, until
his own answer comes; so each thread of the judge that speaks to the other process has a connection of its own.
"""

import builtins
import functools
import json
import socket
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shrinkage.loader import NotOffered

from .mirror import LARGEST, NONSENSE, Mirror, Unreadable
from .worker import receive, send

LONGEST = 4_000  # characters of what an error says, and of where it was raised


class Connection:
    """One end.

    Parameters
    ----------
    socket
        To the other process.
    mirror
        What the two share.
    serve
        Does what is asked for.
    wait
        Returns when there is something to be read; raises when nothing is to be expected any more.
    """

    def __init__(
        self,
        socket: socket.socket,
        mirror: Mirror,
        serve: Callable[["Connection", dict[str, Any], Any], tuple[dict[str, Any], Any]],
        wait: Callable[[socket.socket], None] = lambda _: None,
    ) -> None:
        self.socket, self.mirror, self._serve, self._wait = socket, mirror, serve, wait
        self.raised: dict[int, BaseException] = {}  # on this side, in what was called back: it may come back as well

    def close(self) -> None:
        """No more messages."""
        self.socket.close()

    __del__ = close

    def send(self, head: dict[str, Any], value: Any, alone: bool) -> None:
        """One message."""
        said, pieces = self.mirror.encode(value, alone)
        send(self.socket, json.dumps(head | said).encode(), pieces)

    def receive(self) -> tuple[dict[str, Any], Any]:
        """The head of the next message, and its value."""
        try:
            text, rest = receive(self.socket, self._wait, 4 * LARGEST)
            head = json.loads(text)
            sizes = [memory[1] for memory in head["memory"]]
            ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
        except NONSENSE as error:
            raise Unreadable(str(error)) from None
        value = self.mirror.decode(head, [rest[end - length : end] for length, end in zip(sizes, ends, strict=True)])
        return head, value

    def ask(self, head: dict[str, Any], value: Any, alone: bool) -> tuple[dict[str, Any], Any]:
        """The answer; requests that come before it are served."""
        self.send(head, value, alone)
        while True:
            head, value = self.receive()
            if "request" not in head:
                return head, value
            self.answer(head, value, alone)

    def answer(self, head: dict[str, Any], value: Any, alone: bool) -> None:
        """Do what is asked for, and say what came of it."""
        reply, result = self._serve(self, head, value)
        try:
            self.send(reply, result, alone)
        except (TypeError, ValueError, RecursionError, MemoryError) as error:
            self.send({"unsaid": str(error)[:LONGEST]}, None, alone)


# ---- errors ----------------------------------------------------------------------------------------------------------

_KNOWN = {
    f"{kind.__module__}.{kind.__qualname__}": kind
    for names in (builtins, np.exceptions, np.linalg)
    for kind in vars(names).values()
    if isinstance(kind, type) and issubclass(kind, BaseException) and not issubclass(kind, BaseExceptionGroup)
} | {f"{NotOffered.__module__}.{NotOffered.__qualname__}": NotOffered}


class Elsewhere(Exception):
    """Where an error was raised in the other process."""


_HERE = str(Path(__file__).parent)


def told(error: BaseException, connection: Connection) -> dict[str, Any]:
    """An error in words: its kinds from the closest on, what it says, and where it was raised."""
    try:
        text = str(error)
    except BaseException:
        text = "(an error that cannot be printed)"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_HERE)]
    number = len(connection.raised)
    connection.raised[number] = error
    return {
        "kinds": [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__],
        "text": text[:LONGEST],
        "trace": "".join(traceback.format_list(frames[-5:]))[-LONGEST:],
        "number": number,
        "yours": getattr(error, "_number_over_there", None),
    }


def error_from(told: Mapping[str, Any], connection: Connection) -> BaseException:
    """The error again, of the closest kind that both processes know; if it came from here, that one itself."""
    if told["yours"] in connection.raised:
        return connection.raised[told["yours"]]
    known: Any = next((_KNOWN[kind] for kind in told["kinds"] if kind in _KNOWN), Exception)
    kind = _kind(str(told["kinds"][0]).rsplit(".", 1)[-1], known)
    text, trace = str(told["text"])[:LONGEST], str(told["trace"])[:LONGEST]
    error = kind.__new__(kind, text)
    error.args = (text,)
    if trace:  # no note: pytest.raises looks for words in those, too
        error.__cause__ = Elsewhere(f"\n{trace}")
    error._number_over_there = told["number"]
    return error


@functools.cache  # Hypothesis takes errors of two kinds for two mistakes
def _kind(name: str, known: Any) -> Any:
    return type(name, (known,), {"__module__": "builtins", "__str__": lambda self: self.args[0]})
