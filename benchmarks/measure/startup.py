"""What starting costs: ``shrinkage startup`` prints a table of the figures, each beside its goal.

import
    `import shrinkage` over `import numpy`, and of all functions over numba and scipy.linalg, which they are built on;
    in fresh processes, one after the other.
first attribute
    `shrinkage.ridge` after that import: Numba and SciPy load with it.
cold compile
    Every function called once in float64 and in float32, in one process with an empty cache.
first call from the cache
    Each function, in float64, in a fresh process of its own, so that Numba's own setting up is in it: the median over
    the functions, and the worst of the five slowest, each of which was measured again five times.
dispatch
    `ridge` of a 10×3 problem in all, when everything is loaded.
"""

import argparse
import gc
import heapq
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shrinkage.cli import Parser, positive
from shrinkage.properties.report.progress import steps

IMPORTS = {  # what is timed, and what comes before
    "import numpy": "pass",
    "import shrinkage": "pass",
    "shrinkage.ridge": "import shrinkage",
    "import numba, scipy.linalg": "pass",
    "from shrinkage import *": "pass",
}


def in_fresh_process(arguments: Iterable[str], **environment: str) -> Any:
    """Run Python with these arguments, and read the JSON that it prints."""
    command = [sys.executable, *arguments]
    # Where Python was told to keep no bytecode, each import would compile every source file anew.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, env={**inherited, **environment}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} came back with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout)


def import_seconds(rounds: int) -> dict[str, float]:
    """Median time of each of `IMPORTS`."""
    times: dict[str, list[float]] = {timed: [] for timed in IMPORTS}
    for timed in list(times) * rounds:
        program = f"import time; {IMPORTS[timed]}; t = time.perf_counter(); {timed}; print(time.perf_counter() - t)"
        times[timed].append(in_fresh_process(["-c", program]))
    return {timed: statistics.median(seconds) for timed, seconds in times.items()}


def first_calls(names: Iterable[str], dtypes: Iterable[str], **environment: str) -> dict[str, Any]:
    """In one fresh process: seconds of the first call of each case, and how often the cache was hit and missed."""
    return in_fresh_process(["-m", "shrinkage", "startup", "--first-calls", *names, "--dtypes", *dtypes], **environment)


def _first_calls_here(names: Iterable[str], dtypes: Iterable[str]) -> dict[str, Any]:
    from numba.core.dispatcher import Dispatcher

    from shrinkage.benchmarks.cases import CASES
    from shrinkage.loader import load

    cases = {str(case): case for case in CASES}
    implementation = load(["impl"])  # all of it is imported: that is another figure
    seconds = {}
    for dtype in dtypes:
        for name in names:
            # A backward pass needs a forward pass first, which is not what is timed.
            call = cases[name].call(implementation, cases[name].arguments(np.dtype(dtype)))
            start = time.perf_counter()
            call()
            seconds[f"{name} {dtype}"] = time.perf_counter() - start
    compiled = [f.stats for f in gc.get_objects() if isinstance(f, Dispatcher)]
    return {
        "seconds": seconds,
        "hits": sum(sum(stats.cache_hits.values()) for stats in compiled),
        "misses": sum(sum(stats.cache_misses.values()) for stats in compiled),
    }


def dispatch_seconds() -> float:
    """A call of `ridge` on 10×3, the median over many rounds."""
    import shrinkage as impl

    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((10, 3)), rng.standard_normal(10)
    timer = timeit.Timer(lambda: impl.ridge(X, y, 1.0))
    timer.timeit(1000)
    return statistics.median(timer.repeat(50, 1000)) / 1000


def figures(rounds: int, say: Callable[[str], None]) -> list[tuple[str, str, str]]:
    """What was measured: name, figure, goal; `say` is told what is measured next."""
    from shrinkage.benchmarks.cases import CASES

    small = [str(case) for case in CASES if case.label == "small"]
    say("importing")
    numpy, own, attribute, base, everything = import_seconds(rounds).values()
    with tempfile.TemporaryDirectory() as cache:
        environment: Mapping[str, str] = {"NUMBA_CACHE_DIR": cache}
        say("compiling everything")
        start = time.perf_counter()
        first_calls(small, ["float64", "float32"], **environment)
        cold = time.perf_counter() - start

        def first_call(name: str) -> float:
            say(f"the first call of {name}")
            return first_calls([name], ["float64"], **environment)["seconds"][f"{name} float64"]

        cached = {name: first_call(name) for name in small}
        slowest = heapq.nlargest(5, small, key=cached.__getitem__)
        again = {name: statistics.median(first_call(name) for _ in range(5)) for name in slowest}
        size = sum(file.stat().st_size for file in Path(cache).rglob("*") if file.is_file())
    worst = max(again, key=again.__getitem__)
    return [
        ("import numpy", f"{numpy:.2f} s", ""),
        ("import shrinkage", f"{own:.2f} s, {own / numpy:.2f} times that", "≤ 1.2 times"),
        ("its first attribute", f"{attribute:.2f} s", ""),
        ("import numba, scipy.linalg", f"{base:.2f} s", ""),
        ("from shrinkage import *", f"{everything:.2f} s, {everything / base:.2f} times that", "≤ 1.2 times"),
        ("compile everything, cold", f"{cold:.0f} s", "≤ 60 s"),
        ("the cache on disk", f"{size / 1e6:.0f} MB", ""),
        (
            "first call from the cache",
            f"worst {1e3 * again[worst]:.0f} ms ({worst.split('-')[0]}), "
            f"median {1e3 * statistics.median(cached.values()):.0f} ms",
            "≤ 100 ms",
        ),
        ("ridge of 10×3, in all", f"{1e6 * dispatch_seconds():.1f} µs", "< 10 µs"),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; or, in a process that was started for it, the first calls."""
    parser = Parser(
        prog="shrinkage startup",
        description="What starting costs: import, cold compile, first call from the cache, and dispatch; some minutes.",
    )
    parser.add_argument(
        "--rounds", type=positive(int), default=7, metavar="N", help="imports of each kind (default: 7)"
    )
    parser.add_argument("--first-calls", nargs="+", metavar="CASE", help=argparse.SUPPRESS)
    parser.add_argument(
        "--dtypes", nargs="+", choices=["float64", "float32"], default=["float64"], help=argparse.SUPPRESS
    )
    options = parser.parse_args(arguments)
    if options.first_calls:
        print(json.dumps(_first_calls_here(options.first_calls, options.dtypes)))
        return 0
    with steps() as say:
        rows = [("what", "measured", "goal"), *figures(options.rounds, say)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0
