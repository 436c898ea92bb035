"""Two sets of code for gates to compare: base is the working tree, head the same with a few functions slowed in it.

Both are folders, for tools that compare folders, and commits of one repository, whose working tree is base, for tools
that compare commits.
"""

import inspect
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES
from benchmarks.gate.account import SLOWDOWNS
from benchmarks.gate.trees import Revision, Unusable, export, git, revision
from benchmarks.gate.workers import Failed, Process
from impl.choose import load

SIDES = ("base", "head")
BASE = "base"  # the tag; heads have names of their own
LONG_ENOUGH = 50e-6  # seconds; of a shorter call, two looks at the clock are more than is to be found
_SURFACE = Path("impl", "__init__.py")
_NOBODY = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost", "-c", "commit.gpgsign=false")


def _slowed(function: Any, fraction: float) -> Any:
    """The function, and after it a wait of that fraction of its time."""
    from time import perf_counter_ns as now

    def slowed(*arguments: Any, **keywords: Any) -> Any:
        start = now()
        result = function(*arguments, **keywords)
        end = start + (now() - start) * (1 + fraction)
        while now() < end:
            pass
        return result

    return slowed


@dataclass(frozen=True)
class Code:
    """The two sets of code, in a folder of the run.

    Parameters
    ----------
    folder
        Holds `base`, which is the repository as well, and `head`.
    """

    folder: Path

    @classmethod
    def of(cls, source: Path, folder: Path) -> "Code":
        """The working tree of the source, twice."""
        chosen: Revision = revision(source, None)
        for side in SIDES:
            export(source, chosen, folder / side)
        code = cls(folder)
        code._git("init", "--quiet", "--initial-branch=main")
        code._commit("base", BASE)
        return code

    def slow(self, slower: Mapping[str, float], name: str) -> None:
        """Slow these functions in head, and no others; the commit is tagged with the name."""
        lines = [f"{function} = _slowed({function}, {by})" for function, by in slower.items()]
        source = f"from typing import Any\n\n\n{inspect.getsource(_slowed)}\n\n" + "\n".join(lines) + "\n"
        surface = (self.folder / "base" / _SURFACE).read_text(encoding="utf-8")
        changed = f"{surface}\n\n{source}" if slower else surface
        (self.folder / "head" / _SURFACE).write_text(changed, encoding="utf-8")
        self._commit("head", name)
        self._git("reset", "--quiet", "--mixed", BASE)

    def compiled(self, cases: Iterable[str]) -> dict[str, float]:
        """Compile what the cases call, in a cache for each side, `cache-base` and `cache-head`; seconds of a call.

        Raises
        ------
        Unusable
            If one cannot be run.
        """
        seconds: dict[str, float] = {}
        for side in reversed(SIDES):
            with Process(self.folder, side, ["impl"]) as process:
                for case in cases:
                    try:
                        process.ask("load", case=case)
                    except Failed as error:
                        raise Unusable(f"{case} cannot be run: {error}") from error
                    seconds[case] = min(process.ask("time", case=case, calls=1) for _ in range(5))
                    process.ask("drop", case=case)
        return seconds

    def _commit(self, side: str, name: str) -> None:
        of_side = f"--work-tree={self.folder / side}"
        self._git(of_side, "add", "--all")
        self._git(of_side, *_NOBODY, "commit", "--quiet", "--allow-empty", "--no-verify", "--message", name)
        self._git("tag", name)

    def _git(self, *arguments: str) -> None:
        if git(self.folder / "base", *arguments) is None:
            raise Unusable(f"git {' '.join(arguments)} failed in a new repository.")


def slowable(seconds: Mapping[str, float]) -> list[str]:
    """The functions that can be slowed, by how long their cases take: the large one long enough, and no classes."""
    implementation = load(["impl"])
    return [
        case.function
        for case in CASES
        if case.label == "large"
        and seconds.get(str(case), 0.0) >= LONG_ENOUGH
        and not inspect.isclass(getattr(implementation, case.function))
    ]


def drawn(functions: Sequence[str], each: int) -> dict[str, float]:
    """So many functions for each slowdown, or as many as there are: which one by how much."""
    chosen = random.sample(functions, min(each * len(SLOWDOWNS), len(functions)))
    return {function: SLOWDOWNS[i % len(SLOWDOWNS)] for i, function in enumerate(chosen)}
