"""QR with column pivoting, then of what is left if columns depend on each other; Fortran order throughout."""

import functools

import numpy as np
import scipy.linalg

from shrinkage.peers.numpy._input import not_negative, quiet
from shrinkage.peers.numpy._scaling import split
from shrinkage.peers.numpy.least_squares import _matrix, data, kept
from shrinkage.peers.numpy.ridge import _problem


def _fortran(function):
    @functools.wraps(function)
    def laid_out(*arguments, **named):
        return np.asfortranarray(quiet(function)(*map(_as_fortran, arguments), **named))

    return laid_out


def _as_fortran(value):
    return np.asfortranarray(value) if isinstance(value, np.ndarray) and value.ndim > 1 else value


def _solved(F, g, keep):
    """X = QRPᵀ, or Q[R S]Pᵀ of few rows, whose shortest solution is by QR of [R S]ᵀ; the SVD where a σ is left out."""
    rank = int(keep.sum())
    if rank < min(F.shape):
        U, s, Vt = np.linalg.svd(F, full_matrices=False)
        return Vt[:rank].T @ ((U[:, :rank].T @ g).T / s[:rank]).T
    if not F.size or not g.size:
        return np.zeros((F.shape[1], *g.shape[1:]), F.dtype)
    Q, R, order = scipy.linalg.qr(F, mode="economic", pivoting=True)
    b, w = Q.T @ g, np.zeros((F.shape[1], *g.shape[1:]), F.dtype)
    if len(F) < F.shape[1]:
        Z, T = scipy.linalg.qr(R.T, mode="economic")
        w[order] = Z @ scipy.linalg.solve_triangular(T, b, trans=1)
    else:
        w[order] = scipy.linalg.solve_triangular(R, b)
    return w


def _rank(F, rcond=None):
    s = np.linalg.svd(F, compute_uv=False) if F.size else np.zeros(0, F.dtype)
    return kept(s, F.shape, rcond)


@_fortran
def lstsq(X, y, rcond=None):
    """The columns of X, the longest of what is left first."""
    X, y = data(X, y)
    (F, k), (g, c) = split(X), split(y, axis=0)
    return np.ldexp(_solved(F, g, _rank(F, rcond)), c - k)


@_fortran
def pinv(X, rcond=None):
    """The solution for each unit vector."""
    F, k = split(_matrix(X))
    return np.ldexp(_solved(F, np.eye(len(F), dtype=F.dtype), _rank(F, rcond)), -k)


@_fortran
def min_norm(X, y):
    """That of full row rank."""
    X, y = data(X, y)
    if _rank(split(X)[0]).sum() < len(X):
        raise ValueError("the rows of X depend on each other")
    return lstsq(X, y)


@_fortran
def ridge_augmented_rows(X, y, lam):
    """QR with pivoting of [X; √λI], the larger rows on top: each row is then off by its own size (Cox, Higham 1998)."""
    X, y, lam, unscale = _problem(X, y, lam)
    rows = np.vstack([X, np.sqrt(lam) * np.eye(X.shape[1], dtype=X.dtype)])
    targets = np.concatenate([y, np.zeros((X.shape[1], *y.shape[1:]), X.dtype)])
    order = np.argsort(-abs(rows).max(axis=1, initial=0), kind="stable")
    return unscale(_solved(rows[order], targets[order], np.ones(X.shape[1], bool)))


@_fortran
def ridge(X, y, lam):
    """Likewise; `lstsq` at λ = 0."""
    return ridge_augmented_rows(X, y, lam) if not_negative("lam", lam) else lstsq(X, y)
