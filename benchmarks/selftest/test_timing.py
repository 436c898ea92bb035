"""What is timed, by whom, on how many threads, and what becomes of a wrong answer."""

import json
import os
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from shrinkage.benchmarks.cases import CASES
from shrinkage.benchmarks.measure import peak, threads, timing
from shrinkage.loader import Implementation, load
from shrinkage.peers import peers
from shrinkage.properties.selftest.own_pytest import own_pytest

TIMINGS = "benchmarks/test_timings.py"
RIDGE = next(case for case in CASES if str(case) == "ridge-50x10")
WRONG = "import numpy as np\n\ndef ridge(X, y, lam):\n    return np.linalg.lstsq(X, y)[0]\n"


def test_impl_and_every_peer_that_is_installed_race() -> None:
    """Who is not installed is left out, and named."""
    racers, absent = timing.entrants(None)
    assert next(iter(racers)) == "impl"
    assert {"numpy", "scipy", "sklearn"} <= set(racers)
    assert {"impl", *peers()} == {*racers, *absent}
    assert [name for name, racer in racers.items() if racer.judged] == ["impl"]


def test_the_first_and_ones_own_are_judged_and_peers_are_not() -> None:
    """Whoever is named first is what the run is about."""
    own = Implementation("mine.py", object())
    racers, _ = timing.entrants([("numpy", load(["numpy"])), ("mine.py", own), ("scipy", load(["scipy"]))])
    assert [racer.judged for racer in racers.values()] == [True, True, False]


def test_a_wrong_answer_fails_the_run_of_who_is_judged_and_is_told_of_a_peer(tmp_path: Path) -> None:
    """Neither is timed."""
    (tmp_path / "wrong.py").write_text(WRONG)
    code, output = own_pytest(TIMINGS, "--impl", f"numpy,{tmp_path / 'wrong.py'}", "-k", "ridge-50x10")
    assert code == 1, output
    assert "WrongAnswer: ridge-50x10, result 0: error / bound" in output
    code, output = own_pytest(TIMINGS, "--impl", "numpy,sklearn", "-k", "ridge-ill", "--benchmark-only")
    assert code == 0, output
    assert "\nridge-ill-conditioned-sklearn: ridge-ill-conditioned, result 0: error / bound" in output
    assert "1 passed, " in output
    assert "1 xfailed" in output


def test_what_was_measured_is_stored_with_its_circumstances(tmp_path: Path) -> None:
    """Sizes, cost, error, threads, BLAS, peak and the share of it."""
    stored = tmp_path / "stored.json"
    code, output = own_pytest(
        *(TIMINGS, "-k", "ridge-50x10", "--benchmark-only", "--impl", "impl,numpy"),
        *("--benchmark-threads", "1", "--benchmark-json", str(stored)),
    )
    assert code == 0, output
    one, other = json.loads(stored.read_text())["benchmarks"]
    assert one["group"] == other["group"] == "ridge-50x10"
    assert (one["extra_info"]["implementation"], other["extra_info"]["implementation"]) == ("impl", "numpy")
    for benchmark in (one, other):
        info = benchmark["extra_info"]
        assert (info["function"], info["label"], info["sizes"]) == ("ridge", "50x10", {"n": 50, "d": 10})
        assert (info["dtype"], info["threads"]) == ("float64", 1)
        assert (info["flops"], info["bytes"]) == RIDGE.cost()
        assert 0 <= info["error_over_bound"] <= 1
        assert info["blas"]
        assert set(info["blas"].values()) == {1}
        least = max(info["flops"] / info["peak"]["flops_float64"], info["bytes"] / info["peak"]["bandwidth"])
        assert info["share_of_peak"] == pytest.approx(least / benchmark["stats"]["median"])


@pytest.mark.parametrize(("selection", "there"), [("quick", False), ("all", True)])
def test_sizes_beyond_quick_are_for_who_asks(selection: str, there: bool) -> None:
    """By --benchmark-sizes; what they are is in the cases."""
    _, output = own_pytest(TIMINGS, "--collect-only", "--benchmark-sizes", selection, "--impl", "impl")
    assert "[ridge-5000x300-impl]" in output
    assert ("[ridge-50000x1000-impl]" in output) == there
    assert f"benchmarks: impl; threads: 1; sizes: {selection}" in output


def test_threads_are_held_and_let_go() -> None:
    """BLAS and Numba alike, and afterwards as before."""
    numba_before = numba.get_num_threads()
    with threadpool_limits(2):
        before = threads.blas()
        assert set(before.values()) == {2}
        with threads.limited(1):
            assert set(threads.blas().values()) == {1}
            assert numba.get_num_threads() == 1
        assert threads.blas() == before
        assert numba.get_num_threads() == numba_before


def test_a_fresh_process_is_told_of_its_threads() -> None:
    """What is in the environment already stays, but for the threads."""
    given = threads.environment(3, {"HOME": "here", "OMP_NUM_THREADS": "8"})
    assert given["HOME"] == "here"
    assert given["OMP_NUM_THREADS"] == given["OPENBLAS_NUM_THREADS"] == given["NUMBA_NUM_THREADS"] == "3"
    assert "XLA_FLAGS" not in given
    assert "--xla_cpu_multi_thread_eigen=false" in threads.environment(1, os.environ)["XLA_FLAGS"]


def test_the_peak_is_a_roofline() -> None:
    """The slower of arithmetic and memory counts; float32 has a peak of its own; nothing beats a peak it is made of."""
    machine: dict[str, Any] = {"flops_float64": 1e10, "flops_float32": 2e10, "bandwidth": 1e9}
    assert peak.share_of_peak((1e10, 1e8), 2.0, np.float64, machine) == 0.5
    assert peak.share_of_peak((1e10, 1e8), 2.0, np.float32, machine) == 0.25
    assert peak.share_of_peak((1e6, 1e9), 4.0, np.float64, machine) == 0.25
    measured = peak.peak(1)
    assert measured["flops_float32"] > measured["flops_float64"] > 1e8
    assert measured["bandwidth"] > 1e8
    assert measured is peak.peak(1)
