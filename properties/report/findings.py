"""From the claims of a run to what was found: a verdict for each function and mark, and one entry for each cause.

Failures of one cause are one finding, told by the simplest example: the same mistake of the table of them, the same
function with wrong values, the same thing that is not refused, the same claim of the interface. Values that are a few
roundings off and values that are off by far more are of two causes, and an example is of those that are off most. A
result that is right but of another dtype, and an argument that was written into, are departures of the interface,
whichever claim saw them.
"""

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shrinkage.contract import CONTRACT
from shrinkage.properties.engine.account.failure import times

MARKS = ("mathematics", "accuracy", "interface")
INTERFACE = ("dtype", "changed", "not refused")  # kinds of failures that are of no other mark
GROWS = 10  # a condition at which digits are lost
MOST = 100  # times its square: as much error over bound as digits that are lost with it come to
FEW = 1000  # error over bound that roundings alone can have, where they are many
GAP = 1000  # a factor: errors over bounds that are so far apart, and none between them, are of two causes
SQUARES = "normal equations"  # the mistake whose errors go with the square of the condition
GROSS = 1e6  # error over bound that is as plain to see as any larger one

Claim = dict[str, Any]
Failure = dict[str, Any]
Group = list[tuple[Claim, str, Failure]]

POSITION = {name: position for position, name in enumerate(CONTRACT)}


def verdicts(claims: Iterable[Claim]) -> dict[str, dict[str, dict[str, Any]]]:
    """By function and mark: right, wrong, loses digits or departs; how many claims hold, of how many."""
    rows: dict[str, dict[str, list[tuple[Claim, Failure | None]]]] = defaultdict(lambda: defaultdict(list))
    for claim in claims:
        for function, found in claim["functions"].items():
            if found["outcome"] in ("held", "failed"):
                failure = claim.get("failure", {}) if found["outcome"] == "failed" else None
                own = claim["mark"] or MARKS[-1]
                if failure and failure.get("kind") in INTERFACE and own != "interface":
                    rows[function]["interface"].append((claim, failure))
                    failure = None
                rows[function][own].append((claim, failure))
            if "changed" in found:
                rows[function]["interface"].append((claim, found["changed"]))
    return {
        function: {mark: _verdict(mark, function, rows[function][mark]) for mark in MARKS if rows[function].get(mark)}
        for function in sorted(rows)
    }


def _verdict(mark: str, function: str, found: Sequence[tuple[Claim, Failure | None]]) -> dict[str, Any]:
    own = [(claim, failure) for claim, failure in found if claim["mark"] == mark or not claim["mark"]]
    failures = [failure for _, failure in found if failure is not None]
    row: dict[str, Any] = {"held": sum(failure is None or failure.get("kind") == "changed" for _, failure in own)}
    row |= {"of": len(own), "verdict": "right"}
    if not failures:
        return row
    if mark == "interface":
        return row | {"verdict": "departs"}
    misses = _misses((claim, function) for claim, failure in found if failure)
    kinds = {failure.get("kind", "other") for failure in failures}
    past = sum(failure.get("past_squares", False) for failure in failures)
    if past:
        row["past_squares"] = past
    if mark == "accuracy" and kinds <= {"value", "nan", "raised"} and _grow(misses):
        lost = [f for f in failures if not f.get("past_squares") and (f.get("ratio") or 0.0) <= _reach(misses)]
        worst = max(*(ratio for _, ratio in misses), _worst(lost))
        return row | {"verdict": "loses digits", "condition": misses[0][0], "ratio": worst}
    if past == len(failures):
        return row | {"verdict": "leaves the range"}
    return row | {"verdict": "raises" if kinds == {"raised"} else "wrong"}


def _misses(failed: Iterable[tuple[Claim, str]]) -> list[tuple[float, ...]]:
    """Condition and error over bound of the examples that failed, the least condition first."""
    return sorted(tuple(miss) for claim, name in failed for miss in claim["functions"].get(name, {}).get("misses", []))


def _grow(misses: Sequence[tuple[float, ...]]) -> bool:
    """Whether errors are what a condition, the first of each pair, can have done: a wrong formula is wrong at any."""
    return bool(misses) and misses[-1][0] > GROWS and all(ratio <= _reach([(at, ratio)]) for at, ratio in misses)


def _reach(misses: Sequence[tuple[float, ...]]) -> float:
    """The error over bound that digits lost with the largest of these conditions come to."""
    return MOST * misses[-1][0] ** 2 if misses else math.inf


# ---- findings --------------------------------------------------------------------------------------------------------


def findings(claims: Iterable[Claim]) -> list[dict[str, Any]]:
    """One entry for each cause: of a mark, functions that others are built of come first, and what fails most claims.

    Data whose squares leave the range come last: who has them is rarer than who has a condition.
    """
    failed = [*_failed(claims)]
    named: dict[str, set[str]] = defaultdict(set)
    for _, function, failure in failed:
        if "typical_of" in failure:
            named[function].add(failure["typical_of"]["name"])
    groups: dict[tuple[str, ...], Group] = defaultdict(list)
    reach = {name: _reach(_misses((claim, name) for claim, *_ in failed)) for name in named}
    for claim, function, failure in failed:
        cause = _cause(claim, function, failure, named[function], reach.get(function, math.inf))
        groups[cause].append((claim, function, failure))
    found = [
        (cause[0] == "past squares", few, _finding(part))
        for cause, group in groups.items()
        for few, part in enumerate(_apart(group) if cause[0] == "value" else [group])
    ]
    return [one for *_, one in sorted(found, key=_importance)]


def _apart(group: Group) -> list[Group]:
    """What is off by far, and what by a few roundings, if no error lies between these."""
    ratios = sorted({failure["ratio"] for *_, failure in group if failure.get("ratio")})
    steps = itertools.pairwise(ratios)
    far = next((above for below, above in steps if below <= FEW and above >= GAP * below), 0.0)
    parts: tuple[Group, Group] = [], []
    for each in group:
        parts[0 < (each[-1].get("ratio") or 0.0) < far].append(each)
    return [part for part in parts if part]


def _importance(found: tuple[bool, int, dict[str, Any]]) -> tuple[Any, ...]:
    past, few, one = found
    positions = [POSITION.get(name, len(POSITION)) for name in one["functions"]]
    shared = one["mark"] == "interface"  # what many functions have in common is told by how many claims saw it
    return MARKS.index(one["mark"]), past, 0 if shared else min(positions), few, -len(one["claims"]), one["function"]


def _failed(claims: Iterable[Claim]) -> Iterator[tuple[Claim, str, Failure]]:
    """Each claim that failed, with the function that is to blame; and what was seen beside."""
    for claim in claims:
        for function, found in claim["functions"].items():
            if "changed" in found:
                yield claim, function, found["changed"]
        if claim["outcome"] == "failed":
            failure = claim.get("failure") or {"kind": "other", "says": _first_line(claim["message"])}
            blamed = [name for name, found in claim["functions"].items() if found["outcome"] == "failed"]
            yield claim, failure.get("function") or ", ".join(blamed), failure


def _cause(claim: Claim, function: str, failure: Failure, named: set[str], reach: float) -> tuple[str, ...]:
    """What failures of one cause have in common."""
    kind = failure["kind"]
    if "\nmodel.predict(" in failure.get("call", ""):
        return "claim", _test(claim)
    if kind in ("dtype", "changed"):
        return (kind,)
    if kind == "not refused":
        return kind, _what(failure)
    if failure.get("past_squares") and claim["mark"] != "mathematics":
        return "past squares", function
    if kind == "raised":
        return kind, function, failure["says"].split(":")[0]
    if kind == "form":
        return kind, function
    if "typical_of" in failure:
        return "typical of", failure["typical_of"]["name"]
    follows = kind == "other" and "," not in function  # from its values, which other claims are about
    if claim["mark"] == "interface" or not (failure.get("call") or follows):
        return "claim", _test(claim)
    if kind in ("value", "nan", "shape", "other") and len(named) == 1:
        beyond = named == {SQUARES} and (failure.get("ratio") or 0.0) > reach  # of another cause: the rank, say
        return ("value", function) if beyond else ("typical of", *named)
    return "shape" if kind == "shape" else "value", function


def _finding(group: Group) -> dict[str, Any]:
    # What it is typical of is to be seen in the example, and how far off it is.
    plain = min(_worst([failure for *_, failure in group]), GAP * GROSS) / GAP

    def order(each: tuple[Claim, str, Failure]) -> tuple[Any, ...]:
        return "typical_of" not in each[2], not 0 < plain <= (each[2].get("ratio") or 0), *_plainness(each[2])

    ordered = sorted(group, key=order)
    claim, function, first = ordered[0]
    functions = [*dict.fromkeys(name for _, name, _ in ordered)]
    marks = {"interface" if f["kind"] in INTERFACE else c["mark"] or MARKS[-1] for c, _, f in group}
    loses = marks == {"accuracy"} and _grow(_misses((claim, name) for claim, name, _ in group))
    return {
        "function": function,
        "functions": sorted(functions),
        "mark": min(marks, key=MARKS.index),
        "kind": first["kind"],
        "sentence": _sentence(claim, [failure for _, _, failure in ordered], sorted(functions), loses),
        "claims": sorted({c["id"] for c, _, f in group if c["outcome"] == "failed" and f["kind"] != "changed"}),
        **{name: first.get(name, "") for name in ("call", "gave", "got", "expected", "source")},
        "typical_of": next(
            (f["typical_of"] for _, _, f in ordered if "typical_of" in f and not first.get("past_squares")), None
        ),
    }


def _worst(failures: Iterable[Failure]) -> float:
    """The largest error over bound that is a number; 0 if none is."""
    return max((failure.get("ratio") or 0.0 for failure in failures if failure["kind"] == "value"), default=0.0)


def _plainness(failure: Failure) -> tuple[bool, bool, bool, int]:
    """Examples that can be pasted come first, of these what is told of the answer itself, of these the smallest."""
    return (
        not failure.get("call"),
        not failure.get("complete"),
        bool(failure.get("gave")),
        failure.get("size", 0),
    )


def _sentence(claim: Claim, failures: Sequence[Failure], functions: list[str], loses: bool) -> str:
    first, who = failures[0], named(functions)
    if first.get("past_squares") and claim["mark"] == "accuracy":
        return f"{who}: numbers or their squares leave the range of floats"
    if first["says"].startswith("AssertionError") or "\nmodel.predict(" in first.get("call", ""):
        return f"this does not hold: {' '.join(claim['claim'].split()).rstrip('.')}"
    are, give = ("are", "give") if len(functions) > 1 or "," in functions[0] else ("is", "gives")
    match first["kind"]:
        case "dtype":
            return f"{_shared(failures, lambda f: f['says'])}: {who}"
        case "changed":
            says = dict.fromkeys(failure["says"] for failure in _written_first(failures)[:3])
            return "; ".join(says) + _more(len(functions) - 3)
        case "not refused":
            plain = f"{_what(first)} is not refused"
            return f"{plain if plain in {f['says'] for f in failures} else _refusal(first)}: {who}"
        case "raised" | "form":
            return str(first["says"])
        case "shape":
            return f"{who} {first['says'].replace('The result is', give + ' a result').rstrip('.')}"
        case "nan":
            return f"{who} {give} NaN"
        case "value" if claim["mark"] != "interface":
            worst = _worst(failures)
            by = f": the error is {times(worst, 2)} × what is allowed" if worst else ""
            squared = any(f.get("typical_of", {}).get("name") == SQUARES for f in failures)
            if squared or (loses and worst):
                lost = "the square of the condition" if squared else "digits"
                return f"{who} {'lose' if are == 'are' else 'loses'} {lost}{by}"
            bounded = "ratio" in first or "bound" in first["says"]
            return f"{who} {are} wrong{by}" if bounded else f"{who}: {first['says']}"
    if first["says"].startswith("The result is another one"):
        return f"{who} {are} wrong"
    said = first["says"] if first["kind"] != "value" or "bound" not in first["says"] else claim["claim"]
    return f"{who}: {' '.join(said.split()).rstrip('.')}"


def _written_first(failures: Sequence[Failure]) -> list[Failure]:
    """Who changes an input often hands it back as well, which is the lesser evil."""
    return sorted(failures, key=lambda failure: "hands back" in failure["says"])


def who(card: Mapping[str, Any]) -> str:
    """What was judged, without its folders."""
    parts = (part.partition(":") for part in card["implementation"].split(" + "))
    return " + ".join(f"{Path(file).name or Path(file).resolve().name}{colon}{made}" for file, colon, made in parts)


def named(functions: Sequence[str], most: int = 4) -> str:
    """Their names, or some of them and how many more."""
    return ", ".join(functions[:most]) + _more(len(functions) - most)


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _shared(failures: Sequence[Failure], text: Any) -> str:
    return " and ".join([*dict.fromkeys(map(text, failures))][:2])


def _what(failure: Failure) -> str:
    return re.split(r" is (?:not )?refused| ends in ", failure["says"])[0]


def _refusal(failure: Failure) -> str:
    return str(re.sub(r" about .*", " about the argument", failure["says"]))


def _test(claim: Claim) -> str:
    return str(claim["id"].rsplit("::", 1)[-1].split("[")[0])


def _first_line(message: str) -> str:
    return message.strip().split("\n")[0]


def kinds(card: Mapping[str, Any], mark: str) -> list[str]:
    """The findings of this mark, in short."""
    found = [one for one in card["findings"] if one["mark"] == mark]
    told = [(one["sentence"].removeprefix(f"{named(one['functions'])}: "), one["sentence"]) for one in found]
    return [short.rsplit(":", 1)[0] if short == whole else short for short, whole in told]
