"""Chapter 3, solutions and objective: the right formulas, and the mistaken ones. Normal equations are in `digits`."""

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
from flint import fmpq_mat
from mpmath import mpf

from shrinkage.properties.engine import bounds, bounds_selection, oracles
from shrinkage.properties.engine.bounds import SMALL, Bound, Problem, norm
from shrinkage.properties.engine.mistakes.answers import Exact, Formula, Mistake, rounded, times
from shrinkage.properties.engine.mistakes.least_squares import RANKS, first_for_all, lstsq, of_any_size, svd

Array = np.ndarray
Changed = Callable[[float, int, int], float]  # of λ, n and d
FORMS = tuple(bounds.RIDGE)


# ---- what is right, at any λ -----------------------------------------------------------------------------------------


def form(name: str) -> Formula:
    """(XᵀX + λI)⁻¹Xᵀy, within what is allowed to this form."""

    def solution(X: Array, y: Array, lam: float) -> Exact:
        if lam == 0 and name == "ridge":
            return lstsq(X, y)
        w = oracles.ridge(of_any_size(X), y, positive(lam))
        return Exact(w, bounds.RIDGE[name](X, y, lam, w))

    return solution


def positive(lam: float) -> float:
    """λ itself; ValueError where it is none."""
    if not lam > 0:
        raise ValueError("to be refused")
    return lam


def solution(X: Array, y: Array, lam: float) -> Exact:
    """(XᵀX + λI)⁻¹Xᵀy, within what is allowed to whatever form."""
    of_any_size(X)
    if lam < 0:
        return linear(_gram(X, lam), _against(X, y), X, y, lam)
    if lam == 0:
        return lstsq(X, y)
    w = oracles.ridge(X, y, lam)
    allowed = bounds.orthogonal(X, y, lam, w)
    for name in bounds.RIDGE:
        more = bounds.RIDGE[name](X, y, lam, w)
        allowed = allowed if more.void else allowed + more
    return Exact(w, allowed)


def linear(M: fmpq_mat, b: fmpq_mat, X: Array, y: Array, lam: float) -> Exact:
    """M⁻¹b, for an M of the size of XᵀX + λI and a b of that of Xᵀy: ‖δw‖ ≤ cu ‖M⁻¹‖ (‖M‖‖w‖ + ‖b‖)."""
    inverse = M.inv()
    w = oracles.like(inverse * b, y)
    p = Problem(X, np.zeros(len(X), X.dtype), 1.0, np.zeros(X.shape[1]))
    size = norm(X) ** 2 + abs(lam) * M.nrows()
    inverted, source = norm(oracles.entries(inverse)), "normal equations: Higham (2002), Theorem 7.2 and §20.4"
    if p.cu * size * inverted > SMALL:
        return Exact(w, Bound(np.inf, source))
    return Exact(w, p.allow(inverted * (size * norm(w) + norm(X) * norm(y)), source))


def _gram(X: Array, lam: Any) -> fmpq_mat:
    A = oracles.matrix(X)
    return A.transpose() * A + oracles.identity(A.ncols(), lam)


def _kernel(X: Array, lam: Any) -> fmpq_mat:
    return _gram(X.T, lam)


def _against(X: Array, y: Array) -> fmpq_mat:
    return oracles.matrix(X).transpose() * oracles.matrix(y)


def objective(X: Array, y: Array, w: Array, lam: float, fit: Any = 1) -> Exact:
    """‖y − Xw‖² + λ‖w‖², the first part times a factor."""
    bound = bounds_selection.objective(X, y, w, abs(lam))
    r, penalty = (oracles.objective(X, y, w, 0.0), oracles.to_rational(lam) * oracles.sum_of_squares(w))
    return Exact(r * fit + penalty, bound)


def jacobian(X: Array, y: Array, w: Array, lam: float, fit: Any = 1) -> Exact:
    """2(λwᵀ − (y − Xw)ᵀX), the second part times a factor."""
    _vector(y)
    pull = oracles.matvec(X.T, oracles.residual(X, y, w)) * fit
    row = 2 * (oracles.to_rational(lam) * oracles.rationals(w) - pull)[None]
    return Exact(row, bounds_selection.objective_jacobian(X, y, w, abs(lam)))


def _vector(y: Array) -> None:
    if y.ndim != 1:
        raise ValueError("to be refused")


def log_posterior(X: Array, y: Array, w: Array, lam: float) -> Exact:
    """−‖y − Xw‖²/(2λ) − ‖w‖²/2."""
    _vector(y)
    return Exact(oracles.log_posterior(X, y, w, positive(lam)), bounds_selection.log_posterior(X, y, w, lam))


def _log_of(fit: Callable[[Any], Any], prior: Callable[[Any], Any]) -> Formula:
    """−½ of a multiple of ‖y − Xw‖² and one of ‖w‖², both by λ."""

    def formula(X: Array, y: Array, w: Array, lam: float) -> Exact:
        exact, shift = oracles.objective(X, y, w, 0.0), oracles.to_rational(positive(lam))
        value = -(fit(shift) * exact + prior(shift) * oracles.sum_of_squares(w)) / 2
        larger = max(1.0, abs(lam), 1 / lam)
        return Exact(value, Bound(bounds_selection.objective(X, y, w, 1.0).allowed * mpf(larger), "inner products"))

    return formula


def covariance(X: Array, lam: float) -> Exact:
    """λ(XᵀX + λI)⁻¹."""
    exact = oracles.posterior_covariance(of_any_size(X), positive(lam))
    return Exact(exact, bounds_selection.posterior_covariance(X, lam))


def posterior(X: Array, y: Array, lam: float) -> tuple[Exact, Exact]:
    """The mean and the covariance."""
    w = oracles.ridge(of_any_size(X), y, positive(lam))
    return Exact(w, bounds.orthogonal(X, y, lam, w)), covariance(X, lam)


# ---- from one problem to several functions ---------------------------------------------------------------------------


def each_lam(one: Formula) -> Formula:
    """A formula for one λ, along several."""
    return lambda X, y, lams: [one(X=X, y=y, lam=float(lam)) for lam in lams]


def each_problem(one: Formula) -> Formula:
    """A formula for one problem, along a batch."""
    return lambda X, y, lam: [
        one(X=X[i], y=y[i], lam=float(each)) for i, each in enumerate(np.broadcast_to(np.asarray(lam), len(X)))
    ]


def solutions(one: Formula, forms: tuple[str, ...] = FORMS) -> dict[str, Formula]:
    """A formula for w in every form, along a path and in a batch."""
    return dict.fromkeys(forms, one) | {"ridge_path": each_lam(one), "ridge_batch": each_problem(one)}


def at(changed: Changed) -> dict[str, Formula]:
    """Everything of this file with another λ."""

    def of(one: Formula) -> Formula:
        return lambda X, y, lam, **w: one(X=X, y=y, lam=changed(lam, *X.shape), **w)

    return {
        **solutions(of(solution)),
        "ridge_objective": of(objective),
        "ridge_jacobian": of(jacobian),
        "ridge_log_posterior": of(log_posterior),
        "ridge_posterior": of(posterior),
    }


RIGHT: Mapping[str, Formula] = {
    **{name: form(name) for name in FORMS},
    "ridge_path": each_lam(form("ridge")),
    "ridge_batch": each_problem(form("ridge")),
    "ridge_objective": objective,
    "ridge_jacobian": jacobian,
    "ridge_log_posterior": log_posterior,
    "ridge_posterior": posterior,
}

FAKE = ("ridge_augmented_rows", "ridge_augmented_columns", "ridge")
SQUARED = at(lambda lam, n, d: lam * lam)
ROOT = at(lambda lam, n, d: lam**0.5)


def _only(names: tuple[str, ...], formulas: Mapping[str, Formula]) -> dict[str, Formula]:
    return {name: formula for name, formula in formulas.items() if name in names}


def _but(names: tuple[str, ...], formulas: Mapping[str, Formula]) -> dict[str, Formula]:
    return {name: formula for name, formula in formulas.items() if name not in names}


# ---- w by mistaken formulas ------------------------------------------------------------------------------------------


def filtered(inverse: Callable[[Any, Any], Any]) -> Formula:
    """V f(σ, λ) Uᵀy."""

    def formula(X: Array, y: Array, lam: float) -> Exact:
        U, s, Vt = svd(X)
        with mpmath.workdps(40):
            f = [inverse(each, mpf(lam)) for each in s]
            F = [
                [mpmath.fsum(Vt[k, i] * f[k] * U[j, k] for k in range(len(s))) for j in range(len(X))]
                for i in range(X.shape[1])
            ]
            # f moves by as much as σ does, cu ‖X‖, times its slope, which is at most f/σ for what is used here.
            p = Problem(X, np.zeros(len(X), X.dtype), lam, np.zeros(X.shape[1]))
            moved = max(
                (p.size * each / max(low, mpf(10) ** -30) for each, low in zip(f, s, strict=True)), default=mpf(0)
            )
        exact = np.array([[oracles.to_rational(v) for v in row] for row in F], object).reshape(X.shape[::-1])
        return Exact(exact @ oracles.rationals(y), p.allow(2 * moved * norm(y), "Weyl's inequality, and rotations"))

    return formula


def cut_off(rank: int) -> Formula:
    """V σ/(σ²+λ) Uᵀy of so many singular values."""

    def formula(X: Array, y: Array, lam: float) -> Exact:
        U, s, Vt = svd(X)
        if not lam > 0 or not 0 < rank < len(s) or not s[rank - 1]:
            raise ValueError("nothing is cut off")
        with mpmath.workdps(40):
            f = [each / (each * each + mpf(lam)) for each in s[:rank]]
            F = [
                [mpmath.fsum(Vt[k, i] * f[k] * U[j, k] for k in range(rank)) for j in range(len(X))]
                for i in range(X.shape[1])
            ]
        exact = np.array([[oracles.to_rational(v) for v in row] for row in F], object).reshape(X.shape[::-1])
        bound = bounds.truncated(X, s[rank - 1], s[rank])
        return Exact(exact @ oracles.rationals(y), bound if bound.void else bounds.times(bound, 2 * norm(y)))

    return formula


def centred(X: Array, y: Array, lam: float) -> Exact:
    """W beside an intercept that is not penalised: of X and y less their means."""
    A, b = (oracles.rationals(a) for a in (X, y))
    A, b = A - A.sum(axis=0) / len(X), b - b.sum(axis=0) / len(X)
    w = oracles.ridge(A, b, positive(lam))
    near, target = (oracles.floats(a).astype(X.dtype) for a in (A, b))
    off = bounds.normal(near, target, lam, w) + bounds.orthogonal(near, target, lam, w)
    grown = norm(X) / max(norm(near), mpf(10) ** -300) + norm(y) / max(norm(target), mpf(10) ** -300)
    return Exact(w, bounds.times(off, 1 + grown))


def with_ones(X: Array, y: Array, lam: float) -> Exact:
    """W beside an intercept that is penalised: the first d entries for [X 1]."""
    wide = solution(np.hstack([X, np.ones((len(X), 1), X.dtype)]), y, positive(lam))
    return Exact(wide.values[:-1], wide.bound)


def all_but_one(j: int) -> Formula:
    """One feature is not penalised."""

    def formula(X: Array, y: Array, lam: float) -> Exact:
        M = _gram(X, positive(lam))
        M[j % X.shape[1], j % X.shape[1]] -= oracles.to_rational(lam)
        return linear(M, _against(X, y), X, y, lam)

    return formula


def _everywhere(X: Array, y: Array, lam: float) -> Exact:
    return linear(_gram(X, 0) + _full_of(lam, X.shape[1]), _against(X, y), X, y, positive(lam) * X.shape[1])


def _everywhere_in_kernel(X: Array, y: Array, lam: float) -> Exact:
    K, shift = _kernel(X, 0) + _full_of(lam, len(X)), positive(lam) * len(X)
    return _times(X.T, linear(K, oracles.matrix(y), X.T, y, shift))


def _full_of(lam: float, size: int) -> fmpq_mat:
    return fmpq_mat(size, size, [oracles.to_rational(lam)] * size**2)


def _times(A: Array, answer: Exact) -> Exact:
    return Exact(oracles.rationals(A) @ answer.values, bounds.times(answer.bound, norm(A)))


def _square(X: Array) -> None:
    if X.shape[0] != X.shape[1]:
        raise ValueError("the shapes do not fit")


def _untransposed(X: Array, y: Array, lam: float) -> Exact:
    _square(X)
    return linear(_gram(X, positive(lam)), oracles.matrix(X) * oracles.matrix(y), X, y, lam)


def _other_gram(X: Array, y: Array, lam: float) -> Exact:
    _square(X)
    return linear(_kernel(X, positive(lam)), _against(X, y), X, y, lam)


def _kernel_untransposed(X: Array, y: Array, lam: float) -> Exact:
    _square(X)
    return _times(X, linear(_kernel(X, positive(lam)), oracles.matrix(y), X, y, lam))


def _several(lam: Any) -> Array:
    if not np.ndim(lam):
        raise ValueError("there is one only")
    return np.asarray(lam)


def _first_target(X: Array, y: Array, lam: float) -> Exact:
    return solution(X, first_for_all(y), lam)


def _first_penalty(X: Array, y: Array, w: Array, lam: float) -> Exact:
    fit = objective(X, y, w, lam)
    others = oracles.sum_of_squares(w) - oracles.sum_of_squares(first_for_all(w)[:, :1])
    return Exact(fit.values - oracles.to_rational(lam) * others, fit.bound)


def _means(formula: Formula) -> list[Formula]:
    """‖y − Xw‖²/n beside the penalty, or all of it by n."""
    return [
        lambda X, y, w, lam: formula(X, y, w, lam, fit=1 / oracles.to_rational(len(X))),
        lambda X, y, w, lam: times(formula(X, y, w, lam), 1 / oracles.to_rational(len(X)), X.dtype),
    ]


def _covariance(change: Callable[[Array, float, Exact], Exact]) -> Formula:
    """The right mean, with another covariance."""

    def formula(X: Array, y: Array, lam: float) -> tuple[Exact, Exact]:
        mean, right = posterior(X, y, lam)
        return mean, change(X, lam, right)

    return formula


def _by_lam(X: Array, lam: float, right: Exact) -> Exact:
    return times(right, 1 / oracles.to_rational(lam), X.dtype)


def _precision(X: Array, lam: float, right: Exact) -> Exact:
    M = oracles.entries(_gram(X, lam)) / oracles.to_rational(lam)
    return rounded(
        Exact(M, Bound((len(X) + 4) * bounds.unit_roundoff(X.dtype) * norm(X) ** 2 / lam, "Higham (2002), §3.5"))
    )


def _scaled(name: str, factor: float) -> Formula:
    return lambda X, **given: times(RIGHT[name](X=X, **given), factor, X.dtype)


WRONG = [
    Mistake("λ doubled", "taking 2λ for λ", at(lambda lam, n, d: 2 * lam)),
    Mistake("λ halved", "taking λ/2 for λ", at(lambda lam, n, d: lam / 2)),
    Mistake(
        "λ for √λ",
        "putting λ where √λ belongs: fake rows or columns of λI come to λ² for λ",
        _only(FAKE, SQUARED),
    ),
    Mistake("λ squared", "taking λ² for λ", _but(FAKE, SQUARED)),
    Mistake("√λ for λ", "taking √λ for λ", ROOT),
    Mistake("no λ", "leaving out λ", at(lambda lam, n, d: 0.0)),
    Mistake("λ of the wrong sign", "subtracting λ", at(lambda lam, n, d: -lam)),
    Mistake(
        "mean squared loss",
        "taking the mean of the squares for their sum, so that nλ stands where λ belongs",
        {
            **solutions(lambda X, y, lam: solution(X, y, lam * len(X))),
            "ridge_objective": _means(objective),
            "ridge_jacobian": _means(jacobian),
        },
    ),
    Mistake("λ divided by n", "taking λ/n for λ", at(lambda lam, n, d: lam / n)),
    Mistake(
        "λ added to every entry",
        "adding λ to every entry of XᵀX or XXᵀ, not to the diagonal",
        dict.fromkeys(FORMS, (_everywhere, _everywhere_in_kernel)),
    ),
    Mistake("σ for σ²", "filtering by σ/(σ+λ) instead of σ/(σ²+λ)", solutions(filtered(lambda s, lam: s / (s + lam)))),
    Mistake(
        "filter factors for inverse singular values",
        "weighting with σ²/(σ²+λ) where σ/(σ²+λ) belongs",
        solutions(filtered(lambda s, lam: s * s / (s * s + lam))),
    ),
    Mistake(
        "cut-off of another size",
        "cutting off small singular values, which λ > 0 makes unnecessary",
        {name: [formulas[name] for formulas in map(solutions, map(cut_off, RANKS))] for name in solutions(solution)},
    ),
    Mistake("an intercept", "fitting an intercept beside w, as if X and y were centred", solutions(centred)),
    Mistake("a column of ones", "adding a column of ones to X, penalised like the others", solutions(with_ones)),
    Mistake(
        "a feature is not penalised",
        "leaving the first or the last feature out of the penalty, as if it were the bias",
        dict.fromkeys(FORMS, (all_but_one(0), all_but_one(-1))),
    ),
    Mistake(
        "a transpose is missing",
        "taking X for Xᵀ, or XXᵀ for XᵀX, which only a square X lets pass",
        dict.fromkeys(FORMS, (_untransposed, _other_gram, _kernel_untransposed)),
    ),
    Mistake(
        "the first target for all",
        "taking the first target, or its w, for all of them",
        {**dict.fromkeys(FORMS, _first_target), "ridge_objective": _first_penalty},
    ),
    Mistake(
        "the first of a batch for all",
        "taking y or λ of the first problem for every problem of the batch",
        {
            "ridge_batch": [
                lambda X, y, lam: each_problem(solution)(X, y[[0] * len(y)], lam),
                lambda X, y, lam: each_problem(solution)(X, y, np.full(len(X), _several(lam)[0])),
            ]
        },
    ),
    Mistake(
        "λ in another order",
        "sorting the values of λ",
        {
            "ridge_path": [
                lambda X, y, lams: each_lam(solution)(X, y, np.sort(lams)),
                lambda X, y, lams: each_lam(solution)(X, y, np.sort(lams)[::-1]),
            ],
            "ridge_batch": lambda X, y, lam: each_problem(solution)(X, y, np.sort(_several(lam))),
        },
    ),
    Mistake(
        "factor 2",
        "leaving out the 2 of a derivative, or a ½, or adding one",
        {
            "ridge_objective": [_scaled("ridge_objective", 0.5), _scaled("ridge_objective", 2.0)],
            "ridge_jacobian": [_scaled("ridge_jacobian", 0.5), _scaled("ridge_jacobian", 2.0)],
            "ridge_log_posterior": [_scaled("ridge_log_posterior", 0.5), _scaled("ridge_log_posterior", 2.0)],
        },
    ),
    Mistake(
        "wrong sign",
        "giving the negative",
        {name: _scaled(name, -1.0) for name in (*FORMS, "ridge_jacobian", "ridge_log_posterior")},
    ),
    Mistake(
        "the residual's sign",
        "taking Xw − y for y − Xw in the derivative: the data pull the other way",
        {"ridge_jacobian": lambda X, y, w, lam: jacobian(X, y, w, lam, fit=-1)},
    ),
    Mistake(
        "Jacobian as a column",
        "making the Jacobian of a scalar a column instead of a row",
        {
            "ridge_jacobian": lambda **given: Exact(
                jacobian(**given).values.T, Bound(np.asarray(jacobian(**given).bound.allowed).T, "as the row's")
            )
        },
    ),
    Mistake(
        "Jacobian without its row",
        "giving the Jacobian of a scalar one axis, (d,), instead of (1, d)",
        {
            "ridge_jacobian": lambda **given: Exact(
                jacobian(**given).values[0], Bound(np.asarray(jacobian(**given).bound.allowed)[0], "as the row's")
            )
        },
    ),
    Mistake(
        "λ in the wrong place of the log posterior",
        "multiplying the prior by λ, or leaving λ out, where the squares are to be divided by 2λ",
        {
            "ridge_log_posterior": [
                _log_of(lambda lam: 1 / lam, lambda lam: lam),
                _log_of(lambda lam: 1, lambda lam: lam),
                _log_of(lambda lam: 1, lambda lam: 1),
                _log_of(lambda lam: lam, lambda lam: 1),
                _log_of(lambda lam: 1 / lam, lambda lam: 1 / lam),
            ]
        },
    ),
    Mistake(
        "no prior",
        "leaving out the prior",
        {"ridge_log_posterior": _log_of(lambda lam: 1 / lam, lambda lam: 0)},
    ),
    Mistake(
        "λ missing in the covariance",
        "giving (XᵀX + λI)⁻¹ for the covariance λ(XᵀX + λI)⁻¹: the noise's variance is left out",
        {"ridge_posterior": _covariance(_by_lam)},
    ),
    Mistake(
        "precision for covariance",
        "giving the precision I + XᵀX/λ for its inverse, the covariance",
        {"ridge_posterior": _covariance(_precision)},
    ),
]
