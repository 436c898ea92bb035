"""The account of a run: what the scorecard says of right and of wrong functions, and that code in it can be pasted."""

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from shrinkage.properties.engine.account import source_repr
from shrinkage.properties.engine.strategies import Linear
from shrinkage.properties.report import files, scorecard
from shrinkage.properties.selftest.own_pytest import own_pytest

pytestmark = pytest.mark.power

MIXED = """
import numpy as np

def linear_form(x, c):
    return np.dot(x, c)

def squared_norm(x):
    return 7.0

def matvec(A, x):
    raise RuntimeError("no")
"""


def run(folder: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    """Exit code, output and scorecard of the ordinary claims of chapter 1 about MIXED."""
    mixed, card = folder / "mixed.py", folder / "card.json"
    mixed.write_text(MIXED)
    chosen = ["-m", "mathematics", "--impl", str(mixed), "--scorecard", str(card)]
    code, output = own_pytest("properties/test_calculus.py", *chosen, *options)
    text = card.read_text(encoding="utf-8") if card.is_file() else "{}"
    return code, output, json.loads(text)


@pytest.mark.parametrize("processes", [[], ["-n", "2"]], ids=["one process", "two processes"])
def test_the_scorecard_has_every_claim_and_function(tmp_path, processes):
    """--scorecard FILE is as its schema says: what held, what failed with its worst input, what is not offered."""
    code, output, card = run(tmp_path, *processes)
    assert code == pytest.ExitCode.TESTS_FAILED, output
    jsonschema.validate(card, json.loads(scorecard.SCHEMA.read_text(encoding="utf-8")))
    assert (card["exit"], card["profile"], card["examples"]) == (1, "quick", 20)
    functions = card["functions"]
    assert functions["linear_form"]["held"] > 0
    assert functions["linear_form"]["judged"] >= 20
    assert functions["linear_form"]["failed"] == functions["linear_form"]["not offered"] == 0
    assert 0 < functions["linear_form"]["worst"] <= 1 or functions["linear_form"]["worst"] == 0
    assert functions["squared_norm"]["failed"] > 0
    assert functions["matvec"]["failed"] > 0
    assert functions["quadratic_form"]["not offered"] > 0
    assert functions["quadratic_form"]["held"] == functions["quadratic_form"]["failed"] == 0
    (wrong,) = [claim for claim in card["claims"] if "test_squared_norm_is_the_sum" in claim["id"]]
    assert "‖x‖²" in wrong["claim"]
    assert (wrong["outcome"], wrong["mark"]) == ("failed", "mathematics")
    assert "error / bound" in wrong["message"]
    judged = [found for claim in card["claims"] for found in claim["functions"].values() if "judged" in found]
    assert 0.0 in [found["worst"] for found in judged]
    assert all(found["input"] and found["source"] for found in judged)
    x = eval(wrong["functions"]["squared_norm"]["input"], {"np": np, "squared_norm": lambda x: x})
    assert float(x @ x) != 7.0


def test_a_scorecard_that_cannot_be_written_is_said_at_once(tmp_path):
    """A folder that is not there is a usage error before anything is run, and no file is left."""
    code, output, _ = run(tmp_path, "--scorecard", str(tmp_path / "nowhere" / "card.json"))
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --scorecard" in output
    assert not list(tmp_path.glob("*.json"))


def test_a_scorecard_is_written_whole_or_not_at_all(tmp_path):
    """What cannot be said in JSON leaves the file that was there as it was."""
    path = tmp_path / "card.json"
    files.write(path, {"before": 1})
    with pytest.raises(ValueError, match="JSON"):
        files.write(path, {"worst": math.inf})
    assert json.loads(path.read_text(encoding="utf-8")) == {"before": 1}


@pytest.mark.parametrize(
    "value",
    [
        np.array([[0.1, -0.0], [np.inf, np.nan]]),
        np.array([0.1, 5e-324], np.float32),
        np.zeros((0, 3)),
        np.array([1, 2]),
        np.arange(4.0).astype(">f8")[::-2],
        {"W1": np.ones((1, 2)), "reg": 0.1},
        [np.float32(0.1), (True,), None, "x", math.inf],
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_can_be_pasted(value):
    """The code that stands for a value makes it again, to the last bit."""
    again = eval(source_repr.code(value), {"np": np})
    np.testing.assert_equal(again, value)
    if isinstance(value, np.ndarray):
        assert again.shape == value.shape
        assert again.dtype == value.dtype.newbyteorder("=")


def test_problems_can_be_pasted():
    """A drawn problem is printed as the code that makes it again."""
    problem = Linear(np.array([[0.1]]), np.array([1 / 3]), 1e-300, 1)
    again = eval(repr(problem), {"np": np, "Linear": Linear})
    assert repr(again) == repr(problem)
    assert source_repr.call("ridge", (problem.X, problem.y), {"lam": 2.0}).startswith("ridge(np.array([[0.1]]),")
