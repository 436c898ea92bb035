"""The documents' screens: ``python -m shrinkage.benchmarks.report.screens`` runs each command and puts in what it says.

A screen stands after a comment ``<!-- printed by: COMMAND -->``; the command is typed in an empty folder that holds the
README's homework, a textbook's ridge, a kernel and a class of eight. With ``--check`` nothing is written, and the exit
code is 1 where something else than numbers has come to differ.
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shrinkage.benchmarks.report.readme import DOCUMENTS, README
from shrinkage.cli import quietly
from shrinkage.properties.report.files import write
from shrinkage.properties.selftest.classroom.test_courses import LAYERS, MISTAKES, OPTIM
from shrinkage.properties.selftest.loader.test_folders import handed_in

SCREEN = re.compile(r"(<!-- printed by: ([^\n]*) -->\n\n```text\n)(.*?)(```\n)", re.DOTALL)
NUMBER = re.compile(r"[-−]?\d+\.?\d*(e[-+]?\d+)?(?= s\b| ×|[],)]| on\b)")

TEXTBOOK_RIDGE = """import numpy as np


def ridge(X, y, lam):
    return np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ y)
"""
IN_RMSPROP = 'config.setdefault("decay_rate", 0.99)'
DEAD = "dx = dout * (x > 0)"
CLASS = {
    "ada": (),
    "bob": MISTAKES["softmax without shift"][1:],
    "cyd": ((OPTIM, "def rmsprop(w, dw, config=None):", "def rmsprop(w, dw, config=None)"),),
    "dan": ((OPTIM, IN_RMSPROP, "while True:\n        pass"),),
    "eve": ((LAYERS, DEAD, f'print("x" * 1_000_000)\n    {DEAD}'),),
    "fay": ((LAYERS, "import numpy as np", "import os\n\nimport numpy as np\n\nos.remove(__file__)"),),
    "gus": ((LAYERS, DEAD, f"__import__('os')._exit(0)\n    {DEAD}"),),
    "hal": (
        *MISTAKES["only the last layer is regularised"][1:],
        *MISTAKES["ReLU'(0) = 1"][1:],
        *MISTAKES["no correction for bias"][1:],
    ),
}


def fill(folder: Path) -> None:
    """What the commands judge."""
    homework = README.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    (folder / "homework.py").write_text(homework)
    (folder / "textbook_ridge.py").write_text(TEXTBOOK_RIDGE)
    shutil.copytree(README.parent / "properties" / "examples" / "kernel", folder, dirs_exist_ok=True)
    for name, changes in CLASS.items():
        handed_in(folder / "submissions" / name, *changes)


def printed(command: str, folder: Path) -> str:
    """By the shell, with this environment's `shrinkage`, on the same examples as every time."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COLUMNS"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    environment |= {"CI": "true", "COLUMNS": "112", "PATH": path}
    run = subprocess.run(
        command, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    return "".join(f"{line.rstrip()}\n" for line in run.stdout.replace(str(Path.home()), "/home/you").splitlines())


def alike(text: str) -> list[str]:
    """Its lines, without what another processor or library rounds otherwise, and without times."""
    return [re.sub(r"\s+", " ", NUMBER.sub("#", line)) for line in text.splitlines()]


def screens(text: str, folder: Path, wanted: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each screen of a document, and what its command prints now."""
    for screen in SCREEN.finditer(text):
        if wanted in screen[2]:
            yield screen, printed(screen[2], folder)


def main() -> int:
    """Write the screens, or compare them."""
    parser = argparse.ArgumentParser(prog="python -m shrinkage.benchmarks.report.screens", description=__doc__)
    parser.add_argument("wanted", nargs="?", default="", metavar="TEXT", help="only commands that hold it")
    parser.add_argument("--check", action="store_true", help="write nothing, and exit with 1 where one has changed")
    given = parser.parse_args()
    changed = False
    with tempfile.TemporaryDirectory(prefix="shrinkage-") as scratch:
        fill(Path(scratch))
        for document in DOCUMENTS:
            before = text = document.read_text(encoding="utf-8")
            for screen, now in screens(before, Path(scratch), given.wanted):
                difference = [*difflib.unified_diff(alike(screen[3]), alike(now), "printed", "said", lineterm="")]
                changed |= bool(difference)
                print(screen[2], *(difference if given.check else now.splitlines()), sep="\n", flush=True)
                text = text.replace(screen[0], f"{screen[1]}{now}{screen[4]}")
            if text != before and not given.check:
                write(document, text)
    return int(given.check and changed)


if __name__ == "__main__":
    sys.exit(quietly(main))
