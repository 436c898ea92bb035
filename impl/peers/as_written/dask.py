"""What people type in Dask: `--impl dask-as-written`. A chunk of as many rows as there are columns."""

import dask.array as da

from .. import Library

LIBRARY = Library(distribution="dask", oldest="2026.8", module="dask")


def chunked(X):
    return da.from_array(X, chunks=(max(1, X.shape[1]), *X.shape[1:]))


def squared_norm(x):
    x = da.from_array(x)
    return (x @ x).compute()


def matvec(A, x):
    return (da.from_array(A) @ da.from_array(x)).compute()


def lstsq(X, y):
    X = chunked(X)
    return da.linalg.lstsq(X, da.from_array(y, chunks=(X.chunks[0], *y.shape[1:])))[0].compute()


def ridge(X, y, lam):
    X, y = da.from_array(X), da.from_array(y)
    return da.linalg.solve(X.T @ X + lam * da.eye(X.shape[1], chunks=X.shape[1]), X.T @ y).compute()
