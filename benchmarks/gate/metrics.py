"""The metrics of the gate: to add one is to write its class here, and to put it into `METRICS`."""

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.cases import CASES
from shrinkage.benchmarks.gate.contract.accuracy import FIRST
from shrinkage.benchmarks.gate.decide import REGRESSION
from shrinkage.benchmarks.gate.metric import Comparison, Figure, Limit, Metric, Row
from shrinkage.benchmarks.gate.rounds import Timer
from shrinkage.benchmarks.gate.sides import Side
from shrinkage.benchmarks.gate.timed import COLUMNS, cells, judge_times, rows, timed

ALL = "(all of them)"
OF_MEMORY = ("mem_", "Mem", "peakmem_", "PeakMem")  # what asv's benchmarks that are not timed begin with


class Time(Metric):
    """What a call takes (`timed`)."""

    name, what = "time", "time"
    columns = COLUMNS

    def compared(self, comparison: Comparison) -> list[Row]:
        """In rounds of all cases."""
        timer = Timer(comparison.sides)
        cases = [case for case in comparison.cases if "::" in case or not _function(case).startswith(OF_MEMORY)]
        questions = timed(timer, cases, comparison.rule, comparison.until, comparison.say) if cases else []
        judge_times(questions, comparison.same, comparison.reasons)
        return [row | {"seconds": _by_side(timer, row["case"])} for row in rows(questions, comparison.same)]

    def cells(self, row: Row) -> list[str]:
        """As `COLUMNS` says."""
        return cells(row)


def _function(case: str) -> str:
    """Of a case of asv's, without its module, its class and its parameters."""
    return case.partition("(")[0].rpartition(".")[2]


def _by_side(timer: Timer, case: str) -> dict[str, list[float]]:
    """What a call took in each round."""
    found = timer.seconds.get(case, {})
    return {side: [float(f"{seconds:.5g}") for seconds in found.get(side, [])] for side in ("base", "head")}


class CompileTime(Figure):
    """Seconds that the first call compiles, from an empty cache; of each case and of all together."""

    name, what, doing = "compile", "compile time", "compiling once more what took longer than for the base"
    limit, form = Limit(1.5, 0.25), "{:.3g} s"

    def limit_of(self, name: str) -> Limit:
        """What sums up is steadier."""
        return Limit(1.25, 1.0) if name == ALL else self.limit

    def figures(self, comparison: Comparison, names: Sequence[str], again: int, side: str) -> Mapping[str, float]:
        """Those of the first compilation are there already."""
        if not again:
            seconds: Mapping[str, float] = {case: comparison.compiled[side][case] for case in comparison.ran}
        else:
            cases = comparison.ran if ALL in names else names
            with (
                tempfile.TemporaryDirectory(dir=comparison.sides.folder) as cache,
                comparison.sides.process(side, cache=Path(cache)) as process,
            ):
                seconds = {case: process.ask("first_call", case=case) for case in cases}
        return {**seconds, ALL: math.fsum(seconds.values())}


class Memory(Figure):
    """The most bytes that a call has allocated at once, by NumPy, by compiled code or by Python."""

    name, what, doing = "memory", "peak memory", "counting what calls allocate"
    limit, form = Limit(1.1, 16_384), "{:,.0f} bytes"

    def measured(self, process: Side, names: Sequence[str], again: int) -> Mapping[str, float]:
        """Of one call each."""
        return {case: process.ask("peak", case=case) for case in names}


class ImportTime(Figure):
    """Seconds that a package takes to import, in a fresh process."""

    name, what, doing = "import", "import time", "importing what is gated"
    limit, form = Limit(1.25, 0.02), "{:.3g} s"

    def measured(self, process: Side, names: Sequence[str], again: int) -> Mapping[str, float]:
        """Of the packages that were imported from the repository."""
        packages = names if again else process.ask("packages")
        found = {name: process.ask("import_time", module=name) for name in packages}
        return {name: seconds for name, seconds in found.items() if seconds is not None}


class Accuracy(Figure):
    """The worst error over bound of each function, in the same claims on the same problems."""

    name, what, doing = "accuracy", "error over bound", "judging both revisions by the claims"
    # It moves with the order in which a sum is taken. Above 1 a claim has failed.
    limit = Limit(4.0, 0.1)

    def measured(self, process: Side, names: Sequence[str], again: int) -> Mapping[str, float]:
        """Of all functions the first time, then of these."""
        found: Mapping[str, float] = process.ask("accuracy", names=names, again=again)
        return found

    def figures(self, comparison: Comparison, names: Sequence[str], again: int, side: str) -> Mapping[str, float]:
        """Of the functions of the cases that were chosen."""
        found = super().figures(comparison, names, again, side)
        asked = {case.function for case in CASES if str(case) in comparison.chosen}
        return {name: worst for name, worst in found.items() if name in asked or not asked}

    def alone(self, comparison: Comparison, base: Mapping[str, float], head: Mapping[str, float]) -> None:
        """What is new is judged by its bound; what is gone has not become more accurate."""
        card = _card(comparison, "head")
        for name in sorted(head.keys() - base.keys()):
            if (claims := _failed(card, name)) or head[name] > 1:
                fails = f"fails {min(claims)}" if claims else f"is at {head[name]:.3g} of its bound"
                comparison.reasons[REGRESSION].append(f"{name} is new, and {fails}")
            else:
                comparison.notes.append(f"{name} is new: its error is at {head[name]:.2g} of its bound")
        for name in sorted(base.keys() - head.keys()):
            comparison.reasons[REGRESSION].append(f"{name} was judged in base, and is not offered any more")

    def faults(self, comparison: Comparison, names: Sequence[str]) -> Mapping[str, str]:
        """A claim that fails for head alone."""
        if not names:
            return {}
        base, head = (_card(comparison, side) for side in ("base", "head"))
        failed = {name: _failed(head, name) - _failed(base, name) for name in names}
        return {name: f"fails {min(claims)}" for name, claims in failed.items() if claims}


def _card(comparison: Comparison, side: str) -> dict[str, Any]:
    """The first scorecard of the side."""
    card: dict[str, Any] = json.loads((comparison.sides.homes[side].tree / FIRST).read_text(encoding="utf-8"))
    return card


def _failed(card: Mapping[str, Any], function: str) -> set[str]:
    """The claims about this function that failed."""
    return {
        claim["id"].split("::", 1)[-1]
        for claim in card["claims"]
        if claim["functions"].get(function, {}).get("outcome") == "failed"
    }


# In the order in which they are measured: time needs cases whose answers are right, and to compile again from an empty
# cache can take minutes.
METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (Accuracy(), Memory(), ImportTime(), Time(), CompileTime())
}
