"""The other end of `worker`: processes of the revisions, asked one question at a time."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from shrinkage.benchmarks.gate.checkouts import Unusable

SIDES = ("base", "head", "twin")
HOMES = {"base": "base", "head": "head", "twin": "base"}  # of one length: the path is in the process's memory, too
Item = TypeVar("Item")
Result = TypeVar("Result")
Events = SimpleQueue[Callable[[], object]]  # its put may be called at any moment, even within itself
_LONGEST_PADDING = 4096  # a page
_RUNNING: set["Process"] = set()


class Failed(Exception):
    """What the revision could not do, in its own words."""


def at_once(work: Callable[[Item], Result], items: Sequence[Item], threads: int) -> list[Result]:
    """What the work gives for each item, in so many threads; on the way out of an error, no process is waited for."""
    events: Events = SimpleQueue()
    with _signals_among(events):
        return _in_threads(work, items, threads, events)


def _in_threads(work: Callable[[Item], Result], items: Sequence[Item], threads: int, events: Events) -> list[Result]:
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(work, item) for item in items]
        for future in running:
            future.add_done_callback(lambda ended: events.put(ended.result))
        try:
            while wait(running, timeout=0).not_done:
                events.get()()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            while wait(running, timeout=0.01).not_done:  # again and again: a thread may be about to start one more
                for process in list(_RUNNING):
                    process.end()
            raise
        return [future.result() for future in running]


@contextlib.contextmanager
def _signals_among(events: Events) -> Iterator[None]:
    """Handlers of signals are events, too, and raise their errors when their turn comes.

    Raised wherever the main thread happens to be, an error is lost in a destructor, or leaves the thread that is being
    started, or a lock, in a state that nobody expects; and who waits for these waits for ever.
    """
    found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    handlers = {number: handler for number, handler in found.items() if callable(handler)}
    try:
        for number, handler in handlers.items():
            signal.signal(number, lambda *given, handler=handler: events.put(partial(handler, *given)))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    while not events.empty():  # what came at the end
        events.get()()


class Process:
    """A fresh process of one side.

    Where its stack begins depends on how large its environment is, and what a loop costs can depend on that; so both
    that size and the hash seed are drawn anew for each process, instead of being the same for one side every time.
    """

    def __init__(
        self, folder: Path, side: str, names: Sequence[str], core: int = -1, cache: Path | None = None, threads: int = 1
    ) -> None:
        tree = folder / HOMES[side]
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "NUMBA_")) and name not in ("PYTHONDONTWRITEBYTECODE", "CI")
        }
        environment |= {
            "NUMBA_CACHE_DIR": str(cache or folder / f"cache-{HOMES[side]}"),
            "PYTHONPATH": os.pathsep.join([str(tree), str(tree / "theirs")]),
            "PYTHONHASHSEED": str(random.randrange(2**32)),
            "SHRINKAGE_PADDING": "x" * random.randrange(_LONGEST_PADDING),
        }
        environment |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), str(threads))
        self.side, self.log = side, folder / f"{side}.log"
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "shrinkage.benchmarks.gate.worker", str(core), *names],
                cwd=tree,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        _RUNNING.add(self)

    def end(self) -> None:
        """End it at once; it holds nothing that would have to be saved."""
        self._process.kill()
        self._process.wait()

    def ask(self, do: str, **question: Any) -> Any:
        """One question, one answer.

        Raises
        ------
        Failed
            If the revision raised an error.
        Unusable
            If the process is gone.
        """
        asked, answered = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answered is not None
        with contextlib.suppress(BrokenPipeError):
            asked.write(json.dumps({"do": do, **question}) + "\n")
            asked.flush()
        line = answered.readline()
        if not line:
            last = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise Unusable(f"The process of {self.side} ended while it was asked to {do}. It said last: {last}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["answer"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.end()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]  # both are pipes
        _RUNNING.discard(self)
