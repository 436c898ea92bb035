"""The contract's functions of data that are read a block of rows at a time.

X and y are anything that has a shape and is sliced by rows. `blocks` says how many rows a block has; or how they are
put together: ``[3, 0, 5]`` reads three rows, none and five into one state, ``[[3, 0], [5]]`` merges two states.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from numpy.typing import ArrayLike

from .._kernels.validation import Array, floats, not_negative, positive, refuse_shape
from ..ridge_regression.path import checked_lams
from .blocks import Blocks, Source, source
from .documented import documented
from .loo import leave_one_out

ONE_PASS = "With p = d + k: 2np² flops and one pass over the data."
SPECTRUM = "2nd² + 20d³ flops and one pass over the data."
AT_EACH_LAM = "With p = d + k: 2np² + 20d³ + 2Ld²k flops and one pass over the data."
TWO_PASSES = "4nd² + 20d³ + 4Lnd flops and two passes over the data; a third where a leverage is close to 1."

described = partial(
    documented,
    also="Nor may blocks have other than n rows.",
    blocks="blocks\n    How the rows are cut and put together; None is blocks of some megabytes, one after the other.",
)


@described(ONE_PASS)
def lstsq(X: Any, y: Any, rcond: float | None = None, *, blocks: Blocks = None) -> Array:
    """The shortest w among those that minimise ‖Xw − y‖; see `shrinkage.lstsq`."""
    rcond = None if rcond is None else not_negative("rcond", rcond)
    return source(X, y).state(blocks).lstsq(rcond)


@described("There are no more rows than columns: they are kept as they came, and this is `shrinkage.min_norm`.")
def min_norm(X: Any, y: Any, *, blocks: Blocks = None) -> Array:
    """The shortest w with Xw = y; see `shrinkage.min_norm`."""
    return source(X, y).state(blocks).min_norm()


@described(ONE_PASS)
def ridge(X: Any, y: Any, lam: ArrayLike, *, blocks: Blocks = None) -> Array:
    """w = argmin ‖y − Xw‖² + λ‖w‖²; see `shrinkage.ridge`."""
    lam = not_negative("lam", lam)
    return source(X, y).state(blocks).ridge(lam)


@described(AT_EACH_LAM)
def ridge_path(X: Any, y: Any, lams: ArrayLike, *, blocks: Blocks = None) -> Array:
    """`ridge` at each λ; see `shrinkage.ridge_path`."""
    data, lams = _with_lams(X, y, lams)
    return data.state(blocks).ridge_path(lams)


@described(SPECTRUM)
def ridge_dof(X: Any, lams: ArrayLike, *, blocks: Blocks = None) -> Array:
    """Σ σ²/(σ²+λ) at each λ; see `shrinkage.ridge_dof`."""
    data, lams = _with_lams(X, None, lams)
    return data.state(blocks).ridge_dof(lams)


@described(SPECTRUM)
def ridge_gcv(X: Any, y: Any, lams: ArrayLike, *, blocks: Blocks = None) -> Array:
    """n ‖(I − H)y‖² / tr(I − H)² at each λ; see `shrinkage.ridge_gcv`."""
    data, lams = _with_lams(X, y, lams, single=True)
    if not data.X.shape[1]:  # no feature explains nothing, and both are the mean square
        return ridge_loo(X, y, lams, blocks=blocks)
    return data.state(blocks).ridge_gcv(lams)


@described(TWO_PASSES)
def ridge_loo(X: Any, y: Any, lams: ArrayLike, *, blocks: Blocks = None) -> Array:
    """(1/n) Σᵢ (yᵢ − xᵢᵀw₋ᵢ)² at each λ; see `shrinkage.ridge_loo`."""
    data, lams = _with_lams(X, y, lams, single=True)
    return leave_one_out(data.state(blocks), data.again(blocks), lams)


@described(ONE_PASS)
def ridge_posterior(X: Any, y: Any, lam: ArrayLike, *, blocks: Blocks = None) -> tuple[Array, Array]:
    """(mean, covariance) of W given y; see `shrinkage.ridge_posterior`."""
    lam = positive("lam", lam)
    return source(X, y).state(blocks).ridge_posterior(lam)


@described(ONE_PASS)
def ridge_intercept(
    X: Any, y: Any, lam: ArrayLike, sample_weight: Any = None, *, blocks: Blocks = None
) -> tuple[Array, Array]:
    """(w, b) = argmin Σ sᵢ(yᵢ − xᵢᵀw − b)² + λ‖w‖²; see `shrinkage.ridge_intercept`."""
    lam = not_negative("lam", lam)
    return source(X, y, sample_weight=sample_weight).state(blocks, intercept=True).ridge_intercept(lam)


@described(AT_EACH_LAM)
def ridge_intercept_path(
    X: Any, y: Any, lams: ArrayLike, sample_weight: Any = None, *, blocks: Blocks = None
) -> tuple[Array, Array]:
    """(W, b) of `ridge_intercept` at each λ; see `shrinkage.ridge_intercept_path`."""
    data, lams = _with_lams(X, y, lams, sample_weight)
    return data.state(blocks, intercept=True).ridge_intercept_path(lams)


@described(TWO_PASSES)
def ridge_intercept_loo(X: Any, y: Any, lams: ArrayLike, sample_weight: Any = None, *, blocks: Blocks = None) -> Array:
    """Σ sᵢ(yᵢ − xᵢᵀw₋ᵢ − b₋ᵢ)²/Σ sᵢ at each λ; see `shrinkage.ridge_intercept_loo`."""
    data, lams = _with_lams(X, y, lams, sample_weight, single=True)
    return leave_one_out(data.state(blocks, intercept=True), data.again(blocks), lams)


def _with_lams(
    X: Any, y: Any, lams: ArrayLike, sample_weight: Any = None, single: bool = False
) -> tuple[Source, Array]:
    """The data, whose dtype lams have a say in, and λ in float64."""
    (lams,) = floats("lams", lams)
    data = source(X, y, lams, sample_weight=sample_weight)
    if single and data.y.ndim != 1:
        refuse_shape("y", data.y, f"({data.n},)")
    return data, checked_lams(lams)
