"""The process that runs one implementation in a race: ``python -m shrinkage.benchmarks.race.entrant NAME [CORE ...]``.

It is told what to do in pickles on its standard input, and answers with pickles on its standard output: first what came
of loading, then ``("prepare", case)``, which makes the first call and hands back its answer, and ``("time", k)``, which
hands back the seconds that k calls took. What the implementation prints goes to standard error. When the input ends,
as it does when the other side is killed, the process ends too, whatever it is doing.
"""

import contextlib
import gc
import os
import pickle
import queue
import signal
import sys
import threading
import time
import warnings
from typing import Any, BinaryIO

Message = tuple[Any, ...]


def _listen(source: BinaryIO, messages: "queue.Queue[Message]") -> None:
    """Pass on what comes; at the end of it, end."""
    with contextlib.suppress(EOFError, pickle.UnpicklingError):
        while True:
            messages.put(pickle.load(source))
    os._exit(0)


class Runner:
    """The implementation, and the case that it is at.

    Parameters
    ----------
    name
        As `shrinkage.loader.load` takes it.
    """

    def __init__(self, name: str) -> None:
        from shrinkage.loader import load

        self.implementation = load([name])
        self.call: Any = None

    def prepare(self, name: str) -> Message:
        """Build the inputs, make the first call, and hand back the arrays of its answer and how long it took."""
        import numpy as np

        from shrinkage.benchmarks.cases import chosen
        from shrinkage.benchmarks.references import parts
        from shrinkage.loader import NotOffered

        self.call = None  # the arrays of the case before
        (case,) = chosen([name])
        try:
            self.call = case.call(self.implementation, case.arguments())
            start = time.perf_counter()
            result = self.call()
            seconds = time.perf_counter() - start
            arrays = [np.asarray(part) for part in parts(case, result)]
        except NotOffered as error:
            return "not_offered", f"{error} is not offered."
        except Exception as error:
            return "wrong", f"It raised {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        if any(array.dtype.kind not in "biuf" for array in arrays):
            return "wrong", f"Its result is not made of numbers: {result!r:.300}"
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # or every collection between turns looks through all of PyTorch, for a tenth of a second
        return "answer", arrays, seconds

    def time(self, calls: int) -> Message:
        """So many calls, one after the other, after one that is not timed."""
        call = self.call
        if calls > 1:  # another process was on this core: a short call finds its data in no cache
            call()
        gc.collect()
        gc.disable()
        start = time.perf_counter()
        for _ in range(calls):
            call()
        seconds = time.perf_counter() - start
        gc.enable()
        return "seconds", seconds


def main() -> None:
    """Load, and do as told until the end of the input."""
    name, *cores = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from the keyboard it reaches every process; the input's end is ours
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(map(int, cores)))  # before anything counts cores and starts threads
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    messages: queue.Queue[Message] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, messages), daemon=True).start()

    def answer(message: Message) -> None:
        pickle.dump(message, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()

    from shrinkage.loader import WrongChoice

    try:
        runner = Runner(name)
    except WrongChoice as error:
        answer(("refused", str(error)))
        return
    from shrinkage.benchmarks.measure.threads import blas

    answer(("loaded", blas()))
    while True:
        action, argument = messages.get()
        answer(getattr(runner, action)(argument))


if __name__ == "__main__":
    main()
