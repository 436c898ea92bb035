"""1 · Optimisation: the derivative of the objective vanishes where (XᵀX + λI)w = Xᵀy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..._kernels.jit import jit
from ..._kernels.linalg import cholesky, cholesky_solve, gram, product
from ..._kernels.validation import Array
from .._problem import solution

__all__ = ["ridge_normal"]


def ridge_normal(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Array:
    r"""w = (XᵀX + λI)⁻¹Xᵀy, by Cholesky.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,) or (n, k)
        One target or k of them.
    lam
        λ > 0.

    Returns
    -------
    (d,) or (d, k)
        The minimiser of ‖y − Xw‖² + λ‖w‖², for each target.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or λ is not positive.
    numpy.linalg.LinAlgError
        XᵀX + λI is not numerically positive definite.

    Notes
    -----
    nd² + d³/3 + 2ndk flops. The error grows with the condition of XᵀX + λI, the square of that of X: Higham, *Accuracy
    and Stability of Numerical Algorithms* (2002), §20.4.
    """
    return solution("ridge_normal", "XᵀX + λI", solve, X, y, lam)


@jit
def solve(X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    """Wᵀ, one target a row, and whether the factorisation succeeded."""
    G = gram(X, lam)
    if not cholesky(G):
        return np.empty((Y.shape[1], X.shape[1]), X.dtype), False
    Wt = product(Y, True, X, False)
    cholesky_solve(G, Wt)
    return Wt, True
