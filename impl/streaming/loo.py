"""Leave-one-out cross-validation of data that are read twice: the state first, then each sample's leverage by it.

From R = U diag(σ) Vᵀ and z = Vᵀx, eᵢ = (y − zᵀVᵀw)/(1 − h) with h = Σ z²/(σ²+λ); beside an intercept x is about the
mean, and h has s/Σs more. Where 1 − h is small that loses digits: of at most d/(1 − LEFT) samples, for all h together
are d. Those are really left out: all others make a state, and into that they are put but for one.
"""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from .._kernels.linalg import numerical_rank
from .._kernels.scaling import lam_in_range
from .._kernels.validation import Array
from ..ridge_regression import loo
from ..ridge_regression.filters import ridge_inverse_singular_values
from ..ridge_regression.intercept import loo as intercept_loo
from .answers import as_they_came, cutoff, required_intercept, weights
from .state import Block, State, joined, start

Read = Callable[[], Iterable[Block]]


def leave_one_out(state: State, read: Read, lams: Array) -> Array:
    """(L,): Σ s eᵢ²/Σ s with eᵢ = yᵢ − xᵢᵀw₋ᵢ − b₋ᵢ at each λ; `read` gives all blocks once more, each time."""
    if not state.reduced:
        return from_memory(state, lams)
    left = Left(state, lams)
    total, high = np.zeros(len(lams)), []
    for block in read():
        of_block, here = left.summed(block)
        total += of_block
        high.append(here)
    if any(here.any() for here in high):
        others = start(state.d, state.k, state.dtype, intercept=state.intercept)
        apart = []
        for block, here in zip(read(), high, strict=True):
            others = joined(others, block.of(~here))
            apart.append(block.of(here))
        total += refitted(others, Block.together(apart), lams)
    return mean(state, total)


def from_memory(state: State, lams: Array) -> Array:
    """(L,): of a state that has the rows as they came."""
    lams = lams.astype(state.dtype)
    if state.intercept:
        required_intercept(state)
        return intercept_loo.ridge_intercept_loo(*as_they_came(state), lams, weights(state))
    return loo.ridge_loo(*as_they_came(state), lams)


def mean(state: State, total: Array) -> Array:
    """(L,): Σ s e², divided by Σ s."""
    with np.errstate(over="ignore", under="ignore"):  # an answer out of range is inf or 0
        return (total / state.total).astype(state.dtype)


class Left:
    """What a state, at these λ, leaves of each sample; it may be sent to where the samples are."""

    def __init__(self, state: State, lams: Array) -> None:
        s, Vt, Ct, _ = state.spectrum
        # A σ that is rounding and no more has z that are no better: what they give is noise beside λ, if not NaN.
        known = numerical_rank(s, s.size * float(np.finfo(s.dtype).eps)) if s.size else 0
        rank = numerical_rank(s, cutoff(state)) if s.size else 0
        of_z, of_squares = np.zeros((s.size, lams.size)), np.zeros((s.size, lams.size))
        for a, lam in enumerate(lams):
            lam, _ = lam_in_range(float(lam), state.ex, 8)
            kept = known if lam else min(rank, known)
            g = ridge_inverse_singular_values(s[:kept], lam)  # σ/(σ²+λ)
            of_z[:kept, a], of_squares[:kept, a] = g * Ct[0, :kept], g / s[:kept]
        self.of_z, self.of_squares, self.Vt, self.ex, self.ey = of_z, of_squares, Vt, state.ex, state.ey
        self.total = state.total if state.intercept else np.inf
        self.mean, self.rest, self.d = state.mean, state.rest, state.d

    def summed(self, block: Block) -> tuple[Array, NDArray[np.bool_]]:
        """((L,): Σ s e² over the samples whose 1 − h is not small, which of them are the others)."""
        X, y = block.X.astype(np.float64, copy=False), block.Y[:, 0].astype(np.float64)
        s = np.ones(block.n) if block.weights is None else block.weights
        if np.isfinite(self.total):
            X = (X - self.mean[: self.d]) - self.rest[: self.d]
            y = (y - self.mean[self.d]) - self.rest[self.d]
        root = np.sqrt(s)[:, None]
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            Z, t = (np.ldexp(X, -self.ex) * root) @ self.Vt.T, np.ldexp(y, -self.ey)[:, None] * root
            share = 1 - (Z * Z) @ self.of_squares - (s / self.total)[:, None]
            high: NDArray[np.bool_] = np.any(share < loo.LEFT, axis=1)
            errors = np.ldexp((t - Z @ self.of_z)[~high] / share[~high], self.ey)
            return np.sum(np.square(errors), axis=0), high


def refitted(others: State, apart: Block, lams: Array) -> Array:
    """(L,): Σ s e² of some samples, each really left out, of these and the others."""
    total = np.zeros(len(lams))
    for i in range(apart.n):
        without = joined(others, apart.of(np.arange(apart.n) != i))
        x, y = apart.X[i].astype(np.float64), float(apart.Y[i, 0])
        W, b = without.ridge_intercept_path(lams) if others.intercept else (without.ridge_path(lams), 0.0)
        with np.errstate(over="ignore", under="ignore"):
            error = y - W.astype(np.float64) @ x - b
            total += np.square(error) * (1 if apart.weights is None else apart.weights[i])
    return total
