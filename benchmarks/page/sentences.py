"""Of each implementation, one sentence: is it right, how right, how fast, and what has changed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.page.stored import Stored
from benchmarks.page.verdicts import Judged, called
from benchmarks.readme import worst
from benchmarks.runs import Result, Run
from benchmarks.tables import number

GATED = {
    "pass": "the gate finds it no worse than {base}",
    "regression": "the gate finds it worse than {base}",
    "inconclusive": "whether it is worse than {base} the gate could not tell",
}


@dataclass(frozen=True)
class Summary:
    """What stands at the top of the page.

    Parameters
    ----------
    standing, word
        `right`, `wrong`, `departs` or `unknown`, and how people say it.
    clauses
        The sentence, piece by piece.
    """

    name: str
    version: str
    standing: str
    word: str
    clauses: Sequence[str]

    @property
    def sentence(self) -> str:
        """From a capital letter to a full stop."""
        text = "; ".join(self.clauses)
        return f"{text[:1].upper()}{text[1:]}."


def summaries(stored: Stored, judged: Sequence[Judged]) -> list[Summary]:
    """Of every implementation that was judged, raced or gated."""
    by_name = {one.name: one for one in judged}
    gates = last_gates(stored)
    raced = [called(name) for run in stored.runs for name in run.implementations]
    return [
        _summary(name, by_name.get(name), stored.runs, gates.get(name))
        for name in {**by_name, **dict.fromkeys(raced), **gates}
    ]


def last_gates(stored: Stored) -> dict[str, Mapping[str, Any]]:
    """Of each implementation the gate's last result."""
    return {
        called(gate["implementation"]): gate for _, gate in sorted(stored.gates, key=lambda given: given[1]["date"])
    }


def _summary(name: str, one: Judged | None, runs: Sequence[Run], gate: Mapping[str, Any] | None) -> Summary:
    standing, word = _standing(one)
    clauses = [*_how_right(one), *_how_fast(name, runs), *_what_changed(gate)]
    return Summary(name, one.version if one else "", standing, word, clauses)


def _standing(one: Judged | None) -> tuple[str, str]:
    if one is None:
        return "unknown", "not judged"
    if one.count["failed"]:
        return "wrong", "wrong"
    if any(card["exit"] not in (0, 1) for card in one.cards):
        return "unknown", "unfinished"
    if not one.count["held"]:
        return "unknown", "nothing held"
    return ("departs", "right, but departs") if one.count["departed"] else ("right", "right")


def _how_right(one: Judged | None) -> Iterator[str]:
    if one is None:
        yield "no scorecard says whether it is right"
        return
    count, offered = one.count, sum(bool(r["held"] + r["failed"] + r["departed"]) for r in one.functions.values())
    asked = count["held"] + count["failed"] + count["departed"]
    if not count["failed"] + count["departed"]:
        yield f"all {asked:,} claims about the {offered} functions that it offers hold"
    else:
        parts = {"failed": "fail", "departed": "are departed from on purpose"}
        rest = " and ".join(f"{count[key]:,} {said}" for key, said in parts.items() if count[key])
        yield f"of {asked:,} claims about the {offered} functions that it offers {rest}"
    measured = {name: row for name, row in one.functions.items() if row["judged"]}
    if measured:
        top = max(measured, key=lambda name: float("inf") if (w := measured[name]["worst"]) is None else w)
        answers = sum(row["judged"] for row in measured.values())
        yield f"of {answers:,} answers the worst is off by {worst(measured[top])} of what theory allows, in {top}"
    if any(card["accuracy"] is not None for card in one.cards):
        claimed = max(card["accuracy"] or 0.0 for card in one.cards)
        yield f"bounds were widened to the accuracy that it claims, {claimed:g}"
    if any(card["exit"] not in (0, 1) for card in one.cards):
        yield "a run did not come to its end"


def _how_fast(name: str, runs: Sequence[Run]) -> Iterator[str]:
    told = False
    for run in runs:
        inside = f" in {run.name}" if len(runs) > 1 else ""
        for raw in run.implementations:
            if called(raw) == name:
                yield (_of_reference(run) if raw == run.reference else _of_peer(run, raw)) + inside
                told = True
    if not told:
        yield "no race says how fast it is"


def _of_reference(run: Run) -> str:
    count = Counter(result.outcome for row in run.rows for result in row.results.values() if result.outcome)
    if not count:
        return "it was raced against nobody"
    return f"it is faster than a peer in {count['won']} of {count.total()} comparisons and slower in {count['lost']}"


def _of_peer(run: Run, name: str) -> str:
    results = [row.results.get(name, Result()) for row in run.rows]
    ratios = [result.ratio for result in results if result.ratio is not None]
    if not ratios:
        return "it was raced, but on no case that can be compared"
    faster = sum(result.outcome == "lost" for result in results)
    cases = f"the median of {len(ratios)} cases" if len(ratios) > 1 else "one case"
    wrong = sum(result.lacking == "wrong" for result in results)
    more = f", and gives {wrong} wrong answers" if wrong > 1 else ", and gives a wrong answer" if wrong else ""
    slower = f"it takes {number(median(ratios))} times as long as {called(run.reference)} in {cases}"
    return f"{slower}, is the faster one in {faster}{more}"


def _what_changed(gate: Mapping[str, Any] | None) -> Iterator[str]:
    if gate is None:
        yield "no gate run says what has changed"
    else:
        yield GATED[gate["verdict"]].format(base=gate["base"]["name"])
