"""Time: all cases are screened, the suspects confirmed, and the controls with them, by the same rule.

Controls are base against its twin, and head against base where their code is the same: where one of
these differs, what is measured is not the code.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shrinkage.benchmarks.gate.decide import (
    INCONCLUSIVE,
    LOOKS,
    PASS,
    REGRESSION,
    SCREENING,
    Rule,
    interval,
    ratio,
    sign_test,
)
from shrinkage.benchmarks.gate.rounds import Logs, Timer
from shrinkage.cli import many

# What is compared with base, by the numbers of a round; the twin is the control.
COMPARISONS: dict[str, Callable[[Logs], list[float]]] = {
    "head": lambda logs: logs.head,
    "twin": lambda logs: logs.twin,
}
COLUMNS = ("case", "head / base", "95 %", "p", "rounds", "base / base", "code", "")


@dataclass
class Question:
    """Whether one comparison of one case shows a slowdown, and what rounds have said of it.

    Parameters
    ----------
    case, comparison
        What is asked.
    screened, confirming
        The logarithms of the two kinds of rounds.
    verdict
        The answer.
    """

    case: str
    comparison: str
    screened: list[float]
    confirming: list[float] = field(default_factory=list)
    verdict: str = PASS


def timed(
    timer: Timer, cases: Sequence[str], rule: Rule, until: float, say: Callable[[str], None] = lambda _: None
) -> list[Question]:
    """Every comparison of every case, with its verdict; what was not decided until then is inconclusive."""
    say(f"timing {many(len(cases), 'case')} in {SCREENING} rounds")
    found = timer.rounds(cases, SCREENING, until)
    questions = [Question(case, name, of(found[case])) for case in cases for name, of in COMPARISONS.items()]
    for question in questions:
        if len(question.screened) < SCREENING or rule.suspect(question.screened):
            question.verdict = INCONCLUSIVE
    open_questions = [q for q in questions if q.verdict == INCONCLUSIVE and len(q.screened) == SCREENING]
    suspects = len(open_questions)
    done = 0
    for look in LOOKS:
        if not open_questions or time.monotonic() > until:
            break
        again = list(dict.fromkeys(q.case for q in open_questions))
        say(f"{look - done} more rounds of {', '.join(again[:4])}{' and others' if len(again) > 4 else ''}")
        found = timer.rounds(again, look - done, until)
        done = look
        for question in open_questions:
            question.confirming += COMPARISONS[question.comparison](found[question.case])
            if len(question.confirming) == look:
                question.verdict = rule.confirmed(question.confirming, suspects)
        open_questions = [q for q in open_questions if q.verdict == INCONCLUSIVE and len(q.confirming) == look]
    return questions


def judge_times(questions: Sequence[Question], same: Mapping[str, bool], reasons: dict[str, list[str]]) -> None:
    """Slower cases become reasons; none where a control differs."""
    controls = _unclean(questions, same)
    reasons[INCONCLUSIVE] += controls
    for q in (q for q in questions if q.comparison == "head"):
        if controls and q.verdict == REGRESSION:
            q.verdict = INCONCLUSIVE
        elif q.verdict == REGRESSION:
            (row,) = rows([q], same)
            low, high = row["interval"]
            reasons[REGRESSION].append(
                f"{q.case} takes {row['ratio']:.3f} times as long (95 %: {low:.3f} to {high:.3f}; p = {row['p']:.1g})"
            )
    undecided = [q for q in questions if q.comparison == "head" and q.verdict == INCONCLUSIVE and not same.get(q.case)]
    undecided.sort(key=lambda q: ratio(q.confirming or q.screened), reverse=True)
    if short := [q.case for q in undecided if len(q.screened) < SCREENING]:
        reasons[INCONCLUSIVE].append(f"there was no time for {SCREENING} rounds of {_named(short)}")
    if enough := [q for q in undecided if len(q.screened) == SCREENING]:
        rounds = min(len(q.screened) + len(q.confirming) for q in enough)
        told = _named([q.case for q in enough])
        reasons[INCONCLUSIVE].append(f"after {rounds} rounds a slowdown is neither shown nor excluded in {told}")


def _named(cases: Sequence[str]) -> str:
    return ", ".join(cases[:3]) + (f" and {len(cases) - 3} more" if len(cases) > 3 else "")


def _unclean(questions: Iterable[Question], same: Mapping[str, bool]) -> list[str]:
    """In words, the controls that differ."""
    return [
        f"control: base differs from itself in {q.case} by {100 * (ratio(q.confirming) - 1):.1f} %"
        for q in questions
        if q.verdict == REGRESSION and q.comparison != "head"
    ] + [
        f"control: the code of {q.case} is the same, and its time is not, by {100 * (ratio(q.confirming) - 1):.1f} %"
        for q in questions
        if q.verdict == REGRESSION and q.comparison == "head" and same.get(q.case)
    ]


def rows(questions: Sequence[Question], same: Mapping[str, bool]) -> list[dict[str, Any]]:
    """As data, a row a case."""
    by_case: dict[str, dict[str, Question]] = {}
    for question in questions:
        by_case.setdefault(question.case, {})[question.comparison] = question
    return [_row(case, asked, same.get(case)) for case, asked in by_case.items()]


def cells(row: dict[str, Any]) -> list[str]:
    """One case, as `COLUMNS` says."""
    between = "–".join(f"{end:.3f}" for end in row["interval"] if end is not None) or "too few rounds"
    number = [row["ratio"], row["control"]]
    ratio, control = ("–" if n is None else f"{n:.3f}" for n in number)
    rounds = "+".join(str(n) for n in row["rounds"] if n)
    code = {True: "the same", False: "changed", None: "–"}[row["same_code"]]
    return [row["case"], ratio, between, f"{row['p']:.1g}", rounds, control, code, row["verdict"]]


def _row(case: str, asked: Mapping[str, Question], same: bool | None) -> dict[str, Any]:
    question = asked["head"]
    control = asked.get("twin", question)
    logs = question.confirming or question.screened  # new rounds alone: the others chose it
    return {
        "case": case,
        "ratio": _rounded(ratio(logs)),
        "interval": [_rounded(end) or None for end in interval(logs)],  # of too few rounds it is all from 0 to ∞
        "p": _rounded(sign_test(logs)),
        "rounds": [len(question.screened), len(question.confirming)],
        "control": _rounded(ratio(control.confirming or control.screened)),
        "same_code": same,
        "verdict": question.verdict,
    }


def _rounded(number: float) -> float | None:
    """To five digits; none where it is no number, or infinite."""
    return float(f"{number:.5g}") if math.isfinite(number) else None
