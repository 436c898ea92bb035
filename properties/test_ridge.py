"""Chapter 3: the six forms of ridge regression and the best of them, the objective and its derivative."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import example
from hypothesis import strategies as st

from shrinkage.properties.engine import bounds, bounds_selection, oracles
from shrinkage.properties.engine.bounds_textbook import theory
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import (
    DTYPES,
    ORDINARY_AND_HARD,
    SEEDS,
    SPECTRA,
    Linear,
    linear,
    of_rank,
    orthogonal,
    ridge_problem,
    shapes,
    spectrum,
    with_weights,
)
from shrinkage.properties.engine.verdict import judge
from shrinkage.properties.test_least_squares import TALL

FORMS = [name for name in bounds.RIDGE if name != "ridge"]
MAY_FAIL = ("ridge_normal", "ridge_map", "ridge_kernel")  # with LinAlgError, where what they factor is indefinite


def solve(impl: Any, form: str, X: Any, y: Any, lam: float, bound: bounds.Bound) -> np.ndarray | None:
    """The form's answer; None where it says that it cannot be had, as it may where its own bound is void."""
    function = getattr(impl, form)
    try:
        return function(X, y, lam)
    except np.linalg.LinAlgError:
        if form in MAY_FAIL and bound.void:
            return None
        raise


@ORDINARY_AND_HARD
@pytest.mark.parametrize("form", bounds.RIDGE)
@given(data=st.data())
def test_ridge_minimises_its_objective(impl, form, data, hard):
    """Each of the six forms, and ridge, gives (XᵀX + λI)⁻¹Xᵀy."""
    p = data.draw(ridge_problem(hard=hard))
    exact = oracles.ridge(p.X, p.y, p.lam)
    bound = theory(hard).RIDGE[form](p.X, p.y, p.lam, exact)
    w = solve(impl, form, p.X, p.y, p.lam, bound)
    if w is not None:
        judge(form, w, exact, bound, dtype=p.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_the_forms_agree(impl, data, hard):
    """Any two of the six forms give the same w, up to the sum of what each is allowed."""
    p = data.draw(linear(hard=hard, plain=True))
    offered = [form for form in FORMS if impl.offers(form)]
    if len(offered) < 2:
        pytest.skip("not offered: two of the six forms")
    exact = oracles.ridge(p.X, p.y, p.lam)
    allowed = {form: theory(hard).RIDGE[form](p.X, p.y, p.lam, exact) for form in offered}
    answer = {form: getattr(impl, form)(p.X, p.y, p.lam) for form in offered}
    for one, other in itertools.combinations(offered, 2):
        bound = allowed[one] + allowed[other]
        judge(one, answer[one], oracles.rationals(answer[other]), bound, dtype=p.dtype, other=other)


@st.composite
def where_squares_lose(draw: Any) -> Linear:
    """An ill-conditioned X, y = Xw, and λ the square of the smallest singular value: XᵀX + λI is far worse than X."""
    n, d = draw(shapes(low=2))
    dtype, rng = draw(st.sampled_from(DTYPES)), np.random.default_rng(draw(SEEDS))
    condition = 10.0 ** draw(st.integers(3, 6) if dtype == np.float64 else st.integers(2, 3))
    s = spectrum(draw(SPECTRA), min(n, d), condition)
    X = ((orthogonal(n, rng)[:, : min(n, d)] * s) @ orthogonal(d, rng)[: min(n, d)]).astype(dtype)
    return Linear(X, (X.astype(float) @ rng.standard_normal(d)).astype(dtype), condition**-2, min(n, d))


@pytest.mark.accuracy
@pytest.mark.parametrize("form", [form for form in bounds.RIDGE if form not in MAY_FAIL])
@given(where_squares_lose())
# Well conditioned once its columns are scaled, but to scale them back costs the digits of the small ones.
@example(
    Linear(
        np.array([[1.4, -0.0002, -2e-07], [0.8, -0.0011, -3e-07], [1.3, 0.0008, 0.0]]),
        np.array([1.3998, 0.7989, 1.3008]),
        1e-13,
        3,
    )
)
# A sample nine times: XᵀX + λI has condition 98 only, but that is the digit by which the normal equations were off.
@example(
    Linear(
        np.tile(np.array([[-0.60695577, 0.62860864, 0.48626727]], np.float32), (9, 1)),
        np.tile(np.array([-0.8455675], np.float32), 9),
        0.1,
        1,
    )
)
# σ = 0, which rounding makes c u‖X‖, over a small λ: it was no part of the bound, and the SVD was at 1.47 times that.
@example(
    Linear(np.array([[12, 0, 12, 0], [16, 0, 16, 0]], np.float32), np.array([12, 16], np.float32), 1.3513966e-06, 1)
)
# [X √λI] has a constant of its own: with that of X, which has one feature, SciPy's gelsd was at 1.09 times the bound.
@example(
    Linear(
        np.array(
            [
                [1.0424810216411872e93],
                [-8.241165691238835e84],
                [6.958171205049318e99],
                [-4.966336641689415e95],
                [-5.092760531448314e89],
            ]
        ),
        np.array([0.25000000108645093, -0.125, -0.4999999980941245, -8.000000000007292, -0.015625018626451492]),
        7.654136282392658e199,
        1,
    )
)
def test_no_digits_are_lost_to_the_square_of_the_condition(impl, form, p):
    """The SVD, the augmented forms, and ridge, lose to the condition of X, not to its square as XᵀX + λI does."""
    exact = oracles.ridge(p.X, p.y, p.lam)
    judge(form, getattr(impl, form)(p.X, p.y, p.lam), exact, bounds.RIDGE[form](p.X, p.y, p.lam, exact), dtype=p.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_ridge_at_zero_is_least_squares(impl, data, hard):
    """ridge(X, y, 0) is lstsq(X, y): the shortest solution where X has more columns than rows, or any rank."""
    p = data.draw(st.one_of(linear(hard=True), of_rank(hard=True)) if hard else linear(shape=TALL))
    exact = oracles.lstsq(p.X, p.y)
    bound = theory(hard).least_squares(p.X, p.y, 0.0, exact, rank=p.rank)
    judge("ridge", impl.ridge(p.X, p.y, 0), exact, bound, dtype=p.dtype)


# ---- the objective ---------------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_objective_is_the_sum_of_squares_and_the_penalty(impl, data, hard):
    """ridge_objective(X, y, w, lam) is ‖y − Xw‖² + λ‖w‖², summed over the targets."""
    p, w = data.draw(with_weights(hard=hard))
    exact = oracles.objective(p.X, p.y, w, p.lam)
    bound = bounds_selection.objective(p.X, p.y, w, p.lam)
    judge("ridge_objective", impl.ridge_objective(p.X, p.y, w, p.lam), exact, bound, dtype=p.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_jacobian_is_the_derivative_of_the_objective(impl, data, hard):
    """ridge_jacobian(X, y, w, lam) is the derivative of ‖y − Xw‖² + λ‖w‖² by w, a row."""
    p, w = data.draw(with_weights(hard=hard, columns=False))
    exact = oracles.derivative(lambda w: oracles.objective(p.X, p.y, w, p.lam), w)
    bound = bounds_selection.objective_jacobian(p.X, p.y, w, p.lam)
    judge("ridge_jacobian", impl.ridge_jacobian(p.X, p.y, w, p.lam), exact, bound, dtype=p.dtype)


@pytest.mark.accuracy
@pytest.mark.parametrize("w", [2798.96413022, 2.0**-40])
def test_jacobian_past_the_range_is_infinite(impl, w):
    """Where λw and Xᵀ(y − Xw) are both past the range, what is left of them is ±inf or a number, but no NaN."""
    X = np.array([[-7.263671736398625e195], [-2.414647458290494e195]])
    y, w, lam = np.array([-3.233063120445058e199, 2.9339159441478906e199]), np.array([w]), 4.49423283715579e307
    exact = oracles.derivative(lambda w: oracles.objective(X, y, w, lam), w)
    judge("ridge_jacobian", impl.ridge_jacobian(X, y, w, lam), exact, bounds_selection.objective_jacobian(X, y, w, lam))


@ORDINARY_AND_HARD
@given(data=st.data())
def test_jacobian_vanishes_at_the_solution(impl, data, hard):
    """ridge_jacobian is 0 at the w that solves the problem, up to what rounding that w changes."""
    p = data.draw(linear(hard=hard, plain=True, columns=False))
    w = oracles.floats(oracles.ridge(p.X, p.y, p.lam)).astype(p.dtype)
    curvature = 2 * (bounds.norm(p.X) ** 2 + p.lam)
    rounding = bounds.Bound(curvature * bounds.norm(w) * bounds.unit_roundoff(p.dtype), "w rounded once")
    each = bounds_selection.objective_jacobian(p.X, p.y, w, p.lam)
    bound = bounds.Bound(bounds.norm(each.allowed), each.source) + rounding
    judge("ridge_jacobian", impl.ridge_jacobian(p.X, p.y, w, p.lam), np.zeros((1, len(w))), bound, dtype=p.dtype)
