"""The answers for chapters 1 to 3: forms, least squares, ridge regression."""

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import mpf

from shrinkage.benchmarks.references import precise
from shrinkage.benchmarks.references.measured import Answer, Maker, exact, formula
from shrinkage.properties.engine import bounds, bounds_selection
from shrinkage.properties.engine.bounds import Bound
from shrinkage.properties.engine.running_error import Carried


def _squares(r: Carried) -> Carried:
    return (r * r).sum()


FORMULAS: dict[str, Callable[..., Any]] = {
    "linear_form": lambda x, c: (x * c).sum(),
    "squared_norm": _squares,
    "matvec": operator.matmul,
    "quadratic_form": lambda A, x: x @ (A @ x),
    "quadratic_form_jacobian": lambda A, x: (A @ x + A.T @ x)[None, :],
    "ridge_objective": lambda X, y, w, lam: _squares(y - X @ w) + lam * _squares(w),
    "ridge_log_posterior": lambda X, y, w, lam: _squares(y - X @ w) * -0.5 / lam - _squares(w) * 0.5,
    "ridge_jacobian": lambda X, y, w, lam: ((lam * w - X.T @ (y - X @ w)) * 2)[None, :],
    "ridge_inverse_singular_values": lambda s, lam: s / (s * s + lam),
    "ridge_filter_factors": lambda s, lam: s * s / (s * s + lam),
}


def _pinv(X: np.ndarray) -> list[Answer]:
    return [(precise.pseudoinverse(X), bounds.pseudoinverse(X, min(X.shape)))]


def _solved(bound: Callable[..., Bound], X: np.ndarray, y: np.ndarray, lam: float) -> list[Answer]:
    w = precise.ridge(X, y, lam)
    allowed = bound(X, y, lam, w)
    # Each target has a bound for its norm, and so has the whole.
    return [(w, Bound(np.linalg.norm(np.array(allowed.allowed, float)), allowed.source))]


def _lstsq(X: np.ndarray, y: np.ndarray) -> list[Answer]:
    return _solved(bounds.least_squares, X, y, 0.0)


def _posterior(X: np.ndarray, y: np.ndarray, lam: float) -> list[Answer]:
    covariance = lam * precise.inverse(precise.product(X.T, X) + lam * np.eye(X.shape[1], dtype=precise.Wide))
    return [*_solved(bounds.orthogonal, X, y, lam), (covariance, bounds_selection.posterior_covariance(X, lam))]


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


ANSWERS: dict[str, Maker] = {
    **{name: formula(compute) for name, compute in FORMULAS.items()},
    "linear_form_jacobian": exact(lambda x, c: c[None, :]),
    "squared_norm_jacobian": exact(lambda x: 2 * x[None, :]),
    "matvec_jacobian": exact(lambda A, x: A),
    **dict.fromkeys(("pinv", "left_inverse", "right_inverse"), _pinv),
    **dict.fromkeys(("lstsq", "min_norm"), _lstsq),
    **{name: functools.partial(_solved, bound) for name, bound in bounds.RIDGE.items()},
    "ridge_posterior": _posterior,
    "ridge_batch": _batch,
}
