"""The two revisions, each in fresh processes: what they compile, whether they are right."""

import math
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from shrinkage.benchmarks.gate.calls import LOG
from shrinkage.benchmarks.gate.revisions import origins
from shrinkage.benchmarks.gate.revisions.checkouts import Unusable
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


class OutOfTime(Unusable):
    """The time is over, in a sentence that says in what."""


@dataclass(frozen=True)
class Home:
    """A revision's own place: what its processes run.

    Parameters
    ----------
    tree
        Its files; where its processes run.
    names
        What the processes are told: who is gated, as for `shrinkage.loader.load`.
    path
        Where its modules are imported from, the first first.
    cache
        For what is compiled and kept.
    worker
        The module that its processes run.
    python
        Their interpreter, with its options.
    environment
        What else they find in their environment.
    places
        Folders beside the tree that are this revision's alone.
    revision
        As it was asked for.
    """

    tree: Path
    names: Sequence[str]
    path: Sequence[Path]
    cache: Path
    worker: str
    python: Sequence[str] = (sys.executable,)
    environment: Mapping[str, str] = field(default_factory=dict)
    places: Sequence[Path] = ()
    revision: str = ""

    def as_in_the_repository(self, text: str) -> str:
        """What was said here, its files by their paths there: this folder will soon be gone."""
        for place in self.places:
            installed = rf"{re.escape(str(place))}/lib[^/]*/[^/]+/site-packages/([^\s\"'`,:;()]+)"
            text = re.sub(installed, lambda found: self._source(found[1]), text)
        for folder in (self.tree / "theirs", self.tree):
            text = text.replace(f"{folder}/", "")
        return text

    def _source(self, name: str) -> str:
        """Of what was installed."""
        there = (root / name for root in origins.roots(self.tree))
        return next((str(file.relative_to(self.tree)) for file in there if file.is_file()), name)


class Side(Worker):
    """A fresh process of one side.

    Where its stack begins depends on how large its environment is, and what a loop costs can depend on that; so both
    that size and the hash seed are drawn anew for each process, instead of being the same for one side every time.

    Raises
    ------
    OutOfTime
        Where it is asked, if it has not answered when the time is over.
    Unusable
        If the process is gone.
    """

    def __init__(
        self,
        side: str,
        home: Home,
        until: float = math.inf,
        cores: Sequence[int] = (),
        cache: Path | None = None,
    ) -> None:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "NUMBA_"))
            and name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "CI")
        }
        temporary = home.cache / "tmp"  # what the tests leave there is gone with it, too
        temporary.mkdir(parents=True, exist_ok=True)
        own = {
            "TMPDIR": str(temporary),
            "NUMBA_CACHE_DIR": str(cache or home.cache),
            "XDG_CACHE_HOME": str(home.cache),  # what else is kept from run to run is of this side, and gone with it
            "PYTHONPATH": os.pathsep.join(map(str, home.path)),
            "PYTHONHASHSEED": str(random.randrange(2**32)),
            "SHRINKAGE_PADDING": "x" * random.randrange(_LONGEST_PADDING),
        }
        self.home = home
        self.side, self.until, self.log = side, until, home.tree.parent / f"{side}.log"
        with self.log.open("a") as log:
            options: Any = {
                "cwd": home.tree,
                "env": {**environment(1, inherited), **own, **home.environment},
                "stdout": log,
                "stderr": log,
            }
            super().__init__(home.worker, *home.names, patience=PATIENCE, cores=cores, python=home.python, **options)

    def ask(self, do: str, **question: Any) -> Any:
        """As any worker answers."""
        self.patience = min(PATIENCE, max(self.until - time.monotonic(), 1e-3))
        self.endpoint.settimeout(self.patience)
        try:
            return super().ask(do, **question)
        except Failed as failed:
            raise Failed(self.home.as_in_the_repository(str(failed).removeprefix("Broken: "))) from failed
        except Gone as gone:
            doing = f"{do} {question.get('case') or question.get('metric') or ''}".strip().replace("_", " ", 1)
            if time.monotonic() >= self.until:
                raise OutOfTime(f"the time was over when {self.side} was asked for: {doing}") from gone
            raise Unusable(f"{self.called} {gone} when asked for: {doing}. It said last: {self.last()}") from gone

    @property
    def called(self) -> str:
        """As the revision was asked for."""
        return self.home.revision or self.side

    def last(self) -> str:
        """The last line that it has written, if any."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["nothing"]
        return self.home.as_in_the_repository(lines[-1])


def _cores() -> list[int]:
    """Those that processes can be kept to; one, whichever it is, where the system cannot do that."""
    return usable_cores() if hasattr(os, "sched_setaffinity") else [0]


@dataclass(frozen=True)
class Sides:
    """Both of them.

    Parameters
    ----------
    folder
        For what is needed in between.
    homes
        Of base and of head; where there is no base yet, of head alone.
    until
        When the time is over, by `time.monotonic`.
    cores
        At most one process works on each.
    """

    folder: Path
    homes: dict[str, Home]
    until: float = math.inf
    cores: Sequence[int] = field(default_factory=_cores)

    def process(self, side: str, core: Sequence[int] = (), cache: Path | None = None) -> Side:
        """A process of this side, on this core or on any, with this cache in place of the side's own."""
        return Side(side, self.homes[HOMES[side]], self.until, core, cache)

    def started(self, process: Side) -> Side:
        """The process, when everything is imported."""
        try:
            process.ask("start")
        except Failed as error:
            raise Unusable(f"{process.called} cannot be loaded: {error}".replace(LOG, process.last())) from error
        return process

    def on_both(self, work: Callable[[str], Result]) -> dict[str, Result]:
        """What the work gives for base and for head.

        Both at the same time, where there are two cores: then what else the machine does slows both.
        """
        sides = [side for side in SIDES[:2] if side in self.homes]
        return dict(zip(sides, at_once(work, sides, len(self.cores)), strict=True))

    def compiled(self, cases: Sequence[str], repository: Path) -> tuple[Figures, Digests, Failures, set[str]]:
        """Of each side: seconds that each case compiles, from an empty cache, into the one that the rounds load from.

        With them, the digests of the code of each side, of what could not be run, where not and why not, and what can
        only be called anew each time.

        Raises
        ------
        Unusable
            If a side cannot be loaded, or runs what is not of its revision of the repository.
        """
        failures: Failures = {}
        fresh: set[str] = set()

        def of(side: str) -> tuple[dict[str, float], dict[str, str], dict[str, str]]:
            with self.process(side) as process:
                seconds = _each(cases, "first_call", self.started(process), failures)
                loaded, judged = process.ask("loaded")
                home = self.homes[side]
                if wrong := origins.foreign(loaded, judged, repository, [home.tree, *home.places], home.path):
                    raise Unusable(
                        f"In {side}, {wrong}, which is not that revision's: both sides would run the same code."
                    )
                fresh.update(process.ask("by_fresh_calls"))
                return seconds, process.ask("code"), {name: loaded[name] for name in judged if name in loaded}

        found = self.on_both(of)
        self._told_apart({side: each[2] for side, each in found.items()})
        return (
            {side: each[0] for side, each in found.items()},
            {side: each[1] for side, each in found.items()},
            failures,
            fresh,
        )

    def _told_apart(self, judged: Mapping[str, Mapping[str, str]]) -> None:
        """That what is planted in head's modules is seen by head, and by head alone."""

        def seen(side: str) -> set[str]:
            with (
                tempfile.TemporaryDirectory(dir=self.folder) as cache,
                self.process(side, cache=Path(cache)) as process,
            ):
                return {*process.ask("marked", marker=origins.MARKER)}

        planted = {name: Path(file) for name, file in judged["head"].items() if file.endswith(".py")}
        with origins.planted([*planted.values()]):
            marked = self.on_both(seen)
        if not planted.keys() <= marked["head"] or marked.get("base"):
            wrong = sorted(planted.keys() - marked["head"]) or sorted(marked["base"])
            raise Unusable(
                f"{', '.join(wrong)}: what is put into head's file is "
                f"{'not seen by head' if wrong[0] not in marked['head'] else 'seen by base, too'}, so the two sides "
                "cannot be told apart."
            )

    def wrong(self, cases: Sequence[str]) -> Failures:
        """The cases whose answer is wrong, where and how: a wrong answer is never timed."""
        failures: Failures = {}

        def check(side: str) -> None:
            with self.process(side) as process:
                _each(cases, "check", process, failures)

        self.on_both(check)
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
