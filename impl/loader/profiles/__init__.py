"""Courses whose assignments are the contract's functions, but for what each hands out otherwise: a TOML file each.

What a profile says is data::

    title = "CS231n (Stanford)"
    package = "cs231n"                  # recognised by: a folder or an import of this name
    signs = ["num_train_samples"]       # or by one of these words, where the package's folder was not handed in
    asks = ["mathematics", "test_…[*]"] # what is judged unless -m says otherwise: marks, and claims by name
    copies = ["sgd"]                    # works in place, so it is called with copies
    velocities = ["sgd_momentum"]       # v ← μv + dw, w ← w − lr·v is as right as the contract's form

    [without]                           # options of the contract that it has not: left out of every call
    Solver = ["seed"]

    [none]                              # what is left out where it is None
    Solver = ["optim_config"]

    [with.Solver]                       # options of its own that make it what the contract says, where it has them
    num_train_samples = "None"          # in Python

    [[departs]]                         # a claim that does not apply, and why
    claim = "test_…"
    reason = "…"

The claims are the same for everybody: a profile says which of them are asked, and how the course's function is called.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ...peers import ExpectedFailure
from ..folders import Folder
from ..folders.source import Source

PLAIN = "contract"  # no profile at all


@dataclass(frozen=True)
class Profile:
    """What a course hands out and differs from the contract.

    Parameters
    ----------
    name
        Of its file.
    title, package, signs, asks, copies, velocities, without, none
        As in the file.
    given
        What it says of ``with``.
    departs
        Claims that do not apply.
    """

    name: str
    title: str
    package: str
    signs: tuple[str, ...] = ()
    asks: tuple[str, ...] = ("mathematics",)
    copies: tuple[str, ...] = ()
    velocities: tuple[str, ...] = ()
    without: dict[str, list[str]] = field(default_factory=dict)
    none: dict[str, list[str]] = field(default_factory=dict)
    given: dict[str, dict[str, str]] = field(default_factory=dict)
    departs: tuple[ExpectedFailure, ...] = ()


def names() -> list[str]:
    """Of the courses that are known."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.toml"))


def of(choice: str, folders: Sequence[Folder]) -> Profile | None:
    """The course that was named, or else the one that the folders are of."""
    if choice:
        return None if choice == PLAIN else profile(choice)
    return recognised([source for folder in folders for source in folder.sources])


@cache
def profile(name: str) -> Profile:
    """The course of this name."""
    said: dict[str, Any] = tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))
    departs = tuple(ExpectedFailure(**row, run=False) for row in said.pop("departs", []))
    said = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
    return Profile(name, given=said.pop("with", {}), departs=departs, **said)


def recognised(sources: Sequence[Source]) -> Profile | None:
    """The course that these files are of: by a package's name first, then by the words of its own in them."""
    known = [profile(name) for name in names()]
    said = {part for source in sources for part in source.parts}
    said |= {part for source in sources for imported in source.imports for part in imported.split(".")}
    text = "".join(source.text for source in sources)
    by_package = [each for each in known if each.package in said]
    by_sign = [each for each in known if any(sign in text for sign in each.signs)]
    return next(iter([*by_package, *by_sign]), None)
