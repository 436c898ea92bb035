"""The answers for chapters 1 to 3: forms, least squares, ridge regression."""

import functools
from collections.abc import Callable

import numpy as np
from mpmath import mpf

from shrinkage.benchmarks.references import precise
from shrinkage.benchmarks.references.measured import Answer, answers, given, registering
from shrinkage.properties.engine import bounds, bounds_selection
from shrinkage.properties.engine.bounds import Bound

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
    w = precise.ridge(X, y, lam)
    allowed = bound(X, y, lam, w)
    # Each target has a bound for its norm, and so has the whole.
    return [(w, Bound(np.linalg.norm(np.array(allowed.allowed, float)), allowed.source))]


@gives("lstsq min_norm")
def _lstsq(X: np.ndarray, y: np.ndarray) -> list[Answer]:
    return _solved(bounds.least_squares, X, y, 0.0)


for _name, _bound in bounds.RIDGE.items():
    gives(_name)(functools.partial(_solved, _bound))


@gives("ridge_posterior")
def _posterior(X: np.ndarray, y: np.ndarray, lam: float) -> list[Answer]:
    covariance = lam * precise.inverse(precise.product(X.T, X) + lam * np.eye(X.shape[1], dtype=precise.Wide))
    return [*_solved(bounds.orthogonal, X, y, lam), (covariance, bounds_selection.posterior_covariance(X, lam))]


@gives("ridge_batch")
def _batch(X: np.ndarray, y: np.ndarray, lam: float) -> list[Answer]:
    w = np.array([precise.ridge(*one, lam) for one in zip(X, y, strict=True)])
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
