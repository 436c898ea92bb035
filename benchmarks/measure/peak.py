"""What the machine can do: the fastest matrix product and the fastest pass over memory, measured when it is asked for.

The share of the peak is the roofline's: no call can take less than max(flops / peak flops, bytes / bandwidth), and the
share is that over what it took (Williams, Waterman and Patterson 2009). It can exceed 1: what is in a cache is read
faster than from memory, and flops are the textbook's, of which an algorithm may need fewer.
"""

import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from shrinkage.benchmarks.measure.threads import limited

SIZE = 1024  # of the square matrices: large enough for BLAS to be at its best, and 20 to 100 ms a product

# Of each array: far past every core's own cache, and past its part of a shared one. A virtual machine reports the whole
# last level of its host and has little of it: where 480 MB are reported, arrays of 64 MB to 2 GB gave the same figures.
BYTES = 256 * 2**20


@functools.cache
def peak(threads: int) -> dict[str, float]:
    """Flops a second in both dtypes, and bytes a second, on so many threads; measured once a process, in 2 s."""
    from scipy.linalg import blas  # takes a fifth of a second

    with limited(threads):
        return {
            "flops_float64": _product_rate(np.float64, blas.dgemm),
            "flops_float32": _product_rate(np.float32, blas.sgemm),
            "bandwidth": _bandwidth(threads),
        }


def share_of_peak(cost: tuple[float, float], seconds: float, dtype: Any, peak: dict[str, float]) -> float:
    """The least time that the machine needs for so many flops and bytes, over the time taken."""
    flops, moved = cost
    return max(flops / peak[f"flops_{np.dtype(dtype).name}"], moved / peak["bandwidth"]) / seconds


def _product_rate(dtype: Any, gemm: Callable[..., Any]) -> float:
    A = np.ones((SIZE, SIZE), dtype, order="F")
    out = np.empty_like(A)
    return 2 * SIZE**3 / min(_best(lambda: np.matmul(A, A, out=out)), _best(lambda: gemm(1, A, A)))


def _bandwidth(threads: int) -> float:
    a, b, c = np.ones((3, threads, BYTES // 8 // threads))  # a part for each thread: NumPy itself takes one
    passes = {3: lambda i: np.add(a[i], b[i], out=c[i]), 2: lambda i: np.copyto(c[i], a[i])}
    with ThreadPoolExecutor(threads) as pool:
        return max(
            arrays * a.nbytes / _best(lambda: [*pool.map(one, range(threads))])  # noqa: B023  # it is called at once
            for arrays, one in passes.items()
        )


def _best(call: Callable[[], Any], rounds: int = 5) -> float:
    call()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
