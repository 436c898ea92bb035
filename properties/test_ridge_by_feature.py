"""Chapter 3: ridge with a λ for each feature, which may be 0."""

import numpy as np
import pytest
from hypothesis import example
from hypothesis import strategies as st

from shrinkage.properties.engine import bounds_unequal, oracles
from shrinkage.properties.engine.bounds import norm
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import ORDINARY_AND_HARD, SEEDS, Linear, of_rank
from shrinkage.properties.engine.strategies.unequal import ByFeature, by_feature, few_small_lams, offset
from shrinkage.properties.engine.verdict import equal, judge, within
from shrinkage.properties.test_ridge import where_squares_lose


@ORDINARY_AND_HARD
@given(data=st.data())
def test_each_feature_has_a_penalty_of_its_own(impl, data, hard):
    """ridge_by_feature(X, y, lams) is the shortest w among those that minimise ‖y − Xw‖² + Σ λ_j w_j²."""
    p = data.draw(by_feature(hard=hard))
    exact = oracles.by_feature(p.X, p.y, p.lams)
    bound = bounds_unequal.by_feature(p.X, p.y, p.lams, exact, squares=not hard)
    judge("ridge_by_feature", impl.ridge_by_feature(p.X, p.y, p.lams), exact, bound, dtype=p.dtype)


@pytest.mark.mathematics
@given(by_feature())
def test_one_lam_for_all_is_ridge(impl, p):
    """With the same λ for every feature it is ridge(X, y, λ)."""
    lam = float(p.lams[-1]) or 1.0
    lams = np.full(p.X.shape[1], lam)
    exact = oracles.ridge(p.X, p.y, lam)
    bound = bounds_unequal.by_feature(p.X, p.y, lams, exact, squares=True)
    judge("ridge_by_feature", impl.ridge_by_feature(p.X, p.y, lams), exact, bound, dtype=p.dtype)


@pytest.mark.mathematics
@given(by_feature(), SEEDS)
def test_a_penalty_of_its_own_is_a_scale_of_its_own(impl, p, seed):
    """λ_j = λ c_j² is ridge of the features divided by c_j, and w_j is what comes of it, divided by c_j."""
    lam = float(p.lams[-1]) or 1.0
    c = 2.0 ** np.random.default_rng(seed).integers(-3, 4, p.X.shape[1])
    exact = (oracles.ridge(p.X / c, p.y, lam).T / oracles.rationals(c)).T
    bound = bounds_unequal.by_feature(p.X, p.y, lam * c * c, exact, squares=True)
    judge("ridge_by_feature", impl.ridge_by_feature(p.X, p.y, lam * c * c), exact, bound, dtype=p.dtype)


@pytest.mark.mathematics
@given(offset(weighted=False))
def test_a_feature_of_ones_without_a_penalty_is_the_intercept(impl, p):
    """With a column of ones whose λ is 0 the others have the w of ridge_intercept, and that column has its b."""
    X, lams = np.column_stack([np.ones(len(p.X)), p.X]), np.append(0.0, np.full(p.X.shape[1], p.lam))
    w, b = oracles.intercept(p.X, p.y, p.lam)
    exact = np.concatenate([np.asarray(b, object)[None], w])
    bound = bounds_unequal.by_feature(X, p.y, lams, exact, squares=True)
    judge("ridge_by_feature", impl.ridge_by_feature(X, p.y, lams), exact, bound, dtype=p.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_a_large_lam_takes_its_feature_out(impl, data, hard):
    """As λ_j → ∞, w_j tends to 0 as ‖y‖/√λ_j does, and the others to what they are without feature j."""
    p, power = data.draw(by_feature(columns=False)), data.draw(st.integers(4, 40 if hard else 6))
    if p.X.shape[1] < 2:
        return
    lams = p.lams.copy()
    lams[-1] = 2.0**power * float(norm(p.X) ** 2)
    exact = oracles.by_feature(p.X, p.y, lams)
    bound = bounds_unequal.by_feature(p.X, p.y, lams, exact, squares=True)
    w = impl.ridge_by_feature(p.X, p.y, lams)
    without = oracles.by_feature(p.X[:, :-1], p.y, lams[:-1])
    M = oracles.curvature(p.X[:, :-1], lams[:-1])
    pull = oracles.entries(oracles.pseudoinverse(M)) @ oracles.matvec(p.X[:, :-1].T, p.X[:, -1])
    limit = np.append(without, oracles.to_rational(0))
    # The others are M⁻¹X₋ⱼᵀxⱼwⱼ away, and the objective is no larger than at w = 0: |wⱼ| ≤ ‖y‖/√λⱼ.
    rate = (norm(pull) + 1) * norm(p.y) / np.sqrt(lams[-1])
    says = "w is {} from its limit, where theory allows {}"
    within("ridge_by_feature", norm(oracles.rationals(w) - limit), rate, bound, says, w, exact)


@pytest.mark.accuracy
@given(where_squares_lose(), SEEDS)
@example(  # two features without a penalty, all but parallel: whose basis came of I − XX⁺ was at 188 times the bound
    Linear(
        np.array([[5.99997, 6.00001, 6.00001], [3.00001, 2.99997, 3.00003], [8.99997, 8.99999, 9.00001]]),
        np.ones(3),
        1e-300,
        3,
    ),
    1,
)
def test_no_digits_are_lost_to_the_square_of_the_condition_by_feature(impl, p, seed):
    """ridge_by_feature loses to the condition of X, not to its square as XᵀX + diag(λ) does; some λ may be 0."""
    rng = np.random.default_rng(seed)
    lams = (p.lam * 4.0 ** rng.integers(-1, 2, p.X.shape[1])).astype(p.dtype)
    lams[: rng.integers(min(p.X.shape))] = 0
    exact = oracles.by_feature(p.X, p.y, lams)
    bound = bounds_unequal.by_feature(p.X, p.y, lams, exact)
    judge("ridge_by_feature", impl.ridge_by_feature(p.X, p.y, lams), exact, bound, dtype=p.dtype)


@pytest.mark.accuracy
@given(few_small_lams())
@example(  # the dual, refined, was at 2e7 times the bound: α is y less what little is fitted, and is rounded as y is
    ByFeature(
        np.array([[-0.08, 0.0, 0.2], [-0.07, -0.4, 0.1]]), np.array([3.0, 0.0]), np.array([1.3e-13, 3.1e12, 6.7e4])
    )
)
def test_few_small_lams_are_as_accurate_as_their_features_alone(impl, p):
    """ridge_by_feature loses nothing to d > n where large λ_j leave out all features but few."""
    exact = oracles.by_feature(p.X, p.y, p.lams)
    bound = bounds_unequal.by_feature(p.X, p.y, p.lams, exact)
    judge("ridge_by_feature", impl.ridge_by_feature(p.X, p.y, p.lams), exact, bound, dtype=p.dtype)


@pytest.mark.accuracy
@given(of_rank(hard=True, plain=True), st.integers(0, 2), SEEDS)
def test_what_has_no_penalty_may_be_of_any_rank(impl, p, penalised, seed):
    """With λ_j = 0 it is lstsq(X, y), whatever the rank; beside features that have a penalty, too."""
    more = np.random.default_rng(seed).integers(-9, 10, (len(p.X), penalised)).astype(p.dtype)
    X, lams = np.column_stack([p.X, more]), np.array([0.0] * p.X.shape[1] + [1.0] * penalised, p.dtype)
    exact = oracles.by_feature(X, p.y, lams) if penalised else oracles.lstsq(X, p.y)
    bound = bounds_unequal.by_feature(X, p.y, lams, exact)
    judge("ridge_by_feature", impl.ridge_by_feature(X, p.y, lams), exact, bound, dtype=p.dtype)


@pytest.mark.interface
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_sizes_of_zero_by_feature(impl, shape):
    """Without samples, features or targets w is zero."""
    n, d = shape
    for k in ((), (2,), (0,)):
        got = impl.ridge_by_feature(np.zeros(shape), np.ones((n, *k)), np.arange(float(d)))
        equal(got, np.zeros((d, *k)))
    equal(impl.ridge_by_feature(np.ones((2, 3)), np.ones((2, 0)), np.arange(3.0)), np.zeros((3, 0)))
