"""Scorecards as the page shows them: a cell for each function and implementation, and what opens behind it.

A cell is counted and coloured by claims of one mark, or of all: ``views`` has one for each of `VIEWS`. Claims that say
the same in several variants are one entry of the cell; of each mark, the entry with the largest error has its input.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.report.readme import version, worst
from shrinkage.contract import CONTRACT
from shrinkage.properties.report.scorecard import by_function, larger

MARKS = ("mathematics", "accuracy", "interface")
VIEWS = ("", *MARKS)
LONGEST = 2_000  # characters of one message; the scorecard has all of it
# From a tenth of the bound on, a stronger shade; the last one is for all up to the bound.
SHADES = (0.1, 0.3, 0.6)

Claim = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """What all scorecards of one implementation say together."""

    name: str
    version: str
    cards: Sequence[Mapping[str, Any]]
    claims: Sequence[Claim]
    functions: Mapping[str, Mapping[str, Any]]

    @property
    def unasked(self) -> set[str]:
        """What it offers, and no claim of these runs was about."""
        return {name for card in self.cards for name in card.get("offers", ())} - {*self.functions}

    @property
    def count(self) -> Counter[str]:
        """How many claims came out how."""
        return Counter(claim["outcome"] for claim in self.claims)


def judged(cards: Iterable[Mapping[str, Any]]) -> list[Judged]:
    """One for each implementation, in the order in which they appear."""
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for card in cards:
        by_name.setdefault(called(card["implementation"]), []).append(card)
    found = []
    for name, own in by_name.items():
        claims = [claim for card in own for claim in card["claims"]]
        found.append(Judged(name, version(own[-1]), own, claims, by_function(claims)))
    return found


def called(implementation: str) -> str:
    """Files by their names alone: the same one has other paths in other runs."""
    parts = implementation.split(" + ")
    return " + ".join(Path(part).name if part.endswith(".py") else part for part in parts)


def functions(implementations: Iterable[Judged], others: Iterable[str] = ()) -> list[str]:
    """All that are named, those of the contract in its order, then what it does not know."""
    named = dict.fromkeys([*(name for one in implementations for name in one.functions), *others])
    return [*(name for name in CONTRACT if name in named), *(name for name in named if name not in CONTRACT)]


def chapter(function: str) -> int:
    """Its chapter; 0 for what the contract does not know."""
    return CONTRACT[function].chapter if function in CONTRACT else 0


# ---- cells -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One function of one implementation; `views` and `entries` are plain data, for the page's script too."""

    views: list[dict[str, Any]]
    entries: list[dict[str, Any]]


def cell(one: Judged, function: str) -> Cell:
    """What it shows, by mark, and what opens."""
    here = [claim for claim in one.claims if function in claim["functions"]]
    if function in one.unasked:
        return Cell([{"text": "○", "flag": "", "shade": "none", "sort": -1.5, "said": "offered, not judged"}] * 4, [])
    views = [_view(function, [claim for claim in here if mark in ("", claim["mark"])]) for mark in VIEWS]
    return Cell(views, list(_entries(here, function)))


def _view(function: str, claims: Sequence[Claim]) -> dict[str, Any]:
    """Text, shade, what it is sorted by, and the same in words."""
    row = by_function(claims).get(function)
    # The worst error leaves out where it departs, and so does the number of answers here.
    found = [claim["functions"][function] for claim in claims]
    row = row and row | {"judged": sum(f.get("judged", 0) for f in found if f["outcome"] != "departed")}
    if row is None or not row["held"] + row["failed"] + row["departed"]:
        return {"text": "–", "flag": "", "shade": "none", "sort": -2, "said": "not offered" if row else "no claim"}
    departs = f", {row['departed']} departing on purpose" if row["departed"] else ""
    counts = f"{row['held']} claims held, {row['failed']} failed{departs}"
    answers = f"{row['judged']:,} answers held against a bound" if row["judged"] else "nothing to measure"
    size = 1e300 if row["worst"] is None else row["worst"] if row["judged"] else -1
    return {
        "text": worst(row),
        "flag": "✗" if row["failed"] else "†" if row["departed"] else "",
        "shade": "failed" if row["failed"] else _shade(row),
        "sort": size + 1e6 * bool(row["failed"]),  # what fails in words alone before what is right
        "said": f"{counts}; {answers}",
    }


def _shade(row: Mapping[str, Any]) -> str:
    if not row["held"]:
        return "departs"
    return f"q{sum(larger(row['worst'], limit) for limit in SHADES)}" if row["judged"] else "exact"


def _entries(claims: Sequence[Claim], function: str) -> Iterator[dict[str, Any]]:
    """Variants of one claim that came out alike as one: how many, the largest error, and its story."""
    alike: dict[tuple[str, str, str], list[Claim]] = {}
    for claim in claims:
        alike.setdefault((claim["claim"], claim["mark"], claim["functions"][function]["outcome"]), []).append(claim)
    entries = []
    for (sentence, mark, outcome), same in alike.items():
        entry: dict[str, Any] = {"claim": " ".join(sentence.split()), "mark": mark, "outcome": outcome, "n": len(same)}
        measured = [claim["functions"][function] for claim in same if "judged" in claim["functions"][function]]
        if measured:
            top = measured[0]
            for found in measured[1:]:
                top = found if larger(found["worst"], top["worst"]) else top
            entry |= {"worst": "∞" if top["worst"] is None else f"{top['worst']:.3g}", "_worst": top["worst"]}
            entry |= {"source": top["source"], "input": top["input"], "judged": sum(f["judged"] for f in measured)}
        first = same[0]
        if outcome == "failed":
            entry["story"] = first.get("message", "")[:LONGEST]
        if outcome == "departed":
            entry["story"] = first.get("reason", "")[:LONGEST]
        entries.append(entry)
    order = ("failed", "departed", "held", "not offered")
    entries.sort(
        key=lambda entry: (order.index(entry["outcome"]), "worst" not in entry, MARKS.index(entry["mark"] or MARKS[-1]))
    )
    for mark in MARKS:
        _keep_one_input([entry for entry in entries if entry["mark"] == mark and "_worst" in entry])
    for entry in entries:
        entry.pop("_worst", None)
    return iter(entries)


def _keep_one_input(entries: Sequence[dict[str, Any]]) -> None:
    """Of claims of one mark, what departs apart: the input of the largest error alone, which is the `top` of them."""
    top: dict[str, Any] | None = None
    for entry in entries:
        if entry["outcome"] != "departed" and (top is None or larger(entry["_worst"], top["_worst"])):
            top = entry
    for entry in entries:
        if entry is top:
            entry["top"] = entry["_worst"] if entry["_worst"] is not None else 1e300
        else:
            entry.pop("input", None)
