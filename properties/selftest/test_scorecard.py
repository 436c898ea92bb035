"""The account of a run: what the scorecard says of right and of wrong functions, and that code in it can be pasted."""

import json
import math
import random
import re
import types
from pathlib import Path
from typing import Any, Literal

import jsonschema
import numpy as np
import pytest
from flint import fmpq
from hypothesis import Phase, settings

from shrinkage.loader import Implementation
from shrinkage.peers import numpy as textbook
from shrinkage.properties.engine.account import seen, shown, source_repr
from shrinkage.properties.engine.account.failure import Breach, Failed, Failure
from shrinkage.properties.engine.bounds import Bound
from shrinkage.properties.engine.falsify import FEW, _failure, claims, refute
from shrinkage.properties.engine.proxy import Judged
from shrinkage.properties.engine.strategies import Linear
from shrinkage.properties.engine.verdict import judge, refuses, within
from shrinkage.properties.report import files, findings, scorecard, screen, terminal
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
        assert again.dtype == value.dtype


def test_problems_can_be_pasted():
    """A drawn problem is printed as the code that makes it again."""
    problem = Linear(np.array([[0.1]]), np.array([1 / 3]), 1e-300, 1)
    again = eval(repr(problem), {"np": np, "Linear": Linear})
    assert repr(again) == repr(problem)
    assert source_repr.call("ridge", (problem.X, problem.y), {"lam": 2.0}).startswith("ridge(np.array([[0.1]]),")


# ---- what is told of a failure ---------------------------------------------------------------------------------------


def refuted(**functions: Any) -> Failure:
    """What is found about an implementation of these functions."""
    found = refute(Implementation("given", types.SimpleNamespace(**functions)), large=False)
    assert found is not None
    assert found.failure is not None
    assert found.blamed == (found.failure.function,)
    return found.failure


def in_place_sgd(w, dw, config=None):
    """As the course hands it out."""
    config = config or {}
    config.setdefault("learning_rate", 1e-2)
    w -= config["learning_rate"] * dw
    return w, config


def in_place_relu_backward(dout, cache):
    """Right, but dout is overwritten."""
    dout[cache <= 0] = 0
    return dout


def claims_of(implementation: Implementation, mark: str) -> list[str]:
    """Those of this mark that fail."""
    about = [c for c in claims() if c.mark == mark and c.about & {*implementation.offered} and not c.large]
    return [claim.name for claim in about if _failure(claim, Judged(implementation), FEW)[0] is not None]


def test_what_works_in_place_is_judged_by_its_value():
    """All of mathematics holds of it and of what is judged beside it, and no example is spoilt."""
    own = {name: getattr(textbook, name) for name in ("relu_forward", "affine_forward", "affine_backward")}
    given = Implementation(
        "in place", types.SimpleNamespace(sgd=in_place_sgd, relu_backward=in_place_relu_backward, **own)
    )
    assert claims_of(given, "mathematics") == []
    assert "test_the_next_w_is_a_new_array[sgd]" in claims_of(given, "interface")


def test_that_an_input_is_changed_is_told_once_with_the_input_as_it_was():
    """Whichever claim sees it goes on."""
    seen.begin()
    judged = Judged(Implementation("given", types.SimpleNamespace(sgd=in_place_sgd)))
    w = np.array([1.0, 2.0])
    got, _ = judged.sgd(w, np.array([1.0, 1.0]), {"learning_rate": 0.5})
    judged.sgd(w, np.array([1.0, 1.0]))
    np.testing.assert_array_equal(got, [0.5, 1.5])
    np.testing.assert_array_equal(w, [1.0, 2.0])
    told = seen.told()["sgd"]["changed"]
    assert told["call"] == "sgd(np.array([1.0, 2.0]), np.array([1.0, 1.0]), {'learning_rate': 0.5})"
    seen.begin()


def test_a_wrong_dtype_hides_no_wrong_value():
    """Where both fail the value is told; a right value of another dtype fails at the end."""
    found = refuted(matvec=lambda A, x: (2 * (np.asarray(A) @ x)).astype(np.float32))
    assert found.kind == "value"
    seen.begin()
    judge("matvec", np.ones(2, np.float32), np.ones(2), Bound(1e-16, "by hand"), dtype=np.float64)
    with pytest.raises(AssertionError, match="float64 comes back as float32"):
        seen.conclude()
    for wrong in (np.full(2, 1.001, np.float32), np.full(2, 2.0, np.float16)):
        with pytest.raises(AssertionError, match="error / bound"):
            judge("matvec", wrong, np.ones(2), Bound(1e-16, "by hand"), dtype=np.float64)
    seen.begin()


@pytest.mark.parametrize(
    ("got", "exact", "told"),
    [
        (0.99900000001, 0.999, ("0.99900000001", "0.999")),
        (2.0, 1.0, ("2", "1")),
        (1.0, fmpq(10**30 + 1, 10**30), ("1", "1.000000000000000000000000000001")),
        (np.array([1.0, 2.5]), [1.0, 2.25], ("[1, 2.5]", "[1, 2.25]")),
        (np.arange(20.0), [*range(19), 7], ("[19]: 19 (the worst of 20)", "[19]: 7 (the worst of 20)")),
        (math.nan, 1.0, ("nan", "1")),
    ],
    ids=str,
)
def test_two_answers_are_told_apart(got, exact, told):
    """In as many digits as that takes; of a large one, where they are furthest apart."""
    assert shown.pair(got, np.asarray(exact, object)) == told
    assert shown.alone(np.array([2])) == "[2] of int64" != shown.alone(np.array([2.0])) == "[2]"


def report(
    outcome: Literal["passed", "skipped"], *about: str, missing: str = "", when: Literal["setup", "call"] = "call"
) -> pytest.TestReport:
    """Of a claim about these functions, which was skipped for want of another one, or was not."""
    told = ("test_x.py", 1, f"Skipped: not offered: {missing}") if missing else None
    properties: list[tuple[str, Any]] = [("claim", ""), ("mark", "mathematics"), ("about", [*about])]
    properties += [("seen", {name: seen.Seen().told() for name in ([missing] if missing else about)})]
    where = ("test_x.py", 1, "")
    return pytest.TestReport(f"test_x.py::{about}{missing}", where, {}, outcome, told, when, user_properties=properties)


def screen_of(stats: dict[str, list[Any]], *chosen: str) -> list[str]:
    """The first lines, and the notes, of one who offers what these reports are about."""
    offers = sorted({name for each in stats.values() for one in each for name in dict(one.user_properties)["about"]})
    run: dict[str, Any] = {"lost": {}, "notes": [], "accuracy": None, "seconds": 0.0, "exit": 5}
    run |= {"implementation": "mine.py"}
    return [*screen.lines(scorecard.of_run(stats, **run, offers=offers, chosen=[*chosen]))]


def test_who_is_offered_and_not_reached_is_told_with_what_its_claims_call():
    """One line for all who want the same, and the run does not end as one that has judged all."""
    wanting = [report("skipped", name, missing="relu_forward") for name in ("relu_backward", "elbow", "ridge")]
    wanting.append(report("skipped", "relu_backward", missing="relu_forward"))
    stats = {"passed": [report("passed", "ridge")], "skipped": wanting}
    assert terminal.something_unjudged(stats, "")
    assert not terminal.something_unjudged(stats, "names of some")
    told = screen_of(stats)
    assert "  elbow, relu_backward are offered and were not judged: their claims call relu_forward too." in told
    assert "judged here" not in "".join(told)
    untimed = {"passed": stats["passed"], "skipped": [report("skipped", "elbow", when="setup")]}
    assert not terminal.something_unjudged(untimed, "")  # as pytest-benchmark skips it
    stats["passed"].append(report("passed", "relu_backward", "elbow"))
    assert not terminal.something_unjudged(stats, "")
    assert "not judged:" not in "\n".join(screen_of(stats))


@pytest.mark.parametrize(
    ("chosen", "which"),
    [
        ((), "its claims"),
        (("-m",), "the claims that -m chooses"),
        (("-k", "-m"), "the claims that -k (by name) and -m choose"),
    ],
)
def test_where_nothing_is_judged_the_options_that_were_given_are_named(chosen, which):
    """And no others."""
    stats = {"skipped": [report("skipped", "relu_backward", missing="relu_forward")]}
    says = f"mine.py: nothing was judged: {which} call what it does not offer, too: relu_forward"
    assert screen_of(stats, *chosen) == [says]


def test_what_is_past_its_limit_has_a_ratio_and_numbers_that_differ():
    """However little it is past: in as many digits as that takes, and a ratio never looks like what is allowed."""
    seen.begin()
    judged = Judged(Implementation("given", types.SimpleNamespace(squared_norm=lambda x: x @ x + 0.75)))
    got, bound = judged.squared_norm(np.array([1.0])), Bound(2.0**-40, "by hand")
    within("squared_norm", 1 + 2.0**-40, 1.0, bound, "{} and {}", got, 1)
    with pytest.raises(Failed) as caught:
        within("squared_norm", 1 + 6 * 2.0**-40, 1.0, bound, "{} from it, allowed {}", got, 1)
    failure = caught.value.failure
    assert (failure.ratio, failure.got, failure.expected) == (6.0, "1.75", "1")
    assert failure.says == "1.00000000001 from it, allowed 1"
    with pytest.raises(Failed, match=re.escape("error / bound = 1.0002, must be <= 1")):
        judge("squared_norm", 1 + 1.0003 * 2.0**-40, 1, bound)
    found = findings.findings([failed("ridge", "value", says=failure.says, ratio=1.0003)])
    assert found[0]["sentence"] == "ridge is wrong: the error is 1.0003 × what is allowed"
    seen.begin()


def broken(x, w, b):
    """Raises."""
    raise RuntimeError("out of order")


def test_an_error_is_put_down_to_who_raised_it():
    """And to nobody whom the claim uses beside."""
    own = {name: getattr(textbook, name) for name in ("affine_backward", "relu_forward", "relu_backward")}
    found = refuted(affine_forward=broken, **own)
    assert found.function == "affine_forward"
    assert (found.kind, found.got) == ("raised", "RuntimeError: out of order")


@pytest.mark.parametrize("answer", [0, None, [], (1.0,), (1.0, 2.0, 3.0)], ids=str)
def test_what_is_no_answer_is_told_with_the_call(answer):
    """A number, nothing, too few and too many in the place of a pair."""
    found = refuted(affine_forward=lambda x, w, b: answer)
    assert found.kind == "form"
    assert found.code.startswith("affine_forward(np.")
    assert found.got == shown.alone(answer)


def test_what_is_not_refused_is_told_with_the_call():
    """What came in place of the error, and which was due."""
    seen.begin()
    judged = Judged(Implementation("given", types.SimpleNamespace(squared_norm=lambda x: np.float64(x @ x))))
    with pytest.raises(Failed) as caught, refuses("NaN", ValueError, "x"):
        judged.squared_norm(np.array([np.nan]))
    failure = caught.value.failure
    assert (failure.kind, failure.got, failure.expected) == ("not refused", "nan", "ValueError that names x")
    assert failure.code == "squared_norm(np.array([np.nan]))"
    seen.begin()


def test_what_only_numbers_can_have_is_told_by_two():
    """Whichever example has failed first, also the one of 67 units."""
    (claim,) = [each for each in claims() if each.name == "test_elbow_is_where_the_line_crosses_zero[ordinary]"]
    judged = Judged(Implementation("given", types.SimpleNamespace(elbow=lambda w, b: -b / w if w else math.nan)))
    few = settings(max_examples=20, phases=(Phase.generate, Phase.shrink), database=None, deadline=None)
    for first in range(6):
        random.seed(first)
        seen.begin()
        with pytest.raises(ValueError, match="truth value") as caught:
            claim.hold(judged, few)
        failure = seen.explain(caught.value)
        assert failure is not None
        assert failure.size == 4
    seen.begin()


def failed(function: str, kind: str, mark: str = "mathematics", **more: Any) -> dict[str, Any]:
    """A claim as a scorecard has it."""
    failure = {"function": function, "kind": kind, "says": "error / bound = 7", "call": f"{function}(1.0)", **more}
    found = {function: {"outcome": "failed", "misses": more.pop("misses", [])}}
    name = f"test_x.py::test_{kind}_{mark}[{function}]"
    claim = {"id": name, "claim": "It holds.", "mark": mark, "outcome": "failed"}
    return claim | {"message": "", "failure": failure, "functions": found}


def test_failures_of_one_cause_are_one_finding():
    """One for a mistake, one for all dtypes, one for what is not refused; the smallest example that can be pasted."""
    mistake = {"name": "n", "sentence": "s"}
    found = findings.findings(
        [
            failed("ridge", "value", size=9, complete=True),
            failed("ridge", "value", "accuracy", size=3, complete=True, typical_of=mistake),
            *(failed(name, "dtype", "accuracy", says="float32 comes back as float64") for name in ("ridge", "lstsq")),
            *(failed(name, "not refused", "interface", says="NaN is not refused") for name in ("ridge", "lstsq")),
        ]
    )
    assert [(one["kind"], one["mark"], len(one["claims"])) for one in found] == [
        ("value", "mathematics", 2),
        ("dtype", "interface", 2),
        ("not refused", "interface", 2),
    ]
    assert found[0]["typical_of"] == mistake
    assert found[2]["sentence"] == "NaN is not refused: lstsq, ridge"


def test_roundings_and_gross_errors_are_two_findings():
    """The worst comes first, told by the simplest example of its kind; where errors lie between, it is one cause."""
    given: dict[int, Any] = {n: {"size": n, "complete": True, "call": f"ridge({n})"} for n in range(9)}
    few = [failed("ridge", "value", "accuracy", ratio=2.3, **given[1])]
    few += [failed("ridge", "value", ratio=180.0, **given[2])]
    far = [failed("ridge", "value", "accuracy", ratio=ratio, **given[8]) for ratio in (8e8, 7e10)]
    far += [failed("ridge", "value", ratio=1e7, **given[6])]
    far += [failed("ridge", "value", "accuracy", ratio=None, **given[3])]
    first, second = findings.findings(few + far)
    assert (first["call"], len(first["claims"])) == ("ridge(6)", 2)
    assert first["sentence"] == "ridge is wrong: the error is 7e+10 × what is allowed"
    assert second["call"] == "ridge(1)"
    assert second["sentence"] == "ridge is wrong: the error is 1.8e+02 × what is allowed"
    between = [failed("ridge", "value", ratio=ratio, **given[5]) for ratio in (1e4, 1e6)]
    (only,) = findings.findings(few + between + far)
    assert only["call"] == "ridge(5)"


class Uniform:
    """A TwoLayerNet whose weights are of the wrong distribution."""

    def __init__(self, input_dim, hidden_dim, num_classes, weight_scale):
        rng = np.random.default_rng(0)
        self.params = {"W1": weight_scale * rng.random((input_dim, hidden_dim)), "b1": np.zeros(hidden_dim)}
        self.params |= {"W2": weight_scale * rng.random((hidden_dim, num_classes)), "b2": np.zeros(num_classes)}


@pytest.mark.parametrize(
    ("name", "judged", "claim", "says", "ends"),
    [
        (
            "sgd",
            lambda w, dw, config=None: (w - 0.01 * dw, config),
            "test_a_config_is_filled*",
            "sgd: config comes back as None",
            " = ([0.995, 2.005], None), right is a config, a dict with learning_rate, beside w",
        ),
        (
            "TwoLayerNet",
            Uniform,
            "test_two_layers_start*",
            "TwoLayerNet: the mean of W1 / 0.25 is 0.5",
            "weight_scale=0.25) gives 0.499568, right is 0 ± 0.061",
        ),
        (
            "linear_form",
            lambda x, c: sum(a * b for a, b in zip(np.asarray(x), np.asarray(c), strict=True)),
            "test_integers_and_bools*",
            "for integers, bools or lists of them the result is int64",
            "is of int64, right is float64",
        ),
        (
            "matvec",
            lambda A, x: np.zeros(3),
            "test_sizes_of_zero_in_vector_calculus",
            "",
            "matvec(np.zeros((0, 3)), np.array([1.0, 1.0, 1.0])) = [0, 0, 0], right is an array of shape (0,)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else "",
)
def test_what_came_and_what_is_right_is_told(name, judged, claim, says, ends):
    """Also of a config, of weights that are drawn, and of what has a shape and no numbers."""
    given = Implementation("given", types.SimpleNamespace(**vars(textbook) | {name: judged}))
    found = refute(given, [name], large=False, among=(claim,))
    assert found is not None
    assert found.failure is not None
    (told,) = findings.findings([failed(**found.failure.told())])
    assert says in told["sentence"]
    assert screen.told(told, told["call"]).endswith(ends)


def test_digits_that_go_with_the_condition_are_lost():
    """Where errors are what the condition can have done to them; where they are larger, it is wrong."""
    growing = [[10.0**k, 10.0 ** (k - 3)] for k in range(4, 12)]
    claim = failed("ridge", "value", "accuracy", says="error / bound = 1e+08, must be <= 1", ratio=1e8)
    claim["functions"]["ridge"]["misses"] = growing
    row = findings.verdicts([claim])["ridge"]["accuracy"]
    assert (row["verdict"], row["condition"]) == ("loses digits", 1e4)
    (found,) = findings.findings([claim])
    assert found["sentence"] == "ridge loses digits: the error is 1e+08 × what is allowed"
    claim["functions"]["ridge"]["misses"] = [[10.0**k, 1e20] for k in range(4, 12)]
    assert findings.verdicts([claim])["ridge"]["accuracy"]["verdict"] == "wrong"
    (found,) = findings.findings([claim])
    assert found["sentence"] == "ridge is wrong: the error is 1e+08 × what is allowed"


def test_more_than_the_square_of_the_condition_is_not_put_down_to_the_normal_equations():
    """A wrong rank fails a claim, too: its error is told by itself, and is none of what the verdict says is lost."""
    squares = failed("ridge", "value", "accuracy", ratio=1e9, typical_of={"name": "normal equations", "sentence": "s"})
    squares["functions"]["ridge"]["misses"] = [[1e3, 1e4], [1e6, 1e9]]
    rank = failed("ridge", "value", "accuracy", ratio=1e30)
    assert findings.verdicts([squares, rank])["ridge"]["accuracy"]["ratio"] == 1e9
    sentences = [found["sentence"] for found in findings.findings([squares, rank])]
    lost = "ridge loses the square of the condition: the error is 1e+09 × what is allowed"
    assert sentences == [lost, "ridge is wrong: the error is 1e+30 × what is allowed"]


@pytest.mark.parametrize("made", [True, False])
def test_who_calls_what_never_answers_is_not_held_to_be_right(made):
    """A net whose layer is to blame has given nothing that could be right: neither in that call nor by being made."""

    class Net:
        params: dict[str, Any] = {}  # noqa: RUF012  # of one object

        def loss(self, X, y=None):
            raise Breach("relu_forward", "relu_forward gave no answer within 10 s")

    layer = Net().loss  # as of an isolated process, which knows where it was
    given = types.SimpleNamespace(FullyConnectedNet=lambda *_, **__: Net(), relu_forward=layer)
    judged = Judged(Implementation("given", given))
    seen.begin()
    net = judged.FullyConnectedNet([1], input_dim=1, num_classes=1)
    with pytest.raises(Breach) as raised:
        (judged.relu_forward if made else net.loss)(np.ones((1, 1)))
    seen.explain(raised.value)
    told = seen.told()
    assert told["relu_forward"]["failed"]
    assert not told["FullyConnectedNet"]["failed"]
    assert not told["FullyConnectedNet"]["reached"]


def test_who_fails_alone_is_to_blame_for_what_several_fail_in():
    """A claim about two functions says nothing of the one whose own claims hold; where neither fails alone, of both."""

    def claim(*functions: str) -> dict[str, Any]:
        found = {name: {"outcome": "failed"} for name in functions}
        return {"outcome": "failed", "functions": found, "failure": {"kind": "value"}}

    shared, alone = claim("affine_forward", "affine_backward"), claim("affine_backward")
    for failed, outcome in (([shared], "failed"), ([shared, alone], "not reached")):
        scorecard._settle(failed)
        assert shared["functions"]["affine_forward"]["outcome"] == outcome
        assert shared["functions"]["affine_backward"]["outcome"] == "failed"
