"""`--gradescope`: points for what held, the input that shows what did not, in the format that Gradescope documents."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shrinkage.properties.report import gradescope
from shrinkage.properties.selftest.own_pytest import ROOT, own_pytest

pytestmark = pytest.mark.power

# https://gradescope-autograders.readthedocs.io/en/latest/specs/
RESULTS: dict[str, Any] = {
    "type": "object",
    "required": ["score", "tests"],
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number", "minimum": 0},
        "execution_time": {"type": "integer", "minimum": 0},
        "output": {"type": "string"},
        "stdout_visibility": {"enum": [*gradescope.VISIBILITIES]},
        "tests": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "score", "max_score", "status", "output", "output_format", "visibility"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "score": {"type": "number", "minimum": 0},
                    "max_score": {"type": "number", "minimum": 0},
                    "status": {"enum": ["passed", "failed"]},
                    "output": {"type": "string", "minLength": 1},
                    "output_format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
                    "visibility": {"enum": [*gradescope.VISIBILITIES]},
                },
            },
        },
    },
}
HALF_RIGHT = """
def linear_form(x, c):
    return x @ c

def matvec(A, x):
    return 2 * (A @ x)
"""


def run(folder: Path, *options: str, source: str = HALF_RIGHT, points: str = "") -> tuple[int, str, dict[str, Any]]:
    """Exit code, output and results of the ordinary claims of chapter 1 about this source."""
    path, results = folder / "half_right.py", folder / "results.json"
    path.write_text(source)
    if points:
        (folder / "points.toml").write_text(points)
        options = (*options, "--gradescope-points", str(folder / "points.toml"))
    chosen = ["-m", "mathematics", "-k", "not long_vector", "--impl", str(path), "--gradescope", str(results)]
    code, output = own_pytest("properties/test_calculus.py", *chosen, *options)
    return code, output, json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}


@pytest.mark.parametrize("options", [[], ["-n", "2"], ["--isolate"]], ids=" ".join)
def test_a_function_gets_its_point_if_all_its_claims_hold(tmp_path, options):
    """A function is worth a point, of which a wrong one gets none, with the call that shows it; others are no entry."""
    code, output, found = run(tmp_path, *options)
    assert code == pytest.ExitCode.TESTS_FAILED, output
    jsonschema.validate(found, RESULTS)
    right, wrong = found["tests"]
    assert (right["name"], right["score"], right["max_score"], right["status"]) == ("linear_form", 1, 1, "passed")
    assert (wrong["name"], wrong["score"], wrong["max_score"], wrong["status"]) == ("matvec", 0, 1, "failed")
    assert found["score"] == 1
    for told in ("matvec(A, x) is Ax.", "error / bound", "call      matvec(np.array([["):
        assert told in wrong["output"]
    assert "reproduce" not in wrong["output"]
    assert {path.name for path in tmp_path.iterdir()} <= {"half_right.py", "results.json", "__pycache__"}


def test_points_are_as_configured(tmp_path):
    """Only what is in the table is an entry, in its order; what is not offered gets nothing, and is told so."""
    points = 'visibility = "after_due_date"\n[points]\nmatvec = 4\nsquared_norm = 2.5\nlinear_form = 3\n'
    _, output, found = run(tmp_path, points=points)
    assert found, output
    jsonschema.validate(found, RESULTS)
    assert [(t["name"], t["score"], t["max_score"]) for t in found["tests"]] == [
        ("matvec", 0, 4),
        ("squared_norm", 0, 2.5),
        ("linear_form", 3, 3),
    ]
    assert found["score"] == 3
    assert "Not offered" in found["tests"][1]["output"]
    assert {test["visibility"] for test in found["tests"]} == {"after_due_date"}


ROW = {"functions": {"adam": {"outcome": "held"}}, "seconds": 0.0, "mark": "mathematics"}
HALF = [
    ROW | {"id": "test_optim.py::test_a", "claim": "One.", "outcome": "held"},
    ROW
    | {"id": "test_optim.py::test_b", "claim": "Another.", "outcome": "failed", "message": "AssertionError"}
    | {"functions": {"adam": {"outcome": "failed"}}},
]


@pytest.mark.parametrize(("partial", "score"), [(False, 0), (True, 0.5)])
def test_half_of_its_claims_are_half_a_point_where_that_is_asked_for(partial, score):
    """With partial = true a function gets the share of its claims that held; what could not be imported gets none."""
    lost = ROW | {"id": "test_optim.py::test_c", "claim": "A third.", "outcome": "not offered"}
    lost |= {"functions": {"sgd": {"outcome": "not offered"}}}
    why = {"sgd": "optim.py is no Python.", "svm_loss": "It has nothing to do with what was chosen."}
    card = {"claims": [*HALF, lost], "offers": ["adam", "rmsprop"], "lost": why, "examples": 20}
    found = gradescope.results(card, gradescope.Points(partial=partial))
    jsonschema.validate(found, RESULTS)
    assert [(t["name"], t["score"], t["max_score"]) for t in found["tests"]] == [("adam", score, 1), ("sgd", 0, 1)]
    assert found["tests"][1]["output"] == "optim.py is no Python."
    asked = gradescope.results(card, gradescope.Points(points={"rmsprop": 2, "svm_loss": 1}))
    assert [test["output"] for test in asked["tests"]] == [
        "Not judged: no claim about it is among those that were chosen.",
        "Not offered: no claim about it was judged.",
    ]


@pytest.mark.parametrize(("unreached", "score"), [(1, 1), (2, 0)])
def test_what_was_mostly_not_reached_has_no_point(unreached, score):
    """That a new net's weights are right is no point where `relu_forward` never answers: no loss was seen."""
    held = ROW | {"id": "test_net.py::test_weights", "claim": "One.", "outcome": "held"}
    stuck = ROW | {"claim": "Another.", "outcome": "failed", "message": "AssertionError"}
    stuck |= {"functions": {"relu_forward": {"outcome": "failed"}, "TwoLayerNet": {"outcome": "not reached"}}}
    claims = [held | {"functions": {"TwoLayerNet": {"outcome": "held"}}}]
    claims += [stuck | {"id": f"test_net.py::test_{i}"} for i in range(unreached)]
    card = {"claims": claims, "offers": [], "lost": {}, "examples": 20}
    found = gradescope.results(card, gradescope.Points())
    jsonschema.validate(found, RESULTS)
    assert {test["name"]: test["score"] for test in found["tests"]} == {"TwoLayerNet": score, "relu_forward": 0}


def test_an_entry_may_be_a_claim(tmp_path):
    """With entries = "claim" each test is one, under the sentence that it claims."""
    _, output, found = run(tmp_path, points='entries = "claim"\n')
    assert found, output
    jsonschema.validate(found, RESULTS)
    scores = {test["name"]: (test["score"], test["max_score"]) for test in found["tests"]}
    assert scores == {"linear_form(x, c) is xᵀc.": (1, 1), "matvec(A, x) is Ax.": (0, 1)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("points = 3\n", "takes a table of points, not 3"),
        ("[points]\nnonesuch = 1\n", "gives points to nonesuch, which is no function of the contract"),
        ('[points]\nridge = "many"\n', "takes a number from 0 up for the points of ridge, not 'many'"),
        ("[points]\nridge = -1\n", "takes a number from 0 up for the points of ridge, not -1"),
        ('entries = "file"\n', "takes function or claim for entries, not 'file'"),
        ('visibility = "never"\n', "takes visible, hidden, after_due_date, after_published for visibility, not"),
        ("point = 1\n", "knows entries, partial, visibility and points, not point"),
        ("partial = 1\n", "takes true or false for partial, not 1"),
        ("entries = \n", "cannot be read: "),
    ],
)
def test_points_that_make_no_sense_are_one_sentence(tmp_path, text, said):
    """A wrong key, a wrong value and no TOML are each told in a sentence."""
    path = tmp_path / "points.toml"
    path.write_text(text)
    with pytest.raises(gradescope.WrongPoints) as caught:
        gradescope.read(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_wrong_option_is_a_usage_error(tmp_path):
    """Points that cannot be read, a folder that is not there and a run that stops early end it before it begins."""
    for options in (
        ["--gradescope-points", str(tmp_path / "none.toml")],
        ["--gradescope", str(tmp_path / "nowhere" / "results.json")],
        ["-x"],
    ):
        code, output, found = run(tmp_path, *options)
        assert code == pytest.ExitCode.USAGE_ERROR, output
        assert found == {}
        assert sum(line.startswith("ERROR: ") for line in output.splitlines()) == 1


def test_a_run_that_breaks_leaves_no_points(tmp_path):
    """Where a run does not come to its end, no file is written, and that of another run is gone."""
    (tmp_path / "results.json").write_text("{}")
    code, output, found = run(tmp_path, source=HALF_RIGHT + "\n\ndef matvec(A, x):\n    raise KeyboardInterrupt\n")
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert found == {}
    assert "there are no points to be given" in output


def test_the_course_is_judged_as_the_document_says(tmp_path):
    """The command that is printed names the mistake in the example's folder, and nothing else."""
    text = (ROOT / "properties" / "classroom" / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    (command,) = re.findall(r"^shrinkage (judge .*--gradescope) results\.json ", text, re.MULTILINE)
    results = tmp_path / "results.json"
    shell = ["bash", "-c", f"{sys.executable} -m shrinkage {command} {results} --profile quick"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(shell, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout[-4000:] + done.stderr
    found = json.loads(results.read_text(encoding="utf-8"))
    jsonschema.validate(found, RESULTS)
    wrong = [test for test in found["tests"] if test["status"] == "failed"]
    assert [test["name"] for test in wrong] == ["svm_loss"]
    assert len(found["tests"]) == 14
    for told in ("svm_loss(x, y) is the mean over samples of", "call      svm_loss(np.array([["):
        assert told in wrong[0]["output"]
    assert f"of {found['output'].split()[2]} claims hold" in text
