"""The intercept taken out of the problem: rows about their mean, and of n of them n − 1.

With b at its best, Σ sᵢ(yᵢ − xᵢᵀw − b)² is ‖t − Aw‖² for the rows √sᵢ(xᵢ − x̄) of A and √sᵢ(yᵢ − ȳ) of t, with x̄ and ȳ
the weighted means. Those n rows have a direction to spare, q = √s/√Σs: qᵀA = 0. The reflection I − vvᵀ/(1 + q₁) with
v = q + e₁ takes q to −e₁, so that the first row becomes 0 and goes, and the others are √sᵢ(xᵢ − c) with
c = x̄ + √s₁(x₁ − x̄)/(√Σs + √s₁). Without it, rounding would make a singular value of qᵀA, and at a tiny λ an answer.

Means are taken twice. The first is off by up to n u times the mean of |x|; the second, of what is left, takes that
away, and the rows come out with a few u of what they are, however large their mean: Chan, Golub and LeVeque,
"Algorithms for computing the sample variance: analysis and recommendations" (1983).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._kernels.jit import jit
from ..._kernels.scaling import exponent, matrix_in_range, target_in_range
from ..._kernels.validation import Array, finite, floats, refuse_shape
from .._problem import columns


class Centred(NamedTuple):
    """A problem without an intercept, in range: A · 2^(ex + f) and T · 2^(ey + g), both times 2^es, are the rows above.

    `root` holds the √sᵢ · 2^-es, and the means are those of X · 2^-ex and Y · 2^-ey.
    """

    A: Array  # (n − 1, d)
    T: Array  # (n − 1, k)
    root: Array
    x_mean: Array
    y_mean: Array
    ex: int
    ey: int
    es: int
    f: int
    g: int


def read(names: str, *values: ArrayLike, sample_weight: ArrayLike | None) -> tuple[Sequence[Array], Array | None]:
    """The arrays and the weights, of one dtype."""
    if sample_weight is None:
        return floats(names, *values), None
    *arrays, s = floats(f"{names} sample_weight", *values, sample_weight)
    return arrays, s


def counted(X: Array, y: Array, s: Array | None) -> tuple[Array, Array, Array]:
    """X, y and the weights, of the samples whose weight is not 0."""
    n = X.shape[0]
    if s is None:
        return X, y, np.ones(n)
    if s.shape != (n,):
        refuse_shape("sample_weight", s, f"({n},), one weight for each row of X")
    finite("sample_weight", s)
    if n and s.min() < 0:
        raise ValueError(f"sample_weight must not be negative, but its smallest is {s.min()}")
    there = s > 0
    if n and not there.any():
        raise ValueError(f"sample_weight must have a positive entry, but all {n} are 0")
    if not there.all():
        finite("X", X)
        finite("y", y)
        X, y, s = X[there], y[there], s[there]
    return X, y, s.astype(np.float64)


def without_intercept(X: Array, y: Array, s: Array) -> Centred:
    """The problem for w alone, of one sample at least."""
    return _without_intercept(X, columns(y), s)


def with_intercept(c: Centred, W: Array, excess: NDArray[np.integer] | int, y: Array) -> tuple[Array, Array]:
    """(w, b) from the solution W · 2^-excess of the problem for w alone, (d, k) or (L, d, k), shaped as y has it."""
    W, down = W.astype(np.float64), np.asarray(excess, np.int32) + (c.f - c.g)
    with np.errstate(over="ignore", under="ignore"):  # an answer out of range is ±inf or 0
        b = np.ldexp(c.y_mean - np.tensordot(np.ldexp(W, -down), c.x_mean, (-2, 0)), c.ey).astype(c.A.dtype)
        w = np.ascontiguousarray(np.ldexp(W, c.ey - c.ex - down).astype(c.A.dtype))
    return (w[..., 0], b[..., 0][()]) if y.ndim == 1 else (w, b)


@jit
def _without_intercept(X: Array, Y: Array, s: Array) -> Centred:
    X, ex = matrix_in_range(X)
    Y, ey = target_in_range(Y)
    es = exponent(s) // 2
    weights, root = np.empty(s.size), np.empty(s.size)
    for i in range(s.size):
        weights[i] = math.ldexp(s[i], -2 * es)
        root[i] = math.sqrt(weights[i])
    A, x_mean, x_rest = rows_about_the_mean(X, weights, root)
    T, y_mean, y_rest = rows_about_the_mean(Y, weights, root)
    A, f = matrix_in_range(A)
    T, g = target_in_range(T)
    return Centred(A, T, root, x_mean + x_rest, y_mean + y_rest, ex, ey, es, f, g)


@jit
def rows_about_the_mean(M: Array, weights: Array, root: Array) -> tuple[Array, Array, Array]:
    """(√sᵢ(mᵢ − c) for all but the first; the weighted mean, in float64, and what of it that leaves out)."""
    n, d = M.shape
    total, first, second, to_c = np.sum(weights), np.zeros(d), np.zeros(d), np.empty(d)
    for i in range(n):
        for j in range(d):
            first[j] += weights[i] * M[i, j]
    for j in range(d):
        first[j] /= total
    for i in range(n):
        for j in range(d):
            second[j] += weights[i] * (M[i, j] - first[j])
    share = root[0] / (math.sqrt(total) + root[0])
    for j in range(d):
        second[j] /= total
        to_c[j] = share * ((M[0, j] - first[j]) - second[j])
    rows = np.empty((n - 1, d), M.dtype)
    for i in range(1, n):
        for j in range(d):
            rows[i - 1, j] = root[i] * (((M[i, j] - first[j]) - second[j]) - to_c[j])
    return rows, first, second
