"""Every printed counterexample, pasted into a shell, gives the printed wrong value."""

from typing import Any

import numpy as np
import pytest

from shrinkage.loader import Implementation
from shrinkage.properties.engine.account import shown
from shrinkage.properties.engine.account.failure import Failure
from shrinkage.properties.engine.falsify import refute
from shrinkage.properties.selftest.seeded_bugs import BUGS
from shrinkage.properties.selftest.seeded_bugs.bug import Bug

# What another run gives is something else, or takes more than one call.
AT_RANDOM = ("seed", "random", "last row is never drawn", "batches are", "biases start at", "of the first call")


def pasted(code: str, implementation: Implementation) -> Any:
    """What the last line gives, where the implementation's functions are known by their names."""
    known = {"np": np} | {name: getattr(implementation, name) for name in implementation.offered}
    *before, last = code.split("\n")
    exec("\n".join(before), known)
    return eval(last, known)


def holds_when_pasted(failure: Failure, implementation: Implementation) -> bool:
    """Whether the code gives what is told of it."""
    try:
        value = pasted(failure.code, implementation)
    except Exception as error:
        return failure.got.startswith(type(error).__name__)
    if failure.kind == "dtype":
        return str(np.asarray(value).dtype) == failure.got
    if failure.gave:
        return failure.gave == shown.alone(value)
    if not failure.got:  # what is wrong is the object that it makes
        return True
    if not isinstance(failure.value, np.ndarray | np.generic | float | int | list):
        return failure.got == shown.alone(value)
    return np.array_equal(value, failure.value, equal_nan=np.asarray(value).dtype.kind == "f")


def _checked(bug: Bug) -> None:
    implementation = bug.planted()
    found = refute(implementation, [bug.function])
    assert found is not None
    failure = found.failure
    assert failure is not None, found.message
    assert failure.function == bug.function or failure.call is None
    if failure.call is not None and failure.call.complete and failure.kind != "changed":
        assert holds_when_pasted(failure, implementation), found.message


@pytest.mark.parametrize("bug", BUGS[::20], ids=str)
def test_a_counterexample_holds_when_it_is_pasted(bug):
    """Of every twentieth bug."""
    if any(word in bug.what for word in AT_RANDOM):
        pytest.skip("another run is another answer")
    _checked(bug)


@pytest.mark.power
@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_every_counterexample_holds_when_it_is_pasted(bug):
    """Of all bugs."""
    if any(word in bug.what for word in AT_RANDOM):
        pytest.skip("another run is another answer")
    _checked(bug)
