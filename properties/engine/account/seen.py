"""What the running test has seen of each function, and to whom its failure is put down."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT
from shrinkage.properties.engine.account import calls, memory, shown, source_repr
from shrinkage.properties.engine.account.calls import Call
from shrinkage.properties.engine.account.failure import Breach, Failed, Failure, condition, indented, past_squares

MISSES = 200  # that are kept of a test: enough to see where digits are lost


@dataclass
class Seen:
    """What the running test has seen of one function.

    Parameters
    ----------
    judged
        How many answers were held against a bound.
    worst
        The largest error over bound among them.
    call, context
        What gave it.
    source
        Where its bound is from.
    failed
        Whether the last judgement failed.
    reached
        Whether it was called, not only made, and came back.
    misses
        Condition and error over bound of linear problems on which it failed.
    departure
        The smallest answer that is right, but of another dtype than the one asked for.
    changed
        The first call that has written into its arguments, or handed back memory that is not the caller's alone.
    digits
        How many are those of a certified answer, by the name of the data.
    """

    judged: int = 0
    worst: float = 0.0
    call: Call | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    failed: bool = False
    reached: bool = False
    misses: list[tuple[float, float]] = field(default_factory=list)
    departure: Failure | None = None
    changed: Failure | None = None
    digits: dict[str, float] = field(default_factory=dict)

    def missed(self, function: str, ratio: float) -> None:
        """Remember on what kind of problem it failed, if it is one of linear algebra."""
        call = calls.last(function) if CONTRACT[function].chapter in (2, 3) else None
        at = condition(call) if call is not None and not past_squares(call) else None
        if at is not None and len(self.misses) < MISSES:
            self.misses.append((at, min(ratio, 1e300)))

    def departs(self, failure: Failure) -> None:
        """Remember the smallest."""
        if self.departure is None or failure.size < self.departure.size:
            self.departure = failure

    def told(self) -> dict[str, Any]:
        """As text and numbers."""
        said: dict[str, Any] = {
            name: getattr(self, name) for name in ("judged", "worst", "source", "failed", "reached")
        }
        said["input"] = (
            "; ".join(self.call.lines())
            if self.call is not None
            else ", ".join(f"{name}={source_repr.code(value)}" for name, value in self.context.items())
        )
        if self.misses:
            said["misses"] = [list(miss) for miss in sorted(self.misses)]
        said |= {"digits": dict(self.digits)} if self.digits else {}
        return said | ({"changed": self.changed.told()} if self.changed else {})


_seen: dict[str, Seen] = {}  # of the running test, by function


def begin() -> None:
    """Forget what was seen: another test begins."""
    _seen.clear()
    calls.forget()
    memory.forget()


def of(function: str) -> Seen:
    """What the running test, which is about this function, has seen of it."""
    return _seen.setdefault(function, Seen())


def changed(call: Call, says: str) -> None:
    """Remember that a call has written into its arguments, or shares memory: the claim goes on, and it is told once."""
    record = of(call.function)
    if record.changed is None:
        record.changed = Failure(call.function, "changed", says, call)


# ---- what an error is put down to ------------------------------------------------------------------------------------


def raised_by(error: BaseException | None) -> Call | None:
    """The call that raised it, or what it was raised from."""
    while error is not None:
        if (found := calls.that_raised(error)) is not None:
            return found
        error = error.__cause__
    return None


def _failure_of(error: BaseException) -> Failure | None:
    """What a test has failed with, as data; None where no function is known to have done it."""
    if isinstance(error, Failed | Breach):
        return error.failure
    told = (f"{type(error).__name__}: {error}" if str(error) else type(error).__name__).strip().split("\n")[0]
    if (call := raised_by(error)) is not None:
        return Failure(call.function, "raised", f"{call.function} raises {told}", call, "", told, "a value")
    spoilt = [call for call in calls.latest() if _is_no_answer(call)]
    functions = {call.function for call in spoilt} or set(_seen)
    if len(functions) != 1:
        return None
    (function,) = functions
    last = spoilt[0] if spoilt else calls.last(function)
    says = f"{function} gives {in_words(spoilt[0].result)}" if spoilt else told
    failure = Failure(function, "form" if spoilt else "other", says, last, "")
    failure.expected = CONTRACT[function].shape if spoilt else ""
    if last is not None and (last.made is not None or not CONTRACT[function].methods):  # of an object there is no more
        failure.got, failure.value = shown.alone(last.result), last.result
    return failure


def _is_no_answer(call: Call) -> bool:
    """Whether what came back is of no kind that an answer may be of."""
    if call.error is not None or call.arguments is None or call.made is not None or CONTRACT[call.function].methods:
        return False
    several = results(call.function)
    if several > 1:
        if not hasattr(call.result, "__len__") or len(call.result) != several:
            return True
        (first, *_) = call.result
    else:
        first = call.result
    return not isinstance(first, np.ndarray | np.generic | float | int) and not hasattr(type(first), "__array__")


def results(function: str) -> int:
    """How many values it gives, as the contract describes their shape."""
    described = CONTRACT[function]
    if described.gives_cache or described.gives_config:
        return 2
    for word, count in (("two ", 2), ("three ", 3)):
        if described.shape.startswith(word):
            return count
    return 1 + re.sub(r"\([^()]*\)", "", described.shape).count(",")


def in_words(value: Any) -> str:
    """What kind of thing it is."""
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value) if len(repr(value)) < 40 else f"a {type(value).__name__}"
    return f"a {type(value).__name__}" + (f" of {len(value)}" if isinstance(value, tuple | list) else "")


def explain(error: BaseException) -> Failure | None:
    """What the test has failed with; who is to blame is marked in what was seen.

    If nothing explains it (an assertion about several functions, say), it is put down to all that the test used.
    """
    failure = _failure_of(error)
    if failure is not None and failure.function:
        of(failure.function)
        for function, record in _seen.items():
            record.failed = function == failure.function
        if (call := raised_by(error)) is not None:  # by another's fault: what it would have given, nobody has seen
            of(call.function).reached = False
    elif not any(record.failed for record in _seen.values()):
        for record in _seen.values():
            record.failed = True
    return failure


def told() -> dict[str, dict[str, Any]]:
    """What the running test has seen, by function, as text and numbers."""
    return {function: record.told() for function, record in _seen.items()}


def blamed() -> list[str]:
    """The functions that the failure of the running test is put down to."""
    return [function for function, record in _seen.items() if record.failed]


def unchanged(*functions: str) -> None:
    """Fail for what any call has written into, or shares: of these functions, or of all that the test has called."""
    __tracebackhide__ = True
    for function in functions or tuple(_seen):
        if (failure := of(function).changed) is not None:
            of(function).failed = True
            raise Failed(f"{function}: {failure.says}\n  call      {indented(failure.code)}", failure)


def conclude() -> None:
    """Fail a test whose values were right, but of another dtype."""
    __tracebackhide__ = True
    for function, record in _seen.items():
        if (failure := record.departure) is not None:
            record.failed = True
            raise Failed(f"{function}: {failure.says}\n  call      {indented(failure.code)}", failure)
