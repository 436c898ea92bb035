"""The error that theory allows where not everything is penalised alike: with an intercept, with weights, by feature.

With q = √s/√Σs, `intercept` is ridge of n − 1 rows, √s(X − x̄) in a basis of what is orthogonal to q. Who solves it
stably, by QR of [√s √sX] for one, has the exact answer of data that are off by c u of what they are *with their means*:
to perturb the first column is to perturb y by b times as much, and |b| is at most of the size of y and of Xw. Rows that
are centered first keep more digits (Chan, Golub and LeVeque 1983), and pass all the more.

Ordinary problems are also solved by the normal equations of [√s √sX], and by those of X and diag(λ), as the textbooks
have them: with `squares` that is allowed, as in `bounds_textbook`.
"""

import functools
import math
from typing import Any

import mpmath
import numpy as np
from flint import fmpq, fmpq_mat
from mpmath import mpf

from shrinkage.properties.engine import oracles
from shrinkage.properties.engine.bounds import (
    SMALL,
    Bound,
    Problem,
    norm,
    rounding,
    rounding_of_products,
    smallest,
    solution_moves,
    working_dtype,
)

ORTHOGONAL = "first-order perturbation of the data by c u: Björck (1996), §1.4.3; Higham (2002), §20.1 and Theorem 20.3"
SQUARES = "normal equations, by an inverse too: Higham (2002), §14.3 and §20.4"
REFITS = "first-order perturbation of the data by c u, in each refit: Björck (1996), §1.4.3; Wedin (1973)"


def _mpf(value: fmpq) -> mpf:
    return mpf(int(value.p)) / mpf(int(value.q))


def _inverse_moves(M: fmpq_mat, inverse: fmpq_mat) -> mpf:
    size = norm(oracles.entries(inverse))
    return 2 * (norm(oracles.entries(M)) * size + 1) * size


class Centred(Problem):
    """A problem with an intercept and one target, as the problem of n − 1 rows for w alone.

    Parameters
    ----------
    X, y, lam, weights
        As they were passed in; None is 1 for each.
    w, b
        The exact solution.
    rank
        Of the rows about their mean, at λ = 0; as large as it can be if not given.
    """

    def __init__(self, X: Any, y: Any, lam: float, weights: Any, w: Any, b: Any, rank: int | None = None) -> None:
        X, y = np.asarray(X), np.asarray(y)
        s = np.ones(len(X), X.dtype) if weights is None else np.asarray(weights)
        dtype = working_dtype(X, y, s)
        X, y, s = (a[s > 0].astype(float) for a in (X, y, s))
        root, total = np.sqrt(s), float(s.sum())
        A, t, mean_x, _ = oracles.centred(X, y, s)
        rows = oracles.floats(np.concatenate([oracles.entries(A), oracles.entries(t)], axis=1))
        rows = root[1:, None] * (rows[1:] - rows[0] * (root[0] / (math.sqrt(total) + root[0])))
        super().__init__(rows[:, :-1], rows[:, -1], lam, w, rank=rank, dtype=dtype)
        exact = oracles.residual(X, y, w) - oracles.to_rational(b)
        self.r = _root(oracles.product(oracles.rationals(s) * exact, exact))
        if lam:
            self.alpha = self.r / self.lam
        self.size, self.y = norm(root[:, None] * X), norm(root * y)  # with their means
        self.total, self.mean = mpf(total), norm(oracles.entries(mean_x))
        self.given, self.b = (X, s), abs(_mpf(oracles.to_rational(b)))

    @property
    def moves(self) -> mpf:
        """How far w moves, to first order, for each c u."""
        return solution_moves(self, self.size, self.y)

    @functools.cached_property
    def squares(self) -> tuple[mpf, mpf]:
        """‖√s [1 X]‖, and 2(κ + 1)‖M⁻¹‖ for M of the normal equations of that: times c u what M⁻¹ is off by."""
        X, s = self.given
        A = np.concatenate([np.ones((len(X), 1)), X], axis=1)
        scaled = oracles.rationals(A) * oracles.rationals(s)[:, None]
        M = oracles.matrix(scaled.T) * oracles.matrix(A)
        for j in range(1, M.ncols()):
            M[j, j] += oracles.to_rational(self.lam)
        return norm(np.sqrt(s)[:, None] * A), _inverse_moves(M, M.inv())

    @property
    def squared(self) -> mpf:
        """How far w and b move, for each c u, by the normal equations."""
        rows, moves = self.squares
        return moves * rows * self.y

    def hidden(self, size: mpf) -> bool:
        """Whether the rank is below its largest and cannot be told: a rounding of data of this size would count."""
        below = not self.lam and self.rank < min(self.n, self.d)
        return bool(below and size > 2 * max(self.n, self.d) * max(self.s, default=mpf(0)))

    def at_once(self, error: mpf, i: int) -> mpf:
        """By how much eᵢ = rᵢ/(1 − Hᵢᵢ) is off, times √sᵢ, where H is of the normal equations."""
        rows, moves = self.squares
        X, s = self.given
        A = np.sqrt(s)[:, None] * np.column_stack([np.ones(len(X)), X - s @ X / s.sum()])
        Q, _ = np.linalg.qr(np.concatenate([A, math.sqrt(float(self.lam)) * np.eye(A.shape[1])[1:]]))
        left = 1 - float(Q[i] @ Q[i])
        return self.cu * ((rows**2 * moves + 1) * (self.y + error) + self.size * self.w) / left

    def of_b(self, of_w: mpf) -> mpf:
        """By how much b = ȳ − x̄ᵀw is off where w is by so much."""
        return offset_moves(self, self.mean, self.total, of_w)


def offset_moves(p: Problem, mean: mpf, total: mpf, of_w: mpf) -> mpf:
    """By how much b is off where w is by so much: from ‖x̄‖ and the sum of the weights."""
    return mean * of_w + p.cu * (p.y + p.size * p.w) / mpmath.sqrt(total)


def intercept(
    X: Any, y: Any, lam: float, weights: Any, answer: Any, rank: int | None = None, squares: bool = False
) -> tuple[Bound, Bound]:
    """For w and for b of `ridge_intercept`, the exact answer being (w, b); of k targets, for each."""
    w, b = answer
    if np.ndim(y) == 1:
        return _intercept(Centred(X, y, lam, weights, w, b, rank), squares)
    y = np.asarray(y)
    each = [_intercept(Centred(X, y[:, j], lam, weights, w[:, j], b[j], rank), squares) for j in range(y.shape[1])]
    of_w, of_b = (np.array([pair[i].allowed for pair in each], object) for i in range(2))
    return Bound(of_w, ORTHOGONAL), Bound(of_b, ORTHOGONAL)


def _intercept(p: Centred, squares: bool) -> tuple[Bound, Bound]:
    if (p.far and (p.lam or p.rank)) or p.hidden(p.size):
        return Bound(math.inf, ORTHOGONAL), Bound(math.inf, ORTHOGONAL)
    of_w, of_b = p.cu * p.moves, p.of_b(p.cu * p.moves)
    if not squares:
        return p.allow(of_w, ORTHOGONAL, mpf(1)), p.allow(of_b, ORTHOGONAL, mpf(1))
    source, squared = f"{ORTHOGONAL}; or {SQUARES}", p.gram_cu * p.squared
    of_w, of_b = max(of_w, squared), max(of_b, squared, p.of_b(squared))
    return p.allow(of_w, source, mpf(1)), p.allow(of_b, source, mpf(1))


def intercept_loo(X: Any, y: Any, lam: float, weights: Any, refits: list[Any], squares: bool = False) -> Bound:
    """For Σ sᵢeᵢ²/Σ sᵢ, eᵢ = yᵢ − xᵢᵀw₋ᵢ − b₋ᵢ: each w₋ᵢ moves as `intercept` says when all of the data move by c u.

    Every weight is positive.
    """
    X, y = np.asarray(X), np.asarray(y)
    s = np.ones(len(y), X.dtype) if weights is None else np.asarray(weights)
    p, sum_of_squares, moved_by = Centred(X, y, lam, s, *refits[0]), mpf(0), mpf(0)
    for i, (w, b) in enumerate(refits):
        others, rest = (np.delete(X, i, axis=0), np.delete(y, i)), np.delete(s, i)
        q = Centred(*others, lam, rest, w, b, rank=None if lam else oracles.centred(*others, rest)[0].rank())
        if (p.cu * p.size > SMALL * mpmath.sqrt(q.low**2 + q.lam) and q.size) or q.hidden(p.size):
            return Bound(math.inf, REFITS)
        root = mpmath.sqrt(mpf(float(s[i])))
        error = root * abs(_mpf(oracles.residual(X[i : i + 1], y[i : i + 1], w)[0] - b))
        _, _, mean, _ = oracles.centred(*others, rest)
        apart = root * norm(oracles.rationals(X[i]) - oracles.entries(mean)[0])
        # y_i and x_i themselves, and the means of the others, are off by what the data are.
        given = p.cu * (1 + root / mpmath.sqrt(q.total)) * (p.y + p.size * q.w)
        moved = apart * p.cu * solution_moves(q, p.size, p.y) + given
        if squares:
            moved = max(moved, (apart + root) * q.gram_cu * q.squared + given, p.at_once(error, i))
        sum_of_squares += error**2
        moved_by += (2 * error + moved) * moved
    total = p.cu * sum_of_squares + moved_by
    return p.allow(total / p.total, f"{REFITS}; or {SQUARES}" if squares else REFITS, mpf(1))


def by_feature(X: Any, y: Any, lams: Any, w: Any, squares: bool = False) -> Bound:
    """For `ridge_by_feature`: QR of B = [X; diag(√λ)] moves each column by c u of its length, the SVD X by c u‖X‖."""
    y, w = np.asarray(y), np.asarray(w)
    if y.ndim == 1:
        return _by_feature(X, y, lams, w, squares)
    each = [_by_feature(X, y[:, j], lams, w[:, j], squares) for j in range(y.shape[1])]
    return Bound(np.array([bound.allowed for bound in each], object), each[0].source if each else ORTHOGONAL)


def _by_feature(X: Any, y: Any, lams: Any, w: Any, squares: bool) -> Bound:
    X = np.asarray(X)
    (n, d), dtype = X.shape, working_dtype(X, y, lams)
    cu, tiny = rounding(n, d, dtype), mpf(smallest(dtype)) * (n + d + 2)
    M = oracles.curvature(X, lams)
    inverse = oracles.entries(oracles.pseudoinverse(M))  # B†ᵀB† with it is M†
    size, each = oracles.sum_of_squares(X), oracles.rationals(lams)
    objective = oracles.sum_of_squares(oracles.residual(X, y, w)) + oracles.product(each * w, w)
    total = by_feature_moves(inverse, size, each, objective, w, y, cu)
    if M.rank() < d:  # what counts for nothing may turn: Wedin (1973)
        total += _root(size) * _root(oracles.product(w, inverse @ w))
    if not squares:
        return Bound(cu * total + tiny, ORTHOGONAL)
    squared = _inverse_moves(M, oracles.matrix(inverse)) * _root(size) * norm(y)
    allowed = max(cu * total, rounding_of_products(n, d, dtype) * squared) + tiny
    return Bound(allowed, f"{ORTHOGONAL}; or {SQUARES}")


def by_feature_moves(inverse: Any, size: Any, lams: Any, objective: Any, w: Any, y: Any, cu: mpf) -> mpf:
    """By how much w moves, to first order, for each c u: from M⁻¹, ‖X‖² and the least value of the objective.

    Column j of [X; diag(√λ)] moves by its length, or where X does by ‖X‖; infinite where that is too much.
    """
    moved = size + lams  # the square of the larger of both
    if cu * _root((np.diag(inverse) * moved).sum()) > SMALL:
        return mpf("inf")
    across = _root((inverse * inverse * moved).sum()) * _root(objective)
    columns = _root(len(w) * (moved * w * w).sum())  # no less than Σ √moved |w|
    return across + mpmath.sqrt(norm(inverse)) * (columns + norm(y))


def _root(value: Any) -> mpf:
    return mpmath.sqrt(_mpf(oracles.to_rational(value)))
