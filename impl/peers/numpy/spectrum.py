"""Chapter 3, continued · what one singular value decomposition says about ridge regression at many λ."""

import numpy as np
from numpy.typing import ArrayLike

from ._input import Array, arrays, expect, not_negative, quiet
from ._scaling import relative, split, square_sum
from .least_squares import data, kept
from .ridge import residual, ridge


@quiet
def ridge_inverse_singular_values(s: ArrayLike, lam: float) -> Array:
    """σ/(σ²+λ), 0 at σ = λ = 0."""
    s, t, lam = _singular_values(s, lam)
    # Both are the same number; one squares only what is at most 1, the other divides only by what is at least √λ.
    small = s / lam / (1 + t**2)
    large = 0.5 / (s / 2 + lam / s / 2)
    return np.where(t < 1, small, np.where(s > 0, large, 0)).astype(s.dtype)


@quiet
def ridge_filter_factors(s: ArrayLike, lam: float) -> Array:
    """σ²/(σ²+λ), 0 at σ = λ = 0."""
    s, t, _ = _singular_values(s, lam)
    return np.where(t < 1, t**2 / (1 + t**2), np.where(s > 0, 1 / (1 + 1 / t**2), 0)).astype(s.dtype)


@quiet
def ridge_path(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> Array:
    """`ridge` at each of L values of λ."""
    X, y, lams = _path(X, y, lams)
    (F, k), (g, c) = split(X), split(y, axis=0)
    U, s, Vt = np.linalg.svd(F, full_matrices=False)
    z = (U.T @ g).T
    w = np.empty((len(lams), X.shape[1], *y.shape[1:]), X.dtype)
    for i, lam in enumerate(lams):
        mu, excess = relative(lam, k, X.dtype)
        inverse = s / (s**2 + mu) if lam else np.where(kept(s, X.shape), 1 / s, 0).astype(s.dtype)
        w[i] = np.ldexp(Vt.T @ (inverse * z).T, c - k - excess)
    return w


@quiet
def ridge_dof(X: ArrayLike, lams: ArrayLike) -> Array:
    """Σ σ²/(σ²+λ), `(L,)`; the rank at λ = 0."""
    X, lams = arrays(X=X, lams=lams)
    expect("X", X, X.ndim == 2, "(n, d)")
    F, k = split(X)
    s = np.linalg.svd(F, compute_uv=False)
    dof = np.empty(len(_each(lams)), X.dtype)
    for i, lam in enumerate(lams):
        mu, excess = relative(lam, k, X.dtype)
        dof[i] = np.ldexp(np.sum(s**2 / (s**2 + mu)), -excess) if lam else np.sum(kept(s, X.shape))
    return dof


@quiet
def ridge_gcv(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> Array:
    """n ‖(I − H)y‖² / tr(I − H)², `(L,)`."""
    X, y, lams = _path(X, y, lams)
    expect("y", y, y.ndim == 1, f"({len(X)},)")
    n = len(y)
    (F, k), (g, c) = split(X), split(y)
    U, s, _ = np.linalg.svd(F, full_matrices=False)
    z = U.T @ g
    outside = n - len(s)  # the dimensions that I − H leaves as they are
    rest = g - U @ z if outside else np.zeros_like(g)
    gcv = np.full(len(lams), np.nan, X.dtype)
    for i, lam in enumerate(lams if n else []):
        mu, _ = relative(lam, k, X.dtype)
        keep = kept(s, X.shape)
        if outside:
            left = mu / (s**2 + mu) if lam else np.where(keep, 0, 1)
        elif lam or keep.all():
            # Divided by the largest of λ/(σ²+λ), as they all vanish together.
            left = (s[-1] ** 2 + mu) / (s**2 + mu)
        else:
            left = np.where(keep, 0, 1)
        left = left.astype(s.dtype)
        R, power = square_sum((rest + U @ (left * z)) / (outside + np.sum(left)), c)
        gcv[i] = np.ldexp(n * R, power)
    return gcv


@quiet
def ridge_loo(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> Array:
    """The mean over i of (y_i − x_iᵀ w₋ᵢ)², `(L,)`."""
    X, y, lams = _path(X, y, lams)
    expect("y", y, y.ndim == 1, f"({len(X)},)")
    n = len(y)
    (F, k), (g, c) = split(X), split(y)
    U, s, _ = np.linalg.svd(F, full_matrices=False)
    loo = np.full(len(lams), np.nan, X.dtype)
    for j, lam in enumerate(lams if n else []):
        mu, _ = relative(lam, k, X.dtype)
        hat = (U * (s**2 / (s**2 + mu))) @ U.T
        left = 1 - np.diag(hat)
        errors = np.ldexp((g - hat @ g) / left, c)
        for i in range(n):
            # Near leverage one the formula is 0/0; at λ = 0 the rows that remain have a rank of their own.
            if lam == 0 or left[i] < 0.1:
                errors[i] = np.ldexp(*residual(X[i : i + 1], y[i : i + 1], _without(i, X, y, lam)))[0]
        R, power = square_sum(errors)
        loo[j] = np.ldexp(R / n, power)
    return loo


def _without(i: int, X: Array, y: Array, lam: float) -> Array:
    return ridge(np.delete(X, i, axis=0), np.delete(y, i), lam)


def _singular_values(s: ArrayLike, lam: float) -> tuple[Array, Array, float]:
    """σ, σ/√λ and λ, in double precision until the end where λ is out of single precision's range."""
    (s,) = arrays(s=s)
    expect("s", s, s.ndim == 1, "(r,)")
    if np.any(s < 0):
        raise ValueError(f"s must not be negative, but its smallest entry is {s.min()}")
    lam = not_negative("lam", lam)
    return s, s / np.sqrt(lam), np.float64(lam)


def _path(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> tuple[Array, Array, Array]:
    X, y, lams = arrays(X=X, y=y, lams=lams)
    data(X, y)
    return X, y, _each(lams)


def _each(lams: Array) -> Array:
    expect("lams", lams, lams.ndim == 1, "(L,)")
    if np.any(lams < 0):
        raise ValueError(f"lams must not be negative, but the smallest of them is {lams.min()}")
    return lams
