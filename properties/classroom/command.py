"""``shrinkage judge --class FOLDER``, from what its command line says to its exit code."""

import concurrent.futures
import html
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shrinkage.properties.judge import PROFILES, said
from shrinkage.properties.report import files, gradescope, page, progress

from .judging import Judgement, Judging
from .students import Student, course, students
from .table import as_csv, for_all, lines, row

# What is said of everybody as of one.
EACH = ("--as", "--calls", "--accuracy", "--call-seconds", "--isolate-megabytes", "--isolate-files")
EXAMPLES = "class"  # the profile of examples: few, and the same for everybody
SECONDS = 10.0  # for one call


def run(chosen: Mapping[str, Any], kept: Path) -> int:
    """Judge them all and print the table; 0 if everybody is right, 1 if not, 2 if nobody has handed in.

    Parameters
    ----------
    chosen
        What the command line says.
    kept
        The user's cache.
    """
    written = [chosen[name] for name in ("pages", "gradescope_folder", "csv") if chosen[name]]
    everybody, others = students(chosen["class"], written)
    if not everybody:
        return _refused(f"--class {chosen['class']} holds neither folders nor .py files: nobody has handed in.")
    try:
        points = gradescope.read(chosen["gradescope_points"]) if chosen["gradescope_points"] else gradescope.Points()
    except gradescope.WrongPoints as error:
        return _refused(str(error))
    for option in ("pages", "gradescope_folder"):
        if chosen[option]:
            chosen[option].mkdir(parents=True, exist_ok=True)
    judging = Judging(_rules(everybody, chosen), kept / "classes", chosen["fresh"])
    found = _judged(judging, everybody, chosen["jobs"] or 2)
    if found is None:
        return 2
    points = for_all(found, points)
    rows = [row(judgement, points) for judgement in found]
    for judgement in found:
        _write(judgement, chosen, points)
    if chosen["csv"]:
        files.write(chosen["csv"], as_csv(rows))
    print(*lines(rows), *(f"{name} is no folder and no .py file: it was not judged." for name in others), sep="\n")
    return 0 if all(judgement.card is not None and judgement.card["exit"] == 0 for judgement in found) else 1


def _rules(everybody: list[Student], chosen: Mapping[str, Any]) -> list[str]:
    """For each the same: the course's that more than half are of, or else the mathematics alone."""
    profiles, marks = [*chosen["profile"]], chosen["marks"]
    if not {*profiles} & {*PROFILES}:
        profiles.append(EXAMPLES)
    if not {*profiles} - {*PROFILES}:
        found, number = course(everybody)
        if found is not None:
            print(f"Judged as {found.title} hands it out, as {number} of {len(everybody)} are: --profile {found.name}.")
            profiles.append(found.name)
        marks = marks or (None if found is not None else "mathematics")
    asked = {name: chosen[name[2:].replace("-", "_")] for name in EACH}
    asked |= {"-m": marks, "-k": chosen["k"], "--profile": profiles, "-n": "0", "--isolate": True}
    asked["--call-seconds"] = asked["--call-seconds"] or SECONDS
    if asked["--calls"]:
        asked["--calls"] = asked["--calls"].resolve()
    return said(asked)


def _judged(judging: Judging, everybody: list[Student], jobs: int) -> list[Judgement] | None:
    """In their order; None where it was interrupted."""
    with progress.steps() as say, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(judging.judge, student) for student in everybody]
        done = 0
        try:
            for done, _ in enumerate(concurrent.futures.as_completed(running), 1):
                say(f"{done} of {len(everybody)} are judged")
            return [each.result() for each in running]
        except KeyboardInterrupt:
            judging.stop()
            pool.shutdown(cancel_futures=True)
    again = "the same command goes on from there"
    print(f"interrupted: {done} of {len(everybody)} are judged, and {again}", file=sys.stderr)
    return None


def _write(judgement: Judgement, chosen: Mapping[str, Any], points: gradescope.Points) -> None:
    name, card = judgement.student.name, judgement.card
    if chosen["pages"]:
        said_alone = (
            f"<title>{html.escape(name)}</title><h1>{html.escape(name)}</h1><p>{html.escape(judgement.refused)}</p>"
        )
        alone = f'<!doctype html>\n<html lang="en"><meta charset="utf-8">{said_alone}</html>\n'
        files.write(chosen["pages"] / f"{name}.html", page.html(card) if card else alone)
    if chosen["gradescope_folder"]:
        nothing = {"score": 0, "output": judgement.refused, "tests": []}
        files.write(chosen["gradescope_folder"] / f"{name}.json", gradescope.results(card, points) if card else nothing)


def _refused(what: str) -> int:
    print(f"shrinkage judge: {what}", file=sys.stderr)
    return 2
