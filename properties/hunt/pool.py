"""Processes that do tasks: one that dies, or comes back too late, is replaced, and costs its task."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any

from shrinkage.loader import Choice
from shrinkage.properties.hunt.hand import Outcome, Task


class Worker:
    """One process."""

    def __init__(self, choice: Choice, about: Mapping[str, Any]) -> None:
        self.pipe, theirs = Pipe()
        command = [sys.executable, "-P", "-m", "shrinkage.properties.hunt", str(theirs.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        theirs.close()
        self.pipe.send((choice, about))
        self.task: Task | None = None

    def begin(self, task: Task) -> None:
        """Hand it over."""
        self.task = task
        self.pipe.send(task)

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
    late
        Seconds after which a task has not come back.
    """

    def __init__(self, choice: Choice, about: Mapping[str, Any], size: int, late: float) -> None:
        self.choice, self.about, self.late = choice, about, late
        self.workers = [Worker(choice, about) for _ in range(size)]

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.end()

    def done(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Outcome | str]]:
        """Each task with what came of it, as they come: in their order, if there is one process.

        Of a process that ended or was late that is a sentence. A task is asked for when somebody is free for it.
        """
        for worker in self.workers:
            if (task := next(tasks, None)) is not None:
                worker.begin(task)
        while busy := {worker.pipe: worker for worker in self.workers if worker.task is not None}:
            ready: list[Connection] = [pipe for pipe in wait([*busy], self.late) if isinstance(pipe, Connection)]
            for pipe in ready or [*busy]:
                worker = busy[pipe]
                task, outcome = worker.task, self._come(worker, bool(ready))
                assert task is not None
                worker.task = None
                if isinstance(outcome, str):
                    worker.end()
                    self.workers[self.workers.index(worker)] = worker = Worker(self.choice, self.about)
                yield task, outcome
                if (after := next(tasks, None)) is not None:
                    worker.begin(after)

    def _come(self, worker: Worker, ready: bool) -> Outcome | str:
        if not ready:
            return f"did not come back within {self.late:g} s"
        try:
            outcome: Outcome = worker.pipe.recv()
        except (EOFError, ConnectionError):
            return f"ended the process that it ran in, with exit code {worker.process.wait()}"
        return outcome
