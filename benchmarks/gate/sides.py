"""The two revisions, each in fresh processes: what they compile, whether they are right."""

import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from shrinkage.benchmarks.gate.checkouts import Unusable
from shrinkage.benchmarks.gate.workers import at_once
from shrinkage.benchmarks.measure.threads import environment
from shrinkage.cli import usable_cores
from shrinkage.properties.isolated.worker import Failed, Gone, Worker

SIDES = ("base", "head", "twin")
HOMES = {"base": "base", "head": "head", "twin": "base"}  # of one length: the path is in the process's memory, too
PATIENCE = 900.0  # seconds for an answer: a case compiles for minutes, or the claims are run on all functions
_LONGEST_PADDING = 4096  # a page
Result = TypeVar("Result")
Digests = dict[str, dict[str, str]]  # side, function
Failures = dict[str, dict[str, str]]  # case, side: in words
Figures = Mapping[str, Mapping[str, float]]  # side, name


class Side(Worker):
    """A fresh process of one side.

    Where its stack begins depends on how large its environment is, and what a loop costs can depend on that; so both
    that size and the hash seed are drawn anew for each process, instead of being the same for one side every time.

    Raises
    ------
    Unusable
        Where it is asked, if the process is gone.
    """

    def __init__(
        self, folder: Path, side: str, names: Sequence[str], cores: Sequence[int] = (), cache: Path | None = None
    ) -> None:
        tree = folder / HOMES[side]
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "NUMBA_")) and name not in ("PYTHONDONTWRITEBYTECODE", "CI")
        }
        own = {
            "NUMBA_CACHE_DIR": str(cache or folder / f"cache-{HOMES[side]}"),
            "XDG_CACHE_HOME": str(folder),  # what is kept of failed claims is gone with the run
            "PYTHONPATH": os.pathsep.join([str(tree), str(tree / "theirs")]),
            "PYTHONHASHSEED": str(random.randrange(2**32)),
            "SHRINKAGE_PADDING": "x" * random.randrange(_LONGEST_PADDING),
        }
        self.side, self.log = side, folder / f"{side}.log"
        with self.log.open("a") as log:
            options: Any = {"cwd": tree, "env": environment(1, inherited) | own, "stdout": log, "stderr": log}
            super().__init__("shrinkage.benchmarks.gate.candidate", *names, patience=PATIENCE, cores=cores, **options)

    def ask(self, do: str, **question: Any) -> Any:
        """As any worker answers."""
        try:
            return super().ask(do, **question)
        except Gone as gone:
            last = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            doing = f"{do} {question.get('case') or question.get('metric') or ''}".strip()
            raise Unusable(f"{self.side} {gone} when asked to {doing}. It said last: {''.join(last)}") from gone


def on_both(work: Callable[[str], Result], threads: int) -> dict[str, Result]:
    """What the work gives for base and for head.

    Both at the same time, where there are two cores: then what else the machine does slows both.
    """
    return dict(zip(SIDES[:2], at_once(work, SIDES[:2], threads), strict=True))


def _cores() -> list[int]:
    """Those that processes can be kept to; one, whichever it is, where the system cannot do that."""
    return usable_cores() if hasattr(os, "sched_setaffinity") else [0]


@dataclass(frozen=True)
class Sides:
    """Both of them.

    Parameters
    ----------
    folder
        With the trees and the caches.
    names
        Who is gated, as for `shrinkage.loader.load`.
    cores
        At most one process works on each.
    """

    folder: Path
    names: Sequence[str]
    cores: Sequence[int] = field(default_factory=_cores)

    def process(self, side: str, core: Sequence[int] = (), cache: Path | None = None) -> Side:
        """A process of this side, on this core or on any, with this cache in place of the side's own."""
        return Side(self.folder, side, self.names, core, cache)

    def compiled(self, cases: Sequence[str]) -> tuple[Figures, Digests, Failures]:
        """Of each side: seconds that each case compiles, from an empty cache, into the one that the rounds load from.

        With them, the digests of the code of each side, and of what could not be run, where not and why not.
        """
        failures: Failures = {}

        def of(side: str) -> tuple[dict[str, float], dict[str, str]]:
            with self.process(side) as process:
                try:
                    process.ask("start")
                except Failed as error:
                    raise Unusable(f"{side} cannot be loaded: {error}") from error
                return _each(cases, "first_call", process, failures), process.ask("code")

        found = on_both(of, len(self.cores))
        return (
            {side: both[0] for side, both in found.items()},
            {side: both[1] for side, both in found.items()},
            failures,
        )

    def wrong(self, cases: Sequence[str]) -> Failures:
        """The cases whose answer is wrong, where and how: a wrong answer is never timed."""
        failures: Failures = {}

        def check(side: str) -> None:
            with self.process(side) as process:
                _each(cases, "check", process, failures)

        on_both(check, len(self.cores))
        return failures


def _each(cases: Sequence[str], do: str, process: Side, failures: Failures) -> dict[str, float]:
    """What is answered for each case; what raises an error is among the failures."""
    answers = {}
    for case in cases:
        try:
            answers[case] = process.ask(do, case=case)
        except Failed as error:
            failures.setdefault(case, {})[process.side] = str(error)
    return answers
