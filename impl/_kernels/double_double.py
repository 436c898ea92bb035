"""Sums of products to twice the digits of float64: each an unevaluated sum of two floats, high and low.

A sum and a product of floats are a float and an error that is one, too: a + b = s + e (Knuth), ab = p + e by a fused
multiply-add. Adding up the errors beside the sums is as good as to calculate with twice the digits and to round then
(Ogita, Rump and Oishi 2005, "Accurate sum and dot product", proposition 5.5). Nothing here may be reordered or fused
by the compiler: only what is compiled by the plain `jit` may call it.

LLVM does not vectorise a sum whose order matters, so the dot product is made of vectors by hand.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .jit import jit_inlined
from .validation import Array

_LANES = 4
_DOUBLE = ir.DoubleType()


@intrinsic
def fused(typingctx, a, b, c):  # type: ignore[no-untyped-def]  # Numba calls it with its own types
    """ab + c, rounded once; where the processor cannot, the C library does."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        return builder.fma(*values)

    return types.float64(types.float64, types.float64, types.float64), codegen


@jit_inlined
def two_sum(a: float, b: float) -> tuple[float, float]:
    """(s, e) with s = fl(a + b) and s + e = a + b."""
    s = a + b
    other = s - a
    return s, (a - (s - other)) + (b - other)


@jit_inlined
def add_multiple(X: Array, i: int, high: float, low: float, sums: Array, errors: Array) -> None:
    """Add (high + low) times row i of X to sums + errors."""
    for j in range(X.shape[1]):
        x = float(X[i, j])
        p = x * high
        sums[j], e = two_sum(sums[j], p)
        errors[j] += e + fused(x, low, fused(x, high, -p))


@intrinsic
def dot(typingctx, X, i, high, low):  # type: ignore[no-untyped-def]
    """(s, e): row i of X times high + low; s + e is off by n² u² of the sum of the sizes, or a little more."""
    single = X.dtype == types.float32

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        vector, one = ir.VectorType(_DOUBLE, _LANES), ir.VectorType(_DOUBLE, 1)
        arrays = [context.make_array(signature.args[k])(context, builder, values[k]) for k in (0, 2, 3)]
        n = builder.extract_value(arrays[0].shape, 1)
        starts = [builder.gep(arrays[0].data, [builder.mul(values[1], n)]), arrays[1].data, arrays[2].data]

        def loaded(which: int, j: Any, kind: Any) -> Any:
            own = ir.VectorType(ir.FloatType(), kind.count) if single and which == 0 else kind
            where = builder.bitcast(builder.gep(starts[which], [j]), own.as_pointer())
            value = builder.load(where, align=4 if own is not kind else 8)
            return builder.fpext(value, kind) if own is not kind else value

        def summed(kind: Any, start: Any, stop: Any) -> tuple[Any, Any]:
            fma, zero = _fma(builder, kind), ir.Constant(kind, [0.0] * kind.count)
            total, error = (cgutils.alloca_once_value(builder, zero) for _ in range(2))
            with cgutils.for_range_slice(builder, start, stop, n.type(kind.count)) as (j, _):
                x, h, rest = (loaded(which, j, kind) for which in range(3))
                p = builder.fmul(x, h)
                e = builder.call(fma, [x, rest, builder.call(fma, [x, h, builder.fneg(p)])])
                s, q = _two_sum(builder, builder.load(total), p)
                builder.store(s, total)
                builder.store(builder.fadd(builder.load(error), builder.fadd(q, e)), error)
            return builder.load(total), builder.load(error)

        whole = builder.and_(n, n.type(-_LANES))
        (s, e), kind = summed(vector, n.type(0), whole), vector
        while kind.count > 1:
            half = kind.count // 2
            parts = [[_lanes(builder, v, range(k, k + half)) for v in (s, e)] for k in (0, half)]
            s, q = _two_sum(builder, parts[0][0], parts[1][0])
            e, kind = builder.fadd(q, builder.fadd(parts[0][1], parts[1][1])), ir.VectorType(_DOUBLE, half)
        rest_s, rest_e = summed(one, whole, n)
        s, q = _two_sum(builder, s, rest_s)
        e = builder.fadd(q, builder.fadd(e, rest_e))
        return context.make_tuple(
            builder, signature.return_type, [builder.extract_element(v, ir.IntType(32)(0)) for v in (s, e)]
        )

    return types.UniTuple(types.float64, 2)(X, types.int64, high, low), codegen


def _fma(builder: Any, kind: Any) -> Any:
    return cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [kind] * 3), f"llvm.fma.v{kind.count}f64"
    )


def _two_sum(builder: Any, a: Any, b: Any) -> tuple[Any, Any]:
    s = builder.fadd(a, b)
    other = builder.fsub(s, a)
    return s, builder.fadd(builder.fsub(a, builder.fsub(s, other)), builder.fsub(b, other))


def _lanes(builder: Any, value: Any, which: Any) -> Any:
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(which)), list(which))
    return builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), mask)
