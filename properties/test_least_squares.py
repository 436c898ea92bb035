"""Chapter 2: the pseudoinverse, the one-sided inverses, least squares and minimum norm."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example
from hypothesis import strategies as st

from shrinkage.properties.engine import bounds, oracles
from shrinkage.properties.engine.bounds import EXACT, norm, times
from shrinkage.properties.engine.bounds_textbook import theory
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import (
    DTYPES,
    ORDINARY_AND_HARD,
    Linear,
    Planted,
    linear,
    of_rank,
    planted,
    shapes,
)
from shrinkage.properties.engine.verdict import judge, refuses

TALL = shapes().map(lambda shape: (max(shape), min(shape)))
WIDE = shapes().map(lambda shape: (min(shape), max(shape)))


# ---- the pseudoinverse -----------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_pinv_is_the_moore_penrose_inverse(impl, data, hard):
    """pinv(X) is V Σ† Uᵀ for any shape, condition and scale."""
    X = data.draw(linear(hard=hard, columns=False)).X
    judge("pinv", impl.pinv(X), oracles.pinv(X), theory(hard).pseudoinverse(X, min(X.shape)), dtype=X.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_pinv_counts_zero_singular_values_as_zero(impl, data, hard):
    """pinv(X) is V Σ† Uᵀ where X has any rank, and 0 where X is 0."""
    problem = data.draw(of_rank(hard=hard, columns=False))
    X, bound = problem.X, theory(hard).pseudoinverse(problem.X, problem.rank)
    judge("pinv", impl.pinv(X), oracles.pinv(X), bound, dtype=X.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_pinv_satisfies_the_four_penrose_conditions(impl, data, hard):
    """P = pinv(X) has XPX = X, PXP = P, and XP and PX are symmetric."""
    problem = data.draw(of_rank(hard=hard, plain=True, columns=False))
    X, P = problem.X, impl.pinv(problem.X)
    error = theory(hard).pseudoinverse(X, problem.rank)
    A, B = oracles.matrix(X), oracles.matrix(P)
    size, answer = norm(X), norm(P)
    # Each follows from ‖P − X†‖ ≤ error: the left sides are polynomials in P that are right for X†.
    product, other = oracles.entries(A * B), oracles.entries(B * A)
    for left, right, factor in (
        (oracles.entries(A * B * A), X, size**2),
        (oracles.entries(B * A * B), P, 1 + 2 * size * answer + size * error.allowed),
        (product, product.T, 2 * size),
        (other, other.T, 2 * size),
    ):
        judge("pinv", left, right, times(error, factor))


@st.composite
def of_any_size(draw: Any) -> Planted:
    """Well separated singular values below a largest one that is not 1, where an absolute cut-off would look right."""
    problem, unit = draw(planted(steps=(0, 3, 4))), draw(st.sampled_from([0, 9, -9]))
    return replace(problem, X=np.ldexp(problem.X, unit), s=np.ldexp(problem.s, unit))


@st.composite
def cut(draw: Any) -> tuple[Planted, int, float, bounds.Bound]:
    """A matrix, how many of its singular values count, an rcond between those and the next, and what pinv is allowed.

    The rcond may be as near to either as a singular value, by Weyl's inequality, may be off.
    """
    problem = draw(of_any_size())
    X, s = problem.X, problem.s.astype(float)
    rank = draw(st.integers(1, len(s)).filter(lambda k: k == len(s) or s[k] < s[k - 1]))
    kept, dropped = float(s[rank - 1]), float(s[rank]) if rank < len(s) else 0.0
    room = 4 * float(bounds.rounding(len(X), X.shape[1], X.dtype))
    rcond = draw(st.sampled_from([(kept + dropped) / 2 / s[0], kept / s[0] - room, dropped / s[0] + room]))
    return problem, rank, rcond, bounds.truncated(X, kept, dropped)


@pytest.mark.accuracy
@given(cut())
def test_rcond_says_what_counts_as_zero(impl, drawn):
    """With rcond, a singular value at most rcond · σ_max counts as zero and a larger one does not: pinv."""
    problem, rank, rcond, bound = drawn
    judge("pinv", impl.pinv(problem.X, rcond), problem.pinv(rank), bound, dtype=problem.X.dtype)


@pytest.mark.accuracy
@given(cut())
def test_lstsq_leaves_out_what_rcond_says(impl, drawn):
    """With rcond, a singular value at most rcond · σ_max counts as zero and a larger one does not: lstsq."""
    problem, rank, rcond, bound = drawn
    X = problem.X
    y = np.arange(1, len(X) + 1).astype(X.dtype)
    exact = problem.pinv(rank) @ oracles.rationals(y)
    judge("lstsq", impl.lstsq(X, y, rcond), exact, times(bound, 2 * norm(y)), dtype=X.dtype)


@pytest.mark.accuracy
@pytest.mark.parametrize("name", ["pinv", "lstsq"])
@given(p=linear(hard=True), rcond=st.sampled_from([1.0, 1.5, 1e300]))
def test_an_rcond_of_one_leaves_nothing(impl, name, p, rcond):
    """No singular value is larger than σ_max: from rcond = 1 on, pinv and lstsq are 0, without any rounding."""
    got = impl.pinv(p.X, rcond) if name == "pinv" else impl.lstsq(p.X, p.y, rcond)
    shape = p.X.T.shape if name == "pinv" else (p.X.shape[1], *p.y.shape[1:])
    judge(name, got, np.zeros(shape), EXACT, dtype=p.dtype)


@st.composite
def at_the_default_rcond(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    """A permuted diagonal matrix, with values above and below max(m, n) · eps · σ_max; and without those below.

    They have so few bits that their squares are held, so that a reflection, which takes their root, rounds nothing; and
    so few columns, also with as many rows of zeros below them, that LAPACK's divide and conquer, which mixes them, does
    not begin (SMLSIZ = 25).
    """
    small = shapes().filter(lambda sides: max(sides) <= 25)  # in a hunt they are larger
    m, n = draw(st.one_of(small, st.sampled_from([(2, 24), (24, 2), (1, 9), (9, 1)])))  # the sides far apart
    dtype, unit = draw(st.sampled_from(DTYPES)), draw(st.sampled_from([1.0, 2.0**9, 2.0**-9]))
    count = min(m, n)
    rank = draw(st.integers(1, count))
    edge = max(m, n) * float(np.finfo(dtype).eps)
    above, below = draw(st.sampled_from([(17 / 16, 15 / 16), (4, 1 / 4)]))
    X = np.zeros((m, n))
    X[np.arange(count), np.arange(count)] = [1.0, *[above * edge] * (rank - 1), *[below * edge] * (count - rank)]
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    X = (unit * X[rng.permutation(m)][:, rng.permutation(n)]).astype(dtype)
    return X, np.where(abs(X) > unit * edge, X, 0)


def swapped() -> tuple[np.ndarray, np.ndarray]:
    """One of them, wide, of which the weights are 2e15 and a tenth of that."""
    X = np.zeros((10, 20))
    X[range(10), [9, 2, 19, 3, 10, 11, 7, 4, 15, 0]] = [1.0 if i == 1 else 85 * 2.0**-54 for i in range(10)]
    return X, X


# At λ = 0, or without any, and for an X and y.
CUT_OFF: dict[str, Callable[[Any, np.ndarray, np.ndarray], Any]] = {
    "pinv": lambda impl, X, y: impl.pinv(X),
    "lstsq": lambda impl, X, y: impl.lstsq(X, y),
    "left_inverse": lambda impl, X, y: impl.left_inverse(X),
    "right_inverse": lambda impl, X, y: impl.right_inverse(X),
    "min_norm": lambda impl, X, y: impl.min_norm(X, y),
    "ridge": lambda impl, X, y: impl.ridge(X, y, 0.0),
    "ridge_path": lambda impl, X, y: impl.ridge_path(X, y, np.zeros(1, X.dtype))[0],
    "ridge_batch": lambda impl, X, y: impl.ridge_batch(X[None], y[None], 0.0)[0],
    "ridge_by_feature": lambda impl, X, y: impl.ridge_by_feature(X, y, np.zeros(X.shape[1], X.dtype)),
    "ridge_dof": lambda impl, X, y: impl.ridge_dof(X, np.zeros(1, X.dtype))[0],
    "ridge_gcv": lambda impl, X, y: impl.ridge_gcv(X, y, np.zeros(1, X.dtype))[0],
}


@pytest.mark.accuracy
@pytest.mark.parametrize("name", CUT_OFF)
@given(drawn=at_the_default_rcond())
@example(drawn=swapped())  # that entries do not mix at all is so of the SVD, and not of QR nor of LAPACK's gelsd
def test_default_rcond_is_the_larger_size_times_eps(impl, name, drawn):
    """Where no rcond is given, σ ≤ max(m, n) · eps · σ_max counts as zero, and what is larger does not."""
    X, kept = drawn
    m, n = X.shape
    rank, y = np.count_nonzero(kept), np.arange(1, m + 1).astype(X.dtype)
    needed = {"left_inverse": n, "right_inverse": m, "min_norm": m}.get(name, 0)
    if rank < needed:
        with refuses("an X without full rank", ValueError, "X"):
            CUT_OFF[name](impl, X, y)
        return
    if name == "ridge_gcv" and rank == m:
        return  # a limit, of other sums
    zero, there = oracles.to_rational(0.0), kept.any(axis=1)
    inverse = np.array([[1 / oracles.to_rational(v) if v else zero for v in row] for row in kept.T]).reshape(n, m)
    exact: Any = inverse if name in ("pinv", "left_inverse", "right_inverse") else inverse @ oracles.rationals(y)
    if name == "ridge_dof":
        exact = np.asarray(rank)
    elif name == "ridge_gcv":
        exact = np.asarray(oracles.sum_of_squares(y[~there]) * m / (m - rank) ** 2)
    # A permutation mixes nothing, whatever the condition, but a reflection that swaps two entries rounds their sum: of
    # min(m, n) of them each adds 8 u of the norm (Higham 2002, Lemma 19.3). gcv is a sum over y.
    u, swaps = bounds.unit_roundoff(X.dtype), 8 * (1 + min(m, n))
    allowed = swaps * u * bounds.norm(oracles.floats(exact))
    if name in ("ridge_dof", "ridge_gcv"):
        allowed = (8 + (4 * m if name == "ridge_gcv" else 0)) * u * abs(oracles.floats(exact))
    bound = bounds.Bound(allowed, "a permutation of what a diagonal matrix has")
    judge(name, CUT_OFF[name](impl, X, y), exact, bound, dtype=X.dtype)


@st.composite
def apart(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    """A diagonal of 1, of what is anywhere below, the largest subnormal number too, and of 0; and an Xw."""
    (m, n), dtype = draw(shapes()), draw(st.sampled_from(DTYPES))
    tiny, count = np.finfo(dtype).tiny, min(m, n) - 1
    powers = st.integers(1, -int(np.finfo(dtype).minexp)).map(lambda k: np.ldexp(1.0, -k))
    below = st.one_of(powers, st.just(np.nextafter(tiny, dtype(0))), st.just(0.0))
    X, rng = np.zeros((m, n), dtype), np.random.default_rng(draw(st.integers(0, 99)))
    X[range(count + 1), range(count + 1)] = [1.0, *draw(st.lists(below, min_size=count, max_size=count))]
    return X, X @ rng.integers(1, 9, n).astype(dtype)


@pytest.mark.accuracy
@pytest.mark.parametrize("name", ["pinv", "lstsq"])
@given(apart())
def test_at_rcond_0_all_but_0_counts(impl, name, drawn):
    """With rcond = 0, a singular value counts as zero where it is 0, and a subnormal one does not, for both."""
    X, y = drawn
    zero = oracles.to_rational(0.0)
    exact = np.array([[1 / oracles.to_rational(v) if v else zero for v in row] for row in X.T])
    got = impl.pinv(X, 0.0) if name == "pinv" else impl.lstsq(X, y, 0.0)
    exact = exact if name == "pinv" else exact @ oracles.rationals(y)
    # On a diagonal no factorisation has anything to turn: each entry is a quotient of two floats.
    bound = bounds.Bound(8 * bounds.unit_roundoff(X.dtype) * oracles.floats(exact), "entries that do not mix")
    judge(name, got, exact, bound, dtype=X.dtype)


# ---- the one-sided inverses ------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_left_inverse_is_the_pseudoinverse_of_full_column_rank(impl, data, hard):
    """left_inverse(X) is (XᵀX)⁻¹Xᵀ, as accurate as from the SVD."""
    X = data.draw(linear(shape=TALL, hard=hard, columns=False)).X
    bound = theory(hard).pseudoinverse(X, X.shape[1])
    judge("left_inverse", impl.left_inverse(X), oracles.pinv(X), bound, dtype=X.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_right_inverse_is_the_pseudoinverse_of_full_row_rank(impl, data, hard):
    """right_inverse(X) is Xᵀ(XXᵀ)⁻¹, as accurate as from the SVD."""
    X = data.draw(linear(shape=WIDE, hard=hard, columns=False)).X
    bound = theory(hard).pseudoinverse(X, X.shape[0])
    judge("right_inverse", impl.right_inverse(X), oracles.pinv(X), bound, dtype=X.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_left_inverse_undoes_the_matrix(impl, data, hard):
    """left_inverse(X) @ X = I."""
    X = data.draw(linear(shape=TALL, hard=hard, plain=True, columns=False)).X
    product = oracles.entries(oracles.matrix(impl.left_inverse(X)) * oracles.matrix(X))
    judge("left_inverse", product, np.eye(X.shape[1]), times(theory(hard).pseudoinverse(X, X.shape[1]), norm(X)))


@ORDINARY_AND_HARD
@given(data=st.data())
def test_right_inverse_is_undone_by_the_matrix(impl, data, hard):
    """X @ right_inverse(X) = I."""
    X = data.draw(linear(shape=WIDE, hard=hard, plain=True, columns=False)).X
    product = oracles.entries(oracles.matrix(X) * oracles.matrix(impl.right_inverse(X)))
    judge("right_inverse", product, np.eye(X.shape[0]), times(theory(hard).pseudoinverse(X, X.shape[0]), norm(X)))


DEFICIENT = of_rank(hard=True)


@pytest.mark.interface
@given(DEFICIENT.filter(lambda problem: problem.rank < problem.X.shape[1]))
def test_left_inverse_refuses_a_matrix_without_full_column_rank(impl, problem):
    """left_inverse(X) is a ValueError that names X unless X has full column rank."""
    with refuses("an X without full column rank", ValueError, "X"):
        impl.left_inverse(problem.X)


@pytest.mark.interface
@given(DEFICIENT.filter(lambda problem: problem.rank < problem.X.shape[0]))
def test_right_inverse_refuses_a_matrix_without_full_row_rank(impl, problem):
    """right_inverse(X) is a ValueError that names X unless X has full row rank."""
    with refuses("an X without full row rank", ValueError, "X"):
        impl.right_inverse(problem.X)


@pytest.mark.interface
@given(DEFICIENT.filter(lambda problem: problem.rank < problem.X.shape[0]))
def test_min_norm_refuses_a_matrix_without_full_row_rank(impl, problem):
    """min_norm(X, y) is a ValueError that names X unless X has full row rank, even where Xw = y has a solution."""
    with refuses("an X without full row rank", ValueError, "X"):
        impl.min_norm(problem.X, problem.y)


# ---- least squares and minimum norm ----------------------------------------------------------------------------------


def judge_lstsq(impl: Any, p: Linear, hard: bool) -> None:
    """Lstsq against the exact answer, target by target."""
    exact = oracles.lstsq(p.X, p.y)
    bound = theory(hard).least_squares(p.X, p.y, 0.0, exact, rank=p.rank)
    judge("lstsq", impl.lstsq(p.X, p.y), exact, bound, dtype=p.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_lstsq_is_the_least_squares_solution(impl, data, hard):
    """lstsq(X, y) minimises ‖Xw − y‖, and where X has more columns than rows it is the shortest that does."""
    judge_lstsq(impl, data.draw(linear(shape=None if hard else TALL, hard=hard)), hard)


@pytest.mark.mathematics
@given(linear(shape=WIDE))
def test_lstsq_of_too_few_equations_is_the_shortest_solution(impl, p):
    """lstsq(X, y) is the shortest w with Xw = y where X has more columns than rows."""
    judge_lstsq(impl, p, hard=False)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_lstsq_is_the_shortest_solution_at_any_rank(impl, data, hard):
    """lstsq(X, y) minimises ‖Xw − y‖ and is the shortest that does, where X has any rank."""
    judge_lstsq(impl, data.draw(of_rank(hard=hard)), hard)


@pytest.mark.accuracy
@given(linear(hard=True))
def test_lstsq_refined_is_right_in_every_digit(impl, p):
    """lstsq(X, y, refine=True) has each weight to a rounding or two, for any condition, residual and scales."""
    impl.needs("lstsq", "refine")
    exact = oracles.lstsq(p.X, p.y)
    judge("lstsq", impl.lstsq(p.X, p.y, refine=True), exact, bounds.refined(p.X, p.y, exact), dtype=p.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_lstsq_leaves_a_residual_across_the_columns_and_nothing_in_the_null_space(impl, data, hard):
    """For w = lstsq(X, y), Xᵀ(y − Xw) = 0 and w is in the range of Xᵀ: the two conditions that make it the shortest."""
    p = data.draw(of_rank(hard=hard, plain=True, columns=False))
    w, exact = impl.lstsq(p.X, p.y), oracles.lstsq(p.X, p.y)
    error = theory(hard).least_squares(p.X, p.y, 0.0, exact, rank=p.rank)
    gradient = oracles.matvec(p.X.T, oracles.residual(p.X, p.y, w))
    judge("lstsq", gradient, np.zeros(len(w)), times(error, norm(p.X) ** 2))
    # X†X = X†X', with X' the rows of X: what it leaves of w is w's part in the null space.
    projected = oracles.matvec(oracles.pinv(p.X), oracles.matvec(p.X, w))
    judge("lstsq", oracles.rationals(w) - projected, np.zeros(len(w)), error)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_min_norm_is_the_shortest_solution(impl, data, hard):
    """min_norm(X, y) is the shortest w with Xw = y, for any condition and scale."""
    p = data.draw(linear(shape=WIDE, hard=hard))
    exact = oracles.lstsq(p.X, p.y)
    bound = theory(hard).least_squares(p.X, p.y, 0.0, exact)
    judge("min_norm", impl.min_norm(p.X, p.y), exact, bound, dtype=p.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_min_norm_solves_the_equations(impl, data, hard):
    """X @ min_norm(X, y) = y."""
    p = data.draw(linear(shape=WIDE, hard=hard, plain=True, columns=False))
    w = impl.min_norm(p.X, p.y)
    error = theory(hard).least_squares(p.X, p.y, 0.0, oracles.lstsq(p.X, p.y))
    judge("min_norm", oracles.matvec(p.X, w), p.y, times(error, norm(p.X)))
