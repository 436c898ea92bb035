"""What a worker runs: functions of arrays and states, which go to it by name. No task holds more than a chunk of rows.

Each is deterministic, and changes nothing: a task that is run again, as one is whose worker was killed, gives the same.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .._kernels.scaling import excess
from .._kernels.validation import Array
from ..ridge_regression import batch, objective
from ..streaming.loo import Left, from_memory, mean, refitted
from ..streaming.state import Block, State, checked, joined, merge
from .threads import one_thread

Numbers = tuple[Any, Any, Any]  # X, y and the weights of a chunk; y and weights may be None


def together(*arrays: Any) -> Numbers:
    """A chunk's, each of which comes in a list if it has columns, a chunk of them being all."""
    X, y, s = (a[0] if isinstance(a, list) else a for a in arrays)
    return X, y, s


def block(empty: State, chunk: Numbers, place: int) -> Block:
    """The chunk, checked; what is not finite is said to be in this one."""
    X, y, s = chunk
    wide = empty.dtype == np.float64  # integers and float32 beside float64
    dtype = np.float64 if wide else None
    try:
        return checked(empty, np.asarray(X, dtype), None if y is None else np.asarray(y, dtype), s)
    except ValueError as error:
        raise ValueError(f"{error} (chunk {place} of the rows)") from None


def state(empty: State, chunk: Numbers, place: int) -> State:
    """The state of a chunk."""
    with one_thread():
        return joined(empty, block(empty, chunk, place))


def states(several: Sequence[State]) -> State:
    """The state of several, one after the other."""
    with one_thread():
        merged = several[0]
        for other in several[1:]:
            merged = merge(merged, other)
        return merged


def answer(of: State, name: str, *arguments: Any) -> Any:
    """What the state answers."""
    with one_thread():
        return getattr(of, name)(*arguments)


def part(several: Any, place: int) -> Any:
    """One of several results."""
    return several[place]


# ---- leave-one-out ---------------------------------------------------------------------------------------------------


class LeftOut(NamedTuple):
    """Of some chunks: Σ s e² of the samples whose leverage is not close to 1, the state of those, and the others."""

    total: Array
    others: State
    chosen: Block


def left_out(of: State, empty: State, chunk: Numbers, place: int, lams: Array) -> LeftOut | None:
    """Of one chunk; None where the state has the rows as they came, and nothing else is needed."""
    if not of.reduced:
        return None
    with one_thread():
        here = block(empty, chunk, place)
        total, high = Left(of, lams).summed(here)
        return LeftOut(total, joined(empty, here.of(~high)), here.of(high))


def left_outs(several: Sequence[LeftOut | None]) -> LeftOut | None:
    """Of several, one after the other."""
    there = [each for each in several if each is not None]
    if not there:
        return None
    total = there[0].total
    for each in there[1:]:
        total = total + each.total
    return LeftOut(total, states([each.others for each in there]), Block.together([each.chosen for each in there]))


def leave_one_out(of: State, found: LeftOut | None, lams: Array) -> Array:
    """(L,): the mean over all samples."""
    with one_thread():
        if found is None:
            return from_memory(of, lams)
        return mean(of, found.total + refitted(found.others, found.chosen, lams))


# ---- sums over the rows ----------------------------------------------------------------------------------------------


def misfit(empty: State, chunk: Numbers, place: int, w: Array) -> Any:
    """‖y − Xw‖² of a chunk."""
    here, w = block(empty, chunk, place), np.asarray(w, np.float64)
    with one_thread():
        X, Y = here.X.astype(np.float64), here.Y.astype(np.float64)
        return objective.ridge_objective(X, Y, w.reshape(len(w), Y.shape[1]), 0.0)


def total(several: Sequence[Any]) -> Any:
    """The sum, from the first to the last."""
    with np.errstate(over="ignore"):
        return sum(several[1:], several[0])


def objective_of(misfits: Any, w: Array, lam: float, dtype: Any) -> Any:
    """The sum, and the penalty."""
    nothing = np.zeros((0, *w.shape[1:]))
    penalty = objective.ridge_objective(np.zeros((0, len(w))), nothing, w.astype(np.float64), lam)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(misfits + penalty).astype(dtype)[()]


class Slope(NamedTuple):
    """Numbers · 2^exponents, one of each for a feature: a chunk's may be past the range where the sum is not."""

    mantissas: Array
    exponents: Array


def slope(empty: State, chunk: Numbers, place: int, w: Array) -> Slope:
    """−2Xᵀ(y − Xw) of a chunk, in range."""
    here = block(empty, chunk, place)
    X, y, w = here.X.astype(np.float64), here.Y[:, 0].astype(np.float64), np.asarray(w, np.float64)
    top_x, top_y, top_w = (int(np.frexp(np.abs(a).max(initial=0))[1]) for a in (X, y, w))
    ex = excess(top_x, 300)
    e = excess(max(top_x + top_w + len(w).bit_length(), top_y), 300)
    with one_thread(), np.errstate(under="ignore"):
        g = objective.ridge_jacobian(np.ldexp(X, -ex), np.ldexp(y, -e), np.ldexp(w, ex - e), 0.0)[0]
    return _apart(g, ex + e)


def slopes(several: Sequence[Slope]) -> Slope:
    """The sum, from the first to the last."""
    total = several[0]
    for each in several[1:]:
        total = _added(total, each)
    return total


def jacobian_of(of_fit: Slope, w: Array, lam: float, dtype: Any) -> Array:
    """The sum, and 2λw, as a row."""
    mantissa, e = np.frexp(lam)
    penalty = _apart(w.astype(np.float64), 1)
    total = _added(of_fit, Slope(penalty.mantissas * mantissa, penalty.exponents + e))
    with np.errstate(over="ignore", under="ignore"):  # an answer out of range is ±inf or 0
        return np.ldexp(*total).astype(dtype)[None, :]


def _apart(a: Array, e: int) -> Slope:
    mantissas, exponents = np.frexp(a)
    return Slope(mantissas, exponents + e)


def _added(a: Slope, b: Slope) -> Slope:
    top = np.where(a.mantissas == 0, b.exponents, np.where(b.mantissas == 0, a.exponents, np.maximum(a[1], b[1])))
    with np.errstate(under="ignore"):
        sums, exponents = np.frexp(np.ldexp(a.mantissas, a.exponents - top) + np.ldexp(b.mantissas, b.exponents - top))
    return Slope(sums, exponents + top)


def predicted(X: Array, w: Array, b: Any) -> Array:
    """Xw + b of a chunk."""
    with one_thread():
        return X @ w + b


def batched(X: Array, y: Array, lam: Any) -> Array:
    """Ridge of the problems of a chunk."""
    with one_thread():
        return batch.ridge_batch(X, y, lam)
