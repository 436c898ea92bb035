"""Threads that ask workers, and are interrupted."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from shrinkage.properties.isolated.worker import Worker

Item = TypeVar("Item")
Result = TypeVar("Result")
Events = SimpleQueue[Callable[[], object]]  # its put may be called at any moment, even within itself


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
            # Not by `wait`, which waits for ever for a future that was cancelled before a thread took it. And again and
            # again: a thread may be about to start one more.
            while not all(future.done() for future in running):
                for worker in list(Worker.running):
                    worker.kill()
                time.sleep(0.01)
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
