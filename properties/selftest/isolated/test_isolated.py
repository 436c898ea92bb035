"""`--isolate`: hostile code gets its verdict, the run comes to its end, and nothing is left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shrinkage.loader import Choice, WrongChoice
from shrinkage.properties.engine.account.failure import Breach
from shrinkage.properties.engine.falsify import refute
from shrinkage.properties.isolated.implementation import Isolated
from shrinkage.properties.isolated.limits import Limits
from shrinkage.properties.report import scorecard
from shrinkage.properties.selftest.own_pytest import ROOT, own_pytest
from shrinkage.properties.selftest.seeded_bugs.hostile import DEEDS

pytestmark = pytest.mark.power

HOSTILE = "properties/selftest/seeded_bugs/hostile.py"
# What is said of each hostile function; of those in DEEDS, in their order.
SAID = {
    "linear_form": r"linear_form gave no answer within 1 s\n  at line \d+ of hostile.py, in loops_endlessly\n",
    "linear_form_jacobian": "linear_form_jacobian ended the process with exit code 0",
    "squared_norm": "squared_norm ended the process by SIGSEGV\n  at line .*\n  at line .* in crashes",
    "squared_norm_jacobian": "squared_norm_jacobian asked for more memory than the 1024 MB that there are",
    "matvec": "RecursionError: maximum recursion depth exceeded",
    "matvec_jacobian": "matvec_jacobian printed 'all work and no play",
    "quadratic_form": "quadratic_form raised KeyboardInterrupt, which is no Exception",
    "quadratic_form_jacobian": "quadratic_form_jacobian raised SystemExit, which is no Exception: 3",
    "relu_unit": r"relu_unit raised Own, which is no Exception: and what now\?",
    "elbow": "elbow left NumPy's error state changed: divide='ignore'",
    "relu_unit_loss": r"relu_unit_loss seeded a global random generator \(numpy.random.seed\)",
    "relu_unit_gradients": "relu_unit_gradients left the filters of warnings changed",
    "relu_unit_step": "relu_unit_step left the process in another working directory",
    "relu_network_loss": "OSError: .*Too many open files",
    "relu_network_step": "relu_network_step left a thread running",
    "relu_network": "relu_network changes its input W1",
    "relu_network_gradients": "relu_network_gradients gave what cannot be handed over: what says it is of shape",
    "elbows_after_step": r"elbows_after_step gave what cannot be handed over: .* shape \(1099511627776,\)",
}
CLAIMS = ["calculus", "relu", "relu_network", "interface"]


@pytest.fixture(scope="module")
def marked() -> dict[str, str]:
    """An environment by which all the processes of a run are known."""
    return {"SHRINKAGE_RUN": uuid.uuid4().hex}


def living(marked: dict[str, str]) -> list[str]:
    """The processes of the run that are there."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marked["SHRINKAGE_RUN"].encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:  # it has ended
            continue
    return found


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, marked: dict[str, str]) -> tuple[int, str, dict[str, Any]]:
    """Exit code, output and scorecard of two claims about each hostile function, and about some that are not."""
    card = tmp_path_factory.mktemp("hostile") / "card.json"
    files = [f"properties/test_{name}.py" for name in CLAIMS]
    limits = ["--isolate", "--call-seconds=1", "--isolate-megabytes=1024", "--isolate-files=64"]
    chosen = ["-k", "ordinary or inputs_are", "--impl", HOSTILE, "--scorecard", str(card), *limits]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*next(iter(marked.items())))
        code, output = own_pytest(*files, *chosen)
    return code, output, json.loads(card.read_text(encoding="utf-8"))


def test_a_run_on_hostile_code_comes_to_its_end(hostile, marked):
    """The exit code is 1, the scorecard is whole, no claim is missing, and no process is left behind."""
    code, output, card = hostile
    assert code == pytest.ExitCode.TESTS_FAILED, output[-4000:]
    jsonschema.validate(card, json.loads(scorecard.SCHEMA.read_text(encoding="utf-8")))
    (counts,) = re.findall(r"(\d+) failed, (\d+) passed", output)
    assert len(card["claims"]) == sum(map(int, counts))
    assert living(marked) == []


@pytest.mark.parametrize("function", SAID)
def test_hostile_code_gets_its_verdict(hostile, function):
    """A claim about it fails, and says in a sentence what it did."""
    assert set(DEEDS) < set(SAID)
    messages = [
        claim["message"]
        for claim in hostile[2]["claims"]
        if claim["functions"].get(function, {}).get("outcome") == "failed"
    ]
    assert any(re.search(SAID[function], message) for message in messages), messages


def test_who_does_no_harm_is_not_blamed(hostile):
    """Between the hostile ones, every claim about the others holds."""
    functions = hostile[2]["functions"]
    innocent = {name: row for name, row in functions.items() if name not in SAID}
    assert len(innocent) > 30
    assert [name for name, row in innocent.items() if row["failed"] or not row["held"]] == []


# ---- the judge's side ------------------------------------------------------------------------------------------------

IMPORTED = """
import os, sys
import numpy as np

if "_pytest" in sys.modules:
    raise RuntimeError("imported by the judge")

print("hello")
np.random.seed(0)

def linear_form(x, c):
    return np.dot(x, c)
"""
ENDLESS = "def linear_form(x, c):\n    while True:\n        pass\n"


def judged(folder: Path, source: str, *options: str) -> tuple[int, str]:
    """Exit code and output of a claim about `linear_form` in this source."""
    path = folder / "given.py"
    path.write_text(source)
    return own_pytest("properties/test_calculus.py", "-k", "linear_form_is", "--impl", str(path), "--isolate", *options)


def test_the_judge_never_imports_the_implementation(tmp_path):
    """It is imported elsewhere, where what it does on import is not held against it."""
    code, output = judged(tmp_path, IMPORTED)
    assert code == 0, output


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os\nos._exit(3)\n", "ended the process with exit code 3."),
        ("import nothing_of_that_name\n", "failed on import: ModuleNotFoundError"),
        ("answer = 42\n", "offers no function of the contract"),
    ],
    ids=["exits", "fails", "empty"],
)
def test_what_cannot_be_imported_is_a_usage_error(tmp_path, source, said):
    """One sentence, as in one process, whatever happens on import."""
    code, output = judged(tmp_path, source)
    assert code == pytest.ExitCode.USAGE_ERROR, output
    (line,) = [line for line in output.splitlines() if line.startswith("ERROR: ")]
    assert said in line


@pytest.mark.parametrize("options", [["--call-seconds=0"], ["--isolate-files=-1"], ["--isolate-megabytes=many"]])
def test_limits_that_make_no_sense_are_a_usage_error(tmp_path, options):
    """A limit is a positive number."""
    code, output = judged(tmp_path, IMPORTED, *options)
    assert code == pytest.ExitCode.USAGE_ERROR, output


def test_nothing_is_timed_in_isolation():
    """With --isolate, benchmarks are refused in a sentence."""
    code, output = own_pytest("benchmarks/test_timings.py", "--impl", "numpy", "--isolate")
    assert code == pytest.ExitCode.USAGE_ERROR, output
    assert "ERROR: --isolate is for properties" in output


def test_what_is_judged_has_no_say_in_what_it_may_break(tmp_path):
    """An expected failure that a file states is not believed, one that the project knows of its own peers is."""
    row = {"claim": "test_linear_form_is_the_sum_of_the_products[*]", "reason": "I need not"}
    stated = f"EXPECTED_FAILURES = [{row}]\n"
    code, output = judged(tmp_path, "def linear_form(x, c):\n    return 7.0\n" + stated)
    assert code == pytest.ExitCode.TESTS_FAILED, output
    code, output = own_pytest("properties/test_ridge_limits.py", "--impl", "scipy", "--isolate", "-k", "ridge_normal")
    assert code == 0, output
    assert "xfailed" in output


def test_who_never_answers_is_given_up(tmp_path):
    """After one call without an answer the other claims fail at once, in the same words."""
    path, card = tmp_path / "endless.py", tmp_path / "card.json"
    path.write_text(ENDLESS)
    chosen = ["-m", "mathematics", "-k", "linear_form", "--impl", str(path), "--scorecard", str(card)]
    code, output = own_pytest("properties/test_calculus.py", *chosen, "--isolate", "--call-seconds=0.5", "-n", "0")
    assert code == pytest.ExitCode.TESTS_FAILED, output
    claims = json.loads(card.read_text(encoding="utf-8"))["claims"]
    messages = [claim["message"] for claim in claims if claim["outcome"] == "failed"]
    assert {message.split("\n")[0] for message in messages} == {"Breach: linear_form gave no answer within 0.5 s"}
    assert sum("is not called any more" in message for message in messages) == len(messages) - 1 > 0


CALLED = """
import numpy as np

def {loops}(w, dw, config=None):
    while True:
        pass

class Solver:
    def __init__(self, model, data, update_rule="sgd", **options):
        self.rule = globals()[update_rule]

    def train(self):
        self.rule(np.ones(2), np.ones(2))
"""


def test_who_is_called_by_another_is_to_blame(tmp_path):
    """A call that does not come back is put down to who was at work, and its caller is called again."""
    path = tmp_path / "endless_rule.py"
    path.write_text(CALLED.format(loops="rmsprop"))
    implementation = Isolated(Choice((str(path),)), Limits(seconds=0.5))
    try:
        for _ in range(2):
            with pytest.raises(Breach, match=r"^rmsprop gave no answer within 0\.5 s\n"):
                implementation.Solver(None, {}, "rmsprop").train()
    finally:
        implementation.close()


@pytest.mark.parametrize(
    ("limits", "source", "said"),
    [
        (
            Limits(seconds=0.3),
            "while True: pass\n",
            r"limited\.py was not imported within 0\.9 s: .*-seconds 0\.3, at line 1 of",
        ),
        (Limits(files=3), "", r"failed on import: .* --isolate-files 3 may be too little for it\.$"),
        (
            Limits(megabytes=64),
            "x = bytearray(1 << 30)\n",
            r"MemoryError, in line 1\. --isolate-megabytes 64 may be too little for it\.$",
        ),
    ],
    ids=["seconds", "files", "megabytes"],
)
def test_the_import_is_limited_and_the_limit_is_told(tmp_path, limits, source, said):
    """What is not imported within the limits is told with the limit, and where it was."""
    path = tmp_path / "limited.py"
    path.write_text(source)
    with pytest.raises(WrongChoice, match=said):
        Isolated(Choice((str(path),)), limits)


def test_who_prints_without_end_is_ended(tmp_path):
    """Also a solver, which may print: training that does so at every step would take minutes."""
    path = tmp_path / "loud.py"
    path.write_text("class Solver:\n    def train(self):\n        while True:\n            print('x' * 1_000_000)\n")
    implementation = Isolated(Choice((str(path),)), Limits())
    try:
        with pytest.raises(Breach, match=r"^Solver printed more than 16 MB"):
            implementation.Solver().train()
    finally:
        implementation.close()


def test_a_folder_is_judged_on_a_copy(tmp_path):
    """What it deletes and writes is its copy's, and the copy is gone afterwards; messages name the folder itself."""
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / "data.txt").write_text("kept")
    path = folder / "calculus.py"
    path.write_text(
        "import pathlib\nhere = pathlib.Path(__file__).parent\n\n"
        "def linear_form(x, c):\n    (here / 'data.txt').unlink()\n    pathlib.Path('new').write_text(str(here))\n"
        "    raise ValueError(here)\n"
    )
    implementation = Isolated(Choice((str(folder),)), Limits())
    try:
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            implementation.linear_form(1, 2)
    finally:
        implementation.close()
    assert not Path(str(caught.value)).exists()
    assert {path.name for path in folder.iterdir()} == {"data.txt", "calculus.py"}
    assert not Path("new").exists()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda sent: sent.name)
def test_nothing_outlives_the_judge(tmp_path, sent):
    """However pytest ends in the middle of a call that does not, the judged process ends as well."""
    path, mark = tmp_path / "endless.py", {"SHRINKAGE_RUN": uuid.uuid4().hex}
    path.write_text(ENDLESS)
    command = ["-m", "pytest", "-q", "properties/test_calculus.py", "-k", "linear_form_is", "--impl", str(path)]
    limits = ["--isolate", "--call-seconds=4", "-p", "no:cacheprovider"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")} | mark
    with subprocess.Popen(
        [sys.executable, *command, *limits],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as judge:
        end = time.monotonic() + 60
        while (
            not any("shrinkage.properties.isolated.child" in each for each in living(mark)) and time.monotonic() < end
        ):
            time.sleep(0.05)
        time.sleep(1.5)  # to be in the middle of the call
        judge.send_signal(sent)
    end = time.monotonic() + 15
    while living(mark) and time.monotonic() < end:
        time.sleep(0.05)
    assert living(mark) == []


# ---- what is wrong only between two calls, or beside an answer -------------------------------------------------------

PLANTED = """
from shrinkage.contract import CONTRACT
from shrinkage.properties.selftest.seeded_bugs import BUGS

(part,) = next(bug for bug in BUGS if str(bug) == {bug!r}).planted().parts
globals().update({{name: getattr(part, name) for name in CONTRACT}})
"""
ACROSS = [
    "linear_form_jacobian: a view of c",
    "matvec_jacobian: the matrix itself",
    "lstsq: y is overwritten with the residual",
    "relu_forward: in place",
    "sgd: the caller's config is filled in",
    "eval_numerical_gradient_array: f's buffer is read after it was used again",
    "FullyConnectedNet: NumPy's global seed has a say",
    "Solver: data are centred in place",
    "Solver: prints although verbose is False",
]


@pytest.mark.parametrize("bug", ACROSS)
def test_what_reaches_beyond_an_answer_is_refuted_as_in_one_process(tmp_path, bug):
    """Memory shared, arguments and buffers written to, global seeds and output cross to the judge."""
    path = tmp_path / "planted_bug.py"
    path.write_text(PLANTED.format(bug=bug))
    implementation = Isolated(Choice((str(path),)), Limits())
    try:
        assert refute(implementation, [bug.split(":")[0]]) is not None
    finally:
        implementation.close()
