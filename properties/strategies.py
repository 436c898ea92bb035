"""Problems with a planted answer: spectrum, rank, scale, layout, dtype.

Few draws an example: the structure is drawn and shrinks towards a small well-conditioned float64 problem with λ = 1;
bulk numbers come from a drawn seed, and seed 0 stands for the plainest ones.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest

DTYPES = (np.float64, np.float32)
SEEDS = st.integers(0, 2**32 - 1)

# A claim on ordinary input is one of mathematics; the same claim over conditioning, rank and scale is one of accuracy.
ORDINARY_AND_HARD = pytest.mark.parametrize(
    "hard",
    [
        pytest.param(False, marks=pytest.mark.mathematics, id="ordinary"),
        pytest.param(True, marks=pytest.mark.accuracy, id="hard"),
    ],
)


# ---- chapter 1: vectors and matrices ---------------------------------------------------------------------------------

PLAIN = st.integers(-80, 80).map(lambda i: i / 8)


def any_floats(dtype: Any, size: float) -> st.SearchStrategy[float]:
    """Any floats of the dtype up to ±size, zeros and subnormal numbers among them."""
    return st.floats(-size, size, width=32 if dtype == np.float32 else 64)


def array(dtype: Any, shape: Any, elements: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    """An array of drawn elements."""
    return hnp.arrays(dtype, shape, elements=elements)


# ---- chapters 2 and 3: linear problems -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Linear:
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

    def __repr__(self) -> str:
        def shown(a: np.ndarray) -> str:
            return f"np.array({a.tolist()}, np.{a.dtype}).reshape{a.shape}".replace(",).", ",).")

        return f"Linear(X={shown(self.X)}, y={shown(self.y)}, lam={self.lam!r}, rank={self.rank})"


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
    return s


SPECTRA = st.sampled_from(["graded", "one small", "one large"])


@st.composite
def shapes(draw: Callable[..., Any], low: int = 1, high: int = 8) -> tuple[int, int]:
    """(n, d): tall, wide, square, one row, one column; now and then 20×10 or 10×20."""
    n, d = draw(st.tuples(st.integers(low, high), st.integers(low, high)))
    if (n, d) == (high, high):
        return draw(st.sampled_from([(high, high), (20, 10), (10, 20)]))
    return n, d


def digits(dtype: Any) -> int:
    """Decimal digits of the dtype: a condition of 10**digits is 1/eps."""
    return 15 if dtype == np.float64 else 6


def target(rng: np.random.Generator | None, X: np.ndarray, kind: str, columns: int) -> np.ndarray:
    """y for X of size 1: planted (y = Xw), with a residual beside it, or any y at all."""
    n, d = X.shape
    if rng is None:
        return (X @ np.ones((d, columns)) + (0 if kind == "planted" else 1))[:, :columns]
    noise = {"planted": 0.0, "small residual": 1e-6, "residual": 1.0}.get(kind)
    free = rng.standard_normal((n, columns))
    return free if noise is None else X @ rng.standard_normal((d, columns)) + noise * free


TARGETS = st.sampled_from(["residual", "planted", "small residual", "free"])


@st.composite
def linear(
    draw: Callable[..., Any],
    *,
    shape: st.SearchStrategy[tuple[int, int]] | None = None,
    hard: bool = False,
    columns: bool = True,
    dtypes: Any = DTYPES,
) -> Linear:
    """A problem of full rank, with λ beside its spectrum.

    Parameters
    ----------
    shape
        Of X; `shapes()` if not given.
    hard
        Conditions up to 1/eps, data of size up to 1e±200 (1e±24 in float32), λ/‖X‖² from 1e-20 to 1e20. Otherwise the
        condition is at most 100, sizes are about 1 and λ/‖X‖² is from 1e-3 to 1e3.
    columns
        Whether y may have columns.
    dtypes
        To draw from.
    """
    n, d = draw(shape if shape is not None else shapes())
    dtype = draw(st.sampled_from(dtypes))
    seed = draw(SEEDS)
    rng = np.random.default_rng(seed) if seed else None
    condition = 10.0 ** draw(st.integers(0, digits(dtype) if hard else 2))
    s = spectrum(draw(SPECTRA), min(n, d), condition)
    X = (orthogonal(n, rng)[:, : min(n, d)] * s) @ orthogonal(d, rng)[: min(n, d)]
    k = draw(st.sampled_from([0, 0, 0, 1, 3])) if columns else 0
    y = target(rng, X, draw(TARGETS), max(k, 1))
    relative = 10.0 ** draw(_around_zero(20 if hard else 3))
    x_unit, y_unit = draw(units(dtype)) if hard else (0, 0)
    X = np.ldexp(X.astype(dtype), x_unit)
    y = np.ldexp(y.astype(dtype), y_unit)
    return Linear(X, y if k else y[:, 0], shifted(relative, x_unit), min(n, d))


def _around_zero(size: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2 * size).map(lambda i: (i + 1) // 2 * (-1) ** i)


def shifted(relative: float, x_unit: int) -> float:
    """λ = relative · 4**x_unit, or the nearest positive float that there is."""
    return math.ldexp(relative, min(max(2 * x_unit, -1074 - math.frexp(relative)[1] + 1), 1023 - math.frexp(relative)[1]))


@st.composite
def units(draw: Callable[..., Any], dtype: Any) -> tuple[int, int]:
    """Binary exponents for X and y, such that y/X, the size of w, is far from overflow too."""
    most = 664 if dtype == np.float64 else 80
    x_unit = draw(st.sampled_from([0, 0, 0, most // 2, -most // 2, most, -most]))
    y_unit = draw(st.sampled_from([0, x_unit, x_unit // 2]))
    return x_unit, y_unit


@st.composite
def of_rank(draw: Callable[..., Any], *, columns: bool = True, dtypes: Any = DTYPES, hard: bool = False) -> Linear:
    """A problem of any rank, from 0 to full, exact as the floats stand: X = BC of small integers, scaled by a power of 2."""
    n, d = draw(shapes())
    dtype = draw(st.sampled_from(dtypes))
    rank = draw(st.integers(0, min(n, d)))
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
        X, rank = np.zeros((n, d)), 0
    k = draw(st.sampled_from([0, 0, 0, 1, 3])) if columns else 0
    y = rng.integers(-9, 10, (n, max(k, 1))).astype(float)
    if draw(st.booleans()):
        y = X @ rng.integers(-3, 4, (d, max(k, 1)))
    x_unit, y_unit = draw(units(dtype)) if hard else (0, 0)
    X, y = np.ldexp(X.astype(dtype), x_unit), np.ldexp(y.astype(dtype), y_unit)
    return Linear(X, y if k else y[:, 0], 0.0, rank)


def with_lam(problem: Linear, lam: float) -> Linear:
    """The same data with another λ."""
    return replace(problem, lam=lam)


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
