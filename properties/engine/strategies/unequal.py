"""Problems with an intercept, with weights, and with a λ for each feature.

Ordinary ones are multiples of 1/8 of everyday size, and well-conditioned for the λ that they have. Hard ones have
a planted spectrum, of the rows about their mean, and a mean that may be far larger than they are.
"""

import math
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import assume

from shrinkage.properties.engine import oracles
from shrinkage.properties.engine.strategies import (
    SEEDS,
    SPECTRA,
    TARGETS,
    Shown,
    _around_zero,
    composite,
    generator,
    kinds,
    of_rank,
    orthogonal,
    plain,
    shapes,
    shifted,
    spectrum,
    target,
    units,
)

COLUMNS = st.sampled_from([0, 0, 0, 1, 3])
WEIGHTS = st.sampled_from(["moderate", "moderate", "wide", "zeros"])


@dataclass(frozen=True, repr=False)
class Offset(Shown):
    """A problem with an intercept: X is (n, d), y is (n,) or (n, k).

    Parameters
    ----------
    X, y
        The data, of one dtype.
    weights
        Of the samples, in that dtype, or none.
    lam
        λ ≥ 0.
    rank
        Of the rows about their weighted mean, exact as the floats stand; what counts is far above the default `rcond`.
    """

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    lam: float
    rank: int

    @property
    def dtype(self) -> Any:
        """Of the data, and so of the answer."""
        return self.X.dtype

    @property
    def more(self) -> tuple[np.ndarray, ...]:
        """The weights as a last argument, where there are any."""
        return () if self.weights is None else (self.weights,)


@composite
def offset(
    draw: st.DrawFn, *, weighted: bool, hard: bool = False, columns: bool = True, penalty: bool = True, low: int = 1
) -> Offset:
    """A problem of as full a rank as it can have.

    Parameters
    ----------
    weighted
        Whether samples have weights; at least `low` of them are positive.
    hard
        As in `linear`, with means of up to 10⁸ times the spread (10³ in float32) and weights from 10⁻⁶ to 10⁶.
    columns
        Whether y may have columns.
    penalty
        Whether λ is positive; where it is not, an ordinary problem has more samples than features.
    low
        The least number of samples.
    """
    n, d = draw(shapes())
    n = max(n, low if penalty or hard else d + 2)
    rng, k = generator(draw(SEEDS)), draw(COLUMNS) if columns else 0
    if not hard:
        return draw(_ordinary(n, d, k, rng, weighted, penalty))
    dtype = draw(kinds(hard))
    s = _weights(draw(WEIGHTS), n, low, rng) if weighted else np.ones(n)
    there = s > 0
    # An orthonormal basis of what is orthogonal to √s, among the samples that count.
    root = np.sqrt(s[there])
    free = np.eye(len(root)) if rng is None else rng.standard_normal((len(root), len(root)))
    basis = np.linalg.qr(np.column_stack([root, free]))[0][:, 1:]
    r = min(len(root) - 1, d)
    apart = 10.0 ** draw(st.integers(0, 8 if dtype == np.float64 else 3))
    digits = 15 if dtype == np.float64 else 6
    room = (
        0.1 / max(n, d) / float(np.finfo(dtype).eps) / apart / max(root.max(), 1.0)
    )  # as the rows are rounded with their means
    condition = max(min(10.0 ** draw(st.integers(0, digits)), room), 1.0)
    values = spectrum(draw(SPECTRA), max(r, 1), condition)[:r]
    rows = np.ones((n, d))
    rows[there] = (basis[:, :r] * values) @ orthogonal(d, rng)[:r] / root[:, None]
    y = target(rng, rows, draw(TARGETS), max(k, 1))
    y = y + (1 if rng is None else rng.standard_normal()) * 10.0 ** draw(st.integers(0, int(math.log10(apart))))
    rows = rows + apart * (np.ones(d) if rng is None else rng.standard_normal(d))
    relative = 10.0 ** draw(_around_zero(20))
    if draw(st.sampled_from([False, False, True])):
        relative = float(values[-1]) ** 2 if r else 1.0
    x_unit, y_unit = draw(units(dtype))
    X, y = np.ldexp(rows.astype(dtype), x_unit), np.ldexp(y.astype(dtype), y_unit)
    weights = s.astype(dtype) if weighted else None
    return Offset(X, y if k else y[:, 0], weights, shifted(relative, x_unit) if penalty else 0.0, r)


@st.composite
def _ordinary(
    draw: st.DrawFn, n: int, d: int, k: int, rng: np.random.Generator | None, weighted: bool, penalty: bool
) -> Offset:
    X = plain(rng, (n, d)) + draw(st.sampled_from([0, 0, 10, 100]))
    if not penalty:
        X[: d + 1] += 8 * np.eye(d + 1)[:, :d]
    y = X @ (np.ones((d, max(k, 1))) if rng is None else rng.integers(-3, 4, (d, max(k, 1)))) + 5.0
    y = y + draw(st.sampled_from([0, 1])) * plain(rng, y.shape)
    s = np.ones(n)
    if weighted:  # in quarters, and one or two of them zero where enough are left
        s = np.arange(1.0, n + 1) if rng is None else rng.integers(1, 17, n) / 4
        if draw(st.booleans()):
            s[max(d + 2, 2) :: 2] = 0
    there = s > 0
    mean = s @ X / s.sum()
    values = np.linalg.svd(np.sqrt(s)[there, None] * (X - mean)[there], compute_uv=False)
    size = float(values[0]) if values.size and values[0] else 1.0
    if penalty:
        lam = math.ldexp(1.0, min(round(math.log2(size * size * 10.0 ** draw(_around_zero(3)))), 19))
        return Offset(X, y if k else y[:, 0], s if weighted else None, lam, min(int(there.sum()) - 1, d))
    assume(values[-1] > 0.01 * size)
    return Offset(X, y if k else y[:, 0], s if weighted else None, 0.0, d)


def _weights(kind: str, n: int, low: int, rng: np.random.Generator | None) -> np.ndarray:
    """Of one size; from 10⁻⁶ to 10⁶; or with zeros among them, but for the first `low`. A few bits are enough."""
    if rng is None:
        return np.arange(1.0, n + 1)
    s = rng.integers(1, 65, n) / 16
    if kind == "wide":
        s = np.ldexp(rng.integers(1, 16, n), rng.integers(-20, 17, n))
    elif kind == "zeros":
        s[low:] *= rng.random(n - low) < 0.5
    return s


@composite
def offset_of_rank(draw: st.DrawFn, *, weighted: bool, columns: bool = True) -> Offset:
    """A problem of any rank, exact as the floats stand, without a penalty: small integers, and so are weights."""
    p, rng = draw(of_rank(columns=columns, hard=True, plain=True)), np.random.default_rng(draw(SEEDS))
    X = p.X + rng.integers(-9, 10, p.X.shape[1]).astype(p.dtype)
    y = p.y + p.dtype.type(draw(st.integers(-9, 9)))
    weights = rng.integers(1, 5, len(X)).astype(p.dtype) if weighted else None
    s = np.ones(len(X)) if weights is None else weights
    A = oracles.centred(X, y, s)[0]
    values = np.linalg.svd(np.sqrt(s)[:, None] * oracles.floats(oracles.entries(A)), compute_uv=False)
    rank = A.rank()
    if rank and values[rank - 1] < (1e-6 if p.dtype == np.float64 else 1e-2) * values[0]:
        X, rank = np.ones_like(X), 0  # no clear gap
    return Offset(X, y, weights, 0.0, rank)


@composite
def with_grid(draw: st.DrawFn, *, weighted: bool, hard: bool = False, columns: bool = True, low: int = 1) -> Any:
    """A problem with an intercept, and values of λ in any order, repeated.

    A hard one may be of any rank, and among its λ are zeros; or there are none.
    """
    full = offset(weighted=weighted, hard=hard, columns=columns, low=low)
    of_any_rank = offset_of_rank(weighted=weighted, columns=columns).filter(lambda p: len(p.X) >= low)
    p = draw(st.one_of(full, of_any_rank) if hard else full)
    factors = st.sampled_from([0.0, 1.0, 1.0]) if hard else st.just(1.0)
    each = st.tuples(factors, _around_zero(20 if hard else 2))
    several = draw(st.lists(each, min_size=0 if hard else 1, max_size=3))
    limits = np.finfo(p.dtype)
    lams = [factor * (p.lam or 1.0) * 2.0**power for factor, power in several]
    return p, np.array([lam and min(max(lam, float(limits.tiny)), float(limits.max)) for lam in lams], p.dtype)


@dataclass(frozen=True, repr=False)
class ByFeature(Shown):
    """A problem with a λ for each feature; X is (n, d), y is (n,) or (n, k), lams is (d,), all of one dtype."""

    X: np.ndarray
    y: np.ndarray
    lams: np.ndarray

    @property
    def dtype(self) -> Any:
        """Of the data, and so of the answer."""
        return self.X.dtype


@composite
def by_feature(draw: st.DrawFn, *, hard: bool = False, columns: bool = True) -> ByFeature:
    """A problem with λⱼ ≥ 0; the features without a penalty are of full rank, or, among the hard ones, of any.

    Parameters
    ----------
    hard
        Conditions and sizes as in `linear`, and λⱼ/‖X‖² from 1e-20 to 1e20, the ends of the dtype's range among them.
        Otherwise they are from 1e-2 to 1e2.
    columns
        Whether y may have columns.
    """
    n, d = draw(shapes())
    rng, k = generator(draw(SEEDS)), draw(COLUMNS) if columns else 0
    if not hard:
        X, free = plain(rng, (n, d)), draw(st.integers(0, min(n - 1, d, 2)))
        X[:free, :free] += 32 * np.eye(free)
        y = X @ (np.ones((d, max(k, 1))) if rng is None else rng.integers(-3, 4, (d, max(k, 1))))
        y = y + draw(st.sampled_from([0, 1])) * plain(rng, y.shape)
        size = math.ldexp(1.0, 2 * int(np.frexp(abs(X).max())[1]))
        powers = np.zeros(d) if rng is None else rng.integers(-7, 8, d)
        lams = np.minimum(size * 2.0**powers, 2.0**19)
        lams[:free] = 0
        return ByFeature(X, y if k else y[:, 0], lams)
    p = draw(of_rank(columns=columns, hard=True))
    if draw(st.booleans()):
        dtype = draw(kinds(hard))
        digits = 12 if dtype == np.float64 else 4
        values = spectrum(draw(SPECTRA), min(n, d), 10.0 ** draw(st.integers(0, digits)))
        X = (orthogonal(n, rng)[:, : min(n, d)] * values) @ orthogonal(d, rng)[: min(n, d)]
        y = target(rng, X, draw(TARGETS), max(k, 1))
        x_unit, y_unit = draw(units(dtype))
        X, y = np.ldexp(X.astype(dtype), x_unit), np.ldexp(y.astype(dtype), y_unit)
    else:
        X, y, dtype, k = p.X, p.y.reshape(len(p.y), -1), p.dtype, p.y.ndim - 1
    unit, limits = int(np.frexp(abs(X).max())[1]), np.finfo(dtype)
    powers = st.sampled_from([None, 308, -308]) | _around_zero(20) | _around_zero(3)
    if draw(st.booleans()):  # many that have none
        powers = st.none() | powers
    each = draw(st.lists(powers, min_size=X.shape[1], max_size=X.shape[1]))
    lams = [0.0 if power is None else shifted(10.0**power, unit) for power in each]
    lams = [lam and min(max(lam, float(limits.tiny)), float(limits.max)) for lam in lams]
    return ByFeature(X, y if k else y[:, 0], np.array(lams, dtype))


@composite
def few_small_lams(draw: st.DrawFn) -> ByFeature:
    """More features than samples, but the λⱼ of fewer than them, or of none, are small: the rest is as if left out."""
    n = draw(st.integers(2, 6))
    d, few = n + draw(st.integers(0, 5)), draw(st.integers(0, n - 1))
    rng = generator(draw(SEEDS))
    X, y = plain(rng, (n, d)), plain(rng, (n,))
    large = draw(st.sampled_from([2, 10, 20, 100, 300]))
    lams = 10.0 ** np.where(np.arange(d) < few, -draw(st.integers(0, 12)), large) * (1 + np.arange(d))
    return ByFeature(X, y, lams[::-1] if draw(st.booleans()) else lams)
