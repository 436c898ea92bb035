"""The tables of data larger than memory, from a stored run of `shrinkage.benchmarks.measure.larger`; and what follows.

What is modelled: of N chunks on W processes, ⌈N/W⌉ states one after the other, or N times the scheduler's three tasks
if that is longer, and then ⌈log₄ N⌉ merges of four, each of which gets three states over the network first.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

MACHINES = (1, 10, 100)
TERABYTES = 4
TASKS = 3  # of the scheduler, for a chunk: it is made, or read, put beside its y, and becomes a state
MERGED = 4  # states in a merge
NETWORK = 1e9  # bytes a second; supposed
BLOCK = 64e6
GOAL, BANDWIDTH = 1.3, 0.7  # at most, of the same flops from memory; at least, of what reading takes


def modelled(run: Mapping[str, Any], d: int, chunks: int, workers: int) -> float:
    """Seconds of ridge, without what it takes to read or make the data."""
    cost = next(row for row in run["costs"] if row["d"] == d)
    states = max(math.ceil(chunks / workers) * cost["state"], TASKS * chunks * run["cuts"]["a task"])
    levels = math.ceil(math.log(max(chunks, 2), MERGED))
    return states + levels * (cost["merge"] + (MERGED - 1) * cost["bytes"] / NETWORK + run["cuts"]["a task"])


def lines(run: Mapping[str, Any]) -> Iterator[str]:
    """All of it, in Markdown."""
    m = run["machine"]
    yield f"\nMeasured on {m['cpu']}, {m['cores']} cores, {m['memory_gb']:.0f} GB, {m['os']}.\n"
    yield "## Chunks that are made as they are needed\n"
    heads = ["ridge of", "chunks", "processes", "time", "making them, alone", "from memory", "ratio", "modelled"]
    heads += ["memory", "allowed"]
    yield _row(heads)
    yield "|---|" + "---:|" * (len(heads) - 1)
    for row in run["generated"]:
        ratio = (row["seconds"] - row["making"]) / row["in memory"]
        cells = [f"{row['gigabytes']:.1f} GB, d = {row['d']}", row["chunks"], row["workers"], _seconds(row["seconds"])]
        cells += [_seconds(row["making"]), _seconds(row["in memory"]), _bold(f"{ratio:.2f}", ratio > GOAL)]
        cells += [_seconds(row["making"] + modelled(run, row["d"], row["chunks"], row["workers"]))]
        more = row["bytes"] > row["allowed"]
        yield _row([*cells, _bold(f"{row['bytes'] / 1e6:.0f} MB", more), f"{row['allowed'] / 1e6:.0f} MB"])
    yield "\n## Files\n"
    yield "| of | reading it | ridge | of the bandwidth of reading |\n|---|---:|---:|---:|"
    for row in run["files"]:
        speeds = (f"{row['gigabytes'] / row[name]:.2f} GB/s" for name in ("reading", "ridge"))
        yield _row([f"{row['file']}, {row['gigabytes']:.2f} GB, d = {row['d']}", *speeds, _percent(row)])
    yield "\n## Others on the same file\n"
    yield "| | λ | time | digits | where the columns are alike |\n|---|---:|---:|---:|---:|"
    for row in run["beside"]:
        yield _row([row["name"], row["lam"], _seconds(row["seconds"]), *(f"{digits:.1f}" for digits in row["digits"])])
    size = run["beside"][0]["gigabytes"]
    yield f"\nOf {1e3 * size:.0f} MB in the system's cache. Digits are of w, by the norm of its error beside ‖w‖.\n"
    yield "## What a task takes\n"
    yield "| d | state of 64 MB | merge of four | a state has |\n|---:|---:|---:|---:|"
    for row in run["costs"]:
        yield _row(
            [row["d"], *(f"{1e3 * row[name]:.2f} ms" for name in ("state", "merge")), f"{row['bytes'] / 1e6:.2f} MB"]
        )
    cuts = run["cuts"]
    by = {(row["workers"], row["chunks"]): row["seconds"] for row in cuts["rows"]}
    counts = sorted({chunks for _, chunks in by})
    yield (
        f"\n| {cuts['gigabytes']:.1f} GB in memory, d = {cuts['d']}, in chunks | " + " | ".join(map(str, counts)) + " |"
    )
    yield "|---|" + "---:|" * len(counts)
    for workers in sorted({workers for workers, _ in by}):
        yield _row([f"{workers} process{'es' * (workers > 1)}", *(_seconds(by[workers, chunks]) for chunks in counts)])
    yield f"\nA task that does nothing takes the scheduler {1e3 * cuts['a task']:.2f} ms.\n"
    yield f"## {TERABYTES} TB on many machines: modelled, none of it measured\n"
    yield _row(["d", *(f"{n} machine{'s' * (n > 1)}" for n in MACHINES)])
    yield "|---:|" + "---:|" * len(MACHINES)
    for row in run["costs"]:
        chunks = int(TERABYTES * 1e12 / BLOCK)
        times = (modelled(run, row["d"], chunks, m["cores"] * n) for n in MACHINES)
        yield _row([row["d"], *map(_seconds, times)])
    yield ""


def _row(cells: list[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:,.0f} s"


def _percent(row: Mapping[str, Any]) -> str:
    share = row["reading"] / row["ridge"]
    return _bold(f"{share:.0%}", share < BANDWIDTH)


def _bold(text: str, missed: bool) -> str:
    return f"**{text}**" if missed else text
