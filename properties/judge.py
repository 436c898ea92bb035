"""``shrinkage judge NAME ...``: the claims, from where they are installed, against a file or a module.

pytest runs them with nobody's configuration, and neither it nor Hypothesis writes into the folder it is called in: what
they keep from run to run is in the user's cache folder, or nowhere if that cannot be written.
"""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from shrinkage.cli import Parser, positive, to_write, to_write_into, usable_cores
from shrinkage.contract import CONTRACT, stub
from shrinkage.loader.expressions import near
from shrinkage.loader.profiles import PLAIN
from shrinkage.loader.profiles import names as courses
from shrinkage.properties.isolated.limits import Limits

CLAIMS = Path(__file__).parent
PROFILES = {"quick": 20, "class": 25, "ci": 100, "default": 100, "thorough": 1000, "long": 5000}  # examples a claim
SAME = ("class", "ci")  # which of them are the same every time

# What is said of a run, to this command or to pytest.
OPTIONS: dict[str, dict[str, Any]] = {
    "--as": {
        "action": "append",
        "metavar": "CALL",
        "help": "how a function of the contract is called there: 'ridge=solve(A=X, b=y, alpha=lam)' or "
        "'ridge=Model(lam).fit(X, y).coef_'; may be given several times",
    },
    "--calls": {
        "type": Path,
        "metavar": "TOML",
        "help": 'a file of such calls: ridge = "solve(A=X, b=y, alpha=lam)"',
    },
    "--estimator": {
        "action": "append",
        "metavar": "CLASS",
        "help": "a class of fit, coef_, intercept_ and predict, in a module or a file: sklearn.linear_model:Ridge, or "
        "'mine.py:Model(C=1 / lam)', where λ has another name or form; may be given several times",
    },
    "--penalty": {
        "choices": ("sum", "mean"),
        "help": "what an estimator adds its penalty to: the sum of the squared errors, or their mean (default: sum)",
    },
    "--course": {
        "choices": [*courses(), PLAIN],
        "help": "whose rules are followed where they differ from the contract's, which a folder shows by itself; "
        f"{PLAIN} for none",
    },
    "--accuracy": {
        "type": positive(float),
        "metavar": "X",
        "help": "the relative error that the implementation claims where it is not machine precision: bounds are "
        "widened to X where they are tighter",
    },
    "--scorecard": {
        "type": Path,
        "metavar": "FILE",
        "help": "write what was found as JSON: each claim, each function, and the input that gave the worst error",
    },
    "--page": {
        "type": Path,
        "metavar": "FILE",
        "help": "write what was found as one HTML page",
    },
    "--gradescope": {
        "type": Path,
        "metavar": "FILE",
        "help": "write what was found as the results.json of a Gradescope autograder",
    },
    "--gradescope-points": {
        "type": Path,
        "metavar": "TOML",
        "help": "what is worth how many points there (default: each function one)",
    },
    "--dask": {
        "metavar": "ADDRESS",
        "help": "try the claims on a cluster of Dask's, whose scheduler is there: tcp://10.0.0.1:8786",
    },
    "--database": {
        "metavar": "PLACE",
        "help": "where examples that failed are kept and tried first, for all who name it: a folder, or redis://HOST:PORT",
    },
    "--isolate": {
        "action": "store_true",
        "help": "judge the implementation in a process of its own: what it does to that fails a claim, and no more",
    },
}
LIMITED = {"seconds": "--call-seconds", "megabytes": "--isolate-megabytes", "files": "--isolate-files"}
for _name, _metavar, _what in (
    ("seconds", "S", "seconds for one call"),
    ("megabytes", "MB", "megabytes of memory"),
    ("files", "N", "open files"),
):
    _default = getattr(Limits, _name)
    OPTIONS[LIMITED[_name]] = {
        "type": positive(type(_default)),
        "metavar": _metavar,
        "default": _default,
        "help": f"{'with --isolate: ' * (_name != 'seconds')}at most so many {_what} (default: {_default:g})",
    }

# What is said of a class.
CLASS: dict[str, dict[str, Any]] = {
    "--class": {
        "type": Path,
        "metavar": "FOLDER",
        "help": "judge whoever has handed in, a folder or a .py file each, in isolation, and print one table",
    },
    "--jobs": {"type": positive(int), "metavar": "N", "help": "so many at the same time (default: 2)"},
    "--csv": {"type": to_write, "metavar": "FILE", "help": "write the table, and the points of each function"},
    "--pages": {"type": to_write_into, "metavar": "FOLDER", "help": "write an HTML page for each"},
    "--gradescope-folder": {
        "type": to_write_into,
        "metavar": "FOLDER",
        "help": "write a results.json for each, under his name",
    },
    "--fresh": {"action": "store_true", "help": "judge anew who was judged before"},
}


# What is said of a candidate for the place of something else.
AGAINST: dict[str, Any] = {
    "metavar": "REFERENCE",
    "help": "judge NAME, a kernel, by the answers of this file, module or peer, on inputs like those of its "
    "get_inputs(): functions of the same names, or Model and ModelNew",
}


def parser() -> argparse.ArgumentParser:
    """What the command line can say."""
    made = Parser(
        prog="shrinkage judge",
        usage="shrinkage judge NAME ... [options] [-- pytest's options]\n"
        "       shrinkage judge NAME --against REFERENCE\n"
        "       shrinkage judge --class FOLDER [options]\n       shrinkage judge --stub [FUNCTION ...]",
        description="Is it right? The claims about every function that is offered, and a verdict on each.",
        epilog="Exit codes: 0 every claim holds, 1 one fails, 2 and above there was nothing to judge, or not all of it "
        "with --against; as of pytest.",
    )
    made.unknown = "options of pytest's follow after --"
    made.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="a path to a .py file or to a folder of them, a dotted module, or a peer's short name (numpy, scipy, "
        "...); several are taken together as one implementation",
    )
    made.add_argument(
        "--stub",
        action="store_true",
        help="print a file to fill in, of every function or of those named in place of NAME, and judge nothing",
    )
    made.add_argument("-m", "--marks", metavar="MARKS", help="only these claims: mathematics, accuracy, interface, ...")
    made.add_argument("-k", metavar="PATTERN", help="only claims whose names hold this: 'ridge and not path'")
    made.add_argument(
        "--profile",
        choices=[*PROFILES, *OPTIONS["--course"]["choices"]],
        action="append",
        default=[],
        help=f"examples a claim: {', '.join(f'{name} {count}' for name, count in PROFILES.items())}; those of "
        f"{' and '.join(SAME)} are the same every time (default: default). Or {OPTIONS['--course']['help']}. One of "
        "each may be given",
    )
    made.add_argument(
        "-n",
        type=positive(int, or_zero=True),
        metavar="N",
        help="in so many processes (default: one for each core); 0, for a debugger: in this one, which a call "
        "that never returns ends",
    )
    made.add_argument("-v", "--verbose", action="store_true", help="tell of every claim that fails, above the verdict")
    for name, option in OPTIONS.items():
        if name != "--course":
            made.add_argument(name, **option)
    made.set_defaults(call_seconds=None)  # those of the plugin, or of a class
    made.add_argument("--against", **AGAINST)
    of_class = made.add_argument_group("a class")
    for name, option in CLASS.items():
        of_class.add_argument(name, **option)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge; pytest's exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    end = given.index("--") if "--" in given else len(given)
    made = parser()
    chosen = vars(made.parse_intermixed_args(given[:end]))
    if chosen["stub"]:
        if unknown := [name for name in chosen["names"] if name not in CONTRACT]:
            made.error(f"{unknown[0]} is no function of the contract{near(unknown[0], CONTRACT)}")
        print(stub(chosen["names"] or None))
        return 0
    profiles: dict[str, str | None] = {}
    for option, kind in (("--hypothesis-profile", PROFILES), ("--course", OPTIONS["--course"]["choices"])):
        of_kind = [name for name in chosen["profile"] if name in kind]
        if len(of_kind) > 1:
            made.error(f"argument --profile: {' and '.join(of_kind)} are two of a kind: give one")
        profiles[option] = of_kind[0] if of_kind else None
    if chosen["class"]:
        return _class(made, chosen)
    if chosen["against"]:
        return _against(made, chosen)
    if alone := [name for name in CLASS if chosen[_key(name)] not in (None, False)]:
        made.error(f"{alone[0]} is about a class: name its folder by --class")
    if not (chosen["names"] or chosen["estimator"]):
        made.error("NAME is missing: name the file or the module to judge, as in: shrinkage judge mysolver.py")
    for library in ("hypothesis", "flint", "mpmath", "xdist"):
        if find_spec(library) is None:  # imported by pytest only, which rewrites them
            raise ModuleNotFoundError(name=library)
    import pytest

    processes = len(usable_cores()) if chosen["n"] is None else chosen["n"]
    if chosen["dask"] is not None:
        processes = 0  # here; there as many as the cluster has
    asked = {"-m": chosen["marks"], "-k": chosen["k"], "-n": processes, **profiles}
    asked["--max-worker-restart"] = len(CONTRACT) * len(PROFILES)  # each can break one, under each mark and more
    asked |= {name: chosen[_key(name)] for name in OPTIONS if name != "--course"}
    listing = any(option.startswith("--co") for option in given[end + 1 :])  # what pytest would run
    with kept() as folder:
        os.environ.pop("PYTEST_ADDOPTS", None)
        if not given[end + 1 :]:  # which may be another plugin's; to load those of others takes up to half of a second
            os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "HYPOTHESIS_NO_PLUGINS": "1"}
        return int(
            pytest.main(
                [
                    *nobodys(folder),
                    *(("-q", "--tb=short") if chosen["verbose"] or listing else ("-qq", "--one-screen", "--tb=native")),
                    "-rN",
                    "--disable-warnings",
                    *(f"--impl={name}" for name in chosen["names"]),
                    *said(asked),
                    *map(str, sorted(CLAIMS.glob("test_*.py"))),
                    *given[end + 1 :],
                ]
            )
        )


def nobodys(folder: Path) -> list[str]:
    """How pytest is told to have nobody's configuration, and to keep what it keeps in this folder."""
    return [
        f"--config-file={os.devnull}",
        f"--rootdir={CLAIMS.parent}",
        "--noconftest",
        "--import-mode=importlib",
        f"--override-ini=cache_dir={folder / 'pytest'}",
        *("-p", "shrinkage.properties.plugin"),
        *("-p", "xdist"),
        *("-p", "hypothesispytest"),
        *("-p", "no:benchmark"),  # it makes a folder
        *("-p", "no:faulthandler"),  # it tells of ours what is judged has done
    ]


def said(asked: Mapping[str, Any]) -> list[str]:
    """Options as a command line has them; what is None or False is not said."""
    return [
        name if value is True else f"{name}={value}"
        for name, given in asked.items()
        for value in (given if isinstance(given, list) else [given])
        if value not in (None, False)
    ]


def _key(option: str) -> str:
    return option[2:].replace("-", "_")


def _class(made: argparse.ArgumentParser, chosen: dict[str, Any]) -> int:
    """Everybody in a folder."""
    from shrinkage.properties.classroom.command import EACH, run

    allowed = {*map(_key, (*EACH, *CLASS)), "profile", "marks", "k", "gradescope_points", "isolate", "stub"}
    wrong = [key for key, value in chosen.items() if key not in allowed and value not in (None, False, [])]
    if chosen["names"]:
        made.error(f"{chosen['names'][0]} and --class are two things: leave out one")
    if wrong := [name for name in wrong if chosen[name] != made.get_default(name)]:
        made.error(f"--{wrong[0].replace('_', '-')} is about one, and --class about many")
    if not chosen["class"].is_dir():
        made.error(f"--class {chosen['class']} is no folder")
    with kept() as folder:
        return run(chosen, folder)


def _against(made: argparse.ArgumentParser, chosen: dict[str, Any]) -> int:
    """One candidate, by a reference."""
    from shrinkage.properties.referee import command
    from shrinkage.properties.referee.trial import Unfit

    allowed = ("names", "against", "isolate", "call_seconds", "verbose", "stub")
    if wrong := [key for key, value in chosen.items() if key not in allowed and value != made.get_default(key)]:
        name = wrong[0].replace("_", "-")
        made.error(f"{'-' * (1 + (len(name) > 1))}{name} is about claims, and --against judges without any")
    if len(chosen["names"]) != 1:
        made.error("--against is about one NAME: a file with the functions of the reference, or its ModelNew")
    seconds = chosen["call_seconds"] or Limits.seconds
    try:
        with kept() as folder:
            return command.run(
                chosen["names"][0], chosen["against"], seconds, chosen["isolate"], chosen["verbose"], folder
            )
    except Unfit as unfit:
        made.error(str(unfit).removesuffix("."))


@contextlib.contextmanager
def kept() -> Iterator[Path]:
    """Where pytest and Hypothesis keep what failed; a folder for this run only where there is none that can be used.

    Hypothesis hears of it by its variable. As the environment was before, it is afterwards.
    """
    before = {**os.environ}
    with contextlib.ExitStack() as after:
        folder = _cache(after)
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "hypothesis")
        try:
            yield folder
        finally:
            os.environ.clear()
            os.environ.update(before)


def _cache(after: contextlib.ExitStack) -> Path:
    caches = Path.home() / "Library" / "Caches" if sys.platform == "darwin" else Path.home() / ".cache"
    folder = Path(os.environ.get("XDG_CACHE_HOME") or caches) / "shrinkage"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return Path(after.enter_context(tempfile.TemporaryDirectory()))
    return folder
