"""Chapter 5 · update rules, and derivatives by central differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._input import Array, expect, loose, quiet

Config = dict[str, Any]


@quiet
def sgd(w: ArrayLike, dw: ArrayLike, config: Config | None = None) -> tuple[Array, Config]:
    """Gradient descent: w − lr·dw."""
    w, dw = _pair(w, dw)
    config = {"learning_rate": 1e-2, **(config or {})}
    return w - float(config["learning_rate"]) * dw, config


@quiet
def sgd_momentum(w: ArrayLike, dw: ArrayLike, config: Config | None = None) -> tuple[Array, Config]:
    """Momentum: v ← μv − lr·dw, w ← w + v."""
    w, dw = _pair(w, dw)
    config = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": 0, **(config or {})}
    v = _kept("velocity", config, w)
    v = float(config["momentum"]) * v - float(config["learning_rate"]) * dw
    config["velocity"] = v
    return w + v, config


@quiet
def rmsprop(w: ArrayLike, dw: ArrayLike, config: Config | None = None) -> tuple[Array, Config]:
    """Scaled by a running mean of squares: c ← ρc + (1−ρ)dw², w ← w − lr·dw/(√c + ε)."""
    w, dw = _pair(w, dw)
    config = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": 0, **(config or {})}
    rho = float(config["decay_rate"])
    c = rho * _kept("cache", config, w) + (1 - rho) * dw**2
    config["cache"] = c
    return w - float(config["learning_rate"]) * dw / (np.sqrt(c) + float(config["epsilon"])), config


@quiet
def adam(w: ArrayLike, dw: ArrayLike, config: Config | None = None) -> tuple[Array, Config]:
    """Adam: t ← t+1, two moments m and v corrected for bias, w ← w − lr·m̂/(√v̂ + ε)."""
    w, dw = _pair(w, dw)
    start = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "m": 0, "v": 0, "t": 0}
    config = {**start, **(config or {})}
    beta1, beta2 = float(config["beta1"]), float(config["beta2"])
    t = config["t"] + 1
    m = beta1 * _kept("m", config, w) + (1 - beta1) * dw
    v = beta2 * _kept("v", config, w) + (1 - beta2) * dw**2
    config.update(t=t, m=m, v=v)
    unbiased_m, unbiased_v = m / (1 - beta1**t), v / (1 - beta2**t)
    step = float(config["learning_rate"]) * unbiased_m / (np.sqrt(unbiased_v) + float(config["epsilon"]))
    return w - step, config


@quiet
def eval_numerical_gradient(f: Callable[[Array], float], x: ArrayLike) -> Array:
    """Central differences of a scalar f with h = 1e-5."""
    return eval_numerical_gradient_array(f, x, 1)


@quiet
def eval_numerical_gradient_array(f: Callable[[Array], ArrayLike], x: ArrayLike, df: ArrayLike) -> Array:
    """Σ df · ∂f/∂x by central differences with h = 1e-5."""
    given, df = loose(x=x, df=df)
    h = 1e-5
    grad = np.empty_like(given)
    at = given.astype(np.float64)
    for i in np.ndindex(at.shape):
        here = at[i]
        at[i] = here + h
        above = np.array(f(at.copy()), np.float64)
        at[i] = here - h
        below = np.array(f(at.copy()), np.float64)
        at[i] = here
        expect("df", df, df.shape == above.shape, f"{above.shape}, as f(x)")
        grad[i] = np.sum((above - below) * df) / (2 * h)
    return grad


def _pair(w: ArrayLike, dw: ArrayLike) -> list[Array]:
    w, dw = loose(w=w, dw=dw)
    expect("dw", dw, dw.shape == w.shape, f"{w.shape}, as w")
    return [w, dw]


def _kept(name: str, config: Config, w: Array) -> Array:
    """What an earlier call left in the config: zero before the first."""
    value = np.asarray(config[name], w.dtype)
    expect(name, value, value.shape in ((), w.shape), f"{w.shape}, as w")
    return value
