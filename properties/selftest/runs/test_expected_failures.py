"""What a library does otherwise on purpose is expected to fail, and the run says so when it does not."""

import re
from pathlib import Path
from typing import Any

import pytest

from shrinkage.loader import WrongChoice, load
from shrinkage.peers import ExpectedFailure
from shrinkage.properties.selftest.own_pytest import own_pytest

pytestmark = pytest.mark.power

DOUBLED = "def matvec(A, x):\n    return 2 * (A @ x)\n"
RIGHT = "def matvec(A, x):\n    return A @ x\n"


def expecting(*rows: dict[str, Any]) -> str:
    """The line of a file that expects these failures."""
    return f"EXPECTED_FAILURES = {[*rows]!r}\n"


def judged(tmp_path: Path, source: str, *selected: str) -> tuple[int, str]:
    """Exit code and output of the claims of chapter 1 about a file with this source."""
    path = tmp_path / "homework.py"
    path.write_text(source)
    claims = selected or ("properties/test_calculus.py", "-k", "test_matvec_is_the")
    return own_pytest("-rfxX", "--impl", str(path), *claims)


def test_a_claim_fails_as_expected(tmp_path):
    """Its reason is told, and the run passes."""
    stated = expecting({"claim": "test_matvec_is_the_product[*]", "reason": "it doubles"})
    code, output = judged(tmp_path, DOUBLED + stated)
    assert code == 0, output
    assert "2 xfailed" in output
    assert "it doubles" in output


def test_a_claim_that_holds_against_expectation_fails_the_run(tmp_path):
    """What is stated is out of date."""
    stated = expecting({"claim": "test_matvec_is_the_product[hard]", "reason": "it doubled once"})
    code, output = judged(tmp_path, RIGHT + stated)
    assert code == 1, output
    assert "[XPASS(strict)] it doubled once" in output
    assert "1 failed, 1 passed" in output


def test_what_fails_sometimes_may_hold(tmp_path):
    """Where it is not strict, a claim may fail and may hold."""
    stated = expecting({"claim": "test_matvec_is_the_product[*]", "reason": "it doubles on Mondays", "strict": False})
    for source in (DOUBLED, RIGHT):
        code, output = judged(tmp_path, source + stated)
        assert code == 0, output


def test_what_would_never_end_is_not_run(tmp_path):
    """Of two that cover a claim the first counts."""
    stated = expecting(
        {"claim": "test_matvec_is_the_*", "reason": "it hangs", "run": False},
        {"claim": "test_matvec_*", "reason": "another reason"},
    )
    code, output = judged(tmp_path, "import os\n\ndef matvec(A, x):\n    os._exit(3)\n" + stated)
    assert code == 0, output
    assert "it hangs" in output


def test_an_expected_failure_of_no_claim_is_a_usage_error(tmp_path):
    """A name that no claim has ends a run over the whole folder, with exit code 4 and one sentence."""
    stated = expecting({"claim": "test_of_old[*]", "reason": "renamed"})
    code, output = judged(tmp_path, RIGHT + stated, "properties", "-k", "test_matvec_is_the")
    assert code == pytest.ExitCode.USAGE_ERROR, output
    assert re.search(r"^ERROR: .*expects test_of_old\[\*\] to fail, which is the name of no claim\.$", output, re.M)


@pytest.mark.parametrize(
    "stated",
    [
        '{"test_of[*]": "why"}',
        '["test_of[*]"]',
        '[{"claim": "test_of[*]"}]',
        '[{"claim": "test_of[*]", "reason": "why", "always": True}]',
        '[{"claim": "test_of[*]", "reason": "why", "strict": "no"}]',
        "7",
    ],
)
def test_a_table_that_cannot_be_read_is_refused(tmp_path, stated):
    """One sentence says what it should be, and what it is."""
    path = tmp_path / "of_no_table.py"
    path.write_text(f"{RIGHT}EXPECTED_FAILURES = {stated}\n")
    with pytest.raises(WrongChoice, match=r"^EXPECTED_FAILURES of of_no_table.* has to be a list of dicts .*\.$"):
        load([str(path)])


def test_only_a_star_is_a_wildcard():
    """Brackets and dots in a claim's name stand for themselves."""
    failure = ExpectedFailure("test_of[a.*]", "why")
    assert failure.covers("test_of[a.b]")
    assert not any(failure.covers(name) for name in ("test_ofa", "test_of[a]", "test_of[ab]", "test_of[a.b]]_"))


def test_of_one_among_several_nothing_is_held_against_the_others():
    """Taken together with others, no failure is strict: another may offer the function."""
    assert any(failure.strict for failure in load(["scipy"]).expected_failures)
    assert not any(failure.strict for failure in load(["numpy", "scipy"]).expected_failures)
