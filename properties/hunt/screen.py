"""What is seen of a hunt: a bar while it lasts, and one screen at its end."""

import math
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from rich import progress

from shrinkage.cli import many
from shrinkage.properties.hunt.hand import Outcome, Task
from shrinkage.properties.report.progress import console
from shrinkage.properties.report.screen import shortened
from shrinkage.properties.worst import ABOVE, Entry, by_contract, worse

OFTEN = 60.0  # seconds between two lines of a log, and two notes of the time spent


class Progress:
    """A bar of the time that is over, on a terminal; else a line a minute.

    Parameters
    ----------
    seconds
        That the hunt may take.
    """

    def __init__(self, seconds: float) -> None:
        columns = (
            progress.BarColumn(),
            progress.TimeRemainingColumn(),
            progress.TextColumn("{task.description}", markup=False),
        )
        errors = console(stderr=True)
        self._bar = progress.Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)
        self._task = self._bar.add_task("", total=seconds)
        self._last, self._told = "", 0.0

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, seconds: float, rounds: int, task: Task, found: Collection[Entry], outcome: Outcome) -> None:
        """How far it is, and what was found last."""
        for entry in found:
            self._last = f", {entry.function} {ratio(entry)}"
        if outcome.ended:
            self._bar.console.print(f"{task.claim} {outcome.ended}.", soft_wrap=True)
        described = f"{many(rounds, 'round')}{self._last}"
        self._bar.update(self._task, completed=seconds, description=described)
        if self._bar.disable and seconds > self._told + OFTEN:
            self._told = seconds
            self._bar.console.print(f"{seconds:6.0f} s  {described}", soft_wrap=True)


def show(head: str, entries: Iterable[Entry], before: Mapping[str, Entry], verbose: bool) -> None:
    """Of each function the worst, and what is new; as code what is above 1, and then what fails otherwise."""
    write: Any = sys.stdout.write
    write(f"{head}\n")
    shown = [*by_contract(entries)]
    measured = [entry for entry in shown if not entry.fails]
    width = max((len(entry.function) for entry in measured), default=8)
    if measured:
        write(f"{'function':<{width}}  error/bound       κ  before  claim\n")
    for entry in measured:
        was = before.get(entry.key)
        change = "new" if was is None else ratio(was) if worse(entry, was) else ""
        condition = f"{entry.condition:.0e}" if entry.condition else ""
        write(f"{entry.function:<{width}}  {ratio(entry):>9}{' †' if entry.departs else '  '}  {condition:>6}  ")
        write(f"{change:>6}  {entry.claim}\n")
    if any(entry.departs for entry in shown):
        write("† in a claim that it departs from on purpose\n")
    small = {entry.function: entry for entry in shown if entry.fails == ABOVE}
    findings = [entry for entry in shown if counts(entry) and entry.fails != ABOVE]
    for place, entry in enumerate(sorted(findings, key=lambda entry: bool(entry.fails)), 1):
        says = entry.says.removeprefix(f"{entry.function} ")
        if not entry.fails:
            says = f"the error is {ratio(entry)} × what is allowed"
            if (smaller := small.get(entry.function)) is not None and worse(smaller, replace(entry, fails=ABOVE)):
                entry, says = smaller, f"{says}; on this input it is {ratio(smaller)} ×"
        write(f"\n{place}. {entry.function}: {says.rstrip('.')}\n")
        write(f"   claim  {entry.claim}\n")
        for line in (entry.call if verbose else shortened(entry.call)).splitlines():
            write(f"   {line}\n")


def counts(entry: Entry) -> bool:
    """Whether it is a finding."""
    return entry.ratio > 1 and not entry.departs


def ratio(entry: Entry) -> str:
    """In two digits."""
    return f"{entry.ratio:.2g}" if math.isfinite(entry.ratio) else "fails"
