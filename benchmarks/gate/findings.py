"""What the gate has found, for people: a table in the terminal, Markdown for a pull request."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from shrinkage.benchmarks.gate.decide import INCONCLUSIVE, PASS, REGRESSION

WORDS = {
    PASS: "pass: nothing has become worse by what counts",
    REGRESSION: "regression",
    INCONCLUSIVE: "inconclusive: this run can neither pass nor fail the change",
}
COLUMNS = ("case", "head / base", "95 %", "p", "rounds", "base / base", "code", "")
_STYLE = {PASS: "green", REGRESSION: "bold red", INCONCLUSIVE: "yellow"}


def table(result: dict[str, Any]) -> Group:
    """The times of all cases, then what else has become worse, then the verdict and its reasons."""
    times = Table(title=title(result))
    for name in COLUMNS:
        times.add_column(name, no_wrap=True)
    for row in result["time"]:
        times.add_row(*cells(row), style=_STYLE[row["verdict"]] if row["verdict"] != PASS else None)
    verdict = Text(WORDS[result["verdict"]], style=_STYLE[result["verdict"]])
    parts = [times] if result["time"] else []
    return Group(
        *parts, *(Text(line) for line in others(result)), verdict, *(Text(f"  {r}") for r in result["reasons"])
    )


def markdown(result: dict[str, Any]) -> str:
    """The same, the cases that passed folded away."""
    lines = [f"### Gate: {WORDS[result['verdict']]}", "", title(result), ""]
    lines += [f"- {_plain(reason)}" for reason in result["reasons"]] + [""] * bool(result["reasons"])
    worse = [row for row in result["time"] if row["verdict"] != PASS]
    rest = [row for row in result["time"] if row["verdict"] == PASS]
    lines += _markdown_table(worse) if worse else []
    if rest:
        lines += [
            f"<details><summary>{len(rest)} cases whose time passes</summary>",
            "",
            *_markdown_table(rest),
            "</details>",
        ]
    lines += ["", *others(result)]
    return "\n".join(lines) + "\n"


def title(result: Mapping[str, Any]) -> str:
    """What was compared, how long it took, and by which rule."""
    base, head = result["base"], result["head"]
    return (
        f"{head['name']} ({head['commit'][:9]}) against {base['name']} ({base['commit'][:9]}), "
        f"{result['implementation']}, {result['machine']['cores']} cores, {result['seconds']:.0f} s; a slowdown counts "
        f"from {100 * result['threshold']:g} %, false alarms at most {100 * result['alpha']:g} % of runs"
    )


def cells(row: dict[str, Any]) -> list[str]:
    """One case, as `COLUMNS` says."""
    between = "–".join(f"{end:.3f}" for end in row["interval"] if end is not None) or "too few rounds"
    number = [row["ratio"], row["control"]]
    ratio, control = ("–" if n is None else f"{n:.3f}" for n in number)
    rounds = "+".join(str(n) for n in row["rounds"] if n)
    code = "the same" if row["same_code"] else "changed"
    return [row["case"], ratio, between, f"{row['p']:.1g}", rounds, control, code, row["verdict"]]


def _markdown_table(rows: list[dict[str, Any]]) -> list[str]:
    head = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    return [*head, *("| " + " | ".join(_plain(cell) for cell in cells(row)) + " |" for row in rows), ""]


def _plain(text: str) -> str:
    """As text in Markdown, whatever is in it."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ").replace("@", "@\u200b")


def others(result: Mapping[str, Any]) -> Iterator[str]:
    """How much has become worse apart from time, a line a kind."""
    for kind, what in (("compile", "compile time"), ("memory", "peak memory"), ("accuracy", "error over bound")):
        if rows := result[kind]:
            worse = sum(row["verdict"] == REGRESSION for row in rows)
            yield f"{what}: {worse} of {len(rows)} have become worse"
