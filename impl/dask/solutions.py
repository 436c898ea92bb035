"""The solutions, of one λ and of many, with an intercept and without."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from dask.base import is_dask_collection
from dask.delayed import delayed
from numpy.typing import ArrayLike

from .._kernels.validation import F32, F64, floats, not_negative, positive, refuse_shape
from ..ridge_regression.path import checked_lams
from . import tasks
from .chunks import answer, array, lams_of, rechunked, rows, whole
from .described import ONE_PASS, described
from .dual import wide


@described(ONE_PASS)
def lstsq(X: Any, y: Any, rcond: float | None = None, *, chunks: Any = None) -> Any:
    """The shortest w among those that minimise ‖Xw − y‖; see `shrinkage.lstsq`."""
    rcond = None if rcond is None else not_negative("rcond", rcond)
    data = rows(X, y, chunks=chunks)
    if columns := wide(data):
        return columns.solutions(np.zeros(()), rcond)
    return data.answer(answer(data.state(), "lstsq", rcond), (data.d, *data.targets))


@described("4dn² flops and two passes over the data, and a task holds a block of columns and some n² numbers.")
def min_norm(X: Any, y: Any, *, chunks: Any = None) -> Any:
    """The shortest w with Xw = y; see `shrinkage.min_norm`."""
    data = rows(X, y, chunks=chunks)
    if columns := wide(data):
        return columns.solutions(np.zeros(()), full=True)
    return data.answer(answer(data.state(), "min_norm"), (data.d, *data.targets))


@described(ONE_PASS)
def ridge(X: Any, y: Any, lam: ArrayLike, *, chunks: Any = None) -> Any:
    """w = argmin ‖y − Xw‖² + λ‖w‖²; see `shrinkage.ridge`."""
    lam = not_negative("lam", lam)
    data = rows(X, y, chunks=chunks)
    if columns := wide(data):
        return columns.solutions(np.asarray(lam))
    return data.answer(answer(data.state(), "ridge", lam), (data.d, *data.targets))


@described(ONE_PASS)
def ridge_path(X: Any, y: Any, lams: ArrayLike, *, chunks: Any = None) -> Any:
    """`ridge` at each λ; see `shrinkage.ridge_path`."""
    lams, values = lams_of(lams)
    data = rows(X, y, lams, chunks=chunks)
    if columns := wide(data):
        return columns.solutions(values)
    return data.answer(answer(data.state(), "ridge_path", values), (len(values), data.d, *data.targets))


@described(ONE_PASS)
def ridge_posterior(X: Any, y: Any, lam: ArrayLike, *, chunks: Any = None) -> Any:
    """(mean, covariance) of W given y; see `shrinkage.ridge_posterior`."""
    lam = positive("lam", lam)
    data = rows(X, y, chunks=chunks)
    return data.answer(answer(data.state(), "ridge_posterior", lam), (data.d, *data.targets), (data.d, data.d))


@described(ONE_PASS)
def ridge_intercept(X: Any, y: Any, lam: ArrayLike, sample_weight: Any = None, *, chunks: Any = None) -> Any:
    """(w, b) = argmin Σ sᵢ(yᵢ − xᵢᵀw − b)² + λ‖w‖²; see `shrinkage.ridge_intercept`."""
    lam = not_negative("lam", lam)
    data = rows(X, y, sample_weight=sample_weight, chunks=chunks)
    made = answer(data.state(intercept=True), "ridge_intercept", lam)
    return data.answer(made, (data.d, *data.targets), data.targets)


@described(ONE_PASS)
def ridge_intercept_path(X: Any, y: Any, lams: ArrayLike, sample_weight: Any = None, *, chunks: Any = None) -> Any:
    """(W, b) of `ridge_intercept` at each λ; see `shrinkage.ridge_intercept_path`."""
    lams, values = lams_of(lams)
    data, L = rows(X, y, lams, sample_weight=sample_weight, chunks=chunks), len(values)
    made = answer(data.state(intercept=True), "ridge_intercept_path", values)
    return data.answer(made, (L, data.d, *data.targets), (L, *data.targets))


@described("b(nd² + d³/3 + 2nd) flops for tall problems, and one pass over the data.")
def ridge_batch(X: Any, y: Any, lam: ArrayLike, *, chunks: Any = None) -> Any:
    """wᵢ = argmin ‖yᵢ − Xᵢw‖² + λᵢ‖w‖²; see `shrinkage.ridge_batch`."""
    lazy = is_dask_collection(X) or is_dask_collection(y)
    X, y = array("X", X, chunks), array("y", y, None)
    if X.ndim != 3:
        refuse_shape("X", X, "(b, n, d)")
    if y.shape != X.shape[:2]:
        refuse_shape("y", y, f"{X.shape[:2]}, one row for each problem of X")
    if np.ndim(lam) == 0:
        lams, kinds = None, (X.dtype, y.dtype)
        lam = not_negative("lam", lam)
    else:
        (lams,) = floats("lam", lam)
        if lams.shape != X.shape[:1]:
            refuse_shape("lam", lams, f"({X.shape[0]},) or be a number")
        checked_lams(lams, "lam")
        kinds = (X.dtype, y.dtype, lams.dtype)
    X, y = whole(X), rechunked(y, X.chunks[0])
    dtype = F32 if {np.dtype(kind).newbyteorder("=") for kind in kinds} == {F32} else F64
    make, parts, first = delayed(tasks.batched), [], 0
    for A, b, size in zip(X.to_delayed().reshape(-1), y.to_delayed().reshape(-1), X.chunks[0], strict=True):
        solved = make(A, b, lam if lams is None else lams[first : first + size])
        parts.append(da.from_delayed(solved, (size, X.shape[2]), dtype=dtype))
        first += size
    W = da.concatenate(parts)
    return W if lazy else W.compute()
