"""The process that runs one implementation in a race: ``python -m shrinkage.benchmarks.race.entrant ... NAME``."""

import gc
import time
import warnings
from typing import Any

import numpy as np

from shrinkage.benchmarks.measure import threads
from shrinkage.benchmarks.measure.runner import Runner, run, seconds
from shrinkage.benchmarks.references import parts
from shrinkage.loader import NotOffered

Message = tuple[Any, ...]


class Entrant(Runner):
    """The implementation, and the call that it is at."""

    timed: Any = None

    def blas(self) -> dict[str, int]:
        """Each BLAS that it has loaded, and on how many threads it is."""
        return threads.blas()

    def offered(self) -> list[str]:
        """The functions that it has."""
        return self.implementation.offered

    def prepare(self, case: str) -> Message:
        """Build the inputs, make the first call, and hand back the arrays of its answer and how long it took."""
        self.timed = None  # the arrays of the case before
        try:
            self.timed = self.call(case)
            start = time.perf_counter()
            result = self.timed()
            first = time.perf_counter() - start
            arrays = [np.asarray(part) for part in parts(self.cases[case], result)]
        except NotOffered as error:
            return "not_offered", f"{error} is not offered."
        except Exception as error:
            return "wrong", f"It raised {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        if any(array.dtype.kind not in "biuf" for array in arrays):
            return "wrong", f"Its result is not made of numbers: {result!r:.300}"
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # or every collection between turns looks through all of PyTorch, for a tenth of a second
        return "answer", arrays, first

    def time(self, calls: int) -> float:
        """Seconds that so many calls take, one after the other, after one that is not timed."""
        if calls > 1:  # another process was on this core: a short call finds its data in no cache
            self.timed()
        gc.collect()
        gc.disable()
        taken = seconds(self.timed, calls)
        gc.enable()
        return taken


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(Entrant)
