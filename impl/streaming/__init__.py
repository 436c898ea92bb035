"""Least squares and ridge regression of data larger than memory: blocks of rows are put into a state of d² numbers.

::

    state = start(d)
    for X, y in blocks:
        state = update(state, X, y)
    w = state.ridge(lam)

Blocks may be of any size and come in any order; two states are merged into one, so that each file, process or machine
may have its own. What is kept is the triangular factor of [X y], by Householder QR, and nothing is squared: an answer
is as accurate as from memory (`State`). The contract's names, ``ridge(X, y, lam)`` and so on, take anything that has a
shape and is sliced by rows (a `numpy.memmap`, an array of h5py or Zarr), and read it a block at a time.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .file import load, save
from .functions import (
    lstsq,
    min_norm,
    ridge,
    ridge_dof,
    ridge_gcv,
    ridge_intercept,
    ridge_intercept_loo,
    ridge_intercept_path,
    ridge_loo,
    ridge_path,
    ridge_posterior,
)
from .state import State, merge, start, update

if TYPE_CHECKING:
    from .estimator import Ridge

__all__ = [
    "Ridge",
    "State",
    "load",
    "lstsq",
    "merge",
    "min_norm",
    "ridge",
    "ridge_dof",
    "ridge_gcv",
    "ridge_intercept",
    "ridge_intercept_loo",
    "ridge_intercept_path",
    "ridge_loo",
    "ridge_path",
    "ridge_posterior",
    "save",
    "start",
    "update",
]


def __getattr__(name: str) -> Any:
    if name != "Ridge":  # which needs scikit-learn, and nothing else here does
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(".estimator", __name__).Ridge


def __dir__() -> list[str]:
    return __all__
