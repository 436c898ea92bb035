"""By the definition, however long it takes: refits for leave-one-out, single solves for the path, long doubles."""

import numpy as np

from shrinkage.peers import numpy as textbook
from shrinkage.peers.numpy._input import arrays, expect, not_negative, positive, quiet
from shrinkage.peers.numpy._scaling import split
from shrinkage.peers.numpy.ridge import _point
from shrinkage.peers.numpy.spectrum import _each, _path, _singular_values
from shrinkage.peers.numpy.unequal import _weighted

LONG = np.longdouble


def _squares(X, y, w):
    X, y, w = (a.astype(LONG) for a in (X, y, w))
    return np.sum((y - X @ w) ** 2), np.sum(w**2)


@quiet
def ridge_objective(X, y, w, lam):
    """‖y − Xw‖² + λ‖w‖² in extended precision, whose range is large enough for squares."""
    X, y, w = _point(X, y, w)
    misfit, size = _squares(X, y, w)
    return (misfit + LONG(not_negative("lam", lam)) * size).astype(X.dtype)


@quiet
def ridge_jacobian(X, y, w, lam):
    """2(λwᵀ − (y − Xw)ᵀX), likewise."""
    X, y, w = _point(X, y, w)
    expect("y", y, y.ndim == 1, "(n,)")
    lam, dtype = LONG(not_negative("lam", lam)), X.dtype
    X, y, w = (a.astype(LONG) for a in (X, y, w))
    return (2 * (lam * w + X.T @ (X @ w - y)))[None, :].astype(dtype)


@quiet
def ridge_log_posterior(X, y, w, lam):
    """−‖y − Xw‖²/(2λ) − ‖w‖²/2, likewise."""
    X, y, w = _point(X, y, w)
    expect("y", y, y.ndim == 1, "(n,)")
    misfit, size = _squares(X, y, w)
    return (-(misfit / LONG(positive("lam", lam)) + size) / 2).astype(X.dtype)


@quiet
def ridge_inverse_singular_values(s, lam):
    """σ/(σ²+λ) in extended precision."""
    s, _, lam = _singular_values(s, lam)
    wide = s.astype(LONG)
    return np.where(s > 0, wide / np.where(s > 0, wide * wide + LONG(lam), 1), 0).astype(s.dtype)


@quiet
def ridge_filter_factors(s, lam):
    """1 − λ/(σ²+λ) would lose digits: (σ/√(σ²+λ))² does not."""
    s, _, lam = _singular_values(s, lam)
    wide = s.astype(LONG)
    return np.where(s > 0, (wide / np.hypot(np.where(s > 0, wide, 1), np.sqrt(LONG(lam)))) ** 2, 0).astype(s.dtype)


@quiet
def ridge_path(X, y, lams):
    """One solution after the other, the last λ first."""
    X, y, lams = _path(X, y, lams)
    w = np.zeros((len(lams), X.shape[1], *y.shape[1:]), X.dtype)
    for i in range(len(lams))[::-1]:
        w[i] = textbook.ridge(X, y, lams[i])
    return w


@quiet
def ridge_dof(X, lams):
    """Σ 1/(1 + λ/σ²), in extended precision."""
    X, lams = arrays(X=X, lams=lams)
    expect("X", X, X.ndim == 2, "(n, d)")
    F, k = split(X)
    s = np.linalg.svd(F, compute_uv=False) if F.size else np.zeros(0, F.dtype)
    dof = np.zeros(len(_each(lams)), X.dtype)
    for i, lam in enumerate(lams):
        if lam == 0:
            dof[i] = np.linalg.matrix_rank(F) if F.size else 0
        else:
            dof[i] = np.sum(1 / (1 + np.ldexp(LONG(lam), -2 * k) / s[s > 0].astype(LONG) ** 2))
    return dof


@quiet
def ridge_loo(X, y, lams):
    """Every sample left out, and the rest fitted again."""
    X, y, lams = _path(X, y, lams)
    expect("y", y, y.ndim == 1, "(n,)")
    loo = np.full(len(lams), np.nan, X.dtype)
    for j, lam in enumerate(lams if len(y) else []):
        errors = [
            y[i].astype(LONG) - X[i].astype(LONG) @ textbook.ridge(np.delete(X, i, axis=0), np.delete(y, i), lam)
            for i in range(len(y))
        ]
        loo[j] = np.mean(np.square(errors))
    return loo


@quiet
def ridge_intercept_path(X, y, lams, sample_weight=None):
    """One solution after the other, the last λ first."""
    X, y, lams, s = _weighted(sample_weight, X=X, y=y, lams=lams)
    w = np.zeros((len(_each(lams)), X.shape[1], *y.shape[1:]), X.dtype)
    b = np.zeros((len(lams), *y.shape[1:]), X.dtype)
    for i in range(len(lams))[::-1]:
        w[i], b[i] = textbook.ridge_intercept(X, y, lams[i], s)
    return w, b


@quiet
def ridge_intercept_loo(X, y, lams, sample_weight=None):
    """Every sample left out, and the rest fitted again."""
    X, y, lams, s = _weighted(sample_weight, X=X, y=y, lams=lams)
    expect("y", y, y.ndim == 1, "(n,)")
    loo = np.full(len(_each(lams)), np.nan, X.dtype)
    for j, lam in enumerate(lams if len(y) > 1 else []):
        errors = []
        for i in range(len(y)):
            w, b = textbook.ridge_intercept(np.delete(X, i, axis=0), np.delete(y, i), lam, np.delete(s, i))
            errors.append(y[i].astype(LONG) - X[i].astype(LONG) @ w - b)
        loo[j] = np.sum(s * np.square(errors)) / np.sum(s)
    return loo


@quiet
def ridge_batch(X, y, lam):
    """The last problem first, each by `ridge`."""
    like = textbook.ridge_batch(X, y, lam)  # refuses what is to be refused
    X, y, *_ = arrays(X=X, y=y, lam=lam) if np.ndim(lam) else arrays(X=X, y=y)
    lams = np.broadcast_to(lam, len(X))
    rows = [textbook.ridge(X[i], y[i], lams[i]) for i in range(len(X))[::-1]]
    return np.array(rows[::-1], like.dtype).reshape(like.shape)
