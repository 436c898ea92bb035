"""Which numbers of a drawn problem may be moved, and whether what comes of it is one that could have been drawn.

Only hard problems are moved: in ordinary ones numbers are such that no operation rounds, and claims rest on that.
"""

import copy
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from shrinkage.properties.worst import values
from shrinkage.properties.worst.replay import DATA

# Strategies whose hard problems are any numbers within limits.
_FREE = re.compile(r"\b(linear|_with_lam|with_weights|offset|by_feature|hidden|layers|networks|scores)\(")
_BOUND = re.compile(r"filter|map\(|flatmap|plain=True|where_squares|apart|landing|training")
_FIXED = {"Offset": ("weights",), "ByFeature": ("X",), "Network": ("reg",)}  # fields
GROWS = 4  # times what it was, a number may become at most
Place = tuple[Any, Any, int]  # of a float: its holder, its key there, and which of the numbers


class Problem:
    """What was drawn, with places for numbers.

    Parameters
    ----------
    drawn
        As `values.told` tells it, by argument.
    asked
        The strategies of each argument, in the order of its draws.
    """

    def __init__(self, drawn: Mapping[str, Any], asked: Mapping[str, Sequence[Any]]) -> None:
        self.drawn = copy.deepcopy(dict(drawn))
        self.asked = asked
        self.places = [place for value in self._moved() for place in _places(value)]
        self.before = [_get(place) for place in self.places]
        self._limits = [values.made(value) for value in self._moved()]

    def _moved(self) -> Iterable[Any]:
        for name, stored in self.drawn.items():
            draws = stored[DATA] if isinstance(stored, dict) and DATA in stored else [stored]
            for strategy, value in zip(self.asked.get(name, ()), draws, strict=False):
                said = repr(strategy)
                if "hard=True" in said and _FREE.search(said) and not _BOUND.search(said):
                    yield value

    def at(self, numbers: Iterable[float]) -> dict[str, Any] | None:
        """What is drawn with these numbers; None if it could not have been."""
        for place, number in zip(self.places, numbers, strict=True):
            if not math.isfinite(number):
                return None
            _set(place, number)
        allowed = all(_could_be(values.made(v), was) for v, was in zip(self._moved(), self._limits, strict=True))
        return copy.deepcopy(self.drawn) if allowed else None


def _places(stored: Any) -> Iterable[Place]:
    """Of what may be moved."""
    if isinstance(stored, list):
        for each in stored:
            yield from _places(each)
    elif isinstance(stored, dict):
        if "class" in stored:
            name, fields = stored["class"].partition(":")[2], stored["fields"]
            fixed = _FIXED.get(name, ())
            if name in ("Linear", "Offset") and fields["rank"] < _full(name, fields["X"]["shape"]):
                fixed = (*fixed, "X")  # as the rank is exact
            for key, each in fields.items():
                if key not in fixed:
                    yield from _places(each)
        else:
            yield from values.floats(stored) if {"float", "array"} & {*stored} else _places([*stored.values()])


def _full(name: str, shape: Sequence[int]) -> int:
    return min(shape[0] - (name == "Offset"), shape[1])


def _get(place: Place) -> float:
    holder, key, at = place
    return float.fromhex(holder[key].split()[at])


def _set(place: Place, number: float) -> None:
    holder, key, at = place
    numbers = holder[key].split()
    numbers[at] = values.hexadecimal(float(np.float32(number) if holder.get("array") == "float32" else number))
    holder[key] = " ".join(numbers)


def _could_be(value: Any, was: Any) -> bool:
    """Whether the strategy that gave the one could give the other."""
    if isinstance(value, tuple | list):
        return all(map(_could_be, value, was))
    if isinstance(value, dict):
        return all(_could_be(value[key], was[key]) for key in value)
    if hasattr(value, "__dict__"):
        return _could_be(vars(value), vars(was)) and _keeps_rank(value, was)
    if isinstance(value, float | np.ndarray) and np.asarray(value).dtype.kind == "f":
        new, old = np.asarray(value), np.asarray(was)
        same_signs = (new >= 0).all() or not (old >= 0).all()  # a λ stays one
        most = np.max(abs(old), initial=0)
        return bool(np.isfinite(new).all() and same_signs and (abs(new) / GROWS <= most).all())
    return True


def _keeps_rank(problem: Any, was: Any) -> bool:
    """As `linear` has it: no singular value is near the default rcond, and λ is from 1e-20 to 1e20 beside ‖X‖².

    Where a strategy has gone further, as where λ would overflow, so may the problem.
    """
    if not hasattr(problem, "rank") or not problem.X.any():
        return True
    full, rank = problem.rank == _full(type(problem).__name__, problem.X.shape), problem.rank
    least = min(10 * max(problem.X.shape) * float(np.finfo(problem.X.dtype).eps), _smallest(was))
    if full and rank and _smallest(problem) < least:
        return False
    return not problem.lam or min(_beside(was), -20.0) <= _beside(problem) <= max(_beside(was), 20.0)


def _smallest(problem: Any) -> float:
    """The last singular value that counts, of the rows about their mean where that has no penalty, beside the size."""
    X = np.ldexp(problem.X.astype(float), -int(np.frexp(abs(problem.X).max())[1]))
    size = float(np.linalg.norm(X, 2))
    if hasattr(problem, "weights"):
        root = np.sqrt(np.ones(len(X)) if problem.weights is None else problem.weights.astype(float))
        size *= float(root.max())
        X = root[:, None] * (X - root**2 @ X / (root @ root))
    s = np.linalg.svd(X, compute_uv=False)
    return float(s[problem.rank - 1]) / size if problem.rank else 1.0


def _beside(problem: Any) -> float:
    """λ beside ‖X‖², in digits."""
    unit = int(np.frexp(abs(problem.X).max(initial=0))[1])
    return math.log10(problem.lam) - 2 * unit * math.log10(2) if problem.lam else 0.0
