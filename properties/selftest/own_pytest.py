"""A Python of its own, for tests of what a whole run prints, writes and exits with."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]


def own_python(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code and output of Python with these arguments, in this folder and in a process of its own."""
    # A worker's environment would make a pytest believe that it is one, too.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command, given = [sys.executable, *arguments], inherited | environment
    done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def interrupted_python(
    folder: Path, begun: Callable[[], object], *arguments: str, sent: int = signal.SIGINT, **environment: str
) -> tuple[int, str]:
    """The same of one that hears a Ctrl-C once this is true, with all that it has started; says what is left.

    What else is sent is sent to it alone.
    """

    def heard() -> None:  # where the tests run in the background, they do not hear it, nor what they start
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=heard,
        start_new_session=True,
    ) as running:
        end = time.monotonic() + 120
        while not begun() and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(1)
        (os.killpg if sent == signal.SIGINT else os.kill)(running.pid, sent)
        try:
            output = running.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            raise
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
        output += "\nsomething was left at work"
    return running.returncode, output


def own_pytest(*arguments: str) -> tuple[int, str]:
    """Exit code and output of `pytest` with these arguments, on few examples, in the root of the clone."""
    return own_python(ROOT, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=quick", *arguments)
