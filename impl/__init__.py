"""The project's own implementation: every function of the contract, compiled with Numba.

What each function promises is in its docstring and, as data, in `shrinkage.contract`. A function is imported when it is
first asked for: Numba and SciPy load with it, and not for who judges code of his own.
"""

# ruff: noqa: F403  # each module says in its __all__ what is public

import importlib
from typing import TYPE_CHECKING, Any

from .contract import CONTRACT

__version__ = "0.1.0"

__all__ = list(CONTRACT)

if TYPE_CHECKING:  # to be read by type checkers and editors, as they cannot run the rest
    from .calculus import *
    from .least_squares import *
    from .nets.gradient_check import *
    from .nets.layers import *
    from .nets.losses import *
    from .nets.net import *
    from .nets.optim import *
    from .nets.solver import *
    from .relu.network import *
    from .relu.unit import *
    from .ridge_regression.auto import *
    from .ridge_regression.batch import *
    from .ridge_regression.by_feature import *
    from .ridge_regression.filters import *
    from .ridge_regression.forms.augmented_columns import *
    from .ridge_regression.forms.augmented_rows import *
    from .ridge_regression.forms.kernel import *
    from .ridge_regression.forms.map import *
    from .ridge_regression.forms.normal import *
    from .ridge_regression.forms.svd import *
    from .ridge_regression.intercept.loo import *
    from .ridge_regression.intercept.path import *
    from .ridge_regression.intercept.solution import *
    from .ridge_regression.loo import *
    from .ridge_regression.objective import *
    from .ridge_regression.path import *
    from .ridge_regression.posterior import *
    from .ridge_regression.selection import *
else:

    def __getattr__(name: str) -> Any:
        if name == "claims":
            return importlib.import_module(".claims", __name__)
        if name not in CONTRACT:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f".{CONTRACT[name].module}", __name__), name)
        globals()[name] = value  # the next access is as quick as to any module
        return value

    def __dir__() -> list[str]:
        return ["__version__", *__all__]
