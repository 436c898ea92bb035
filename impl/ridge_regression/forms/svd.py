"""2 · Shifted singular values: ridge replaces 1/σ by σ/(σ²+λ)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..._kernels.jit import jit
from ..._kernels.linalg import product
from ..._kernels.validation import Array
from .._problem import solution
from ..filters import inverse_singular_value
from ..spectrum import spectrum

__all__ = ["ridge_svd"]


def ridge_svd(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Array:
    r"""w = V diag(σ/(σ²+λ)) Uᵀy, by the thin X = U diag(σ) Vᵀ.

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
    With p = min(n, d) and q = max(n, d): 6qp² + 20p³ + 4ndk flops; about 2qp² + 26p³ + 4ndk for a tall X, whose U is
    never formed. Backward stable in X: Björck, *Numerical Methods for Least Squares Problems* (1996), §2.7; Hansen,
    *Rank-Deficient and Discrete Ill-Posed Problems* (1998), §4.2; Golub and Van Loan (2013), figure 8.6.1.
    """
    return solution("ridge_svd", "X", solve, X, y, lam)


@jit
def solve(X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    """Wᵀ, one target a row; the SVD never fails."""
    s, Vt, Ct, _ = spectrum(X, Y)
    for i in range(s.size):
        inverse = inverse_singular_value(np.float64(s[i]), lam)
        for t in range(Ct.shape[0]):
            Ct[t, i] *= inverse
    return product(Ct, False, Vt, False), True
