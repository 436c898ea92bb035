"""One run of the gate, from two revisions to a verdict with its reasons, as plain data (`gate.schema.json`)."""

import datetime
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.cases import CASES
from shrinkage.benchmarks.gate import checkouts
from shrinkage.benchmarks.gate.checkouts import ROOT, Unusable
from shrinkage.benchmarks.gate.checks import Checks, Failures, Found
from shrinkage.benchmarks.gate.decide import INCONCLUSIVE, PASS, REGRESSION, Rule
from shrinkage.benchmarks.gate.rounds import Timer, cores
from shrinkage.benchmarks.gate.timed import Question, rows, timed, unclean
from shrinkage.benchmarks.measure.machine import machine

Say = Callable[[str], None]
KINDS = ("time", "compile", "memory", "accuracy")
# What a call costs is seen in a few; what the work costs, in the large case of every function.
SMALL = tuple(
    f"{function}-small"
    for function in (
        "squared_norm",
        "lstsq",
        "ridge",
        "ridge_path",
        "relu_unit_step",
        "affine_forward",
        "softmax_loss",
        "adam",
    )
)
_LIST = "import json; from shrinkage.benchmarks.cases import CASES; print(json.dumps([str(case) for case in CASES]))"


@dataclass(frozen=True)
class Options:
    """What to compare, and how.

    Parameters
    ----------
    base, head
        Revisions; without head, the working tree.
    repository
        Where they are.
    implementation
        Who is gated: `impl`, or files and modules of the repository, taken together.
    select
        Patterns of the names of cases; without any, all that the gate takes by itself.
    kinds
        Which of time, compile, memory and accuracy.
    rule
        What counts as slower.
    budget
        Seconds in all. When they are over, what is not decided is inconclusive.
    slower
        For the gate's own proof: cases of head that are slowed, and by which fraction.
    excuse
        Whether code that is the same cannot have become slower; not in the gate's own proof.
    """

    base: str
    head: str | None = None
    repository: Path = ROOT
    implementation: Sequence[str] = ("impl",)
    select: Sequence[str] = ()
    kinds: Sequence[str] = KINDS
    rule: Rule = field(default_factory=Rule)
    budget: float = 480.0
    slower: Mapping[str, float] = field(default_factory=dict)
    excuse: bool = True

    @property
    def own(self) -> bool:
        """Whether it is the project's own implementation."""
        return list(self.implementation) == ["impl"] and self.repository == ROOT

    @property
    def names(self) -> list[str]:
        """The implementation, as it is called in a folder of the run."""
        if self.own:
            return ["impl"]
        return [f"theirs/{self._inside(name)}" if name.endswith(".py") else name for name in self.implementation]

    def _inside(self, name: str) -> Path:
        path = self.repository / name
        if not path.is_relative_to(self.repository):
            raise Unusable(f"--impl {name} is not in the repository {self.repository}, so it has no revisions there.")
        return path.relative_to(self.repository)


def run(options: Options, say: Say = lambda _: None) -> dict[str, Any]:
    """Compare, in a temporary folder that is gone afterwards.

    Raises
    ------
    Unusable
        If nothing can be said, with the reason.
    """
    started = time.monotonic()
    until = started + options.budget
    reasons: dict[str, list[str]] = {REGRESSION: [], INCONCLUSIVE: []}
    found: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    cases = selected(options)
    with checkouts.work_folder() as folder:
        base, head = (checkouts.revision(options.repository, name) for name in (options.base, options.head))
        say(f"exporting {base.name} and {head.name}")
        reasons[REGRESSION] += export(options, base, head, folder)
        checks = Checks(folder, options.names, cores())
        say(f"compiling {len(cases)} cases for both revisions")
        compiled, digests, failures = checks.compiling(cases)
        ran = cases = without(failures, cases, "cannot be run", reasons)
        if "accuracy" in options.kinds:
            say("judging the answers of both revisions")
            cases = without(checks.answers(cases), cases, "gives a wrong answer", reasons)
            found["accuracy"] = blamed("error over bound", checks.accuracy(), reasons)
        if "memory" in options.kinds:
            say("counting what calls allocate")
            found["memory"] = blamed("peak memory", checks.memory(cases), reasons)
        if "time" in options.kinds:
            unchanged = {f for f, code in digests["base"].items() if digests["head"].get(f) == code}
            same = {str(case) for case in CASES if case.function in unchanged}
            timer = Timer(folder, options.names, cores(), options.slower)
            questions = timed(timer, cases, options.rule, until, say)
            judge_times(questions, same, options.excuse, reasons)
            found["time"] = rows(questions, same)
        if "compile" in options.kinds:  # at the end: to measure again from an empty cache can take minutes
            say("compiling once more what took longer than for the base, if anything did")
            found["compile"] = blamed("compile time", checks.compile_times(compiled, ran), reasons)
    return {
        "schema": 1,
        "kind": "gate",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "base": asdict(base),
        "head": asdict(head),
        "implementation": " + ".join(options.implementation),
        "threshold": options.rule.threshold,
        "alpha": options.rule.alpha,
        "seconds": round(time.monotonic() - started, 1),
        "verdict": next((verdict for verdict in (REGRESSION, INCONCLUSIVE) if reasons[verdict]), PASS),
        "reasons": reasons[REGRESSION] + reasons[INCONCLUSIVE],
        **found,
    }


def selected(options: Options) -> list[str]:
    """The names of the cases to compare."""
    names = [str(case) for case in CASES]
    for pattern in options.select:
        if not any(fnmatch(name, pattern) for name in names):
            raise Unusable(f"No case is named {pattern}; there are {', '.join(names[:3])} and {len(names) - 3} more.")
    if options.select:
        return [name for name in names if any(fnmatch(name, pattern) for pattern in options.select)]
    return [name for name, case in zip(names, CASES, strict=True) if case.label == "large" or name in SMALL]


def export(options: Options, base: checkouts.Revision, head: checkouts.Revision, folder: Path) -> list[str]:
    """Write both trees; in words, which cases the head has lost: a benchmark that is missing has not passed."""
    listed: dict[str, list[str]] = {}
    for side, chosen in (("base", base), ("head", head)):
        checkouts.export(options.repository, chosen, folder / side / ("" if options.own else "theirs"))
        if options.own:
            checkouts.as_installed(folder / side)
            listed[side] = _cases_of(folder / side)
        checkouts.with_harness(folder / side, whole=not options.own)
    lost = set(listed.get("base", [])) - set(listed.get("head", []))
    return [f"{case} is a benchmark of {base.name}, and {head.name} has none of that name" for case in sorted(lost)]


def _cases_of(tree: Path) -> list[str]:
    """The cases that a revision has by itself; none where it has no benchmarks of this kind."""
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, "-c", _LIST], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout) if done.returncode == 0 else []


def without(failures: Failures, cases: Iterable[str], what: str, reasons: dict[str, list[str]]) -> list[str]:
    """The cases that are left; what base can do and head cannot is a regression."""
    for case, where in sorted(failures.items()):
        if "head" in where and "base" not in where:
            reasons[REGRESSION].append(f"{case} {what}: {where['head']}")
    return [case for case in cases if case not in failures]


def blamed(what: str, figures: Iterable[Found], reasons: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The figures as data, infinity as none; those that are worse become reasons."""
    rows = []
    for f in figures:
        if f.verdict != PASS:
            note = f"; it {f.note}" if f.note else ""
            reasons[f.verdict].append(f"{what} of {f.name} was {f.base:.3g} and is {f.head:.3g}{note}")
        rows.append(
            asdict(f) | {side: v if math.isfinite(v := getattr(f, side)) else None for side in ("base", "head")}
        )
    return rows


def judge_times(questions: Sequence[Question], same: set[str], excuse: bool, reasons: dict[str, list[str]]) -> None:
    """Slower cases become reasons; none where a control differs."""
    controls = unclean(questions, same, excuse)
    reasons[INCONCLUSIVE] += controls
    for q in (q for q in questions if q.comparison == "head"):
        if controls and q.verdict == REGRESSION:
            q.verdict = INCONCLUSIVE
        elif q.verdict == REGRESSION:
            (row,) = rows([q], same)
            low, high = row["interval"]
            reasons[REGRESSION].append(
                f"{q.case} takes {row['ratio']:.3f} times as long (95 %: {low:.3f} to {high:.3f}; p = {row['p']:.1g})"
            )
    undecided = [q for q in questions if q.comparison == "head" and q.verdict == INCONCLUSIVE]
    if names := [q.case for q in undecided if not (excuse and q.case in same)]:
        rounds = min(len(q.screened) + len(q.confirming) for q in undecided)
        told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        reasons[INCONCLUSIVE].append(f"after {rounds} rounds a slowdown is neither shown nor excluded in {told}")
