"""The project's own implementation: every function of the contract, compiled with Numba.

The public surface, by chapter. What each function promises is in its docstring and, as data, in `impl.contract`.
"""

# 1 · vector calculus
from .calculus import linear_form as linear_form
from .calculus import linear_form_jacobian as linear_form_jacobian
from .calculus import matvec as matvec
from .calculus import matvec_jacobian as matvec_jacobian
from .calculus import quadratic_form as quadratic_form
from .calculus import quadratic_form_jacobian as quadratic_form_jacobian
from .calculus import squared_norm as squared_norm
from .calculus import squared_norm_jacobian as squared_norm_jacobian

__all__ = [
    "linear_form",
    "linear_form_jacobian",
    "matvec",
    "matvec_jacobian",
    "quadratic_form",
    "quadratic_form_jacobian",
    "squared_norm",
    "squared_norm_jacobian",
]
