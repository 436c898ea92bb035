"""The process that runs one revision: it reads a line of JSON, does it, and answers with one.

It runs in the revision's folder, so that `impl` is that of the revision. It ends when its input does, or with the
process that started it: killing the gate leaves nothing behind.
"""

import contextlib
import ctypes
import gc
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG; elsewhere the end of the input has to do
    with contextlib.suppress(AttributeError):  # glibc's alone
        # Freed memory stays (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD): else it depends on what was called before whether the
        # pages of a result are new to the process, and how large they are.
        for parameter, size in ((-1, 2**31 - 1), (-3, 2**30)):
            ctypes.CDLL(None).mallopt(parameter, size)


class Worker:
    """The calls of the cases that were asked for, ready to be made."""

    def __init__(self, names: list[str]) -> None:
        from shrinkage.benchmarks.cases import CASES
        from shrinkage.loader import load

        self.names, self.implementation = names, load(names)
        self.cases = {str(case): case for case in CASES}
        self.arguments: dict[str, tuple[Any, ...]] = {}
        self.calls: dict[str, Callable[[], Any]] = {}

    def start(self) -> str:
        """Import everything; who it is."""
        return self.implementation.name

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
        call = self._call(case)
        first = _seconds(call)
        return max(first - _seconds(call), 0.0)

    def check(self, case: str) -> float:
        """Error over bound of its answer; an error that says so where that is over 1."""
        from shrinkage.benchmarks.references import error_over_bound

        return error_over_bound(self.cases[case], self._call(case)())

    def peak_memory(self, case: str) -> int:
        """The most bytes that a call has allocated at once, by NumPy, by compiled code or by Python."""
        from shrinkage.benchmarks.measure.memory import peak

        return peak(self._call(case))

    def code(self) -> dict[str, str]:
        """A digest of the code behind each function of the implementation."""
        from shrinkage.benchmarks.gate.code import digests

        return digests(self.implementation)

    def properties(self, scorecard: str, profile: str, seed: int, functions: list[str]) -> dict[str, Any]:
        """The scorecard of a run of the properties, of these functions or of all."""
        import pytest

        options = [part for name in self.names for part in ("--impl", name)]
        options += ["-k", " or ".join(functions)] if functions else []
        with contextlib.redirect_stdout(sys.stderr):
            pytest.main(
                [
                    *(
                        "--pyargs",
                        "shrinkage.properties",
                        "-p",
                        "shrinkage.properties.plugin",
                        "-q",
                        "-p",
                        "no:cacheprovider",
                        "-m",
                        "mathematics or accuracy",
                    ),
                    *(f"--hypothesis-profile={profile}", f"--hypothesis-seed={seed}", "--scorecard", scorecard),
                    *options,
                ]
            )
        with open(scorecard, encoding="utf-8") as file:
            return json.load(file)

    def _call(self, case: str) -> Callable[[], Any]:
        chosen = self.cases[case]
        return chosen.call(self.implementation, chosen.arguments())


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


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Answer one line after another."""
    core, *names = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever is printed in here is no answer
    if int(core) >= 0:
        os.sched_setaffinity(0, {int(core)})
    with contextlib.suppress(ImportError, AttributeError):
        from numba.core.runtime import _nrt_python

        _nrt_python.memsys_use_cpython_allocator()  # so that tracemalloc sees what compiled code allocates
    worker: Worker | None = None
    gc.disable()
    for line in sys.stdin:
        question = json.loads(line)
        try:
            worker = worker or Worker(names)
            answer = {"answer": getattr(worker, question.pop("do"))(**question)}
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
