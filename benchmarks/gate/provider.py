"""Who knows the timed calls of a repository: how its revisions are laid out, and what is timed of them.

What decides, `comparison`, asks no more than is here; what runs in the processes of a side is one of `calls.Calls`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from shrinkage.benchmarks.gate.decide import Rule
from shrinkage.benchmarks.gate.revisions.checkouts import Revision
from shrinkage.benchmarks.gate.sides import Home, Sides

Say = Callable[[str], None]


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
        Who is gated by the contract's cases: files and modules of the repository, taken together.
    select
        Which cases: patterns of the contract's names, or as pytest's ``-k``; without any, all that are taken by itself.
    marks
        Of tests, as pytest's ``-m``.
    tests
        Files and folders of tests; without any, as the project is configured.
    build
        A command that installs a revision, in its folder, into the environment that comes first on the path.
    kinds
        Which of the metrics; without any, all that apply.
    rule
        What counts as slower.
    budget
        Seconds in all. When they are over, what is not decided is inconclusive.
    """

    base: str
    head: str | None = None
    repository: Path = field(default_factory=Path.cwd)
    implementation: Sequence[str] = ()
    select: Sequence[str] = ()
    marks: str = ""
    tests: Sequence[str] = ()
    build: str = ""
    kinds: Sequence[str] = ()
    rule: Rule = field(default_factory=Rule)
    budget: float = 480.0


class Provider(ABC):
    """Of one kind of timed calls.

    Parameters
    ----------
    options
        What to compare.
    until
        When the time is over, by `time.monotonic`.

    Attributes
    ----------
    metrics
        What is measured of them.
    """

    metrics: ClassVar[Sequence[str]]

    def __init__(self, options: Options, until: float = math.inf) -> None:
        self.options, self.until = options, until

    @property
    @abstractmethod
    def what(self) -> str:
        """What is gated, as people call it."""

    @abstractmethod
    def homes(
        self, base: Revision, head: Revision, folder: Path, say: Say, lost: list[str], notes: list[str]
    ) -> dict[str, Home]:
        """Both revisions, ready to be run; base is left out where it has nothing of what is gated.

        What head has lost is added to one list, since what is missing has not passed, what else is to be said to the
        other.
        """

    @abstractmethod
    def cases(self, sides: Sides) -> list[str]:
        """The names of the calls to compare, of both sides."""
