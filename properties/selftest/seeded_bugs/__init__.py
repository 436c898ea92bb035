"""Bugs that the suite has to find: changes of the textbook, a table a chapter, and two of what comes in and is kept.

A table ``in_FOLDER.toml`` is of another folder of `impl`. In a table, by file of the package and by function: what is
wrong, and the pieces of that file that are changed, each before what is put in its place; and at the end, of what
mistake that is typical, where the table of mistakes (`shrinkage.properties.engine.mistakes`) has it. ``python -m
shrinkage.properties.selftest.seeded_bugs`` plants each of them, and prints which claim refutes it, after how long, and
what mistake is named.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from .bug import TEXTBOOK, Bug


def _bugs(table: Path, home: Path = TEXTBOOK) -> Iterator[Bug]:
    for file, functions in tomllib.loads(table.read_text(encoding="utf-8")).items():
        for function, found in functions.items():
            for what, (old, new, *also) in found.items():
                typical = also.pop()["typical"] if also and isinstance(also[-1], dict) else []
                names = tuple([typical] if isinstance(typical, str) else typical)
                yield Bug(function, what, file, old, new, tuple(zip(also[::2], also[1::2], strict=True)), names, home)


_TABLES = sorted(Path(__file__).parent.glob("*.toml"))
_IN = "in_"  # of what is no textbook: a table for a folder of `impl`

BUGS: list[Bug] = [bug for table in _TABLES if not table.stem.startswith(_IN) for bug in _bugs(table)]
BUGS_ELSEWHERE: list[Bug] = [
    bug
    for table in _TABLES
    if table.stem.startswith(_IN)
    for bug in _bugs(table, TEXTBOOK.parents[1] / table.stem.removeprefix(_IN))
]
