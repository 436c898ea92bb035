"""Chapter 1 · vector calculus: a scalar function of a column vector has a row for its Jacobian."""

from numpy.typing import ArrayLike

from ._input import Array, Scalar, arrays, expect, quiet


@quiet
def linear_form(x: ArrayLike, c: ArrayLike) -> Scalar:
    """xᵀc."""
    x, c = _pair(x, c)
    return x @ c


@quiet
def linear_form_jacobian(x: ArrayLike, c: ArrayLike) -> Array:
    """cᵀ, `(1, n)`."""
    x, c = _pair(x, c)
    return c[None, :].copy()


@quiet
def squared_norm(x: ArrayLike) -> Scalar:
    """‖x‖²."""
    x = _vector(x)
    return x @ x


@quiet
def squared_norm_jacobian(x: ArrayLike) -> Array:
    """2xᵀ, `(1, n)`."""
    return 2 * _vector(x)[None, :]


@quiet
def matvec(A: ArrayLike, x: ArrayLike) -> Array:
    """Ax, A is `(m, n)`."""
    A, x = _matrix_and_vector(A, x)
    return A @ x


@quiet
def matvec_jacobian(A: ArrayLike, x: ArrayLike) -> Array:
    """A."""
    A, x = _matrix_and_vector(A, x)
    return A.copy()


@quiet
def quadratic_form(A: ArrayLike, x: ArrayLike) -> Scalar:
    """xᵀAx, A is `(n, n)`."""
    A, x = _matrix_and_vector(A, x, square=True)
    return x @ (A @ x)


@quiet
def quadratic_form_jacobian(A: ArrayLike, x: ArrayLike) -> Array:
    """xᵀ(A + Aᵀ), `(1, n)`."""
    A, x = _matrix_and_vector(A, x, square=True)
    return (x @ A + A @ x)[None, :]


def _vector(x: ArrayLike) -> Array:
    (x,) = arrays(x=x)
    expect("x", x, x.ndim == 1, "(n,)")
    return x


def _pair(x: ArrayLike, c: ArrayLike) -> tuple[Array, Array]:
    x, c = arrays(x=x, c=c)
    expect("x", x, x.ndim == 1, "(n,)")
    expect("c", c, c.shape == x.shape, f"{x.shape}, as x")
    return x, c


def _matrix_and_vector(A: ArrayLike, x: ArrayLike, square: bool = False) -> tuple[Array, Array]:
    A, x = arrays(A=A, x=x)
    expect("A", A, A.ndim == 2 and (not square or A.shape[0] == A.shape[1]), "(n, n)" if square else "(m, n)")
    expect("x", x, x.shape == A.shape[1:], f"({A.shape[1]},), one entry for each column of A")
    return A, x
