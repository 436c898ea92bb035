"""What a state answers: from the rows as from memory, from the triangle R of [X y] with d² numbers in place of nd.

RᵀR = [X y]ᵀ[X y], so that R's first d columns have the singular values and the right singular vectors of X, and the
rest of R is Uᵀy and, below it, what of y no w reaches. Only how many samples there are, which is asked for in the
cut-off at λ = 0 and in generalised cross-validation, is not in R.
"""

import math
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import least_squares
from .._kernels.linalg import numerical_rank
from .._kernels.scaling import lam_in_range
from .._kernels.validation import Array, floats, not_negative, positive
from ..ridge_regression import auto, path, posterior, selection
from ..ridge_regression.intercept.centred import Centred, with_intercept
from ..ridge_regression.intercept.path import ridge_intercept_path
from ..ridge_regression.intercept.solution import ridge_intercept
from ..ridge_regression.spectrum import spectrum as factorised
from .documented import documented

if TYPE_CHECKING:
    from .state import State


class Spectrum(NamedTuple):
    """Of the triangle: singular values, Vᵀ, (UᵀY)ᵀ, and what of each ‖y‖² is outside of U."""

    s: Array
    Vt: Array
    Ct: Array
    rest: Array


class Answers:
    """The answers of a `State`: each is the contract's of this name, for all samples so far."""

    @documented(errors="rcond is negative or not finite; or the state has an intercept.")
    def lstsq(self, rcond: float | None = None) -> Array:
        """The shortest w among those that minimise ‖Xw − y‖; see `shrinkage.lstsq`."""
        state = _without_intercept(self)
        if not state.reduced:
            return least_squares.lstsq(*as_they_came(state), rcond)
        rcond = cutoff(state) if rcond is None else not_negative("rcond", rcond)
        return _shaped(state, _at_zero(state, rcond)[0], state.ey - state.ex)

    @documented(errors="X has numerical rank below n, as it has with n > d; or the state has an intercept.")
    def min_norm(self) -> Array:
        """The shortest w with Xw = y, for no more samples than features; see `shrinkage.min_norm`."""
        state = _without_intercept(self)
        if not state.reduced:
            return least_squares.min_norm(*as_they_came(state))
        rank = numerical_rank(self.spectrum.s, cutoff(state)) if state.d else 0
        raise ValueError(f"X must have full row rank {state.n}, but its numerical rank is {rank}")

    @documented(
        "d³/3 flops by Cholesky, refined, where that is as accurate; else those of the SVD that all answers share.",
        errors="λ is negative or not finite; or the state has an intercept.",
    )
    def ridge(self, lam: ArrayLike) -> Array:
        """w = argmin ‖y − Xw‖² + λ‖w‖²; see `shrinkage.ridge`."""
        state, lam = _without_intercept(self), not_negative("lam", lam)
        if not state.reduced:
            return auto.ridge(*as_they_came(state), lam)
        Wt, excess = _solved(state, lam)
        return _shaped(state, Wt, state.ey - state.ex - excess)

    @documented(errors="A λ is negative or not finite; or the state has an intercept.")
    def ridge_path(self, lams: ArrayLike) -> Array:
        """`ridge` at each λ; see `shrinkage.ridge_path`."""
        state, lams = _without_intercept(self), _lams(lams)
        if not state.reduced:
            return path.ridge_path(*as_they_came(state), lams.astype(state.dtype))
        W, exponents = _path(state, lams)
        with np.errstate(over="ignore", under="ignore"):  # an answer out of range is ±inf or 0
            W = np.ldexp(W, (exponents + (state.ey - state.ex))[:, None, None]).astype(state.dtype)
        return W[:, 0] if state.k is None else np.ascontiguousarray(W.transpose(0, 2, 1))

    @documented(errors="A λ is negative or not finite; or the state has an intercept.")
    def ridge_dof(self, lams: ArrayLike) -> Array:
        """Σ σ²/(σ²+λ) at each λ; see `shrinkage.ridge_dof`."""
        state, lams = _without_intercept(self), _lams(lams)
        if not state.reduced:
            return selection.ridge_dof(as_they_came(state)[0], lams.astype(state.dtype))
        if not state.d:
            return np.zeros(lams.size, state.dtype)
        s = self.spectrum.s
        return selection.dof_of(s, lams, state.ex, numerical_rank(s, cutoff(state))).astype(state.dtype)

    @documented(errors="A λ is negative or not finite; or the state has several targets, or an intercept.")
    def ridge_gcv(self, lams: ArrayLike) -> Array:
        """n ‖(I − H)y‖² / tr(I − H)² at each λ, of one target; see `shrinkage.ridge_gcv`."""
        state, lams = _without_intercept(self), _lams(lams)
        single(state)
        if not state.reduced:
            return selection.ridge_gcv(*as_they_came(state), lams.astype(state.dtype))
        s, _, Ct, rest = self.spectrum
        rank = numerical_rank(s, cutoff(state)) if state.d else 0
        with np.errstate(over="ignore", under="ignore"):  # an answer out of range is inf or 0
            values = selection.gcv_of(s, Ct[0], rest[0], lams, state.n, rank, state.ex, state.ey)
            return values.astype(state.dtype)

    @documented(errors="λ is not positive; or the state has an intercept.")
    def ridge_posterior(self, lam: ArrayLike) -> tuple[Array, Array]:
        """(mean, covariance) of W given y; see `shrinkage.ridge_posterior`."""
        state, lam = _without_intercept(self), positive("lam", lam)
        if not state.reduced:
            return posterior.ridge_posterior(*as_they_came(state), lam)
        if not state.d:
            return self.ridge(lam), np.zeros((0, 0), state.dtype)
        scaled, _ = lam_in_range(lam, state.ex, 8)
        return self.ridge(lam), posterior.covariance(_triangle(state)[0], scaled).astype(state.dtype)

    @documented(errors="λ is negative or not finite; or the state was started without an intercept.")
    def ridge_intercept(self, lam: ArrayLike) -> tuple[Array, Array]:
        """(w, b) = argmin Σ s(y − Xw − b)² + λ‖w‖², of a state with an intercept; see `shrinkage.ridge_intercept`."""
        state, lam = required_intercept(self), not_negative("lam", lam)
        if not state.reduced:
            return ridge_intercept(*as_they_came(state), lam, weights(state))
        return _both(state, *_solved(state, lam))

    @documented(errors="A λ is negative or not finite; or the state was started without an intercept.")
    def ridge_intercept_path(self, lams: ArrayLike) -> tuple[Array, Array]:
        """(W, b) at each λ, of a state with an intercept; see `shrinkage.ridge_intercept_path`."""
        state, lams = required_intercept(self), _lams(lams)
        if not state.reduced:
            return ridge_intercept_path(*as_they_came(state), lams.astype(state.dtype), weights(state))
        W, exponents = _path(state, lams)
        return _both(state, W, -exponents[:, None, None])

    def residual_sum_of_squares(self, lams: ArrayLike) -> Array:
        """‖y − Xw‖² of `ridge` at each λ, of all targets together; with an intercept, Σ s(y − Xw − b)².

        Parameters
        ----------
        lams : (L,)
            Values λ ≥ 0 in any order.

        Returns
        -------
        (L,)
            In y's units squared.

        Raises
        ------
        ValueError
            A λ is negative or not finite.

        Notes
        -----
        Σ (λ/(σ²+λ) uᵀy)² and what is outside of U: nothing cancels.
        """
        state, lams = cast("State", self), _lams(lams)
        X, Y, ex, ey = state.problem()
        s, _, Ct, rest = self.spectrum if state.reduced else spectrum_of(X, Y)
        kept, rank = np.empty((lams.size, 1, s.size)), numerical_rank(s, cutoff(state)) if s.size else 0
        for a, lam in enumerate(lams):
            root = math.sqrt(lam_in_range(float(lam), ex, 8)[0])
            with np.errstate(over="ignore"):  # where λ is nothing beside σ², nothing is left
                kept[a] = 1 / (1 + np.square(s / root)) if root else np.arange(s.size) >= rank
        total = np.sum(rest) + np.sum(np.square(kept * Ct), axis=(1, 2))
        with np.errstate(over="ignore", under="ignore"):  # an answer out of range is inf or 0
            return np.ldexp(total, 2 * ey).astype(state.dtype)

    @cached_property
    def spectrum(self) -> Spectrum:
        """Of the triangle, once for all answers."""
        return spectrum_of(*_triangle(cast("State", self)))


def spectrum_of(X: Array, Y: Array) -> Spectrum:
    """Of X and Y in range, which may have no rows, columns or targets."""
    if not X.size:
        nothing = np.zeros((Y.shape[1], 0))
        return Spectrum(np.zeros(0), np.zeros((0, X.shape[1])), nothing, np.sum(Y * Y, axis=0))
    s, Vt, Ct, rest = factorised(X, Y if Y.shape[1] else np.zeros((len(X), 1)))
    return Spectrum(s, Vt, Ct, rest)


def single(state: "State") -> None:
    """Refuse what is of one target."""
    if state.k is not None:
        raise ValueError(f"the state must be of one target, started with k=None, but has k = {state.k}")


def _without_intercept(answers: Answers) -> "State":
    state = cast("State", answers)
    if state.intercept:
        raise ValueError("the state was started with an intercept: ask for ridge_intercept or ridge_intercept_path")
    return state


def required_intercept(answers: Answers) -> "State":
    """The state, which has to have an intercept, and a sample of positive weight if any."""
    state = cast("State", answers)
    if not state.intercept:
        raise ValueError("the state was started without an intercept: start(d, intercept=True)")
    if state.seen and not state.n:
        raise ValueError(f"sample_weight must have a positive entry, but all {state.seen} are zero")
    return state


def _lams(lams: ArrayLike) -> Array:
    (lams,) = floats("lams", lams)
    return path.checked_lams(lams)


# ---- the rows as they came -------------------------------------------------------------------------------------------


def as_they_came(state: "State") -> tuple[Array, Array]:
    """X and y as the contract has them, of the state's dtype; without an intercept, times √s."""
    rows = state.rows
    if not state.intercept and weights(state) is not None:
        rows = rows * np.sqrt(state.weights)[:, None]
    rows = rows.astype(state.dtype)
    y = rows[:, state.d :].copy()
    return rows[:, : state.d].copy(), y[:, 0] if state.k is None else y


def weights(state: "State") -> Array | None:
    """Of the rows as they came; None where all are 1."""
    plain = state.reduced or bool((state.weights == 1).all())
    return None if plain else state.weights.astype(state.dtype)


# ---- the triangle ----------------------------------------------------------------------------------------------------


def _triangle(state: "State") -> tuple[Array, Array]:
    """R's columns that are X's, and those that are y's, to be handed to what is compiled."""
    return state.rows[:, : state.d].copy(), state.rows[:, state.d :].copy()


def cutoff(state: "State") -> float:
    """What counts as zero at λ = 0 beside σ_max."""
    return max(state.n - state.intercept, state.d) * float(np.finfo(state.dtype).eps)


def _at_zero(state: "State", rcond: float) -> tuple[Array, int]:
    X, Y = _triangle(state)
    if X.size == 0 or Y.size == 0:
        return np.zeros((Y.shape[1], X.shape[1])), 0
    Wt, rank = least_squares.lstsq_transposed(X, Y, rcond)
    if rank < 0:  # it did not converge
        s, Vt, Ct, _ = state.spectrum
        rank = numerical_rank(s, rcond)
        Wt = (Ct[:, :rank] / s[:rank]) @ Vt[:rank]
    return Wt, rank


def _solved(state: "State", lam: float) -> tuple[Array, int]:
    """(Wᵀ by target, 2^excess times too large), of the triangle at λ ≥ 0."""
    lam, excess = lam_in_range(lam, state.ex, 8)
    X, Y = _triangle(state)
    if lam == 0 or X.size == 0 or Y.size == 0:
        return _at_zero(state, cutoff(state))[0], 0
    Wt, good = auto.by_cholesky(X, Y, lam)
    if not good:
        s, Vt, Ct, _ = state.spectrum
        Wt = path.by_direction(s, Ct, np.array([lam]), 0, s.size)[0] @ Vt
    return Wt, excess


def _path(state: "State", lams: Array) -> tuple[Array, NDArray[np.int64]]:
    """(W by λ, target and feature, the exponents that large λ leave over), of the triangle."""
    s, Vt, Ct, _ = state.spectrum
    k = state.columns - state.d
    if not (state.d and k and lams.size):
        return np.zeros((lams.size, k, state.d)), np.zeros(lams.size, np.int64)
    filtered, exponents = path.by_direction(s, Ct, lams, state.ex, numerical_rank(s, cutoff(state)))
    return (filtered @ Vt).reshape(lams.size, k, state.d), exponents


def _shaped(state: "State", Wt: Array, e: int) -> Array:
    """The solutions, one a row, times 2^e, as y was."""
    with np.errstate(over="ignore", under="ignore"):  # an answer out of range is ±inf or 0
        W = np.ldexp(Wt, e).astype(state.dtype)
    return W[0] if state.k is None else np.ascontiguousarray(W.T)


def _both(state: "State", Wt: Array, excess: NDArray[np.integer] | int) -> tuple[Array, Array]:
    """(w, b) from the solutions, one a row, of the problem about the mean."""
    A, T = _triangle(state)
    mean, d = state.mean + state.rest, state.d
    x_mean, y_mean = np.ldexp(mean[:d], -state.ex), np.ldexp(mean[d:], -state.ey)
    c = Centred(A, T, np.zeros(0), x_mean, y_mean, state.ex, state.ey, 0, 0, 0)
    one = np.zeros((0,) if state.k is None else (0, 1))
    w, b = with_intercept(c, np.swapaxes(Wt, -1, -2), excess, one)
    with np.errstate(over="ignore", under="ignore"):
        return np.ascontiguousarray(w.astype(state.dtype)), np.asarray(b).astype(state.dtype)[()]
