"""Least squares and ridge by LAPACK's older driver, in Fortran order, through SciPy."""

import numpy as np
import scipy.linalg

from shrinkage.peers.numpy._input import quiet
from shrinkage.peers.numpy._scaling import relative, split, square_sum
from shrinkage.peers.numpy.least_squares import _matrix, kept
from shrinkage.peers.numpy.ridge import _problem
from shrinkage.peers.numpy.spectrum import _path


def svd(F: np.ndarray, full: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By QR iteration, not by divide and conquer."""
    if not F.size:
        return np.linalg.svd(F, full_matrices=full)
    return scipy.linalg.svd(np.asfortranarray(F), full_matrices=full, lapack_driver="gesvd")


@quiet
def pinv(X, rcond=None):
    """V Σ† Uᵀ, transposed from the transposed."""
    F, k = split(_matrix(X))
    U, s, Vt = svd(F.T)
    keep = kept(s, F.shape, rcond)
    return np.ldexp(((U[:, keep] / s[keep]) @ Vt[keep]), -k)


@quiet
def left_inverse(X):
    """R⁻¹Qᵀ."""
    F, k = split(_matrix(X))
    if kept(svd(F)[1], F.shape).sum() < F.shape[1]:
        raise ValueError("X has columns that depend on each other")
    if not F.size:
        return np.zeros(F.T.shape, F.dtype)
    Q, R = scipy.linalg.qr(F, mode="economic")
    return np.ldexp(scipy.linalg.solve_triangular(R, Q.T), -k)


@quiet
def right_inverse(X):
    """The transposed left inverse of the transposed."""
    F, k = split(_matrix(X))
    if kept(svd(F)[1], F.shape).sum() < len(F):
        raise ValueError("X has rows that depend on each other")
    return np.ldexp(left_inverse(F.T).T.copy(), -k)


@quiet
def ridge_svd(X, y, lam):
    """Through the full decomposition, with the singular values below zero rows."""
    X, y, lam, unscale = _problem(X, y, lam)
    U, s, Vt = svd(X, full=True)
    z = (U.T @ y)[: len(s)]
    return unscale(Vt[: len(s)].T @ ((z.T * s) / (s * s + lam)).T)


@quiet
def ridge_gcv(X, y, lams):
    """From the full decomposition of X, whose left vectors span everything."""
    X, y, lams = _path(X, y, lams)
    n = len(y)
    if y.ndim != 1:
        raise ValueError("y has several targets")
    (F, k), (g, c) = split(X), split(y)
    U, s, _ = svd(F, full=True)
    z, gcv = U.T @ g, np.full(len(lams), np.nan, X.dtype)
    s, keep = np.append(s, np.zeros(n - len(s), s.dtype)), np.append(kept(s, F.shape), np.zeros(n - len(s), bool))
    for i, lam in enumerate(lams if n else []):
        mu, _ = relative(lam, k, X.dtype)
        cut = lam == 0 and not keep.all()
        left = (1.0 - keep if cut else (s.min() ** 2 + mu) / (s * s + mu)).astype(X.dtype)
        R, power = square_sum(left * z / np.sum(left), c)
        gcv[i] = np.ldexp(n * R, power)
    return gcv
