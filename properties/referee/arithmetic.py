"""What an evaluation in floating point may be off by, found by running the formula with such errors.

Each operation of the reference is done in float64, and what it gives is moved, up or down at random, by as much as the
operation may be off by in the dtype at hand. The answer of several such runs spreads as those errors are carried on:
Monte Carlo arithmetic (Parker 1997). What is allowed is four times its root mean square, entry by entry, so errors are
of a quarter to a half of what they may be: a single operation has 8 u |value|, 4 ulp, which the exp and tanh of
libraries have, and a sum or a product of matrices γ_m Σ|aᵢbᵢ| more, which covers every order of its m terms that are
not zero (Higham 2002, §2.2 and §3.1). Through several operations it is an estimate, not a theorem, so a reference that
exceeds it itself widens it (`verdict`).

Who computes something else than the reference's formula, and as well, is stable backwards: right for arguments that
are off by little. So what is allowed has as much on top as the exact answer moves by when each argument does so by
λ √m u, where m is the number of terms of the longest sum, and u that of sums, or by λ u of its own dtype (Higham 2002,
§1.5; Higham and Mary 2019). That is what Welford's variance needs, and less than what is lost where the square of the
mean is taken from the mean of the squares.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

UNITS = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
SMALLEST = {"float64": 2.0**-1022, "float16": 2.0**-24}  # what may be lost; others flush subnormal numbers: 2⁻¹²⁶
LARGEST = {"float64": np.finfo(np.float64).max, "float16": 65504.0, "bfloat16": (2 - 2.0**-7) * 2.0**127}
OPERATION, SPREADS = 2, 4
RMS = math.sqrt(7 / 3)  # the root mean square of numbers from 1 to 2
BACKWARD = 2  # λ: an argument may be off by λ √m u, as a sum of m terms is with rounding errors of either sign
BITS = {"float32": 24, "float16": 11, "TF32": 11, "bfloat16": 8}  # in which may be computed what is said to have more
SOURCE = (
    "Monte Carlo arithmetic on the reference's operations: Parker (1997); Higham (2002), §2.2 and §3.1; and on its "
    "arguments, for what is stable backwards: Higham (2002), §1.5; Higham and Mary (2019)"
)


def largest(dtype: str) -> float:
    """The largest number of a dtype."""
    return float(LARGEST.get(dtype, np.finfo(np.float32).max))


class Arithmetic:
    """Float64 with the errors of a dtype.

    Parameters
    ----------
    dtype
        Of what is handed from operation to operation.
    seed
        Of the errors; None is without any.
    sums
        In which dtype sums are at least: in float32, as kernels have them.
    """

    def __init__(self, dtype: str, seed: int | None, sums: str = "float32") -> None:
        self.unit, self.least = UNITS[dtype], SMALLEST.get(dtype, 2.0**-126)
        self.most, self.sums = largest(dtype), min(self.unit, UNITS[sums])
        self.rng = None if seed is None else np.random.default_rng(seed)
        self.exact, self.endless = seed is None, False
        self.terms = 1.0  # of the longest sum that was seen

    def argument(self, value: np.ndarray) -> np.ndarray:
        """What goes into the formula."""
        return value

    def operand(self, value: Any) -> Any:
        """What goes into a product or a sum."""
        return value

    def off(self, value: Any, absolute: Any = None, terms: Any = 1, rough: float = 1) -> np.ndarray:
        """What an operation gives, with its error.

        Parameters
        ----------
        value
            Without it.
        absolute
            Of a sum, that of the absolute terms.
        terms
            How many of them are not zero.
        rough
            By how much worse it is than other operations.
        """
        value = np.asarray(value)
        if self.rng is None or value.dtype.kind not in "fc" or not value.size:
            return value
        with np.errstate(all="ignore"):
            size = abs(value)
            allowed = np.minimum(rough * OPERATION * self.unit * size + self.least, size / 2)
            if absolute is not None:
                self.terms = max(self.terms, float(np.max(terms, initial=1)))
                nu = np.asarray(terms) * self.sums
                allowed = allowed + np.where(nu < 0.5, nu / (1 - nu), 1) * abs(np.asarray(absolute)) / SPREADS
            moved = value + allowed * self._moves(value)
            if value.dtype.kind == "f":
                moved = np.where(abs(moved) > self.most, np.copysign(np.inf, moved), moved)  # as it would be there
        return np.where(np.isnan(moved), value, moved)

    def around(self, value: Any, size: int) -> np.ndarray:
        """What goes into an operation that is stable backwards: off by 2 (n + d + 2) u (Higham 2002, §19)."""
        value = np.asarray(value)
        if self.rng is None or value.dtype.kind not in "fc":
            return value
        with np.errstate(all="ignore"):
            finite = abs(value[np.isfinite(value)])
            norm = np.sqrt(np.mean(np.square(finite))) if finite.size else 0.0
            moved = value + 2 * (size + 2) * self.unit * norm * self._moves(value)
        return np.where(np.isfinite(moved), moved, value)

    def input(self, value: np.ndarray) -> np.ndarray:
        """What goes into a function that cannot be looked into."""
        if self.rng is None or value.dtype.kind not in "fc":
            return value
        with np.errstate(all="ignore"):
            return value * (1 + (max(value.shape, default=0) + 2) * self.unit * self._moves(value))

    def _moves(self, value: np.ndarray) -> Any:
        """From 1 to 2 and of either sign: if all were of one size, two in a row would cancel in every second run.

        Of complex numbers each part has one, as its error is of the size of the whole (Higham 2002, §3.6).
        """
        assert self.rng is not None
        made = [self.rng.uniform(-1, 1, value.shape) for _ in range(1 + (value.dtype.kind == "c"))]
        moves = [each + np.copysign(1, each) for each in made]
        return moves[0] if len(moves) == 1 else moves[0] + 1j * moves[1]


class Shifted(Arithmetic):
    """Float64 of other arguments: each is moved by so much of itself, up or down at random, and equal ones alike."""

    def __init__(self, seed: int, by: float) -> None:
        super().__init__("float64", None)
        self.keys, self.by = np.random.default_rng(seed).integers(2**63, size=2, dtype=np.uint64), by

    def argument(self, value: np.ndarray) -> np.ndarray:
        """Moved."""
        if value.dtype.kind == "c":
            return _by_parts(self.argument, value)
        if value.dtype.kind != "f":
            return value
        mixed = (value.view(np.uint64) ^ self.keys[0]) * (2 * self.keys[1] + 1)
        mixed = (mixed ^ (mixed >> 32)) * np.uint64(0x9E3779B97F4A7C15)
        size = self.by * ((mixed & 0xFFFFFFFF) * 2.0**-32 + 1) / RMS  # from 1 to 2, as in `Arithmetic`
        with np.errstate(all="ignore"):
            return value * (1 + np.where(mixed >> 63, size, -size))

    def input(self, value: np.ndarray) -> np.ndarray:
        """What goes into a function that cannot be looked into."""
        return self.argument(value)


class Endless(Arithmetic):
    """Float64 without errors and without ends: what leaves its range is put back into it (`operations.within`).

    What is infinite or NaN in float64 and not here is so for lack of range: the quotient of two numbers that overflow,
    the logarithm of one that underflows. A pole, or what hangs on an infinite argument, is the same in both.
    """

    def __init__(self) -> None:
        super().__init__("float64", None)
        self.exact, self.endless = False, True


class Lower(Arithmetic):
    """Float64 with the roundings of a lower precision, none of which is drawn.

    Parameters
    ----------
    precision
        A key of `BITS`.
    rounding
        To the nearest, or cut off, as whoever copies half of the bits does.
    results
        Which are rounded: none, as in tensor cores, those of products and sums, or every operation's; what goes into
        products and sums is in any case.
    """

    def __init__(self, precision: str, rounding: Callable[[np.ndarray], np.ndarray], results: int) -> None:
        super().__init__("float64", None)
        self.exact, self.results = False, results
        self.bits, self.rounding = BITS[precision], rounding
        self.lowest = -24 if precision == "float16" else -149  # the exponent of the smallest number that is held

    def operand(self, value: Any) -> Any:
        """Rounded."""
        value = np.asarray(value)
        if value.dtype.kind == "c":
            return _by_parts(self.operand, value)
        if value.dtype.kind != "f":
            return value
        with np.errstate(all="ignore"):
            unit = np.maximum(np.frexp(value)[1] - self.bits, self.lowest)
            return np.where(np.isfinite(value), np.ldexp(self.rounding(np.ldexp(value, -unit)), unit), value)

    def off(self, value: Any, absolute: Any = None, terms: Any = 1, rough: float = 1) -> np.ndarray:
        """What an operation gives."""
        return np.asarray(self.operand(value) if self.results > (absolute is None) else value)

    def around(self, value: Any, size: int) -> np.ndarray:
        """What goes into a factorisation."""
        return np.asarray(self.operand(value))

    def input(self, value: np.ndarray) -> np.ndarray:
        """What goes into a function that cannot be looked into."""
        return np.asarray(self.operand(value))


def _by_parts(change: Callable[[np.ndarray], Any], value: np.ndarray) -> np.ndarray:
    made = np.empty_like(value)
    made.real, made.imag = change(value.real.copy()), change(value.imag.copy())
    return made


def spread(
    run: Callable[[Arithmetic], list[np.ndarray]], dtype: str, runs: int, sums: str = "float32"
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each result without errors, and what it may be off by: by anything where float64 has not the range for it."""
    exact = run(Arithmetic(dtype, None))
    norms = [np.zeros(value.shape) for value in exact]  # whose squares would underflow
    if not all(np.isfinite(value).all() for value in exact):
        for norm, value, other in zip(norms, exact, run(Endless()), strict=True):
            norm[~np.isfinite(value) & (value != other) & ~(np.isnan(value) & np.isnan(other))] = np.inf
    terms = 1.0
    with np.errstate(all="ignore"):
        for seed in range(runs):
            how = Arithmetic(dtype, seed, sums)
            for i, (value, moved) in enumerate(zip(exact, run(how), strict=True)):
                same = (value == moved) | (np.isnan(value) & np.isnan(moved))
                gap = moved.astype(float) - value.astype(float)
                norms[i] = np.hypot(norms[i], np.where(same, 0, np.where(np.isnan(gap), np.inf, gap)))
            terms = max(terms, how.terms)
        # What float64 itself is off by comes on top where nothing more exact is at hand.
        factor = SPREADS / math.sqrt(runs) * (2 if dtype == "float64" else 1)
        least = Arithmetic(dtype, None).least
        by = BACKWARD * max(math.sqrt(terms) * Arithmetic(dtype, None, sums).sums, UNITS[dtype])
        shifts = _shifts(run, exact, by, runs // 2)
        allowed = []
        for value, norm, shift in zip(exact, norms, shifts, strict=True):
            last = np.where(
                norm > 0, SPREADS * OPERATION * UNITS[dtype] * abs(value), 0
            )  # whose error none makes up for
            allowed.append(np.fmax(factor * norm, last) + shift + least)
        return [*zip(exact, allowed, strict=True)]


def _shifts(
    run: Callable[[Arithmetic], list[np.ndarray]], exact: list[np.ndarray], by: float, runs: int
) -> list[np.ndarray]:
    """By how much each result moves with the arguments: what is stable backwards may be off by so much.

    As for operations, they are moved by a quarter of it, and four times the root mean square is taken. What moves
    otherwise than they do, twice as far with twice the step, has jumped, and a jump is no error.
    """
    step = max(by / SPREADS, 2.0**-30)  # below, float64's own errors would be seen
    norms = [np.zeros(value.shape) for value in exact]
    for seed in range(runs):
        once, twice = run(Shifted(seed, step)), run(Shifted(seed, 2 * step))
        for i, (value, a, b) in enumerate(zip(exact, once, twice, strict=True)):
            if value.dtype.kind == "f":
                gap = abs(a - value)
                smooth = np.isfinite(gap) & (abs(b - value - 2 * (a - value)) <= gap / 2)
                norms[i] = np.hypot(norms[i], np.where(smooth, gap, 0))
    return [SPREADS / math.sqrt(runs) * by / SPREADS / step * norm for norm in norms]
