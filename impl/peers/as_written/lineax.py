"""What people type in lineax: `--impl lineax-as-written`. In double precision, by the solver that it picks itself."""

import jax
import lineax as lx
import numpy as np
from jax import numpy as jnp

from .. import Library

jax.config.update("jax_enable_x64", True)

LIBRARY = Library(
    distribution="lineax",
    oldest="0.1",
    module="lineax",
    one_thread={"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"},
)


def lstsq(X, y):
    operator = lx.MatrixLinearOperator(jnp.asarray(X))
    return np.asarray(lx.linear_solve(operator, jnp.asarray(y), lx.AutoLinearSolver(well_posed=None)).value)


min_norm = lstsq


def ridge(X, y, lam):
    gram = lx.MatrixLinearOperator(jnp.asarray(X.T @ X + lam * np.eye(X.shape[1])), lx.positive_semidefinite_tag)
    return np.asarray(lx.linear_solve(gram, jnp.asarray(X.T @ y)).value)
