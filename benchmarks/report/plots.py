"""A stored run as pictures: time against size, the ratio to each peer, the share of the machine's peak.

They can be told apart in black and white, by marker and by line, and the same run gives the same bytes.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, cycle
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, FuncFormatter

from shrinkage.benchmarks.report.curves import Times, decades, times
from shrinkage.benchmarks.report.runs import Result, Row, Run
from shrinkage.benchmarks.report.tables import number, sizes
from shrinkage.peers import peers
from shrinkage.properties.report.files import replacing

STYLE: Any = {
    "svg.hashsalt": "shrinkage",  # otherwise the names inside are drawn at random
    "svg.fonttype": "none",  # text stays text: small, and found by a search
    "font.size": 9,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.88",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
# Marker, line and colour (Okabe and Ito's, which the colour-blind tell apart).
REFERENCE = ("o", "-", "black")
STYLES = (  # of the peers, in their order, and then of others
    ("P", (0, (1, 3)), "#E69F00"),
    ("s", "--", "#0072B2"),
    ("^", ":", "#D55E00"),
    ("D", "-.", "#009E73"),
    ("v", (0, (6, 1, 1, 1, 1, 1)), "#CC79A7"),
    ("X", (0, (8, 2)), "0.35"),
    ("<", (0, (3, 3)), "0.5"),
    (">", (0, (5, 1)), "0.2"),
    ("*", (0, (2, 1)), "0.6"),
)
OUTCOMES = {  # as large and as dark as each other: marker, its inside, and what it says
    "won": ("o", "black", "{0} is faster"),
    "undecided": ("D", "white", "the interval holds 1"),
    "lost": ("X", "black", "{1} is faster"),
}


def pictures(run: Run, folder: Path, kind: str = "svg") -> Iterator[Path]:
    """Draw them all into the folder, as `svg` or `png`, and give the files."""
    drawn = chain(_times(run), _ratios(run), _shares(run))
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever the user has set for other pictures
        mpl.rcParams.update(STYLE)
        for name, figure in drawn:
            path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.{kind}"
            # A date inside would make every drawing a new one.
            dated = {"Date": None} if kind == "svg" else None
            with replacing(path) as beside:
                figure.savefig(beside, format=kind, dpi=150, bbox_inches="tight", metadata=dated)
            yield path


def styles(reference: str, others: Iterable[str]) -> dict[str, tuple[str, Any, str]]:
    """Marker, line and colour of each implementation: a peer's own ones, whoever it is drawn with."""
    left = cycle(STYLES)
    known = {name: next(left) for name in peers()}
    return {reference: REFERENCE} | {name: known.get(name) or next(left) for name in others}


def _figure(width: float, height: float, run: Run, title: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    threads = f", {run.threads} thread{'s' * (run.threads != 1)}" if isinstance(run.threads, int) else ""
    axes.set_title(f"{title}\n", loc="left", fontweight="bold")
    figure.supxlabel(
        f"{run.machine.get('cpu') or 'unknown machine'}{threads}, {run.date[:10]}", fontsize=7, color="0.3"
    )
    return figure, axes


# ---- time against size -----------------------------------------------------------------------------------------------


def _times(run: Run) -> Iterator[tuple[str, Figure]]:
    """One picture for each function and dtype."""
    for found in times(run):
        yield f"time-{found.function}" + (f"-{found.dtype}" if found.dtype != "float64" else ""), _time(run, found)


def _time(run: Run, found: Times) -> Figure:
    rows = found.rows
    listed = 0.2 * (len(run.implementations) + 1) + 0.155 * len(rows)  # at the side: who, and then the cases
    figure, axes = _figure(7.6, max(4.4, 1.3 + listed), run, f"{found.function}, {found.dtype}")
    for name, (marker, line, color) in styles(run.reference, run.peers).items():
        through, beside = found.through[name], found.beside[name]
        kept = {"color": color, "marker": marker, "markersize": 6}
        if through or beside:
            axes.plot([p.place for p in through], [p.seconds for p in through], ls=line, label=name, **kept)
            axes.plot([p.place for p in beside], [p.seconds for p in beside], ls="", mfc="none", **kept)
    if found.peak:
        axes.plot(*zip(*found.peak, strict=True), color="0.75", lw=5, zorder=1, label="the machine at its peak")
    axes.set(xscale="log", yscale="log", xlabel="bytes that have to be moved", ylabel="time of a call, median")
    axes.set(xlim=found.size, ylim=found.duration)
    axes.xaxis.set_major_formatter(EngFormatter("B"))
    axes.yaxis.set_major_formatter(EngFormatter("s"))
    who = axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    axes.add_artist(who)
    who.set_clip_on(False)  # what is clipped to the axes has no say in how wide the picture is
    _name_cases(axes, rows, found.places, found.step)
    return figure


def _name_cases(axes: Any, rows: list[Row], places: list[float], step: float) -> None:
    """A letter above each case, and at the side what the letters stand for."""
    names, free = [], 0.0
    for letter, row, place in zip(ascii_lowercase, rows, places, strict=False):
        free = max(place, free * step)  # not over the letter before
        axes.text(free, 1.02, letter, transform=axes.get_xaxis_transform(), ha="center", fontweight="bold")
        names.append(f"{letter}  {row.label}: {sizes(row)}")
    blank = [Line2D([], [], ls="")] * len(names)
    axes.legend(
        blank,
        names,
        loc="lower left",
        bbox_to_anchor=(1.01, 0),
        frameon=False,
        handlelength=0,
        handletextpad=0,
        fontsize=7,
    )


# ---- against each peer, and against the machine ----------------------------------------------------------------------


def _ratios(run: Run) -> Iterator[tuple[str, Figure]]:
    """One picture for each peer: a line for each case, a dot with its interval."""
    for peer in run.peers:
        found = [(row, row.results.get(peer, Result())) for row in run.rows]
        rows = [(row, result) for row, result in found if result.ratio is not None or result.lacking == "wrong"]
        if any(result.ratio is not None for _, result in rows):
            yield f"ratio-{peer}", _ratio(run, peer, rows)


def _ratio(run: Run, peer: str, rows: list[tuple[Row, Result]]) -> Figure:
    figure, axes = _figure(7.2, 1.8 + 0.2 * len(rows), run, f"{peer} beside {run.reference}")
    for outcome, (marker, fill, said) in OUTCOMES.items():
        here = [(y, result) for y, (_, result) in enumerate(rows) if result.outcome == outcome]
        for y, result in here:
            if result.interval:
                axes.plot(result.interval, [y, y], color="black", lw=1, marker="|", markersize=6)
        label = f"{said.format(run.reference, peer)}: {len(here)}"
        dots = {"marker": marker, "mfc": fill, "color": "black", "markersize": 5, "label": label}
        axes.plot([result.ratio for _, result in here], [y for y, _ in here], ls="", **dots)
    wrong = {y: result.instead for y, (_, result) in enumerate(rows) if result.lacking == "wrong"}
    for y, said in wrong.items():
        axes.text(1, y, said, ha="center", va="center", fontsize=7, style="italic", backgroundcolor="white")
    for said, count in {"wrong, not timed": len(wrong), "not offered": len(run.rows) - len(rows)}.items():
        axes.plot([], [], ls="", label=f"{said}: {count}")
    axes.axvline(1, color="0.4", lw=1, zorder=1)
    axes.set(xscale="log", xlabel=f"time of {peer} over time of {run.reference}")
    _plain_numbers(axes, "{}")
    _list_cases(axes, [row for row, _ in rows])
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    return figure


def _shares(run: Run) -> Iterator[tuple[str, Figure]]:
    """One picture of all: how near each comes to what the machine can do."""
    rows = [row for row in run.rows if any(result.share for result in row.results.values())]
    if not rows:
        return
    figure, axes = _figure(7.6, 1.8 + 0.2 * len(rows), run, "Share of the machine's peak")
    for name, (marker, _, color) in reversed(styles(run.reference, run.peers).items()):
        found = [(row.results.get(name, Result()).share, y) for y, row in enumerate(rows)]
        dots = [(100 * share, y) for share, y in found if share]
        style = {"mfc": color if name == run.reference else "none", "color": color, "marker": marker}
        if dots:
            axes.plot(*zip(*dots, strict=True), ls="", markersize=6, label=name, **style)
    axes.axvline(100, color="0.4", lw=1, zorder=1)
    axes.set(xscale="log", xlabel="time that the textbook's flops and bytes need at the least, over the time taken")
    _plain_numbers(axes, "{} %")
    _list_cases(axes, rows)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    yield "share-of-peak", figure


def _plain_numbers(axes: Any, form: str) -> None:
    axes.set_xlim(decades(axes.xaxis.get_data_interval()))
    axes.tick_params(top=True, labeltop=True)  # it may be a long way down
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: form.format(f"{x:,g}" if 1e-4 <= x < 1e7 else number(x))))


def _list_cases(axes: Any, rows: list[Row]) -> None:
    """A line for each case, in the order of the contract, the first on top."""
    axes.set_yticks(range(len(rows)), [row.case for row in rows], fontsize=7)
    axes.set_ylim(len(rows) - 0.5, -0.5)
