"""The README's tables: ``python -m benchmarks.readme [SCORECARD ...]`` puts each in its place.

The table of functions comes from the contract. That of the gate's own proof comes from its stored runs
(``python -m benchmarks.gate --prove 30 --json benchmarks/results/proof.json``), and that of the gate beside other tools
from those of ``python -m benchmarks.gate.others --runs 10 --json benchmarks/results/others.json``. That of errors comes
from scorecards (``pytest properties --impl NAME --scorecard FILE``), several of one implementation taken together;
without any it is left as it is.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.gate import others, prove
from impl.contract import CHAPTERS, CONTRACT, FUNCTIONS
from properties.scorecard import larger

README = Path(__file__).resolve().parent.parent / "README.md"
FUNCTIONS_START = "<!-- from impl/contract.py, by python -m benchmarks.readme -->\n"
ERRORS_START = "<!-- from scorecards, by python -m benchmarks.readme SCORECARD ... -->\n"
PROOF_START = "<!-- from benchmarks/results/proof.json, by python -m benchmarks.readme -->\n"
OTHERS_START = "<!-- from benchmarks/results/others.json, by python -m benchmarks.readme -->\n"
PROOF, OTHERS = (README.parent / "benchmarks" / "results" / f"{name}.json" for name in ("proof", "others"))
END = "<!-- the end of the table -->\n"


def functions() -> Iterator[str]:
    """A table for each chapter: the call, its value, its shape, and what it refuses or raises."""
    for number, title in CHAPTERS.items():
        yield f"\n#### {number} · {title}\n"
        here = [function for function in FUNCTIONS if function.chapter == number]
        notes = any(function.note for function in here)
        yield "| call | value | shape |" + (" raises |" if notes else "")
        yield "|---|---|---|" + ("---|" if notes else "")
        for f in here:
            yield f"| `{f.signature}` | {f.value} | {f.shape} |" + (f" {f.note} |" if notes else "")
    yield "\n"


def errors(cards: list[dict[str, Any]]) -> Iterator[str]:
    """Functions by implementations: the worst error over bound."""
    cards = together(cards)
    versions = [version(card) for card in cards]
    yield (
        "\n| | " + " | ".join(f"`{card['implementation']}`{v}" for card, v in zip(cards, versions, strict=True)) + " |"
    )
    yield "|---|" + "---|" * len(cards)
    for function in CONTRACT:
        yield f"| `{function}` | " + " | ".join(_cell(card["functions"].get(function)) for card in cards) + " |"
    counts = ", ".join(map(_count, cards))
    most = max(card["examples"] for card in cards)
    yield f"\nAnswers judged, in runs of at most {most:,} examples a claim, each of a seed of its own: {counts}.\n"


def together(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One card for each implementation: of a function, all claims and answers, and the worst error among them."""
    merged: dict[str, dict[str, Any]] = {}
    for card in cards:
        one = merged.setdefault(card["implementation"], {**card, "functions": {}, "runs": 0})
        one["runs"] += 1
        one["examples"] = max(one["examples"], card["examples"])
        for name, row in card["functions"].items():
            before = one["functions"].get(name)
            one["functions"][name] = row if before is None else _both(before, row)
    return list(merged.values())


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    counted = {key: one[key] + other[key] for key in ("held", "failed", "departed", "not offered", "judged")}
    return counted | {"worst": other["worst"] if larger(other["worst"], one["worst"]) else one["worst"]}


def _count(card: dict[str, Any]) -> str:
    """How many answers were judged, and of the function that has the fewest."""
    judged = {name: row["judged"] for name, row in card["functions"].items() if row["judged"]}
    fewest = min(judged, key=judged.__getitem__, default=None)
    least = f" ({judged[fewest]:,} or more of each function, fewest of `{fewest}`)" if fewest else ""
    runs = f" in {card['runs']} runs" if card["runs"] > 1 else ""
    return f"{sum(row['judged'] for row in card['functions'].values()):,} for `{card['implementation']}`{runs}{least}"


def version(card: Mapping[str, Any]) -> str:
    """Of what the scorecard is of, with a space before it; empty where that has none."""
    library = {"sklearn": "scikit-learn", "impl": "shrinkage"}.get(card["implementation"], card["implementation"])
    return f" {card['versions'][library]}" if library in card["versions"] else ""


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


def tools() -> Iterator[str]:
    """The gate beside other tools, from the stored runs."""
    yield from others.markdown(json.loads(OTHERS.read_text(encoding="utf-8"))).splitlines()
    yield ""


def with_table(text: str, start: str, lines: Iterator[str]) -> str:
    """The text, with these lines between the mark where the table starts and the next one that ends a table."""
    before, rest = text.split(start)
    _, after = rest.split(END, 1)
    return f"{before}{start}" + "\n".join(lines) + f"{END}{after}"


def main() -> None:
    """Write the tables into the README."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readme", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("scorecards", nargs="*", type=Path, metavar="SCORECARD", help="as --scorecard wrote it")
    text = with_table(README.read_text(encoding="utf-8"), FUNCTIONS_START, functions())
    text = with_table(with_table(text, PROOF_START, proof()), OTHERS_START, tools())
    if paths := parser.parse_args().scorecards:
        cards = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        text = with_table(text, ERRORS_START, errors(cards))
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
