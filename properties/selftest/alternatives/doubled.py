"""Sums of products in twice the precision, by pairs of numbers; what comes back is an array once it is asked for."""

import math

import numpy as np

from shrinkage.peers.numpy._input import expect, loose, quiet
from shrinkage.peers.numpy.calculus import _matrix_and_vector, _pair, _vector


class Labelled:
    """Not an array, but what becomes one, as data frames and tensors do; it cannot be indexed by row."""

    def __init__(self, values, label):
        self._values, self.label = values, label

    def __array__(self, dtype=None, copy=None):
        """What is in it."""
        return np.array(self._values, dtype)


def _two_sum(a, b):
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def _two_product(a, b):
    """Veltkamp's and Dekker's, of doubles with the exponent taken off, so that nothing overflows on the way."""
    (a, ea), (b, eb) = np.frexp(a), np.frexp(b)
    ha, hb = ((134217729.0 * x) - ((134217729.0 * x) - x) for x in (a, b))
    p = a * b
    return np.ldexp(p, ea + eb), np.ldexp(
        ((ha * hb - p) + ha * (b - hb) + (a - ha) * hb) + (a - ha) * (b - hb), ea + eb
    )


def _dot(A, B):
    """A · B along the last axis of A and the first of B, one term after the other."""
    A, B = A.astype(float), B.astype(float)
    high, low = (np.zeros(np.broadcast_shapes(A.shape[:-1] + (1,) * (B.ndim - 1), B.shape[1:])) for _ in range(2))
    for j in range(B.shape[0]):
        p, e = _two_product(A[..., j].reshape(A.shape[:-1] + (1,) * (B.ndim - 1)), B[j])
        high, more = _two_sum(high, p)
        low = low + (more + e)
    return high + low


@quiet
def linear_form(x, c):
    """Xᵀc, as if in twice the precision."""
    x, c = _pair(x, c)
    return Labelled(_dot(x, c).astype(x.dtype), "xᵀc")


@quiet
def squared_norm(x):
    """Xᵀx, likewise."""
    x = _vector(x)
    return Labelled(_dot(x, x).astype(x.dtype), "‖x‖²")


@quiet
def matvec(A, x):
    """Ax, likewise."""
    A, x = _matrix_and_vector(A, x)
    return Labelled(_dot(A, x).reshape(len(A)).astype(x.dtype), "Ax")


@quiet
def matvec_jacobian(A, x):
    """A with a label."""
    A, x = _matrix_and_vector(A, x)
    return Labelled(A.copy(), "A")


@quiet
def affine_forward(x, w, b):
    """X w + b, likewise."""
    given = x, w, b = loose(x=x, w=w, b=b)
    D = math.prod(x.shape[1:])
    expect("x", x, x.ndim >= 1, "(N, ...)")
    expect("w", w, w.ndim == 2 and len(w) == D, f"({D}, M)")
    expect("b", b, b.shape == w.shape[1:], f"({w.shape[1]},)")
    ones = np.ones((len(x), 1), x.dtype)
    rows = np.hstack([x.reshape(len(x), D), ones])
    out = _dot(rows, np.vstack([w, b[None]])).reshape(len(x), len(b)).astype(x.dtype)
    if not np.isfinite(rows).all() or not np.isfinite(w).all() or not np.isfinite(out).all():
        out = rows @ np.vstack([w, b[None]])  # what is not finite has no exponent
    return Labelled(out, "xw + b"), tuple(each.copy() for each in given)


@quiet
def affine_backward(dout, cache):
    """dout wᵀ, xᵀ dout, and the sum of dout, likewise."""
    x, w, _ = cache
    (dout,) = loose(dout=dout)
    expect("dout", dout, dout.shape == (len(x), w.shape[1]), "as the output")
    rows, ones = x.reshape(len(x), len(w)), np.ones((1, len(x)), x.dtype)
    products = [(dout, w.T, x.shape), (rows.T, dout, w.shape), (ones, dout, w.shape[1:])]
    plain = not all(np.isfinite(a).all() for a in (x, w, dout))
    return tuple(
        Labelled((A @ B if plain else _dot(A, B)).reshape(shape).astype(x.dtype), "derivative")
        for A, B, shape in products
    )
