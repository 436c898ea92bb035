"""From what is given to Dask arrays of which each chunk has whole rows, and from tasks to an answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import dask.array as da
import numpy as np
from dask.base import compute, is_dask_collection
from dask.delayed import delayed
from numpy.typing import ArrayLike

from .._kernels.validation import F32, F64, Array, floats, of_numbers, refuse_shape, sliced
from ..ridge_regression.path import checked_lams
from ..streaming.state import State, start
from . import tasks
from .again import again

# How many states one task merges: a few, so that a worker holds no more of them at a time.
MERGED = 4


@dataclass(frozen=True)
class Rows:
    """Samples in chunks of whole rows.

    Parameters
    ----------
    X, y, sample_weight
        Dask arrays of as many chunks each; y and weights may be None.
    dtype
        float32 when all that is given is, else float64.
    lazy
        Whether some of it was a Dask collection, and so is the answer.
    cut
        X in the chunks that it came in.
    """

    X: Any
    y: Any
    sample_weight: Any
    dtype: Any
    lazy: bool
    cut: Any

    @property
    def d(self) -> int:
        """Features."""
        return int(self.X.shape[1])

    @property
    def targets(self) -> tuple[int, ...]:
        """The axes that y has beside its rows."""
        return () if self.y is None else tuple(map(int, self.y.shape[1:]))

    @property
    def empty(self) -> State:
        """The state of no samples, without an intercept."""
        return self.begun(False)

    def begun(self, intercept: bool) -> State:
        """The state of no samples."""
        k = 0 if self.y is None else self.targets[0] if self.targets else None
        return start(self.d, k, self.dtype, intercept=intercept)

    def chunks(self, after: Any = None) -> list[Any]:
        """(X, y, weights) of each chunk, delayed; read anew, and not before `after` is there, if that is given."""
        axes = [(self.X, "ij"), *((a, None if a is None else "ik"[: a.ndim]) for a in (self.y, self.sample_weight))]
        # One task for all three, or what they have in common is made for each.
        made = da.blockwise(
            tasks.together, "i", *chain(*axes), dtype=object, align_arrays=False, meta=np.zeros(0, object)
        )
        parts = made.to_delayed().tolist()
        return parts if after is None else again(parts, after)

    def state(self, intercept: bool = False) -> Any:
        """The state of all samples, delayed."""
        empty = self.begun(intercept)
        make = delayed(tasks.state)
        return tree([make(empty, chunk, i) for i, chunk in enumerate(self.chunks())], tasks.states)

    def answer(self, made: Any, *shapes: tuple[int, ...]) -> Any:
        """A delayed result as an array, or several of them, of these shapes; computed, if nothing given was lazy."""
        pick = delayed(tasks.part)
        several = [made] if len(shapes) == 1 else [pick(made, i) for i in range(len(shapes))]
        if not self.lazy:
            found = compute(*several)
        else:
            found = tuple(da.from_delayed(a, s, dtype=self.dtype) for a, s in zip(several, shapes, strict=True))
        return found[0] if len(shapes) == 1 else found


def tree(parts: Sequence[Any], together: Callable[..., Any], *arguments: Any) -> Any:
    """The parts put together, a few at a time, in their order."""
    make = delayed(together)
    while len(parts) > 1:
        parts = [make(list(parts[i : i + MERGED]), *arguments) for i in range(0, len(parts), MERGED)]
    return parts[0]


def rows(X: Any, y: Any = None, *numbers: ArrayLike, sample_weight: Any = None, chunks: Any = None) -> Rows:
    """X (n, d), y (n,) or (n, k) and the weights (n,) as Dask arrays of the same chunks of whole rows."""
    lazy = any(map(is_dask_collection, (X, y, sample_weight)))
    X, y, sample_weight = (
        of_numbers(name, value) if _is_frame(value) else value
        for name, value in (("X", X), ("y", y), ("sample_weight", sample_weight))
    )
    if _is_frame(X) and _is_frame(y):
        X, y, sample_weight = _of_one_frame(X, y, sample_weight)
    X = array("X", X, chunks)
    if X.ndim != 2:
        refuse_shape("X", X, "(n, d)")
    if np.isnan(X.shape[1]):
        raise ValueError("X must have a known number of columns, but its chunks have sizes unknown")
    cut, X = X, whole(X)
    n = X.shape[0]
    others = []
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is None:
            others.append(None)
            continue
        a = array(name, value, None)
        axes = (1, 2) if name == "y" else (1,)
        if a.ndim not in axes or not (np.isnan(n) or np.isnan(a.shape[0]) or a.shape[0] == n):
            or_columns = f" or ({n}, k)" if name == "y" else ""
            refuse_shape(name, a, f"({n},){or_columns}, one for each row of X")
        others.append(_aligned(name, whole(a), X))
    kinds = [a.dtype for a in (X, *others) if a is not None] + [np.asarray(a).dtype for a in numbers if np.ndim(a)]
    dtype = F32 if all(np.dtype(kind).newbyteorder("=") == F32 for kind in kinds) else F64
    return Rows(X, others[0], others[1], dtype, lazy, cut)


def _is_frame(value: Any) -> bool:
    """Whether it is a dataframe of Dask's, or a column of one."""
    return is_dask_collection(value) and hasattr(value, "to_dask_array")


def _of_one_frame(X: Any, y: Any, s: Any) -> tuple[Any, Any, Any]:
    """The columns side by side, and apart again as arrays: read one by one, they come in partitions of other sizes."""
    d, k = len(X.columns), len(y.columns) if y.ndim == 2 else None
    columns = [y] if k is None else [y[name] for name in y.columns]
    weighted = _is_frame(s)
    columns += [s] if weighted else []
    A = X.assign(**{f"beside X, {i}": column for i, column in enumerate(columns)}).to_dask_array()
    return A[:, :d], A[:, d] if k is None else A[:, d : d + k], A[:, -1] if weighted else s


def array(name: str, value: Any, chunks: Any) -> Any:
    """A Dask array of real numbers; of a dataframe, with chunks of unknown sizes."""
    if is_dask_collection(value):
        a = value.to_dask_array() if hasattr(value, "to_dask_array") else value
        if a.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold real numbers, not {a.dtype}")
        return a
    a = sliced(name, value)
    if not a.ndim:
        return np.asarray(a)
    if chunks is not None:
        cut = chunks if isinstance(chunks, tuple) and len(chunks) == a.ndim else (chunks, *[-1] * (a.ndim - 1))
        return da.from_array(a, chunks=cut, name=False)
    return da.from_array(a, name=False)


def whole(a: Any) -> Any:
    """The same with whole rows in each chunk."""
    return rechunked(a, a.chunks[0]) if any(len(c) > 1 for c in a.chunks[1:]) else a


def rechunked(a: Any, rows: tuple[int, ...]) -> Any:
    """The same in chunks of so many whole rows; Dask leaves an array of no size as it is."""
    if a.size == 0:
        return da.zeros(a.shape, chunks=(rows, *a.shape[1:]), dtype=a.dtype)
    return a.rechunk({axis: -1 if axis else rows for axis in range(a.ndim)})


def _aligned(name: str, a: Any, X: Any) -> Any:
    """The same in X's chunks; where sizes are unknown there have to be as many, each of which is looked at later."""
    if a.chunks[0] == X.chunks[0]:
        return a
    if not np.isnan([*a.chunks[0], *X.chunks[0]]).any():
        return rechunked(a, X.chunks[0])
    if len(a.chunks[0]) != len(X.chunks[0]):
        raise ValueError(
            f"{name} must have as many chunks as X where sizes are unknown, "
            f"{len(X.chunks[0])}, but has {len(a.chunks[0])}"
        )
    return a


def answer(of: Any, name: str, *arguments: Any) -> Any:
    """What a state answers, delayed."""
    return delayed(tasks.answer)(of, name, *arguments)


def lams_of(lams: ArrayLike) -> tuple[Array, Array]:
    """λ as it came, which has a say in the dtype, and in float64."""
    (lams,) = floats("lams", lams)
    return lams, checked_lams(lams)


def single(data: Rows) -> Rows:
    """The data, which have to have one target."""
    if data.targets:
        refuse_shape("y", data.y, f"({data.X.shape[0]},)")
    return data
