"""Chapter 2 · least squares and minimum norm, all of it from the singular value decomposition."""

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from ._input import Array, arrays, expect, not_negative, quiet
from ._scaling import split

STEPS = 20  # each has a digit more, or many


@quiet
def pinv(X: ArrayLike, rcond: float | None = None) -> Array:
    """V Σ† Uᵀ, `(n, m)`."""
    X = _matrix(X)
    return _pinv(X, rcond)[0]


@quiet
def left_inverse(X: ArrayLike) -> Array:
    """(XᵀX)⁻¹Xᵀ = V Σ† Uᵀ; `ValueError` unless X has full column rank."""
    X = _matrix(X)
    inverse, rank = _pinv(X, None)
    if rank < X.shape[1]:
        raise ValueError(f"X must have full column rank, but of its {X.shape[1]} columns only {rank} are independent")
    return inverse


@quiet
def right_inverse(X: ArrayLike) -> Array:
    """Xᵀ(XXᵀ)⁻¹ = V Σ† Uᵀ; `ValueError` unless X has full row rank."""
    X = _matrix(X)
    inverse, rank = _pinv(X, None)
    if rank < X.shape[0]:
        raise ValueError(f"X must have full row rank, but of its {X.shape[0]} rows only {rank} are independent")
    return inverse


@quiet
def lstsq(X: ArrayLike, y: ArrayLike, rcond: float | None = None, refine: bool | None = None) -> Array:
    """The shortest w among those that minimise ‖Xw − y‖."""
    X, y = data(X, y)
    if refine and y.size and 0 < min(X.shape) == _lstsq(X, y, rcond)[1]:
        return _refined(X, y)
    return _lstsq(X, y, rcond)[0]


@quiet
def min_norm(X: ArrayLike, y: ArrayLike) -> Array:
    """The shortest w with Xw = y; `ValueError` unless X has full row rank."""
    X, y = data(X, y)
    w, rank = _lstsq(X, y, None)
    if rank < X.shape[0]:
        raise ValueError(f"X must have full row rank, but of its {X.shape[0]} rows only {rank} are independent")
    return w


def data(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """X and y as they enter a least squares problem."""
    X, y = arrays(X=X, y=y)
    expect("X", X, X.ndim == 2, "(m, n)")
    expect("y", y, y.ndim in (1, 2) and len(y) == len(X), f"({len(X)},) or ({len(X)}, k), a row for each row of X")
    return X, y


def kept(s: Array, shape: tuple[int, ...], rcond: float | None = None) -> np.ndarray:
    """Which singular values count: those above rcond · σ_max."""
    rcond = max(shape) * np.finfo(s.dtype).eps if rcond is None else not_negative("rcond", rcond)
    return s > rcond * np.max(s, initial=0)


def _matrix(X: ArrayLike) -> Array:
    (X,) = arrays(X=X)
    expect("X", X, X.ndim == 2, "(m, n)")
    return X


def _pinv(X: Array, rcond: float | None) -> tuple[Array, int]:
    F, k = split(X)
    U, s, Vt = np.linalg.svd(F, full_matrices=False)
    keep = kept(s, X.shape, rcond)
    return np.ldexp((Vt[keep].T / s[keep]) @ U[:, keep].T, -k), int(keep.sum())


def _lstsq(X: Array, y: Array, rcond: float | None) -> tuple[Array, int]:
    (F, k), (g, c) = split(X), split(y, axis=0)
    U, s, Vt = np.linalg.svd(F, full_matrices=False)
    keep = kept(s, X.shape, rcond)
    return np.ldexp((Vt[keep].T / s[keep]) @ (U[:, keep].T @ g), c - k), int(keep.sum())


def _refined(X: Array, y: Array) -> Array:
    """By r + Az = b, Aᵀr = c, with A, b, c = X, y, 0, or Xᵀ, 0, y where X is wide: what they lack, exactly, is solved.

    Björck (1967), "Iterative refinement of linear least squares solutions".
    """
    tall = len(X) >= X.shape[1]
    A, e = split((X if tall else X.T).astype(float), axis=0)
    g, f = split((y if y.ndim == 2 else y[:, None]).astype(float), axis=0)
    if not tall:
        g = np.ldexp(g, (np.min(e) - e)[:, None])
    b, c = (_exact(g), 0) if tall else (0, _exact(g))
    (Q, R), E = np.linalg.qr(A), _exact(A)
    r, z = _exact(np.zeros((len(A), g.shape[1]))), _exact(np.zeros((len(R), g.shape[1])))
    for _ in range(STEPS):
        s, t = b - r - E @ z, c - E.T @ r
        d, h = Q.T @ s.astype(float), np.linalg.solve(R.T, t.astype(float))
        r, z = r + s - _exact(Q @ (d - h)), z + _exact(np.linalg.solve(R, d - h))
    w = np.ldexp(z.astype(float), f - e[:, None]) if tall else np.ldexp(r.astype(float), f - np.min(e))
    return w.astype(X.dtype).reshape(X.shape[1], *y.shape[1:])


_exact = np.vectorize(Fraction, otypes=[object])
