"""Who is faster, fairly: ``shrinkage race [CASE ...] [--impl impl,numpy,torch] [--threads 1,all] [--json FILE]``.

Every implementation has a process of its own, on the same cores; they take short turns in random order (`turns`). An
answer is checked against its bound before it is timed: what is wrong is told, and not timed. What is compared is the
ratio to the first implementation in the same round: the median over rounds, with an interval of 95 %. Each number of
threads is a race of its own, with its own processes, which are kept to as many cores. A race of all cases says as well
what starting costs: importing, the first call in a fresh process, and a call of the smallest case. The form of the file
is `race.schema.json`, beside this one.
"""

import datetime
import math
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from shrinkage.benchmarks.cases import CASES, SELECTIONS, Case, WrongCase, chosen
from shrinkage.benchmarks.measure.machine import machine
from shrinkage.benchmarks.measure.peak import peak, share_of_peak
from shrinkage.benchmarks.measure.startup import in_fresh_process
from shrinkage.benchmarks.measure.threads import environment
from shrinkage.benchmarks.race.turns import PATIENCE, Field, Refused, compared
from shrinkage.benchmarks.report.runs import Result, cores
from shrinkage.cli import Parser, duration, to_write, usable_cores
from shrinkage.peers import module_of, peers, written
from shrinkage.properties.report import scorecard
from shrinkage.properties.report.files import write
from shrinkage.properties.report.progress import console, each

SCHEMA = Path(__file__).with_name("race.schema.json")


def raced(
    cases: list[Case],
    names: list[str] | None,
    rounds: list[list[int]],
    budget: float,
    patience: float,
    starting: bool = False,
) -> dict[str, Any]:
    """All that is to be known of a race, as in `race.schema.json`; without names, of `impl` and every peer there is.

    Parameters
    ----------
    cases
        What is called.
    names
        Who races.
    rounds
        The cores of each round.
    budget
        Seconds for all turns.
    patience
        Seconds for one answer.
    starting
        Whether what starting costs is measured, too, on the cores of the first round.

    Raises
    ------
    Refused
        If one that was named cannot be loaded, or offers nothing of what is called.
    """
    made: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    startup: dict[str, Any] = {}
    for kept in rounds:
        field = Field(names or ["impl", *peers(), *written()], kept, optional=not names, patience=patience)
        try:
            if names and not made:
                _offering(field, cases)
            reference = next(iter(field.workers))
            blas = {f"{name}: {pool}": number for name, w in field.workers.items() for pool, number in w.blas.items()}
            made.append({"threads": len(kept), "blas": blas, "peak": peak(len(kept))})
            rows += _rows(field, cases, reference, budget / len(rounds), made[-1])
            if starting and not startup:
                names_started = [name for name in field.workers if name not in written()]
                startup = {name: _startup(field, name) for name in each(names_started, "starting")}
        finally:
            field.end()
    return {
        "schema": 2,
        "kind": "race",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": scorecard.versions(),
        "absent": field.absent,
        "reference": reference,
        "rounds": made,
        "rows": rows,
        "startup": startup,
    }


def _offering(field: Field, cases: list[Case]) -> None:
    """Say what each does not offer of what is called, before anybody waits for it."""
    wanted = dict.fromkeys(case.function for case in cases)
    for name, worker in field.workers.items():
        lacking = [function for function in wanted if function not in worker.offered]
        more = f" and {len(lacking) - 4} more" if len(lacking) > 4 else ""
        said = f"{name} offers no {', '.join(lacking[:4])}{more}"
        if len(lacking) == len(wanted):
            raise Refused(f"{said}: it cannot be raced.")
        if lacking:
            console(stderr=True).print(f"{said}: of that the others are raced.", soft_wrap=True)


def _rows(
    field: Field, cases: list[Case], reference: str, budget: float, made: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Of one round, a row a case."""
    said = f"racing on {cores(made['threads'])}"
    for i, case in enumerate(each(cases, said)):
        left = (budget - field.spent) / (len(cases) - i)
        share = max(left, budget / len(cases))  # seven rounds of a large case are not at the expense of the others
        yield _row(case, compared(field.race(case, share), reference), made)


def _row(case: Case, results: dict[str, dict[str, Any]], made: dict[str, Any]) -> dict[str, Any]:
    flops, moved = case.cost()
    for result in results.values():
        if "seconds" in result:
            result["share_of_peak"] = share_of_peak((flops, moved), result["seconds"], case.dtype, made["peak"])
    return {
        "case": str(case),
        "threads": made["threads"],
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


def report(race: dict[str, Any], out: Console) -> None:
    """Of each case who takes how long, the fastest first; what was wrong; and what starting costs."""
    reference, rounds = race["reference"], [made["threads"] for made in race["rounds"]]
    table = Table(title=f"times of {reference}, and how many times as long the others take, with 95 % intervals")
    for column in ("case", "by"):
        table.add_column(column, no_wrap=True)
    for threads in rounds:
        table.add_column(cores(threads), justify="right", no_wrap=True)
    cases: dict[str, dict[int, dict[str, Any]]] = {}
    for row in race["rows"]:
        cases.setdefault(row["case"], {})[row["threads"]] = row["results"]
    for case, by_threads in cases.items():
        first, *_ = by_threads.values()
        timed = [name for name in first if any("seconds" in results[name] for results in by_threads.values())]
        fastest = sorted(timed, key=lambda name: (name != reference, first[name].get("seconds", math.inf)))
        for name in fastest:
            cells = (_ratio(by_threads[threads][name]) for threads in rounds)
            table.add_row(case if name == fastest[0] else "", name, *cells, end_section=name == fastest[-1])
    out.print(table)
    told = {}
    for row in race["rows"]:
        for name, result in row["results"].items():
            if "wrong" in result:  # by one's own rounding, on other threads, too
                told[row["case"], name] = f"{_time(result)}, so not timed: {row['case']} by {name}: {result['wrong']}"
    for line in told.values():
        out.print(line)
    for name, why in race["absent"].items():
        out.print(f"left out: {name}: {why}")
    if race["startup"]:
        table = Table("starting", "import", "first call", "dispatch")
        for name, costs in race["startup"].items():
            table.add_row(name, *(seconds(costs[key]) if key in costs else "–" for key in _COSTS))
        out.print(table)


_COSTS = ("import", "first_call", "dispatch")


def seconds(value: float) -> str:
    """With a unit, to three digits."""
    unit, size = next((pair for pair in (("s", 1.0), ("ms", 1e-3)) if value >= pair[1]), ("µs", 1e-6))
    return f"{value / size:.3g} {unit}"


def _time(result: dict[str, Any]) -> str:
    if "seconds" not in result:
        return Result(lacking="wrong", why=result["wrong"]).instead if "wrong" in result else "–"
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
        "(default: impl, all peers, and what people write)",
    )
    parser.add_argument("--sizes", choices=SELECTIONS, default="quick", help="the quick cases or all (default: quick)")
    parser.add_argument(
        "--threads",
        default="1,all",
        metavar="N,N",
        help="as many cores for each, one number after the other; all of them are all (default: 1,all)",
    )
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
    parser.add_argument(
        "--starting", action="store_true", help="measure what starting costs, too, as in any race of all cases"
    )
    parser.add_argument("--json", type=to_write, metavar="FILE", help="write the result; its form is race.schema.json")
    options = parser.parse_intermixed_args(arguments)
    try:
        cases = chosen(options.cases, options.sizes)
    except WrongCase as error:
        parser.error(str(error))
    there = usable_cores()
    numbers = [str(len(there)) if number == "all" else number for number in options.threads.split(",")]
    for number in numbers:
        if not number.isdecimal() or not 1 <= int(number) <= len(there):
            parser.error(f"--threads {options.threads}: give numbers up to {len(there)}, which is all, as in 1,all.")
    rounds = [there[-number:] for number in dict.fromkeys(map(int, numbers))]
    names = None if options.impl is None else options.impl.split(",")
    if names and "" in names:
        parser.error(f"--impl {options.impl!r} has an empty name: give names with a comma between two.")
    if names and len(set(names)) < len(names):
        parser.error(f"--impl {options.impl} names one twice.")
    try:
        starting = options.starting or not options.cases
        race = raced(cases, names, rounds, options.budget, options.patience, starting)
    except Refused as error:
        parser.error(str(error))
    if options.json:
        write(options.json, race)  # first: who reads what is printed may stop reading
    report(race, console() if sys.stdout.isatty() else console(width=160))
    if options.json:
        print(f"The race is in {options.json}.")
    return int(
        any(
            "wrong" in result and (name == race["reference"] or not module_of(name))
            for row in race["rows"]
            for name, result in row["results"].items()
        )
    )
