"""A stored run as Markdown: where and how it was made, cases by implementations, who lost, and what starting costs."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.race.goals import Standing, standings
from shrinkage.benchmarks.report.runs import AS_WRITTEN, Result, Row, Run, cores, load

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
LIMITS = Path(__file__).parents[1] / "results" / "limits.json"  # by python -m shrinkage.benchmarks.measure.limits
UNSAID = ("python", "hypothesis")  # versions that are said elsewhere, or do not matter here


def table(run: Run) -> Iterator[str]:
    """The lines of Markdown: the cases that were lost before the others, which are folded away."""
    yield f"\n{made(run)}\n"
    yield f"{tally(run)}\n"
    yield f"{key(run)}\n"
    if lost := [row for row in run.rows if any(result.outcome == "lost" for result in row.results.values())]:
        yield from _rows(run, lost)
    yield from _wrong(run)
    yield from _goals(run)
    yield from _startup(run.startup)
    yield f"<details><summary>All {len(run.rows)} cases</summary>\n"
    yield from _rows(run, run.rows)
    yield "</details>\n"


def _rows(run: Run, rows: Iterable[Row]) -> Iterator[str]:
    yield f"| case | size | `{run.reference}` | share of peak | " + " | ".join(map(_called, run.peers)) + " |"
    yield "|---|---|" + "---:|" * (2 + len(run.peers))
    for row in rows:
        own = row.results.get(run.reference, Result())
        cells = [
            f"`{row.function}` {row.case.removeprefix(row.function + '-')}",
            sizes(row),
            _time(own),
            share_said(own),
        ]
        yield "| " + " | ".join([*cells, *(_cell(row.results.get(peer, Result())) for peer in run.peers)]) + " |"
    yield ""


def _called(peer: str) -> str:
    """A name as it is typed, or words."""
    return peer if peer == AS_WRITTEN else f"`{peer}`"


def made(run: Run) -> str:
    """When, on what machine, with which versions and how many threads, in a line."""
    machine = run.machine
    parts = [
        machine.get("cpu"),
        machine.get("cores") and f"{machine['cores']} cores",
        machine.get("memory_gb") and f"{machine['memory_gb']:.3g} GB",
        machine.get("os"),
        machine.get("python") and f"Python {machine['python']}",
        *(f"{name} {version}" for name, version in run.versions.items() if name not in UNSAID),
        _blas(run.blas),
        _named("threads", run.threads),
        *_peak(run.peak),
    ]
    how = "Raced" if run.interleaved else "Timed one after the other"
    return f"{how} on {run.date[:10]}: " + ", ".join(str(part) for part in parts if part) + "."


def _named(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        value = "; ".join(f"{key}: {inner}" for key, inner in value.items())
    return f"{name}: {value}" if value not in (None, "") else ""


def _blas(blas: Mapping[str, Any]) -> str:
    """Each build once; whose it is stands before a colon."""
    return ", ".join(dict.fromkeys(build.split(": ")[-1] for build in blas))


def _peak(peak: Mapping[str, float]) -> Iterator[str]:
    flops = [f"{number(peak[key] / 1e9)} in {key[6:]}" for key in ("flops_float64", "flops_float32") if peak.get(key)]
    if flops:
        yield "at its peak " + " and ".join(flops) + " Gflop/s"
    if bandwidth := peak.get("bandwidth"):
        yield f"{number(bandwidth / 1e9)} GB/s"


def key(run: Run) -> str:
    """How the table is read."""
    spread = ", with the 95 % interval" if run.interleaved else "; no interval, as they did not take turns"
    return (
        f"Medians of `{run.reference}`; of each peer, how many times as long it takes{spread}. **Bold** is where "
        f"`{run.reference}` is the slower one, `wrong` an answer beyond its bound, which is not timed, `raised` an "
        "error in place of one, and – what is not offered. Share of peak: the time that the textbook's flops and bytes "
        "need at the least on this machine, over the time taken; with fewer flops, or out of a cache, it can exceed "
        "100 %."
        + " As written: the fastest of what people type instead, in any library, that is right."
        * (AS_WRITTEN in run.peers)
    )


def tally(run: Run) -> str:
    """How often the reference won and lost, in all and against whom, in a sentence."""
    count = outcomes(run, run.peers)
    losses = {peer: outcomes(run, [peer])["lost"] for peer in run.peers}
    against = ", ".join(f"{lost} against {_called(peer)}" for peer, lost in losses.items() if lost)
    slower = f"slower in {count['lost']}" + (f" ({against})" if against else "")
    undecided = f"; in {count['undecided']} the interval holds 1" if run.interleaved else ""
    total = sum(count[outcome] for outcome in ("won", "lost", "undecided"))
    if not total:
        return f"Nothing was compared with `{run.reference}`."
    return f"Of {total} comparisons `{run.reference}` is faster in {count['won']} and {slower}{undecided}."


def outcomes(run: Run, against: Iterable[str]) -> Counter[str]:
    """How often the reference won and lost, and how often the others were wrong."""
    results = [row.results.get(peer, Result()) for row in run.rows for peer in against]
    return Counter(result.outcome or result.lacking for result in results)


def headline(runs: Iterable[Run]) -> Iterator[str]:
    """A few lines of all: against whom, on how many cores, how often the reference was faster."""
    yield "\n| against | on | faster | slower | the interval holds 1 | wrong, not timed |"
    yield "|---|---|---:|---:|---:|---:|"
    for run in runs:
        libraries = [peer for peer in run.peers if peer != AS_WRITTEN]
        for said, against in (("libraries", libraries), ("the best of what people write", [AS_WRITTEN])):
            count = outcomes(run, against)
            if not any(count[key] for key in ("won", "lost", "undecided")):
                continue
            cells = [str(count[key]) for key in ("won", "lost", "undecided", "wrong")]
            yield f"| {said} | {cores(run.threads)} | {' | '.join(cells)} |"
    yield ""


def _goals(run: Run) -> Iterator[str]:
    """What is wanted beside what was seen; bold where it falls short."""
    reached = list(standings(run)) if run.interleaved and run.reference == "impl" else []
    if not any(each.decided for each in reached):  # nor is a race of somebody's own files about them
        return
    shares = _shares(run)
    limits = [_limit(each, shares.get(each.row.case)) for each in reached]
    short = [each.decided and not (each.ahead and each.close) for each in reached]
    undecided = sum(not each.decided for each in reached)
    below = [
        (limit.interval or (0, math.inf))[1] < each.goal.ratio or (limit.share or math.inf) < each.goal.share
        for each, limit in zip(reached, limits, strict=True)
    ]
    unknown = f", and {undecided} undecided, for want of a peer that is right" if undecided else ""
    count = f"{short.count(False) - undecided} are reached{unknown}"
    yield f"Of {len(reached)} goals {count}; **bold** is what falls short of one."
    if any(limit.ratio for limit in limits):
        count = sum(each and beyond for each, beyond in zip(short, below, strict=True))
        yield f"{_LIMIT} Of the {sum(short)} goals that are not reached {count} have such a limit."
    yield "\n| case | best peer | takes as long | goal | limit | of the machine's peak | goal |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for each, limit, beyond in zip(reached, limits, below, strict=True):
        ratio, share = _ratio(each.best, not each.ahead), _roofline(run, each.row, each.own)
        case = f"`{each.row.function}` {each.row.case.removeprefix(each.row.function + '-')}"
        peer = f"{_called(each.peer)}{_by(each.best)}" if each.peer else "–"
        most = _ratio(limit, False) + f"; {share_said(limit)}" * bool(each.goal.share) if limit.ratio else ""
        wanted = f"≥ {100 * each.goal.share:g} %" if each.goal.share else ""
        cells = (
            case,
            peer,
            ratio,
            f"≥ {each.goal.ratio:g}",
            most + ", below" * beyond,
            share if each.close else f"**{share}**",
            wanted,
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


_LIMIT = (
    "Limit: as long as the best peer takes, over what the least work takes that an answer needs, by bare calls that "
    "check nothing and allocate next to nothing ([how](measure/README.md#limits)), with the intervals of both taken "
    "together; and the share of the peak that would be, where that is a goal. It is below the goal where all of it is."
)


def _shares(run: Run) -> dict[str, Mapping[str, Any]]:
    """Of our time what the least work takes, by case, as measured on this machine and as many cores."""
    stored = load(LIMITS) if LIMITS.is_file() else {"machine": {}, "rows": []}
    if any(stored["machine"].get(key) != run.machine.get(key) for key in ("cpu", "cores")):
        return {}
    return {row["case"]: row for row in stored["rows"] if row["threads"] == run.threads}


def _limit(standing: Standing, measured: Mapping[str, Any] | None) -> Result:
    """What the least work would reach, ours being a way to do it, too; nothing where that was not measured."""
    if not (measured and standing.best.ratio):
        return Result()
    least, fewest, most = (min(part, 1.0) for part in (measured["share"], *measured["interval"]))
    low, high = standing.best.interval or (standing.best.ratio,) * 2
    low, high = low / most, high / fewest
    return Result(ratio=standing.best.ratio / least, interval=(low, high), share=(standing.own.share or 0.0) / least)


def _roofline(run: Run, row: Row, own: Result) -> str:
    """The share of the peak, and of which: what the machine's least time for it is spent with."""
    needed = run.needed(row)
    return f"{share_said(own)} of {max(needed, key=needed.__getitem__)}" if needed else share_said(own)


def _wrong(run: Run) -> Iterator[str]:
    wrong = [
        f"- `{name}`, {row.case}: {' '.join(why.removeprefix(row.case + ', ').split())}"
        for row in run.rows
        for name, why in row.wrong.items()
    ]
    if wrong:
        yield "Not right, and so not timed:\n"
        yield "\n".join(wrong) + "\n"


def _startup(startup: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    if not startup:
        return
    costs = list(dict.fromkeys(cost for found in startup.values() for cost in found))
    yield "| starting | " + " | ".join(cost.replace("_", " ") for cost in costs) + " |"
    yield "|---|" + "---:|" * len(costs)
    for name, found in startup.items():
        yield f"| `{name}` | " + " | ".join(in_units(found.get(cost)) for cost in costs) + " |"
    yield ""


def sizes(row: Row) -> str:
    """The sizes by the contract's letters."""
    return ", ".join(f"{letter}={size:,}" for letter, size in row.sizes.items())


def number(x: float) -> str:
    """Three significant digits, and never an exponent for what people can read without."""
    return f"{x:,.0f}" if 100 <= x < 1e7 else f"{x:#.3g}".rstrip(".")


def in_units(seconds: float | None) -> str:
    """In the unit that suits, with three digits."""
    if not seconds:
        return "–"
    unit, name = next((pair for pair in UNITS if seconds >= 0.9995 * pair[0]), UNITS[-1])
    return f"{number(seconds / unit)} {name}"


def _time(result: Result) -> str:
    return result.instead if result.lacking == "wrong" else in_units(result.seconds)


def share_said(result: Result) -> str:
    """The share of the machine's peak, in percent."""
    return "–" if result.share is None else f"{number(100 * result.share)} %"


def _cell(result: Result) -> str:
    """The ratio, bold where the reference lost; the bare time where there is nothing to compare it with."""
    if result.ratio is None:
        return _time(result)
    return _ratio(result, result.outcome == "lost") + _by(result)


def _by(result: Result) -> str:
    return f" `{result.by}`" if result.by else ""


def _ratio(result: Result, bold: bool) -> str:
    """With its interval."""
    if result.ratio is None:
        return "–"
    low, high = result.interval or (None, None)
    said = number(result.ratio) + (f" ({number(low)}–{number(high)})" if low is not None and high is not None else "")
    return f"**{said}**" if bold else said
