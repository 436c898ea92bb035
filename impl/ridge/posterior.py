"""The posterior of the weights: its mean is the ridge solution, its covariance the inverse curvature."""

import numpy as np
from numpy.typing import ArrayLike

from .._factor import gram, svd
from .._front import Array, positive
from .._jit import jit
from .._lapack import call
from .._range import in_range, times_power_of_two
from ._problem import as_target, checked, columns, empty_answer
from .best import equilibrated_cholesky, solve_in_range
from .filters import filter_factor, removed

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
    X, y = checked(X, y)
    if X.size == 0 or y.size == 0:
        mean = empty_answer(X, y)
        return mean, (_covariance_of(X, lam) if X.size else np.eye(X.shape[1], dtype=X.dtype))
    mean, covariance = _posterior(X, columns(y), lam)
    return as_target(mean, y), covariance


def _covariance_of(X: Array, lam: float) -> Array:
    return _posterior(X, np.zeros((X.shape[0], 1), X.dtype), lam)[1]


@jit
def _posterior(X: Array, Y: Array, lam: float) -> tuple[Array, Array]:
    X, Y, lam, e = in_range(X, Y, lam)
    Wt = solve_in_range(X, Y, lam)
    return (times_power_of_two(Wt, e) if e != 0 else Wt), _covariance(X, lam)


@jit
def _covariance(X: Array, lam: float) -> Array:
    """λ(XᵀX + λI)⁻¹, exactly symmetric."""
    d = X.shape[1]
    C = gram(X, lam)
    scale, condition = equilibrated_cholesky(C)
    if condition > _GOOD:
        return _covariance_by_svd(X, lam)
    info = np.zeros(1, np.int32)
    call("potri", ("L", d, C, d, info))
    for i in range(d):
        for j in range(i, d):
            C[i, j] *= lam * scale[i] * scale[j]
            C[j, i] = C[i, j]
    return C


@jit
def _covariance_by_svd(X: Array, lam: float) -> Array:
    """V diag(λ/(σ²+λ)) Vᵀ, plus the projection on the null space where X is wide."""
    n, d = X.shape
    _, s, Vt = svd(X)
    wide = n < d
    for i in range(s.size):
        value = filter_factor(np.float64(s[i]), lam) if wide else removed(np.float64(s[i]), lam)
        Vt[i] *= np.sqrt(value)
    C = Vt.T @ Vt
    if wide:
        C = np.eye(d, dtype=X.dtype) - C
    for i in range(d):
        for j in range(i):
            C[i, j] = C[j, i]
    return C
