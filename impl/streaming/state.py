"""What is kept of the rows so far, how rows are added to it, and how two of them become one.

As long as there are no more rows than columns of [X y], they are kept as they are. Of more, the triangular factor R of
[X y] is kept, XᵀX = RᵀR, in float64 whatever the data are, and times powers of two that keep its squares in range.

With an intercept, R is the factor of √s times the rows about their mean. Two means are merged as Chan, Golub and
LeVeque do, "Algorithms for computing the sample variance" (1983): n = a + b rows, about their mean, are those about the
mean of a, those about the mean of b, and one row more, √(ab/n) times the difference of the two. Means are kept in two
parts, so that the difference has its digits however large they are beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._kernels.scaling import NOT_FINITE, excess, exponent, times_power_of_two
from .._kernels.validation import F32, F64, Array, count, floats, real, refuse_shape
from ..ridge_regression.intercept.centred import rows_about_the_mean
from .answers import Answers
from .fold import folded, merged


@dataclass(frozen=True, eq=False)
class State(Answers):
    """What is kept of n samples: enough for every answer that is not about single ones.

    It is made by `start`, and changed by nobody: `update` and `merge` make another one.

    Parameters
    ----------
    d, k
        Features, and targets; k is None for y of shape (n,).
    dtype
        Of the answers.
    intercept
        Whether there is one, without a penalty.
    n
        Samples so far, without those of weight 0.
    seen
        Samples so far, with those.
    rows
        (n, d + k), [X y] as it came, for n ≤ d + k; else (d + k, d + k), upper triangular.
    weights
        (n,), as long as the rows are kept as they came; else empty.
    ex, ey
        The powers of two that X and y of the triangle are yet to be multiplied by.
    total
        Σ s.
    mean, rest
        (d + k,): with an intercept, and the triangle, the weighted mean, and what of it a float64 leaves out.

    Examples
    --------
    >>> state = start(1)
    >>> state = update(state, [[1.0], [2.0], [3.0]], [1.0, 2.0, 3.5])
    >>> state.ridge(0.5)
    array([1.06896552])
    """

    d: int
    k: int | None
    dtype: np.dtype[Any]
    intercept: bool
    n: int
    seen: int
    rows: Array = field(repr=False)
    weights: Array = field(repr=False)
    ex: int = 0
    ey: int = 0
    total: float = 0.0
    mean: Array = field(default_factory=lambda: np.zeros(0), repr=False)
    rest: Array = field(default_factory=lambda: np.zeros(0), repr=False)

    @property
    def columns(self) -> int:
        """Of [X y]."""
        return self.d + (1 if self.k is None else self.k)

    @property
    def reduced(self) -> bool:
        """Whether the rows are the triangular factor."""
        return self.n > self.columns

    @property
    def nbytes(self) -> int:
        """Of memory, that the arrays take."""
        return sum(a.nbytes for a in (self.rows, self.weights, self.mean, self.rest))

    def problem(self) -> tuple[Array, Array, int, int]:
        """(X, Y, ex, ey), in range: rows [X · 2^ex, Y · 2^ey] of which, without an intercept, this is the state."""
        if self.reduced or not self.n:
            return *np.split(self.rows.copy(), [self.d], axis=1), self.ex, self.ey  # type: ignore[return-value]
        part = _part(self, self.intercept)
        ex, ey = _common([(part.X, part.ex)], 150), _common([(part.Y, part.ey)], 300)
        X, Y = _times(part.X, part.ex - ex), _times(part.Y, part.ey - ey)
        return np.require(X, F64, ["C", "W"]), np.require(Y, F64, ["C", "W"]), ex, ey


def start(d: int, k: int | None = None, dtype: DTypeLike = np.float64, *, intercept: bool = False) -> State:
    """The state of no samples.

    Parameters
    ----------
    d
        How many features there are.
    k
        How many targets, for y of shape (n, k); None is one, for y of shape (n,), and 0 is none.
    dtype
        Of the answers, float64 or float32; the state is in float64. A singular value that is at most max(n, d) · eps of
        this dtype counts as zero at λ = 0.
    intercept
        Whether there is one, without a penalty.

    Returns
    -------
    State
        For `update` and `merge`.

    Raises
    ------
    ValueError
        d or k is no count, or the dtype another one.
    """
    d, k = count("d", d), None if k is None else count("k", k)
    kind = np.dtype(dtype)
    if kind not in (F64, F32):
        raise ValueError(f"dtype must be float64 or float32, not {kind}")
    return State(d, k, kind, bool(intercept), 0, 0, np.zeros((0, d + (1 if k is None else k))), np.zeros(0))


def update(state: State, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> State:
    """The state of these samples, too.

    Parameters
    ----------
    state
        Which is left as it is.
    X : (b, d)
        One sample a row, none included.
    y : (b,) or (b, k)
        Their targets; None where there are none, k = 0.
    sample_weight : (b,)
        s ≥ 0; a sample of weight 3 counts as three, one of weight 0 as none. None is 1 for each.

    Returns
    -------
    State
        Of the same size, once there are as many samples as columns of [X y].

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, of which the row is named, or a weight is negative.

    Notes
    -----
    With p = d + k: 2bp² flops. Backward stable, column by column, in any order of the blocks: Demmel, Grigori, Hoemmen
    and Langou (2012), §3; Higham (2002), Theorem 19.4.
    """
    return joined(_a_state("state", state), checked(state, X, y, sample_weight))


def merge(a: State, b: State) -> State:
    """The state of the samples of both.

    Parameters
    ----------
    a, b
        States that were started alike. They are left as they are.

    Returns
    -------
    State
        a itself where b has no samples, and b where a has none.

    Raises
    ------
    ValueError
        They are of other sizes, or of another kind.

    Notes
    -----
    With p = d + k: 2p³/3 flops. Backward stable over any tree: Demmel, Grigori, Hoemmen and Langou (2012), §3.
    """
    for name in ("d", "k", "dtype", "intercept"):
        if getattr(_a_state("a", a), name) != getattr(_a_state("b", b), name):
            raise ValueError(
                f"the states must have been started alike, but {name} is {getattr(a, name)} and {getattr(b, name)}"
            )
    return joined(a, b)


def _a_state(name: str, state: State) -> State:
    if not isinstance(state, State):
        raise TypeError(f"{name} must be a State, as start, update and merge give, not {type(state).__name__}")
    return state


class Block(NamedTuple):
    """Samples that were checked: a state but for what does not change."""

    X: Array
    Y: Array
    weights: Array | None
    seen: int

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.X)

    def of(self, rows: NDArray[Any]) -> Block:
        """Those of a mask."""
        X, s = self.X[rows], self.weights
        return Block(X, self.Y[rows], None if s is None else s[rows], len(X))

    @staticmethod
    def together(several: Sequence[Block]) -> Block:
        """Of several, all with weights or all without, one after the other."""
        X, Y = (np.concatenate([each[i] for each in several]) for i in (0, 1))
        weights = [each.weights for each in several if each.weights is not None]
        return Block(X, Y, np.concatenate(weights) if weights else None, len(X))


def checked(
    state: State, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None, first: int = 0
) -> Block:
    """X (b, d), Y (b, k) and the weights of the samples that have one; `first` is the number of the first row."""
    d, k = state.d, state.k
    y = np.zeros((len(real("X", X)), 0)) if y is None and k == 0 else y
    if y is None:
        raise ValueError("y must be given, one row for each row of X, unless the state was started with k = 0")
    X, y = floats("X y", X, y)
    if X.ndim != 2 or X.shape[1] != d:
        refuse_shape("X", X, f"(b, {d}), one column for each of d = {d} features")
    if y.shape != (len(X), *(() if k is None else (k,))):
        refuse_shape("y", y, f"({len(X)},{'' if k is None else f' {k}'}), one row for each row of X")
    _finite("X", X, first)
    _finite("y", y, first)
    Y = y.reshape(len(X), state.columns - d)
    if sample_weight is None:
        return Block(X, Y, None, len(X))
    (s,) = floats("sample_weight", sample_weight)
    if s.shape != (len(X),):
        refuse_shape("sample_weight", s, f"({len(X)},), one weight for each row of X")
    _finite("sample_weight", s, first)
    if len(s) and s.min() < 0:
        raise ValueError(f"sample_weight must not be negative, but its smallest is {s.min()}")
    there = s > 0
    return Block(X[there], Y[there], s[there].astype(np.float64), len(X))


def _finite(name: str, a: Array, first: int) -> None:
    if exponent(a) == NOT_FINITE:
        row = first + int(np.argmin(np.isfinite(a).reshape(len(a), -1).all(axis=1)))
        raise ValueError(f"{name} must be finite, but holds a NaN or an infinity in row {row}")


# ---- what is joined --------------------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """Rows of [X Y], which are [X · 2^ex, Y · 2^ey], and the means that were taken out of them."""

    X: Array
    Y: Array
    ex: int
    ey: int
    total: float
    mean: Array
    rest: Array


def joined(a: State, b: State | Block) -> State:
    """The state of the samples of both."""
    seen = a.seen + b.seen
    if b.n == 0:
        return replace(a, seen=seen) if b.seen else a
    if a.n == 0 and isinstance(b, State):
        return replace(b, seen=seen) if a.seen else b
    n = a.n + b.n
    if n <= a.columns:
        one, other = _as_they_are(a), _as_they_are(b)
        rows, weights = np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])
        total = float(np.sum(weights))
        return replace(a, n=n, seen=seen, rows=_kept(rows), weights=_kept(weights), total=total)
    parts = [_part(each, a.intercept) for each in (a, b) if each.n]
    total, mean, rest = parts[0].total, parts[0].mean, parts[0].rest
    if len(parts) == 2:
        total += parts[1].total
        if a.intercept:
            between, mean, rest = _between(parts[0], parts[1], a.d)
            parts.append(between)
    ex = _common([(part.X, part.ex) for part in parts], 150)
    ey = _common([(part.Y, part.ey) for part in parts], 300)
    R = np.zeros((a.columns, a.columns))
    triangles = [isinstance(each, State) and each.reduced for each in (a, b) if each.n] + [False]
    for part, triangle in sorted(zip(parts, triangles, strict=False), key=lambda each: not each[1]):
        X, Y = _times(part.X, part.ex - ex), _times(part.Y, part.ey - ey)
        if not triangle:
            dtype = F64 if X.dtype != Y.dtype else None
            R = folded(R, *(np.require(A, dtype, ["C", "A", "W"]) for A in (X, Y)))
        else:
            S = np.concatenate([X, Y], axis=1)
            R = merged(R, S) if R.any() else S
    made = replace(a, n=n, seen=seen, ex=ex, ey=ey, total=total, rows=_kept(R), weights=_kept(np.zeros(0)))
    return replace(made, mean=_kept(mean), rest=_kept(rest))


def _as_they_are(b: State | Block) -> tuple[Array, Array]:
    if isinstance(b, State):
        return b.rows, b.weights
    rows = np.concatenate([b.X, b.Y], axis=1).astype(np.float64)
    return rows, np.ones(b.n) if b.weights is None else b.weights


def _part(b: State | Block, intercept: bool) -> _Part:
    if isinstance(b, State):
        X, Y = b.rows[:, : b.d], b.rows[:, b.d :]
        if b.reduced:
            return _Part(X, Y, b.ex, b.ey, b.total, b.mean, b.rest)
        b = Block(X, Y, b.weights, b.n)
    X, Y, weights, _ = b
    plain = weights is None or bool((weights == 1).all())
    total, nothing = float(b.n if weights is None else np.sum(weights)), np.zeros(0)
    if plain and not intercept:
        return _Part(X, Y, 0, 0, total, nothing, nothing)
    ex, ey = (
        excess(exponent(np.require(X, None, ["C", "W"])), 150),
        excess(exponent(np.require(Y, None, ["C", "W"])), 300),
    )
    s = np.ones(b.n) if weights is None else weights
    es = 0 if plain else exponent(s) // 2
    root = np.sqrt(np.ldexp(s, -2 * es))
    M = np.concatenate([_times(X, -ex), _times(Y, -ey)], axis=1).astype(np.float64)
    if not intercept:
        M *= root[:, None]
        return _Part(M[:, : X.shape[1]], M[:, X.shape[1] :], ex + es, ey + es, total, nothing, nothing)
    M, mean, rest = rows_about_the_mean(M, root * root, root)
    d, unit = X.shape[1], np.repeat([ex, ey], X.shape[1:] + Y.shape[1:])
    return _Part(M[:, :d], M[:, d:], ex + es, ey + es, total, np.ldexp(mean, unit), np.ldexp(rest, unit))


def _between(a: _Part, b: _Part, d: int) -> tuple[_Part, Array, Array]:
    """(√(ab/(a + b)) times the difference of the means, as a row; the mean of both, in two parts)."""
    n, (p, q) = a.total + b.total, (math.sqrt(a.total), math.sqrt(b.total))
    both = np.stack([a.mean, b.mean])
    units = exponent(both[:, :d].copy()), exponent(both[:, d:].copy())
    unit = np.repeat(units, [d, both.shape[1] - d])
    far = np.ldexp(b.mean, -unit) - np.ldexp(a.mean, -unit) + (np.ldexp(b.rest, -unit) - np.ldexp(a.rest, -unit))
    size = p * (q / math.hypot(p, q))
    mantissa, es = math.frexp(size)
    row = (mantissa * far)[None, :]
    rest = a.rest + np.ldexp((b.total / n) * far, unit)
    mean = a.mean + rest
    back = mean - a.mean  # the error of the sum: Knuth's, Higham (2002), §4.3
    rest = (a.mean - (mean - back)) + (rest - back)
    nothing = np.zeros(0)
    return _Part(row[:, :d], row[:, d:], units[0] + es, units[1] + es, n, nothing, nothing), mean, rest


def _common(parts: list[tuple[Array, int]], limit: int) -> int:
    """The power of two that brings all of them into range, as little as will do; what is zero has no say."""
    tops = [exponent(np.require(A, None, ["C", "W"])) + e for A, e in parts if A.any()]
    return int(excess(max(tops), limit)) if tops else 0


def _times(A: Array, e: int) -> Array:
    return times_power_of_two(np.require(A, F64, ["C", "W"]), e) if e else A


def _kept(A: Array) -> Array:
    A = np.ascontiguousarray(A)
    A.flags.writeable = False
    return A
