"""Numbers of sixteen problems side by side, a row of two units: each step is one operation for all of them.

Such a row begins a cache line: a vector that lies in two lines takes twice as long. LLVM makes vectors of a loop over
lanes only where it can prove that no array overlaps another, which it seldom can; these steps are vectors as written.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from .jit import jit, jit_linked
from .tile import UNIT, fused, load, vector
from .validation import Array

LANES = 2 * UNIT
_LINE = 64  # bytes


@jit_linked
def rows_of_lanes(rows: int, like: Array) -> Array:
    """So many rows, of the dtype of `like`."""
    room = np.empty(rows * LANES + _LINE // like.itemsize, like.dtype)
    first = (-room.ctypes.data % _LINE) // like.itemsize
    return room[first : first + rows * LANES].reshape(rows, LANES)


@jit_linked
def parted(rows: Array, first: int) -> tuple[Array, Array]:
    """The first so many rows, and the others."""
    return rows[:first], rows[first:]


# ---- between matrices and lanes --------------------------------------------------------------------------------------


@jit
def take(X: Array, places: NDArray[np.int64], A: Array, sizes: Array, c: int) -> None:
    """A[m, lane] = X[0, places[lane] + m], and sizes[c] the largest |A[m]|; NaN does not count."""
    rows = A.shape[0]
    fill(sizes[c : c + 1], 0)
    if rows >= UNIT:
        for m in range(0, rows, UNIT):
            _take_unit(X, places, min(m, rows - UNIT), A, sizes, c, LANES * rows)
        return
    for m in range(rows):
        for lane in range(LANES):
            A[m, lane] = X[0, places[lane] + m]
    largest(sizes, c, A, rows)


@jit
def put(A: Array, X: Array, places: NDArray[np.int64]) -> None:
    """X[0, places[lane] + m] = A[m, lane]."""
    rows = A.shape[0]
    if rows >= UNIT:
        for m in range(0, rows, UNIT):
            _put_unit(X, places, min(m, rows - UNIT), A)
        return
    for m in range(rows):
        for lane in range(LANES):
            X[0, places[lane] + m] = A[m, lane]


@intrinsic
def _take_unit(typingctx, X, places, m, A, sizes, c, ahead):  # type: ignore[no-untyped-def]  # with Numba's own types
    """A[m : m + UNIT], and sizes[c] at least their sizes; what lies so far ahead in X is asked for, to come soon."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        X, places, m, A, sizes, c, ahead = values
        for first in range(0, LANES, UNIT):
            sources = _in_matrix(context, builder, signature, X, places, m, first)
            taken = _transposed(builder, [load(builder, source) for source in sources])
            for source, _ in sources:
                _ask_for(builder, builder.gep(builder.bitcast(source, taken[0].type.element.as_pointer()), [ahead]))
            into = _at(context, builder, signature.args[4], sizes, c, first, UNIT)
            size = load(builder, into)
            for i, row in enumerate(taken):
                size = _larger(builder, size, row)
                target = _at(context, builder, signature.args[3], A, builder.add(m, m.type(i)), first, UNIT)
                builder.store(row, target[0]).align = target[1]
            builder.store(size, into[0]).align = into[1]
        return context.get_dummy_value()

    n = types.int64
    return types.void(X, places, n, A, sizes, n, n), codegen


@intrinsic
def _put_unit(typingctx, X, places, m, A):  # type: ignore[no-untyped-def]
    """Those of A[m : m + UNIT]."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        X, places, m, A = values
        for first in range(0, LANES, UNIT):
            rows = [
                load(builder, _at(context, builder, signature.args[3], A, builder.add(m, m.type(i)), first, UNIT))
                for i in range(UNIT)
            ]
            targets = _in_matrix(context, builder, signature, X, places, m, first)
            for target, column in zip(targets, _transposed(builder, rows), strict=True):
                builder.store(column, target[0]).align = target[1]
        return context.get_dummy_value()

    return types.void(X, places, types.int64, A), codegen


def _in_matrix(context: Any, builder: Any, signature: Any, X: Any, places: Any, m: Any, first: int) -> list[Any]:
    """Where in X the numbers from m on lie, of each lane of a unit."""
    data = context.make_array(signature.args[1])(context, builder, places).data
    starts = [builder.load(builder.gep(data, [m.type(first + lane)])) for lane in range(UNIT)]
    return [vector(context, builder, signature.args[0], X, m.type(0), builder.add(start, m), UNIT) for start in starts]


_PAIRS = (0, 1, 4, 5, 8, 9, 12, 13), (2, 3, 6, 7, 10, 11, 14, 15)
_SHUFFLES = ((0, 8, 2, 10, 4, 12, 6, 14), (1, 9, 3, 11, 5, 13, 7, 15)), _PAIRS, _PAIRS


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Of a square of a unit by a unit; of float64 each shuffle is one instruction of AVX-512."""
    for orders in _SHUFFLES:
        rows = [
            builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), UNIT), list(order)))
            for order in orders
            for a, b in zip(rows[::2], rows[1::2], strict=True)
        ]
    return rows


def _ask_for(builder: Any, place: Any) -> None:
    """Have a line of memory in the second cache soon, if there is such memory."""
    place, int32 = builder.bitcast(place, ir.IntType(8).as_pointer()), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [place.type, int32, int32, int32])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
    builder.call(function, [place, int32(0), int32(2), int32(1)])  # to be read; the cache; data


# ---- within lanes ----------------------------------------------------------------------------------------------------


def _at(context: Any, builder: Any, kind: Any, A: Any, row: Any, lane: int = 0, lanes: int = LANES) -> tuple[Any, int]:
    """Where so many numbers of a row lie, and how far they may be from where a vector would lie by itself."""
    data, number = context.make_array(kind)(context, builder, A).data, context.get_value_type(kind.dtype)
    where = builder.gep(data, [builder.add(builder.mul(row, row.type(LANES)), row.type(lane))])
    return builder.bitcast(where, ir.VectorType(number, lanes).as_pointer()), kind.dtype.bitwidth // 8


def _called(builder: Any, name: str, row: Any) -> Any:
    """What LLVM's function of this name gives of each number."""
    name = f"llvm.{name}.v{row.type.count}{'f64' if row.type.element == ir.DoubleType() else 'f32'}"
    kind = ir.FunctionType(row.type, [row.type])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [row])


def _larger(builder: Any, size: Any, row: Any) -> Any:
    other = _called(builder, "fabs", row)
    return builder.select(builder.fcmp_ordered(">", other, size), other, size)


def _over_root(builder: Any, before: Any, row: Any) -> Any:
    return builder.fdiv(ir.Constant(row.type, [1.0] * row.type.count), _called(builder, "sqrt", row))


def _row(changed: Callable[[Any, Any, Any], Any]) -> Any:
    def row(typingctx, C, c, A, a):  # type: ignore[no-untyped-def]
        """C[c] = changed(C[c], A[a])."""

        def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
            C, c, A, a = values
            into = _at(context, builder, signature.args[0], C, c)
            other = load(builder, _at(context, builder, signature.args[2], A, a))
            builder.store(changed(builder, load(builder, into), other), into[0]).align = into[1]
            return context.get_dummy_value()

        return types.void(C, types.int64, A, types.int64), codegen

    return intrinsic(row)


assign = _row(lambda builder, before, row: row)
assign_over_root = _row(_over_root)  # 1/√
add = _row(lambda builder, before, row: builder.fadd(before, row))
multiply = _row(lambda builder, before, row: builder.fmul(before, row))
enlarge = _row(_larger)  # by a larger size
add_flaw = _row(lambda builder, before, row: builder.fadd(before, builder.fsub(row, row)))  # NaN of what is not finite


@jit_linked
def largest(C: Array, c: int, A: Array, rows: int) -> None:
    """C[c] = max |A[m]| over so many rows; NaN does not count."""
    fill(C[c : c + 1], 0)
    for m in range(rows):
        enlarge(C, c, A, m)


@jit_linked
def fill(A: Array, number: float) -> None:
    """Overwrite A with a number."""
    for m in range(A.shape[0]):
        for lane in range(LANES):
            A[m, lane] = number


@jit_linked
def copy(A: Array, out: Array) -> None:
    """Overwrite out with A."""
    for m in range(A.shape[0]):
        assign(out, m, A, m)


def _tile(height: int, width: int, sign: str) -> Any:
    def tile(typingctx, C, c, C_i, rows, A, a, A_i, A_m, columns, B, b, B_k, B_m, count):  # type: ignore[no-untyped-def]
        """C[c + i C_i + k] is, or is changed by, Σ A[a + i A_i + m A_m] B[b + k B_k + m B_m] over m < count.

        Of each lane, for i below the height of the tile and `rows`, and k below its width and `columns`. Its sums stay
        in registers, and each row that is read is in several of them.
        """

        def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
            C, c, C_i, rows, A, a, A_i, A_m, columns, B, b, B_k, B_m, count = values
            of_C, of_A, of_B = signature.args[0], signature.args[4], signature.args[9]

            def steps(most: int, size: Any) -> list[Any]:
                """0, 1, …, and past the end the last one again: it is computed again, and stored again."""
                last, made = builder.sub(size, size.type(1)), [size.type(0)]
                for i in range(1, most):
                    made.append(builder.select(builder.icmp_signed("<", last.type(i), last), last.type(i), last))
                return made

            down, across = steps(height, rows), steps(width, columns)
            first_A = [builder.add(a, builder.mul(i, A_i)) for i in down]
            first_B = [builder.add(b, builder.mul(k, B_k)) for k in across]
            first_C = [builder.add(c, builder.mul(i, C_i)) for i in down]
            into = [[_at(context, builder, of_C, C, builder.add(first, k)) for k in across] for first in first_C]
            zeros = ir.Constant(into[0][0][0].type.pointee, [0.0] * LANES)
            totals = [
                [cgutils.alloca_once_value(builder, load(builder, place) if sign else zeros) for place in row]
                for row in into
            ]
            with cgutils.for_range(builder, count) as loop:

                def read(kind: Any, array: Any, first: Any, step: Any) -> Any:
                    row = builder.add(first, builder.mul(loop.index, step))
                    return load(builder, _at(context, builder, kind, array, row))

                right = [read(of_B, B, first, B_m) for first in first_B]
                for first, row in zip(first_A, totals, strict=True):
                    left = read(of_A, A, first, A_m)
                    if sign == "-":
                        left = builder.fneg(left)
                    for other, total in zip(right, row, strict=True):
                        builder.store(fused(builder, left, other, builder.load(total)), total)
            for places, row in zip(into, totals, strict=True):
                for place, total in zip(places, row, strict=True):
                    builder.store(builder.load(total), place[0]).align = place[1]
            return context.get_dummy_value()

        n = types.int64
        return types.void(C, n, n, n, A, n, n, n, n, B, n, n, n, n), codegen

    return intrinsic(tile)


add_one, add_four = _tile(1, 1, "+"), _tile(4, 1, "+")
subtract_one, subtract_four = _tile(1, 1, "-"), _tile(4, 1, "-")
set_two_by_two = _tile(2, 2, "")
