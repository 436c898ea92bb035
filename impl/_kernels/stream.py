"""Entry by entry through arrays that memory has to bring: in blocks, as the processor at hand has them fastest.

What is only written a processor reads all the same, before the first byte of a line is written. On AMD's Zen 4 arrays
that are more than the last cache keeps are therefore written past the caches, a block at a time, which takes a fifth to
a third off the time. Those that are less take longer for it, and so do three that are written at once.

A processor fetches ahead by itself, but with the traffic of four arrays and more Intel's does it too late. To ask for
them early, and for what is only written, takes an eighth to a quarter off the time of arrays that are not in a cache,
and up to an eighth off that of arrays that are. Zen 4 needs no help: asked, it takes a tenth to two fifths longer.

Others were not measured, and have one plain loop. A block has a fixed number of entries, so that its loop is unrolled
and nothing is decided inside it.
"""

import contextlib
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .jit import jit_inlined
from .validation import Array

Arrays = tuple[Array, ...]
Numbers = tuple[np.floating[Any], ...]

_BLOCK = 64  # entries
_AHEAD = 256  # entries: 1 or 2 KB, after which memory has answered
_LINE = 64  # bytes
_INTEL = (
    *("skylake-avx512", "cascadelake", "cooperlake", "icelake-server"),
    *("sapphirerapids", "emeraldrapids", "graniterapids"),
)
_CPU = llvm.get_host_cpu_name()  # Numba, too, keeps what it compiled by processor
_PAYS = _CPU in _INTEL


def _last_cache() -> int:
    """In bytes; 32 MB where the system does not say."""
    with contextlib.suppress(OSError, ValueError):
        text = Path("/sys/devices/system/cpu/cpu0/cache/index3/size").read_text().strip()
        return int(text.removesuffix("K")) << 10
    return 32 << 20


# Bytes up to which arrays are written through the caches: what the call before has left there is worth as much again.
_KEPT = _last_cache() * 5 // 8 if _CPU in ("znver4", "znver5") else 1 << 62


@jit_inlined
def stream(entry: Any, c: int, shared: Any) -> None:
    """``entry(i, read, written, numbers)`` for every i of share c, of ``shared = shares, read, written, numbers``.

    An i without a sign counts from no end, which LLVM could not rule out. `read` and `written` are tuples of flat
    arrays of one size, and none of the latter shares memory with any other.
    """
    _apart()
    shares, read, written, numbers = shared
    start, stop = share(c, shares, read[0].size)
    if _PAYS:
        while start + _BLOCK <= stop:
            _fetch(start + _AHEAD, read, written)
            for i in range(start, start + _BLOCK):
                entry(np.uint64(i), read, written, numbers)
            start += _BLOCK
    elif _far(read, written):
        begin = min(start + _to_a_line(written[0], start), stop)
        for i in range(start, begin):
            entry(np.uint64(i), read, written, numbers)
        start = begin
        while start + _BLOCK <= stop:
            near = _near(start, written)
            for i in range(start, start + _BLOCK):
                entry(np.uint64(i), read, near, numbers)
            _past(start, near, written)
            start += _BLOCK
        _settle()
    for i in range(start, stop):
        entry(np.uint64(i), read, written, numbers)


@jit_inlined
def share(c: int, shares: int, n: int) -> tuple[int, int]:
    """Where share c of n begins and ends."""
    return n * c // shares, n * (c + 1) // shares


@jit_inlined
def _far(read: Any, written: Any) -> bool:
    """Whether that is more than the caches keep, and lies where it can be written past them: two arrays, not three."""
    for a in written:
        if a.ctypes.data % 16 != 0:
            return False
    return len(written) <= 2 and (len(read) + len(written)) * read[0].nbytes > _KEPT


@jit_inlined
def _to_a_line(a: Array, i: int) -> int:
    """How many entries there are from entry i to the next one that begins a cache line."""
    return -(a.ctypes.data + i * a.itemsize) % _LINE // a.itemsize


@intrinsic
def _apart(typingctx):  # type: ignore[no-untyped-def]  # Numba calls it with its own types
    """Tell LLVM that no array the function writes shares memory with another; else it would check, block by block."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        for argument in builder.function.args:
            if isinstance(getattr(argument.type, "pointee", None), ir.FloatType | ir.DoubleType):
                argument.add_attribute("noalias")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def _fetch(typingctx, start, read, written):  # type: ignore[no-untyped-def]
    """Ask memory for a block of each array. Beyond an array's end there is nothing to be had, and no harm either."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        if not _PAYS:
            return context.get_dummy_value()
        byte, int32, int64 = ir.IntType(8).as_pointer(), ir.IntType(32), ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [byte, int32, int32, int32])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        for which, writing in ((1, 0), (2, 1)):
            for k, array_type in enumerate(signature.args[which].types):
                array = context.make_array(array_type)(context, builder, builder.extract_value(values[which], k))
                size = array_type.dtype.bitwidth // 8
                first = builder.gep(builder.bitcast(array.data, byte), [builder.mul(values[0], int64(size))])
                for line in range(0, _BLOCK * size, _LINE):
                    where = builder.gep(first, [int64(line)])
                    builder.call(prefetch, [where, int32(writing), int32(3), int32(1)])  # data, into every cache
        return context.get_dummy_value()

    return types.void(types.int64, read, written), codegen


@intrinsic
def _near(typingctx, start, written):  # type: ignore[no-untyped-def]
    """Arrays like those written, of which there is one block, from entry `start` on: on the stack."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        blocks = []
        for k, kind in enumerate(signature.args[1].types):
            array = context.make_array(kind)(context, builder, builder.extract_value(values[1], k))
            block = cgutils.alloca_once(builder, ir.ArrayType(array.data.type.pointee, _BLOCK))
            block.align = _LINE
            first = builder.bitcast(block, array.data.type)
            array.data = builder.gep(first, [builder.neg(values[0])])
            array.meminfo, array.parent = (cgutils.get_null_value(v.type) for v in (array.meminfo, array.parent))
            blocks.append(array._getvalue())
        return context.make_tuple(builder, signature.return_type, blocks)

    return written(types.int64, written), codegen


@intrinsic
def _past(typingctx, start, near, written):  # type: ignore[no-untyped-def]
    """Copy the blocks to where they belong without a look at the caches: by the line where it is aligned to lines."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        int64 = ir.IntType(64)
        hint = builder.module.add_metadata([ir.IntType(32)(1)])

        def copy(source: Any, target: Any, size: int, width: int) -> None:
            kind = ir.VectorType(ir.IntType(32), width // 4).as_pointer()
            source, target = builder.bitcast(source, kind), builder.bitcast(target, kind)
            for k in range(size // width):
                value = builder.load(builder.gep(source, [int64(k)]), align=width)
                builder.store(value, builder.gep(target, [int64(k)]), align=width).set_metadata("nontemporal", hint)

        for k, kind in enumerate(signature.args[1].types):
            ends = (builder.extract_value(values[which], k) for which in (1, 2))
            data = [context.make_array(kind)(context, builder, end).data for end in ends]
            source, target = (builder.gep(pointer, [values[0]]) for pointer in data)
            size = _BLOCK * kind.dtype.bitwidth // 8
            beyond = builder.and_(builder.ptrtoint(target, int64), int64(_LINE - 1))
            with builder.if_else(builder.icmp_unsigned("==", beyond, int64(0))) as (whole_lines, other):
                with whole_lines:
                    copy(source, target, size, _LINE)
                with other:
                    copy(source, target, size, 16)
        return context.get_dummy_value()

    return types.void(types.int64, near, written), codegen


@intrinsic
def _settle(typingctx):  # type: ignore[no-untyped-def]
    """Whoever reads what follows sees what has been written past the caches, too."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), codegen
