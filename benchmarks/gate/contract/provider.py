"""The cases of the contract, as what is timed: of the project's own implementation, or of somebody's file or module."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

from shrinkage.benchmarks.cases import CASES
from shrinkage.benchmarks.gate.provider import Options, Provider, Say
from shrinkage.benchmarks.gate.revisions import checkouts, origins
from shrinkage.benchmarks.gate.revisions.checkouts import Revision, Unusable
from shrinkage.benchmarks.gate.sides import Home, Sides
from shrinkage.loader.expressions import near

WORKER = "shrinkage.benchmarks.gate.contract.candidate"
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


def is_own(options: Options) -> bool:
    """Whether it is the project's own implementation, in a clone of it."""
    return [*options.implementation] in ([], ["impl"]) and checkouts.is_own(options.repository)


class Contract(Provider):
    """What `--impl` names, or in a clone of this project, what it ships."""

    metrics = ("accuracy", "memory", "time", "compile")

    @property
    def own(self) -> bool:
        """Whether it is the project's own implementation."""
        return is_own(self.options)

    @property
    def what(self) -> str:
        """The names."""
        return " + ".join(self.options.implementation or ["impl"])

    def cases(self, sides: Sides) -> list[str]:
        """Those that were chosen; by itself, the large ones and a few of the small."""
        return selected(self.options.select)

    def homes(
        self, base: Revision, head: Revision, folder: Path, say: Say, lost: list[str], notes: list[str]
    ) -> dict[str, Home]:
        """Exported, with the running benchmarks, claims and bounds in the place of their own."""
        homes, cases = {}, {}
        for side, chosen in (("base", base), ("head", head)):
            tree = folder / side
            checkouts.export(self.options.repository, chosen, tree if self.own else tree / "theirs")
            if self.own:
                checkouts.as_installed(tree)
                cases[side] = _cases_of(tree)
            checkouts.with_harness(tree, whole=not self.own)
            # The harness goes first: `shrinkage` is the one that was asked, whatever else is called so.
            path = [tree, *origins.inherited(self.options.repository, tree / "theirs")]
            path[1:1] = [] if self.own else origins.roots(tree / "theirs")
            homes[side] = Home(tree, ["impl"], path, folder / f"cache-{side}", WORKER, revision=chosen.name)
        if self.own:
            gone = sorted({*cases["base"]} - {*cases["head"]})
            lost += [f"{case} is a benchmark of {base.name}, and {head.name} has none of that name" for case in gone]
            return homes
        told = self._names(base, head, homes, notes)
        if not any(told["base"]):
            del homes["base"]
        return {side: replace(home, names=[*filter(None, told[side])]) for side, home in homes.items()}

    def _names(
        self, base: Revision, head: Revision, homes: Mapping[str, Home], notes: list[str]
    ) -> dict[str, list[str]]:
        """Of each side, what is gated as it is called in its folder; empty for what is not there."""
        repository = self.options.repository
        moved = checkouts.renamed(repository, base, head)
        names = [os.path.normpath(name) for name in self.options.implementation]
        told = {side: [_inside(home, name, repository) for name in names] for side, home in homes.items()}
        for i, name in enumerate(names):
            if told["head"][i] and not told["base"][i] and name in moved:
                told["base"][i] = _inside(homes["base"], moved[name], repository)
                notes.append(f"{name} was {moved[name]} in {base.name}: it was renamed")
            if told["base"][i] and not told["head"][i]:
                new = next((now for now, before in moved.items() if before == name), "")
                said = f", where it is called {new}: --impl {new}." if new else ": what is missing has not passed."
                raise Unusable(f"{name} is in {base.name}, and not in {head.name}{said}")
            if not (told["base"][i] or told["head"][i]):
                raise Unusable(
                    f"--impl {self.options.implementation[i]} is not in the repository {repository}: name a file or "
                    "module of it, as in --impl solvers.py."
                )
        return told


def selected(select: Sequence[str]) -> list[str]:
    """The names of the cases to compare."""
    names = [str(case) for case in CASES]
    for pattern in select:
        if not any(fnmatch(name, pattern) for name in names):
            raise Unusable(
                f"No case is named {pattern}{near(pattern, names)}; there are {', '.join(names[:3])} and "
                f"{len(names) - 3} more."
            )
    if select:
        return [name for name in names if any(fnmatch(name, pattern) for pattern in select)]
    return [name for name, case in zip(names, CASES, strict=True) if case.label == "large" or name in SMALL]


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


def _cases_of(tree: Path) -> list[str]:
    """The cases that a revision has by itself; none where it has no benchmarks of this kind."""
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, "-c", _LIST], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout) if done.returncode == 0 else []
