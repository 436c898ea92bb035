"""3 · Maximum a posteriori: W ~ N(0, I) and Y = XW + √λ N make W given y normal with precision I + XᵀX/λ."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ..._kernels.jit import jit
from ..._kernels.linalg import cholesky, cholesky_solve, gram, product
from ..._kernels.validation import Array
from .._problem import solution

__all__ = ["ridge_map"]


def ridge_map(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Array:
    r"""w = P⁻¹Xᵀy/λ, where P = I + XᵀX/λ is the posterior's precision; its mean is also its mode.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,) or (n, k)
        One target or k of them.
    lam
        λ > 0, the variance of the noise in units of the prior's.

    Returns
    -------
    (d,) or (d, k)
        The maximiser of −‖y − Xw‖²/(2λ) − ‖w‖²/2, for each target.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or λ is not positive.
    numpy.linalg.LinAlgError
        P is not numerically positive definite.

    Notes
    -----
    nd² + d³/3 + 2ndk flops. Bishop, *Pattern Recognition and Machine Learning* (2006), §3.3.1; the error is that of
    normal equations, Higham (2002), §20.4.
    """
    return solution("ridge_map", "I + XᵀX/λ", solve, X, y, lam)


@jit
def solve(X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    """Wᵀ, one target a row, and whether the factorisation succeeded."""
    lam = max(lam, math.ldexp(1.0, -600 if X.itemsize == 8 else -90))  # less is nothing, and XᵀX/λ would overflow
    P = gram(X, 0.0)
    d = X.shape[1]
    for i in range(d):
        for j in range(i, d):
            P[i, j] /= lam
        P[i, i] += 1
    if not cholesky(P):
        return np.empty((Y.shape[1], d), X.dtype), False
    Wt = product(Y, True, X, False)
    for t in range(Wt.shape[0]):
        for j in range(d):
            Wt[t, j] /= lam
    cholesky_solve(P, Wt)
    return Wt, True
