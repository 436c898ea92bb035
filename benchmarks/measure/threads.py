"""The same number of threads for everybody: BLAS, OpenMP, Numba, PyTorch, XLA.

With more threads than cores, or with two BLAS pools in one process that each spin while they wait (NumPy and SciPy
bring one each), what is timed is the waiting. So it is one thread unless more are asked for, and that is recorded.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from threadpoolctl import threadpool_info, threadpool_limits

_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    "NUMBA_NUM_THREADS",
)


def environment(threads: int, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a fresh process: most libraries look at it once, when they are loaded."""
    flags = inherited.get("XLA_FLAGS", "")
    if threads == 1 and "xla_cpu_multi_thread_eigen" not in flags:
        flags = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    return {**inherited, **dict.fromkeys(_VARIABLES, str(threads)), **({"XLA_FLAGS": flags} if flags else {})}


@contextlib.contextmanager
def limited(threads: int) -> Iterator[None]:
    """Hold the libraries that are loaded in this process to so many threads; afterwards all is as it was."""
    numba, torch = sys.modules.get("numba"), sys.modules.get("torch")
    before = numba and numba.get_num_threads(), torch and torch.get_num_threads()
    try:
        with threadpool_limits(threads):
            if numba:
                numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
            if torch:
                torch.set_num_threads(threads)
            yield
    finally:
        if numba:
            numba.set_num_threads(before[0])
        if torch:
            torch.set_num_threads(before[1])


def blas() -> dict[str, int]:
    """Each BLAS that is loaded, with its version and the folder it is from, and on how many threads it is."""
    return {
        f"{pool['internal_api']} {pool['version']} in {Path(pool['filepath']).parent.name}": pool["num_threads"]
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
