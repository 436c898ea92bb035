"""What the gate makes of numbers: false alarms, slowdowns, controls, what is worse beside time."""

import itertools
import json
import math
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import jsonschema
import numpy as np
import pytest
from scipy.stats import binomtest

from shrinkage.benchmarks.gate import decide, metric, prove, timed
from shrinkage.benchmarks.gate.contract.candidate import elsewhere
from shrinkage.benchmarks.gate.decide import (
    INCONCLUSIVE,
    LOOKS,
    PASS,
    REGRESSION,
    SCREENING,
    Rule,
    interval,
    sign_test,
    upper,
)
from shrinkage.benchmarks.gate.rounds import PLACES, UNMOVED, Logs, Timer, log_ratio
from shrinkage.benchmarks.gate.sides import SIDES
from shrinkage.benchmarks.gate.suite.proof import account
from shrinkage.benchmarks.gate.suite.proof.packages import SLOWED
from shrinkage.benchmarks.gate.timed import cells, judge_times

RULE = Rule()
SCHEMA = json.loads(Path(decide.__file__).with_name("gate.schema.json").read_text(encoding="utf-8"))
CASES = 60
TRIALS = 100


class Drawn:
    """Rounds from a distribution instead of from processes."""

    def __init__(self, rng: np.random.Generator, slower: Mapping[str, float], spread: float, twin: float = 0.0) -> None:
        self.rng, self.slower, self.spread, self.twin = rng, slower, spread, twin
        self.asked = 0

    def rounds(self, cases: Sequence[str], count: int, until: float) -> dict[str, Logs]:
        """As `Timer.rounds`: heavy tails, and base's noise in both ratios, as in real rounds."""
        self.asked += count * len(cases)
        base, head, twin = self.spread * self.rng.standard_t(4, (3, len(cases), count))
        return {
            case: Logs(
                list(head[i] - base[i] + math.log1p(self.slower.get(case, 0.0))),
                list(twin[i] - base[i] + math.log1p(self.twin)),
            )
            for i, case in enumerate(cases)
        }


def verdicts(seed: int, slower: Mapping[str, float], spread: float, **more: float) -> dict[str, str]:
    """Of head against base, by case."""
    timer: Any = Drawn(np.random.default_rng(seed), slower, spread, **more)
    asked = timed.timed(timer, [f"case-{i}" for i in range(CASES)], RULE, math.inf)
    return {q.case: q.verdict for q in asked if q.comparison == "head"}


@pytest.mark.parametrize("spread", [0.002, 0.01, 0.04])
def test_unchanged_code_raises_hardly_ever_an_alarm(spread):
    """At most one run in a hundred, whatever the noise; here as many as such a rate can give."""
    wrong = sum(REGRESSION in verdicts(seed, {}, spread).values() for seed in range(TRIALS))
    assert binomtest(wrong, TRIALS, RULE.alpha, alternative="greater").pvalue > 1e-3


@pytest.mark.parametrize(("slowdown", "promised"), [(0.05, 0.95), (0.10, 0.99)])
@pytest.mark.parametrize("spread", [0.002, 0.01, 0.02])
def test_a_slowdown_is_found(slowdown, promised, spread):
    """By name, and as often as it is promised; what is not found is not passed either."""
    found = [verdicts(seed, {"case-7": slowdown}, spread)["case-7"] for seed in range(TRIALS)]
    assert binomtest(found.count(REGRESSION), len(found), promised, alternative="less").pvalue > 1e-3


def test_a_slowdown_that_does_not_count_is_not_found():
    """Half a percent is significant in so many rounds, and below the minimum effect."""
    assert REGRESSION not in verdicts(1, {f"case-{i}": 0.005 for i in range(CASES)}, 0.001).values()


def test_noise_is_inconclusive_and_not_a_pass():
    """Where rounds differ by half of themselves, no slowdown of 5 % is excluded."""
    found = list(verdicts(1, {}, 0.5).values())
    assert found.count(INCONCLUSIVE) > CASES / 2
    assert REGRESSION not in found


def test_a_case_without_doubt_costs_no_more_rounds():
    """Screening alone passes what is quiet."""
    timer: Any = Drawn(np.random.default_rng(3), {}, 0.001)
    timed.timed(timer, ["case-0"], RULE, math.inf)
    assert timer.asked == SCREENING


def test_a_base_that_differs_from_itself_gates_nothing():
    """The control is slower by 6 %, and so is head: no alarm, and no pass."""
    timer: Any = Drawn(np.random.default_rng(5), {"case-1": 0.06}, 0.005, twin=0.06)
    reasons: dict[str, list[str]] = {REGRESSION: [], INCONCLUSIVE: []}
    asked = timed.timed(timer, ["case-1"], RULE, math.inf)
    judge_times(asked, {}, reasons)
    assert reasons[REGRESSION] == []
    assert "base differs from itself in case-1 by" in reasons[INCONCLUSIVE][0]


def test_the_same_code_cannot_have_become_slower():
    """It is one more control: where its time differs, what is measured is not the code."""
    timer: Any = Drawn(np.random.default_rng(5), {"case-1": 0.06}, 0.005)
    reasons: dict[str, list[str]] = {REGRESSION: [], INCONCLUSIVE: []}
    judge_times(timed.timed(timer, ["case-1"], RULE, math.inf), {"case-1": True}, reasons)
    assert reasons[REGRESSION] == []
    assert "the code of case-1 is the same, and its time is not" in reasons[INCONCLUSIVE][0]


def test_time_that_is_over_is_no_pass():
    """What was not screened to the end is inconclusive."""
    timer: Any = Drawn(np.random.default_rng(5), {}, 0.005)
    timer.rounds = lambda cases, count, until: Drawn.rounds(timer, cases, count // 2, until)
    asked = timed.timed(timer, ["case-1"], RULE, math.inf)
    assert {q.verdict for q in asked} == {INCONCLUSIVE}
    reasons: dict[str, list[str]] = {REGRESSION: [], INCONCLUSIVE: []}
    judge_times(asked, {}, reasons)
    assert reasons == {REGRESSION: [], INCONCLUSIVE: [f"there was no time for {SCREENING} rounds of case-1"]}


def test_what_is_undecided_is_named_from_the_slowest_on():
    """Of many no more than three are named: those that may matter most."""
    asked = [
        timed.Question(f"case-{slower}", "head", [0.01 * slower] * SCREENING, verdict=INCONCLUSIVE)
        for slower in range(5)
    ]
    reasons: dict[str, list[str]] = {REGRESSION: [], INCONCLUSIVE: []}
    judge_times(asked, {}, reasons)
    assert reasons[INCONCLUSIVE] == [
        f"after {SCREENING} rounds a slowdown is neither shown nor excluded in case-4, case-3, case-2 and 2 more"
    ]


class Slept(Timer):
    """Rounds of which each case has its price, paid by a clock that is set forward."""

    price = MappingProxyType({"quick": 0.1, "slower": 0.2, "slow": 30.0})
    now = 0.0

    def _round(self, cases: Sequence[str], core: int) -> dict[str, dict[str, list[float]]]:
        self.cost.update({case: self.price[case] for case in cases})
        Slept.now += sum(self.price[case] for case in cases)
        slower = {"base": [1.0], "twin": [1.0 + 1e-9], "head": [1.5]}
        return {case: slower if case == "slower" else {side: [1.0] for side in slower} for case in cases}


class Placed:
    """A process of one side, a call of which takes by half longer at every second place; some samples are disturbed."""

    def __init__(self, seconds: float, rng: np.random.Generator, moves: bool = True) -> None:
        self.seconds, self.rng, self.place, self.moves = seconds, rng, 0, moves
        self.places: list[int] = []

    def ask(self, question: str, place: int = 0, **_: Any) -> Any:
        """As a worker answers."""
        if question == "move":
            self.place = place
            self.places.append(place)
            return self.moves
        disturbed = 20 if question == "time" and self.rng.random() < 0.03 else 1
        return self.seconds * (1.5 if self.place % 2 else 1) * disturbed


# Two logarithms of about 1e-4, an ulp each, their difference, the rounding of two times (2 eps) and of a mean of 8.
ROUNDED = 4 * math.ulp(math.log(1e-4))


def test_the_places_of_a_round_are_those_of_both_sides():
    """What a place costs is then in both, and drops out, as a few disturbed samples do."""
    rng, sides = np.random.default_rng(3), {}
    for _ in range(20):
        sides = {"base": Placed(1e-4, rng), "head": Placed(1.02e-4, rng), "twin": Placed(1e-4, rng)}
        processes: Any = sides
        timer: Any = SimpleNamespace(slower={}, cost={})
        samples = Timer._samples(timer, "case", processes)
        found = log_ratio(samples["head"], samples["base"])
        assert abs(found - math.log(1.02)) <= ROUNDED
        assert log_ratio(samples["base"], samples["head"]) == -log_ratio(samples["head"], samples["base"])
        assert log_ratio(samples["twin"], samples["base"]) == 0
    assert len({*sides["base"].places}) == PLACES
    assert sides["base"].places == sides["head"].places == sides["twin"].places


def test_what_cannot_be_moved_or_takes_long_is_sampled_less(monkeypatch):
    """More samples of one place say little more; by the clock, as what stands around a call takes its time as well."""
    rng = np.random.default_rng(3)
    timer: Any = SimpleNamespace(slower={}, cost={})
    for moves, count in ((True, PLACES), (False, UNMOVED)):
        processes: Any = {side: Placed(1e-4, rng, moves) for side in SIDES}
        assert {len(taken) for taken in Timer._samples(timer, "case", processes).values()} == {count}
    monkeypatch.setattr(time, "monotonic", itertools.count(0.0, 0.2).__next__)
    assert {len(taken) for taken in Timer._samples(timer, "case", processes).values()} == {4}


def test_a_place_is_the_same_in_every_process():
    """Modulo a page; another number is another place, and what it holds is the same."""
    value = ({"w": np.arange(5.0)}, np.arange(2.0**17), np.zeros((0, 3)), "no array")
    first, again, other = (elsewhere(value, random.Random(number)) for number in (1, 1, 2))
    large = [copy[1].ctypes.data % 4096 for copy in (first, again, other)]
    assert large[0] == large[1] != large[2]
    assert first[0]["w"].tolist() == value[0]["w"].tolist()
    assert first[1].tolist() == value[1].tolist()
    assert first[2].shape == (0, 3)


@pytest.mark.parametrize(("budget", "left"), [(45.0, ["slow"]), (1000.0, []), (31.0, ["quick", "slower", "slow"])])
def test_what_is_quick_does_not_wait_for_what_is_slow(monkeypatch, budget, left):
    """A benchmark of seconds a call is left out, by name, where it would take all of the time; others are decided."""
    sides: Any = SimpleNamespace(cores=[0])
    Slept.now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: Slept.now)
    asked = timed.timed(Slept(sides), ["slow", "quick", "slower"], RULE, budget)
    heads = {q.case: q for q in asked if q.comparison == "head"}
    assert [case for case in Slept.price if len(heads[case].screened) < SCREENING] == left
    if len(left) < 3:
        assert heads["quick"].verdict == PASS
        assert heads["slower"].verdict == REGRESSION
    assert heads["slow"].verdict == (INCONCLUSIVE if left else PASS)
    assert Slept.now <= budget + 31


def test_of_too_few_rounds_there_is_no_interval():
    """The file says null on both sides, as its schema has it, and people read why."""
    (row,) = timed.rows([timed.Question("case-1", "head", [0.1] * 4, verdict=INCONCLUSIVE)], {})
    assert row["interval"] == [None, None]
    assert "too few rounds" in cells(row)
    jsonschema.validate([row], {**SCHEMA["properties"]["time"], "$defs": SCHEMA["$defs"]})


def test_the_sign_test_is_that_of_the_binomial():
    """P(at least 5 heads in 5) = 1/32; zeros say nothing; of no rounds, nothing follows."""
    assert sign_test([1, 2, 3, 4, 5, 0]) == pytest.approx(1 / 32)
    assert sign_test([-1, 1]) == pytest.approx(3 / 4)
    assert sign_test([]) == 1


def test_the_interval_covers_the_median_as_often_as_it_says():
    """Of rounds from a skewed distribution whose median is known; in 95 % of them at least."""
    rng = np.random.default_rng(2)
    median = math.log(2)  # of the exponential distribution
    ends = [interval(rng.exponential(size=LOOKS[0])) for _ in range(1000)]
    covered = sum(math.log(low) <= median <= math.log(high) for low, high in ends)
    assert binomtest(covered, 1000, 0.95, alternative="less").pvalue > 1e-3
    assert upper([0.0] * 3) == math.inf


FIRST = {"base": {"a": 1.0, "b": 1.0}, "head": {"a": 2.0, "b": 1.2}}


@pytest.mark.parametrize(
    ("again", "verdict"),
    [
        ({"base": 1.0, "head": 2.0}, REGRESSION),
        ({"base": 1.0, "head": 1.0}, PASS),
    ],
)
def test_what_looks_worse_is_measured_again(again, verdict):
    """A factor of two that is there every time is a regression, one that was there once is not; 1.2 is no matter."""
    limit = metric.Limit(1.5, 0.25)
    found = metric.compare(
        lambda names, _: {side: dict.fromkeys(names, number) for side, number in again.items()},
        ["a", "b"],
        lambda _: limit,
        FIRST,
    )
    assert {f.name: f.verdict for f in found} == {"a": verdict, "b": PASS}


def runs(alarms: list[str], verdict: str) -> list[dict[str, Any]]:
    """Ten runs of the proof, with these alarms, and this verdict of two slowdowns of 5 %."""
    rng = np.random.default_rng(4)
    return [
        {
            "seconds": 1.0,
            "alarms": alarms,
            "slowed": [["case-1", 0.05, verdict], ["case-2", 0.05, verdict]],
            "rounds": {f"case-{i}": list(0.01 * rng.standard_normal(SCREENING)) for i in range(5)},
        }
        for _ in range(10)
    ]


def test_the_proof_counts_what_it_saw(monkeypatch):
    """Alarms, detections and their intervals; a promise that cannot be true is said to be broken."""
    made = {"cases": [f"case-{i}" for i in range(5)]}
    good = prove.account(RULE, made, runs([], REGRESSION))
    assert good["kept"]
    assert good["alarms"] == {"count": 0, "of": 10, "interval": [0.0, 0.3085]}
    assert good["drawn"]["alarms"]["count"] <= 0.02 * prove.DRAWN
    assert good["agreeing"]["interval"][0] < 0.5 < good["agreeing"]["interval"][1]
    monkeypatch.setattr(prove, "drawn", lambda *_: None)  # 2000 runs each, of which the rest says nothing
    drifting = [
        {**run, "rounds": {case: sorted(logs) for case, logs in run["rounds"].items()}} for run in runs([], PASS)
    ]
    assert prove.account(RULE, made, drifting)["agreeing"]["interval"][0] > 0.5
    found = [row["found"] for row in good["drawn"]["power"]]
    assert found == sorted(found)
    assert found[-1] > 0.99
    assert "| slowdowns of 5 % found | 20 of 20 |" in prove.markdown(good)
    assert not prove.account(RULE, made, runs(["case-1"], REGRESSION))["kept"]
    assert not prove.account(RULE, made, runs([], PASS))["kept"]


def test_an_alarm_is_false_where_nothing_was_slowed():
    """On other packages: what was slowed is found or not, all else is unchanged, and what is undecided is neither."""
    said = [([], 0.0, [False, True, None]), ([1], 0.05, [False, True, True]), ([0, 1, 2], 0.05, [True, None, False])]
    made = [
        {"slowed": slowed, "slower": by, "said": dict.fromkeys(account.TOOLS, told), "others": 0.1}
        for slowed, by, told in said
    ]
    beside = [{**made[0], "others": 1.0}]
    assert account.account(made + beside)["beside others"]["gate"]["alarms"]["of"] == 1
    for row in account.account(made + beside)["alone"].values():
        assert (row["alarms where nothing changed"]["count"], row["alarms where nothing changed"]["of"]) == (1, 1)
        assert (row["alarms"]["count"], row["alarms"]["of"]) == (2, 2), "of the third run, nothing was unchanged"
        assert [(found["count"], found["of"]) for found in row["found"]] == [(0, 0), (2, 4), (0, 0), (0, 0)]
        assert row["undecided"] == 1


def test_what_is_slowed_waits_for_a_share_of_its_own_time(monkeypatch):
    """By a clock that ticks once a look: 10 looks within, then 5 more, and two that see the ends."""
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter_ns", lambda: next(ticks))
    names = {"f": lambda x: [next(ticks) for _ in range(x)]}
    exec(SLOWED.format(function="f", share=0.5), names)
    assert len(names["f"](9)) == 9
    assert next(ticks) == 10 + 5 + 1
