"""The answers with more digits than float64 has, against exact rationals where these are quick."""

import numpy as np
import pytest

from shrinkage.benchmarks.cases import inputs
from shrinkage.benchmarks.references import precise
from shrinkage.benchmarks.references.grids import Grid
from shrinkage.benchmarks.references.precise import Wide
from shrinkage.properties.engine import oracles

RNG = np.random.default_rng(0)
DIGITS = float(np.finfo(Wide).eps)
SHAPES = pytest.mark.parametrize("shape", [(30, 6), (6, 30)], ids=["tall", "wide"])


def _off(got: np.ndarray, exact: np.ndarray) -> float:
    """How far it is from the rationals, beside the largest of them."""
    off = oracles.rationals(exact) - oracles.rationals(got.astype(float)) - oracles.rationals(_rest(got))
    return float(np.abs(oracles.floats(off)).max() / np.abs(oracles.floats(exact)).max())


def _rest(got: np.ndarray) -> np.ndarray:
    return (got - got.astype(float)).astype(float)


@SHAPES
@pytest.mark.parametrize("lam", [0.0, 1.0])
def test_ridge_is_exact_to_more_digits_than_float64_has(shape: tuple[int, int], lam: float) -> None:
    """Well-conditioned: by refinement."""
    X, y = RNG.standard_normal(shape), RNG.standard_normal(shape[0])
    assert _off(precise.ridge(X, y, lam), oracles.ridge(X, y, lam)) < 1000 * DIGITS


@SHAPES
def test_ridge_of_an_ill_conditioned_matrix_is_as_exact(shape: tuple[int, int]) -> None:
    """In balls; refinement would leave eleven digits fewer."""
    (X, y), lam = inputs.ill_conditioned_system(RNG, 30, 6), 1e-14
    if shape[0] < shape[1]:
        X, y = X.T.copy(), y[:6]
    assert _off(precise.ridge(X, y, lam), oracles.ridge(X, y, lam)) < 10 * DIGITS


def test_balls_that_do_not_enclose_anything_are_refused() -> None:
    """Rather than taken for an answer."""
    X = np.ones((3, 2))
    with pytest.raises((ArithmeticError, ZeroDivisionError)):
        precise.enclosed(X, np.ones(3), 0.0)


def test_eigenvectors_are_refined() -> None:
    """VᵀMV is diagonal and VᵀV the identity to nearly all digits, which LAPACK's are not."""
    M = precise.product(*(lambda A: (A.T, A))(RNG.standard_normal((40, 20))))
    values, V = precise.eigen(M)
    for product, diagonal in ((V.T @ V, np.ones(20)), (V.T @ M @ V / values.max(), values / values.max())):
        assert np.abs(product - np.diag(diagonal)).max() < 1e4 * DIGITS


def test_a_grid_of_lams_is_ridge_at_each() -> None:
    """The solutions, and the degrees of freedom by the trace of what is left."""
    X, y, lams = RNG.standard_normal((25, 5)), RNG.standard_normal(25), np.array([1e-3, 1.0, 50.0])
    grid = Grid(X, y, lams)
    for w, dof, lam in zip(grid.w, grid.dof, lams, strict=True):
        assert _off(w, oracles.ridge(X, y, float(lam))) < 1000 * DIGITS
        inverse = precise.inverse(precise.product(X.T, X) + lam * np.eye(5, dtype=Wide))
        assert abs(5 - lam * np.trace(inverse) - dof) < 1000 * DIGITS
