"""Chapter 3: where ridge goes as λ → ∞ and λ → 0, at the rates that theory gives, and answers past the range."""

import math

import numpy as np
import pytest
from hypothesis import strategies as st

from shrinkage.properties.engine import bounds, oracles
from shrinkage.properties.engine.bounds import norm
from shrinkage.properties.engine.bounds_textbook import theory
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import ORDINARY_AND_HARD, linear, of_rank
from shrinkage.properties.engine.verdict import equal, judge, within
from shrinkage.properties.test_ridge import FORMS, solve

SOLVERS = pytest.mark.parametrize("form", [*FORMS, "ridge"])
FAR = "{} from the limit, where theory allows {}"


@ORDINARY_AND_HARD
@SOLVERS
@given(data=st.data())
def test_a_large_lam_shrinks_to_the_correlations(impl, form, data, hard):
    """As λ → ∞, w tends to Xᵀy/λ: ‖w − Xᵀy/λ‖ ≤ ‖X‖³‖y‖/λ²."""
    p = data.draw(linear(hard=hard, plain=True, columns=False))
    lam = 10.0 ** data.draw(st.integers(1, 60 if hard else 6))
    # w − Xᵀy/λ = −(XᵀX + λI)⁻¹ XᵀX Xᵀy/λ.
    rate = norm(p.X) ** 3 * norm(p.y) / lam**2
    exact = oracles.ridge(p.X, p.y, lam)
    bound = theory(hard).RIDGE[form](p.X, p.y, lam, exact)
    w = solve(impl, form, p.X, p.y, lam, bound)
    limit = oracles.matvec(p.X.T, p.y) / oracles.to_rational(lam)
    distance = norm(oracles.rationals(w) - limit)
    within(form, distance, rate, bound, FAR, w, exact)


@ORDINARY_AND_HARD
@SOLVERS
@given(data=st.data())
def test_a_small_lam_tends_to_least_squares(impl, form, data, hard):
    """As λ → 0, w tends to lstsq(X, y) whatever the rank: ‖w − w₀‖ ≤ λ/(σ_r²+λ) ‖w₀‖."""
    full = linear(hard=hard, plain=True, columns=False)  # of a lower rank, tiny λ are too much for the normal equations
    p = data.draw(st.one_of(full, of_rank(hard=True, plain=True, columns=False)) if hard else full)
    lam = 10.0 ** -data.draw(st.integers(1, 30 if hard else 6))
    limit = oracles.lstsq(p.X, p.y)
    s = bounds.singular_values(p.X)[: p.rank]
    # w = V diag(σ²/(σ²+λ)) Vᵀ w₀, and 1 − σ²/(σ²+λ) is largest for the smallest σ; 1.01 for the rounding of σ here.
    rate = lam / (min(s, default=1) ** 2 + lam) * norm(limit) * 1.01
    exact = oracles.ridge(p.X, p.y, lam)
    bound = theory(hard).RIDGE[form](p.X, p.y, lam, exact)
    w = solve(impl, form, p.X, p.y, lam, bound)
    if w is not None:
        distance = norm(oracles.rationals(w) - limit)
        within(form, distance, rate, bound, FAR, w, exact)


@pytest.mark.accuracy
@pytest.mark.parametrize("function", ["lstsq", "min_norm", *FORMS, "ridge"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_answer_past_the_range_is_infinite_or_zero(impl, function, dtype):
    """Where w is too large for the dtype it is ±inf, where it is too small it is 0, without an error or a NaN."""
    solver = getattr(impl, function)
    power = int(np.finfo(dtype).maxexp) // 2 - 2  # nearly the square root of what is too large
    for x_unit, y_unit in ((-power, 2 * power - 4), (power, -2 * power + 4)):
        X = np.ldexp(np.array([[3.0, 1.0], [1.0, -2.0]]).astype(dtype), x_unit)
        y = np.ldexp(np.array([5.0, -1.0]).astype(dtype), y_unit)
        lam = () if function in ("lstsq", "min_norm") else (math.ldexp(1.0, 2 * x_unit),)
        with np.errstate(over="ignore"):
            expected = oracles.floats(oracles.ridge(X, y, *lam or [0])).astype(dtype)
        assert np.isinf(expected).all() or not expected.any(), "the problem is not past the range"
        equal(solver(X, y, *lam), expected)


@pytest.mark.accuracy
@pytest.mark.parametrize("function", ["pinv", "left_inverse", "right_inverse"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_inverse_past_the_range_is_infinite(impl, function, dtype):
    """Where the reciprocals are too large for the dtype, the inverse is ±inf, without an error or a NaN."""
    unit = int(np.finfo(dtype).minexp) - int(np.finfo(dtype).nmant) + 3  # subnormal numbers, but no digit is lost
    X = np.ldexp(np.array([[3.0, 1.0], [1.0, -2.0]]).astype(dtype), unit)
    equal(getattr(impl, function)(X), np.array([[np.inf, np.inf], [np.inf, -np.inf]], dtype))


@pytest.mark.accuracy
@pytest.mark.parametrize("function", ["lstsq", "min_norm"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_subnormal_numbers_are_numbers(impl, function, dtype):
    """Where all of X and y is subnormal, w is what it is of the same numbers at any other size."""
    unit = int(np.finfo(dtype).minexp) - int(np.finfo(dtype).nmant) + 3
    X, y = (np.ldexp(np.array(a).astype(dtype), unit) for a in ([[3.0, 1.0], [1.0, -2.0]], [5.0, -1.0]))
    assert X.any(), "flushed to zero"
    exact = oracles.lstsq(X, y)
    one = bounds.least_squares(np.ldexp(X, -unit), np.ldexp(y, -unit), 0.0, exact)
    judge(function, getattr(impl, function)(X, y), exact, one, dtype=dtype)


@pytest.mark.accuracy
@pytest.mark.parametrize("function", ["ridge_path", "ridge_batch"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_answer_of_several_may_be_past_the_range(impl, function, dtype):
    """Along a path, and in a batch, w is ±inf at λ = 0 where that is past the range, and right at another λ."""
    power = int(np.finfo(dtype).maxexp) // 2 - 2
    X = np.ldexp(np.array([[3.0, 1.0], [1.0, -2.0]]).astype(dtype), -power)
    y = np.ldexp(np.array([5.0, -1.0]).astype(dtype), 2 * power - 4)
    lams = np.array([0.0, np.finfo(dtype).max], dtype)
    several = (X, y) if function == "ridge_path" else (np.stack([X, X]), np.stack([y, y]))
    beyond, w = getattr(impl, function)(*several, lams)
    equal(beyond, np.sign(oracles.floats(oracles.lstsq(X, y))) * np.inf)
    exact = oracles.ridge(X, y, lams[1])
    judge(function, w, exact, bounds.RIDGE["ridge"](X, y, float(lams[1]), exact), dtype=dtype)
