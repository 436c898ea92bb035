"""Every known cheat is refuted under its name, with the reference in NumPy; honest kernels are right."""

from pathlib import Path

import pytest

from shrinkage.properties.referee.trial import Account, Trial
from shrinkage.properties.referee.verdict import SAYS

from .cheats import CHEATS, HONEST, REFERENCE

pytestmark = pytest.mark.power
SECONDS = 20.0


def judged(folder: Path, candidate: str, reference: str = REFERENCE) -> dict[str, Account]:
    """What is told of each function."""
    ours, theirs = folder / "candidate.py", folder / "reference.py"
    ours.write_text(candidate)
    theirs.write_text(reference)
    return {account.function: account for account in Trial(str(ours), str(theirs), SECONDS, False).judged()}


@pytest.mark.parametrize(("kind", "source"), CHEATS.values(), ids=CHEATS)
def test_a_cheat_is_called_by_its_name(tmp_path, kind, source):
    """Each is found, and under no other name alone."""
    (account,) = judged(tmp_path, f"import numpy as np\n{source}").values()
    assert kind in account.findings, account
    assert account.findings[kind].wrong.kind in SAYS
    assert account.speed is None


def test_honest_kernels_are_right_and_timed(tmp_path):
    """Other orders and formulas, in four dtypes, within what is allowed; each has a speed."""
    for account in judged(tmp_path, HONEST).values():
        assert not account.findings, account
        assert account.problems > 20
        assert {"float64", "float32", "float16"} <= {*account.dtypes}
        assert account.speed is not None


def test_who_calls_the_reference_is_told_of_and_right(tmp_path):
    """It is no fault, and no achievement."""
    (account,) = judged(tmp_path, "import reference\n\ndef softmax(x):\n    return reference.softmax(x)\n").values()
    assert not account.findings
    assert any("calls softmax" in note for note in account.notes), account
