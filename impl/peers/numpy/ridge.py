"""Chapter 3 · ridge regression: ‖y − Xw‖² + λ‖w‖², the six forms, the posterior."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._input import Array, arrays, expect, not_negative, positive, quiet
from ._scaling import join, relative, split, square_sum
from .least_squares import data, lstsq


@quiet
def ridge_objective(X: ArrayLike, y: ArrayLike, w: ArrayLike, lam: float) -> np.floating:
    """‖y − Xw‖² + λ‖w‖²."""
    X, y, w = _point(X, y, w)
    lam = not_negative("lam", lam)
    F, k = join(square_sum(*residual(X, y, w)), _penalty(w, lam))
    return np.ldexp(F, k)


@quiet
def ridge_jacobian(X: ArrayLike, y: ArrayLike, w: ArrayLike, lam: float) -> Array:
    """2(λwᵀ − (y − Xw)ᵀX), `(1, d)`."""
    X, y, w = _point(X, y, w)
    expect("y", y, y.ndim == 1, f"({len(X)},)")
    lam = not_negative("lam", lam)
    (F, k), (v, q) = split(X), split(w)
    r, p = residual(X, y, w)
    mu, e = np.frexp(lam)
    J, power = join((w.dtype.type(mu) * v, e + q), (-(r @ F), p + k))
    return np.ldexp(J, power + 1)[None, :]


@quiet
def ridge_normal(X: ArrayLike, y: ArrayLike, lam: float) -> Array:
    """(XᵀX + λI)⁻¹Xᵀy."""
    X, y, lam, unscale = _problem(X, y, lam)
    return unscale(np.linalg.solve(X.T @ X + lam * _eye(X.T), X.T @ y))


@quiet
def ridge_svd(X: ArrayLike, y: ArrayLike, lam: float) -> Array:
    """V diag(σ/(σ²+λ)) Uᵀy."""
    X, y, lam, unscale = _problem(X, y, lam)
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return unscale((Vt.T * (s / (s**2 + lam))) @ (U.T @ y))


@quiet
def ridge_map(X: ArrayLike, y: ArrayLike, lam: float) -> Array:
    """The mean of the posterior, where it is highest: the precision is I + XᵀX/λ."""
    X, y, lam, unscale = _problem(X, y, lam)
    precision = _eye(X.T) + X.T @ X / lam
    return unscale(np.linalg.solve(precision, X.T @ y / lam))


@quiet
def ridge_augmented_rows(X: ArrayLike, y: ArrayLike, lam: float) -> Array:
    """Least squares on [X; √λ I], [y; 0]."""
    X, y, lam, unscale = _problem(X, y, lam)
    rows = np.vstack([X, np.sqrt(lam) * _eye(X.T)])
    targets = np.concatenate([y, np.zeros((X.shape[1], *y.shape[1:]), y.dtype)])
    return unscale(_solve(rows, targets))


@quiet
def ridge_augmented_columns(X: ArrayLike, y: ArrayLike, lam: float) -> Array:
    """The first d entries of the shortest η with [X √λ I] η = y."""
    X, y, lam, unscale = _problem(X, y, lam)
    columns = np.hstack([X, np.sqrt(lam) * _eye(X)])
    return unscale(_solve(columns, y)[: X.shape[1]])


@quiet
def ridge_kernel(X: ArrayLike, y: ArrayLike, lam: float) -> Array:
    """Xᵀ(XXᵀ + λI)⁻¹y."""
    X, y, lam, unscale = _problem(X, y, lam)
    return unscale(X.T @ np.linalg.solve(X @ X.T + lam * _eye(X), y))


@quiet
def ridge(X: ArrayLike, y: ArrayLike, lam: float) -> Array:
    """The normal equations, on the shorter side, if they are sure to be well conditioned; else the SVD."""
    if not_negative("lam", lam) == 0:
        return lstsq(X, y)
    F, g, mu, unscale = _problem(X, y, lam)
    n, d = F.shape
    M = (F.T @ F if n >= d else F @ F.T) + mu * _eye(F.T if n >= d else F)
    # No eigenvalue of M is below λ, and none is above its 1-norm.
    if M.size and np.linalg.norm(M, 1) < 10 * mu:
        return unscale(np.linalg.solve(M, F.T @ g) if n >= d else F.T @ np.linalg.solve(M, g))
    return ridge_svd(X, y, lam)


@quiet
def ridge_posterior(X: ArrayLike, y: ArrayLike, lam: float) -> tuple[Array, Array]:
    """(mean, covariance) of W given y: covariance λ(XᵀX + λI)⁻¹, `(d, d)`."""
    F, _, mu, _ = _problem(X, y, lam)
    n, d = F.shape
    # With rows of zeros below, the SVD gives all d of the right singular vectors.
    _, s, Vt = np.linalg.svd(np.vstack([F, np.zeros((max(d - n, 0), d), F.dtype)]), full_matrices=False)
    s[n:] = 0  # X has no more; of 26 columns or more LAPACK gives some rounding, which is all beside a tiny λ
    root = Vt.T * np.sqrt(mu / (s**2 + mu))
    return ridge_svd(X, y, lam), root @ root.T


@quiet
def ridge_log_posterior(X: ArrayLike, y: ArrayLike, w: ArrayLike, lam: float) -> np.floating:
    """−‖y − Xw‖²/(2λ) − ‖w‖²/2."""
    X, y, w = _point(X, y, w)
    expect("y", y, y.ndim == 1, f"({len(X)},)")
    mu, e = np.frexp(positive("lam", lam))
    F, k = square_sum(*residual(X, y, w))
    F, k = join((F / F.dtype.type(mu), k - e), _penalty(w, 1.0))
    return -np.ldexp(F, k - 1)


@quiet
def ridge_batch(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Array:
    """`ridge` of b problems, one after another."""
    X, y, *rest = arrays(X=X, y=y, lam=lam) if np.ndim(lam) else arrays(X=X, y=y)
    expect("X", X, X.ndim == 3, "(b, n, d)")
    expect("y", y, y.shape == X.shape[:2], f"{X.shape[:2]}, as the first two of X")
    if rest:
        expect("lam", rest[0], rest[0].shape == X.shape[:1], f"() or {X.shape[:1]}")
        lams = [not_negative("lam", value) for value in rest[0]]
    else:
        lams = [not_negative("lam", lam)] * len(X)
    w = np.empty((X.shape[0], X.shape[2]), X.dtype)
    for i, value in enumerate(lams):
        w[i] = ridge(X[i], y[i], value)
    return w


def residual(X: Array, y: Array, w: Array) -> tuple[Array, Any]:
    """Y − Xw, as (F, k)."""
    (F, k), (g, c), (v, q) = split(X), split(y, axis=0), split(w, axis=0)
    return join((g, c), (-(F @ v), k + q))


def _penalty(w: Array, lam: float) -> tuple[Array, Any]:
    """λ‖w‖², as (F, k)."""
    mu, e = np.frexp(lam)
    F, k = square_sum(w)
    return w.dtype.type(mu) * F, k + e


def _point(X: ArrayLike, y: ArrayLike, w: ArrayLike) -> tuple[Array, Array, Array]:
    X, y, w = arrays(X=X, y=y, w=w)
    data(X, y)
    expect("w", w, w.shape == (X.shape[1], *y.shape[1:]), f"{(X.shape[1], *y.shape[1:])}, the answer's")
    return X, y, w


def _problem(X: ArrayLike, y: ArrayLike, lam: float) -> tuple[Array, Array, Any, Any]:
    """X and y with entries of at most 1, λ to go with them, and what turns their w into that of the problem."""
    X, y = data(X, y)
    (F, k), (g, c) = split(X), split(y, axis=0)
    mu, excess = relative(positive("lam", lam), k, X.dtype)
    return F, g, mu, lambda w: np.ldexp(w, c - k - excess)


def _eye(X: Array) -> Array:
    """The identity with as many rows as X."""
    return np.eye(len(X), dtype=X.dtype)


def _solve(A: Array, b: Array) -> Array:
    """Least squares or minimum norm, nothing cut off: the rows √λ I, or columns, give A its full rank."""
    return np.linalg.lstsq(A, b, rcond=0)[0]
