"""Whether a printed counterexample, pasted into a shell, gives the printed wrong value."""

import warnings
from typing import Any

import numpy as np

from shrinkage.loader import Implementation
from shrinkage.properties.engine.account import shown
from shrinkage.properties.engine.account.failure import Failure
from shrinkage.properties.engine.falsify import Refutation
from shrinkage.properties.selftest.seeded_bugs.bug import Bug

# What another run gives is something else, or takes more than one call.
AT_RANDOM = ("seed", "random", "last row is never drawn", "batches are", "biases start at", "of the first call")
OF_SEVERAL_CALLS = (
    "common to all",
    "used again",
    "remembered",
    "a call of its own",
    "in a list of the net",
    "by the id of the net",
    "a copy has",
    "of the last batch",
    "of the first solver",
    "latest forward pass",
)


def pasted(code: str, implementation: Implementation) -> Any:
    """What the last line gives, where the implementation's functions are known by their names."""
    known = {"np": np} | {name: getattr(implementation, name) for name in implementation.offered}
    *before, last = code.split("\n")
    with warnings.catch_warnings(action="ignore"):
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


def is_right_when_pasted(bug: Bug, found: Refutation, planted: Implementation) -> bool:
    """Whether what is told of a bug that was refuted is what there is, so far as it can be pasted."""
    failure = found.failure
    if failure is None or any(word in bug.what for word in AT_RANDOM + OF_SEVERAL_CALLS):
        return failure is not None
    if failure.call is None or not failure.call.complete or failure.kind == "changed":
        return True
    return failure.function == bug.function and holds_when_pasted(failure, planted)
