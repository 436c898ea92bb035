"""One comparison, from two revisions to a verdict with its reasons, as plain data (`gate.schema.json`)."""

import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.cases import CASES
from shrinkage.benchmarks.gate import checkouts, origins
from shrinkage.benchmarks.gate.checkouts import Unusable
from shrinkage.benchmarks.gate.decide import INCONCLUSIVE, PASS, REGRESSION, Rule
from shrinkage.benchmarks.gate.metric import Comparison
from shrinkage.benchmarks.gate.metrics import METRICS
from shrinkage.benchmarks.gate.sides import Home, OutOfTime, Sides
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


def run(options: Options, say: Say = lambda _: None) -> dict[str, Any]:
    """Compare, in a temporary folder that is gone afterwards.

    Raises
    ------
    Unusable
        If nothing can be said, with the reason.
    """
    started = time.monotonic()
    found: dict[str, list[Any]] = {name: [] for name in METRICS}
    cases, notes = selected(options), list[str]()
    reasons: dict[str, list[str]] = {REGRESSION: [], INCONCLUSIVE: []}
    with checkouts.work_folder() as folder:
        base, head = (checkouts.revision(options.repository, name) for name in (options.base, options.head))
        say(f"exporting {base.name} and {head.name}")
        homes = export(options, base, head, folder, reasons[REGRESSION], notes)
        sides = Sides(folder, homes, started + options.budget)
        try:
            comparison = prepared(options, sides, cases, reasons, notes, say)
            for name, metric in METRICS.items():
                if name in options.kinds and ("base" in homes or name == "accuracy"):
                    found[name] = metric.compared(comparison)
        except OutOfTime as over:
            reasons[INCONCLUSIVE].append(f"{over}; what had not been measured by then is not decided")
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
        "notes": notes,
        **found,
    }


def prepared(
    options: Options, sides: Sides, cases: Sequence[str], reasons: dict[str, list[str]], notes: list[str], say: Say
) -> Comparison:
    """Both revisions compiled, and which cases can be compared: those that run, and are right, on both sides."""
    say(f"compiling {len(cases)} cases for {'both revisions' if 'base' in sides.homes else 'head'}")
    compiled, digests, failures = sides.compiled(cases, options.repository)
    ran = [case for case in cases if case not in failures]
    new = [case for case, where in failures.items() if "head" not in where and _is_missing(where["base"])]
    if "base" not in sides.homes:
        new, ran = ran, []
        notes.append(f"{options.base} does not have what is gated: there is nothing to compare with yet")
    lost = [f"{case} cannot be run: {where['head']}" for case, where in failures.items() if [*where] == ["head"]]
    if not (ran or new or (lost and "base" in sides.homes)):
        case, where = next(iter(failures.items()))
        raise Unusable(f"No case can be run on both sides. {case}: {next(iter(where.values()))}")
    say("judging the answers of both revisions")
    wrong = sides.wrong(ran)
    alone = Sides(sides.folder, {"head": sides.homes["head"]}, sides.until, sides.cores).wrong(new) if new else {}
    if "base" in sides.homes:
        reasons[REGRESSION] += sorted(lost)
        notes += [f"{case} is new" for case in new if case not in alone]
        notes += [
            f"{case} cannot be run in base, and is not compared: {where['base']}"
            for case, where in sorted(failures.items())
            if [*where] == ["base"] and case not in new
        ]
    for case, where in sorted((wrong | alone).items()):
        if "base" not in where:
            reasons[REGRESSION].append(f"{case} gives a wrong answer: {where['head']}")
        elif "head" not in where:
            notes.append(f"{case} gives a wrong answer in base, and is not compared")
        else:
            reasons[INCONCLUSIVE].append(
                f"{case} gives a wrong answer on both sides, and is not timed: {where['head']}"
            )
    reasons[INCONCLUSIVE] += [
        f"{case} can be run on neither side: {where['head']}"
        for case, where in sorted(failures.items())
        if len(where) > 1 and not (_is_missing(where["head"]) and _is_missing(where["base"]))
    ]
    cases_left = [case for case in ran if case not in wrong]
    if not (cases_left or new or any(reasons.values())):
        reasons[INCONCLUSIVE].append(f"No case can be compared. {notes[-1]}")
    functions = {str(case): case.function for case in CASES}
    unchanged = {f for f, code in digests.get("base", {}).items() if digests["head"].get(f) == code}
    return Comparison(
        sides=sides,
        rule=options.rule,
        until=sides.until,
        say=say,
        compiled=compiled,
        same={case for case, function in functions.items() if function in unchanged},
        ran=ran,
        cases=cases_left,
        functions={functions[case] for case in cases} if options.select else set(),
        reasons=reasons,
        notes=notes,
    )


def _is_missing(failure: str) -> bool:
    """Whether the function is not offered, rather than failing."""
    return failure.startswith("NotOffered:")


def selected(options: Options) -> list[str]:
    """The names of the cases to compare."""
    names = [str(case) for case in CASES]
    for pattern in options.select:
        if not any(fnmatch(name, pattern) for name in names):
            raise Unusable(f"No case is named {pattern}; there are {', '.join(names[:3])} and {len(names) - 3} more.")
    if options.select:
        return [name for name in names if any(fnmatch(name, pattern) for pattern in options.select)]
    return [name for name, case in zip(names, CASES, strict=True) if case.label == "large" or name in SMALL]


def export(
    options: Options,
    base: checkouts.Revision,
    head: checkouts.Revision,
    folder: Path,
    lost: list[str],
    notes: list[str],
) -> dict[str, Home]:
    """Write both trees; what the head has lost is added to a list: what is missing has not passed."""
    homes, cases = {}, {}
    for side, chosen in (("base", base), ("head", head)):
        tree = folder / side
        checkouts.export(options.repository, chosen, tree if options.own else tree / "theirs")
        if options.own:
            checkouts.as_installed(tree)
            cases[side] = _cases_of(tree)
        checkouts.with_harness(tree, whole=not options.own)
        inside = [] if options.own else origins.roots(tree / "theirs")
        # The harness goes first: `shrinkage` is the one that was asked, whatever else is called so.
        homes[side] = Home(tree, ["impl"], [tree, *inside, *_inherited(options.repository, tree)], folder / f"c-{side}")
    if options.own:
        gone = sorted({*cases["base"]} - {*cases["head"]})
        lost += [f"{case} is a benchmark of {base.name}, and {head.name} has none of that name" for case in gone]
        return homes
    moved = checkouts.renamed(options.repository, base, head)
    told = {
        side: [_inside(home, name, options.repository) for name in options.implementation]
        for side, home in homes.items()
    }
    for i, name in enumerate(options.implementation):
        old = next(
            (before for now, before in moved.items() if name.endswith(".py") and now == os.path.normpath(name)), ""
        )
        if told["head"][i] and not told["base"][i] and old:
            told["base"][i] = _inside(homes["base"], old, options.repository)
            notes.append(f"{name} was {old} in {base.name}: it was renamed")
        if not (told["base"][i] or told["head"][i]):
            raise Unusable(
                f"--impl {name} is not in the repository {options.repository}: name a file or module of it, as in "
                "--impl solvers.py."
            )
        if told["base"][i] and not told["head"][i]:
            new = next((now for now, before in moved.items() if before == os.path.normpath(name)), "")
            raise Unusable(
                f"{name} is in {base.name}, and not in {head.name}"
                + (f", where it is called {new}: --impl {new}." if new else ": what is missing has not passed.")
            )
    if not any(told["base"]):
        del homes["base"]
    return {side: replace(home, names=[*filter(None, told[side])]) for side, home in homes.items()}


def _inside(home: Home, name: str, repository: Path) -> str:
    """What is gated, as it is called in the side's folder; empty if it is not there: both sides would be the same."""
    tree = home.tree / "theirs"
    if not name.endswith(".py"):
        here = name != "impl" and any(origins.there(root, name) for root in origins.roots(tree))
        return name if here else ""
    path = Path(os.path.normpath(repository / name))
    if not path.is_relative_to(repository):
        return ""
    file = tree / path.relative_to(repository)
    return str(file.relative_to(home.tree)) if file.is_file() else ""


def _inherited(repository: Path, tree: Path) -> Iterator[Path]:
    """The folders of the caller's PYTHONPATH; those of the repository, as they are in the tree."""
    for part in filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        path = Path(part).resolve()
        yield tree / "theirs" / path.relative_to(repository) if path.is_relative_to(repository) else path


def _cases_of(tree: Path) -> list[str]:
    """The cases that a revision has by itself; none where it has no benchmarks of this kind."""
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, "-c", _LIST], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout) if done.returncode == 0 else []
