"""Chapter 3: ridge with an intercept that has no penalty, and with weights as repeated samples."""

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from shrinkage.properties.engine import bounds_unequal, oracles
from shrinkage.properties.engine.bounds import Bound, norm
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import ORDINARY_AND_HARD, SEEDS, plain
from shrinkage.properties.engine.strategies.unequal import Offset, offset, offset_of_rank, with_grid
from shrinkage.properties.engine.verdict import equal, holds, judge, refuses, within, wrong_kind
from shrinkage.properties.test_ridge import where_squares_lose

WEIGHTED = pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])

Exact = tuple[Any, Any]


def are_two(function: str, got: Any) -> None:
    """The result is w and b."""
    two = isinstance(got, tuple | list) and len(got) == 2
    holds(function, two, "the result is not w and b", got, "(w, b)")


def judge_both(function: str, got: Any, exact: Exact, allowed: tuple[Bound, Bound], dtype: Any, **context: Any) -> None:
    """The result as (w, b), each by its own bound."""
    are_two(function, got)
    for name, part, right, bound in zip("wb", got, exact, allowed, strict=True):
        judge(function, part, right, bound, dtype=dtype, result=name, **context)


def solved(p: Offset, hard: bool) -> tuple[Exact, tuple[Bound, Bound]]:
    """The exact (w, b), and what is allowed for them."""
    exact = oracles.intercept(p.X, p.y, p.lam, p.weights)
    return exact, bounds_unequal.intercept(p.X, p.y, p.lam, p.weights, exact, p.rank, squares=not hard)


@ORDINARY_AND_HARD
@WEIGHTED
@given(data=st.data())
def test_an_intercept_has_no_penalty(impl, data, weighted, hard):
    """ridge_intercept(X, y, lam) gives the w and b that minimise Σ s_i (y_i − x_iᵀw − b)² + λ‖w‖²."""
    p = data.draw(offset(weighted=weighted, hard=hard))
    exact, bound = solved(p, hard)
    judge_both("ridge_intercept", impl.ridge_intercept(p.X, p.y, p.lam, *p.more), exact, bound, p.dtype)


@ORDINARY_AND_HARD
@WEIGHTED
@given(data=st.data())
def test_without_a_penalty_it_is_least_squares(impl, data, weighted, hard):
    """ridge_intercept(X, y, 0) is least squares with a column of ones beside X, the shortest w if there are several."""
    problems = offset(weighted=weighted, hard=hard, penalty=False)
    p = data.draw(st.one_of(problems, offset_of_rank(weighted=weighted)) if hard else problems)
    exact, bound = solved(p, hard)
    judge_both("ridge_intercept", impl.ridge_intercept(p.X, p.y, 0.0, *p.more), exact, bound, p.dtype)


@pytest.mark.accuracy
@given(where_squares_lose())
def test_no_digits_are_lost_to_the_square_of_the_condition_beside_an_intercept(impl, p):
    """ridge_intercept loses to the condition of X with its means, not to its square as the normal equations do."""
    exact = oracles.intercept(p.X, p.y, p.lam)
    bound = bounds_unequal.intercept(p.X, p.y, p.lam, None, exact)
    judge_both("ridge_intercept", impl.ridge_intercept(p.X, p.y, p.lam), exact, bound, p.dtype)


@pytest.mark.mathematics
@given(offset(weighted=False), SEEDS)
def test_a_weight_is_a_repeated_sample(impl, p, seed):
    """A sample of weight 3 counts as the same sample three times, one of weight 0 as none."""
    times = np.random.default_rng(seed).integers(0, 4, len(p.X))
    times[0] = max(times[0], 1)
    many = np.repeat(np.arange(len(p.X)), times)
    exact = oracles.intercept(p.X[many], p.y[many], p.lam)
    bound = bounds_unequal.intercept(p.X[many], p.y[many], p.lam, None, exact, squares=True)
    judge_both("ridge_intercept", impl.ridge_intercept(p.X, p.y, p.lam, times.astype(float)), exact, bound, p.dtype)


@pytest.mark.mathematics
@given(offset(weighted=False))
def test_no_weights_are_weights_of_one(impl, p):
    """sample_weight=None, and none at all, is a weight of 1 for every sample."""
    exact, bound = solved(p, hard=False)
    for weights in (np.ones(len(p.X)), None):
        judge_both("ridge_intercept", impl.ridge_intercept(p.X, p.y, p.lam, weights), exact, bound, p.dtype)


@pytest.mark.mathematics
@WEIGHTED
@given(data=st.data())
def test_a_shift_of_the_data_is_the_intercepts(impl, data, weighted):
    """With every x moved by c and y by e, w is what it was and b is b + e − cᵀw."""
    p = data.draw(offset(weighted=weighted, columns=False))
    c = np.array(data.draw(st.lists(st.integers(-9, 9), min_size=p.X.shape[1], max_size=p.X.shape[1])), float)
    e = data.draw(st.integers(-9, 9))
    w, b = oracles.intercept(p.X, p.y, p.lam, p.weights)
    exact = w, b + e - oracles.product(c, w)
    bound = bounds_unequal.intercept(p.X + c, p.y + e, p.lam, p.weights, exact, squares=True)
    judge_both("ridge_intercept", impl.ridge_intercept(p.X + c, p.y + e, p.lam, *p.more), exact, bound, p.dtype)


@pytest.mark.mathematics
@WEIGHTED
@given(data=st.data())
def test_the_intercept_takes_the_mean_to_the_mean(impl, data, weighted):
    """b = ȳ − x̄ᵀw for the w that comes with it, the means being weighted: the residuals have the mean 0."""
    p = data.draw(offset(weighted=weighted, columns=False))
    w, b = impl.ridge_intercept(p.X, p.y, p.lam, *p.more)
    wrong = wrong_kind(w, (p.X.shape[1],), p.dtype)
    holds("ridge_intercept", not wrong, f"w is {wrong}", w)
    _, _, mean_x, mean_y = oracles.centred(p.X, p.y, p.weights)
    right = oracles.entries(mean_y)[0, 0] - oracles.product(oracles.entries(mean_x)[0], w)
    _, bound = solved(p, hard=False)[1]
    judge("ridge_intercept", b, right, bound, dtype=p.dtype, result="b")


@ORDINARY_AND_HARD
@WEIGHTED
@given(data=st.data())
def test_a_large_lam_leaves_the_mean(impl, data, weighted, hard):
    """As λ → ∞, w tends to 0 as AᵀSt/λ and b to the mean of y: A and t are X and y about their means."""
    p = data.draw(offset(weighted=weighted, columns=False))
    s = oracles.rationals(np.ones(len(p.X)) if p.weights is None else p.weights)
    A, t, mean_x, mean_y = map(oracles.entries, oracles.centred(p.X, p.y, p.weights))
    size = float(np.sqrt(oracles.floats(((A * A).sum(axis=1) * s).sum())))
    length = float(np.sqrt(oracles.floats(((t[:, 0] ** 2) * s).sum())))
    lam = max(size, 1.0) ** 2 * 2.0 ** data.draw(st.integers(2, 40 if hard else 6))
    exact = oracles.intercept(p.X, p.y, lam, p.weights)
    of_w, of_b = bounds_unequal.intercept(p.X, p.y, lam, p.weights, exact, squares=True)
    w, b = impl.ridge_intercept(p.X, p.y, lam, *p.more)
    # w − AᵀSt/λ = −(AᵀSA + λI)⁻¹AᵀSA AᵀSt/λ, and b − ȳ = −x̄ᵀw; 1.01 for the norms here, which are rounded.
    limit = (A.T * s) @ t[:, 0] / oracles.to_rational(lam)
    far = norm(oracles.rationals(w) - limit)
    says = "w is {} from its limit, where theory allows {}"
    within("ridge_intercept", far, 1.01 * size**3 * length / lam**2, of_w, says, w, exact[0])
    off = norm(oracles.to_rational(b) - mean_y[0, 0])
    says = "b is {} from the mean of y, where theory allows {}"
    within("ridge_intercept", off, 1.01 * norm(mean_x) * size * length / lam, of_b, says, b, exact[1])


@ORDINARY_AND_HARD
@WEIGHTED
@given(data=st.data())
def test_a_small_lam_tends_to_least_squares_with_a_column_of_ones(impl, data, weighted, hard):
    """As λ → 0, w tends to w₀, least squares beside a column of ones: ‖w − w₀‖ ≤ λ/(σ²+λ) ‖w₀‖, σ the smallest."""
    p = data.draw(offset(weighted=weighted, columns=False, penalty=False))
    limit, _ = oracles.intercept(p.X, p.y, 0, p.weights)
    root = np.ones(len(p.X)) if p.weights is None else np.sqrt(p.weights)
    A = oracles.floats(oracles.entries(oracles.centred(p.X, p.y, p.weights)[0]))
    smallest = float(np.linalg.svd(root[:, None] * A, compute_uv=False)[-1])
    lam = smallest**2 * 2.0 ** -data.draw(st.integers(1, 30 if hard else 10))
    exact = oracles.intercept(p.X, p.y, lam, p.weights)
    allowed, _ = bounds_unequal.intercept(p.X, p.y, lam, p.weights, exact, squares=True)
    w, _ = impl.ridge_intercept(p.X, p.y, lam, *p.more)
    far = norm(oracles.rationals(w) - limit)
    says = "w is {} from its limit, where theory allows {}"
    within("ridge_intercept", far, 1.01 * lam / (smallest**2 + lam) * norm(limit), allowed, says, w, exact[0])


@pytest.mark.accuracy
@WEIGHTED
@pytest.mark.parametrize("lam", [0.0, 0.5])
@pytest.mark.parametrize("name", ["ridge_intercept", "ridge_intercept_path", "ridge_intercept_loo"])
def test_a_feature_that_never_changes_is_the_intercepts(impl, name, lam, weighted):
    """A feature of variance 0 among the samples that count has no weight, at any λ, and makes no NaN of the others."""
    rng = np.random.default_rng(7)
    for constant in (0.0, 3.0, -0.375):
        X = np.column_stack([plain(rng, (6,)), np.full(6, constant), plain(rng, (6,))])
        p = Offset(X, plain(rng, (6,)), np.array([1, 0.5, 2, 0, 1, 3]) if weighted else None, lam, 2)
        if weighted:
            X[3, 1] = 5
        if name == "ridge_intercept_loo":
            judge_loo(p, [lam], impl.ridge_intercept_loo(X, p.y, [lam], *p.more), hard=True)
            continue
        exact, bound = solved(p, hard=True)
        w, b = getattr(impl, name)(X, p.y, lam if name == "ridge_intercept" else [lam], *p.more)
        judge_both(name, (w, b) if name == "ridge_intercept" else (w[0], b[0]), exact, bound, p.dtype)


# ---- many λ ----------------------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@WEIGHTED
@given(data=st.data())
def test_a_path_with_an_intercept_is_the_solution_at_each_lam(impl, data, weighted, hard):
    """ridge_intercept_path(X, y, lams) is ridge_intercept at each λ, in their own order, repeated or none."""
    p, lams = data.draw(with_grid(weighted=weighted, hard=hard))
    got = impl.ridge_intercept_path(p.X, p.y, lams, *p.more)
    are_two("ridge_intercept_path", got)
    for part, shape in zip(got, [(len(lams), p.X.shape[1], *p.y.shape[1:]), (len(lams), *p.y.shape[1:])], strict=True):
        wrong = wrong_kind(part, shape, p.dtype)
        holds("ridge_intercept_path", not wrong, f"the result is {wrong}", got)
    for lam in dict.fromkeys(map(float, lams)):
        exact = oracles.intercept(p.X, p.y, lam, p.weights)
        bound = bounds_unequal.intercept(p.X, p.y, lam, p.weights, exact, p.rank, squares=not hard)
        for i in np.flatnonzero(lams == lam).tolist():
            judge_both("ridge_intercept_path", (got[0][i], got[1][i]), exact, bound, p.dtype, i=i)


@ORDINARY_AND_HARD
@WEIGHTED
@given(data=st.data())
def test_loo_with_an_intercept_is_the_mean_over_refits(impl, data, weighted, hard):
    """ridge_intercept_loo(X, y, lams) is Σ s_i (y_i − x_iᵀw₋ᵢ − b₋ᵢ)² / Σ s_i, refitted without each sample i."""
    p, lams = data.draw(with_grid(weighted=weighted, hard=hard, columns=False, low=2))
    judge_loo(p, lams, impl.ridge_intercept_loo(p.X, p.y, lams, *p.more), hard)


def judge_loo(p: Offset, lams: Any, got: Any, hard: bool) -> None:
    """The errors left out, at each λ, against those of exact refits."""
    wrong = wrong_kind(got, np.shape(lams), p.dtype)
    holds("ridge_intercept_loo", not wrong, f"the result is {wrong}", got)
    # A sample of weight 0 is none.
    s = np.ones(len(p.X), p.dtype) if p.weights is None else p.weights
    there, weights = (p.X[s > 0], p.y[s > 0]), s[s > 0]
    for lam in dict.fromkeys(map(float, lams)):  # of which some may be there twice
        refits = oracles.intercept_refits(*there, lam, weights)
        exact = oracles.intercept_loo(*there, refits, weights)
        bound = bounds_unequal.intercept_loo(*there, lam, weights, refits, squares=not hard)
        for i in np.flatnonzero(np.asarray(lams) == lam).tolist():
            judge("ridge_intercept_loo", got[i], exact, bound, dtype=p.dtype, i=i)


@pytest.mark.accuracy
def test_a_sample_that_outweighs_all_others_costs_no_digits(impl):
    """The error of a sample with nearly all of the weight is that of what the others fit, to the last digits."""
    # What its leverage leaves is 3e-4, and was a difference of numbers near 1: 2.2 times what is allowed.
    X, y = np.array([[-63.334844927015574], [0.6755708920785398]]), np.array([13.209993442598487, 1.2320304620658644])
    weights, lams = np.array([0.000244140625, 0.75]), np.array([1.0])
    refits = oracles.intercept_refits(X, y, lams[0], weights)
    exact = oracles.intercept_loo(X, y, refits, weights)
    bound = bounds_unequal.intercept_loo(X, y, 1.0, weights, refits)
    judge("ridge_intercept_loo", impl.ridge_intercept_loo(X, y, lams, weights)[0], exact, bound, dtype=X.dtype)


# ---- what is refused, and sizes of zero ------------------------------------------------------------------------------

ALL: list[tuple[str, Any]] = [
    ("ridge_intercept", 1.0),
    ("ridge_intercept_path", np.array([1.0, 0.0])),
    ("ridge_intercept_loo", np.array([1.0, 0.0])),
]
EACH = pytest.mark.parametrize(("name", "lam"), ALL, ids=[name for name, _ in ALL])


@pytest.mark.interface
@EACH
def test_weights_of_zero_alone_are_refused(impl, name, lam):
    """Where every sample has the weight 0 there is no mean: a ValueError that names the weights."""
    with refuses("a weight of 0 for every sample", ValueError, "sample_weight"):
        getattr(impl, name)(np.ones((3, 2)), np.ones(3), lam, np.zeros(3))


@pytest.mark.interface
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_sizes_of_zero_with_an_intercept(impl, shape):
    """Without samples w is 0 and the intercept, a mean over nothing, NaN; without features it is the mean of y."""
    n, d = shape
    lams = np.array([1.0, 0.0])
    for k in ((), (2,), (0,)):
        y = np.full((n, *k), 2.0)
        mean = np.full(k, np.nan if n == 0 else 2.0)
        w, b = impl.ridge_intercept(np.zeros(shape), y, 1.0)
        equal(w, np.zeros((d, *k)))
        equal(b, mean)
        W, b = impl.ridge_intercept_path(np.zeros(shape), y, lams)
        equal(W, np.zeros((2, d, *k)))
        equal(b, np.stack([mean, mean]))
    # What is left of y without its mean is left out as well as it can be predicted: by the mean of the others.
    expected = np.full(2, np.nan if n == 0 else 0.0)
    equal(impl.ridge_intercept_loo(np.zeros(shape), np.full(n, 2.0), lams), expected)
    equal(impl.ridge_intercept_loo(np.ones((2, 3)), np.ones(2), []), np.zeros((0,)))


@pytest.mark.interface
def test_a_single_sample_has_no_error_when_left_out(impl):
    """Of one sample, or one of positive weight, there is no other to predict it from: NaN, and no warning."""
    equal(impl.ridge_intercept_loo([[1.0]], [2.0], [1.0, 0.0]), [np.nan, np.nan])
    equal(impl.ridge_intercept_loo([[1.0], [3.0]], [2.0, 5.0], [1.0], [0.0, 2.0]), [np.nan])
