"""Chapter 5 · layers and losses in the conventions of the course assignments."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._input import Array, expect, labels, loose, quiet


@quiet
def affine_forward(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> tuple[Array, tuple[Any, ...]]:
    """x w + b; x is `(N, ...)`, flattened to `(N, D)`."""
    x, w, b = loose(x=x, w=w, b=b)
    expect("x", x, x.ndim >= 1, "(N, ...)")
    D = math.prod(x.shape[1:])
    expect("w", w, w.ndim == 2 and len(w) == D, f"({D}, M), a row for each entry of a sample")
    expect("b", b, b.shape == w.shape[1:], f"({w.shape[1]},), an entry for each column of w")
    return x.reshape(len(x), D) @ w + b, (x, w, b)


@quiet
def affine_backward(dout: ArrayLike, cache: tuple[Any, ...]) -> tuple[Array, Array, Array]:
    """(dx, dw, db), dx in x's own shape."""
    x, w, _ = cache
    dout, x, w = loose(dout=dout, x=x, w=w)
    expect("dout", dout, dout.shape == (len(x), w.shape[1]), f"({len(x)}, {w.shape[1]}), as the output")
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(len(x), len(w)).T @ dout
    db = np.sum(dout, axis=0)
    return dx, dw, db


@quiet
def relu_forward(x: ArrayLike) -> tuple[Array, Array]:
    """max(x, 0)."""
    (x,) = loose(x=x)
    return np.maximum(x, 0), x


@quiet
def relu_backward(dout: ArrayLike, cache: Array) -> Array:
    """The incoming dout where x > 0, else 0; NaN where x or dout is."""
    dout, x = loose(dout=dout, x=cache)
    expect("dout", dout, dout.shape == x.shape, f"{x.shape}, as the output")
    dx = np.where(x > 0, dout, 0)
    dx[np.isnan(x) | np.isnan(dout)] = np.nan
    return dx


def affine_relu_forward(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> tuple[Array, tuple[Any, ...]]:
    """max(x w + b, 0)."""
    a, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout: ArrayLike, cache: tuple[Any, ...]) -> tuple[Array, Array, Array]:
    """(dx, dw, db) of the two in one."""
    affine_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache)


@quiet
def softmax_loss(x: ArrayLike, y: ArrayLike) -> tuple[np.floating, Array]:
    """(loss, dx): the mean of −log softmax(x)[y]."""
    x, y, rows = _scores(x, y)
    N = len(x)
    shifted = x - np.max(x, axis=1, initial=-np.inf, keepdims=True)
    exps = np.exp(shifted)
    sums = np.sum(exps, axis=1, keepdims=True)
    dx, own = exps / sums, shifted[rows, y]
    # p − 1 and −log p of what is all but certain keep their digits in what the others have of it.
    dx[rows, y] = 0
    dx[rows, y] = -np.sum(dx, axis=1)
    losses = np.where(own == 0, -np.log1p(dx[rows, y]), np.log(sums[:, 0]) - own)
    return _mean(losses), dx / N


@quiet
def svm_loss(x: ArrayLike, y: ArrayLike) -> tuple[np.floating, Array]:
    """(loss, dx): the mean over samples of Σ_{j≠y} max(0, x_j − x_y + 1)."""
    x, y, rows = _scores(x, y)
    N = len(x)
    margins = x - x[rows, y][:, None] + 1
    margins[rows, y] = np.where(np.isnan(x[rows, y]), np.nan, 0)
    losses = np.sum(np.maximum(margins, 0), axis=1)
    dx = np.where(np.isnan(margins), margins, margins > 0).astype(x.dtype)
    dx[rows, y] -= np.sum(dx, axis=1)
    return _mean(losses), dx / N


def _scores(x: ArrayLike, y: ArrayLike) -> tuple[Array, NDArray[np.integer[Any]], NDArray[np.integer[Any]]]:
    (x,) = loose(x=x)
    expect("x", x, x.ndim == 2, "(N, C)")
    return x, labels("y", y, *x.shape), np.arange(len(x))


def _mean(losses: Array) -> np.floating:
    """Divided before it is summed, so that the sum is in range where the mean is; NaN over nothing."""
    return np.sum(losses / len(losses)) if len(losses) else losses.dtype.type(np.nan)
