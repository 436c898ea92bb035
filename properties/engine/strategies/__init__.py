"""Problems with a planted answer: spectrum, rank, scale, layout, dtype.

Few draws an example: the structure is drawn and shrinks towards a small well-conditioned float64 problem with λ = 1;
bulk numbers come from a drawn seed, and seed 0 stands for the plainest ones.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import hypothesis.strategies as st
import numpy as np
import pytest

from shrinkage.properties.engine import oracles
from shrinkage.properties.engine.account.source_repr import code
from shrinkage.properties.engine.strategies import families

DTYPES = (np.float64, np.float32)
SEEDS = st.integers(0, 2**32 - 1)
T = TypeVar("T")
P = ParamSpec("P")


def once(function: Callable[P, T]) -> Callable[P, T]:
    """The same strategy for the same arguments: Hypothesis examines each that is new."""
    return cast(Callable[P, T], functools.lru_cache(maxsize=1024)(function))


def composite(function: Callable[Concatenate[st.DrawFn, P], T]) -> Callable[P, st.SearchStrategy[T]]:
    """What `st.composite` makes of it, `once`."""
    return once(st.composite(function))


# A claim on ordinary input is one of mathematics: float64, sizes from one up, numbers and λ of everyday size. The same
# claim over conditioning, rank, scale, sizes of zero and float32 is one of accuracy. Strategies know which by `hard`;
# `plain` leaves the numbers of a hard problem ordinary: either dtype and sizes of zero, for claims that need no more.
ORDINARY_AND_HARD = pytest.mark.parametrize(
    "hard",
    [
        pytest.param(False, marks=pytest.mark.mathematics, id="ordinary"),
        pytest.param(True, marks=pytest.mark.accuracy, id="hard"),
    ],
)


# The same where nothing else is hard.
IN_EITHER_DTYPE = pytest.mark.parametrize(
    "dtype",
    [
        pytest.param(np.float64, marks=pytest.mark.mathematics, id="float64"),
        pytest.param(np.float32, marks=pytest.mark.accuracy, id="float32"),
    ],
)


@once
def kinds(hard: bool) -> st.SearchStrategy[Any]:
    """float64 for an ordinary problem, either dtype for a hard one."""
    return st.sampled_from(DTYPES if hard else DTYPES[:1])


@once
def count(hard: bool, most: int) -> st.SearchStrategy[int]:
    """From one up for an ordinary problem, from none up for a hard one."""
    return st.integers(0 if hard else 1, most)


@once
def apart(most: int) -> st.SearchStrategy[int]:
    """The binades of a hard problem for `wild`: now and then none, and numbers are plain."""
    return st.sampled_from([0, most, most, most])


# ---- chapter 1: vectors and matrices ---------------------------------------------------------------------------------


def generator(seed: int) -> np.random.Generator | None:
    """The generator of this seed; none for seed 0, which stands for the plainest numbers."""
    return np.random.default_rng(seed) if seed else None


def plain(rng: np.random.Generator | None, shape: tuple[int, ...]) -> np.ndarray:
    """Multiples of 1/8 up to ±10; without a generator 1, 2, 3, ..."""
    if rng is None:
        return np.arange(1.0, 1.0 + math.prod(shape)).reshape(shape)
    return rng.integers(-80, 81, shape) / 8


def wild(rng: np.random.Generator | None, shape: tuple[int, ...], dtype: Any, binades: int) -> np.ndarray:
    """Numbers of the dtype of any size up to 2**±binades, with zeros and subnormal numbers; plain ones for none.

    Now and then all of them are of the largest size, or of the smallest, and now and then some are there twice.
    """
    if rng is None or not binades:
        return plain(rng, shape).astype(dtype)
    kind = rng.random()
    sizes = rng.choice([-binades, binades]) if kind < 0.2 else rng.integers(-binades, binades + 1, shape)
    values = np.ldexp(rng.uniform(-1, 1, shape), sizes).astype(dtype)
    if values.size and kind > 0.8:
        values = rng.choice(values.ravel(), shape)
    tiny = np.finfo(dtype).smallest_subnormal
    if families.hunted() and rng.random() < 0.3:
        return families.cancelling(rng, values)
    return np.where(rng.random(shape) < 0.2, rng.choice(np.array([0.0, -0.0, tiny, -3 * tiny], dtype), shape), values)


# ---- chapters 2 and 3: linear problems -------------------------------------------------------------------------------


class Shown:
    """A dataclass that is printed as code to be pasted, by Hypothesis too; NumPy's own repr has eight digits."""

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={code(value)}" for name, value in vars(self).items())
        return f"{type(self).__name__}({parts})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


@dataclass(frozen=True, repr=False)
class Linear(Shown):
    """A linear problem: X is (n, d), y is (n,) or (n, k).

    Parameters
    ----------
    X, y
        The data, of one dtype.
    lam
        λ, for ridge.
    rank
        The planted rank, exact as the floats stand; every counted singular value is far above the default `rcond`.
    """

    X: np.ndarray
    y: np.ndarray
    lam: float = 0.0
    rank: int = 0

    @property
    def dtype(self) -> Any:
        """Of the data, and so of the answer."""
        return self.X.dtype


def orthogonal(size: int, rng: np.random.Generator | None) -> np.ndarray:
    """A random orthogonal matrix; without a generator, the identity."""
    return np.eye(size) if rng is None else np.linalg.qr(rng.standard_normal((size, size)))[0]


def spectrum(kind: str, size: int, condition: float) -> np.ndarray:
    """Singular values from 1 down to 1/condition, largest first."""
    s = np.ones(size)
    if size > 1 and kind == "graded":
        s = np.logspace(0, -math.log10(condition), size)
    elif kind == "one small":
        s[-1] = 1 / condition
    elif kind == "one large":
        s[1:] = 1 / condition
    elif kind == "clustered":  # two clusters, each wide enough that no two values are equal, and no wider
        s[size // 2 :] = 1 / condition
        s *= 1 - 1e-6 * np.arange(size)
    return s


SPECTRA = st.sampled_from(["graded", "one small", "one large", "clustered"])


@composite
def shapes(draw: st.DrawFn, low: int = 1, high: int = 8) -> tuple[int, int]:
    """(n, d): tall, wide, square, one row, one column; now and then 20×10 or 10×20."""
    n, d = draw(st.tuples(st.integers(low, high), st.integers(low, high)))
    if (n, d) == (high, high):
        return draw(st.sampled_from([(high, high), (20, 10), (10, 20)]))
    if families.hunted() and high == 8 and draw(st.integers(0, 5)) == 5:
        large = draw(st.sampled_from(families.SIZES))
        return (large, min(d, 3)) if n >= d else (min(n, 3), large)
    return n, d


def target(rng: np.random.Generator | None, X: np.ndarray, kind: str, columns: int) -> np.ndarray:
    """y for X of size 1: planted (y = Xw), with a residual beside it, or any y at all."""
    n, d = X.shape
    if rng is None:
        return (X @ np.ones((d, columns)) + (0 if kind == "planted" else 1))[:, :columns]
    noise = {"planted": 0.0, "small residual": 1e-6, "residual": 1.0}.get(kind)
    free = rng.standard_normal((n, columns))
    return free if noise is None else X @ rng.standard_normal((d, columns)) + noise * free


TARGETS = st.sampled_from(["residual", "planted", "small residual", "free"])


@composite
def linear(
    draw: st.DrawFn,
    *,
    shape: st.SearchStrategy[tuple[int, int]] | None = None,
    hard: bool = False,
    plain: bool = False,
    columns: bool = True,
    dtypes: Any = None,
) -> Linear:
    """A problem of full rank, with λ beside its spectrum.

    Parameters
    ----------
    shape
        Of X; `shapes()` if not given.
    hard
        Conditions up to the default rcond, data of size up to 1e±200 (1e±24 in float32), λ/‖X‖² from 1e-20 to 1e20, a
        row that is there twice, columns up to 1e8 apart. Otherwise the condition is at most 100, sizes are about 1 and
        λ/‖X‖² is from 1e-3 to 1e3.
    plain
        Nothing of that, but either dtype.
    columns
        Whether y may have columns.
    dtypes
        To draw from; `kinds(hard)` if not given.
    """
    n, d = draw(shape if shape is not None else shapes())
    dtype = draw(kinds(hard) if dtypes is None else st.sampled_from(dtypes))
    hard = hard and not plain
    seed = draw(SEEDS)
    rng = generator(seed)
    # A clear gap: no singular value is near the default rcond.
    digits = (15 if dtype == np.float64 else 6) if hard else 2
    condition = min(10.0 ** draw(st.integers(0, digits)), 0.1 / max(n, d) / np.finfo(dtype).eps)
    s = spectrum(draw(SPECTRA), min(n, d), condition)
    hardship = draw(st.sampled_from(["none", "none", "a row twice", "columns apart"])) if hard else "none"
    rows = n - 1 if hardship == "a row twice" and n > d else n
    X = (orthogonal(rows, rng)[:, : min(n, d)] * s) @ orthogonal(d, rng)[: min(n, d)]
    if hard and families.hunted() and (family := draw(st.sampled_from(families.NAMES))):
        room = 0.1 / max(n, d) / float(np.finfo(dtype).eps)
        X = families.matrix(family, rows, d, np.random.default_rng(seed), room)
        s = np.linalg.svd(X, compute_uv=False)
        condition = float(s[0] / s[-1])
    X = np.concatenate([X, X[: n - rows]])
    if hardship == "columns apart":
        # σ_min(XD) ≥ σ_min(X) min D: so far apart that every singular value still counts.
        room = 0.1 / max(n, d) / np.finfo(dtype).eps / condition
        X = X * np.logspace(0, -math.log10(min(max(room, 1.0), 1e8)), d)
    k = draw(st.sampled_from([0, 0, 0, 1, 3])) if columns else 0
    tight = hard and families.hunted() and draw(st.booleans())  # no residual, and a λ that counts: bounds are small
    y = target(rng, X, "planted" if tight else draw(TARGETS), max(k, 1))
    relative = 10.0 ** draw(_around_zero(20 if hard else 3))
    if tight or (hard and draw(st.sampled_from([False, False, True]))):
        relative = float(s[-1]) ** 2  # where λ begins to matter: half of the smallest direction is filtered out
    x_unit, y_unit = draw(units(dtype)) if hard else (0, 0)
    X = np.ldexp(X.astype(dtype), x_unit)
    y = np.ldexp(y.astype(dtype), y_unit)
    return Linear(X, y if k else y[:, 0], shifted(relative, x_unit), min(n, d))


@once
def _around_zero(size: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2 * size).map(lambda i: (i + 1) // 2 * (-1) ** i)


def shifted(relative: float, x_unit: int) -> float:
    """λ = relative · 4**x_unit, or the nearest positive float that there is."""
    own = math.frexp(relative)[1]
    return math.ldexp(relative, min(max(2 * x_unit, -1073 - own), 1023 - own))


@composite
def units(draw: st.DrawFn, dtype: Any) -> tuple[int, int]:
    """Binary exponents for X and y, such that y/X, the size of w, is far from overflow too."""
    most = 664 if dtype == np.float64 else 80
    x_unit = draw(st.sampled_from([0, 0, 0, most // 2, -most // 2, most, -most]))
    y_unit = draw(st.sampled_from([0, x_unit, x_unit // 2]))
    return x_unit, y_unit


@composite
def of_rank(
    draw: st.DrawFn,
    *,
    shape: st.SearchStrategy[tuple[int, int]] | None = None,
    columns: bool = True,
    hard: bool = False,
    plain: bool = False,
    dtypes: Any = None,
) -> Linear:
    """A problem of any rank, exact as the floats stand: X = BC of small integers, scaled by 2^k.

    Parameters
    ----------
    shape, dtypes
        As in `linear`.
    columns
        Whether y may have columns.
    hard, plain
        As in `linear`; an ordinary problem is not scaled, and its X not 0.
    """
    n, d = draw(shapes() if shape is None else shape)
    dtype = draw(kinds(hard) if dtypes is None else st.sampled_from(dtypes))
    rank = draw(count(hard, min(n, d)))
    rng = np.random.default_rng(draw(SEEDS))
    B, C = rng.integers(-3, 4, (n, rank)), rng.integers(-3, 4, (rank, d))
    B[:rank] += 4 * np.eye(rank, dtype=int)  # mostly keeps the rank, and the singular values away from 0
    C[:, :rank] += 4 * np.eye(rank, dtype=int)
    X = (B @ C).astype(float)
    s = np.linalg.svd(X, compute_uv=False)
    floor = s[0] * (1e-9 if dtype == np.float64 else 3e-3)
    rank = int((s > floor).sum())
    # A clear gap: what does not count is zero but for the SVD's own rounding.
    if ((s <= floor) & (s > 1e-13 * s[0])).any():
        X, rank = (np.zeros((n, d)), 0) if hard else (np.ones((n, d)), 1)
    k = draw(st.sampled_from([0, 0, 0, 1, 3])) if columns else 0
    y = rng.integers(-9, 10, (n, max(k, 1))).astype(float)
    if draw(st.booleans()):
        y = X @ rng.integers(-3, 4, (d, max(k, 1)))
    x_unit, y_unit = draw(units(dtype)) if hard and not plain else (0, 0)
    X, y = np.ldexp(X.astype(dtype), x_unit), np.ldexp(y.astype(dtype), y_unit)
    return Linear(X, y if k else y[:, 0], 0.0, rank)


@composite
def with_weights(draw: st.DrawFn, *, hard: bool = False, columns: bool = True) -> tuple[Linear, np.ndarray]:
    """A ridge problem and some w of its answer's shape and mostly of its size: anything, zero, or near the solution."""
    p = draw(ridge_problem(hard=hard, columns=columns))
    kind, rng = draw(st.sampled_from(["free", "zero", "solution"])), generator(draw(SEEDS))
    shape = (p.X.shape[1], *p.y.shape[1:])
    if kind == "solution":
        return p, oracles.floats(oracles.ridge(p.X, p.y, p.lam)).astype(p.dtype)
    unit = int(np.frexp(abs(p.y).max(initial=0))[1] - np.frexp(abs(p.X).max(initial=0))[1])
    return p, np.ldexp((plain(rng, shape) * (kind == "free")).astype(p.dtype), unit)


@dataclass(frozen=True, repr=False)
class Planted(Shown):
    """X = U diag(s) Vᵀ without any rounding, s descending and possibly with zeros."""

    X: np.ndarray
    U: np.ndarray
    s: np.ndarray
    Vt: np.ndarray

    def pinv(self, rank: int) -> np.ndarray:
        """The pseudoinverse of the part that the first `rank` singular values make, exactly."""
        U, s, Vt = (oracles.rationals(a) for a in (self.U[:, :rank], self.s[:rank], self.Vt[:rank]))
        return (Vt.T / s) @ U.T if rank else oracles.rationals(np.zeros(self.X.T.shape))


def reflections(size: int, rng: np.random.Generator | None) -> np.ndarray:
    """An orthogonal matrix whose entries are multiples of 1/4, so that products with it are exact."""
    Q = np.eye(size)
    if rng is None:
        return Q
    for nonzero in (2, 4):
        if nonzero <= size:
            v = np.zeros(size)
            v[rng.permutation(size)[:nonzero]] = rng.choice([-1.0, 1.0], nonzero)
            Q = Q - np.outer(Q @ v, v) * (2 / nonzero)
    return Q[rng.permutation(size)]


@composite
def planted(draw: st.DrawFn, steps: tuple[int, ...] = (0, 2, 3, 4)) -> Planted:
    """A matrix with known singular values, powers of two: each is the one before, divided by 2**step."""
    m, n = draw(shapes())
    dtype, rng = draw(st.sampled_from(DTYPES)), generator(draw(SEEDS))
    r = min(m, n)
    # The smallest is 2^-12 at least, so that sums of entries fit the 24 bits of float32.
    exponents = np.minimum(np.cumsum([0, *draw(st.lists(st.sampled_from(steps), min_size=r - 1, max_size=r - 1))]), 12)
    U, Vt = reflections(m, rng)[:, :r], reflections(n, rng)[:r]
    s = np.ldexp(1.0, -exponents)
    return Planted(*(a.astype(dtype) for a in ((U * s) @ Vt, U, s, Vt)))


@once
def ridge_problem(*, hard: bool = False, columns: bool = True) -> st.SearchStrategy[Linear]:
    """A problem of full rank or, among the hard ones, of any rank, with λ > 0 beside its spectrum."""
    if not hard:
        return linear(columns=columns)
    return st.one_of(linear(hard=True, columns=columns), _with_lam(columns))


@composite
def with_lams(
    draw: st.DrawFn, *, hard: bool = False, columns: bool = True, zero: bool = True
) -> tuple[Linear, np.ndarray]:
    """A problem of any rank, and values of λ in any order, some of them twice, in the dtype of the data.

    Parameters
    ----------
    hard
        As in `linear`; λ = 0, the ends of the dtype's range, and no λ at all.
    columns
        Whether y may have columns.
    zero
        Whether λ = 0 is ordinary where X has full column rank, and so each formula an inverse to go with it.
    """
    p = draw(st.one_of(linear(hard=hard, columns=columns), of_rank(hard=hard, columns=columns)))
    beside = _around_zero(20 if hard else 3).map(lambda power: 10.0**power)
    special = [0.0, 1e308, 1e-308] if hard else [0.0] if zero and p.rank == p.X.shape[1] else []
    each = st.sampled_from(special) | beside if special else beside
    relative = draw(st.lists(each, min_size=0 if hard else 1, max_size=3))
    unit, limits = int(np.frexp(abs(p.X).max())[1]), np.finfo(p.dtype)
    lams = [shifted(each, unit) if each else 0.0 for each in relative]
    # A positive λ stays one that the dtype can hold.
    lams = [lam and min(max(lam, float(limits.tiny)), float(limits.max) if hard else 1e6) for lam in lams]
    return p, np.array(lams, p.dtype)


@composite
def _with_lam(draw: st.DrawFn, columns: bool) -> Linear:
    problem = draw(of_rank(hard=True, columns=columns))
    unit = int(np.frexp(abs(problem.X).max())[1])
    return replace(problem, lam=shifted(10.0 ** draw(_around_zero(20)), unit))


# ---- memory layouts: the same values, laid out otherwise -------------------------------------------------------------


def _strided(a: np.ndarray) -> np.ndarray:
    wide = np.full(tuple(2 * size for size in a.shape), np.nan, a.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in a.shape)]
    view[...] = a
    return view


def _reversed(a: np.ndarray) -> np.ndarray:
    flip = tuple(slice(None, None, -1) for _ in a.shape)
    return a[flip].copy()[flip]


def _read_only(a: np.ndarray) -> np.ndarray:
    a = a.copy()
    a.flags.writeable = False
    return a


def _unaligned(a: np.ndarray) -> np.ndarray:
    raw = np.zeros(a.nbytes + 1, np.uint8)[1:]
    view = raw.view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


LAYOUTS: dict[str, Callable[[np.ndarray], Any]] = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": _strided,
    "negative strides": _reversed,
    "read-only": _read_only,
    "unaligned": _unaligned,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder("S")),
    "nested lists": lambda a: a.tolist(),
}
