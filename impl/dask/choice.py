"""Choosing λ."""

from __future__ import annotations

from typing import Any

from dask.delayed import delayed
from numpy.typing import ArrayLike

from .._kernels.validation import Array
from . import tasks
from .chunks import Rows, answer, lams_of, rows, single, tree
from .described import ONE_PASS, TWO_PASSES, described
from .dual import wide


@described(ONE_PASS)
def ridge_dof(X: Any, lams: ArrayLike, *, chunks: Any = None) -> Any:
    """Σ σ²/(σ²+λ) at each λ; see `shrinkage.ridge_dof`."""
    lams, values = lams_of(lams)
    data = rows(X, None, lams, chunks=chunks)
    return data.answer(answer((wide(data) or data).state(), "ridge_dof", values), (len(values),))  # of Xᵀ, as of X


@described(ONE_PASS)
def ridge_gcv(X: Any, y: Any, lams: ArrayLike, *, chunks: Any = None) -> Any:
    """n ‖(I − H)y‖² / tr(I − H)² at each λ; see `shrinkage.ridge_gcv`."""
    lams, values = lams_of(lams)
    data = single(rows(X, y, lams, chunks=chunks))
    if not data.d:  # no feature explains nothing, and both are the mean square
        return ridge_loo(X, y, lams, chunks=chunks)
    return data.answer(answer(data.state(), "ridge_gcv", values), (len(values),))


@described(TWO_PASSES)
def ridge_loo(X: Any, y: Any, lams: ArrayLike, *, chunks: Any = None) -> Any:
    """(1/n) Σᵢ (yᵢ − xᵢᵀw₋ᵢ)² at each λ; see `shrinkage.ridge_loo`."""
    lams, values = lams_of(lams)
    return _loo(rows(X, y, lams, chunks=chunks), values, intercept=False)


@described(TWO_PASSES)
def ridge_intercept_loo(X: Any, y: Any, lams: ArrayLike, sample_weight: Any = None, *, chunks: Any = None) -> Any:
    """Σ sᵢ(yᵢ − xᵢᵀw₋ᵢ − b₋ᵢ)²/Σ sᵢ at each λ; see `shrinkage.ridge_intercept_loo`."""
    lams, values = lams_of(lams)
    return _loo(rows(X, y, lams, sample_weight=sample_weight, chunks=chunks), values, intercept=True)


def _loo(data: Rows, lams: Array, intercept: bool) -> Any:
    """By the state of all, then chunk by chunk, each read anew so that none has to be kept in between."""
    of, empty, make = single(data).state(intercept), data.begun(intercept), delayed(tasks.left_out)
    parts = [make(of, empty, chunk, i, lams) for i, chunk in enumerate(data.chunks(after=of))]
    made = delayed(tasks.leave_one_out)(of, tree(parts, tasks.left_outs), lams)
    return data.answer(made, (len(lams),))
