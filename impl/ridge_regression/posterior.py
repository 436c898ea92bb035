"""The posterior of the weights: its mean is the ridge solution, its covariance the inverse curvature."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .._kernels.jit import jit
from .._kernels.lapack import call
from .._kernels.linalg import gram, svd
from .._kernels.parallel import alone
from .._kernels.refine import equilibrated_cholesky
from .._kernels.scaling import in_range
from .._kernels.validation import Array, positive
from ._problem import checked
from .auto import ridge
from .filters import removed, ridge_filter_factors

__all__ = ["ridge_posterior"]

# Up to this condition the inverse from Cholesky loses at most a few digits that the SVD would keep.
_GOOD = 1e3


def ridge_posterior(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> tuple[Array, Array]:
    r"""W given y is normal for W ~ N(0, I), Y = XW + √λ N: mean (XᵀX + λI)⁻¹Xᵀy, covariance λ(XᵀX + λI)⁻¹.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,) or (n, k)
        One target or k of them; the covariance is the same for each.
    lam
        λ > 0, the variance of the noise in units of the prior's.

    Returns
    -------
    mean : (d,) or (d, k)
        The ridge solution.
    covariance : (d, d)
        Symmetric, with eigenvalues λ/(σ²+λ) between 0 and 1.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or λ is not positive.

    Notes
    -----
    nd² + d³ flops by Cholesky; the SVD's cost for an ill-conditioned problem. Bishop (2006), §3.3.1.
    """
    lam = positive("lam", lam)
    mean = ridge(X, y, lam)
    X, y = checked(X, y)
    if X.size == 0:
        return mean, np.eye(X.shape[1], dtype=X.dtype)
    X, _, lam, _ = in_range(X, np.zeros((1, 1), X.dtype), lam)
    return mean, covariance(X, lam)


def covariance(X: Array, lam: float) -> Array:
    """λ(XᵀX + λI)⁻¹, of an X in range and not empty, and λ > 0."""
    inverse, good = alone(X, _inverse_gram, X, lam)
    return inverse if good else _by_svd(X, lam)


@jit
def _inverse_gram(X: Array, lam: float) -> tuple[Array, bool]:
    """(λ(XᵀX + λI)⁻¹, exactly symmetric, and whether the matrix was well-conditioned)."""
    d = X.shape[1]
    C = gram(X, lam)
    scale, condition = equilibrated_cholesky(C)
    if condition > _GOOD:
        return C, False
    info = np.zeros(1, np.int32)
    call("potri", ("L", d, C, d, info))
    for i in range(d):
        for j in range(i, d):
            C[i, j] *= lam * scale[i] * scale[j]
            C[j, i] = C[i, j]
    return C, True


def _by_svd(X: Array, lam: float) -> Array:
    """V diag(λ/(σ²+λ)) Vᵀ, plus the projection on the null space where X is wide."""
    n, d = X.shape
    _, s, Vt = alone(X, svd, X)
    if n < d:
        half = np.sqrt(ridge_filter_factors(s, lam))[:, None] * Vt
        return np.eye(d, dtype=X.dtype) - half.T @ half
    half = np.sqrt(_shares_removed(s, lam))[:, None] * Vt
    return half.T @ half


@jit
def _shares_removed(s: Array, lam: float) -> Array:
    out = np.empty_like(s)
    for i in range(s.size):
        out[i] = removed(np.float64(s[i]), lam)
    return out
