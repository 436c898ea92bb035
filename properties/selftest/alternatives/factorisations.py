"""The forms of ridge by factorisations that nobody would expect of them."""

import numpy as np
import scipy.linalg

from shrinkage.peers import numpy as textbook
from shrinkage.peers.numpy._input import quiet
from shrinkage.peers.numpy.ridge import _problem
from shrinkage.peers.numpy.unequal import _weighted


def _lower(M: np.ndarray) -> np.ndarray:
    return np.linalg.cholesky(M) if M.size else M


def _triangular(L: np.ndarray, b: np.ndarray, trans: int = 0) -> np.ndarray:
    return scipy.linalg.solve_triangular(L, b, trans=trans, lower=True) if L.size and b.size else b.copy()


@quiet
def ridge_normal(X, y, lam):
    """Cholesky of XᵀX + λI, with X in Fortran order."""
    X, y, lam, unscale = _problem(X, y, lam)
    X = np.asfortranarray(X)
    L = _lower(X.T @ X + np.diag(np.full(X.shape[1], lam)))
    return unscale(_triangular(L, _triangular(L, X.T @ y), trans=1))


@quiet
def ridge_map(X, y, lam):
    """By the eigenvectors of the precision."""
    X, y, lam, unscale = _problem(X, y, lam)
    precision = np.eye(X.shape[1], dtype=X.dtype) + X.T @ X / lam
    e, V = np.linalg.eigh(precision)
    if e.size and e.min() <= 0:
        raise np.linalg.LinAlgError("the precision is not positive definite")
    return unscale(V @ ((V.T @ (X.T @ y / lam)).T / e).T)


@quiet
def ridge_augmented_rows(X, y, lam):
    """By Givens rotations, one entry after the other."""
    X, y, lam, unscale = _problem(X, y, lam)
    d, k = X.shape[1], y.shape[1:]
    Xy = np.column_stack([X, y])
    R = np.vstack([np.sqrt(lam) * np.eye(d, Xy.shape[1], dtype=X.dtype), Xy])
    rotation, rotate = scipy.linalg.blas.get_blas_funcs(("rotg", "rot"), (R,))
    for j in range(d):
        for i in d + np.flatnonzero(R[d:, j]):
            c, s = rotation(R[j, j], R[i, j])
            rotate(R[j, j:], R[i, j:], c, s, overwrite_x=True, overwrite_y=True)
    R, b = R[:d, :d], R[:d, d:].reshape(d, *k)
    w = np.zeros((d, *k), X.dtype)
    for j in range(d)[::-1]:
        w[j] = (b[j] - R[j, j + 1 :] @ w[j + 1 :]) / R[j, j]
    return unscale(w)


@quiet
def ridge_augmented_columns(X, y, lam):
    """By QR of [X √λI]ᵀ: the shortest η is Q R⁻ᵀ y."""
    X, y, lam, unscale = _problem(X, y, lam)
    n, d = X.shape
    Q, R = np.linalg.qr(np.hstack([X, np.sqrt(lam) * np.eye(n, dtype=X.dtype)]).T)
    return unscale((Q @ _triangular(R.T, y))[:d])


@quiet
def ridge_kernel(X, y, lam):
    """By the eigenvectors of XXᵀ."""
    X, y, lam, unscale = _problem(X, y, lam)
    e, V = np.linalg.eigh(X @ X.T)
    return unscale(X.T @ (V @ ((V.T @ y).T / (np.maximum(e, 0) + lam)).T))


@quiet
def ridge_intercept(X, y, lam, sample_weight=None):
    """By QR of [√s √sX √sy]: below its first row there is no intercept any more."""
    X, y, s = _weighted(sample_weight, X=X, y=y)
    if not len(X):
        return textbook.ridge_intercept(X, y, lam)
    (n, d), root = X.shape, np.sqrt(s)[:, None]
    _, R = np.linalg.qr(np.hstack([root, root * X, root * y.reshape(n, -1)]))
    of_X, of_y = R[:, 1 : d + 1], R[:, d + 1 :]
    of_y = of_y[:, 0] if y.ndim == 1 else of_y
    w = textbook.ridge(of_X[1:], of_y[1:], lam)
    return w, ((of_y[0] - of_X[0] @ w) / R[0, 0])[()]


@quiet
def ridge_posterior(X, y, lam):
    """The covariance is λR⁻¹R⁻ᵀ, with R of [X; √λI]."""
    F, _, mu, _ = _problem(X, y, lam)
    d = F.shape[1]
    _, R = np.linalg.qr(np.vstack([F, np.sqrt(mu) * np.eye(d, dtype=F.dtype)]))
    half = _triangular(R.T, np.sqrt(mu) * np.eye(d, dtype=F.dtype))
    return textbook.ridge_svd(X, y, lam), half.T @ half
