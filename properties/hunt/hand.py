"""What one process of a hunt does: a claim on new examples, or one on moved numbers of the worst seen."""

import contextlib
import copy
import functools
import json
import math
import os
import signal
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.errors
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings

from shrinkage.loader import Choice, Implementation, WrongChoice, load
from shrinkage.properties.engine import verdict, watchdog
from shrinkage.properties.engine.account import seen, source_repr
from shrinkage.properties.engine.account.calls import Call, Named
from shrinkage.properties.engine.account.failure import Breach, Failure, condition
from shrinkage.properties.engine.falsify import Claim, claims
from shrinkage.properties.engine.proxy import Judged
from shrinkage.properties.engine.strategies import families
from shrinkage.properties.hunt.climb import climb
from shrinkage.properties.hunt.ear import SMALLER, Ear, Enough, Found, Heard
from shrinkage.properties.hunt.moves import Problem
from shrinkage.properties.isolated.implementation import Isolated
from shrinkage.properties.isolated.limits import LATE, Limits
from shrinkage.properties.isolated.process import Process
from shrinkage.properties.report.screen import told
from shrinkage.properties.worst import ABOVE, ENDED, Entry, replay

AGAIN = 20  # examples for a failure whose input has no form to be stored in
MOST = 20_000  # numbers in a call that is stored as code


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
    seconds
        For a call, where the entry ends its process, so that another one is called: to see whether it still does or,
        with so many examples, to make the input small.
    """

    claim: str
    seed: int
    tries: int
    entry: Entry | None = None
    seconds: float = 0.0


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
        How the process ended that was at it, in words, if it did; or why else it was not done.
    """

    found: list[Entry] = field(default_factory=list)
    judged: int = 0
    numbers: float = 0.0
    ended: str = ""


class Hand:
    """Does tasks on an implementation.

    Parameters
    ----------
    implementation
        Who is hunted.
    about
        What is said of every entry: versions, processor.

    Attributes
    ----------
    note
        Is told what is drawn before it is tried, as JSON.
    """

    def __init__(self, implementation: Implementation, **about: Any) -> None:
        self.implementation, self.about = implementation, about
        self.judged = Judged(implementation)
        self.claims = {claim.name: claim for claim in claims()}
        self.note: Callable[[str], object] = lambda drawn: None
        self._small: set[tuple[str, str, bool]] = set()  # claims and kinds of failures, which are made so once

    def do(self, task: Task, until: float = math.inf) -> Outcome:
        """The worst that it comes upon, by then."""
        claim, ear = self.claims[task.claim], Ear(until, note=self.note)
        self.note("{}")
        families.hunt(True)
        try:
            if task.seconds:
                return self._ended(claim, task, until)
            if task.entry is None:
                self._search(claim, task, ear, until)
            elif task.tries:
                self._climb(claim, task.entry, task, ear)
            elif hasattr(claim.test, "drawn") and not task.entry.drawn:
                self._search(claim, Task(claim.name, 0, AGAIN), ear, until)
            else:
                self._again(claim, task.entry, ear)
            found = [self._entry(claim, function, heard) for function, heard in ear.worst.items()]
            found = [entry for entry in found if not entry.drawn or self.confirmed(entry)]
            found = [self._with_result(claim, entry) for entry in found]
        finally:
            families.hunt(False)
            verdict.settle(None, hunting=False)
            seen.begin()
        if ear.failed is not None and self._counts(claim):
            infinite = ear.failed.failure.ratio == math.inf
            found.append(self._failed(claim, ear.failed, ABOVE if infinite else ear.failed.failure.kind))
        if ear.above is not None:
            found.append(self._failed(claim, ear.above, ABOVE))
        return Outcome(found, ear.judged, ear.numbers / max(ear.judged, 1))

    def _counts(self, claim: Claim) -> bool:
        """Whether to fail this claim is more than a departure, as the judge tells it."""
        return claim.mark != "interface" and not self.departs(claim)

    def departs(self, claim: Claim) -> bool:
        """Whether the implementation says that it departs from the claim."""
        return any(failure.covers(claim.name) for failure in self.implementation.expected_failures)

    # ---- what is kept of it ------------------------------------------------------------------------------------------

    def _entry(self, claim: Claim, function: str, heard: Heard) -> Entry:
        call = heard.call
        return Entry(
            function,
            heard.ratio,
            claim.name,
            heard.drawn or {},
            "\n".join(call.lines()) if call is not None and call.complete else "",
            _condition(call) if call is not None else None,
            self.departs(claim),
            **self.about,
        )

    def _failed(self, claim: Claim, found: Found, fails: str) -> Entry:
        failure = found.failure
        return Entry(
            failure.function or min(claim.about),
            math.inf if failure.ratio is None else failure.ratio,
            claim.name,
            found.drawn or {},
            _whole(failure),
            _condition(failure.call) if failure.call is not None else None,
            self.departs(claim),
            fails,
            failure.says,
            told(failure.told(), "").strip() if failure.expected and failure.kind != "raised" else "",
            **self.about,
        )

    def _with_result(self, claim: Claim, entry: Entry) -> Entry:
        """What is above 1, with what came and what is right."""
        if entry.ratio <= 1 or entry.departs or (hasattr(claim.test, "drawn") and not entry.drawn):
            return entry
        found = self._failure(claim, entry, Failure(entry.function, "value", "", ratio=entry.ratio))
        if found is None or found.failure.ratio != entry.ratio:
            return entry
        once_more = self._failed(claim, found, "")
        return replace(entry, call=once_more.call, result=once_more.result)

    # ---- the kinds of tasks ------------------------------------------------------------------------------------------

    def _held(self, claim: Claim, test: Callable[..., None], ear: Ear) -> None:
        """Run it, and listen."""
        seen.begin()
        verdict.settle(None, hunting=True, heard=ear.hear)
        try:
            claim.called(self.judged, test)
        except (pytest.skip.Exception, hypothesis.errors.HypothesisException, Enough, Breach):
            pass  # a call that is not made again, as one of it was late, was told of
        except (Exception, SystemExit, pytest.fail.Exception) as error:
            if ear.failed is None:  # not what was drawn is to blame
                ear.fails(error)

    def _search(self, claim: Claim, task: Task, ear: Ear, until: float) -> None:
        """New examples, half of them steered towards the worst; where it fails otherwise, once more for a small one."""
        if not hasattr(claim.test, "drawn"):
            self._held(claim, ear.around(claim.test), ear)
            return

        def small(one: Found) -> Found:
            ratio = one.failure.ratio
            kind = (claim.name, one.failure.kind, ratio is not None and math.isfinite(ratio))
            if kind in self._small:
                return one
            self._small.add(kind)
            smaller = Ear(until, replace(one.failure, ratio=ratio and math.sqrt(ratio)), note=self.note)
            self._held(claim, _drawing(claim, task.seed, _settings(task.tries, shrinks=True), smaller), smaller)
            return smaller.failed or one

        self._held(claim, _drawing(claim, task.seed, _settings(task.tries), ear), ear)
        if ear.failed is not None and self._counts(claim):
            ear.failed = small(ear.failed)
        function, worst = max(ear.worst.items(), key=lambda one: one[1].ratio, default=("", Heard(0.0, None)))
        if worst.ratio > 1 and not self.departs(claim):
            ear.above = small(Found(Failure(function, "value", "", worst.call, ratio=worst.ratio), worst.drawn))

    def _climb(self, claim: Claim, entry: Entry, task: Task, ear: Ear) -> None:
        """The numbers of an input moved; what is heard of is worse than it."""
        asked = self._asked(claim, entry)
        problem = Problem(entry.drawn, asked)
        if not problem.before:
            return
        heard: dict[bytes, Heard] = {}

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

    def _again(self, claim: Claim, entry: Entry, ear: Ear) -> None:
        """What an input gives now, or how it fails."""
        if not entry.fails:
            if (heard := self._replayed(claim, entry, dict(entry.drawn), ear)) is not None:
                ear.worst[entry.function] = heard
        elif entry.fails == ABOVE:
            ear.above = self._failure(claim, entry, Failure(entry.function, "value", "", ratio=1.0))
        else:
            ear.failed = self._failure(claim, entry)

    def _failure(self, claim: Claim, entry: Entry, like: Failure | None = None) -> Found | None:
        """How the claim fails on an input."""
        one = Ear(like=like)
        self._on(claim, dict(entry.drawn), one)
        return one.failed and Found(one.failed.failure, dict(entry.drawn))

    def _replayed(self, claim: Claim, entry: Entry, drawn: dict[str, Any], ear: Ear) -> Heard | None:
        """What is heard of the function on this input."""
        one = Ear()
        self._on(claim, drawn, one)
        ear.judged += one.judged
        ear.numbers += one.numbers
        if (found := one.worst.get(entry.function)) is not None:
            found.drawn = drawn
        return found

    def _on(self, claim: Claim, drawn: dict[str, Any], ear: Ear) -> None:
        """The claim on an input."""
        self.note(json.dumps(drawn))
        self._held(claim, ear.around(functools.partial(_inner(claim), **replay.arguments(drawn))), ear)

    def confirmed(self, entry: Entry) -> bool:
        """Whether the same input gives the same error once more: not where it was of the moment, as of threads."""
        claim = self.claims[entry.claim]
        again = self._replayed(claim, entry, dict(entry.drawn), Ear())
        return again is not None and again.ratio == entry.ratio

    def _ended(self, claim: Claim, task: Task, until: float) -> Outcome:
        """What ends the process of the implementation, where that is another one; nothing if it does not any more."""
        entry = task.entry
        assert entry is not None
        like = Failure(entry.function, ENDED, entry.says)
        ear = Ear(until - task.seconds, like, SMALLER if task.tries else 0)
        if entry.drawn and not task.tries:
            self._on(claim, dict(entry.drawn), ear)
        elif hasattr(claim.test, "drawn"):
            chosen = _settings(task.tries or AGAIN, shrinks=bool(task.tries))
            self._held(claim, _drawing(claim, task.seed, chosen, ear), ear)
        else:
            self._held(claim, ear.around(claim.test), ear)
        if ear.failed is None:
            return Outcome(ended=ear.missed and f"was not tried again: {ear.missed}")
        found = ear.failed if task.tries or not entry.drawn else Found(ear.failed.failure, dict(entry.drawn))
        return Outcome([replace(self._failed(claim, found, ENDED), says=entry.says, result="")])


def _drawing(claim: Claim, seed: int, chosen: settings, ear: Ear) -> Callable[..., None]:
    """The claim on new examples."""
    made: Any = claim.test.drawn  # type: ignore[attr-defined]  # as `given` has made it
    names = tuple(replay.strategies_of(claim.test))
    test: Callable[..., None] = hypothesis.seed(seed)(chosen(made(lambda test: ear.around(test, names))))
    return test


def _inner(claim: Claim) -> Callable[..., None]:
    """The claim on given input."""
    found: Callable[..., None] = getattr(getattr(claim.test, "hypothesis", None), "inner_test", claim.test)
    return found


def _condition(call: Call) -> float | None:
    with np.errstate(all="ignore"):  # of an X that is all 0 there is none
        return condition(call)


def _whole(failure: Failure) -> str:
    """The call as code that does the same where it is pasted, large arrays and all; empty if there is none."""
    if failure.call is None or failure.call.size > MOST:
        return ""
    call = copy.copy(failure.call)
    if call.arguments is not None:
        call.arguments = tuple(map(_said, call.arguments))
    return "\n".join(call.lines(failure.path or "")) if call.complete else ""


def _said(value: Any) -> Any:
    if not isinstance(value, np.ndarray) or value.size <= source_repr.MANY:
        return value
    return Named(f"np.array({source_repr.code(value.tolist())}, np.{value.dtype})")


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


class Again(Isolated):
    """In a process of its own, in which what was late is called again, and what is printed is nobody's business."""

    def _living(self, name: str) -> Process:
        self._late.clear()
        process = super()._living(name)

        def unheard() -> str:
            Process._printed(process)
            return ""

        process._printed = unheard  # type: ignore[method-assign]
        return process


def apart(choice: Choice, about: Mapping[str, Any], task: Task, until: float) -> Outcome:
    """A task on what ends its process."""
    try:
        implementation = Again(choice, Limits(task.seconds))
    except WrongChoice as error:
        return Outcome(ended=f"was not tried again: {error}")
    try:
        return Hand(implementation, **about).do(task, until)
    finally:
        implementation.close()


def work(pipe: Connection) -> None:
    """Do what comes through the pipe, until whoever hunts is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever hears it says when it is over
    with contextlib.suppress(EOFError, ConnectionError), contextlib.ExitStack() as stack:
        choice, about, folder, name, seconds = pipe.recv()
        hand, watching = Hand(load(choice), **about), None
        file = stack.enter_context(drawn_in(folder, name).open("wb", 0))
        hand.note = lambda drawn: os.pwrite(file.fileno(), f"{drawn}\n".encode(), 0)  # at every example
        while True:
            task, until = pipe.recv()
            mark = hand.claims[task.claim].mark
            try:
                if not task.seconds:
                    watching = watching or watchdog.begin(Path(folder), name, seconds)
                    watching.at(task.claim, mark)
                    outcome = hand.do(task, until)
                else:
                    watchdog.end()  # another process has the call, and its limit
                    watching, outcome = None, apart(choice, about, task, until)
                    if any(LATE.partition("{")[0] in entry.says for entry in outcome.found):
                        watchdog.was_late(Path(folder), {"function": task.entry.function, "mark": mark})
            except Exception:  # of the hunt itself, whose standard error nobody sees
                outcome = Outcome(ended=f"failed:\n{traceback.format_exc()}")
            pipe.send(outcome)


def drawn_in(folder: str, name: str) -> Path:
    """Where a process of this name says what was drawn last, on the first line."""
    return Path(folder) / f"{name}.drawn"
