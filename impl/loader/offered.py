"""What counts as offered: no stub that nobody has filled in yet, and nothing that a module has from NumPy or SciPy."""

import dis
from collections.abc import Callable
from functools import lru_cache
from types import CodeType, ModuleType
from typing import Any

from ..contract import CONTRACT

# Whose functions have names of the contract, and do something else: `from numpy.linalg import lstsq`.
LENDERS = ("numpy", "scipy")
_BRANCHES = {*dis.hasjrel, *dis.hasjabs}


def offers(part: object, name: str) -> bool:
    """Whether a part has what can be called under this name of the contract, and has written it."""
    function = getattr(part, name, None)
    return callable(function) and not is_unwritten(name, function) and not is_borrowed(part, function)


def is_borrowed(part: object, function: Callable[..., Any]) -> bool:
    """Whether a module of somebody else's has it from NumPy or SciPy."""
    lender = _root(getattr(function, "__module__", None))
    return lender in LENDERS and isinstance(part, ModuleType) and lender != _root(part.__name__)


def is_unwritten(name: str, function: Callable[..., Any]) -> bool:
    """Whether all that it does is to raise a NotImplementedError; of a class, what the contract calls of it."""
    if isinstance(function, type):
        methods = (method.partition("(")[0] for method in ("__init__(", *CONTRACT[name].methods))
        return any(is_unwritten(name, getattr(function, method, len)) for method in methods)
    code = getattr(function, "__code__", None)
    return isinstance(code, CodeType) and "NotImplementedError" in code.co_names and _only_raises(code)


@lru_cache
def _only_raises(code: CodeType) -> bool:
    steps = list(dis.get_instructions(code))
    return steps[-1].opname == "RAISE_VARARGS" and not any(step.opcode in _BRANCHES for step in steps)


def _root(module: object) -> str:
    return str(module or "").partition(".")[0]
