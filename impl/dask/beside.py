"""What is asked for beside a solution: the state itself, the objective and its slope, predictions and residuals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
from dask.delayed import delayed
from numpy.typing import ArrayLike

from .._kernels.validation import Array, finite, floats, not_negative, refuse_shape
from . import tasks
from .chunks import Rows, rows, single, tree
from .described import described


def state(X: Any, y: Any = None, sample_weight: Any = None, *, intercept: bool = False) -> Any:
    """The `shrinkage.streaming.State` of all rows, delayed: one pass for every λ and every answer.

    Parameters
    ----------
    X : (n, d)
        A Dask array or dataframe.
    y : (n,) or (n, k)
        One target or k of them; None is no target.
    sample_weight : (n,)
        s ≥ 0; None is 1 for each.
    intercept
        Whether there is one, without a penalty.

    Returns
    -------
    Delayed
        ``compute()`` gives the state.

    Raises
    ------
    ValueError
        A shape is wrong, at once; or, when it is computed, something is not finite.
    """
    return rows(X, y, sample_weight=sample_weight).state(intercept)


@described("2ndk flops and one pass over the data.")
def ridge_objective(X: Any, y: Any, w: ArrayLike, lam: ArrayLike, *, chunks: Any = None) -> Any:
    """‖y − Xw‖² + λ‖w‖²; see `shrinkage.ridge_objective`."""
    lam, data, w = _at(X, y, w, lam, chunks)
    misfit = _summed(data, tasks.misfit, tasks.total, w)
    return data.answer(delayed(tasks.objective_of)(misfit, w, lam, data.dtype), ())


@described("4nd flops and one pass over the data.")
def ridge_jacobian(X: Any, y: Any, w: ArrayLike, lam: ArrayLike, *, chunks: Any = None) -> Any:
    """2(λwᵀ − (y − Xw)ᵀX), the derivative of `ridge_objective` by w; see `shrinkage.ridge_jacobian`."""
    lam, data, w = _at(X, y, w, lam, chunks)
    single(data)
    slope = _summed(data, tasks.slope, tasks.slopes, w)
    return data.answer(delayed(tasks.jacobian_of)(slope, w, lam, data.dtype), (1, data.d))


def _at(X: Any, y: Any, w: ArrayLike, lam: ArrayLike, chunks: Any) -> tuple[float, Rows, Array]:
    """λ, the data and the weights, checked."""
    lam = not_negative("lam", lam)
    (w,) = floats("w", w)
    data = rows(X, y, w, chunks=chunks)
    if w.shape != (data.d, *data.targets):
        refuse_shape("w", w, f"{(data.d, *data.targets)}, one row for each column of X and the targets of y")
    finite("w", w)
    return lam, data, w


def _summed(data: Rows, of_chunk: Callable[..., Any], together: Callable[..., Any], w: Array) -> Any:
    """What each chunk gives at these weights, put together."""
    make = delayed(of_chunk)
    return tree([make(data.empty, chunk, i, w) for i, chunk in enumerate(data.chunks())], together)


def predict(X: Any, w: ArrayLike, b: ArrayLike = 0.0) -> Any:
    """Xw + b.

    Parameters
    ----------
    X : (n, d)
        A Dask array or dataframe.
    w : (d,) or (d, k)
        One column of weights for each target.
    b : a number or (k,)
        The intercept.

    Returns
    -------
    (n,) or (n, k)
        A Dask array in the chunks of X.

    Raises
    ------
    ValueError
        A shape is wrong.
    """
    return _predicted(rows(X), w, b)


def _predicted(data: Rows, w: ArrayLike, b: ArrayLike) -> Any:
    w, b = np.asarray(w), np.asarray(b)
    if w.ndim not in (1, 2) or w.shape[0] != data.d:
        refuse_shape("w", w, f"({data.d},) or ({data.d}, k), one row for each column of X")
    drop, new = ([1], None) if w.ndim == 1 else ([], None)
    sizes = data.X.chunks[:1] if w.ndim == 1 else (data.X.chunks[0], (w.shape[1],))
    kind = np.result_type(data.X.dtype, w.dtype, b.dtype if b.ndim else np.float32)
    return da.map_blocks(tasks.predicted, data.X, w, b, dtype=kind, drop_axis=drop, new_axis=new, chunks=sizes)


def residuals(X: Any, y: Any, w: ArrayLike, b: ArrayLike = 0.0) -> Any:
    """y − Xw − b.

    Parameters
    ----------
    X : (n, d)
        A Dask array or dataframe.
    y : (n,) or (n, k)
        One target or k of them.
    w : (d,) or (d, k)
        One column of weights for each target.
    b : a number or (k,)
        The intercept.

    Returns
    -------
    (n,) or (n, k)
        A Dask array in the chunks of X.

    Raises
    ------
    ValueError
        A shape is wrong.
    """
    data = rows(X, y)
    return data.y - _predicted(data, w, b)
