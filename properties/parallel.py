"""Claims in several processes: what each says of itself while it lives, and what is said of it when it has died.

The processes are pytest-xdist's. Here is what it leaves open: who made one of them end, and what to do about it.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from shrinkage.properties.engine import watchdog
from shrinkage.properties.engine.account.reports import claim, mark
from shrinkage.properties.engine.watchdog import Watchdog


class Hands:
    """Of the process that hands out the claims."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.folder = Path(tempfile.mkdtemp(prefix="shrinkage."))

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a new process where to say what it is at."""
        node.workerinput["watched"] = [str(self.folder), self.seconds]

    def pytest_handlecrashitem(self, report: pytest.TestReport) -> None:
        """A claim fails in which a process ended, and says why."""
        node: Any = report.node
        said = watchdog.at_work(self.folder, node.gateway.id)
        report.when = "call"
        function = said.get("function")
        what = f"{function or 'What is judged'} ended the process that it ran in."
        if function and said["seconds"] > self.seconds:
            watchdog.was_late(self.folder, said)
            what = f"{function} did not come back within {self.seconds:g} s."
        report.longrepr = f"{what}\n  call      {said['call']}" if "call" in said else what
        seen = (
            {function: {"judged": 0, "worst": 0.0, "input": "", "source": "", "failed": True, "reached": False}}
            if function
            else {}
        )
        failure = {"function": function or "", "kind": "raised", "says": what.rstrip("."), "call": said.get("call", "")}
        report.user_properties += [("claim", said.get("claim", "")), ("mark", said.get("mark", ""))]
        report.user_properties += [("seen", seen), ("failure", failure)]

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Hand:
    """Of a process that tries them."""

    def __init__(self, watching: Watchdog) -> None:
        self.watching = watching

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Say which claim it is about to try."""
        self.watching.at(claim=claim(item), mark=mark(item))


class Alone(Hand):
    """Of the only process there is: of a call that never comes back tells another process, which outlives it."""

    def __init__(self, seconds: float, errors: int) -> None:
        folder = tempfile.mkdtemp(prefix="shrinkage.")
        super().__init__(watchdog.begin(Path(folder), watchdog.ALONE, seconds, idle=0))
        command = [sys.executable, "-P", "-m", watchdog.__name__, folder, str(seconds)]
        self.teller = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, start_new_session=True)

    def pytest_unconfigure(self) -> None:
        """It has nothing to tell, and ends."""
        watchdog.end()
        self.teller.communicate()


def stopped_at_failures(session: pytest.Session) -> bool:
    """Whether -x or --maxfail has ended it, which xdist says by an error as if somebody had interrupted it."""
    hands_out = session.config.pluginmanager.get_plugin("dsession")
    return str(getattr(hands_out, "shouldstop", "")).startswith("stopping after")


def watch(config: pytest.Config, seconds: float) -> bool:
    """Whichever of the two this process is, if there are several; whether there are."""
    if (given := getattr(config, "workerinput", {}).get("watched")) is not None:
        name = config.workerinput["workerid"]  # type: ignore[attr-defined]  # of one of xdist's
        config.pluginmanager.register(Hand(watchdog.begin(Path(given[0]), name, given[1])))
    elif getattr(config.option, "tx", None):
        config.pluginmanager.register(Hands(seconds))
    else:
        return False
    return True
