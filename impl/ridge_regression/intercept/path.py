"""The ridge solution with an intercept at many values of λ."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..._kernels.validation import Array
from .._problem import checked
from ..path import checked_lams, solutions
from .centred import counted, read, with_intercept, without_intercept

__all__ = ["ridge_intercept_path"]


def ridge_intercept_path(
    X: ArrayLike, y: ArrayLike, lams: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[Array, Array]:
    r"""(W, b), row a of each being argmin Σ sᵢ(yᵢ − xᵢᵀw − b)² + λₐ‖w‖²: one factorisation for all λ.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,) or (n, k)
        One target or k of them.
    lams : (L,)
        Values λ ≥ 0 in any order, repeated or none.
    sample_weight : (n,)
        As in `ridge_intercept`.

    Returns
    -------
    W : (L, d) or (L, d, k)
        In the order of lams.
    b : (L,) or (L, k)
        NaN when there are no samples.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, a λ or a weight is negative, or every weight is 0.

    Notes
    -----
    With p = min(n, d) and q = max(n, d): 6qp² + 20p³ + 14nd + 2Ld² flops, of which 12nd center the rows: Hastie,
    Tibshirani and Friedman (2009), §3.4.1.
    """
    (X, y, lams), s = read("X y lams", X, y, lams, sample_weight=sample_weight)
    X, y = checked(X, y)
    lams = checked_lams(lams)
    X, y, s = counted(X, y, s)
    if X.shape[0] == 0:
        shape = (lams.size, *y.shape[1:])
        return np.zeros((lams.size, X.shape[1], *y.shape[1:]), X.dtype), np.full(shape, np.nan, X.dtype)
    c = without_intercept(X, y, s)
    if c.A.size == 0 or c.T.size == 0 or lams.size == 0:
        return with_intercept(c, np.zeros((lams.size, X.shape[1], c.T.shape[1]), X.dtype), 0, y)
    W, exponents = solutions(c.A, c.T, lams, c.ex + c.es + c.f)
    return with_intercept(c, W.transpose(0, 2, 1), -exponents[:, None, None], y)
