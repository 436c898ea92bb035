"""The judged process: it imports the implementation, does what the judge asks for, and says what else it did.

Started by `shrinkage.properties.isolated.process`, which passes one more socket than every `worker` has: over that come
further ones, for the other threads of the judge.
"""

import contextlib
import ctypes
import faulthandler
import functools
import inspect
import os
import random
import resource
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT
from shrinkage.loader import BESIDE, Choice, Implementation, WrongChoice, load, subnormals

from . import kernel, state
from .mirror import Foreign, Mirror, Opaque, Unreadable
from .rules import Watch
from .wire import Connection, error_from, told
from .worker import begin

WARNINGS = 20  # of one call that are told
GRACE = 100  # looks, at least 5 ms apart, that a thread has to come to its end after the call that started it


class Judged:
    """What the judge asks of this process."""

    def __init__(self, megabytes: int, files: int, writable: list[Path]) -> None:
        self._megabytes, self._files = megabytes, files
        self._watch = Watch(writable, lambda: self._active > 0)
        self._refuses = kernel.restrict(writable)
        self.mirror = Mirror(judge=False, ask=self.ask)
        self.here = threading.local()
        self.implementation: Implementation | None = None
        self._lock, self._active = threading.Lock(), 0
        self._seeded: list[str] = []
        self._folder = Path.cwd()
        self._own: set[int] = set()  # threads that are not the implementation's, and how many more are about to be
        self._starting: list[None] = []
        self._modules = 0
        self._filters = list(warnings.filters)
        self._warned: list[tuple[str, str, str, int]] = []
        self._set_numpy, self._set_python = np.random.set_state, random.setstate
        self._generators = state.generators()

    def warned(self, message: Any, category: Any, filename: str, lineno: int, *_: Any) -> None:
        """In the place of `warnings.showwarning`: what is printed would be a breach, and the judge tells of it."""
        self._warned.append((category.__name__, str(message), filename, lineno))

    # ---- serving ---------------------------------------------------------------------------------------------------

    def listen(self, channel: socket.socket) -> None:
        """Threads of the judge, as they come."""
        self._own.add(threading.get_ident())
        with contextlib.suppress(OSError, ValueError):
            while True:
                _, (descriptor, *_), _, _ = socket.recv_fds(channel, 1, 1)
                self._starting.append(None)
                threading.Thread(
                    target=self._serve_one_more, args=[socket.socket(fileno=descriptor)], daemon=True
                ).start()

    def _serve_one_more(self, endpoint: socket.socket) -> None:
        self._own.add(threading.get_ident())
        self._starting.pop()
        self.serve_all(endpoint)

    def serve_all(self, endpoint: socket.socket) -> None:
        """One thread of the judge, until it closes its end."""
        connection = self.here.connection = Connection(endpoint, self.mirror, self.serve)
        with contextlib.suppress(EOFError, OSError):
            while True:
                head, value = connection.receive()
                connection.answer(head, value, head["alone"])
                connection.raised.clear()

    def ask(self, what: str, target: Foreign, name: str, given: Any = (), named: Any = None) -> Any:
        """Something of the judge's: a method or an attribute of what was passed, or a function that was."""
        if what == "set" and name != "params":
            target.__dict__[name] = given
            return None
        connection = self.here.connection
        named = tuple((named or {}).items())
        request = {"request": what, "alone": self.here.alone}
        head, value = connection.ask(request, (target, name, given, named), self.here.alone)
        if "raised" in head:
            raise error_from(head["raised"], connection)
        return (head["found"], value) if what == "get" else value

    def serve(self, connection: Connection, head: dict[str, Any], value: Any) -> tuple[dict[str, Any], Any]:
        """One request."""
        if head["request"] == "begin":
            return self._limit(), None
        if head["request"] == "load":
            return self._load(value, head["late"]), None
        self.here.alone = head["alone"]
        self._begin(head)
        reply: dict[str, Any] = {}
        result = None
        try:
            result = self._do(head["request"], *value)
            if head["request"] == "get":
                reply["found"] = "method" if callable(result) else "value"
                result = None if callable(result) else result
        except BaseException as error:  # whatever it is, the judge is told
            reply["raised"] = told(error, connection)
        reply |= self._end(head)
        reply["warned"], self._warned = self._warned[:WARNINGS], []
        return reply, result

    def _limit(self) -> dict[str, Any]:
        """From now on, for what is mapped and open by now is not the implementation's."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        statm = Path("/proc/self/statm")
        if statm.exists():
            limit = int(statm.read_text().split()[0]) * resource.getpagesize() + self._megabytes * (1 << 20)
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._files, self._files))
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._megabytes << 20,) * 2)
        sys.addaudithook(self._watch)
        return {}

    def _load(self, chosen: dict[str, Any], late: list[str]) -> dict[str, Any]:
        choice, before = Choice(**chosen), {*sys.modules}
        try:
            implementation = self.implementation = load(choice)
        except WrongChoice as error:
            return {"wrong": self._blamed(str(error))}
        except Exception as error:  # there is not enough to read what is judged, or the judge's own modules
            said = f": {error}" if str(error) else ""
            return {"wrong": self._blamed(f"{choice.name} failed on import: {type(error).__name__}{said}.")}
        for name in late:
            _give_up(name, getattr(implementation, name, None), [sys.modules[each] for each in {*sys.modules} - before])
        self._own |= {*sys._current_frames()}
        warnings.showwarning = self.warned  # type: ignore[assignment]
        for module, name in ((np.random, "seed"), (np.random, "set_state"), (random, "seed"), (random, "setstate")):
            setattr(module, name, self._noted(getattr(module, name), f"{module.__name__}.{name}"))
        state.set_filters(self._filters)
        os.chdir(self._folder)
        self._modules = len(sys.modules)
        offered = {name: isinstance(getattr(implementation, name), type) for name in implementation.offered}
        offered |= {name: False for name in BESIDE if any(hasattr(part, name) for part in implementation.parts)}
        # What is judged has no say in which claims it may break; what the project knows of its peers has.
        known = [vars(failure) for failure in implementation.expected_failures if choice.ours]
        course = implementation.course.name if implementation.course else ""
        lost = {name: self._blamed(why) for name, why in implementation.lost.items()}
        notes = [*map(self._blamed, implementation.notes), _held(*self._refuses)]
        found: dict[str, Any] = {"notes": notes, "course": course, "lost": lost}
        return {"offered": offered, "expected_failures": known, **found}

    def _blamed(self, text: str) -> str:
        """What failed for want of what the limits allow is not put down to what is judged alone."""
        short = {"MemoryError": f"megabytes {self._megabytes}", "Too many open files": f"files {self._files}"}
        short["No module named 'shrinkage"] = short["Too many open files"]
        return text + "".join(
            f" --isolate-{limit} may be too little for it." for what, limit in short.items() if what in text
        )

    def _do(self, what: str, target: Any, name: str, given: Any, named: Any) -> Any:
        if what == "set":
            return setattr(target, name, given)
        function = getattr(self.implementation if target is None else target, name) if name else target
        if what == "get":
            return function
        result = function(*given, **dict(named))
        if (
            target is None
            and name in CONTRACT
            and CONTRACT[name].gives_cache
            and isinstance(result, tuple)
            and len(result) == 2
        ):
            return result[0], Opaque(result[1], f"<the cache of {name}>")  # the backward function's own business
        return result

    # ---- what a call must leave as it was --------------------------------------------------------------------------

    def _noted(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        @functools.wraps(function)
        def seeding(*given: Any, **named: Any) -> Any:
            self._seeded.append(name)
            return function(*given, **named)

        return seeding

    def _begin(self, head: dict[str, Any]) -> None:
        with self._lock:
            self._active += 1
        if "errors" in head:
            self.here.errors = head["errors"]
        np.seterr(**self.here.errors)
        subnormals.regain()
        if "filters" in head:
            self._filters = state.filters_in(head["filters"])
        if head["alone"]:
            state.set_filters(self._filters)  # anew, so that what was warned of in another claim is in this one, too
        if "generators" in head:
            self._generators = state.generators_in(head["generators"])
            state.set_generators(self._generators, self._set_numpy, self._set_python)

    def _end(self, head: dict[str, Any]) -> dict[str, Any]:
        """What the call has changed, in words and put right again; and where the random generators now are."""
        reply: dict[str, Any] = {"did": []}
        if (errors := dict(np.geterr())) != self.here.errors:
            changed = ", ".join(f"{key}={errors[key]!r}" for key in errors if errors[key] != self.here.errors[key])
            reply["did"].append(f"left NumPy's error state changed: {changed}")
            np.seterr(**self.here.errors)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        _libc.fflush(None)
        with self._lock:
            self._active -= 1
            if self._active:  # somebody else is at work: what is changed now may be changed back
                return reply
        reply["did"] += self._global_changes()
        if head["alone"] and not reply["did"]:
            after = state.generators()
            if after != self._generators:
                self._generators = after
                reply["generators"] = state.generators_out(after)
        return reply

    def _global_changes(self) -> list[str]:
        did, self._watch.did = [*dict.fromkeys(self._watch.did)], []
        if self._seeded:
            did.append(f"seeded a global random generator ({self._seeded[0]})")
            self._seeded.clear()
            state.set_generators(self._generators, self._set_numpy, self._set_python)
        if warnings.filters != self._filters:
            if len(sys.modules) == self._modules:  # else it was a module, on import
                did.append("left the filters of warnings changed")
            state.set_filters(self._filters)
        self._modules = len(sys.modules)
        try:
            folder = Path.cwd()
        except FileNotFoundError:
            folder = Path("nowhere")
        if folder != self._folder:
            did.append("left the process in another working directory")
            os.chdir(self._folder)
        for _ in range(GRACE):  # counted, not timed: on a busy machine nobody may have come to run meanwhile
            if len({*sys._current_frames()} - self._own) <= len(self._starting):
                return did
            time.sleep(0.005)
        return [*did, "left a thread running"]


def _held(files: bool, rest: bool) -> str:
    """Which of what it may not do is kept from it, and which is noticed alone, in a sentence."""
    what = {"writing outside of its scratch folder": files, "connecting, and beginning processes": rest}
    held = ", ".join(each for each, holds in what.items() if holds)
    free = ", ".join(each for each, holds in what.items() if not holds)
    kept = f"Linux keeps it from {held}" if held else ""
    seen = f"Python alone keeps it from {free}: code in C could" if free else ""
    return f"In isolation, {'; '.join(filter(None, (kept, seen)))}."


class GivenUp(BaseException):
    """The function of this name was to be called again after it had given no answer."""


def _give_up(name: str, function: Any, modules: list[ModuleType]) -> None:
    """Have nobody call it again: neither the judge nor what calls it here, for that would give no answer either."""

    def given_up(*_: Any, **__: Any) -> None:
        raise GivenUp(name)

    found = inspect.unwrap(function) if callable(function) else None
    for module in modules:
        for there, value in [*vars(module).items()]:
            if found is not None and value is found and not isinstance(found, type):
                setattr(module, there, given_up)


_libc = ctypes.CDLL(None)


def main() -> None:
    """Serve the judge that started this process: ``... OTHERS MEGABYTES FILES FOLDERS...``."""
    requests, arguments = begin()
    others, megabytes, files = map(int, arguments[:3])
    faulthandler.enable()
    if hasattr(signal, "SIGSYS"):  # by which `kernel` ends who begins a process past Python
        faulthandler.register(signal.SIGSYS, chain=True)
    sys.dont_write_bytecode = True
    judged = Judged(megabytes, files, [*map(Path, arguments[3:])])  # before there are threads: they are held, too
    threading.Thread(target=judged.listen, args=[socket.socket(fileno=others)], daemon=True).start()
    with contextlib.suppress(Unreadable):
        judged.serve_all(requests)
    os._exit(0)


if __name__ == "__main__":
    main()
