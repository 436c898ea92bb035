"""Ridge regression with a λ for each feature; what has none is fitted first, and the penalty is on the rest."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._kernels.equations import shortfall
from .._kernels.jit import jit, jit_inlined
from .._kernels.lapack import call
from .._kernels.linalg import (
    default_rcond,
    gram,
    inverse_of_R,
    kernel_matrix,
    leading_columns,
    numerical_rank,
    product,
    qr,
    svd,
    times_Q,
    transposed,
)
from .._kernels.parallel import alone, nobody
from .._kernels.refine import (
    HOPELESS,
    add,
    equilibrated_cholesky,
    relative_size,
    scale_columns,
    scaled_solve,
)
from .._kernels.scaling import lam_in_range, matrix_in_range, target_in_range
from .._kernels.validation import Array, floats, refuse_shape
from ..least_squares import lstsq
from ._problem import as_target, checked, columns, empty_answer
from .auto import best
from .path import checked_lams

__all__ = ["ridge_by_feature"]


def ridge_by_feature(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> Array:
    r"""w = argmin ‖y − Xw‖² + Σ λⱼwⱼ², the shortest one where λⱼ = 0 leaves several.

    Parameters
    ----------
    X : (n, d)
        One sample a row.
    y : (n,) or (n, k)
        One target or k of them.
    lams : (d,)
        λⱼ ≥ 0, one for each feature.

    Returns
    -------
    (d,) or (d, k)
        One solution for each target.

    Raises
    ------
    ValueError
        A shape is wrong, something is not finite, or a λ is negative.

    Notes
    -----
    qp² + p³/3 + 2ndk flops with p = min(n, d) and q = max(n, d), and 4nd or 8nd more for each refinement; where that
    cannot work, 2(n + d)d² by QR of [X; diag(√λ)]. Features without a penalty come first, by QR, and leave the other
    features what is orthogonal to them; a direction of theirs with σ ≤ max(n, d₀) · eps · σ_max counts for nothing, as
    in `lstsq`. Computed in float64. Björck (1987); Björck (1996), §2.7.2 and §5.1; Higham (2002), theorem 20.3.
    """
    X, y, lams = floats("X y lams", X, y, lams)
    X, y = checked(X, y)
    if lams.shape != (X.shape[1],):
        refuse_shape("lams", lams, f"({X.shape[1]},), one for each column of X")
    lams = checked_lams(lams)
    if X.size == 0 or y.size == 0:
        return empty_answer(X, y)
    if (lams == lams[0]).all():
        return best(X, y, float(lams[0]))
    dtype = X.dtype
    X, ex = matrix_in_range(X.astype(np.float64))
    Y, ey = target_in_range(columns(y).astype(np.float64))
    scaled = [lam_in_range(lam, ex, 8) for lam in lams]
    W = _solution(X, Y, np.array([lam for lam, _ in scaled]))
    exponents = ey - ex - np.array([excess for _, excess in scaled])
    with np.errstate(over="ignore", under="ignore"):  # an answer out of range is ±inf or 0
        return as_target(np.ldexp(W, exponents[:, None]).astype(dtype).T, y)


def _solution(X: Array, Y: Array, lams: Array) -> Array:
    """(d, k), of data in range."""
    free = lams == 0
    W = np.zeros((X.shape[1], Y.shape[1]))
    A, B = X, Y
    if free.any():
        A, B = beside(np.ascontiguousarray(X[:, free]), np.ascontiguousarray(X[:, ~free]), Y)
    if A.size:
        W[~free] = alone(A, penalised, A, B, lams[~free]).T
    if free.any():
        W[free] = lstsq(X[:, free], Y - X[:, ~free] @ W[~free])
    return W


@jit
def beside(X: Array, P: Array, Y: Array) -> tuple[Array, Array]:
    """P and Y without what lies in the range of X: their last rows, once Q of X = QR has been taken off."""
    n, r = X.shape
    At, full = transposed(X), False
    if n >= r:
        tau = qr(At)
        full = inverse_of_R(At, 0.0)[1]
    if not full:
        U, s, _ = svd(X)
        r = numerical_rank(s, default_rcond(n, r, X))
        if r == 0:
            return P, Y
        At = transposed(U)[:r].copy()
        tau = qr(At)
    rows = np.concatenate((transposed(P), transposed(Y)))
    times_Q(At, tau, rows, True)
    left = transposed(rows)[r:]
    d = P.shape[1]
    return left[:, :d].copy(), left[:, d:].copy()


def penalised(X: Array, Y: Array, lams: Array) -> Array:
    """Wᵀ, one target a row, for every λ > 0."""
    n, d = X.shape
    Wt, good = _by_cholesky(X, Y, lams, np.sort(lams)[n] if n < d else 0.0)
    if good:
        return Wt
    return _by_qr(X, Y, lams, np.argsort(-lams), np.count_nonzero(np.sqrt(lams) >= np.abs(X).max()))


@jit
def _by_cholesky(X: Array, Y: Array, lams: Array, above: float) -> tuple[Array, bool]:
    """(Wᵀ, whether it is as accurate as an orthogonal method's): `refined`, with Λ = diag(λ) for λI.

    The dual is (XΛ⁻¹Xᵀ + I)α = y, and w = Λ⁻¹Xᵀα.
    """
    d, tall, eps = X.shape[1], X.shape[0] >= X.shape[1], np.finfo(X.dtype).eps
    over = 1 / lams
    if tall:
        G = gram(X, 0.0)
        for j in range(d):
            G[j, j] += lams[j]
    else:
        F = X.copy()
        scale_columns(F, np.sqrt(over))
        G = kernel_matrix(F, 1.0)
    scale, condition = equilibrated_cholesky(G)
    if not condition < HOPELESS / eps:
        return np.empty((Y.shape[1], d), X.dtype), False
    unknown = product(Y, True, X, False) if tall else transposed(Y)
    scaled_solve(G, scale, unknown)
    Wt = unknown if tall else _from_dual(unknown, X, over)
    size = 0.0
    for _ in range(30):  # each at most a quarter of the one before
        before = size
        if tall:
            step = shortfall(nobody(), 1, X, Y, Wt, 0.0)
            for t in range(step.shape[0]):
                for j in range(d):
                    step[t, j] -= lams[j] * Wt[t, j]
        else:
            step = _dual_shortfall(X, Y, Wt, unknown)
        scaled_solve(G, scale, step)
        size = relative_size(step if tall else _from_dual(step, X, over), Wt)
        add(step, unknown)
        if not tall:
            Wt = _from_dual(unknown, X, over)
        if size <= 4 * eps or (before > 0 and size > 0.25 * before):
            break  # as good as it gets
    good = size < HOPELESS and not np.isnan(np.sum(Wt)) and (tall or _kept_by_dual(X, Y, Wt, unknown, lams, above))
    return Wt, good


@jit_inlined
def _dual_shortfall(X: Array, Y: Array, Wt: Array, alpha: Array) -> Array:
    """What the equations of the dual still lack, one target a row: y − Xw − α."""
    lack = product(Wt, False, X, True)
    for t in range(lack.shape[0]):
        for i in range(lack.shape[1]):
            lack[t, i] = Y[i, t] - lack[t, i] - alpha[t, i]
    return lack


@jit
def _kept_by_dual(X: Array, Y: Array, Wt: Array, alpha: Array, lams: Array, above: float) -> bool:
    """Whether Λ⁻¹Xᵀα is as accurate as an orthogonal method's w: not where few λ are so small that they alone count.

    To round α is to change w by u‖α‖ ‖XΛ⁻¹‖. Data moved by u change w by u‖M⁻¹‖ ‖X‖ ‖α‖ and u√‖M⁻¹‖ (‖X‖ ‖w‖ + ‖y‖),
    where M = XᵀX + Λ and ‖M⁻¹‖ ≥ 1/λ, the (n + 1)th in order of size, `above`: some combination of n + 1 columns of X
    is 0.
    """
    n, d = X.shape
    squares, rounded = 0.0, 0.0
    for j in range(d):
        of_column = 0.0
        for i in range(n):
            of_column += X[i, j] ** 2
        squares += of_column
        rounded += of_column / lams[j] / lams[j]
    size, rounded = math.sqrt(squares), math.sqrt(rounded)
    for t in range(Wt.shape[0]):
        dual, moved = np.sqrt(np.sum(alpha[t] ** 2)), np.sqrt(np.sum(Wt[t] ** 2)) * size + np.sqrt(np.sum(Y[:, t] ** 2))
        if not dual * rounded <= size / above * dual + moved / math.sqrt(above):
            return False
    return True


@jit
def _from_dual(alpha: Array, X: Array, over: Array) -> Array:
    """Wᵀ = αᵀXΛ⁻¹, one target a row."""
    Wt = product(alpha, False, X, False)
    scale_columns(Wt, over)
    return Wt


@jit
def _by_qr(X: Array, Y: Array, lams: Array, order: NDArray[np.intp], above: int) -> Array:
    """Wᵀ by QR of the fake data [X; diag(√λ)], the larger rows first and the larger λ first, as in the form by rows.

    So many of diag(√λ) come above X.
    """
    (n, d), k = X.shape, Y.shape[1]
    At, Bt = np.zeros((d, n + d), X.dtype), np.zeros((k, n + d), X.dtype)
    for j in range(d):
        for i in range(n):
            At[j, above + i] = X[i, order[j]]
        At[j, j if j < above else n + j] = math.sqrt(lams[order[j]])
    for t in range(k):
        for i in range(n):
            Bt[t, above + i] = Y[i, t]
    tau = qr(At)
    times_Q(At, tau, Bt, True)
    info = np.zeros(1, np.int32)
    call("trtrs", ("U", "N", "N", d, k, At, n + d, Bt, n + d, info))
    sorted_Wt, Wt = leading_columns(Bt, d), np.empty((k, d), X.dtype)
    for t in range(k):
        for j in range(d):
            Wt[t, order[j]] = sorted_Wt[t, j]
    return Wt
