"""The benchmarks of a repository of whatever kind: each revision installed into an environment of its own."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

from shrinkage.benchmarks.gate.provider import Provider, Say
from shrinkage.benchmarks.gate.revisions import checkouts, origins
from shrinkage.benchmarks.gate.revisions.checkouts import Revision, Unusable
from shrinkage.benchmarks.gate.sides import Home, Sides
from shrinkage.benchmarks.gate.suite.environment import made, variables
from shrinkage.benchmarks.gate.workers import at_once

WORKER = "shrinkage.benchmarks.gate.suite.worker"


class Suite(Provider):
    """pytest-benchmark's tests, and asv's suites."""

    metrics = ("memory", "import", "time", "compile")

    @property
    def what(self) -> str:
        """The repository's name, and what was chosen of it."""
        return " ".join([self.options.repository.name, *self.options.tests])

    def homes(
        self, base: Revision, head: Revision, folder: Path, say: Say, lost: list[str], notes: list[str]
    ) -> dict[str, Home]:
        """Exported, each installed into its own environment, on top of the one that this runs in."""
        say(f"installing {base.name} and {head.name}")
        homes = dict(at_once(partial(self._home, folder), [("base", base), ("head", head)], 2))
        for path in self.options.tests:
            if not any((home.tree / path.partition("::")[0]).exists() for home in homes.values()):
                raise Unusable(
                    f"--tests {path}: {self.options.repository} has no such file or folder in either revision."
                )
        return homes

    def _home(self, folder: Path, chosen: tuple[str, Revision]) -> tuple[str, Home]:
        (side, revision), options = chosen, self.options
        tree, environment = folder / side, folder / f"env-{side}"
        checkouts.export(options.repository, revision, tree)
        path, python = [*origins.inherited(options.repository, tree)], [str(environment / "bin" / "python")]
        if made(tree, environment, revision, options.build, self.until):
            python.append("-P")  # what is installed, and not the folder, which may lack what was built
        else:
            path[:0] = origins.roots(tree)
        there = [each for each in options.tests if (tree / each.partition("::")[0]).exists()]
        told = {
            "tests": there if options.tests else None,
            "select": " or ".join(options.select),
            "marks": options.marks,
            "places": [str(environment)],
        }
        home = Home(tree, [json.dumps(told)], path, folder / f"cache-{side}", WORKER, python, variables(environment))
        return side, replace(home, places=[environment], revision=revision.name)

    def cases(self, sides: Sides) -> list[str]:
        """What either side has: of what base lacks there is nothing to compare, and what head lacks has not passed."""

        def named(side: str) -> tuple[list[str], list[str], list[str]]:
            with sides.process(side) as process:
                return sides.started(process).ask("names"), *process.ask("configured")

        found = sides.on_both(named)
        for side, (_, configured, files) in found.items():  # from now on, no more than these files is collected
            home = sides.homes[side]
            if all((home.tree / file).is_file() for file in files):
                told = json.loads(home.names[0]) | {"tests": files, "configured": configured}
                sides.homes[side] = replace(home, names=[json.dumps(told)])
        names = [*dict.fromkeys(name for names, *_ in found.values() for name in names)]
        if not names:
            options = self.options
            given = [*(f"-k {text}" for text in options.select), *(f"--tests {path}" for path in options.tests)]
            given += [f"-m {options.marks}"] * bool(options.marks)
            chosen = f" that {' and '.join(given)} choose{'s' * (len(given) == 1)}" if given else ""
            raise Unusable(
                f"{options.repository} has no benchmark{chosen} in either revision: no test that asks for the fixture "
                "benchmark or is marked as one, and no time_, mem_ or peakmem_ function of an asv suite."
            )
        return names
