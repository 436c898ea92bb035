"""A judging in the tests' own process: of two sources, each function's account."""

import sys
from pathlib import Path

from shrinkage.properties.referee.trial import Account, Trial

from .cheats import REFERENCE

SECONDS = 20.0


def judged(folder: Path, candidate: str, reference: str = REFERENCE, seconds: float = SECONDS) -> dict[str, Account]:
    """What is told of each function; a reference of one word is a name."""
    ours, theirs = folder / "candidate.py", folder / "reference.py"
    ours.write_text(candidate)
    theirs.write_text(reference)
    against = reference if reference.isidentifier() else str(theirs)
    sys.modules.pop("reference", None)  # of this path, it may be another one
    return {account.function: account for account in Trial(str(ours), against, seconds, False).judged()}
