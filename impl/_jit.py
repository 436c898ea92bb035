"""The one compile policy. Every compiled function of the project is made by `jit`.

``cache=True``
    Compiled code is kept on disk: a second process loads it in milliseconds.
``error_model="numpy"``
    1/0 is inf, as in NumPy. Python's model would put a branch and a raise into every division, and those stop loops
    from being vectorised.
``nogil=True``
    Calls from several Python threads run at the same time. Nothing compiled here touches a Python object or a global.
no ``parallel=True``
    Numba's default threading layer, workqueue, aborts the process when two threads enter it at once. The threads that
    pay are BLAS's own.
no ``fastmath=True``
    It lets the compiler assume that there is no NaN and no infinity, and then training code never sees them. `jit_sums`
    allows the two liberties that keep both: sums may be taken in any order (`reassoc`), so that they use vector
    registers, and a product and a sum may be one rounding (`contract`). Both stay within the summation bounds of
    Higham (2002), §3.1 and §4.2.

No explicit signatures: they would compile, or load, everything on import. Each entry point is compiled for the dtype
it is first called with, and only C-contiguous, aligned, writeable arrays get that far (`_front`), so that there is one
compilation a dtype and not one a memory layout.

Numba puts off importing half of itself until something is first compiled or loaded from the cache. A part of that is
done here, on import, so that neither the import nor the first call is slow by itself.
"""

import contextlib
import importlib

import numba

# Only a matter of when: whatever of this a version of Numba does not have, it does without.
for _module in (
    "numba.cpython.charseq",
    "numba.experimental.jitclass.base",
    "numba.np.npyimpl",
    "numba.np.polynomial.polynomial_functions",
    "numba.np.random.generator_methods",
    "numba.typed.typedlist",
):
    with contextlib.suppress(ImportError):
        importlib.import_module(_module)

jit = numba.njit(cache=True, error_model="numpy", nogil=True)
jit_sums = numba.njit(cache=True, error_model="numpy", nogil=True, fastmath={"reassoc", "contract"})
