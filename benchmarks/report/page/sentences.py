"""Of each implementation, one sentence: is it right, how right, how fast, and what has changed.

What is known of others and not of one is said there; of what was given of nobody the page says so once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from shrinkage.benchmarks.report.page.stored import Stored
from shrinkage.benchmarks.report.page.verdicts import Judged, called
from shrinkage.benchmarks.report.readme import worst
from shrinkage.benchmarks.report.runs import Result, Run
from shrinkage.benchmarks.report.tables import number
from shrinkage.properties.report.scorecard import larger

GATED = {
    "pass": ("no worse than {base}", ", as the gate finds"),
    "regression": ("worse than {base}", ", as the gate finds"),
    "inconclusive": ("", "whether it is worse than {base} the gate could not tell"),
}
STANDINGS = {"pass": "right", "regression": "wrong", "inconclusive": "unknown"}
Clause = tuple[str, str]  # what stands out, and the rest; nothing stands out where nothing is known


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
    clauses: Sequence[Clause]

    @property
    def sentence(self) -> str:
        """All of it."""
        return "; ".join(strong + rest for strong, rest in self.clauses) + "."


def summaries(stored: Stored, judged: Sequence[Judged]) -> list[Summary]:
    """Of every implementation that was judged, raced or gated."""
    by_name = {one.name: one for one in judged}
    gates = last_gates(stored)
    raced = [called(name) for run in stored.runs for name in run.implementations]
    return [
        _summary(name, by_name.get(name), stored, gates.get(name)) for name in dict.fromkeys([*by_name, *raced, *gates])
    ]


def last_gates(stored: Stored) -> dict[str, Mapping[str, Any]]:
    """Of each implementation the gate's last result."""
    return {
        called(gate["implementation"]): gate for _, gate in sorted(stored.gates, key=lambda given: given[1]["date"])
    }


def _summary(name: str, one: Judged | None, stored: Stored, gate: Mapping[str, Any] | None) -> Summary:
    if gate and not stored.own:
        standing, word = STANDINGS[gate["verdict"]], gate["verdict"]
    else:
        standing, word = _standing(one)
    right = _how_right(one) if stored.cards else ()
    fast = _how_fast(name, stored.runs) if stored.runs else ()
    changed = [_what_changed(gate)] if stored.gates else ()
    clauses: list[Clause] = [*right, *fast, *changed]
    strong, rest = clauses[0]
    clauses[0] = (_capital(strong), rest) if strong else ("", _capital(rest))
    return Summary(name, one.version if one else "", standing, word, clauses)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _standing(one: Judged | None) -> tuple[str, str]:
    if one is None:
        return "unknown", "not judged"
    if one.count["failed"]:
        return "wrong", "wrong"
    if any(card["exit"] not in (0, 1) for card in one.cards):
        return "unknown", "unfinished"
    if not one.count["held"]:
        return "unknown", "nothing held"
    if one.unasked:
        asked = sum(bool(row["held"] + row["departed"]) for row in one.functions.values())
        return "unknown", f"{asked} of {asked + len(one.unasked)} judged"
    return ("departs", "right, but departs") if one.count["departed"] else ("right", "right")


def _how_right(one: Judged | None) -> Iterator[Clause]:
    if one is None:
        yield "", "no scorecard says whether it is right"
        return
    count, offered = one.count, sum(bool(r["held"] + r["failed"] + r["departed"]) for r in one.functions.values())
    asked = count["held"] + count["failed"] + count["departed"]
    failed = {0: "no claim fails", 1: "1 claim fails"}.get(count["failed"], f"{count['failed']:,} claims fail")
    departs = f", {count['departed']:,} departed from on purpose" if count["departed"] else ""
    yield (
        (failed, f" of {asked:,} about its {offered} function{'s' * (offered != 1)}{departs}")
        if asked
        else ("", "it offers nothing judged")
    )
    measured = {name: row for name, row in one.functions.items() if row["judged"]}
    if measured:
        top = max(measured, key=lambda name: float("inf") if (w := measured[name]["worst"]) is None else w)
        too_large = larger(measured[top]["worst"], 1.0)
        yield f"worst error {worst(measured[top])}", f" {'times' if too_large else 'of'} what theory allows, in {top}"
    if any(card["accuracy"] is not None for card in one.cards):
        claimed = max(card["accuracy"] or 0.0 for card in one.cards)
        yield "bounds widened", f" to the accuracy that it claims, {claimed:g}"
    if any(card["exit"] not in (0, 1) for card in one.cards):
        yield "not finished", ": a run did not come to its end"


def _how_fast(name: str, runs: Sequence[Run]) -> Iterator[Clause]:
    told = False
    for run in runs:
        inside = f" ({run.name})" if len(runs) > 1 else ""
        for raw in run.implementations:
            if called(raw) == name:
                strong, rest = _of_reference(run) if raw == run.reference else _of_peer(run, raw)
                yield strong, rest + inside
                told = True
    if not told:
        yield "", "no race says how fast it is"


def _of_reference(run: Run) -> Clause:
    count = Counter(result.outcome for row in run.rows for result in row.results.values() if result.outcome)
    if not count:
        return "", "it was raced against nobody"
    return f"faster in {count['won']} of {count.total()}", f" comparisons with peers, slower in {count['lost']}"


def _of_peer(run: Run, name: str) -> Clause:
    results = [row.results.get(name, Result()) for row in run.rows]
    ratios = [result.ratio for result in results if result.ratio is not None]
    if not ratios:
        return "", "it was raced, but in no case that can be compared"
    faster = sum(result.outcome == "lost" for result in results)
    cases = f"the median of {len(ratios)} cases" if len(ratios) > 1 else "one case"
    wrong = sum(result.lacking == "wrong" for result in results)
    more = f", with {wrong} wrong answers" if wrong > 1 else ", with a wrong answer" if wrong else ""
    reference = called(run.reference)
    return f"{number(median(ratios))} times as long as {reference}", f" in {cases}, faster in {faster}{more}"


def _what_changed(gate: Mapping[str, Any] | None) -> Clause:
    if gate is None:
        return "", "no gate run says what has changed"
    strong, rest = (text.format(base=gate["base"]["name"]) for text in GATED[gate["verdict"]])
    return strong, rest
