"""4 · Fake data: d more samples √λ eⱼ with target 0 turn ridge into ordinary least squares."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ..._kernels.jit import jit
from ..._kernels.lapack import call
from ..._kernels.linalg import leading_columns, qr, times_Q
from ..._kernels.scaling import exponent
from ..._kernels.validation import Array
from .._problem import solution

__all__ = ["ridge_augmented_rows"]


def ridge_augmented_rows(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Array:
    r"""argmin ‖[X; √λ I]w − [y; 0]‖, by QR of the augmented matrix: w = R⁻¹(Qᵀ[y; 0])₁…d.

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

    Notes
    -----
    2(n + d)d² − 2d³/3 flops. The order of the rows does not matter to the answer. Backward stable in the augmented
    matrix, whose condition is √((σ²_max+λ)/(σ²_min+λ)): Higham (2002), theorem 20.3; Björck (1996), §2.7.2.
    """
    return solution("ridge_augmented_rows", "[X; √λ I]", solve, X, y, lam)


@jit
def solve(X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    """Wᵀ, one target a row; QR never fails, and √λ I keeps R regular."""
    n, d = X.shape
    k = Y.shape[1]
    At, Bt = np.zeros((d, n + d), X.dtype), np.zeros((k, n + d), X.dtype)
    # The larger rows come first: reflections are stable row by row only then (Higham 2002, theorem 19.6), and for a
    # large λ the answer hangs on the small rows X.
    data, fake = (0, n) if lam < math.ldexp(1.0, 2 * exponent(X)) else (d, 0)
    for i in range(n):
        for j in range(d):
            At[j, data + i] = X[i, j]
        for t in range(k):
            Bt[t, data + i] = Y[i, t]
    for j in range(d):
        At[j, fake + j] = math.sqrt(lam)
    tau = qr(At)
    times_Q(At, tau, Bt, True)
    info = np.zeros(1, np.int32)
    call("trtrs", ("U", "N", "N", d, k, At, n + d, Bt, n + d, info))
    return leading_columns(Bt, d), True
