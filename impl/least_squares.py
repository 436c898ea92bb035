"""Least squares (tall), minimum norm (wide) and the inverses, by X = U diag(σ) Vᵀ or, with no σ in doubt, by X = QR.

Where every σ counts for sure, and R⁻¹ tells that (`inverse_of_R`), the two give the same within the same bounds, and QR
takes a half to a quarter of the time. Where the factor of the smaller Gram matrix tells it (`refine.full_rank`), which
takes a condition below some 10⁵, that factor gives the solution, refined, in half of QR's time; and where one of
float32 tells it, below some 50, in a quarter.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.exceptions import RankWarning
from numpy.typing import ArrayLike

from ._kernels.extra_precise import extra_by_cholesky, extra_by_qr
from ._kernels.jit import jit
from ._kernels.lapack import call
from ._kernels.linalg import (
    default_rcond,
    form_Q,
    inverse_of_R,
    least_squares,
    numerical_rank,
    product,
    qr,
    svd_of_wide,
    transposed,
)
from ._kernels.mixed import mixed_cholesky, pays
from ._kernels.parallel import Team, alone, is_split, together, workers_for
from ._kernels.refine import refined_full_rank
from ._kernels.scaling import lifted, matrix_in_range, target_in_range, times_power_of_two
from ._kernels.validation import Array, finite, floats, not_negative, refuse_shape

__all__ = ["left_inverse", "lstsq", "min_norm", "pinv", "right_inverse"]

# Times eps · σ_max: what rounding alone, of X or of the SVD, puts in the place of a σ of 0 is below, whatever the size.
NOISE = 64
# Of the smaller side: from here on Cholesky's method is the faster one.
_SMALLEST = 20


def pinv(X: ArrayLike, rcond: float | None = None) -> Array:
    r"""X⁺ = V Σ† Uᵀ, where Σ† holds 1/σ, and 0 for every σ ≤ rcond · σ_max.

    Parameters
    ----------
    X : (m, n)
        The matrix.
    rcond
        Relative cut-off ≥ 0; None is max(m, n) · eps of the dtype in use.

    Returns
    -------
    (n, m)
        The Moore–Penrose inverse.

    Raises
    ------
    ValueError
        X is no matrix or not finite; rcond is negative or not finite.

    Warns
    -----
    RankWarning
        As for `lstsq`.

    Notes
    -----
    With p = min(m, n) and q = max(m, n): 8qp² + 20p³ flops with the thin SVD; 5qp² − 2p³/3 by QR, where no σ is in
    doubt. Golub and Van Loan, *Matrix Computations* (2013), §5.2, §5.5.2 and figure 8.6.1.
    """
    inverse, rank = _inverse(X, rcond)
    if rcond is None and rank < min(inverse.shape) and max(inverse.shape) > NOISE:
        _warn_of_dropped(X, rank)
    return inverse


def left_inverse(X: ArrayLike) -> Array:
    r"""(XᵀX)⁻¹Xᵀ = V Σ⁻¹ Uᵀ, so that ``left_inverse(X) @ X = I``.

    Computed from X = QR or the SVD, and never from XᵀX, which would square the condition number.

    Parameters
    ----------
    X : (m, n)
        A matrix of full column rank.

    Returns
    -------
    (n, m)
        Of all left inverses the one of least norm.

    Raises
    ------
    ValueError
        X is no matrix, not finite, or has numerical rank below n: a σ ≤ max(m, n) · eps · σ_max.

    Notes
    -----
    5mn² − 2n³/3 flops by QR; where a σ is in doubt, those of `pinv`. Golub and Van Loan (2013), §5.2 and §5.5.2.
    """
    inverse, rank = _inverse(X, None)
    if rank < inverse.shape[0]:
        raise ValueError(f"X must have full column rank {inverse.shape[0]}, but its numerical rank is {rank}")
    return inverse


def right_inverse(X: ArrayLike) -> Array:
    r"""Xᵀ(XXᵀ)⁻¹ = V Σ⁻¹ Uᵀ, so that ``X @ right_inverse(X) = I``.

    Computed from Xᵀ = QR or the SVD, and never from XXᵀ, which would square the condition number.

    Parameters
    ----------
    X : (m, n)
        A matrix of full row rank.

    Returns
    -------
    (n, m)
        Of all right inverses the one of least norm.

    Raises
    ------
    ValueError
        X is no matrix, not finite, or has numerical rank below m: a σ ≤ max(m, n) · eps · σ_max.

    Notes
    -----
    5nm² − 2m³/3 flops by QR; where a σ is in doubt, those of `pinv`. Golub and Van Loan (2013), §5.2 and §5.5.2.
    """
    inverse, rank = _inverse(X, None)
    if rank < inverse.shape[1]:
        raise ValueError(f"X must have full row rank {inverse.shape[1]}, but its numerical rank is {rank}")
    return inverse


def lstsq(X: ArrayLike, y: ArrayLike, rcond: float | None = None, refine: bool | None = None) -> Array:
    r"""The shortest w among those that minimise ‖Xw − y‖: w = X⁺y, whatever the shape and the rank.

    Parameters
    ----------
    X : (m, n)
        The matrix.
    y : (m,) or (m, k)
        One target or k of them.
    rcond
        A singular value at most rcond · σ_max counts as zero; None is max(m, n) · eps of the dtype in use.
    refine
        True for every digit of each weight, where X has full rank and u (κ + κ²‖r‖/(‖X‖‖w‖)) is below 1, of X with its
        columns scaled, or its rows where it is wide: in a quarter more to two and a half times the time, by QR where
        X is wide. None is False, for nowhere does it cost nearly nothing.

    Returns
    -------
    (n,) or (n, k)
        One solution for each target.

    Raises
    ------
    ValueError
        X is no matrix, y does not have m rows, something is not finite, or rcond is negative or not finite.
    TypeError
        refine is none of True, False and None.

    Warns
    -----
    RankWarning
        With rcond=None a σ counts as zero that is far above rounding, above 64 eps · σ_max: in float32, of 10,000 rows
        ``[1, i]``, for which σ₂/σ₁ = 9e-5 is below max(m, n) · eps = 1.2e-3. With ``rcond=1e-6``, or in float64, both
        directions count. Nothing of 64 rows and columns or less can have one.

    Notes
    -----
    With p = min(m, n) and q = max(m, n): 2qp² + 11p³ flops where a σ is in doubt, by QR and the SVD of R, LAPACK's
    gelsd; 2qp² − p³/3 by Householder's QR alone (of Xᵀ where X is wide); where p ≥ 20 and X is surely of full rank,
    qp² + 2p³/3 by Cholesky of XᵀX or XXᵀ, in float32 where that pays, refined, which is as accurate (Björck 1987).
    Backward stable: Higham (2002), Theorems 20.3 and 21.4; Golub and Van Loan (2013), figure 8.6.1; *LAPACK Users'
    Guide* (1999), §4.5. Refinement takes 20mn flops a pass, as a rule two: Demmel, Hida, Riedy and Li (2009),
    "Extra-precise iterative refinement for overdetermined least squares problems".
    """
    if refine is not None and type(refine) not in (bool, np.bool_):
        raise TypeError(f"refine must be True, False or None, not {refine!r}")
    w, rank, rows = _solution(X, y, rcond, refine)
    if rcond is None and rank < min(rows, len(w)) and max(rows, len(w)) > NOISE:
        _warn_of_dropped(X, rank)
    return w


def min_norm(X: ArrayLike, y: ArrayLike) -> Array:
    r"""The shortest w with Xw = y: w = Xᵀ(XXᵀ)⁻¹y.

    Parameters
    ----------
    X : (m, n)
        A matrix of full row rank.
    y : (m,) or (m, k)
        One right-hand side or k of them.

    Returns
    -------
    (n,) or (n, k)
        One solution for each right-hand side.

    Raises
    ------
    ValueError
        X is no matrix or has numerical rank below m, y does not have m rows, or something is not finite.

    Notes
    -----
    2nm² − 2m³/3 flops by QR of Xᵀ; where a σ is in doubt, those of `lstsq`. Backward stable: Higham (2002), Theorem
    21.4; Golub and Van Loan (2013), §5.6.
    """
    solution, rank, rows = _solution(X, y, None)
    if rank < rows:
        raise ValueError(f"X must have full row rank {rows}, but its numerical rank is {rank}")
    return solution


def _inverse(X: ArrayLike, rcond: float | None) -> tuple[Array, int]:
    rcond = -1.0 if rcond is None else not_negative("rcond", rcond)
    (X,) = floats("X", X)
    if X.ndim != 2:
        refuse_shape("X", X, "(m, n)")
    if X.size == 0:
        return np.zeros((X.shape[1], X.shape[0]), X.dtype), 0
    return _pinv(X, rcond)


def _solution(X: ArrayLike, y: ArrayLike, rcond: float | None, refine: bool | None = None) -> tuple[Array, int, int]:
    rcond = -1.0 if rcond is None else not_negative("rcond", rcond)
    X, y = floats("X y", X, y)
    if X.ndim != 2:
        refuse_shape("X", X, "(m, n)")
    m, n = X.shape
    if y.ndim not in (1, 2) or y.shape[0] != m:
        refuse_shape("y", y, f"({m},) or ({m}, k), one row for each row of X")
    if X.size == 0 or y.size == 0:
        finite("X", X)
        finite("y", y)
        rank = _pinv(X, rcond)[1] if X.size else 0
        return np.zeros((n, *y.shape[1:]), X.dtype), rank, m
    Wt, rank = lstsq_transposed(X, y if y.ndim == 2 else y.reshape(m, 1), rcond, refine)
    if rank < 0:
        inverse, rank = _pinv(X, rcond)
        return inverse @ y, rank, m
    return (Wt.reshape(n) if y.ndim == 1 else np.ascontiguousarray(Wt.T)), rank, m


def _warn_of_dropped(X: ArrayLike, rank: int) -> None:
    (X,) = floats("X", X)
    if X.size == 0:
        return
    eps = float(np.finfo(X.dtype).eps)
    dropped = lstsq_transposed(X, np.zeros((len(X), 1), X.dtype), NOISE * eps)[1] - rank
    if dropped > 0:
        warnings.warn(
            f"{dropped} of the singular values of X count as zero, being at most max(m, n) eps = "
            f"{max(X.shape) * eps:.1e} of the largest, and are far above rounding: give rcond, or X in float64",
            RankWarning,
            stacklevel=3,
        )


@jit
def _pinv(X: Array, rcond: float) -> tuple[Array, int]:
    """(X⁺, rank), the default cut-off for a negative rcond."""
    X, e = matrix_in_range(X)
    if rcond < 0:
        rcond = default_rcond(X.shape[0], X.shape[1], X)
    elif rcond < np.finfo(X.dtype).eps:
        X, lift = lifted(X)
        e -= lift
    tall = X.shape[0] > X.shape[1]
    At = transposed(X) if tall else X.copy()
    tau = qr(At)
    inverse, full = inverse_of_R(At, rcond)
    rank = At.shape[0]
    if full:  # X⁺ = R⁻¹Qᵀ, or its transpose
        form_Q(At, tau)
        n = At.shape[1]
        call("trmm", ("R", "U", "T", "N", n, rank, 1.0, inverse, rank, At, n))
        pinv = At if tall else transposed(At)
    else:
        U, s, Vt = svd_of_wide(transposed(X) if tall else X)  # of Xᵀ, where U and V change places
        rank = numerical_rank(s, rcond)
        for i in range(s.size):
            scale = 1 / s[i] if i < rank else 0.0
            for j in range(U.shape[0]):
                U[j, i] *= scale
        pinv = product(U, False, Vt, False) if tall else product(Vt, True, U, True)
    return (times_power_of_two(pinv, -e) if e != 0 else pinv), rank


def lstsq_transposed(X: Array, Y: Array, rcond: float, refine: bool | None = False) -> tuple[Array, int]:
    """(Wᵀ, rank), one target a row; the default cut-off for a negative rcond; rank -1 when it did not converge."""
    (m, n), p = X.shape, min(X.shape)
    if p >= _SMALLEST and (not refine or m >= n):
        # No helper for Cholesky's p³/3, of X and to be sure of its rank: it would look on and slow the caller. By
        # measurement: with one, square matrices of 200 and, for minutes at a time, of 300 rows take 1.15 times as long.
        threads = workers_for(X, share=max(m, n) / (max(m, n) + 3 * p))
        if not refine and pays(X):
            Wt, certain = together(threads, mixed_cholesky, X, Y, 0.0, rcond)
            if certain:
                return Wt, p
        work = extra_by_cholesky if refine else _by_cholesky
        Wt, certain = together(threads, work, X, Y, rcond, blas=is_split(X))
        if certain:
            return Wt, p
    if refine:
        Wt, certain = alone(X, extra_by_qr, X, Y, rcond)
        if certain:
            return Wt, p
    return alone(X, _by_qr, X, Y, rcond)


@jit
def _by_cholesky(team: Team, threads: int, X: Array, Y: Array, rcond: float) -> tuple[Array, bool]:
    X, ex = matrix_in_range(X)
    Y, ey = target_in_range(Y)
    if rcond < 0:
        rcond = default_rcond(X.shape[0], X.shape[1], X)
    Wt, certain = refined_full_rank(team, threads, X, Y, rcond)
    return (times_power_of_two(Wt, ey - ex) if ey != ex else Wt), certain


@jit
def _by_qr(X: Array, Y: Array, rcond: float) -> tuple[Array, int]:
    X, ex = matrix_in_range(X)
    Y, ey = target_in_range(Y)
    if rcond < 0:
        rcond = default_rcond(X.shape[0], X.shape[1], X)
    elif rcond < np.finfo(X.dtype).eps:
        X, lift = lifted(X)
        ex -= lift
    Wt, rank = least_squares(X, Y, rcond)
    return (times_power_of_two(Wt, ey - ex) if ey != ex else Wt), rank
