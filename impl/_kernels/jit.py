"""The one compile policy. Every compiled function of the project is made by `jit`.

kept on disk
    A second process loads what was compiled in milliseconds (`cache`). Where nothing can be written, each process
    compiles for itself.
``error_model="numpy"``
    1/0 is inf, as in NumPy. Python's model would put a branch and a raise into every division, and those stop loops
    from being vectorised.
``nogil=True``
    Calls from several Python threads run at the same time. Nothing compiled here touches a Python object or a global.
no ``parallel=True``
    Numba's default threading layer, workqueue, aborts the process when two threads enter it at once. `parallel` has
    threads of our own.
no ``fastmath=True``
    It lets the compiler assume that there is no NaN and no infinity, and then training code never sees them. `jit_sums`
    allows the two liberties that keep both: sums may be taken in any order (`reassoc`), so that they use vector
    registers, and a product and a sum may be one rounding (`contract`). Both stay within the summation bounds of
    Higham (2002), §3.1 and §4.2. `jit_fused` allows the second alone, where the order of a sum matters.
``no_cfunc_wrapper=True``
    Numba makes each function callable from C, too, which nobody does.

What is made by `jit` is compiled once, apart from what calls it (`apart`). What is made by `jit_linked`, and by the two
that take liberties, is compiled once more into each caller: for what is small, and called in a loop. What is
`jit_inlined` is never compiled by itself.

No explicit signatures: they would compile, or load, everything on import. Each entry point is compiled for the dtype
it is first called with, and only C-contiguous, aligned, writeable arrays get that far (`validation`), so that there is
one compilation a dtype and not one a memory layout.

Numba puts off importing half of itself until something is first compiled or loaded from the cache. A part of that is
done here, on import, so that neither the import nor the first call is slow by itself.
"""

import contextlib
import importlib
from collections.abc import Callable
from typing import Any

import numba
from numba import types
from numba.extending import intrinsic

from .apart import apart, without_collections
from .cache import kept

# Only a matter of when: whatever of this a version of Numba does not have, it does without.
for _module in (
    "numba.core.inline_closurecall",
    "numba.core.typing.arraydecl",
    "numba.core.typing.enumdecl",
    "numba.core.typing.mathdecl",
    "numba.cpython.charseq",
    "numba.cpython.heapq",
    "numba.cpython.numbers",
    "numba.cpython.setobj",
    "numba.experimental.jitclass.base",
    "numba.np.npyimpl",
    "numba.np.polynomial.polynomial_functions",
    "numba.np.random.generator_methods",
    "numba.np.random.legacy",
    "numba.typed.typeddict",
    "numba.typed.typedlist",
    "numba.typed.typedset",
    "numpy.ma",
):
    with contextlib.suppress(ImportError):
        importlib.import_module(_module)


def _policy(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    def jit(function: Callable[..., Any]) -> Any:
        compiled = numba.njit(error_model="numpy", nogil=True, no_cfunc_wrapper=True, **options)(function)
        return without_collections(kept(compiled))

    return jit


def jit(function: Callable[..., Any]) -> Any:
    """Compile it by the policy, and not into what calls it."""
    return apart(jit_linked(function))


jit_linked = _policy()
# For what takes functions, and for what one kernel calls: it becomes part of that, which is cached.
jit_inlined: Callable[[Callable[..., Any]], Any] = numba.njit(inline="always")
jit_fused = _policy(fastmath={"contract"})
jit_sums = _policy(fastmath={"reassoc", "contract"})


@intrinsic
def whole_registers(typingctx):  # type: ignore[no-untyped-def]  # Numba calls it with its own types
    """Let the loops of the function that calls it use all of AVX-512's registers, and keep it a function of its own.

    LLVM uses half of each, because the first processors that had them slowed down. Where arithmetic takes the time and
    not the memory, a loop runs longer for that by a third. LLVM takes any attribute, llvmlite only those it knows.
    """

    def codegen(context, builder, signature, values):  # type: ignore[no-untyped-def]
        set.update(builder.function.attributes, ("noinline", '"prefer-vector-width"="512"'))
        return context.get_dummy_value()

    return types.void(), codegen
