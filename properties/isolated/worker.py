"""A process of its own that is asked one question at a time: both ends of it.

The isolated judge, the race and the gate run somebody's code so, and what has to hold for all three is here. Questions
and answers go over a socket, so nothing that the code prints is taken for an answer. Who asks waits as long as it wants
to, and is told how the process ended. It ends with all that it has started, and with who started it: whatever either
of the two is doing, and however that one ends.

A message is text in JSON and the bytes that it speaks of: arrays, here. Nothing is unpickled, so what the code sends
may be wrong, but does nothing.
"""

import contextlib
import fcntl
import json
import math
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Self

_FRAME = struct.Struct("<QQ")


class Gone(Exception):
    """The process has ended, or gave no answer: what it did, to be told of it."""


class Failed(Exception):
    """What was asked for raised an error; in its own words."""


class _Nonsense(Exception):
    """What comes from there is no message."""


class Worker:
    """The process, as seen by who asks; a thread of its own is all that it may have in there.

    Parameters
    ----------
    module
        What is run: it calls `begin`, and then `serve` or a protocol of its own.
    arguments
        For its command line.
    patience
        Seconds that an answer may take; None is for ever.
    cores
        Those that it may use; without any, all.
    shared
        More open files for it.
    python
        The interpreter, and its options; without it, this one.
    options
        As for `subprocess.Popen`.
    """

    running: ClassVar[set["Worker"]] = set()

    def __init__(
        self,
        module: str,
        *arguments: object,
        patience: float | None,
        cores: Iterable[int] = (),
        shared: Iterable[int] = (),
        python: Iterable[str] = (sys.executable,),
        **options: Any,
    ) -> None:
        self.patience = patience
        self.endpoint, theirs = socket.socketpair()
        self.endpoint.settimeout(patience)
        held, holding = os.pipe()
        self._holding = os.fdopen(holding, "wb", 0)  # it ends where nobody holds this any more
        self._ending = threading.Lock()
        passed = (theirs.fileno(), held)
        try:
            with _on(cores):
                # A session of its own: Ctrl-C at the terminal is for who asks, and all that it starts ends with it.
                self.process = subprocess.Popen(
                    [*python, "-m", module, *map(str, (*passed, *arguments))],
                    pass_fds=(*passed, *shared),
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                    **options,
                )
        finally:
            theirs.close()
            os.close(held)
        self.running.add(self)

    def ask(self, do: str, **question: Any) -> Any:
        """One question, one answer: what this method of what is served gives.

        Raises
        ------
        Failed
            If that raised an error.
        Gone
            If there is no answer.
        """
        try:
            _say(self.endpoint, {"do": do, **question})
            answer = _hear(self.endpoint)
            if not {"answer", "error"} & {*answer}:
                raise _Nonsense
        except TimeoutError:
            self.kill()
            raise Gone(f"gave no answer within {self.patience:g} s") from None
        except _Nonsense:
            self.kill()
            raise Gone("sent what is no answer") from None
        except (EOFError, OSError):
            raise Gone(self.ended()) from None
        except BaseException:  # Ctrl-C, say: an answer that comes later would be taken for that to the next question
            self.kill()
            raise
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["answer"]

    def ended(self, seconds: float = 1.0) -> str:
        """How it ended, in words, after so long to come to that by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        code = self.process.returncode
        self.kill()
        return "closed its connection" if code is None else _in_words(code)

    def kill(self) -> None:
        """End it at once, with all that it has started: it holds nothing that has to be saved. From any thread."""
        with self._ending:
            if self in self.running:
                self.running.discard(self)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
                self._holding.close()

    def end(self) -> None:
        """End it, and let go of the socket, which no other thread may be reading from then."""
        self.kill()
        self.endpoint.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


@contextlib.contextmanager
def _on(cores: Iterable[int]) -> Iterator[None]:
    """Keep the thread to these cores, and with it what it starts, before anything in there counts cores."""
    there = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    chosen = there & {*cores}
    if chosen:
        os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        if chosen:
            os.sched_setaffinity(0, there)


def _in_words(code: int) -> str:
    if code >= 0:
        return f"ended the process with exit code {code}"
    name = signal.Signals(-code).name
    where = {"SIGKILL": "memory runs out", "SIGSYS": "a process is begun that may not be"}.get(name)
    return f"ended the process by {name}" + (f", as the system does where {where}" if where else "")


# ---- in the process --------------------------------------------------------------------------------------------------


def begin() -> tuple[socket.socket, list[str]]:
    """Its end of the socket, and the arguments; from now on it ends with who started it."""
    endpoint, held, *arguments = sys.argv[1:]
    if hasattr(fcntl, "F_SETSIG"):  # by the kernel, even from code that lets no other thread run
        fcntl.fcntl(int(held), fcntl.F_SETSIG, signal.SIGKILL)
        alone = os.getpgrp() == os.getpid()  # what it has started ends with it, then
        fcntl.fcntl(int(held), fcntl.F_SETOWN, -os.getpid() if alone else os.getpid())
        fcntl.fcntl(int(held), fcntl.F_SETFL, os.O_ASYNC)
        if select.select([int(held)], [], [], 0)[0]:  # it ended before that was said
            os._exit(0)
    else:
        threading.Thread(target=lambda: os.read(int(held), 1) or os._exit(0), daemon=True).start()
    return socket.socket(fileno=int(endpoint)), arguments


def serve(endpoint: socket.socket, make: Callable[[], object], until: str = "", said: Any = None) -> None:
    """Answer with the methods of what the first question makes, until nobody asks any more.

    Parameters
    ----------
    endpoint
        Its end of the socket.
    make
        Makes what answers.
    until
        Within an answer: the question that ends it, which is left to be answered by who was asked before.
    said
        With that: the answer to who was asked before.
    """
    made: object = None
    with contextlib.suppress(EOFError, ConnectionError):
        if until:
            _say(endpoint, {"answer": said})
        while True:
            question = _hear(endpoint)
            if question["do"] == until:
                return
            try:
                made = made or make()
                answer = {"answer": getattr(made, question.pop("do"))(**question)}
            except (Exception, SystemExit) as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            _say(endpoint, answer)


# ---- messages --------------------------------------------------------------------------------------------------------


def send(endpoint: socket.socket, text: bytes, pieces: Iterable[bytes] = ()) -> None:
    """One message."""
    rest = b"".join(pieces)
    endpoint.sendall(_FRAME.pack(len(text), len(rest)) + text + rest)


def receive(
    endpoint: socket.socket, wait: Callable[[socket.socket], None] = lambda _: None, most: float = math.inf
) -> tuple[bytes, bytes]:
    """The next message, its text and its bytes; `wait` returns when there is something to be read.

    Raises
    ------
    EOFError
        If there is none any more.
    ValueError
        If it is longer than expected.
    """

    def read(size: int) -> bytes:
        parts, missing = [], size
        while missing:
            wait(endpoint)
            part = endpoint.recv(min(missing, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    length, size = _FRAME.unpack(read(_FRAME.size))
    if length + size > most:
        raise ValueError(f"a message of {length + size} bytes, more than anybody asked for")
    return read(length), read(size)


def _say(endpoint: socket.socket, value: dict[str, Any]) -> None:
    pieces: list[bytes] = []

    def number_or_array(each: Any) -> Any:
        import numpy as np  # which whoever sends one has loaded; for the rest it is a quarter of a process's start

        if not isinstance(each, np.ndarray):
            return each.item()
        pieces.append(each.tobytes())
        return {"array": [each.dtype.str, each.shape]}

    text = json.dumps(value, default=number_or_array).encode()
    send(endpoint, text, pieces)


def _hear(endpoint: socket.socket) -> dict[str, Any]:
    text, rest = receive(endpoint)
    left = memoryview(rest)

    def with_arrays(tree: dict[str, Any]) -> Any:
        nonlocal left
        if tree.keys() != {"array"}:
            return tree
        import numpy as np

        dtype, shape = tree["array"]
        size = math.prod(shape) * np.dtype(dtype).itemsize
        piece, left = left[:size], left[size:]
        return np.frombuffer(piece, dtype).reshape(shape)

    try:
        return dict(json.loads(text, object_hook=with_arrays))
    except (ValueError, TypeError, RecursionError) as error:  # whoever has found the socket may have written into it
        raise _Nonsense from error
