"""How far ahead anybody can be: ``python -m shrinkage.benchmarks.measure.limits > benchmarks/results/limits.json``.

Of each goal of the stored race: how much of `impl`'s time the least work takes that an answer needs, as bare calls
(`bare`). The two take turns as in a race, each in a process of its own; the share is the median over rounds, with an
interval of 95 %. Of the ways that there are to do the least work the fastest is taken that is right. What the best peer
takes in the race, over that share, is as far ahead as anybody can be: peers are not timed again, for some depend on
what their process did before.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.cases import CASES, Case
from shrinkage.benchmarks.measure.machine import machine
from shrinkage.benchmarks.race.goals import standings
from shrinkage.benchmarks.race.turns import PATIENCE, Field, Racer, compared
from shrinkage.benchmarks.references import WrongAnswer, worst_ratio
from shrinkage.benchmarks.report.runs import cores, read
from shrinkage.cli import quietly, usable_cores
from shrinkage.properties.isolated.worker import Failed
from shrinkage.properties.report.files import laid_out
from shrinkage.properties.report.progress import each

STORED = Path(__file__).parents[1] / "results" / "race.json"
BARE = "bare"
SECONDS = 1.0  # of turns for a case
TRIES = 4  # turns of each way, before one is chosen


class Bare(Racer):
    """The process of the bare calls."""

    module = "shrinkage.benchmarks.measure.bare"

    def __init__(self, _: str, cores: Sequence[int], patience: float = PATIENCE) -> None:
        super().__init__("impl", cores, patience)


class Limits(Field):
    """`impl` and the least work."""

    def __init__(self, cores: Iterable[int]) -> None:
        super().__init__(["impl"], cores, optional=False)
        self.workers[BARE] = Bare(BARE, self.cores, self.patience)
        self.way = ""

    def _prepared(self, name: str, case: Case) -> dict[str, Any]:
        """What a race has judged is not judged again."""
        if name == BARE:
            return self._fastest(case)
        kind, said, *_ = self.workers[name].ask("prepare", case=str(case))
        return {"times": []} if kind == "answer" else {kind: said}

    def _fastest(self, case: Case) -> dict[str, Any]:
        bare, wrong = self.workers[BARE], ""
        ways, taken = bare.ask("ways", case=str(case)), dict[int, list[float]]()
        for way, said in enumerate(ways):
            try:
                answer = bare.ask("answer", case=str(case), way=way)
                if answer is not None:
                    worst_ratio(case, answer)
                taken[way] = []
            except (WrongAnswer, Failed) as error:  # too few steps of refinement, say
                wrong = f"{said}: {error}"
        if not taken:
            return {"wrong": wrong}
        bare.ask("take", way=min(taken))
        calls = self._calls_a_turn(BARE)
        for _ in range(TRIES):
            for way, times in taken.items():
                bare.ask("take", way=way)
                times.append(bare.ask("time", calls=calls))
        way = min(taken, key=lambda way: min(taken[way]))
        bare.ask("take", way=way)
        self.way = ways[way]
        return {"times": []}


def limits(cases: list[Case], within: list[int], seconds: float = SECONDS) -> Iterator[dict[str, Any]]:
    """A row for each case, on these cores."""
    field = Limits(within)
    try:
        said = f"the least work, on {cores(len(within))}"
        for case in each(cases, said):
            found = compared(field.race(case, seconds), BARE)
            if "ratio" not in found["impl"]:
                print(f"limits: {case} has none: {found}", file=sys.stderr)
                continue
            low, high = found["impl"]["interval"]
            yield {
                "case": str(case),
                "threads": len(within),
                "way": field.way,
                "seconds": found[BARE]["seconds"],
                "share": 1 / found["impl"]["ratio"],
                "interval": [1 / high, 1 / low],
            }
    finally:
        field.end()


def main() -> None:
    """Print what was measured, as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m shrinkage.benchmarks.measure.limits", description="How far ahead anybody can be."
    )
    parser.add_argument("--threads", choices=("1", "all"), help="on one core, or on all of them (default: both)")
    parser.add_argument("-k", default="", metavar="PART", help="the cases that have this in their names")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of turns for a case (default: {SECONDS})")
    options = parser.parse_args()
    there, known = usable_cores(), {str(case): case for case in CASES}
    rounds = {"1": there[-1:], "all": there}
    rows: list[dict[str, Any]] = []
    for within in [rounds[options.threads]] if options.threads else rounds.values():
        raced = [each.row.case for run in read(STORED) if run.threads == len(within) for each in standings(run)]
        cases = [known[case] for case in raced if options.k in case and case in known]
        rows += limits(cases, within, options.seconds)
    print(laid_out({"machine": machine(), "rows": rows}))


if __name__ == "__main__":
    sys.exit(quietly(main))
