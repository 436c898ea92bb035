"""Bugs that the suite has to find: changes of the textbook, a table a chapter, and two of what comes in and is kept.

In a table, by file of `impl/peers/numpy` and by function: what is wrong, and the pieces of that file that are changed,
each before what is put in its place; and at the end, of what mistake that is typical, where the table of mistakes
(`shrinkage.properties.engine.mistakes`) has it. ``python -m shrinkage.properties.selftest.seeded_bugs`` plants each of
them, and prints which claim refutes it, after how long, and what mistake is named.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from .bug import Bug


def _bugs(table: Path) -> Iterator[Bug]:
    for file, functions in tomllib.loads(table.read_text(encoding="utf-8")).items():
        for function, found in functions.items():
            for what, (old, new, *also) in found.items():
                typical = also.pop()["typical"] if also and isinstance(also[-1], dict) else []
                names = tuple([typical] if isinstance(typical, str) else typical)
                yield Bug(function, what, file, old, new, tuple(zip(also[::2], also[1::2], strict=True)), names)


BUGS: list[Bug] = [bug for table in sorted(Path(__file__).parent.glob("*.toml")) for bug in _bugs(table)]
