"""Of what mistake an answer is typical: of that whose formula it is the right answer to.

``typical_of("ridge", {"X": X, "y": y, "lam": lam}, w)`` computes, for every mistake that people make in `ridge`, what
the mistaken formula gives: exactly, or as paper carries it (`shrinkage.properties.engine.oracles`,
`shrinkage.properties.engine.running_error`), with the error that theory allows for it. A mistake is named where the
answer is within that, and the right answer is far outside. Nothing is said where nothing fits, where two mistakes do,
or where theory is void.

Each file here is a table: the right formulas, and below them the mistaken ones, by function.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from shrinkage.properties.engine.mistakes import (
    calculus,
    digits,
    layers,
    least_squares,
    losses,
    nets,
    optim,
    relu,
    ridge,
    selection,
    unequal,
)
from shrinkage.properties.engine.mistakes.answers import TELLING, Formula, Mistake, coincides, ratio, tells, void
from shrinkage.properties.engine.mistakes.probes import asked, read

__all__ = ["MISTAKES", "RIGHT", "Mistake", "asked", "typical_of"]

_CHAPTERS = (calculus, least_squares, ridge, selection, unequal, digits, relu, layers, losses, optim, nets)
RIGHT: dict[str, Formula] = {name: formula for chapter in _CHAPTERS for name, formula in chapter.RIGHT.items()}
MISTAKES: tuple[Mistake, ...] = tuple(mistake for chapter in _CHAPTERS for mistake in chapter.WRONG)

Call = tuple[Mapping[str, Any], Any]


def typical_of(function: str, arguments: Mapping[str, Any], result: Any, others: Iterable[Call] = ()) -> Mistake | None:
    """The one mistake that gives this answer; None where nothing fits, or more than one thing does.

    Parameters
    ----------
    function
        A name of the contract.
    arguments
        By the contract's names, as they were before the call. Of "FullyConnectedNet": hidden_dims, input_dim,
        num_classes, reg, params, X and y.
    result
        Everything that the call returned. Of "FullyConnectedNet": what ``loss(X, y)`` gave.
    others
        More calls of the same function, arguments and result, right or wrong: a mistake that would have given something
        else there is not the one. They are looked at only where something fits; `asked` makes some.
    """
    if function not in RIGHT:
        return None
    with np.errstate(all="ignore"):
        right = _right(function, arguments)
        if right is None or ratio(result, right) <= 1:
            return None
        found = [
            m for m in MISTAKES if any(_is_it(f, function, arguments, result, right) for f in m.formulas_of(function))
        ]
        for other, came in others if found else ():
            right = _right(function, other)
            found = [m for m in found if _may_be(m, function, other, came, right)]
    return found[0] if len({mistake.name for mistake in found}) == 1 else None


def _right(function: str, arguments: Mapping[str, Any]) -> Any:
    return _answer(RIGHT[function], function, arguments)


def _is_it(formula: Formula, function: str, arguments: Mapping[str, Any], result: Any, right: Any) -> bool:
    """Whether the result is what comes of the formula, and nothing that is right could be."""
    answer = _answer(formula, function, arguments)
    return answer is not None and not void(answer) and ratio(result, answer) <= 1 and tells(answer, right, result)


def _may_be(mistake: Mistake, function: str, arguments: Mapping[str, Any], result: Any, right: Any) -> bool:
    """Whether the result may come of one of its formulas, as far as they say anything.

    A right result may come of one that says nothing, and a wrong one only where all say nothing.
    """
    answers = [_answer(formula, function, arguments) for formula in mistake.formulas_of(function)]
    telling = [answer for answer in answers if answer is not None and not void(answer)]
    is_right = right is not None and ratio(result, right) <= 1
    if not telling or (is_right and len(telling) < len(answers)):
        return True
    return any(ratio(result, each) <= TELLING or (is_right and coincides(each, right, result)) for each in telling)


def _answer(formula: Formula, function: str, arguments: Mapping[str, Any]) -> Any:
    """What the formula gives for these arguments; None for such as it is not for."""
    try:
        return formula(**read(function, arguments))
    except Exception:  # claims call functions with whatever should be refused: of that, no formula says anything
        return None
