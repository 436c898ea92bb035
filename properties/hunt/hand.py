"""What one process of a hunt does: a claim on new examples, or one on moved numbers of the worst seen."""

import contextlib
import functools
import inspect
import math
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import hypothesis
import hypothesis.errors
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings

from shrinkage.loader import Implementation, load
from shrinkage.properties.engine import verdict
from shrinkage.properties.engine.account import calls, seen
from shrinkage.properties.engine.account.calls import Call
from shrinkage.properties.engine.account.failure import condition
from shrinkage.properties.engine.falsify import Claim, claims
from shrinkage.properties.engine.proxy import Judged
from shrinkage.properties.engine.strategies import families
from shrinkage.properties.hunt.climb import climb
from shrinkage.properties.hunt.moves import Problem
from shrinkage.properties.worst import Entry, replay, values
from shrinkage.properties.worst.replay import DATA


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
        The worst of each function.
    judged
        How many answers were held against a bound.
    numbers
        In the calls of these, on the average: what a try costs, the same on any machine.
    failed
        Whether it failed in another way than by an error.
    """

    found: list[Entry] = field(default_factory=list)
    judged: int = 0
    numbers: float = 0.0
    failed: bool = False


@dataclass
class _Heard:
    ratio: float
    call: Call | None
    drawn: dict[str, Any] | None = None


class Ear:
    """Hears every error over bound, and keeps what was drawn where it is the worst of its function so far."""

    def __init__(self) -> None:
        self.worst: dict[str, _Heard] = {}
        self.judged = self.numbers = 0
        self._new: list[_Heard] = []

    def hear(self, function: str, ratio: float) -> None:
        """What `verdict.judge` says."""
        call = calls.last(function)
        self.judged += 1
        self.numbers += call.size if call is not None else 0
        if math.isfinite(ratio) and (function not in self.worst or ratio > self.worst[function].ratio):
            self.worst[function] = _Heard(ratio, call)
            self._new.append(self.worst[function])

    def around(self, test: Callable[..., None], names: tuple[str, ...]) -> Callable[..., None]:
        """The test, with an eye on what is drawn for these arguments."""

        @functools.wraps(test)
        def recorded(*arguments: Any, **named: Any) -> None:
            given = inspect.signature(test).bind(*arguments, **named).arguments
            given |= {name: Recorded(given[name]) for name in names if hasattr(given[name], "draw")}
            self._new.clear()
            try:
                test(**given)
            finally:
                if self._new:
                    drawn = _told({name: given[name] for name in names})
                    for each in self._new:
                        each.drawn = drawn

        return recorded


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

    def do(self, task: Task) -> Outcome:
        """The worst that it comes upon."""
        claim, ear = self.claims[task.claim], Ear()
        families.hunt(True)
        try:
            failed = None
            if task.entry is None:
                failed = self._search(claim, task, ear)
            elif task.tries:
                self._climb(claim, task.entry, task, ear)
            elif (again := self._replayed(claim, task.entry, dict(task.entry.drawn), ear)) is not None:
                ear.worst[task.entry.function] = again
            found = [self._entry(claim, function, heard) for function, heard in ear.worst.items()]
            found = [entry for entry in found if not entry.drawn or self.confirmed(entry)]
        finally:
            families.hunt(False)
            verdict.settle(None, hunting=False)
            seen.begin()
        if failed is not None and not failed.departs:
            found.append(failed)
        return Outcome(found, ear.judged, ear.numbers / max(ear.judged, 1), failed is not None)

    def departs(self, claim: Claim) -> bool:
        """Whether the implementation says that it departs from the claim."""
        return any(failure.covers(claim.name) for failure in self.implementation.expected_failures)

    def _entry(self, claim: Claim, function: str, heard: _Heard, says: str = "") -> Entry:
        call = heard.call
        return Entry(
            function,
            heard.ratio,
            claim.name,
            heard.drawn or {},
            "\n".join(call.lines()) if call is not None and call.complete else "",
            _condition(call) if call is not None else None,
            self.departs(claim),
            says,
            **self.about,
        )

    def _held(self, claim: Claim, test: Callable[..., None], ear: Ear) -> Entry | None:
        """Run it; the entry of a failure that is none of an error over bound."""
        seen.begin()
        verdict.settle(None, hunting=True, heard=ear.hear)
        try:
            claim.called(self.judged, test)
        except (pytest.skip.Exception, hypothesis.errors.Unsatisfiable, hypothesis.errors.UnsatisfiedAssumption):
            pass
        except (Exception, SystemExit, pytest.fail.Exception) as error:
            failure = seen.explain(error)
            told = failure.says if failure is not None else f"{type(error).__name__}: {error}".split("\n")[0]
            function = failure.function if failure is not None else min(claim.about)
            heard = _Heard(math.inf, failure.call if failure is not None else None)
            return self._entry(claim, function, heard, told)
        return None

    def _search(self, claim: Claim, task: Task, ear: Ear) -> Entry | None:
        """New examples, half of them steered towards the worst."""
        made: Any = getattr(claim.test, "drawn", None)
        if made is None:
            return self._held(claim, claim.test, ear)
        names = tuple(replay.strategies_of(claim.test))
        test = hypothesis.seed(task.seed)(_settings(task.tries)(made(lambda test: ear.around(test, names))))
        return self._held(claim, test, ear)

    def _climb(self, claim: Claim, entry: Entry, task: Task, ear: Ear) -> None:
        """The numbers of an input moved; what is heard of is worse than it."""
        asked = self._asked(claim, entry)
        problem = Problem(entry.drawn, asked)
        if not problem.before:
            return
        heard: dict[bytes, _Heard] = {}

        def measure(numbers: np.ndarray) -> float:
            drawn = problem.at(numbers)
            one = self._replayed(claim, entry, drawn, ear) if drawn is not None else None
            if one is None:
                return -math.inf
            heard[numbers.tobytes()] = one
            return one.ratio

        at = climb(measure, np.array(problem.before), task.tries, np.random.default_rng(task.seed))
        if at.tobytes() in heard:
            ear.worst[entry.function] = heard[at.tobytes()]

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
    found: Any = claim.test
    return found.hypothesis.inner_test


@functools.cache
def _settings(examples: int) -> settings:
    """So many examples, half of them steered; a failure is taken as it is."""
    return settings(
        max_examples=examples,
        phases=(Phase.generate, Phase.target),
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
        choice, about = pipe.recv()
        hand = Hand(load(choice), **about)
        while True:
            pipe.send(hand.do(pipe.recv()))
