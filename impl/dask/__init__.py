"""The contract's functions over Dask's arrays and dataframes: the same answers from data on many machines.

::

    X = dask.array.from_zarr("X.zarr")
    w = shrinkage.dask.ridge(X, y, 0.1)  # nothing is read yet
    w.compute()

Each chunk of rows becomes a state of d² numbers where it is, states are merged over a tree, and the answer is that of
`shrinkage.streaming`: as accurate as from memory, over any chunks. Chunks may be of any size, unknown ones (of a
dataframe) and empty ones among them; columns may be cut, too. What is given as NumPy arrays, or anything else that is
no Dask collection, is cut by `chunks` and answered at once.
"""

import importlib.util

if importlib.util.find_spec("dask") is None:
    raise ImportError("shrinkage.dask needs Dask: pip install 'shrinkage[dask]'")

# what follows imports Dask

from .beside import predict, residuals, ridge_jacobian, ridge_objective, state
from .choice import ridge_dof, ridge_gcv, ridge_intercept_loo, ridge_loo
from .solutions import (
    lstsq,
    min_norm,
    ridge,
    ridge_batch,
    ridge_intercept,
    ridge_intercept_path,
    ridge_path,
    ridge_posterior,
)
from .training import DataParallel

__all__ = [
    "DataParallel",
    "lstsq",
    "min_norm",
    "predict",
    "residuals",
    "ridge",
    "ridge_batch",
    "ridge_dof",
    "ridge_gcv",
    "ridge_intercept",
    "ridge_intercept_loo",
    "ridge_intercept_path",
    "ridge_jacobian",
    "ridge_loo",
    "ridge_objective",
    "ridge_path",
    "ridge_posterior",
    "state",
]


def __dir__() -> list[str]:
    return __all__
