"""What one call leaves to another: nothing. No buffer in common, from several threads; no memory of what was."""

import contextlib
import dis
import functools
import sys
import time
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from shrinkage.properties.engine.account import shown
from shrinkage.properties.engine.example_calls import (
    EXAMPLES,
    WITH_ARRAYS,
    Arguments,
    arrays,
    call,
    call_raw,
    others,
)
from shrinkage.properties.engine.mistakes import RIGHT
from shrinkage.properties.engine.mistakes.answers import ratio
from shrinkage.properties.engine.mistakes.probes import read
from shrinkage.properties.engine.verdict import alike, holds

pytestmark = pytest.mark.interface

ROUNDS = 4
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


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_the_same_bits_from_several_threads_at_once(impl, name):
    """A call gives the same bits every time, from four threads with other data, shapes and dtypes, and they stay."""
    impl, several = impl.raw, [EXAMPLES[name], *others(name)]
    kept: list[tuple[int, list[Any]]] = []

    def again(i: int) -> None:
        kept.append((i, call(impl, name, several[i])))

    expected = []
    for i in range(len(several)):
        again(i)
        expected.append([np.copy(value) for value in kept[-1][1]])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(again, [*range(len(several))] * ROUNDS))
    with interrupted(lambda: again(1)):
        again(0)
    for i, results in kept:
        alike(name, results, expected[i], "the same call")


def changes(value: np.ndarray) -> Iterator[np.ndarray]:
    """The entries in reverse; the largest a little smaller, and the smallest a little larger: with the same sum."""
    yield np.flip(value)
    moved = value.copy()
    moved.flat[value.argmax()] -= 0.25
    moved.flat[value.argmin()] += 0.25
    yield moved


# What is asked is whether an answer is to these numbers or to others. So it is held against what theory allows whoever
# computes in float32, which holds these numbers: 24 bits, or float64 and squares of conditions up to 2^29. Rounded to
# float32 once more it is within twice that, and what float32 holds it is.
TWICE = 2


def right(name: str, arguments: Arguments) -> Any:
    """The answer to these arguments, as float32 may have it."""
    in_single = {key: np.float32(value) if key in arrays(name) else value for key, value in arguments.items()}
    with np.errstate(all="ignore"):
        return RIGHT[name](**read(name, in_single))


def single(result: Any) -> Any:
    """Its arrays and numbers, rounded to float32."""
    if isinstance(result, tuple | list):
        return [single(part) for part in result]
    if isinstance(result, dict):
        return {key: single(part) for key, part in result.items()}
    return np.float32(result) if isinstance(result, np.ndarray | np.floating | float) else result


@pytest.mark.parametrize("name", WITH_ARRAYS)
def test_nothing_is_remembered_of_an_array_that_has_changed(impl, name):
    """An array or list that was changed in place, or has taken another's place in memory, with the same sum, is read.

    What never was right, is no memory.
    """
    impl, first = impl.raw, {**EXAMPLES[name]}
    for key in arrays(name):
        first[key] = np.where(first[key] == 0, 0.375, first[key])  # λ = 0 is no number like any other
    if ratio(single(call_raw(impl, name, first)), right(name, first)) > TWICE:
        return

    def looks_anew(arguments: Arguments, answer: Any, what: str) -> None:
        result = call_raw(impl, name, arguments)
        off = ratio(single(result), answer)
        holds(
            name,
            off <= TWICE,
            f"the answer is {shown.apart(off, TWICE)[0]} of what theory allows away from that of {what}",
            result,
        )

    for key in arrays(name):
        for changed in changes(first[key]):
            answer = right(name, first | {key: changed})
            for kept, new in ((first[key].copy(), changed), (first[key].tolist(), changed.tolist())):
                call_raw(impl, name, first | {key: kept})
                kept[:] = new
                looks_anew(first | {key: kept}, answer, f"{key}, which was changed in place")
            arguments = first | {key: first[key].copy()}
            call_raw(impl, name, arguments)
            del arguments[key]
            arguments[key] = changed.copy()  # where the one before was
            looks_anew(arguments, answer, f"{key}, which is another array than before")
