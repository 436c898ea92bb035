"""``shrinkage judge CANDIDATE --against REFERENCE``: one screen, and the judge's exit codes."""

import functools
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from shrinkage.loader import WrongChoice
from shrinkage.properties.report.screen import WIDTH

from . import pasted
from .arithmetic import SOURCE
from .trial import Account, Finding, Trial, Unfit
from .verdict import SAYS

ALIKE = 1.05  # between two processes of the same code
WIDE = 1.25  # is an interval whose ends are further apart


def run(candidate: str, reference: str, seconds: float, isolated: bool, verbose: bool, folder: Path) -> int:
    """Judge, print, and say how it went; the folder is for inputs that show what is wrong.

    Raises
    ------
    Unfit
        If there is nothing to judge.
    """
    begun = time.perf_counter()
    try:
        accounts = [*Trial(candidate, reference, seconds, isolated).judged()]
    except WrongChoice as error:
        raise Unfit(str(error)) from None
    for line in lines(candidate, reference, accounts, time.perf_counter() - begun, verbose, folder):
        print(line)
    if any(account.findings for account in accounts):
        return 1
    return 0 if all(account.problems for account in accounts) else 5


def lines(
    candidate: str, reference: str, accounts: list[Account], seconds: float, verbose: bool, folder: Path
) -> Iterator[str]:
    """The screen."""
    names = ", ".join(account.function for account in accounts)
    yield from _wrapped(f"{candidate} against {reference}: {names}", f"judged in {seconds:.0f} s")
    for account in accounts:
        yield from textwrap.wrap(
            f"{account.function:<16} {account.verdict:<10} {_about(account)}",
            WIDTH,
            initial_indent="  ",
            subsequent_indent=" " * 30,
        )
    findings = [finding for account in accounts for finding in account.findings.values()]
    for number, finding in enumerate(findings, 1):
        yield from _told(number, finding, functools.partial(pasted.lines, candidate, reference, folder))
    for account in accounts:
        for note in account.notes.values():
            yield from textwrap.wrap(
                f"{account.function}: {note}", WIDTH, initial_indent="  ", subsequent_indent="    "
            )
    if verbose:
        yield from textwrap.wrap(f"What is allowed: {SOURCE}.", WIDTH)


def _wrapped(first: str, last: str) -> Iterator[str]:
    *head, end = textwrap.wrap(first, WIDTH - len(last) - 2, subsequent_indent="    ")
    yield from head
    yield f"{end}{last.rjust(WIDTH - len(end))}"


def _about(account: Account) -> str:
    if account.verdict == "wrong":
        kinds = len(account.findings)
        tried = f" in {account.problems} problem{'s' * (account.problems > 1)}" if account.problems else ""
        return f"{kinds} finding{'s' * (kinds > 1)}{tried}"
    if not account.problems:
        return ""
    dtypes = f" in {', '.join(account.dtypes)}" if account.dtypes else ""
    error = f"the error at most {account.worst:.2g} × what is allowed" if account.worst else "in every bit"
    else_right = "where there is NaN or infinity; else right: " if account.findings else ""
    return f"{else_right}{account.problems} problems{dtypes}, {error}{_speed(account)}"


def _speed(account: Account) -> str:
    """In words, where the interval says nothing or no more than that they are alike."""
    if not account.speed:
        return ""
    ratio, low, high = account.speed
    near = low <= ALIKE and high >= 1 / ALIKE
    if high > (WIDE if near else WIDE**4) * low:
        return "; how fast cannot be told here"
    size = f" at {account.size}" if account.size else ""
    return f"; {'' if near else f'{ratio:.2g} ({low:.2g} to {high:.2g}) × '}as fast as the reference{size}"


def _told(number: int, finding: Finding, code: Callable[..., list[str]]) -> Iterator[str]:
    wrong = finding.wrong
    more = f": {wrong.more}" if wrong.more else ""
    count = f" ({finding.problems} problems)" if finding.problems > 1 else ""
    said = f"{number}. {finding.function} {SAYS[wrong.kind]}{more}{count}"
    yield from textwrap.wrap(said, WIDTH, subsequent_indent="   ")
    if finding.wrong.got:
        yield f"   gives {finding.wrong.got}, right is {finding.wrong.right}"
    if finding.call is not None:
        yield from (f"   {line}" for line in code(finding.wrong, *finding.call))
