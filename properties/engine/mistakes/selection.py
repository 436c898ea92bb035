"""Chapter 3, the spectrum and the choice of λ: the right formulas, and the mistaken ones."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from flint import fmpq
from mpmath import mpf

from shrinkage.properties.engine import bounds_selection, oracles
from shrinkage.properties.engine.bounds import Bound, times
from shrinkage.properties.engine.mistakes.answers import Exact, Formula, Mistake, Sure, given, rounded
from shrinkage.properties.engine.mistakes.least_squares import kept, of_any_size, svd
from shrinkage.properties.engine.running_error import Carried, constant

Array = np.ndarray
Changed = Callable[[float, int, int], float]  # of λ, n and d


# ---- what is right ---------------------------------------------------------------------------------------------------


def _filter(f: Callable[[Carried, Carried], Carried]) -> Formula:
    """f(σ, λ) entry by entry, for positive λ."""

    def formula(s: Array, lam: float) -> Carried:
        if not lam > 0 or (s < 0).any():
            raise ValueError("to be refused, or a limit")
        return f(given(s)[0], constant(np.full(len(s), lam), np.float64, Sure)).rounded(s.dtype)

    return formula


def dof(X: Array, lam: float) -> Exact:
    """Σ σ²/(σ²+λ); the rank at λ = 0."""
    if lam == 0:
        return Exact(oracles.to_rational(kept(X, None)), bounds_selection.degrees_of_freedom(X, lam))
    return Exact(oracles.dof(of_any_size(X), lam), bounds_selection.degrees_of_freedom(X, lam))


def gcv(X: Array, y: Array, lam: float) -> Exact:
    """n ‖(I − H)y‖² / tr(I − H)²."""
    rank = kept(X, None)
    if rank != oracles.rank(of_any_size(X)) or not len(y):
        raise ValueError("rounding decides")
    bound = bounds_selection.generalised_cross_validation(X, y, lam, oracles.ridge(X, y, lam), rank)
    return Exact(oracles.gcv(X, y, lam), bound)


def loo(X: Array, y: Array, lam: float) -> Exact:
    """The mean over i of (y_i − x_iᵀ w₋ᵢ)²."""
    if not len(y):
        raise ValueError("of nothing")
    return Exact(oracles.loo(of_any_size(X), y, lam), bounds_selection.leave_one_out(X, y, lam))


def _each(one: Formula) -> Formula:
    """A formula for one λ, along several."""
    return lambda X, lams, **y: [one(X, *y.values(), float(lam)) for lam in lams]


RIGHT = {
    "ridge_inverse_singular_values": _filter(lambda s, lam: s / (s * s + lam)),
    "ridge_filter_factors": _filter(lambda s, lam: s * s / (s * s + lam)),
    "ridge_dof": _each(dof),
    "ridge_gcv": _each(gcv),
    "ridge_loo": _each(loo),
}


# ---- what is mistaken ------------------------------------------------------------------------------------------------


def _at(changed: Changed) -> dict[str, Formula]:
    """Everything of this file with another λ."""

    def of(one: Formula) -> Formula:
        return _each(lambda X, *rest: one(X, *rest[:-1], changed(rest[-1], *X.shape)))

    return {"ridge_dof": of(dof), "ridge_gcv": of(gcv), "ridge_loo": of(loo)}


def _filters(changed: Callable[[Carried], Carried]) -> dict[str, Formula]:
    """Both filters with another λ."""
    return {
        "ridge_inverse_singular_values": _filter(lambda s, lam: s / (s * s + changed(lam))),
        "ridge_filter_factors": _filter(lambda s, lam: s * s / (s * s + changed(lam))),
    }


def _trace_of(f: Callable[[Any, Any], Any]) -> Formula:
    """Σ f(σ, λ), within what the singular values may be off by; the rank at λ = 0."""

    def one(X: Array, lam: float) -> Exact:
        if lam == 0:
            return dof(X, lam)
        with mpmath.workdps(40):
            exact = sum((f(each, mpf(lam)) for each in svd(X)[1]), mpf(0))
        bound = bounds_selection.degrees_of_freedom(X, lam)
        return rounded(Exact(oracles.to_rational(exact), times(bound, 4)), X.dtype)

    return _each(one)


def _residual_dof(X: Array, lam: float) -> Exact:
    """The trace of I − H."""
    right = dof(X, lam)
    return Exact(len(X) - right.values, rounded(Exact(fmpq(len(X)), right.bound), X.dtype).bound)


def _count(of: Callable[[Array], int]) -> Formula:
    """A whole number in the place of the rank at λ = 0; elsewhere what is right."""
    return _each(lambda X, lam: Exact(fmpq(of(X)), Bound(0.0, "a count")) if lam == 0 else dof(X, lam))


def _count_more(k: int) -> Formula:
    return _count(lambda X: kept(X, None) + k)


def _changed(one: Formula, change: Callable[[fmpq, fmpq], Any]) -> Formula:
    """A score and the number of samples, made into something else; its relative error at most doubled."""

    def formula(X: Array, y: Array, lam: float) -> Exact:
        right = one(X, y, lam)
        value = oracles.to_rational(change(right.values, fmpq(len(y))))
        if right.bound.void or not right.values:
            raise ValueError("theory says nothing")
        relative = mpf(2) * right.bound.allowed / mpf(oracles.nearest(right.values))
        return rounded(Exact(value, Bound(relative * abs(oracles.nearest(value)), right.bound.source)), X.dtype)

    return _each(formula)


def _root(value: fmpq) -> mpf:
    with mpmath.workdps(40):
        return mpmath.sqrt(mpf(int(value.p)) / mpf(int(value.q)))


def _gcv_with(trace: Callable[[fmpq, fmpq, int, int], fmpq]) -> Formula:
    """n ‖(I − H)y‖² over the square of something else than tr(I − H): of that, of tr (I − H)², of n and d."""

    def one(X: Array, y: Array, lam: float) -> Exact:
        if not lam > 0:
            return gcv(X, y, lam)
        n, d, right = len(y), X.shape[1], gcv(X, y, lam)
        A = oracles.matrix(X)
        left = (A * A.transpose() + oracles.identity(n, lam)).inv() * oracles.identity(n, lam)
        squared = left * left
        first, second = (sum((M[i, i] for i in range(n)), fmpq(0)) for M in (left, squared))
        factor = (first / trace(first, second, n, d)) ** 2
        grown = mpf(4) * mpf(oracles.nearest(factor))
        return rounded(Exact(right.values * factor, times(right.bound, grown)), X.dtype)

    return _each(one)


def _training_error(X: Array, y: Array, lam: float) -> Exact:
    r = oracles.residual(X, y, oracles.ridge(of_any_size(X), y, lam))
    return Exact(oracles.sum_of_squares(r) / len(y), bounds_selection.leave_one_out(X, y, lam))


WRONG = [
    Mistake("λ doubled", "taking 2λ for λ", _at(lambda lam, n, d: 2 * lam) | _filters(lambda lam: lam * 2.0)),
    Mistake("λ halved", "taking λ/2 for λ", _at(lambda lam, n, d: lam / 2) | _filters(lambda lam: lam * 0.5)),
    Mistake("λ squared", "taking λ² for λ", _at(lambda lam, n, d: lam * lam) | _filters(lambda lam: lam * lam)),
    Mistake("√λ for λ", "taking √λ for λ", _at(lambda lam, n, d: lam**0.5) | _filters(lambda lam: lam.sqrt())),
    Mistake(
        "mean squared loss",
        "taking the mean of the squares for their sum, so that nλ stands where λ belongs",
        _at(lambda lam, n, d: n * lam),
    ),
    Mistake("λ divided by n", "taking λ/n for λ", _at(lambda lam, n, d: lam / n)),
    Mistake(
        "σ for σ²",
        "taking σ for σ²: σ/(σ+λ) for σ²/(σ²+λ), 1/(σ+λ) for σ/(σ²+λ)",
        {
            "ridge_inverse_singular_values": [
                _filter(lambda s, lam: s / (s + lam)),
                _filter(lambda s, lam: lam.like(np.ones(lam.shape)) / (s + lam)),
            ],
            "ridge_filter_factors": [
                _filter(lambda s, lam: s / (s + lam)),
                _filter(lambda s, lam: s / (s + lam.sqrt())),
            ],
            "ridge_dof": _trace_of(lambda s, lam: s / (s + lam)),
        },
    ),
    Mistake(
        "filter factors for inverse singular values",
        "giving σ²/(σ²+λ) where σ/(σ²+λ) is asked for",
        {"ridge_inverse_singular_values": RIGHT["ridge_filter_factors"]},
    ),
    Mistake(
        "inverse singular values for filter factors",
        "giving σ/(σ²+λ) where σ²/(σ²+λ) is asked for",
        {"ridge_filter_factors": RIGHT["ridge_inverse_singular_values"]},
    ),
    Mistake(
        "what is filtered out",
        "giving 1 − f, which is λ/(σ²+λ), for the factor f = σ²/(σ²+λ)",
        {
            "ridge_filter_factors": _filter(lambda s, lam: lam / (s * s + lam)),
            "ridge_dof": _each(_residual_dof),
        },
    ),
    Mistake(
        "tr H² for tr H",
        "summing the squares of the filter factors",
        {"ridge_dof": _trace_of(lambda s, lam: (s * s / (s * s + lam)) ** 2)},
    ),
    Mistake(
        "the number of features for the rank",
        "counting all features as degrees of freedom at λ = 0, where the rank is right",
        {"ridge_dof": _count(lambda X: X.shape[1])},
    ),
    Mistake(
        "cut-off of another size",
        "counting singular values that are zero but for rounding at λ = 0",
        {"ridge_dof": [_count_more(k) for k in range(1, 33)]},
    ),
    Mistake(
        "n missing",
        "leaving out a factor n, or having one too many",
        {
            "ridge_gcv": [
                _changed(gcv, lambda score, n: score / n),
                _changed(gcv, lambda score, n: score / n**2),
                _changed(gcv, lambda score, n: score * n),
            ]
        },
    ),
    Mistake(
        "sum for mean", "giving the sum over samples for their mean", {"ridge_loo": _changed(loo, lambda s, n: s * n)}
    ),
    Mistake(
        "n − 1 for n",
        "dividing by n − 1",
        {"ridge_loo": _changed(loo, lambda score, n: score * n / (n - 1))},
    ),
    Mistake(
        "the root of it",
        "giving the root of the mean square",
        {
            "ridge_gcv": _changed(gcv, lambda score, n: _root(score)),
            "ridge_loo": _changed(loo, lambda score, n: _root(score)),
        },
    ),
    Mistake(
        "another trace",
        "dividing by another count than tr(I − H): tr (I − H)², n − d or n",
        {
            "ridge_gcv": [
                _gcv_with(lambda trace, squared, n, d: squared),
                _gcv_with(lambda trace, squared, n, d: fmpq(n - d)),
                _gcv_with(lambda trace, squared, n, d: fmpq(n)),
                _gcv_with(lambda trace, squared, n, d: trace - max(n - d, 0)),
            ]
        },
    ),
    Mistake(
        "no sample left out",
        "giving the error on the samples that w was fitted to",
        {"ridge_loo": _each(_training_error)},
    ),
    Mistake("GCV for leave-one-out", "giving GCV where leave-one-out is asked for", {"ridge_loo": _each(gcv)}),
    Mistake(
        "leave-one-out for GCV", "giving the leave-one-out error where GCV is asked for", {"ridge_gcv": _each(loo)}
    ),
    Mistake(
        "the first λ for all",
        "taking the first λ for every λ",
        {
            "ridge_loo": lambda X, y, lams: RIGHT["ridge_loo"](X=X, lams=lams[[0] * len(lams)], y=y),
            "ridge_gcv": lambda X, y, lams: RIGHT["ridge_gcv"](X=X, lams=lams[[0] * len(lams)], y=y),
            "ridge_dof": lambda X, lams: RIGHT["ridge_dof"](X=X, lams=lams[[0] * len(lams)]),
        },
    ),
]
