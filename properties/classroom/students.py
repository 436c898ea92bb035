"""Who has handed in, and what."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from shrinkage.loader.folders.source import read
from shrinkage.loader.profiles import Profile, recognised


@dataclass(frozen=True)
class Student:
    """One of them.

    Parameters
    ----------
    name
        Of what was handed in.
    path
        A folder, or a file.
    """

    name: str
    path: Path

    @property
    def files(self) -> list[Path]:
        """All that is Python."""
        return sorted(self.path.rglob("*.py")) if self.path.is_dir() else [self.path]

    def digest(self) -> str:
        """Of what was handed in: the same for the same files."""
        said = hashlib.sha256()
        for path in self.files:
            if path.is_file():
                said.update(f"{path.relative_to(self.path.parent)}\0{path.stat().st_size}\0".encode())
                said.update(path.read_bytes())
        return said.hexdigest()

    def put_into(self, folder: Path) -> None:
        """A folder of this student's name in there, of nobody else's files."""
        if self.path.is_dir():
            (folder / self.name).symlink_to(self.path.resolve(), target_is_directory=True)
        else:
            (folder / self.name).mkdir()
            shutil.copy(self.path, folder / self.name)


def students(folder: Path, written: Collection[Path] = ()) -> tuple[list[Student], list[str]]:
    """Whoever has a folder or a file of Python there, by name; and the names of what else there is.

    What is or was written there about them is neither.
    """
    ours = {path.resolve() for path in written}
    there = [path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "__"))]
    there = [path for path in there if path.resolve() not in ours]
    handed_in = [path for path in there if path.is_dir() or path.suffix == ".py"]
    found = [Student(path.stem if path.suffix == ".py" else path.name, path) for path in handed_in]
    twice = Counter(student.name for student in found)
    return (
        [Student(each.path.name, each.path) if twice[each.name] > 1 else each for each in found],
        [path.name for path in there if path not in handed_in],
    )


def course(everybody: list[Student]) -> tuple[Profile | None, int]:
    """The course that more than half of them are of, if any, and how many are: one rule for all."""
    count = Counter[str]()
    profiles: dict[str, Profile] = {}
    for student in everybody:
        root = student.path if student.path.is_dir() else student.path.parent
        if (found := recognised([read(path, root) for path in student.files if path.is_file()])) is not None:
            profiles[found.name] = found
            count[found.name] += 1
    name, number = max(count.items(), key=lambda item: item[1], default=("", 0))
    return (profiles[name], number) if number > len(everybody) / 2 else (None, number)
