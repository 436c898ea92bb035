"""Vector calculus by columns and by einsum; numbers come back as arrays without axes, rows in Fortran order."""

import numpy as np

from shrinkage.peers.numpy._input import quiet
from shrinkage.peers.numpy.calculus import _matrix_and_vector, _pair, _vector


@quiet
def linear_form(x, c):
    """The trace of an outer product."""
    x, c = _pair(x, c)
    return np.array(np.trace(np.outer(x, c)), x.dtype)


@quiet
def linear_form_jacobian(x, c):
    """cᵀ, from a column."""
    x, c = _pair(x, c)
    return np.asfortranarray(np.vstack([c[:, None], np.zeros((1, 1), c.dtype)])[:-1].T)


@quiet
def squared_norm(x):
    """‖x‖², the small squares first."""
    x = _vector(x)
    return np.array(np.sum(np.sort(x * x)), x.dtype)


@quiet
def squared_norm_jacobian(x):
    """X + x, as a row."""
    x = _vector(x)
    return np.add(x, x)[None, :]


@quiet
def matvec(A, x):
    """The columns of A, x times each."""
    A, x = _matrix_and_vector(A, x)
    total = np.zeros(len(A), x.dtype)
    for column, weight in zip(A.T, x, strict=True):
        total += weight * column
    return total


@quiet
def matvec_jacobian(A, x):
    """A, in the other order in memory."""
    A, x = _matrix_and_vector(A, x)
    return np.array(A, order="F")


@quiet
def quadratic_form(A, x):
    """By einsum."""
    A, x = _matrix_and_vector(A, x, square=True)
    return np.einsum("i,ij,j->", x, A, x)


@quiet
def quadratic_form_jacobian(A, x):
    """By einsum, the one place and then the other."""
    A, x = _matrix_and_vector(A, x, square=True)
    return np.einsum("i,ij->j", x, A)[None, :] + np.einsum("ij,j->i", A, x)[None, :]
