"""Least squares and ridge by Jacobi's rotations: of columns against each other, until they are all orthogonal."""

import numpy as np

from shrinkage.peers.numpy._input import not_negative, quiet
from shrinkage.peers.numpy._scaling import split
from shrinkage.peers.numpy.least_squares import _matrix, data, kept
from shrinkage.peers.numpy.ridge import _problem


def svd(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """U, s, V with X = U diag(s) Vᵀ, the largest first; where s is 0, so is the column of U."""
    if len(X) < X.shape[1]:
        V, s, U = svd(X.T)
        return U, s, V
    B, V = X.astype(np.float64), np.eye(X.shape[1])
    for _ in range(30):
        largest = 0.0
        for i in range(B.shape[1]):
            for j in range(i):
                a, b, c = B[:, i] @ B[:, i], B[:, j] @ B[:, j], B[:, i] @ B[:, j]
                if c == 0 or a == 0 or b == 0:
                    continue
                largest = max(largest, float(abs(c) / np.sqrt(a) / np.sqrt(b)))
                zeta = (b - a) / (2 * c)
                t = (1 if zeta >= 0 else -1) / (abs(zeta) + np.hypot(1, zeta))
                cos = 1 / np.hypot(1, t)
                for M in (B, V):
                    M[:, i], M[:, j] = cos * (M[:, i] - t * M[:, j]), cos * (M[:, j] + t * M[:, i])
        if largest < 1e-15:
            break
    s = np.hypot.reduce(B, axis=0)  # squares of a small one would vanish
    order = np.argsort(-s)
    B, s, V = B[:, order], s[order], V[:, order]
    return B / np.where(s > 0, s, 1), s, V


def _kept(X: np.ndarray, rcond: float | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    U, s, V = svd(X)
    keep = kept(s.astype(X.dtype), X.shape, rcond)
    return U[:, keep], s[keep], V[:, keep]


@quiet
def pinv(X, rcond=None):
    """V Σ† Uᵀ."""
    F, k = split(_matrix(X))
    U, s, V = _kept(F, rcond)
    return np.ldexp(((V / s) @ U.T).astype(F.dtype), -k)


@quiet
def lstsq(X, y, rcond=None):
    """The shortest w among those that minimise ‖Xw − y‖."""
    X, y = data(X, y)
    (F, k), (g, c) = split(X), split(y, axis=0)
    U, s, V = _kept(F, rcond)
    return np.ldexp((V @ ((U.T @ g).T / s).T).astype(F.dtype), c - k)


@quiet
def min_norm(X, y):
    """The same, where it solves the equations."""
    X, y = data(X, y)
    if len(_kept(split(X)[0], None)[1]) < len(X):
        raise ValueError("the rows of X depend on each other")
    return lstsq(X, y)


@quiet
def ridge(X, y, lam):
    """V diag(σ/(σ²+λ)) Uᵀy, and `lstsq` at λ = 0."""
    if not_negative("lam", lam) == 0:
        return lstsq(X, y)
    F, g, mu, unscale = _problem(X, y, lam)
    U, s, V = svd(F)
    s = s.astype(F.dtype)
    return unscale(V.astype(F.dtype) @ ((U.T.astype(F.dtype) @ g).T * (s / (s * s + mu))).T)
