"""What the forms share: the data made contiguous, checked, and brought into range; the answer scaled back."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .._kernels.parallel import alone
from .._kernels.scaling import in_range, times_power_of_two
from .._kernels.validation import Array, finite, floats, positive, refuse_shape

# A compiled solver: X (n, d), Y (n, k) and λ > 0, all in range, to Wᵀ (k, d) and whether its factorisation succeeded.
Solve = Callable[[Array, Array, float], tuple[Array, bool]]


def checked(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """X as (n, d) and y as (n,) or (n, k), of one dtype."""
    X, y = floats("X y", X, y)
    of_X, of_y = X.shape, y.shape
    if len(of_X) != 2:
        refuse_shape("X", X, "(n, d)")
    if len(of_y) not in (1, 2) or of_y[0] != of_X[0]:
        n = of_X[0]
        refuse_shape("y", y, f"({n},) or ({n}, k), one row for each row of X")
    return X, y


def checked_single(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """X as (n, d) and y as (n,), of one dtype."""
    X, y = checked(X, y)
    if y.ndim != 1:
        refuse_shape("y", y, f"({X.shape[0]},)")
    return X, y


def columns(y: Array) -> Array:
    """The targets as the columns of a matrix."""
    return y if y.ndim == 2 else y.reshape(y.shape[0], 1)


def as_target(Wt: Array, y: Array) -> Array:
    """The solutions, one a row, in the shape that y asks for."""
    return Wt.reshape(Wt.shape[1]) if y.ndim == 1 else np.ascontiguousarray(Wt.T)


def empty_answer(X: Array, y: Array) -> Array:
    """The solution when there is no row, no column or no target: zero."""
    finite("X", X)
    finite("y", y)
    return np.zeros((X.shape[1], *y.shape[1:]), X.dtype)


def solution(name: str, matrix: str, solve: Solve, X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Array:
    """The answer of the form `name`, which factors `matrix`, by its compiled `solve`."""
    lam = positive("lam", lam)
    X, y = checked(X, y)
    if X.size == 0 or y.size == 0:
        return empty_answer(X, y)
    X, Y, scaled_lam, e = in_range(X, columns(y), lam)
    Wt, succeeded = alone(X, solve, X, Y, scaled_lam)
    if not succeeded:
        raise np.linalg.LinAlgError(f"{name}: {matrix} is not numerically positive definite for lam = {lam}")
    return as_target(times_power_of_two(Wt, e) if e else Wt, y)
