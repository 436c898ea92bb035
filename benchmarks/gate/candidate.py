"""The process that runs one revision: ``python -m shrinkage.benchmarks.gate.candidate ... NAME ...``.

It runs in the revision's folder, so that `shrinkage` is that of the revision.
"""

import contextlib
import ctypes
import gc
import random
import sys
import time
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from shrinkage.benchmarks.measure.runner import Call, Runner, run, seconds

# What is needed for one question alone is imported there: a process that is timed has as little in it as it can.


class Candidate(Runner):
    """The calls of the cases that were asked for, ready to be made."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self.arguments: dict[str, tuple[Any, ...]] = {}
        self.calls: dict[str, Call] = {}

    def loaded(self) -> tuple[dict[str, str], list[str]]:
        """The file of every module that is loaded, and which of them are what is gated."""
        files = {
            name: file for name, module in list(sys.modules.items()) if (file := getattr(module, "__file__", None))
        }
        parts = [part for part in self.implementation.parts if isinstance(part, ModuleType)]
        return files, [part.__name__ for part in parts]

    def marked(self, marker: str) -> list[str]:
        """The modules in which a marker was planted."""
        return [name for name, module in list(sys.modules.items()) if marker in getattr(module, "__dict__", ())]

    def load(self, case: str) -> float:
        """Make a case ready; seconds of its second call."""
        self.arguments[case] = self.cases[case].arguments()
        self.move(case)
        self.calls[case]()
        return self.time(case, 1, warm=0)

    def move(self, case: str) -> None:
        """Put its inputs at another place in memory."""
        self.calls.pop(case, None)
        self.calls[case] = self.cases[case].call(self.implementation, elsewhere(self.arguments[case]))

    def drop(self, case: str) -> None:
        """Let go of its inputs."""
        del self.calls[case], self.arguments[case]
        gc.collect()

    def time(self, case: str, calls: int, warm: int = 1, slower: float = 0.0) -> float:
        """Seconds a call takes, after so many to warm up; `slower` is the fraction waited, for the gate's own proof."""
        call = self.calls[case]
        for _ in range(warm):
            call()  # another process has had the caches in between
        start = time.perf_counter_ns()
        for _ in range(calls):
            call()
        taken = time.perf_counter_ns() - start
        if slower:
            end = start + round(taken * (1 + slower))
            while time.perf_counter_ns() < end:
                pass
            taken = time.perf_counter_ns() - start
        return 1e-9 * taken / calls

    def first_call(self, case: str) -> float:
        """Seconds that the first call takes more than the second: what is compiled, or loaded."""
        call = self.call(case)
        first = seconds(call)
        return max(first - seconds(call), 0.0)

    def check(self, case: str) -> float:
        """Error over bound of its answer; an error that says so where that is over 1."""
        from shrinkage.benchmarks.references import error_over_bound

        return error_over_bound(self.cases[case], self.call(case)())

    def measure(self, metric: str, names: Sequence[str], again: int) -> Mapping[str, float]:
        """The figures of a metric."""
        from shrinkage.benchmarks.gate.metric import Figure
        from shrinkage.benchmarks.gate.metrics import METRICS

        asked = METRICS[metric]
        assert isinstance(asked, Figure)
        return asked.measured(self, names, again)

    def code(self) -> dict[str, str]:
        """A digest of the code behind each function of the implementation."""
        from shrinkage.benchmarks.gate.code import digests

        return digests(self.implementation)


def elsewhere(value: Any) -> Any:
    """A copy whose arrays begin at random places within a page."""
    if isinstance(value, tuple):
        return tuple(map(elsewhere, value))
    if isinstance(value, dict):
        return {key: elsewhere(part) for key, part in value.items()}
    if not isinstance(value, np.ndarray) or not value.flags.c_contiguous:
        return value
    start = random.randrange(0, 4096, 16)
    copy = np.empty(value.nbytes + 4096, np.uint8)[start : start + value.nbytes].view(value.dtype).reshape(value.shape)
    copy[...] = value
    return copy


def main() -> None:
    """Answer, where memory and its garbage are met alike in every process."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # glibc's alone
            # Freed memory stays (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD): else it depends on what was called before whether
            # the pages of a result are new to the process, and how large they are.
            for parameter, size in ((-1, 2**31 - 1), (-3, 2**30)):
                ctypes.CDLL(None).mallopt(parameter, size)
    with contextlib.suppress(ImportError, AttributeError):
        from numba.core.runtime import _nrt_python

        _nrt_python.memsys_use_cpython_allocator()  # so that tracemalloc sees what compiled code allocates
    gc.disable()
    run(Candidate)


if __name__ == "__main__":
    main()
