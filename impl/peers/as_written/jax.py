"""What people type in JAX: `--impl jax-as-written`. Compiled, in double precision, parameters kept on the device."""

import functools

import jax
from jax import nn
from jax import numpy as jnp

from .._net import Net

jax.config.update("jax_enable_x64", True)


def jitted(f):
    compiled = jax.jit(f)

    @functools.wraps(f)
    def call(*arguments):
        return jax.device_get(compiled(*arguments))  # else it is not there yet when the clock stops

    return call


@jitted
def linear_form(x, c):
    return x @ c


@jitted
def squared_norm(x):
    return x @ x


@jitted
def matvec(A, x):
    return A @ x


@jitted
def quadratic_form(A, x):
    return x @ A @ x


@jitted
def pinv(X):
    return jnp.linalg.pinv(X)


@jitted
def lstsq(X, y):
    return jnp.linalg.lstsq(X, y)[0]


@jitted
def ridge_objective(X, y, w, lam):
    return jnp.sum((y - X @ w) ** 2) + lam * jnp.sum(w**2)


@jitted
def ridge_normal(X, y, lam):
    return jnp.linalg.solve(X.T @ X + lam * jnp.eye(X.shape[1], dtype=X.dtype), X.T @ y)


@jitted
def ridge_kernel(X, y, lam):
    return X.T @ jnp.linalg.solve(X @ X.T + lam * jnp.eye(len(X), dtype=X.dtype), y)


def ridge(X, y, lam):
    n, d = X.shape
    return ridge_normal(X, y, lam) if n >= d else ridge_kernel(X, y, lam)


@jitted
def ridge_batch(X, y, lam):
    return jax.vmap(lambda X, y: jnp.linalg.solve(X.T @ X + lam * jnp.eye(X.shape[1], dtype=X.dtype), X.T @ y))(X, y)


@jitted
def ridge_loo(X, y, lams):
    U, s, _ = jnp.linalg.svd(X, full_matrices=False)
    factors = s**2 / (s**2 + lams[:, None])
    residuals = y - (factors * (U.T @ y)) @ U.T
    return jnp.mean((residuals / (1 - factors @ (U**2).T)) ** 2, axis=1)


@jitted
def softmax_loss(x, y):
    return jax.value_and_grad(_cross_entropy)(x, y)


def _cross_entropy(x, y):
    return -jnp.mean(nn.log_softmax(x)[jnp.arange(len(x)), y])


def _network(params, X):
    for W, b in zip(params[:-2:2], params[1:-2:2], strict=True):
        X = nn.relu(X @ W + b)
    return X @ params[-2] + params[-1]


_scores = jitted(_network)


@jitted
def _step(params, X, y, reg):
    def loss(params):
        return _cross_entropy(_network(params, X), y) + reg / 2 * sum(jnp.sum(W**2) for W in params[::2])

    return jax.value_and_grad(loss)(params)


class Kept(dict):
    def __setitem__(self, name, value):
        super().__setitem__(name, jnp.asarray(value))


class FullyConnectedNet(Net):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        given, self.params = self.params, Kept()
        for name, value in given.items():
            self.params[name] = value

    def loss(self, X, y=None):
        params, X = list(self.params.values()), X.reshape(len(X), -1)
        if y is None:
            return _scores(params, X)
        loss, grads = _step(params, X, y, self.reg)
        return loss, dict(zip(self.params, grads, strict=True))
