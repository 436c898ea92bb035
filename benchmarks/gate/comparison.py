"""One comparison, from two revisions to a verdict with its reasons, as plain data (`gate.schema.json`)."""

import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.cases import CASES
from shrinkage.benchmarks.gate import checkouts
from shrinkage.benchmarks.gate.checkouts import Unusable
from shrinkage.benchmarks.gate.decide import INCONCLUSIVE, PASS, REGRESSION, Rule
from shrinkage.benchmarks.gate.metric import Comparison
from shrinkage.benchmarks.gate.metrics import METRICS
from shrinkage.benchmarks.gate.sides import Failures, Sides
from shrinkage.benchmarks.measure.machine import machine

Say = Callable[[str], None]
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
        Which of `METRICS`.
    rule
        What counts as slower.
    budget
        Seconds in all. When they are over, what is not decided is inconclusive.
    """

    base: str
    head: str | None = None
    repository: Path = field(default_factory=Path.cwd)
    implementation: Sequence[str] = ("impl",)
    select: Sequence[str] = ()
    kinds: Sequence[str] = tuple(METRICS)
    rule: Rule = field(default_factory=Rule)
    budget: float = 480.0

    @property
    def own(self) -> bool:
        """Whether it is the project's own implementation."""
        return list(self.implementation) == ["impl"] and checkouts.is_own(self.repository)

    @property
    def names(self) -> list[str]:
        """The implementation, as it is called in a folder of the run."""
        if self.own:
            return ["impl"]
        return [self._inside(name) for name in self.implementation]

    def _inside(self, name: str) -> str:
        """What is somewhere else has no revisions here: both sides would be the same, and pass."""
        file = name.endswith(".py")
        path = Path(os.path.normpath(self.repository / (name if file else name.replace(".", "/"))))
        there = path.is_relative_to(self.repository) and (file or path.is_dir() or path.with_suffix(".py").is_file())
        if name == "impl" or not there:
            raise Unusable(
                f"--impl {name} is not in the repository {self.repository}: name a file or module of it, as in "
                "--impl solvers.py."
            )
        return f"theirs/{path.relative_to(self.repository)}" if file else name


def run(options: Options, say: Say = lambda _: None) -> dict[str, Any]:
    """Compare, in a temporary folder that is gone afterwards.

    Raises
    ------
    Unusable
        If nothing can be said, with the reason.
    """
    started = time.monotonic()
    metrics = {name: metric for name, metric in METRICS.items() if name in options.kinds}
    found: dict[str, list[Any]] = {name: [] for name in METRICS}
    cases = selected(options)
    with checkouts.work_folder() as folder:
        base, head = (checkouts.revision(options.repository, name) for name in (options.base, options.head))
        say(f"exporting {base.name} and {head.name}")
        sides = Sides(folder, options.names)
        lost = export(options, base, head, folder)
        say(f"compiling {len(cases)} cases for both revisions")
        compiled, digests, failures = sides.compiled(cases)
        ran = [case for case in cases if case not in failures]
        broken = _new(failures, "cannot be run")
        if not (ran or broken):
            case, where = next(iter(failures.items()))
            raise Unusable(f"No case can be run on both sides. {case}: {next(iter(where.values()))}")
        say("judging the answers of both revisions")
        wrong = sides.wrong(ran)
        unchanged = {f for f, code in digests["base"].items() if digests["head"].get(f) == code}
        comparison = Comparison(
            sides=sides,
            rule=options.rule,
            until=started + options.budget,
            say=say,
            compiled=compiled,
            same={str(case) for case in CASES if case.function in unchanged},
            ran=ran,
            cases=[case for case in ran if case not in wrong],
        )
        reasons = comparison.reasons
        reasons[REGRESSION] += [*lost, *broken, *_new(wrong, "gives a wrong answer")]
        for name, metric in metrics.items():
            found[name] = metric.compared(comparison)
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


def _new(failures: Failures, what: str) -> list[str]:
    """What base can do and head cannot."""
    return [
        f"{case} {what}: {where['head']}"
        for case, where in sorted(failures.items())
        if "head" in where and "base" not in where
    ]
