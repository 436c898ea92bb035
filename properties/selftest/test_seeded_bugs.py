"""The suite, tested: every planted bug is refuted, and implementations that are right but unusual are not.

Run by ``pytest properties/selftest/test_seeded_bugs.py -m power``; ``python -m
shrinkage.properties.selftest.seeded_bugs`` prints who refutes what, and after how long. What is right is tried on as
many examples as the Hypothesis profile says: with ``-k "right and lapack" --hypothesis-profile long`` on 5,000 a claim.
"""

import json
import tomllib
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shrinkage.contract import CONTRACT, Kind
from shrinkage.loader import Implementation, load
from shrinkage.peers import numpy as textbook
from shrinkage.properties.engine import bounds
from shrinkage.properties.engine.account.failure import Failed
from shrinkage.properties.engine.account.reports import mistake_of
from shrinkage.properties.engine.falsify import FEW, MANY, as_asked, claims, refute
from shrinkage.properties.engine.proxy import Judged
from shrinkage.properties.engine.verdict import judge
from shrinkage.properties.selftest.alternatives import DIFFERENT, TRIED, factorisations
from shrinkage.properties.selftest.own_pytest import own_pytest
from shrinkage.properties.selftest.seeded_bugs import BUGS, BUGS_ELSEWHERE
from shrinkage.properties.selftest.seeded_bugs.bug import REFUTED_BY, TEXTBOOK
from shrinkage.properties.selftest.seeded_bugs.counterexamples import is_right_when_pasted
from shrinkage.properties.selftest.seeded_bugs.malformed import MALFORMED, RIGHT

pytestmark = pytest.mark.power


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_a_planted_bug_is_refuted_by_a_claim_that_names_the_function(bug):
    """With this bug in the textbook, a claim fails that blames the function it is in.

    What is printed of it, pasted, gives what is printed; and it is typical of what the bank says, or nothing is said.
    """
    found, name, planted = bug.refuted()
    assert found is not None, f"no claim about {bug.function} fails"
    assert bug.function in found.blamed
    assert name in ("", *bug.typical)
    assert is_right_when_pasted(bug, found, planted), found.message


@pytest.mark.parametrize("bug", BUGS_ELSEWHERE, ids=str)
def test_a_bug_elsewhere_is_refuted_by_a_claim_that_names_the_function(bug):
    """The same of packages that are no textbook."""
    found, name, planted = bug.refuted()
    assert found is not None, f"no claim about {bug.function} fails"
    assert bug.function in found.blamed
    assert name in ("", *bug.typical)
    assert is_right_when_pasted(bug, found, planted), found.message


def test_there_are_bugs_in_every_function():
    """The bank has at least a hundred bugs, and at least one in every function of the textbook, each of its own.

    What the textbook does not offer has those of `MALFORMED`, which are in every function of the contract.
    """
    assert len(BUGS) >= 100
    assert {bug.function for bug in BUGS} == {name for name in CONTRACT if hasattr(textbook, name)}
    assert len({bug.source() for bug in BUGS}) == len(BUGS)
    assert set(MALFORMED["1% too large"]().offered) == set(CONTRACT)


def test_who_refuted_a_bug_is_kept_of_bugs_and_claims_that_there_are():
    """Of all others ``python -m shrinkage.properties.selftest.seeded_bugs --keep`` makes it anew."""
    assert REFUTED_BY.keys() <= {str(bug) for bug in [*BUGS, *BUGS_ELSEWHERE]}
    assert {name for names in REFUTED_BY.values() for name in names} <= {claim.name for claim in claims()}


def test_mutants_that_are_no_mistake_are_of_the_textbook_as_it_is():
    """What the tables excuse is a change of lines that are there; of others judge the mutants anew."""
    for table in Path(__file__).with_name("mutants").glob("*.toml"):
        source = (TEXTBOOK / f"{table.stem}.py").read_text(encoding="utf-8")
        there = {line.strip() for line in source.splitlines()}
        for mutant in tomllib.loads(table.read_text(encoding="utf-8"))["mutant"]:
            assert {line.strip() for line in mutant["old"].splitlines()} <= there, mutant["old"]


@pytest.mark.parametrize("function", CONTRACT)
def test_there_are_claims_about_every_function(function):
    """Each function has a claim of mathematics and one of its interface, and most have one of accuracy."""
    assert {"mathematics", "interface"} <= {claim.mark for claim in claims() if function in claim.about}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_malformed_is_refuted_in_every_function(kind):
    """Answers of 7, none or in lists, errors, NaN, wrong shapes, changed arguments: a claim fails for each function."""
    implementation = MALFORMED[kind]()

    def alone(name: str) -> Implementation:  # what a broken function takes along is put down to that one
        return Implementation(kind, types.SimpleNamespace(**{name: getattr(implementation, name)}), *RIGHT.parts)

    assert [name for name in implementation.offered if refute(alone(name), [name]) is None] == []


LOOPS_OF_PYTHON = {"jacobi", "loops"}  # on hundreds of rows they take minutes


@pytest.mark.parametrize("implementation", DIFFERENT, ids=lambda implementation: implementation.name)
def test_what_is_right_is_not_refuted(implementation):
    """No claim fails about an implementation that computes the same in another way."""
    assert refute(implementation, large=implementation.name not in LOOPS_OF_PYTHON, tries=as_asked()) is None


@pytest.mark.parametrize("implementation", TRIED, ids=lambda implementation: implementation.name)
def test_what_is_right_is_not_refuted_by_few_examples(implementation):
    """Nor is one of twelve more styles: products in any order, blocks, conjugate gradients, fractions, views.

    They are slow: on as many examples as the profile says where those are more than a plain `pytest` has.
    """
    (examples,) = as_asked()
    assert refute(implementation, large=False, tries=(examples if examples > MANY else FEW,)) is None


def stacked(X: Any, y: Any, lam: Any, counted: bool = True) -> Any:
    """NumPy's own least squares of [X; √λ I], where X's sides say what counts as zero, or if not counted, its rows'."""
    d = X.shape[1]
    rows = np.vstack([X, X.dtype.type(np.sqrt(lam)) * np.eye(d, dtype=X.dtype)])
    right = np.concatenate([y, np.zeros((d, *y.shape[1:]), y.dtype)])
    return np.linalg.lstsq(rows, right, rcond=max(X.shape) * np.finfo(X.dtype).eps if counted else None)[0]


def test_what_counts_as_zero_may_be_found_in_stacked_rows():
    """By LAPACK's SVD, which mixes columns by divide and conquer where there are more than 25."""
    given = Implementation("given", types.SimpleNamespace(ridge=stacked))
    assert refute(given, marks=("accuracy",), among=("test_default_rcond*",), tries=(MANY,)) is None


def test_a_cut_off_elsewhere_is_not_told_as_the_normal_equations():
    """Which have the same 0 there: what is wrong is where the line is drawn."""
    given = Implementation("given", types.SimpleNamespace(ridge=lambda X, y, lam: stacked(X, y, lam, counted=False)))
    X, exact = np.zeros((2, 24)), np.zeros(24)
    X[0, 12], X[1, 22] = 1.0, 17 / 16 * 24 * np.finfo(float).eps
    exact[[12, 22]] = 1.0, 2 / X[1, 22]
    with pytest.raises(Failed) as caught:
        judge("ridge", Judged(given).ridge(X, np.array([1.0, 2.0]), 0.0), exact, bounds.Bound(1.0, "by hand"))
    assert mistake_of(caught.value.failure) is None


ORTHOGONAL = {"the SVD": textbook.ridge_svd, "rows of √λ on top": factorisations.ridge_augmented_rows}
FORMS = {name: getattr(textbook, name) for name in bounds.RIDGE if name != "ridge"}


@pytest.mark.parametrize("algorithm", [*FORMS, *ORTHOGONAL])
def test_a_form_may_be_computed_by_the_algorithm_of_another(algorithm):
    """On ordinary problems each of the six forms, and ridge, by that of each; on hard ones by an orthogonal one."""
    solve = (FORMS | ORTHOGONAL)[algorithm]

    def ridge(X: Any, y: Any, lam: Any) -> Any:
        return solve(X, y, lam) if lam else textbook.lstsq(X, y)

    forms = types.SimpleNamespace(**dict.fromkeys(FORMS, solve), ridge=ridge)
    marks = ("accuracy" if algorithm in ORTHOGONAL else "mathematics",)
    among = ("test_ridge_minimises_its_objective*", "test_a_large_lam*")
    assert refute(Implementation(algorithm, forms), marks=marks, among=among, tries=as_asked()) is None


TYPED = {
    "ridge by a solve": """
def ridge(X, y, lam):
    return np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ y)
""",
    "ridge by the kernel": """
def ridge(X, y, lam):
    return X.T @ np.linalg.solve(X @ X.T + lam * np.eye(X.shape[0]), y) if lam else np.linalg.lstsq(X, y)[0]
""",
    "ridge by least squares with rows more": """
def ridge(X, y, lam):
    rows = np.vstack([X, np.sqrt(lam) * np.eye(X.shape[1])])
    return np.linalg.lstsq(rows, np.concatenate([y, np.zeros((X.shape[1], *y.shape[1:]))]))[0]
""",
    "least squares from NumPy": """
from numpy.linalg import pinv

def lstsq(X, y, rcond=None):
    return np.linalg.lstsq(X, y)[0]
""",
}


@pytest.mark.parametrize("source", TYPED.values(), ids=TYPED)
def test_textbook_code_holds_all_of_mathematics(tmp_path, source):
    """Formulas as they are typed, nothing checked, nothing scaled, the normal equations among them, break no claim."""
    path = tmp_path / "typed.py"
    path.write_text("import numpy as np\n" + source)
    assert refute(load([str(path)]), marks=("mathematics",), tries=as_asked()) is None


def test_the_textbook_as_it_is_typed_has_every_function():
    """What `.ci/run` judges by all of mathematics leaves none out."""
    assert set(load([str(Path(__file__).parents[1] / "examples" / "textbook.py")]).offered) == set(CONTRACT)


SEVEN = """
from shrinkage.contract import CONTRACT, Kind
from shrinkage.loader import Implementation
from shrinkage.properties.selftest.seeded_bugs.counterexamples import is_right_when_pasted
from shrinkage.properties.selftest.seeded_bugs.malformed import seven

globals().update(dict.fromkeys(CONTRACT, seven))
"""
EVERY_KIND = """
from shrinkage.contract import CONTRACT, Kind
from shrinkage.loader import Implementation
from shrinkage.properties.selftest.seeded_bugs.counterexamples import is_right_when_pasted
from shrinkage.properties.selftest.seeded_bugs.malformed import MALFORMED, RIGHT

kinds = [kind() for kind in MALFORMED.values()]
for i, name in enumerate(CONTRACT):
    offering = [kind for kind in kinds if name in kind.offered]
    globals()[name] = getattr(offering[i % len(offering)], name)
"""


@pytest.mark.parametrize("text", [SEVEN, EVERY_KIND], ids=["seven", "every kind"])
def test_a_malformed_file_ends_a_run_with_failed_claims(tmp_path, text):
    """A run on a file whose functions are all malformed exits with 1 and a verdict, on each where all are 7."""
    path, card = tmp_path / "malformed_file.py", tmp_path / "card.json"
    path.write_text(text)
    # The claims of the interface draw few examples, and so have few to shrink: a run of seconds.
    chosen = ["-m", "interface", "--tb=line", "--impl", str(path), "--scorecard", str(card)]
    code, output = own_pytest("properties", *chosen)
    assert code == pytest.ExitCode.TESTS_FAILED, output[-4000:]
    failed = {name for name, row in json.loads(card.read_text())["functions"].items() if row["failed"]}
    assert failed
    if text == SEVEN:
        # Without a forward pass there is no backward one: what comes of it is put down to the forward one.
        assert failed == {name for name, f in CONTRACT.items() if Kind.CACHE not in {a.kind for a in f.arguments}}
