"""A pytest of its own, for tests of what a whole run prints, writes and exits with."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def own_pytest(*arguments: str) -> tuple[int, str]:
    """Exit code and output of `pytest` with these arguments, on few examples, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=quick", *arguments]
    # A worker's environment would make this run believe that it is one, too.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
