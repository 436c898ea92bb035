"""Loss of digits by normal equations: what solving them gives in this dtype, in several ways, is what came.

An answer by the normal equations is right within a bound that goes with the square of the condition
(`bounds.normal`, `bounds.kernel`), so it is the right answer of no other formula. It is known by its digits, which are
those that the same equations give here.
"""

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from shrinkage.properties.engine import bounds, oracles
from shrinkage.properties.engine.mistakes import least_squares, ridge
from shrinkage.properties.engine.mistakes.answers import Formula, Mistake, Near

Array = np.ndarray
Solver = Callable[[Array, Array], Array]


def _by_eigenvectors(e: Array, V: Array, b: Array) -> Array:
    return np.asarray((V / e) @ (V.T @ b))


def _by_cholesky(A: Array, b: Array, *, lower: bool) -> Array:
    import scipy.linalg  # which takes a quarter of a second, and most who are judged have none of it

    return np.asarray(scipy.linalg.cho_solve(scipy.linalg.cho_factor(A, lower=lower), b))


SOLVERS: tuple[Solver, ...] = (
    np.linalg.solve,
    lambda A, b: np.linalg.inv(A) @ b,
    lambda A, b: np.linalg.pinv(A, 0) @ b,
    lambda A, b: np.linalg.pinv(A, 0, hermitian=True) @ b,
    lambda A, b: _by_eigenvectors(*np.linalg.eigh(A), b),
    lambda A, b: np.linalg.lstsq(A, b, rcond=0)[0],
    lambda A, b: _by_cholesky(A, b, lower=True),
    lambda A, b: _by_cholesky(A, b, lower=False),
)


Eye = Callable[[int], Array]

FORMULAS: tuple[Callable[[Solver, Array, Array, float, Eye], Array], ...] = (
    lambda solve, X, y, lam, eye: solve(X.T @ X + lam * eye(X.shape[1]), X.T @ y),
    lambda solve, X, y, lam, eye: solve(X.T @ X + lam * eye(X.shape[1]), X.T) @ y,
    lambda solve, X, y, lam, eye: solve(X.T @ X / lam + eye(X.shape[1]), X.T @ y / lam),
    lambda solve, X, y, lam, eye: X.T @ solve(X @ X.T + lam * eye(len(X)), y),
    lambda solve, X, y, lam, eye: X.T @ solve(X @ X.T + lam * eye(len(X)), eye(len(X))) @ y,
)


def _computed(X: Array, y: Array, lam: float) -> list[Array]:
    """By every formula and every solver, in both layouts, what comes to an end."""
    answers = []
    eyes: tuple[Eye, ...] = (lambda size: np.eye(size, dtype=X.dtype), np.eye)  # as people write it, it is float64
    for formula, solve, A, eye in itertools.product(
        FORMULAS, SOLVERS, (np.ascontiguousarray(X), np.asfortranarray(X)), eyes[: 1 + (X.dtype == np.float32)]
    ):
        with contextlib.suppress(np.linalg.LinAlgError, ValueError):
            answers.append(formula(_finite(solve), A, y, lam, eye))
    return answers


def _finite(solve: Solver) -> Solver:
    """LAPACK prints a complaint of its own where a matrix holds NaN or infinities."""

    def solved(A: Array, b: Array) -> Array:
        if not np.isfinite(A).all():
            raise ValueError("out of range")
        return solve(A, b)

    return solved


def _theory(X: Array, y: Array, lam: float, w: Array) -> None:
    """Where the square of the condition leaves no digit, the answer looks like one that was cut off.

    ValueError there, unless X is so small that all that can be cut off is tried as well.
    """
    forms = [bounds.normal] if lam or len(X) >= X.shape[1] else []
    forms += [bounds.kernel] if lam or len(X) <= X.shape[1] else []
    if min(X.shape) not in least_squares.RANKS and all(form(X, y, lam, w).void for form in forms):
        raise ValueError("theory is void")


def _near(right: Formula) -> Formula:
    """What is computed, where the formula says what is right."""

    def formula(X: Array, **rest: Any) -> Near:
        exact = right(X=X, **rest).values
        y = rest.get("y", np.eye(len(X), dtype=X.dtype))  # an inverse is the solution for each unit vector
        if not rest.get("lam") and least_squares.kept(X, rest.get("rcond")) < min(X.shape):
            raise ValueError("singular")
        _theory(X, y, rest.get("lam", 0.0), exact)
        return Near(_computed(X, y, rest.get("lam", 0.0)), oracles.floats(exact))

    return formula


RIGHT: dict[str, Formula] = {}

WRONG = [
    Mistake(
        "normal equations",
        "solving the normal equations, which lose digits with the square of X's condition, as its SVD and QR do not",
        {
            **{name: _near(formula) for name, formula in least_squares.RIGHT.items()},
            **ridge.solutions(_near(lambda X, y, lam: ridge.solution(X, y, lam))),
        },
    )
]
