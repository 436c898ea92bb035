"""Arrays by their address, so that one compiled function takes any number of them.

Numba compiles a function anew for every length of a tuple of arrays, and a list of arrays is slow to hand over. A net
of any depth passes its parameters as one array of addresses instead. Whoever does so holds on to the arrays.
"""

from collections.abc import Sequence

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from .jit import jit, jit_linked
from .validation import Array

Addresses = NDArray[np.int64]


def addresses(matrices_and_vectors: Sequence[Array]) -> Addresses:
    """The addresses of contiguous arrays, a matrix and a vector in turn, good as long as the arrays are."""
    where = np.empty(len(matrices_and_vectors), np.int64)
    for i in range(0, where.size, 2):
        _note(matrices_and_vectors[i], matrices_and_vectors[i + 1], where, i)
    return where


@jit
def _note(matrix: Array, vector: Array, where: Addresses, i: int) -> None:
    """Write what `.ctypes.data` says, ten times faster."""
    where[i], where[i + 1] = matrix.ctypes.data, vector.ctypes.data


@intrinsic
def _pointer(typingctx, address, like):  # type: ignore[no-untyped-def]  # Numba calls it with its own types
    """Take an address for a pointer to numbers of the dtype of `like`."""
    kind = types.CPointer(like.dtype)

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        return builder.inttoptr(values[0], context.get_value_type(kind))

    return kind(types.int64, like), codegen


@jit_linked
def matrix_at(address: int, rows: int, columns: int, like: Array) -> Array:
    """The matrix that lies at an address, of the dtype of `like`."""
    return numba.carray(_pointer(address, like), (rows, columns))


@jit_linked
def vector_at(address: int, size: int, like: Array) -> Array:
    """The vector that lies at an address, of the dtype of `like`."""
    return numba.carray(_pointer(address, like), (size,))
