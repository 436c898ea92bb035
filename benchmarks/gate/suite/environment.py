"""Virtual environments, one for each revision: what it installs, above the environment that the gate runs in.

What a commit was installed into is kept in the user's cache folder, for the next run that needs it: the last few of
them. A run works on a copy, so that nothing that it does to that stays.
"""

import contextlib
import hashlib
import os
import shutil
import site
import sys
import tempfile
import time
import tomllib
import venv
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distributions, version
from importlib.util import find_spec
from pathlib import Path

from shrinkage.benchmarks.gate.revisions.checkouts import Revision, Unusable
from shrinkage.benchmarks.gate.sides import OutOfTime
from shrinkage.properties.isolated.worker import Gone, Worker

KEPT = 8


def variables(environment: Path) -> dict[str, str]:
    """With which it is the one that is in use."""
    path = os.pathsep.join([str(environment / "bin"), os.environ.get("PATH", "")])
    return {"PATH": path, "VIRTUAL_ENV": str(environment)}


def made(tree: Path, environment: Path, revision: Revision, build: str, until: float) -> bool:
    """Make it, by the project's own way or by a command, in the tree; False where there is nothing to install.

    Raises
    ------
    Unusable
        If it fails, with the last that it said.
    """
    if not (build or _is_package(tree)):
        _make(environment)
        return False
    kept = None if revision.working else _places() / _key(revision, build)
    if kept and kept.is_dir():
        with contextlib.suppress(OSError):  # another run may remove it
            os.utime(kept)
            shutil.copytree(kept, environment, symlinks=True)
            return True
    _make(environment)
    _install(tree, environment, build, revision.name, until)
    if kept:
        with contextlib.suppress(OSError):  # nowhere to keep it, or another run was first
            _keep(environment, kept)
    return True


def _places() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shrinkage" / "gate"


def _key(revision: Revision, build: str) -> str:
    beneath = sorted(f"{found.name} {found.version}" for found in distributions())
    text = "\n".join([revision.commit, build, sys.prefix, sys.version, *beneath])
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _keep(environment: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    for old in sorted(kept.parent.glob("*"), key=os.path.getmtime)[: 1 - KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(environment, copy, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        copy.rename(kept)


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


def _install(tree: Path, environment: Path, build: str, name: str, until: float) -> None:
    if not build and find_spec("pip") is None:
        raise Unusable(f"{name} cannot be installed without pip: install that, or say how by --build.")
    command: Sequence[str] | str = build or [
        *(sys.executable, "-m", "pip", f"--python={environment / 'bin' / 'python'}", "--disable-pip-version-check"),
        *("install", "--quiet", "--no-warn-script-location", *_isolation(tree), str(tree)),
    ]
    temporary = environment.with_name(f"{environment.name}-temporary")  # pip that is ended leaves what it was at
    temporary.mkdir(exist_ok=True)
    patience = max(until - time.monotonic(), 0.1) if until < float("inf") else None
    with Worker("shrinkage.benchmarks.gate.suite.installer", patience=patience) as process:
        try:
            given = {**variables(environment), "PYTHONPATH": "", "TMPDIR": str(temporary)}
            code, said = process.ask("run", command=command, folder=str(tree), variables=given)
        except Gone as gone:
            if time.monotonic() >= until:
                raise OutOfTime(f"the time was over when {name} was being installed") from gone
            raise Unusable(f"{name} could not be installed: it {gone}") from gone
    if code:
        by = f" by --build {build!r}" if build else ""
        raise Unusable(f"{name} could not be installed{by}, exit code {code}: {said}")


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
    from packaging.version import Version

    try:
        read = Requirement(requirement)
        there = Version(version(read.name))
        # Before 70.1 setuptools builds wheels by a package of its own, and says so only when it does.
        alone = read.name != "setuptools" or there >= Version("70.1") or find_spec("wheel") is not None
        return alone and read.specifier.contains(there, prereleases=True)
    except (InvalidRequirement, PackageNotFoundError):
        return False
