"""Ended in the middle, by any signal, at any moment: nothing is left behind."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import pytest

from shrinkage.benchmarks.gate.revisions.checkouts import PREFIX, work_folder
from shrinkage.benchmarks.selftest.gate.test_origins import commit
from shrinkage.benchmarks.selftest.gate.test_suite import FLAT
from shrinkage.cli import main

MOMENTS = 20
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # no chance; Ctrl-C; the end of a CI job


def begun(arguments: list[str], log: Path) -> int:
    """A gate in a process of its own, which has imported what it needs."""
    log.write_text("")
    process = os.fork()
    if process:
        return process
    code = 99
    try:
        with log.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
            sys.stdout = sys.stderr = out
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
            for number in (signal.SIGTERM, signal.SIGHUP):  # and under nohup, this one
                signal.signal(number, signal.SIG_DFL)
            try:
                code = main(["gate", *arguments])
            except SystemExit as exit_:
                code = exit_.code if isinstance(exit_.code, int) else 98
            except BaseException:
                traceback.print_exc()
    finally:
        os._exit(code)


def running() -> list[str]:
    """The processes that know of the temporary folder: each of a gate's has a path in it on its command line."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if tempfile.gettempdir() in line]


@pytest.mark.power
def test_nothing_is_left_at_whatever_moment_it_ends(tmp_path):
    """No process, no folder but one that the next run removes, and nothing in the repository."""
    repo, log, seed = tmp_path / "repo", tmp_path / "log", random.randrange(2**32)
    commit(repo, "v0", FLAT)
    commit(repo, "v1", {"README": "v1"})
    rng, longest = random.Random(seed), 60.0
    for i in range(MOMENTS):
        number, moment = SIGNALS[i % len(SIGNALS)], rng.uniform(0.15, longest)
        started = time.monotonic()
        gate = begun(["v0", "v1", "--repo", str(repo), "-k", "joined", "--only", "time"], log)
        if not i:  # it times: the other moments are those until then, and a little after
            while "timing" not in log.read_text():
                assert time.monotonic() < started + longest, log.read_text()
                time.sleep(0.02)
            longest = 1.2 * (time.monotonic() - started)
        else:
            time.sleep(moment)
        os.kill(gate, number)
        code = os.waitstatus_to_exitcode(os.waitpid(gate, 0)[1])
        told = f"{number.name} after {time.monotonic() - started:.2f} s, seed {seed}: {log.read_text()}"
        assert code == (-number if number == signal.SIGKILL else 2), told
        patience = time.monotonic() + 10
        while running() and time.monotonic() < patience:
            time.sleep(0.05)
        assert running() == [], told
        if number == signal.SIGKILL:
            with work_folder():
                pass
        assert [*Path(tempfile.gettempdir()).glob(f"{PREFIX}*")] == [], told
    for command, said in ((["status", "--porcelain", "--ignored"], ""), (["worktree", "list"], str(repo))):
        done = subprocess.run(["git", *command], cwd=repo, capture_output=True, text=True, check=True)
        assert done.stdout.strip().split(" ")[0] == said
    assert main(["gate", "v0", "v1", "--repo", str(repo), "-k", "joined", "--only", "memory"]) == 0
