"""The benchmarks of a repository of whatever kind: each revision installed into an environment of its own."""

import json
import os
import site
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from shrinkage.benchmarks.gate import checkouts, origins
from shrinkage.benchmarks.gate.checkouts import Revision, Unusable
from shrinkage.benchmarks.gate.provider import Provider, Say
from shrinkage.benchmarks.gate.sides import Home, Sides

WORKER = "shrinkage.benchmarks.gate.suite.worker"
_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg")


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
        homes = {}
        told = {"select": " or ".join(self.options.select), "marks": self.options.marks}
        for side, chosen in (("base", base), ("head", head)):
            tree, environment = folder / side, folder / f"env-{side}"
            checkouts.export(self.options.repository, chosen, tree)
            path = [*origins.inherited(self.options.repository, tree)]
            python = [str(environment / "bin" / "python")]
            _make(environment)
            if self.options.build or (any((tree / name).is_file() for name in _PROJECT) and _is_package(tree)):
                say(f"installing {chosen.name}")
                _install(tree, environment, self.options.build, chosen.name)
                python.append("-P")  # what is installed, and not the folder, which may lack what was built
            else:
                path[:0] = origins.roots(tree)
            variables = {
                "PATH": os.pathsep.join([str(environment / "bin"), os.environ.get("PATH", "")]),
                "VIRTUAL_ENV": str(environment),
            }
            there = [each for each in self.options.tests if (tree / each.partition("::")[0]).exists()]
            names = [json.dumps({**told, "tests": there if self.options.tests else None, "places": [str(environment)]})]
            homes[side] = Home(
                tree, names, path, folder / f"cache-{side}", WORKER, python, variables, places=[environment]
            )
        return homes

    def cases(self, sides: Sides) -> list[str]:
        """What either side has: of what base lacks there is nothing to compare, and what head lacks has not passed."""

        def named(side: str) -> list[str]:
            with sides.process(side) as process:
                names: list[str] = sides.started(process).ask("names")
                return names

        found = sides.on_both(named)
        names = [*dict.fromkeys(name for side in found.values() for name in side)]
        if not names:
            chosen = " that was chosen" * bool(self.options.select or self.options.marks or self.options.tests)
            raise Unusable(
                f"{self.options.repository} has no benchmark{chosen} in either revision: no test that asks for the "
                "fixture benchmark, and no time_ function of an asv suite."
            )
        return names


def _is_package(tree: Path) -> bool:
    """Whether there is something to install: a pyproject.toml may be there for tools alone."""
    if (tree / "setup.py").is_file():
        return True
    try:
        read = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return "project" in read or "build-system" in read


def _make(environment: Path) -> None:
    """An environment in which what is installed in this one is found, too, after its own."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(environment)
    (own,) = environment.glob("lib/python*/site-packages")
    before = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    before += [path for path in site.getsitepackages() if path not in before]
    text = "".join(f"import site; site.addsitedir({path!r})\n" for path in before)
    (own / "beneath.pth").write_text(text, encoding="utf-8")


def _install(tree: Path, environment: Path, build: str, name: str) -> None:
    """The project's own way, or a command of whoever asks, in the tree.

    Raises
    ------
    Unusable
        If it fails, with the last that it said.
    """
    command: Sequence[str] | str = build or [
        *(sys.executable, "-m", "pip", f"--python={environment / 'bin' / 'python'}", "--disable-pip-version-check"),
        *("install", "--quiet", "--no-warn-script-location", *_isolation(tree), str(tree)),
    ]
    if not build and find_spec("pip") is None:
        raise Unusable(f"{name} cannot be installed without pip: install that, or say how by --build.")
    variables = {
        "PATH": os.pathsep.join([str(environment / "bin"), os.environ.get("PATH", "")]),
        "VIRTUAL_ENV": str(environment),
        "PYTHONPATH": "",
    }
    done = subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=tree,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()
        last = next((line for line in reversed(said) if "error" in line.lower()), said[-1])
        raise Unusable(f"{name} could not be installed, exit code {done.returncode}: {last.strip()}")


def _isolation(tree: Path) -> list[str]:
    """pip's option to build with what is here, where that is all that the build asks for: nothing is downloaded."""
    try:
        read = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))
        required = read["build-system"]["requires"]
    except (OSError, ValueError, KeyError):
        required = ["setuptools"]
    return ["--no-build-isolation"] if all(map(_is_here, required)) else []


def _is_here(requirement: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement  # with pytest

    try:
        read = Requirement(requirement)
        return read.specifier.contains(version(read.name), prereleases=True)
    except (InvalidRequirement, PackageNotFoundError):
        return False
