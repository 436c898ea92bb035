"""Many commits, each gated against the one before it: ``shrinkage gate --history v1..main``.

A change point is a commit that the gate calls a regression, by its own statistics; the budget is shared out over all.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shrinkage.benchmarks.gate.comparison import run
from shrinkage.benchmarks.gate.decide import INCONCLUSIVE, PASS, REGRESSION
from shrinkage.benchmarks.gate.findings import WORDS, plain
from shrinkage.benchmarks.gate.provider import Options, Say
from shrinkage.benchmarks.gate.revisions.checkouts import Unusable, git, revision

RAN = ("time", "compile", "memory", "accuracy")  # what there is of a commit whose cases ran, of what was asked for
LEAST = 30.0  # seconds for a commit; with less, nothing is decided


def commits(options: Options, span: str) -> list[str]:
    """From the first named to the last, along the first parents.

    Raises
    ------
    Unusable
        If they are none, or so many that the budget decides nothing about any.
    """
    first, dots, last = span.partition("..")
    if not (first and dots):
        raise Unusable(f"--history {span} names no commits: give the first and the last, as in v1..main.")
    start, end = (revision(options.repository, name).commit for name in (first, last or "HEAD"))
    listed = git(options.repository, "rev-list", "--first-parent", "--reverse", f"{start}..{end}")
    found = (listed or b"").decode().split()
    if not found:
        why = "both are the same" if start == end else f"from {first} on there are none before {last or 'HEAD'}"
        raise Unusable(f"--history {span} names no commits: {why}.")
    if options.budget < LEAST * len(found):
        raise Unusable(
            f"--history {span} is {len(found)} commits, for which a budget of {options.budget:g} s is too little: give "
            f"{math.ceil(LEAST * len(found) / 60)}min or more, or fewer commits."
        )
    return [start, *found]


def history(options: Options, span: str, say: Say) -> tuple[list[dict[str, Any]], bool]:
    """The result of each commit against the last one before it that runs; where nothing can be said of one, why not.

    Of the first, it is known by the second comparison with it alone that it is what does not run. And whether that is
    all of them: of those that were done before an interruption, what was found is kept.
    """
    found = commits(options, span)
    results: list[dict[str, Any]] = []
    base, doubtful = found[0], True  # whether it runs is not known
    for head in found[1:]:
        say(f"{head[:9]}, {len(results) + 1} of {len(found) - 1}")
        each = replace(options, base=base, head=head, budget=options.budget / (len(found) - 1))
        try:
            results.append(run(each, say))
        except Unusable as error:
            sides = {"base": {"name": base, "commit": base}, "head": {"name": head, "commit": head}}
            results.append({**sides, "verdict": "unusable", "reasons": [str(error)], "notes": [], "time": []})
        except KeyboardInterrupt:
            if not results:
                raise
            return results, False
        if any(map(results[-1].get, RAN)) or results[-1]["verdict"] == PASS:
            base, doubtful = head, False
        elif doubtful and len(results) > 1:
            base = head
    return results, True


def told(results: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Of each commit its name, the verdict, and why; and with what it was compared, where it is not the one before."""
    rows, before = [], results[0]["base"]["commit"]
    for result in results:
        base, head = result["base"]["commit"], result["head"]["commit"]
        said = [f"compared with {base[:9]}, the last before it that runs"] if base != before else []
        verdict = WORDS.get(result["verdict"], "nothing can be said").partition(":")[0]
        rows.append([head[:9], verdict, "; ".join([*result["reasons"], *said])])
        before = head
    return rows


@dataclass(frozen=True)
class Step:
    """A case at one commit.

    Parameters
    ----------
    level
        Its time over that at the first commit; None where it was not timed.
    verdict
        Of the gate: `regression` is a change point.
    """

    level: float | None
    verdict: str


def trend(results: Sequence[Mapping[str, Any]]) -> dict[str, list[Step]]:
    """Each case, commit by commit. What passed is taken for no change: its ratio is noise, and noise adds up."""
    rows = [{row["case"]: row for row in result["time"]} for result in results]
    found: dict[str, list[Step]] = {}
    for case in dict.fromkeys(case for each in rows for case in each):
        level, found[case] = 1.0, []
        for row in (each.get(case, {}) for each in rows):
            ratio, verdict = row.get("ratio"), row.get("verdict", "")
            if ratio is not None and verdict != PASS:
                level *= ratio
            found[case].append(Step(level if ratio is not None else None, verdict))
    return found


def markdown(results: Sequence[Mapping[str, Any]]) -> str:
    """A line a commit; then each case's time over that at the first commit, change points in bold."""
    lines = ["| commit | verdict | |", "|---|---|---|"]
    lines += [f"| {name} | {verdict} | {plain(said)} |" for name, verdict, said in told(results)]
    if steps := trend(results):
        names = [result["head"]["commit"][:9] for result in results]
        undecided = any(step.verdict == INCONCLUSIVE for each in steps.values() for step in each)
        legend = "a change point in bold" + ", what is not decided with ?" * undecided
        lines += ["", f"Time, over that at {results[0]['base']['commit'][:9]}; {legend}:", ""]
        lines += ["| case | " + " | ".join(names) + " |", "|---" * (1 + len(names)) + "|"]
        lines += [f"| {plain(case)} | {' | '.join(map(_cell, each))} |" for case, each in steps.items()]
    return "\n".join(lines) + "\n"


def _cell(step: Step) -> str:
    if step.level is None:
        return "–"
    level = f"{step.level:.2f}"
    return {PASS: level, REGRESSION: f"**{level}**"}.get(step.verdict, f"{level}?")
