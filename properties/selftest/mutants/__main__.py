"""How many changes of the textbook the claims notice: ``python -m shrinkage.properties.selftest.mutants [FILE ...]``.

cosmic-ray makes the mutants of `impl/peers/numpy`: one operator, number, comparison or decorator at a time. Each is
judged by `shrinkage.properties.engine.falsify` in a process of its own, forked off one that has everything loaded. A
mutant that no claim refutes survives; those known to be equivalent to the textbook stand in a table beside this file,
each with its reason. The score is the share of the others that is refuted; below 97 % the exit code is 1.

What was found is kept line by line in ``--session FILE``: interrupted, the same command goes on where it was, and with
``--again`` it judges the survivors that nothing excuses once more.
"""

import argparse
import ast
import contextlib
import difflib
import functools
import hashlib
import json
import multiprocessing
import multiprocessing.connection
import os
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import track

from shrinkage.cli import quietly
from shrinkage.contract import CONTRACT
from shrinkage.properties.engine import falsify
from shrinkage.properties.selftest.seeded_bugs.bug import TEXTBOOK, Bug

try:
    import cosmic_ray.commands
    import cosmic_ray.plugins
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.work_db import WorkDB, use_db
except ImportError as error:
    raise SystemExit("Mutants are made by cosmic-ray: pip install -e '.[dev]' brings it along.") from error

# What many functions call is judged by a few, by file, that use all of it together: by all it would take hours.
STAND_FOR_ALL = {
    "calculus": ("matvec",),
    "least_squares": ("lstsq",),
    "ridge": ("ridge", "ridge_svd", "ridge_objective", "ridge_jacobian", "ridge_batch"),
    "spectrum": ("ridge_path", "ridge_filter_factors", "ridge_gcv"),
    "relu": ("relu_unit", "relu_network_loss", "relu_network_sgd"),
    "layers": ("affine_forward", "relu_forward", "softmax_loss"),
    "optim": ("adam",),
}

EXCUSED = Path(__file__).parent
GOAL = 0.97


@dataclass(frozen=True)
class Mutant:
    """One change of one file of the textbook.

    Parameters
    ----------
    file
        Of `impl/peers/numpy`, without ``.py``.
    operator
        cosmic-ray's name for the kind of change.
    inside
        The function that is changed.
    old, new
        The lines that differ, as they were and as they are.
    source
        The whole changed file.
    """

    file: str
    operator: str
    inside: str
    old: str
    new: str
    source: str

    @property
    def key(self) -> str:
        """What tells it from every other, and from itself after the textbook has changed."""
        return hashlib.sha256(f"{self.file}\n{self.source}".encode()).hexdigest()[:20]

    @property
    def change(self) -> tuple[str, str, str]:
        """The file, and the lines before and after."""
        return self.file, self.old, self.new

    def functions(self) -> list[str]:
        """Whose claims should notice: the function itself, or all of the file where it is not one of the contract.

        Where the file has none, those that stand for the files which import what is changed, or for all.
        """
        if self.inside in CONTRACT:
            return [self.inside]
        defined = [node.name for node in _tree(self.file).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        if here := [name for name in defined if name in CONTRACT]:
            return here
        users = [file for file in STAND_FOR_ALL if self.inside in _imported(file)] or STAND_FOR_ALL
        return [name for file in users for name in STAND_FOR_ALL[file]]


def _tree(file: str) -> ast.Module:
    return ast.parse((TEXTBOOK / f"{file}.py").read_text(encoding="utf-8"))


def _imported(file: str) -> set[str]:
    """What a file of the textbook imports by name."""
    imports = [node for node in _tree(file).body if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports for alias in node.names}


def mutants(files: Iterable[str]) -> Iterator[Mutant]:
    """Every mutant of these files but those of annotations and of the texts of messages, which no claim reads."""
    with tempfile.TemporaryDirectory() as folder, use_db(Path(folder) / "work", WorkDB.Mode.create) as db:
        cosmic_ray.commands.init([TEXTBOOK / f"{file}.py" for file in files], db, {})
        changes = [item.mutations[0] for item in db.work_items]
    sources = {file: (TEXTBOOK / f"{file}.py").read_text(encoding="utf-8") for file in files}
    unread = {file: list(_unread(source)) for file, source in sources.items()}
    for change in changes:
        file = Path(change.module_path).stem
        place = (change.start_pos, change.end_pos)
        if any(begin <= place[0] and place[1] <= end for begin, end in unread[file]):
            continue
        operator = cosmic_ray.plugins.get_operator(change.operator_name)()
        changed = mutate_code(sources[file], operator, change.occurrence)
        if changed is not None and changed != sources[file]:
            old, new = _lines(sources[file], changed)
            inside = (change.definition_name or "").split(".")[0]
            yield Mutant(file, change.operator_name.removeprefix("core/"), inside, old, new, changed)


def _unread(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """From where to where each annotation stands, and each text with values in it: in the textbook, a message."""
    for node in ast.walk(ast.parse(source)):
        for each in (node, getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(each, ast.JoinedStr) or (isinstance(each, ast.expr) and each is not node):
                yield (each.lineno, each.col_offset), (each.end_lineno or 0, each.end_col_offset or 0)


def _lines(before: str, after: str) -> tuple[str, str]:
    """The lines in which two texts differ."""
    changes = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    old, new = ([line[2:].strip() for line in changes if line[:2] == sign] for sign in ("- ", "+ "))
    return "\n".join(filter(None, old)), "\n".join(filter(None, new))


def judge(mutant: Mutant) -> str:
    """What refutes it: a claim, or that it cannot even be imported; nothing if it survives."""
    before = (TEXTBOOK / f"{mutant.file}.py").read_text(encoding="utf-8")
    try:
        implementation = Bug("", "a mutant", mutant.file, before, mutant.source).planted()
    except Exception as error:
        return f"{type(error).__name__} on import"
    found = falsify.refute(implementation, mutant.functions())
    return found.claim if found else ""


# ---- many of them ----------------------------------------------------------------------------------------------------


def _child(mutant: Mutant, pipe: Any) -> None:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        pipe.send(judge(mutant))


def judged(todo: list[Mutant], jobs: int, timeout: float) -> Iterator[tuple[Mutant, str, float]]:
    """Each mutant with what refutes it, and after how many seconds; what takes too long or dies is refuted by that."""
    falsify.claims()
    fork = multiprocessing.get_context("fork")
    waiting = list(reversed(todo))
    running: dict[Any, tuple[Mutant, Any, float]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            mine, theirs = fork.Pipe(duplex=False)
            process = fork.Process(target=_child, args=(mutant, theirs), daemon=True)
            process.start()
            theirs.close()
            running[mine] = mutant, process, time.monotonic()
        ready = multiprocessing.connection.wait(list(running), timeout=1.0)
        for pipe, (mutant, process, begin) in list(running.items()):
            seconds = time.monotonic() - begin
            if pipe in ready:
                try:
                    found = pipe.recv()
                except EOFError:
                    found = "the process died"
            elif seconds > timeout:
                process.kill()
                found = f"more than {timeout:g} s"
            else:
                continue
            process.join()
            pipe.close()
            del running[pipe]
            yield mutant, found, seconds


@functools.cache
def equivalents() -> dict[tuple[str, str, str], str]:
    """The mutants that are known to be no mistake: file, lines before and after; and why."""
    return {
        (table.stem, each["old"].strip(), new.strip()): each["why"]
        for table in EXCUSED.glob("*.toml")
        for each in tomllib.loads(table.read_text(encoding="utf-8"))["mutant"]
        for new in each["new"]
    }


def main() -> int:
    """Judge the mutants, print the score of each file and the survivors."""
    known = sorted(path.stem for path in TEXTBOOK.glob("*.py") if path.stem != "__init__")
    parser = argparse.ArgumentParser(
        prog="python -m shrinkage.properties.selftest.mutants", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help=f"of the textbook: {', '.join(known)} (default: all)")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time (default: 1)")
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds for one mutant (default: 900)")
    parser.add_argument("--again", action="store_true", help="judge what survives, and nothing excuses, once more")
    parser.add_argument("--session", type=Path, default=Path("mutants.jsonl"), help="where results are kept")
    chosen = parser.parse_args()
    if unknown := sorted(set(chosen.files) - set(known)):
        parser.error(f"{', '.join(unknown)}: the textbook has no such file, only {', '.join(known)}")
    all_of_them = list(mutants(chosen.files or known))
    done = {}
    if chosen.session.is_file():
        lines = chosen.session.read_text(encoding="utf-8").splitlines()
        done = {entry["key"]: entry["by"] for entry in map(json.loads, lines)}
    if chosen.again:
        excused = {mutant.key for mutant in all_of_them if mutant.change in equivalents()}
        done = {key: by for key, by in done.items() if by or key in excused}
    todo = list({mutant.key: mutant for mutant in all_of_them if mutant.key not in done}.values())
    with chosen.session.open("a", encoding="utf-8") as session:
        found = judged(todo, chosen.jobs, chosen.timeout)
        for mutant, by, seconds in track(found, "judging mutants", total=len(todo), disable=not sys.stdout.isatty()):
            done[mutant.key] = by
            entry = {"key": mutant.key, "file": mutant.file, "by": by, "seconds": round(seconds, 2)}
            session.write(json.dumps(entry | {"old": mutant.old, "new": mutant.new}, ensure_ascii=False) + "\n")
            session.flush()
    return report(all_of_them, done)


def report(all_of_them: list[Mutant], done: dict[str, str]) -> int:
    """The score of each file, and the survivors that nothing excuses; exit code 1 below the goal."""
    excused = equivalents()
    total = equal = refuted = 0
    print(f"{'file':<16}{'mutants':>9}{'equivalent':>12}{'refuted':>9}{'survive':>9}{'score':>9}")
    for file in dict.fromkeys(mutant.file for mutant in all_of_them):
        here = [mutant for mutant in all_of_them if mutant.file == file]
        dead = [mutant for mutant in here if done[mutant.key]]
        same = [m for m in here if not done[m.key] and m.change in excused]
        total, equal, refuted = total + len(here), equal + len(same), refuted + len(dead)
        print(_row(file, len(here), len(same), len(dead)))
    print(_row("all", total, equal, refuted))
    for mutant in all_of_them:
        if not done[mutant.key] and mutant.change not in excused:
            print(f"\nsurvives: {mutant.file}.py, {mutant.inside or 'top level'}, {mutant.operator}")
            print(f"  - {mutant.old}\n  + {mutant.new}")
    return int(refuted < GOAL * (total - equal))


def _row(file: str, total: int, equal: int, refuted: int) -> str:
    judged = total - equal
    return f"{file:<16}{total:>9}{equal:>12}{refuted:>9}{judged - refuted:>9}{refuted / max(judged, 1):>9.1%}"


if __name__ == "__main__":
    sys.exit(quietly(main))
