"""What the runs on other packages say of each tool: how often it was wrong, and what it found."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from shrinkage.benchmarks.gate.prove import percents, share, told
from shrinkage.benchmarks.gate.suite.proof.others import KINDS
from shrinkage.benchmarks.gate.suite.proof.packages import PACKAGES

SIZES = (0.03, 0.05, 0.10, 0.20)
TOOLS = ("gate", *(f"pytest-benchmark {kind}:5%" for kind in KINDS), "asv continuous")


BESIDE = 0.5  # cores kept busy by somebody else, from which on a run is one under load


def account(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What each tool said, on a machine of its own and beside somebody else's work."""
    alone = [run for run in runs if run["others"] < BESIDE]
    return {"alone": _tools(alone), "beside others": _tools([run for run in runs if run not in alone])}


def _tools(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of each tool: runs with a false alarm, those without any change apart, and slowdowns found, by size."""
    tools = {}
    for tool in TOOLS:
        wrong, nothing, undecided = [], [], 0
        found: dict[float, list[bool]] = {size: [] for size in SIZES}
        for run in runs:
            unchanged = [v for i, v in enumerate(run["said"][tool]) if i not in run["slowed"]]
            undecided += unchanged.count(None)
            if unchanged:
                wrong.append(True in unchanged)
            if not run["slower"]:
                nothing.append(True in unchanged)
            else:
                found[run["slower"]] += [run["said"][tool][i] is True for i in run["slowed"]]
        tools[tool] = {
            "alarms": share(sum(wrong), len(wrong)),
            "alarms where nothing changed": share(sum(nothing), len(nothing)),
            "undecided": undecided,
            "found": [{"slowdown": size, **share(sum(each), len(each))} for size, each in found.items()],
        }
    return tools


def overall(result: Mapping[str, Any]) -> Iterator[str]:
    """What was run, and a row a tool of all runs together."""
    packages = ", ".join(f"{p.name} {p.version} ({p.licence})" for p in PACKAGES)
    yield f"{sum(len(package.tests) for package in PACKAGES)} tests of {packages}."
    yield from _table(result["runs"], _tools(result["runs"]), "with and without somebody else's work beside")
    yield ""


def markdown(result: Mapping[str, Any]) -> Iterator[str]:
    """A row a tool, alone and beside others."""
    alone = [run for run in result["runs"] if run["others"] < BESIDE]
    beside = [run for run in result["runs"] if run not in alone]
    if alone:
        yield from _table(alone, result["alone"], "on a machine that did nothing else")
    if beside:
        least, most = (round(each(run["others"] for run in beside), 1) for each in (min, max))
        yield from _table(beside, result["beside others"], f"while somebody else kept {least:g} to {most:g} cores busy")
    yield ""


def _table(runs: Sequence[Mapping[str, Any]], tools: Mapping[str, Any], where: str) -> Iterator[str]:
    unchanged = sum(not run["slower"] for run in runs)
    times = {name: np.median([run["seconds"][name.partition(" ")[0]] for run in runs]) for name in TOOLS}
    cores = " or ".join(map(str, sorted({run["cores"] for run in runs})))
    yield f"\n{len(runs)} runs, {unchanged} of them without any change, on cores: {cores}, {where}:\n"
    sizes = " | ".join(f"found of {100 * size:g} %" for size in SIZES)
    yield f"| tool | unchanged: runs with an alarm | 95 % | all: runs with a false one | 95 % | {sizes} | seconds |"
    yield "|---" * (6 + len(SIZES)) + "|"
    for tool, row in tools.items():
        same, wrong = row["alarms where nothing changed"], row["alarms"]
        cells = [tool, told(same), percents(same), told(wrong), percents(wrong), *map(told, row["found"])]
        yield f"| {' | '.join(cells)} | {times[tool]:.0f} |"
