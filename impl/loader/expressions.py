"""What is written on a command line in Python, an expression with the names of the contract and of what is judged.

``solve(A=X, b=y, alpha=lam)`` speaks of ``X``, ``y`` and ``lam``, the contract's, and of ``solve``, which is looked up
in the modules given. Anything that is an expression will do: attributes, indices, arithmetic, ``np`` and ``math``.
"""

import ast
import builtins
import difflib
import importlib
import symtable
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

from .choice import WrongChoice

LIBRARIES = {"np": "numpy", "math": "math"}


def parsed(text: str, said: str) -> ast.expr:
    """The expression, read.

    Parameters
    ----------
    text
        What is read.
    said
        Where it was written, for the sentence that refuses it: ``--as 'ridge=solve(X'``.
    """
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        lines = text.strip().splitlines()
        rest = lines[error.lineno - 1][error.offset - 1 :] if error.lineno and error.offset else ""
        raise WrongChoice(f"{said} is no Python: {error.msg} at {repr(rest) if rest else 'its end'}.") from error


def free_names(expression: ast.expr, parameters: str = "") -> list[str]:
    """The names that an expression does not bind itself, but for these parameters."""

    def tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
        yield table
        for child in table.get_children():
            yield from tables(child)

    source = f"lambda {parameters}: ({ast.unparse(expression)})"
    symbols = (symbol for table in tables(symtable.symtable(source, "", "eval")) for symbol in table.get_symbols())
    return sorted({symbol.get_name() for symbol in symbols if symbol.is_global() and symbol.is_referenced()})


def compiled(expression: ast.expr, parameters: str, modules: Sequence[ModuleType], said: str) -> Callable[..., Any]:
    """The function of these parameters that gives the expression; other names are the modules', the first that has it.

    Raises
    ------
    WrongChoice
        If there is no such name.
    """
    scope = {name: _found(name, parameters, modules, said) for name in free_names(expression, parameters)}
    made: Callable[..., Any] = eval(f"lambda {parameters}: ({ast.unparse(expression)})", scope)
    return made


def _found(name: str, parameters: str, modules: Sequence[ModuleType], said: str) -> Any:
    for module in modules:
        if hasattr(module, name):
            return getattr(module, name)
    if name in LIBRARIES:
        return importlib.import_module(LIBRARIES[name])
    if hasattr(builtins, name):
        return getattr(builtins, name)
    known = [parameter.partition("=")[0] for parameter in parameters.split(", ")]
    public = (item for module in modules for item in vars(module).items() if not item[0].startswith("_"))
    there = [there for there, value in public if not isinstance(value, ModuleType)]  # no np for a Nope
    where = " nor ".join(module.__name__ for module in modules) or "the command line"
    raise WrongChoice(
        f"{said} speaks of {name}, which is neither in {where} nor an argument ({', '.join(known)})"
        f"{near(name, [*known, *there])}."
    )


def near(name: str, known: Iterable[str]) -> str:
    """``: did you mean …?`` where a name is close to another one; else nothing."""
    by_letters = {other.lower().replace("_", ""): other for other in known}
    found = difflib.get_close_matches(name.lower().replace("_", ""), by_letters, 3)
    return f" (did you mean {' or '.join(by_letters[each] for each in found)}?)" if found else ""
