"""Layers, the softmax loss and the update rules in NumPy's widest float, rounded at the end."""

import functools
import math

import numpy as np

from shrinkage.peers.numpy._input import expect, labels, loose, quiet
from shrinkage.peers.numpy.optim import _kept, _pair

LONG = np.longdouble


@quiet
def affine_forward(x, w, b):
    """X w + b."""
    given = x, w, b = loose(x=x, w=w, b=b)
    D = math.prod(x.shape[1:])
    expect("x", x, x.ndim >= 1, "(N, ...)")
    expect("w", w, w.ndim == 2 and len(w) == D, f"({D}, M)")
    expect("b", b, b.shape == w.shape[1:], f"({w.shape[1]},)")
    return (x.reshape(len(x), D).astype(LONG) @ w + b).astype(x.dtype), tuple(each.copy() for each in given)


@quiet
def affine_backward(dout, cache):
    """Three products."""
    x, w, _ = cache
    (dout,) = loose(dout=dout)
    expect("dout", dout, dout.shape == (len(x), w.shape[1]), "as the output")
    dout = dout.astype(LONG)
    dx, dw, db = (dout @ w.T).reshape(x.shape), x.reshape(len(x), len(w)).T @ dout, dout.sum(axis=0)
    return tuple(value.astype(x.dtype) for value in (dx, dw, db))


@quiet
def softmax_loss(x, y):
    """The mean of log Σ exp(x_j − x_y)."""
    (x,) = loose(x=x)
    expect("x", x, x.ndim == 2, "(N, C)")
    y, rows = labels("y", y, *x.shape), np.arange(len(x))
    if not x.size:
        return x.dtype.type(np.nan), np.zeros_like(x)
    shifted = x.astype(LONG) - x.max(axis=1, keepdims=True)
    exps = np.exp(shifted)
    sums = exps.sum(axis=1)
    dx = exps / sums[:, None]
    dx[rows, y] = 0
    dx[rows, y] = -dx.sum(axis=1)
    own = shifted[rows, y]
    loss = np.mean(np.where(own == 0, -np.log1p(dx[rows, y]), np.log(sums) - own))
    return loss.astype(x.dtype), (dx / len(x)).astype(x.dtype)


def _widened(rule):
    """The rule on wide arrays, of which the state is kept in the dtype of w."""

    @functools.wraps(rule)
    def rounded(w, dw, config=None):
        w, dw = _pair(w, dw)
        config = dict(config or {})
        step, state = quiet(rule)(w.astype(LONG), dw.astype(LONG), config, lambda key: _kept(key, {key: 0} | config, w))
        return step.astype(w.dtype), config | {
            key: value.astype(w.dtype) if isinstance(value, np.ndarray) else value for key, value in state.items()
        }

    return rounded


def _set(config, **defaults):
    filled = {key: config.get(key, value) for key, value in defaults.items()}
    return filled, [LONG(float(value)) for value in filled.values()]


@_widened
def sgd_momentum(w, dw, config, kept):
    """V ← μv − lr dw, w + v."""
    filled, (lr, momentum) = _set(config, learning_rate=1e-2, momentum=0.9)
    v = momentum * kept("velocity") - lr * dw
    return w + v, filled | {"velocity": v}


@_widened
def rmsprop(w, dw, config, kept):
    """W − lr dw/(√c + ε)."""
    filled, (lr, rho, epsilon) = _set(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    c = rho * kept("cache") + (1 - rho) * dw * dw
    return w - lr * dw / (np.sqrt(c) + epsilon), filled | {"cache": c}


@_widened
def adam(w, dw, config, kept):
    """W − lr m̂/(√v̂ + ε)."""
    filled, (lr, beta1, beta2, epsilon) = _set(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8)
    t = config.get("t", 0) + 1
    m, v = beta1 * kept("m") + (1 - beta1) * dw, beta2 * kept("v") + (1 - beta2) * dw * dw
    step = lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    return w - step, filled | {"m": m, "v": v, "t": t}
