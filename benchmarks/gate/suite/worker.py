"""A repository's own benchmarks, in a process of one revision: ``python -m shrinkage.benchmarks.gate.suite.worker``.

pytest runs here as it would in the revision's folder, with its configuration. Its loop over the tests is the one that
answers, so a test is run when it is asked for, up to the call that it hands to `benchmark`, and to its end afterwards.
"""

import json
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.gate.calls import GONE, Broken, Call, Calls, NotOffered, loaded_files, settle
from shrinkage.benchmarks.gate.suite.asv import Asv
from shrinkage.benchmarks.gate.suite.tests import Tests
from shrinkage.properties.isolated.worker import begin, serve


class Benchmarks(Calls):
    """Tests and asv's, by their names."""

    def __init__(self, endpoint: socket.socket, tests: Tests | None, asv: Asv, places: Sequence[Path]) -> None:
        super().__init__(endpoint)
        self.tests, self.asv = tests, asv
        # What is there before anything has run: what is imported on the way may not be, in a process that only begins.
        self.mine = [
            name
            for name, file in loaded_files().items()
            if _is_below(Path(file), places) and file.endswith(".py") and "." not in name
        ]

    def names(self) -> list[str]:
        """Of both."""
        return [*(self.tests.names() if self.tests else []), *self.asv.names()]

    def modules(self) -> list[str]:
        """Those that are not within a package, of the revision's folder and of its environment."""
        return self.mine

    def configured(self) -> tuple[list[str], list[str]]:
        """With which options pytest collects the same in less time, and of which files."""
        return self.tests.configured() if self.tests else ([], [])

    def packages(self) -> list[str]:
        """Those of them that are no tests: what people import."""
        tests = {*(self.tests.modules() if self.tests else ()), *self.asv.modules(), "conftest"}
        return [name for name in self.mine if name.isidentifier() and name not in tests]

    def within(self, case: str, do: Callable[[Call], None]) -> str:
        """Of whoever has it."""
        if self.tests and case in self.tests.items:
            return self.tests.within(case, do)
        if case in self.asv.found:
            return self.asv.within(case, do)
        lost = self.tests.not_collected(case) if self.tests else ""
        raise Broken(lost) if lost else NotOffered(GONE)


def _is_below(file: Path, places: Sequence[Path]) -> bool:
    return any(file.resolve().is_relative_to(place.resolve()) for place in places)


def options(given: dict[str, Any]) -> Iterator[str]:
    """What pytest is told: of nothing that would time, spread or instrument the tests in another way."""
    yield from given["tests"] or ()
    yield from given.get("configured", ())
    for flag, value in (("-k", given["select"]), ("-m", given["marks"])):
        if value:
            yield from (flag, value)
    yield from ("-p", "no:randomly", "-o", f"cache_dir={os.environ['XDG_CACHE_HOME']}/pytest", "--color=no")
    for plugin, option in (("xdist", "-n0"), ("pytest_cov", "--no-cov"), ("pytest_timeout", "--timeout=0")):
        if find_spec(plugin):
            yield option


def main() -> None:
    """Answer for the benchmarks of the folder."""
    endpoint, (text,) = begin()
    settle()
    given = json.loads(text)
    answering: list[Benchmarks] = []

    def answer(tests: Tests | None) -> None:
        answering.append(Benchmarks(endpoint, tests, Asv(given["select"]), [Path.cwd(), *map(Path, given["places"])]))
        serve(endpoint, lambda: answering[0])

    if find_spec("pytest") and given["tests"] != []:  # those that are asked for are not in this revision
        import pytest

        tests = Tests(answer)
        code = pytest.main([*options(given)], plugins=[tests])
        failed = f"pytest ended with exit code {int(code)}. {tests.said()}"
    else:
        answer(None)
        failed = ""
    if not answering:  # it did not come to its loop

        def fail() -> object:
            raise RuntimeError(failed)

        serve(endpoint, fail)


if __name__ == "__main__":
    main()
