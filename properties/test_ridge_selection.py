"""Chapter 3: many λ at once, the choice of λ, many problems at once, and what λ does to the singular values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from shrinkage.properties.engine import bounds, bounds_selection, oracles
from shrinkage.properties.engine.bounds import Bound
from shrinkage.properties.engine.bounds_textbook import theory
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import (
    DTYPES,
    ORDINARY_AND_HARD,
    SEEDS,
    Linear,
    apart,
    count,
    generator,
    kinds,
    linear,
    of_rank,
    wild,
    with_lams,
)
from shrinkage.properties.engine.verdict import equal, holds, judge, wrong_kind


def judge_each(function: str, got: Any, shape: tuple[int, ...], dtype: Any, each: Callable[[int], tuple[Any, Bound]]):
    """The results at the several λ, or for the several problems, one by one."""
    wrong = wrong_kind(got, shape, dtype)
    holds(function, not wrong, f"the result is {wrong}", got)
    for i in range(shape[0]):
        judge(function, got[i], *each(i), dtype=dtype, i=i)


# ---- filter factors --------------------------------------------------------------------------------------------------


@st.composite
def spectra(draw: Any, hard: bool) -> tuple[np.ndarray, float]:
    """Any σ ≥ 0 in any order, and any λ ≥ 0 whatsoever, or σ²; ordinary ones are up to 10, and λ is 2^±20 or none."""
    dtype, rng = draw(kinds(hard)), generator(draw(SEEDS))
    limit = draw(apart(int(np.finfo(dtype).maxexp) - 1)) if hard else 0
    s = abs(wild(rng, (draw(count(hard, 6)),), dtype, draw(st.integers(0, limit))))
    lam = draw(st.one_of(st.just(1.0), st.just(0.0), st.integers(-1074 if hard else -20, 1023 if hard else 20)))
    if draw(st.booleans()) and s.size and 1e-150 < float(s[0]) < 1e150:
        return s, float(s[0]) ** 2
    if not hard and not lam:
        s[s == 0] = 1  # 0/0 is what a definition makes of it
    elif not lam and s.size:
        s[-1] = 0
    return s, lam if isinstance(lam, float) else float(np.ldexp(1.0, lam))


@ORDINARY_AND_HARD
@given(data=st.data())
def test_inverse_singular_values_are_the_formula(impl, data, hard):
    """ridge_inverse_singular_values(s, lam) is σ/(σ²+λ), and 0 at σ = λ = 0, at any size of either."""
    s, lam = data.draw(spectra(hard))
    exact = oracles.inverse_singular_values(s, lam)
    bound = bounds_selection.entrywise(exact, s.dtype, 8)
    judge("ridge_inverse_singular_values", impl.ridge_inverse_singular_values(s, lam), exact, bound, dtype=s.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_filter_factors_are_the_formula(impl, data, hard):
    """ridge_filter_factors(s, lam) is σ²/(σ²+λ), and 0 at σ = λ = 0, at any size of either."""
    s, lam = data.draw(spectra(hard))
    exact = oracles.filter_factors(s, lam)
    bound = bounds_selection.entrywise(exact, s.dtype, 8)
    judge("ridge_filter_factors", impl.ridge_filter_factors(s, lam), exact, bound, dtype=s.dtype)


# ---- many λ ----------------------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_path_is_the_solution_at_each_lam(impl, data, hard):
    """ridge_path(X, y, lams) is ridge at each λ, in their own order, repeated or none."""
    p, lams = data.draw(with_lams(hard=hard))
    w = [oracles.ridge(p.X, p.y, lam) for lam in lams]

    def each(i: int) -> tuple[Any, Bound]:
        return w[i], theory(hard).orthogonal(p.X, p.y, float(lams[i]), w[i], rank=p.rank)

    shape = (len(lams), p.X.shape[1], *p.y.shape[1:])
    judge_each("ridge_path", impl.ridge_path(p.X, p.y, lams), shape, p.dtype, each)


@pytest.mark.accuracy
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 2)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])
def test_nothing_in_x_leaves_nothing_in_w(impl, dtype, shape):
    """Where X is 0, so is each solution along a path and in a batch, also at the smallest λ for the largest y."""
    X, y = np.zeros(shape, dtype), np.full(shape[0], np.finfo(dtype).max)
    lams = np.array([np.finfo(dtype).tiny, 0, 1], dtype)
    equal(impl.ridge_path(X, y, lams), np.zeros((3, shape[1]), dtype))
    several = np.stack([X] * 3), np.stack([y] * 3)
    equal(impl.ridge_batch(*several, lams), np.zeros((3, shape[1]), dtype))


@ORDINARY_AND_HARD
@given(data=st.data())
def test_dof_is_the_trace_of_the_hat_matrix(impl, data, hard):
    """ridge_dof(X, lams) is tr X(XᵀX + λI)⁻¹Xᵀ at each λ, and the rank at 0."""
    p, lams = data.draw(with_lams(hard=hard, columns=False))

    def each(i: int) -> tuple[Any, Bound]:
        return oracles.dof(p.X, lams[i]), theory(hard).degrees_of_freedom(p.X, float(lams[i]))

    judge_each("ridge_dof", impl.ridge_dof(p.X, lams), lams.shape, p.dtype, each)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_gcv_is_the_rotated_leave_one_out_error(impl, data, hard):
    """ridge_gcv(X, y, lams) is n‖(I − H)y‖² / tr(I − H)² at each λ; its limit at 0 where I − H vanishes there."""
    p, lams = data.draw(with_lams(hard=hard, columns=False, zero=False))

    def each(i: int) -> tuple[Any, Bound]:
        w = oracles.ridge(p.X, p.y, lams[i])
        bound = theory(hard).generalised_cross_validation(p.X, p.y, float(lams[i]), w, p.rank)
        return oracles.gcv(p.X, p.y, lams[i]), bound

    judge_each("ridge_gcv", impl.ridge_gcv(p.X, p.y, lams), lams.shape, p.dtype, each)


@pytest.mark.accuracy
@given(st.sampled_from(DTYPES), SEEDS, st.integers(2, 9), st.integers(10, 98))
def test_rows_repeated_cost_no_digits(impl, dtype, seed, times, condition):
    """Where XᵀX + λI has a condition below a hundred, of few rows many times, ridge_path and ridge_dof are no worse."""
    rng = np.random.default_rng(seed)
    X = np.repeat(rng.standard_normal(tuple(rng.integers(1, 5, 2))), times, axis=0).astype(dtype)
    y = X @ rng.standard_normal(X.shape[1:]).astype(dtype)
    lams = np.array([float(np.linalg.norm(X, 2)) ** 2 / condition], dtype)
    lam, w = float(lams[0]), oracles.ridge(X, y, lams[0])
    dof = oracles.dof(X, lams[0]), bounds_selection.degrees_of_freedom(X, lam)
    judge_each("ridge_dof", impl.ridge_dof(X, lams), (1,), dtype, lambda _: dof)
    path = w, bounds.orthogonal(X, y, lam, w)
    judge_each("ridge_path", impl.ridge_path(X, y, lams), (1, X.shape[1]), dtype, lambda _: path)


@pytest.mark.accuracy
@given(of_rank(hard=True, plain=True, columns=False).filter(lambda p: 0 < p.rank < min(p.X.shape)))
def test_at_zero_the_rank_counts_and_not_the_size(impl, p):
    """At λ = 0, ridge_dof is the rank of X, and ridge_gcv takes off that rank and nothing else."""
    zero = np.zeros(1, p.dtype)
    judge("ridge_dof", impl.ridge_dof(p.X, zero), [p.rank], Bound([0.0], "a rank is a count"), dtype=p.dtype)
    bound = bounds_selection.generalised_cross_validation(p.X, p.y, 0.0, oracles.lstsq(p.X, p.y), p.rank)
    exact = oracles.gcv(p.X, p.y, 0)
    judge("ridge_gcv", impl.ridge_gcv(p.X, p.y, zero), [exact], Bound([bound.allowed], bound.source), dtype=p.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_loo_is_the_mean_over_refits(impl, data, hard):
    """ridge_loo(X, y, lams) is the mean of (y_i − x_iᵀw₋ᵢ)² with w₋ᵢ really refitted without sample i, at each λ."""
    p, lams = data.draw(with_lams(hard=hard, columns=False, zero=False))

    def each(i: int) -> tuple[Any, Bound]:
        return oracles.loo(p.X, p.y, lams[i]), theory(hard).leave_one_out(p.X, p.y, float(lams[i]))

    judge_each("ridge_loo", impl.ridge_loo(p.X, p.y, lams), lams.shape, p.dtype, each)


@pytest.mark.accuracy
@given(linear(hard=True, plain=True, columns=False), st.integers(0, 3))
def test_loo_leaves_out_a_sample_that_alone_holds_up_a_direction(impl, p, row):
    """At λ = 0 a sample with leverage 1 is refitted as any other: without it the rank is one less."""
    n, d = p.X.shape
    X = np.zeros((n + 1, d + 1), p.dtype)
    place = min(row, n)
    rows = np.delete(np.arange(n + 1), place)
    X[rows, :d], X[place, d] = p.X, 2
    X[place, :d] = p.X[0]
    y = np.insert(p.y, place, p.dtype.type(3))
    bound = bounds_selection.leave_one_out(X, y, 0.0)
    exact = oracles.loo(X, y, 0)
    judge("ridge_loo", impl.ridge_loo(X, y, np.zeros(1, p.dtype)), [exact], Bound([bound.allowed], bound.source))


# ---- many problems ---------------------------------------------------------------------------------------------------


@st.composite
def batches(draw: Any, hard: bool) -> tuple[np.ndarray, np.ndarray, Any]:
    """Problems of one shape and dtype, hard ones of any rank, and a λ for all or one for each."""

    def one(shape: Any = None, dtypes: Any = None) -> st.SearchStrategy[Linear]:
        full = linear(shape=shape, hard=hard, columns=False, dtypes=dtypes)
        return st.one_of(full, of_rank(shape=shape, hard=True, columns=False, dtypes=dtypes)) if hard else full

    first = draw(one())
    problems = [first, *draw(st.lists(one(st.just(first.X.shape), (first.dtype,)), max_size=2))]
    X, y = np.array([p.X for p in problems]), np.array([p.y for p in problems])
    zero = hard or X.shape[1] >= X.shape[2]  # for the normal equations of ordinary problems, which then have a solution
    kind = draw(st.sampled_from(["number", "zero", "array"] if zero else ["number", "array"]))
    if kind == "array":
        # λ as an array has a say on the dtype, so it comes in the dtype of the data, and can be 0.
        largest = np.finfo(first.dtype).max
        lam = np.array([min(p.lam, float(largest)) for p in problems]).astype(first.dtype)
        lam[-1] *= draw(st.sampled_from([1, 0] if zero else [1]))
        return X, y, lam
    return X, y, first.lam if kind == "number" else 0.0


@ORDINARY_AND_HARD
@given(data=st.data())
def test_batch_is_ridge_of_each_problem(impl, data, hard):
    """ridge_batch(X, y, lam) is ridge of each problem, with λ one number for all or one for each."""
    X, y, lam = data.draw(batches(hard))
    each_lam = [float(value) for value in np.broadcast_to(lam, len(X))]

    def each(i: int) -> tuple[Any, Bound]:
        w = oracles.ridge(X[i], y[i], each_lam[i])
        rank = None if each_lam[i] else oracles.rank(X[i])
        return w, theory(hard).orthogonal(X[i], y[i], each_lam[i], w, rank=rank)

    judge_each("ridge_batch", impl.ridge_batch(X, y, lam), (len(X), X.shape[2]), X.dtype, each)
