"""Chapter 1: linear and quadratic forms, and their Jacobians.

A derivative is a Jacobian: a scalar function of a column vector has a row, shape ``(1, n)``.

A NaN or an infinity in the data is refused, but the data is not read twice for that: in all these forms it makes the
value NaN or infinite too, and only then are the arguments looked at. Where they turn out finite, the value is
computed again on arguments scaled by powers of two, so that it is infinite only if it cannot be represented.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._kernels.jit import jit, jit_sums, whole_registers
from ._kernels.lapack import call
from ._kernels.validation import Array, all_finite, finite, floats, refuse_shape

__all__ = [
    "linear_form",
    "linear_form_jacobian",
    "matvec",
    "matvec_jacobian",
    "quadratic_form",
    "quadratic_form_jacobian",
    "squared_norm",
    "squared_norm_jacobian",
]


def linear_form(x: ArrayLike, c: ArrayLike) -> np.floating[Any]:
    """xᵀc.

    Parameters
    ----------
    x, c
        Vectors, ``(n,)``.

    Returns
    -------
    scalar
        In the dtype of x and c; infinite only if it cannot be represented.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    2n flops, summed in any order: Golub and Van Loan, *Matrix Computations* (2013), §1.1; Higham, *Accuracy and
    Stability of Numerical Algorithms* (2002), §3.1.
    """
    vx, vc = _pair(x, c)
    value = dot(vx, vc)
    if not math.isfinite(value):
        value = _within_range(dot, (("x", vx, 1), ("c", vc, 1)))
    return vx.dtype.type(value)


def linear_form_jacobian(x: ArrayLike, c: ArrayLike) -> Array:
    """∂(xᵀc)/∂x = cᵀ, whatever x is.

    Parameters
    ----------
    x, c
        Vectors, ``(n,)``.

    Returns
    -------
    Array
        A copy of c as a row, ``(1, n)``.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    0 flops: c is copied. Magnus and Neudecker, *Matrix Differential Calculus* (2019), chapter 9.
    """
    vx, vc = _pair(x, c)
    finite("x", vx)
    return _multiple("c", 1, vc).reshape(1, -1)


def squared_norm(x: ArrayLike) -> np.floating[Any]:
    """‖x‖² = xᵀx.

    Parameters
    ----------
    x
        A vector, ``(n,)``.

    Returns
    -------
    scalar
        In the dtype of x, at least 0; infinite only if it cannot be represented.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    2n flops, summed in any order: Golub and Van Loan (2013), §1.1; Higham (2002), §3.1.
    """
    (v,) = floats("x", x)
    _vector("x", v)
    value = dot(v, v)
    if not math.isfinite(value):
        finite("x", v)  # a sum of squares is infinite only when it cannot be represented
    return v.dtype.type(value)


def squared_norm_jacobian(x: ArrayLike) -> Array:
    """∂‖x‖²/∂x = 2xᵀ.

    Parameters
    ----------
    x
        A vector, ``(n,)``.

    Returns
    -------
    Array
        A row, ``(1, n)``.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    n flops. Magnus and Neudecker, *Matrix Differential Calculus* (2019), chapter 9.
    """
    (v,) = floats("x", x)
    _vector("x", v)
    return _multiple("x", 2, v).reshape(1, -1)


def matvec(A: ArrayLike, x: ArrayLike) -> Array:
    """y = Ax.

    Parameters
    ----------
    A
        A matrix, ``(m, n)``.
    x
        A vector, ``(n,)``.

    Returns
    -------
    Array
        A vector, ``(m,)``.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    2mn flops, at the speed of memory: Golub and Van Loan (2013), §1.1; Higham (2002), §3.5.
    """
    M, v = _matrix_and_vector(A, x)
    value = _matvec(M, v)
    if not all_finite(value):
        value = _within_range(_matvec, (("A", M, 1), ("x", v, 1)))
    elif M.shape[0] == 0:
        finite("x", v)  # which no row of A has met
    return value


def matvec_jacobian(A: ArrayLike, x: ArrayLike) -> Array:
    """∂(Ax)/∂x = A, whatever x is.

    Parameters
    ----------
    A
        A matrix, ``(m, n)``.
    x
        A vector, ``(n,)``.

    Returns
    -------
    Array
        A copy of A, ``(m, n)``.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    0 flops: A is copied. Magnus and Neudecker, *Matrix Differential Calculus* (2019), chapter 9.
    """
    M, v = _matrix_and_vector(A, x)
    finite("x", v)
    return _multiple("A", 1, M)


def quadratic_form(A: ArrayLike, x: ArrayLike) -> np.floating[Any]:
    """xᵀAx, in one pass over A.

    Parameters
    ----------
    A
        A square matrix, ``(n, n)``; it need not be symmetric.
    x
        A vector, ``(n,)``.

    Returns
    -------
    scalar
        In the dtype of A and x; infinite only if it cannot be represented.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    2n² + 2n flops: Golub and Van Loan (2013), §1.1; Higham (2002), §3.5.
    """
    M, v = _matrix_and_vector(A, x, square=True)
    value = _quadratic_form(M, v)
    if not math.isfinite(value):
        value = _within_range(_quadratic_form, (("A", M, 1), ("x", v, 2)))
    return v.dtype.type(value)


def quadratic_form_jacobian(A: ArrayLike, x: ArrayLike) -> Array:
    """∂(xᵀAx)/∂x = xᵀ(A + Aᵀ), which is 2xᵀA for every x exactly when A = Aᵀ.

    Neither Aᵀ nor the sum is formed.

    Parameters
    ----------
    A
        A square matrix, ``(n, n)``; it need not be symmetric.
    x
        A vector, ``(n,)``.

    Returns
    -------
    Array
        A row, ``(1, n)``.

    Raises
    ------
    ValueError
        For a wrong shape, a NaN or an infinity.

    Notes
    -----
    4n² flops. Magnus and Neudecker, *Matrix Differential Calculus* (2019), chapter 9.
    """
    M, v = _matrix_and_vector(A, x, square=True)
    value = _quadratic_form_jacobian(M, v)
    if not all_finite(value):
        value = _within_range(_quadratic_form_jacobian, (("A", M, 1), ("x", v, 1)))
    return value.reshape(1, -1)


@jit_sums
def dot(x: Array, y: Array) -> np.floating[Any]:
    """xᵀy."""
    whole_registers()  # the detour that a processor takes for subnormal numbers is one an instruction
    total = x.dtype.type(0)
    for i in range(x.size):
        total += x[i] * y[i]
    return total


@jit
def _matvec(A: Array, x: Array) -> Array:
    y = np.zeros(A.shape[0], A.dtype)
    m, n = A.shape
    if m > 0 and n > 0:  # BLAS goes by columns: to it, this is the transposed product with an (n, m) matrix
        one = A.dtype.type(1)
        call("gemv", ("T", n, m, one, A, n, x, 1, one, y, 1))
    return y


@jit
def _quadratic_form(A: Array, x: Array) -> np.floating[Any]:
    return dot(x, _matvec(A, x))


@jit
def _quadratic_form_jacobian(A: Array, x: Array) -> Array:
    y = _matvec(A, x)
    n, one = x.size, A.dtype.type(1)
    if n > 0:
        call("gemv", ("N", n, n, one, A, n, x, 1, one, y, 1))
    return y


@jit_sums
def _multiply(factor: np.floating[Any], a: Array, out: Array) -> np.floating[Any]:
    """Write factor · a to `out`; return Σ 0·a, which is NaN exactly when a holds a NaN or an infinity, else 0."""
    zero = a.dtype.type(0)
    total = zero
    for i in range(a.size):
        out[i] = factor * a[i]
        total += zero * a[i]
    return total


def _multiple(name: str, factor: int, a: Array) -> Array:
    """Return factor · a for finite a, as a new array."""
    out = np.empty_like(a)
    if math.isnan(_multiply(a.dtype.type(factor), a.reshape(-1), out.reshape(-1))):
        finite(name, a)
    return out


def _within_range(form: Callable[..., Any], arguments: tuple[tuple[str, Array, int], ...]) -> Any:
    """Evaluate a form in (name, array, degree) on arrays scaled to entries of at most 1; put the scales back."""
    scaled, exponent = [], 0
    with np.errstate(over="ignore", under="ignore"):
        for name, array, degree in arguments:
            finite(name, array)
            own = math.frexp(np.abs(array).max())[1]
            scaled.append(np.ldexp(array, -own))
            exponent += degree * own
        return np.ldexp(np.asarray(form(*scaled), scaled[0].dtype), exponent)


def _vector(name: str, array: Array) -> None:
    if array.ndim != 1:
        refuse_shape(name, array, "(n,)")


def _pair(x: ArrayLike, c: ArrayLike) -> tuple[Array, Array]:
    vx, vc = floats("x c", x, c)
    _vector("x", vx)
    if vc.shape != vx.shape:
        refuse_shape("c", vc, f"({vx.size},), that of x")
    return vx, vc


def _matrix_and_vector(A: ArrayLike, x: ArrayLike, square: bool = False) -> tuple[Array, Array]:
    M, v = floats("A x", A, x)
    if M.ndim != 2 or (square and M.shape[0] != M.shape[1]):
        refuse_shape("A", M, "(n, n)" if square else "(m, n)")
    if v.ndim != 1 or v.size != M.shape[1]:
        refuse_shape("x", v, f"({M.shape[1]},), a number for each column of A")
    return M, v
