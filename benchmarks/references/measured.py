"""Carried numbers of more digits in whole arrays: running error analysis of problems that are too large for balls.

The formulas and the analysis are those of `shrinkage.properties.engine.running_error`; the values are `longdouble`s,
and what each operation on them is off by itself counts as well.
"""

import itertools
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from shrinkage.benchmarks.references.precise import Wide, product
from shrinkage.properties.engine import running_error
from shrinkage.properties.engine.bounds import EXACT, Bound
from shrinkage.properties.engine.running_error import Carried

Answer = tuple[np.ndarray, Bound]
Maker = Callable[..., list[Answer]]


class Measured(Carried):
    """Values and what a computed value may be off by, in the shape of the values."""

    own = float(np.finfo(Wide).eps)
    zero = Wide(0)
    _exps, _logs, _roots = map(staticmethod, cast(Any, (np.exp, np.log, np.sqrt)))

    @staticmethod
    def held(values: Any) -> np.ndarray:
        """The values as an array of such numbers."""
        return np.asarray(values, Wide)

    @staticmethod
    def sizes(values: np.ndarray) -> np.ndarray:
        """Absolute values as floats, from above."""
        return np.abs(values).astype(float) * (1 + 2.0**-50)

    @staticmethod
    def _positive_parts(values: np.ndarray) -> np.ndarray:
        return np.maximum(values, 0)

    @staticmethod
    def _compared(compare: Callable[[Any, Any], Any], values: np.ndarray, number: float) -> np.ndarray:
        return compare(values, number)

    @staticmethod
    def _product(A: np.ndarray, B: np.ndarray) -> np.ndarray:
        return product(A, B) if A.ndim == B.ndim == 2 else A @ B

    @staticmethod
    def _undecided() -> None:
        raise ArithmeticError("Rounding may put a number on either side of a kink; the inputs are ill-chosen.")

    def largest(self) -> np.ndarray:
        """Where the largest value of each row is."""
        return self.values.argmax(axis=1)


def given(*arrays: Any) -> list[Carried]:
    """Arrays and numbers as they are passed in, computed with in float32 when every array is float32."""
    return running_error.given(*arrays, kind=Measured)


def answers(*measured: Carried) -> list[Answer]:
    """The parts of an answer, each with its bound."""
    return [m.answer for m in measured]


def formula(compute: Callable[..., Any]) -> Maker:
    """A maker of answers from a formula over measured arrays; what is no array of floats is passed as it is."""

    def maker(*arguments: Any) -> list[Answer]:
        floats = [isinstance(a, np.ndarray) and a.dtype.kind == "f" for a in arguments]
        arrays = iter(given(*itertools.compress(arguments, floats)))
        result = compute(*(next(arrays) if float_ else a for a, float_ in zip(arguments, floats, strict=True)))
        return answers(*(result if isinstance(result, tuple) else (result,)))

    return maker


def exact(compute: Callable[..., np.ndarray]) -> Maker:
    """A maker of answers that no rounding comes into."""
    return lambda *arguments: [(compute(*arguments), EXACT)]
