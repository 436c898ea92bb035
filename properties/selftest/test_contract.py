"""The contract as data, against the code: names, arguments and defaults."""

import importlib
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
    exec(f"def {CONTRACT[name].signature}: ...", {"np": np}, scope)
    expected = inspect.signature(scope[name])  # type: ignore[arg-type]
    actual = inspect.signature(getattr(implementation, name))
    assert [(p.name, p.default) for p in actual.parameters.values()] == [
        (p.name, p.default) for p in expected.parameters.values()
    ]


def test_the_surface_is_the_contract():
    """What the modules of `impl` make public, written out in each, is the contract: nothing is missing or beside it."""
    modules = {function.module for function in CONTRACT.values()}
    public = [name for module in modules for name in importlib.import_module(f"shrinkage.{module}").__all__]
    assert sorted(public) == sorted(compiled.__all__) == sorted(CONTRACT)


@pytest.mark.parametrize("name", CONTRACT)
def test_every_function_is_described(name):
    """Each has a chapter, a value and a shape on one line, and a docstring in `impl` that opens with a formula."""
    function = CONTRACT[name]
    assert function.chapter in CHAPTERS
    for text in (function.value, function.shape):
        assert text
        assert "\n" not in text
    assert (getattr(compiled, name).__doc__ or "").strip()
