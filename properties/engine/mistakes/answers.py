"""What a formula gives, right or mistaken, and whether that is what came.

An answer is `Exact`, `Carried` numbers, or `Near` what floating point makes of the formula; or a tuple of answers, a
dict of some by name, a list of some along the first axis.
"""

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from shrinkage.properties.engine import oracles, running_error, verdict
from shrinkage.properties.engine.bounds import EXACT, Bound, norm, unit_roundoff
from shrinkage.properties.engine.running_error import Carried

Formula = Callable[..., Any]  # of a function's arguments, by the contract's names

TELLING = 10
"""How many times what is allowed for the mistaken answer the right one has to be away from it."""

NEARER = 16
"""How many times nearer to one of `Near`'s answers than that is to the right one."""


class Mistake:
    """A mistake that people make.

    Parameters
    ----------
    name
        Of it, in a few words.
    sentence
        What is done, to go after "typical of: ".
    formulas
        By function, what comes of it: one formula, or several ways to have it.
    """

    def __init__(self, name: str, sentence: str, formulas: Mapping[str, Formula | Sequence[Formula]]) -> None:
        self.name, self.sentence = name, sentence
        self._formulas = {f: (each,) if callable(each) else tuple(each) for f, each in formulas.items()}

    def formulas_of(self, function: str) -> tuple[Formula, ...]:
        """The ways to make this mistake in a function; none where it is not made."""
        return self._formulas.get(function, ())

    @property
    def functions(self) -> list[str]:
        """Where it is made."""
        return list(self._formulas)

    def __repr__(self) -> str:
        return f"Mistake({self.name!r})"


class Sure(Carried):
    """Carried numbers of which a formula says nothing where rounding decides; no test is drawn from.

    What is 0 on paper is taken for 0: a claim that failed there has made sure that nothing rounds. And of exact
    operands, what the dtype holds comes without rounding (Higham 2002, §2.2).
    """

    def rounded(self, dtype: Any = None, roundings: float = 1) -> Self:
        """As ever, but for what needs none."""
        after = super().rounded(dtype, roundings)
        if roundings != 1 or self.error.all():
            return after
        with np.errstate(over="ignore"):
            held = [float(after.dtype.type(float(value))) == value for value in self.values.flat]
        exact = (self.error == 0) & np.array(held, bool).reshape(self.shape)
        return after._off_by(np.where(exact, 0.0, after.error), after.dtype)

    @staticmethod
    def _undecided() -> None:
        raise ValueError("rounding decides")

    def _decided(self) -> np.ndarray:
        zero = np.array([value == 0 for value in self.values.flat], bool).reshape(self.shape)
        if not np.all(zero | (self.magnitude > self.error * (1 + 2.0**-40))):
            self._undecided()
        return zero


given = functools.partial(running_error.given, kind=Sure)


def once(formula: Formula) -> Formula:
    """The formula of scores and labels, which for the latest ones is not computed anew: each mistake begins with it."""
    latest: dict[Any, Any] = {}

    @functools.wraps(formula)
    def computed(x: np.ndarray, y: np.ndarray) -> Any:
        key = [(array.dtype.str, array.shape, array.tobytes()) for array in (x, y)]
        if latest.get("of") != key:
            latest["answer"] = formula(x, y)
            latest["of"] = key
        return latest["answer"]

    return computed


@dataclass(frozen=True)
class Exact:
    """Exact values, and what a computation of them may be off by.

    Parameters
    ----------
    values
        An array of anything that the oracles take for a number, or one such.
    bound
        As `judge` takes it.
    """

    values: Any
    bound: Bound = EXACT


@dataclass(frozen=True)
class Same:
    """Floats that come without rounding, NaN among them.

    Parameters
    ----------
    values
        All of them.
    """

    values: Any


@dataclass(frozen=True)
class Near:
    """What one of several ways to compute the formula gives, in floating point.

    Parameters
    ----------
    computed
        By each of the ways.
    right
        The right answer, in floats: where all digits are lost, how near is near is measured by it.
    """

    computed: list[np.ndarray]
    right: np.ndarray


class Anything:
    """Of which nothing is asked: a cache."""


class Missing:
    """What is not there, in a dict."""


@dataclass(frozen=True)
class Under:
    """An answer of which only something is asked: many have it, and the right one is among them.

    Parameters
    ----------
    change
        What is asked, of a result.
    answer
        What that has to be.
    """

    change: Callable[[Any], Any]
    answer: Any


def ratio(got: Any, answer: Any) -> float:
    """Error over bound at its worst; infinite where it is no such thing at all."""
    try:
        return max((_ratio(*pair) for pair in _parts(got, answer)), default=0.0)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):  # results are of any kind
        return math.inf


def tells(answer: Any, right: Any, got: Any) -> bool:
    """Whether the right answer is so far from this one that a result can be one of them only."""
    if isinstance(answer, Under):
        return ratio(got, right) > TELLING
    ways = _ways(answer)
    if ways:  # what is near is measured by the right answer itself
        return any(ratio(_values(answer, way), right) > 1 for way in range(ways))
    return ratio(_values(right), answer) > TELLING


def coincides(answer: Any, right: Any, got: Any) -> bool:
    """Whether a right result may come of the mistake, too."""
    ways = _ways(answer)
    return (
        any(ratio(_values(answer, way), right) <= 1 for way in range(ways)) if ways else not tells(answer, right, got)
    )


def _ways(answer: Any) -> int:
    """In how many ways the answer is computed in floating point; 0 if it is exact."""
    if isinstance(answer, tuple | list):
        return max(map(_ways, answer), default=0)
    return len(answer.computed) if isinstance(answer, Near) else 0


def void(answer: Any) -> bool:
    """Whether theory says nothing of a part of the answer."""
    if isinstance(answer, tuple | list):
        return any(map(void, answer))
    if isinstance(answer, Mapping):
        return any(map(void, answer.values()))
    if isinstance(answer, Carried):
        return not np.isfinite(answer.error).all()
    if isinstance(answer, Under):
        return void(answer.answer)
    return isinstance(answer, Exact) and answer.bound.void


def _values(answer: Any, way: int = 0) -> Any:
    """The answer as a result without any error; of what is computed in several ways, by one of them."""
    if isinstance(answer, tuple | list):
        values = [_values(part, way) for part in answer]
        return tuple(values) if isinstance(answer, tuple) else values
    if isinstance(answer, Mapping):
        return {name: _values(part, way) for name, part in answer.items() if not isinstance(part, Missing)}
    if isinstance(answer, Anything):
        return None
    if isinstance(answer, Near):
        return answer.computed[way % len(answer.computed)] if answer.computed else None
    return answer.values if isinstance(answer, Same | Carried) else np.asarray(answer.values, object)


def _parts(got: Any, answer: Any) -> Iterator[tuple[Any, Any]]:
    """Each part of the answer with that of the result; ValueError where they are not made of as many."""
    if isinstance(answer, tuple | list):
        if isinstance(got, Mapping | str) or len(got) != len(answer):
            raise ValueError
        for part, each in zip(got, answer, strict=True):
            yield from _parts(part, each)
    elif isinstance(answer, Anything):
        return
    elif isinstance(answer, Under):
        yield from _parts(answer.change(got), answer.answer)
    elif isinstance(answer, Mapping):
        if any(isinstance(each, Missing) and name in got for name, each in answer.items()):
            raise ValueError
        for name, each in answer.items():
            yield from () if isinstance(each, Missing) else _parts(got[name], each)
    else:
        yield got, answer


def _ratio(got: Any, answer: Any) -> float:
    if isinstance(answer, Same):
        same = np.shape(got) == np.shape(answer.values) and np.array_equal(got, answer.values, equal_nan=True)
        return 0.0 if same else math.inf
    if isinstance(answer, Near):
        got = oracles.floats(got) if np.asarray(got).dtype == object else np.asarray(got, float)
        return min((_nearness(got, each.astype(float), answer.right) for each in answer.computed), default=math.inf)
    exact, bound = answer.answer if isinstance(answer, Carried) else (answer.values, answer.bound)
    exact = np.asarray(exact, object)
    if verdict.wrong_kind(got, exact.shape):
        return math.inf
    return verdict.worst_ratio(np.asarray(got), exact, bound)


def _nearness(got: np.ndarray, computed: np.ndarray, right: np.ndarray) -> float:
    if got.shape != computed.shape or not np.array_equal(np.isfinite(got), np.isfinite(computed)):
        return math.inf
    finite = np.isfinite(computed)
    if not np.array_equal(got[~finite], computed[~finite], equal_nan=True):
        return math.inf
    off, away = np.linalg.norm((got - computed)[finite]), np.linalg.norm((computed - right)[finite])
    if not finite.all():  # where it overflows is what tells
        away = max(away, NEARER * 1e-4 * np.linalg.norm(computed[finite]))
    return 0.0 if off == 0 else NEARER * float(off / away) if away else math.inf


def times(answer: Exact, factor: Any, dtype: Any = np.float64) -> Exact:
    """The answer times a number, rounded once more."""
    factor = oracles.to_rational(factor)
    values = np.asarray(answer.values, object) * factor
    if answer.bound.void:
        return Exact(values, answer.bound)
    allowed = np.vectorize(oracles.to_rational, otypes=[object])(np.asarray(answer.bound.allowed, object)) * abs(factor)
    return rounded(Exact(values, Bound(allowed, answer.bound.source)), dtype)


def rounded(answer: Exact, dtype: Any = np.float64) -> Exact:
    """With four more roundings allowed, in proportion to what the bound is for: entries, columns or all."""
    values, allowed = np.asarray(answer.values, object), np.asarray(answer.bound.allowed, object)
    if answer.bound.void:
        return answer
    if allowed.shape == values.shape:
        size = np.vectorize(oracles.largest, otypes=[object])(values) if values.size else values
    elif allowed.shape:
        size = np.array([oracles.to_rational(norm(column)) for column in values.T], object)
    else:
        size = np.asarray(oracles.to_rational(norm(values)), object)
    allowed = np.vectorize(oracles.to_rational, otypes=[object])(allowed) if allowed.size else allowed
    more = size * oracles.to_rational(4 * unit_roundoff(dtype))
    return Exact(values, Bound(allowed + more, answer.bound.source))
