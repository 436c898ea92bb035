"""Departures: what a library does otherwise on purpose is expected to fail, and the run says so when it does not."""

import re
import sys
from pathlib import Path

import pytest

from shrinkage.loader import WrongChoice, load
from shrinkage.properties.selftest.own_pytest import own_pytest

pytestmark = pytest.mark.power

DOUBLED = "def matvec(A, x):\n    return 2 * (A @ x)\n"
RIGHT = "def matvec(A, x):\n    return A @ x\n"


def judged(tmp_path: Path, source: str, *selected: str) -> tuple[int, str]:
    """Exit code and output of the claims of chapter 1 about a file with this source."""
    path = tmp_path / "homework.py"
    path.write_text(source)
    claims = selected or ("properties/test_calculus.py", "-k", "test_matvec_is_the")
    return own_pytest("-rfxX", "--impl", str(path), *claims)


def test_a_departure_is_an_expected_failure(tmp_path):
    """A claim in DEPARTURES fails as expected, its reason is told, and the run passes."""
    code, output = judged(tmp_path, DOUBLED + 'DEPARTURES = {"test_matvec_is_the_product[*]": "it doubles"}\n')
    assert code == 0, output
    assert "2 xfailed" in output
    assert "it doubles" in output


def test_a_departure_that_holds_fails_the_run(tmp_path):
    """A claim in DEPARTURES that holds is a failure: the departure is out of date."""
    code, output = judged(tmp_path, RIGHT + 'DEPARTURES = {"test_matvec_is_the_product[hard]": "it doubled once"}\n')
    assert code == 1, output
    assert "[XPASS(strict)] it doubled once" in output
    assert "1 failed, 1 passed" in output


def test_what_departs_sometimes_may_hold(tmp_path):
    """A claim in SOMETIMES may fail and may hold."""
    stated = 'SOMETIMES = {"test_matvec_is_the_product[*]": "it doubles on Mondays"}\n'
    for source in (DOUBLED, RIGHT):
        code, output = judged(tmp_path, source + stated)
        assert code == 0, output


def test_what_would_never_end_is_not_run(tmp_path):
    """A claim in ENDLESS is not run, even where DEPARTURES has it too."""
    stated = 'ENDLESS = {"test_matvec_is_the_*": "it hangs"}\nDEPARTURES = {"test_matvec_*": "another reason"}\n'
    code, output = judged(tmp_path, "import os\n\ndef matvec(A, x):\n    os._exit(3)\n" + stated)
    assert code == 0, output
    assert "it hangs" in output


def test_a_departure_from_no_claim_is_a_usage_error(tmp_path):
    """A name that no claim has ends a run over the whole folder, with exit code 4 and one sentence."""
    stated = 'DEPARTURES = {"test_of_old[*]": "renamed"}\n'
    code, output = judged(tmp_path, RIGHT + stated, "properties", "-k", "test_matvec_is_the")
    assert code == pytest.ExitCode.USAGE_ERROR, output
    assert re.search(r"^ERROR: .*departs from test_of_old\[\*\], which is the name of no claim\.$", output, re.M)


def test_only_a_star_is_a_wildcard(tmp_path):
    """Brackets and dots in a claim's name stand for themselves."""
    path = tmp_path / "of_one_departure.py"
    path.write_text(RIGHT + 'DEPARTURES = {"test_of[a.*]": "why"}\n')
    (departure,) = load([str(path)]).departures
    assert departure.covers("test_of[a.b]")
    assert not any(departure.covers(name) for name in ("test_ofa", "test_of[a]", "test_of[ab]", "test_of[a.b]]_"))


def test_departures_of_one_among_several_are_not_held_against_the_others():
    """Taken together with others, an implementation's departures are not strict: another may offer the function."""
    assert any(departure.strict for departure in load(["scipy"]).departures)
    assert not any(departure.strict for departure in load(["numpy", "scipy"]).departures)


@pytest.mark.parametrize("name", ["sklearn", "torch", "jax"])
def test_a_peer_without_its_library_says_what_to_install(monkeypatch, name):
    """Where a peer's library is missing, one sentence says which extra has it."""
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"shrinkage.peers.{name}", raising=False)
    with pytest.raises(WrongChoice, match=rf"^{name} needs {name}.*: pip install 'shrinkage\[peers\]'\.$"):
        load([name])
