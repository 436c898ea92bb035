"""What the gate has found, for people: a table in the terminal, Markdown for a pull request."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from shrinkage.benchmarks.gate.decide import INCONCLUSIVE, PASS, REGRESSION
from shrinkage.benchmarks.gate.metric import Metric
from shrinkage.benchmarks.gate.metrics import METRICS
from shrinkage.cli import many

WORDS = {
    PASS: "pass: nothing has become worse by what counts",
    REGRESSION: "regression",
    INCONCLUSIVE: "inconclusive: this run can neither pass nor fail the change",
}
_STYLE = {PASS: "green", REGRESSION: "bold red", INCONCLUSIVE: "yellow"}


def table(result: dict[str, Any]) -> Group:
    """A table of each metric that has one, a line of every other, then the verdict and its reasons."""
    parts: list[Any] = [Text(title(result))]
    for metric, rows in _measured(result):
        if metric.columns:
            parts.append(Table(title=metric.what))
            cells = [metric.cells(row) for row in rows]
            telling = [
                i for i, name in enumerate(metric.columns) if name != "code" or {row[i] for row in cells} != {"changed"}
            ]
            for i in telling:
                name = metric.columns[i]
                parts[-1].add_column(name, no_wrap=name != "case", overflow="fold")
            for row, told in zip(rows, cells, strict=True):
                style = _STYLE[row["verdict"]] if row["verdict"] != PASS else None
                parts[-1].add_row(*(told[i] for i in telling), style=style)
    verdict = Text(WORDS[result["verdict"]], style=_STYLE[result["verdict"]])
    reasons = [Text(f"  {reason}") for reason in (*result["reasons"], *result["notes"])]
    return Group(*parts, *map(Text, lines(result)), verdict, *reasons)


def markdown(result: dict[str, Any]) -> str:
    """The same, the cases that passed folded away."""
    text = [f"### Gate: {WORDS[result['verdict']]}", "", title(result), ""]
    said = [*result["reasons"], *result["notes"]]
    text += [f"- {plain(reason)}" for reason in said] + [""] * bool(said)
    for said, passed, columns, cells in tables(result):
        rows = ["| " + " | ".join(map(plain, row)) + " |" for row in cells]
        shown = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *rows, ""]
        text += [f"<details><summary>{said}</summary>", "", *shown, "</details>"] if passed else shown
    return "\n".join([*text, "", *lines(result)]) + "\n"


def annotations(result: Mapping[str, Any]) -> Iterator[str]:
    """What does not pass, in GitHub's words, each at the file of its test."""
    for name in METRICS:
        for row in result.get(name, []):
            case = row.get("case", row.get("name", ""))
            if row["verdict"] != PASS:
                said = next((reason for reason in result["reasons"] if case in reason), f"{case}: {row['verdict']}")
                level = "error" if row["verdict"] == REGRESSION else "warning"
                file, found, _ = case.partition("::")
                where = f"file={_escaped(file)}," if found else ""
                yield f"::{level} {where}title=gate::{_escaped(said, ' ')}"


def _escaped(text: str, also: str = ",:") -> str:
    """As GitHub's commands have it: a line ends them, and so do commas and colons in what they are told beside."""
    for each in ("%", "\r", "\n", *also.strip()):
        text = text.replace(each, f"%{ord(each):02X}")
    return text


def tables(result: Mapping[str, Any]) -> Iterator[tuple[str, bool, Sequence[str], list[list[str]]]]:
    """What is in it, whether it passes, the columns, and the cells: first what does not pass, of each metric."""
    for metric, rows in _measured(result):
        for passed in (False, True) if metric.columns else ():
            if cells := [metric.cells(row) for row in rows if (row["verdict"] == PASS) is passed]:
                said = f"{many(len(cells), 'case')} whose {metric.what} {'passes' if passed else 'does not pass'}"
                yield said, passed, metric.columns, cells


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """How much has become worse of what has no table, a line a metric."""
    for metric, rows in _measured(result):
        if not metric.columns:
            worse = sum(row["verdict"] == REGRESSION for row in rows)
            yield f"{metric.what}: {worse} of {len(rows)} have become worse"


def _measured(result: Mapping[str, Any]) -> Iterator[tuple[Metric, list[dict[str, Any]]]]:
    return ((metric, rows) for name, metric in METRICS.items() if (rows := result.get(name)))


def title(result: Mapping[str, Any]) -> str:
    """What was compared, how long it took, and by which rule."""
    base, head = result["base"], result["head"]
    changed = head["name"] if head["commit"] == base["commit"] else _named(head)  # since that commit
    return (
        f"{changed} against {_named(base)}, "
        f"{result['implementation']}, {result['machine']['cores']} cores, {result['seconds']:.0f} s; a slowdown counts "
        f"from {100 * result['threshold']:g} %, false alarms at most {100 * result['alpha']:g} % of runs"
    )


def _named(side: Mapping[str, str]) -> str:
    """As it was asked for, with the beginning of its commit, unless that is what was asked for."""
    short = side["commit"][:9]
    return short if side["commit"].startswith(side["name"]) else f"{side['name']} ({short})"


def plain(text: str) -> str:
    """As text in Markdown, whatever is in it."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ").replace("@", "@\u200b")
