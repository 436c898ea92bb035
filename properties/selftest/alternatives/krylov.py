"""Ridge by conjugate gradients, every direction orthogonalised against all before, twice, in extended precision."""

import numpy as np

from shrinkage.peers.numpy._input import quiet
from shrinkage.peers.numpy.ridge import _problem

LONG = np.longdouble
NOTHING = np.finfo(LONG).eps


def _orthogonal(v, basis):
    for _ in range(2):
        for q in basis:
            v = v - q * (q @ v)
    return v


def _bidiagonal(X, y):
    """U, V and B with XV = UB: what conjugate gradients build, a column at a time, until nothing is left."""
    U: list = []
    V: list = []
    alphas, betas = [], []
    scale = np.sqrt(np.sum(X * X))
    u, beta = y, np.sqrt(y @ y)
    least = NOTHING * beta
    while beta > least and len(U) < len(X):
        U.append(u / beta)
        betas.append(beta)
        v = _orthogonal(X.T @ U[-1], V)
        alpha = np.sqrt(v @ v)
        if alpha <= NOTHING * scale or len(V) == X.shape[1]:
            break
        V.append(v / alpha)
        alphas.append(alpha)
        u = _orthogonal(X @ V[-1], U)
        beta, least = np.sqrt(u @ u), NOTHING * scale
    return V, alphas, betas


def _one(X, y, lam):
    """The least of ‖Bz − β₁e₁‖² + λ‖z‖², by rotations; w = Vz."""
    V, alphas, betas = _bidiagonal(X, y)
    k = len(alphas)
    rows, b = np.zeros((2 * k + 1, k), LONG), np.zeros(2 * k + 1, LONG)
    if not k:
        return np.zeros(X.shape[1], LONG)
    b[k] = betas[0]
    for j in range(k):
        rows[j, j], rows[k + j, j] = np.sqrt(lam), alphas[j]
        if j + 1 < len(betas):
            rows[k + j + 1, j] = betas[j + 1]
    for j in range(k):
        for i in range(j + 1, len(rows)):
            if rows[i, j]:
                h = np.hypot(rows[j, j], rows[i, j])
                c, s = rows[j, j] / h, rows[i, j] / h
                rows[j], rows[i] = c * rows[j] + s * rows[i], c * rows[i] - s * rows[j]
                b[j], b[i] = c * b[j] + s * b[i], c * b[i] - s * b[j]
    z = np.zeros(k, LONG)
    for j in range(k)[::-1]:
        z[j] = (b[j] - rows[j, j + 1 :] @ z[j + 1 :]) / rows[j, j]
    return np.array(V).T @ z


@quiet
def ridge_normal(X, y, lam):
    """Never a Gram matrix."""
    X, y, lam, unscale = _problem(X, y, lam)
    if not X.size:
        return unscale(np.zeros((X.shape[1], *y.shape[1:]), X.dtype))
    wide, columns = X.astype(LONG), y.reshape(len(y), -1).astype(LONG)
    W = [_one(wide, columns[:, j], LONG(lam)) for j in range(columns.shape[1])]
    w = np.array(W, LONG).reshape(len(W), X.shape[1]).T.reshape(X.shape[1], *y.shape[1:])
    return unscale(w.astype(X.dtype))


ridge_kernel = ridge_map = ridge_svd = ridge_augmented_columns = ridge_normal
