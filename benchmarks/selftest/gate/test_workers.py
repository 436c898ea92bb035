"""Threads that ask processes: an interruption ends them, whenever it comes."""

import gc
import subprocess
import sys
import time
from pathlib import Path

from shrinkage.benchmarks.gate.calls import Call, Plain
from shrinkage.benchmarks.gate.workers import at_once
from shrinkage.peers import library, peers

ROOT = Path(__file__).parents[3]

# A signal before the Nth instruction of the main thread, for every 11th N until there is no Nth one.
INTERRUPTED = """
import itertools, signal, sys, threading, time
from shrinkage.benchmarks.gate.workers import at_once

def interrupted(nth):
    left = itertools.count(1)

    def trace(frame, event, argument):
        frame.f_trace_opcodes = True
        if event == "opcode" and next(left) == nth:
            sys.settrace(None)
            signal.raise_signal(signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        at_once(lambda item: time.sleep(0.005), [1, 2], 2)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    assert next(left) <= nth, f"before instruction {nth} it was lost"
    return False

signal.signal(signal.SIGINT, signal.default_int_handler)
before = set(threading.enumerate())
for nth in itertools.count(1, 11):
    if not interrupted(nth):
        break
    assert set(threading.enumerate()) == before, nth
print(nth)
"""


def test_an_interruption_is_neither_lost_nor_waited_with_for_ever():
    """Raised in the middle of threading's own code it was: a thread that never started was waited for."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1000, "hardly a moment was tried"
    assert "Exception ignored" not in done.stderr


def test_both_sides_may_read_of_the_peers_at_once():
    """Garbage is collected, and threads change, in the midst of what CPython 3.11 cannot do twice at once."""
    before, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.callbacks.append(pauses := lambda *_: time.sleep(0))
    gc.set_threshold(50)
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(3):
            library.cache_clear()
            assert [found.distribution for found in at_once(library, peers() * 2, 8)]
    finally:
        gc.callbacks.remove(pauses)
        gc.set_threshold(*before)
        sys.setswitchinterval(interval)


def test_a_setup_that_takes_long_costs_a_sample_no_more_than_itself() -> None:
    """A call of microseconds is otherwise made thousands of times for a sample, each after its setup."""
    made: list[None] = []

    def setup() -> Plain:
        time.sleep(0.03)
        made.append(None)
        return lambda: time.sleep(1e-4)

    begun = time.perf_counter()
    seconds = Call(lambda: None, setup=setup).seconds(1000)
    assert len(made) in (1, 2)
    assert 0.1 <= seconds < 1000 * (time.perf_counter() - begun)
