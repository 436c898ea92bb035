"""What is measured once a side, beside time: compiling, memory, answers; and again where it looks worse.

A figure looks worse when head's is over base's by more than a factor and by more than an amount that matters to nobody.
What looks worse is measured again, in fresh processes; it is a regression when it is worse every time.
"""

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.gate.checkouts import Unusable
from shrinkage.benchmarks.gate.decide import PASS, REGRESSION
from shrinkage.benchmarks.gate.workers import SIDES, Failed, Process, at_once

AGAIN = 2  # times
ALL = "(all of them)"


@dataclass(frozen=True)
class Limit:
    """How much worse is worse: by more than this factor, and by more than this amount."""

    factor: float
    amount: float

    def exceeded(self, base: float, head: float) -> bool:
        """Whether head is worse than base."""
        return head > base * self.factor and head > base + self.amount


COMPILING = Limit(1.5, 0.25)  # seconds
COMPILING_ALL = Limit(1.25, 1.0)
MEMORY = Limit(1.1, 16_384)  # bytes
# Error over bound moves with the order in which a sum is taken. Above 1 a claim has failed.
ACCURACY = Limit(4.0, 0.1)


@dataclass(frozen=True)
class Found:
    """One figure of both sides, and what follows from it."""

    name: str
    base: float
    head: float
    verdict: str
    note: str = ""


Digests = dict[str, dict[str, str]]  # side, function
Failures = dict[str, dict[str, str]]  # case, side: in words
Figures = Mapping[str, Mapping[str, float]]  # side, name
Measure = Callable[[Sequence[str], int, str], Mapping[str, float]]  # names, which time, side: figure by name
Limits = Callable[[str], Limit]  # name


def compare(measure: Measure, names: Sequence[str], limit: Limits, first: Figures, threads: int = 1) -> list[Found]:
    """Each figure of the first measurement; those that look worse are measured again, a few times.

    Both sides at the same time, where there are two cores: then what else the machine does slows both.
    """

    def worse(figures: Figures) -> set[str]:
        base, head = figures["base"], figures["head"]
        return {n for n in names if n in head and limit(n).exceeded(base[n], head[n])}

    suspects = worse(first)
    for time in range(1, AGAIN + 1):
        if suspects:
            chosen = [name for name in names if name in suspects]
            suspects &= worse(on_both(partial(measure, chosen, time), threads))
    return [Found(n, first["base"][n], first["head"][n], REGRESSION if n in suspects else PASS) for n in names]


def on_both(work: Callable[[str], Any], threads: int) -> dict[str, Any]:
    """What the work gives for base and for head."""
    return dict(zip(SIDES[:2], at_once(work, SIDES[:2], threads), strict=True))


@dataclass(frozen=True)
class Checks:
    """Measures each side in processes of its own.

    Parameters
    ----------
    folder, names, cores
        As for `rounds.Timer`.
    """

    folder: Path
    names: Sequence[str]
    cores: Sequence[int]

    def _process(self, side: str, cache: Path | None = None) -> Process:
        return Process(self.folder, side, self.names, cache=cache)

    def _on_both(self, work: Callable[[str], Any]) -> dict[str, Any]:
        return on_both(work, len(self.cores))

    def compiling(self, cases: Sequence[str]) -> tuple[Figures, Digests, Failures]:
        """Of each side: seconds that each case compiles, from an empty cache, into the one that the rounds load from.

        With them, the digests of the code of each side, and of what could not be run, where not and why not.
        """
        digests: Digests = {}
        failures: Failures = {}

        def compiled(side: str) -> dict[str, float]:
            with self._process(side) as process:
                try:
                    process.ask("start")
                except Failed as error:
                    raise Unusable(f"{side} cannot be loaded: {error}") from error
                seconds = {}
                for case in cases:
                    try:
                        seconds[case] = process.ask("first_call", case=case)
                    except Failed as error:
                        failures.setdefault(case, {})[side] = str(error)
                digests[side] = process.ask("code")
            return seconds

        return self._on_both(compiled), digests, failures

    def compile_times(self, first: Figures, cases: Sequence[str]) -> list[Found]:
        """These seconds compared, of each case and of all together."""

        def again(chosen: Sequence[str], _: int, side: str) -> dict[str, float]:
            compiled = cases if ALL in chosen else chosen
            with tempfile.TemporaryDirectory(dir=self.folder) as cache, self._process(side, Path(cache)) as process:
                return _with_sum({case: process.ask("first_call", case=case) for case in compiled})

        figures = {side: _with_sum({case: seconds[case] for case in cases}) for side, seconds in first.items()}
        limit = {ALL: COMPILING_ALL}
        return compare(again, [*cases, ALL], lambda name: limit.get(name, COMPILING), figures, len(self.cores))

    def memory(self, cases: Sequence[str]) -> list[Found]:
        """The most bytes that a call has allocated at once."""

        def peaks(chosen: Sequence[str], _: int, side: str) -> dict[str, float]:
            with self._process(side) as process:
                return {case: process.ask("peak_memory", case=case) for case in chosen}

        return compare(peaks, cases, lambda _: MEMORY, self._on_both(partial(peaks, cases, 0)))

    def answers(self, cases: Sequence[str]) -> Failures:
        """The cases whose answer is wrong, where and how: a wrong answer is never timed."""
        wrong: Failures = {}

        def check(side: str) -> None:
            with self._process(side) as process:
                for case in cases:
                    try:
                        process.ask("check", case=case)
                    except Failed as error:
                        wrong.setdefault(case, {})[side] = str(error)

        self._on_both(check)
        return wrong

    def accuracy(self) -> list[Found]:
        """The worst error over bound of each function, in the same claims on the same problems."""
        claims: dict[str, dict[str, set[str]]] = {}

        def worst(functions: Sequence[str], time: int, side: str) -> dict[str, float]:
            card = self.folder / f"{side}-{time}.json"
            with self._process(side) as process:
                found = process.ask(
                    "properties",
                    scorecard=str(card),
                    profile="default" if time else "quick",
                    seed=time,
                    functions=list(functions),
                )
            claims[side] = {name: _failed(found, name) for name in found["functions"]}
            return {name: _worst(row) for name, row in found["functions"].items()}

        first = self._on_both(partial(worst, [], 0))
        common = sorted(first["base"].keys() & first["head"].keys())
        failed = {name: sorted(claims["head"][name] - claims["base"][name]) for name in common}
        found = compare(worst, common, lambda _: ACCURACY, first, threads=len(self.cores))
        return [
            replace(f, verdict=REGRESSION, note=f"fails {failed[f.name][0]}") if failed[f.name] else f for f in found
        ]


def _with_sum(seconds: dict[str, float]) -> dict[str, float]:
    return seconds | {ALL: math.fsum(seconds.values())}


def _worst(row: Mapping[str, Any]) -> float:
    return math.inf if row["worst"] is None else float(row["worst"])


def _failed(card: Mapping[str, Any], function: str) -> set[str]:
    """The claims about this function that failed."""
    return {
        claim["id"].split("::", 1)[-1]
        for claim in card["claims"]
        if claim["functions"].get(function, {}).get("outcome") == "failed"
    }
