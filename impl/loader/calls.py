"""Functions of the contract under other names: ``ridge=solve(A=X, b=y, alpha=lam)``, a call over its arguments."""

import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

from ..contract import CONTRACT
from .choice import WrongChoice
from .expressions import compiled, free_names, near, parsed


def called(calls: Iterable[str], modules: Sequence[ModuleType]) -> SimpleNamespace:
    """What these calls offer, by the contract's names: compiled once, with the contract's signature.

    An optional argument that a call does not speak of is not in it.

    What speaks of none of the arguments is the function or the class itself: ``ridge=solve``, ``sgd=SGD().step``.

    Raises
    ------
    WrongChoice
        If one is no ``FUNCTION=EXPRESSION``, or speaks of what is not there.
    """
    offered = SimpleNamespace(__name__="--as")
    for call in calls:
        name, equals, text = (part.strip() for part in call.partition("="))
        said = f"{str(call)!r} in {call.path}" if isinstance(call, InFile) else f"--as {call!r}"
        if not (equals and text):
            raise WrongChoice(f"{said} has to be FUNCTION=CALL, as in --as 'ridge=solve(A=X, b=y, alpha=lam)'.")
        if name not in CONTRACT:
            raise WrongChoice(f"{said} is for {name!r}, which is no function of the contract{near(name, CONTRACT)}.")
        if hasattr(offered, name):
            raise WrongChoice(f"{said} is the second call for {name}: give one.")
        expression, function = parsed(text, said), CONTRACT[name]
        spoken = {*free_names(expression)}
        taken = [str(a) for a in function.arguments if a.name in spoken or not a.optional]
        made = compiled(expression, ", ".join(taken), modules, said)
        if {*function.names} & spoken:
            made.__name__ = made.__qualname__ = name
        else:
            made = _itself(made, len(taken), said)
        setattr(offered, name, made)
    return offered


class InFile(str):
    """A call that is written in a file."""

    path: Path

    def __new__(cls, path: Path, name: str, call: str) -> Self:
        """As --as has it."""
        made = super().__new__(cls, f"{name}={call}")
        made.path = path
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return InFile, (self.path, *self.split("=", 1))


def _itself(made: Callable[..., Any], arguments: int, said: str) -> Any:
    try:
        function = made(*[None] * arguments)
    except Exception as error:
        raise WrongChoice(f"{said} gives no function: {type(error).__name__}: {error}.") from error
    if not callable(function):
        raise WrongChoice(f"{said} speaks of no argument, and is no function: it is {function!r:.80}.")
    return function


def in_file(path: Path) -> tuple[str, ...]:
    """The calls that a TOML file holds: ``ridge = "solve(A=X, b=y, alpha=lam)"``.

    Raises
    ------
    WrongChoice
        If it cannot be read, or a call is no text.
    """
    try:
        calls = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongChoice(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise WrongChoice(f"{path} is no TOML: {error}.") from error
    for name, call in calls.items():
        if not isinstance(call, str):
            raise WrongChoice(f'{path} has to give {name} a call as text, {name} = "...", not {call!r:.80}.')
    return tuple(InFile(path, name, call) for name, call in calls.items())
