"""What people type in optax: `--impl optax-as-written`. In double precision; what a rule keeps is in its config."""

import jax
import numpy as np
import optax
from jax import numpy as jnp

from .. import Library

jax.config.update("jax_enable_x64", True)

LIBRARY = Library(
    distribution="optax",
    oldest="0.2",
    module="optax",
    one_thread={"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"},
)


def softmax_loss(x, y):
    loss, gradient = jax.value_and_grad(lambda x: optax.softmax_cross_entropy_with_integer_labels(x, y).mean())(x)
    return float(loss), np.asarray(gradient)


def sgd(w, dw, config=None):
    config = {"learning_rate": 1e-2, **(config or {})}
    rule = optax.sgd(config["learning_rate"])
    return np.asarray(optax.apply_updates(w, rule.update(dw, rule.init(w))[0])), config


def adam(w, dw, config=None):
    start = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}
    config = {**start, "m": np.zeros_like(w), "v": np.zeros_like(w), **(config or {})}
    rule = optax.scale_by_adam(config["beta1"], config["beta2"], config["epsilon"])
    update, kept = rule.update(dw, optax.ScaleByAdamState(jnp.asarray(config["t"]), config["m"], config["v"]))
    config |= {"t": int(kept.count), "m": np.asarray(kept.mu), "v": np.asarray(kept.nu)}
    return np.asarray(optax.apply_updates(w, -config["learning_rate"] * update)), config
