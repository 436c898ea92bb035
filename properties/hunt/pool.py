"""Processes that do tasks: one that dies, or gives no answer, is replaced, and costs its task."""

import contextlib
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from shrinkage.loader import Choice
from shrinkage.properties.engine import watchdog
from shrinkage.properties.hunt.hand import Outcome, Task, drawn_in
from shrinkage.properties.isolated.limits import LATE
from shrinkage.properties.isolated.scratch import work_folder
from shrinkage.properties.worst import ENDED, Entry

LASTS = 300.0  # seconds, after which a process is replaced: XLA keeps what it has compiled, until nothing can be mapped
LONGEST = 600.0  # seconds for a task, which as a rule takes one: it ends with what it has found by then
PATIENCE = 0.1  # of the time of a hunt, that a call may go on for after it


class Worker:
    """One process, whose `watchdog` says in a folder at what it is."""

    def __init__(self, choice: Choice, about: Mapping[str, Any], folder: str, name: str, seconds: float) -> None:
        self.name = name
        self.pipe, theirs = Pipe()
        command = [sys.executable, "-P", "-m", "shrinkage.properties.hunt", str(theirs.fileno())]
        unseen = subprocess.DEVNULL  # what LAPACK prints of what it is given, say
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdout=unseen, stderr=unseen)
        theirs.close()
        self.pipe.send((choice, about, folder, name, seconds))
        self.task: Task | None = None
        self.begun, self.until = time.monotonic(), 0.0

    def begin(self, task: Task, until: float) -> None:
        """Hand it over."""
        self.task, self.until = task, min(until, time.monotonic() + LONGEST)
        self.pipe.send((task, self.until))

    def end(self) -> None:
        """Whatever it is at."""
        self.process.kill()
        self.process.wait()
        self.pipe.close()


class Pool:
    """So many of them.

    Parameters
    ----------
    choice
        Who is hunted.
    about
        What is said of every entry.
    size
        How many processes.
    seconds
        For one call.
    until
        When the hunt ends, as `time.monotonic` has it: a call is waited for a little longer.
    """

    def __init__(self, choice: Choice, about: Mapping[str, Any], size: int, seconds: float, until: float) -> None:
        self.choice, self.about, self.seconds, self.until = choice, about, seconds, until
        self.patience = min(seconds, PATIENCE * (until - time.monotonic()))
        self._open = contextlib.ExitStack()
        self._folder = str(self._open.enter_context(work_folder()))
        self._made = 0
        self.workers = [self._new() for _ in range(size)]

    def _new(self) -> Worker:
        self._made += 1
        return Worker(self.choice, self.about, self._folder, f"{self._made}", self.seconds)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.end()
        self._open.close()

    def done(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Each task with what came of it, as they come: in their order, if there is one process.

        A task is asked for when somebody is free for it.
        """
        for worker in self.workers:
            if (task := next(tasks, None)) is not None:
                worker.begin(task, self.until)
        while busy := {worker.pipe: worker for worker in self.workers if worker.task is not None}:
            left = min(worker.until for worker in busy.values()) + self.patience - time.monotonic()
            ready = [pipe for pipe in wait([*busy], max(left, 0)) if isinstance(pipe, Connection)]
            late = [pipe for pipe, worker in busy.items() if time.monotonic() > worker.until + self.patience]
            for pipe in ready or late:
                worker = busy[pipe]
                task = worker.task
                assert task is not None
                worker.task = None
                outcome = self._come(worker, task, bool(ready))
                if outcome.ended or time.monotonic() > worker.begun + LASTS:
                    worker.end()
                    self.workers[self.workers.index(worker)] = worker = self._new()
                yield task, outcome
                if (after := next(tasks, None)) is not None:
                    worker.begin(after, self.until)

    def _come(self, worker: Worker, task: Task, ready: bool) -> Outcome:
        """What it gives, or how it ended, which is a failure of the function that it was in a call of."""
        try:
            if ready:
                outcome: Outcome = worker.pipe.recv()
                return outcome
        except (EOFError, ConnectionError):
            pass
        code = worker.process.wait() if ready else 0
        worker.end()
        said = watchdog.at_work(Path(self._folder), worker.name)
        called = said["seconds"] if "function" in said else 0.0
        if not ready:
            at = f", in a call of {said['function']}, {called:.0f} s after it began" if called else ""
            return Outcome(ended=f"was stopped, as its time was up{at}")
        ended = f"ended the process that it ran in, with exit code {code}"
        if not called:
            return Outcome(ended=ended)
        if called >= self.seconds:
            watchdog.was_late(Path(self._folder), said)
            ended = LATE.format(self.seconds)
        drawn: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            first, *_ = drawn_in(self._folder, worker.name).read_text(encoding="utf-8").split("\n")
            drawn = json.loads(first) or {}
        call = said.get("call", "").replace("; ", "\n")
        given = {"call": call, "fails": ENDED, "says": f"{said['function']} {ended}"}
        return Outcome([Entry(said["function"], math.inf, task.claim, drawn, **given, **self.about)], ended=ended)
