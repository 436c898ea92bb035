"""Implementations in turn, one process each on the same cores: who is at it changes every few milliseconds.

Two processes that are timed one after the other differ by what else the machine did, and by how warm it was. Here each
round has one short turn of every implementation, in random order, and what counts is the ratio within a round: what
comes and goes more slowly than a round is in both, and cancels.
"""

import math
import random
import signal
import statistics
import time
from collections.abc import Iterable, Sequence
from typing import Any

from scipy.stats import quantile_test

from shrinkage.benchmarks.cases import Case
from shrinkage.benchmarks.measure.threads import environment
from shrinkage.benchmarks.references import WrongAnswer, worst_ratio
from shrinkage.properties.isolated.worker import Failed, Gone, Worker

TURN = 0.01  # seconds; a call that takes longer is a turn of its own
FEWEST, MOST = 7, 201  # rounds; of fewer than six there is no interval of 95 %
LONG = 30.0  # seconds; who is not compared with, and takes longer for a call, is timed once and not in rounds
STDERR = 2  # where the entrants print, and nobody looks for the table
PATIENCE = 900.0  # seconds for one answer of a worker; the first call of a large case may compile and compute for long


class Refused(RuntimeError):
    """An implementation that cannot be loaded; the message is one sentence."""


class InTurn(Worker):
    """A process that is stopped where it is not asked for anything.

    The threads of a pool spin for a while when their work is done, OpenBLAS's for 2²⁶ cycles, and would take a core
    from whoever has the next turn.
    """

    def ask(self, do: str, **question: Any) -> Any:
        """As any worker answers."""
        self.process.send_signal(signal.SIGCONT)
        answer = super().ask(do, **question)
        self.process.send_signal(signal.SIGSTOP)
        return answer


class Racer(InTurn):
    """One implementation's process.

    Parameters
    ----------
    name
        Of the implementation.
    cores
        The cores that it may use; as many threads are all that its libraries may start.
    patience
        How many seconds an answer may take.

    Raises
    ------
    Refused
        If it cannot be loaded.
    """

    module = "shrinkage.benchmarks.race.entrant"

    def __init__(self, name: str, cores: Sequence[int], patience: float = PATIENCE) -> None:
        options: Any = {"env": environment(len(cores)), "stdout": STDERR}
        super().__init__(self.module, name, patience=patience, cores=cores, **options)
        try:
            self.blas: dict[str, int] = self.ask("blas")
            self.offered: list[str] = self.ask("offered")
        except BaseException as error:
            self.end()
            if isinstance(error, Failed):
                raise Refused(str(error).removeprefix("WrongChoice: ")) from error
            raise

    def ask(self, do: str, **question: Any) -> Any:
        """As any worker answers; who is gone is told of in a sentence."""
        try:
            return super().ask(do, **question)
        except Gone as gone:
            raise Gone(f"It {gone}.") from gone


class Field:
    """Everybody who races.

    Parameters
    ----------
    names
        The first is who the others are compared with.
    cores
        For all of them, one at a time.
    optional
        Whether who cannot be loaded is left out; else it is an error.
    patience
        How many seconds an answer may take.

    Raises
    ------
    Refused
        If one who is not optional cannot be loaded.
    """

    def __init__(self, names: Iterable[str], cores: Iterable[int], optional: bool, patience: float = PATIENCE) -> None:
        self.cores, self.patience, self.random = list(cores), patience, random.Random(0)
        self.spent = 0.0
        self.workers: dict[str, Racer] = {}
        self.absent: dict[str, str] = {}
        try:
            for name in names:
                try:
                    self.workers[name] = Racer(name, self.cores, patience)
                except (Refused, Gone) as error:
                    if not optional:
                        raise Refused(str(error)) from error
                    self.absent[name] = str(error)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """End every process."""
        for worker in self.workers.values():
            worker.end()

    def _again(self, name: str) -> None:
        """A new process, for the next case, in place of one that is gone."""
        self.workers[name].end()
        self.workers[name] = type(self.workers[name])(name, self.cores, self.patience)

    def race(self, case: Case, seconds: float) -> dict[str, dict[str, Any]]:
        """Each one's result: what is wrong with its answer, or the times of its rounds and its error over bound.

        The rounds end after so many seconds, but there are some in any case; `spent` counts the seconds up.
        """
        results, calls = {}, {}
        for name in self.workers:
            try:
                results[name] = self._prepared(name, case)
                first = results[name].pop("first", 0.0)
                if first > LONG and len(results) > 1:  # what compiles for so long is not there
                    results[name]["times"].append(first)
                elif "times" in results[name]:
                    calls[name] = self._calls_a_turn(name)
            except Gone as error:
                results[name] = {"wrong": str(error)}
                calls.pop(name, None)
                self._again(name)
        rounds, start = 0, time.perf_counter()
        while calls and (rounds < FEWEST or (rounds < MOST and time.perf_counter() - start < seconds)):
            turns: dict[str, float] = {}
            for name in self.random.sample(list(calls), len(calls)):
                try:
                    turns[name] = self.workers[name].ask("time", calls=calls[name]) / calls[name]
                except Gone as error:
                    results[name] = {"wrong": str(error)}
                    del calls[name]
                    self._again(name)
            for name, taken in turns.items():
                results[name]["times"].append(taken)
            rounds += 1
        self.spent += time.perf_counter() - start
        return results

    def dispatch(self, name: str, case: Case) -> dict[str, float] | None:
        """In a fresh process: the first call of a case, and what a call takes once all is warm; None if not offered."""
        self._again(name)
        try:
            kind, *said = self.workers[name].ask("prepare", case=str(case))
            if kind != "answer":
                return None
            calls = self._calls_a_turn(name)
            taken = [self.workers[name].ask("time", calls=calls) / calls for _ in range(25)]
        except Gone:
            self._again(name)
            return None
        return {"first_call": said[1], "dispatch": statistics.median(taken)}

    def _prepared(self, name: str, case: Case) -> dict[str, Any]:
        kind, said, *rest = self.workers[name].ask("prepare", case=str(case))
        if kind != "answer":
            return {kind: said}
        (first,) = rest
        try:
            return {"error_over_bound": worst_ratio(case, said), "times": [], "first": first}
        except (WrongAnswer, TypeError, ValueError, IndexError) as error:  # parts may be of any form
            return {"wrong": " ".join(str(error).split())[:500]}

    def _calls_a_turn(self, name: str) -> int:
        """How many calls make a turn."""
        calls = 1
        while True:
            taken = self.workers[name].ask("time", calls=calls)
            if taken >= TURN / 4:
                return max(1, round(calls * TURN / taken))
            calls = math.ceil(calls * min(100, 1 + TURN / 2 / max(taken, 1e-9)))


def compared(results: dict[str, dict[str, Any]], reference: str) -> dict[str, dict[str, Any]]:
    """The times as medians, and their ratio to the reference's: the median over rounds, and its interval of 95 %.

    The interval is made of two of the ratios themselves, by the binomial distribution of how many of them lie below the
    median (Conover 1999, §3.2), so it assumes nothing of how times are distributed, but that rounds are independent.
    Who was timed once has no ratio.
    """
    base = results[reference].get("times", [])
    out = {}
    for name, result in results.items():
        times = result.get("times")
        out[name] = {key: value for key, value in result.items() if key != "times"}
        if times is None:
            continue
        out[name] |= {"seconds": statistics.median(times), "rounds": len(times)}
        if name != reference and min(len(times), len(base)) >= FEWEST - 1:
            ratios = [mine / its for mine, its in zip(times, base, strict=False)]
            interval = quantile_test(ratios, p=0.5).confidence_interval(0.95)
            out[name] |= {"ratio": statistics.median(ratios), "interval": [float(interval.low), float(interval.high)]}
    return out
