"""The same number of threads for everybody: BLAS, OpenMP, Numba, and what the peers' libraries have of their own.

With more threads than cores, or with two BLAS pools in one process that each spin while they wait (NumPy and SciPy
bring one each), what is timed is the waiting. So it is one thread unless more are asked for, and that is recorded.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from threadpoolctl import threadpool_info, threadpool_limits

from shrinkage.peers import library, peers

_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    "NUMBA_NUM_THREADS",
)


def environment(threads: int, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a fresh process: most libraries look at it once, when they are loaded."""
    found = {**inherited, **dict.fromkeys(_VARIABLES, str(threads))}
    flags = [flag for peer in peers() for flag in library(peer).one_thread.items()] if threads == 1 else []
    for variable, flag in flags:
        before = found.get(variable, "")
        if flag.partition("=")[0] not in before:  # what somebody has set stays
            found[variable] = f"{before} {flag}".strip()
    return found


@contextlib.contextmanager
def limited(threads: int) -> Iterator[None]:
    """Hold the libraries that are loaded in this process to so many threads; afterwards all is as it was."""
    with threadpool_limits(threads), contextlib.ExitStack() as after:
        if numba := sys.modules.get("numba"):
            after.callback(numba.set_num_threads, numba.get_num_threads())
            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        for each in map(library, peers()):
            if each.threads and (module := sys.modules.get(each.module)):
                told, tell = (getattr(module, name) for name in each.threads)
                after.callback(tell, told())
                tell(threads)
        yield


def blas() -> dict[str, int]:
    """Each BLAS that is loaded, with its version and the folder it is from, and on how many threads it is."""
    return {
        f"{pool['internal_api']} {pool['version']} in {Path(pool['filepath']).parent.name}": pool["num_threads"]
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
