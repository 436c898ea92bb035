"""The gate's own proof: ``shrinkage gate --prove [RUNS]``.

Every run is a whole timing of HEAD against itself, with code that is the same treated like any other, and with a few
cases of one side slowed by 2, 3, 5 and 10 %: after each sample, that fraction of it is waited. So each run gives

- a gate run of unchanged code: base against its twin, and head where it is not slowed, over all cases;
- trials of whether a slowdown of each size is found.

With ``--json FILE`` the account is stored after every run, and the same command adds runs to it.

From the rounds in which nothing had changed, thousands of runs are then drawn anew, with and without a slowdown, which
says more of rare events than so few runs can: it needs rounds to be independent, and to be as they were here. That they
are independent, on which the declared rate of false alarms rests as well, is seen in the directions of rounds that
follow one another.
"""

import datetime
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from shrinkage.benchmarks.gate.comparison import provider
from shrinkage.benchmarks.gate.decide import INCONCLUSIVE, LOOKS, PASS, REGRESSION, SCREENING, Rule
from shrinkage.benchmarks.gate.provider import Options
from shrinkage.benchmarks.gate.revisions import checkouts
from shrinkage.benchmarks.gate.revisions.checkouts import Unusable
from shrinkage.benchmarks.gate.rounds import PLACES, SAMPLE, WARM, Timer
from shrinkage.benchmarks.gate.sides import Sides
from shrinkage.benchmarks.gate.timed import timed
from shrinkage.benchmarks.measure.machine import machine
from shrinkage.cli import many

RUNS = 30
SLOWDOWNS = (0.02, 0.03, 0.05, 0.10)
EACH = 2  # cases slowed by each, in a run
PROMISED = {0.05: 0.95, 0.10: 0.99}  # found, of slowdowns of this size
DRAWN = 2000  # runs from the rounds
DOUBT = 1e-3  # a promise is broken when what was seen had at most this probability


def prove(
    options: Options,
    count: int,
    say: Callable[[str], None],
    store: Callable[[dict[str, Any]], None] = lambda _: None,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Run the timing of the gate so often on unchanged code; the account, and the runs stored one after the other.

    Runs of an account from before count as well, where they are of the same cases, rule and machine; without more of
    them, it is only made anew.

    Raises
    ------
    Unusable
        If they are not.
    """
    if before and not count:
        result = account(options.rule, {name: before[name] for name in _conditions(options.rule, ())}, before["runs"])
        store(result)
        return result
    chosen = provider(options)
    with checkouts.work_folder() as folder:
        head = checkouts.revision(options.repository, options.head)
        sides = Sides(folder, chosen.homes(head, head, folder, say, [], []))
        cases = chosen.cases(sides)
        say(f"compiling {many(len(cases), 'case')} for both folders")
        _, _, failures, _ = sides.compiled(cases, options.repository)
        cases = [case for case in cases if case not in failures]
        made = _conditions(options.rule, cases)
        runs = runs_before(made, before)
        for _ in range(count):
            say(f"run {len(runs) + 1}; alarms so far: {sum(bool(run['alarms']) for run in runs)}")
            runs.append({"commit": head.commit, **_one(options, sides, cases)})
            store({**made, "runs": runs})
    result = account(options.rule, made, runs)
    store(result)
    return result


def _conditions(rule: Rule, cases: Sequence[str]) -> dict[str, Any]:
    """What runs have to share to be counted together."""
    return {
        **{"schema": 1, "kind": "proof", "threshold": rule.threshold, "alpha": rule.alpha},
        **{"screening": SCREENING, "looks": list(LOOKS), "cases": list(cases), "machine": machine()},
        "sampling": {"warm": list(WARM), "sample": SAMPLE, "places": PLACES},
    }


def _one(options: Options, sides: Sides, cases: Sequence[str]) -> dict[str, Any]:
    """One run, with a few cases slowed."""
    slowed = random.sample(cases, min(EACH * len(SLOWDOWNS), len(cases)))
    slower = {case: SLOWDOWNS[i % len(SLOWDOWNS)] for i, case in enumerate(slowed)}
    started = time.monotonic()
    timer = Timer(sides, slower)
    asked = timed(timer, cases, options.rule, started + options.budget)
    twins = [q for q in asked if q.comparison == "twin"]
    heads = [q for q in asked if q.comparison == "head"]
    unchanged = twins + [q for q in heads if q.case not in slower]
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - started, 1),
        "alarms": [q.case for q in unchanged if q.verdict == REGRESSION],
        "slowed": [[q.case, slower[q.case], q.verdict] for q in heads if q.case in slower],
        "others": [[q.case, q.verdict] for q in heads if q.case not in slower and q.verdict != PASS],
        "rounds": {q.case: [round(r, 5) for r in q.screened] for q in twins},
    }


def account(rule: Rule, made: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """False alarms and detections with their intervals, from the runs and from runs drawn anew."""
    wrong = sum(bool(run["alarms"]) for run in runs)
    null: dict[str, list[float]] = defaultdict(list)
    trials: dict[float, list[str]] = {size: [] for size in SLOWDOWNS}
    for run in runs:
        for case, logs in run["rounds"].items():
            null[case] += logs
        for _, size, verdict in run["slowed"]:
            trials[size].append(verdict)
    found = [
        {"slowdown": size, **share(verdicts.count(REGRESSION), len(verdicts)), "missed": verdicts.count(PASS)}
        for size, verdicts in trials.items()
    ]
    kept = _possible(wrong, len(runs), rule.alpha, "greater") and all(
        _possible(row["count"], row["of"], PROMISED[row["slowdown"]], "less")
        for row in found
        if row["slowdown"] in PROMISED
    )
    seconds = [run["seconds"] for run in runs]
    following = [pair for run in runs for logs in run["rounds"].values() for pair in pairwise(logs)]
    return {
        **made,
        "seconds": {"median": float(np.median(seconds)), "worst": max(seconds)},
        "alarms": share(wrong, len(runs)),
        "detections": found,
        "drawn": drawn(rule, null),
        "agreeing": share(sum(a * b > 0 for a, b in following), len(following)),
        "spread": {case: float(f"{_spread(logs):.3g}") for case, logs in sorted(null.items())},
        "kept": kept,
        "runs": list(runs),
    }


def drawn(rule: Rule, null: Mapping[str, Sequence[float]], runs: int = DRAWN, seed: int = 0) -> dict[str, Any]:
    """Runs drawn from the rounds in which nothing had changed: the share with an alarm, and of slowdowns found."""
    rng = np.random.default_rng(seed)
    # Base and twin could as well have been named the other way round, so each round counts both ways: a few alone
    # have a median that is not 1, which would be a slowdown in every run drawn from them.
    rounds = {case: np.concatenate([logs, np.negative(logs)]) for case, logs in null.items()}
    wrong = sum(any(v == REGRESSION for v in _drawn_run(rng, rule, rounds).values()) for _ in range(runs))
    power = []
    for size in SLOWDOWNS:
        slowed = {case: logs + np.log1p(size) for case, logs in rounds.items()}
        each = {case: _drawn_share(rng, rule, case, logs, max(runs // 10, 1)) for case, logs in slowed.items()}
        worst = min(each, key=each.__getitem__)
        mean = float(np.mean(list(each.values())))
        power.append({"slowdown": size, "found": mean, "worst": each[worst], "in": worst})
    return {"alarms": share(wrong, runs), "power": power}


def _drawn_share(rng: np.random.Generator, rule: Rule, case: str, logs: np.ndarray, runs: int) -> float:
    """How often the case is found; as many others are suspected besides as were slowed in a real run."""
    suspects = EACH * len(SLOWDOWNS)
    return sum(REGRESSION in _drawn_run(rng, rule, {case: logs}, suspects).values() for _ in range(runs)) / runs


def _drawn_run(
    rng: np.random.Generator, rule: Rule, rounds: Mapping[str, np.ndarray], suspects: int = 0
) -> dict[str, str]:
    """The verdicts of a run; `suspects`, at the least, share the false alarms, as in a run of more cases."""
    open_cases = [case for case, logs in rounds.items() if rule.suspect(rng.choice(logs, SCREENING))]
    verdicts: dict[str, str] = {}
    new = {case: rng.choice(rounds[case], LOOKS[-1]) for case in open_cases}
    count = max(len(open_cases), suspects)
    for look in LOOKS:
        for case in [case for case in open_cases if verdicts.get(case, INCONCLUSIVE) == INCONCLUSIVE]:
            verdicts[case] = rule.confirmed(new[case][:look], count)
    return verdicts


def _possible(count: int, of: int, promised: float, worse: str) -> bool:
    """Whether the promise can be true, for what was seen."""
    return not of or binomtest(count, of, promised, alternative=worse).pvalue > DOUBT


def _spread(logs: Sequence[float]) -> float:
    """A robust standard deviation."""
    return float(1.4826 * np.median(np.abs(np.asarray(logs) - np.median(logs))))


def share(count: int, of: int) -> dict[str, Any]:
    """How many of how many, with the exact 95 % interval (Clopper and Pearson 1934)."""
    ends = binomtest(count, of).proportion_ci(0.95) if of else (0.0, 1.0)
    return {"count": count, "of": of, "interval": [round(float(end), 4) for end in ends]}


def told(row: Mapping[str, Any]) -> str:
    """The share in words."""
    return f"{row['count']} of {row['of']}"


def percents(row: Mapping[str, Any]) -> str:
    """The interval in percent."""
    return "{:.1f}–{:.1f} %".format(*(100 * end for end in row["interval"]))


def stored(file: Path, kind: str, what: str) -> dict[str, Any]:
    """The account of earlier runs.

    Raises
    ------
    Unusable
        If the file holds something else.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unusable(f"{file} cannot be read as JSON ({error}): begin another file.") from error
    if not isinstance(found, dict) or found.get("kind") != kind or not isinstance(found.get("runs"), list):
        raise Unusable(f"{file} is no account of {what}: begin another file.")
    return found


def runs_before(made: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The runs of an account from before, where they may be counted together with new ones.

    Raises
    ------
    Unusable
        If they were made under other conditions.
    """
    if before is None:
        return []
    if different := [name for name, value in made.items() if before.get(name) != value]:
        raise Unusable(f"The runs from before differ in {' and '.join(different)}: begin another file.")
    return list(before["runs"])


COLUMNS = ("", "seen", "95 %", "in runs drawn from the rounds")


def spread(result: Mapping[str, Any]) -> str:
    """How many runs there were, how much times of the same code differ, and whether rounds are independent."""
    spreads = sorted(result["spread"].values())
    usual, worst, agreeing = 100 * spreads[len(spreads) // 2], 100 * spreads[-1], percents(result["agreeing"])
    return (
        f"{len(result['cases'])} cases, {result['alarms']['of']} runs of {result['seconds']['median']:.0f} s in the "
        f"median ({result['seconds']['worst']:.0f} s at most). From round to round, the ratio of two times of the same "
        f"code varies by {usual:.1f} % in the median case and by {worst:.1f} % in the worst (standard deviation). Of "
        f"two rounds, one after the other, both are off in the same direction in {agreeing}: that is half where "
        "rounds are independent."
    )


def shares(result: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """False alarms and slowdowns found, as `COLUMNS` says."""
    alarms, again = result["alarms"], result["drawn"]["alarms"]
    yield "runs of unchanged code with an alarm", told(alarms), percents(alarms), told(again)
    for row, power in zip(result["detections"], result["drawn"]["power"], strict=True):
        drawn_anew = f"{100 * power['found']:.1f} %, at least {100 * power['worst']:.1f} % ({power['in']})"
        yield f"slowdowns of {100 * row['slowdown']:g} % found", told(row), percents(row), drawn_anew


def markdown(result: Mapping[str, Any]) -> str:
    """The account as a table."""
    lines = [spread(result), "", "|" + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in shares(result)]
    lines += ["", "Every promise is kept." if result["kept"] else "**A promise is broken.**"]
    return "\n".join(lines) + "\n"
