"""Folders with the revisions to compare, which nothing in the repository knows of.

A worktree would be registered in ``.git``, and stay so when the process is killed. What is exported stands only in a
temporary folder; the lock on it goes with the process, and the next run removes every folder that nobody locks.
"""

import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import shrinkage
from shrinkage.properties.isolated import scratch

# The folders of a clone, as they lie in an installation; the outer one first.
LAYOUT = {"impl": "shrinkage", "properties": "shrinkage/properties", "benchmarks": "shrinkage/benchmarks"}
PREFIX = "shrinkage-gate-"
work_folder = partial(scratch.work_folder, PREFIX)
# What judges and times is the same for every revision, also where it stands inside the package.
HARNESS = ("properties", "benchmarks", "peers", "loader", "contract.py", "cli.py")


class Unusable(Exception):
    """Nothing can be said about these revisions, in a sentence that says why."""


@dataclass(frozen=True)
class Revision:
    """One of the two that are compared.

    Parameters
    ----------
    name
        As it was asked for; `the working tree` for the files as they are.
    commit
        Its hash; of the working tree, that of the commit it stands on.
    """

    name: str
    commit: str

    @property
    def working(self) -> bool:
        """Whether it is the files as they are, committed or not."""
        return self.name == "the working tree"


def repository_at(folder: Path) -> Path:
    """The repository that a folder is in; the folder itself where there is none."""
    found = git(folder, "rev-parse", "--show-toplevel") if folder.is_dir() else None
    return Path(found.decode().rstrip("\n")) if found else folder


def is_own(repository: Path) -> bool:
    """Whether it is a clone of this project, whose implementation is `impl`."""
    try:
        project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (OSError, ValueError, KeyError):
        return False
    return project.get("name") == "shrinkage" and (repository / "impl").is_dir()


def revision(repository: Path, name: str | None) -> Revision:
    """Look a revision up; None is the working tree."""
    found = git(repository, "rev-parse", "--verify", "--quiet", f"{name or 'HEAD'}^{{commit}}")
    if not found and git(repository, "rev-parse", "--git-dir") is None and (repository / ".git").exists():
        raise Unusable(f"git refuses the repository {repository}, of another user perhaps: git status there says why.")
    if not found and not git(repository, "rev-parse", "--verify", "--quiet", "HEAD"):
        raise Unusable(f"{repository} is no git repository with a commit: there is nothing to compare with.")
    if not found:
        raise Unusable(f"{repository} has no revision {name!r}: give a branch, a tag or a commit.")
    return Revision(name or "the working tree", found.decode().strip())


def beginning(repository: Path) -> str:
    """Where the branch left main: what is committed and what is not yet is compared with that."""
    for main in ("origin/HEAD", "origin/main", "origin/master", "main", "master"):
        if found := git(repository, "merge-base", "HEAD", main):
            short = git(repository, "rev-parse", "--short=9", found.decode().strip()) or found
            return short.decode().strip()
    return "HEAD"


def differing(repository: Path, base: str, head: str | None, named: bool = True) -> None:
    """Refuse, before anybody waits, two revisions of the very same files; base may be named by nobody.

    Raises
    ------
    Unusable
        If they are one commit, or if nothing has changed between them.
    """
    before, after = (revision(repository, name) for name in (base, head))
    if after.working:
        same = not git(repository, "ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory")
        same = same and git(repository, "diff", "--quiet", "--no-ext-diff", before.commit) is not None
    else:
        trees = [git(repository, "rev-parse", f"{each.commit}^{{tree}}") for each in (before, after)]
        same = trees[0] == trees[1]
    if not same:
        return
    more = "" if named else " Without BASE, it is where this branch left main or master: name another, as in gate v1."
    alike = "have the same files" if after.working or before.commit != after.commit else "are the same commit"
    raise Unusable(f"{before.name} and {after.name} {alike}, {before.commit[:9]}: there is nothing to compare.{more}")


def export(repository: Path, chosen: Revision, folder: Path) -> None:
    """Write the files of a revision into a new folder: as a checkout has them, with its submodules, without bytecode.

    Not by ``git archive``, which leaves out what an archive is to be without: tests, often.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if chosen.working:
        for name in _listed(git(repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard")):
            source, target = repository / name, folder / name
            if source.is_symlink() or source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)
    else:
        index = {"GIT_INDEX_FILE": f"{folder}.index"}
        whole = ("-c", "core.sparseCheckout=false")
        if (
            git(repository, *whole, "read-tree", chosen.commit, **index) is None
            or git(repository, *whole, "checkout-index", "--all", f"--prefix={folder}/", **index) is None
        ):
            raise Unusable(f"git could not export {chosen.name} of {repository}.")
        Path(f"{folder}.index").unlink(missing_ok=True)
    for path, commit in _submodules(repository, chosen):
        inside = repository / path
        if inside.is_dir() and repository_at(inside) == inside:  # checked out
            export(inside, chosen if chosen.working else Revision(f"{chosen.name} of {path}", commit), folder / path)
    for bytecode in [*folder.rglob("__pycache__")]:  # it may be of other source, and be believed
        shutil.rmtree(bytecode, ignore_errors=True)


def renamed(repository: Path, base: Revision, head: Revision) -> dict[str, str]:
    """Files of the head that git takes for those of the base: the new name to the old."""
    between = [base.commit] if head.working else [base.commit, head.commit]
    parts = _listed(git(repository, "diff", "--name-status", "-z", "--find-renames", "--diff-filter=R", *between))
    return dict(zip(parts[2::3], parts[1::3], strict=True))


def _submodules(repository: Path, chosen: Revision) -> Iterator[tuple[str, str]]:
    """The path and the commit of each."""
    listing = ("ls-files", "-z", "--stage") if chosen.working else ("ls-tree", "-z", "-r", chosen.commit)
    for line in _listed(git(repository, *listing)):
        told, _, path = line.partition("\t")
        mode, *rest = told.split()
        if mode == "160000":
            yield path, rest[0] if chosen.working else rest[1]


def _listed(output: bytes | None) -> list[str]:
    return [os.fsdecode(name) for name in (output or b"").split(b"\0") if name]


def as_installed(folder: Path) -> None:
    """Move the folders of an exported clone to where they lie in an installation."""
    for source, target in LAYOUT.items():
        if (folder / source).is_dir():
            (folder / source).rename(folder / target)


def with_harness(folder: Path, whole: bool) -> None:
    """Put the running benchmarks, claims and bounds in the place of the folder's own; if whole, all of the package."""
    if whole:
        _replace(Path(shrinkage.__file__).parent, folder / "shrinkage")
    for part in HARNESS:
        source = find_spec(f"shrinkage.{part.removesuffix('.py')}")
        assert source is not None
        assert source.origin is not None
        origin = Path(source.origin)
        _replace(origin.parent if origin.name == "__init__.py" else origin, folder / "shrinkage" / part)


def _replace(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        left_out = shutil.ignore_patterns("__pycache__", ".*", "*.nbi", "*.nbc", "results")
        shutil.copytree(source, target, ignore=left_out)
    else:
        shutil.copy2(source, target)


def git(repository: Path, *arguments: str, **variables: str) -> bytes | None:
    """What git says there, with these variables set for it; None where it fails."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = inherited | variables
    try:
        done = subprocess.run(["git", *arguments], cwd=repository, capture_output=True, env=environment, check=False)
    except (FileNotFoundError, NotADirectoryError) as error:
        if not repository.is_dir():
            raise Unusable(f"{repository} is no folder: give the one of a git repository.") from error
        raise Unusable("git is needed, and is not installed.") from error
    return done.stdout if done.returncode == 0 else None
