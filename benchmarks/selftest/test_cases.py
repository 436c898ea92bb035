"""What the cases and the checks of their answers promise."""

from typing import Any

import numpy as np
import pytest

from shrinkage.benchmarks.cases import CASES, Case, WrongCase, chosen
from shrinkage.benchmarks.references import WrongAnswer, error_over_bound, expected, parts, worst_ratio
from shrinkage.contract import CONTRACT
from shrinkage.loader import load

SMALL = [case for case in CASES if case.label == "small"]
LIGHT = [case for case in CASES if case.cost()[1] < 1e6]
NAMED = {str(case): case for case in CASES}


def test_every_function_has_a_small_and_a_large_case() -> None:
    """Nothing of the contract goes untimed."""
    labels = {name: {case.label for case in CASES if case.function == name and case.quick} for name in CONTRACT}
    assert [name for name in CONTRACT if not labels[name] >= {"small", "large"}] == []


def test_every_case_is_of_the_contract_and_named_once() -> None:
    """A result can be found by function and size."""
    assert {case.function for case in CASES} == set(CONTRACT)
    assert len(NAMED) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_large_costs_more_than_small(case: Case) -> None:
    """Flops and bytes are counted, and the label says which size is the larger."""
    flops, moved = case.cost()
    small_flops, small_moved = NAMED[f"{case.function}-small"].cost()
    assert flops >= 0
    assert moved > 0
    assert case.label == "small" or (moved > small_moved and (flops > small_flops or flops == small_flops == 0))


def test_costs_count_every_layer_and_every_target() -> None:
    """A net costs 4DH + 6HC a sample and hidden layer after hidden layer; ridge two products for each target."""
    net, one, ten = (NAMED[name].cost()[0] for name in ("FullyConnectedNet-16x64x100x100x10", "ridge-large", _TARGETS))
    assert net == 16 * (4 * 64 * 100 + 6 * 100 * 100 + 6 * 100 * 10)
    assert ten - one == 2 * 2000 * 200 * 9
    assert NAMED[_TARGETS].cost()[1] == 8 * (2000 * 200 + 10 * (2000 + 200))
    assert NAMED["affine_forward-large-float32"].cost()[1] * 2 == NAMED["affine_forward-large"].cost()[1]


_TARGETS = "ridge-2000x200x10"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.strides == other.strides and np.array_equal(one, other)
    return one == other


@pytest.mark.parametrize("case", LIGHT, ids=str)
def test_inputs_are_the_same_every_time(case: Case) -> None:
    """Two implementations, and two revisions, are timed on the same numbers."""
    assert all(_same(*pair) for pair in zip(case.arguments(), case.arguments(), strict=True))


@pytest.mark.parametrize("case", LIGHT, ids=str)
def test_arrays_are_of_the_dtype_of_the_case(case: Case) -> None:
    """What is timed as float32 is float32 all over."""
    arguments = [*case.arguments()]
    arguments += [value for argument in case.arguments() if isinstance(argument, dict) for value in argument.values()]
    floats = {a.dtype for a in arguments if isinstance(a, np.ndarray) and a.dtype.kind == "f"}
    assert floats <= {np.dtype(case.dtype)}


# ---- which are timed -------------------------------------------------------------------------------------------------


def test_a_selection_is_by_name_by_function_or_by_size() -> None:
    """Named cases come whatever the selection; a function's, and all, come within it."""
    assert {case.quick for case in chosen()} == {True}
    assert chosen(selection="all") == CASES
    assert list(map(str, chosen(["adam-large", "ridge-50000x1000"]))) == ["adam-large", "ridge-50000x1000"]
    assert [case.label for case in chosen(["adam", "adam-small"])] == ["small", "large"]
    assert NAMED["ridge-50000x1000"] not in chosen(["ridge"])
    assert NAMED["ridge-50000x1000"] in chosen(["ridge"], "all")


@pytest.mark.parametrize(("name", "there_is"), [("ridge-vast", "ridge-large"), ("nobody", "ridge")])
def test_a_name_of_no_case_is_refused_with_those_there_are(name: str, there_is: str) -> None:
    """Of a function's cases when there is such a function, else of the functions."""
    with pytest.raises(WrongCase, match=rf"'{name}' is no case.*: there is .*\b{there_is}\b"):
        chosen([name])


# ---- hostile inputs are what they say --------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [case for case in CASES if case.label == "subnormal"], ids=str)
def test_subnormal_inputs_are_subnormal(case: Case) -> None:
    """Every number of the first array, and what comes of it, too."""
    x = case.arguments()[0]
    assert np.all(np.abs(x) < np.finfo(np.float64).tiny)
    assert np.mean(x != 0) > 0.99
    assert [np.any(exact != 0) for exact, _ in expected(case)] == [True]


@pytest.mark.parametrize("case", [case for case in CASES if case.label == "strided"], ids=str)
def test_strided_inputs_are_not_contiguous(case: Case) -> None:
    """And hold the same numbers as the large case."""
    arrays = [a for a in case.arguments() if isinstance(a, np.ndarray)]
    assert arrays
    for strided, plain in zip(arrays, NAMED[f"{case.function}-large"].arguments(), strict=False):
        assert not strided.flags.c_contiguous
        assert not strided.flags.f_contiguous
        np.testing.assert_array_equal(strided, plain)


@pytest.mark.parametrize("case", [case for case in CASES if case.label == "ill-conditioned"], ids=str)
def test_ill_conditioned_inputs_are_so_and_have_a_bound(case: Case) -> None:
    """Squaring the condition loses nearly every digit, and an orthogonal method is allowed to lose half of them."""
    s = np.linalg.svd(case.arguments()[0], compute_uv=False)
    assert s[0] / s[-1] == pytest.approx(1e8, rel=1e-3)
    ((w, bound),) = expected(case)
    assert 0 < bound.allowed < 1e-4 * np.linalg.norm(w)


@pytest.mark.parametrize("name", ["ridge-ill-conditioned", "lstsq-ill-conditioned", "ridge_svd-ill-conditioned"])
def test_normal_equations_of_an_ill_conditioned_matrix_are_wrong(name: str) -> None:
    """Which is why these cases are there."""
    X, y, *lam = NAMED[name].arguments()
    with pytest.raises(WrongAnswer, match="error / bound"):
        error_over_bound(NAMED[name], np.linalg.solve(X.T @ X + sum(lam) * np.eye(50), X.T @ y))


# ---- a wrong answer is never timed -----------------------------------------------------------------------------------


def _notices(case: Case, dtype: Any, off: float) -> None:
    """In each part of the answer, the last entry is noticed when it is off by this much of the largest."""
    answer = parts(case, case.call(load(["numpy", "impl"]), case.arguments(dtype))(), dtype)
    assert worst_ratio(case, answer, dtype) <= 1
    for i, part in enumerate(answer):
        wrong = np.array(part)
        wrong.flat[-1] += off * max(float(abs(wrong).max()), off if dtype else 0)
        with pytest.raises(WrongAnswer):
            worst_ratio(case, [*answer[:i], wrong, *answer[i + 1 :]], dtype)


@pytest.mark.parametrize(("dtype", "off"), [(np.float64, 1e-6), (np.float32, 1e-2)])
@pytest.mark.parametrize("case", [case for case in SMALL if case.function != "Solver"], ids=str)
def test_a_wrong_answer_is_never_timed(case: Case, dtype: type, off: float) -> None:
    """In both dtypes, at the smallest size."""
    _notices(case, dtype, off)


@pytest.mark.parametrize(
    ("name", "off"),
    [
        *((f"{name}-large", 1e-6) for name in ("ridge_path", "ridge_dof", "ridge_gcv", "ridge_loo", "ridge_batch")),
        *((f"ridge_intercept{what}-large", 1e-6) for what in ("", "_path", "_loo")),
        *((name, 1e-6) for name in ("ridge_intercept-wide", "ridge_by_feature-large")),
        *((f"{name}-ill-conditioned", 1e-3) for name in ("ridge", "ridge_svd", "lstsq")),
        *((f"ridge-{label}", 1e-6) for label in ("lam-zero", "strided", "200x20x5", "50x500")),
        *((f"FullyConnectedNet-{N}x64x100x100x10", 1e-6) for N in (1, 16, 64)),
        *((f"{name}-square", 1e-6) for name in ("pinv", "lstsq")),
        ("FullyConnectedNet-128x784x256x10-float32", 1e-2),
        ("affine_forward-large-float32", 1e-2),
        ("linear_form-subnormal", 1e-6),
        ("relu_unit-subnormal", 1e-6),
    ],
)
def test_a_wrong_answer_is_noticed_at_other_sizes(name: str, off: float) -> None:
    """As the case has them: many λ, several targets, no penalty, float32, hostile inputs."""
    _notices(NAMED[name], None, off)


class Forgetful:
    """A solver that ends with other parameters than those of its best accuracy."""

    def __init__(self, solver: Any) -> None:
        vars(self).update(vars(solver))
        solver.model.params = {name: -value for name, value in solver.model.params.items()}


def test_a_solver_that_loses_the_best_parameters_is_never_timed() -> None:
    """Batches are drawn at random, so what is checked is what holds for any draw."""
    case = NAMED["Solver-small"]
    solver = case.call(load(["numpy"]), case.arguments())()
    assert error_over_bound(case, solver) == 0
    with pytest.raises(WrongAnswer):
        error_over_bound(case, Forgetful(solver))


def test_what_is_right_in_another_order_is_not_wrong() -> None:
    """A velocity that is kept divided by −lr; a hinge loss whose derivatives are divided before they are summed."""
    case = NAMED["sgd_momentum-large"]
    w, dw, config = case.arguments()
    buffer = 0.9 * (-config["velocity"] / 1e-2) + dw
    assert worst_ratio(case, [w - 1e-2 * buffer, -buffer * 1e-2]) <= 1
    case = NAMED["svm_loss-large"]
    x, y = case.arguments()
    rows = np.arange(len(y))
    margins = x - x[rows, y][:, None] + 1
    margins[rows, y] = 0
    dx = (margins > 0) / len(y)
    dx[rows, y] = -np.array([sum(row) for row in dx[:, :]])
    assert worst_ratio(case, [np.maximum(margins, 0).sum() / len(y), dx]) <= 1
