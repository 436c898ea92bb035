"""Processes that do tasks: one that dies, or gives no answer, is replaced, and costs its task."""

import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from shrinkage.loader import Choice
from shrinkage.properties.engine import watchdog
from shrinkage.properties.hunt.hand import Outcome, Task
from shrinkage.properties.isolated.limits import LATE
from shrinkage.properties.worst import Entry

LASTS = 300.0  # seconds, after which a process is replaced: XLA keeps what it has compiled, until nothing can be mapped
LONGEST = 600.0  # seconds for a task, which as a rule takes one: it ends with what it has found by then


class Worker:
    """One process, whose `watchdog` says in a folder at what it is."""

    def __init__(self, choice: Choice, about: Mapping[str, Any], folder: str, name: str, seconds: float) -> None:
        self.name = name
        self.pipe, theirs = Pipe()
        command = [sys.executable, "-P", "-m", "shrinkage.properties.hunt", str(theirs.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
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
        When the hunt ends, as `time.monotonic` has it: at most one call is waited for after it.
    """

    def __init__(self, choice: Choice, about: Mapping[str, Any], size: int, seconds: float, until: float) -> None:
        self.choice, self.about, self.seconds, self.until = choice, about, seconds, until
        self._folder = tempfile.TemporaryDirectory(prefix="shrinkage.", ignore_cleanup_errors=True)
        self._made = 0
        self.workers = [self._new() for _ in range(size)]

    def _new(self) -> Worker:
        self._made += 1
        return Worker(self.choice, self.about, self._folder.name, f"{self._made}", self.seconds)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.end()
        self._folder.cleanup()

    def done(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Each task with what came of it, as they come: in their order, if there is one process.

        A task is asked for when somebody is free for it.
        """
        for worker in self.workers:
            if (task := next(tasks, None)) is not None:
                worker.begin(task, self.until)
        while busy := {worker.pipe: worker for worker in self.workers if worker.task is not None}:
            left = min(worker.until for worker in busy.values()) + self.seconds - time.monotonic()
            ready = [pipe for pipe in wait([*busy], max(left, 0)) if isinstance(pipe, Connection)]
            late = [pipe for pipe, worker in busy.items() if time.monotonic() > worker.until + self.seconds]
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
        ended = f"ended the process that it ran in, with exit code {worker.process.wait()}" if ready else ""
        worker.end()
        folder = Path(self._folder.name)
        said = watchdog.at_work(folder, worker.name)
        if "function" in said and said["seconds"] >= self.seconds:
            watchdog.was_late(folder, said)
            ended = LATE.format(self.seconds)
        if "function" not in said or not said["seconds"] or not ended:  # it was no call
            return Outcome(ended=ended or "did not come to an end")
        says = f"{said['function']} {ended}"
        given = {"call": said.get("call", ""), "fails": "ended", "says": says}
        one = Entry(said["function"], math.inf, task.claim, {}, **given, **self.about)
        return Outcome([one], ended=ended)
