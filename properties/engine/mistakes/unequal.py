"""Chapter 3, an intercept, weights, and a λ for each feature: the right formulas, and the mistaken ones."""

from collections.abc import Callable
from typing import Any

import numpy as np

from shrinkage.properties.engine import bounds_unequal, oracles
from shrinkage.properties.engine.mistakes.answers import Exact, Formula, Mistake, rounded, times
from shrinkage.properties.engine.mistakes.least_squares import first_for_all, of_any_size
from shrinkage.properties.engine.mistakes.ridge import linear

Array = np.ndarray
Weights = Array | None
Pair = tuple[Exact, Exact]
Changed = Callable[[float, float, int], float]  # of λ, the sum of the weights, and n


# ---- what is right ---------------------------------------------------------------------------------------------------


def intercept(X: Array, y: Array, lam: float, sample_weight: Weights = None) -> Pair:
    """The w and the b that minimise Σ s_i (y_i − x_iᵀw − b)² + λ‖w‖²."""
    _regular(X, lam, sample_weight)
    w, b = oracles.intercept(of_any_size(X), y, lam, sample_weight)
    rank = None if lam else oracles.centred(X, y, sample_weight)[0].rank()
    of_w, of_b = bounds_unequal.intercept(X, y, lam, sample_weight, (w, b), rank, squares=lam > 0)
    return Exact(w, of_w), Exact(b, of_b)


def _regular(X: Array, lam: float, sample_weight: Weights) -> None:
    """ValueError for what is to be refused, or where rounding decides upon the rank."""
    s = np.ones(len(X)) if sample_weight is None else sample_weight
    if lam < 0 or (s < 0).any() or not (s > 0).any():
        raise ValueError("to be refused")
    if lam == 0:
        kept = X[s > 0] - X[s > 0].mean(axis=0)
        sizes = np.linalg.svd(kept, compute_uv=False)
        if ((sizes > 1e-13 * sizes.max(initial=0)) & (sizes < 1e-4 * sizes.max(initial=0))).any():
            raise ValueError("rounding decides")


def intercept_loo(X: Array, y: Array, lam: float, sample_weight: Weights = None) -> Exact:
    """Σ s_i (y_i − x_iᵀ w₋ᵢ − b₋ᵢ)² / Σ s_i."""
    _regular(X, lam, sample_weight)
    if not lam > 0:
        raise ValueError("a limit")
    s = np.ones(len(X), X.dtype) if sample_weight is None else sample_weight
    X, y, s = of_any_size(X)[s > 0], y[s > 0], s[s > 0]
    refits = oracles.intercept_refits(X, y, lam, s)
    bound = bounds_unequal.intercept_loo(X, y, lam, s, refits, squares=True)
    return Exact(oracles.intercept_loo(X, y, refits, s), bound)


def _fitted(X: Array, y: Array, lam: float, sample_weight: Weights = None) -> Exact:
    """The mean of the squared residuals of the fit itself, within what a refit is allowed."""
    answer = oracles.intercept(X, y, lam, sample_weight)
    bound = intercept_loo(X, y, lam, sample_weight).bound
    return Exact(oracles.intercept_loo(X, y, [answer] * len(y), sample_weight), bound)


def by_feature(X: Array, y: Array, lams: Array) -> Exact:
    """The shortest w among those that minimise ‖y − Xw‖² + Σ λ_j w_j²."""
    if (lams < 0).any():
        raise ValueError("to be refused")
    w = oracles.by_feature(of_any_size(X), y, lams)
    return Exact(w, bounds_unequal.by_feature(X, y, lams, w, squares=True))


def _along(one: Formula) -> Formula:
    """w and b at each of several λ."""

    def path(X: Array, y: Array, lams: Array, sample_weight: Weights = None) -> tuple[list[Exact], list[Exact]]:
        each = [one(X=X, y=y, lam=float(lam), sample_weight=sample_weight) for lam in lams]
        return [w for w, _ in each], [b for _, b in each]

    return path


def _scores(one: Formula) -> Formula:
    return lambda X, y, lams, sample_weight=None: [
        one(X=X, y=y, lam=float(lam), sample_weight=sample_weight) for lam in lams
    ]


RIGHT: dict[str, Formula] = {
    "ridge_intercept": intercept,
    "ridge_intercept_path": _along(intercept),
    "ridge_intercept_loo": _scores(intercept_loo),
    "ridge_by_feature": by_feature,
}


# ---- what is mistaken ------------------------------------------------------------------------------------------------


def _solutions(one: Formula) -> dict[str, Formula]:
    """A formula for w and b, at one λ and along several."""
    return {"ridge_intercept": one, "ridge_intercept_path": _along(one)}


def _given(change: Callable[..., dict[str, Any]]) -> dict[str, Formula]:
    """Everything with an intercept, of λ, y or weights made into something else."""

    def of(one: Formula) -> Formula:
        def formula(X: Array, y: Array, lam: float, sample_weight: Weights = None) -> Any:
            named = {"X": X, "y": y, "lam": lam, "sample_weight": sample_weight}
            return one(**(named | change(**named)))

        return formula

    return {**_solutions(of(intercept)), "ridge_intercept_loo": _scores(of(intercept_loo))}


def _weights(sample_weight: Weights) -> Array:
    if sample_weight is None:
        raise ValueError("there are none")
    return sample_weight


def _at(changed: Changed) -> dict[str, Formula]:
    """Everything of this file with another λ."""

    def moved(X: Array, lam: float, sample_weight: Weights, **rest: Any) -> dict[str, Any]:
        total = float(len(X) if sample_weight is None else sample_weight.sum())
        return {"lam": changed(lam, total, len(X))}

    def features(X: Array, y: Array, lams: Array) -> Exact:
        return by_feature(X, y, np.array([changed(float(lam), float(len(X)), len(X)) for lam in lams], lams.dtype))

    return {**_given(moved), "ridge_by_feature": features}


def _either(*several: dict[str, Formula]) -> dict[str, list[Formula]]:
    """Several ways to have the same mistake."""
    return {name: [ways[name] for ways in several] for name in several[0]}


def _with(ones: bool) -> Formula:
    """W without an intercept, or with one that is penalised like a feature of ones."""

    def formula(X: Array, y: Array, lam: float, sample_weight: Weights = None) -> Pair:
        s = np.ones(len(X), X.dtype) if sample_weight is None else sample_weight
        A = np.hstack([X, np.ones((len(X), 1), X.dtype)]) if ones else X
        scaled = oracles.matrix((oracles.rationals(A) * oracles.rationals(s)[:, None]).T)
        M = scaled * oracles.matrix(A) + oracles.identity(A.shape[1], lam)
        root = np.sqrt(s)
        v = linear(M, scaled * oracles.matrix(y), root[:, None] * A, (root * y.T).T, lam)
        if ones:
            return Exact(v.values[:-1], v.bound), Exact(v.values[-1], v.bound)
        return v, Exact(np.zeros(y.shape[1:]))

    return formula


def _b(change: Callable[[Exact, Array, Weights], Exact]) -> Formula:
    """The right w, with another b."""

    def formula(X: Array, y: Array, lam: float, sample_weight: Weights = None) -> Pair:
        w, b = intercept(X, y, lam, sample_weight)
        return w, change(b, y, sample_weight)

    return formula


def _mean_of_y(b: Exact, y: Array, sample_weight: Weights) -> Exact:
    s = oracles.rationals(np.ones(len(y)) if sample_weight is None else sample_weight)
    mean = (oracles.rationals(y).T @ s) / s.sum()
    return rounded(Exact(mean, b.bound), y.dtype)


WRONG = [
    Mistake("λ doubled", "taking 2λ for λ", _at(lambda lam, total, n: 2 * lam)),
    Mistake("λ halved", "taking λ/2 for λ", _at(lambda lam, total, n: lam / 2)),
    Mistake("λ squared", "taking λ² for λ", _at(lambda lam, total, n: lam * lam)),
    Mistake("√λ for λ", "taking √λ for λ", _at(lambda lam, total, n: lam**0.5)),
    Mistake(
        "mean squared loss",
        "taking the mean of the squares for their sum, so that nλ stands where λ belongs",
        _either(_at(lambda lam, total, n: total * lam), _at(lambda lam, total, n: n * lam)),
    ),
    Mistake("λ divided by n", "taking λ/n for λ", _at(lambda lam, total, n: lam / total)),
    Mistake("a penalised bias", "penalising the intercept like a feature of ones", _solutions(_with(ones=True))),
    Mistake("no intercept", "leaving out the intercept", _solutions(_with(ones=False))),
    Mistake("the mean of y for b", "giving ȳ for b, without x̄ᵀw", _solutions(_b(_mean_of_y))),
    Mistake(
        "the sign of x̄ᵀw",
        "adding x̄ᵀw to ȳ for b, where it is to be subtracted",
        _solutions(_b(lambda b, y, s: Exact(2 * _mean_of_y(b, y, s).values - b.values, _mean_of_y(b, y, s).bound))),
    ),
    Mistake(
        "weights ignored",
        "leaving out sample_weight",
        _given(lambda sample_weight, **rest: {"sample_weight": 0 * _weights(sample_weight) + 1}),
    ),
    Mistake(
        "weights squared",
        "multiplying rows by their weights, not by the roots of them, so that s² stands where s belongs",
        _given(lambda sample_weight, **rest: {"sample_weight": _weights(sample_weight) ** 2}),
    ),
    Mistake(
        "the first target for all",
        "taking the first target for all of them",
        _solutions(lambda X, y, lam, sample_weight=None: intercept(X, first_for_all(y), lam, sample_weight))
        | {"ridge_by_feature": lambda X, y, lams: by_feature(X, first_for_all(y), lams)},
    ),
    Mistake(
        "one λ for all features",
        "taking the first λ, or their mean, for every feature",
        {
            "ridge_by_feature": [
                lambda X, y, lams: by_feature(X, y, lams[[0] * len(lams)]),
                lambda X, y, lams: by_feature(X, y, np.full(len(lams), lams.mean(), lams.dtype)),
            ]
        },
    ),
    Mistake(
        "λ in another order",
        "sorting the values of λ",
        {
            "ridge_by_feature": lambda X, y, lams: by_feature(X, y, np.sort(lams)),
            "ridge_intercept_path": lambda X, y, lams, sample_weight=None: _along(intercept)(
                X, y, np.sort(lams), sample_weight
            ),
        },
    ),
    Mistake(
        "sum for mean",
        "giving the sum over samples for their mean",
        {
            "ridge_intercept_loo": _scores(
                lambda X, y, lam, sample_weight: times(
                    intercept_loo(X, y, lam, sample_weight),
                    float(len(X) if sample_weight is None else sample_weight.sum()),
                    X.dtype,
                )
            )
        },
    ),
    Mistake(
        "no sample left out",
        "giving the error on the samples that w was fitted to",
        {"ridge_intercept_loo": _scores(_fitted)},
    ),
]
