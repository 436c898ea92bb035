"""A call in the midst of another, at every place of it: what threads that take turns come to in one run of millions."""

import contextlib
import dis
import functools
import sys
import time
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

SECONDS = 0.2  # for all places together
PATIENCE = 0.05  # for one: what is done there may hold a lock that the other waits for
NOT_JUDGED = ("shrinkage.properties", "numpy", "scipy", "numba")
WHERE = ("CALL", "BINARY", "STORE_SUBSCR", "STORE_ATTR")  # what reads or writes an array


@functools.cache
def _places(code: types.CodeType) -> frozenset[int]:
    return frozenset(step.offset for step in dis.get_instructions(code) if step.opname.startswith(WHERE))


@contextlib.contextmanager
def interrupted(other: Callable[[], None]) -> Iterator[None]:
    """Before each operation of the judged code that the block comes to, once, another thread does this to its end."""
    places: set[tuple[Any, int]] = set()
    before, end = sys.gettrace(), time.perf_counter() + SECONDS

    def trace(frame: types.FrameType, event: str, _: Any) -> Any:
        if frame.f_globals.get("__name__", "").startswith(NOT_JUDGED) or time.perf_counter() > end:
            return None
        frame.f_trace_opcodes = True
        place = frame.f_code, frame.f_lasti
        if event == "opcode" and place not in places and frame.f_lasti in _places(frame.f_code):
            places.add(place)
            try:
                pool.submit(other).result(PATIENCE)
            except TimeoutError:  # it waits for what is done here
                sys.settrace(None)
        return trace

    with ThreadPoolExecutor(1) as pool:
        sys.settrace(trace)
        try:
            yield
        finally:
            sys.settrace(before)
