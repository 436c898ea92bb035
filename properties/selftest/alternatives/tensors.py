"""Layers with caches of other kinds, by tensordot and einsum, and the softmax loss by logaddexp."""

import math
from dataclasses import dataclass

import numpy as np

from shrinkage.peers.numpy._input import Array, expect, loose, quiet
from shrinkage.peers.numpy.layers import _scores


@dataclass
class Affine:
    """What the backward pass needs; the matrix is kept transposed."""

    rows: Array
    transposed: Array
    shape: tuple[int, ...]


@quiet
def affine_forward(x, w, b):
    """The bias is the weight of one more input, which is always 1."""
    x, w, b = loose(x=x, w=w, b=b)
    D = math.prod(x.shape[1:])
    expect("x", x, x.ndim >= 1, "(N, ...)")
    expect("w", w, w.ndim == 2 and len(w) == D, f"({D}, M)")
    expect("b", b, b.shape == w.shape[1:], f"({w.shape[1]},)")
    rows = x.reshape(len(x), D)
    ones = np.ones((len(x), 1), x.dtype)
    out = np.tensordot(np.hstack([rows, ones]), np.vstack([w, b[None]]), axes=1)
    return out, Affine(rows.copy(), np.array(w.T, order="F"), x.shape)


@quiet
def affine_backward(dout, cache):
    """By einsum."""
    dout, rows, transposed = loose(dout=dout, x=cache.rows, w=cache.transposed)
    expect("dout", dout, dout.shape == (len(rows), len(transposed)), "as the output")
    dx = np.einsum("nm,md->nd", dout, transposed).reshape(cache.shape)
    return dx, np.einsum("nd,nm->dm", rows, dout), np.ones(len(rows), dout.dtype) @ dout


@quiet
def relu_forward(x):
    """Half the sum of x and its size would overflow: by cases. A 0-d array is an array, and keeps its dtype."""
    dtype = getattr(x, "dtype", None)
    (x,) = loose(x=x)
    x = x.astype(dtype) if dtype == np.float32 else x
    return np.where(x <= 0, 0, x).astype(x.dtype), {"off": x <= 0, "nan": np.isnan(x), "dtype": x.dtype}


@quiet
def relu_backward(dout, cache):
    """A mask that is put, not multiplied."""
    (dout,) = loose(dout=dout)
    expect("dout", dout, dout.shape == cache["off"].shape, "as the output")
    dx = dout.astype(cache["dtype"] if not dout.ndim or dout.dtype == np.float32 else np.float64)
    np.putmask(dx, cache["off"] & ~np.isnan(dout), 0)
    np.putmask(dx, cache["nan"], np.nan)
    return dx


def affine_relu_forward(x, w, b):
    """Both caches, in a list."""
    out, first = affine_forward(x, w, b)
    out, second = relu_forward(out)
    return out, [first, second]


def affine_relu_backward(dout, cache):
    """The last first."""
    for backward, each in ((relu_backward, cache[1]), (affine_backward, cache[0])):
        dout = backward(dout, each)
    return dout


@quiet
def softmax_loss(x, y):
    """Shifted, the largest term of a sum is 1: log1p of the others; the gradient from the logarithms."""
    x, y, rows = _scores(x, y)
    if x.size == 0:
        return x.dtype.type(np.nan), np.zeros_like(x)
    top = np.argmax(x, axis=1)
    shifted = x - x[rows, top][:, None]
    others = np.exp(shifted)
    others[rows, top] = np.where(np.isnan(shifted[rows, top]), np.nan, 0)
    log_p = shifted - np.log1p(others.sum(axis=1, keepdims=True))
    dx = np.exp(log_p)
    for i, k in enumerate(y):
        others = np.delete(dx[i], k).sum()
        dx[i, k] = np.nan if np.isnan(dx[i, k]) else -others
    return -np.mean(log_p[rows, y]), dx * x.dtype.type(1 / len(x))
