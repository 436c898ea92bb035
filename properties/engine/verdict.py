"""Error over bound: one number, asserted, hunted for its worst case, recorded.

``judge("ridge", got, exact, bound, lam=lam)`` holds when ‖got − exact‖ ≤ bound, with

got
    What the implementation returned: an array or a number; or rationals computed from it.
exact
    The exact answer (`shrinkage.properties.engine.oracles`): an array, of objects, or a number. Entries are ints,
    floats, fractions, flint's rationals, or flint's balls, for which the error is the largest that the ball allows.
bound
    A `Bound` (`shrinkage.properties.engine.bounds`). An allowed error that is a number is for the Frobenius norm of the
    whole error; one in the shape of the answer is for each entry; one in the shape of the answer's rows is for the norm
    of each column.

A wrong shape and a NaN fail in words. A dtype other than the one asked for is no wrong value: the claim goes on, and
fails for it at its end (`seen.conclude`) if it did not for more. An exact entry that the dtype cannot hold is to come
as ±inf. `context` is printed when the claim fails on what was computed from answers.

Every test may judge several functions. What it has seen of each, the worst ratio and the input that gave it before all,
is carried in its report beside its failure (`shrinkage.properties.engine.account`).
"""

import contextlib
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import target

from shrinkage.contract import CONTRACT
from shrinkage.properties.engine import oracles
from shrinkage.properties.engine.account import calls, seen, shown, source_repr
from shrinkage.properties.engine.account.calls import Call
from shrinkage.properties.engine.account.failure import OBJECT, Failed, Failure, indented, times
from shrinkage.properties.engine.bounds import Bound, norm, smallest, unit_roundoff

_accuracy: float | None = None
_hunting = False
_heard: Callable[[str, float], None] | None = None


def settle(accuracy: float | None, hunting: bool, heard: Callable[[str, float], None] | None = None) -> None:
    """What the command line said: the claimed accuracy, and whether to hunt for the worst case.

    Whoever wants to hear of every error over bound is told, and a claim goes on where that is finite and above 1.
    """
    global _accuracy, _hunting, _heard
    _accuracy, _hunting, _heard = accuracy, hunting, heard


# ---- judging ---------------------------------------------------------------------------------------------------------


def judge(function: str, got: Any, exact: Any, bound: Bound, *, dtype: Any = None, **context: Any) -> None:
    """Assert that the error is within the bound, and keep error over bound."""
    __tracebackhide__ = True
    record = seen.of(function)
    record.judged += 1
    record.failed = True
    if not record.source:  # without any error, the first answer stands for all
        record.call, record.context, record.source = calls.last(function), context, bound.source
    exact = np.asarray(exact, dtype=object)
    kind, wrong = _wrong_kind(got, exact.shape, dtype)
    if kind in ("form", "shape", "nan"):
        raise _failed(function, kind, f"The result is {wrong}.", got, exact, bound, context)
    array = np.asarray(got)
    ratio = worst_ratio(array, exact, _in_dtype(array, exact, bound, dtype) if kind else bound)
    if ratio > record.worst and not kind:
        record.worst, record.source = ratio, bound.source
        record.call, record.context = calls.last(function), context
    if _hunting and 0 < ratio < math.inf:
        with contextlib.suppress(Exception):  # only inside a Hypothesis test, and once a label and example
            target(math.log10(ratio), label=function)
    if _heard is not None:
        _heard(function, ratio)
    if not ratio <= (1 if _heard is None else sys.float_info.max):
        record.missed(function, ratio)
        raise _failed(
            function, "value", f"error / bound = {times(ratio, 3)}, must be <= 1", got, exact, bound, context, ratio
        )
    if kind:
        came = f"a {type(got).__name__}" if isinstance(got, list | tuple) else str(array.dtype)
        says = f"{np.dtype(dtype)} comes back as {came}"
        record.departs(Failure(function, "dtype", says, *calls.of(function, got), came, str(np.dtype(dtype))))
    record.failed = False


def equal(got: Any, exact: Any) -> None:
    """Assert that every entry is the one that is right, NaN and infinity included, whatever the dtype.

    It is put down to the function that gave this, or was called last.
    """
    __tracebackhide__ = True
    call = next((call for call in calls.latest() if call.path(got) is not None), calls.last())
    function = call.function if call is not None else ""
    record = seen.of(function)
    record.failed = True
    exact = np.asarray(exact)
    kind, wrong = _wrong_kind(got, exact.shape, None)
    array = np.asarray(got)
    if kind in ("form", "shape"):
        raise _failed(function, kind, f"The result is {wrong}.", got, exact)
    if array.dtype == np.float64 and exact.dtype == np.float32:  # another dtype is told for itself, not as a value
        with np.errstate(over="ignore", under="ignore"):
            array = array.astype(exact.dtype)
    same = (array == exact) | ((array != array) & (exact != exact))
    if not same.all():
        missing = bool(np.any((array != array) & (exact == exact)))
        raise _failed(
            function, "nan" if missing else "value", "The result is another one.", got, exact, off=~same + 0.0
        )
    record.failed = False


def holds(function: str, true: Any, says: str, got: Any, expected: Any = "", kind: str = "value") -> None:
    """Assert that something is true of an answer; `says` tells what is not, where it is not."""
    __tracebackhide__ = True
    seen.of(function).failed = True
    if not true:
        raise _failed(function, kind, says, got, expected)
    seen.of(function).failed = False


def alike(function: str, got: Sequence[Any], expected: Sequence[Any], what: str) -> None:
    """Assert that results are the same bits in the same dtypes as those that came of the same numbers before.

    `what` tells what these are for, where they are others: "int8", "the same call".
    """
    __tracebackhide__ = True
    says = f"another answer for {what}"
    holds(function, len(got) == len(expected), says, list(got), shown.alone(list(expected)))
    for one, other in zip(got, expected, strict=True):
        came, right = np.asarray(one).dtype, np.asarray(other).dtype
        if not np.array_equal(one, other, equal_nan=True):
            raise _failed(function, "value", says, one, other)
        holds(function, came == right, f"for {what} the result is {came}", str(came), str(right), "dtype")


def within(function: str, off: Any, rate: Any, bound: Bound, says: str, got: Any, exact: Any) -> None:
    """Assert that a number of an answer is at most what theory says of the exact one, and the bound more for rounding.

    `says` tells what it is where it is not, with a place for that number and one for what is allowed.
    """
    __tracebackhide__ = True
    seen.of(function).failed = True
    if not off <= rate + bound.allowed:
        finite = off - off == 0  # neither infinite nor a NaN
        past = (oracles.to_rational(off) - oracles.to_rational(rate)) ** 2 if finite else math.inf
        ratio = _ratio(past, bound.allowed)
        told = says.format(*shown.apart(off, rate + bound.allowed))
        raise _failed(function, "value", told, got, exact, bound, ratio=ratio)
    seen.of(function).failed = False


def untouched(function: str, name: str, value: Any, before: Any) -> None:
    """Assert that an argument, which it was given `raw`, is what it was before."""
    __tracebackhide__ = True
    same = np.array_equal(value, before, equal_nan=np.asarray(before).dtype.kind == "f")
    holds(function, same, f"{function} changes its input {name}", value, shown.alone(before), "changed")


@contextlib.contextmanager
def refuses(what: str, error: type[Exception] | tuple[type[Exception], ...], *names: str) -> Iterator[None]:
    """Assert that the call in the block is refused, with this error, in a message that has one of the names in it.

    Parameters
    ----------
    what
        What is refused, as the subject of a sentence: "NaN".
    """
    __tracebackhide__ = True
    kinds = error if isinstance(error, tuple) else (error,)
    naming = f" that names {' or '.join(names)}" if names else ""
    expected = f"{' or '.join(each.__name__ for each in kinds)}{naming}"
    try:
        yield
    except kinds as refusal:
        message, call = str(refusal), calls.last()
        if names and not any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message) for name in names):
            function = call.function if call else ""
            told = f"{type(refusal).__name__}: {message}"
            says = f"{what} is refused without a word about {' or '.join(names)}"
            raise _failed(function, "not refused", says, told, expected, call=call) from None
    except Exception as other:
        call = seen.raised_by(other)
        if call is None:
            raise
        told = f"{type(other).__name__}: {other}"
        says = f"{what} ends in {type(other).__name__}"
        raise _failed(call.function, "not refused", says, told, expected, call=call) from other
    else:
        call = calls.last()
        function = call.function if call else ""
        given = call.result if call else None
        raise _failed(function, "not refused", f"{what} is not refused", given, expected, call=call, path="")


def _failed(
    function: str,
    kind: str,
    says: str,
    got: Any,
    exact: Any = "",
    bound: Bound | None = None,
    context: Mapping[str, Any] | None = None,
    ratio: float | None = None,
    *,
    off: np.ndarray | None = None,
    call: Call | None = None,
    path: str | None = None,
) -> Failed:
    """The error to be raised."""
    __tracebackhide__ = True
    if function:
        seen.of(function).failed = True
    if call is None:
        call, path = calls.of(function, got)
    if isinstance(got, str) and isinstance(exact, str):
        shows = got, exact
    elif isinstance(exact, str):
        shows = shown.alone(got), exact
    else:
        shows = shown.pair(got, exact, off)
    failure = Failure(function, kind, says, call, path, *shows, value=got, ratio=ratio)
    failure.source = bound.source if bound is not None else ""
    if call is not None and path is None and not (isinstance(got, str) and kind == "not refused"):
        made = CONTRACT[call.function].methods and call.made is None
        failure.gave = f"{OBJECT} {type(call.result).__name__}" if made else shown.alone(call.result)
    lines = [f"{function}: {says}" if function else says]
    if failure.code:
        lines.append(f"  call      {indented(failure.code)}")
    if failure.gave:
        lines.append(f"  gives     {failure.gave}")
    lines.append(f"  got       {failure.got}")
    if failure.expected:
        lines.append(f"  expected  {failure.expected}")
    if bound is not None:
        widened = "" if _accuracy is None else f", widened to --accuracy {_accuracy}"
        lines += [f"  bound     {_bound(bound)}{widened}", f"  source    {bound.source}"]
    if failure.gave or not failure.code:
        lines += [f"  {name:<9} {source_repr.code(value)}" for name, value in (context or {}).items()]
    return Failed("\n".join(lines), failure)


def _bound(bound: Bound) -> str:
    allowed = np.asarray(bound.allowed, object)
    values = np.array([oracles.nearest(v) if v != math.inf else v for v in allowed.flat], float)
    return (
        f"{values[0]:.3g}" if values.size == 1 else f"{values.min():.3g} to {values.max():.3g}" if values.size else "0"
    )


def _in_dtype(got: np.ndarray, exact: np.ndarray, bound: Bound, dtype: Any) -> Bound:
    """What is allowed in the dtype that came, if that is the coarser one: each rounding is as much larger there."""
    coarser = unit_roundoff(got.dtype) / unit_roundoff(dtype) if got.dtype.kind == "f" else 1
    if coarser <= 1:
        return bound
    allowed, u = np.asarray(bound.allowed, object), oracles.to_rational(unit_roundoff(got.dtype))
    one = np.maximum(_sizes(exact, allowed.shape) * u, oracles.to_rational(smallest(got.dtype)))
    rational = np.vectorize(lambda v: math.inf if v == math.inf else oracles.to_rational(v), otypes=[object])
    return Bound(rational(allowed) * oracles.to_rational(coarser) + 2 * one if allowed.size else allowed, bound.source)


def wrong_kind(got: Any, shape: tuple[int, ...], dtype: Any = None) -> str:
    """In words, what is wrong with the kind of this result; empty if nothing."""
    return _wrong_kind(got, shape, dtype)[1]


def _wrong_kind(got: Any, shape: tuple[int, ...], dtype: Any) -> tuple[str, str]:
    """Which kind of failure that is, and in words; what is wrong in its dtype only comes last."""
    try:
        array = np.asarray(got)
    except ValueError:
        return "form", f"a {type(got).__name__} that is no array"
    derived = dtype is None and array.dtype.kind in "iuO"  # computed from a result, in rationals
    numbers = array.dtype.kind in ("f" if dtype is None else "fiu")
    if (not numbers and not derived) or got is None:
        return "form", f"of dtype {array.dtype}, not real numbers"
    if array.shape != shape:
        return "shape", f"of shape {array.shape}, but {shape} was expected"
    if array.dtype.kind == "f" and np.isnan(array).any():
        return "nan", "NaN" if array.ndim == 0 else "an array with a NaN"
    if dtype is not None and array.dtype != np.dtype(dtype):
        return "dtype", f"of dtype {array.dtype}, but {np.dtype(dtype)} was expected"
    return "", ""


def worst_ratio(got: np.ndarray, exact: np.ndarray, bound: Bound) -> float:
    """Error over bound, at its worst; infinite where the bound is zero and the error is not."""
    allowed = np.asarray(bound.allowed, object)
    if _accuracy is not None:
        claimed = np.asarray(oracles.to_rational(_accuracy) * _sizes(exact, allowed.shape), object)
        wider = [_larger(*each) for each in zip(allowed.flat, claimed.flat, strict=True)]
        allowed = np.array(wider, object).reshape(allowed.shape)
    by_entry = allowed.shape == got.shape
    by_column = not by_entry and allowed.shape == got.shape[1:]
    squared = np.empty(got.shape, object)
    for index in np.ndindex(got.shape):
        room = allowed[index if by_entry else index[1:] if by_column else ()]
        squared[index] = _error(got[index], exact[index], room) ** 2
    if not by_entry:
        squared = np.asarray(
            squared.sum(axis=0 if by_column else None) if got.size else np.zeros(allowed.shape), object
        )
    return max((_ratio(squared[i], allowed[i]) for i in np.ndindex(allowed.shape)), default=0.0)


def _error(got: Any, exact: Any, allowed: Any) -> Any:
    """|got − exact|; none for an infinity where the exact answer is past the range, or could be by theory."""
    if not (isinstance(got, float | np.floating) and math.isinf(got)):
        return oracles.largest(oracles.to_rational(got) - oracles.to_rational(exact))
    past = (1 if got > 0 else -1) * oracles.to_rational(exact)
    end = oracles.to_rational(np.finfo(np.asarray(got).dtype).max)
    reachable = past >= end or allowed == math.inf or past + oracles.to_rational(allowed) >= end
    return fmpq(0) if reachable else math.inf


def _ratio(squared: Any, allowed: Any) -> float:
    if squared == 0 or allowed == math.inf:
        return 0.0
    if squared == math.inf or not allowed > 0:
        return math.inf
    return math.sqrt(oracles.nearest(oracles.to_rational(squared) / oracles.to_rational(allowed) ** 2))


def _larger(allowed: Any, claimed: Any) -> Any:
    """The larger one, of which a bound may be of any kind of number, and infinite or NaN past the range."""
    if allowed == math.inf or allowed != allowed:
        return allowed
    return max(oracles.to_rational(allowed), claimed)


def _sizes(exact: np.ndarray, shape: tuple[int, ...]) -> Any:
    """What --accuracy is relative to: the entries, or the norms of the columns or of the whole."""
    size = np.vectorize(oracles.largest, otypes=[object])(exact) if exact.size else exact
    if shape == exact.shape:
        return size
    columns = size.reshape(len(size), -1).T if shape and shape == exact.shape[1:] else [size]
    return np.array([oracles.to_rational(norm(column)) for column in columns], object).reshape(shape)
