"""The command: ``python -m shrinkage.benchmarks.gate.suite.proof.command --runs 10 --json FILE --folder FOLDER``.

Each run takes one package, in turn, and one function of it, which it slows by 3, 5, 10 or 20 % in head, or leaves as it
is. The gate, pytest-benchmark and asv's rule say what has become slower, one after the other in an order drawn anew, in
the same environments. An alarm of a test whose function was as it was is false. The account is stored after every run,
and the same command adds runs to it.
"""

import argparse
import datetime
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.gate.decide import INCONCLUSIVE, REGRESSION, Rule
from shrinkage.benchmarks.gate.prove import stored
from shrinkage.benchmarks.gate.provider import Options
from shrinkage.benchmarks.gate.revisions import checkouts
from shrinkage.benchmarks.gate.rounds import Timer
from shrinkage.benchmarks.gate.sides import Sides
from shrinkage.benchmarks.gate.suite.proof.account import SIZES, TOOLS, account
from shrinkage.benchmarks.gate.suite.proof.others import asv, pytest_benchmark
from shrinkage.benchmarks.gate.suite.proof.packages import PACKAGES, Package
from shrinkage.benchmarks.gate.suite.provider import Suite
from shrinkage.benchmarks.gate.timed import judge_times, timed
from shrinkage.benchmarks.measure.machine import clock, cores_of_others, machine
from shrinkage.cli import quietly
from shrinkage.properties.report.files import write

BUDGET = 80.0  # seconds for the gate's rounds, on the cores that it has


def one(package: Package, share_slower: float, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """A run: what each tool says of each test."""
    repository = package.repository(folder)
    chosen, started, then = random.choice(package.slowed), time.monotonic(), clock()
    with checkouts.work_folder() as work:
        revision = checkouts.revision(repository, "HEAD")
        files = sorted({test.partition("::")[0] for test in package.tests})
        options = Options(base="HEAD", head="HEAD", repository=repository, tests=files)
        homes = Suite(options).homes(revision, revision, work, say, [], [])
        if share_slower:
            chosen.by(share_slower, homes["head"])
        sides = Sides(work, homes)
        Suite(options).cases(sides)
        _, _, failures, _ = sides.compiled(package.tests, repository)
        if failures:
            raise checkouts.Unusable(f"{package.name} cannot be run here: {failures}")
        said: dict[str, dict[str, Any]] = {}
        seconds: dict[str, float] = {}
        tools: list[tuple[str, Callable[[], Mapping[str, dict[str, Any]]]]] = [
            ("gate", lambda: {"gate": _gate(sides, package.tests, say)}),
            ("pytest-benchmark", lambda: pytest_benchmark(homes, package.tests)),
            ("asv", lambda: asv(sides, package.tests)),
        ]
        for name, tool in random.sample(tools, len(tools)):
            begun = time.monotonic()
            said.update(tool())
            seconds[name] = round(time.monotonic() - begun, 1)
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "package": f"{package.name}-{package.version}",
        "slower": share_slower,
        "function": chosen.function if share_slower else None,
        "slowed": [package.tests.index(test) for test in chosen.tests] if share_slower else [],
        "seconds": {"all": round(time.monotonic() - started, 1), **seconds},
        "others": round(cores_of_others(then), 2),
        "cores": len(sides.cores),
        "said": {tool: [said[tool][test] for test in package.tests] for tool in TOOLS},
    }


def _next(runs: Sequence[Mapping[str, Any]], folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The run that follows: each package in turn, and of five turns, two that slow something."""
    turn, package = divmod(len(runs), len(PACKAGES))
    slower = SIZES[(turn // 2 + len(runs)) % len(SIZES)] if turn % 5 in (1, 3) else 0.0
    say(f"run {len(runs) + 1}: {PACKAGES[package].name}, {100 * slower:g} % slower")
    return one(PACKAGES[package], slower, folder, say)


def _gate(sides: Sides, tests: Sequence[str], say: Callable[[str], None]) -> dict[str, Any]:
    """Whether each is a regression; none where that is not decided."""
    questions = timed(Timer(sides), tests, Rule(), time.monotonic() + BUDGET, say)
    judge_times(questions, {}, {REGRESSION: [], INCONCLUSIVE: []})
    heads = {q.case: q.verdict for q in questions if q.comparison == "head"}
    return {test: None if verdict == INCONCLUSIVE else verdict == REGRESSION for test, verdict in heads.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m shrinkage.benchmarks.gate.suite.proof.command", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--runs", type=int, default=8, help="how many (default: 8, each package twice)")
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="the account; runs are added to it")
    parser.add_argument("--with", dest="more", type=Path, nargs="*", default=[], metavar="FILE", help="others to join")
    parser.add_argument("--folder", type=Path, required=True, help="where the packages are fetched to, and stay")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    kind, what, say = "packages", "other packages", lambda text: print(f"  {text}", file=sys.stderr, flush=True)
    try:
        runs = [run for file in (given.json, *given.more) if file.exists() for run in stored(file, kind, what)["runs"]]
        for more in range(given.runs + 1):
            if more:
                runs.append(_next(runs, given.folder.resolve(), say))
            write(given.json, {"schema": 1, "kind": kind, "machine": machine(), **account(runs), "runs": runs})
    except (checkouts.Unusable, OSError) as error:
        print(f"unusable: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(quietly(main))
