"""``shrinkage COMMAND``: what each command says of itself, and what is said of a wrong one."""

import argparse
import contextlib
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shrinkage import __version__, cli
from shrinkage.properties.hunt.hand import Outcome
from shrinkage.properties.hunt.screen import Progress
from shrinkage.properties.report import progress
from shrinkage.properties.selftest.own_pytest import ROOT, own_python

pytestmark = pytest.mark.power


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `shrinkage` with these arguments, in this process."""
    try:
        code: Any = cli.main(arguments)
    except SystemExit as ended:
        code = ended.code
    out, errors = capsys.readouterr()
    return code, out, errors


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_says_how_it_is_used(command, capsys):
    """``--help`` exits with 0, names the command as it is typed, and every option of it has a word of help."""
    code, out, errors = ran(capsys, command, "--help")
    assert (code, errors) == (0, "")
    assert out.startswith(f"usage: shrinkage {command} ")
    assert "exit codes:" in out.lower() or command == "startup"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_without_a_command_there_is_help(arguments, capsys, monkeypatch):
    """Every command, on a line."""
    monkeypatch.setattr(sys, "argv", ["shrinkage"])
    code, out, _ = ran(capsys, *arguments)
    assert code == 0
    assert re.findall(r"^  (\w+) ", out, re.MULTILINE) == list(cli.COMMANDS)


def test_the_version_is_said(capsys):
    """That of the package."""
    assert ran(capsys, "--version") == (0, f"shrinkage {__version__}\n", "")


def test_an_interruption_is_a_sentence(capsys, monkeypatch):
    """Whatever a command was about, importing included."""

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shrinkage.cli.importlib.import_module", interrupted)
    assert ran(capsys, "race") == (2, "", "shrinkage race: interrupted\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["jugde"], "shrinkage: 'jugde' is no command: did you mean judge?"),
        (["--json"], "shrinkage: '--json' is no command: there is judge, hunt, race, gate, report, figures, startup."),
        (
            ["judge"],
            "shrinkage judge: NAME is missing: name the file or the module to judge, as in: shrinkage judge x.py",
        ),
        (["judge", "--", "-x"], "shrinkage judge: NAME is missing: name the file or the module"),
        (["judge", "x.py", "-n", "half"], "shrinkage judge: argument -n: 'half' is no whole number above 0 or 0"),
        (
            ["judge", "x.py", "--call-seconds", "-1"],
            "shrinkage judge: argument --call-seconds: '-1' is no number",
        ),
        (["judge", "x.py", "--profile", "slow"], "shrinkage judge: argument --profile: invalid choice: 'slow'"),
        (["hunt"], "shrinkage hunt: NAME is missing: name the file or the module to hunt in, as in: shrinkage hunt"),
        (["hunt", "x.py", "--hours", "0"], "shrinkage hunt: argument --hours: '0' is no number above 0"),
        (["hunt", "x.py", "-k", "(("], "shrinkage hunt: -k '((' is no expression of names"),
        (["hunt", "nobody.py"], "shrinkage hunt: nobody.py was not found"),
        (
            ["race", "--budget", "soon"],
            "shrinkage race: argument --budget: 'soon' is no time: give one such as 90s or 8min",
        ),
        (
            ["gate", "main", "--json", "no/such/folder"],
            "shrinkage gate: argument --json: no/such/folder cannot be written",
        ),
        (["report", "x.json", "--page", "."], "shrinkage report: argument --page: . cannot be written"),
        (["figures", "mona_lisa"], "shrinkage figures: 'mona_lisa' is no picture: there is elbows_in_training"),
        (["figures", "--impl", "nobody.py"], "shrinkage figures: nobody.py was not found"),
        (["startup", "--rounds", "many"], "shrinkage startup: argument --rounds: 'many' is no whole number above 0"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_sentence(arguments, sentence, capsys):
    """And the exit code is 2."""
    code, out, errors = ran(capsys, *arguments)
    assert (code, out) == (2, "")
    assert errors.startswith(sentence.removesuffix("x.py"))
    assert errors.count("\n") == 1


NONSENSE = {  # what makes no sense to an option, where it does not follow from the option's type
    "-m": "((",
    "-k": "((",
    "--as": "nonsense",
    "--estimator": "nonsense",
    "--impl": "nobody.py",
    "--tests": "nobody.py",
    "--build": "exit 3",
    "--repo": "no/such/folder",
    "--history": "nonsense",
    "--dask": "nonsense://nowhere",
    "--database": "redis://127.0.0.1:1",
    "--threads": "nonsense",
    "--calls": "nobody.toml",
    "--gradescope-points": "nobody.toml",
    "--against": "nobody.py",
    "--class": "no/such/folder",
    "--out": "right.py",
    "--plots": "right.py",
}
WITH = {"judge": ["right.py"], "hunt": ["right.py"], "race": ["ridge-50x10"], "gate": ["HEAD"], "report": ["race.json"]}


def changed_since_a_commit(folder: Path) -> None:
    """A repository that a gate finds something to compare in."""
    right = folder / "right.py"
    right.write_text("def squared_norm(x):\n    return x @ x\n")
    commit = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost", "-c", "commit.gpgsign=false", "commit"]
    for words in (["init", "-q"], ["add", "."], [*commit, "-q", "-m", "One"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    right.write_text("def squared_norm(x):\n    return (x * x).sum()\n")


def options_of(command: str, monkeypatch: pytest.MonkeyPatch) -> list[argparse.Action]:
    """All that its parser knows."""
    found = []

    def stop(parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        found.extend(parser._actions)
        raise SystemExit

    with monkeypatch.context() as patched:
        for name in ("parse_args", "parse_known_args"):
            patched.setattr(argparse.ArgumentParser, name, stop)
        with contextlib.suppress(SystemExit):
            cli.main([command])
    return found


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_no_option_takes_what_makes_no_sense(command, monkeypatch, tmp_path, capsys):
    """Each option of each command, with a value that it cannot mean: a sentence that names it, and 2 or pytest's 4."""
    shutil.copy(ROOT / "benchmarks" / "results" / "race.json", tmp_path)
    changed_since_a_commit(tmp_path)
    monkeypatch.chdir(tmp_path)
    for option in options_of(command, monkeypatch):
        if option.nargs == 0 or not option.option_strings or option.help == argparse.SUPPRESS:
            continue
        name = option.option_strings[0]
        plain = option.type is not None or option.choices
        said = [command, *WITH.get(command, []), name]
        value = NONSENSE.get(name, "no/such/folder/nonsense" if plain else None)
        assert value is not None, f"{name} of {command}: what makes no sense to it?"
        if command == "judge" and (not plain or option.type is Path):  # it is pytest that refuses, or what it runs
            code, output = own_python(tmp_path, "-m", "shrinkage", *said, value)
        else:
            code, _, output = ran(capsys, *said, value)
        assert code in (2, pytest.ExitCode.USAGE_ERROR), (name, output)
        told = [
            line for line in output.splitlines() if line and not re.match(r" +\d+ s  ", line)
        ]  # how far the gate is
        assert len(told) == 1, (name, output)
        assert value in told[0] or name in told[0], told


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_what_is_missing_is_named_with_the_command_that_brings_it(command, capsys, monkeypatch):
    """A library of an extra, wherever the command comes upon that; a module of our own is no extra."""

    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name.replace("shrinkage", "lib", 1))

    monkeypatch.setattr(cli, "importlib", type("Missing", (), {"import_module": staticmethod(missing)}))
    code, out, errors = ran(capsys, command)
    known = cli.COMMANDS[command]
    module = known.module.replace("shrinkage", "lib", 1)
    assert (code, out) == (2, "")
    assert errors == f"shrinkage {command} needs {module}: pip install 'shrinkage[{known.extra}]'\n"


def test_a_library_of_judges_that_is_missing_is_named(capsys, monkeypatch):
    """Before pytest comes upon it, in many words."""
    judge = import_module(cli.COMMANDS["judge"].module)
    monkeypatch.setattr(judge, "find_spec", lambda name: None)
    code, _, errors = ran(capsys, "judge", "x.py")
    assert (code, errors) == (2, "shrinkage judge needs hypothesis: pip install 'shrinkage[judge]'\n")


def test_an_option_of_pytests_is_told_its_place(capsys):
    """Judging takes few of them by itself."""
    code, _, errors = ran(capsys, "judge", "x.py", "-x")
    said = "shrinkage judge: unrecognized arguments: -x (options of pytest's follow after --)\n"
    assert (code, errors) == (2, said)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("2s", 2), ("1.5min", 90), ("3m", 180), ("2h", 7200)])
def test_a_time_has_a_unit(text, seconds):
    """Seconds, unless it says otherwise."""
    assert cli.duration(text) == seconds


def test_a_log_has_a_line_for_each_step_and_a_terminal_what_changes(capsys, monkeypatch):
    """With the time, each as it is; at a terminal nothing of it stays."""
    for item in progress.each(["ridge[small]", "lstsq"], "racing"):
        assert item not in capsys.readouterr().err  # it is not done
    assert capsys.readouterr().err == "     0 s  racing: 2 of 2, lstsq\n"
    with progress.steps() as say:
        say("timing test_sort[small]")
    assert capsys.readouterr().err == "     0 s  timing test_sort[small]\n"
    hunt = Progress(3600.0)
    task: Any = SimpleNamespace(claim="test_x")
    for minutes in (0.1, 1.1, 1.9, 2.2):
        hunt.tell(60 * minutes, round(10 * minutes), task, [], Outcome())
    assert capsys.readouterr().err == "    66 s  11 rounds\n   132 s  22 rounds\n"
    monkeypatch.setenv("FORCE_COLOR", "1")  # which makes a terminal of it to rich
    with progress.steps() as say:
        say("timing test_sort[/data/small]")
    assert [*progress.each(["ridge[small]"], "racing [/x]")] == ["ridge[small]"]
    hunt = Progress(3600.0)
    with hunt:
        found: Any = SimpleNamespace(function="[/f]", ratio=1.0)
        hunt.tell(1.0, 1, task, [found], Outcome())
    said = capsys.readouterr().err
    assert "test_sort[/data/small]" in said
    assert "racing [/x]" in said
    assert "[/f]" in said
    assert " s  " not in said


def test_the_package_is_a_program():
    """``python -m shrinkage`` is ``shrinkage``."""
    assert own_python(ROOT, "-m", "shrinkage", "--version") == (0, f"shrinkage {__version__}\n")
    code, output = own_python(ROOT, "-m", "shrinkage", "jugde")
    assert code == 2
    assert "did you mean judge?" in output


PROGRAMS = sorted(
    {
        found
        for file in (ROOT / room for room in ("impl", "properties", "benchmarks"))
        for path in file.rglob("*.py")
        for found in re.findall(r'prog="python -m ([\w.]+)"', path.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("buffering", [-1, 1])
@pytest.mark.parametrize("said", [["--help"], ["--version"], ["judge", "--stub"], ["gate", "--help"], *PROGRAMS])
@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_whoever_stops_reading_is_told_nothing_more(said, buffering, monkeypatch, capfd):
    """Every command ends with 1 as of ``| head``, however lines are buffered, and the interpreter with it."""
    reader, writer = os.pipe()
    os.close(reader)
    module, given = ("shrinkage", said) if isinstance(said, list) else (said, ["--help"])
    with open(writer, "w", buffering=buffering) as out:
        monkeypatch.setattr(sys, "argv", [module, *given])
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(SystemExit, match=r"^1$"):
            runpy.run_module(module, run_name="__main__")
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("buffering", [-1, 1])
def test_a_full_disk_is_told_of_in_a_sentence(buffering, monkeypatch, capfd):
    """And the exit code is that of what could not be done."""
    with open("/dev/full", "w", buffering=buffering) as out:
        monkeypatch.setattr(sys, "argv", ["shrinkage", "--help"])
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(SystemExit, match=r"^2$"):
            runpy.run_module("shrinkage", run_name="__main__")
    said = "shrinkage: what it prints or stores cannot be written: No space left on device\n"
    assert capfd.readouterr().err == said


def test_a_command_that_python_calls_leaves_the_process_as_it_was(tmp_path, monkeypatch, capsys):
    """Handlers of signals, the environment, the folder, warnings and NumPy's errors, whatever was set in between."""
    changed_since_a_commit(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense")
    for name in ("HYPOTHESIS_STORAGE_DIRECTORY", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    seen = []

    def state() -> list[Any]:
        handlers = [signal.getsignal(number) for number in signal.valid_signals()]
        return [handlers, {**os.environ}, Path.cwd(), [*warnings.filters], np.geterr()]

    def at_work(*_: Any) -> None:
        seen.append(state())
        raise KeyboardInterrupt

    for within, *given in (
        ("pytest.main", "judge", "right.py"),
        ("shrinkage.properties.hunt.command.hunt", "hunt", "right.py"),
        ("shrinkage.benchmarks.gate.command.run", "gate", "HEAD"),
    ):
        monkeypatch.setattr(within, at_work)
        before = state()
        assert ran(capsys, *given)[0] == 2
        assert state() == before != seen.pop()


def test_pictures_are_written_and_what_is_not_offered_is_told(tmp_path, capsys):
    """The files' names are printed; the exit code is 1 where a function is lacking."""
    only = tmp_path / "only.py"
    only.write_text("def matvec(A, x):\n    return A @ x\n")
    out = tmp_path / "new" / "folder"
    assert ran(capsys, "figures", "relu_step", "--impl", "numpy", "--out", str(out)) == (
        0,
        f"{out}/relu_step.svg\n",
        "",
    )
    assert [file.name for file in out.iterdir()] == ["relu_step.svg"]
    code, printed, errors = ran(capsys, "figures", "relu_step", "--impl", str(only), "--out", str(out))
    assert (code, printed) == (1, "")
    assert re.fullmatch(r"relu_step was not drawn: .*only\.py does not offer \w+\.\n", errors)
