"""What a run has found: the table at its end, and ``--scorecard FILE``, the same and more as JSON.

A claim is one test. It is `held`, `failed`, `departed` (the implementation says that it departs from it, and why) or
`not offered`. A failure that no judgement by a bound explains, a wrong refusal say, is put down to every function that
the claim used. The file's form is `scorecard.schema.json`, beside this file.
"""

import importlib.metadata
import math
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from shrinkage import __version__
from shrinkage.peers import library, peers

SCHEMA = Path(__file__).with_name("scorecard.schema.json")
OUTCOMES = {"passed": "held", "failed": "failed", "xfailed": "departed", "skipped": "not offered"}
LIBRARIES = ("numpy", "scipy", "numba", "hypothesis")  # and those of the peers


def of_run(stats: dict[str, list[Any]], **run: Any) -> dict[str, Any]:
    """The scorecard of a run, from pytest's reports by outcome; `run` says how it was made."""
    claims = [
        _claim(report, outcome)
        for found, outcome in OUTCOMES.items()
        for report in stats.get(found, [])
        if dict(getattr(report, "user_properties", ())).get("seen")
    ]
    claims.sort(key=lambda claim: claim["id"])
    return {"schema": 1, **run, "versions": versions(), "functions": by_function(claims), "claims": claims}


def _claim(report: pytest.TestReport, outcome: str) -> dict[str, Any]:
    properties: dict[str, Any] = dict(report.user_properties)
    claim = {"id": report.nodeid, "claim": properties["claim"], "mark": properties["mark"], "outcome": outcome}
    if outcome == "departed":
        claim["reason"] = str(getattr(report, "wasxfail", "")).removeprefix("reason: ")
    if outcome == "failed":
        crash = getattr(report.longrepr, "reprcrash", None)
        claim["message"] = getattr(crash, "message", None) or report.longreprtext
    seen = properties["seen"]
    blamed = [function for function, record in seen.items() if record["failed"]]
    functions = {}
    for function, record in seen.items():
        innocent = outcome in ("failed", "departed") and blamed and function not in blamed
        functions[function] = {"outcome": "held" if innocent else outcome}
        if record["judged"]:
            worst = record["worst"] if math.isfinite(record["worst"]) else None  # JSON has no infinity
            functions[function] |= {name: record[name] for name in ("judged", "input", "source")} | {"worst": worst}
    return {**claim, "seconds": round(report.duration, 3), "functions": functions}


def by_function(claims: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Of each function: how many claims came out how, how many answers were judged, and the worst of them."""
    functions: dict[str, Any] = {}
    for claim in claims:
        for name, found in claim["functions"].items():
            row = functions.setdefault(name, dict.fromkeys(OUTCOMES.values(), 0) | {"judged": 0, "worst": 0.0})
            row[found["outcome"]] += 1
            row["judged"] += found.get("judged", 0)
            worst = found.get("worst", 0.0)
            # What is known to depart is told apart, and does not hide how far off the rest is.
            if found["outcome"] != "departed" and larger(worst, row["worst"]):
                row |= {"worst": worst, "in": claim["id"]}
    return dict(sorted(functions.items()))


def larger(one: float | None, other: float | None) -> bool:
    """Of two ratios, none standing for infinity."""
    return other is not None and (one is None or one > other)


def versions() -> dict[str, str]:
    """Of Python, of this project and of the libraries that are installed."""
    versions = {"shrinkage": __version__, "python": platform.python_version()}
    for name in dict.fromkeys([*LIBRARIES, *(library(peer).distribution for peer in peers())]):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def table(terminal: pytest.TerminalReporter, card: dict[str, Any]) -> None:
    """A line for each function that is offered: claims held, failed, departed and not offered, and the worst error."""
    judged = {name: row for name, row in card["functions"].items() if row["held"] + row["failed"] + row["departed"]}
    if not card["functions"]:
        return
    terminal.section("verdict")
    if judged:
        terminal.line(
            f"{'function':<32}{'held':>6}{'failed':>8}{'departed':>10}{'not offered':>13}{'error/bound':>13}  worst in"
        )
    for function, row in judged.items():
        counts = f"{row['held']:>6}{row['failed']:>8}{row['departed']:>10}{row['not offered']:>13}"
        worst = math.inf if row["worst"] is None else row["worst"]
        where = f"{worst:>13.3g}  {row['in'].split('::', 1)[-1]}" if worst else ""
        terminal.line(f"{function:<32}{counts}{where}", red=bool(row["failed"]))
    if absent := len(card["functions"]) - len(judged):
        terminal.line(f"{absent}{' other' * bool(judged)} function{'s are' if absent > 1 else ' is'} not offered.")
    if card["accuracy"] is not None:
        terminal.line(f"Bounds were widened to --accuracy {card['accuracy']} where they are tighter.")
