"""``shrinkage hunt NAME ...``: the worst error over bound of each function, looked for as long as one likes.

Every claim is tried once, if there is time; then those whose errors come near their bounds, and that are cheap, more
often than others: on new problems, half of them steered by `hypothesis.target`, among them the matrices of
`shrinkage.properties.engine.strategies.families`; and on the worst ones seen, with their numbers moved. What is found
is stored at once, and the next hunt goes on from there.
"""

import argparse
import contextlib
import importlib.metadata
import itertools
import os
import platform
import sys
import time
import zlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from shrinkage import __version__
from shrinkage.cli import Parser, is_expression, is_folder_to_write, many, positive
from shrinkage.loader import Choice, WrongChoice, load
from shrinkage.peers import library, peers
from shrinkage.properties.judge import OPTIONS, kept
from shrinkage.properties.worst import REDIS, Damaged, Store

CLAIMS = ("accuracy", "mathematics", "interface")  # in this order: where errors are large first


def parser() -> argparse.ArgumentParser:
    """What the command line can say."""
    made = Parser(
        prog="shrinkage hunt",
        usage="shrinkage hunt NAME ... [options]",
        description="How far off can it be? The worst error over bound of each function, by steered search, by "
        "matrices known to be hard, and by moving the numbers of the worst problem seen.",
        epilog="Exit codes: 0 nothing above 1 was found and no claim failed otherwise, 1 something was or one did, 2 "
        "it was interrupted, no claim came to its end, or there was nothing to hunt in. Whatever was found is stored "
        "at once; the same command goes on from there.",
    )
    made.add_argument(
        "names", nargs="*", metavar="NAME", help="a file, a folder, a module or a peer's short name, as for judge"
    )
    made.add_argument("--hours", type=positive(float), default=1.0, metavar="H", help="for so long (default: 1)")
    made.add_argument("--rounds", type=positive(int), metavar="N", help="for so many claims or inputs at the most")
    made.add_argument("--workers", type=positive(int), default=1, metavar="N", help="in so many processes (default: 1)")
    made.add_argument(
        "--database",
        metavar="PLACE",
        help="where what is found is kept, and found again: a folder, or redis://HOST:PORT for hunts on many machines "
        "(default: a folder in the user's cache)",
    )
    made.add_argument("-k", metavar="PATTERN", help="only claims whose names hold this: 'ridge and not path'")
    made.add_argument(
        "--seed",
        type=positive(int, or_zero=True),
        default=0,
        metavar="N",
        help="the same one, in one process, gives the same hunt (default: 0)",
    )
    made.add_argument("-v", "--verbose", action="store_true", help="show long calls whole")
    for name in ("--as", "--calls", "--estimator", "--penalty", "--call-seconds"):
        made.add_argument(name, **OPTIONS[name])
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunt; 1 where something above 1 was found."""
    made = parser()
    chosen = vars(made.parse_intermixed_args(list(sys.argv[1:] if arguments is None else arguments)))
    if not (chosen["names"] or chosen["estimator"]):
        made.error("NAME is missing: name the file or the module to hunt in, as in: shrinkage hunt mysolver.py")
    if chosen["k"] and not is_expression(chosen["k"]):
        made.error(f"-k {chosen['k']!r} is no expression of names with and, or, not and brackets")
    for needed in ("hypothesis", "flint", "mpmath", "rich"):
        if find_spec(needed) is None:
            raise ModuleNotFoundError(name=needed)
    from shrinkage.loader.calls import in_file

    try:
        calls = (*(in_file(chosen["calls"]) if chosen["calls"] else ()), *(chosen["as"] or ()))
        classes = tuple(chosen["estimator"] or ())
        choice = Choice(tuple(chosen["names"]), calls, classes, chosen["penalty"] or "sum")
        load(choice)
    except WrongChoice as error:
        made.error(str(error))
    except OSError as error:  # of a name that is too long, or in a folder that may not be read
        made.error(f"{(error.filename or '')!s:.80} cannot be hunted in: {error.strerror}")
    with kept() as folder:
        for threads in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy is imported in a process of the hunt
            os.environ.setdefault(threads, "1")
        place = chosen["database"] or str(folder / "worst")
        if not (place.startswith(REDIS) or is_folder_to_write(Path(place))):
            made.error(f"argument --database: {place} cannot be written into: give a folder of yours")
        try:
            store = Store(place, choice.name)
            store.entries()
        except Damaged as error:
            made.error(str(error))
        except ModuleNotFoundError as error:
            made.error(f"argument --database: {place} needs {error.name}: pip install '{error.name}'")
        except Exception as error:  # Redis' own, which need not be installed
            if not (isinstance(error, OSError) or place.startswith(REDIS)):
                raise
            made.error(f"argument --database: {place} cannot be used ({error})")
        return hunt(choice, store, chosen)


def hunt(choice: Choice, store: Store, chosen: dict[str, Any]) -> int:
    """Until time is up, or somebody has had enough."""
    from shrinkage.properties.engine.account.reports import sentence
    from shrinkage.properties.engine.falsify import claims
    from shrinkage.properties.hunt.plan import Plan, of_names
    from shrinkage.properties.hunt.pool import Pool
    from shrinkage.properties.hunt.screen import OFTEN, Progress, counts, show

    implementation = load(choice)
    offered = {*implementation.offered}
    meant = of_names(chosen["k"]) if chosen["k"] else lambda claim: True
    about = [claim for claim in claims() if claim.about & offered and meant(claim)]
    about = [c for c in about if not any(f.covers(c.name) and not f.run for f in implementation.expected_failures)]
    if not about:
        print(f"shrinkage hunt: no claim {'of that name ' * bool(chosen['k'])}is about {choice.name}", file=sys.stderr)
        return 2
    about.sort(key=lambda claim: (CLAIMS.index(claim.mark), claim.large, not hasattr(claim.test, "drawn")))
    before, begin = store.entries(), time.monotonic()
    said = {"version": version(choice), "processor": processor()}
    limits = chosen["hours"], chosen["call_seconds"]
    plan = Plan(about, store, chosen["seed"], implementation.expected_failures, said["version"], *limits)
    seconds, rounds, interrupted = 3600 * chosen["hours"], 0, False
    noted = begin  # up to when the time that was spent is stored
    pool = Pool(choice, said, chosen["workers"], chosen["call_seconds"], begin + seconds)
    with pool, Progress(seconds) as progress:
        tasks = itertools.islice(plan.tasks(lambda: time.monotonic() - begin < seconds), chosen["rounds"])
        try:
            for task, outcome in pool.done(tasks):
                rounds += 1
                found = plan.learn(task, outcome)
                progress.tell(time.monotonic() - begin, rounds, task, found, outcome)
                if (now := time.monotonic()) > noted + OFTEN:
                    store.add_hours(said["version"], chosen["workers"] * (now - noted) / 3600)
                    noted = now
        except KeyboardInterrupt:
            interrupted = True
    store.add_hours(said["version"], chosen["workers"] * (time.monotonic() - noted) / 3600)
    worst, minutes = plan.worst(), (time.monotonic() - begin) / 60
    head = f"{choice.name}: {many(rounds, 'round')} in {minutes:.1f} minutes, of {many(len(about), 'claim')}"
    if plan.untried:
        head += f"\n{many(plan.untried, 'claim')} left to be tried: the same command goes on there"
    elif plan.exhausted:
        head += "\nIt ended there: none of these claims draws its input, and another round would be the same"
    sentences = {claim.name: sentence(claim.test) for claim in about}
    show(head, worst, before, chosen["verbose"], store.said, sentences)
    if interrupted:
        print("It was interrupted; the same command goes on from here.")
        return 2
    if not worst and plan.untried == len(about):
        print("No claim came to its end in that time: --hours gives it more.")
        return 2
    return int(any(map(counts, worst)))


def version(choice: Choice) -> str:
    """Of the first library that is hunted in, or of this project; of somebody's files, what is in them."""
    given = (*choice.names, *(name.partition(":")[0] for name in choice.estimators))
    paths = [Path(name) for name in given if name != "impl" and name not in peers()]
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))]
    if files:
        return f"{zlib.crc32(b''.join(file.read_bytes() for file in files)):08x}"
    modules = [name.partition(".")[0] for name in given if name != "impl"] or ["shrinkage"]
    known = library(modules[0]).distribution if modules[0] in peers() else ""
    name = known or importlib.metadata.packages_distributions().get(modules[0], modules)[0]
    with contextlib.suppress(importlib.metadata.PackageNotFoundError, ValueError):
        return f"{name} {importlib.metadata.version(name)}"
    return f"shrinkage {__version__}" if name == "shrinkage" else ""


def processor() -> str:
    """Its name."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
