"""A failure of a claim, as data: who did what, what came, what is right.

`told` makes of it what travels in a test's report: text and numbers only.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT
from shrinkage.properties.engine.account import calls
from shrinkage.properties.engine.account.calls import Call

KINDS = ("value", "dtype", "shape", "nan", "form", "raised", "not refused", "changed", "other")
OBJECT = "an object of class"  # that a call has made: what is judged of it is in its parts


@dataclass
class Failure:
    """Of one function.

    Parameters
    ----------
    function
        Of the contract.
    kind
        One of `KINDS`.
    says
        What is wrong, in words: ``error / bound = 4e+13, must be <= 1``.
    call
        The call, if there was one.
    path
        Where in its answer `got` is, as code; None if it was computed from answers.
    got, expected
        What came and what is right, in digits that tell them apart.
    gave
        What the call gave, where `got` was computed from that.
    value
        What came, itself.
    ratio
        Error over bound.
    source
        Of the bound.
    """

    function: str
    kind: str
    says: str
    call: Call | None = None
    path: str | None = None
    got: str = ""
    expected: str = ""
    gave: str = ""
    value: Any = None
    ratio: float | None = None
    source: str = ""

    @property
    def code(self) -> str:
        """The call, as code to be pasted; its last line is an expression."""
        return "\n".join(self.call.lines(self.path or "")) if self.call is not None else ""

    @property
    def size(self) -> int:
        """How many numbers there are in the call: the fewer, the simpler."""
        return self.call.size if self.call is not None else 0

    def told(self) -> dict[str, Any]:
        """As text and numbers."""
        said: dict[str, Any] = {"function": self.function, "kind": self.kind, "says": self.says, "call": self.code}
        said |= {"got": self.got, "expected": self.expected, "gave": self.gave, "source": self.source}
        said |= {"size": self.size, "complete": self.call is not None and self.call.complete}
        if self.kind in ("value", "nan", "raised") and self.call is not None and past_squares(self.call):
            said["past_squares"] = True
        if self.ratio is not None:
            said["ratio"] = self.ratio if math.isfinite(self.ratio) else None  # JSON has no infinity
        return said


class Failed(AssertionError):
    """The message, and what it tells as data."""

    def __init__(self, message: str, failure: Failure) -> None:
        super().__init__(message)
        self.failure = failure


Failed.__module__, Failed.__qualname__, Failed.__name__ = "builtins", "AssertionError", "AssertionError"  # in reports


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
        self.failure = Failure(function, "raised", what, calls.last(function) if function else None, "", what)
        self.failure.says, self.failure.got = what.split("\n")[0], what.split("\n")[0]
        super().__init__(f"{what}\n  call      {indented(self.failure.code)}" if self.failure.code else what)


def indented(code: str) -> str:
    """Its further lines below the first, in a message."""
    return code.replace("\n", "\n            ")


def times(ratio: float, digits: int) -> str:
    """An error over its bound in so many digits, and in more where it would look like 1."""
    while ratio != 1 and f"{ratio:.{digits}g}" == "1":
        digits += 1
    return f"{ratio:.{digits}g}"


def condition(call: Call) -> float | None:
    """The condition of [X; √λ I]; None where there is no such X, or no rank without a λ.

    With an intercept the smallest singular value is that of the rows about their mean, the largest has the mean in it.
    """
    if CONTRACT[call.function].chapter not in (2, 3):
        return None
    given = call.by_name()
    try:
        X, lam = np.asarray(given["X"]), float(np.min(np.asarray(given.get("lam", given.get("lams", 0.0)), float)))
        if np.iscomplexobj(X):
            return None
        unit = float(np.max(abs(X.astype(float))))
        A, rows = X.astype(float) / unit, X.shape[-2]
        s = np.linalg.svd(A, compute_uv=False)
        if "sample_weight" in CONTRACT[call.function].names:
            weights = given.get("sample_weight")
            weights = np.ones(rows) if weights is None else np.asarray(weights, float)
            A, mean, rows = A * np.sqrt(weights)[:, None], weights @ A / weights.sum(), rows - 1
            s = np.linalg.svd(A - np.outer(np.sqrt(weights), mean), compute_uv=False)[:rows]
            s[0] = np.linalg.norm(A)
        low = lam / unit / unit
        if X.shape[-1] > rows:
            s = np.append(s, 0.0)  # in directions that no row has, √λ is all there is
        if not lam and np.min(s) <= np.max(s) * max(X.shape[-2:]) * np.finfo(X.dtype).eps:
            return None
        worst = math.sqrt((float(np.max(s)) ** 2 + low) / (float(np.min(s)) ** 2 + low))
    except (KeyError, ValueError, TypeError, IndexError, ArithmeticError, np.linalg.LinAlgError, RuntimeWarning):
        return None
    return worst if math.isfinite(worst) else None


def past_squares(call: Call) -> bool:
    """Whether squares of the numbers in the call leave the range of floats: what goes wrong then is no lost digits."""
    given = call.by_name()
    try:
        X = np.asarray(given["X"])
        largest = [
            float(np.max(abs(np.asarray(given[name], float)), initial=0.0)) for name in ("X", "y") if name in given
        ]
    except (KeyError, ValueError, TypeError):
        return False
    limits = np.finfo(X.dtype if X.dtype.kind == "f" else float)
    room = math.log2(limits.max) / 2 - 16, math.log2(limits.tiny) / 2 + limits.nmant / 2
    return any(size > 0 and not room[1] < math.log2(size) < room[0] for size in largest)
