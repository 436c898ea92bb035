"""5 · Fake features: n more features √λ eᵢ that can explain everything, and the shortest of all explanations."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ..._kernels.jit import jit
from ..._kernels.lapack import call
from ..._kernels.linalg import qr, times_Q
from ..._kernels.scaling import exponent
from ..._kernels.validation import Array
from .._problem import solution

__all__ = ["ridge_augmented_columns"]


def ridge_augmented_columns(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Array:
    r"""The first d entries of the shortest η with [X √λ I]η = y, by LQ: η = Qᵀ(L⁻¹y), [X √λ I] = LQ.

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
        The minimiser of ‖y − Xw‖² + λ‖w‖², for each target; the rest of η would be (y − Xw)/√λ.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or λ is not positive.

    Notes
    -----
    2(n + d)n² − 2n³/3 flops. Row-wise backward stable: Higham (2002), theorem 21.4; Björck (1996), §2.7.2.
    """
    return solution("ridge_augmented_columns", "[X √λ I]", solve, X, y, lam)


@jit
def solve(X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    """Wᵀ, one target a row; LQ never fails, and √λ I keeps L regular."""
    n, d = X.shape
    k = Y.shape[1]
    B, Et = np.zeros((n, d + n), X.dtype), np.zeros((k, d + n), X.dtype)
    # The larger columns come first, as the rows do in the fake data.
    data, fake = (0, d) if lam < math.ldexp(1.0, 2 * exponent(X)) else (n, 0)
    for i in range(n):
        for j in range(d):
            B[i, data + j] = X[i, j]
        B[i, fake + i] = math.sqrt(lam)
        for t in range(k):
            Et[t, i] = Y[i, t]
    tau = qr(B)  # of Bᵀ = Qᵀ Lᵀ
    info = np.zeros(1, np.int32)
    call("trtrs", ("U", "T", "N", n, k, B, d + n, Et, d + n, info))
    times_Q(B, tau, Et, False)
    Wt = np.empty((k, d), X.dtype)
    for t in range(k):
        for j in range(d):
            Wt[t, j] = Et[t, data + j]
    return Wt, True
