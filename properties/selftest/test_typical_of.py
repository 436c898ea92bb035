"""The table of mistakes, tested: it names seeded bugs rightly, or says nothing, and says nothing of what is right."""

import contextlib

import numpy as np
import pytest

from shrinkage.contract import CONTRACT
from shrinkage.loader import Implementation, load
from shrinkage.properties.engine.mistakes import MISTAKES, RIGHT, asked, typical_of
from shrinkage.properties.engine.mistakes.probes import read
from shrinkage.properties.selftest.seeded_bugs import BUGS
from shrinkage.properties.selftest.seeded_bugs.counterexamples import is_right_when_pasted

TEXTBOOK = load(["numpy"])
DESCRIBED = [bug for bug in BUGS if bug.typical]
ENOUGH = 0.6  # of the bugs that the table describes

pytestmark = pytest.mark.power

# What a formula may say of a call that it is not for: nothing at all, that it has no inverse, that rounding decides.
SILENT = (ValueError, ZeroDivisionError)


def test_some_of_what_the_table_describes_is_named_and_can_be_pasted():
    """Of a few bugs that the table describes most are named, none wrongly; of all of them `test_seeded_bugs` tells."""
    named = 0
    for bug in DESCRIBED[::8]:
        found, name, planted = bug.refuted()
        assert found is not None
        assert name in ("", *bug.typical)
        assert is_right_when_pasted(bug, found, planted), found.message
        named += bool(name)
    assert named >= ENOUGH * len(DESCRIBED[::8])


def test_the_bank_speaks_of_mistakes_that_there_are():
    """Every name in the bank is one of the function's mistakes."""
    for bug in DESCRIBED:
        assert set(bug.typical) <= {mistake.name for mistake in MISTAKES if bug.function in mistake.functions}, str(bug)


@pytest.mark.parametrize("function", [name for name in CONTRACT if name in RIGHT])
def test_every_formula_says_something(function):
    """On ordinary calls the right formula gives what the textbook does, and no formula breaks."""
    calls = [*asked(TEXTBOOK, function)]
    assert calls
    for arguments, result in calls:
        assert typical_of(function, arguments, result) is None
        RIGHT[function](**read(function, arguments))
        for mistake in MISTAKES:
            for formula in mistake.formulas_of(function):
                with np.errstate(all="ignore"), contextlib.suppress(*SILENT):
                    formula(**read(function, arguments))


def test_nothing_is_said_of_what_nobody_knows():
    """A function without a table, arguments that should be refused, a result of another kind: nothing, and no error."""
    assert typical_of("Solver", {}, None) is None
    assert typical_of("ridge", {"X": "text", "y": None, "lam": -1}, 7) is None
    assert typical_of("ridge", {"X": [[1.0]], "y": [1.0], "lam": 1.0}, {"w": 1}) is None


def test_of_two_mistakes_that_fit_none_is_named():
    """With X = 1 and y = 2, 2λ and an unpenalised feature look alike at some λ; a second call tells them apart."""

    class Doubling:
        @staticmethod
        def ridge(X, y, lam):
            return TEXTBOOK.ridge(X, y, 2 * lam)

    arguments = {"X": [[1.0]], "y": [2.0], "lam": 1.0}
    result = TEXTBOOK.ridge([[1.0]], [2.0], 2.0)
    assert typical_of("ridge", arguments, result) is None
    found = typical_of("ridge", arguments, result, asked(Implementation("doubling", Doubling), "ridge"))
    assert found is not None
    assert found.name == "λ doubled"
