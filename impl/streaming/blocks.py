"""X and y that are read a block of rows at a time, and the order in which blocks are put together."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike

from .._kernels.validation import F32, F64, Array, count, refuse_shape, sliced
from .state import Block, State, checked, joined, merge, start

# Numbers in a block, if nobody says how many rows: 8 MB, some of the cache.
NUMBERS = 1 << 20

# How many rows a block has; or a tree: a number is a block that is read, a list a state of its own, which is merged.
Blocks = int | Sequence[Any] | None


@dataclass(frozen=True)
class Source:
    """Data that have a shape and are sliced by rows: an array, a `numpy.memmap`, a Dataset of h5py, an array of Zarr.

    Parameters
    ----------
    X, y
        (n, d) and (n,) or (n, k).
    dtype
        float32 when all that is given is, else float64.
    sample_weight
        (n,) or None.
    """

    X: Any
    y: Any
    dtype: Any
    sample_weight: Any = None

    @property
    def n(self) -> int:
        """How many samples."""
        return int(self.X.shape[0])

    def start(self, intercept: bool = False) -> State:
        """The state of none of them."""
        k = None if self.y.ndim == 1 else int(self.y.shape[1])
        return start(int(self.X.shape[1]), k, self.dtype, intercept=intercept)

    def block(self, state: State, first: int, size: int) -> Block:
        """So many rows from the first on, read and checked."""
        rows = slice(first, first + size)
        s = None if self.sample_weight is None else self.sample_weight[rows]
        return checked(state, self._as_they_are(self.X[rows]), self._as_they_are(self.y[rows]), s, first)

    def _as_they_are(self, a: Any) -> Array:
        a = np.asarray(a)
        return a.astype(F64) if self.dtype == F64 and a.dtype != F64 else a

    def state(self, blocks: Blocks = None, intercept: bool = False) -> State:
        """The state of all of them."""
        empty = self.start(intercept)
        state, first = self._gathered(self.tree(blocks), empty, empty, 0)
        if first != self.n:
            raise ValueError(f"blocks must have as many rows as X, {self.n}, but have {first}")
        return state

    def _gathered(self, tree: Sequence[Any], state: State, empty: State, first: int) -> tuple[State, int]:
        for part in tree:
            if _is_tree(part):
                own, first = self._gathered(part, empty, empty, first)
                state = merge(state, own)
            else:
                size = count("blocks", part)
                state, first = joined(state, self.block(empty, first, size)), first + size
        return state, first

    def tree(self, blocks: Blocks = None) -> Sequence[Any]:
        """How the rows are cut: as it is said, or into equal parts one after the other."""
        if _is_tree(blocks):
            return blocks
        columns = int(self.X.shape[1]) + 1
        size = max(columns, NUMBERS // columns) if blocks is None else blocks
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(f"blocks must be None, a number of rows ≥ 1 or a list of such numbers, not {blocks!r}")
        return [min(size, self.n - first) for first in range(0, self.n, size)]

    def again(self, blocks: Blocks = None) -> Callable[[], Iterator[Block]]:
        """What reads all blocks once more, in their order."""
        sizes, empty = [*_leaves(self.tree(blocks))], self.start()

        def read() -> Iterator[Block]:
            first = 0
            for size in sizes:
                yield self.block(empty, first, size)
                first += size

        return read


def _is_tree(part: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(part, Sequence) and not isinstance(part, str)


def _leaves(tree: Sequence[Any]) -> Iterator[int]:
    for part in tree:
        if _is_tree(part):
            yield from _leaves(part)
        else:
            yield part


def source(X: Any, y: Any = None, *numbers: ArrayLike, sample_weight: Any = None) -> Source:
    """X (n, d) and y (n,) or (n, k) to be read by blocks; `numbers` are arrays that have a say in the dtype.

    Where y is None there are no targets.
    """
    X = sliced("X", X)
    if len(X.shape) != 2:
        refuse_shape("X", X, "(n, d)")
    n = int(X.shape[0])
    y = np.zeros((n, 0), X.dtype) if y is None else sliced("y", y)
    if len(y.shape) not in (1, 2) or y.shape[0] != n:
        refuse_shape("y", y, f"({n},) or ({n}, k), one row for each row of X")
    given = [X, y, *map(np.asarray, numbers)]
    if sample_weight is not None:
        sample_weight = sliced("sample_weight", sample_weight)
        if tuple(sample_weight.shape) != (n,):
            refuse_shape("sample_weight", sample_weight, f"({n},), one weight for each row of X")
        given.append(sample_weight)
    dtype = F32 if all(np.dtype(a.dtype).newbyteorder("=") == F32 for a in given) else F64
    return Source(X, y, dtype, sample_weight)
