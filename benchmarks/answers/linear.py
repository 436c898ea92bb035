"""The answers for chapters 1 to 3: forms, least squares, ridge regression."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from mpmath import mpf

from benchmarks.answers import precise
from benchmarks.answers.measured import Answer, answers, given, registering
from properties import bounds, bounds_selection
from properties.bounds import Bound

ANSWERS: dict[str, Callable[..., list[Answer]]] = {}
gives = registering(ANSWERS)

# ---- chapter 1 -------------------------------------------------------------------------------------------------------


@gives("linear_form")
def _linear_form(x: np.ndarray, c: np.ndarray) -> list[Answer]:
    x, c = given(x, c)
    return answers((x * c).sum())


@gives("linear_form_jacobian")
def _linear_form_jacobian(x: np.ndarray, c: np.ndarray) -> list[Answer]:
    return [(c[None, :], bounds.EXACT)]


@gives("squared_norm")
def _squared_norm(x: np.ndarray) -> list[Answer]:
    return _linear_form(x, x)


@gives("squared_norm_jacobian")
def _squared_norm_jacobian(x: np.ndarray) -> list[Answer]:
    return [(2 * x[None, :], bounds.EXACT)]


@gives("matvec")
def _matvec(A: np.ndarray, x: np.ndarray) -> list[Answer]:
    A, x = given(A, x)
    return answers(A @ x)


@gives("matvec_jacobian")
def _matvec_jacobian(A: np.ndarray, x: np.ndarray) -> list[Answer]:
    return [(A, bounds.EXACT)]


@gives("quadratic_form")
def _quadratic_form(A: np.ndarray, x: np.ndarray) -> list[Answer]:
    A, x = given(A, x)
    return answers(x @ (A @ x))


@gives("quadratic_form_jacobian")
def _quadratic_form_jacobian(A: np.ndarray, x: np.ndarray) -> list[Answer]:
    A, x = given(A, x)
    return answers((A @ x + A.T @ x)[None, :])


# ---- chapters 2 and 3 ------------------------------------------------------------------------------------------------


@gives("pinv left_inverse right_inverse")
def _pinv(X: np.ndarray) -> list[Answer]:
    return [(precise.pseudoinverse(X), bounds.pseudoinverse(X, min(X.shape)))]


def _solved(bound: Callable[..., Bound], X: np.ndarray, y: np.ndarray, lam: float) -> list[Answer]:
    w = precise.ridge(X, y, np.array([lam]))[0]
    return [(w, bound(X, y, lam, w))]


@gives("lstsq min_norm")
def _lstsq(X: np.ndarray, y: np.ndarray) -> list[Answer]:
    return _solved(bounds.least_squares, X, y, 0.0)


for _name, _bound in bounds.RIDGE.items():
    gives(_name)(functools.partial(_solved, _bound))


@gives("ridge_posterior")
def _posterior(X: np.ndarray, y: np.ndarray, lam: float) -> list[Answer]:
    covariance = lam * next(precise.gram_inverses(X, [lam]))
    return [*_solved(bounds.orthogonal, X, y, lam), (covariance, bounds_selection.posterior_covariance(X, lam))]


def _each(values: Iterable[Any], allowed: Iterable[Bound]) -> list[Answer]:
    """One answer, each entry of which has a bound of its own."""
    each = list(allowed)
    return [(np.array(list(values), precise.Wide), Bound(np.array([b.allowed for b in each]), each[0].source))]


@gives("ridge_path")
def _path(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> list[Answer]:
    w = precise.ridge(X, y, lams)
    allowed = [bounds.orthogonal(X, y, float(lam), row) for lam, row in zip(lams, w, strict=True)]
    # Each row has a bound for its norm, and so has the whole.
    return [(w, Bound(np.linalg.norm([b.allowed for b in allowed]), allowed[0].source))]


@gives("ridge_dof")
def _dof(X: np.ndarray, lams: np.ndarray) -> list[Answer]:
    each = [
        X.shape[1] - lam * np.trace(inverse) for lam, inverse in zip(lams, precise.gram_inverses(X, lams), strict=True)
    ]
    return _each(each, (bounds_selection.degrees_of_freedom(X, float(lam)) for lam in lams))


@gives("ridge_gcv")
def _gcv(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> list[Answer]:
    (n, d), (dof, _) = X.shape, _dof(X, lams)[0]
    w = precise.ridge(X, y, lams)
    r = y - w @ X.T.astype(precise.Wide)
    allowed = (
        bounds_selection.generalised_cross_validation(X, y, float(lam), row, d)
        for lam, row in zip(lams, w, strict=True)
    )
    return _each(n * (r * r).sum(axis=1) / (n - dof) ** 2, allowed)


@gives("ridge_loo")
def _loo(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> list[Answer]:
    w = precise.ridge(X, y, lams)
    # What is left of XᵀX without a row, for every row: how far each refit is from losing rank.
    spectra = np.linalg.eigvalsh(X.T @ X - X[:, :, None] * X[:, None, :])
    inverses = precise.gram_inverses(X, lams)
    pairs = [_left_out(X, y, *each, spectra) for each in zip(lams, w, inverses, strict=True)]
    return _each(*zip(*pairs, strict=True))


def _left_out(
    X: np.ndarray, y: np.ndarray, lam: float, w: np.ndarray, inverse: np.ndarray, spectra: np.ndarray
) -> tuple[Any, Bound]:
    """The mean of eᵢ² by eᵢ = rᵢ/(1 − hᵢ), and `bounds_selection.leave_one_out` for all the refits at once."""
    leverage = precise.product(X, inverse)  # XM⁻¹, whose row i is the direction in which w₋ᵢ moves
    r = y - X.astype(precise.Wide) @ w
    e = r / (1 - (leverage * X).sum(axis=1))
    refits = np.linalg.norm((w - leverage * e[:, None]).astype(float), axis=1)
    others = (r + (leverage.astype(float) @ X.T) * e[:, None]).astype(float)  # the residuals of refit i, and own eᵢ
    rest = np.sqrt(np.maximum((others**2).sum(axis=1) - (e * e).astype(float), 0))
    p = bounds.Problem(X, y, float(lam), w)
    cu, size, norm_y = float(p.cu), float(p.size), float(p.y)
    solver = (np.sqrt(spectra) / (spectra + lam)).max(axis=1)
    moves = size * (rest / (spectra[:, 0] + lam) + solver * refits) + solver * norm_y
    moved = np.linalg.norm(X, axis=1) * moves + norm_y + size * refits
    total = (2 * abs(e) + cu * moved) * moved + e * e
    source = "first-order perturbation of the data by c u, in each refit: Björck (1996), §1.4.3; Wedin (1973)"
    return (e * e).mean(), Bound(cu * float(total.mean()), source)


@gives("ridge_batch")
def _batch(X: np.ndarray, y: np.ndarray, lam: float) -> list[Answer]:
    w = np.array([precise.ridge(*one, np.array([lam]))[0] for one in zip(X, y, strict=True)])
    # All problems together are one, with the X of each as a block on the diagonal.
    p = bounds.Problem(X[0], y[0], lam, w[0])
    residual = y - np.einsum("bnd,bd->bn", X, w)
    p.s = np.array([mpf(float(s)) for s in np.linalg.svd(X, compute_uv=False).flat], object)
    p.size, p.low = max(p.s), min(p.s)
    p.y, p.w, p.r = (mpf(float(np.linalg.norm(a.astype(float)))) for a in (y, w, residual))
    p.alpha = p.r / p.lam
    return [(w, bounds.orthogonal.__wrapped__(p))]  # type: ignore[attr-defined]


@gives("ridge_objective")
def _objective(X: np.ndarray, y: np.ndarray, w: np.ndarray, lam: float) -> list[Answer]:
    X, y, w = given(X, y, w)
    r = y - X @ w
    return answers((r * r).sum() + lam * (w * w).sum())


@gives("ridge_log_posterior")
def _log_posterior(X: np.ndarray, y: np.ndarray, w: np.ndarray, lam: float) -> list[Answer]:
    X, y, w = given(X, y, w)
    r = y - X @ w
    return answers((r * r).sum() * -0.5 / lam - (w * w).sum() * 0.5)


@gives("ridge_jacobian")
def _jacobian(X: np.ndarray, y: np.ndarray, w: np.ndarray, lam: float) -> list[Answer]:
    X, y, w = given(X, y, w)
    return answers(((lam * w - X.T @ (y - X @ w)) * 2)[None, :])


@gives("ridge_inverse_singular_values")
def _inverse_singular_values(s: np.ndarray, lam: float) -> list[Answer]:
    (s,) = given(s)
    return answers(s / (s * s + lam))


@gives("ridge_filter_factors")
def _filter_factors(s: np.ndarray, lam: float) -> list[Answer]:
    (s,) = given(s)
    return answers(s * s / (s * s + lam))
