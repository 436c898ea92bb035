"""Small matrices whose rows are whole vectors: AᵀA in registers, and rows that are added and copied.

A loop in Numba keeps AᵀA in memory, and asks of each row how long it is; BLAS takes long to begin. A is padded with
columns of zeros to whole vectors. A tile is four rows of AᵀA by up to three vectors, twelve sums that stay in registers
while the rows of A pass by: enough for any processor's latency, and few enough for its registers.
"""

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .jit import jit, jit_linked
from .validation import Array

_ROWS, _VECTORS = 4, 3
UNIT = 8  # whatever is padded has a multiple of so many columns: loops of that length have no remainder


def _vector_bytes() -> int:
    """Of the widest vectors of this processor; Numba, too, keeps what it compiled by processor."""
    features = llvm.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx") else 16


_BYTES = _vector_bytes()


@jit_linked
def padded(columns: int, itemsize: int) -> int:
    """So many columns, in whole vectors and units."""
    unit = max(_BYTES // itemsize, UNIT)
    return (columns + unit - 1) // unit * unit


@jit
def add_gram_of_padded(A: Array, p: int, G: Array) -> None:
    """Add to G, as large as A is wide, the first p rows of AᵀA from the diagonal on, and the rest of their tiles."""
    (rows, width), lanes = A.shape, _BYTES // A.itemsize
    for j in range(0, p, _ROWS):
        k = j // lanes * lanes
        while width - k >= _VECTORS * lanes:
            _three(A, rows, j, k, G)
            k += _VECTORS * lanes
        if width - k == 2 * lanes:
            _two(A, rows, j, k, G)
        elif width - k == lanes:
            _one(A, rows, j, k, G)


def vector(context: Any, builder: Any, array: Any, value: Any, row: Any, column: Any, lanes: int) -> Any:
    """Where in the matrix a vector lies, and how far it may be from where a vector would lie by itself."""
    matrix, number = context.make_array(array)(context, builder, value), context.get_value_type(array.dtype)
    width = builder.extract_value(matrix.shape, 1)
    where = builder.gep(matrix.data, [builder.add(builder.mul(row, width), column)])
    return builder.bitcast(where, ir.VectorType(number, lanes).as_pointer()), array.dtype.bitwidth // 8


def load(builder: Any, where: tuple[Any, int]) -> Any:
    loaded = builder.load(where[0])
    loaded.align = where[1]
    return loaded


def spread(builder: Any, value: Any, lanes: int) -> Any:
    first = builder.insert_element(
        ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined), value, ir.IntType(32)(0)
    )
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))


def fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ab + c, in one rounding where the processor has it."""
    name = f"llvm.fmuladd.v{a.type.count}{'f64' if a.type.element == ir.DoubleType() else 'f32'}"
    return builder.call(
        cgutils.get_or_insert_function(builder.module, ir.FunctionType(a.type, [a.type] * 3), name), [a, b, c]
    )


@intrinsic
def add_row(typingctx, A, i, factor, B, j, first, end):  # type: ignore[no-untyped-def]  # with Numba's own types
    """A[i, first:end] += factor · B[j, first:end], by units: first begins one, and end is rounded up."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        A, i, factor, B, j, first, end = values
        factors = spread(builder, factor, UNIT)
        with cgutils.for_range_slice(builder, first, end, first.type(UNIT)) as (k, _):
            into = vector(context, builder, signature.args[0], A, i, k, UNIT)
            other = load(builder, vector(context, builder, signature.args[3], B, j, k, UNIT))
            builder.store(fused(builder, factors, other, load(builder, into)), into[0]).align = into[1]
        return context.get_dummy_value()

    int64 = types.int64
    return types.void(A, int64, A.dtype, B, int64, int64, int64), codegen


@intrinsic
def copy_unit(typingctx, A, i, j, B, r, c):  # type: ignore[no-untyped-def]
    """A[i, j : j + UNIT] = B[r, c : c + UNIT]."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        A, i, j, B, r, c = values
        into = vector(context, builder, signature.args[0], A, i, j, UNIT)
        other = load(builder, vector(context, builder, signature.args[3], B, r, c, UNIT))
        builder.store(other, into[0]).align = into[1]
        return context.get_dummy_value()

    int64 = types.int64
    return types.void(A, int64, int64, B, int64, int64), codegen


def _tile(vectors: int) -> Any:
    def tile(typingctx, A, rows, j, k, G):  # type: ignore[no-untyped-def]
        """G[j : j + 4, k : k + vectors] += AᵀA there, which is summed up first."""

        def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
            A, rows, j, k, G = values
            of_A, of_G = signature.args[0], signature.args[4]
            lanes = _BYTES * 8 // of_A.dtype.bitwidth

            def of_tile(i: int, v: int) -> Any:
                row, column = builder.add(j, j.type(i)), builder.add(k, k.type(v * lanes))
                return vector(context, builder, of_G, G, row, column, lanes)

            zero = ir.Constant(ir.VectorType(context.get_value_type(of_A.dtype), lanes), [0.0] * lanes)
            tile = [(i, v, cgutils.alloca_once_value(builder, zero)) for i in range(_ROWS) for v in range(vectors)]
            with cgutils.for_range(builder, rows) as loop:

                def at(column: Any, lanes: int) -> Any:
                    return load(builder, vector(context, builder, of_A, A, loop.index, column, lanes))

                right = [at(builder.add(k, k.type(v * lanes)), lanes) for v in range(vectors)]
                ones = [builder.extract_element(at(builder.add(j, j.type(i)), 1), j.type(0)) for i in range(_ROWS)]
                left = [spread(builder, one, lanes) for one in ones]
                for i, v, place in tile:
                    builder.store(fused(builder, left[i], right[v], builder.load(place)), place)
            for i, v, place in tile:
                into = of_tile(i, v)
                builder.store(builder.fadd(load(builder, into), builder.load(place)), into[0]).align = into[1]
            return context.get_dummy_value()

        return types.void(A, types.int64, types.int64, types.int64, G), codegen

    return intrinsic(tile)


_one, _two, _three = _tile(1), _tile(2), _tile(3)
