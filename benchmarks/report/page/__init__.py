"""One page that tells the whole story: ``shrinkage report --page OUT.html [FILES...]``.

`stored` reads what was given, `sentences`, `verdicts`, `charts`, `races` and `drawings` turn it into what is shown, and
`template.html` with `page.css` and `page.js` shows it. The page is one file, takes nothing from the network, and says
the same for the same files.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from shrinkage.benchmarks.gate import findings as gate
from shrinkage.benchmarks.gate import prove
from shrinkage.benchmarks.report.page import charts, races, trends, verdicts
from shrinkage.benchmarks.report.page.drawings import Drawing
from shrinkage.benchmarks.report.page.sentences import STANDINGS, last_gates, summaries
from shrinkage.benchmarks.report.page.stored import KINDS, Stored
from shrinkage.benchmarks.report.runs import Run, cores
from shrinkage.benchmarks.report.tables import key, made, tally
from shrinkage.contract import CHAPTERS, CONTRACT

HERE = Path(__file__).parent


def page(stored: Stored, drawings: Iterable[Drawing]) -> str:
    """The page as HTML."""
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    judged = verdicts.judged(card for _, card in stored.cards)
    names = verdicts.functions(judged, (row.function for run in stored.runs for row in run.rows))
    cells = [[verdicts.cell(one, name) for one in judged] for name in names] if judged else []
    said = summaries(stored, judged)
    return (
        _environment()
        .get_template("template.html")
        .render(
            style=style,
            script=script,
            script_hash=f"sha256-{digest}",
            stored=stored,
            kinds=KINDS,
            summaries=said,
            implementations=[summary.name for summary in said],
            judged=judged,
            functions=[(name, CONTRACT.get(name), verdicts.chapter(name)) for name in names],
            cells=cells,
            data=_data(names, judged, cells),
            marks=verdicts.MARKS,
            chapters={
                number: title
                for number, title in _CHAPTERS.items()
                if number in {verdicts.chapter(name) for name in names}
            },
            runs=[_run(run) for run in stored.runs],
            frame=(charts.WIDTH, charts.HEIGHT, charts.LEFT, charts.RIGHT, charts.TOP, charts.BOTTOM),
            shapes=list(charts.SHAPES.values()),
            gates=[_gate(result) for result in last_gates(stored).values()],
            proofs=[(prove.spread(result), list(prove.shares(result)), result) for _, result in stored.proofs],
            proof_columns=[name or "what" for name in prove.COLUMNS],
            histories=list(trends.histories(stored.histories)),
            drawings=list(drawings),
        )
    )


_BREAKS = re.compile(r"[_./+-]")  # in none of the escapes of HTML
_CHAPTERS = {**CHAPTERS, 0: "Not in the contract"}


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    # `tojson` writes < > & ' as escapes, so nothing in the data can end the script that holds it.
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters["breakable"] = lambda name: Markup(_BREAKS.sub(r"\g<0><wbr>", str(escape(name))))
    environment.globals["chapter"] = verdicts.chapter
    environment.globals["called"] = verdicts.called
    return environment


def _data(
    names: Sequence[str], judged: Sequence[verdicts.Judged], cells: Sequence[Sequence[verdicts.Cell]]
) -> dict[str, Any]:
    """What opens behind the cells; texts that come often are kept once."""
    texts: dict[str, int] = {}
    shown: dict[str, int] = {}

    def kept(entry: dict[str, Any]) -> dict[str, Any]:
        once = {
            name: texts.setdefault(entry[name], len(texts)) for name in ("claim", "source", "story") if name in entry
        }
        return entry | once

    def opened(cell: verdicts.Cell) -> dict[str, Any]:
        views = [shown.setdefault(json.dumps(view), len(shown)) for view in cell.views]
        return {"views": views, "entries": [kept(entry) for entry in cell.entries]}

    rows = [[opened(cell) for cell in row] for row in cells]
    values = [f"{f.signature} = {f.value}" if (f := CONTRACT.get(name)) else "" for name in names]
    return {
        "functions": list(names),
        "values": values,
        "implementations": [one.name for one in judged],
        "views": list(verdicts.VIEWS),
        "cells": rows,
        "shown": [json.loads(view) for view in shown],
        "texts": list(texts),
    }


def _run(run: Run) -> dict[str, Any]:
    axis = races.Axis(run)
    kind = f"Race on {cores(run.threads)}" if run.interleaved else "Run by pytest-benchmark"
    return {
        "run": run,
        "title": f"{kind}, {run.date[:10]}",
        "made": made(run),
        "tally": tally(run).replace("`", ""),
        "key": key(run).replace("`", "").replace("**", ""),
        "charts": list(charts.charts(run)),
        "inks": charts.legend(run),
        "axis": axis,
        "lines": list(races.lines(run, axis)),
        "wrong": races.wrong(run),
        "tallies": races.tallies(run),
    }


def _gate(result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "result": result,
        "standing": STANDINGS[result["verdict"]],
        "title": gate.title(result),
        "tables": [
            (said, passed, [name or "verdict" for name in columns], cells)
            for said, passed, columns, cells in gate.tables(result)
        ],
        "others": list(gate.lines(result)),
    }
