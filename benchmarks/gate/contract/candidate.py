"""The calls of the contract's cases: ``shrinkage.benchmarks.gate.contract.candidate``, a process of one revision.

It runs in the revision's folder, so that `shrinkage` is that of the revision.
"""

import contextlib
import mmap
import random
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from shrinkage.benchmarks.gate.calls import Call, Calls, Plain, settle
from shrinkage.benchmarks.measure.runner import Runner
from shrinkage.properties.isolated.worker import begin, serve

FRESH = 2**20  # bytes, from which on an array lies on pages that are new

# What is needed for one question alone is imported there: a process that is timed has as little in it as it can.


class Candidate(Calls):
    """The calls of the cases, on an implementation."""

    def __init__(self, endpoint: socket.socket, names: Sequence[str]) -> None:
        super().__init__(endpoint)
        self.runner = Runner(names)

    def names(self) -> list[str]:
        """Of all cases."""
        return [*self.runner.cases]

    def modules(self) -> list[str]:
        """The parts of the implementation."""
        return [part.__name__ for part in self.runner.implementation.parts if isinstance(part, ModuleType)]

    def within(self, case: str, do: Callable[[Call], None]) -> str:
        """There is nothing around a case but its inputs."""
        chosen = self.runner.cases[case]
        arguments = chosen.arguments()

        def moved(place: int) -> Plain:
            return chosen.call(self.runner.implementation, elsewhere(arguments, random.Random(place)))

        do(Call(moved(0), moved=moved))
        return ""

    def check(self, case: str) -> None:
        """An error that says so where the error of its answer is over its bound."""
        from shrinkage.benchmarks.references import error_over_bound

        error_over_bound(self.runner.cases[case], self.runner.call(case)())

    def accuracy(self, names: Sequence[str], again: int) -> Mapping[str, float]:
        """The worst error over bound of functions, by the claims."""
        from shrinkage.benchmarks.gate.contract.accuracy import judged

        return judged(self.runner.names, names, again)

    def code(self) -> dict[str, str]:
        """Of the modules that its function leads to."""
        from shrinkage.benchmarks.gate.contract.code import digests

        found = digests(self.runner.implementation)
        return {name: found[case.function] for name, case in self.runner.cases.items() if case.function in found}


def elsewhere(value: Any, places: random.Random) -> Any:
    """A copy whose arrays begin at random places within a page."""
    if isinstance(value, tuple):
        return tuple(elsewhere(part, places) for part in value)
    if isinstance(value, dict):
        return {key: elsewhere(part, places) for key, part in value.items()}
    if not isinstance(value, np.ndarray) or not value.flags.c_contiguous:
        return value
    start, more = places.randrange(0, 4096, 16), places.randrange(0, 4096, 16)  # what is allocated next moves, too
    copy = _room(start + value.nbytes + more)[start : start + value.nbytes].view(value.dtype).reshape(value.shape)
    copy[...] = value
    return copy


def _room(size: int) -> np.ndarray:
    """Bytes; if many, on pages that are new: which pages a process got decides how well its caches hold them."""
    if size < FRESH or sys.platform != "linux":
        return np.empty(size, np.uint8)
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):
        pages.madvise(mmap.MADV_HUGEPAGE)  # as NumPy asks for of arrays that are large
    return np.frombuffer(pages, np.uint8)


def main() -> None:
    """Answer for the names of the command line."""
    endpoint, names = begin()
    settle()
    with contextlib.suppress(ImportError, AttributeError):
        from numba.core.runtime import _nrt_python

        _nrt_python.memsys_use_cpython_allocator()  # so that tracemalloc sees what compiled code allocates
    serve(endpoint, lambda: Candidate(endpoint, names))


if __name__ == "__main__":
    main()
