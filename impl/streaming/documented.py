"""Docstrings of functions that are the contract's over other data: its own sections, with what differs."""

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from textwrap import fill, indent
from typing import Any, TypeVar

from ..contract import CONTRACT

F = TypeVar("F", bound=Callable[..., Any])


def documented(notes: str = "", also: str = "", errors: str = "", **arguments: str) -> Callable[[F], F]:
    """Describe a function of the contract's name as that one is, below the line that it has.

    Parameters
    ----------
    notes
        What it takes.
    also
        What else is a `ValueError`, in a sentence.
    errors
        What is one, in a sentence, in place of what is for the contract's.
    arguments
        An entry for each argument that the contract's has not, or has otherwise.

    Returns
    -------
    callable
        For a function, which it gives back.
    """

    def describe(function: F) -> F:
        if function.__doc__ is None:  # as Python was told to leave them out
            return function
        name = function.__name__
        of = _sections(getattr(import_module(f"..{CONTRACT[name].module}", __package__), name))
        known = _entries(of["Parameters"]) | arguments
        wanted = [argument for argument in inspect.signature(function).parameters if argument != "self"]
        refused = errors or " ".join(_entries(of["Raises"])["ValueError"].split("\n", 1)[1].split())
        said = {
            "Parameters": "\n".join(known[argument] for argument in wanted),
            "Returns": of["Returns"],
            "Raises": "ValueError\n" + indent(fill(f"{refused} {also}", 100), "    "),
            "Notes": fill(notes, 100),
        }
        parts = [f"{head}\n{'-' * len(head)}\n{text}" for head, text in said.items() if text]
        function.__doc__ = "\n\n".join([function.__doc__, *parts])
        return function

    return describe


def _sections(function: Any) -> dict[str, str]:
    parts = re.split(r"^(\w+)\n-+$", inspect.getdoc(function) or "", flags=re.MULTILINE)
    return {head: text.strip("\n") for head, text in zip(parts[1::2], parts[2::2], strict=True)}


def _entries(section: str) -> dict[str, str]:
    """Each name's own lines."""
    entries = re.split(r"\n(?=\S)", section)
    return {entry.split("\n")[0].partition(" : ")[0]: entry for entry in entries}
