"""Chapter 5: the update rules, ``rule(w, dw, config) -> (next_w, next_config)``.

`config` maps names to settings and state; what is missing takes its default. The caller's stays as it was: what comes
back is a copy, filled in, for the next call. The state has the dtype of w. NaN and infinity pass through.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._kernels.jit import jit, jit_linked
from .._kernels.parallel import Team, in_chunks, together, workers
from .._kernels.stream import Arrays, Numbers, stream
from .._kernels.validation import Array, count, floats, packed, real, refuse_shape

__all__ = ["adam", "rmsprop", "sgd", "sgd_momentum"]

Config = Mapping[str, Any]
Update = tuple[Array, dict[str, Any]]


def sgd(w: ArrayLike, dw: ArrayLike, config: Config | None = None) -> Update:
    """w − lr · dw.

    Parameters
    ----------
    w, dw
        Parameters and their gradient, of one shape.
    config
        ``learning_rate`` 1e-2.

    Returns
    -------
    next_w : Array
        A new array, in the shape of w.
    next_config : dict
        For the next call.

    Raises
    ------
    ValueError
        For a wrong shape.
    TypeError
        For a config that is no dict.

    Notes
    -----
    2n flops for n entries. Robbins and Monro (1951).
    """
    a, g = _parameters(w, dw)
    settings = _settings(config, learning_rate=1e-2)
    out = np.empty(a.shape, a.dtype)
    _spread(_sgd, (a, g), _numbers(settings, "learning_rate"), (out,))
    return out, settings


def sgd_momentum(w: ArrayLike, dw: ArrayLike, config: Config | None = None) -> Update:
    """w + v, with v ← μv − lr · dw.

    Parameters
    ----------
    w, dw
        Parameters and their gradient, of one shape.
    config
        ``learning_rate`` 1e-2, ``momentum`` 0.9 and, as state, ``velocity`` 0.

    Returns
    -------
    next_w : Array
        A new array, in the shape of w.
    next_config : dict
        For the next call.

    Raises
    ------
    ValueError
        For a wrong shape, of the state too.
    TypeError
        For a config that is no dict.

    Notes
    -----
    4n flops for n entries. Polyak, "Some methods of speeding up the convergence of iteration methods" (1964).
    """
    a, g = _parameters(w, dw)
    settings = _settings(config, "velocity", learning_rate=1e-2, momentum=0.9)
    v, next_v = _state(settings, "velocity", a)
    out = np.empty(a.shape, a.dtype)
    _spread(_sgd_momentum, (a, g, v), _numbers(settings, "learning_rate", "momentum"), (out, next_v))
    return out, settings


def rmsprop(w: ArrayLike, dw: ArrayLike, config: Config | None = None) -> Update:
    """w − lr · dw/(√c + ε), with c ← ρc + (1 − ρ)dw².

    Parameters
    ----------
    w, dw
        Parameters and their gradient, of one shape.
    config
        ``learning_rate`` 1e-2, ``decay_rate`` 0.99, ``epsilon`` 1e-8 and, as state, ``cache`` 0.

    Returns
    -------
    next_w : Array
        A new array, in the shape of w.
    next_config : dict
        For the next call.

    Raises
    ------
    ValueError
        For a wrong shape, of the state too.
    TypeError
        For a config that is no dict.

    Notes
    -----
    9n flops for n entries. Tieleman and Hinton, "Lecture 6.5: RMSProp", Coursera (2012).
    """
    a, g = _parameters(w, dw)
    settings = _settings(config, "cache", learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    c, next_c = _state(settings, "cache", a)
    out = np.empty(a.shape, a.dtype)
    _spread(_rmsprop, (a, g, c), _numbers(settings, "learning_rate", "decay_rate", "epsilon"), (out, next_c))
    return out, settings


def adam(w: ArrayLike, dw: ArrayLike, config: Config | None = None) -> Update:
    """w − lr · m̂/(√v̂ + ε), with t ← t + 1, m ← β₁m + (1 − β₁)dw, v ← β₂v + (1 − β₂)dw².

    m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ) take out the bias towards the zeros that m and v start from.

    Parameters
    ----------
    w, dw
        Parameters and their gradient, of one shape.
    config
        ``learning_rate`` 1e-3, ``beta1`` 0.9, ``beta2`` 0.999, ``epsilon`` 1e-8 and, as state, ``m`` 0, ``v`` 0 and
        ``t`` 0.

    Returns
    -------
    next_w : Array
        A new array, in the shape of w.
    next_config : dict
        For the next call.

    Raises
    ------
    ValueError
        For a wrong shape, of the state too.
    TypeError
        For a config that is no dict.

    Notes
    -----
    13n flops for n entries. Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.
    """
    a, g = _parameters(w, dw)
    settings = _settings(config, "m", "v", learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0)
    t = settings["t"] = count("t", settings["t"]) + 1
    m, next_m = _state(settings, "m", a)
    v, next_v = _state(settings, "v", a)
    out = np.empty(a.shape, a.dtype)
    numbers = [float(t), *_numbers(settings, "learning_rate", "beta1", "beta2", "epsilon")]
    _spread(_adam, (a, g, m, v), numbers, (out, next_m, next_v))
    return out, settings


UPDATE_RULES: dict[str, Callable[..., Update]] = {
    "sgd": sgd,
    "sgd_momentum": sgd_momentum,
    "rmsprop": rmsprop,
    "adam": adam,
}
# Every key that some rule knows.
SETTINGS = frozenset(
    {"learning_rate", "momentum", "velocity", "decay_rate", "epsilon", "cache", "beta1", "beta2", "m", "v", "t"}
)


# Each rule is an entry of a `stream`, and the kernel that makes the numbers it needs out of the settings.


@jit
def _sgd(team: Team, threads: int, w: Array, dw: Array, lr: float, next_w: Array) -> None:
    in_chunks(team, threads, threads, _sgd_share, (threads, (w, dw), (next_w,), (w.dtype.type(lr),)))


@jit
def _sgd_share(c: int, shared: Any) -> None:
    stream(_sgd_entry, c, shared)


@jit_linked
def _sgd_entry(i: int, read: Arrays, written: Arrays, numbers: Numbers) -> None:
    (w, dw), (next_w,), (rate,) = read, written, numbers
    next_w[i] = w[i] - rate * dw[i]


@jit
def _sgd_momentum(
    team: Team, threads: int, w: Array, dw: Array, v: Array, lr: float, momentum: float, next_w: Array, next_v: Array
) -> None:
    in_chunks(
        team,
        threads,
        threads,
        _sgd_momentum_share,
        (threads, (w, dw, v), (next_w, next_v), (w.dtype.type(lr), w.dtype.type(momentum))),
    )


@jit
def _sgd_momentum_share(c: int, shared: Any) -> None:
    stream(_sgd_momentum_entry, c, shared)


@jit_linked
def _sgd_momentum_entry(i: int, read: Arrays, written: Arrays, numbers: Numbers) -> None:
    (w, dw, v), (next_w, next_v), (rate, mu) = read, written, numbers
    velocity = mu * v[i] - rate * dw[i]
    next_v[i] = velocity
    next_w[i] = w[i] + velocity


@jit
def _rmsprop(
    team: Team,
    threads: int,
    w: Array,
    dw: Array,
    c: Array,
    lr: float,
    decay: float,
    epsilon: float,
    next_w: Array,
    next_c: Array,
) -> None:
    rate, rho, rest, eps = w.dtype.type(lr), w.dtype.type(decay), w.dtype.type(1 - decay), w.dtype.type(epsilon)
    in_chunks(team, threads, threads, _rmsprop_share, (threads, (w, dw, c), (next_w, next_c), (rate, rho, rest, eps)))


@jit
def _rmsprop_share(c: int, shared: Any) -> None:
    stream(_rmsprop_entry, c, shared)


@jit_linked
def _rmsprop_entry(i: int, read: Arrays, written: Arrays, numbers: Numbers) -> None:
    (w, dw, c), (next_w, next_c), (rate, rho, rest, eps) = read, written, numbers
    square = rho * c[i] + rest * dw[i] * dw[i]
    next_c[i] = square
    next_w[i] = w[i] - rate * dw[i] / (math.sqrt(square) + eps)


@jit
def _adam(
    team: Team,
    threads: int,
    w: Array,
    dw: Array,
    m: Array,
    v: Array,
    t: float,
    lr: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    next_w: Array,
    next_m: Array,
    next_v: Array,
) -> None:
    # The two corrections of bias are the same for all parameters and fold into the rate and ε (Kingma and Ba 2015, end
    # of section 2): one division and one root each, which are what takes the time, and fewer roundings.
    root = math.sqrt(1 - beta2**t)
    rate, eps = w.dtype.type(lr * root / (1 - beta1**t)), w.dtype.type(epsilon * root)
    keep_m, add_m = w.dtype.type(beta1), w.dtype.type(1 - beta1)
    keep_v, add_v = w.dtype.type(beta2), w.dtype.type(1 - beta2)
    numbers = (rate, eps, keep_m, add_m, keep_v, add_v)
    in_chunks(team, threads, threads, _adam_share, (threads, (w, dw, m, v), (next_w, next_m, next_v), numbers))


@jit
def _adam_share(c: int, shared: Any) -> None:
    stream(_adam_entry, c, shared)


@jit_linked
def _adam_entry(i: int, read: Arrays, written: Arrays, numbers: Numbers) -> None:
    (w, dw, m, v), (next_w, next_m, next_v) = read, written
    rate, eps, keep_m, add_m, keep_v, add_v = numbers
    first = keep_m * m[i] + add_m * dw[i]
    second = keep_v * v[i] + add_v * dw[i] * dw[i]
    next_m[i] = first
    next_v[i] = second
    next_w[i] = w[i] - rate * first / (math.sqrt(second) + eps)


def _spread(rule: Any, read: tuple[Array, ...], numbers: list[float], written: tuple[Array, ...]) -> None:
    w = read[0]
    threads = workers(0, (len(read) + len(written)) * w.nbytes)
    if w.ndim == 1:
        together(threads, rule, *read, *numbers, *written, blas=False)
    else:
        flat = [a.reshape(-1) for a in (*read, *written)]
        together(threads, rule, *flat[: len(read)], *numbers, *flat[len(read) :], blas=False)


def _parameters(w: ArrayLike, dw: ArrayLike) -> tuple[Array, Array]:
    a, g = floats("w dw", w, dw)
    if g.shape != a.shape:
        refuse_shape("dw", g, f"{a.shape}, that of w")
    return a, g


def _settings(config: Config | None, *state: str, **defaults: float) -> dict[str, Any]:
    """A copy of the caller's config with the defaults where a key is missing.

    Arrays are copied too, but for those named as state, which `_state` replaces.
    """
    if config is None:
        return defaults
    if not isinstance(config, Mapping):
        raise TypeError(f"config must be a dict or None, not {type(config).__name__}")
    settings: dict[str, Any] = {**defaults, **config}
    for name, value in config.items():
        if isinstance(value, np.ndarray) and name not in state:
            settings[name] = value.copy()
    return settings


def _numbers(settings: dict[str, Any], *names: str) -> list[float]:
    """The settings as floats, which may be NaN or infinite."""
    return [v if type(v := settings[name]) is float else _number(name, v) for name in names]


def _number(name: str, value: ArrayLike) -> float:
    array = real(name, value)
    if array.ndim:
        refuse_shape(name, array, "(): it is a number")
    return float(array)


def _state(settings: dict[str, Any], name: str, w: Array) -> tuple[Array, Array]:
    """The state as it is, and where the next one goes; a number stands for an array full of it."""
    state = settings.get(name, 0)
    settings[name] = np.empty(w.shape, w.dtype)
    if not (type(state) is np.ndarray and state.dtype is w.dtype and state.flags.carray):
        state = real(name, state)
        state = packed(state, w.dtype) if state.ndim else np.full_like(w, state)
    if state.shape != w.shape:
        refuse_shape(name, state, f"{w.shape}, that of w, or be a number")
    return state, settings[name]
