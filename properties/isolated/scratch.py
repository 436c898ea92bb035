"""Where a judged folder is judged: on a copy of its own, so that what it deletes and writes is no more than that."""

import dataclasses
import shutil
import tempfile
from pathlib import Path

from shrinkage.loader import Choice
from shrinkage.loader.folders import is_folder

LARGEST = 4 << 20  # bytes of a file that is copied: a course's data are not read by what is judged


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
        Where the process works; none where no folder is judged.
    """

    def __init__(self, choice: Choice) -> None:
        self.choice, self.folder = choice, None
        self._said: dict[str, str] = {}
        if any(map(is_folder, choice.names)):
            self.folder = Path(tempfile.mkdtemp(prefix="shrinkage."))
            (self.folder / "work").mkdir()
            self.choice = dataclasses.replace(choice, names=tuple(map(self._copied, choice.names)))

    @property
    def work(self) -> Path | None:
        """The working directory."""
        return self.folder and self.folder / "work"

    def _copied(self, name: str) -> str:
        if not is_folder(name):
            return str(Path(name).resolve()) if name.endswith(".py") else name
        assert self.folder is not None
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
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def _left_out(folder: str, names: list[str]) -> list[str]:
    paths = [Path(folder, name) for name in names]
    return [
        path.name
        for path in paths
        if path.name.startswith(".") or path.is_symlink() or (path.is_file() and path.stat().st_size > LARGEST)
    ]
