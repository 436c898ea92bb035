"""Rows of data that need not be in memory: a batch is read while the one before it is trained on."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

Batch = slice | NDArray[np.intp]


class Rows:
    """Pairs of X[batch] and y[batch]; the same numbers wherever X is.

    Parameters
    ----------
    X : (N, ...)
        An array, or what has a shape, a dtype and slices: a `numpy.memmap`, an array of Zarr or Dask, a Dataset of
        h5py.
    y : (N,)
        In memory: one number a row.
    elsewhere
        Whether X is not in memory, so that reading it is worth a thread.
    """

    def __init__(self, X: Any, y: NDArray[Any], elsewhere: bool) -> None:
        self.X, self.y, self.elsewhere = X, y, elsewhere

    def read(self, batch: Batch) -> tuple[NDArray[Any], NDArray[Any]]:
        """The rows and their labels."""
        if not self.elsewhere or isinstance(batch, slice):
            return np.asarray(self.X[batch]), self.y[batch]
        order = np.argsort(batch)  # a file is read forward, and h5py takes nothing else
        found = np.asarray(self.X[batch[order]])
        rows = np.empty_like(found)
        rows[order] = found
        return rows, self.y[batch]

    def ahead(self, batches: Iterable[Batch]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """One batch after the other, of which the next is read by a thread meanwhile."""
        if not self.elsewhere:
            yield from map(self.read, batches)
            return
        coming: Future[tuple[NDArray[Any], NDArray[Any]]] | None = None
        with ThreadPoolExecutor(1, "rows") as reader:
            for batch in batches:
                ready, coming = coming, reader.submit(self.read, batch)
                if ready is not None:
                    yield ready.result()
            if coming is not None:
                yield coming.result()

    def blocks(self, size: int) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """All rows in their order, so many at once."""
        return self.ahead(slice(first, first + size) for first in range(0, self.y.size, size))
