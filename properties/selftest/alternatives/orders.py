"""Products and sums in whatever order and association the numbers themselves decide on: each example in another one."""

import functools
import operator
import zlib

import numpy as np

from shrinkage.peers.numpy._input import arrays as checked
from shrinkage.peers.numpy._input import count, expect, number, quiet
from shrinkage.peers.numpy.calculus import _matrix_and_vector, _vector
from shrinkage.peers.numpy.optim import _kept, _pair
from shrinkage.peers.numpy.relu import _elbow, _parameters, _sample, _unit


def _drawn(*numbers) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(b"".join(np.asarray(each, float).tobytes() for each in numbers)))


def _any(combine, parts):
    """Two of them by each other, wherever they stand, until one is left."""
    rng, parts = _drawn(*parts), list(parts)
    while len(parts) > 1:
        rng.shuffle(order := [*range(len(parts))])
        parts = [parts[i] for i in order]
        parts = [combine(parts[0], parts[1]), *parts[2:]]
    return parts[0]


product = functools.partial(_any, operator.mul)
total = functools.partial(_any, operator.add)


@quiet
def squared_norm(x):
    """The norm, squared again."""
    return np.linalg.norm(_vector(x)) ** 2


@quiet
def quadratic_form(A, x):
    """From the left, from the right, by xxᵀ, or by the symmetric part."""
    A, x = _matrix_and_vector(A, x, square=True)
    ways = (
        lambda: (x @ A) @ x,
        lambda: x @ (A @ x),
        lambda: np.sum(np.outer(x, x) * A, dtype=x.dtype),
        lambda: x @ ((A + A.T) / 2 @ x),
        lambda: np.sum(x[:, None] * A * x, dtype=x.dtype),
    )
    return ways[_drawn(A, x).integers(len(ways))]()


@quiet
def quadratic_form_jacobian(A, x):
    """Both products, that of the sum, or twice that of the symmetric part."""
    A, x = _matrix_and_vector(A, x, square=True)
    ways = (
        lambda: x @ A + A @ x,
        lambda: x @ (A + A.T),
        lambda: 2 * (x @ ((A + A.T) / 2)),
        lambda: (x + x) @ ((A + A.T) / 2),
    )
    return ways[_drawn(A, x).integers(len(ways))]()[None]


def _moves(x, residual, on, *rate):
    rate = [x.dtype.type(each) for each in rate]
    return [
        product([residual, x, *rate]) if on else x.dtype.type(0),
        product([residual, *rate]) if on else x.dtype.type(0),
    ]


@quiet
def relu_unit_gradients(x, y, w, b):
    """φ − y, and what it is multiplied by."""
    x, y, w, b = _unit(x, y, w, b)
    residual = np.maximum(w * x + b, 0) - y
    return residual, *_moves(x, residual, w * x + b > 0)


@quiet
def relu_unit_step(x, y, w, b, lr):
    """Lr, φ − y and x in any order."""
    x, y, w, b = _unit(x, y, w, b)
    dw, db = _moves(x, np.maximum(w * x + b, 0) - y, w * x + b > 0, number("lr", lr))
    return w - dw, b - db


def _gradients(x, y, W1, b, W2, *rate):
    rate = [x.dtype.type(each) for each in rate]
    before = W1[:, 0] * x + b
    hidden = np.maximum(before, 0)
    df = total([*W2[0] * hidden, -y])
    on = (before > 0).astype(x.dtype)
    dW1, db, dW2 = (
        np.array([product([df, *parts, *rate]) for parts in zip(*each, strict=True)], x.dtype)
        for each in ((W2[0], np.full(len(b), x), on), (W2[0], on), (hidden,))
    )
    return dW1[:, None], db, dW2[None]


@quiet
def relu_network_gradients(x, y, W1, b, W2):
    """Each entry a product of its own."""
    return _gradients(*_sample(x, y, W1, b, W2))


@quiet
def relu_network_step(x, y, W1, b, W2, lr):
    """Lr, r, W2 and x in any order."""
    x, y, *params = _sample(x, y, W1, b, W2)
    return tuple(p - d for p, d in zip(params, _gradients(x, y, *params, number("lr", lr)), strict=True))


@quiet
def elbows_after_step(x, y, W1, b, W2, lr):
    """Of that step."""
    W1, b, _ = relu_network_step(x, y, W1, b, W2, lr)
    return _elbow(W1[:, 0], b)


@quiet
def relu_network_sgd(x, y, W1, b, W2, lr, epochs):
    """Step by step."""
    x, y, W1, b, W2 = checked(x=x, y=y, W1=W1, b=b, W2=W2)
    expect("x", x, x.ndim == 1, "(N,)")
    expect("y", y, y.shape == x.shape, f"{x.shape}, as x")
    _parameters(W1, b, W2)
    lr, epochs, params = number("lr", lr), count("epochs", epochs), [W1.copy(), b.copy(), W2.copy()]
    elbows = [_elbow(params[0][:, 0], params[1])]
    for _ in range(epochs):
        for i in range(len(x)):
            params = [p - d for p, d in zip(params, _gradients(x[i], y[i], *params, lr), strict=True)]
        elbows.append(_elbow(params[0][:, 0], params[1]))
    return *params, np.array(elbows)


def _filled(config, **defaults):
    return defaults | dict(config or {})


def _numbers(config, w, *names):
    return [w.dtype.type(config[name]) for name in names]


def _mean(name, decay, config, w, *new):
    """ρ old + (1 − ρ) new, or old, and a part of the way to new."""
    old, rho, rest = (
        _kept(name, config, w) + np.zeros_like(w),
        float(config[decay]),
        w.dtype.type(1 - float(config[decay])),
    )
    if _drawn(w, *new).integers(2):
        return total([w.dtype.type(rho) * old, product([rest, *new])])
    return old + rest * (product(new) - old)


@quiet
def sgd_momentum(w, dw, config=None):
    """The three terms in any order."""
    w, dw = _pair(w, dw)
    config = _filled(config, learning_rate=1e-2, momentum=0.9, velocity=np.zeros_like(w))
    lr, momentum = _numbers(config, w, "learning_rate", "momentum")
    terms = momentum * _kept("velocity", config, w), -lr * dw
    config["velocity"] = terms[0] + terms[1]
    return total([w, *terms]), config


@quiet
def rmsprop(w, dw, config=None):
    """Multiplied by a reciprocal, in any order."""
    w, dw = _pair(w, dw)
    config = _filled(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=np.zeros_like(w))
    config["cache"] = _mean("cache", "decay_rate", config, w, dw, dw)
    lr, epsilon = _numbers(config, w, "learning_rate", "epsilon")
    return w - product([lr, dw, 1 / (np.sqrt(config["cache"]) + epsilon)]), config


@quiet
def adam(w, dw, config=None):
    """As in torch: the root of the correction in the place of the correction of what the root is taken of."""
    w, dw = _pair(w, dw)
    config = _filled(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, m=0, v=0, t=0)
    config["m"], config["v"] = _mean("m", "beta1", config, w, dw), _mean("v", "beta2", config, w, dw, dw)
    config["t"] = config["t"] + 1
    first, second = (w.dtype.type(1 - float(config[beta]) ** config["t"]) for beta in ("beta1", "beta2"))
    lr, epsilon = _numbers(config, w, "learning_rate", "epsilon")
    return w - product([lr, 1 / first, config["m"], 1 / (np.sqrt(config["v"]) / np.sqrt(second) + epsilon)]), config
