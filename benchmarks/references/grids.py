"""The answers for what takes many λ at once: path, degrees of freedom, and the two cross-validations.

All come from one eigendecomposition, XᵀX = V diag(μ) Vᵀ, with more digits than float64 has: with A = XV and b = Aᵀy
the solution is V b/(μ+λ), and the leverages are the sums over A²/(μ+λ). X has full column rank, and λ > 0.
"""

import copy
import functools
from collections.abc import Iterable
from typing import Any

import numpy as np
from mpmath import mpf

from shrinkage.benchmarks.references import precise
from shrinkage.benchmarks.references.measured import Answer, Maker
from shrinkage.benchmarks.references.precise import Matrix, Wide, product
from shrinkage.properties.engine import bounds, bounds_selection
from shrinkage.properties.engine.bounds import Bound, Problem


class Grid:
    """X, y and many λ, in the eigenvectors of XᵀX.

    Parameters
    ----------
    X, y, lams
        As they were passed in.
    """

    def __init__(self, X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> None:
        self.X, self.y, self.lams = X, y.astype(Wide), lams.astype(Wide)[:, None]
        self.mu, self.V = precise.eigen(product(X.T, X))
        self.A = product(X, self.V)
        self.shifted = self.mu + self.lams  # (L, d)
        self.c = (self.A.T @ self.y) / self.shifted  # w = Vc
        self.problem = Problem(X, y, float(lams[0]), (self.V @ self.c[0]))

    @functools.cached_property
    def w(self) -> Matrix:
        """The solutions, a row for each λ."""
        return product(self.c, self.V.T)

    @functools.cached_property
    def residuals(self) -> Matrix:
        """Y − Xw, a row for each λ."""
        return self.y - product(self.c, self.A.T)

    @property
    def dof(self) -> Matrix:
        """Σ μ/(μ+λ)."""
        return (self.mu / self.shifted).sum(axis=1)

    def problems(self) -> Iterable[Problem]:
        """What the bounds need to know, for each λ; the singular values are the same."""
        sizes = np.linalg.norm(self.c.astype(float), axis=1), np.linalg.norm(self.residuals.astype(float), axis=1)
        for lam, w, r in zip(self.lams[:, 0], *sizes, strict=True):
            p = copy.copy(self.problem)
            p.lam, p.w, p.r = mpf(float(lam)), mpf(w), mpf(r)
            p.alpha = p.r / p.lam
            yield p


def _each(values: Any, allowed: Iterable[Bound]) -> list[Answer]:
    """One answer, each entry of which has a bound of its own."""
    each = list(allowed)
    return [(np.asarray(values, Wide), Bound(np.array([float(b.allowed) for b in each]), each[0].source))]


def _path(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> list[Answer]:
    grid = Grid(X, y, lams)
    allowed = [bounds.orthogonal.__wrapped__(p) for p in grid.problems()]  # type: ignore[attr-defined]
    # Each row has a bound for its norm, and so has the whole.
    return [(grid.w, Bound(np.linalg.norm([float(b.allowed) for b in allowed]), allowed[0].source))]


def _dof(X: np.ndarray, lams: np.ndarray) -> list[Answer]:
    grid = Grid(X, np.zeros(len(X), X.dtype), lams)
    return _each(grid.dof, map(bounds_selection.degrees_of_freedom_of, grid.problems()))


def _gcv(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> list[Answer]:
    grid, n = Grid(X, y, lams), len(X)
    values = n * (grid.residuals**2).sum(axis=1) / (n - grid.dof) ** 2
    return _each(values, map(bounds_selection.generalised_cross_validation_of, grid.problems()))


def _loo(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> list[Answer]:
    return leave_one_out(Grid(X, y, lams), np.zeros(len(X)), len(X))


def leave_one_out(grid: Grid, taken: np.ndarray, total: Any) -> list[Answer]:
    """Σ eᵢ²/total by eᵢ = rᵢ/(1 − hᵢ), and `bounds_selection.leave_one_out` for all the refits at once.

    `taken` is the part of hᵢ that is not of the grid: the intercept's.
    """
    kept = 1 - taken - product(1 / grid.shifted, (grid.A**2).T)  # 1 − h, (L, n)
    e = (grid.residuals / kept).astype(float)
    # Without row i the solution moves from w by −eᵢ lᵢ, lᵢ = (XᵀX + λI)⁻¹xᵢ; norms by way of the eigenvectors.
    A, mu, lam, shifted, c = (part.astype(float) for part in (grid.A, grid.mu, grid.lams, grid.shifted, grid.c))
    wl, ll, xl = (c / shifted) @ A.T, shifted**-2 @ (A * A).T, (mu / shifted**2) @ (A * A).T + taken.astype(float)
    refits = np.sqrt((c * c).sum(axis=1)[:, None] - 2 * e * wl + e * e * ll)
    r = (grid.residuals**2).sum(axis=1).astype(float)[:, None]
    rest = np.sqrt(np.maximum(r + 2 * lam * e * wl + e * e * xl - e * e, 0))  # Xᵀr = λw; the residuals but for eᵢ
    # How far each refit is from losing rank: without row i the inverse is no larger, by Sherman and Morrison.
    inverse = 1 / shifted.min(axis=1)[:, None] + ll / kept.astype(float)
    low = np.maximum(1 / inverse - lam, 0)
    solver = np.where(low > lam, np.sqrt(low) * inverse, 0.5 / np.sqrt(lam))
    p, others = grid.problem, 1 - taken.astype(float)
    cu, size, norm_y = float(p.cu), float(p.size), float(p.y)
    moves = size * (rest * inverse + solver * refits) + solver * norm_y
    # From the mean of the others a sample is further than from that of all; and that mean is off by what the data are.
    apart = np.linalg.norm(grid.X.astype(float), axis=1) / others
    moved = apart * moves + (norm_y + size * refits) * (1 + np.sqrt(1 / others - 1))
    summed = (2 * abs(e) + cu * moved) * moved + e * e
    source = "first-order perturbation of the data by c u, in each refit: Björck (1996), §1.4.3; Wedin (1973)"
    allowed = Bound(cu * summed.sum(axis=1) / float(total), source)
    return [(((grid.residuals / kept) ** 2).sum(axis=1) / total, allowed)]


ANSWERS: dict[str, Maker] = {"ridge_path": _path, "ridge_dof": _dof, "ridge_gcv": _gcv, "ridge_loo": _loo}
