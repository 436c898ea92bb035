"""The documents' tables: ``python -m shrinkage.benchmarks.report.readme [SCORECARD ...]`` puts each in its place.

The table of functions comes from the contract, those of peers, mistakes and faults of libraries from their files, that
of the gate's own proof from its stored runs (``shrinkage gate --prove 30 --json benchmarks/results/proof.json``), that
of memory from ``python -m shrinkage.benchmarks.measure.memory --json > benchmarks/results/memory.json``, those of
digits by condition from ``python -m shrinkage.properties.found.condition --json > benchmarks/results/condition.json``,
those of data larger than memory from ``python -m shrinkage.benchmarks.measure.larger >
benchmarks/results/larger.json``, that of the worst cases from ``shrinkage hunt NAME --database properties/worst``.
Those of errors and of certified digits come from scorecards (``shrinkage judge NAME --scorecard FILE``), taken together
with what is stored of those of before: ten thousand answers of each function are the work of many runs. Of another
version nothing is kept.
The first answers were stored as ten thousand of a function where there were more: a count is the least that there were.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shrinkage.benchmarks.gate import prove
from shrinkage.benchmarks.gate.suite.proof import account
from shrinkage.benchmarks.report import larger as larger_than_memory
from shrinkage.cli import quietly
from shrinkage.contract import CHAPTERS, CONTRACT, FUNCTIONS
from shrinkage.peers import library, peers
from shrinkage.properties import worst as stored
from shrinkage.properties.engine import oracles
from shrinkage.properties.engine.mistakes import MISTAKES
from shrinkage.properties.found import FAULTS, condition
from shrinkage.properties.report.files import write
from shrinkage.properties.report.scorecard import larger
from shrinkage.properties.test_nist import SETS, certified

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = tuple(
    ROOT / name
    for name in (
        "README.md",
        "impl/README.md",
        "properties/README.md",
        "properties/classroom/README.md",
        "properties/found/README.md",
        "properties/hunt/README.md",
        "benchmarks/README.md",
        "benchmarks/measure/README.md",
        "benchmarks/gate/README.md",
        "CONTRIBUTING.md",
    )
)
README, CONTRACT_LIST, CLAIMS, CLASSROOM, FAULTS_FOUND, HUNTS, TIMINGS, MEASURED, GATING, CONTRIBUTING = DOCUMENTS
FUNCTIONS_START = "<!-- from impl/contract.py, by python -m shrinkage.benchmarks.report.readme -->\n"
PEERS_START = "<!-- from impl/peers, by python -m shrinkage.benchmarks.report.readme -->\n"
ERRORS_START = "<!-- from benchmarks/results/errors.json, by python -m shrinkage.benchmarks.report.readme -->\n"
WORST_START = "<!-- from properties/worst, by python -m shrinkage.benchmarks.report.readme -->\n"
DIGITS_START = "<!-- digits in benchmarks/results/errors.json, by python -m shrinkage.benchmarks.report.readme -->\n"
MISTAKES_START = "<!-- from properties/engine/mistakes, by python -m shrinkage.benchmarks.report.readme -->\n"
FOUND_START = "<!-- from properties/found, by python -m shrinkage.benchmarks.report.readme -->\n"
PROOF_START = "<!-- from benchmarks/results/proof.json, by python -m shrinkage.benchmarks.report.readme -->\n"
MEMORY_START = "<!-- from benchmarks/results/memory.json, by python -m shrinkage.benchmarks.report.readme -->\n"
CONDITION_START = "<!-- from benchmarks/results/condition.json, by python -m shrinkage.benchmarks.report.readme -->\n"
PACKAGES_START = "<!-- from benchmarks/results/packages.json, by python -m shrinkage.benchmarks.report.readme -->\n"
LARGER_START = "<!-- from benchmarks/results/larger.json, by python -m shrinkage.benchmarks.report.readme -->\n"
PROOF, ERRORS, MEMORY, CONDITION, PACKAGES, LARGER_RUN = (
    ROOT / "benchmarks" / "results" / f"{name}.json"
    for name in ("proof", "errors", "memory", "condition", "packages", "larger")
)
END = "<!-- the end of the table -->\n"


def functions() -> Iterator[str]:
    """A table for each chapter: the call, its value, its shape, and what it refuses or raises."""
    for number, title in CHAPTERS.items():
        yield f"\n## {number} · {title}\n"
        here = [function for function in FUNCTIONS if function.chapter == number]
        raising = any(function.errors for function in here)
        yield "| call | value | shape |" + (" raises |" if raising else "")
        yield "|---|---|---|" + ("---|" if raising else "")
        for f in here:
            yield f"| `{f.signature}` | {f.value} | {f.shape} |" + (
                f" {'; '.join(map(str, f.errors))} |" if raising else ""
            )
    yield "\n"


def mistakes() -> Iterator[str]:
    """The mistakes that are recognised, by chapter."""
    yield "\n| chapter | mistakes |\n|---|---|"
    for number, title in CHAPTERS.items():
        here = {name for name, function in CONTRACT.items() if function.chapter == number}
        names = dict.fromkeys(mistake.name for mistake in MISTAKES if here.intersection(mistake.functions))
        yield f"| {number} · {title} | {'; '.join(names)} |"
    yield "\n"


def known_peers() -> Iterator[str]:
    """Each peer's short name, what it is built on, and from which version on."""
    yield "\n| peer | library | from version |\n|---|---|---|"
    for peer in peers():
        yield f"| `{peer}` | {library(peer).distribution} | {library(peer).oldest} |"
    yield "\n"


def found() -> Iterator[str]:
    """What is wrong in libraries' released versions, what it breaks, and who knows."""
    yield "\n| script | in | what is wrong | what it breaks | known |\n|---|---|---|---|---|"
    for name, fault in FAULTS.items():
        near = f", near [this]({fault.related})" if fault.related else ""
        known = f"[yes]({fault.known})" if fault.known else f"new{near}"
        seen = f"{fault.library} {fault.version}" + (f", until {fault.mended}" if fault.mended else "")
        yield f"| `{name}` | {seen} | {fault.said} | {fault.breaks} | {known} |"
    yield "\n"


def conditions() -> Iterator[str]:
    """The digits of libraries as they come, at each condition."""
    yield from condition.tables(json.loads(CONDITION.read_text(encoding="utf-8")))


def errors(cards: list[dict[str, Any]]) -> Iterator[str]:
    """Functions by implementations: the worst error over bound, of cards that are taken together."""
    yield "\n| | " + " | ".join(f"`{card['implementation']}`{version(card)}" for card in cards) + " |"
    yield "|---|" + "---|" * len(cards)
    for function in CONTRACT:
        yield f"| `{function}` | " + " | ".join(_cell(card["functions"].get(function)) for card in cards) + " |"
    counts = "; ".join(map(_count, cards))
    most = max(card["examples"] for card in cards)
    yield f"\nAnswers judged, in runs of at most {most:,} examples a claim, each of a seed of its own: {counts}.\n"


def hunted() -> Iterator[str]:
    """Functions by implementations: the worst error over bound that hunts have found, and the condition there."""
    found = {name: stored.read(name) for name in stored.names()}
    versions = {name: sorted({entry.version for entry in entries.values()}) for name, entries in found.items()}
    yield "\n| | " + " | ".join(f"`{name}`, {', '.join(versions[name])}" for name in found) + " |"
    yield "|---|" + "---|" * len(found)
    for function in CONTRACT:
        cells = [
            [entries[key] for key in (function, f"{function} departs") if key in entries] for entries in found.values()
        ]
        if any(cells):
            yield f"| `{function}` | " + " | ".join("; ".join(map(_worst_of, cell)) or "–" for cell in cells) + " |"
    spent = [sum(stored.hours(name).get(version, 0.0) for version in versions[name]) for name in found]
    yield "| hours of one process | " + " | ".join(f"{hours:.1f}" if hours else "–" for hours in spent) + " |"
    processors = sorted({entry.processor for entries in found.values() for entry in entries.values()})
    yield f"\nOn {' and '.join(processors)}.\n"


def _worst_of(entry: stored.Entry) -> str:
    said = f"{entry.ratio:.2g}" if entry.ratio < float("inf") else "fails"
    return said + " †" * entry.departs + (f" (κ {entry.condition:.0e})" if entry.condition else "")


def digits(cards: list[dict[str, Any]]) -> Iterator[str]:
    """NIST's data by implementations: the certified digits that are reached, by lstsq and by ridge_intercept."""
    cards = [card for card in cards if card["digits"]]
    names = (f"`{card['implementation']}`{version(card)}" for card in cards)
    yield "\n| | condition | float64 | " + " | ".join(names) + " |"
    yield "|---|---|---|" + "---|" * len(cards)
    for data in SETS:
        p = certified(data)
        own = p.digits(oracles.floats(oracles.lstsq(p.X, p.y)))
        cells = (" / ".join(_reached(row, data) for row in card["digits"].values() if data in row) for card in cards)
        yield f"| {data} | {np.linalg.cond(p.X):.0e} | {own:.1f} | " + " | ".join(cells) + " |"
    yield "\n"


def _reached(row: Mapping[str, float], data: str) -> str:
    refined = row.get(f"{data}, refined")
    return f"{row[data]:.1f}" if refined is None else f"{row[data]:.1f} → {refined:.1f}"


def together(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One card for each implementation: of a function, all claims and answers, and the worst error among them.

    Of an implementation's versions the last one counts. What comes out can be stored, and taken together with more.
    """
    merged: dict[str, dict[str, Any]] = {}
    for card in cards:
        name = card["implementation"]
        if name not in merged or version(merged[name]) != version(card):
            merged[name] = {
                "implementation": name,
                "versions": card["versions"],
                "runs": 0,
                "examples": 0,
                "functions": {},
                "digits": {},
            }
        one = merged[name]
        one["runs"] += card.get("runs", 1)
        one["examples"] = max(one["examples"], card["examples"])
        for function in DIGITS:
            row = one["digits"].get(function, {}) | _digits(card, function)
            one["digits"] |= {function: row} if row else {}
        for function, row in card["functions"].items():
            before = one["functions"].get(function)
            one["functions"][function] = {key: row[key] for key in _KEPT} if before is None else _both(before, row)
    return list(merged.values())


DIGITS = ("lstsq", "ridge_intercept")


def _digits(card: Mapping[str, Any], function: str) -> dict[str, float]:
    """Those that a function has reached, of a scorecard or of what is stored."""
    if "claims" not in card:
        return dict(card.get("digits", {}).get(function, {}))
    found = (claim["functions"].get(function, {}).get("digits", {}) for claim in card["claims"])
    return {data: round(reached, 2) for each in found for data, reached in each.items()}


_COUNTED = ("held", "failed", "departed", "not offered", "judged")
_KEPT = (*_COUNTED, "worst")


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    counted = {key: one[key] + other[key] for key in _COUNTED}
    return counted | {"worst": other["worst"] if larger(other["worst"], one["worst"]) else one["worst"]}


ENOUGH = 10_000  # answers of a function


def _count(card: dict[str, Any]) -> str:
    """In how many runs how many answers of each function were judged; and of which fewer, and how many."""
    judged = {name: row["judged"] for name, row in card["functions"].items() if row["judged"]}
    fewer = {name: count for name, count in judged.items() if count < ENOUGH}
    runs = f"`{card['implementation']}` {card['runs']} run{'s' * (card['runs'] > 1)}"
    if not fewer:
        return f"{runs}, {ENOUGH:,} or more of each function"
    which = ", ".join(f"{count:,} of `{name}`" for name, count in sorted(fewer.items(), key=lambda each: each[1])[:5])
    more = f" and fewer than {ENOUGH:,} of {len(fewer) - 5} more" if len(fewer) > 5 else ""
    rest = f", {ENOUGH:,} or more of each other" if len(fewer) < len(judged) else ""
    return f"{runs}, {which}{more}{rest}"


def version(card: Mapping[str, Any]) -> str:
    """Of what the scorecard is of, with a space before it; empty where that has none."""
    name = card["implementation"]
    of = "shrinkage" if name == "impl" else library(name).distribution if name in peers() else name
    return f" {card['versions'][of]}" if of in card["versions"] else ""


def _cell(row: dict[str, Any] | None) -> str:
    """The worst ratio; a dagger where claims depart; a dash where nothing is offered."""
    if row is None or not row["held"] + row["failed"] + row["departed"]:
        return "–"
    return f"**{worst(row)}**" if row["failed"] else worst(row) + " †" * bool(row["departed"])


def worst(row: Mapping[str, Any]) -> str:
    """The worst ratio in two digits, a dot where none was measured."""
    return "∞" if row["worst"] is None else f"{row['worst']:.2g}" if row["worst"] else "0" if row["judged"] else "·"


def proof() -> Iterator[str]:
    """How often the gate was wrong, from the stored runs."""
    yield from prove.markdown(json.loads(PROOF.read_text(encoding="utf-8"))).splitlines()
    yield ""


def packages() -> Iterator[str]:
    """The gate and what others use, on the same revisions of other packages, alone and beside others' work."""
    yield from account.markdown(json.loads(PACKAGES.read_text(encoding="utf-8")))


def packages_in_all() -> Iterator[str]:
    """The same of all runs together."""
    yield from account.overall(json.loads(PACKAGES.read_text(encoding="utf-8")))


def memory() -> Iterator[str]:
    """What calls allocate at once, beside what is allowed; bold where it is more."""
    yield "\n| call | of | allocated | allowed |"
    yield "|---|---|---:|---:|"
    for call, sizes, allocated, allowed in json.loads(MEMORY.read_text(encoding="utf-8")):
        said = f"{allocated / 1e6:,.2f} MB"
        yield f"| {call} | {sizes} | {f'**{said}**' if allocated > allowed else said} | {allowed / 1e6:,.2f} MB |"
    yield ""


def larger_data() -> Iterator[str]:
    """What data larger than memory take, and what is modelled of more machines."""
    yield from larger_than_memory.lines(json.loads(LARGER_RUN.read_text(encoding="utf-8")))


def with_table(text: str, start: str, lines: Iterator[str]) -> str:
    """The text, with these lines between the mark where the table starts and the next one that ends a table."""
    before, rest = text.split(start)
    _, after = rest.split(END, 1)
    return f"{before}{start}" + "\n".join(lines) + f"{END}{after}"


def main() -> None:
    """Write the tables into the documents that have them."""
    parser = argparse.ArgumentParser(
        prog="python -m shrinkage.benchmarks.report.readme", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("scorecards", nargs="*", type=Path, metavar="SCORECARD", help="as --scorecard wrote it")
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in (ERRORS, *parser.parse_args().scorecards)]
    merged = together([*cards[0]["cards"], *cards[1:]])
    for document, start, lines in (
        (CONTRACT_LIST, FUNCTIONS_START, functions()),
        (CLAIMS, PEERS_START, known_peers()),
        (CLAIMS, MISTAKES_START, mistakes()),
        (CLAIMS, ERRORS_START, errors(merged)),
        (FAULTS_FOUND, FOUND_START, found()),
        (HUNTS, WORST_START, hunted()),
        (FAULTS_FOUND, CONDITION_START, conditions()),
        (CLAIMS, DIGITS_START, digits(merged)),
        (MEASURED, MEMORY_START, memory()),
        (MEASURED, LARGER_START, larger_data()),
        (GATING, PROOF_START, proof()),
        (TIMINGS, PACKAGES_START, packages_in_all()),
        (GATING, PACKAGES_START, packages()),
    ):
        text = with_table(document.read_text(encoding="utf-8"), start, lines)
        write(document, text)
    write(ERRORS, {"schema": 1, "cards": merged})


if __name__ == "__main__":
    sys.exit(quietly(main))
