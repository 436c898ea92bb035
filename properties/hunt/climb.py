"""From an input on to a worse one: its numbers are moved, a few at once and one by one, and made simple at the end."""

import math
from collections.abc import Callable

import numpy as np

Numbers = np.ndarray
TOGETHER = 6  # numbers that Nelder and Mead's method moves at once
STEPS = (-1.0, 2.0, 0.5, *(1 + sign * 2.0**-bits for bits in (3, 8, 16, 24, 40, 52) for sign in (1, -1)))
BITS = (1, 4, 10, 24)  # that are left of a number
WORTH = 0.97  # of the ratio, that a simpler input keeps


def climb(measure: Callable[[Numbers], float], start: Numbers, tries: int, rng: np.random.Generator) -> Numbers:
    """The numbers of the largest measure that so many tries came upon, in few bits where that costs little.

    Parameters
    ----------
    measure
        −∞ where the numbers are none of a problem.
    start
        Where to begin.
    tries
        Half of them go into Nelder and Mead's simplex, a quarter into steps of one number, a quarter into few bits.
    rng
        Says which numbers are moved, and how far.
    """
    best, at, left = -math.inf, start.copy(), tries

    def tried(numbers: Numbers, least: Callable[[], float]) -> float:
        nonlocal best, at, left
        left -= 1
        ratio = measure(numbers)
        if ratio > least():
            best, at = ratio, numbers
        return ratio

    def higher() -> float:
        return best

    first = tried(start.copy(), higher)
    some = rng.permutation(len(start))[:TOGETHER]

    def by(moves: np.ndarray) -> float:
        numbers = start.copy()
        numbers[some] *= 1 + moves
        ratio = tried(numbers, higher)
        return -math.log(ratio) if ratio > 0 else 1e3

    width = 10.0 ** rng.uniform(-8, -0.5)  # the last digits decide as often as the first
    simplex = width * rng.standard_normal((len(some) + 1, len(some)))
    simplex[0] = 0
    options = {"maxfev": tries // 2, "initial_simplex": simplex, "xatol": 1e-17, "fatol": 0.0}
    from scipy.optimize import minimize  # takes a third of a second

    minimize(by, np.zeros(len(some)), method="Nelder-Mead", options=options)
    while left > tries // 4:
        place, factor = rng.integers(len(start)), rng.choice(STEPS)
        went_on = True
        while went_on and left > tries // 4:  # as far as it gets worse
            before, numbers = best, at.copy()
            with np.errstate(over="ignore"):  # infinity is no number to be drawn
                numbers[place] *= factor
            went_on = tried(numbers, higher) > before
    if best <= first:
        return at
    least = max(first, WORTH * best)
    for place in rng.permutation(len(start)):
        for bits in BITS:
            numbers = at.copy()
            numbers[place] = rounded(numbers[place], bits)
            if left <= 0 or numbers[place] == at[place]:
                break
            if tried(numbers, lambda: least) > least:
                break
    return at


def rounded(number: float, bits: int) -> float:
    """To so many bits."""
    mantissa, exponent = math.frexp(number)
    return math.ldexp(round(math.ldexp(mantissa, bits)), exponent - bits)
