"""The error that theory allows for what is computed beside a ridge solution: objective, posterior, choice of λ."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

from shrinkage.properties.engine import oracles
from shrinkage.properties.engine.bounds import (
    SMALL,
    Bound,
    Problem,
    norm,
    of_matrix,
    smallest,
    solution_moves,
    unit_roundoff,
    working_dtype,
)

Moves = Callable[[Problem, int, mpf], mpf]
INNER_PRODUCTS = "inner products: Higham (2002), §3.1 and (3.5)"


def _misfit(X: Any, y: Any, w: Any) -> np.ndarray:
    """|y| + |X||w|, exactly: the error of y − Xw is at most γ times this, entry by entry."""
    return oracles.residual(-abs(np.asarray(X)), abs(np.asarray(y)), abs(np.asarray(w)))


def _gamma(*arrays: Any) -> mpf:
    return mpf((sum(np.shape(arrays[0])) + 4) * unit_roundoff(working_dtype(*arrays)))


def _tiny(*arrays: Any) -> mpf:
    """What rounds to subnormal numbers, doubled at most once."""
    return mpf(2 * (sum(np.shape(arrays[0])) + 4) * smallest(working_dtype(*arrays)))


def objective(X: Any, y: Any, w: Any, lam: float) -> Bound:
    """For ‖y − Xw‖² + λ‖w‖²: (‖r‖ + δ)² − ‖r‖² with δ = γ‖|y| + |X||w|‖, and γ of the sum."""
    allowed = _objective(X, y, w, lam) + _tiny(X, y, w)
    return Bound(allowed, INNER_PRODUCTS)


def _objective(X: Any, y: Any, w: Any, lam: float) -> mpf:
    gamma, r = _gamma(X, y, w), norm(oracles.residual(X, y, w))
    delta = gamma * norm(_misfit(X, y, w))
    rounding = gamma * ((r + delta) ** 2 + mpf(lam) * norm(w) ** 2) * (1 if np.ndim(y) == 1 else np.shape(y)[1])
    return 2 * r * delta + delta**2 + rounding


def log_posterior(X: Any, y: Any, w: Any, lam: float) -> Bound:
    """For −‖y − Xw‖²/(2λ) − ‖w‖²/2: the objective's bound, divided by 2λ before anything can overflow."""
    allowed = _objective(X, y, w, lam) / (2 * mpf(lam)) + _tiny(X, y, w)
    return Bound(allowed, INNER_PRODUCTS)


def objective_jacobian(X: Any, y: Any, w: Any, lam: float) -> Bound:
    """For 2(λwᵀ − (y − Xw)ᵀX), entry by entry: 2γ(λ|w| + |X|ᵀ(|r| + |y| + |X||w|))."""
    inside = abs(oracles.residual(X, y, w)) + _misfit(X, y, w)
    total = oracles.matvec(abs(np.asarray(X)).T, inside) + oracles.to_rational(lam) * abs(oracles.rationals(w))
    factor = oracles.to_rational(float(2 * _gamma(X, y, w)))
    tiny = float(_tiny(X, y, w))
    return Bound((factor * total + oracles.to_rational(tiny))[None, :], INNER_PRODUCTS)


def posterior_covariance(X: Any, lam: float) -> Bound:
    """For λM⁻¹: to first order −λM⁻¹(XᵀδX + δXᵀX)M⁻¹ and its own rounding, in the Frobenius norm.

    Where κ(M) is below 100, which costs two digits at most, M itself may be inverted.
    """
    p = of_matrix(X, lam)
    source = "perturbation of the data by c u: Stewart and Sun (1990), Theorem III.2.5; Higham (2002), §14.3"
    if p.far:
        return Bound(math.inf, source)
    size = p.lam * p.gram_inverse
    condition = min((p.size**2 + p.lam) * p.gram_inverse, mpf(100))
    return p.allow(2 * size * p.solver * norm(X) + condition * size * mpmath.sqrt(p.d), source)


def entrywise(exact: Any, dtype: Any, roundings: int) -> Bound:
    """For a formula of a few operations, each rounded once."""
    allowed = roundings * unit_roundoff(dtype) * abs(oracles.floats(exact)) + roundings * smallest(dtype)
    return Bound(allowed, "one rounding an operation: Higham (2002), §2.2")


# ---- the choice of λ -------------------------------------------------------------------------------------------------
# By Weyl's inequality the computed singular values are within c u‖X‖ of the exact ones; by first-order theory,
# (I − H)y and the diagonal of I − H change as λα and the diagonal of λK⁻¹ do, K = XXᵀ + λI.


def degrees_of_freedom(X: Any, lam: float) -> Bound:
    """For Σ σ²/(σ²+λ): how far the sum can move when each σ moves by c u‖X‖. The rank, at λ = 0, is exact."""
    return degrees_of_freedom_of(of_matrix(X, lam))


def degrees_of_freedom_of(p: Problem) -> Bound:
    """As `degrees_of_freedom`, where the singular values are known."""
    source = "Weyl's inequality: Higham (2002), §B.7; Golub and Van Loan (2013), Corollary 8.6.2"
    if not p.lam:
        return Bound(0.0, source)
    delta = p.cu * p.size

    def f(s: mpf) -> mpf:
        return s * s / (s * s + p.lam)

    moved = sum((f(s + delta) - f(max(s - delta, mpf(0))) for s in p.s), mpf(0))
    return p.allow(sum(map(f, p.s), mpf(0)) + moved / p.cu, source)


def generalised_cross_validation(X: Any, y: Any, lam: float, w: Any, rank: int) -> Bound:
    """For n‖(I − H)y‖²/τ², τ = tr(I − H), from how far ‖(I − H)y‖ and τ can move.

    Where I − H vanishes at λ = 0 it is divided by λ first: then it is K⁻¹.
    """
    return generalised_cross_validation_of(Problem(X, y, lam, w, rank=rank))


def generalised_cross_validation_of(p: Problem) -> Bound:
    """As `generalised_cross_validation`, where the singular values and the solution are known."""
    source = "first-order perturbation of the data by c u, and Weyl's inequality: Björck (1996), §1.4.3"
    if p.far:
        return Bound(math.inf, source)
    limit = not p.lam and p.rank == p.n
    if limit:
        kept, r = [1 / s**2 for s in p.s], p.alpha
        moves = _residual_moves(p, 1 / p.low**2, r)
    else:
        kept = [p.lam / (s * s + p.lam) if p.lam else mpf(0) for s in p.s[: p.rank]] + [mpf(1)] * (p.n - p.rank)
        moves, r = _residual_moves(p, p.lam * p.kernel_inverse if p.lam else mpf(1), p.r), p.r
    trace = sum(kept, mpf(0))
    # d(1 − f)/dσ = −2σ/(σ²+λ) times (1 − f).
    pairs = zip(kept, p.s[: p.rank], strict=False)  # what counts as zero at λ = 0 does not move
    trace_moves = p.cu * sum((k * (1 + 2 * p.size * s / (s * s + p.lam)) for k, s in pairs if s), trace)
    if trace_moves > trace / 2:
        return Bound(math.inf, source)
    top = (r + moves) / (trace - trace_moves)
    return p.allow(p.n * (r / trace) ** 2 + p.n * (top**2 - (r / trace) ** 2) / p.cu, source)


def _residual_moves(p: Problem, size: mpf, r: mpf) -> mpf:
    """How far ‖(I − H)y‖ = r moves with the data, where I − H is of this size."""
    return p.cu * (p.size * (size * p.w + p.solver * r) + size * p.y)


def residual_sum_of_squares(X: Any, y: Any, lam: float, w: Any) -> Bound:
    """For ‖y − Xw‖² at λ > 0, from how far ‖y − Xw‖ = ‖(I − H)y‖ can move."""
    p = Problem(X, y, lam, w)
    source = "first-order perturbation of the data by c u: Björck (1996), §1.4.3"
    if p.far:
        return Bound(math.inf, source)
    moves = _residual_moves(p, p.lam * p.kernel_inverse, p.r)
    return p.allow(p.r**2 + (2 * p.r + moves) * moves / p.cu, source)


def leave_one_out(X: Any, y: Any, lam: float, refits: Any = None, moves: Moves | None = None) -> Bound:
    """For the mean of eᵢ², eᵢ = yᵢ − xᵢᵀw₋ᵢ: each w₋ᵢ moves as `orthogonal` says when all of the data move by c u.

    The w₋ᵢ are found exactly; for data too large for that they are to be given, to a few digits, and at λ = 0 no sample
    may alone hold up a direction. `moves` says how far eᵢ may move otherwise: given the problem without it, i and eᵢ.
    """
    X, y = np.asarray(X), np.asarray(y)
    n = len(y)
    p = Problem(X, y, lam, np.zeros(X.shape[1]))

    def by_refitting(q: Problem, i: int, error: mpf) -> mpf:
        return norm(X[i]) * solution_moves(q, p.size, p.y) + p.y + p.size * q.w

    source = "first-order perturbation of the data by c u, in each refit: Björck (1996), §1.4.3; Wedin (1973)"
    total = mpf(0)
    for i in range(n):
        others, rest = np.delete(X, i, axis=0), np.delete(y, i)
        w = oracles.ridge(others, rest, lam) if refits is None else refits[i]
        q = Problem(others, rest, lam, w, rank=None if lam or refits is not None else oracles.rank(others))
        if p.cu * p.size > SMALL * mpmath.sqrt(q.low**2 + q.lam) and q.size:
            return Bound(math.inf, source)
        row, target = X[i : i + 1], y[i : i + 1]
        error = norm(oracles.residual(row, target, w) if refits is None else target - row.astype(np.longdouble) @ w)
        moved = (moves or by_refitting)(q, i, error)
        total += (2 * error + p.cu * moved) * moved + error**2
    return p.allow(total / max(n, 1), source)
