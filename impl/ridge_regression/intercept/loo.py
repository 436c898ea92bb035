"""Leave-one-out cross-validation with an intercept, which is fitted anew with every sample that is left out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ..._kernels.linalg import product, svd
from ..._kernels.parallel import alone
from ..._kernels.validation import Array, finite
from .._problem import checked_single
from ..loo import by_spectrum, outside, weights
from ..path import checked_lams
from ..spectrum import rank_at_zero
from .centred import Centred, counted, read, without_intercept
from .solution import ridge_intercept

__all__ = ["ridge_intercept_loo"]


def ridge_intercept_loo(X: ArrayLike, y: ArrayLike, lams: ArrayLike, sample_weight: ArrayLike | None = None) -> Array:
    r"""Σ sᵢ(yᵢ − xᵢᵀw₋ᵢ − b₋ᵢ)²/Σ sᵢ at each λ, where w₋ᵢ and b₋ᵢ are `ridge_intercept` without sample i.

    A sample is left out with all of its weight. The weighted mean is that of R's glmnet; scikit-learn's RidgeCV divides
    the sum by n, which has the same smallest value.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,)
        The target.
    lams : (L,)
        Values λ ≥ 0 in any order, repeated or none.
    sample_weight : (n,)
        As in `ridge_intercept`.

    Returns
    -------
    (L,)
        In y's units squared and in the order of lams; NaN where there is no other sample.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, a λ or a weight is negative, or every weight is 0.

    Notes
    -----
    With p = min(n, d) and q = max(n, d): 6qp² + 20p³ + 12nd + 4Lnd flops, by the SVD. The error of sample i is
    (y − Hy)ᵢ/(1 − Hᵢᵢ) with the intercept's sᵢ/Σs in Hᵢᵢ; I − H is summed from its parts as in `ridge_loo`, and at
    λ = 0 a sample that alone holds up a direction is really left out. Golub, Heath and Wahba (1979); Allen (1974).
    """
    (X, y, lams), s = read("X y lams", X, y, lams, sample_weight=sample_weight)
    X, y = checked_single(X, y)
    lams = checked_lams(lams)
    X, y, s = counted(X, y, s)
    n, d = X.shape
    if n < 2:
        finite("X", X)
        finite("y", y)
        return np.full(lams.size, math.nan, X.dtype)
    # The heaviest goes first: its share of what is left of q is then a sum, and no small difference.
    first = np.argsort(np.arange(n) != np.argmax(s), kind="stable")
    X, y, s = X[first], y[first], s[first]
    c = without_intercept(X, y, s)
    q = c.root / math.sqrt(np.sum(c.root * c.root))
    U, sigma, rank = np.zeros((n - 1, 0), X.dtype), np.zeros(0, X.dtype), 0
    if d:
        U, sigma, _ = alone(c.A, svd, c.A)
        rank = rank_at_zero(sigma, n - 1, d)
    of_U = product(U, True, c.T, False)[:, 0] if d else np.zeros(0, X.dtype)
    # Beside the directions of the features stands q, of which every λ leaves nothing.
    basis = among_all(np.concatenate([U, c.T], axis=1), q)
    basis, t = np.concatenate([q[:, None].astype(X.dtype), basis[:, :-1]], axis=1), basis[:, -1:].copy()
    residual, hidden = outside(basis, t)
    g = weights(sigma, lams, c.ex + c.es + c.f, rank, n - 1)
    errors = by_spectrum(basis[:, 1:], of_U, residual, hidden, g)
    if rank < n - 1 and not lams.all():
        for i in np.flatnonzero(hidden < np.sqrt(np.finfo(X.dtype).eps)):
            errors[i, lams == 0] = _left_out(X, y, s, c, int(i))
    with np.errstate(over="ignore", under="ignore"):  # an answer out of range is inf or 0
        total = np.sum(np.square(errors, dtype=np.float64), axis=0) / np.sum(c.root * c.root)
        return np.ldexp(total, 2 * (c.ey + c.g)).astype(X.dtype)


def among_all(U: Array, q: Array) -> Array:
    """(n, r): the columns of U, of which reflecting q left n − 1 entries, reflected back among the n samples."""
    along = q[1:] @ U
    return np.concatenate([-along[None, :], U - np.outer(q[1:] / (1 + q[0]), along)]).astype(U.dtype)


def _left_out(X: Array, y: Array, s: Array, c: Centred, i: int) -> float:
    """√sᵢ(yᵢ − xᵢᵀw₋ᵢ − b₋ᵢ) for the least squares w₋ᵢ, b₋ᵢ of the other samples, in the units of c."""
    X, y = np.ldexp(X, -c.ex), np.ldexp(y, -c.ey)
    others = np.arange(len(y)) != i
    w, b = ridge_intercept(X[others], y[others], 0.0, s[others].astype(X.dtype))
    return math.ldexp(c.root[i] * float(y[i] - X[i] @ w - b), -c.g)
