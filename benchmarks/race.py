"""One case, one implementation: the answer is checked, then the call is timed."""

import os
from typing import Any

import numba
import numpy as np
import pytest
from threadpoolctl import threadpool_info

from benchmarks.answers import error_over_bound
from benchmarks.cases import Case
from impl.choose import Implementation, NotOffered


def race(case: Case, racer: Implementation, benchmark: Any) -> None:
    """Time the case in the group of its function and size, unless the answer is wrong.

    Inputs are built and the code is compiled before the clock starts: the call whose answer is checked is the first.
    """
    try:
        call = case.call(racer, case.arguments())
        ratio = error_over_bound(case, call())
    except NotOffered as error:
        pytest.skip(f"not offered: {error}")
    flops, moved = case.cost()
    benchmark.group = str(case)
    benchmark.extra_info.update(
        function=case.function,
        label=case.label,
        implementation=racer.name,
        sizes=dict(case.sizes),
        dtype=np.dtype(np.float64).name,
        flops=flops,
        bytes=moved,
        error_over_bound=ratio,
        threads=threads(),
    )
    benchmark(call)


def threads() -> dict[str, Any]:
    """What may run in parallel: the cores, and the threads of each BLAS and of Numba."""
    pools = {f"{pool['internal_api']} {pool['version']}": pool["num_threads"] for pool in threadpool_info()}
    return {"cores": os.cpu_count(), "numba": numba.get_num_threads(), **pools}
