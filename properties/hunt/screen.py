"""What is seen of a hunt: a bar while it lasts, and one screen at its end."""

import math
import sys
from collections.abc import Collection, Mapping
from typing import Any

from rich import progress
from rich.console import Console

from shrinkage.properties.hunt.hand import Outcome, Task
from shrinkage.properties.worst import Entry, by_contract


class Progress:
    """A bar of the time that is over, on a terminal.

    Parameters
    ----------
    seconds
        That the hunt may take.
    """

    def __init__(self, seconds: float) -> None:
        columns = progress.BarColumn(), progress.TimeRemainingColumn(), progress.TextColumn("{task.description}")
        console = Console(stderr=True)
        self._bar = progress.Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=seconds)
        self._last = ""

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, seconds: float, rounds: int, task: Task, found: Collection[Entry], outcome: Outcome | str) -> None:
        """How far it is, and what was found last."""
        for entry in found:
            self._last = f", {entry.function} {ratio(entry)}"
        if isinstance(outcome, str):
            self._bar.console.print(f"{task.claim} {outcome}.", soft_wrap=True, markup=False)
        self._bar.update(self._task, completed=seconds, description=f"{rounds} rounds{self._last}")


def show(
    name: str,
    entries: Mapping[str, Entry],
    before: Mapping[str, Entry],
    rounds: int,
    seconds: float,
    claims: Collection[str],
) -> None:
    """Of each function the worst, what is new since the last hunt, and as code what is above 1."""
    write: Any = sys.stdout.write
    write(f"{name}: {rounds:,} rounds in {seconds / 60:.1f} minutes, of {len(claims):,} claims\n")
    shown = [entry for entry in by_contract(entries.values()) if entry.claim in claims]
    width = max((len(entry.function) for entry in shown), default=8)
    write(f"{'function':<{width}}  error/bound       κ  before  claim\n")
    for entry in shown:
        was = before.get(entry.key)
        change = "" if was == entry else "new" if was is None else ratio(was)
        condition = f"{entry.condition:.0e}" if entry.condition else ""
        write(f"{entry.function:<{width}}  {ratio(entry):>9}{' †' if entry.departs else '  '}  {condition:>6}  ")
        write(f"{change:>6}  {entry.claim}\n")
    if any(entry.departs for entry in shown):
        write("† in a claim that it departs from on purpose\n")
    findings = [entry for entry in shown if entry.ratio > 1 and not entry.departs]
    for place, entry in enumerate(findings, 1):
        write(f"\n{place}. {entry.function}: {entry.says or f'the error is {ratio(entry)} × what is allowed'}\n")
        write(f"   claim  {entry.claim}\n")
        for line in entry.call.splitlines():
            write(f"   {line}\n")


def ratio(entry: Entry) -> str:
    """In two digits."""
    return f"{entry.ratio:.2g}" if math.isfinite(entry.ratio) else "fails"
