"""``--gradescope FILE``: what a run has found, as Gradescope's autograder reads it (``results.json``).

There is an entry for each function, worth one point, which it gets if all its claims held; what failed is told with the
input that shows it. A function that is written where it cannot be imported has an entry, too, and gets nothing; nor
does one of whose claims most could not be judged, for another function fails in them first.
``--gradescope-points FILE`` says otherwise, in TOML, all of it optional::

    entries = "function"    # or "claim": an entry for each test
    partial = false         # or true: what is worth a point gets the share of its claims that held
    visibility = "visible"  # or "hidden", "after_due_date", "after_published"

    [points]                # these entries and no others; one that is not offered gets none of its points
    affine_forward = 4
    svm_loss = 2.5

The format is that of https://gradescope-autograders.readthedocs.io/en/latest/specs/.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shrinkage.contract import CONTRACT

from .summary import folded

ENTRIES = ("function", "claim")
VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")
LONGEST = 4_000  # characters of one failure
NONE: list[Any] = []


class WrongPoints(ValueError):
    """A file of points that makes no sense; the message is one sentence."""


@dataclass(frozen=True)
class Points:
    """What is worth how many points.

    Parameters
    ----------
    entries
        ``function`` or ``claim``.
    visibility
        Of every entry, to students.
    partial
        Whether an entry gets the share of its claims that held; otherwise all of its points or none.
    points
        By the name of the function or of the test; empty for one point for each that was judged.
    """

    entries: str = "function"
    visibility: str = "visible"
    partial: bool = False
    points: dict[str, float] = field(default_factory=dict)


def read(path: Path) -> Points:
    """The points in a TOML file.

    Raises
    ------
    WrongPoints
        If the file is not there, is no TOML, or says something else than `Points` has.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WrongPoints(f"--gradescope-points {path} cannot be read: {' '.join(str(error).split())}.") from error
    points = said.get("points", {})
    wrong = sorted(said.keys() - {"entries", "partial", "visibility", "points"})
    if wrong:
        what = f"knows entries, partial, visibility and points, not {wrong[0]}"
    elif type(said.get("partial", False)) is not bool:
        what = f"takes true or false for partial, not {said['partial']!r}"
    elif said.get("entries", "function") not in ENTRIES:
        what = f"takes {' or '.join(ENTRIES)} for entries, not {said['entries']!r}"
    elif said.get("visibility", "visible") not in VISIBILITIES:
        what = f"takes {', '.join(VISIBILITIES)} for visibility, not {said['visibility']!r}"
    elif not isinstance(points, dict):
        what = f"takes a table of points, not {points!r}"
    elif odd := [name for name, worth in points.items() if type(worth) not in (int, float) or not 0 <= worth < 1e9]:
        what = f"takes a number from 0 up for the points of {odd[0]}, not {points[odd[0]]!r}"
    elif said.get("entries") != "claim" and (unknown := [name for name in points if name not in CONTRACT]):
        what = f"gives points to {unknown[0]}, which is no function of the contract"
    else:
        return Points(**said)
    raise WrongPoints(f"--gradescope-points {path} {what}.")


def whole(stats: Mapping[str, list[Any]], exit: int) -> bool:
    """Whether the run came to its end, with an account of every claim in it: only then are there points to be given."""
    failed = [*stats.get("failed", NONE), *stats.get("error", NONE)]
    return exit in (0, 1) and all(dict(getattr(report, "user_properties", ())).get("seen") for report in failed)


def results(card: dict[str, Any], points: Points) -> dict[str, Any]:
    """The account of a whole run as ``results.json``."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    unreached: Counter[str] = Counter()
    for claim in card["claims"]:
        test = claim["id"].rsplit("::", 1)[-1].split("[")[0]
        outcomes = claim["functions"].items() if points.entries == "function" else [(test, claim)]
        for name, found in outcomes:
            if found["outcome"] in ("held", "failed", "not reached"):
                by_name.setdefault(name, [])
                unreached[name] += found["outcome"] == "not reached"
            if found["outcome"] in ("held", "failed"):
                by_name[name].append(claim | {"outcome": found["outcome"]})
    lost = lost_of(card) if points.entries == "function" else {}
    worth = points.points or dict.fromkeys(sorted({*by_name, *lost}), 1)
    for name, claims in by_name.items():
        if unreached[name] > len(claims) and all(claim["outcome"] == "held" for claim in claims):
            claims.clear()  # a new net's shapes are right, and what it computes nobody has seen
    why = dict.fromkeys(card["offers"], "Not judged: no claim about it is among those that were chosen.")
    why |= dict.fromkeys(by_name, "Not judged: a function that is called before it fails.") | lost
    tests = [_entry(name, by_name.get(name, []), worth[name], points, why.get(name, "")) for name in worth]
    held, judged = (sum(c["outcome"] in those for c in card["claims"]) for those in (["held"], ["held", "failed"]))
    return {
        "score": round(sum(test["score"] for test in tests), 6),
        "execution_time": round(sum(claim["seconds"] for claim in card["claims"])),
        "output": f"{held} of {judged} claims hold, each tried on at most {card['examples']} examples.",
        "stdout_visibility": "hidden",  # what pytest prints is for the instructor
        "tests": tests,
    }


def lost_of(card: Mapping[str, Any]) -> dict[str, str]:
    """Why each function could not be read, of those that the claims are about which were chosen."""
    asked = {name for claim in card["claims"] for name in claim["functions"]}
    return {name: why for name, why in card["lost"].items() if name in asked}


def _entry(name: str, claims: list[dict[str, Any]], worth: float, points: Points, lost: str) -> dict[str, Any]:
    held = sum(claim["outcome"] == "held" for claim in claims)
    share = held / max(len(claims), 1) if points.partial else float(bool(claims) and held == len(claims))
    failures = [
        f"{sentence}{f' (in {len(others) + 1} cases)' if others else ''}\n\n{_without_advice(first['message'])}"
        for sentence, first, others in folded(claims)
    ]
    told = f"{held} of {len(claims)} claims hold." if claims else lost or "Not offered: no claim about it was judged."
    failures.sort(key=len)  # the simplest first
    return {
        "name": name if points.entries == "function" or not claims else " ".join(claims[0]["claim"].split()),
        "score": round(worth * share, 6),
        "max_score": worth,
        "status": "passed" if claims and held == len(claims) else "failed",
        "output": "\n\n".join([told, *failures]),
        "output_format": "text",
        "visibility": points.visibility,
    }


def _without_advice(message: str) -> str:
    """Up to what Hypothesis has to say to those who have the suite at hand."""
    told = re.split(r"\n(?:Explanation:|\nYou can reproduce)", message)[0]
    return re.sub(r"\n    impl=.*", "", told)[:LONGEST]
