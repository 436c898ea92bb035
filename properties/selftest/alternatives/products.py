"""Update rules that keep other things, and differences that are all evaluated before any is taken."""

import numpy as np

from shrinkage.peers.numpy._input import expect, loose, quiet
from shrinkage.peers.numpy.optim import _kept, _pair


def _filled(config, **defaults):
    return defaults | dict(config or {})


@quiet
def sgd(w, dw, config=None):
    """w + (−lr) dw."""
    w, dw = _pair(w, dw)
    config = _filled(config, learning_rate=1e-2)
    return np.add(-float(config["learning_rate"]) * dw, w), config


@quiet
def sgd_momentum(w, dw, config=None):
    """The velocity is computed with the other sign, and taken off."""
    w, dw = _pair(w, dw)
    config = _filled(config, learning_rate=1e-2, momentum=0.9, velocity=np.zeros_like(w))
    down = float(config["learning_rate"]) * dw - float(config["momentum"]) * _kept("velocity", config, w)
    config["velocity"] = -down
    return w - down, config


@quiet
def rmsprop(w, dw, config=None):
    """In place, in its own arrays."""
    w, dw = _pair(w, dw)
    config = _filled(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=np.zeros_like(w))
    cache = np.array(np.broadcast_to(_kept("cache", config, w), w.shape))
    cache *= float(config["decay_rate"])
    cache += (1 - float(config["decay_rate"])) * np.square(dw)
    config["cache"] = cache
    step = np.sqrt(cache)
    step += float(config["epsilon"])
    return w - np.divide(float(config["learning_rate"]) * dw, step), config


@quiet
def adam(w, dw, config=None):
    """The powers of β as products that run along in the config."""
    w, dw = _pair(w, dw)
    config = _filled(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, m=0, v=0, t=0)
    corrected = []
    for moment, beta, new in (("m", "beta1", dw), ("v", "beta2", dw * dw)):
        decay = float(config[beta])
        product = config.get(f"{beta} to the t", decay ** config["t"]) * decay
        config[f"{beta} to the t"] = product
        config[moment] = decay * _kept(moment, config, w) + (1 - decay) * new
        corrected.append(config[moment] / (1 - product))
    config["t"] = config["t"] + 1
    m, v = corrected
    return w - float(config["learning_rate"]) * (m / (float(config["epsilon"]) + np.sqrt(v))), config


@quiet
def eval_numerical_gradient_array(f, x, df):
    """All values above, then all values below."""
    given, df = loose(x=x, df=df)
    at = np.array(given, np.float64)
    values = []
    for h in (1e-5, -1e-5):
        for i in np.ndindex(at.shape):
            moved = at.copy()
            moved[i] += h
            values.append(np.array(f(moved), float))
            expect("df", df, df.shape == values[-1].shape, "as f(x)")
    grad = np.zeros(given.shape, given.dtype)
    for k, i in enumerate(np.ndindex(at.shape)):
        grad[i] = np.sum((values[k] - values[k + at.size]) * df) * (0.5 / 1e-5)
    return grad


def eval_numerical_gradient(f, x):
    """The same, of one value."""
    return eval_numerical_gradient_array(lambda at: np.asarray(f(at)), x, 1.0)
