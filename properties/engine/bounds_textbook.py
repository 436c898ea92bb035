"""The error that is allowed on ordinary problems, where every form will do: the largest of theirs.

The same names as in `bounds` and `bounds_selection`. M = XᵀX + λI, or K = XXᵀ + λI, is off by c u‖M‖ when it is formed
and by as much again when it is solved with or inverted; then M⁻¹ is off by 2 c u κ(M)‖M⁻¹‖, and its products with Xᵀ
and y round once more (Higham 2002, §14.3 and §20.4). With a condition of at most 100 and λ beside the spectrum that
leaves six digits and more: no wrong formula is as near.
"""

import functools
import math
from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

from shrinkage.properties.engine import bounds, bounds_selection, oracles
from shrinkage.properties.engine.bounds import SMALL, Bound, Problem, by_target, either, larger, norm

SOURCE = "normal equations, by an inverse too: Higham (2002), §14.3 and §20.4"


def _inverse_moves(p: Problem) -> mpf:
    """2(κ + 1)‖M⁻¹‖ for M or K, whichever is worse: times c u‖X‖‖y‖ it is what (XᵀX + λI)⁻¹Xᵀy moves by."""
    inverse = max(p.gram_inverse, p.kernel_inverse) if p.lam else 1 / p.low**2
    condition = (p.size**2 + p.lam) * inverse
    return 2 * (condition + 1) * inverse if p.cu * condition <= SMALL else mpf("inf")


def _has_inverse(p: Problem) -> bool:
    """Whether M or K has one: with λ = 0, where X is of full rank."""
    return bool(p.lam) or 0 < p.rank == min(p.n, p.d)


@by_target
def _solution(p: Problem) -> Bound:
    normal = p.allow(_inverse_moves(p) * p.size * p.y if _has_inverse(p) else mpf(0), SOURCE)
    # Least squares on [X; √λI], whose rows are far apart in size where λ is large, and the shortest η on [X √λI].
    augmented = (bounds.augmented_rows, bounds.augmented_columns) if p.lam else ()
    return functools.reduce(larger, (each.__wrapped__(p) for each in augmented), normal)  # type: ignore[attr-defined]


RIDGE = {form: either(own, _solution) for form, own in bounds.RIDGE.items()}
orthogonal, least_squares = RIDGE["ridge"], either(bounds.least_squares, _solution)


def pseudoinverse(X: Any, rank: int) -> Bound:
    """For (XᵀX)⁻¹Xᵀ and Xᵀ(XXᵀ)⁻¹, in the Frobenius norm."""
    p = bounds.of_matrix(X, 0.0, rank)
    normal = p.allow(_inverse_moves(p) * norm(X) if _has_inverse(p) else mpf(0), SOURCE)
    return larger(bounds.pseudoinverse(X, rank), normal)


def posterior_covariance(X: Any, lam: float) -> Bound:
    """For λM⁻¹, in the Frobenius norm."""
    p = bounds.of_matrix(X, lam)
    normal = p.allow(p.lam * _inverse_moves(p) * mpmath.sqrt(p.d), SOURCE)
    return larger(bounds_selection.posterior_covariance(X, lam), normal)


def degrees_of_freedom(X: Any, lam: float) -> Bound:
    """For tr XM⁻¹Xᵀ, which tr M times what M⁻¹ moves by bounds."""
    p = bounds.of_matrix(X, lam)
    return larger(bounds_selection.degrees_of_freedom(X, lam), p.allow(_trace_moves(p), SOURCE))


def _trace_moves(p: Problem) -> mpf:
    trace = sum((s * s for s in p.s), p.lam * max(p.n, p.d))
    return trace * _inverse_moves(p) if _has_inverse(p) else mpf(0)


def generalised_cross_validation(X: Any, y: Any, lam: float, w: Any, rank: int) -> Bound:
    """For n‖y − Xw‖²/(n − tr H)² at λ > 0, from how far w and tr H move."""
    p = Problem(X, y, lam, w, rank=rank)
    own = bounds_selection.generalised_cross_validation(X, y, lam, w, rank)
    trace = sum((p.lam / (s * s + p.lam) for s in p.s), mpf(max(p.n - p.d, 0)))
    trace_moves = p.cu * (_trace_moves(p) + p.n)
    if not trace_moves <= trace / 2:
        return Bound(math.inf, f"{own.source}; {SOURCE}")
    top = (p.r + p.cu * _residual_moves(p)) / (trace - trace_moves)
    return larger(own, p.allow(p.n * (p.r / trace) ** 2 + p.n * (top**2 - (p.r / trace) ** 2) / p.cu, SOURCE))


def _residual_moves(p: Problem) -> mpf:
    return p.size**2 * _inverse_moves(p) * p.y + p.y + p.size * p.w


def leave_one_out(X: Any, y: Any, lam: float, refits: Any = None) -> Bound:
    """For the mean of eᵢ² at λ > 0, each eᵢ from a refit, or from eᵢ = rᵢ/(1 − Hᵢᵢ)."""
    p = Problem(X, y, lam, oracles.ridge(X, y, lam))
    U, s, _ = np.linalg.svd(np.asarray(X, float), full_matrices=False)
    leverage = 1 - U**2 @ (s**2 / (s**2 + float(lam)))

    def moves(q: Problem, i: int, error: mpf) -> mpf:
        x = norm(np.asarray(X)[i])
        refit = x * _inverse_moves(q) * p.size * p.y + p.y + p.size * q.w
        at_once = _residual_moves(p) + error * (x**2 * _inverse_moves(p) + 1)
        return max(refit, at_once / leverage[i])

    return bounds_selection.leave_one_out(X, y, lam, refits, moves)


_HARD, _ORDINARY = SimpleNamespace(**vars(bounds) | vars(bounds_selection)), SimpleNamespace(**globals())


def theory(hard: bool) -> Any:
    """Where a claim takes its bounds from, by the same names: on ordinary problems the normal equations will do."""
    return _HARD if hard else _ORDINARY
