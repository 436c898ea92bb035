"""What a process of one side answers, whoever knows the calls that it times: the contract, pytest-benchmark or asv.

To be one of them is to say which calls there are, and to get to one: `names` and `within`. The rest is the same for
all.
"""

import contextlib
import ctypes
import gc
import resource
import socket
import statistics
import subprocess
import sys
import time
import tracemalloc
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shrinkage.properties.isolated.worker import serve

Plain = Callable[[], Any]
FRESH = 5  # at most, of what is run anew for each call
# Times at most, where somebody else had the core during a sample: of two calls, the slower meets with more of that.
RETAKEN = 5
SLICE = 0.02  # seconds, from which on there is no sample without
SETUPS = 0.05  # seconds for a sample with its setups, which are not timed, and can take far longer than the calls
LOG = "<the last line of its log>"  # where an answer leaves that to who asked
IMPORTS = 5


@dataclass
class Call:
    """What is timed.

    Parameters
    ----------
    run
        The call, or where there is `setup`, nothing that counts.
    setup
        Makes the call that comes next, and is not timed.
    once
        Whether it cannot be made again: whatever it works on is used up.
    moved
        Makes the same call with its inputs at another place in memory, which the number says.
    """

    run: Plain
    setup: Callable[[], Plain] | None = None
    once: bool = False
    moved: Callable[[int], Plain] | None = None

    def seconds(self, calls: int = 1) -> float:
        """Of so many calls, one after the other; of fewer, and as if of so many, where their setup takes long."""
        if self.setup:
            taken: list[float] = []
            until = time.perf_counter() + SETUPS
            while not taken or (len(taken) < calls and time.perf_counter() < until):
                taken.append(_seconds(self.setup()))
            return calls * statistics.mean(taken)
        run = self.run
        start = time.perf_counter_ns()
        for _ in range(calls):
            run()
        return 1e-9 * (time.perf_counter_ns() - start)


def _seconds(call: Plain) -> float:
    start = time.perf_counter_ns()
    call()
    return 1e-9 * (time.perf_counter_ns() - start)


def _preempted() -> int:
    """How often this thread has had to leave its core to somebody else."""
    return resource.getrusage(getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)).ru_nivcsw


GONE = "there is no benchmark of that name"


class NotOffered(LookupError):
    """A call that this revision does not have."""


class Broken(Exception):
    """What stands around a call has failed: the message is all that is told, with the name of the real error."""


class Calls(ABC):
    """The calls of one side, answered for one at a time."""

    def __init__(self, endpoint: socket.socket) -> None:
        self.endpoint = endpoint
        self.held: Call | None = None
        self.fresh: set[str] = set()

    @abstractmethod
    def names(self) -> list[str]:
        """Of all the calls that there are."""

    @abstractmethod
    def within(self, case: str, do: Callable[[Call], None]) -> str:
        """Run what stands around a call, and do this when it is to be made; what has failed afterwards, or nothing."""

    @abstractmethod
    def modules(self) -> list[str]:
        """The modules that are what is gated."""

    def start(self) -> bool:
        """When everything is imported."""
        return True

    def load(self, case: str) -> float | str:
        """Make a case ready; seconds of its second call. It is answered from within, and so is all until `drop`."""
        found: list[float] = []
        answered = False

        def hold(call: Call) -> None:
            nonlocal answered
            found.extend(self._two(case, call))
            if case not in self.fresh:
                self.held, answered = call, True
                serve(self.endpoint, lambda: self, until="drop", said=found[1])
                self.held = None

        failed = self.within(case, hold)
        if not found:
            raise Broken(failed or "nothing in there is timed")
        return failed if answered else found[0]  # to `drop`, or to the question itself

    def move(self, case: str, place: int) -> bool:
        """Put its inputs at another place in memory, one number is one place in all; whether that is known how to."""
        if not (self.held and self.held.moved):
            return False
        self.held.run = self.held.moved(place)
        return True

    def drop(self, case: str) -> str:
        """Let go of it. Of what is held, `load` does; there is nothing of what is run anew for each call."""
        return ""

    def time(self, case: str, calls: int, warm: int = 1, slower: float = 0.0) -> float:
        """Seconds a call takes, after so many to warm up; `slower` is the fraction waited, for the gate's own proof."""
        if not self.held:
            taken: list[float] = []
            for _ in range(min(calls, FRESH)):
                self.within(case, lambda call: taken.append(call.seconds()))
            return statistics.median(taken)
        self.held.seconds(warm)  # another process has had the caches in between
        for _ in range(1 + RETAKEN):
            before = _preempted()
            start = time.perf_counter_ns()
            seconds = self.held.seconds(calls)
            if slower:
                end = start + round(1e9 * seconds * (1 + slower))
                while time.perf_counter_ns() < end:
                    pass
                seconds = 1e-9 * (time.perf_counter_ns() - start)
            if _preempted() == before or seconds > SLICE:
                break
        return seconds / calls

    def first_call(self, case: str) -> float:
        """Seconds that the first call takes more than the second: what is compiled, loaded or remembered."""
        found: list[float] = []

        failed = self.within(case, lambda call: found.extend(self._two(case, call)))
        if not found:
            raise Broken(failed or "nothing in there is timed")
        return max(found[0] - found[-1], 0.0)

    def _two(self, case: str, call: Call) -> list[float]:
        """Seconds of the first call and of the second; of one alone, where it uses up what it works on."""
        first = call.seconds()
        if not call.once and case not in self.fresh:
            with contextlib.suppress(Exception):
                return [first, call.seconds()]
        self.fresh.add(case)
        return [first]

    def check(self, case: str) -> None:
        """An error where what stands around the call is not content with what it gave."""
        if failed := self.within(case, lambda call: [call.seconds()].clear()):
            raise Broken(failed)

    def peak(self, case: str) -> int:
        """The most bytes that a call has allocated at once, once it is warm."""
        found: list[int] = []

        def traced(call: Call) -> None:
            if not call.once and case not in self.fresh:
                call.seconds()
            gc.collect()
            tracemalloc.start()
            try:
                call.seconds()
                found.append(tracemalloc.get_traced_memory()[1])
            finally:
                tracemalloc.stop()

        self.within(case, traced)
        return found[0]

    def import_time(self, module: str) -> float | None:
        """Seconds that it takes to import it, in the quickest of a few fresh processes; none where they cannot."""
        text = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
        runs = [subprocess.run([sys.executable, "-c", text], capture_output=True, text=True) for _ in range(IMPORTS)]
        return min((float(run.stdout.split()[-1]) for run in runs if run.returncode == 0), default=None)

    def loaded(self) -> tuple[dict[str, str], list[str]]:
        """The file of every module that is loaded, and which of them are what is gated."""
        return loaded_files(), self.modules()

    def marked(self, marker: str) -> list[str]:
        """The modules in which a marker was planted."""
        return [name for name, module in list(sys.modules.items()) if marker in getattr(module, "__dict__", ())]

    def code(self) -> dict[str, str]:
        """A digest of the code behind each case, where it can be told."""
        return {}

    def by_fresh_calls(self) -> list[str]:
        """The cases that cannot be called twice in a row, so that all around each is run anew for each call."""
        return sorted(self.fresh)


def loaded_files() -> dict[str, str]:
    """Of every module that has one."""
    found = ((name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items()))
    return {name: file for name, file in found if isinstance(file, str)}


def settle() -> None:
    """Have memory and its garbage be met alike in every process."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # glibc's alone
            # Freed memory stays (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD): else it depends on what was called before whether
            # the pages of a result are new to the process, and how large they are.
            for parameter, size in ((-1, 2**31 - 1), (-3, 2**30)):
                ctypes.CDLL(None).mallopt(parameter, size)
    gc.disable()
