"""Real data with a certified answer: NIST's Statistical Reference Datasets of linear regression (`nist.toml`).

Filip's ten powers have a condition of 2e15 as they stand, which is no full rank by the contract's default cut-off. So
all columns are scaled to at most 1, by powers of two, which rounds nothing; then it is 7e9. What is asked is the exact
answer to the numbers as float64 has them. In that, 8 digits are those of the certified one, to the numbers as printed,
for Filip, and 13 or more for the others; how many of them are reached is recorded.
"""

import math
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shrinkage.properties.engine import bounds, bounds_unequal, oracles
from shrinkage.properties.engine.account import seen
from shrinkage.properties.engine.verdict import judge, wrong_kind

SETS = tomllib.loads(Path(__file__).with_name("nist.toml").read_text(encoding="utf-8"), parse_float=Decimal)
WITH_INTERCEPT = [name for name, data in SETS.items() if 0 in data["powers"]]
MOST = 15.0  # digits that are certified

pytestmark = pytest.mark.accuracy


@dataclass(frozen=True)
class Certified:
    """One of the data sets: numbers as NIST prints them, and as float64 with its columns scaled.

    Parameters
    ----------
    columns
        Of the design matrix, in rationals.
    target
        In rationals.
    weights
        The certified ones.
    """

    columns: list[list[Fraction]]
    target: list[Fraction]
    weights: list[Decimal]

    @property
    def unscaled(self) -> np.ndarray:
        """Its columns, as they stand."""
        return np.ascontiguousarray(np.array(self.columns, float).T)

    @property
    def X(self) -> np.ndarray:
        """Its columns, scaled by powers of two to entries of at most 1."""
        return np.ldexp(self.unscaled, -self._powers)

    @property
    def y(self) -> np.ndarray:
        """The target."""
        return np.array(self.target, float)

    @property
    def _powers(self) -> np.ndarray:
        return np.ceil(np.log2(np.abs(np.array(self.columns, float)).max(axis=1))).astype(int)

    def digits(self, w: Any, scaled: bool = True) -> float:
        """−log₁₀ of the largest relative error of these weights, of scaled columns or not: digits, as certified."""
        own = np.ldexp(np.asarray(w, float), -self._powers * scaled).tolist()
        pairs = zip(own, self.weights, strict=True)
        off = max(abs(Fraction(value) / Fraction(right) - 1) if math.isfinite(value) else 1 for value, right in pairs)
        return min(max(-math.log10(off), 0.0), MOST) if off else MOST


def certified(name: str) -> Certified:
    """The data set of this name."""
    data = SETS[name]
    columns = [[Fraction(v) ** p for v in x] for x in data["x"] for p in data["powers"] if p]
    ones = [[Fraction(1)] * len(data["y"])] * (0 in data["powers"])
    return Certified(ones + columns, [*map(Fraction, data["y"])], [*map(Decimal, data["certified"])])


@pytest.mark.parametrize("function", ["lstsq", "ridge"])
@pytest.mark.parametrize("data", SETS)
def test_certified_data_are_solved(impl, data, function):
    """On NIST's linear regression data, lstsq and ridge at λ = 0 give the least squares solution."""
    p = certified(data)
    exact = oracles.lstsq(p.X, p.y)
    bound = bounds.least_squares(p.X, p.y, 0.0, exact)
    w = impl.lstsq(p.X, p.y) if function == "lstsq" else impl.ridge(p.X, p.y, 0.0)
    if not wrong_kind(w, exact.shape):
        seen.of(function).digits[data] = p.digits(w)
    judge(function, w, exact, bound, dtype=float)


@pytest.mark.parametrize("data", SETS)
def test_certified_data_are_solved_to_the_last_digit(impl, data):
    """On NIST's data as they stand, Filip's too, lstsq(X, y, rcond=0, refine=True) has every digit."""
    impl.needs("lstsq", "refine")
    p = certified(data)
    exact = oracles.lstsq(p.unscaled, p.y)
    w = impl.lstsq(p.unscaled, p.y, rcond=0.0, refine=True)
    if not wrong_kind(w, exact.shape):
        seen.of("lstsq").digits[f"{data}, refined"] = p.digits(w, scaled=False)
    judge("lstsq", w, exact, bounds.refined(p.unscaled, p.y, exact), dtype=float)


@pytest.mark.parametrize("data", WITH_INTERCEPT)
def test_certified_data_are_solved_with_an_intercept(impl, data):
    """On NIST's linear regression data, ridge_intercept at λ = 0 gives the least squares solution."""
    p = certified(data)
    X = np.ascontiguousarray(p.X[:, 1:])
    exact = oracles.intercept(X, p.y, 0.0)
    w, b = impl.ridge_intercept(X, p.y, 0.0)
    if not wrong_kind(w, exact[0].shape) and not wrong_kind(b, ()):
        seen.of("ridge_intercept").digits[data] = p.digits([b, *w])
    for part, right, bound in zip((w, b), exact, bounds_unequal.intercept(X, p.y, 0.0, None, exact), strict=True):
        judge("ridge_intercept", part, right, bound, dtype=float)
