"""What a docstring says a function costs is what its cases count: one number of flops, in two places."""

import inspect
import re

import pytest

import shrinkage
from shrinkage.benchmarks.cases import CASES
from shrinkage.benchmarks.cases.case import Case
from shrinkage.contract import CONTRACT

TOKENS = r"epochs|\d+|[A-Za-z²³()+−·/]"
STATED = rf"(?:^|: )((?:{TOKENS}|\s)+) flops\b"


def formula(function: str) -> str:
    """That of the docstring, ``qp² + p³/3``, as Python."""
    notes = (inspect.getdoc(getattr(shrinkage, function)) or "").partition("Notes\n-----")[2]
    stated = re.search(STATED, notes, re.MULTILINE)
    assert stated, f"the Notes of {function} state no flops"
    tokens = re.findall(TOKENS, stated[1])
    source = ""
    for before, token in zip(["+", *tokens], tokens, strict=False):
        product = before not in "+−·/(" and token not in "+−·/)²³"
        source += "*" * product + {"²": "**2", "³": "**3", "−": "-", "·": "*"}.get(token, token)
    return source


def stated(case: Case) -> float:
    """The flops that the docstring states at the sizes of a case: of one call, for one target, unless it has more."""
    rows_and_columns = [size for letter, size in case.sizes.items() if letter in "mnd"]
    letters = {"k": 1, "p": min(rows_and_columns, default=0), "q": max(rows_and_columns, default=0), **case.sizes}
    return case.sizes.get("calls", 1) * float(eval(formula(case.function), letters))


@pytest.mark.parametrize("function", CONTRACT)
def test_the_docstring_states_the_flops_that_the_cases_count(function: str) -> None:
    """At every size of the function; of nets, where there is one hidden layer."""
    cases = [case for case in CASES if case.function == function and "H1" not in case.sizes]
    assert cases
    for case in cases:
        assert stated(case) == pytest.approx(case.cost()[0], rel=1e-12), f"{case}: {formula(function)}"
