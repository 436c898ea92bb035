"""A course's function called as the contract has it: nothing is computed here that the function should."""

import ast
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...contract import CONTRACT
from . import Profile

Function = Callable[..., Any]


def adapted(name: str, function: Any, course: Profile) -> Any:
    """The function, or the class, behind what the course's profile says of it."""
    if name in course.velocities and _keeps_velocities(function):
        function = _without_rate(function)
    if name in course.copies:
        function = _on_copies(function)
    if any(name in said for said in (course.without, course.none, course.given)):
        function = _with_options(name, function, course)
    return function


def _on_copies(function: Function) -> Function:
    """Arrays and settings are copied before it works on them in place."""

    @functools.wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        copies = {key: _copy(value) for key, value in named.items()}
        return function(*map(_copy, given), **copies)

    return called


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(each) for key, each in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def _with_options(name: str, function: Any, course: Profile) -> Any:
    """Options that the course's has not are left out; those of its own that make it the contract's are given."""
    own = {key: ast.literal_eval(value) for key, value in course.given.get(name, {}).items()}
    without, none = course.without.get(name, []), course.none.get(name, [])

    def options(given: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        required = sum(not argument.default for argument in CONTRACT[name].arguments)
        named = dict(zip(CONTRACT[name].names[required:], given[required:], strict=False)) | named
        kept = {k: v for k, v in named.items() if k not in without and not (k in none and v is None)}
        return given[:required], kept

    def call(callee: Function, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        places, kept = options(given, named)
        try:
            return callee(*places, **(own | kept))
        except (TypeError, ValueError) as error:
            if not any(key in str(error) for key in own):
                raise
        return callee(*places, **kept)  # another year's, which has no such option

    if isinstance(function, type):
        make = function.__init__  # type: ignore[misc]  # this class's, and no subclass's

        def __init__(self: Any, *given: Any, **named: Any) -> None:
            call(functools.partial(make, self), given, named)

        return type(name, (function,), {"__init__": __init__, "__doc__": function.__doc__})

    @functools.wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        return call(function, given, named)

    return called


# ---- momentum --------------------------------------------------------------------------------------------------------
# The contract's v is −lr times the sum of gradients that a course's is. Where the rate is L, a power of two, the
# gradient lr·dw/L and the velocity −v/L, the course's form does the contract's roundings and no others: lr·dw is
# rounded once, as in the contract's formula, and what is multiplied or divided by L not at all. So the bounds of the
# contract's form hold for it as they are. Called by a `Solver` as it is, it rounds lr·v in the place of each lr·dw that
# v sums up: by the triangle inequality that is no more.


def _keeps_velocities(function: Function) -> bool:
    """Whether v ← μv + dw, w ← w − lr·v, by one step that is exact in either form."""
    config = {"learning_rate": 0.5, "momentum": 0.5, "velocity": np.ones(1)}
    try:
        w, after = function(np.zeros(1), np.ones(1), config)
        return bool(w == -0.75 and after["velocity"] == 1.5)
    except Exception:
        return False


def _without_rate(function: Function) -> Function:
    @functools.wraps(function)
    def called(w: Any, dw: Any, config: Any = None) -> Any:
        config = dict(config or {})
        if "velocity" not in config:  # the first step, from rest: its own defaults, and nothing to be put in scale
            w, after = function(w, dw, config or None)
            return w, after | {"velocity": -(after.get("learning_rate", 1e-2) * after["velocity"])}
        rate = float(config.get("learning_rate", 1e-2))
        L = math.ldexp(1.0, math.frexp(rate)[1] - 1) if rate and math.isfinite(rate) else 1.0
        scaled = {"learning_rate": L, "velocity": config["velocity"] / -L}
        w, after = function(w, rate * dw / L, config | scaled)
        return w, after | {"learning_rate": config["learning_rate"], "velocity": after["velocity"] * -L}

    return called
