"""The kernel form: w = Xᵀα lies in the span of the samples, and only their inner products XXᵀ are needed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..._kernels.jit import jit
from ..._kernels.linalg import cholesky, cholesky_solve, kernel_matrix, product, transposed
from ..._kernels.validation import Array
from .._problem import solution

__all__ = ["ridge_kernel"]


def ridge_kernel(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Array:
    r"""w = Xᵀ(XXᵀ + λI)⁻¹y, by Cholesky of the n × n kernel matrix.

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
        XXᵀ + λI is not numerically positive definite.

    Notes
    -----
    dn² + n³/3 + 2ndk flops. Saunders, Gammerman and Vovk, "Ridge regression learning algorithm in dual variables"
    (1998); the error grows with the condition of XXᵀ + λI, Higham (2002), §10.1.
    """
    return solution("ridge_kernel", "XXᵀ + λI", solve, X, y, lam)


@jit
def solve(X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    """Wᵀ, one target a row, and whether the factorisation succeeded."""
    K = kernel_matrix(X, lam)
    if not cholesky(K):
        return np.empty((Y.shape[1], X.shape[1]), X.dtype), False
    alpha = transposed(Y)
    cholesky_solve(K, alpha)
    return product(alpha, False, X, False), True
