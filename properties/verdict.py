"""Error over bound: one number, asserted, hunted for its worst case, recorded.

``judge("ridge", got, exact, bound, lam=lam)`` holds when ‖got − exact‖ ≤ bound, with

got
    What the implementation returned: an array or a number; or rationals computed from it.
exact
    The exact answer (`properties.oracles`): an array, of objects, or a number. Entries are ints, floats, fractions,
    flint's rationals, or flint's balls, for which the error is the largest that the ball allows.
bound
    A `Bound` (`properties.bounds`). An allowed error that is a number is for the Frobenius norm of the whole error; one
    in the shape of the answer is for each entry; one in the shape of the answer's rows is for the norm of each column.

A wrong shape, a dtype other than the one asked for, and a NaN fail in words. An exact entry that the dtype cannot hold
is to come as ±inf. `context` is printed when the claim fails.

Every test may judge several functions. The worst ratio for each is carried in its report (`attach`), and the `table`
at the end of a run has a line for each function.
"""

import contextlib
import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from hypothesis import target

from properties.bounds import Bound
from properties.oracles import largest, to_rational

_accuracy: float | None = None
_hunting = False
_worst: dict[str, float] = {}  # of the running test: function -> worst ratio, 0 where nothing was judged by a bound
_failed: set[str] = set()  # of the running test: functions whose last judgement failed


def settle(accuracy: float | None, hunting: bool) -> None:
    """What the command line said: the claimed accuracy, and whether to hunt for the worst case."""
    global _accuracy, _hunting
    _accuracy, _hunting = accuracy, hunting


def used(function: str) -> None:
    """Remember that the running test is about this function."""
    _worst.setdefault(function, 0.0)


def judge(
    function: str, got: Any, exact: Any, bound: Bound, *, dtype: Any = None, **context: Any
) -> None:
    """Assert that the error is within the bound, and keep error over bound."""
    __tracebackhide__ = True
    used(function)
    _failed.add(function)
    exact = np.asarray(exact, dtype=object)
    wrong = wrong_kind(got, exact.shape, dtype)
    if wrong:
        raise AssertionError(_story(function, f"The result is {wrong}.", got, exact, bound, context))
    ratio = worst_ratio(np.asarray(got), exact, bound)
    _worst[function] = max(_worst[function], ratio)
    if _hunting and 0 < ratio < math.inf:
        with contextlib.suppress(Exception):  # only inside a Hypothesis test, and once a label and example
            target(math.log10(ratio), label=function)
    if not ratio <= 1:
        raise AssertionError(_story(function, f"error / bound = {ratio:.3g}, must be <= 1", got, exact, bound, context))
    _failed.discard(function)


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
    largest_float = float(np.finfo(got.dtype if got.dtype.kind == "f" else np.float64).max)
    squared = np.empty(got.shape, object)
    for index in np.ndindex(got.shape):
        g, e = got[index], exact[index]
        if got.dtype.kind == "f" and math.isinf(g):
            overflows = largest(e) >= to_rational(largest_float) and (to_rational(e) > 0) == (g > 0)
            squared[index] = fmpq(0) if overflows else math.inf
        else:
            squared[index] = largest(to_rational(g) - to_rational(e)) ** 2
    allowed = np.asarray(bound.allowed, float)
    if _accuracy is not None:
        allowed = np.maximum(allowed, _accuracy * _sizes(exact, allowed.shape))
    if allowed.shape != squared.shape:
        axis = 0 if allowed.shape == squared.shape[1:] and allowed.ndim else None
        squared = np.asarray(squared.sum(axis=axis) if squared.size else np.zeros(allowed.shape, object), object)
    pairs = [(squared[i], allowed[i].item()) for i in np.ndindex(allowed.shape)]
    return max((_ratio(s, a) for s, a in pairs), default=0.0)


def _ratio(squared: Any, allowed: float) -> float:
    if squared == 0 or allowed == math.inf:
        return 0.0 if squared != math.inf else math.inf
    if squared == math.inf or not allowed > 0:
        return math.inf
    quotient = squared / to_rational(allowed) ** 2
    try:
        return math.sqrt(int(quotient.p) / int(quotient.q))
    except OverflowError:
        return math.inf


def _sizes(exact: np.ndarray, shape: tuple[int, ...]) -> Any:
    values = np.array([float(largest(e)) for e in exact.flat]).reshape(exact.shape)
    if shape == exact.shape:
        return abs(values)
    return np.linalg.norm(values, axis=0) if shape and shape == exact.shape[1:] else np.linalg.norm(values)


def _story(function: str, what: str, got: Any, exact: np.ndarray, bound: Bound, context: dict[str, Any]) -> str:
    def shown(value: Any) -> Any:
        return value if np.shape(value) else np.asarray(value).item()

    expected = np.vectorize(_as_float, otypes=[float])(exact) if exact.size else exact.astype(float)
    lines = [
        f"{function}: {what}",
        f"  got       {shown(got)!r}",
        f"  expected  {shown(expected)!r}",
        f"  bound     {shown(bound.allowed)!r}" + ("" if _accuracy is None else f", widened to --accuracy {_accuracy}"),
        f"  source    {bound.source}",
    ]
    return "\n".join(lines + [f"  {name:<9} {value!r}" for name, value in context.items()])


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, 1 if value > 0 else -1)


def attach(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put the running test's claim and worst ratios into its report, which also travels between processes."""
    if report.when == "setup" and report.passed:
        _worst.clear()
        _failed.clear()
    elif report.when == "call":
        claim = (getattr(getattr(item, "function", None), "__doc__", None) or "").strip().split("\n")[0]
        report.user_properties.append(("worst", dict(_worst)))
        report.user_properties.append(("blamed", sorted(_failed)))
        if report.failed and claim:
            report.sections.insert(0, ("The claim", claim))


def table(terminal: pytest.TerminalReporter) -> None:
    """A line for each function: claims held, failed and not offered, and the worst error over bound."""
    rows: dict[str, dict[str, Any]] = defaultdict(lambda: {"passed": 0, "failed": 0, "skipped": 0, "worst": (0.0, "")})
    for outcome in ("passed", "failed", "skipped"):
        for report in terminal.stats.get(outcome, []):
            properties = dict(getattr(report, "user_properties", ()))
            worst, blamed = properties.get("worst", {}), properties.get("blamed", [])
            for function, ratio in worst.items():
                # A failure that no judgement explains (a wrong refusal, say) is put down to all that the test used.
                innocent = outcome == "failed" and blamed and function not in blamed
                rows[function]["passed" if innocent else outcome] += 1
                rows[function]["worst"] = max(rows[function]["worst"], (ratio, report.nodeid))
    if not rows:
        return
    terminal.section("verdict")
    terminal.line(f"{'function':<32}{'held':>6}{'failed':>8}{'not offered':>13}{'error/bound':>13}  worst in")
    for function, row in sorted(rows.items()):
        ratio, where = row["worst"]
        terminal.line(
            f"{function:<32}{row['passed']:>6}{row['failed']:>8}{row['skipped']:>13}"
            + (f"{ratio:>13.3g}  {where.split('::', 1)[-1]}" if ratio else ""),
            red=bool(row["failed"]),
        )
    if _accuracy is not None:
        terminal.line(f"Bounds were widened to --accuracy {_accuracy} where they are tighter.")
