"""``shrinkage judge``: the installed claims, in a folder of somebody's own. Each run is a process of its own."""

import json
import platform
import re
import signal
import sys
import time
from pathlib import Path

import pytest
from hypothesis import settings

from shrinkage.properties.judge import PROFILES
from shrinkage.properties.report import screen
from shrinkage.properties.selftest.own_pytest import interrupted_python, own_python

pytestmark = pytest.mark.power

MINE = """
def squared_norm(x):
    return {factor}x @ x
"""
RELU = """
import numpy as np

def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, x):
    return dout * (x > 0)
"""
CLAIM, OTHER = "test_squared_norm_is_the_sum_of_the_squares", "test_matvec_is_the_product"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a right file and a wrong one."""
    made = tmp_path / "homework"
    made.mkdir()
    (made / "right.py").write_text(MINE.format(factor=""))
    (made / "wrong.py").write_text(MINE.format(factor="2 * "))
    return made


def judge(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of ``shrinkage judge`` there, on few examples of two claims.

    In one process, if `arguments` do not ask for more: each other one would be three times the work.
    """
    options = ("--profile", "quick", "-m", "mathematics", "-k", f"{CLAIM} or {OTHER}", "-n", "0")
    command = ("-m", "shrinkage", "judge", *arguments[:1], *options, *arguments[1:])
    environment = {"XDG_CACHE_HOME": str(folder.parent / "cache"), "PYTEST_ADDOPTS": "--nonsense"}
    return own_python(folder, *command, **environment, PYTHONDONTWRITEBYTECODE="")  # which stands for what most have


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(file.name for file in folder.iterdir())


def test_a_right_file_passes_and_its_folder_stays_as_it_was(folder):
    """A screen of three lines and nothing else; what is kept is in the user's cache folder."""
    code, output = judge(folder, "right.py", "-n", "2")
    assert code == 0, output
    assert re.match(r"right\.py offers 1 of \d+ functions: squared_norm +judged in \d+ s\n", output)
    assert re.search(r"^  mathematics  right +1 of 1 claims$", output, re.MULTILINE)
    assert output.count("\n") == 3
    assert names(folder) == ["right.py", "wrong.py"]
    assert names(folder.parent / "cache" / "shrinkage") == ["hypothesis", "pytest"]


def test_a_wrong_file_fails_with_the_input_that_shows_it(folder):
    """The call and both values, with -v the claim; exit code 1. Of several names, the first that offers it wins."""
    code, output = judge(folder, "wrong.py", "right.py")
    assert code == 1, output
    assert "   squared_norm(np.array([1.0])) = 2, right is 1\n" in output
    assert output.count("\n") <= 6
    code, output = judge(folder, "wrong.py", "-v", "-n", "2", "--", "-x")  # which xdist takes for an interruption
    assert code == 1, output
    assert "interrupted" not in output
    for words in (CLAIM, "squared_norm(x) is ‖x‖²", "call      squared_norm(np.array(["):
        assert words in output
    assert names(folder) == ["right.py", "wrong.py"]
    assert judge(folder, "right.py", "wrong.py")[0] == 0


HOW = {"here": (), "isolated": ("--isolate",), "two processes": ("--", "-n", "2")}


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_a_warning_is_no_failure_and_is_told_with_v(folder, how):
    """What NumPy warns of in the file, in a claim of accuracy too, is on the scorecard, and on the screen with -v."""
    text = MINE.format(factor="min(np.exp(1e9 * np.max(x, initial=1)), 1) ** 0 * ")
    (folder / "warns.py").write_text("import numpy as np\n" + text)
    card = folder.parent / "card.json"
    code, output = judge(folder, "warns.py", "-v", "--scorecard", str(card), "-m", "mathematics or accuracy", *how)
    assert code == 0, output
    says = "RuntimeWarning: overflow encountered in exp (warns.py, line 4)"
    assert f"It warns, which fails no claim:\n  {says}: 2 claims\n" in output
    assert json.loads(card.read_text())["warned"] == [{"says": says, "claims": 2}]
    assert "Warning" not in judge(folder, "warns.py", *how)[1]


FLUSH = """
import ctypes

library, environment = ctypes.CDLL(None), (ctypes.c_uint32 * 8)()
library.fegetenv(environment)
environment[7] |= 0x8040
library.fesetenv(environment)
"""
ON_IMPORT = (
    "import fast\nimport json\n\ndef relu_unit_loss(x, y, w, b):\n    return (max(w * x + b, 0.0) - y) ** 2 / 2\n"
)
IN_A_CALL = ON_IMPORT.replace("import fast", "").replace("    return", "    import fast\n    return")


@pytest.mark.skipif(platform.machine() != "x86_64" or sys.platform != "linux", reason="the bits are those of x86-64")
@pytest.mark.parametrize("how", [HOW["here"], HOW["isolated"]], ids=["here", "isolated"])
@pytest.mark.parametrize("text", [ON_IMPORT, IN_A_CALL], ids=["on import", "in a call"])
def test_small_numbers_that_an_import_has_taken_for_zero_are_regained(folder, text, how):
    """A library that sets flush-to-zero is named, and whoever imports it judged as if it had not."""
    (folder / "fast.py").write_text(FLUSH)
    (folder / "user.py").write_text(text)
    code, output = judge(folder, "user.py", "-v", "-k", "relu_unit_loss_is", "-m", "mathematics or accuracy", *how)
    assert code == 0, output
    assert re.search(r"^  accuracy +right +1 of 1 claims$", output, re.MULTILINE), output
    says = "has numbers below 2.2e-308 taken for zero (flush-to-zero, as -ffast-math sets it); that was undone"
    who = "fast, on import," if text == ON_IMPORT else "" if "--isolate" in how else "relu_unit_loss"
    assert f"{who} {says}" in " ".join(output.split()) or not who


def test_what_the_folder_says_to_pytest_is_not_heard(folder):
    """Neither its pytest.ini nor its conftest.py, nor one of a folder above; nor are its tests collected."""
    for where in (folder, folder.parent):
        (where / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\npython_files = none.py\n")
        (where / "conftest.py").write_text("raise RuntimeError('conftest.py was read')\n")
    (folder / "test_mine.py").write_text("raise RuntimeError('test_mine.py was read')\n")
    code, output = judge(folder, "right.py")
    assert code == 0, output


def test_what_follows_two_dashes_is_for_pytest(folder):
    """Among it -k, the last of which counts."""
    code, output = judge(
        folder, "right.py", "--", "--collect-only", "-k", "test_linear_form_is_the_sum_of_the_products"
    )
    assert code == 0, output
    collected = [line for line in output.splitlines() if "::" in line]
    assert {re.split(r"::|\[", line)[1] for line in collected} == {"test_linear_form_is_the_sum_of_the_products"}
    assert all(line.startswith("properties/test_calculus.py::") for line in collected)


def test_k_takes_the_name_of_a_function(folder):
    """Which the name of a claim about it need not hold."""
    (folder / "relu.py").write_text(RELU)
    code, output = judge(folder, "relu.py", "-k", "relu_backward")
    assert code == 0, output
    assert "  mathematics  right" in output
    assert judge(folder, "relu.py", "-k", "not relu_backward and not relu_forward")[0] == 5
    code, output = judge(folder, "relu.py", "-k", "relu_bakward")
    assert code == 5
    assert " leave none (did you mean relu_backward or " in output


def test_what_is_judged_together_with_another_is_told_so(folder):
    """A backward pass takes what the forward pass hands over."""
    (folder / "half.py").write_text(RELU.replace("relu_forward", "mine") + MINE.format(factor=""))
    code, output = judge(folder, "half.py", "-k", f"relu_backward or {CLAIM}", "-n", "2")
    assert code == pytest.ExitCode.NO_TESTS_COLLECTED, output
    assert re.search(r"^  mathematics +right +1 of 1 claims$", output, re.MULTILINE)
    assert "relu_backward is offered and was not judged: its claims call affine_forward, relu_forward too." in output


def test_a_cache_that_cannot_be_written_is_done_without(folder):
    """Silently."""
    (folder.parent / "cache").write_text("no folder")
    code, output = judge(folder, "right.py")
    assert code == 0, output
    assert "cache" not in output
    assert names(folder) == ["right.py", "wrong.py"]


def test_a_module_of_the_folder_is_judged_in_several_processes(folder):
    """By its name; and the scorecard is where it was asked for."""
    code, output = judge(folder, "right", "-n", "2", "--scorecard", "card.json")
    assert code == 0, output
    assert names(folder) == ["card.json", "right.py", "wrong.py"]


def test_what_cannot_be_judged_is_one_sentence(folder):
    """As the loader says it; the exit code is pytest's for a wrong usage."""
    (folder / "empty.py").write_text("answer = 42\n")
    for name, said in (("none.py", "none.py was not found"), ("empty.py", "empty.py offers no function")):
        code, output = judge(folder, name)
        assert code == pytest.ExitCode.USAGE_ERROR
        assert output.strip().count("\n") == 0
        assert output.startswith(f"ERROR: {said}")


def test_the_plugin_leaves_other_tests_as_they_are(folder):
    """Beside claims, by pytest's own options: a user's test may warn, and so may who is judged; no mark is unknown."""
    (folder / "test_mine.py").write_text("import warnings\n\ndef test_mine():\n    warnings.warn('mine')\n")
    (folder / "right.py").write_text("import warnings\n" + MINE.format(factor="warnings.warn('loud') or "))
    code, output = own_python(
        folder,
        *(
            "-B",
            "-m",
            "pytest",
            "-p",
            "shrinkage.properties.plugin",
            "-p",
            "no:cacheprovider",
            "--strict-markers",
            "-q",
        ),
        *("--pyargs", "shrinkage.properties.test_calculus", "test_mine.py", "-k", f"{CLAIM} or mine"),
        *("--impl", "right.py", "--hypothesis-profile", "ci"),
    )
    assert code == 0, output
    assert "3 passed" in output
    assert "UserWarning: mine" in output
    assert output.count("UserWarning: loud") == 1
    assert "It warns, which fails no claim:\n  UserWarning: loud (right.py, line 4): 2 claims\n" in output


def test_the_profiles_are_those_of_hypothesis():
    """With as many examples as the help says."""
    assert {name: settings.get_profile(name).max_examples for name in PROFILES} == PROFILES


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("os._exit(0)", "squared_norm ended the process that it ran in"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "squared_norm ended the process that it ran in"),
        ("while True: pass", "squared_norm did not come back within 0.2 s"),
        ("PyDLL(None).usleep(100_000_000)", "squared_norm did not come back within 0.2 s"),  # no other thread runs
    ],
)
def test_what_ends_or_stops_its_process_fails_a_claim_and_no_more(folder, does, told):
    """The run goes on to its end, says whose fault it was, and does not wait for it under the same mark again."""
    (folder / "mine.py").write_text(f"""
import os, signal
from ctypes import PyDLL

def squared_norm(x):
    {does}

def matvec(A, x):
    return A @ x
""")
    code, output = judge(folder, "mine.py", "--call-seconds", "0.2", "-n", "1")
    assert code == 1, output
    assert told in output
    assert re.search(r"right +matvec: 1 of 1 claims", output)


def test_code_that_ends_the_process_is_no_verdict(folder):
    """Nor is it one in the very process that judges."""
    (folder / "mine.py").write_text("import os\n\ndef squared_norm(x):\n    os._exit(0)\n")
    code, output = judge(folder, "mine.py", "-n", "0")
    assert code == 1, output
    assert "squared_norm ended the process that it ran in, with exit code 0" in output


@pytest.mark.parametrize(
    ("waits", "ended", "call"),
    [
        ("pass", 1, r"  call      squared_norm\(np\.array\(.*\)\n"),
        ("re.match('(a+)+$', 'a' * 50 + 'b')", -signal.SIGPROF, ""),  # no other thread runs
    ],
)
def test_a_call_that_never_returns_ends_the_very_process_that_judges(folder, waits, ended, call):
    """With its name and the claim, and with what it was given, where another thread can look; nothing else ends it."""
    (folder / "mine.py").write_text(f"import re\n\n\ndef squared_norm(x):\n    while True:\n        {waits}\n")
    code, output = judge(folder, "mine.py", "-n", "0", "--call-seconds", "0.1")
    assert code == ended, output
    assert re.fullmatch(
        rf"\nsquared_norm did not come back within 0\.1 s\.\n  claim     squared_norm\(x\) is ‖x‖²\.\n{call}"
        r"The run has ended with it; in several processes \(-n 2\) this claim would have failed, and no more\.\n",
        output,
    ), output


def test_where_nothing_is_judged_nothing_is_right(folder):
    """A sentence, and pytest's exit code for no tests."""
    code, output = judge(folder, "right.py", "-k", OTHER)
    assert code == pytest.ExitCode.NO_TESTS_COLLECTED, output
    assert output == "right.py: nothing was judged: no claim that -k (by name) and -m choose is about what it offers\n"


def test_a_page_is_all_that_was_found(folder):
    """One file, which loads nothing: the screen, and the message of each claim that failed."""
    code, output = judge(folder, "wrong.py", "--page", "page.html")
    assert code == 1, output
    page = (folder / "page.html").read_text(encoding="utf-8")
    for words in ("squared_norm(np.array([1.0])) = 2, right is 1", "default-src 'none'", "Every claim that failed"):
        assert words in page
    assert not re.search(r"(src|href)=", page)


def test_an_accuracy_of_its_own_is_enough_and_no_more(folder):
    """Whatever kinds of numbers the bounds are of; all that is right without it is right with it."""
    (folder / "rough.py").write_text(MINE.format(factor="1.0001 * "))
    assert judge(folder, "rough.py", "--accuracy", "1e-5")[0] == 1
    code, output = judge(folder, "rough.py", "--accuracy", "1e-3")
    assert code == 0, output
    assert "  Bounds were widened to --accuracy 0.001 where they are tighter." in output
    code, output = judge(folder, "numpy", "-m", "mathematics", "-k", "test_", "--accuracy", "1e-6", "-n", "2")
    assert code == 0, output


@pytest.mark.parametrize("file", ["nowhere/card.json", "c" * 300, ".", "c" * 250])
@pytest.mark.parametrize("option", ["--scorecard", "--page", "--gradescope"])
def test_a_file_that_cannot_be_written_is_one_sentence(folder, option, file):
    """Before anything is judged."""
    code, output = judge(folder, "right.py", option, file)
    assert code == pytest.ExitCode.USAGE_ERROR
    assert output.strip() == f"ERROR: {option} {Path(file)} cannot be written: give a file in a folder of yours."


@pytest.mark.parametrize("place", ["right.py", "right.py/in"])
def test_examples_are_kept_in_a_folder(folder, place):
    """Which a file is not."""
    code, output = judge(folder, "right.py", "--database", place)
    assert code == pytest.ExitCode.USAGE_ERROR
    assert output.strip() == f"ERROR: --database {place} cannot be written into: give a folder of yours."


@pytest.mark.parametrize("command", ["judge", "gate", "race"])
def test_a_folder_that_is_gone_is_one_sentence(tmp_path, command):
    """Removed while somebody stands in it."""
    run = [sys.executable, "-m", "shrinkage", command]
    script = f"import os; os.rmdir(os.getcwd()); os.execv({sys.executable!r}, {run})"
    (tmp_path / "gone").mkdir()
    code, output = own_python(tmp_path / "gone", "-c", script)
    assert code == 2
    assert output == f"shrinkage {command}: the folder that this was called in is not there any more\n"


ENDLESS = """import contextlib
import pathlib
import time


def squared_norm(x):
    with contextlib.suppress(OSError):
        pathlib.Path(__file__).with_name("begun").touch()
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (["-n", "0"], signal.SIGINT),
        (["-n", "2"], signal.SIGINT),
        (["-n", "0", "--isolate"], signal.SIGINT),
        (["-n", "0"], signal.SIGHUP),
        (["-n", "2"], signal.SIGTERM),
        (["-n", "0", "--isolate"], signal.SIGTERM),
    ],
)
def test_an_interrupted_run_says_so(folder, options, sent):
    """Ctrl-C inside a claim, or the end of a CI job: 2, the verdict so far, that this is so, and nothing is left."""
    (folder / "endless.py").write_text(ENDLESS)
    (folder / "right.py").write_text("def linear_form(x, c):\n    return x @ c\n")
    said = ["judge", "right.py", "endless.py", "-k", "linear_form_is or squared_norm", "--scorecard", "card.json"]
    begun, end = (folder / "begun").exists, time.monotonic() + 10
    in_time = (lambda: time.monotonic() > end) if "--isolate" in options else begun  # it may not write there
    temporary = folder.parent / "temporary"
    temporary.mkdir()
    code, output = interrupted_python(
        folder, in_time, "-m", "shrinkage", *said, *options, sent=sent, TMPDIR=str(temporary)
    )
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert "interrupted" in output
    assert "KeyboardInterrupt" not in output
    assert len(output.splitlines()) <= 10, output
    assert json.loads((folder / "card.json").read_text())["exit"] == pytest.ExitCode.INTERRUPTED
    assert "left at work" not in output
    assert not [name for name in names(temporary) if name.startswith("shrinkage")]


def test_of_a_long_call_every_argument_is_seen():
    """Its arrays are cut after a number, their brackets closed; a short one stays as it is."""
    numbers = ", ".join(["[1.5, -2.25]"] * 40)
    call = f"ridge(np.array([{numbers}], np.float32), np.array([3.0, 4.0]), 1e-06)"
    cut = screen.shortened(call)
    first, _, rest = cut.partition("…")
    assert re.fullmatch(r"ridge\(np\.array\(\[(\[1\.5, -2\.25\], )+(\[1\.5, )?", first)
    assert re.fullmatch(r"\]{1,2}, np\.float32\), np\.array\(\[3\.0, 4\.0\]\), 1e-06\)", rest)
    assert cut.count("[") == cut.count("]")
    assert len(cut) <= screen.LONGEST * screen.WIDTH
    assert screen.shortened(cut) == cut
