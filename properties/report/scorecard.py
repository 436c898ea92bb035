"""What a run has found, ``--scorecard FILE``: all of it as JSON, of which the screen and the page are made.

A claim is one test. It is `held`, `failed`, `departed` (the implementation says that it departs from it, and why) or
`not offered`. A failure is put down to the function that did it; one that nobody is known to have done, to every
function that the claim used. The file's form is `scorecard.schema.json`, beside this file.
"""

import importlib.metadata
import math
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shrinkage import __version__
from shrinkage.contract import CONTRACT
from shrinkage.peers import library, peers

from .findings import INTERFACE, findings, verdicts

SCHEMA = Path(__file__).with_name("scorecard.schema.json")
OUTCOMES = {"passed": "held", "failed": "failed", "xfailed": "departed", "skipped": "not offered"}
LIBRARIES = ("numpy", "scipy", "numba", "hypothesis")  # and those of the peers


def of_run(stats: dict[str, list[Any]], **run: Any) -> dict[str, Any]:
    """The scorecard of a run, from pytest's reports by outcome; `run` says how it was made."""
    claims = [
        _claim(report, outcome)
        for found, outcome in OUTCOMES.items()
        for report in stats.get(found, [])
        if (told := dict(getattr(report, "user_properties", ()))).get("seen") or "failure" in told
    ]
    claims.sort(key=lambda claim: claim["id"])
    _settle(claims)
    return {
        "schema": 1,
        **run,
        "offers_of": len(CONTRACT),
        "lacks": _lacks(stats.get("skipped", [])),
        "unjudged": unjudged(stats),
        "versions": versions(),
        "functions": by_function(claims),
        "verdicts": verdicts(claims),
        "findings": findings(claims),
        "claims": claims,
    }


def _lacks(skipped: Iterable[pytest.TestReport]) -> list[str]:
    """What claims about functions that are offered call beside them, and do not find; the most wanted first."""
    reasons = (report.longrepr[2] for report in skipped if report.when == "call" and isinstance(report.longrepr, tuple))
    wanted = Counter(reason.rpartition("not offered: ")[2] for reason in reasons)
    return [name for name, _ in wanted.most_common() if name in CONTRACT]


def unjudged(stats: Mapping[str, list[Any]]) -> dict[str, list[str]]:
    """The functions that are offered and that no claim has reached, though some about them were chosen.

    With each is what these call beside it, and is not offered.
    """

    def told(*outcomes: str) -> Iterator[dict[str, Any]]:
        return (dict(getattr(report, "user_properties", ())) for each in outcomes for report in stats.get(each, []))

    reached = {function for each in told("passed", "failed", "xfailed", "xpassed") for function in each.get("seen", {})}
    waiting: dict[str, list[pytest.TestReport]] = {}
    for report in stats.get("skipped", []):  # by itself, once called: pytest-benchmark skips what it does not time
        for function in dict(report.user_properties).get("about", []) if report.when == "call" else ():
            waiting.setdefault(function, []).append(report)
    return {function: _lacks(reports) for function, reports in sorted(waiting.items()) if function not in reached}


def _claim(report: pytest.TestReport, outcome: str) -> dict[str, Any]:
    properties: dict[str, Any] = dict(report.user_properties)
    claim = {"id": report.nodeid, "claim": properties["claim"], "mark": properties["mark"], "outcome": outcome}
    if outcome == "departed":
        claim["reason"] = str(getattr(report, "wasxfail", "")).removeprefix("reason: ")
    if outcome == "failed":
        crash = getattr(report.longrepr, "reprcrash", None)
        claim["message"] = getattr(crash, "message", None) or report.longreprtext
        if "failure" in properties:
            claim["failure"] = properties["failure"]
    seen = properties["seen"]
    blamed = [function for function, record in seen.items() if record["failed"]]
    functions = {}
    for function, record in seen.items():
        innocent = outcome in ("failed", "departed") and blamed and function not in blamed
        innocence = "held" if record["reached"] else "not reached"  # what fails before it says nothing of it
        functions[function] = {"outcome": innocence if innocent else outcome}
        if record["judged"]:
            worst = record["worst"] if math.isfinite(record["worst"]) else None  # JSON has no infinity
            functions[function] |= {name: record[name] for name in ("judged", "input", "source")} | {"worst": worst}
        functions[function] |= {name: record[name] for name in ("changed", "misses", "digits") if name in record}
    return {**claim, "seconds": round(report.duration, 3), "functions": functions}


def _settle(claims: Iterable[dict[str, Any]]) -> None:
    """Put what is put down to several functions down to those of them that fail alone, if any does.

    The claim that a backward pass is the transpose of the forward one fails for either; where the values of one are
    wrong by themselves, it says nothing of the other.
    """
    failed = [claim for claim in claims if claim["outcome"] == "failed"]
    blamed = [[name for name, found in claim["functions"].items() if found["outcome"] == "failed"] for claim in failed]
    values = (claim.get("failure", {}).get("kind") not in INTERFACE for claim in failed)
    alone = {names[0] for names, of_values in zip(blamed, values, strict=True) if of_values and len(names) == 1}
    for claim, names in zip(failed, blamed, strict=True):
        if alone & {*names}:
            for name in {*names} - alone:
                claim["functions"][name]["outcome"] = "not reached"


def by_function(claims: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Of each function: how many claims came out how, how many answers were judged, and the worst of them."""
    functions: dict[str, Any] = {}
    for claim in claims:
        for name, found in claim["functions"].items():
            row = functions.setdefault(name, dict.fromkeys(OUTCOMES.values(), 0) | {"judged": 0, "worst": 0.0})
            if found["outcome"] in row:
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
