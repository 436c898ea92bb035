"""The command: ``shrinkage gate BASE [HEAD]``, or ``--prove``."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.gate import prove
from shrinkage.benchmarks.gate.comparison import run
from shrinkage.benchmarks.gate.decide import INCONCLUSIVE, PASS, REGRESSION, Rule
from shrinkage.benchmarks.gate.findings import annotations, markdown, table
from shrinkage.benchmarks.gate.metrics import METRICS
from shrinkage.benchmarks.gate.provider import Options
from shrinkage.benchmarks.gate.revisions import checkouts
from shrinkage.benchmarks.gate.revisions.checkouts import Unusable
from shrinkage.cli import Parser, duration, is_expression, to_write
from shrinkage.properties.isolated.worker import Failed
from shrinkage.properties.report.files import write
from shrinkage.properties.report.progress import console, steps

EXIT = {PASS: 0, REGRESSION: 1, INCONCLUSIVE: 2}
UNUSABLE = 2
WIDTH = 140  # where there is no terminal


def parser() -> argparse.ArgumentParser:
    """What the command line can say."""
    made = Parser(
        prog="shrinkage gate",
        description="Did this change make it worse? Of two revisions of the repository that one stands in: its "
        "pytest-benchmark tests and asv suites, or an implementation of the contract.",
        epilog="Exit codes: 0 pass, 1 regression, 2 inconclusive or unusable.",
    )
    made.add_argument(
        "base", nargs="?", metavar="BASE", help="a branch, tag or commit; without it, where this branch left main"
    )
    made.add_argument("head", nargs="?", metavar="HEAD", help="the same; without it, the working tree as it stands")
    made.add_argument(
        "-k",
        dest="select",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only these: of tests, as pytest's -k; of the contract's cases, as in 'ridge*-large'; may be given "
        "several times",
    )
    made.add_argument("-m", dest="marks", default="", metavar="MARKS", help="of tests, as pytest's -m")
    made.add_argument(
        "--tests", action="append", default=[], metavar="PATH", help="where the tests are (default: as pytest is told)"
    )
    made.add_argument(
        "--build",
        default="",
        metavar="COMMAND",
        help="installs a revision, from its folder, into the virtual environment that is first on the path (default: "
        "pip install, where there is something to install)",
    )
    made.add_argument(
        "--only", action="append", choices=list(METRICS), help="gate only this; may be given several times"
    )
    made.add_argument(
        "--threshold",
        type=_percent,
        default=Rule.threshold,
        metavar="PERCENT",
        help="the least slowdown that counts, in time (default: 2.5%%)",
    )
    made.add_argument(
        "--budget", type=duration, default=480.0, metavar="TIME", help="in all, as in 90s or 8min (default: 8min)"
    )
    made.add_argument(
        "--impl",
        action="append",
        metavar="NAME",
        default=[],
        help="gate an implementation of the contract: a path to a .py file, or a module, of the repository; given "
        "several times, they are taken together (default: the repository's benchmarks, or in a clone of this project, "
        "impl)",
    )
    made.add_argument(
        "--repo",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="the repository (default: the one that this folder is in)",
    )
    made.add_argument("--json", type=to_write, metavar="FILE", help="write the result; its form is gate.schema.json")
    made.add_argument("--markdown", type=to_write, metavar="FILE", help="write a comment for a pull request")
    made.add_argument(
        "--history",
        metavar="A..B",
        help="gate each commit from A to B against the last one before it that runs, and print where something has "
        "changed; the budget is for all of them",
    )
    made.add_argument(
        "--storage",
        type=_storage,
        metavar="FOLDER",
        help="add both revisions' times to this storage of pytest-benchmark's, as in .benchmarks",
    )
    made.add_argument(
        "--prove",
        nargs="?",
        type=int,
        const=prove.RUNS,
        metavar="RUNS",
        help=f"run the gate itself so often (default: {prove.RUNS}): on unchanged code, and with slowdowns put in",
    )
    return made


def _storage(text: str) -> Path:
    folder = Path(text).absolute()
    if (folder.exists() and not folder.is_dir()) or not folder.parent.is_dir():
        raise argparse.ArgumentTypeError(
            f"{text} is no folder, and none can be made there: give one such as .benchmarks"
        )
    return folder


def _of_the_repository(path: str, repository: Path) -> str:
    """A path to tests as from the root of the repository, wherever one stands."""
    file, colons, test = path.partition("::")
    here = Path.cwd() / file
    if not Path(file).is_absolute() and ((repository / file).exists() or not here.exists()):
        return path
    if not here.resolve().is_relative_to(repository.resolve()):
        raise Unusable(f"--tests {path} is not in {repository}, which is gated.")
    return f"{here.resolve().relative_to(repository.resolve())}{colons}{test}"


def _percent(text: str) -> float:
    try:
        value = float(text.removesuffix("%")) / 100
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no slowdown: give one in percent, such as 2.5%")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code."""
    made = parser()
    given = made.parse_intermixed_args(arguments)
    if given.prove is not None and given.prove < (0 if given.json and given.json.exists() else 1):
        made.error(f"--prove {given.prove} makes no runs: give a number from 1 up")
    for text in filter(None, (*given.select, given.marks)):
        if not (is_expression(text) or {*"*?["} & {*text}):
            made.error(f"{text!r} is no expression of names with and, or, not and brackets, and no pattern")
    if given.history and given.base:
        made.error(f"--history {given.history} says which commits are gated: leave {given.base} out")
    errors = console(stderr=True)
    try:
        repository = checkouts.repository_at(given.repo.resolve())
        options = Options(
            base=given.base or checkouts.beginning(repository),
            head=given.head,
            repository=repository,
            implementation=given.impl,
            select=given.select,
            marks=given.marks,
            tests=[_of_the_repository(path, repository) for path in given.tests],
            build=given.build,
            kinds=given.only or (),
            rule=Rule(threshold=given.threshold),
            budget=given.budget,
        )
        with steps() as say:
            if given.prove is not None:
                return _prove(options, given, say)
            if given.history:
                return _history(options, given, say)
            checkouts.differing(repository, options.base, options.head, named=given.base is not None)
            result = run(options, say)
    except (Unusable, Failed) as error:
        errors.print(f"unusable: {error}", soft_wrap=True)
        return UNUSABLE
    except KeyboardInterrupt:
        errors.print("interrupted: nothing is left behind")
        return UNUSABLE
    if given.json:  # first: who reads what is printed may stop reading
        write(given.json, result)
    if given.markdown:
        write(given.markdown, markdown(result))
    _keep(given.storage, result)
    out = console()
    out.width = max(out.width, WIDTH if not out.is_terminal else 0)
    out.print(table(result))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        print("\n".join(annotations(result)))
    return EXIT[result["verdict"]]


def _keep(storage: Path | None, *results: Mapping[str, Any]) -> None:
    if storage:
        from shrinkage.benchmarks.gate.suite.storage import store  # with pytest

        for result in results:
            store(result, storage)


def _history(options: Options, given: argparse.Namespace, say: Callable[[str], None]) -> int:
    from shrinkage.benchmarks.gate.revisions import history

    results, whole = history.history(options, given.history, say)
    text = history.markdown(results)
    _keep(given.storage, *(result for result in results if result["time"]))
    if given.json:
        write(given.json, results)
    if given.markdown:
        write(given.markdown, text)
    print(text)
    codes = {EXIT.get(result["verdict"], UNUSABLE) for result in results}
    if not whole:
        codes.add(UNUSABLE)
        count = f"{len(results)} commit{'s' * (len(results) > 1)}"
        console(stderr=True).print(f"interrupted after {count}: nothing else is left behind")
    return next((code for code in (EXIT[REGRESSION], UNUSABLE) if code in codes), EXIT[PASS])


def _prove(options: Options, given: argparse.Namespace, say: Callable[[str], None]) -> int:
    def store(result: dict[str, Any]) -> None:
        if given.json:
            write(given.json, result)

    before = prove.stored(given.json, "proof", "the gate's own proof") if given.json and given.json.exists() else None
    result = prove.prove(options, given.prove, say, store, before)
    text = prove.markdown(result)
    if given.markdown:
        write(given.markdown, text)
    print(text)
    return 0 if result["kept"] else 1
