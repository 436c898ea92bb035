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

A wrong shape, a dtype other than the one asked for, and a NaN fail in words. An exact entry that the dtype cannot hold
is to come as ±inf. `context` is printed when the claim fails.

Every test may judge several functions. What it has `Seen` of each, the worst ratio and the input that gave it before
all, is carried in its report (`attach`), from which `shrinkage.properties.report.scorecard` makes the account of the
whole run.
"""

import contextlib
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from hypothesis import target

from shrinkage.properties.engine import oracles, source_repr
from shrinkage.properties.engine.bounds import Bound


@dataclass
class Seen:
    """What the running test has seen of one function.

    Parameters
    ----------
    judged
        How many answers were held against a bound.
    worst
        The largest error over bound among them.
    input
        What gave it, as code.
    source
        Where its bound is from.
    failed
        Whether the last judgement failed.
    """

    judged: int = 0
    worst: float = 0.0
    input: str = ""
    source: str = ""
    failed: bool = False


class Breach(BaseException):
    """What a function did in isolation that no claim can go on after; Hypothesis looks for no smaller example.

    Parameters
    ----------
    function
        Who did it, and is to blame.
    what
        In words.
    """

    __module__ = "builtins"  # so that reports call it by its name alone

    def __init__(self, function: str, what: str) -> None:
        if function in _seen:
            _seen[function].failed = True
        call = f"\n  call      {source_repr.call(function, *_calls[function])}" if function in _calls else ""
        super().__init__(f"{what}{call}")


_accuracy: float | None = None
_hunting = False
_seen: dict[str, Seen] = defaultdict(Seen)  # of the running test, by function
_calls: dict[str, tuple[tuple[Any, ...], Mapping[str, Any]]] = {}  # of the running test: each function's last call


def settle(accuracy: float | None, hunting: bool) -> None:
    """What the command line said: the claimed accuracy, and whether to hunt for the worst case."""
    global _accuracy, _hunting
    _accuracy, _hunting = accuracy, hunting


def begin() -> None:
    """Forget what was seen: another test begins."""
    _seen.clear()
    _calls.clear()


def seen() -> dict[str, Seen]:
    """What the running test has seen, by function."""
    return dict(_seen)


def blamed() -> list[str]:
    """The functions that a failure of the running test is put down to.

    Those whose judgement failed; if no judgement explains it (a wrong refusal, say), all that the test used.
    """
    return [function for function, record in _seen.items() if record.failed] or list(_seen)


def used(function: str) -> None:
    """Remember that the running test is about this function."""
    _ = _seen[function]


def called(function: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Remember the function's last call: what `judge` is then asked about is its answer."""
    _calls[function] = arguments, named


def judge(function: str, got: Any, exact: Any, bound: Bound, *, dtype: Any = None, **context: Any) -> None:
    """Assert that the error is within the bound, and keep error over bound."""
    __tracebackhide__ = True
    record = _seen[function]
    record.judged += 1
    record.failed = True
    if not record.source:  # without any error, the first answer stands for all
        record.input, record.source = _input(function, context), bound.source
    exact = np.asarray(exact, dtype=object)
    wrong = wrong_kind(got, exact.shape, dtype)
    if wrong:
        raise AssertionError(_story(function, f"The result is {wrong}.", got, exact, bound, context))
    ratio = worst_ratio(np.asarray(got), exact, bound)
    if ratio > record.worst:
        record.worst, record.input, record.source = ratio, _input(function, context), bound.source
    if _hunting and 0 < ratio < math.inf:
        with contextlib.suppress(Exception):  # only inside a Hypothesis test, and once a label and example
            target(math.log10(ratio), label=function)
    if not ratio <= 1:
        raise AssertionError(_story(function, f"error / bound = {ratio:.3g}, must be <= 1", got, exact, bound, context))
    record.failed = False


def _input(function: str, context: Mapping[str, Any]) -> str:
    """What was judged, as code: the call, or, of an object that was made and used, what it was made from."""
    if function in _calls:
        return source_repr.call(function, *_calls[function])
    return ", ".join(f"{name}={source_repr.code(value)}" for name, value in context.items())


def wrong_kind(got: Any, shape: tuple[int, ...], dtype: Any = None) -> str:
    """In words, what is wrong with the kind of this result; empty if nothing."""
    array = np.asarray(got)
    derived = dtype is None and array.dtype.kind in "iuO"  # computed from a result, in rationals
    if array.dtype.kind != "f" and not derived:
        return f"of dtype {array.dtype}, not real numbers"
    if dtype is not None and array.dtype != np.dtype(dtype):
        return f"of dtype {array.dtype}, but {np.dtype(dtype)} was expected"
    if array.shape != shape:
        return f"of shape {array.shape}, but {shape} was expected"
    if not derived and np.isnan(array).any():
        return "NaN" if array.ndim == 0 else "an array with a NaN"
    return ""


def worst_ratio(got: np.ndarray, exact: np.ndarray, bound: Bound) -> float:
    """Error over bound, at its worst; infinite where the bound is zero and the error is not."""
    allowed = np.asarray(bound.allowed, object)
    if _accuracy is not None:
        allowed = np.maximum(allowed, oracles.to_rational(_accuracy) * _sizes(exact, allowed.shape))
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


def _sizes(exact: np.ndarray, shape: tuple[int, ...]) -> Any:
    """What --accuracy is relative to: the entries, or the norms of the columns or of the whole."""
    size = np.vectorize(oracles.largest, otypes=[object])(exact) if exact.size else exact
    if shape == exact.shape:
        return size
    squares = (size**2).sum(axis=0 if shape and shape == exact.shape[1:] else None)
    return np.vectorize(lambda s: oracles.to_rational(math.sqrt(oracles.nearest(s))), otypes=[object])(squares)


def _story(function: str, what: str, got: Any, exact: np.ndarray, bound: Bound, context: dict[str, Any]) -> str:
    widened = "" if _accuracy is None else f", widened to --accuracy {_accuracy}"
    lines = [
        f"{function}: {what}",
        *([f"  call      {source_repr.call(function, *_calls[function])}"] if function in _calls else []),
        f"  got       {got!r}",
        f"  expected  {_shown(exact)!r}",
        f"  bound     {_shown(bound.allowed)!r}{widened}",
        f"  source    {bound.source}",
    ]
    return "\n".join(lines + [f"  {name:<9} {source_repr.code(value)}" for name, value in context.items()])


def _shown(values: Any) -> Any:
    """As floats."""
    array = np.asarray(values, object)
    shown = np.array([oracles.nearest(v) if v != math.inf else v for v in array.flat], float).reshape(array.shape)
    return shown if shown.shape else shown.item()


def attach(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put the test's claim, its mark and what it has seen into its report, which also travels between processes."""
    if report.when == "setup" and report.passed:
        begin()
    elif report.when == "call":
        report.user_properties += [
            ("claim", claim(item)),
            ("mark", mark(item)),
            ("seen", {function: asdict(record) for function, record in _seen.items()}),
        ]
        if report.failed and claim(item):
            report.sections.insert(0, ("The claim", claim(item)))


def claim(item: pytest.Item) -> str:
    """What a test claims, in a sentence."""
    return (getattr(getattr(item, "function", None), "__doc__", None) or "").strip().split("\n")[0]


def mark(item: pytest.Item) -> str:
    """Which of the three marks it has; none if it is no claim."""
    marks = {each.name for each in item.iter_markers()}
    return next((each for each in ("mathematics", "accuracy", "interface") if each in marks), "")
