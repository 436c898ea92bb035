"""Where what is judged may write; a judged folder is a copy in there, so that what it deletes and writes is that."""

import contextlib
import dataclasses
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import shrinkage
from shrinkage.loader import Choice
from shrinkage.loader.folders import is_folder

# Where libraries keep what they have compiled or found, in the user's own folders otherwise.
CACHES = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "MPLCONFIGDIR", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")
LARGEST = 4 << 20  # bytes of a file that is copied: a course's data are not read by what is judged


@contextlib.contextmanager
def work_folder(prefix: str = "shrinkage.") -> Iterator[Path]:
    """A temporary folder for a run; those of runs that were killed, on which there is no lock any more, are removed."""
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*/lock"):
        with contextlib.suppress(OSError), left.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        with (folder / "locked").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (folder / "locked").rename(folder / "lock")  # so that there is none that nobody holds
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Scratch:
    """A folder that lasts as long as a judged process.

    Parameters
    ----------
    choice
        Who is judged: of folders copies are made.

    Attributes
    ----------
    choice
        The same, of the copies.
    folder
        Itself.
    writable
        What the process may write in: the folder and, of the project's own, where its compiled code is kept.
    environment
        Of the process: whatever libraries write of their own accord comes to lie in the folder.
    work
        The working directory, where a folder is judged.
    """

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self._said: dict[str, str] = {}
        self._open = contextlib.ExitStack()
        self.folder = self._open.enter_context(work_folder())
        self.writable = [self.folder]
        self.environment, self.work = {**os.environ}, None
        inside = ["TMPDIR"]
        if choice.ours:  # it compiles for minutes, and nobody else may write what it would load
            self.writable += _compiled()
        else:
            inside += CACHES
        for name in inside:
            (self.folder / name.lower()).mkdir()
            self.environment[name] = str(self.folder / name.lower())
        if any(map(is_folder, choice.names)):
            self.work = self.folder / "work"
            self.work.mkdir()
            self.choice = dataclasses.replace(choice, names=tuple(map(self._copied, choice.names)))

    def _copied(self, name: str) -> str:
        if not is_folder(name):
            return str(Path(name).resolve()) if name.endswith(".py") else name
        copy = self.folder / str(len(self._said)) / Path(name).resolve().name
        shutil.copytree(name, copy, ignore=_left_out, ignore_dangling_symlinks=True)
        self._said[str(copy)] = name
        return str(copy)

    def told(self, text: str) -> str:
        """Of the folder that was named, not of its copy."""
        for copy, name in self._said.items():
            text = text.replace(copy, name)
        return text

    def close(self) -> None:
        """Remove it, and whatever was left in there."""
        self._open.close()


def _compiled() -> list[Path]:
    """Where `shrinkage` keeps its compiled code: see its cache."""
    user = "~/Library/Caches" if sys.platform == "darwin" else os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    said = os.environ.get("NUMBA_CACHE_DIR")
    places = (
        [Path(said)]
        if said
        else [Path(shrinkage.__file__).parent / "__pycache__", Path(user, "shrinkage").expanduser()]
    )
    for place in places:
        with contextlib.suppress(OSError):  # another place is tried then
            place.mkdir(parents=True, exist_ok=True)
    return places


def _left_out(folder: str, names: list[str]) -> list[str]:
    paths = [Path(folder, name) for name in names]
    return [
        path.name
        for path in paths
        if path.name.startswith(".") or path.is_symlink() or (path.is_file() and path.stat().st_size > LARGEST)
    ]
