"""Problems of hundreds of rows and columns, where a kernel may go other ways than on a few, with their exact answers.

X = H ⊗ A, with Hadamard's matrix H of order h: its entries are ±1, so nothing is rounded, and its columns orthogonal.
So XᵀX = h I ⊗ AᵀA, and for y = c ⊗ b everything follows from the small A and b:
(XᵀX + λI)⁻¹Xᵀy = Hᵀc/h ⊗ (AᵀA + (λ/h) I)⁻¹Aᵀb, and X⁺y = Hᵀc/h ⊗ A⁺b.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.linalg import hadamard

from properties import bounds, oracles
from properties.strategies import DTYPES, orthogonal, spectrum
from properties.test_ridge import solve
from properties.verdict import judge

pytestmark = pytest.mark.accuracy


@dataclass(frozen=True)
class Tiled:
    """X = H ⊗ A and y = c ⊗ b."""

    H: np.ndarray
    A: np.ndarray
    c: np.ndarray
    b: np.ndarray

    @property
    def X(self) -> np.ndarray:
        """H ⊗ A, exactly."""
        return np.kron(self.H, self.A)

    @property
    def y(self) -> np.ndarray:
        """The vector c ⊗ b, exactly, for c holds powers of two."""
        return np.kron(self.c, self.b)

    def ridge(self, lam: float) -> oracles.Exact:
        """The solution at λ; at 0 least squares."""
        return np.kron(
            oracles.rationals(self.H.T @ self.c / self.c.size), oracles.ridge(self.A, self.b, lam / self.c.size)
        )


def tiled(n: int, d: int, digits: int, apart: int, residual: float, order: int, dtype: Any) -> Tiled:
    """A problem of nh samples and dh features, of condition 10**digits, its columns 10**apart apart."""
    rng = np.random.default_rng([n, d, digits])
    low = min(n, d)
    A = (orthogonal(n, rng)[:, :low] * spectrum("graded", low, 10.0**digits)) @ orthogonal(d, rng)[:low]
    A = (A * np.logspace(0, -apart, d)).astype(dtype)
    b = (A @ rng.standard_normal(d) + residual * rng.standard_normal(n)).astype(dtype)
    c = np.ldexp(rng.choice([-1.0, 1.0], order), rng.integers(-2, 3, order)).astype(dtype)
    return Tiled(hadamard(order).astype(dtype), A, c, b)


SIZES = {  # of A, the digits of its condition and how far its columns are apart, the size of the residual, and h
    "96x64": (12, 8, 1, 0, 1.0, 8),
    "384x256": (12, 8, 1, 0, 1.0, 32),
    "640x160, ill-conditioned": (20, 5, 3, 0, 1e-3, 32),
    "640x160, worse": (20, 5, 6, 0, 1e-6, 32),
    "640x160, columns apart": (20, 5, 1, 4, 1.0, 32),
    "256x256": (8, 8, 1, 0, 0.0, 32),
    "160x640": (5, 20, 1, 0, 0.0, 32),
}
of_any_size = pytest.mark.parametrize("size", SIZES)
in_both_dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])


@in_both_dtypes
@of_any_size
@pytest.mark.parametrize("form", bounds.RIDGE)
def test_a_large_ridge_problem_has_the_solution_of_its_parts(impl, form, size, dtype):
    """On hundreds of rows and columns each of the six forms, and ridge, gives (XᵀX + λI)⁻¹Xᵀy."""
    p, lam = tiled(*SIZES[size], dtype), 0.5
    exact = p.ridge(lam)
    bound = bounds.probable(bounds.RIDGE[form](p.X, p.y, lam, exact), sum(p.X.shape))
    w = solve(impl, form, p.X, p.y, lam, bound)
    if w is not None:
        judge(form, w, exact, bound, dtype=dtype, size=size)


@in_both_dtypes
@of_any_size
def test_a_large_least_squares_problem_has_the_solution_of_its_parts(impl, size, dtype):
    """On hundreds of rows and columns lstsq gives the shortest w among those that minimise ‖Xw − y‖."""
    p = tiled(*SIZES[size], dtype)
    exact = p.ridge(0.0)
    bound = bounds.probable(bounds.least_squares(p.X, p.y, 0.0, exact), sum(p.X.shape))
    judge("lstsq", impl.lstsq(p.X, p.y), exact, bound, dtype=dtype, size=size)


@in_both_dtypes
def test_a_large_least_squares_problem_may_lack_rank(impl, dtype):
    """On hundreds of rows and columns of low rank lstsq gives the shortest of the w that minimise ‖Xw − y‖."""
    rng, order = np.random.default_rng(3), 32
    A = (rng.integers(-3, 4, (20, 3)) @ rng.integers(-3, 4, (3, 5))).astype(dtype)
    p = Tiled(hadamard(order).astype(dtype), A, np.ones(order, dtype), rng.integers(-9, 10, 20).astype(dtype))
    exact = p.ridge(0.0)
    bound = bounds.probable(bounds.least_squares(p.X, p.y, 0.0, exact, rank=3 * order), sum(p.X.shape))
    judge("lstsq", impl.lstsq(p.X, p.y), exact, bound, dtype=dtype)


@pytest.mark.parametrize("zeros", [0, 300])
@pytest.mark.parametrize("power", [-400, 0, 120, 400])
def test_a_large_ridge_problem_may_be_of_any_scale(impl, power, zeros):
    """Hundreds of rows and columns times 2^p, λ times 2^2p, below rows of zeros: the same w."""
    p, lam = tiled(*SIZES["384x256"], np.float64), 0.5
    exact = p.ridge(lam)
    bound = bounds.probable(bounds.RIDGE["ridge"](p.X, p.y, lam, exact), sum(p.X.shape))
    X, y = (np.pad(np.ldexp(a, power), [(zeros, 0)] + [(0, 0)] * (a.ndim - 1)) for a in (p.X, p.y))
    judge("ridge", impl.ridge(X, y, np.ldexp(lam, 2 * power)), exact, bound, dtype=np.float64, power=power, zeros=zeros)


@pytest.mark.parametrize("argument", ["X", "y"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_ridge_refuses_what_is_not_finite_in_the_last_of_many_rows(impl, argument, wrong):
    """One NaN or infinity in the last row of hundreds is a ValueError that names the argument."""
    p = tiled(*SIZES["384x256"], np.float64)
    X, y = p.X, p.y
    (X[-1:, 3] if argument == "X" else y[-1:])[:] = wrong
    with pytest.raises(ValueError, match=rf"\b{argument}\b"):
        impl.ridge(X, y, 1.0)
