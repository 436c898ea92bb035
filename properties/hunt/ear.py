"""What a hunt hears of a claim at work: errors over bounds, failures, and what was drawn where they are the worst."""

import functools
import inspect
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import hypothesis.errors
import pytest

from shrinkage.properties.engine import verdict
from shrinkage.properties.engine.account import calls, seen
from shrinkage.properties.engine.account.calls import Call
from shrinkage.properties.engine.account.failure import Breach, Failed, Failure
from shrinkage.properties.report.findings import INTERFACE
from shrinkage.properties.worst import ENDED, values
from shrinkage.properties.worst.replay import DATA

SMALLER = 300  # inputs that are tried to make one on which a claim fails small
HANGS = 10  # of these, at the most, that end a process, each of which may take as long as a call may


class Enough(BaseException):
    """No more inputs, which Hypothesis hands on as it is."""


@dataclass
class Heard:
    """The largest error over bound of a function."""

    ratio: float
    call: Call | None
    drawn: dict[str, Any] | None = None


@dataclass
class Found:
    """A failure, and what was drawn where it came."""

    failure: Failure
    drawn: dict[str, Any] | None = None


class Ear:
    """Hears every error over bound, and keeps what was drawn where it is the worst of its function so far.

    A failure of another kind is kept, and the claim goes on to its next example: what is wrong at λ = 0 does not hide
    how far off the rest is.

    Parameters
    ----------
    until
        When there is no more time, as `time.monotonic` has it.
    like
        A failure that is looked for, its ratio the least: the claim fails with one of the same kind, as the judge would
        see it fail, so that Hypothesis makes it small.
    smaller
        Inputs that are tried after the first one on which it fails so.
    note
        Is told what is drawn, as JSON, before it is tried: it may end the process.
    """

    def __init__(
        self,
        until: float = math.inf,
        like: Failure | None = None,
        smaller: int = SMALLER,
        note: Callable[[str], object] = lambda drawn: None,
    ) -> None:
        self.worst: dict[str, Heard] = {}
        self.failed: Found | None = None
        self.above: Found | None = None  # 1, on an input made small
        self.judged = self.numbers = 0
        self.missed = ""  # why it was not all tried
        self._new: list[Heard] = []
        self._until, self._like, self._left, self._note = until, like, smaller, note
        self._ended: dict[str, Breach] = {}  # what was drawn, and how it ended

    def hear(self, function: str, ratio: float) -> None:
        """What `verdict.judge` says."""
        call = calls.last(function)
        self.judged += 1
        self.numbers += call.size if call is not None else 0
        like = self._like
        if like is not None and like.ratio is not None and like.function == function and ratio >= like.ratio:
            verdict.settle(None, hunting=True)  # nobody listens, so the claim fails
        if math.isfinite(ratio) and (function not in self.worst or ratio > self.worst[function].ratio):
            self.worst[function] = Heard(ratio, call)
            self._new.append(self.worst[function])

    def around(self, test: Callable[..., None], names: tuple[str, ...] = ()) -> Callable[..., None]:
        """The test, with an eye on what is drawn for these arguments."""

        @functools.wraps(test)
        def recorded(*arguments: Any, **named: Any) -> None:
            self.hurry()
            given = inspect.signature(test).bind(*arguments, **named).arguments

            def drawn() -> dict[str, Any] | None:
                return _told({name: given[name] for name in names})

            def noted() -> None:
                said = json.dumps(drawn())
                self._note(said)
                if said in self._ended:  # and takes as long every time
                    raise self._ended[said]

            given |= {name: Recorded(given[name], noted) for name in names if hasattr(given[name], "draw")}
            self._new.clear()
            ended: Failed | None = None
            verdict.settle(None, hunting=True, heard=self.hear)
            try:
                noted()
                test(**given)
            except (hypothesis.errors.HypothesisException, pytest.skip.Exception):
                raise
            except Breach as breach:
                ended = self._breached(breach, drawn)
            except (Exception, SystemExit, pytest.fail.Exception) as error:
                if self.fails(error, drawn):
                    raise
            finally:
                if self._new:
                    told = drawn()
                    for each in self._new:
                        each.drawn = told
            if ended is not None:  # Hypothesis takes failures for one if they are raised in one place
                raise ended

        return recorded

    def hurry(self) -> None:
        """Up to here, if time is up, or what was to be made small is so by now."""
        self._left -= self.failed is not None and self._like is not None
        late = time.monotonic() > self._until
        self.missed = self.missed or "there was no time" * late
        if late or self._left < 0:
            raise Enough

    def _breached(self, breach: Breach, drawn: Callable[[], dict[str, Any] | None]) -> Failed | None:
        """What to fail with where a process that ends is looked for; anything else is no matter there."""
        if self._like is None or self._like.kind != ENDED:
            raise breach
        failed = Failed("", replace(breach.failure, kind=ENDED))
        if not self.fails(failed, drawn):
            self.missed = self.missed or breach.failure.says
            return None
        if breach not in self._ended.values():
            if (told := drawn()) is not None:
                self._ended[json.dumps(told)] = breach
            self._left -= SMALLER // HANGS
            self.hurry()
        return failed

    def fails(self, error: BaseException, drawn: Callable[[], dict[str, Any] | None] = dict) -> bool:
        """Keep it, if it is a failure of another kind than a departure of the interface; whether to fail with it."""
        failure = seen.explain(error) or Failure("", "other", f"{type(error).__name__}: {error}".split("\n")[0])
        if failure.kind in INTERFACE or (self._like is not None and not alike(failure, self._like)):
            return False
        if self.failed is None or (self._like is not None and _size(failure) <= _size(self.failed.failure)):
            self.failed = Found(failure, drawn())
        return self._like is not None


def alike(one: Failure, other: Failure) -> bool:
    """Whether the one is of the kind of the other, and as far off."""
    if (one.function, one.kind) != (other.function, other.kind):
        return False
    if one.kind == ENDED:  # "ridge gave no", or "ridge ended the"
        return one.says.split()[:3] == other.says.split()[:3]
    return other.ratio is None or (one.ratio or 0.0) >= other.ratio


def _size(failure: Failure) -> float:
    return failure.size if failure.call is not None else math.inf


class Recorded:
    """Hypothesis' `data`, remembering what it has drawn, and telling of it."""

    def __init__(self, data: Any, tell: Callable[[], None]) -> None:
        self.data, self.drawn, self._tell = data, list[Any](), tell

    def draw(self, strategy: Any, label: object = None) -> Any:
        """One more."""
        self.drawn.append(self.data.draw(strategy, label))
        self._tell()
        return self.drawn[-1]

    def __repr__(self) -> str:
        return repr(self.data)


def _told(given: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        return {
            name: {DATA: [values.told(each) for each in value.drawn]}
            if isinstance(value, Recorded)
            else values.told(value)
            for name, value in given.items()
        }
    except values.NotStored:
        return None
