"""The judged process as the judge holds it: started, asked, kept to its limits, ended with all that it has started."""

import builtins
import contextlib
import dataclasses
import os
import re
import select
import signal
import socket
import threading
import time
import warnings
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT
from shrinkage.loader import Choice
from shrinkage.properties.engine.account.failure import Breach

from . import state
from .limits import LATE, Limits
from .mirror import NONSENSE, Foreign, Mirror, Unreadable
from .scratch import Scratch
from .wire import Connection, error_from, told
from .worker import Worker

GIVEN_UP = "GivenUp"  # an error by which the other process says that it was to call what was late
HERE = str(Path(__file__).parent)
START = 120.0  # seconds for what is the judge's own: Python, NumPy, the loader
IMPORT = 3  # times as long as for a call, to import what is judged
PEER = 120.0  # seconds to import one of the project's own peers: PyTorch and JAX take some on a busy machine
SHOWN, HELD = 2_000, 1 << 20  # of what was printed: characters that are told, bytes that are kept
FLOOD = 16 << 20  # bytes printed in one call that end it, whoever it is: training that prints would go on for minutes


class _Flooded(Exception):
    """More was printed than anybody reads."""


class Process:
    """One judged process, from its start to its end."""

    def __init__(self, choice: Choice, limits: Limits, late: set[str]) -> None:
        self.limits, self.late = limits, late
        self._scratch = Scratch(choice)
        self.mirror = Mirror(judge=True, ask=self.ask)
        self.ended = ""  # how it did, in words
        self._here = threading.local()
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._busy: set[Connection] = set()
        self._lock, self._ending = threading.Lock(), threading.Lock()
        self._output, self._flood = bytearray(), 0
        self._generators: state.Generators | None = None
        self._filters: list[Any] | None = None
        self._told: dict[Any, Any] = {}  # what was warned of, in each claim once, as in one process
        self._others, others = socket.socketpair()
        self._out, out = os.pipe()
        os.set_blocking(self._out, False)
        with others:
            self._worker = Worker(
                "shrinkage.properties.isolated.child",
                *(others.fileno(), limits.megabytes, limits.files, *self._scratch.writable),
                patience=limits.seconds,
                shared=[others.fileno()],
                stdout=out,
                stderr=out,
                cwd=self._scratch.work,
                env=self._scratch.environment,
            )
        os.close(out)
        self._connect(self._worker.endpoint)
        self.offered: dict[str, bool] = {}
        head = self._loaded(choice)
        self.wrong = self._scratch.told(str(head.get("wrong", "")))
        self.notes = [self._scratch.told(_line(note)) for note in head.get("notes", [])]
        self.lost = {name: _line(why) for name, why in head.get("lost", {}).items() if name in CONTRACT}
        self.course = str(head.get("course", ""))
        self.offered = head.get("offered", {})
        self.expected_failures: list[dict[str, Any]] = head.get("expected_failures", [])
        self._printed()  # what is said on import is nobody's business

    def _loaded(self, choice: Choice) -> dict[str, Any]:
        """What the process says after the import; a limit that was too small for it is to blame, and is named."""
        seconds = max(PEER, self.limits.seconds) if choice.ours else IMPORT * self.limits.seconds
        request = {"request": "load", "alone": True, "late": sorted(self.late)}
        name = choice.name
        try:
            ready = self._asked("", {"request": "begin", "alone": True}, None, START)[0]
            if ready.get("wrong"):
                return ready
            return self._asked("", request, dataclasses.asdict(self._scratch.choice), seconds)[0]
        except Breach as breach:
            what, *where = str(breach).strip().split("\n")
            if what.startswith("gave no answer"):
                limit = f"--call-seconds {self.limits.seconds:g}"
                what = f"was not imported within {seconds:g} s: mend it, or give it more than {limit}"
            return {"wrong": f"{name} {what}{''.join(f', {each.strip()}' for each in where[:1])}."}

    # ---- requests --------------------------------------------------------------------------------------------------

    def ask(self, what: str, target: Foreign | None, name: str, given: Any = (), named: Any = None) -> Any:
        """A call of what is offered (no target), or something about an object over there."""
        __tracebackhide__ = True
        function = name if target is None else target.__dict__.get("_function", "")
        if self.ended:
            raise Breach(function, f"{function} needs a process that has ended: it {self.ended}")
        if function in self.late:
            raise Breach(function, self._given_up(function))
        head: dict[str, Any] = {"request": what, "alone": self._alone()}
        head |= self._state(head["alone"])
        named = tuple((named or {}).items())
        reply, value = self._asked(function, head, (target, name, given, named), self.limits.seconds)
        try:
            did, error = self._account(function, reply)
            found = str(reply["found"]) if what == "get" and error is None else ""
        except NONSENSE as nonsense:
            raise self._breach(function, f"gave what is no answer: {nonsense}") from None
        if did:
            if any("thread" in each for each in did):
                self.end("left a thread running")
            raise Breach(function, f"{function} {' and '.join(did)}")
        if isinstance(error, MemoryError):
            how = f"asked for more memory than the {self.limits.megabytes} MB that there are: {error}"
            raise self._breach(function, how) from error
        if error is not None:
            raise error
        for each in value if isinstance(value, tuple) else [value]:
            if isinstance(each, Foreign):
                each.__dict__["_function"] = function
        return (found, value) if what == "get" else value

    def _state(self, alone: bool) -> dict[str, Any]:
        """What the other process has to know of this one's, where that has changed."""
        said: dict[str, Any] = {}
        if (errors := np.geterr()) != getattr(self._here, "errors", None):
            said["errors"] = self._here.errors = errors
        if alone:
            if (filters := state.filters()) != self._filters:
                self._filters, said["filters"] = filters, state.filters_out(filters)
            if (generators := state.generators()) != self._generators:
                self._generators, said["generators"] = generators, state.generators_out(generators)
        return said

    def _account(self, function: str, reply: dict[str, Any]) -> tuple[list[str], BaseException | None]:
        """What the call did beside returning, in words, and the error that it raised."""
        did = [str(each)[:SHOWN] for each in reply["did"][:10]]
        for kind, message, filename, line in reply.get("warned", ()):
            category = getattr(builtins, str(kind), UserWarning)
            category = category if isinstance(category, type) and issubclass(category, Warning) else UserWarning
            warnings.warn_explicit(str(message)[:SHOWN], category, str(filename), int(line), registry=self._told)
        if "generators" in reply:
            self._generators = state.generators_in(reply["generators"])
            state.set_generators(self._generators)
        printed = self._printed()
        if printed and function == "Solver":  # its verbose is there to be heard; whether it is silent is a claim
            print(printed, end="")
        elif printed:
            did.append(f"printed {printed[:SHOWN]!r}")
        connection = self._here.connection
        error = error_from(reply["raised"], connection) if "raised" in reply else None
        if error is None or error in connection.raised.values():  # what was called back raised it
            return did, error
        if type(error).__name__ == GIVEN_UP and str(error) in self.late:
            raise Breach(str(error), self._given_up(str(error)))
        if not isinstance(error, Exception):
            did.insert(0, f"raised {type(error).__name__}, which is no Exception: {error}")
        elif did and not any(each in str(error) for each in did):  # its refusal tells of it
            did.insert(0, f"raised {type(error).__name__}: {error}")
        return did, error

    def _given_up(self, function: str) -> str:
        return f"{function} {LATE.format(self.limits.seconds)}\n  and is not called any more"

    def _asked(self, function: str, head: dict[str, Any], value: Any, seconds: float) -> tuple[dict[str, Any], Any]:
        __tracebackhide__ = True
        connection, outer = self._connection(), getattr(self._here, "deadline", None)
        self._here.deadline = outer or time.monotonic() + seconds
        self._busy.add(connection)
        try:
            reply, value = connection.ask(head, value, head["alone"])
            if "unsaid" in reply:
                raise self._breach(function, f"gave what cannot be handed over: {reply['unsaid']}")
            return reply, value
        except Unreadable as error:
            raise self._breach(function, f"gave what is no answer: {error}") from None
        except _Flooded:
            raise self._breach(function, f"printed more than {FLOOD >> 20} MB") from None
        except TimeoutError:
            raise self._breach(function, LATE.format(seconds), late=True) from None
        except (EOFError, OSError):
            raise self._breach(function, "") from None
        except Breach:
            raise
        except BaseException:  # Ctrl-C, say: an answer that comes later would be taken for that to the next question
            self.end()
            raise
        finally:
            self._here.deadline = outer
            self._busy.discard(connection)
            if self.ended:
                connection.close()

    # ---- what is asked back ----------------------------------------------------------------------------------------

    def _serve(self, connection: Connection, head: dict[str, Any], value: Any) -> tuple[dict[str, Any], Any]:
        """Call a function that was passed, or look at the model that was: no more of the judge can be reached."""
        try:
            target, name, given, named = value
            allowed = {"get": ("params", "loss"), "set": ("params",), "call": ("", "loss")}
            if name not in allowed[head["request"]]:
                raise AttributeError(f"{type(target).__name__} has params and loss, but not {name}")
            if head["request"] == "set":
                setattr(target, name, given)
                return {}, None
            found = getattr(target, name) if name else target
            if head["request"] == "call":
                return {}, found(*given, **dict(named))
            return ({"found": "method"}, None) if callable(found) else ({"found": "value"}, found)
        except BaseException as error:  # it goes through the judged function, as it would in one process
            return {"raised": told(error, connection)}, None

    # ---- connections, output ---------------------------------------------------------------------------------------

    def _connect(self, endpoint: socket.socket) -> Connection:
        poll = select.poll()
        for descriptor in (endpoint.fileno(), self._out):
            poll.register(descriptor, select.POLLIN)
        endpoint.settimeout(self.limits.seconds)  # of what is sent, if nobody reads it
        self._here.poll = poll
        connection = self._here.connection = Connection(endpoint, self.mirror, self._serve, self._wait)
        self._connections.add(connection)
        return connection

    def _connection(self) -> Connection:
        """The one of this thread."""
        if not hasattr(self._here, "connection"):
            ours, theirs = socket.socketpair()
            with self._lock:
                socket.send_fds(self._others, [b"."], [theirs.fileno()])
            theirs.close()
            self._connect(ours)
        return self._here.connection

    def _alone(self) -> bool:
        """Whether no other thread speaks to the process."""
        return [*self._connections] == [self._connection()]

    def _wait(self, endpoint: socket.socket) -> None:
        """Until there is something to read; output is taken in meanwhile, or the process would wait for that."""
        poll, mine = self._here.poll, endpoint.fileno()
        while True:
            left = self._here.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            ready = [descriptor for descriptor, _ in poll.poll(1000 * left)]
            if self._out in ready and not self._drain():
                poll.unregister(self._out)
            if self._flood > FLOOD:
                raise _Flooded
            if mine in ready:
                return

    def _drain(self) -> bool:
        """Take in what was printed, and say whether more may follow."""
        with self._lock, contextlib.suppress(OSError):  # nothing there now, or ever again
            while self._flood <= FLOOD and (printed := os.read(self._out, 1 << 16)):
                self._output += printed[: max(HELD - len(self._output), 0)]
                self._flood += len(printed)
            return False
        return True

    def _printed(self) -> str:
        self._drain()
        with self._lock:
            printed = self._output.decode(errors="replace")
            self._output.clear()
            self._flood = 0
        return printed

    # ---- the end ---------------------------------------------------------------------------------------------------

    def _breach(self, function: str, how: str, late: bool = False) -> Breach:
        """End the process, and say why."""
        __tracebackhide__ = True
        how, where = self.end(how, late)
        if late:  # whoever was at work, and not who had called it
            places = re.findall(r"in (\w+)$", where, re.MULTILINE)
            function = next((name for name in places if name in self.offered), function)
            self.late.add(function)
            where = "\n".join(where.split("\n")[:4])
        return Breach(function, f"{function} {how}{where}".lstrip())

    def end(self, how: str = "was ended", late: bool = False) -> tuple[str, str]:
        """Kill it with all that it has started; how it ended in words, its own if it did, and where it was."""
        where = ""
        with self._ending:
            if not self.ended:
                if late:  # its last words say where it was
                    self._worker.process.send_signal(signal.SIGABRT)
                ended = self._worker.ended(1.0 if late or not how else 0.0)
                self.ended = how or ended
                where = _place(self._printed())
                self._others.close()
                for connection in {*self._connections} - self._busy:  # who is in a call finds its own at its end
                    connection.close()
                os.close(self._out)
                self._out = -1
                self._scratch.close()
        return self.ended, where


def _line(text: Any) -> str:
    return " ".join(str(text)[:SHOWN].split())


def _place(printed: str) -> str:
    """Where the implementation was, from what `faulthandler` prints: each thread's calls, the last one first."""
    for thread in re.split(r"^(?:Current t|T)hread ", printed, flags=re.MULTILINE):
        calls = re.findall(r'^  File "(.*)", line (\d+) in (\S+)$', thread, re.MULTILINE)
        ours = (i for i, (file, _, name) in enumerate(calls) if file.startswith(HERE) and name in ("_do", "_load"))
        entry = next(ours, 0)
        if entry:
            last = calls[:entry]
            return "".join(f"\n  at line {line} of {Path(file).name}, in {name}" for file, line, name in last)
    return ""
