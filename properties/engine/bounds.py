"""The error that theory allows, as a pure number, with its source.

``Bound(allowed, source)``; sums of bounds are bounds: ``a + b``. Each bound here is a function of the exact problem,
computed in float64 from its singular values, ‖w‖, ‖r‖, λ and its size. u is the unit roundoff of the dtype, eps/2.
First-order bounds are void where u times the condition exceeds about 0.1; they are then infinite.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

from shrinkage.properties.engine import oracles

SMALL = 0.1  # first-order theory says nothing of a perturbation that is larger, beside what it perturbs

# Norms of more numbers than these are taken in floating point: a bound needs two digits or three.
_MANY = 2000


@dataclass(frozen=True)
class Bound:
    """An allowed error, and the theorem that allows it.

    Parameters
    ----------
    allowed
        A number, for the Frobenius norm of the error; or an array, for its entries or for the norms of its columns
        (see `shrinkage.properties.engine.verdict`). Floats, or mpmath's where a float could overflow; infinite where
        theory is void.
    source
        Where the bound is from.
    """

    allowed: Any
    source: str

    @property
    def void(self) -> bool:
        """Whether theory says nothing of at least a part of the answer."""
        return any(value == math.inf for value in np.asarray(self.allowed, object).flat)

    def __add__(self, other: "Bound") -> "Bound":
        sources = self.source if other.source in self.source else f"{self.source}; {other.source}"
        return Bound(np.add(self.allowed, other.allowed), sources)


def working_dtype(*arrays: Any) -> np.dtype:
    """float32 when every array is float32, else float64."""
    return np.dtype(np.float32 if all(np.asarray(a).dtype == np.float32 for a in arrays) else np.float64)


def unit_roundoff(dtype: Any) -> float:
    """U = eps/2: the largest relative error of one rounding to nearest."""
    return float(np.finfo(dtype).eps) / 2


def smallest(dtype: Any) -> float:
    """The smallest positive number of the dtype, a subnormal: the largest error of one rounding near zero."""
    return float(np.finfo(dtype).smallest_subnormal)


def times(bound: Bound, factor: Any) -> Bound:
    """The bound for `factor` times the answer."""
    return Bound(mpf(factor) * bound.allowed, bound.source)


def probable(bound: Bound, size: int) -> Bound:
    """For the answer to a large problem: c roundings that are independent add up to some √c of them, not to c.

    With probability 1 − 2 exp(−λ²/2) or more they stay below λ√c (Higham and Mary 2019, theorem 2.4). λ = 2 here, on
    top of the constants that `bound` has for the worst case, which are norms' and never reached: a hundred times that.
    """
    return Bound(bound.allowed * mpf(2 / math.sqrt(size)), f"{bound.source}; Higham and Mary (2019), Theorem 2.4")


EXACT = Bound(0.0, "no rounding takes place")

# ---- chapter 1 -------------------------------------------------------------------------------------------------------


def dot_product(size: int, absolute: Any, dtype: Any, then: float = 0.0) -> Bound:
    """γ Σ|aᵢ||bᵢ| for a sum of products of `size` terms in any order, `absolute` being Σ|aᵢ||bᵢ|.

    Three roundings more leave room for a norm that is squared again. Each product may underflow and is then off by the
    smallest number η, fl(ab) = ab(1 + δ) + η (Higham 2002, §2.8). Where the sums are multiplied once more, by numbers
    whose sizes add up to `then`, so are those η.
    """
    gamma = (size + 3) * unit_roundoff(dtype)
    underflow = (size + 3) * smallest(dtype) * (1 + then)
    return Bound(gamma * np.asarray(absolute, float) + underflow, "Higham (2002), §2.8, §3.1 and (3.5)")


def quadratic_form(A: np.ndarray, x: np.ndarray) -> Bound:
    """For xᵀAx from the left, from the right, by the products xᵢxⱼ, or by ½(A + Aᵀ), which may underflow as well."""
    sizes, at = abs(A.astype(float)), abs(x.astype(float))
    later = max(at.sum(), at.sum() ** 2, sizes.sum())
    return dot_product(2 * len(x) + 1, at @ sizes @ at, x.dtype, then=float(later))


def quadratic_form_jacobian(A: np.ndarray, x: np.ndarray) -> Bound:
    """For xᵀ(A + Aᵀ), as two products, as one, or by ½(A + Aᵀ)."""
    sizes, at = abs(A.astype(float)), abs(x.astype(float))
    return dot_product(2 * len(x), at @ (sizes + sizes.T), x.dtype, then=2 * float(at.sum()))


# ---- chapters 2 and 3 ------------------------------------------------------------------------------------------------
# With M = XᵀX + λI, K = XXᵀ + λI, r = y − Xw, α = K⁻¹y = r/λ, perturbing the data by δX and δy changes the solution by
#     δw = M⁻¹δXᵀr − M⁻¹Xᵀ(δX w − δy)            (Björck 1996, §1.4.3; Higham 2002, §20.1)
# to first order, and exactly where M⁻¹ and M⁻¹Xᵀ are those of the perturbed X: then Xᵀr = λw alone was left out. That
# matters where σ = 0: rounding makes it c u‖X‖, over λ.
# A backward stable method gives the exact answer of data that are off by c u‖X‖ and c u‖y‖; c grows with the size.
# The forms differ in the matrix that they perturb: X itself, X with √λ I beside or below it, or a Gram matrix.
# Norms are mpmath's floats: ‖X‖² overflows float64 where ‖X‖ does not.


def norm(values: Any) -> mpf:
    """The Frobenius norm of floats or of rationals, without overflow."""
    values = np.asarray(values)
    if values.size and values.dtype.kind == "f":
        unit = int(np.frexp(abs(values).max())[1])
        return mpmath.ldexp(mpf(float(np.linalg.norm(np.ldexp(values, -unit).astype(float)))), unit)
    square = oracles.sum_of_squares(values)
    return mpmath.sqrt(mpf(int(square.p)) / mpf(int(square.q)))


def singular_values(X: Any) -> np.ndarray:
    """The min(n, d) singular values, largest first."""
    X = np.asarray(X)
    X = X.astype(X.dtype.newbyteorder("="))
    unit = int(np.frexp(abs(X).max(initial=0))[1])
    s = np.linalg.svd(np.ldexp(X.astype(float), -unit), compute_uv=False) if X.size else np.zeros(0)
    return np.array([mpmath.ldexp(mpf(float(value)), unit) for value in s], object)


@functools.cache
def rounding(n: int, d: int, dtype: Any) -> mpf:
    """C u of an orthogonal factorisation of n by d numbers.

    LAPACK's SVD drops a superdiagonal entry of the bidiagonal once it is below TOLMUL · u times its neighbours, with
    TOLMUL = u**(-1/8) kept between 10 and 100 (xBDSQR); there are min(n, d) − 1 of them.
    """
    u = unit_roundoff(dtype)
    dropped = min(max(u**-0.125, 10), 100) * max(min(n, d) - 1, 0)
    return rounding_of_products(n, d, dtype) + mpf(dropped * u)


@functools.cache
def rounding_of_products(n: int, d: int, dtype: Any) -> mpf:
    """C u where no SVD takes part: products and triangular factors."""
    return mpf(2 * (n + d + 2) * unit_roundoff(dtype))


class Problem:
    """What the bounds need to know of a problem with one target, and of its exact solution w.

    Parameters
    ----------
    X, y, lam
        As they were passed in.
    w
        The exact solution.
    rank
        How many singular values count at λ = 0; all of them if not given.
    dtype
        Of the arithmetic; that of the data if not given.
    """

    def __init__(self, X: Any, y: Any, lam: float, w: Any, rank: int | None = None, dtype: Any = None) -> None:
        X, y = np.asarray(X), np.asarray(y)
        (self.n, self.d), self.dtype = X.shape, np.dtype(dtype or working_dtype(X, y))
        self.cu = rounding(self.n, self.d, self.dtype)
        self.s = singular_values(X)
        self.rank = len(self.s) if rank is None or lam else rank
        self.lam = mpf(lam)
        self.size = max(self.s, default=mpf(0))  # ‖X‖
        self.low = min(self.s[: self.rank], default=mpf(0))  # the smallest singular value that counts
        self.y, self.w = norm(y), norm(w)
        many = X.size > _MANY
        if many and np.asarray(w).dtype == object:
            w = oracles.floats(w)
        self.residual = y - X.astype(np.longdouble) @ w if many else oracles.residual(X, y, w)
        self.r = norm(self.residual)
        if lam:
            self.alpha = self.r / self.lam
        elif many:
            self.alpha = norm(np.linalg.lstsq(X.T.astype(float), np.asarray(w, float))[0])  # X†ᵀw = (XXᵀ)†y
        else:
            self.alpha = norm(oracles.dual(X, y, 0)) if self.rank == self.n else self.w / (self.low or 1)

    @property
    def gram_cu(self) -> mpf:
        """C u where no SVD takes part."""
        return rounding_of_products(self.n, self.d, self.dtype)

    @property
    def _moved(self) -> mpf:
        """By how much each σ may have moved at λ > 0, by Weyl's inequality; at λ = 0 it is of second order."""
        return self.cu * self.size if self.lam else mpf(0)

    @property
    def _lowest(self) -> mpf:
        return max(self.low - self._moved, mpf(0))

    @functools.cached_property
    def gram_inverse(self) -> mpf:
        """‖M⁻¹‖."""
        return 1 / ((self._lowest if self.n >= self.d else 0) ** 2 + self.lam)

    @functools.cached_property
    def kernel_inverse(self) -> mpf:
        """‖K⁻¹‖."""
        return 1 / ((self._lowest if self.n <= self.d else 0) ** 2 + self.lam)

    @functools.cached_property
    def solver(self) -> mpf:
        """‖M⁻¹Xᵀ‖ = max σ/(σ²+λ), which rises up to σ = √λ and falls from there: it is at a σ beside that."""
        peak, moved = mpmath.sqrt(self.lam), self._moved
        s = self.s[: self.rank] if self.lam else self.s[: self.rank][self.s[: self.rank] > 0]
        falls = np.count_nonzero(s >= peak)
        beside = [min(max(peak, each - moved), each + moved) for each in s[max(falls - 1, 0) : falls + 1]]
        return max((each / (each * each + self.lam) for each in beside), default=mpf(0))

    @functools.cached_property
    def far(self) -> bool:
        """Whether c u‖X‖ is no small perturbation of the singular values of [X; √λI]; then theory is void."""
        return bool(self.cu * self.size > SMALL * mpmath.sqrt(self.low**2 + self.lam))

    def allow(self, relative: mpf, source: str, cu: mpf | None = None) -> Bound:
        """c u times this, and what rounds to subnormal numbers."""
        tiny = mpf(smallest(self.dtype)) * (self.n + self.d + 2)
        return Bound((self.cu if cu is None else cu) * relative + tiny, source)


def of_matrix(X: Any, lam: float, rank: int | None = None) -> Problem:
    """What bounds need to know that are about X and λ alone."""
    X = np.asarray(X)
    return Problem(X, np.zeros(len(X), X.dtype), lam, np.zeros(X.shape[1]), rank=rank)


def by_target(bound: Callable[..., Bound]) -> Callable[..., Bound]:
    """For a y of k columns, the k bounds."""

    @functools.wraps(bound)
    def each_target(X: Any, y: Any, lam: float, w: Any, **options: Any) -> Bound:
        y, w = np.asarray(y), np.asarray(w)
        if y.ndim == 1:
            return bound(Problem(X, y, lam, w, **options))
        each = [bound(Problem(X, y[:, j], lam, w[:, j], **options)) for j in range(y.shape[1])]
        return Bound(np.array([b.allowed for b in each], object), each[0].source if each else EXACT.source)

    return each_target


def solution_moves(p: Problem, size: mpf, y: mpf) -> mpf:
    """By how much w moves, to first order, for each c u, when X moves by c u · `size` and the target by c u · `y`."""
    if p.lam:
        across = p.r * p.gram_inverse if p.n >= p.d else p.alpha
    elif p.rank:
        across = (p.r / p.low**2 if p.rank < p.n else 0) + (p.alpha if p.rank < p.d else 0)
    else:
        return mpf(0)
    return size * (across + p.solver * p.w) + p.solver * y


@by_target
def least_squares(p: Problem) -> Bound:
    """For `lstsq` of known rank, `min_norm`, and what is made by the SVD or by QR of X."""
    source = "Wedin (1973); Björck (1996), §1.4.3; Higham (2002), Theorems 20.1 and 21.1"
    if p.far and p.rank:
        return Bound(math.inf, source)
    return p.allow(solution_moves(p, p.size, p.y), source)


def refined(X: Any, y: Any, w: Any) -> Bound:
    """For `lstsq` of full rank with `refine`: two roundings of each weight, and what twice the digits leave.

    That is `solution_moves` for (c u)², of X with its columns scaled to a largest entry of about 1; where it is wide,
    with its rows, which leaves w as it is; where it is square, either.
    """
    X, y, w, dtype = np.asarray(X), np.asarray(y), np.asarray(w), working_dtype(X, y)
    left = [_left(X, y, w, axis, dtype) for axis in (0, 1) if X.shape[axis] >= X.shape[1 - axis]]
    each = np.abs(oracles.floats(w)) * (2 * unit_roundoff(dtype))
    source = "Demmel, Hida, Riedy and Li (2009), §4; Ogita, Rump and Oishi (2005), Proposition 5.5"
    return Bound(np.max(np.broadcast_arrays(*left), axis=0) + each, source)


def _left(X: np.ndarray, y: np.ndarray, w: np.ndarray, axis: int, dtype: np.dtype) -> np.ndarray:
    """What is left of the error by scaling columns, axis 0, or rows; infinite where refinement need not converge."""
    unit = np.frexp(abs(X).max(axis=axis, initial=0))[1]
    scaled = np.ldexp(X.astype(float), -np.expand_dims(unit, axis))
    targets, weights = y.reshape(len(y), -1).astype(float), w.reshape(X.shape[1], -1)
    powers = np.array([mpmath.ldexp(mpf(1), int(e)) for e in unit] if axis == 0 else [mpf(1)] * X.shape[1], object)
    if axis == 1:
        targets = np.ldexp(targets, -unit[:, None])
    out = np.empty(weights.shape, object)
    for j in range(weights.shape[1]):
        grown = weights[:, j] * np.array([oracles.to_rational(c) for c in powers], object)
        p = Problem(scaled, targets[:, j], 0.0, grown, dtype=dtype)
        moves = math.inf if p.far else p.allow(solution_moves(p, p.size, p.y) + p.w, "", p.cu**2).allowed
        out[:, j] = moves / powers
    return out.reshape(w.shape)


def pseudoinverse(X: Any, rank: int) -> Bound:
    """For `pinv` of known rank and the one-sided inverses: 3 c u‖X‖/σ_r², in the Frobenius norm."""
    p = of_matrix(X, 0.0, rank)
    source = "Wedin (1973); Björck (1996), §1.4.2"
    if p.rank == 0:
        return p.allow(mpf(0), source)
    return Bound(math.inf, source) if p.far else p.allow(3 * norm(X) / p.low**2, source)


def truncated(X: Any, kept: float, dropped: float) -> Bound:
    """For `pinv` that counts singular values from `kept` up, and drops those from `dropped` down."""
    p = of_matrix(X, 0.0)
    source = "rotation of singular subspaces: Wedin (1972); Stewart and Sun (1990), Theorem V.4.1"
    return p.allow(3 * norm(X) / (mpf(kept) * mpf(kept - dropped)), source) if kept else p.allow(mpf(0), source)


@by_target
def orthogonal(p: Problem) -> Bound:
    """For ridge by the SVD or another orthogonal factorisation of X alone; at λ = 0 as `least_squares`."""
    source = "first-order perturbation of the data by c u: Björck (1996), §1.4.3; Higham (2002), §20.1"
    if p.lam == 0:
        at_zero: Bound = least_squares.__wrapped__(p)  # type: ignore[attr-defined]
        return at_zero
    if p.far:
        return Bound(math.inf, source)
    return p.allow(solution_moves(p, p.size, p.y), source)


@by_target
def normal(p: Problem) -> Bound:
    """For the Cholesky factorisation of XᵀX + λI: the condition is that of M, the square of X's."""
    source = "normal equations: Higham (2002), §20.4 and Theorem 10.4"
    gram = p.size**2 + p.lam
    if p.gram_cu * gram * p.gram_inverse > SMALL:
        return Bound(math.inf, source)
    return p.allow(p.gram_inverse * (gram * p.w + p.size * p.y), source, p.gram_cu)


@by_target
def kernel(p: Problem) -> Bound:
    """For the Cholesky factorisation of XXᵀ + λI, and w = Xᵀα from the α that it gives."""
    source = "normal equations of the second kind: Higham (2002), §21.1 and Theorem 10.4"
    gram = p.size**2 + p.lam
    if p.gram_cu * gram * p.kernel_inverse > SMALL:
        return Bound(math.inf, source)
    return p.allow(p.solver * (gram * p.alpha + p.y) + p.size * p.alpha, source, p.gram_cu)


@by_target
def augmented_rows(p: Problem) -> Bound:
    """For QR of A = [X; √λI]: least squares with the residual [r; −√λw]."""
    source = "Householder least squares: Higham (2002), Theorems 20.1 and 20.3"
    if p.far:
        return Bound(math.inf, source)
    A, inverse = mpmath.sqrt(p.size**2 + p.lam), mpmath.sqrt(p.gram_inverse)
    residual = mpmath.sqrt(p.r**2 + p.lam * p.w**2)
    cu = rounding(p.n + p.d, p.d, p.dtype)  # of A, not of X
    return p.allow(A * (inverse * p.w + inverse**2 * residual) + inverse * p.y, source, cu)


@by_target
def augmented_columns(p: Problem) -> Bound:
    """For LQ of B = [X √λI]: the shortest η = [w; √λα]."""
    source = "Householder minimum norm: Higham (2002), Theorems 21.1 and 21.4"
    if p.far:
        return Bound(math.inf, source)
    B, inverse = mpmath.sqrt(p.size**2 + p.lam), mpmath.sqrt(p.kernel_inverse)
    eta = mpmath.sqrt(p.w**2 + p.lam * p.alpha**2)
    cu = rounding(p.n, p.n + p.d, p.dtype)  # of B, not of X: of one feature, gelsd was at 1.09 times the bound
    return p.allow(B * (inverse * eta + p.alpha) + inverse * p.y, source, cu)


def larger(own: Bound, other: Bound) -> Bound:
    """The larger of the two, number by number."""
    sources = own.source if other.source in own.source else f"{own.source}; or {other.source}"
    return Bound(np.maximum(own.allowed, other.allowed), sources)


def either(own: Callable[..., Bound], other: Callable[..., Bound]) -> Callable[..., Bound]:
    """The larger of two bounds of one target, which are made `by_target`."""

    @by_target
    def bound(p: Problem) -> Bound:
        return larger(own.__wrapped__(p), other.__wrapped__(p))  # type: ignore[attr-defined]

    return bound


# Whoever does better than the form asks for, by the SVD of X, is right as well.
RIDGE = {
    "ridge_normal": either(normal, orthogonal),
    "ridge_svd": orthogonal,
    "ridge_map": either(normal, orthogonal),
    "ridge_augmented_rows": either(augmented_rows, orthogonal),
    "ridge_augmented_columns": either(augmented_columns, orthogonal),
    "ridge_kernel": either(kernel, orthogonal),
    "ridge": orthogonal,
}
