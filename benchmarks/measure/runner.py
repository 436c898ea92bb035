"""What the race and the gate run in processes of their own: an implementation, and calls of the cases."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from shrinkage.benchmarks.cases import CASES
from shrinkage.loader import load
from shrinkage.properties.isolated.worker import begin, serve

Call = Callable[[], Any]


class Runner:
    """An implementation, loaded.

    Parameters
    ----------
    names
        As `shrinkage.loader.load` takes them.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names, self.implementation = names, load(names)
        self.cases = {str(case): case for case in CASES}

    def start(self) -> str:
        """Who it is, when everything is imported."""
        return self.implementation.name

    def call(self, case: str) -> Call:
        """A call of a case, ready to be made."""
        return self.cases[case].call(self.implementation, self.cases[case].arguments())


def seconds(call: Call, calls: int = 1) -> float:
    """What so many calls take, one after the other."""
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - start


def run(kind: type[Runner]) -> None:
    """Answer for the names of the command line."""
    endpoint, names = begin()
    serve(endpoint, lambda: kind(names))
