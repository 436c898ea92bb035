"""A scorecard as Markdown, for the page of a run in CI: ``python -m shrinkage.properties.report.summary SCORECARD``."""

import argparse
import json
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shrinkage.cli import quietly

from .findings import who
from .screen import INTERRUPTED

LONGEST = 2_000  # characters of one failure; the scorecard has all of it


def folded(claims: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Of those that failed: each claim's sentence, its first failure, and the others."""
    failures: dict[str, list[dict[str, Any]]] = {}
    for claim in claims:
        if claim["outcome"] == "failed":
            failures.setdefault(" ".join(claim["claim"].split()), []).append(claim)
    for sentence, (first, *others) in failures.items():
        yield sentence, first, others


def lines(card: dict[str, Any]) -> Iterator[str]:
    """The verdict in a sentence, a table of the functions that are offered, and one failure of each claim."""
    name = who(card)
    count = Counter(claim["outcome"] for claim in card["claims"])
    said = ", ".join(f"{count[outcome]} {outcome}" for outcome in ("held", "failed", "departed", "not offered"))
    yield f"## `{name}`: {'every claim held' if card['exit'] == 0 else 'not every claim held'}\n"
    yield f"Of {count.total()} claims, tried on at most {card['examples']:,} examples each: {said}."
    if card["exit"] not in (0, 1, 5):
        why = "it was interrupted" if card["exit"] == INTERRUPTED else f"pytest ended with {card['exit']}"
        yield f"The run did not come to its end: {why}."
    if card["accuracy"] is not None:
        yield f"Bounds were widened to an accuracy of {card['accuracy']} where they are tighter."
    yield "\n| function | held | failed | departed | worst error over bound |\n|---|---:|---:|---:|---:|"
    for function, row in card["functions"].items():
        if row["held"] + row["failed"] + row["departed"]:
            worst = "∞" if row["worst"] is None else f"{row['worst']:.2g}" if row["judged"] else "·"
            failed = f"**{row['failed']}**" if row["failed"] else "0"
            yield f"| `{function}` | {row['held']} | {failed} | {row['departed']} | {worst} |"
    for claim, first, others in folded(card["claims"]):
        more = f" and {len(others)} more like it" if others else ""
        yield f"\n**{claim}**\n\n`{first['id']}`{more}\n"
        yield textwrap.indent(first["message"][:LONGEST], "    ")  # unlike a fence, nothing in there can end it


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(
        prog="python -m shrinkage.properties.report.summary", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("scorecard", type=Path, metavar="SCORECARD", help="as --scorecard wrote it")
    card = json.loads(parser.parse_args().scorecard.read_text(encoding="utf-8"))
    print("\n".join(lines(card)))


if __name__ == "__main__":
    sys.exit(quietly(main))
