"""What one process of a hunt does: a claim on new examples, or one on moved numbers of the worst seen."""

import contextlib
import functools
import inspect
import math
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.errors
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings

from shrinkage.loader import Implementation, load
from shrinkage.properties.engine import verdict, watchdog
from shrinkage.properties.engine.account import calls, seen
from shrinkage.properties.engine.account.calls import Call
from shrinkage.properties.engine.account.failure import Breach, Failed, Failure, condition
from shrinkage.properties.engine.falsify import Claim, claims
from shrinkage.properties.engine.proxy import Judged
from shrinkage.properties.engine.strategies import families
from shrinkage.properties.hunt.climb import climb
from shrinkage.properties.hunt.moves import Problem
from shrinkage.properties.report.findings import INTERFACE
from shrinkage.properties.worst import ABOVE, Entry, replay, values
from shrinkage.properties.worst.replay import DATA

AGAIN = 20  # examples for a failure whose input has no form to be stored in
SMALLER = 300  # inputs that are tried to make one on which a claim fails small


class Enough(BaseException):
    """No more inputs, which Hypothesis hands on as it is."""


@dataclass(frozen=True)
class Task:
    """To be done in a moment.

    Parameters
    ----------
    claim
        Its name.
    seed
        Of what is random.
    tries
        Examples, or inputs; none to measure what is stored once more.
    entry
        What to start from; new examples are drawn without one.
    """

    claim: str
    seed: int
    tries: int
    entry: Entry | None = None


@dataclass
class Outcome:
    """Of a task.

    Parameters
    ----------
    found
        The worst of each function, and a failure of another kind.
    judged
        How many answers were held against a bound.
    numbers
        In the calls of these, on the average: what a try costs, the same on any machine.
    ended
        How the process ended that was at it, in words, if it did.
    """

    found: list[Entry] = field(default_factory=list)
    judged: int = 0
    numbers: float = 0.0
    ended: str = ""


@dataclass
class _Heard:
    ratio: float
    call: Call | None
    drawn: dict[str, Any] | None = None


@dataclass
class _Failed:
    function: str
    kind: str
    says: str
    call: Call | None
    drawn: dict[str, Any] | None = None
    ratio: float = math.inf

    @property
    def size(self) -> float:
        return self.call.size if self.call is not None else math.inf


class Ear:
    """Hears every error over bound, and keeps what was drawn where it is the worst of its function so far.

    A failure of another kind is kept, and the claim goes on to its next example: what is wrong at λ = 0 does not hide
    how far off the rest is.

    Parameters
    ----------
    until
        When there is no more time, as `time.monotonic` has it.
    like
        A failure that is to be made small: the claim fails with one of the same kind, so that Hypothesis shrinks it.
    """

    def __init__(self, until: float = math.inf, like: _Failed | None = None) -> None:
        self.worst: dict[str, _Heard] = {}
        self.failed: _Failed | None = None
        self.above: _Failed | None = None  # 1, on an input made small
        self.judged = self.numbers = 0
        self._new: list[_Heard] = []
        self._until, self._like, self._left = until, like, SMALLER

    def hear(self, function: str, ratio: float) -> None:
        """What `verdict.judge` says."""
        call = calls.last(function)
        self.judged += 1
        self.numbers += call.size if call is not None else 0
        like = self._like
        if like is not None and (like.function, like.kind) == (function, ABOVE) and ratio >= math.sqrt(like.ratio):
            raise Failed(ABOVE, Failure(function, ABOVE, "", call, ratio=ratio))
        if math.isfinite(ratio) and (function not in self.worst or ratio > self.worst[function].ratio):
            self.worst[function] = _Heard(ratio, call)
            self._new.append(self.worst[function])

    def around(self, test: Callable[..., None], names: tuple[str, ...]) -> Callable[..., None]:
        """The test, with an eye on what is drawn for these arguments."""

        @functools.wraps(test)
        def recorded(*arguments: Any, **named: Any) -> None:
            self.hurry()
            given = inspect.signature(test).bind(*arguments, **named).arguments
            given |= {name: Recorded(given[name]) for name in names if hasattr(given[name], "draw")}
            self._new.clear()
            try:
                test(**given)
            except (hypothesis.errors.HypothesisException, pytest.skip.Exception):
                raise
            except (Exception, SystemExit, pytest.fail.Exception) as error:
                if self.fails(error, lambda: _told({name: given[name] for name in names})):
                    raise
            finally:
                if self._new:
                    drawn = _told({name: given[name] for name in names})
                    for each in self._new:
                        each.drawn = drawn

        return recorded

    def hurry(self) -> None:
        """Up to here, if time is up, or what was to be made small is so by now."""
        self._left -= self.failed is not None and self._like is not None
        if time.monotonic() > self._until or self._left < 0:
            raise Enough

    def fails(self, error: BaseException, drawn: Callable[[], dict[str, Any] | None] = dict) -> bool:
        """Keep it, if it is a failure of another kind than a departure of the interface; whether to fail with it."""
        found = seen.explain(error) or Failure("", "other", f"{type(error).__name__}: {error}".split("\n")[0])
        if found.kind in INTERFACE:
            return False
        ratio, before = math.inf if found.ratio is None else found.ratio, self._like or self.failed
        failed = _Failed(found.function, found.kind, found.says, found.call, ratio=ratio)
        alike = before is None or (failed.function, failed.kind) == (before.function, before.kind)
        if alike and (self.failed is None or (self._like is not None and failed.size <= self.failed.size)):
            self.failed = failed
            failed.drawn = drawn()
        return alike and self._like is not None


class Recorded:
    """Hypothesis' `data`, remembering what it has drawn."""

    def __init__(self, data: Any) -> None:
        self.data, self.drawn = data, list[Any]()

    def draw(self, strategy: Any, label: object = None) -> Any:
        """One more."""
        self.drawn.append(self.data.draw(strategy, label))
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


# ---- the two kinds of tasks ------------------------------------------------------------------------------------------


class Hand:
    """Does tasks on an implementation.

    Parameters
    ----------
    implementation
        Who is hunted.
    about
        What is said of every entry: versions, processor.
    """

    def __init__(self, implementation: Implementation, **about: Any) -> None:
        self.implementation, self.about = implementation, about
        self.judged = Judged(implementation)
        self.claims = {claim.name: claim for claim in claims()}
        self._small: set[tuple[str, str]] = set()  # claims and kinds of their failures, which are made so once

    def do(self, task: Task, until: float = math.inf) -> Outcome:
        """The worst that it comes upon, by then."""
        claim, ear = self.claims[task.claim], Ear(until)
        families.hunt(True)
        try:
            if task.entry is None:
                self._search(claim, task, ear, until)
            elif task.tries:
                self._climb(claim, task.entry, task, ear)
            elif hasattr(claim.test, "drawn") and not task.entry.drawn:
                self._search(claim, Task(claim.name, 0, AGAIN), ear, until)
            elif (again := self._replayed(claim, task.entry, dict(task.entry.drawn), ear)) is not None:
                if not task.entry.fails:
                    ear.worst[task.entry.function] = again
                elif again.ratio > 1:
                    ear.above = _Failed(task.entry.function, ABOVE, "", again.call, again.drawn, again.ratio)
            found = [self._entry(claim, function, heard) for function, heard in ear.worst.items()]
            found = [entry for entry in found if not entry.drawn or self.confirmed(entry)]
        finally:
            families.hunt(False)
            verdict.settle(None, hunting=False)
            seen.begin()
        for one in (ear.failed if self._counts(claim) else None, ear.above):
            if one is not None:
                heard = _Heard(one.ratio, one.call, one.drawn)
                found.append(self._entry(claim, one.function or min(claim.about), heard, one.kind, one.says))
        return Outcome(found, ear.judged, ear.numbers / max(ear.judged, 1))

    def _counts(self, claim: Claim) -> bool:
        """Whether to fail this claim is more than a departure, as the judge tells it."""
        return claim.mark != "interface" and not self.departs(claim)

    def departs(self, claim: Claim) -> bool:
        """Whether the implementation says that it departs from the claim."""
        return any(failure.covers(claim.name) for failure in self.implementation.expected_failures)

    def _entry(self, claim: Claim, function: str, heard: _Heard, fails: str = "", says: str = "") -> Entry:
        call = heard.call
        return Entry(
            function,
            heard.ratio,
            claim.name,
            heard.drawn or {},
            "\n".join(call.lines()) if call is not None and call.complete else "",
            _condition(call) if call is not None else None,
            self.departs(claim),
            fails,
            says,
            **self.about,
        )

    def _held(self, claim: Claim, test: Callable[..., None], ear: Ear) -> None:
        """Run it, and listen."""
        seen.begin()
        verdict.settle(None, hunting=True, heard=ear.hear)
        try:
            claim.called(self.judged, test)
        except (pytest.skip.Exception, hypothesis.errors.HypothesisException, Enough, Breach):
            pass  # a call that is not made again, as one of it was late, was told of
        except (Exception, SystemExit, pytest.fail.Exception) as error:
            ear.fails(error)

    def _search(self, claim: Claim, task: Task, ear: Ear, until: float) -> None:
        """New examples, half of them steered towards the worst; where it fails otherwise, once more for a small one."""
        made: Any = getattr(claim.test, "drawn", None)
        if made is None:
            self._held(claim, claim.test, ear)
            return
        names = tuple(replay.strategies_of(claim.test))

        def tried(ear: Ear, chosen: settings) -> None:
            self._held(claim, hypothesis.seed(task.seed)(chosen(made(lambda test: ear.around(test, names)))), ear)

        def small(one: _Failed) -> _Failed:
            if (claim.name, one.kind) in self._small:
                return one
            self._small.add((claim.name, one.kind))
            tried(smaller := Ear(until, like=one), _settings(task.tries, shrinks=True))
            return smaller.failed or one

        tried(ear, _settings(task.tries))
        if ear.failed is not None and self._counts(claim):
            ear.failed = small(ear.failed)
        function, worst = max(ear.worst.items(), key=lambda one: one[1].ratio, default=("", _Heard(0.0, None)))
        if worst.ratio > 1 and not self.departs(claim):
            ear.above = small(_Failed(function, ABOVE, "", worst.call, worst.drawn, worst.ratio))

    def _climb(self, claim: Claim, entry: Entry, task: Task, ear: Ear) -> None:
        """The numbers of an input moved; what is heard of is worse than it."""
        asked = self._asked(claim, entry)
        problem = Problem(entry.drawn, asked)
        if not problem.before:
            return
        heard: dict[bytes, _Heard] = {}

        def measure(numbers: np.ndarray) -> float:
            ear.hurry()
            drawn = problem.at(numbers)
            one = self._replayed(claim, entry, drawn, ear) if drawn is not None else None
            if one is None:
                return -math.inf
            heard[numbers.tobytes()] = one
            return one.ratio

        try:
            at = climb(measure, np.array(problem.before), task.tries, np.random.default_rng(task.seed)).tobytes()
        except Enough:
            at = max(heard, key=lambda numbers: heard[numbers].ratio, default=b"")
        if at in heard:
            ear.worst[entry.function] = heard[at]

    def _asked(self, claim: Claim, entry: Entry) -> dict[str, Any]:
        """The strategies that the claim draws by on this input."""
        arguments = replay.arguments(entry.drawn)
        self._held(claim, functools.partial(_inner(claim), **arguments), Ear())
        by_name = replay.strategies_of(claim.test)
        return {
            name: argument.asked if isinstance(argument, replay.Drawn) else [by_name.get(name)]
            for name, argument in arguments.items()
        }

    def _replayed(self, claim: Claim, entry: Entry, drawn: dict[str, Any], ear: Ear) -> _Heard | None:
        """What is heard of the function on this input."""
        one = Ear()
        self._held(claim, functools.partial(_inner(claim), **replay.arguments(drawn)), one)
        ear.judged += one.judged
        ear.numbers += one.numbers
        if entry.fails not in ("", ABOVE) and one.failed is not None:
            ear.failed = one.failed
            ear.failed.drawn = drawn
        if (found := one.worst.get(entry.function)) is not None:
            found.drawn = drawn
        return found

    def confirmed(self, entry: Entry) -> bool:
        """Whether the same input gives the same error once more: not where it was of the moment, as of threads."""
        claim = self.claims[entry.claim]
        again = self._replayed(claim, entry, dict(entry.drawn), Ear())
        return again is not None and again.ratio == entry.ratio


def _condition(call: Call) -> float | None:
    with np.errstate(all="ignore"):  # of an X that is all 0 there is none
        return condition(call)


def _inner(claim: Claim) -> Callable[..., None]:
    """The claim on given input."""
    found: Callable[..., None] = getattr(getattr(claim.test, "hypothesis", None), "inner_test", claim.test)
    return found


@functools.cache
def _settings(examples: int, shrinks: bool = False) -> settings:
    """So many examples, half of them steered."""
    return settings(
        max_examples=examples,
        phases=(Phase.generate, Phase.target, *((Phase.shrink,) * shrinks)),
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )


# ---- a process of them -----------------------------------------------------------------------------------------------


def work(pipe: Connection) -> None:
    """Do what comes through the pipe, until whoever hunts is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever hears it says when it is over
    with contextlib.suppress(EOFError, ConnectionError):
        choice, about, folder, name, seconds = pipe.recv()
        hand = Hand(load(choice), **about)
        watching = watchdog.begin(Path(folder), name, seconds)
        while True:
            task, until = pipe.recv()
            watching.at(task.claim, hand.claims[task.claim].mark)
            pipe.send(hand.do(task, until))
