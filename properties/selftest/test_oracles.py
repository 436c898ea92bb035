"""The judges, judged: each exact answer by a second derivation, and error over bound by hand.

Everything here is in rationals, so equal means equal.
"""

import itertools
import math
from decimal import Context, Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import fmpq
from hypothesis import example
from hypothesis import strategies as st
from mpmath import mpf

from shrinkage.properties.engine import bounds, oracles, verdict
from shrinkage.properties.engine import oracles_networks as on_paper
from shrinkage.properties.engine.bounds import Bound
from shrinkage.properties.engine.running_error import given as carried
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import Planted, linear, of_rank, planted, ridge_problem, with_lams
from shrinkage.properties.engine.strategies.unequal import by_feature, offset, offset_of_rank
from shrinkage.properties.test_nist import SETS, certified

pytestmark = pytest.mark.power

SMALL = st.one_of(linear(hard=True, plain=True), of_rank(hard=True, plain=True))


@given(SMALL)
def test_pinv_satisfies_the_penrose_conditions_exactly(problem):
    """The exact pseudoinverse has XPX = X, PXP = P, and XP and PX symmetric: only one matrix has."""
    X, P = oracles.matrix(problem.X), oracles.matrix(oracles.pinv(problem.X))
    assert X * P * X == X
    assert P * X * P == P
    assert (X * P).transpose() == X * P
    assert (P * X).transpose() == P * X


@given(ridge_problem(hard=True))
def test_the_norm_of_the_solver_is_at_the_singular_value_where_it_is_largest(p):
    """The bounds look for max σ/(σ²+λ) beside √λ only: no σ, wherever rounding moves it to, gives more."""
    q = bounds.Problem(p.X, np.zeros(len(p.X), p.X.dtype), p.lam, np.zeros(p.X.shape[1]))
    peak, moved = mpmath.sqrt(q.lam), q.cu * q.size if p.lam else mpf(0)
    there = [s + sign * moved for s in q.s for sign in (-1, 1)] + [peak] * any(abs(s - peak) <= moved for s in q.s)
    found = max((s / (s * s + q.lam) for s in there if s > 0), default=mpf(0))
    assert abs(q.solver - found) <= 1e-12 * found


@given(of_rank(hard=True, plain=True))
def test_planted_ranks_are_exact(problem):
    """The rank that was planted is the exact rank of the floats."""
    assert oracles.rank(problem.X) == problem.rank


@given(planted())
def test_planted_spectra_are_exact(problem):
    """X = U diag(s) Vᵀ without any rounding, with orthonormal columns of U and V."""
    U, s, Vt = (oracles.rationals(a) for a in (problem.U, problem.s, problem.Vt))
    assert ((U * s) @ Vt == oracles.rationals(problem.X)).all()
    assert (np.eye(len(s), dtype=int) == U.T @ U).all()
    assert (Vt @ Vt.T == np.eye(len(s), dtype=int)).all()


@given(ridge_problem(hard=True, columns=False))
def test_ridge_is_where_the_objective_has_no_slope(p):
    """The exact w makes the derivative of the objective 0, and is Xᵀα for the exact α of the dual."""
    w = oracles.ridge(p.X, p.y, p.lam)
    assert not oracles.derivative(lambda w: oracles.objective(p.X, p.y, w, p.lam), w).any()
    assert (oracles.matvec(p.X.T, oracles.dual(p.X, p.y, p.lam)) == w).all()


@given(linear(hard=True, plain=True))
def test_ridge_is_least_squares_on_fake_data(p):
    """The exact w is that of least squares on [X; εI], [y; 0] with ε² = λ, here for a λ with a rational root."""
    root = fmpq(3, 8)
    rows = np.vstack([oracles.rationals(p.X), oracles.entries(oracles.identity(p.X.shape[1], root))])
    y = oracles.rationals(p.y)
    targets = np.concatenate([y, np.full((p.X.shape[1], *y.shape[1:]), fmpq(0))])
    assert (oracles.lstsq(rows, targets) == oracles.ridge(p.X, p.y, root**2)).all()


@given(linear(hard=True, plain=True, columns=False))
def test_posterior_covariance_is_the_inverse_of_the_precision(p):
    """The exact covariance times I + XᵀX/λ is I."""
    X = oracles.matrix(p.X)
    precision = oracles.identity(X.ncols()) + X.transpose() * X * (1 / oracles.to_rational(p.lam))
    assert oracles.matrix(oracles.posterior_covariance(p.X, p.lam)) * precision == oracles.identity(X.ncols())


@given(planted(), st.integers(-6, 6))
def test_the_choice_of_lam_by_singular_values(problem, power):
    """dof and GCV of a matrix with known singular values are the sums over them."""
    n, lam = len(problem.X), fmpq(2) ** power
    y = np.arange(1, n + 1).astype(problem.X.dtype)
    factors = oracles.filter_factors(problem.s, lam)
    assert oracles.dof(problem.X, lam) == sum(factors, fmpq(0))
    c = oracles.rationals(problem.U.T) @ oracles.rationals(y)
    # ‖(I − H)y‖² = ‖y‖² − Σ (1 − (1 − fᵢ)²) cᵢ²
    residual = oracles.sum_of_squares(y) - sum(((1 - (1 - f) ** 2) * x * x for f, x in zip(factors, c, strict=True)), 0)
    assert oracles.gcv(problem.X, y, lam) == n * residual / (n - sum(factors, fmpq(0))) ** 2


# (1, 2, 3, 4, 5) lies in the span of these orthonormal columns.
IN_RANGE = np.array([[-2, 2, 2, -2], [1, -1, 3, 1], [-1, 1, 1, 3], [3, 1, 1, -1], [1, 3, -1, 1]]) / 4


@given(planted())
# Here GCV tends to 0, and no difference is small relative to that.
@example(Planted(IN_RANGE, IN_RANGE, np.ones(4), np.eye(4)))
def test_gcv_is_continuous_at_zero(problem):
    """The exact GCV at λ = 0 is what it tends to as λ → 0, also where I − H vanishes."""
    y = np.arange(1, len(problem.X) + 1).astype(problem.X.dtype)
    lam = oracles.to_rational(2.0**-200)
    moved = abs(oracles.gcv(problem.X, y, lam) - oracles.gcv(problem.X, y, 0))
    # With ε = λ/σ²_min, each share λ/(σ²+λ) is at most ε, and tr(I − H) ≥ 1, so that GCV moves by at most
    # n‖y‖²(ε² + 2rε); where I − H vanishes, shares relative to each other move by ε and GCV by 5ε n‖y‖².
    epsilon = lam / oracles.to_rational(problem.s[-1]) ** 2
    assert moved <= 5 * len(problem.s) * len(y) * oracles.sum_of_squares(y) * epsilon


@given(with_lams(columns=False))
def test_loo_is_the_formula_where_it_holds(drawn):
    """For λ > 0 the exact refits have the errors (y − Hy)ᵢ/(1 − Hᵢᵢ) = αᵢ/(K⁻¹)ᵢᵢ."""
    p, lams = drawn
    for lam in lams[lams > 0]:
        A = oracles.matrix(p.X)
        K = A * A.transpose() + oracles.identity(A.nrows(), lam)
        alpha, inverse = oracles.dual(p.X, p.y, lam), K.inv()
        formula = np.array([a / inverse[i, i] for i, a in enumerate(alpha)], object)
        assert (oracles.loo_errors(p.X, p.y, lam) == formula).all()


@given(offset(weighted=True, hard=True), st.sampled_from([0, 1]))
def test_an_intercept_is_a_feature_of_ones_without_a_penalty(p, penalised):
    """The exact (w, b) makes the derivative of Σ sᵢ(yᵢ − xᵢᵀw − b)² + λ‖w‖² by w and by b zero, at λ = 0 too."""
    lam = p.lam * penalised
    w, b = oracles.intercept(p.X, p.y, lam, p.weights)
    pull = (oracles.rationals(p.weights) * (oracles.residual(p.X, p.y, w) - b).T).T
    assert not pull.sum(axis=0).any() if p.y.ndim == 2 else pull.sum() == 0
    assert (oracles.matvec(p.X.T, pull) == oracles.to_rational(lam) * w).all()


@given(st.booleans().flatmap(lambda weighted: offset_of_rank(weighted=weighted)))
def test_without_a_penalty_the_shortest_is_taken(p):
    """Of several w at λ = 0 the exact one is a combination of the samples about their mean, and so the shortest."""
    w, _ = oracles.intercept(p.X, p.y, 0, p.weights)
    A = oracles.centred(p.X, p.y, p.weights)[0]
    assert A.rank() == p.rank
    P = oracles.pseudoinverse(A) * A
    assert P * oracles.matrix(w) == oracles.matrix(w)


@given(by_feature(hard=True))
def test_ridge_by_feature_is_where_the_objective_has_no_slope(p):
    """The exact w solves (XᵀX + diag(λ))w = Xᵀy, and what no equation fixes of it is 0."""
    w, M = oracles.matrix(oracles.by_feature(p.X, p.y, p.lams)), oracles.curvature(p.X, p.lams)
    assert M * w == oracles.matrix(p.X).transpose() * oracles.matrix(p.y)
    assert oracles.pseudoinverse(M) * M * w == w


@given(offset(weighted=True, low=2, columns=False))
def test_loo_with_an_intercept_is_the_formula_where_it_holds(p):
    """For λ > 0 the refits have the errors rᵢ/(1 − Hᵢᵢ), H of [1 X] with the penalty on X alone."""
    there = p.weights > 0
    X, y, s = p.X[there], p.y[there], oracles.rationals(p.weights[there])
    A = oracles.matrix(np.column_stack([np.ones(len(X)), X]))
    scaled = oracles.matrix((oracles.entries(A) * s[:, None]).T)
    M = scaled * A
    for j in range(1, M.ncols()):
        M[j, j] += oracles.to_rational(p.lam)
    H = oracles.entries(A * M.inv() * scaled)
    errors = (oracles.rationals(y) - H @ oracles.rationals(y)) / (1 - np.diag(H))
    refits = oracles.intercept_refits(X, y, p.lam, p.weights[there])
    assert oracles.intercept_loo(X, y, refits, p.weights[there]) == (s * errors**2).sum() / s.sum()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_become_rationals_and_come_back(value):
    """A float, as a rational, is the same number; and so are a double-length integer and mpmath's float."""
    assert oracles.nearest(oracles.to_rational(value)) == value
    assert oracles.to_rational(mpf(value)) == oracles.to_rational(value)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=4), st.sampled_from([float, object]))
def test_sums_of_squares_are_exact(values, kind):
    """The sum of squares of floats is that of the rationals that they are."""
    exact = sum((Fraction(value) ** 2 for value in values), Fraction(0))
    assert oracles.sum_of_squares(np.array(values, kind)) == oracles.to_rational(exact)


@pytest.mark.parametrize(
    ("got", "exact", "allowed", "ratio"),
    [
        ([3.0, 4.0], [0, 0], 10.0, 0.5),  # the norm of the whole
        ([3.0, 4.0], [0, 0], [30.0, 8.0], 0.5),  # each entry
        ([[3.0, 0.0], [4.0, 1.0]], [[0, 0], [0, 0]], [10.0, 4.0], 0.5),  # each column
        ([1.0], [1], 0.0, 0.0),
        ([1.0 + 2.0**-52], [1], 0.0, math.inf),
        ([math.inf], [fmpq(2) ** 1024], 1.0, 0.0),  # past the range
        ([-math.inf], [fmpq(2) ** 1024], 1.0, math.inf),
        ([math.inf], [fmpq(2) ** 1000], 1.0, math.inf),
        ([5.0], [fmpq(2) ** 5000], mpf(2) ** 4990, 1024.0),  # no norm overflows
        ([1e-300], [fmpq(0)], 1e-320, 1e20),
        ([], [], 0.0, 0.0),
    ],
)
def test_error_over_bound(got, exact, allowed, ratio):
    """Error over bound is for the whole, for entries or for columns, exactly, at any size."""
    found = verdict.worst_ratio(np.array(got), np.array(exact, object), Bound(allowed, "by hand"))
    assert found == ratio or math.isclose(found, ratio, rel_tol=1e-3)


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))], ids=str)
@pytest.mark.parametrize("lr", [2.0**-1022, 2.0**-1060, 5e-324])
def test_a_bound_holds_for_any_order_of_a_product(order, lr):
    """Of lr, φ − y and x any two may come first, though that underflows before it is multiplied by the third."""
    x, y, b = 6.0, 0.003, 0.125
    one, two, three = (np.array([lr, b - y, x])[i] for i in order)
    sample = carried(x, y, 0.0, b)
    w, _ = on_paper.unit_step(sample[0], sample[1], sample[2], sample[3], lr)
    assert verdict.worst_ratio(np.array(-(one * two) * three), w.values, w.answer[1]) <= 1


@pytest.mark.parametrize(
    ("got", "dtype", "words"),
    [
        (np.array([math.nan, 1.0]), None, "NaN"),
        (np.zeros((2, 1)), None, "shape"),
        (np.zeros(2, np.float32), np.float64, "float64 was expected"),
        (np.zeros(2, complex), None, "not real numbers"),
        (np.zeros(2, int), np.float64, "float64 was expected"),
        (None, np.float64, "not real numbers"),
    ],
    ids=["NaN", "shape", "precision", "complex", "integers", "nothing"],
)
def test_what_is_no_answer_fails_in_words(got, dtype, words):
    """A NaN, a wrong shape, a wrong dtype and no answer at all are no error to measure: they fail in words."""
    assert words in verdict.wrong_kind(got, (2,), dtype)


@pytest.mark.parametrize("data", SETS)
def test_what_nist_certifies_follows_from_the_data_in_every_digit(data):
    """No number of the copy in nist.toml is off: the weights, and the residual standard deviation, are NIST's."""
    p, rounded = certified(data), Context(prec=15)
    X = np.array(p.columns, object).T
    w = oracles.lstsq(X, p.target)
    for value, right in zip(w, p.weights, strict=True):
        assert rounded.divide(Decimal(int(value.p)), Decimal(int(value.q))) == right
    variance = oracles.sum_of_squares(oracles.residual(X, p.target, w)) / (len(X) - len(w) or 1)
    exact = Context(prec=40)
    deviation = exact.sqrt(exact.divide(Decimal(int(variance.p)), Decimal(int(variance.q))))
    assert rounded.plus(deviation) == Decimal(SETS[data]["deviation"])
