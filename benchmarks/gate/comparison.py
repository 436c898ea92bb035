"""One comparison, from two revisions to a verdict with its reasons, as plain data (`gate.schema.json`)."""

import datetime
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from shrinkage.benchmarks.gate.calls import GONE
from shrinkage.benchmarks.gate.contract.provider import Contract, is_own
from shrinkage.benchmarks.gate.decide import INCONCLUSIVE, PASS, REGRESSION
from shrinkage.benchmarks.gate.metric import Comparison
from shrinkage.benchmarks.gate.metrics import METRICS
from shrinkage.benchmarks.gate.provider import Options, Provider, Say
from shrinkage.benchmarks.gate.revisions import checkouts
from shrinkage.benchmarks.gate.revisions.checkouts import Unusable
from shrinkage.benchmarks.gate.sides import SIDES, OutOfTime, Sides
from shrinkage.benchmarks.gate.suite.provider import Suite
from shrinkage.benchmarks.measure.machine import machine
from shrinkage.cli import many

MISSING = "NotOffered: "  # as the answer begins where a revision has no such call


def provider(options: Options, until: float = math.inf) -> Provider:
    """Of the contract's cases, or of the benchmarks that the repository has.

    Raises
    ------
    Unusable
        If something was asked for that it does not know of: it would not be measured, and pass.
    """
    contract = options.implementation or is_own(options)
    chosen: Provider = Contract(options, until) if contract else Suite(options, until)
    if contract and (options.tests or options.marks or options.build):
        raise Unusable("--tests, -m and --build are about the benchmarks of a repository, and this is the contract's.")
    if other := [kind for kind in options.kinds if kind not in chosen.metrics]:
        raise Unusable(f"--only {other[0]} is not measured of {chosen.what}: there is {', '.join(chosen.metrics)}.")
    return chosen


def run(options: Options, say: Say = lambda _: None) -> dict[str, Any]:
    """Compare, in a temporary folder that is gone afterwards.

    Raises
    ------
    Unusable
        If nothing can be said, with the reason.
    """
    started = time.monotonic()
    found: dict[str, list[Any]] = {name: [] for name in METRICS}
    until = started + options.budget
    chosen, notes = provider(options, until), list[str]()
    reasons: dict[str, list[str]] = {REGRESSION: [], INCONCLUSIVE: []}
    with checkouts.work_folder() as folder:
        base, head = (checkouts.revision(options.repository, name) for name in (options.base, options.head))
        say(f"exporting {base.name} and {head.name}")
        try:
            homes = chosen.homes(base, head, folder, say, reasons[REGRESSION], notes)
            sides = Sides(folder, homes, until)
            comparison = prepared(options, sides, chosen.cases(sides), reasons, notes, say)
            for name in chosen.metrics:
                if name in (options.kinds or chosen.metrics) and ("base" in homes or name == "accuracy"):
                    found[name] = METRICS[name].compared(comparison)
        except OutOfTime as over:
            reasons[INCONCLUSIVE].append(f"{over}; what had not been measured by then is not decided")
    return {
        "schema": 1,
        "kind": "gate",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "base": asdict(base),
        "head": asdict(head),
        "implementation": chosen.what,
        "threshold": options.rule.threshold,
        "alpha": options.rule.alpha,
        "seconds": round(time.monotonic() - started, 1),
        "verdict": next((verdict for verdict in (REGRESSION, INCONCLUSIVE) if reasons[verdict]), PASS),
        "reasons": reasons[REGRESSION] + reasons[INCONCLUSIVE],
        "notes": notes,
        **found,
    }


def prepared(
    options: Options, sides: Sides, cases: Sequence[str], reasons: dict[str, list[str]], notes: list[str], say: Say
) -> Comparison:
    """Both revisions compiled, and which cases can be compared: those that run, and are right, on both sides."""
    say(f"compiling {many(len(cases), 'case')} for {'both revisions' if 'base' in sides.homes else 'head'}")
    compiled, digests, failures, fresh = sides.compiled(cases, options.repository)
    notes += [f"{case} cannot be called twice in a row: each time, all of it is run anew" for case in sorted(fresh)]
    ran = [case for case in cases if case not in failures]
    new = [case for case, where in failures.items() if "head" not in where and _is_missing(where["base"])]
    if "base" not in sides.homes:
        new, ran = ran, []
        notes.append(f"{options.base} does not have what is gated: there is nothing to compare with yet")
    lost = "base" in sides.homes and any([*where] == ["head"] for where in failures.values())
    if not (ran or new or lost):
        case = min(failures)
        where = failures[case]
        there = [side for side in SIDES if side in where]
        called = " and ".join(sides.homes[side].revision or side for side in there)
        why = where[there[0]].replace(MISSING, "not offered: ", 1)
        more = f"; {len(failures) - 1} more cannot be, either" * (len(failures) > 1)
        raise Unusable(f"No case can be run on both sides. {case}, in {called}: {why}{more}")
    say("judging the answers of both revisions")
    wrong = sides.wrong(ran)
    broken: dict[str, str] = {}
    alone = replace(sides, homes={"head": sides.homes["head"]}).wrong(new) if new else {}
    told = {*alone}  # new ones of which something else is said
    if "base" in sides.homes:
        for case, where in sorted(failures.items()):
            if [*where] == ["head"]:
                others = [other for other in new if "::" in case and _file(other) == _file(case)]
                if others and _is_missing(where["head"]):
                    said = f"{case} is gone, and {', '.join(others[:3])} new: was it renamed? It has not been compared"
                    reasons[INCONCLUSIVE].append(said)
                    told.update(others)
                else:
                    broken[case] = where["head"]
        there = sum("base" not in failures.get(case, ()) for case in cases)
        reasons[REGRESSION] += by_cause(broken, "cannot be run", "cannot be run", there)
        notes += [f"{case} is new" for case in new if case not in told]
        lacking = {case: where["base"] for case, where in failures.items() if [*where] == ["base"] and case not in new}
        notes += by_cause(
            lacking, "cannot be run in base, and is not compared", "cannot be run in base, and are not compared"
        )
    found = wrong | alone
    notes += [
        f"{case} gives a wrong answer in base, and is not compared"
        for case in sorted(found)
        if [*found[case]] == ["base"]
    ]
    lost_here = {case: where["head"] for case, where in found.items() if "base" not in where}
    reasons[REGRESSION] += by_cause(lost_here, "gives a wrong answer", "give a wrong answer")
    on_both = {case: where["head"] for case, where in found.items() if len(where) > 1}
    said = "a wrong answer on both sides, and"
    reasons[INCONCLUSIVE] += by_cause(on_both, f"gives {said} is not timed", f"give {said} are not timed")
    neither = {
        case: where["head"]
        for case, where in failures.items()
        if len(where) > 1 and not (_is_missing(where["head"]) and _is_missing(where["base"]))
    }
    reasons[INCONCLUSIVE] += by_cause(neither, "can be run on neither side", "can be run on neither side")
    cases_left = [case for case in ran if case not in wrong]
    if not (cases_left or new or any(reasons.values())):
        reasons[INCONCLUSIVE].append(f"No case can be compared. {notes[-1]}")
    return Comparison(
        sides=sides,
        rule=options.rule,
        until=sides.until,
        say=say,
        compiled=compiled,
        same={case: digests["head"].get(case) == code for case, code in digests.get("base", {}).items()},
        ran=ran,
        cases=cases_left,
        chosen=cases if options.select else (),
        reasons=reasons,
        notes=notes,
    )


def by_cause(failures: Mapping[str, str], one: str, more: str, there: int = 0) -> Iterator[str]:
    """A line for each cause, with the cases that it costs; `there` is how many base has, where all may be gone."""
    causes: dict[str, list[str]] = {}
    for case in sorted(failures):
        causes.setdefault(failures[case], []).append(case)
    for why, cases in causes.items():
        names = ", ".join(cases[:3]) + (f" and {len(cases) - 3} more" if len(cases) > 3 else "")
        count = f"{len(cases)} benchmarks"
        if GONE in why:
            each = f"{cases[0]} is gone" if len(cases) == 1 else f"{count} are gone: {names}"
            yield f"all {count} are gone" if 1 < len(cases) == there else each
        else:
            yield f"{cases[0]} {one}: {why}" if len(cases) == 1 else f"{count} {more}: {why} ({names})"


def _file(case: str) -> str:
    """Of a test."""
    return case.partition("::")[0]


def _is_missing(failure: str) -> bool:
    """Whether the function is not offered, rather than failing."""
    return failure.startswith(MISSING)
