"""What accounts of many runs have in common: shares with their intervals, and runs from before."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from shrinkage.benchmarks.gate.checkouts import Unusable

SLOWDOWNS = (0.02, 0.03, 0.05, 0.10)
EACH = 2  # cases slowed by each, in a run


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
