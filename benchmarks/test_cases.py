"""What the cases and the checks of their answers promise."""

from typing import Any

import numpy as np
import pytest

from benchmarks.answers import WrongAnswer, error_over_bound
from benchmarks.cases import CASES, Case
from impl.choose import load
from impl.contract import CONTRACT

SMALL = [case for case in CASES if case.label == "small"]


def test_every_function_has_a_small_and_a_large_case() -> None:
    """Nothing of the contract goes untimed."""
    labels = {name: {case.label for case in CASES if case.function == name} for name in CONTRACT}
    assert [name for name in CONTRACT if not labels[name] >= {"small", "large"}] == []


def test_every_case_is_of_the_contract_and_named_once() -> None:
    """A result can be found by function and size."""
    assert {case.function for case in CASES} == set(CONTRACT)
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_large_costs_more_than_small(case: Case) -> None:
    """Flops and bytes are counted, and the label says which size is the larger."""
    flops, moved = case.cost()
    small_flops, small_moved = next(c for c in SMALL if c.function == case.function).cost()
    assert flops >= 0
    assert moved > 0
    assert case.label == "small" or (moved > small_moved and (flops > small_flops or flops == small_flops == 0))


@pytest.mark.parametrize("case", SMALL, ids=str)
def test_inputs_are_the_same_every_time(case: Case) -> None:
    """Two implementations, and two revisions, are timed on the same numbers."""
    assert repr(case.arguments()) == repr(case.arguments())


class Disturbed:
    """The textbook's implementation, with one of the numbers that it returns a little off."""

    def __init__(self, by: float) -> None:
        self.by = by

    def __call__(self, result: Any) -> Any:
        """The result, its last part disturbed, relative to its largest entry."""
        if isinstance(result, tuple):
            return (*result[:-1], self(result[-1]))
        if isinstance(result, list):
            return [*result[:-1], self(result[-1])]
        if isinstance(result, dict):
            return {key: self(value) for key, value in result.items()}
        if isinstance(result, np.ndarray):
            result = result.copy()
            result.flat[-1] += self.by * abs(result).max()
            return result
        return result * (1 + self.by)


@pytest.mark.parametrize(
    "case",
    [c for c in SMALL if c.function != "Solver" and not c.function.endswith("_forward")],
    ids=str,
)
def test_a_wrong_answer_is_never_timed(case: Case) -> None:
    """The last entry of the answer, off by 10⁻⁶ of the largest, is noticed."""
    textbook = load(["numpy"])
    result = case.call(textbook, case.arguments())()
    assert error_over_bound(case, result) <= 1
    with pytest.raises(WrongAnswer):
        error_over_bound(case, Disturbed(1e-6)(result))
