"""One table of a class: a line for each student, on the screen and as CSV."""

import csv
import io
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shrinkage.properties.report import gradescope
from shrinkage.properties.report.screen import judged_of

from .judging import Judgement


@dataclass(frozen=True)
class Row:
    """Of one student.

    Parameters
    ----------
    student
        The name.
    points, of
        As Gradescope would be told.
    each
        Points by function, or by claim where that is what has points.
    finding
        What is to be said first.
    """

    student: str
    points: float
    of: float
    each: dict[str, float] = field(default_factory=dict)
    finding: str = ""


def for_all(judgements: Sequence[Judgement], points: gradescope.Points) -> gradescope.Points:
    """The same entries for everybody: what anybody has written is worth a point, where nothing else was said."""
    if points.points or points.entries != "function":
        return points
    cards = [judgement.card for judgement in judgements if judgement.card is not None]
    there = {name for card in cards for name in (*judged_of(card), *gradescope.lost_of(card))}
    return replace(points, points=dict.fromkeys(sorted(there), 1))


def row(judgement: Judgement, points: gradescope.Points) -> Row:
    """The line of one student."""
    if judgement.card is None:
        return Row(judgement.student.name, 0.0, sum(points.points.values()), {}, judgement.refused)
    card = judgement.card
    found = gradescope.results(card, points)
    tests = found["tests"]
    each = {test["name"]: test["score"] for test in tests}
    return Row(judgement.student.name, found["score"], sum(t["max_score"] for t in tests), each, first(card))


LONGEST = 300  # of a cell: somebody prints a megabyte


def first(card: dict[str, Any]) -> str:
    """What could not even be read, or else the first finding; nothing where all is right."""
    if card["lost"]:
        return str(next(iter(card["lost"].values())))
    if not card["findings"]:
        return ""
    finding = card["findings"][0]
    typical = f", typical of {finding['typical_of']['sentence']}" if finding["typical_of"] else ""
    told = f"{finding['sentence']}{typical}"
    return told if len(told) <= LONGEST else f"{told[:LONGEST]}…"


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """The table, as wide as the terminal."""
    names = max(len("student"), *(len(each.student) for each in rows))
    marks = [f"{each.points:g} of {each.of:g}" for each in rows]
    wide = max(len("points"), *map(len, marks))
    left = max(shutil.get_terminal_size((120, 24)).columns - names - wide - 4, 40)
    yield f"{'student':<{names}}  {'points':>{wide}}  first finding"
    for each, mark in zip(rows, marks, strict=True):
        told = each.finding if len(each.finding) <= left else f"{each.finding[: left - 2].rstrip()} …"
        yield f"{each.student:<{names}}  {mark:>{wide}}  {told}".rstrip()


def as_csv(rows: Sequence[Row]) -> str:
    """The table, and the points of each function."""
    functions = list(dict.fromkeys(name for each in rows for name in each.each))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["student", "points", "of", *functions, "first finding"])
    for each in rows:
        writer.writerow(
            [each.student, each.points, each.of, *(each.each.get(name, "") for name in functions), each.finding]
        )
    return text.getvalue()
