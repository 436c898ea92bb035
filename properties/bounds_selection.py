"""The error that theory allows for what is computed beside a ridge solution: objective, posterior, choice of λ."""

import math
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

from properties import oracles
from properties.bounds import Bound, Problem, norm, smallest, unit_roundoff, working_dtype

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
    X = np.asarray(X)
    p = Problem(X, np.zeros(len(X), X.dtype), lam, np.zeros(X.shape[1]))
    source = "first-order perturbation of the data by c u: Stewart and Sun (1990), Theorem III.2.5; Higham (2002), §14.3"
    if p.far:
        return Bound(math.inf, source)
    size = p.lam * p.gram_inverse
    condition = min((p.size**2 + p.lam) * p.gram_inverse, mpf(100))
    return p.allow(2 * size * p.solver * norm(X) + condition * size * mpmath.sqrt(p.d), source)
