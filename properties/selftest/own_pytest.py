"""A Python of its own, for tests of what a whole run prints, writes and exits with."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def own_python(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code and output of Python with these arguments, in this folder and in a process of its own."""
    # A worker's environment would make a pytest believe that it is one, too.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command, given = [sys.executable, *arguments], inherited | environment
    done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def own_pytest(*arguments: str) -> tuple[int, str]:
    """Exit code and output of `pytest` with these arguments, on few examples, in the root of the clone."""
    return own_python(ROOT, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=quick", *arguments)
