"""Chapter 3: ridge as Bayes sees it: W ~ N(0, I), Y = XW + √λ N."""

import mpmath
import numpy as np
import pytest
from hypothesis import strategies as st

from shrinkage.properties.engine import bounds, bounds_selection, oracles
from shrinkage.properties.engine.bounds import norm, times
from shrinkage.properties.engine.bounds_textbook import theory
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import (
    ORDINARY_AND_HARD,
    SEEDS,
    generator,
    linear,
    plain,
    ridge_problem,
    with_weights,
)
from shrinkage.properties.engine.verdict import holds, judge
from shrinkage.properties.test_ridge import solve


@ORDINARY_AND_HARD
@given(data=st.data())
def test_log_posterior_is_the_exponent_of_the_density(impl, data, hard):
    """ridge_log_posterior(X, y, w, lam) is −‖y − Xw‖²/(2λ) − ‖w‖²/2."""
    p, w = data.draw(with_weights(hard=hard, columns=False))
    exact = oracles.log_posterior(p.X, p.y, w, p.lam)
    bound = bounds_selection.log_posterior(p.X, p.y, w, p.lam)
    judge("ridge_log_posterior", impl.ridge_log_posterior(p.X, p.y, w, p.lam), exact, bound, dtype=p.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_posterior_has_the_ridge_solution_as_its_mean(impl, data, hard):
    """ridge_posterior(X, y, lam) has the mean (XᵀX + λI)⁻¹Xᵀy."""
    p = data.draw(ridge_problem(hard=hard))
    exact = oracles.ridge(p.X, p.y, p.lam)
    mean, _ = impl.ridge_posterior(p.X, p.y, p.lam)
    judge("ridge_posterior", mean, exact, theory(hard).orthogonal(p.X, p.y, p.lam, exact), dtype=p.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_posterior_has_the_covariance_of_the_formula(impl, data, hard):
    """ridge_posterior(X, y, lam) has the covariance λ(XᵀX + λI)⁻¹."""
    p = data.draw(ridge_problem(hard=hard))
    _, covariance = impl.ridge_posterior(p.X, p.y, p.lam)
    exact = oracles.posterior_covariance(p.X, p.lam)
    judge("ridge_posterior", covariance, exact, theory(hard).posterior_covariance(p.X, p.lam), dtype=p.dtype)


@pytest.mark.accuracy
@pytest.mark.parametrize("lam", [1.0, 1e-60])
def test_directions_that_no_sample_has_keep_their_variance(impl, lam):
    """The covariance is I off the samples however small λ is, and of more columns than LAPACK takes at once, too."""
    X = np.where(np.arange(33) % 3 == 1, -1.0, 1.0)[None]
    _, covariance = impl.ridge_posterior(X, np.ones(1), lam)
    exact, bound = oracles.posterior_covariance(X, lam), bounds_selection.posterior_covariance(X, lam)
    judge("ridge_posterior", covariance, exact, bound, dtype=X.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_posterior_covariance_is_the_inverse_curvature(impl, data, hard):
    """The covariance times minus the second derivative of the log posterior is I."""
    p = data.draw(linear(hard=hard, plain=True, columns=False))
    _, covariance = impl.ridge_posterior(p.X, p.y, p.lam)
    d = p.X.shape[1]
    e = np.eye(d)

    def f(w):
        return oracles.log_posterior(p.X, p.y, w, p.lam)

    zero, single = f(0 * e[0]), [f(row) for row in e]
    # The mixed second difference of a quadratic is its second derivative.
    curvature = [[single[i] + single[j] - f(e[i] + e[j]) - zero for j in range(d)] for i in range(d)]
    product = oracles.entries(oracles.matrix(covariance) * oracles.matrix(curvature))
    judge("ridge_posterior", product, np.eye(d), times(theory(hard).posterior_covariance(p.X, p.lam), norm(curvature)))


@ORDINARY_AND_HARD
@given(data=st.data())
def test_map_estimate_beats_every_other(impl, data, hard):
    """The posterior at ridge_map(X, y, lam) is higher than anywhere that rounding could not have led it to."""
    p, seed, size = data.draw(linear(hard=hard)), data.draw(SEEDS), data.draw(st.integers(1, 20))
    y = p.y if p.y.ndim == 1 else p.y[:, 0]
    exact = oracles.ridge(p.X, y, p.lam)
    error = theory(hard).RIDGE["ridge_map"](p.X, y, p.lam, exact)
    w = solve(impl, "ridge_map", p.X, y, p.lam, error)
    if w is None or error.void:
        return
    # In the norm of M, w is at most √‖M‖ · error from the top, and a step δ leads at least √σ_min(M) · ‖δ‖ away.
    problem = bounds.Problem(p.X, y, p.lam, exact)
    condition = (problem.size**2 + problem.lam) * problem.gram_inverse
    direction = plain(generator(seed), w.shape)
    step = oracles.rationals(direction) * oracles.to_rational(
        float(2**size * (2 * mpmath.sqrt(condition) * error.allowed) / max(norm(direction), 1))
    )
    top = oracles.log_posterior(p.X, y, w, p.lam)
    if norm(direction) >= 1:
        beaten = top > oracles.log_posterior(p.X, y, oracles.rationals(w) + step, p.lam)
        holds("ridge_map", beaten, "the posterior is as high elsewhere", w, oracles.floats(exact))
