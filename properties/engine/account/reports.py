"""What a test's report carries: its claim, its mark, what it has seen, and its failure with the mistake it is of."""

from typing import Any

import numpy as np
import pytest

from shrinkage.properties.engine.account import seen
from shrinkage.properties.engine.account.calls import Call
from shrinkage.properties.engine.account.failure import Failure, condition, past_squares
from shrinkage.properties.engine.mistakes import Mistake, asked, typical_of

WORTH_A_WORD = 2.0  # as a condition: its square is another number
NEAR = 8.0  # a factor between a singular value and what counts as zero


def attach(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Put the test's claim, its mark and what it has seen into its report."""
    if report.when == "setup" and report.passed:
        seen.begin()
    elif report.when == "call":
        error = call.excinfo.value if call.excinfo is not None else None
        failure = None if error is None or isinstance(error, pytest.skip.Exception) else seen.explain(error)
        report.user_properties += [
            ("claim", claim(item)),
            ("mark", mark(item)),
            ("seen", seen.told()),
        ]
        if report.failed and failure is not None:
            report.user_properties.append(("failure", with_mistake(failure)))
        if report.failed and claim(item):
            report.sections.insert(0, ("The claim", claim(item)))


def claim(item: pytest.Item) -> str:
    """What a test claims, in a sentence."""
    return sentence(getattr(item, "function", None))


def sentence(test: object) -> str:
    """The first line of its docstring."""
    return (getattr(test, "__doc__", None) or "").strip().split("\n")[0]


def mark(item: pytest.Item) -> str:
    """Which of the three marks it has; none if it is no claim."""
    marks = {each.name for each in item.iter_markers()}
    return next((each for each in ("mathematics", "accuracy", "interface") if each in marks), "")


def with_mistake(failure: Failure) -> dict[str, Any]:
    """A failure as text and numbers, and what it is typical of."""
    mistake = mistake_of(failure)
    if mistake is None:
        return failure.told()
    return failure.told() | {"typical_of": {name: getattr(mistake, name) for name in ("name", "sentence")}}


def mistake_of(failure: Failure) -> Mistake | None:
    """The mistake whose answer the call gave; None where nothing fits."""
    call = failure.call
    if failure.kind in ("raised", "not refused", "changed", "dtype") or call is None or call.result is None:
        return None
    found = typical_of(failure.function, call.by_name(), call.result, asked(call.implementation, failure.function))
    if found is not None and found.name == "normal equations":
        # Where squares are past the range, or nothing is ill-conditioned, digits are lost to something else.
        at = condition(call)
        other = past_squares(call) or (at is not None and at < WORTH_A_WORD) or _at_the_cut_off(call)
        return None if other else found
    return found


def _at_the_cut_off(call: Call) -> bool:
    """Whether the question is what counts as zero: who draws that line elsewhere has a 0 there, too."""
    given = call.by_name()
    X = np.asarray(given.get("X", 0))
    if (
        X.dtype.kind != "f"
        or X.ndim != 2
        or not X.any()
        or not np.isfinite(X).all()
        or np.any(given.get("lam", given.get("lams", 0)))
    ):
        return False
    s = np.linalg.svd(X.astype(float) / float(np.max(abs(X))), compute_uv=False)
    edge = s[0] * max(X.shape) * np.finfo(X.dtype).eps
    return bool(np.any((s > edge / NEAR) & (s < edge * NEAR)))
