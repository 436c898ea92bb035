"""``shrinkage judge CANDIDATE --against REFERENCE``: one screen, and the judge's exit codes."""

import textwrap
import time
from collections.abc import Iterator

from shrinkage.loader import WrongChoice
from shrinkage.properties.report.screen import LONGEST, WIDTH

from .arithmetic import SOURCE
from .trial import Account, Finding, Trial, Unfit
from .verdict import SAYS


def run(candidate: str, reference: str, seconds: float, isolated: bool, verbose: bool) -> int:
    """Judge, print, and say how it went.

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
    for line in lines(candidate, reference, accounts, time.perf_counter() - begun, verbose):
        print(line)
    if not any(account.problems or account.findings for account in accounts):
        return 5
    return 1 if any(account.findings for account in accounts) else 0


def lines(candidate: str, reference: str, accounts: list[Account], seconds: float, verbose: bool) -> Iterator[str]:
    """The screen."""
    names = ", ".join(account.function for account in accounts)
    yield from _wrapped(f"{candidate} against {reference}: {names}", f"judged in {seconds:.0f} s")
    for account in accounts:
        verdict = "wrong" if account.findings else "right" if account.problems else "not judged"
        yield from textwrap.wrap(
            f"{account.function:<16} {verdict:<10} {_about(account)}",
            WIDTH,
            initial_indent="  ",
            subsequent_indent=" " * 30,
        )
    findings = [finding for account in accounts for finding in account.findings.values()]
    for number, finding in enumerate(findings, 1):
        yield from _told(number, finding, verbose)
    for account in accounts:
        for note in account.notes:
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
    if account.findings:
        kinds = len(account.findings)
        return f"{kinds} finding{'s' * (kinds > 1)} in {account.problems} problems"
    if not account.problems:
        return ""
    speed = f"; {account.speed:.2g} × as fast as the reference" if account.speed else ""
    dtypes = ", ".join(account.dtypes)
    error = f"the error at most {account.worst:.2g} × what is allowed" if account.worst else "in every bit"
    return f"{account.problems} problems in {dtypes}, {error}{speed}"


def _told(number: int, finding: Finding, verbose: bool) -> Iterator[str]:
    wrong = finding.wrong
    more = f": {wrong.more}" if wrong.more else ""
    count = f" ({finding.problems} problems)" if finding.problems > 1 else ""
    said = f"{number}. {finding.function} {SAYS[wrong.kind]}{more}{count}"
    yield from textwrap.wrap(said, WIDTH, subsequent_indent="   ")
    for text, most in ((finding.call, None if verbose else LONGEST), (_both(finding), None)):
        yield from textwrap.wrap(
            text, WIDTH, initial_indent="   ", subsequent_indent="     ", max_lines=most, placeholder=" …"
        )


def _both(finding: Finding) -> str:
    """What came and what is right."""
    return f"gives {finding.wrong.got}, right is {finding.wrong.right}" if finding.wrong.got else ""
