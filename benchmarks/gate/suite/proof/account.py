"""What the runs on other packages say of each tool: how often it was wrong, and what it found."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from shrinkage.benchmarks.gate.prove import percents, share, told
from shrinkage.benchmarks.gate.suite.proof.others import KINDS
from shrinkage.benchmarks.gate.suite.proof.packages import PACKAGES

SIZES = (0.03, 0.05, 0.10, 0.20)
TOOLS = ("gate", *(f"pytest-benchmark {kind}:5%" for kind in KINDS), "asv continuous")


def account(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
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
    return {"tools": tools}


def markdown(result: Mapping[str, Any]) -> Iterator[str]:
    """What was run, and a row a tool."""
    runs = result["runs"]
    loads, seconds = ([run[name] for run in runs] for name in ("load", "seconds"))
    packages = ", ".join(f"{p.name} {p.version} ({p.licence})" for p in PACKAGES)
    tests = sum(len(package.tests) for package in PACKAGES)
    times = {name: np.median([each[name.partition(" ")[0]] for each in seconds]) for name in TOOLS}
    yield (
        f"{len(runs)} runs over {tests} tests of {packages}; {sum(not run['slower'] for run in runs)} of them without "
        f"any change. The gate had {min(run['cores'] for run in runs)} core of a machine whose load was "
        f"{min(loads):g} to {max(loads):g}."
    )
    sizes = " | ".join(f"found of {100 * size:g} %" for size in SIZES)
    yield f"\n| tool | unchanged: runs with an alarm | 95 % | all: runs with a false one | 95 % | {sizes} | seconds |"
    yield "|---" * (6 + len(SIZES)) + "|"
    for tool, row in result["tools"].items():
        same, wrong = row["alarms where nothing changed"], row["alarms"]
        cells = [tool, told(same), percents(same), told(wrong), percents(wrong), *map(told, row["found"])]
        yield f"| {' | '.join(cells)} | {times[tool]:.0f} |"
    yield ""
