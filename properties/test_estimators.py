"""Classes of fit, coef_, intercept_ and predict: what the contract has no function for (``--estimator``)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from shrinkage.loader import NotOffered
from shrinkage.properties.engine import bounds_unequal, oracles
from shrinkage.properties.engine.account import shown
from shrinkage.properties.engine.account.fitted import Told
from shrinkage.properties.engine.bounds import dot_product
from shrinkage.properties.engine.bounds_textbook import theory
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import SEEDS, linear, plain, shapes
from shrinkage.properties.engine.verdict import holds, judge

FITTED = ("ridge", "ridge_intercept", "lstsq")


def begun(impl: Any, estimator: Any, function: str, lam: Any, **settings: Any) -> Any:
    """One of the class, to be judged by this function, which has to be offered."""
    getattr(impl, function)  # skips where it is not
    settings |= {} if function == "lstsq" or lam is None else {"lam": lam}
    return Told(estimator(intercept=function.startswith("ridge_intercept"), **settings), function)


@pytest.mark.interface
@pytest.mark.parametrize("function", FITTED)
def test_fit_hands_back_the_estimator(impl, estimator, function):
    """fit(X, y) returns the estimator, so that fit(X, y).predict(X) can be written."""
    returned_itself = begun(impl, estimator, function, 1.0).fit(np.eye(3), np.arange(3.0))
    holds(function, returned_itself, "fit returns something else", "something else", "the estimator")


@pytest.mark.interface
@pytest.mark.parametrize("function", FITTED)
@given(p=linear(), seed=SEEDS)
def test_another_fit_forgets_the_one_before(impl, estimator, function, p, seed):
    """Fitted to other data before, an estimator has the same coefficients and the same intercept as a new one."""
    once, twice = (begun(impl, estimator, function, p.lam) for _ in range(2))
    rng = np.random.default_rng(seed)
    for shape in ((4, 2), p.X.shape):
        twice.fit(plain(rng, shape), plain(rng, shape[:1]))
    for one in (once, twice):
        one.fit(p.X, p.y)
    for new, again in ((once.coef, twice.coef), (once.intercept, twice.intercept)):
        holds(function, np.array_equal(new, again), "another fit remembers the one before", again, new)


@pytest.mark.mathematics
@pytest.mark.parametrize("function", FITTED)
@given(p=linear(), seed=SEEDS)
def test_predict_is_the_product_and_the_intercept(impl, estimator, function, p, seed):
    """predict(X) is Xw + b, with the coefficients and the intercept that the estimator has."""
    rng = np.random.default_rng(seed)
    one = begun(impl, estimator, function, p.lam)
    one.fit(p.X, p.y)
    w, b, X = one.coef, np.asarray(one.intercept), plain(rng, (3, p.X.shape[1])).astype(p.dtype)
    exact = oracles.entries(oracles.matrix(X) * oracles.matrix(w)).reshape(3, *w.shape[1:]) + oracles.rationals(b)
    bound = dot_product(len(w) + 1, abs(X) @ abs(w) + abs(b), p.dtype)
    try:
        predicted = one.predict(X)
    except NotOffered as error:
        pytest.skip(f"not offered: {error}")
    judge(function, predicted, exact, bound, dtype=p.dtype, X=X, w=w, b=b)


@pytest.mark.mathematics
@given(p=linear(columns=False), seed=SEEDS)
def test_weights_of_samples_are_repeated_samples(impl, estimator, p, seed):
    """fit(X, y, sample_weight) without an intercept gives ridge of each sample as often as its weight says."""
    one = begun(impl, estimator, "ridge", p.lam)
    weights = np.random.default_rng(seed).integers(0, 4, len(p.X)) if seed else np.ones(len(p.X), int)
    weights[0] += not weights.any()
    try:
        one.fit(p.X, p.y, weights.astype(p.dtype))
    except NotOffered as error:
        pytest.skip(f"not offered: {error}")
    X, y = (np.repeat(each, weights, axis=0) for each in (p.X, p.y))
    exact = oracles.ridge(X, y, p.lam)
    # Rows times √s are off by a rounding or two each, which the bound for the repeated samples has room for.
    bound = theory(hard=False).RIDGE["ridge"](X, y, p.lam, exact)
    judge("ridge", one.coef, exact, bound, dtype=p.dtype, X=p.X, y=p.y, lam=p.lam, sample_weight=weights)


@pytest.mark.mathematics
@given(p=linear(columns=False), seed=SEEDS)
def test_each_target_has_its_own_penalty(impl, estimator, p, seed):
    """Where several λ are taken, one for each target, each target has the solution for its own."""
    y = np.stack([p.y, plain(np.random.default_rng(seed), p.y.shape).astype(p.dtype)], axis=1)
    lams = np.array([p.lam, 4 * p.lam], p.dtype)
    one = begun(impl, estimator, "ridge", lams)
    try:
        one.fit(p.X, y)
    except (TypeError, ValueError):
        pytest.skip("not offered: a penalty for each target")
    for target, lam in enumerate(lams):
        exact = oracles.ridge(p.X, y[:, target], lam)
        bound = theory(hard=False).RIDGE["ridge"](p.X, y[:, target], float(lam), exact)
        judge("ridge", one.coef[:, target], exact, bound, dtype=p.dtype, X=p.X, y=y, lams=lams, target=target)


@pytest.mark.accuracy
@given(p=linear(columns=False))
def test_sparse_data_is_the_same_data(impl, estimator, p):
    """Where a sparse X is taken, the solution is that of the same numbers, iterated to the end."""
    one = begun(impl, estimator, "ridge", p.lam, exact=True)
    try:
        one.fit(p.X, p.y, sparse=True)
    except (TypeError, ValueError):
        pytest.skip("not offered: a sparse X")
    exact = oracles.ridge(p.X, p.y, p.lam)
    bound = theory(hard=False).RIDGE["ridge"](p.X, p.y, p.lam, exact)
    judge("ridge", one.coef, exact, bound, dtype=p.dtype, X=p.X, y=p.y, lam=p.lam)


@pytest.mark.mathematics
@pytest.mark.parametrize("function", ["ridge_loo", "ridge_intercept_loo"])
@given(p=linear(shape=shapes(low=2), columns=False), powers=st.sets(st.integers(-3, 3), min_size=2, max_size=4))
def test_the_penalty_chosen_has_the_least_error_of_leave_one_out(impl, estimator, function, p, powers):
    """Of several λ, the one chosen has the least error of leave-one-out, up to what theory allows for two of them."""
    lams = np.array([10.0**power for power in powers])
    one = begun(impl, estimator, function, None, lams=lams)
    one.fit(p.X, p.y)
    chosen = one.chosen
    holds(function, chosen in lams, "the λ that is chosen is none of those given", chosen, lams)

    def at(lam: float) -> tuple[float, float]:
        if function == "ridge_loo":
            bound = theory(hard=False).leave_one_out(p.X, p.y, lam)
            return oracles.nearest(oracles.loo(p.X, p.y, lam)), float(bound.allowed)
        refits = oracles.intercept_refits(p.X, p.y, lam)
        bound = bounds_unequal.intercept_loo(p.X, p.y, lam, None, refits, squares=True)
        return oracles.nearest(oracles.intercept_loo(p.X, p.y, refits)), float(bound.allowed)

    error, allowed = at(chosen)
    (best, room), lam = min((at(lam), lam) for lam in lams)
    least = error <= best + allowed + room
    one_error, other = shown.apart(error, best)
    holds(function, least, f"of error {one_error} is chosen, and at λ = {lam:g} that is {other}", chosen, lam)
