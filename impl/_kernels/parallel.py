"""All cores for one call: pieces of a compiled function's work, done by whichever thread is free.

    @jit
    def chunk(c, shared):                              # piece c; it raises nothing
        X, sums = shared
        ...

    @jit
    def work(team, threads, X):
        sums = np.empty(pieces)
        in_chunks(team, threads, pieces, chunk, (X, sums))
        ...                                            # all pieces are done; this is by the caller alone
        in_chunks(team, threads, pieces, another, (X, sums))

    together(workers(flops, bytes), work, X)           # from Python

Helpers, which are threads of a pool, take pieces as they come to them; what none of them takes the caller does. So
nobody waits for a thread that has not begun: a helper that is held up costs nothing but its help. There is one team for
all: a second call at the same time gets no help until the pieces of the first are done. That makes one thread for each
caller and one helper for each further core, however many call. How the work is cut must follow from its size and from
`threads` alone: then the same number of threads gives the same bits, whoever has done which piece. Another number may
round otherwise.

How many threads: as many as SciPy's BLAS takes (which OPENBLAS_NUM_THREADS, OMP_NUM_THREADS and threadpoolctl say), but
no more than NUMBA_NUM_THREADS and than this process has cores; SHRINKAGE_NUM_THREADS overrides all of them. A call runs
on one of them if it takes less than some handovers do: by flops and bytes, at rates that any core of this decade has.

OpenBLAS splits small products so that its threads wait for each other more than they work, and it has one number of
threads a process, none for a thread. `one_thread_each` sets that to 1 while anybody is inside, and the last one
restores it, unless it has been changed meanwhile. SciPy's BLAS in another thread of the program is on one core for that
time, and threadpoolctl, if asked there just then, takes that for what it has to restore. Where SciPy has another BLAS,
that one does what it does, and nothing is split here.

A helper looks for pieces, letting others have its core, until there have been none for a tenth of a millisecond, as
calls come in rows, or for some within a call; then it sleeps, and to wake it takes a tenth. What the caller does alone
for longer belongs between two calls of `together`. What looks is compiled: it waits for no lock of Python's. Pieces
that are shared out cost some 2 µs together and 0.2 µs each, where the helper looks already.
"""

import contextlib
import ctypes
import os
import threading
from collections.abc import Callable
from importlib.machinery import PathFinder
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
import scipy
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from .jit import jit, jit_inlined, jit_linked

Team = NDArray[np.int64]

# Of one core, in float64, and the time until a helper that sleeps has begun: of the slowest that are common.
FLOPS, BYTES, HANDOVER = 2e10, 1e10, 4e-5
# What OpenBLAS does on one thread anyway, in entries of a matrix and in n d min(n, d); and the latter from where on
# more threads pay in LAPACK's factorisations.
_SMALL, _SMALL_PRODUCT, _SPLIT_WELL = 9000, 250_000, 1e8
# The team's cells, in three cache lines. The ticket is, from its lowest bits: the next piece, how many there
# are, and how many helpers may take one. So one atomic addition takes a piece of what is going on at that moment.
_TICKET, _WITHIN, _DONE, _CHUNK, _SHARED, _FAILED, _TAKEN, _CELLS = 8, 9, 16, 24, 25, 26, 27, 32
_PIECE, _HELPERS = 16, 8
_FULL, _ALL_HELPERS = (1 << _PIECE) - 1, (1 << _HELPERS) - 1
_QUICK_LOOKS, _LOOKS, _LOOKS_WITHIN = 4000, 8000, 100000


def workers(flops: float, bytes: float = 0.0) -> int:
    """How many threads are to share that much work: 1 where handing over costs a fifth of what it saves, or more."""
    seconds = flops / FLOPS + bytes / BYTES
    if seconds <= 5 * HANDOVER:
        return 1
    threads = usable()
    return threads if seconds * (1 - 1 / threads) > 5 * HANDOVER else 1


def usable() -> int:
    """How many threads a call may take."""
    forced = os.environ.get("SHRINKAGE_NUM_THREADS")
    if forced is not None:
        if not (forced.isascii() and forced.isdigit() and int(forced) > 0):
            raise ValueError(f"SHRINKAGE_NUM_THREADS must be an integer ≥ 1, not {forced!r}")
        return min(int(forced), _ALL_HELPERS)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, numba.config.NUMBA_NUM_THREADS, one_thread_each.outside(), _ALL_HELPERS))


def together(threads: int, work: Any, *arguments: Any, blas: bool = True) -> Any:
    """``work(team, threads, *arguments)``, with so many threads at hand, and BLAS on one thread in each of them.

    To tell BLAS so takes a microsecond, which work without any BLAS is spared, and such as BLAS would not split.
    """
    if not blas:
        return _led(threads, work, arguments)
    with one_thread_each:
        return _led(threads, work, arguments)


def _led(threads: int, work: Any, arguments: tuple[Any, ...]) -> Any:
    team = _pool.team
    if threads == 1:
        return work(team, 1, *arguments)
    team[_WITHIN] = 1  # for all who are; the first that is ready may say otherwise, and that is no harm
    _pool.wake(threads - 1)
    try:
        return work(team, threads, *arguments)
    finally:
        team[_WITHIN] = 0


@jit_linked
def nobody() -> Team:
    """No team, for work of one thread."""
    return np.empty(0, np.int64)


def alone(X: NDArray[Any], work: Any, *arguments: Any) -> Any:
    """``work(*arguments)``, which factors X: BLAS on one thread, unless X is so large that it is faster on more."""
    if not is_split(X) or X.size * min(X.shape) > _SPLIT_WELL:
        return work(*arguments)
    with one_thread_each:
        return work(*arguments)


def is_split(X: NDArray[Any]) -> bool:
    """Whether BLAS makes the products of X on several threads, if it may."""
    n, d = X.shape
    return n * d >= _SMALL or n * d * (n if n < d else d) >= _SMALL_PRODUCT


def workers_for(X: NDArray[Any], more: float = 0.0, share: float = 1.0) -> int:
    """How many threads are to make the smaller Gram matrix of X, with so many flops more; of which a share is split."""
    n, d = X.shape
    return workers(share * (n * d * (n if n < d else d) + more), share * X.nbytes) if is_split(X) else 1


class _OneThreadEach:
    """SciPy's OpenBLAS on one thread while anybody is inside."""

    def __init__(self) -> None:
        self.lock, self.inside, self.before = threading.Lock(), 0, 1
        self.get, self.set = _blas()

    def outside(self) -> int:
        """How many threads BLAS takes when nobody is inside."""
        with self.lock:
            return self.before if self.inside else self.get()

    def __enter__(self) -> None:
        with self.lock:
            if self.inside == 0:
                self.before = self.get()
                if self.before > 1:
                    self.set(1)
            self.inside += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0 and self.before > 1 and self.get() == 1:
                self.set(self.before)

    def after_fork(self) -> None:
        """Of those who were inside none is here."""
        self.lock = threading.Lock()
        if self.inside:
            self.inside = 0
            self.set(self.before)


def _blas() -> tuple[Callable[[], int], Callable[[int], None]]:
    """How SciPy's OpenBLAS is asked for its number of threads, and told; for another BLAS it is 1, and stays so."""
    spec = PathFinder.find_spec("scipy.linalg.cython_blas", [str(Path(folder) / "linalg") for folder in scipy.__path__])
    with contextlib.suppress(OSError):
        library = ctypes.PyDLL(spec.origin if spec else None)  # and all that it has loaded
        for prefix in ("scipy_", ""):
            if hasattr(library, f"{prefix}openblas_set_num_threads"):
                get = getattr(library, f"{prefix}openblas_get_num_threads")
                return get, getattr(library, f"{prefix}openblas_set_num_threads")
    return lambda: 1, lambda threads: None


class _Pool:
    """The helpers, made when they are first needed."""

    def __init__(self) -> None:
        self.lock, self.calls, self.awake = threading.Lock(), list[SimpleQueue[None]](), list[bool]()
        self.team = np.zeros(_CELLS, np.int64)

    def wake(self, helpers: int) -> None:
        """See that so many are looking. One that is about to sleep is missed, and that is all."""
        if len(self.calls) < helpers:
            with self.lock:
                for i in range(len(self.calls), helpers):
                    self.awake.append(False)
                    self.calls.append(SimpleQueue())
                    threading.Thread(target=self.serve, args=(i,), daemon=True, name=f"shrinkage-{i}").start()
        for i in range(helpers):
            if not self.awake[i]:
                self.awake[i] = True
                self.calls[i].put(None)

    def serve(self, i: int) -> None:
        while True:
            self.calls[i].get()
            _help(self.team, i)
            self.awake[i] = False


# Of the system, or of Windows'.
_yield = ctypes.CDLL(None).sched_yield if os.name != "nt" else ctypes.CDLL("kernel32").SwitchToThread
llvm.add_symbol("shrinkage_yield", ctypes.cast(_yield, ctypes.c_void_p).value)


def _place(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    return builder.gep(context.make_array(signature.args[0])(context, builder, values[0]).data, [values[1]])


@intrinsic
def _add(typingctx, team, cell, value):  # type: ignore[no-untyped-def]  # Numba calls it with its own types
    """team[cell] += value, atomically; what it was."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        return builder.atomic_rmw("add", _place(context, builder, signature, values), values[2], "seq_cst")

    return types.int64(team, types.int64, types.int64), codegen


@intrinsic
def _exchange(typingctx, team, cell, value):  # type: ignore[no-untyped-def]
    """team[cell] = value, atomically; what it was."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        return builder.atomic_rmw("xchg", _place(context, builder, signature, values), values[2], "seq_cst")

    return types.int64(team, types.int64, types.int64), codegen


@intrinsic
def _read(typingctx, team, cell):  # type: ignore[no-untyped-def]
    """team[cell], and whatever had been written before it."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        return builder.load_atomic(_place(context, builder, signature, values), "acquire", 8)

    return types.int64(team, types.int64), codegen


@intrinsic
def _let_others(typingctx):  # type: ignore[no-untyped-def]
    """Let another thread have the core, if one waits for it."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "shrinkage_yield"), [])
        return context.get_dummy_value()

    return types.void(), codegen


_IN_A_CHUNK = (types.int64, types.int64)  # where what is shared lies, and which piece


@intrinsic
def _prepared(typingctx, chunk, shared):  # type: ignore[no-untyped-def]
    """(The address of a function that any thread can call for a piece, that of what it needs), while the caller is on.

    The function is Numba's, but takes what is shared by its address, so that they are all of one type.
    """
    of_chunk = chunk.get_call_type(typingctx, (types.int64, shared), {})

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        kind = context.call_conv.get_function_type(types.none, _IN_A_CHUNK)
        function = ir.Function(builder.module, kind, builder.module.get_unique_name(f"{builder.function.name}.chunk"))
        function.linkage = "internal"
        context.call_conv.decorate_function(function, ("shared", "piece"), _IN_A_CHUNK)
        inside = ir.IRBuilder(function.append_basic_block())
        where, piece = context.call_conv.get_arguments(function)
        packed = inside.load(inside.inttoptr(where, context.get_value_type(shared).as_pointer()))
        callee = context.get_function(chunk, of_chunk)
        for library in getattr(callee, "libs", ()):
            context.active_code_library.add_linking_library(library)
        callee(inside, [piece, packed])
        context.call_conv.return_value(inside, context.get_constant_null(types.none))
        int64 = ir.IntType(64)
        place = cgutils.alloca_once_value(builder, values[1])
        return context.make_tuple(
            builder, signature.return_type, [builder.ptrtoint(function, int64), builder.ptrtoint(place, int64)]
        )

    return types.UniTuple(types.int64, 2)(chunk, shared), codegen


@intrinsic
def _keep(typingctx, shared):  # type: ignore[no-untyped-def]
    """Use it, so that Numba does not free it before."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        return context.get_dummy_value()

    return types.void(shared), codegen


@intrinsic
def _run(typingctx, function, shared, piece):  # type: ignore[no-untyped-def]
    """Whether it failed."""

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        kind = context.call_conv.get_function_type(types.none, _IN_A_CHUNK)
        callee = builder.inttoptr(values[0], kind.as_pointer())
        result = cgutils.alloca_once(builder, kind.args[0].pointee)
        excuse = cgutils.alloca_once_value(builder, ir.Constant(kind.args[1].pointee, None))
        status = builder.call(callee, [result, excuse, values[1], values[2]])
        return builder.zext(builder.icmp_signed(">", status, ir.Constant(status.type, 0)), ir.IntType(64))

    return types.int64(types.int64, types.int64, types.int64), codegen


@jit_linked
def _take(team: Team, helper: int) -> int:
    """The next piece that there is for this helper, or for the caller, who is -1; -1 if there is none."""
    ticket = _read(team, _TICKET)
    if (ticket & _FULL) >= ((ticket >> _PIECE) & _FULL) or helper >= ((ticket >> (2 * _PIECE)) & _ALL_HELPERS):
        return -1
    ticket = _add(team, _TICKET, 1)
    piece = ticket & _FULL
    return piece if piece < ((ticket >> _PIECE) & _FULL) else -1


@jit_linked
def _do(team: Team, piece: int) -> None:
    """A piece that has been taken: until it is done, the caller stays, and what there is to do."""
    if _run(_read(team, _CHUNK), _read(team, _SHARED), piece) != 0:
        _exchange(team, _FAILED, 1)
    _add(team, _DONE, 1)


@jit
def _help(team: Team, helper: int) -> None:
    """Do pieces until there have been none for a while."""
    looks, looks_within = 0, 0
    while looks < _LOOKS and looks_within < _LOOKS_WITHIN:
        piece = _take(team, helper)
        if piece >= 0:
            _do(team, piece)
            looks, looks_within = 0, 0
            continue
        if _read(team, _WITHIN) != 0:
            looks, looks_within = 0, looks_within + 1
        else:
            looks += 1
        if looks + looks_within > _QUICK_LOOKS and (looks + looks_within) % 16 == 0:
            _let_others()


@jit_inlined
def in_chunks(team: Team, threads: int, pieces: int, chunk: Any, shared: Any) -> None:
    """``chunk(c, shared)`` for each c of `pieces`, of which there are at most 2¹⁵; when it returns, all are done."""
    function, where = _prepared(chunk, shared)
    _share_out(team, threads, pieces, function, where)
    _keep(shared)


@jit
def _share_out(team: Team, threads: int, pieces: int, function: int, shared: int) -> None:
    failed = False
    if threads == 1 or _exchange(team, _TAKEN, 1) != 0:  # they are with another
        for piece in range(pieces):
            failed |= _run(function, shared, piece) != 0
    else:
        team[_CHUNK], team[_SHARED], team[_FAILED], team[_DONE] = function, shared, 0, 0
        # Whoever took a piece of the last has done it; a helper that had seen its ticket gets a piece of this one.
        _exchange(team, _TICKET, (((threads - 1) << _PIECE) | pieces) << _PIECE)
        while True:
            piece = _take(team, -1)
            if piece < 0:
                break
            _do(team, piece)
        looks = 0
        while _read(team, _DONE) < pieces:
            looks += 1
            if looks % 64 == 0:
                _let_others()
        failed = _read(team, _FAILED) != 0
        _exchange(team, _TAKEN, 0)
    if failed:
        raise MemoryError("no memory for a piece of the work")


one_thread_each = _OneThreadEach()
_pool = _Pool()


def _after_fork() -> None:
    """Threads stay behind."""
    global _pool
    _pool = _Pool()
    one_thread_each.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
