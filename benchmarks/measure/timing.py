"""One case, one implementation: the answer is checked, then the call is timed, all on the same number of threads."""

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from shrinkage.benchmarks.cases import Case
from shrinkage.benchmarks.measure import threads
from shrinkage.benchmarks.measure.peak import peak, share_of_peak
from shrinkage.benchmarks.references import error_over_bound
from shrinkage.loader import Implementation, NotOffered, WrongChoice, load
from shrinkage.peers import module_of, peers

WRONG = "wrong, so not timed: "
LONG = 30.0  # seconds; a call that takes longer is timed once


@dataclass(frozen=True)
class Racer:
    """Who is timed.

    Parameters
    ----------
    implementation
        What the names on the command line stand for.
    judged
        Whether a wrong answer is a failure of the run: it is for who is named first and for everybody's own code. A
        peer's is not ours to mend: it is an expected failure, told with the others at the end.
    """

    implementation: Implementation
    judged: bool


def entrants(named: list[tuple[str, Implementation]] | None) -> tuple[dict[str, Racer], list[str]]:
    """Who races: those that are named, or `impl` and every peer that can be imported; and the peers that cannot."""
    racers: dict[str, Racer] = {}
    absent = []
    for name, implementation in named if named is not None else [(name, None) for name in ("impl", *peers())]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what a library says of itself when it is imported
                racers[name] = Racer(implementation or load([name]), judged=not racers or not module_of(name))
        except WrongChoice:
            absent.append(name)
    return racers, absent


def timed(case: Case, racer: Racer, benchmark: Any, count: int) -> None:
    """Time the case in the group of its function and size, unless the answer is wrong.

    Inputs are built and the code is compiled before the clock starts: the call whose answer is checked is the first.
    """
    with threads.limited(count), warnings.catch_warnings():
        if not racer.judged:
            warnings.simplefilter("ignore")  # a peer may find a matrix ill-conditioned; the answer says whether it was
        try:
            call = case.call(racer.implementation, case.arguments())
            start = time.perf_counter()
            result = call()
            first = time.perf_counter() - start
            ratio = error_over_bound(case, result)
            del result  # of 100 MB, for some
        except NotOffered as error:
            pytest.skip(f"not offered: {error}")
        except Exception as error:  # whatever a peer does with what it cannot take
            if racer.judged:
                raise
            pytest.xfail(f"{WRONG}{reason(error)}")
        flops, moved = case.cost()
        benchmark.group = str(case)
        benchmark.extra_info.update(
            function=case.function,
            label=case.label,
            implementation=racer.implementation.name,
            sizes=dict(case.sizes),
            dtype=np.dtype(case.dtype).name,
            flops=flops,
            bytes=moved,
            error_over_bound=ratio,
            threads=count,
            blas=threads.blas(),
        )
        if first > LONG:  # the textbook's leave-one-out of 4000 samples and 100 λ; compiling takes less
            benchmark.pedantic(call)
        else:
            benchmark(call)
        if benchmark.stats:  # not where every call is made once, untimed
            measured = peak(count)
            share = share_of_peak(case.cost(), benchmark.stats.stats.median, case.dtype, measured)
            benchmark.extra_info.update(peak=measured, share_of_peak=share)


def reason(error: Exception) -> str:
    """What went wrong, on a line."""
    what = " ".join(str(error).split())
    return what if isinstance(error, AssertionError) else f"{type(error).__name__}: {what[:200]}"


def is_beyond_quick(item: Any) -> bool:
    """Whether a test times a case that is only for who asks for all sizes."""
    case = item.callspec.params.get("case") if hasattr(item, "callspec") else None
    return "timed" in item.fixturenames and isinstance(case, Case) and not case.quick


def tell_wrong(terminal: Any) -> None:
    """A line for each peer and case that was not timed for being wrong."""
    told = [report for report in terminal.stats.get("xfailed", ()) if WRONG in report.wasxfail]
    if told:
        terminal.section("wrong, so not timed")
    for report in told:
        _, _, name = report.nodeid.partition("[")
        terminal.line(f"{name.removesuffix(']')}: {report.wasxfail.partition(WRONG)[2]}")
