"""Claims as cases of somebody's own test suite: plain pytest, in a folder of its own, with no plugin of ours."""

import pytest

from shrinkage.properties.selftest.own_pytest import own_python

pytestmark = pytest.mark.power

MYLIB = """
import numpy as np

def matvec(A, x):
    return 2 * (A @ x)

def squared_norm(x):
    return float(x @ x)

def counted(x):
    with open("calls", "a") as file:
        file.write(".")
    return squared_norm(x)

def linear_form(x, c):
    return other(x, c)

def other(x, c):
    raise RuntimeError("not today")

class Model:
    def __init__(self, alpha):
        self.alpha = alpha

    def fit(self, X, y):
        self.intercept_ = 0.0
        self.coef_ = np.linalg.solve(X.T @ X + self.alpha * np.eye(X.shape[1]), X.T @ y)
        return self
"""
SUITE = """
import mylib
import shrinkage

@shrinkage.claims.parametrize({})
def test_mylib(claim):
    claim()
"""
CONFTEST = """
from hypothesis import settings

settings.register_profile("mine", max_examples=7, derandomize=True, database=None)
settings.load_profile("mine")
"""


@pytest.fixture
def run(tmp_path):
    """Exit code and output of pytest over a suite that parametrizes so."""

    def pytest_over(arguments: str, *options: str) -> tuple[int, str]:
        for name, text in (("mylib", MYLIB), ("test_mylib", SUITE.format(arguments)), ("conftest", CONFTEST)):
            (tmp_path / f"{name}.py").write_text(text)
        strict = ("--strict-markers", "-W", "error", "-p", "no:cacheprovider")
        return own_python(tmp_path, "-m", "pytest", "-q", *strict, *options)

    return pytest_over


def test_each_claim_is_a_case_and_a_failure_tells_the_call_and_both_values(run):
    """Under its own name; of what is inside nothing is shown."""
    chosen = ("-k", "test_matvec_is or squared_norm_is")
    code, output = run('matvec=mylib.matvec, squared_norm=mylib.squared_norm, marks="mathematics"', *chosen)
    assert code == 1
    assert "FAILED test_mylib.py::test_mylib[test_matvec_is_the_product[ordinary]]" in output
    assert "1 failed, 1 passed" in output
    for line in (">       claim()", "E         call      matvec(np.array([[1.0]]), np.array([1.0]))", "E         got "):
        assert line in output
    assert "hypothesis" not in output.lower()
    assert "properties/" not in output
    assert "Ax." in output


def test_what_is_raised_is_shown_from_where_it_is_called(run):
    """The traceback begins in the function that is judged."""
    code, output = run('mylib, marks="mathematics"', "-k", "linear_form_is")
    assert code == 1
    assert "linear_form raises RuntimeError: not today" in output
    assert "def linear_form(x, c):" in output
    assert "Draw 1" not in output
    assert "properties/" not in output


def test_marks_choose_and_pytest_knows_them(run):
    """By -m, and by the argument."""
    code, output = run("squared_norm=mylib.squared_norm", "-m", "interface", "--collect-only")
    assert code == 0, output
    assert "test_squared_norm_is" not in output
    code, output = run('squared_norm=mylib.squared_norm, marks=("mathematics",)', "--collect-only")
    assert code == 0, output
    assert "[test_squared_norm_is" in output
    assert "hard" not in output


def test_failures_are_expected_by_name_and_strictly(run):
    """A claim that holds against expectation fails; not where that is said."""
    wrong = '{"*matvec*": "it doubles"}'
    code, output = run(f'matvec=mylib.matvec, marks="mathematics", expected_failures={wrong}')
    assert code == 0, output
    assert "xfailed" in output
    right = '"test_squared_norm_is*": {"reason": "it was", "strict": False}'
    for said, expected in ((right, 0), (right.replace("False", "True"), 1)):
        code, output = run(f'squared_norm=mylib.squared_norm, marks="mathematics", expected_failures={{{said}}}', "-rX")
        assert code == expected, output


def test_the_profile_of_the_suite_says_how_many_examples(run, tmp_path):
    """Settings are those that its conftest has loaded."""
    code, output = run("squared_norm=mylib.counted", "-k", "test_squared_norm_is and ordinary")
    assert code == 0, output
    assert (tmp_path / "calls").read_text() == "." * 7


def test_classes_calls_and_modules_are_taken_as_on_the_command_line(run):
    """An estimator, and a function under another name."""
    code, output = run('mylib.Model, marks="mathematics"', "-k", "minimises")
    assert (code, "1 passed" in output) == (0, True), output
    code, output = run(
        "mylib, calls=['quadratic_form=np.sum(x * matvec(A, x)) / 2']", "-k", "test_quadratic_form_is and ordinary"
    )
    assert (code, "1 passed" in output) == (0, True), output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("rigde=len", "rigde is no function of the contract (did you mean ridge"),
        ("ridge=3", "ridge has to be a function, not 3."),
        ("", "there is nothing to judge: give a module, or functions by name, as in ridge=mylib.ridge."),
        ("ridge=len, marks='math'", "marks has 'math', which is none of mathematics, accuracy, interface"),
        (
            "ridge=len, expected_failures={'test_of_old': 'why'}",
            "expected_failures has 'test_of_old', which is no claim",
        ),
        ("ridge=len, expected_failures={'*': 3}", "expected_failures has to give '*' a reason"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(run, arguments, sentence):
    """At the line of the suite that says it, and nothing of what is inside."""
    code, output = run(arguments)
    assert code == 2
    assert f"WrongChoice: shrinkage.claims.parametrize: {sentence}" in output
    assert "properties/" not in output


def test_what_is_not_installed_is_named(tmp_path):
    """With the command that brings it."""
    program = "import sys; sys.modules['flint'] = None\nimport shrinkage\nshrinkage.claims.parametrize(ridge=len)"
    code, output = own_python(tmp_path, "-c", program)
    assert code == 1
    assert "ImportError: shrinkage.claims needs flint: pip install 'shrinkage[judge]' brings it." in output
