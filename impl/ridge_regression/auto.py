"""The best form for the shape at hand: Cholesky of the smaller Gram matrix, refined; where that fails, the SVD."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .._kernels.jit import jit
from .._kernels.mixed import mixed_cholesky, pays
from .._kernels.parallel import Team, is_split, together, workers_for
from .._kernels.refine import refined_cholesky
from .._kernels.scaling import in_range, times_power_of_two
from .._kernels.validation import Array, not_negative
from ..least_squares import lstsq
from ._problem import as_target, checked, columns, empty_answer
from .forms.svd import ridge_svd
from .single import LARGEST, single

__all__ = ["ridge"]


def ridge(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Array:
    r"""w = argmin ‖y − Xw‖² + λ‖w‖², by the best form for the shape at hand; at λ = 0 the limit, ``lstsq(X, y)``.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,) or (n, k)
        One target or k of them.
    lam
        λ ≥ 0.

    Returns
    -------
    (d,) or (d, k)
        One solution for each target.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or λ is negative.

    Notes
    -----
    With p = min(n, d) and q = max(n, d): qp² + p³/3 + 2ndk flops, in float32 where that pays (`mixed.pays`) and X is
    not too ill-conditioned; and 4nd or 8nd more for each refinement, of which there are none for a well-conditioned
    small problem, mostly two to four else; the SVD's cost where that cannot work. Björck (1987); Carson and Higham
    (2018), "Accelerating the solution of linear systems by iterative refinement in three precisions".
    """
    lam = not_negative("lam", lam)
    X, y = checked(X, y)
    if X.size <= LARGEST and lam > 0 and y.ndim == 1:
        w = single(X, y, lam)
        if w.size:
            return w
    if X.size == 0 or y.size == 0:
        return empty_answer(X, y)
    return best(X, y, lam)


def best(X: Array, y: Array, lam: float) -> Array:
    """Of data that are checked, and not empty."""
    if lam == 0:
        return lstsq(X, y)
    Wt, good = by_cholesky(X, columns(y), lam)
    return as_target(Wt, y) if good else ridge_svd(X, y, lam)


def by_cholesky(X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    """(Wᵀ, whether it is as accurate as an orthogonal method's), for data of any finite size and λ > 0."""
    threads = workers_for(X)
    if pays(X):
        Wt, good = together(threads, mixed_cholesky, X, Y, lam, 0.0)
        if good:
            return Wt, True
    return together(threads, _by_cholesky, X, Y, lam, blas=is_split(X))


@jit
def _by_cholesky(team: Team, threads: int, X: Array, Y: Array, lam: float) -> tuple[Array, bool]:
    X, Y, lam, e = in_range(X, Y, lam)
    Wt, good = refined_cholesky(team, threads, X, Y, lam)
    good &= not np.isnan(np.sum(Wt))  # where X is 0 and λ tiny, the dual y/λ is past the range
    return (times_power_of_two(Wt, e) if e != 0 else Wt), good
