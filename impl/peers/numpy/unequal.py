"""Chapter 3, continued · penalties that are not the same for all: none on the intercept, or one for each feature."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._input import Array, arrays, expect, quiet
from ._scaling import relative, split, square_sum
from .least_squares import data, kept, lstsq
from .ridge import residual, ridge
from .spectrum import _each, ridge_path

Weights = ArrayLike | None


@quiet
def ridge_intercept(X: ArrayLike, y: ArrayLike, lam: float, sample_weight: Weights = None) -> tuple[Array, Array]:
    """`ridge` of what is left once the means are taken out: w, and b = ȳ − x̄ᵀw."""
    c = _centred(*_weighted(sample_weight, X=X, y=y))
    w = ridge(c.A, c.t, lam)
    return w, (c.mean_y - c.mean_x @ w)[()]


@quiet
def ridge_intercept_path(
    X: ArrayLike, y: ArrayLike, lams: ArrayLike, sample_weight: Weights = None
) -> tuple[Array, Array]:
    """`ridge_intercept` at each of L values of λ."""
    X, y, lams, s = _weighted(sample_weight, X=X, y=y, lams=lams)
    c = _centred(X, y, s)
    w = ridge_path(c.A, c.t, lams)
    return w, c.mean_y - np.tensordot(w, c.mean_x, (1, 0))


@quiet
def ridge_intercept_loo(X: ArrayLike, y: ArrayLike, lams: ArrayLike, sample_weight: Weights = None) -> Array:
    """Σ sᵢ(yᵢ − xᵢᵀw₋ᵢ − b₋ᵢ)² / Σ sᵢ, `(L,)`: what the intercept takes of a sample is sᵢ/Σs."""
    X, y, lams, s = _weighted(sample_weight, X=X, y=y, lams=lams)
    expect("y", y, y.ndim == 1, f"({len(X)},)")
    c, n, total = _centred(X, y, s), len(y), np.sum(s)
    (F, k), (g, p) = split(c.A), split(c.N @ c.t)
    U, sigma, _ = np.linalg.svd(F, full_matrices=False)
    U = c.N @ U
    loo = np.full(len(_each(lams)), np.nan, X.dtype)
    for j, lam in enumerate(lams if n > 1 else []):
        mu, _ = relative(lam, k, X.dtype)
        hat = np.outer(c.root, c.root) / total + (U * (sigma**2 / (sigma**2 + mu))) @ U.T
        left = 1 - np.diag(hat)
        errors = np.ldexp((g - hat @ g) / left, p)
        for i in range(n):
            # As in `ridge_loo`.
            if lam == 0 or left[i] < 0.1:
                errors[i] = c.root[i] * _left_out(i, X, y, lam, s)
        R, power = square_sum(errors)
        loo[j] = np.ldexp(R / total, power)
    return loo


@quiet
def ridge_by_feature(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> Array:
    """Least squares on [P; diag(√λ)], [y; 0] in what is orthogonal to the features with λ = 0, whose turn is then."""
    X, y, lams = arrays(X=X, y=y, lams=lams)
    data(X, y)
    expect("lams", lams, lams.shape == (X.shape[1],), f"({X.shape[1]},), a λ for each column of X")
    _each(lams)
    (F, k), (g, p) = split(X), split(y, axis=0)
    free = lams == 0
    w = np.zeros((X.shape[1], *y.shape[1:]), X.dtype)
    U, sigma, _ = np.linalg.svd(F[:, free])
    N = U[:, np.count_nonzero(kept(sigma, F[:, free].shape)) :]
    scaled = [relative(lam, k, X.dtype) for lam in lams[~free]]
    root = np.sqrt(np.array([mu for mu, _ in scaled], X.dtype))
    Q, R = np.linalg.qr(np.vstack([N.T @ F[:, ~free], np.diag(root)]))
    w[~free] = np.linalg.solve(R, Q[: N.shape[1]].T @ (N.T @ g))
    w[free] = lstsq(F[:, free], g - F[:, ~free] @ w[~free])
    w[~free] = np.ldexp(w[~free].T, -np.array([excess for _, excess in scaled], int)).T
    return np.ldexp(w, p - k)


class _Centred(NamedTuple):
    """√sᵢ(xᵢ − x̄) and √sᵢ(yᵢ − ȳ) in the basis N of what is orthogonal to √s, in which they all lie."""

    A: Array
    t: Array
    N: Array
    root: Array
    mean_x: Array
    mean_y: Array


def _centred(X: Array, y: Array, s: Array) -> _Centred:
    root, total = np.sqrt(s), np.sum(s)
    mean_x, mean_y = s @ X / total, s @ y / total
    N = np.linalg.qr(root[:, None], mode="complete")[0][:, 1:]
    A, t = N.T @ (root[:, None] * (X - mean_x)), N.T @ (root * (y - mean_y).T).T
    return _Centred(A, t, N, root, mean_x, mean_y)


def _left_out(i: int, X: Array, y: Array, lam: float, s: Array) -> Array:
    w, b = ridge_intercept(np.delete(X, i, axis=0), np.delete(y, i), lam, np.delete(s, i))
    return np.ldexp(*residual(X[i : i + 1], y[i : i + 1] - b, w))[0]


def _weighted(sample_weight: Weights, **named: ArrayLike) -> list[Array]:
    """The arguments and the weights, without the samples that have none."""
    X, y, *more, s = arrays(**named, sample_weight=sample_weight) if sample_weight is not None else _ones(**named)
    data(X, y)
    expect("sample_weight", s, s.shape == (len(X),), f"({len(X)},), a weight for each row of X")
    if np.any(s < 0):
        raise ValueError(f"sample_weight must not be negative, but its smallest entry is {s.min()}")
    if len(s) and not np.any(s):
        raise ValueError("sample_weight must have a positive entry")
    return [X[s > 0], y[s > 0], *more, s[s > 0]]


def _ones(**named: ArrayLike) -> list[Array]:
    X, *more = arrays(**named)
    expect("X", X, X.ndim == 2, "(n, d)")
    return [X, *more, np.ones(len(X), X.dtype)]
