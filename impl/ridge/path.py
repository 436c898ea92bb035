"""The ridge solution at many values of λ, for little more than the price of one."""

import numpy as np
from numpy.typing import ArrayLike

from .._front import Array, finite, floats, refuse_shape
from .._jit import jit
from .._range import lam_in_range, matrix_in_range, target_in_range, times_power_of_two
from ._problem import checked, columns
from .filters import inverse_singular_value
from .spectrum import rank_at_zero, spectrum


def ridge_path(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> Array:
    r"""V diag(σ/(σ²+λ)) Uᵀy at each λ, from one SVD; at λ = 0 the shortest least squares solution.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,) or (n, k)
        One target or k of them.
    lams : (L,)
        Values λ ≥ 0 in any order, repeated or none.

    Returns
    -------
    (L, d) or (L, d, k)
        In the order of lams.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or a λ is negative.

    Notes
    -----
    The SVD once and 2Ldk·min(n, d) flops. Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*
    (2009), §3.4.1.
    """
    X, y, lams = floats("X y lams", X, y, lams)
    X, y, lams = *checked(X, y), checked_lams(lams)
    L, (n, d) = lams.size, X.shape
    if X.size == 0 or y.size == 0 or L == 0:
        finite("X", X)
        finite("y", y)
        return np.zeros((L, d, *y.shape[1:]), X.dtype)
    W = _path(X, columns(y), lams)
    return W.reshape(L, d) if y.ndim == 1 else np.ascontiguousarray(W.transpose(0, 2, 1))


def checked_lams(lams: Array, name: str = "lams") -> Array:
    """The values of λ as a float64 vector, so that none of them leaves the range when X is scaled."""
    if lams.ndim != 1:
        refuse_shape(name, lams, "(L,)")
    finite(name, lams)
    if lams.size and lams.min() < 0:
        raise ValueError(f"{name} must not be negative, but its smallest is {lams.min()}")
    return lams.astype(np.float64, copy=False)


@jit
def _path(X: Array, Y: Array, lams: Array) -> Array:
    """(L, k, d): the solutions, one target a row."""
    n, d = X.shape
    k = Y.shape[1]
    X, ex = matrix_in_range(X)
    Y, ey = target_in_range(Y)
    s, Vt, Ct, _ = spectrum(X, Y)
    r, L = s.size, lams.size
    rank = rank_at_zero(s, n, d)
    filtered = np.empty((L * k, r), X.dtype)
    for a in range(L):
        lam, _ = lam_in_range(lams[a], ex, X.itemsize)
        for i in range(r):
            f = inverse_singular_value(np.float64(s[i]), lam) if lams[a] > 0 or i < rank else 0.0
            for t in range(k):
                filtered[a * k + t, i] = f * Ct[t, i]
    W = (filtered @ Vt).reshape(L, k, d)
    for a in range(L):
        e = ey - ex - lam_in_range(lams[a], ex, X.itemsize)[1]
        if e != 0:
            W[a] = times_power_of_two(W[a], e)
    return W
