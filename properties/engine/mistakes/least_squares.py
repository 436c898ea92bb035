"""Chapter 2: the right formulas, and the mistaken ones. That of normal equations is in `digits`."""

import functools
from typing import Any

import mpmath
import numpy as np

from shrinkage.properties.engine import bounds, oracles
from shrinkage.properties.engine.bounds import Bound, Problem, norm
from shrinkage.properties.engine.mistakes.answers import Exact, Formula, Mistake, Under

Array = np.ndarray
LARGE = 2000  # entries, from which on rationals take too long
RANKS = range(9)


def of_any_size(X: Array) -> Array:
    """X itself, if it is small enough for rationals."""
    if X.size > LARGE:
        raise ValueError("too large")
    return X


def svd(X: Array) -> tuple[Any, list[Any], Any]:
    """U, σ, Vᵀ to 40 digits."""
    if X.size > LARGE / 10:
        raise ValueError("too large")
    return _svd(X.shape, X.astype(float).tobytes())


@functools.lru_cache(maxsize=8)
def _svd(shape: tuple[int, int], data: bytes) -> tuple[Any, list[Any], Any]:
    with mpmath.workdps(40):
        U, s, Vt = mpmath.svd_r(mpmath.matrix(np.frombuffer(data).reshape(shape).tolist()))
    return U, list(s), Vt


def default(X: Array, rcond: float | None) -> float:
    """What rcond is."""
    return max(X.shape) * float(np.finfo(X.dtype).eps) if rcond is None else rcond


def kept(X: Array, rcond: float | None) -> int:
    """How many singular values count; ValueError where rounding decides."""
    if not X.size:
        return 0
    if _permuted(X):
        return int(np.count_nonzero(abs(X) > default(X, rcond) * abs(X).max()))
    s, p = svd(X)[1], Problem(X, np.zeros(len(X), X.dtype), 0.0, np.zeros(X.shape[1]))
    edge = default(X, rcond) * s[0]
    if any(s[0] > 0 and abs(each - edge) <= p.cu * s[0] / 4 and each > mpmath.mpf(10) ** -30 * s[0] for each in s):
        raise ValueError("rounding decides")
    return sum(each > max(edge, mpmath.mpf(10) ** -30 * s[0]) for each in s)


def _permuted(X: Array) -> bool:
    """Whether X has one entry a row and a column, and so no more: then nothing mixes, and nothing rounds."""
    return bool(X.size and max((X != 0).sum(axis=0).max(), (X != 0).sum(axis=1).max()) == 1)


def _reciprocals(X: Array, rank: int) -> Exact:
    """X† of such a matrix, of so many of its entries."""
    s = np.sort(abs(X[X != 0]))[::-1]
    if rank > len(s) or (0 < rank < len(s) and s[rank] == s[rank - 1]):
        raise ValueError("no such rank")
    kept = abs(X) >= s[rank - 1] if rank else np.zeros(X.shape, bool)
    exact = np.full(X.shape[::-1], oracles.to_rational(0.0))
    for i, j in np.argwhere(kept & (X != 0)):
        exact[j, i] = 1 / oracles.to_rational(X[i, j])
    return _unmixed(exact, X)


def _unmixed(exact: Array, X: Array) -> Exact:
    allowed = 8 * bounds.unit_roundoff(X.dtype) * abs(oracles.floats(exact))
    return Exact(exact, Bound(allowed, "entries that do not mix"))


def pinv_of_rank(X: Array, rank: int) -> Exact:
    """V Σ† Uᵀ of so many singular values."""
    of_any_size(X)
    if rank > min(X.shape):
        raise ValueError("no such rank")
    if _permuted(X):
        return _reciprocals(X, rank)
    if rank == oracles.rank(X):
        return Exact(oracles.pinv(X), bounds.pseudoinverse(X, rank))
    if rank == 0:
        return Exact(np.full(X.shape[::-1], oracles.to_rational(0.0)), Bound(0.0, "nothing is kept"))
    U, s, Vt = svd(X)
    with mpmath.workdps(40):
        if s[rank - 1] <= mpmath.mpf(10) ** -30 * s[0]:
            raise ValueError("a zero cannot be kept")
        P = [
            [mpmath.fsum(Vt[k, i] * U[j, k] / s[k] for k in range(rank)) for j in range(len(X))]
            for i in range(X.shape[1])
        ]
    exact = np.array([[oracles.to_rational(v) for v in row] for row in P], object).reshape(X.shape[::-1])
    return Exact(exact, bounds.truncated(X, s[rank - 1], s[rank] if rank < len(s) else 0.0))


def lstsq_of_rank(X: Array, y: Array, rank: int) -> Exact:
    """V Σ† Uᵀy of so many singular values."""
    P = pinv_of_rank(X, rank)
    exact = P.values @ oracles.rationals(y) if len(y) else oracles.lstsq(X, y)
    if _permuted(X):
        return _unmixed(exact, X)
    if rank == oracles.rank(X):
        return Exact(exact, bounds.least_squares(X, y, 0.0, exact, rank=rank))
    if P.bound.void:
        return Exact(exact, P.bound)
    return Exact(exact, Bound(2 * P.bound.allowed * norm(y), P.bound.source))


def pinv(X: Array, rcond: float | None = None) -> Exact:
    """V Σ† Uᵀ."""
    return pinv_of_rank(X, kept(X, rcond))


def lstsq(X: Array, y: Array, rcond: float | None = None) -> Exact:
    """The shortest w among those that minimise ‖Xw − y‖."""
    return lstsq_of_rank(X, y, kept(X, rcond))


def _full(formula: Formula, side: int) -> Formula:
    """For an X that has full rank on this side; any other is to be refused."""

    def checked(X: Array, *y: Array, **named: Array) -> Any:
        if kept(X, None) < X.shape[side]:
            raise ValueError("to be refused")
        return formula(X, *y, **named)

    return checked


left_inverse, right_inverse, min_norm = _full(pinv, 1), _full(pinv, 0), _full(lstsq, 0)


def transposed(inverse: Formula) -> Formula:
    """The transpose of an inverse."""

    def formula(**given: Any) -> Exact:
        right = inverse(**given)
        return Exact(right.values.T, Bound(np.asarray(right.bound.allowed, object).T, right.bound.source))

    return formula


def _any_solution(X: Array, y: Array, rcond: float | None = None) -> Under:
    """Any w whose part in the row space of X is the shortest solution."""
    w = lstsq(X, y, rcond)
    rank = kept(X, rcond)
    if not 0 < rank < X.shape[1] or rank != oracles.rank(X):
        raise ValueError("there is one solution only")
    P = oracles.pinv(X) @ oracles.rationals(X)
    return Under(lambda got: P @ oracles.rationals(got), w)


def first_for_all(y: Array) -> Array:
    """The first target in the place of every other."""
    if y.ndim != 2:
        raise ValueError("there is one only")
    return y[:, [0] * y.shape[1]]


def _at(rank: int, formula: Formula) -> Formula:
    return lambda X, *y, rcond=None, **named: formula(X, *y, **named, rank=rank)


RIGHT: dict[str, Formula] = {
    "pinv": pinv,
    "left_inverse": left_inverse,
    "right_inverse": right_inverse,
    "lstsq": lstsq,
    "min_norm": min_norm,
}

WRONG = [
    Mistake(
        "cut-off of another size",
        "cutting off singular values elsewhere than at rcond · σ_max (by default max(m, n) · eps · σ_max)",
        {
            "pinv": [_at(rank, pinv_of_rank) for rank in RANKS],
            "left_inverse": [_full(_at(rank, pinv_of_rank), 1) for rank in RANKS],
            "right_inverse": [_full(_at(rank, pinv_of_rank), 0) for rank in RANKS],
            "lstsq": [_at(rank, lstsq_of_rank) for rank in RANKS],
            "min_norm": [_full(_at(rank, lstsq_of_rank), 0) for rank in RANKS],
        },
    ),
    Mistake(
        "transposed",
        "giving the transpose of the inverse",
        {name: transposed(RIGHT[name]) for name in ("pinv", "left_inverse", "right_inverse")},
    ),
    Mistake(
        "not the shortest solution",
        "giving some solution where the shortest of many is asked for",
        {"lstsq": _any_solution, "min_norm": _full(_any_solution, 0)},
    ),
    Mistake(
        "the first target for all",
        "solving for the first target and giving that for all of them",
        {
            name: lambda X, y, f=RIGHT[name], **rest: f(X=X, y=first_for_all(y), **rest)
            for name in ("lstsq", "min_norm")
        },
    ),
]
