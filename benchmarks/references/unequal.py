"""The answers with an intercept, with weights, and with a λ for each feature."""

import numpy as np
from mpmath import mpf

from shrinkage.benchmarks.references import precise
from shrinkage.benchmarks.references.grids import Grid, leave_one_out
from shrinkage.benchmarks.references.measured import Answer, Maker
from shrinkage.benchmarks.references.precise import Matrix, Wide, product
from shrinkage.properties.engine.bounds import Bound, Problem, norm, rounding, solution_moves
from shrinkage.properties.engine.bounds_unequal import ORTHOGONAL, by_feature_moves, offset_moves


class Centred:
    """X and y about their weighted means, times √s, with more digits than float64 has; weights are positive."""

    def __init__(self, X: np.ndarray, y: np.ndarray, s: np.ndarray) -> None:
        self.dtype, weights = X.dtype, s.astype(Wide)
        self.total, root = weights.sum(), np.sqrt(weights)
        self.mean_x, self.mean_y = weights @ X / self.total, weights @ y / self.total
        self.X, self.y = root[:, None] * (X - self.mean_x), root * (y - self.mean_y)
        self.size, self.length = norm((root[:, None] * X).astype(float)), norm((root * y).astype(float))

    def seen(self, p: Problem) -> Problem:
        """What the bounds need to know, with the means in it."""
        p.dtype, p.cu = self.dtype, rounding(p.n, p.d, self.dtype)
        p.size, p.y = self.size, self.length
        return p

    def b(self, w: Matrix) -> Matrix:
        """ȳ − x̄ᵀw."""
        return np.asarray(self.mean_y - w @ self.mean_x)

    def bounds(self, p: Problem) -> tuple[float, float]:
        """For w and for b."""
        of_w = p.cu * solution_moves(p, p.size, p.y)
        return float(of_w), float(offset_moves(p, norm(self.mean_x.astype(float)), mpf(float(self.total)), of_w))


def _intercept(X: np.ndarray, y: np.ndarray, lam: float, s: np.ndarray) -> list[Answer]:
    c = Centred(X, y, s)
    w = precise.ridge(c.X, c.y, lam)
    of_w, of_b = c.bounds(c.seen(Problem(c.X, c.y, lam, w)))
    return [(w, Bound(of_w, ORTHOGONAL)), (c.b(w), Bound(of_b, ORTHOGONAL))]


def _path(X: np.ndarray, y: np.ndarray, lams: np.ndarray, s: np.ndarray) -> list[Answer]:
    c = Centred(X, y, s)
    grid = Grid(c.X, c.y, lams)
    c.seen(grid.problem)
    of_w, of_b = np.array([c.bounds(p) for p in grid.problems()]).T
    return [(grid.w, Bound(np.linalg.norm(of_w), ORTHOGONAL)), (c.b(grid.w), Bound(of_b, ORTHOGONAL))]


def _loo(X: np.ndarray, y: np.ndarray, lams: np.ndarray, s: np.ndarray) -> list[Answer]:
    c = Centred(X, y, s)
    grid = Grid(c.X, c.y, lams)
    c.seen(grid.problem)
    return leave_one_out(grid, s.astype(Wide) / c.total, c.total)


def _by_feature(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> list[Answer]:
    """The normal equations of a well-conditioned X, solved in float64 and refined until they stand."""
    x, target, penalty = (a.astype(Wide) for a in (X, y, lams))
    inverse = np.linalg.inv((product(x.T, x) + np.diag(penalty)).astype(float))
    w = np.zeros(len(lams), Wide)
    for _ in range(4):
        w += inverse @ (x.T @ (target - x @ w) - penalty * w).astype(float)
    r, size = target - x @ w, float((x * x).sum())
    least, cu = float(r @ r + penalty @ (w * w)), rounding(X.shape[0], X.shape[1], X.dtype)
    moves = by_feature_moves(inverse, size, lams.astype(float), least, w.astype(float), y, cu)
    return [(w, Bound(float(cu * moves), ORTHOGONAL))]


ANSWERS: dict[str, Maker] = {
    "ridge_intercept": _intercept,
    "ridge_intercept_path": _path,
    "ridge_intercept_loo": _loo,
    "ridge_by_feature": _by_feature,
}
