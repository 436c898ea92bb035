"""That each side runs its own code: where modules are imported from in a tree, and where they were.

Two sides that run the same code always pass, which is the worst that a gate can do. What is installed, a path file, an
import hook of an editable installation, a link or a submodule can all lead both to the same file. So every module that
a process has loaded is looked at, and then a marker is planted in head's tree, which has to be seen by head alone.
"""

import configparser
import contextlib
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

MARKER = "__only_in_head__"


def roots(tree: Path) -> list[Path]:
    """The folders that modules are imported from, the first first: those that are configured, src, the tree itself."""
    named = [tree / name for name in (*_configured(tree), "src", ".")]
    found = [Path(os.path.normpath(root)) for root in named if root.is_dir()]
    return [root for root in dict.fromkeys(found) if root.is_relative_to(tree)]


def _configured(tree: Path) -> Iterator[str]:
    """pytest's pythonpath, and setuptools' folder of packages."""
    tools: Mapping[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        tools = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    with contextlib.suppress(AttributeError, TypeError):
        paths = tools.get("pytest", {}).get("ini_options", {}).get("pythonpath", [])
        yield from paths.split() if isinstance(paths, str) else map(str, paths)
        found = tools.get("setuptools", {})
        yield from map(str, found.get("packages", {}).get("find", {}).get("where", []))
        yield from filter(None, [found.get("package-dir", {}).get("")])
    for file, section, option in (
        ("pytest.ini", "pytest", "pythonpath"),
        ("tox.ini", "pytest", "pythonpath"),
        ("setup.cfg", "tool:pytest", "pythonpath"),
        ("setup.cfg", "options.packages.find", "where"),
    ):
        read = configparser.ConfigParser(interpolation=None)
        with contextlib.suppress(OSError, UnicodeError, configparser.Error):
            read.read(tree / file, encoding="utf-8")
            yield from read.get(section, option, fallback="").split()


def inherited(repository: Path, tree: Path) -> Iterator[Path]:
    """The folders of the caller's PYTHONPATH; those of the repository, as they are in a tree."""
    for part in filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        path = Path(part).resolve()
        yield tree / path.relative_to(repository) if path.is_relative_to(repository) else path


def there(root: Path, module: str, package: bool = False) -> bool:
    """Whether a module can be imported from there: a file, or a folder, that says that it is a package if it has to."""
    place = root.joinpath(*module.split("."))
    return place.with_name(f"{place.name}.py").is_file() or (place / "__init__.py" if package else place).exists()


def foreign(
    loaded: Mapping[str, str], judged: Sequence[str], repository: Path, places: Sequence[Path], path: Sequence[Path]
) -> str | None:
    """The first module of the repository that a process has loaded from somewhere else, and where, in words.

    Parameters
    ----------
    loaded
        The file of each module that the process has loaded.
    judged
        The modules that are what is gated.
    repository
        Where the revisions are from.
    places
        The folders that are this side's alone.
    path
        The folders that modules are imported from; those that are in there count.
    """
    own, whole = [place.resolve() for place in places], repository.resolve()
    path = [root for root in path if any(root.is_relative_to(place) for place in places)]
    for name, file in sorted(loaded.items()):
        found = Path(file).resolve()
        if any(found.is_relative_to(place) for place in own) or name.partition(".")[0] in sys.stdlib_module_names:
            continue
        parts = name.split(".")
        parents = (".".join(parts[:count]) for count in range(1, len(parts) + 1))
        if (
            name in judged
            or (found.is_relative_to(whole) and not found.is_relative_to(Path(sys.prefix).resolve()))
            or any(there(root, parent, package=True) for parent in parents for root in path)
        ):
            return f"{name} was loaded from {file}"
    return None


@contextlib.contextmanager
def planted(files: Sequence[Path]) -> Iterator[None]:
    """The marker is in these modules; afterwards they are as they were, their times too."""
    before = {file: (file.read_bytes(), file.stat()) for file in files}
    try:
        for file, (content, _) in before.items():
            file.write_bytes(content + f"\n{MARKER} = True\n".encode())
        yield
    finally:
        for file, (content, status) in before.items():
            file.write_bytes(content)
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
