"""Chapter 4 and the hinge loss by Python's numbers, one after the other."""

import numpy as np

from shrinkage.peers.numpy._input import arrays, count, expect, number, quiet
from shrinkage.peers.numpy.layers import _scores
from shrinkage.peers.numpy.relu import _numbers, _parameters, _sample, _unit


def _positive(z):
    return z if z > 0 else 0.0


@quiet
def relu_unit(x, w, b):
    """Max(wx + b, 0), entry by entry."""
    x, w, b = arrays(x=x, w=w, b=b)
    _numbers(w=w, b=b)
    out = np.zeros(x.shape, x.dtype)
    for index in np.ndindex(x.shape):
        out[index] = _positive(x[index] * w + b)
    return out[()]


@quiet
def elbow(w, b):
    """−b/w, entry by entry."""
    w, b = arrays(w=w, b=b)
    expect("b", b, b.shape == w.shape or b.ndim == 0 or w.ndim == 0, f"{w.shape}, as w")
    w, b = np.broadcast_arrays(w, b)
    out = np.full(w.shape, np.nan, w.dtype)
    for index in np.ndindex(w.shape):
        if w[index] != 0:
            out[index] = -(b[index] / w[index])
    return out[()]


@quiet
def relu_unit_loss(x, y, w, b):
    """Half of a product."""
    x, y, w, b = _unit(x, y, w, b)
    residual = y - _positive(b + x * w)
    return np.float64(0.5 * residual * residual)


@quiet
def relu_unit_gradients(x, y, w, b):
    """By cases."""
    x, y, w, b = _unit(x, y, w, b)
    if b + x * w > 0:
        residual = (b + x * w) - y
        return np.array(residual), np.array(x * residual), np.array(residual)
    return np.array(-y), np.array(0.0), np.array(0.0)


@quiet
def relu_unit_step(x, y, w, b, lr):
    """The rate times the residual first."""
    lr = number("lr", lr)
    _, dw, db = relu_unit_gradients(x, y, w, b)
    *_, w, b = _unit(x, y, w, b)
    return b.dtype.type(-(lr * dw) + w), b.dtype.type(-(lr * db) + b)


def _hidden(x, W1, b):
    return [w * x + c for w, c in zip(W1[:, 0], b, strict=True)]


def _output(x, W1, b, W2):
    total = W2.dtype.type(0)
    for v, z in list(zip(W2[0], _hidden(x, W1, b), strict=True))[::-1]:
        if z > 0:
            total = total + v * z
    return total


@quiet
def relu_network(x, W1, b, W2):
    """Unit by unit, sample by sample."""
    x, W1, b, W2 = arrays(x=x, W1=W1, b=b, W2=W2)
    expect("x", x, x.ndim <= 1, "() or (N,)")
    _parameters(W1, b, W2)
    out = np.zeros(x.shape, W2.dtype)
    for index in np.ndindex(x.shape):
        out[index] = _output(x[index], W1, b, W2)
    return out


@quiet
def relu_network_loss(x, y, W1, b, W2):
    """Half of a product."""
    x, y, W1, b, W2 = _sample(x, y, W1, b, W2)
    residual = y - _output(x, W1, b, W2)
    return (residual * residual / 2).astype(W1.dtype)


def _gradients(x, y, W1, b, W2):
    residual = _output(x, W1, b, W2) - y
    dW1, db, dW2 = np.zeros_like(W1), np.zeros_like(b), np.zeros_like(W2)
    for j, z in enumerate(_hidden(x, W1, b)):
        if z > 0:
            db[j] = residual * W2[0, j]
            dW1[j, 0] = db[j] * x
            dW2[0, j] = residual * z
    return dW1, db, dW2


@quiet
def relu_network_gradients(x, y, W1, b, W2):
    """Only of the units that are on; of all others nothing is touched."""
    return _gradients(*_sample(x, y, W1, b, W2))


def _step(x, y, W1, b, W2, lr):
    return tuple(-lr * d + p for d, p in zip(_gradients(x, y, W1, b, W2), (W1, b, W2), strict=True))


@quiet
def relu_network_step(x, y, W1, b, W2, lr):
    """All parameters at once."""
    x, y, W1, b, W2 = _sample(x, y, W1, b, W2)
    return _step(x, y, W1, b, W2, number("lr", lr))


@quiet
def elbows_after_step(x, y, W1, b, W2, lr):
    """Of what `relu_network_step` gives."""
    W1, b, _ = relu_network_step(x, y, W1, b, W2, lr)
    return elbow(W1[:, 0], b)


@quiet
def relu_network_sgd(x, y, W1, b, W2, lr, epochs):
    """All steps in one row, with an elbow after every N of them."""
    x, y, W1, b, W2 = arrays(x=x, y=y, W1=W1, b=b, W2=W2)
    expect("x", x, x.ndim == 1, "(N,)")
    expect("y", y, y.shape == x.shape, f"{x.shape}, as x")
    _parameters(W1, b, W2)
    lr, epochs = number("lr", lr), count("epochs", epochs)
    W1, b, W2, elbows = W1.copy(), b.copy(), W2.copy(), np.zeros((epochs + 1, len(b)), W1.dtype)
    elbows[0] = elbow(W1[:, 0], b)
    for t in range(epochs * len(x)):
        W1, b, W2 = _step(x[t % len(x)], y[t % len(x)], W1, b, W2, lr)
        if (t + 1) % len(x) == 0:
            elbows[(t + 1) // len(x)] = elbow(W1[:, 0], b)
    if len(x) == 0:
        elbows[:] = elbows[0]
    return W1, b, W2, elbows


@quiet
def svm_loss(x, y):
    """Two loops, as in the first assignment of the course."""
    x, y, _ = _scores(x, y)
    dx, losses = np.zeros_like(x), np.zeros(len(x), x.dtype)
    for i, k in enumerate(y):
        for j in range(x.shape[1]):
            margin = x[i, j] - x[i, k] + 1
            if j != k and not margin <= 0:
                losses[i] += margin
                dx[i, j] += 1 if margin > 0 else np.nan
                dx[i, k] -= 1 if margin > 0 else np.nan
        if np.isnan(x[i, k]):
            losses[i] = dx[i] = np.nan
    return np.mean(losses) if len(x) else x.dtype.type(np.nan), dx / len(x)
