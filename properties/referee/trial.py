"""One candidate against one reference: every problem called on both, and what was found."""

import contextlib
import itertools
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from shrinkage.contract import CONTRACT
from shrinkage.loader import Choice
from shrinkage.properties.engine.account import source_repr
from shrinkage.properties.isolated.scratch import Scratch
from shrinkage.properties.isolated.worker import Failed, Gone, Worker

from . import bench, verdict
from .device import CPU, DTYPES, Array, packed, unpacked
from .libraries import yardstick
from .problems import LARGE, Problem, Subject, problems, subjects
from .verdict import NAMED, Wrong, Yard

RUNS, FEW_RUNS = 12, 4  # of the reference with errors, on a problem and on a large one
AGAIN = 40  # calls after which the first answer is asked for again
ROUNDS, TURN = 7, 0.02  # of the race: turns of each, and seconds of one
LOWER = ("float16", "bfloat16")  # in which a kernel of float32 may secretly compute
FAR = 64  # times what is allowed: who does so is off by more, and who loses a digit is not


class Unfit(ValueError):
    """What cannot be judged so, in a sentence."""


@dataclass
class Finding:
    """What is wrong with a function: of each kind the first that was seen."""

    function: str
    wrong: Wrong
    call: str = ""
    problems: int = 1


@dataclass
class Account:
    """What is told of one function."""

    function: str
    problems: int = 0
    worst: float = 0.0
    dtypes: list[str] = field(default_factory=list)
    findings: dict[str, Finding] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    speed: float | None = None
    asked_right: bool = True

    def add(self, wrong: Wrong, call: str = "") -> None:
        """One more."""
        if wrong.kind in self.findings:
            self.findings[wrong.kind].problems += 1
        else:
            self.findings[wrong.kind] = Finding(self.function, wrong, call)

    def note(self, text: str) -> None:
        """Something to be told, once."""
        if text not in self.notes:
            self.notes.append(text)


@contextlib.contextmanager
def process(name: str, seconds: float, isolated: bool) -> Iterator[Worker]:
    """A bench for this file; what it prints is nobody's business."""
    scratch = Scratch(Choice((name,))) if isolated else None
    options: dict[str, Any] = {"env": scratch.environment} if scratch else {}
    options |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
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
        timed: list[tuple[Problem, Yard, list[Array]]] = []
        for problem in problems(subject, lambda given, both: self._takes(subject, given, both)):
            theirs = self._asked(self._theirs, subject, problem.given, [], False)
            if "raised" in theirs:
                continue
            own = theirs["results"]
            yard, excess = verdict.widened(self._yardstick(subject, problem, problem.dtype), own, problem.dtype)
            if excess:
                account.note(
                    f"the reference itself is off by {excess:.2g} × what is allowed ({problem.what}): so much more is"
                )
            look = account.problems < 3
            ours = self._asked(
                self._ours, subject, problem.given, [[each.values.shape, each.dtype] for each in own], look
            )
            call = _code(subject, problem)
            account.problems += 1
            if problem.dtype not in account.dtypes:
                account.dtypes.append(problem.dtype)
            wrong = [*self._wrong(subject, problem, ours, theirs, yard, earlier, account)]
            for each in wrong:
                account.add(each, call)
            if problem.asked and wrong:
                account.asked_right = False
            if not wrong and problem.asked and "raised" not in ours:
                earlier = [*earlier[-3:], ours["results"]]
                first = first or (problem, yard, own)
                if problem.what == "as they are" and len(timed) < 3:
                    timed.append((problem, yard, own))
        if not account.problems:
            account.note("the reference takes none of the inputs that were tried")
        if first is not None:
            self._again(subject, account, first)
            self._told(subject, account, first[0])
        if NAMED & {*account.findings}:  # what has a name needs no other
            account.findings.pop("value", None)
        self._unpatched(account)
        if timed and not account.findings:
            self._timed(subject, account, timed)
            self._unpatched(account)

    def _made(self, subject: Subject) -> Callable[..., Any]:
        """The reference to be evaluated in float64, here; and models of the same numbers in both processes."""
        if subject.reference not in bench.MODELS:
            return bench.target(self.where, subject.reference, subject.names)
        own = vars(self.where[0])
        init = [*own.get("get_init_inputs", list)()]
        state = self._theirs.ask("make", model=subject.reference, init=init, state=None)
        self._ours.ask("make", model=subject.name, init=init, state=state)
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
        library = self.reference if subject.names and self.reference in ("torch", "jax") else subject.library
        runs = FEW_RUNS if large else RUNS
        return yardstick(self._call, problem.given, library, dtype, runs, adapted=bool(subject.names))

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
                account.note(f"it takes none {problem.what}: {ours['raised']}")
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
            for lower in ("float32", *LOWER) if problem.dtype == "float64" else LOWER:
                rough, _ = verdict.worst(got, self._yardstick(subject, problem, lower), own, problem.dtype)
                if rough <= 1:
                    says = f"{wrong.more}, and within what {lower} is"
                    wrong = Wrong("precision", says, wrong.got, wrong.right)
                    break
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
                return account.add(Wrong("calls", answer.get("raised", "")), _code(subject, problem))
            ratio, _ = verdict.worst(answer["results"], yard, own, problem.dtype)
            if ratio > 1:
                return account.add(Wrong("calls", f"{ratio:.2g} × what is allowed, later"), _code(subject, problem))
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

    def _timed(self, subject: Subject, account: Account, timed: list[tuple[Problem, Yard, list[Array]]]) -> None:
        """The reference's time over its own, by turns; the answers of the clocked calls are judged."""
        both = {self._ours: subject.name, self._theirs: subject.reference}
        calls = dict.fromkeys(both, 1)

        def turn(who: Worker) -> float:
            begun = time.perf_counter()
            answer = who.ask("turn", function=both[who], names=subject.names, calls=calls[who])
            took = time.perf_counter() - begun
            _, yard, own = timed[(calls[who] - 1) % len(timed)]
            if who is self._ours:
                got = [unpacked(each) for each in answer]
                if verdict.wrong_form(got, own) or verdict.worst(got, yard, own, timed[0][0].dtype)[0] > 1:
                    account.add(Wrong("calls", "when it is timed"))
            return took / calls[who]

        for who in both:
            who.ask(
                "prepare", library=subject.library, given=[[*map(packed, problem.given)] for problem, _, _ in timed]
            )
            while (took := turn(who)) * calls[who] < TURN / 2 and calls[who] < 1 << 16:
                calls[who] = max(2 * calls[who], min(math.ceil(TURN / took), 1 << 16))
        ratios = [turn(self._theirs) / turn(self._ours) for _ in range(ROUNDS)]
        if not account.findings:
            account.speed = statistics.median(ratios)


def _differ(a: dict[str, Any], b: dict[str, Any]) -> Iterator[bool]:
    for one, other in itertools.zip_longest(a.get("results", []), b.get("results", [])):
        yield one is None or other is None or not bench._same(one, other)


def _code(subject: Subject, problem: Problem) -> str:
    """The call, as code where it is short."""
    given = [each.values if isinstance(each, Array) else each for each in problem.given]
    dtypes = {each.dtype for each in problem.given if isinstance(each, Array) and each.dtype in DTYPES}
    name = subject.name if subject.name in CONTRACT or subject.name not in bench.MODELS else f"{subject.name}()"
    return f"{source_repr.call(name, tuple(given), {})}, {problem.what}{', bfloat16' * ('bfloat16' in dtypes)}"
