"""One candidate against one reference: every problem called on both, and what was found."""

import contextlib
import itertools
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shrinkage.loader import Choice
from shrinkage.properties.isolated.scratch import Scratch
from shrinkage.properties.isolated.worker import Failed, Gone, Worker

from . import bench, verdict
from .arithmetic import UNITS, Arithmetic, spread
from .asks import asks
from .device import CPU, Array, form, leaves, packed, real, under, unpacked
from .libraries import formula
from .operations import ELEMENTARY
from .precision import held, lower
from .problems import INFINITE, LARGE, Problem, Subject, arrays, cast_to, entries, problems, subjects
from .verdict import ANYHOW, NAMED, Wrong, Yard

RUNS, FEW_RUNS = 12, 6  # of the reference with errors, on a problem and on a large one
AGAIN = 40  # calls after which the first answer is asked for again
ROUNDS, TURN, MOST = 12, 0.02, 1 << 12  # of the race: turns of each, seconds of one, and calls
JUDGED = 4  # rounds: of so many one is looked at, and nobody in them knows which
ENDS = slice(2, 10, 7)  # of so many in order: between the third and the tenth is the median with 96 %
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
TRIES = 3  # wrong answers that are compared with those of lower precisions
FAR = 64  # times what is allowed: who does so is off by more, and who loses a digit is not


class Unfit(ValueError):
    """What cannot be judged so, in a sentence."""


class Call(NamedTuple):
    """What shows a finding.

    Parameters
    ----------
    subject, problem
        What is called, and with what.
    state
        The model's numbers.
    calls
        How many of them it takes.
    """

    subject: Subject
    problem: Problem
    state: dict[str, Array]
    calls: int = 1


@dataclass
class Finding:
    """What is wrong with a function: of each kind the first that was seen, or what shows it in fewer numbers."""

    function: str
    wrong: Wrong
    call: Call | None = None
    problems: int = 1


@dataclass
class Account:
    """What is told of one function."""

    function: str
    problems: int = 0
    worst: float = 0.0
    dtypes: list[str] = field(default_factory=list)
    findings: dict[str, Finding] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    speed: list[float] = field(default_factory=list)  # its median, and between which numbers that is
    size: str = ""  # of what that was measured on
    asked_right: bool = True

    def add(self, wrong: Wrong, call: Call | None = None) -> None:
        """One more."""
        known = self.findings.setdefault(wrong.kind, Finding(self.function, wrong, call, 0))
        known.problems += 1
        smaller = call and known.call and entries(call.problem.given) < entries(known.call.problem.given)
        if call and smaller and call.problem.asked:
            known.wrong, known.call = wrong, call

    def note(self, text: str, about: str = "") -> None:
        """Something to be told, once of what it is about."""
        self.notes.setdefault(about or text, text)

    @property
    def verdict(self) -> str:
        """In a word."""
        kinds = {*self.findings}
        return "wrong" if kinds - {"special"} else "departs" if kinds else "right" if self.problems else "not judged"


@contextlib.contextmanager
def process(name: str, seconds: float, isolated: bool) -> Iterator[Worker]:
    """A bench for this file; what it prints is nobody's business."""
    scratch = Scratch(Choice((name,))) if isolated else None
    # Each has one thread, on a core that is the same for both: what is compared is code, and not who gets more of them.
    options: dict[str, Any] = {
        "env": {**(scratch.environment if scratch else os.environ), **dict.fromkeys(THREADS, "1")}
    }
    cores = sorted(os.sched_getaffinity(0))[-1:] if hasattr(os, "sched_getaffinity") else []
    options |= {"cores": cores} | {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    folders = scratch.writable if scratch else []
    try:
        with Worker("shrinkage.properties.referee.bench", *folders, patience=seconds, **options) as worker:
            yield worker
    finally:
        if scratch:
            scratch.close()


class Trial:
    """Both in their processes, and the reference here as the yardstick.

    Parameters
    ----------
    candidate, reference
        Their names.
    seconds
        For one call.
    isolated
        Whether the candidate is held to `properties.isolated`'s rules.
    """

    def __init__(self, candidate: str, reference: str, seconds: float, isolated: bool) -> None:
        self.candidate, self.reference = candidate, reference
        self.seconds, self.isolated = seconds, isolated
        self.where = bench.places(reference)
        self.file = getattr(self.where[0], "__file__", "") or ""
        self._at: Call | None = None  # what the candidate is at
        self._before: Problem | None = None  # and was at
        self._calls = 0

    def judged(self) -> Iterator[Account]:
        """Every function that both have, judged."""
        with process(self.reference, 3 * self.seconds, False) as self._theirs, contextlib.ExitStack() as stack:
            self._stack = stack
            self._theirs.ask("load", name=self.reference, library="", model="")
            self._begin()
            asked = subjects(self.where, self.reference, self._offers["functions"], self._offers["model"])
            if not asked:
                has = ", ".join([*self._offers["functions"], self._offers["model"]]).strip(", ")
                model = next((each for each in bench.MODELS if hasattr(self.where[0], each)), "")
                lacks = f", and no ModelNew in the place of {model}" if model else ""
                raise Unfit(
                    f"{self.candidate} has nothing that {self.reference} has: it has {has or 'no function'}{lacks}"
                )
            for subject in asked:
                account = Account(subject.name)
                self._at, self._calls = None, 0
                if subject is not asked[0]:
                    self._begin()
                elif found := [f"{what} (line {line})" for what, line in asks(self.candidate).items()]:
                    account.note(f"its file has {', '.join(found)}: what knows who calls it may be right here alone")
                try:
                    self._judge(subject, account)
                except Gone as error:
                    if self._theirs not in Worker.running:
                        raise Unfit(f"{self.reference} {error}: nothing can be held to it") from None
                    late = ", which --call-seconds sets" * str(error).startswith("gave no answer")
                    account.add(Wrong("gone", f"{error}{late}"), self._at)
                except Failed as error:
                    account.add(Wrong("raises", str(error)))
                except Unfit as unfit:
                    account.note(str(unfit))
                yield account

    def _begin(self) -> None:
        """A candidate's process, in which nothing has happened yet."""
        self._stack.close()
        self._ours = self._stack.enter_context(process(self.candidate, 3 * self.seconds, self.isolated))
        library = next((each for each in ("torch", "jax") if each in sys.modules), "numpy")
        try:
            self._offers = self._ours.ask("load", name=self.candidate, library=library, model="")
        except (Failed, Gone) as error:
            said = str(error).removeprefix("WrongChoice: ")
            raise Unfit(said if said.startswith(self.candidate) else f"{self.candidate}: {said}") from None
        self._ours.patience = self.seconds
        self._ours.endpoint.settimeout(self.seconds)

    # ---- one function ----------------------------------------------------------------------------------------------

    def _judge(self, subject: Subject, account: Account) -> None:
        self._call = self._made(subject)
        earlier: verdict.Earlier = []
        first: tuple[Problem, Yard, list[Array]] | None = None
        learned = bool(self._state)
        for problem in problems(subject, lambda given, both: self._takes(subject, given, both), learned):
            theirs = self._asked(self._theirs, subject, problem, look=account.problems < 3)
            if "raised" in theirs:
                continue
            if "unfit" in theirs:
                raise Unfit(
                    f"{self.reference}'s {subject.reference} gives {theirs['unfit']}: nothing can be held to it"
                )
            own = theirs["results"]
            account.problems += 1
            yard, excess = verdict.widened(self._yardstick(subject, problem, problem.dtype), own, problem.dtype)
            if math.isfinite(excess) and excess:
                own_error = f"the reference itself is off by {excess:.2g} × what is allowed ({problem.what})"
                account.note(f"{own_error}: twice as much is allowed", "widened")
            elif excess:
                account.note(
                    f"the reference itself has other answers than its formula ({problem.what}): none is wrong", "jumps"
                )
            like = [[each.values.shape, each.dtype] for each in own]
            ours = self._asked(self._ours, subject, problem, like, look=account.problems <= 3)
            account.problems -= "raised" in ours and not problem.asked
            wrong = [*self._wrong(subject, problem, ours, theirs, yard, earlier, account)]
            nan = problem.what.startswith(INFINITE) and any(np.isnan(each.values).any() for each in own)
            if nan and [each.kind for each in wrong] == ["special"]:
                account.note("of an infinity the reference makes NaN, and it another answer: neither is judged")
                continue
            for each in wrong:
                account.add(each, Call(subject, problem, self._state))
            if problem.asked and wrong:
                account.asked_right = False
            if not wrong and problem.asked and "results" in ours:
                earlier = [*earlier[-3:], (problem, ours["results"])]
                first = first or (problem, yard, own)
        if not account.problems:
            account.note(f"{self.reference} takes no input that was tried: others come from get_inputs() in a file")
        if first is not None:
            self._again(subject, account, first)
            self._told(subject, account, first[0])
        both = [account.findings[each] for each in ("precision", "value") if each in account.findings]
        if len(both) == 2:  # it is tried on the first few only, and of those has to be in most
            gone = account.findings.pop("precision" if 2 * both[0].problems <= TRIES else "value")
            both[gone is both[0]].problems += gone.problems
        if NAMED & {*account.findings}:  # what has a name needs no other
            account.findings.pop("value", None)
        if ANYHOW & {*account.findings}:
            account.findings.pop("special", None)
        self._unpatched(account)
        if first is not None and account.verdict in ("right", "departs"):
            self._timed(subject, account, first[0])
            self._unpatched(account)
        if left := running(self._ours.process.pid):
            account.note(f"what it has started still ran, and was ended with it: {', '.join(left)}")

    def _made(self, subject: Subject) -> Callable[..., Any]:
        """The reference to be evaluated in float64, here; and models of the same numbers in both processes."""
        self._state: dict[str, Array] = {}
        if subject.reference not in bench.MODELS:
            return bench.target(self.where, subject.reference, subject.names)
        own = vars(self.where[0])
        init = [*own.get("get_init_inputs", list)()]
        for moved in (True, False):  # where the candidate has other numbers, both are left as they start
            try:
                state = self._theirs.ask("make", model=subject.reference, init=init, state=None, moved=moved)
            except Failed as error:
                raise Unfit(f"{self.reference}: {error}") from None
            mine = self._ours.ask("make", model=subject.name, init=init, state=state, moved=False)
            if mine is not None:
                break
        self._state = {key: unpacked(value) for key, value in (mine or {}).items()}
        bench.seeded(0)
        model = own[subject.reference](*init)
        if hasattr(model, "double"):
            model.load_state_dict({key: CPU.place(unpacked(value), "torch") for key, value in state.items()})
            model = model.double()
        return model if callable(model) else model.forward

    def _takes(self, subject: Subject, given: list[Any], both: bool) -> list[Array] | None:
        problem = Problem(given, "as they are", "")
        found = self._asked(self._ours if both else self._theirs, subject, problem)
        if both:
            return None if "raised" in found else []
        if "results" in found and any(_differ(found, self._asked(self._theirs, subject, problem))):
            raise Unfit(
                f"{self.reference}'s {subject.reference} has another answer every time: nothing can be held to it"
            )
        return None if "raised" in found else found.get("results", [])

    def _asked(
        self, who: Worker, subject: Subject, problem: Problem, like: Sequence[Any] = (), look: bool = False
    ) -> dict[str, Any]:
        if who is self._ours:
            before, self._at = self._at, Call(subject, problem, self._state)
            self._before = before and before.problem
            self._calls += 1
        name = subject.name if who is self._ours else subject.reference
        for each in leaves(problem.given):
            if not isinstance(each, Array | bool | int | float | str):
                raise Unfit(f"{self.reference}'s get_inputs() gives {form(each)}: it may give arrays, numbers and text")
        answer: dict[str, Any] = who.ask(
            "call",
            **{"function": name, "names": subject.names, "library": subject.library},
            **{"given": packed(problem.given), "like": like, "look": look},
        )
        if "results" in answer:
            answer["results"] = unpacked(answer["results"])
        if who is self._ours and not _told(answer):
            raise Failed("what its process sends is no answer")
        return answer

    def _yardstick(self, subject: Subject, problem: Problem, dtype: str) -> Yard:
        runs = FEW_RUNS if entries(problem.given) > LARGE else RUNS
        return spread(self._formula(subject, problem.given), dtype, runs, problem.sums)

    def _rounded(self, subject: Subject, problem: Problem, dtype: str, yard: Yard) -> Yard:
        """What is allowed besides where the answer comes in a narrower dtype, from an input rounded to that or not."""
        given = cast_to(dtype, problem.given)
        wide = []
        for (value, least), (other, allowed) in zip(
            yard, self._yardstick(subject, replace(problem, given=given), dtype), strict=True
        ):
            with np.errstate(all="ignore"):
                off = least + allowed + abs(other - value) + 2 * UNITS[dtype] * abs(value)
            wide.append((value, np.where(np.isnan(off), np.inf, off)))
        return wide

    def _formula(self, subject: Subject, given: list[Any]) -> Callable[[Arithmetic], list[np.ndarray]]:
        library = self.reference if subject.names and self.reference in ("torch", "jax") else subject.library
        return formula(self._call, given, library, adapted=bool(subject.names))

    def _wrong(
        self,
        subject: Subject,
        problem: Problem,
        ours: dict[str, Any],
        theirs: dict[str, Any],
        yard: Yard,
        earlier: verdict.Earlier,
        account: Account,
    ) -> Iterator[Wrong]:
        if "raised" in ours:
            if problem.asked:
                yield Wrong("raises", ours["raised"])
            elif not {"raises", "form" if problem.other == "shape" else ""} & {*account.findings}:
                account.note(f"it takes none {problem.what}: {ours['raised']}", problem.other)
            return
        if {*ours.get("seeded", [])} - {*theirs.get("seeded", [])}:
            account.note(f"it sets or draws random numbers of {' and '.join(ours['seeded'])}, which others draw from")
        if unfit := verdict.unfit(ours, theirs, bool(subject.names)):
            yield unfit
            return
        got, own, paths = ours["results"], theirs["results"], [path for _, _, path in ours["forms"]]
        if ours["strange"]:
            yield Wrong("lazy", f"a {ours['strange'][0]}")
        given = [path for _, path, _ in under(problem.given)]
        for i in [*{*ours["changed"]} - {*theirs["changed"]}][:1]:
            yield Wrong("changed", where=given[i] if i >= 0 else "")
        if {*ours["shares"]} - {*theirs["shares"]}:
            yield Wrong("shares", where=paths[ours["sharing"][0]])
        if ours["over"] and not theirs["over"]:
            yield Wrong("over", where=paths[ours["over"][0] % len(paths)], before=self._before)
        if ours["late"]:
            yield Wrong("late", where=paths[ours["late"][0]])
            return
        if form := verdict.wrong_form(got, own):
            yield form
            return
        for (_, gives, _), (_, right, _) in zip(ours["forms"], theirs["forms"], strict=True):
            if not subject.names and gives != right and "number" not in gives + right and not ours["strange"]:
                account.note(f"it gives {gives} where the reference gives {right}", "library")
        others = [real(a.dtype) for a, b in zip(got, own, strict=True) if a.dtype != b.dtype]
        narrow = max([problem.dtype, *(each for each in others if each in UNITS)], key=UNITS.__getitem__)
        if dtype := verdict.wrong_dtype(got, paths, own, problem.dtype):
            if problem.asked and dtype.got != problem.dtype:
                yield dtype
            elif "dtype" not in account.findings:
                account.note(f"it gives {dtype.got} for {problem.dtype}, where the reference gives {dtype.right}")
        if narrow != problem.dtype:
            yard = self._rounded(subject, problem, narrow, yard)
        account.dtypes += [each for each in dict.fromkeys(problem.dtypes) if each not in account.dtypes]
        ratio, found = verdict.worst(got, yard, own, narrow)
        if verdict.beyond(got, yard):
            account.note(
                f"the reference leaves the range of float64 ({problem.what}): there nothing is judged", "range"
            )
        if ratio <= 1:
            account.worst = max(account.worst, ratio)
            return
        wrong = verdict.called(got, paths, problem.given, found, yard, earlier)
        if problem.other and account.asked_right and wrong.kind in ("value", "part", "special", "form"):
            wrong = replace(wrong, kind=problem.other)
        elif wrong.kind == "value" and ratio > FAR and narrow in ("float64", "float32"):
            tried = [account.findings[each].problems for each in ("value", "precision") if each in account.findings]
            names = held(got, narrow) if not held(own, narrow) else ""  # of what is so anyhow it says nothing
            if names and verdict.worst(got, self._yardstick(subject, problem, names), own, narrow)[0] > 1:
                names = ""
            if not names and sum(tried) < TRIES:
                names = lower(lambda given: self._formula(subject, given), problem.given, got, yard, narrow)
            if names:
                wrong = replace(wrong, kind="precision", more=f"{wrong.more}, and like that of {names}")
        yield wrong

    def _unpatched(self, account: Account) -> None:
        if names := self._ours.ask("patched"):
            account.add(Wrong("patched", ", ".join(names)))

    # ---- after that ------------------------------------------------------------------------------------------------

    def _again(self, subject: Subject, account: Account, first: tuple[Problem, Yard, list[Array]]) -> None:
        """The first answer again, after many calls."""
        problem, yard, own = first
        for _ in range(AGAIN):
            answer = self._asked(self._ours, subject, problem)
            call = Call(subject, problem, self._state, self._calls)
            if "results" not in answer or verdict.wrong_form(answer["results"], own):
                return account.add(Wrong("calls", answer.get("raised", "")), call)
            ratio, found = verdict.worst(answer["results"], yard, own, problem.dtype)
            if ratio > 1:
                paths = [path for _, _, path in answer["forms"]]
                wrong = verdict.called(answer["results"], paths, problem.given, found, yard, [])
                return account.add(replace(wrong, kind="calls"), call)
        return None

    def _told(self, subject: Subject, account: Account, problem: Problem) -> None:
        """Whether it calls what it is to replace."""
        asked = {"names": subject.names, "library": subject.library, "given": packed(problem.given)}
        used = self._ours.ask("uses", function=subject.name, file=self.file, **asked)
        theirs = self._theirs.ask("uses", function=subject.reference, file="", **asked)
        alone = theirs[0] if len(theirs) == 1 and theirs[0].rpartition(".")[2] not in ELEMENTARY else ""
        same = [name for name in used if name.rpartition(".")[2] == subject.reference or "." not in name]
        if same or alone in used:
            account.note(f"it calls {', '.join(dict.fromkeys(same)) or alone}, as the reference does or is")

    def _timed(self, subject: Subject, account: Account, first: Problem) -> None:
        """The reference's time over its own, in rounds, each with new inputs; its clocked answers are judged."""
        both = {self._ours: subject.name, self._theirs: subject.reference}
        seeds = itertools.count(100)

        def turns(calls: int) -> dict[Worker, float]:
            seed, took, answers = next(seeds), {}, {}
            problem = Problem(first.draw(seed), "when it is timed", first.dtype, draw=first.draw)
            given = packed(problem.given)
            self._at = Call(subject, problem, self._state)
            self._calls += calls
            for who in sorted(both, key=lambda who: (who is self._ours) == seed % 2):
                who.ask("prepare", library=subject.library, given=given, calls=calls, seed=seed)
                begun = time.perf_counter()
                answers[who] = who.ask("turn", function=both[who], names=subject.names)
                took[who] = time.perf_counter() - begun
            got, own = (unpacked(answers[who]) for who in both)
            if seed % JUDGED == 0:
                yard, _ = verdict.widened(self._yardstick(subject, problem, problem.dtype), own, problem.dtype)
                if verdict.wrong_form(got, own) or verdict.worst(got, yard, own, problem.dtype)[0] > 1:
                    account.add(Wrong("calls", problem.what), Call(subject, problem, self._state, self._calls))
            return took

        calls, most = 1, min(MOST, max((1 << 26) // max(sum(_bytes(first.given)), 1), 1))
        while calls < most and min(turns(calls).values()) < TURN / 2:
            calls = min(4 * calls, most)
        account.size = " and ".join(str(each.values.shape) for each in arrays(first.given)[:3])
        rounds = [turns(calls) for _ in range(ROUNDS)]
        ratios = sorted(took[self._theirs] / took[self._ours] for took in rounds)
        if "calls" not in account.findings:
            account.speed = [statistics.median(ratios), *ratios[ENDS]]


def running(group: int) -> list[str]:
    """The commands of this process group's other processes, where the system tells of them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may have ended by now
            if int(folder.name) != group == os.getpgid(int(folder.name)):
                found.append(folder.joinpath("cmdline").read_text(errors="replace").replace("\0", " ").strip())
    return [each for each in dict.fromkeys(found) if each]


def _bytes(given: list[Any]) -> Iterator[int]:
    return (each.values.nbytes for each in arrays(given))


def _told(answer: Any) -> bool:
    """Whether it is what a bench tells of an answer: a candidate can reach its own."""
    if {"raised", "unfit"} & {*answer}:
        return True
    results, forms = answer.get("results"), answer.get("forms")
    whole = {"form", "strange", "late", "over", "shares", "changed"} <= {*answer}
    return (
        whole
        and isinstance(results, list)
        and isinstance(forms, list)
        and len(forms) == len(results)
        and all(isinstance(each, Array) and each.values.dtype.kind in "biufc" for each in results)
    )


def _differ(a: dict[str, Any], b: dict[str, Any]) -> Iterator[bool]:
    for one, other in itertools.zip_longest(a.get("results", []), b.get("results", [])):
        yield one is None or other is None or not bench._same(one, other)
