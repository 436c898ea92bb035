"""A call that never comes back, or that takes its process along, costs the claim it was made in, and no more.

NumPy's `lstsq`, for one, may go on for ever over an infinity, where nothing in its process can stop it. So where claims
are handed out to processes (pytest-xdist), each keeps a file in a folder of the run that says at what it is: the test,
and the function that was called last. A call over its time ends the process; whoever handed out the test reads there
what became of it, and goes on in a new process. A function that was late is not called again under the same mark: what
it does with an infinity has no say in its mathematics.

Where there is one process only, the run ends with the call, and another one, which waits for nothing else, tells of it:
``python -m shrinkage.properties.engine.watchdog FOLDER SECONDS``, until its standard input ends.
"""

import contextlib
import json
import math
import mmap
import os
import shutil
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

FIRST = 3  # times as long for a function's first call in a process, which may compile
IDLE = 6  # times as long where the processor is at other work: on a busy machine nobody is late for that
_GRACE = 2.0  # seconds after which the kernel ends what lets no other thread run
_end = os._exit  # before `keep_alive` takes it from what is judged
ALONE = "alone"  # the name of the only process
_LATE, _AT_WORK = "late", ".said"
# Written to at every call, so without a call of the system: since when it runs, or 0; the length of the text; the text.
_SINCE, _LENGTH, _TEXT = struct.Struct("d"), struct.Struct("Q"), 16


class Watchdog:
    """What one process says of itself.

    Parameters
    ----------
    folder
        Of the run.
    name
        Of the process.
    seconds
        Of the processor, for one call.
    idle
        Times as long where the processor is at other work; 0 for ever, as somebody may be in a debugger.
    """

    def __init__(self, folder: Path, name: str, seconds: float, idle: float = IDLE) -> None:
        self.folder, self.seconds, self._idle = folder, seconds, idle
        self._over = threading.Event()
        self._path = folder / f"{name}{_AT_WORK}"
        self._path.touch()
        self._said = self._mapped(mmap.PAGESIZE)
        self._test: dict[str, Any] = {}
        self._late: set[str] = set()  # functions, as of when the test began, under any mark
        self._returned: set[str] = set()
        self._calls: dict[
            int, tuple[float, float, str, Callable[[], str]]
        ] = {}  # by thread; until when, by either clock
        self._last = ""
        threading.Thread(target=self._watch, daemon=True).start()

    def at(self, claim: str, mark: str) -> None:
        """The test that is at work."""
        self._test, self._last = {"claim": claim, "mark": mark}, ""
        self._late = {function for function, _ in late(self.folder)}
        self._say()

    @contextmanager
    def calling(self, function: str, code: Callable[[], str]) -> Iterator[None]:
        """For as long as the function runs; `code` is asked for the call, should it not come back."""
        if self._test["mark"] == "interface" or function in self._late:
            # Few calls are made there, and most that never come back: perhaps so that nobody can say so afterwards.
            self._say(function=function, call=code())
        elif function != self._last:
            self._say(function=function)
        self._last = function
        seconds = self.seconds * (1 if function in self._returned else FIRST)
        thread = threading.get_ident()
        if not self._calls:
            _alarm(seconds + _GRACE, self._idle and self._idle * seconds + _GRACE)
        begun = time.monotonic()
        _SINCE.pack_into(self._said, 0, begun)
        self._calls[thread] = time.process_time() + seconds, begun + (self._idle or math.inf) * seconds, function, code
        try:
            yield
            self._returned.add(function)
        finally:
            self._calls.pop(thread, None)
            if not self._calls:
                _alarm(0, 0)
                _SINCE.pack_into(self._said, 0, 0.0)

    def end(self) -> None:
        """Nobody is watched any more."""
        self._over.set()

    def given_up(self, function: str) -> bool:
        """Whether it was late under this mark, in any process of the run."""
        return function in self._late and (function, self._test["mark"]) in late(self.folder)

    def _say(self, **found: Any) -> None:
        text = json.dumps(self._test | found).encode()
        if _TEXT + len(text) > len(self._said):
            self._said = self._mapped(2 * (_TEXT + len(text)))
        self._said[_TEXT : _TEXT + len(text)] = text
        _LENGTH.pack_into(self._said, _SINCE.size, len(text))

    def _mapped(self, size: int) -> mmap.mmap:
        with self._path.open("r+b") as file:
            file.truncate(size)
            return mmap.mmap(file.fileno(), size)

    def _watch(self) -> None:
        while not self._over.wait(_GRACE / 4):
            for at_work, idle, function, code in list(self._calls.values()):
                if time.process_time() > at_work or time.monotonic() > idle:
                    with contextlib.suppress(Exception):
                        self._say(function=function, call=code())
                    _end(1)


def _alarm(at_work: float, idle: float) -> None:
    """Have the kernel end this process by then, whoever holds the interpreter's lock; at 0, not any more."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, at_work)
        signal.setitimer(signal.ITIMER_REAL, idle)


_own: Watchdog | None = None  # of this process, if it is one of several


def begin(folder: Path, name: str, seconds: float, idle: float = IDLE) -> Watchdog:
    """Watch this process from now on."""
    global _own
    _own = Watchdog(folder, name, seconds, idle)
    return _own


def end() -> None:
    """And from now on not any more."""
    global _own
    if _own:
        _own.end()
    _own = None


def calling(function: str, code: Callable[[], str]) -> AbstractContextManager[None]:
    """For as long as the function runs, if anybody watches."""
    return _own.calling(function, code) if _own else _NOBODY


def given_up(function: str) -> bool:
    """Whether somebody watches, and the function was late so often that it is not called again."""
    return _own is not None and _own.given_up(function)


_NOBODY: AbstractContextManager[None] = nullcontext()


def late(folder: Path) -> set[tuple[str, str]]:
    """The functions that did not come back, each with the mark of the claim."""
    path = folder / _LATE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {(function, mark) for function, mark in (line.split("\t") for line in lines)}


def was_late(folder: Path, said: dict[str, Any]) -> None:
    """Let all processes of the run know of it."""
    with (folder / _LATE).open("a", encoding="utf-8") as names:
        names.write(f"{said['function']}\t{said['mark']}\n")


def at_work(folder: Path, name: str) -> dict[str, Any]:
    """What the process of this name was at when it ended, and for how many seconds in a call."""
    try:
        written = (folder / f"{name}{_AT_WORK}").read_bytes()
        (since,), (length,) = _SINCE.unpack_from(written), _LENGTH.unpack_from(written, _SINCE.size)
        said: dict[str, Any] = json.loads(written[_TEXT : _TEXT + length])
    except (OSError, ValueError, struct.error):
        return {}
    return said | {"seconds": time.monotonic() - since if since else 0.0}


def tell(folder: Path, seconds: float) -> None:
    """Once the only process has ended: at which call, if that had had its time."""
    sys.stdin.read()
    said = at_work(folder, ALONE)
    shutil.rmtree(folder, ignore_errors=True)
    if "function" in said and said["seconds"] > seconds:
        call = f"  call      {said['call']}\n" if "call" in said else ""
        sys.stderr.write(
            f"\n{said['function']} did not come back within {seconds:g} s.\n  claim     {said['claim']}\n{call}"
            "The run has ended with it; in several processes (-n 2) this claim would have failed, and no more.\n"
        )


if __name__ == "__main__":
    tell(Path(sys.argv[1]), float(sys.argv[2]))
