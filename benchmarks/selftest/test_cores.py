"""All cores are never slower than one: the gate's own rounds and rule, with one core for base and all for head."""

import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shrinkage.benchmarks.cases import CASES
from shrinkage.benchmarks.gate import rounds
from shrinkage.benchmarks.gate import timed as gate
from shrinkage.benchmarks.gate.contract.provider import WORKER
from shrinkage.benchmarks.gate.decide import REGRESSION, Rule
from shrinkage.benchmarks.gate.rounds import Timer
from shrinkage.benchmarks.gate.sides import HOMES, Home, Side, Sides
from shrinkage.benchmarks.measure.machine import clock, cores_of_others
from shrinkage.benchmarks.measure.threads import environment
from shrinkage.benchmarks.race.turns import InTurn
from shrinkage.cli import usable_cores

pytestmark = pytest.mark.power

FUNCTIONS = ("ridge", "lstsq", "ridge_loo", "ridge_batch", "FullyConnectedNet")
# Of the same sizes as others; and what takes so long that nobody splits it badly.
BESIDE = r"ill-conditioned|lam-zero|strided|x20x5$|x200x10$|-256x"
SIZES = [str(case) for case in CASES if case.function in FUNCTIONS and case.quick and not re.search(BESIDE, str(case))]
ALLOWED = 0.05  # of the time on one core
SECONDS = 100.0  # of which it takes half where nothing is suspect
BUSY = 0.05  # of the cores' time
# Where code and data happen to lie is a process's for as long as it lasts. It is worth 5 % of a call of 2 µs, and of 50
# rows of 500 features, with AVX-512, 22 % in one of eight processes: base's or head's. And a core may be slower than
# another for minutes, where somebody else's machine has the other half of it: base has each of them in turn.
AGAIN = 4


class InTurnSide(InTurn, Side):
    """A side that is stopped while another is timed."""


@dataclass(frozen=True)
class OneAndAll(Sides):
    """One core for base and its twin, all of them for head; the same processes in every round, which saves a minute."""

    lasting: dict[str, Side] = field(default_factory=dict)

    def process(self, side: str, core: Sequence[int] = (), cache: Path | None = None) -> Any:
        """That of this side."""
        if side not in self.lasting:
            cores = usable_cores() if side == "head" else core
            self.lasting[side] = InTurnSide(side, self.homes[HOMES[side]], self.until, cores, cache)
        return contextlib.nullcontext(self.lasting[side])


def compared(folder: Path, cases: Sequence[str], until: float, core: int = 0) -> dict[str, str]:
    """Of each case in which all cores are slower than this one, by how much, in words."""
    homes = {}
    for side, threads in (("base", 1), ("head", len(usable_cores()))):
        tree = folder / side
        tree.mkdir(parents=True)
        # What is compiled is kept where it always is: on both sides it is the same.
        kept = {"NUMBA_CACHE_DIR": "", **environment(threads, {})}
        homes[side] = Home(tree, ["impl"], (), folder / f"cache-{side}", WORKER, environment=kept)
    sides = OneAndAll(folder, homes, until + 30, cores=[usable_cores()[core % len(usable_cores())]])
    try:
        questions = gate.timed(Timer(sides), cases, Rule(threshold=ALLOWED), until)
    finally:
        for process in sides.lasting.values():
            process.end()
    slower = [q for q in questions if q.comparison == "head" and q.verdict == REGRESSION]
    return {row["case"]: f"{row['ratio']:.2f} times as long" for row in gate.rows(slower, {})}


@pytest.mark.skipif(len(usable_cores()) < 2 or not Path("/proc/stat").exists(), reason="there is one core, or no Linux")
def test_all_cores_are_never_slower_than_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any size, by more than 5 %; a machine that does something else beside says nothing of it."""
    monkeypatch.setattr(rounds, "PLACES", 2)  # a round is of many cases here, and all of them have a minute
    monkeypatch.setattr(gate, "SCREENING", 8)
    then = clock()
    slower = compared(tmp_path / "first", SIZES, time.monotonic() + SECONDS)
    for again in range(1, 1 + AGAIN):  # in processes of their own: what is slower by itself is so in all of them
        if slower:
            slower = compared(tmp_path / f"again{again}", [*slower], time.monotonic() + SECONDS / 2, core=again)
    busy = cores_of_others(then) / len(usable_cores())
    if slower and busy > BUSY:
        pytest.skip(f"somebody else had {100 * busy:.0f} % of the cores while these were slower: {slower}")
    assert not slower
