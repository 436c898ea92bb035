"""What people type in SciPy: `--impl scipy-as-written`. The normal equations and their eigenvalues, for speed."""

import numpy as np
from scipy import linalg, special


def lstsq(X, y):
    return linalg.solve(X.T @ X, X.T @ y, assume_a="pos")


def min_norm(X, y):
    return X.T @ linalg.solve(X @ X.T, y, assume_a="pos")


def pinv(X):
    return linalg.pinv(X)


def left_inverse(X):
    return linalg.solve(X.T @ X, X.T, assume_a="pos")


def right_inverse(X):
    return linalg.solve(X @ X.T, X, assume_a="pos").T


def ridge_normal(X, y, lam):
    return linalg.solve(X.T @ X + lam * np.eye(X.shape[1], dtype=X.dtype), X.T @ y, assume_a="pos")


def ridge_kernel(X, y, lam):
    return X.T @ linalg.solve(X @ X.T + lam * np.eye(len(X), dtype=X.dtype), y, assume_a="pos")


def ridge(X, y, lam):
    n, d = X.shape
    return ridge_normal(X, y, lam) if n >= d else ridge_kernel(X, y, lam)


ridge_map = ridge_normal


def ridge_posterior(X, y, lam):
    factor = linalg.cho_factor(X.T @ X + lam * np.eye(X.shape[1], dtype=X.dtype))
    return linalg.cho_solve(factor, X.T @ y), lam * linalg.cho_solve(factor, np.eye(X.shape[1]))


def ridge_path(X, y, lams):
    s2, V = linalg.eigh(X.T @ X)
    return (V.T @ (X.T @ y) / (s2 + lams[:, None])) @ V.T


def ridge_dof(X, lams):
    s2 = linalg.eigvalsh(X.T @ X)
    return np.sum(s2 / (s2 + lams[:, None]), axis=1)


def ridge_gcv(X, y, lams):
    residuals, leverages = _smoothed(X, y, lams)
    return len(y) * np.sum(residuals**2, axis=1) / np.sum(1 - leverages, axis=1) ** 2


def ridge_loo(X, y, lams):
    residuals, leverages = _smoothed(X, y, lams)
    return np.mean((residuals / (1 - leverages)) ** 2, axis=1)


def _smoothed(X, y, lams):
    s2, V = linalg.eigh(X.T @ X)
    Z, inverse = X @ V, 1 / (s2 + lams[:, None])
    return y - (inverse * (y @ Z)) @ Z.T, inverse @ (Z**2).T


def ridge_by_feature(X, y, lams):
    return linalg.solve(X.T @ X + np.diag(lams), X.T @ y, assume_a="pos")


def softmax_loss(x, y):
    N = len(x)
    dx = special.softmax(x, axis=1)
    loss = -special.log_softmax(x, axis=1)[np.arange(N), y].mean()
    dx[np.arange(N), y] -= 1
    return loss, dx / N
