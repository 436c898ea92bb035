"""Choosing λ."""

from typing import Any

from dask.delayed import delayed
from numpy.typing import ArrayLike

from .._kernels.validation import Array
from . import tasks
from .chunks import Rows, answer, lams_of, rows, single, tree
from .dual import wide


def ridge_dof(X: Any, lams: ArrayLike, *, chunks: Any = None) -> Any:
    """Σ σ²/(σ²+λ) at each λ; see `shrinkage.ridge_dof`.

    Parameters
    ----------
    X : (n, d)
        One sample a row: a Dask array or dataframe, or a NumPy array.
    lams : (L,)
        Values λ ≥ 0 in any order.
    chunks
        How NumPy arrays are cut, as `dask.array.from_array` takes it for X; Dask collections have theirs.

    Returns
    -------
    (L,)
        In the order of lams.

    Raises
    ------
    ValueError
        A shape is wrong or a λ is negative, at once; or, when it is computed, something is not
        finite, which is told with its chunk.

    Notes
    -----
    With p = d + k: 2np² flops, one pass over the data, and a task holds a chunk and some p² numbers.
    """
    lams, values = lams_of(lams)
    data = rows(X, None, lams, chunks=chunks)
    return data.answer(answer((wide(data) or data).state(), "ridge_dof", values), (len(values),))  # of Xᵀ, as of X


def ridge_gcv(X: Any, y: Any, lams: ArrayLike, *, chunks: Any = None) -> Any:
    """n ‖(I − H)y‖² / tr(I − H)² at each λ; see `shrinkage.ridge_gcv`.

    Parameters
    ----------
    X : (n, d)
        One sample a row: a Dask array or dataframe, or a NumPy array.
    y : (n,)
        The target.
    lams : (L,)
        Values λ ≥ 0 in any order.
    chunks
        How NumPy arrays are cut, as `dask.array.from_array` takes it for X; Dask collections have theirs.

    Returns
    -------
    (L,)
        In the order of lams.

    Raises
    ------
    ValueError
        A shape is wrong or a λ is negative, at once; or, when it is computed, something is not
        finite, which is told with its chunk.

    Notes
    -----
    With p = d + k: 2np² flops, one pass over the data, and a task holds a chunk and some p² numbers.
    """
    lams, values = lams_of(lams)
    data = single(rows(X, y, lams, chunks=chunks))
    if not data.d:  # no feature explains nothing, and both are the mean square
        return ridge_loo(X, y, lams, chunks=chunks)
    return data.answer(answer(data.state(), "ridge_gcv", values), (len(values),))


def ridge_loo(X: Any, y: Any, lams: ArrayLike, *, chunks: Any = None) -> Any:
    """(1/n) Σᵢ (yᵢ − xᵢᵀw₋ᵢ)² at each λ; see `shrinkage.ridge_loo`.

    Parameters
    ----------
    X : (n, d)
        One sample a row: a Dask array or dataframe, or a NumPy array.
    y : (n,)
        The target.
    lams : (L,)
        Values λ ≥ 0 in any order.
    chunks
        How NumPy arrays are cut, as `dask.array.from_array` takes it for X; Dask collections have theirs.

    Returns
    -------
    (L,)
        In the order of lams.

    Raises
    ------
    ValueError
        A shape is wrong or a λ is negative, at once; or, when it is computed, something is not
        finite, which is told with its chunk.

    Notes
    -----
    6nd² + 4Lnd flops and two passes over the data, of which the second begins when the first has ended.
    """
    lams, values = lams_of(lams)
    return _loo(rows(X, y, lams, chunks=chunks), values, intercept=False)


def ridge_intercept_loo(X: Any, y: Any, lams: ArrayLike, sample_weight: Any = None, *, chunks: Any = None) -> Any:
    """Σ sᵢ(yᵢ − xᵢᵀw₋ᵢ − b₋ᵢ)²/Σ sᵢ at each λ; see `shrinkage.ridge_intercept_loo`.

    Parameters
    ----------
    X : (n, d)
        One sample a row: a Dask array or dataframe, or a NumPy array.
    y : (n,)
        The target.
    lams : (L,)
        Values λ ≥ 0 in any order.
    sample_weight : (n,)
        s ≥ 0; None is 1 for each.
    chunks
        How NumPy arrays are cut, as `dask.array.from_array` takes it for X; Dask collections have theirs.

    Returns
    -------
    (L,)
        In the order of lams; NaN where there is no other sample.

    Raises
    ------
    ValueError
        A shape is wrong or a λ is negative, at once; or, when it is computed, something is not
        finite, which is told with its chunk.

    Notes
    -----
    6nd² + 4Lnd flops and two passes over the data, of which the second begins when the first has ended.
    """
    lams, values = lams_of(lams)
    return _loo(rows(X, y, lams, sample_weight=sample_weight, chunks=chunks), values, intercept=True)


def _loo(data: Rows, lams: Array, intercept: bool) -> Any:
    """By the state of all, then chunk by chunk, each read anew so that none has to be kept in between."""
    of, empty, make = single(data).state(intercept), data.begun(intercept), delayed(tasks.left_out)
    parts = [make(of, empty, chunk, i, lams) for i, chunk in enumerate(data.chunks(after=of))]
    made = delayed(tasks.leave_one_out)(of, tree(parts, tasks.left_outs), lams)
    return data.answer(made, (len(lams),))
