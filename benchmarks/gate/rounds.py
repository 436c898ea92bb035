"""Timing: rounds of three fresh processes on one core, which take short samples in turn."""

import contextlib
import math
import random
import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
from scipy.stats import trim_mean

from shrinkage.benchmarks.gate.sides import SIDES, OutOfTime, Side, Sides
from shrinkage.benchmarks.gate.workers import at_once

SAMPLE = 2e-3  # seconds, at least; below, the clock and the messages between processes are seen
WARM = 8e-3, 8  # seconds and calls before a sample; after so much of either the caches are this process's again
PLACES = 16  # at each, a sample of every side with its inputs there; there and back, so an even number
UNMOVED = 8  # samples of a side, where inputs cannot be moved: more of the same place say little more
CASE = 0.25  # seconds for a case in a round, once it is ready; what takes longer gets fewer samples


@dataclass
class Logs:
    """Of one case, a number a round: log of head's over base's time, and of the twin's over base's."""

    head: list[float] = field(default_factory=list)
    twin: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Timer:
    """Where and how rounds are run.

    Parameters
    ----------
    sides
        Who is timed; one round at a time on each of their cores.
    slower
        Cases whose head is slowed by a fraction, for the gate's own proof.
    seconds
        Of each case and side, what a call took in each round until now.
    cost
        Of each case, the seconds that it took of its last round.
    """

    sides: Sides
    slower: Mapping[str, float] = field(default_factory=dict)
    seconds: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)

    def rounds(self, cases: Sequence[str], count: int, until: float = math.inf) -> dict[str, Logs]:
        """As many rounds of these cases, or as many as were begun until then, by `time.monotonic`.

        Where the time is too short for all, the slowest are left out, from the round on in which that is seen: what is
        quick is not to wait for them.
        """
        logs = {case: Logs() for case in cases}
        left, lasting, lock = iter(range(count, 0, -1)), [*cases], threading.Lock()

        def lane(core: int) -> None:
            while time.monotonic() < until:
                with lock:
                    if (more := next(left, None)) is None:
                        return
                    lasting[:] = chosen = self._lasting(lasting, more, until - time.monotonic())
                try:
                    found = self._round(chosen, core)
                except OutOfTime:
                    return
                with lock:
                    for case, samples in found.items():
                        for side, taken in samples.items():
                            self.seconds.setdefault(case, {}).setdefault(side, []).append(statistics.median(taken))
                        for side, kept in (("head", logs[case].head), ("twin", logs[case].twin)):
                            kept.append(log_ratio(samples[side], samples["base"]))

        at_once(lane, self.sides.cores, len(self.sides.cores))
        return logs

    def _lasting(self, cases: Sequence[str], count: int, seconds: float) -> list[str]:
        """Those, the quickest first, of which there is time for so many rounds; of what is not known, there is."""
        cost = {case: count * self.cost.get(case, 0.0) / len(self.sides.cores) for case in cases}
        order = sorted(cases, key=lambda case: cost[case])
        ends = accumulate(cost[case] for case in order)
        return [case for case, end in zip(order, ends, strict=True) if end <= seconds]

    def _round(self, cases: Sequence[str], core: int) -> dict[str, dict[str, list[float]]]:
        """Of each case and side, a sample a place."""
        with contextlib.ExitStack() as open_processes:
            processes = {
                side: open_processes.enter_context(self.sides.process(side, [core]))
                for side in random.sample(SIDES, len(SIDES))
            }
            return {case: self._samples(case, processes) for case in random.sample(cases, len(cases))}

    def _samples(self, case: str, processes: Mapping[str, Side]) -> dict[str, list[float]]:
        begun = time.monotonic()
        once = min(process.ask("load", case=case) for process in processes.values())
        calls = max(1, round(SAMPLE / once))
        warm = min(math.ceil(WARM[0] / once), WARM[1]) if once < 4 * WARM[0] else 0  # a long call warms itself
        samples: dict[str, list[float]] = {side: [] for side in SIDES}
        until = time.monotonic() + CASE
        for _ in range(PLACES // 2):
            order = random.sample(SIDES, len(SIDES))
            for turn in (order, order[::-1]):
                place = random.getrandbits(32)
                moved = all([process.ask("move", case=case, place=place) for process in processes.values()])
                for side in turn:
                    slower = self.slower.get(case, 0.0) if side == "head" else 0.0
                    samples[side].append(processes[side].ask("time", case=case, calls=calls, warm=warm, slower=slower))
            if time.monotonic() > until or (len(samples["base"]) >= UNMOVED and not moved):
                break
        for process in processes.values():
            process.ask("drop", case=case)
        self.cost[case] = time.monotonic() - begun
        return samples


def log_ratio(taken: Sequence[float], base: Sequence[float]) -> float:
    """log(taken / base), the interquartile mean over the places: changing sides changes its sign, and no more."""
    return float(trim_mean(np.log(taken) - np.log(base), 0.25))
