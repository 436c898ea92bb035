"""`--as`, `--calls`, and what is said of what looks like a function of the contract and is none."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from shrinkage.contract import CONTRACT, stub
from shrinkage.loader import Choice, Implementation, WrongChoice, load
from shrinkage.loader.calls import in_file
from shrinkage.properties.engine.cuts import parameters
from shrinkage.properties.selftest.own_pytest import own_python

pytestmark = pytest.mark.power

SOLVE = """
import numpy as np

def solve(A, b, alpha):
    return np.linalg.solve(A.T @ A + alpha * np.eye(A.shape[1]), A.T @ b)

def both(X, y, alpha=1.0):
    return solve(X, y, alpha), None

class Model:
    def __init__(self, alpha):
        self.alpha = alpha

    def fit(self, X, y):
        self.coef_ = solve(X, y, self.alpha)
        return self

answer = 42
"""
X, y = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, 1.0]]), np.array([1.0, 2.0, 3.0])


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Writes a file, and loads it with these calls."""

    def loaded(text: str, *calls: str) -> Implementation:
        path = tmp_path / "given_with_calls.py"
        path.write_text(text)
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
        return load(Choice((str(path),), calls))

    return loaded


@pytest.mark.parametrize(
    "call",
    [
        "ridge=solve(A=X, b=y, alpha=lam)",
        "ridge = solve(X, y, lam)",
        "ridge=solve",
        "ridge=both(X, y, alpha=lam)[0]",
        "ridge=Model(lam).fit(X, y).coef_",
        "ridge=-solve(X, -y, np.float64(math.sqrt(lam)) ** 2)",
        "ridge=(lambda w: w)(np.stack([solve(X, each, lam) for each in y[None]])[0])",
        "ridge=solve(*(X, y), **{'alpha': lam})",
    ],
)
def test_a_call_is_a_function_of_the_contract(given, call):
    """Over its arguments; other names are the module's, NumPy's np, math, or Python's own."""
    implementation = given(SOLVE, call)
    assert implementation.offered == ["ridge"]
    assert np.allclose(implementation.ridge(X, y, 4.0), np.linalg.solve(X.T @ X + 4 * np.eye(2), X.T @ y))


def test_a_call_has_the_defaults_of_the_contract_and_wins_over_what_is_there(given):
    """`rcond` need not be given; and what was asked for is what is judged."""
    text = "def lstsq(X, y, cond):\n    return X, y, cond\n"
    assert given(text, "lstsq=lstsq(X, y, cond=rcond)").lstsq(1, 2) == (1, 2, None)


def test_a_class_is_a_class_under_another_name(given):
    """So that claims make one of it."""
    text = "class Net:\n    def __init__(self, hidden_dims):\n        self.hidden_dims = hidden_dims\n"
    assert isinstance(given(text, "FullyConnectedNet=Net").FullyConnectedNet([2]), object)
    assert isinstance(given(text, "FullyConnectedNet=Net").FullyConnectedNet, type)


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        (["solve(X, y, lam)"], "has to be FUNCTION=CALL"),
        (["ridge="], "has to be FUNCTION=CALL"),
        (["rigde=solve(X, y, lam)"], r"no function of the contract \(did you mean ridge or "),
        (
            ["ridge=sovle(X, y, lam)"],
            r"nor an argument \(X, y, lam\) \(did you mean solve\?",
        ),
        (["ridge=solve(X, y, lamb)"], r"speaks of lamb.* \(did you mean lam\?"),
        (["ridge=solve(X,, y)"], r"is no Python: invalid syntax at ', y\)'"),
        (["ridge=solve(X, y, lam))"], r"is no Python: unmatched '\)'"),
        (["ridge=X) + (y"], "is no Python: "),
        (["ridge=answer"], "is no function: it is 42"),
        (["ridge=Model.nothing"], "no attribute 'nothing'"),
        (["ridge=solve", "ridge=both"], "is the second call for ridge"),
    ],
)
def test_a_call_that_is_none_is_one_sentence(given, calls, said):
    """With the place of the mistake, or with the name that would have been right."""
    with pytest.raises(WrongChoice, match=said) as caught:
        given(SOLVE, *calls)
    assert str(caught.value).startswith(f"--as {calls[-1]!r}")
    assert "\n" not in str(caught.value)


def test_calls_come_from_a_file_too(tmp_path):
    """A name and a call on each line; what is none is refused with the name of the file."""
    path = tmp_path / "calls.toml"
    path.write_text('ridge = "solve(A=X, b=y, alpha=lam)"\nlstsq = "solve(X, y, 0)"\n')
    assert in_file(path) == ("ridge=solve(A=X, b=y, alpha=lam)", "lstsq=solve(X, y, 0)")
    for text, said in (("ridge = 3", "has to give ridge a call as text"), ("ridge = solve", "is no TOML")):
        path.write_text(text)
        with pytest.raises(WrongChoice, match=f"{re.escape(str(path))} {said}"):
            in_file(path)
    with pytest.raises(WrongChoice, match="cannot be read: No such file"):
        in_file(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("code", "call"),
    [
        (0, ("--calls", "calls.toml", "-n", "0")),
        (1, ("--as", "squared_norm=double(v=x)", "-n", "2")),
        (1, ("--as", "squared_norm=double(v=x)", "--isolate")),
    ],
)
def test_a_run_judges_calls(tmp_path: Path, code, call):
    """Of a wrong function it says so; in a process of its own, and in several."""
    (tmp_path / "mine.py").write_text("def double(v):\n    return 2 * v @ v\n")
    (tmp_path / "calls.toml").write_text('squared_norm = "double(x) / 2"')
    options = ("-k", "sum_of_the", "-m", "mathematics", "--profile", "quick")
    found, output = own_python(tmp_path, "-m", "shrinkage", "judge", "mine.py", *call, *options)
    assert found == code, output
    assert f"  squared_norm is double({'x) / 2' if code == 0 else 'v=x)'}." in output


# ---- what is nearly one ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def fit(X, y, alpha):", "fit(X, y, alpha) looks like ridge: add --as 'ridge=fit(X, y, alpha=lam)'"),
        ("def go(A, b, reg=1):", "go(A, b, reg) looks like ridge: add --as 'ridge=go(A=X, b=y, reg=lam)'"),
        ("def ridge_reg(y, tx, lambda_):", "add --as 'ridge=ridge_reg(y, tx=X, lambda_=lam)'"),
        ("def Affine_Forward(x, w, b):", "add --as 'affine_forward=Affine_Forward'"),
        ("def pseudo_inverse(A):", "add --as 'pinv=pseudo_inverse(A=X)'"),
        ("def ols(X, y):", "add --as 'lstsq=ols'"),
        ("class Ridge:\n    def fit(self, X, y):", ".py:Ridge"),
        ("def main(argv):", "(it has main): shrinkage judge --stub prints all there are"),
        ("from numpy.linalg import lstsq\nif 0:", "(it has lstsq from NumPy or SciPy)"),
    ],
)
def test_what_looks_like_a_function_of_the_contract_is_named(given, text, said):
    """By its name or by its arguments, with what to add to the command line; one sentence."""
    with pytest.raises(WrongChoice, match=" offers no function of the contract") as caught:
        given(f"{text}\n        pass\n")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def reluForward(x):", "reluForward(x) looks like relu_forward: add --as 'relu_forward=reluForward'"),
        (
            "def lstsq(y, X):",
            "lstsq(y, X) has its arguments in another order than lstsq(X, y, rcond=None, refine=None)",
        ),
        ("def ridge(X, y):", "ridge(X, y) cannot be called as ridge(X, y, lam)"),
        ("def lstsq(A, b, *, tol=0):", ""),
        ("def solve(a, b):", ""),  # which is no Solver
        ("class Ridge:\n    def fit(self, X, y):", ""),  # nor is that a function
        ("from numpy.linalg import lstsq\nif 0:", "has lstsq from NumPy or SciPy, which is not judged"),
        ("def ridge(X, y, lam):\n        raise NotImplementedError\ndef f():", "has still to be filled in: ridge"),
    ],
)
def test_what_may_be_misread_is_noted(given, text, said):
    """Beside what is judged: names that differ in case alone, arguments in another order, what is not judged."""
    notes = given(f"def squared_norm(x):\n    return x @ x\n{text}\n        pass\n").notes
    assert [said in note for note in notes] == [True] * bool(said), notes


def test_of_two_files_it_is_said_whose_function_was_judged(tmp_path):
    """In one sentence for all of them; what one has from the other is the same function."""
    (tmp_path / "one_of_two.py").write_text("def ridge(X, y, lam): pass\ndef pinv(X): pass\ndef lstsq(X, y): pass\n")
    (tmp_path / "two_of_two.py").write_text(
        "from one_of_two import lstsq\ndef ridge(X, y, lam): pass\ndef pinv(X): pass\n"
    )
    one, two = (str(tmp_path / f"{name}_of_two.py") for name in ("one", "two"))
    assert load([one, two]).notes == [f"Of {one} and {two}, {one} is who is judged by pinv, ridge."]


# ---- stubs -----------------------------------------------------------------------------------------------------------


def test_a_stub_is_valid_python_and_nothing_of_it_is_offered(given):
    """What has been filled in is; the error says what there is to be done."""
    with pytest.raises(WrongChoice, match=r"offers no function yet: fill in linear_form, .* and \d+ more"):
        given(stub())
    filled = given(stub() + "\ndef squared_norm(x):\n    return x @ x\n")
    assert filled.offered == ["squared_norm"]
    assert set(CONTRACT) >= {"squared_norm"}


@pytest.mark.parametrize(
    ("body", "offered"),
    [
        ("raise NotImplementedError", False),
        ("raise NotImplementedError('later')", False),
        ("x = x + 1\n    raise NotImplementedError", False),
        ("if len(x) > 9:\n        raise NotImplementedError\n    return x @ x", True),
        ("raise ValueError", True),
        ("for one in x:\n        raise NotImplementedError\n    return 0", True),
    ],
)
def test_only_what_always_refuses_is_a_stub(given, body, offered):
    """What raises a NotImplementedError for some arguments is judged by it."""
    text = f"def squared_norm(x):\n    {body}\ndef pinv(X, rcond=None):\n    return X\n"
    assert ("squared_norm" in given(text).offered) is offered


def test_an_optional_argument_is_offered_where_it_is_spoken_of(given):
    """A call that does without it has no such parameter, and is not judged with it."""
    text = "def fit(X, y, cut=None, exact=None):\n    return X"
    assert "refine" not in parameters(given(text, "lstsq=fit(X, y, rcond)").lstsq)
    assert "refine" in parameters(given(text, "lstsq=fit(X, y, rcond, refine)").lstsq)


def test_the_command_prints_stubs(tmp_path):
    """All of them, or some; a name that is none is refused."""
    command = ("-m", "shrinkage", "judge", "--stub")
    assert own_python(tmp_path, *command) == (0, stub() + "\n")
    assert own_python(tmp_path, *command, "ridge", "lstsq") == (0, stub(["ridge", "lstsq"]) + "\n")
    code, output = own_python(tmp_path, *command, "rigde")
    assert code == 2
    assert "rigde is no function of the contract (did you mean ridge" in output
