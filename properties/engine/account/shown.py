"""Two answers side by side, in as many digits as tell them apart; of a large one, the entries that are furthest off."""

import math
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Any

import numpy as np
from flint import arb

from shrinkage.properties.engine import oracles

WHOLE = 12  # entries that are all shown
WORST = 3  # that are shown of more
FEWEST, MOST = 4, 40  # digits


def pair(got: Any, exact: Any, off: np.ndarray | None = None) -> tuple[str, str]:
    """What came and what is right.

    Parameters
    ----------
    got
        An array or a number; whatever else it is, it is told as it is.
    exact
        The exact answer, an array of objects in the shape of `got` if they are to be told apart.
    off
        How far off each entry is; by their difference if not given.
    """
    array, exact = np.asarray(got), np.asarray(exact, object)
    if array.dtype.kind not in "fiuO" or array.shape != exact.shape or not _numbers(array):
        return alone(got), alone(_floats(exact))
    if not array.size:
        return f"an array of shape {array.shape}", f"an array of shape {exact.shape}"
    if off is None:
        off = np.array([_distance(a, b) for a, b in zip(array.flat, exact.flat, strict=True)]).reshape(array.shape)
    worst = np.argsort(-off, axis=None, kind="stable")[:WORST]
    worst = [i for i in worst if off.flat[i] >= off.flat[worst[0]] / 1000 and off.flat[i] > 0] or [int(worst[0])]
    digits = _telling([(array.flat[i], exact.flat[i]) for i in worst if off.flat[i] > 0])
    if array.size <= WHOLE:
        return _nested(array.tolist(), digits), _nested(exact.tolist(), digits)
    places = [tuple(map(int, np.unravel_index(i, array.shape))) for i in worst]
    return _entries(array, places, digits), _entries(exact, places, digits)


def apart(one: Any, other: Any) -> tuple[str, str]:
    """Two numbers, in as many digits as tell them apart."""
    digits = _telling([(one, other)])
    return number(one, digits), number(other, digits)


def alone(value: Any) -> str:
    """A value by itself, in a line or two."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        if value.size > WHOLE:
            return f"an array of shape {value.shape}, {value.dtype}"
        kind = "" if value.dtype.kind == "f" else f" of {value.dtype}"  # else 2 and 2.0 are the same to the eye
        return f"{_nested(value.tolist(), 6)}{kind}" if value.size else f"an array of shape {value.shape}"
    if isinstance(value, float | np.floating):
        return number(value, 6)
    if isinstance(value, tuple | list) and not isinstance(value, str):
        inside = ", ".join(map(alone, value))
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {alone(each)}" for key, each in value.items()) + "}"
    text = repr(value)
    if text == object.__repr__(value):
        return f"an object of class {type(value).__name__}"
    return text if len(text) <= 200 else f"{text[:200]}…"


def number(value: Any, digits: int) -> str:
    """With so many significant digits, exactly rounded whatever kind of number it is."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, float | np.floating) and not math.isfinite(value):
        return str(float(value))
    if isinstance(value, arb):
        mantissa, exponent = value.mid().man_exp()
        value = oracles.to_rational(2) ** int(exponent) * int(mantissa)
    exact = oracles.to_rational(value)
    decimal = Context(prec=digits).divide(Decimal(int(exact.p)), Decimal(int(exact.q)))
    if abs(decimal) < 10**digits and abs(decimal) >= Decimal("1e-4"):
        text = f"{decimal:f}"
    else:
        text = f"{decimal.normalize():e}" if decimal else "0"
    if "." in text and "e" not in text:
        text = text.rstrip("0").rstrip(".")
    return text


def _telling(pairs: Sequence[tuple[Any, Any]]) -> int:
    """The fewest digits in which each two of them differ."""
    for digits in range(FEWEST, MOST):
        if all(number(a, digits) != number(b, digits) for a, b in pairs):
            return digits
    return MOST


def _distance(got: Any, exact: Any) -> float:
    if isinstance(got, float | np.floating) and not math.isfinite(got):
        return math.inf
    if isinstance(exact, float) and not math.isfinite(exact):
        return math.inf
    return oracles.nearest(oracles.largest(oracles.to_rational(got) - oracles.to_rational(exact)))


def _numbers(array: np.ndarray) -> bool:
    return array.dtype.kind != "O" or all(hasattr(value, "p") or isinstance(value, int | float) for value in array.flat)


def _floats(exact: np.ndarray) -> Any:
    try:
        shown = oracles.floats(exact)
    except (TypeError, ValueError, AttributeError, OverflowError):
        shown = exact
    return shown if shown.shape else shown.item()


def _nested(values: Any, digits: int) -> str:
    if isinstance(values, list):
        return f"[{', '.join(_nested(value, digits) for value in values)}]"
    return number(values, digits)


def _entries(array: np.ndarray, places: Sequence[tuple[int, ...]], digits: int) -> str:
    each = ", ".join(f"{list(at)}: {number(array[at], digits)}" for at in places)
    return f"{each} (the worst of {array.size})"
