"""What is seen of a hunt: a bar while it lasts, and one screen at its end."""

import math
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from rich import progress

from shrinkage.cli import many
from shrinkage.properties.hunt.hand import Outcome, Task
from shrinkage.properties.report.progress import console
from shrinkage.properties.report.screen import WIDTH
from shrinkage.properties.worst import ABOVE, Entry, by_contract, worse

GLANCE = 2 * WIDTH  # characters of a call
LINES, BEGINNING = 12, 3  # of a call: as many at the most, or so many of a longer one
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


def show(
    head: str,
    entries: Iterable[Entry],
    before: Mapping[str, Entry],
    verbose: bool,
    stored: str = "",
    claims: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Of each function the worst, and what is new; as code what is above 1, and then what fails otherwise.

    `claims` has, by their names, what they say.
    """
    write: Any = sys.stdout.write
    left = dict(claims)  # each is said once
    write(f"{head}\n")
    shown = [*by_contract(entries)]
    measured: dict[tuple[str, bool], Entry] = {}
    for entry in shown:
        there = measured.get(key := (entry.function, entry.departs))
        if entry.fails in ("", ABOVE) and (there is None or entry.ratio > there.ratio):
            measured[key] = entry
    width = max((len(function) for function, _ in measured), default=8)
    if measured:
        write(f"{'function':<{width}}  error/bound       κ  before  claim\n")
    for entry in measured.values():
        was = before.get(entry.key)
        change = "new" if was is None else ratio(was) if worse(entry, was) else ""
        condition = f"{entry.condition:.0e}" if entry.condition else ""
        write(f"{entry.function:<{width}}  {ratio(entry):>9}{' †' if entry.departs else '  '}  {condition:>6}  ")
        write(f"{change:>6}  {entry.claim}\n")
    if any(entry.departs for entry in shown):
        write("† in a claim that it departs from on purpose\n")
    findings = [
        (f"the error is {ratio(entry)} × what is allowed", entry, _smallest(entry, shown))
        for entry in measured.values()
        if counts(entry)
    ]
    findings += [
        (entry.says.removeprefix(f"{entry.function} ").rstrip("."), entry, entry)
        for entry in shown
        if counts(entry) and entry.fails not in ("", ABOVE)
    ]
    for place, (says, entry, small) in enumerate(findings, 1):
        here = f"; on this input it is {ratio(small)} ×" if small.ratio < entry.ratio else ""
        write(f"\n{place}. {entry.function}: {says}{here}\n")
        write(f"   claim  {small.claim}\n")
        for line in textwrap.wrap(left.pop(small.claim, ""), WIDTH - 10):
            write(f"          {line}\n")
        for line in _code(small, verbose, stored):
            write(f"{line}\n")
        if small.ratio < entry.ratio:
            write(f"   the worst is of {entry.claim}, in {stored}\n")


def _smallest(worst: Entry, entries: Iterable[Entry]) -> Entry:
    """The worst input, if it can be read at a glance; else the one that was made small."""
    small = (one for one in entries if one.function == worst.function and one.fails == ABOVE and counts(one))
    return worst if 0 < len(worst.call) <= GLANCE else next((one for one in small if one.call), worst)


def _code(entry: Entry, verbose: bool, stored: str) -> Iterator[str]:
    """The call, all of it if it is not too long, and what comes of it."""
    wrapped = [part for line in entry.call.splitlines() for part in _wrapped(line)]
    if not wrapped:
        test, _, _ = entry.claim.partition("[")
        yield f"   the call is not known, or too long to be stored; judge with -k {test} makes it"
    shown = len(wrapped) if verbose or len(wrapped) <= LINES else BEGINNING
    yield from wrapped[:shown]
    if wrapped[shown:]:
        yield f"   … and {len(wrapped) - shown} more lines, by -v; the whole call is in {stored}"
    yield from _wrapped(entry.result)


def _wrapped(text: str) -> list[str]:
    """In lines that Python takes together: a break is within brackets."""
    return textwrap.wrap(
        text, WIDTH, initial_indent="   ", subsequent_indent="     ", break_long_words=False, break_on_hyphens=False
    )


def counts(entry: Entry) -> bool:
    """Whether it is a finding."""
    return entry.ratio > 1 and not entry.departs


def ratio(entry: Entry) -> str:
    """In two digits; infinite, where nothing may be off and something is."""
    return f"{entry.ratio:.2g}" if math.isfinite(entry.ratio) or entry.fails == ABOVE else "fails"
