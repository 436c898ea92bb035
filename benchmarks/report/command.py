"""Stored runs to tables, plots and a page: ``shrinkage report FILES... [--markdown FILE] [--plots FOLDER]``.

FILES are races (``shrinkage race``) and pytest-benchmark's (``--benchmark-json FILE``), told apart by what
is in them. Without an option the Markdown is printed. ``--readme`` takes one race, puts its tables into
``README.md`` and ``benchmarks/README.md``, and keeps the file in ``benchmarks/results``, so that a test can say when
they no longer agree.

``--page FILE`` makes one page of everything (`shrinkage.benchmarks.report.page`), and takes scorecards, gate runs,
histories and the gate's proof as well; without FILES it is made from what is kept in ``benchmarks/results``.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from shrinkage.benchmarks.report.readme import README, TIMINGS, with_table
from shrinkage.benchmarks.report.runs import Run, Unreadable, cores, out_of_date, read
from shrinkage.benchmarks.report.tables import headline, table
from shrinkage.cli import Parser, to_write
from shrinkage.properties.report.files import write

STORED = Path(__file__).parents[1] / "results" / "race.json"
RACE_START = "<!-- from benchmarks/results/race.json, by shrinkage report RACE --readme -->\n"


def markdown(runs: Iterable[Run]) -> Iterator[str]:
    """A heading and a table for each run."""
    for run in runs:
        yield f"## {run.name}"
        yield from table(run)


def tables(runs: Iterable[Run]) -> Iterator[str]:
    """Of a race, for the document of the timings."""
    for run in runs:
        yield f"\n### On {cores(run.threads)}"
        yield from table(run)


def into_readme(path: Path, runs: list[Run], folder: Path = README.parent) -> None:
    """Put the tables of this race into the documents that have them, and keep the race.

    Raises
    ------
    Unreadable
        If it is no race, or has cases that are no longer timed, or not at these sizes.
    """
    if not runs[0].interleaved:
        raise Unreadable(f"{path} is no race, and the table of timings is made from one (shrinkage race).")
    if old := sorted({case for run in runs for case in out_of_date(run)}):
        raise Unreadable(
            f"{path} is out of date: benchmarks/cases.py has not, or not at these sizes, {', '.join(old)}."
        )
    documents = {}
    for document, lines in ((README, headline(runs)), (TIMINGS, tables(runs))):
        there = folder / document.relative_to(README.parent)
        documents[there] = with_table(there.read_text(encoding="utf-8"), RACE_START, lines)
    stored = folder / STORED.relative_to(README.parent)
    stored.parent.mkdir(exist_ok=True)
    write(stored, path.read_text(encoding="utf-8"))
    for there, text in documents.items():
        write(there, text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 2 and a sentence where that cannot be done."""
    parser = Parser(
        prog="shrinkage report",
        description="Stored runs as tables, plots and a page.",
        epilog="Exit codes: 0 written or printed, 2 not so.",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a race, or what --benchmark-json wrote")
    parser.add_argument(
        "--markdown", type=to_write, metavar="FILE", help="write the tables there (default: print them)"
    )
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw time against size, ratios, share of peak")
    parser.add_argument("--format", choices=("svg", "png"), default="svg", help="of the plots (default: svg)")
    parser.add_argument("--readme", action="store_true", help="put the tables of this race into the documents")
    parser.add_argument(
        "--page", type=to_write, metavar="FILE", help="make one page of these, scorecards and gate runs too"
    )
    options = parser.parse_intermixed_args(arguments)
    if options.page and (options.readme or options.markdown or options.plots):
        parser.error("--page stands alone: the other outputs are made from races and benchmarks only")
    if not (options.files or options.page):
        parser.error("FILE is missing: name a race, or what --benchmark-json wrote")
    if options.readme and len(options.files) > 1:
        parser.error(f"--readme takes one race, not {len(options.files)} files")
    try:
        if options.page:
            _page(options.files, options.page)
            return 0
        runs = [run for path in options.files for run in read(path)]
        if options.readme:
            into_readme(options.files[0], runs)
        if options.markdown:
            write(options.markdown, "\n".join(markdown(runs)))
        if options.plots:
            _draw(runs, options.plots, options.format)
    except (Unreadable, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    if not (options.readme or options.markdown or options.plots):
        print("\n".join(markdown(runs)))
    return 0


def _page(files: list[Path], out: Path) -> None:
    """From these files, or from those that are kept."""
    try:
        from shrinkage.benchmarks.report.page import page
        from shrinkage.benchmarks.report.page.drawings import drawings
        from shrinkage.benchmarks.report.page.stored import KEPT, read_all
    except ModuleNotFoundError as error:
        raise Unreadable(f"--page needs {error.name}: pip install 'shrinkage[page]' brings it.") from error
    if not (files or all(path.is_file() for path in KEPT)):  # they lie in a clone, and in no installation
        raise Unreadable("FILE is missing: name what the page is of: races, scorecards, what the gate has written")
    stored = read_all(files or KEPT)
    drawn = drawings(lambda line: print(f"shrinkage report: {line}", file=sys.stderr, flush=True))
    write(out, page(stored, drawn if stored.own else ()))
    print(f"The page is in {out}.")


def _draw(runs: list[Run], folder: Path, kind: str) -> None:
    """Into the folder; those of several runs each into a folder of its own in there."""
    try:
        from shrinkage.benchmarks.report.plots import pictures
    except ModuleNotFoundError as error:
        raise Unreadable(f"--plots needs {error.name}: pip install 'shrinkage[figures]' brings it.") from error
    for run in runs:
        here = folder / Path(run.name).stem if len(runs) > 1 else folder
        here.mkdir(parents=True, exist_ok=True)
        print(f"{sum(1 for _ in pictures(run, here, kind))} plots in {here}")
