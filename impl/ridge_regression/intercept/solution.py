"""Ridge regression with an intercept: the means are taken out, and b comes from them at the end."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..._kernels.scaling import lam_in_range
from ..._kernels.validation import Array, not_negative
from .._problem import checked
from ..auto import best
from .centred import counted, read, with_intercept, without_intercept

__all__ = ["ridge_intercept"]


def ridge_intercept(
    X: ArrayLike, y: ArrayLike, lam: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[Array, Array]:
    r"""(w, b) = argmin Σ sᵢ(yᵢ − xᵢᵀw − b)² + λ‖w‖²: the intercept b has no penalty; at λ = 0 the shortest such w.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,) or (n, k)
        One target or k of them.
    lam
        λ ≥ 0.
    sample_weight : (n,)
        s ≥ 0; a sample of weight 3 counts as three, one of weight 0 as none. None is 1 for each.

    Returns
    -------
    w : (d,) or (d, k)
        One solution for each target.
    b : a number or (k,)
        ȳ − x̄ᵀw, of the weighted means; NaN when there are no samples.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, λ or a weight is negative, or every weight is 0.

    Notes
    -----
    With p = min(n, d) and q = max(n, d): qp² + p³/3 + 14nd flops, of which 12nd center the rows. They are centered
    before anything is squared, and keep their digits under means of any size: Chan, Golub and LeVeque (1983). Backward
    stable in the data; b is off by what w is, times ‖x̄‖: Golub and Van Loan (2013), §5.3; Hastie, Tibshirani and
    Friedman (2009), §3.4.1.
    """
    lam = not_negative("lam", lam)
    (X, y), s = read("X y", X, y, sample_weight=sample_weight)
    X, y = checked(X, y)
    X, y, s = counted(X, y, s)
    if X.shape[0] == 0:
        return np.zeros((X.shape[1], *y.shape[1:]), X.dtype), np.full(y.shape[1:], np.nan, X.dtype)[()]
    c = without_intercept(X, y, s)
    lam, excess = lam_in_range(lam, c.ex + c.es + c.f, X.itemsize)
    empty = c.A.size == 0 or c.T.size == 0
    W = np.zeros((X.shape[1], c.T.shape[1]), X.dtype) if empty else best(c.A, c.T, lam)
    return with_intercept(c, W, excess, y)
