"""What a second process finds on disk: the compiled code of the first."""

from pathlib import Path

from benchmarks.cases import CASES
from benchmarks.startup import first_calls

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
