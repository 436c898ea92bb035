"""The contract as data, against the code: names, arguments and defaults."""

import inspect

import numpy as np
import pytest

import shrinkage as compiled
from shrinkage.contract import CHAPTERS, CONTRACT
from shrinkage.peers import numpy as textbook

pytestmark = pytest.mark.interface


@pytest.mark.parametrize("implementation", [compiled, textbook], ids=["impl", "numpy"])
@pytest.mark.parametrize("name", CONTRACT)
def test_signatures_are_those_of_the_contract(implementation, name):
    """Every function is there, with the contract's arguments in the contract's order and with its defaults."""
    scope: dict[str, object] = {}
    exec(f"def {name}({CONTRACT[name].arguments}): ...", {"np": np}, scope)
    expected = inspect.signature(scope[name])  # type: ignore[arg-type]
    actual = inspect.signature(getattr(implementation, name))
    assert [(p.name, p.default) for p in actual.parameters.values()] == [
        (p.name, p.default) for p in expected.parameters.values()
    ]


def test_the_surface_is_the_contract():
    """What `impl` says it offers, written out by hand, is the contract: nothing is missing, nothing is beside it."""
    assert sorted(set(compiled.__all__) - {"__version__"}) == sorted(CONTRACT)


@pytest.mark.parametrize("name", CONTRACT)
def test_every_function_is_described(name):
    """Each has a chapter, a value and a shape on one line, and a docstring in `impl` that opens with a formula."""
    function = CONTRACT[name]
    assert function.chapter in CHAPTERS
    for text in (function.value, function.shape):
        assert text
        assert "\n" not in text
    assert (getattr(compiled, name).__doc__ or "").strip()
