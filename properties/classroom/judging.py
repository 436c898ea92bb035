"""One student judged by a process of his own, or by what is kept of one before."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shrinkage
from shrinkage.properties.report import files

from .students import Student

LONGEST = 4_000  # characters of what a run said that came to nothing


@dataclass(frozen=True)
class Judgement:
    """What came of one.

    Parameters
    ----------
    student
        Who.
    card
        The scorecard; nothing where nothing could be judged.
    refused
        Why not, in a sentence.
    """

    student: Student
    card: dict[str, Any] | None
    refused: str = ""


class Judging:
    """Judges students by one set of rules, and keeps what it finds.

    Parameters
    ----------
    options
        For ``shrinkage judge``, the same for everybody.
    kept
        The folder of what was found before.
    fresh
        Whether that is not to be believed.
    """

    def __init__(self, options: Sequence[str], kept: Path, fresh: bool) -> None:
        self.options, self.kept, self.fresh = [*options], kept, fresh
        self._rules = f"{shrinkage.__version__}\0{_own_code()}\0{json.dumps(self.options)}"
        self._running: set[subprocess.Popen[str]] = set()
        self._lock, self._stopped = threading.Lock(), False
        kept.mkdir(parents=True, exist_ok=True)

    def judge(self, student: Student) -> Judgement:
        """By a process, unless the same was judged by the same rules before."""
        key = hashlib.sha256(f"{self._rules}\0{student.name}\0{student.digest()}".encode()).hexdigest()
        stored = self.kept / f"{key}.json"
        if not self.fresh:
            with contextlib.suppress(OSError, ValueError, TypeError):
                return Judgement(student, **json.loads(stored.read_text(encoding="utf-8")))
        found = self._judged(student)
        if found.card is not None or found.refused:
            files.write(stored, {"card": found.card, "refused": found.refused})
        return found

    def _judged(self, student: Student) -> Judgement:
        with tempfile.TemporaryDirectory(prefix="shrinkage.") as made:
            folder, temporary = Path(made, "judged"), Path(made, "temporary")
            for each in (folder, temporary):
                each.mkdir()
            student.put_into(folder)
            card = folder / "scorecard.json"
            command = [sys.executable, "-m", "shrinkage", "judge", f"./{student.name}", "--scorecard", str(card)]
            code, said = self._run([*command, *self.options], folder, temporary)
            if card.exists():
                found = json.loads(card.read_text(encoding="utf-8"))
                return Judgement(student, found | {"implementation": student.name})
            errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
            if errors:
                return Judgement(student, None, errors[-1].replace(f"./{student.name}", student.name))
            raise RuntimeError(f"{student.name} could not be judged (exit code {code}):\n{said[-LONGEST:]}")

    def _run(self, command: list[str], folder: Path, temporary: Path) -> tuple[int, str]:
        with self._lock:
            if self._stopped:
                raise InterruptedError
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, "TMPDIR": str(temporary)},  # what it leaves when it is ended is gone with this
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C is for this process, which ends the others
            )
            self._running.add(process)
        said, _ = process.communicate()
        with self._lock:
            self._running.discard(process)
            if self._stopped:
                raise InterruptedError
        return process.returncode, said

    def stop(self) -> None:
        """End whatever is running; what is judged already is kept."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _own_code() -> str:
    """Of what judges: another version of it may find something else."""
    said = hashlib.sha256()
    root = Path(shrinkage.__file__).parent
    for folder in (root / "loader", Path(__file__).parents[1]):
        for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.toml")]):
            if "selftest" not in path.parts and "examples" not in path.parts:
                said.update(path.read_bytes())
    return said.hexdigest()
