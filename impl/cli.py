"""``shrinkage COMMAND``: is it right, how right, how fast, and did this change make it worse."""

import importlib
import importlib.metadata
import sys
from collections.abc import Sequence
from dataclasses import dataclass


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
    "race": Command("shrinkage.benchmarks.race.race", "bench", "how fast is it: implementations against each other"),
    "gate": Command("shrinkage.benchmarks.gate.__main__", "bench", "did this change make it worse: two revisions"),
    "report": Command("shrinkage.benchmarks.report.report", "bench", "stored runs as tables, plots and a page"),
    "figures": Command("shrinkage.figures.command", "figures", "the mathematics as pictures, of any implementation"),
    "startup": Command(
        "shrinkage.benchmarks.measure.startup", "bench", "what starting costs: import, compile, first call"
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = COMMANDS[given[0]]
    return importlib.import_module(command.module).main(given[1:])
