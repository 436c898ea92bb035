"""Leave-one-out cross-validation of data that are read twice: the state first, then each sample's leverage by it."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from .._kernels.linalg import numerical_rank
from .._kernels.scaling import lam_in_range
from .._kernels.validation import Array
from ..ridge_regression.filters import ridge_inverse_singular_values
from ..ridge_regression.loo import LEFT
from .answers import cutoff
from .state import Block, State, joined, start

Read = Callable[[], Iterable[Block]]


def leave_one_out(state: State, read: Read, lams: Array) -> Array:
    """(L,) in float64: Σ s eᵢ²/Σ s with eᵢ = yᵢ − xᵢᵀw₋ᵢ − b₋ᵢ at each λ, of a state that is reduced.

    From R = U diag(σ) Vᵀ and z = Vᵀx, eᵢ = (y − zᵀVᵀw)/(1 − h) and h = Σ z²/(σ²+λ); beside an intercept x is about the
    mean, and h has s/Σs more. Where 1 − h is small that loses digits: of at most d/(1 − LEFT) samples, for all h
    together are d. Those are really left out: all others make a state, and into that they are put but for one.
    """
    left = Left(state, lams)
    total, high, first = np.zeros(len(lams)), np.zeros(0, np.int64), 0
    most = int((state.d + 1) / (1 - LEFT))
    for block in read():
        errors, share = left.errors(block)
        here = np.flatnonzero((share < LEFT).any(axis=1))[: most - len(high)]
        errors[here] = 0
        total += left.weighed(block, errors)
        high, first = np.concatenate([high, first + here]), first + block.n
    if len(high):
        total += _refitted(state, read, lams, high)
    with np.errstate(over="ignore", under="ignore"):
        return total / state.total


class Left:
    """What a state, at these λ, leaves of each sample, to whom it may be handed without the rest of the state."""

    def __init__(self, state: State, lams: Array) -> None:
        s, Vt, Ct, _ = state.spectrum
        rank = numerical_rank(s, cutoff(state)) if state.d else 0
        # 1/(σ²+λ) = (σ/(σ²+λ))/σ, and for σ = 0 what is 0/0 is left out.
        scaled = [lam_in_range(float(lam), state.ex, 8)[0] for lam in lams]
        g = np.array([ridge_inverse_singular_values(s, lam) for lam in scaled]).reshape(len(scaled), s.size)
        for a, lam in enumerate(scaled):
            if lam == 0:
                g[a, rank:] = 0
        self.of_z = (g * Ct[0]).T  # (r, L)
        self.of_squares = np.divide(g, s, out=np.zeros_like(g), where=s > 0).T
        self.Vt, self.ex, self.ey = Vt, state.ex, state.ey
        self.total = state.total if state.intercept else np.inf
        self.mean, self.rest, self.d = state.mean, state.rest, state.d

    def errors(self, block: Block) -> tuple[Array, Array]:
        """((b, L): eᵢ in y's units; 1 − h)."""
        X, y = block.X.astype(np.float64), block.Y[:, 0].astype(np.float64)
        s = np.ones(block.n) if block.weights is None else block.weights
        if np.isfinite(self.total):
            X = (X - self.mean[: self.d]) - self.rest[: self.d]
            y = (y - self.mean[self.d]) - self.rest[self.d]
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            # R is of √s x, and its units are 2^ex; those of √s are in there.
            Z = (np.ldexp(X, -self.ex) * np.sqrt(s)[:, None]) @ self.Vt.T
            t = np.ldexp(y, -self.ey) * np.sqrt(s)
            share = 1 - (Z * Z) @ self.of_squares - (s / self.total)[:, None]
            errors = (t[:, None] - Z @ self.of_z) / share / np.sqrt(s)[:, None]
            return np.ldexp(errors, self.ey), share

    def weighed(self, block: Block, errors: Array) -> Array:
        """(L,): Σ s e²."""
        with np.errstate(over="ignore", under="ignore"):
            squares = np.square(errors)
            return np.sum(squares if block.weights is None else squares * block.weights[:, None], axis=0)


def _refitted(state: State, read: Read, lams: Array, high: NDArray[np.int64]) -> Array:
    """(L,): Σ s e² of the samples of these numbers, each really left out."""
    others = start(state.d, state.k, state.dtype, intercept=state.intercept)
    chosen, first = [], 0
    for block in read():
        apart = np.isin(np.arange(first, first + block.n), high)
        others, first = joined(others, block.of(~apart)), first + block.n
        chosen.append(block.of(apart))
    X, Y = np.concatenate([each.X for each in chosen]), np.concatenate([each.Y for each in chosen])
    weighted = any(each.weights is not None for each in chosen)
    them = Block(
        X, Y, np.concatenate([each.weights for each in chosen if each.weights is not None]) if weighted else None
    )
    total = np.zeros(len(lams))
    for i in range(them.n):
        without, x, y = joined(others, them.of(np.arange(them.n) != i)), X[i].astype(np.float64), float(Y[i, 0])
        W, b = without.ridge_intercept_path(lams) if state.intercept else (without.ridge_path(lams), 0.0)
        error = y - W.astype(np.float64) @ x - b
        total += np.square(error) * (1 if them.weights is None else them.weights[i])
    return total
