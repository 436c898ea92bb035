"""What a second process finds on disk: the compiled code of the first."""

import subprocess
import sys
from pathlib import Path

from shrinkage.benchmarks.cases import CASES
from shrinkage.benchmarks.measure.startup import first_calls

SMALL = [str(case) for case in CASES if case.label == "small"]


def test_a_second_process_loads_what_the_first_compiled(tmp_path: Path) -> None:
    """With a fresh cache, one process compiles ridge, with BLAS and LAPACK in it, and the next one does not."""
    ridge = (["ridge-small"], ["float64"])
    first, second = (
        first_calls(*ridge, NUMBA_CACHE_DIR=str(tmp_path)),
        first_calls(*ridge, NUMBA_CACHE_DIR=str(tmp_path)),
    )
    assert first["misses"] > 0
    assert second["hits"] > 0
    assert second["misses"] == 0
    assert second["seconds"]["ridge-small float64"] < first["seconds"]["ridge-small float64"]


def test_every_function_comes_from_the_cache() -> None:
    """Nothing of the contract is compiled anew by every process."""
    first_calls(SMALL, ["float64"])
    again = first_calls(SMALL, ["float64"])
    assert again["hits"] > 0
    assert again["misses"] == 0


USE_SCIPY_LATER = """
import sys
import numpy as np
import shrinkage as impl
before = [name for name in sys.modules if name.startswith("scipy.linalg")]
import scipy.linalg.cython_blas
import scipy.linalg.cython_lapack
assert "dgemm" in scipy.linalg.cython_blas.__pyx_capi__ and "dpotrf" in scipy.linalg.cython_lapack.__pyx_capi__
assert np.array_equal(scipy.linalg.solve([[2.0]], [4.0]), [2.0]) and impl.lstsq([[2.0]], [4.0])[0] == 2.0
print(before)
"""


def test_impl_does_not_import_scipy_linalg_and_does_not_stand_in_its_way() -> None:
    """It takes as long to import as half of Numba; who imports it after `impl`, or before, gets it whole."""
    for first, loaded in (("", "[]"), ("import scipy.linalg; ", "['scipy.linalg")):
        run = subprocess.run(
            [sys.executable, "-c", first + USE_SCIPY_LATER], capture_output=True, text=True, check=True
        )
        assert run.stdout.startswith(loaded)
