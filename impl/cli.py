"""``shrinkage COMMAND``: is it right, how right, how fast, and did this change make it worse.

Each command is the ``main`` of a module that is imported when it is asked for. What their options have in common, how
they refuse and which files, numbers and times they take, is here.
"""

import argparse
import contextlib
import difflib
import errno
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from . import __version__


@dataclass(frozen=True)
class Command:
    """One of the commands.

    Parameters
    ----------
    module
        Whose ``main(arguments)`` it is, with its exit code.
    extra
        What has to be installed for it.
    said
        What it answers, on a line.
    """

    module: str
    extra: str
    said: str


COMMANDS = {
    "judge": Command("shrinkage.properties.judge", "judge", "is it right: the claims, against a file or a module"),
    "hunt": Command("shrinkage.properties.hunt.command", "judge", "how far off can it be: the worst input, looked for"),
    "race": Command("shrinkage.benchmarks.race.command", "bench", "how fast is it: implementations side by side"),
    "gate": Command("shrinkage.benchmarks.gate.command", "bench", "did this change make it worse: two revisions"),
    "report": Command("shrinkage.benchmarks.report.command", "bench", "stored runs as tables, plots and a page"),
    "figures": Command("shrinkage.figures.command", "figures", "the mathematics as pictures, of any implementation"),
    "startup": Command("shrinkage.benchmarks.measure.startup", "bench", "what starting costs: import, first call"),
}
HELP = "\n".join(
    [
        "usage: shrinkage COMMAND ...",
        "",
        "Least squares, ridge regression, ReLU units and dense networks: of an implementation,",
        "",
        *(f"  {name:<9} {command.said}" for name, command in COMMANDS.items()),
        "",
        "shrinkage COMMAND --help says how; shrinkage --version says which this is.",
    ]
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code, or 2 with a sentence where there is none to run."""
    return quietly(lambda: _run(arguments))


def quietly(run: Callable[[], int | None]) -> int:
    """Its exit code; 1, without a word, where nobody reads what it prints, as of ``| head``; 2 where a disk is full."""
    try:
        try:
            return run() or 0
        finally:  # of --help, too, which exits
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()  # or the interpreter does at its end, and complains
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in filter(None, (sys.stdout, sys.stderr)):
            try:
                stream.flush()
            except OSError:
                os.dup2(nowhere, stream.fileno())
        if error.errno == errno.EPIPE:
            return 1
        print(f"shrinkage: what it prints or stores cannot be written: {os.strerror(errno.ENOSPC)}", file=sys.stderr)
        return 2


def _run(arguments: Sequence[str] | None) -> int:
    name, *given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        print(HELP)
        return 0
    if name == "--version":
        print(f"shrinkage {__version__}")
        return 0
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        meant = f"did you mean {near[0]}?" if near else f"there is {', '.join(COMMANDS)}."
        print(f"shrinkage: {name!r} is no command: {meant}", file=sys.stderr)
        return 2
    command = COMMANDS[name]
    try:
        Path.cwd()
    except FileNotFoundError:
        print(f"shrinkage {name}: the folder that this was called in is not there any more", file=sys.stderr)
        return 2
    try:
        with _orderly_end():
            return importlib.import_module(command.module).main(given)
    except ModuleNotFoundError as error:
        if (error.name or "shrinkage").split(".")[0] == "shrinkage":
            raise
        needs = f"shrinkage {name} needs {error.name}: pip install 'shrinkage[{command.extra}]'"
        print(needs, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"shrinkage {name}: interrupted", file=sys.stderr)
        return 2


@contextlib.contextmanager
def _orderly_end() -> Iterator[None]:
    """Whoever ends the process, as a CI job or a closed terminal does, has it clean up as after Ctrl-C."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    before = {number: signal.getsignal(number) for number in numbers}
    ours = [number for number, handler in before.items() if handler is signal.SIG_DFL]  # not of nohup
    for number in ours:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


# ---- what the commands share -----------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """Refuses in one line, without the whole usage above it."""

    unknown = ""  # what else is to be said of an option that it does not have

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and exit with 2."""
        if self.unknown and message.startswith("unrecognized arguments"):
            message += f" ({self.unknown})"
        self.exit(2, f"{self.prog}: {message}\n")


def is_expression(text: str) -> bool:
    """Whether pytest's -k or -m can mean it; pytest itself says no in every process, and at length."""
    from _pytest.mark.expression import Expression

    try:
        Expression.compile(text)
    except Exception:  # SyntaxError, and before pytest 8.4 one of its own
        return False
    return True


def is_writable(path: Path) -> bool:
    """Whether it names a file, there or not, in a folder that is there and may be written to."""
    folder = path.absolute().parent
    try:  # a name may be too long to ask for; what is written beside it first has a few letters more
        long = len(os.fsencode(path.name)) + 16 > os.pathconf(folder, "PC_NAME_MAX")
        return not (long or path.is_dir()) and folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        return False


def to_write(text: str) -> Path:
    """A file to be written: it is found out before the work, not after."""
    if not is_writable(Path(text)):
        raise argparse.ArgumentTypeError(f"{text} cannot be written: give a file in a folder of yours")
    return Path(text)


def is_folder_to_write(path: Path) -> bool:
    """Whether it names a folder that may be written into, or may be made."""
    try:
        there = next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())
        return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    except OSError:  # a name that is too long
        return False


def to_write_into(text: str) -> Path:
    """A folder for what is to be written: it is found out before the work, too."""
    if not is_folder_to_write(Path(text)):
        raise argparse.ArgumentTypeError(f"{text} cannot be written into: give a folder of yours")
    return Path(text)


def positive(kind: type, or_zero: bool = False) -> Callable[[str], Any]:
    """A number of this kind above 0."""

    def number(text: str) -> Any:
        try:
            if 0 < (value := kind(text)) < float("inf") or (or_zero and value == 0):
                return value
        except ValueError:
            pass
        raise argparse.ArgumentTypeError(f"{text!r} is no {'whole ' * (kind is int)}number above 0{' or 0' * or_zero}")

    return number


def usable_cores() -> list[int]:
    """Those that this process may use; all that there are, where the system does not say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def duration(text: str) -> float:
    """Seconds, from ``90``, ``90s``, ``1.5min`` or ``3m``, or ``2h``."""
    unit = next((unit for unit in ("min", "m", "s", "h") if text.endswith(unit)), "")
    try:
        return positive(float)(text.removesuffix(unit)) * {"": 1, "s": 1, "min": 60, "m": 60, "h": 3600}[unit]
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give one such as 90s or 8min") from None


def many(count: int, what: str) -> str:
    """So many of them."""
    return f"{count:,} {what}{'s' * (count != 1)}"
