"""What a metric of the gate is: what it asks of each side, when head is worse, and how that is told.

A `Figure` looks worse when head's is over base's by more than a factor and by more than an amount that matters to
nobody. What looks worse is measured again, in fresh processes; it is a regression when it is worse every time.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, ClassVar

from shrinkage.benchmarks.gate.decide import INCONCLUSIVE, PASS, REGRESSION, Rule
from shrinkage.benchmarks.gate.sides import Figures, OutOfTime, Side, Sides

AGAIN = 2  # times
Row = dict[str, Any]


@dataclass
class Comparison:
    """Two revisions, compiled, and what has been found.

    Parameters
    ----------
    sides
        Both of them.
    rule
        What counts as slower.
    until
        When the time is over, by `time.monotonic`.
    say
        Tells who waits what is being done.
    compiled
        Seconds that each case took to compile.
    same
        Of each case whether its code is the same on both sides, where that can be told.
    ran
        The cases that can be run on both sides.
    cases
        Those of them whose answers are right.
    chosen
        The cases that were asked for by name, if any were.
    reasons
        By verdict, what speaks for it.
    notes
        What else is to be said.
    """

    sides: Sides
    rule: Rule
    until: float
    say: Callable[[str], None]
    compiled: Figures
    same: Mapping[str, bool]
    ran: Sequence[str]
    cases: Sequence[str]
    chosen: Sequence[str]
    reasons: dict[str, list[str]]
    notes: list[str]


class Metric(ABC):
    """One thing that can become worse.

    Attributes
    ----------
    name
        In the stored result, and for ``--only``.
    what
        As people call it.
    columns
        Of the table of its rows; where there are none, a line says how many are worse.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    columns: ClassVar[Sequence[str]] = ()

    @abstractmethod
    def compared(self, comparison: Comparison) -> list[Row]:
        """Its rows, each with a `verdict`; what is worse becomes a reason."""

    def cells(self, row: Row) -> list[str]:
        """One row, as `columns` says."""
        return []


@dataclass(frozen=True)
class Limit:
    """How much worse is worse: by more than this factor, and by more than this amount."""

    factor: float
    amount: float

    def exceeded(self, base: float, head: float) -> bool:
        """Whether head is worse than base."""
        return head > base * self.factor and head > base + self.amount


@dataclass(frozen=True)
class Found:
    """One figure of both sides, and what follows from it."""

    name: str
    base: float
    head: float
    verdict: str
    note: str = ""


Measure = Callable[[Sequence[str], int], Figures]  # names, how often before: by side, the figure of each name


def compare(measure: Measure, names: Sequence[str], limit: Callable[[str], Limit], first: Figures) -> list[Found]:
    """Each figure of the first measurement; those that look worse are measured again, a few times."""

    def worse(figures: Figures) -> set[str]:
        base, head = figures.get("base", {}), figures["head"]
        return {n for n in names if n in head and limit(n).exceeded(base[n], head[n])}

    suspects, verdict = worse(first), REGRESSION
    for again in range(1, AGAIN + 1):
        if suspects:
            try:
                suspects &= worse(measure([name for name in names if name in suspects], again))
            except OutOfTime:
                verdict = INCONCLUSIVE
                break
    return [Found(n, first["base"][n], first["head"][n], verdict if n in suspects else PASS) for n in names]


class Figure(Metric):
    """A metric that is one number of each case, or of each function, on each side: less is better.

    Attributes
    ----------
    doing
        What is said while it is measured.
    limit
        How much worse is worse.
    form
        How a number is written, with its unit.
    """

    doing: ClassVar[str]
    limit: ClassVar[Limit]
    form: ClassVar[str] = "{:.3g}"

    def measured(self, process: Side, names: Sequence[str], again: int) -> Mapping[str, float]:
        """Asked of a process of the side: the number of each; `again` is how often they have been measured before."""
        raise NotImplementedError

    def figures(self, comparison: Comparison, names: Sequence[str], again: int, side: str) -> Mapping[str, float]:
        """The same, of a fresh process."""
        with comparison.sides.process(side) as process:
            return self.measured(process, names, again)

    def limit_of(self, name: str) -> Limit:
        """How much worse is worse, of this one."""
        return self.limit

    def faults(self, comparison: Comparison, names: Sequence[str]) -> Mapping[str, str]:
        """What makes some a regression whatever the numbers are, as a verb that follows."""
        return {}

    def alone(self, comparison: Comparison, base: Mapping[str, float], head: Mapping[str, float]) -> None:
        """What is to be said of what one side alone has."""

    def compared(self, comparison: Comparison) -> list[Row]:
        """A row for each that both sides have; an infinite number is none, as JSON has it."""
        comparison.say(self.doing)

        def measure(names: Sequence[str], again: int) -> Figures:
            return comparison.sides.on_both(partial(self.figures, comparison, names, again))

        first = measure(comparison.cases, 0)
        base, head = first.get("base", {}), first["head"]
        self.alone(comparison, base, head)
        names = [name for name in base if name in head]
        faults = self.faults(comparison, names)
        rows = []
        for f in compare(measure, names, self.limit_of, first):
            if f.name in faults:
                f = replace(f, verdict=REGRESSION, note=faults[f.name])
            if f.verdict != PASS:
                was, now = self.form.format(f.base), self.form.format(f.head)
                note = f"; it {f.note}" if f.note else ""
                note += "; the time was over before that was measured again" * (f.verdict == INCONCLUSIVE)
                comparison.reasons[f.verdict].append(f"{self.what} of {f.name} was {was} and is {now}{note}")
            finite = {side: v if math.isfinite(v := getattr(f, side)) else None for side in ("base", "head")}
            rows.append(asdict(f) | finite)
        return rows
