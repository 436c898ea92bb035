"""What is seen of a run: one screen at its end, and at a terminal how far it is until then."""

import io
import os
import re
from collections.abc import Mapping
from typing import Any

import pytest
from _pytest.config import create_terminal_writer

from shrinkage.contract import CONTRACT
from shrinkage.loader.expressions import near

from .findings import MARKS
from .scorecard import unjudged
from .screen import lines, warned

JUDGED = ("passed", "failed", "xfailed", "xpassed", "error")  # pytest's words for what was not skipped


class OneScreen:
    """Keeps back what pytest says until there is a screen, or none; how far it is goes to a descriptor, if a terminal.

    Parameters
    ----------
    descriptor
        Of standard error.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._told, self._failed = descriptor, 0, 0
        self._seen = os.isatty(descriptor)
        self._kept = io.StringIO()
        self._reporter: Any = None
        self._writer: Any = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """From here on, nothing is said."""
        self._reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        self._writer, self._reporter._tw = self._reporter._tw, create_terminal_writer(session.config, self._kept)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """How far it is."""
        if self._seen and report.when == "call" and report.outcome != "skipped":
            self._told, self._failed = self._told + 1, self._failed + report.failed
            wrong = f", {self._failed} fail" if self._failed else ""
            os.write(self._descriptor, f"\r\x1b[K{self._told} claims tried{wrong}".encode())

    def end(self) -> None:
        """From here on, everything is."""
        if self._writer is not None:
            self._reporter._tw, self._writer = self._writer, None
            if self._seen:
                os.write(self._descriptor, b"\r\x1b[K")

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, exitstatus: int, config: pytest.Config) -> None:
        """Where the run was interrupted is not told: the screen has said that it was."""
        if exitstatus == pytest.ExitCode.INTERRUPTED and self._reporter is not None:
            self.end()
            self._reporter._tw = create_terminal_writer(config, io.StringIO())

    def pytest_unconfigure(self) -> None:
        """Where there was no screen, all that was kept back."""
        if self._writer is not None:
            self.end()
            self._reporter.write(self._kept.getvalue())


def _nothing_chosen(marks: str, names: str) -> str:
    of = [f"{option} {text!r}" for option, text in (("-m", marks), ("-k", names)) if text]
    known = f" The marks are {', '.join(MARKS)}." if marks and not any(mark in marks for mark in MARKS) else ""
    meant = "".join(near(word, CONTRACT) for word in re.findall(r"\w+", names) if word not in ("and", "or", "not"))
    shown = " -- --collect-only lists the names of all." if names else ""
    return f"No claim was chosen: {' and '.join(of)} leave{'s' * (len(of) == 1)} none{meant}.{known}{shown}"


def tell(terminal: pytest.TerminalReporter, card: Mapping[str, Any]) -> None:
    """The screen, under a line of its own where there is more above it."""
    one = terminal.config.pluginmanager.get_plugin("one screen")
    told = [*lines(card)]
    if one is not None and not told and card["exit"] == pytest.ExitCode.NO_TESTS_COLLECTED:
        told = [_nothing_chosen(terminal.config.option.markexpr, terminal.config.option.keyword)]
    if told:
        if one is not None:
            one.end()
        else:
            terminal.section("verdict")
        if one is None:
            told += warned(card)
        for line in told:
            terminal.line(line)


def something_unjudged(stats: Mapping[str, Any], names: str) -> bool:
    """Whether nothing of what was chosen, or nothing about a function that is offered, could be judged.

    Where claims are chosen by name, one may be about several functions: only those that are named are meant.
    """
    judged, meant = any(stats.get(outcome) for outcome in JUDGED), {*re.findall(r"\w+", names)}
    missed = [function for function in unjudged(stats) if not names or function in meant]
    return (bool(stats.get("skipped")) and not judged) or bool(missed)


def shared(stats: Mapping[str, Any]) -> bool:
    """Whether a call has written into its arguments, or shares memory, of a function whose interface was found right.

    A claim about ordinary input goes on after such a call: the run does not end as one in which nothing was found.
    """

    def seen_by(outcome: str) -> list[tuple[str, dict[str, Any]]]:
        told = [dict(getattr(report, "user_properties", ())) for report in stats.get(outcome, [])]
        return [(each.get("mark", ""), each.get("seen", {})) for each in told]

    held = {function for mark, seen in seen_by("passed") if mark == "interface" for function in seen}
    known = {function for mark, seen in seen_by("xfailed") if mark == "interface" for function in seen}
    every = [*seen_by("passed"), *seen_by("xfailed")]
    return any(function in held - known for _, seen in every for function, told in seen.items() if "changed" in told)
