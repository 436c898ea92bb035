"""What the cases and the checks of their answers promise."""

from typing import Any

import numpy as np
import pytest

from benchmarks.answers import WrongAnswer, error_over_bound, parts, worst_ratio
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


@pytest.mark.parametrize(("dtype", "off"), [(np.float64, 1e-6), (np.float32, 1e-2)])
@pytest.mark.parametrize("case", [case for case in SMALL if case.function != "Solver"], ids=str)
def test_a_wrong_answer_is_never_timed(case: Case, dtype: type, off: float) -> None:
    """In each part of the answer, the last entry is noticed when it is off by this much of the largest."""
    answer = parts(case.function, case.call(load(["numpy"]), case.arguments(dtype))())
    assert worst_ratio(case, answer, dtype) <= 1
    for i, part in enumerate(answer):
        wrong = np.array(part)
        wrong.flat[-1] += off * max(float(abs(wrong).max()), off)
        with pytest.raises(WrongAnswer):
            worst_ratio(case, [*answer[:i], wrong, *answer[i + 1 :]], dtype)


class Forgetful:
    """A solver that ends with other parameters than those of its best accuracy."""

    def __init__(self, solver: Any) -> None:
        vars(self).update(vars(solver))
        solver.model.params = {name: -value for name, value in solver.model.params.items()}


def test_a_solver_that_loses_the_best_parameters_is_never_timed() -> None:
    """Batches are drawn at random, so what is checked is what holds for any draw."""
    case = next(case for case in SMALL if case.function == "Solver")
    solver = case.call(load(["numpy"]), case.arguments())()
    assert error_over_bound(case, solver) == 0
    with pytest.raises(WrongAnswer):
        error_over_bound(case, Forgetful(solver))
