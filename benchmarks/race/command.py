"""Who is faster, fairly: ``shrinkage race [CASE ...] [--impl impl,numpy,torch] [--json FILE]``.

Every implementation has a process of its own, on the same core; they take short turns in random order (`rounds`). An
answer is checked against its bound before it is timed: what is wrong is told, and not timed. What is compared is the
ratio to the first implementation in the same round: the median over rounds, with an interval of 95 %. What starting
costs is apart: importing, the first call in a fresh process, and a call of the smallest case. The form of the file is
`race.schema.json`, beside this one.
"""

import datetime
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from shrinkage.benchmarks.cases import CASES, SELECTIONS, Case, WrongCase, chosen
from shrinkage.benchmarks.measure.machine import machine
from shrinkage.benchmarks.measure.peak import peak, share_of_peak
from shrinkage.benchmarks.measure.startup import in_fresh_process
from shrinkage.benchmarks.measure.threads import environment
from shrinkage.benchmarks.race.turns import PATIENCE, Field, Refused, compared
from shrinkage.cli import Parser, duration, to_write, usable_cores
from shrinkage.peers import peers
from shrinkage.properties.report import scorecard
from shrinkage.properties.report.files import write

SCHEMA = Path(__file__).with_name("race.schema.json")


def raced(
    cases: list[Case], names: list[str] | None, cores: list[int], budget: float, patience: float
) -> dict[str, Any]:
    """All that is to be known of a race, as in `race.schema.json`; without names, of `impl` and every peer there is.

    Raises
    ------
    Refused
        If one that was named cannot be loaded.
    """
    field = Field(names or ["impl", *peers()], cores, optional=not names, patience=patience)
    try:
        attainable = peak(len(cores))
        blas = {f"{name}: {pool}": threads for name, w in field.workers.items() for pool, threads in w.blas.items()}
        reference, rows = next(iter(field.workers)), []
        for i, case in enumerate(track(cases, "racing", console=Console(stderr=True), transient=True)):
            left = (budget - field.spent) / (len(cases) - i)
            share = max(left, budget / len(cases))  # seven rounds of a large case are not at the expense of the others
            rows.append(_row(case, compared(field.race(case, share), reference), attainable))
        return {
            "schema": 1,
            "kind": "race",
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "versions": scorecard.versions(),
            "blas": blas,
            "threads": len(cores),
            "peak": attainable,
            "reference": reference,
            "rows": rows,
            "startup": {name: _startup(field, name) for name in field.workers},
        }
    finally:
        field.end()


def _row(case: Case, results: dict[str, dict[str, Any]], attainable: dict[str, float]) -> dict[str, Any]:
    flops, moved = case.cost()
    for result in results.values():
        if "seconds" in result:
            result["share_of_peak"] = share_of_peak((flops, moved), result["seconds"], case.dtype, attainable)
    return {
        "case": str(case),
        "function": case.function,
        "label": case.label,
        "sizes": dict(case.sizes),
        "dtype": np.dtype(case.dtype).name,
        "flops": flops,
        "bytes": moved,
        "results": results,
    }


def _startup(field: Field, name: str) -> dict[str, float]:
    """Importing, in the median of three fresh processes; and the first call and the dispatch of a smallest case.

    The case is least squares of 10 × 3, which every peer has; where there is none, the first that is offered.
    """
    first = [case for case in CASES if str(case) == "lstsq-small"]
    cases = first + [case for case in CASES if case.label == "small"]
    calls = next(filter(None, (field.dispatch(name, case) for case in cases)), {})
    return {"import": statistics.median(_import(name, len(field.cores)) for _ in range(3)), **calls}


def _import(name: str, threads: int) -> float:
    """Until every function that is offered can be called."""
    quiet = "import sys, time; out, sys.stdout = sys.stdout, sys.stderr"  # what it prints on import is not the figure
    program = f"{quiet}; from shrinkage.loader import load; t = time.perf_counter(); load([{name!r}])"
    return in_fresh_process(
        ["-W", "ignore", "-c", f"{program}; print(time.perf_counter() - t, file=out)"], **environment(threads)
    )


# ---- what is printed -------------------------------------------------------------------------------------------------


def report(race: dict[str, Any], console: Console) -> None:
    """The table of ratios, what was wrong, and what starting costs."""
    reference, names = race["reference"], list(race["startup"])
    others = [name for name in names if name != reference]
    table = Table(title=f"time over that of {reference}, with its interval of 95 %")
    table.add_column("case", no_wrap=True)
    for name in (reference, *others):
        table.add_column(name, justify="right")
    for row in race["rows"]:
        results = row["results"]
        table.add_row(row["case"], _time(results[reference]), *(_ratio(results[name]) for name in others))
    console.print(table)
    for row in race["rows"]:
        for name, result in row["results"].items():
            if "wrong" in result:
                line = f"wrong, so not timed: {row['case']} by {name}: {result['wrong']}"
                console.print(line, highlight=False, markup=False)
    table = Table("starting", "import", "first call", "dispatch")
    for name, costs in race["startup"].items():
        table.add_row(name, *(seconds(costs[key]) if key in costs else "–" for key in _COSTS))
    console.print(table)


_COSTS = ("import", "first_call", "dispatch")


def seconds(value: float) -> str:
    """With a unit, to three digits."""
    unit, size = next((pair for pair in (("s", 1.0), ("ms", 1e-3)) if value >= pair[1]), ("µs", 1e-6))
    return f"{value / size:.3g} {unit}"


def _time(result: dict[str, Any]) -> str:
    if "seconds" not in result:
        return "wrong" if "wrong" in result else "–"
    return seconds(result["seconds"]) + (", once" if result["rounds"] == 1 else "")


def _ratio(result: dict[str, Any]) -> str:
    if "ratio" not in result:
        return _time(result)
    low, high = result["interval"]
    return f"{result['ratio']:.3g} ({low:.3g}–{high:.3g})"


# ---- the command line ------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Race, print, write; 1 if who is named first, or one's own, was wrong somewhere."""
    parser = Parser(
        prog="shrinkage race",
        description="How fast is it? Implementations side by side, in turns, each answer checked before it is timed.",
        epilog="Exit codes: 0 raced, 1 somebody but a peer was wrong, 2 there was nothing to race.",
    )
    parser.add_argument(
        "cases", nargs="*", metavar="CASE", help="ridge-large, or a function (default: all of the sizes)"
    )
    parser.add_argument(
        "--impl",
        metavar="NAME,NAME",
        help="who races: paths to .py files, dotted modules, peers' short names; all are compared with the first "
        "(default: impl and all peers)",
    )
    parser.add_argument("--sizes", choices=SELECTIONS, default="quick", help="the quick cases or all (default: quick)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="as many cores for each (default: 1)")
    parser.add_argument(
        "--budget",
        type=duration,
        default=600.0,
        metavar="TIME",
        help="for the rounds of all cases, as in 90s or 10min; checking comes on top, and so does what 7 rounds of a "
        "case take that its share is not enough for (default: 10min)",
    )
    parser.add_argument(
        "--patience", type=duration, default=PATIENCE, metavar="TIME", help=f"for one answer (default: {PATIENCE:g}s)"
    )
    parser.add_argument("--json", type=to_write, metavar="FILE", help="write the result; its form is race.schema.json")
    options = parser.parse_intermixed_args(arguments)
    try:
        cases = chosen(options.cases, options.sizes)
    except WrongCase as error:
        parser.error(str(error))
    there = usable_cores()
    if not 1 <= options.threads <= len(there):
        parser.error(f"--threads {options.threads}: there are {len(there)} cores.")
    names = None if options.impl is None else options.impl.split(",")
    if names and "" in names:
        parser.error(f"--impl {options.impl!r} has an empty name: give names with a comma between two.")
    if names and len(set(names)) < len(names):
        parser.error(f"--impl {options.impl} names one twice.")
    try:
        race = raced(cases, names, there[-options.threads :], options.budget, options.patience)
    except Refused as error:
        parser.error(str(error))
    if options.json:
        write(options.json, race)  # first: who reads what is printed may stop reading
    report(race, Console() if sys.stdout.isatty() else Console(width=160))
    if options.json:
        print(f"The race is in {options.json}.")
    judged = [name for name in race["startup"] if name == race["reference"] or name not in peers()]
    return int(any("wrong" in row["results"][name] for row in race["rows"] for name in judged))
