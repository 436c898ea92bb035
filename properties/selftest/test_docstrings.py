"""What people call is documented: the formula first, then every argument, what comes back, errors, cost and source."""

import builtins
import importlib
import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import shrinkage
from shrinkage.contract import CONTRACT

pytestmark = pytest.mark.interface

METHODS = [(name, method.partition("(")[0]) for name, function in CONTRACT.items() for method in function.methods]
FORMULA = r"[=←+−·/‖Σ²ᵀ(]"
SOURCE = r"(?s)[A-Z]\w+.*\b(1[89]|20)\d\d\)"  # who, and when


def sections(documented: Callable[..., Any]) -> dict[str, str]:
    """The text under each heading; what stands before them under ""."""
    parts = re.split(r"^(\w+)\n-+$", inspect.getdoc(documented) or "", flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def entries(section: str) -> list[str]:
    """What a section describes: ``x, y : (n,)`` and an indented text are x and y."""
    heads = re.findall(r"^\S.*$", section, flags=re.MULTILINE)
    return [name for head in heads for name in head.partition(" : ")[0].split(", ")]


def described(section: str) -> bool:
    """Whether a name is not all."""
    return bool(re.search(r"^    \S", section, flags=re.MULTILINE)) or " : " in section


def check_arguments(documented: Callable[..., Any], found: dict[str, str]) -> None:
    """All arguments are described, in their order, and nothing else."""
    names = [name for name in inspect.signature(documented).parameters if name != "self"]
    assert entries(found.get("Parameters", "")) == names
    assert not names or described(found["Parameters"])


def check_errors(found: dict[str, str], promised: set[str]) -> None:
    """Those that the contract promises are there, each by its name and with its occasion."""
    named = [error.rpartition(".")[2] for error in entries(found["Raises"])]
    assert named
    assert all(hasattr(builtins, error) or hasattr(np.linalg, error) for error in named)
    assert promised <= set(named)
    assert len(re.findall(r"^    \S", found["Raises"], flags=re.MULTILINE)) >= len(named)


@pytest.mark.parametrize("name", CONTRACT)
def test_a_function_is_documented(name: str) -> None:
    """Formula, Parameters, Returns (of a class: Attributes), Raises, and in the Notes its flops and a source."""
    documented = getattr(shrinkage, name)
    found = sections(documented)
    result = "Attributes" if isinstance(documented, type) else "Returns"
    assert {"Parameters", result, "Raises", "Notes"} <= set(found)
    first = found[""].splitlines()[0]
    assert re.search(FORMULA, first), f"{first!r} is no formula"
    check_arguments(documented, found)
    assert described(found[result])
    check_errors(found, {error.error for error in CONTRACT[name].errors})
    assert re.search(r"\S flops\b", found["Notes"])
    assert re.search(SOURCE, found["Notes"])


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_a_method_is_documented(name: str, method: str) -> None:
    """A sentence, its arguments, what comes back, and what it refuses."""
    documented = getattr(getattr(shrinkage, name), method)
    found = sections(documented)
    assert found[""].splitlines()[0].endswith(".")
    check_arguments(documented, found)
    check_errors(found, {"ValueError"})
    assert "Returns" in found or inspect.signature(documented, eval_str=True).return_annotation is None


@pytest.mark.parametrize("module", ["shrinkage.streaming", "shrinkage.streaming.state", "shrinkage.dask"])
def test_what_is_the_same_over_other_data_is_documented(module: str) -> None:
    """Each function, or method of a state, that has a name of the contract: its own arguments, and its own cost."""
    there = pytest.importorskip(module, exc_type=ImportError)
    there = there.State if module.endswith("state") else there
    names = [name for name in CONTRACT if hasattr(there, name)]
    assert len(names) >= 8
    for name in names:
        found = sections(getattr(there, name))
        check_arguments(getattr(there, name), found)
        check_errors(found, set())
        assert found["Returns"].strip("\n") == sections(getattr(shrinkage, name))["Returns"].strip("\n")
        assert module.endswith("state") or " pass" in found["Notes"] or name == "min_norm"


def test_figures_are_documented() -> None:
    """What is drawn, as formulas, every argument, and what is to be seen."""
    figures = importlib.import_module("shrinkage.figures")  # which takes a second: not where tests are collected
    for name in figures.__all__:
        documented = getattr(figures, name)
        found = sections(documented)
        assert re.search(FORMULA, found[""].splitlines()[0]), name
        check_arguments(documented, found)
        assert described(found["Returns"]), name
