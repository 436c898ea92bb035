"""Each fault of a library that is told is there, in the version that is installed, or known to be mended."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shrinkage.properties.found import FAULTS, SCRIPTS, Fault, condition

SHARED = {"fractions", "math", "numpy"}  # the libraries themselves stand on NumPy
APART = {"signal", "subprocess", "sys"}  # for what never returns, which is called where that can be ended
IMPORTED = {"scikit-learn": "sklearn"}


def test_each_script_has_its_entry_and_each_entry_its_script():
    """One file has what is known of all of them."""
    assert {path.stem for path in SCRIPTS.glob("*/*.py")} == set(FAULTS)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_script_is_short_and_needs_the_library_only(fault):
    """Twenty lines with all that there is to it, the proof in rationals of a number too; one sentence says it."""
    assert len(fault.source.splitlines()) <= 20
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(fault.source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    own = {IMPORTED.get(fault.library, fault.library), *(["jax"] if fault.library == "optax" else [])}
    assert "fractions" in imported or imported == APART
    assert imported <= SHARED | own | APART
    assert "\n" not in fault.said
    assert fault.said.endswith(".")


@pytest.mark.power
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_fault_is_still_there(fault):
    """A release that mends it is good news, and `faults.toml` has to say so."""
    installed = fault.installed()
    if installed is None:
        pytest.skip(f"{fault.library} is not installed")
    run = fault.run()
    assert run.returncode == 0, run.stderr
    assert not fault.news(installed, run.stdout)


def test_digits_are_counted_up_to_those_of_float64():
    """A right answer has sixteen of them, one that is off by itself none, and what is no number none either."""
    assert [condition.digits(error, 1.0) for error in (0.0, 1e-20, 1e-8, 1.0, 10.0)] == [16.0, 16.0, 8.0, 0.0, 0.0]
    assert condition.digits(float("nan"), 1.0) == 0.0


def stored() -> dict[tuple[str, str], list[float]]:
    """The digits of the page, by what is asked for and call."""
    rows = json.loads((Path(__file__).parents[3] / "benchmarks/results/condition.json").read_text(encoding="utf-8"))
    return {(name, call): digits for name, _, _, call, digits in rows}


def test_what_is_lost_has_a_reason_and_what_has_a_reason_is_lost():
    """As failures that are expected do: one that is gone is told. A reason that names a script names one there is."""
    digits = stored()
    for (name, call), why in condition.reasons().items():
        kept = zip(digits[name, call], digits[name, condition.PROMISED], strict=True)
        assert any(condition.lost(*each) for each in kept) == bool(why), call
        assert set(re.findall(r"`(\w+)`", why)) <= set(FAULTS)


@pytest.mark.power
def test_which_calls_have_digits_at_condition_1e8_is_as_the_page_says():
    """In the versions that are installed; of what is not installed nothing is said."""
    before, where = stored(), condition.CONDITIONS.index(1e8)
    for name, library, of, call, (reached,) in condition.measured([1e8]):
        promised = before[name, condition.PROMISED][where]
        assert condition.lost(reached, promised) == condition.lost(before[name, call][where], promised), (
            f"{call} has {reached} digits by {library} {of}, and not {before[name, call][where]}: "
            f"python -m shrinkage.properties.found.condition --json > benchmarks/results/condition.json"
        )


MENDED = Fault("one", "lib", "1.9", "", "", mended="2.0")
OPEN = Fault("one", "lib", "1.9", "", "")


@pytest.mark.parametrize(
    ("fault", "installed", "output", "news"),
    [
        (OPEN, "1.10", "got 1\nwrong\n", ""),
        (OPEN, "1.10", "mended\n", "lib 1.10 has mended one"),
        (MENDED, "1.10", "wrong\n", ""),
        (MENDED, "2.1", "mended\n", ""),
        (MENDED, "1.10", "mended\n", 'say mended = "1.10", or an earlier version'),
        (MENDED, "2.1", "wrong\n", "lib 2.1 is wrong in one again, which 2.0 had mended"),
        (OPEN, "1.10", "", "neither shown the fault nor its absence"),
    ],
)
def test_a_release_that_mends_a_fault_is_told_by_its_version(fault, installed, output, news):
    """And what is mended has to stay so; versions are compared as such."""
    assert (news in fault.news(installed, output)) if news else not fault.news(installed, output)


def found(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What the command says."""
    command = [sys.executable, "-m", "shrinkage.properties.found", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.power
def test_the_command_lists_runs_and_writes():
    """One line for each fault; of one what it prints, and the text for the library's people."""
    listed = found().stdout.splitlines()
    assert [line.split()[0] for line in listed] == list(FAULTS)
    assert "known" in listed[0]
    assert "wrong\n" in found("numpy_norm").stdout
    letter = found("numpy_norm", "--letter").stdout
    assert FAULTS["numpy_norm"].known in letter
    assert FAULTS["numpy_norm"].source in letter
    for wrong, said in ((("nobody",), "nobody is none of numpy_norm, "), (("--letter",), "--letter is of one fault")):
        refused = found(*wrong)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert said in refused.stderr
