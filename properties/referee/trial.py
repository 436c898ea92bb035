"""One candidate against one reference: every problem called on both, and what was found."""

import contextlib
import itertools
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shrinkage.loader import Choice
from shrinkage.properties.isolated.scratch import Scratch
from shrinkage.properties.isolated.worker import Failed, Gone, Worker

from . import bench, verdict
from .arithmetic import Arithmetic, spread
from .device import CPU, Array, packed, unpacked
from .libraries import formula
from .precision import held, lower
from .problems import LARGE, Problem, Subject, problems, subjects
from .verdict import ANYHOW, NAMED, Wrong, Yard

RUNS, FEW_RUNS = 12, 4  # of the reference with errors, on a problem and on a large one
AGAIN = 40  # calls after which the first answer is asked for again
ROUNDS, TURN, MOST = 12, 0.02, 1 << 12  # of the race: turns of each, seconds of one, and calls
JUDGED = 4  # rounds: of so many one is looked at, and nobody in them knows which
ENDS = slice(
    2, 10, 7
)  # of so many in order: between the third and the tenth is the median with 96 %, whatever they are
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
TRIES = 3  # wrong answers that are compared with those of lower precisions
FAR = 64  # times what is allowed: who does so is off by more, and who loses a digit is not


class Unfit(ValueError):
    """What cannot be judged so, in a sentence."""


@dataclass
class Finding:
    """What is wrong with a function: of each kind the first that was seen."""

    function: str
    wrong: Wrong
    call: tuple[Subject, Problem, dict[str, Array]] | None = None
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
    asked_right: bool = True

    def add(self, wrong: Wrong, call: tuple[Subject, Problem, dict[str, Array]] | None = None) -> None:
        """One more."""
        if wrong.kind in self.findings:
            self.findings[wrong.kind].problems += 1
        else:
            self.findings[wrong.kind] = Finding(self.function, wrong, call)

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

    def judged(self) -> Iterator[Account]:
        """Every function that both have, judged."""
        with process(self.reference, 3 * self.seconds, False) as self._theirs, contextlib.ExitStack() as stack:
            self._stack = stack
            self._theirs.ask("load", name=self.reference, library="", model="")
            self._begin()
            asked = subjects(self.where, self.reference, self._offers["functions"], self._offers["model"])
            if not asked:
                has = ", ".join([*self._offers["functions"], self._offers["model"]]).strip(", ")
                raise Unfit(f"{self.candidate} has nothing that {self.reference} has: it has {has or 'no function'}")
            for subject in asked:
                account = Account(subject.name)
                if subject is not asked[0]:
                    self._begin()
                try:
                    self._judge(subject, account)
                except (Gone, Failed) as error:
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

    # ---- one function ----------------------------------------------------------------------------------------------

    def _judge(self, subject: Subject, account: Account) -> None:
        self._call = self._made(subject)
        earlier: list[list[Array]] = []
        first: tuple[Problem, Yard, list[Array]] | None = None
        for problem in problems(subject, lambda given, both: self._takes(subject, given, both)):
            theirs = self._asked(self._theirs, subject, problem.given, [], False)
            if "raised" in theirs:
                continue
            own = theirs["results"]
            yard, excess = verdict.widened(self._yardstick(subject, problem, problem.dtype), own, problem.dtype)
            if math.isfinite(excess) and excess:
                own_error = f"the reference itself is off by {excess:.2g} × what is allowed ({problem.what})"
                account.note(f"{own_error}: twice as much is allowed", "widened")
            elif excess:
                account.note(
                    f"the reference itself has other answers than its formula ({problem.what}): none is wrong", "jumps"
                )
            look = account.problems < 3
            ours = self._asked(
                self._ours, subject, problem.given, [[each.values.shape, each.dtype] for each in own], look
            )
            account.problems += 1
            if problem.dtype not in account.dtypes:
                account.dtypes.append(problem.dtype)
            wrong = [*self._wrong(subject, problem, ours, theirs, yard, earlier, account)]
            for each in wrong:
                account.add(each, (subject, problem, self._state))
            if problem.asked and wrong:
                account.asked_right = False
            if not wrong and problem.asked and "raised" not in ours:
                earlier = [*earlier[-3:], ours["results"]]
                first = first or (problem, yard, own)
        if not account.problems:
            account.note("the reference takes none of the inputs that were tried")
        if first is not None:
            self._again(subject, account, first)
            self._told(subject, account, first[0])
        if NAMED & {*account.findings}:  # what has a name needs no other
            other = account.findings.pop("value", None)
            if other is not None and "precision" in account.findings:  # it is tried on the first few only
                account.findings["precision"].problems += other.problems
        if ANYHOW & {*account.findings}:
            account.findings.pop("special", None)
        self._unpatched(account)
        if first is not None and account.verdict in ("right", "departs"):
            self._timed(subject, account, first[0])
            self._unpatched(account)

    def _made(self, subject: Subject) -> Callable[..., Any]:
        """The reference to be evaluated in float64, here; and models of the same numbers in both processes."""
        self._state: dict[str, Array] = {}
        if subject.reference not in bench.MODELS:
            return bench.target(self.where, subject.reference, subject.names)
        own = vars(self.where[0])
        init = [*own.get("get_init_inputs", list)()]
        for moved in (True, False):  # where the candidate has other numbers, both are left as they start
            state = self._theirs.ask("make", model=subject.reference, init=init, state=None, moved=moved)
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

    def _takes(self, subject: Subject, given: list[Any], both: bool) -> bool:
        if both:
            return "raised" not in self._asked(self._ours, subject, given, [], False)
        found = self._asked(self._theirs, subject, given, [], False)
        if "raised" not in found and any(_differ(found, self._asked(self._theirs, subject, given, [], False))):
            raise Unfit(
                f"{self.reference}'s {subject.reference} has another answer every time: nothing can be held to it"
            )
        return "raised" not in found

    def _asked(self, who: Worker, subject: Subject, given: list[Any], like: list[Any], look: bool) -> dict[str, Any]:
        name = subject.name if who is self._ours else subject.reference
        answer: dict[str, Any] = who.ask(
            "call",
            **{"function": name, "names": subject.names, "library": subject.library},
            **{"given": [*map(packed, given)], "like": like, "look": look},
        )
        if "results" in answer:
            answer["results"] = [unpacked(each) for each in answer["results"]]
        return answer

    def _yardstick(self, subject: Subject, problem: Problem, dtype: str) -> Yard:
        large = sum(each.values.size for each in problem.given if isinstance(each, Array)) > LARGE
        return spread(self._formula(subject, problem.given), dtype, FEW_RUNS if large else RUNS)

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
        earlier: list[list[Array]],
        account: Account,
    ) -> Iterator[Wrong]:
        if "raised" in ours:
            if problem.asked:
                yield Wrong("raises", ours["raised"])
            else:
                if not (problem.other and "form" in account.findings):
                    account.note(f"it takes none {problem.what}: {ours['raised']}", problem.what)
            return
        got, own = ours["results"], theirs["results"]
        if ours["strange"]:
            yield Wrong("lazy", f"a {ours['strange'][0]}")
        for kind in ("changed", "shares"):
            if {*ours[kind]} - {*theirs[kind]}:
                yield Wrong(kind)
        if ours["over"] and not theirs["over"]:
            yield Wrong("over")
        if ours["late"]:
            yield Wrong("late")
            return
        if form := verdict.wrong_form(got, own):
            yield form
            return
        if dtype := verdict.wrong_dtype(got, own):
            if problem.asked:
                yield dtype
            else:
                account.note(f"{dtype.right} comes back as {dtype.got}")
        ratio, found = verdict.worst(got, yard, own, problem.dtype)
        if ratio <= 1:
            account.worst = max(account.worst, ratio)
            return
        wrong = verdict.called(got, problem.given, found, yard, earlier)
        if problem.other and account.asked_right and wrong.kind in ("value", "part", "special", "form"):
            wrong = Wrong("shape", wrong.more, wrong.got, wrong.right)
        elif wrong.kind == "value" and ratio > FAR and problem.dtype in ("float64", "float32"):
            tried = [account.findings[each].problems for each in ("value", "precision") if each in account.findings]
            names = held(got, problem.dtype)
            if names and verdict.worst(got, self._yardstick(subject, problem, names), own, problem.dtype)[0] > 1:
                names = ""
            if not names and sum(tried) < TRIES:
                names = lower(lambda given: self._formula(subject, given), problem.given, got, yard, problem.dtype)
            if names:
                wrong = Wrong("precision", f"{wrong.more}, and like that of {names}", wrong.got, wrong.right)
        yield wrong

    def _unpatched(self, account: Account) -> None:
        if names := self._ours.ask("patched"):
            account.add(Wrong("patched", ", ".join(names)))

    # ---- after that ------------------------------------------------------------------------------------------------

    def _again(self, subject: Subject, account: Account, first: tuple[Problem, Yard, list[Array]]) -> None:
        """The first answer again, after many calls."""
        problem, yard, own = first
        for _ in range(AGAIN):
            answer = self._asked(self._ours, subject, problem.given, [], False)
            if "raised" in answer or verdict.wrong_form(answer["results"], own):
                return account.add(Wrong("calls", answer.get("raised", "")), (subject, problem, self._state))
            ratio, _ = verdict.worst(answer["results"], yard, own, problem.dtype)
            if ratio > 1:
                return account.add(
                    Wrong("calls", f"{ratio:.2g} × what is allowed, later"), (subject, problem, self._state)
                )
        return None

    def _told(self, subject: Subject, account: Account, problem: Problem) -> None:
        """Whether it calls what it is to replace."""
        asked = {"names": subject.names, "library": subject.library, "given": [*map(packed, problem.given)]}
        used = self._ours.ask("uses", function=subject.name, file=self.file, **asked)
        theirs = self._theirs.ask("uses", function=subject.reference, file="", **asked)
        same = [
            name for name in used if name in theirs or name.rpartition(".")[2] == subject.reference or "." not in name
        ]
        if same:
            account.note(f"it calls {', '.join(dict.fromkeys(same))}, as the reference does or is")

    def _timed(self, subject: Subject, account: Account, first: Problem) -> None:
        """The reference's time over its own, in rounds, each with new inputs; its clocked answers are judged."""
        both = {self._ours: subject.name, self._theirs: subject.reference}
        seeds = itertools.count(100)

        def turns(calls: int) -> dict[Worker, float]:
            seed, took, answers = next(seeds), {}, {}
            problem = Problem(first.draw(seed), "when it is timed", first.dtype, draw=first.draw)
            given = [*map(packed, problem.given)]
            for who in sorted(both, key=lambda who: (who is self._ours) == seed % 2):
                who.ask("prepare", library=subject.library, given=given, calls=calls, seed=seed)
                begun = time.perf_counter()
                answers[who] = who.ask("turn", function=both[who], names=subject.names)
                took[who] = time.perf_counter() - begun
            got, own = ([unpacked(each) for each in answers[who]] for who in both)
            if seed % JUDGED == 0:
                yard, _ = verdict.widened(self._yardstick(subject, problem, problem.dtype), own, problem.dtype)
                if verdict.wrong_form(got, own) or verdict.worst(got, yard, own, problem.dtype)[0] > 1:
                    account.add(Wrong("calls", problem.what), (subject, problem, self._state))
            return took

        calls, most = 1, min(MOST, max((1 << 26) // max(sum(_bytes(first.given)), 1), 1))
        while calls < most and min(turns(calls).values()) < TURN / 2:
            calls = min(4 * calls, most)
        rounds = [turns(calls) for _ in range(ROUNDS)]
        ratios = sorted(took[self._theirs] / took[self._ours] for took in rounds)
        if "calls" not in account.findings:
            account.speed = [statistics.median(ratios), *ratios[ENDS]]


def _bytes(given: list[Any]) -> Iterator[int]:
    return (each.values.nbytes for each in given if isinstance(each, Array))


def _differ(a: dict[str, Any], b: dict[str, Any]) -> Iterator[bool]:
    for one, other in itertools.zip_longest(a.get("results", []), b.get("results", [])):
        yield one is None or other is None or not bench._same(one, other)
