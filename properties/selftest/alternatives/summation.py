"""Sums from the last term to the first, one by one in extended precision, or rounded only once."""

import math
from typing import Any

import numpy as np

from shrinkage.peers.numpy._input import quiet
from shrinkage.peers.numpy.calculus import _matrix_and_vector, _pair, _vector


def _backwards(products: np.ndarray) -> Any:
    total = np.longdouble(0)
    for term in products[::-1]:
        total = total + term
    return total


@quiet
def linear_form(x, c):
    """Xᵀc, from the last term to the first."""
    x, c = _pair(x, c)
    return _backwards(x.astype(np.longdouble) * c).astype(x.dtype)


@quiet
def squared_norm(x):
    """‖x‖², its products rounded once each and their sum once."""
    x = _vector(x)
    return x.dtype.type(math.fsum((x.astype(float) ** 2).tolist()))


@quiet
def matvec(A, x):
    """Ax, a row after the other, the last one first."""
    A, x = _matrix_and_vector(A, x)
    rows = [_backwards(row.astype(np.longdouble) * x) for row in A[::-1]]
    return np.array(rows[::-1], np.longdouble).astype(x.dtype)


@quiet
def quadratic_form(A, x):
    """xᵀAx as one sum of n² terms."""
    A, x = _matrix_and_vector(A, x, square=True)
    wide = x.astype(np.longdouble)
    return _backwards((wide[:, None] * A * wide).ravel()).astype(x.dtype)


@quiet
def quadratic_form_jacobian(A, x):
    """xᵀ(A + Aᵀ), the sum of the two first."""
    A, x = _matrix_and_vector(A, x, square=True)
    return ((A.astype(np.longdouble) + A.T).T @ x)[None, :].astype(x.dtype)
