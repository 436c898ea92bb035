"""The answers with more digits than float64 has, against exact rationals where these are quick."""

import numpy as np
import pytest

from shrinkage._kernels.double_double import add_multiple, dot
from shrinkage._kernels.jit import jit
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


@jit
def _dot(X: np.ndarray, i: int, high: np.ndarray, low: np.ndarray) -> tuple[float, float]:
    return dot(X, i, high, low)


@jit
def _add_multiple(
    X: np.ndarray, i: int, high: float, low: float, sums: np.ndarray, errors: np.ndarray, times: int
) -> None:
    for _ in range(times):
        add_multiple(X, i, high, low, sums, errors)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sums_of_two_floats_have_twice_the_digits(dtype: type) -> None:
    """By exact rationals, whether there are lanes left over or not: nothing was reordered, and no product rounded."""
    u = 2.0**-53
    for n in [*range(1, 14), 101]:
        X: np.ndarray = (RNG.standard_normal((3, n)) * 10.0 ** RNG.integers(-8, 9, (3, n))).astype(dtype)
        high, sums = RNG.standard_normal((2, n))
        low, errors = u * high * RNG.uniform(-1, 1, n), u * sums * RNG.uniform(-1, 1, n)
        x, multiple = oracles.rationals(X[1]), oracles.rationals(high) + oracles.rationals(low)
        off = oracles.rationals(np.array(_dot(X, 1, high, low))).sum() - x @ multiple
        assert abs(float(oracles.nearest(off))) <= 2 * n**2 * u**2 * (abs(X[1].astype(float)) @ abs(high))
        right = oracles.rationals(sums) + oracles.rationals(errors) + 5 * x * multiple[0]
        sizes = abs(sums) + 5 * abs(X[1].astype(float) * high[0])
        _add_multiple(X, 1, high[0], low[0], sums, errors, 5)
        off = oracles.rationals(sums) + oracles.rationals(errors) - right
        assert (abs(oracles.floats(off)) <= 2 * 5**2 * u**2 * sizes).all()


def test_a_grid_of_lams_is_ridge_at_each() -> None:
    """The solutions, and the degrees of freedom by the trace of what is left."""
    X, y, lams = RNG.standard_normal((25, 5)), RNG.standard_normal(25), np.array([1e-3, 1.0, 50.0])
    grid = Grid(X, y, lams)
    for w, dof, lam in zip(grid.w, grid.dof, lams, strict=True):
        assert _off(w, oracles.ridge(X, y, float(lam))) < 1000 * DIGITS
        inverse = precise.inverse(precise.product(X.T, X) + lam * np.eye(5, dtype=Wide))
        assert abs(5 - lam * np.trace(inverse) - dof) < 1000 * DIGITS
