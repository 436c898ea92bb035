"""Chapters 2 and 3: how the solution changes when the problem does, in ways that lose no digit of the data."""

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import strategies as st

from shrinkage.properties.engine import bounds, bounds_selection, bounds_unequal, oracles
from shrinkage.properties.engine.bounds import norm
from shrinkage.properties.engine.bounds_textbook import theory
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import (
    DTYPES,
    ORDINARY_AND_HARD,
    SEEDS,
    Linear,
    linear,
    of_rank,
    reflections,
)
from shrinkage.properties.engine.verdict import holds, judge, within
from shrinkage.properties.test_least_squares import TALL
from shrinkage.properties.test_ridge import solve

Problem = tuple[np.ndarray, np.ndarray, float]
Change = Callable[[np.ndarray, np.ndarray, float, np.random.Generator], tuple[Problem, Callable[[Any], Any]]]


def _same(w: Any) -> Any:
    return w


def _samples_reordered(X: Any, y: Any, lam: float, rng: np.random.Generator) -> Any:
    order = rng.permutation(len(X))
    return (X[order], y[order], lam), _same


def _samples_rotated(X: Any, y: Any, lam: float, rng: np.random.Generator) -> Any:
    Q = reflections(len(X), rng).astype(X.dtype)
    return (Q @ X, Q @ y, lam), _same


def _features_rotated(X: Any, y: Any, lam: float, rng: np.random.Generator) -> Any:
    Q = reflections(X.shape[1], rng)
    return (X @ Q.astype(X.dtype), y, lam), lambda w: oracles.entries(oracles.matrix(Q.T) * oracles.matrix(w))


def _target_scaled(X: Any, y: Any, lam: float, rng: np.random.Generator) -> Any:
    return (X, -4 * y, lam), lambda w: -4 * w


def _data_and_lam_scaled(X: Any, y: Any, lam: float, rng: np.random.Generator) -> Any:
    return (8 * X, y, 64 * lam), lambda w: w / 8


def _everything_twice(X: Any, y: Any, lam: float, rng: np.random.Generator) -> Any:
    return (np.concatenate([X, X]), np.concatenate([y, y]), 2 * lam), _same


def _sample_of_zeros(X: Any, y: Any, lam: float, rng: np.random.Generator) -> Any:
    row = rng.integers(0, len(X) + 1)
    return (np.insert(X, row, 0, axis=0), np.insert(y, row, 3, axis=0), lam), _same


def _feature_of_zeros(X: Any, y: Any, lam: float, rng: np.random.Generator) -> Any:
    column = rng.integers(0, X.shape[1] + 1)
    return (np.insert(X, column, 0, axis=1), y, lam), lambda w: np.insert(w, column, oracles.to_rational(0), axis=0)


def _another_target(X: Any, y: Any, lam: float, rng: np.random.Generator) -> Any:
    both = np.stack([y, rng.integers(-9, 10, len(y)).astype(y.dtype)], axis=1)
    other = oracles.ridge(X, both[:, 1], lam)
    return (X, both, lam), lambda w: np.stack([w.reshape(-1), other], axis=1)


def beside(p: Linear) -> st.SearchStrategy[int]:
    """Powers of four beside ‖X‖²: whatever the rank, XᵀX + λI is well conditioned."""
    unit = int(np.frexp(abs(p.X).max())[1])
    return st.integers(unit - 3, unit)


CHANGES: dict[str, Change] = {
    "the samples in another order": _samples_reordered,
    "an orthogonal change of the samples": _samples_rotated,
    "an orthogonal change of the features": _features_rotated,
    "y times -4": _target_scaled,
    "X times 8 and lam times 64": _data_and_lam_scaled,
    "every sample twice and lam times 2": _everything_twice,
    "a sample of zeros more": _sample_of_zeros,
    "a feature of zeros more": _feature_of_zeros,
    "a target more": _another_target,
}


@ORDINARY_AND_HARD
@pytest.mark.parametrize("form", [*bounds.RIDGE, "lstsq"])
@given(data=st.data())
def test_the_solution_follows_a_change_of_the_problem(impl, form, data, hard):
    """Rotated, reordered, scaled or repeated data, and features or samples of zeros, change w as they should."""
    p, change = data.draw(of_rank(hard=hard, plain=True, columns=False)), data.draw(st.sampled_from(sorted(CHANGES)))
    power, seed = data.draw(st.integers(-6, 6) if hard else beside(p)), data.draw(SEEDS)
    lam = 0.0 if form == "lstsq" else 4.0**power
    (X, y, changed_lam), follow = CHANGES[change](p.X, p.y, lam, np.random.default_rng(seed))
    exact = follow(oracles.ridge(p.X, p.y, lam)).reshape(X.shape[1], *y.shape[1:])
    if form == "lstsq":
        bound = theory(hard).least_squares(X, y, 0.0, exact, rank=p.rank)
        judge(form, impl.lstsq(X, y), exact, bound, dtype=p.dtype, change=change)
        return
    bound = theory(hard).RIDGE[form](X, y, changed_lam, exact)
    w = solve(impl, form, X, y, changed_lam, bound)
    if w is not None:
        judge(form, w, exact, bound, dtype=p.dtype, change=change)


@ORDINARY_AND_HARD
@pytest.mark.parametrize("form", bounds.RIDGE)
@given(data=st.data())
def test_a_repeated_sample_is_a_weighted_one(impl, form, data, hard):
    """A sample that is there t² times counts as one whose x and y are t times as large."""
    p, times = data.draw(linear(hard=hard, plain=True, columns=False)), data.draw(st.integers(2, 4))
    row = data.draw(st.integers(0, len(p.X) - 1))
    X, y = p.X.copy(), p.y.copy()
    X[row], y[row] = times * X[row], times * y[row]
    many = [*range(len(p.X)), *[row] * (times**2 - 1)]
    exact, weighted = oracles.ridge(p.X[many], p.y[many], p.lam), oracles.ridge(X, y, p.lam)
    # t·x is rounded once, unless t is a power of two: the two problems are as far apart as their exact solutions.
    apart = bounds.Bound(norm(exact - weighted), "data rounded once")
    bound = theory(hard).RIDGE[form](p.X[many], p.y[many], p.lam, exact) + apart
    w = solve(impl, form, p.X[many], p.y[many], p.lam, bound)
    if w is not None:
        judge(form, w, weighted, bound, dtype=p.dtype)


@ORDINARY_AND_HARD
@pytest.mark.parametrize("form", bounds.RIDGE)
@given(data=st.data())
def test_the_norm_falls_and_the_residual_rises_with_lam(impl, form, data, hard):
    """For λ < λ', ‖w‖ is no smaller at λ, and ‖y − Xw‖ no larger."""
    p = data.draw(linear(hard=hard, plain=True, columns=False))
    larger = p.lam * 2.0 ** data.draw(st.integers(1, 8))
    exact = [oracles.ridge(p.X, p.y, lam) for lam in (p.lam, larger)]
    bound = [theory(hard).RIDGE[form](p.X, p.y, lam, w) for lam, w in zip((p.lam, larger), exact, strict=True)]
    w = [solve(impl, form, p.X, p.y, lam, b) for lam, b in zip((p.lam, larger), bound, strict=True)]
    if w[0] is None or w[1] is None:
        return
    both, where = bound[0].allowed + bound[1].allowed, f"at λ = {p.lam} and {larger}"
    room = bounds.Bound(both, bound[0].source)
    within(form, norm(w[1]), norm(w[0]), room, f"‖w‖ rises {where}: to {{}} from at most {{}}", w[1], exact[1])
    residual, room = [norm(oracles.residual(p.X, p.y, each)) for each in w], bounds.Bound(norm(p.X) * both, room.source)
    within(form, residual[0], residual[1], room, f"‖y − Xw‖ falls {where}: from {{}} to at least {{}}", w[0], exact[0])


@ORDINARY_AND_HARD
@given(data=st.data())
def test_the_degrees_of_freedom_fall_from_the_rank(impl, data, hard):
    """ridge_dof is the rank at λ = 0, falls as λ rises, and stays above 0 as long as X is not 0."""
    full = linear(shape=None if hard else TALL, hard=hard, plain=True, columns=False)
    p = data.draw(st.one_of(full, of_rank(hard=True, plain=True, columns=False)) if hard else full)
    size = float(norm(p.X))
    lams = np.array([0.0, *(size**2 * 10.0 ** np.arange(-3, 4))], p.dtype) if size else np.array([0.0, 1.0], p.dtype)
    dof = impl.ridge_dof(p.X, lams)
    room = [theory(hard).degrees_of_freedom(p.X, float(lam)) for lam in lams]
    judge("ridge_dof", dof[0], p.rank, room[0])
    for i in range(1, len(lams)):
        both = bounds.Bound(room[i].allowed + room[i - 1].allowed, room[i].source)
        says, expected = f"{{}} at λ = {lams[i]}, after {{}}", f"numbers above 0 that fall from {p.rank}"
        within("ridge_dof", float(dof[i]), float(dof[i - 1]), both, says, dof, expected)
        holds("ridge_dof", (dof[i] > 0) == (p.rank > 0), f"{dof[i]} at λ = {lams[i]}", dof, expected)


# ---- features of samples of their own --------------------------------------------------------------------------------
# Where no sample has two features, XᵀX is diagonal, and w_j = x_jᵀy / (‖x_j‖² + λ). A Householder vector has the
# samples of its own feature, and one that moves to another row: whatever it adds to other features are sums of products
# with 0, which are exact. So XᵀX, QR and the SVD leave each feature alone, and its error is that of a problem of one
# column, of whatever size the others are (Higham 2002, Lemmas 19.2 and 19.3, by columns). That does not hold of
# XXᵀ + λI and of [X √λI], whose columns have samples in common.

ALONE = "each column by itself: Higham (2002), Lemmas 19.2 and 19.3; Björck (1996), §1.4.3"
TOGETHER: dict[str, Callable[..., Any]] = {
    "lstsq": lambda call, X, y, lam: call(X, y),
    "pinv": lambda call, X, y, lam: call(X).T,
    **dict.fromkeys(
        ("ridge_normal", "ridge_svd", "ridge_map", "ridge_augmented_rows", "ridge"), lambda call, *p: call(*p)
    ),
    "ridge_path": lambda call, X, y, lam: call(X, y, np.array([lam, 4 * lam], X.dtype))[0],
    "ridge_batch": lambda call, X, y, lam: call(np.stack([X[::-1], X]), np.stack([y, y]), lam)[1],
    "ridge_by_feature": lambda call, X, y, lam: call(X, y, np.full(X.shape[1], lam, X.dtype)),
    "ridge_posterior": lambda call, X, y, lam: call(X, y, lam),
}


def in_samples_of_their_own(rng: np.random.Generator, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """X of features with one to three samples each, in any order, up to 2^40 apart in size, 2^16 in float32; and y."""
    sizes = rng.integers(1, 4, 4)
    X = np.zeros((sizes.sum() + 1, 4))
    for j, rows in enumerate(np.split(rng.permutation(len(X)), np.cumsum(sizes))[:4]):
        X[rows, j] = np.ldexp(
            rng.uniform(1, 2, len(rows)) * rng.choice([-1, 1], len(rows)), -j * (13 if dtype == np.float64 else 5)
        )
    return X[:, rng.permutation(4)].astype(dtype), rng.uniform(1, 2, len(X)).astype(dtype)


def of_one(function: str, x: np.ndarray, y: np.ndarray, lam: float) -> list[bounds.Bound]:
    """What theory allows of each part of the answer about this column."""
    if function == "pinv":
        return [bounds.pseudoinverse(x, 1)]
    exact = oracles.ridge(x, y, lam)
    if function == "ridge_by_feature":
        return [bounds_unequal.by_feature(x, y, np.array([lam], x.dtype), exact)]
    own = bounds.RIDGE[function if function in bounds.RIDGE else "ridge"](x, y, lam, exact)
    return [own, bounds_selection.posterior_covariance(x, lam)] if function == "ridge_posterior" else [own]


@pytest.mark.accuracy
@pytest.mark.parametrize("function", TOGETHER)
def test_features_of_other_samples_are_each_as_accurate_as_alone(impl, function):
    """Where no sample has two features, each has its own digits, however much smaller it is than the others."""
    for seed, dtype in itertools.product(range(4), DTYPES):
        X, y = in_samples_of_their_own(np.random.default_rng(seed), dtype)
        lam = (
            0.0 if function in ("lstsq", "pinv") else float(X.dtype.type(np.linalg.norm(X[:, seed].astype(float)) ** 2))
        )
        n, d = X.shape
        by_column = [of_one(function, x[:, None], np.where(x, y, y.dtype.type(0)), lam) for x in X.T]
        every = bounds.rounding(n, d, dtype) / bounds.rounding(n, 1, dtype)  # sums are of this size
        parts = [np.array([bound.allowed * every for bound in part], object) for part in zip(*by_column, strict=True)]
        got = TOGETHER[function](getattr(impl, function), X, y, lam)
        exact = oracles.pinv(X).T if function == "pinv" else oracles.ridge(X, y, lam)
        if function == "ridge_posterior":
            got, covariance = got
            allowed = np.vectorize(mpmath.sqrt, otypes=[object])(np.outer(parts[1], parts[1]))
            of_precision = oracles.posterior_covariance(X, lam)
            judge(function, covariance, of_precision, bounds.Bound(allowed, ALONE), dtype=dtype)
        judge(function, got, exact, bounds.Bound(parts[0], ALONE), dtype=dtype)
