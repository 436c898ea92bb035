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


def _vector(context: Any, builder: Any, array: Any, value: Any, row: Any, column: Any, lanes: int) -> Any:
    """Where in the matrix a vector lies, and how far it may be from where a vector would lie by itself."""
    matrix, number = context.make_array(array)(context, builder, value), context.get_value_type(array.dtype)
    width = builder.extract_value(matrix.shape, 1)
    where = builder.gep(matrix.data, [builder.add(builder.mul(row, width), column)])
    return builder.bitcast(where, ir.VectorType(number, lanes).as_pointer()), array.dtype.bitwidth // 8


def _load(builder: Any, where: tuple[Any, int]) -> Any:
    loaded = builder.load(where[0])
    loaded.align = where[1]
    return loaded


def _spread(builder: Any, value: Any, lanes: int) -> Any:
    first = builder.insert_element(
        ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined), value, ir.IntType(32)(0)
    )
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))


def _fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
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
        spread = _spread(builder, factor, UNIT)
        with cgutils.for_range_slice(builder, first, end, first.type(UNIT)) as (k, _):
            into = _vector(context, builder, signature.args[0], A, i, k, UNIT)
            other = _load(builder, _vector(context, builder, signature.args[3], B, j, k, UNIT))
            builder.store(_fused(builder, spread, other, _load(builder, into)), into[0]).align = into[1]
        return context.get_dummy_value()

    int64 = types.int64
    return types.void(A, int64, A.dtype, B, int64, int64, int64), codegen


@intrinsic
def copy_unit(typingctx, A, i, j, B, r, c):  # type: ignore[no-untyped-def]
    """A[i, j : j + UNIT] = B[r, c : c + UNIT]."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        A, i, j, B, r, c = values
        into = _vector(context, builder, signature.args[0], A, i, j, UNIT)
        other = _load(builder, _vector(context, builder, signature.args[3], B, r, c, UNIT))
        builder.store(other, into[0]).align = into[1]
        return context.get_dummy_value()

    int64 = types.int64
    return types.void(A, int64, int64, B, int64, int64), codegen


@intrinsic
def add_products(typingctx, C, c, sign, A, a, step_a, B, b, step_b, count):  # type: ignore[no-untyped-def]
    """C[c] += sign · Σ A[a + m step_a] B[b + m step_b] over m < count, entry by entry of rows of two units."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        C, c, sign, A, a, step_a, B, b, step_b, count = values
        of_C, of_A, of_B = signature.args[0], signature.args[3], signature.args[6]
        lanes, first = 2 * UNIT, c.type(0)
        into = _vector(context, builder, of_C, C, c, first, lanes)
        total = cgutils.alloca_once(builder, into[0].type.pointee)
        builder.store(_load(builder, into), total)
        signs = _spread(builder, sign, lanes)
        with cgutils.for_range(builder, count) as loop:
            row_a = builder.add(a, builder.mul(loop.index, step_a))
            row_b = builder.add(b, builder.mul(loop.index, step_b))
            left = _load(builder, _vector(context, builder, of_A, A, row_a, first, lanes))
            right = _load(builder, _vector(context, builder, of_B, B, row_b, first, lanes))
            builder.store(_fused(builder, builder.fmul(left, signs), right, builder.load(total)), total)
        builder.store(builder.load(total), into[0]).align = into[1]
        return context.get_dummy_value()

    int64 = types.int64
    return types.void(C, int64, C.dtype, A, int64, int64, B, int64, int64, int64), codegen


@intrinsic
def multiply(typingctx, C, c, A, a):  # type: ignore[no-untyped-def]
    """C[c] *= A[a], of rows of two units."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        C, c, A, a = values
        into = _vector(context, builder, signature.args[0], C, c, c.type(0), 2 * UNIT)
        other = _load(builder, _vector(context, builder, signature.args[2], A, a, c.type(0), 2 * UNIT))
        builder.store(builder.fmul(_load(builder, into), other), into[0]).align = into[1]
        return context.get_dummy_value()

    return types.void(C, types.int64, A, types.int64), codegen


@intrinsic
def largest(typingctx, C, c, A, count):  # type: ignore[no-untyped-def]
    """C[c] = max |A[m]| over m < count, of rows of two units; NaN does not count."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        C, c, A, count = values
        into = _vector(context, builder, signature.args[0], C, c, c.type(0), 2 * UNIT)
        kind = into[0].type.pointee
        total, zero = cgutils.alloca_once(builder, kind), ir.Constant(kind, [0.0] * kind.count)
        builder.store(zero, total)
        with cgutils.for_range(builder, count) as loop:
            row = _load(builder, _vector(context, builder, signature.args[2], A, loop.index, c.type(0), 2 * UNIT))
            for size in (row, builder.fsub(zero, row)):
                best = builder.load(total)
                builder.store(builder.select(builder.fcmp_ordered(">", size, best), size, best), total)
        builder.store(builder.load(total), into[0]).align = into[1]
        return context.get_dummy_value()

    return types.void(C, types.int64, A, types.int64), codegen


def _tile(vectors: int) -> Any:
    def tile(typingctx, A, rows, j, k, G):  # type: ignore[no-untyped-def]
        """G[j : j + 4, k : k + vectors] += AᵀA there, which is summed up first."""

        def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
            A, rows, j, k, G = values
            of_A, of_G = signature.args[0], signature.args[4]
            lanes = _BYTES * 8 // of_A.dtype.bitwidth

            def of_tile(i: int, v: int) -> Any:
                row, column = builder.add(j, j.type(i)), builder.add(k, k.type(v * lanes))
                return _vector(context, builder, of_G, G, row, column, lanes)

            zero = ir.Constant(ir.VectorType(context.get_value_type(of_A.dtype), lanes), [0.0] * lanes)
            tile = [(i, v, cgutils.alloca_once_value(builder, zero)) for i in range(_ROWS) for v in range(vectors)]
            with cgutils.for_range(builder, rows) as loop:

                def at(column: Any, lanes: int) -> Any:
                    return _load(builder, _vector(context, builder, of_A, A, loop.index, column, lanes))

                right = [at(builder.add(k, k.type(v * lanes)), lanes) for v in range(vectors)]
                ones = [builder.extract_element(at(builder.add(j, j.type(i)), 1), j.type(0)) for i in range(_ROWS)]
                left = [_spread(builder, one, lanes) for one in ones]
                for i, v, place in tile:
                    builder.store(_fused(builder, left[i], right[v], builder.load(place)), place)
            for i, v, place in tile:
                into = of_tile(i, v)
                builder.store(builder.fadd(_load(builder, into), builder.load(place)), into[0]).align = into[1]
            return context.get_dummy_value()

        return types.void(A, types.int64, types.int64, types.int64, G), codegen

    return intrinsic(tile)


_one, _two, _three = _tile(1), _tile(2), _tile(3)
