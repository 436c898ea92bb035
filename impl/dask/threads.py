"""One thread for each task: schedulers run as many tasks as there are cores, and BLAS would take as many for each."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_lock, _inside = threading.Lock(), 0
_limited: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """BLAS on one thread while any task is in here: the first one says so, and the last one takes it back."""
    global _inside, _limited
    with _lock:
        if _inside == 0:
            _limited = _controller().limit(limits=1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limited.restore_original_limits()


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController  # with what Dask needs, and not before anything runs

    return ThreadpoolController()
