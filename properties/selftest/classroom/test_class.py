"""`shrinkage judge --class`: each is one line, whatever he has handed in, and what was found is found again at once."""

import csv
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from shrinkage.properties.classroom import students
from shrinkage.properties.selftest.own_pytest import interrupted_python, own_python

pytestmark = pytest.mark.power

RIGHT = """import numpy as np


def linear_form(x, c):
    return np.dot(x, c)


def squared_norm(x):
    return x @ x
"""
WRONG = RIGHT.replace("return x @ x", "return 2 * (x @ x)")
HANDED_IN = {
    "ada": {"calculus.py": RIGHT},
    "bob": {"calculus.py": WRONG},
    "cyd": {"norms.py": "def squared_norm(x)\n    return x @ x\n", "forms.py": RIGHT.split("\n\n\ndef squared")[0]},
    "dan": {"calculus.py": RIGHT + "\n\nwhile True:\n    pass\n"},
    "eve": {"calculus.py": RIGHT.replace("    return x @ x", "    print('x' * 1_000_000)\n    return x @ x")},
    "fay": {"calculus.py": "import os\n\nos.remove(__file__)\n" + RIGHT},
    "gus": {"calculus.py": RIGHT.replace("    return x @ x", "    import os\n\n    os._exit(3)")},
    "hal": {"calculus.py": RIGHT.replace("linear_form", "form").replace("squared_norm", "norm")},
}
LINES = {
    "ada": ("2.0", ""),
    "bob": ("1.0", "squared_norm"),
    "cyd": ("1.0", "norms.py, line 1 is no Python (expected ':'): def squared_norm(x)."),
    "dan": ("0.0", "was not imported within 6 s"),
    "eve": ("1.0", "squared_norm printed 'xxx"),
    "fay": ("2.0", ""),
    "gus": ("1.0", "squared_norm ended the process with exit code 3"),
    "hal": ("0.0", "hal offers no function of the contract"),
}
CHOSEN = ["-k", "linear_form_is or squared_norm_is", "--call-seconds", "2"]


def class_of(folder: Path, names: str = "ada bob cyd dan eve fay gus hal") -> list[str]:
    """The command line for these students, in a folder with a cache of its own."""
    for name in names.split():
        (folder / "submissions" / name).mkdir(parents=True)
        for file, text in HANDED_IN[name].items():
            (folder / "submissions" / name / file).write_text(text)
    return ["-m", "shrinkage", "judge", "--class", "submissions", *CHOSEN]


def judged(folder: Path, command: list[str], *options: str) -> tuple[int, str]:
    """Exit code and output, without the lines that tell how far it is: of each one."""
    code, output = own_python(folder, *command, *options, XDG_CACHE_HOME=str(folder / "cache"))
    told = re.findall(r"^ *\d+ s  (\d+) of (\d+) are judged$", output, re.MULTILINE)
    everybody = len([*(folder / "submissions").iterdir()])
    assert told == [(str(done), str(everybody)) for done in range(1, everybody + 1)]
    return code, re.sub(r"^ *\d+ s  .*\n", "", output, flags=re.MULTILINE)


def test_each_is_a_line_whatever_was_handed_in(tmp_path):
    """Right, wrong, no Python, endless, loud, deleting, leaving, by other names: a line, a page and points for each."""
    command = class_of(tmp_path)
    written = ["--csv", "grades.csv", "--pages", "pages", "--gradescope-folder", "points"]
    code, output = judged(tmp_path, command, *written)
    assert code == 1, output
    rows = {row["student"]: row for row in csv.DictReader((tmp_path / "grades.csv").read_text().splitlines())}
    assert [*rows] == [*LINES]
    for name, (points, said) in LINES.items():
        assert rows[name]["points"] == points, rows[name]
        assert said in rows[name]["first finding"]
        assert bool(said) == bool(rows[name]["first finding"])
        assert f"\n{name} " in output
        assert json.loads((tmp_path / "points" / f"{name}.json").read_text())["score"] == float(points)
        assert name in (tmp_path / "pages" / f"{name}.html").read_text()
    for name, files in HANDED_IN.items():  # as they were
        assert {path.name for path in (tmp_path / "submissions" / name).iterdir()} == {*files}
    before = time.monotonic()
    assert judged(tmp_path, command) == (code, output)
    assert time.monotonic() - before < 10  # nobody was judged again


def test_who_hands_in_anew_is_judged_anew(tmp_path):
    """What is kept is of the same files; --fresh believes nothing."""
    command = class_of(tmp_path, "bob")
    kept = tmp_path / "cache" / "shrinkage" / "classes"
    assert judged(tmp_path, command)[0] == 1
    (tmp_path / "submissions" / "bob" / "calculus.py").write_text(RIGHT)
    assert judged(tmp_path, command)[0] == 0
    stored = sorted(kept.iterdir())
    assert len(stored) == 2
    for path in stored:
        path.write_text('{"card": null, "refused": "as it is kept"}')
    assert "as it is kept" in judged(tmp_path, command)[1]
    assert "as it is kept" not in judged(tmp_path, command, "--fresh")[1]


def test_a_file_is_a_student_who_has_nobody_else_s_files(tmp_path):
    """A .py file is judged alone: it cannot import its neighbour."""
    command = class_of(tmp_path, "ada")
    (tmp_path / "submissions" / "zoe.py").write_text("from ada import linear_form, squared_norm\n")
    (tmp_path / "submissions" / "ada.py").write_text(RIGHT)
    code, output = judged(tmp_path, command)
    assert code == 1
    assert [line.split()[0] for line in output.splitlines()] == ["student", "ada", "ada.py", "zoe"]
    assert "zoe" in output.splitlines()[-1]
    assert "0 of 2" in output.splitlines()[-1]


def test_an_interrupted_class_goes_on(tmp_path):
    """Ctrl-C ends whoever is at work; who was judged is kept."""
    command = class_of(tmp_path, "ada dan")
    kept = tmp_path / "cache" / "shrinkage" / "classes"
    slow = [*command[:-1], "60", "--jobs", "1"]
    (tmp_path / "temporary").mkdir()
    environment: Any = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "temporary")}
    code, said = interrupted_python(tmp_path, lambda: [*kept.glob("*.json")], *slow, **environment)
    assert code == 2
    assert "left at work" not in said
    assert "interrupted: 1 of 2 are judged, and the same command goes on from there" in said
    assert [*(tmp_path / "temporary").iterdir()] == [], "of the copies of what was handed in, none"


def test_what_is_written_into_the_class_is_nobody(tmp_path):
    """Pages and points beside those who handed in, where somebody calls it there."""
    command = class_of(tmp_path, "ada")
    written = ["--pages", "submissions/pages", "--gradescope-folder", "submissions/points"]
    for _ in range(2):
        code, output = own_python(tmp_path, *command, *written, XDG_CACHE_HOME=str(tmp_path / "cache"))
        assert code == 0, output
        assert re.findall(r"^(\w+) +\d of 2", output, re.MULTILINE) == ["ada"]


def test_what_nobody_was_asked_for_has_no_points(tmp_path):
    """What cyd's other file would have offered counts where it was asked for, and is what is said of him."""
    command = class_of(tmp_path, "ada cyd")
    (tmp_path / "submissions" / "dan.py").write_text("import os\nfrom calculus import *\n")
    command[command.index("-k") + 1] = "linear_form_is"
    _, output = judged(tmp_path, command)
    assert re.findall(r"^(\w+) +(\d of \d)", output, re.MULTILINE) == [
        ("ada", "1 of 1"),
        ("cyd", "1 of 1"),
        ("dan", "0 of 1"),
    ]
    assert "dan.py: nothing could be imported from calculus: " in output


@pytest.mark.parametrize(("many", "course"), [(1, False), (2, False), (3, True)])
def test_the_rules_are_those_of_more_than_half(tmp_path, many, course):
    """One who writes `from cs231n.layers import *` does not make them for all."""
    for i in range(4):
        text = "from cs231n.layers import *\n" * (i < many) + RIGHT
        (tmp_path / f"s{i}.py").write_text(text)
    found, number = students.course(students.students(tmp_path)[0])
    assert number == many
    assert (found is not None) == course


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--class", "nowhere"], "--class nowhere is no folder"),
        (["--class", ".", "--page", "a.html"], "--page is about one, and --class about many"),
        (["mine.py", "--class", "."], "mine.py and --class are two things: leave out one"),
        (["--class", ".", "--pages", "/dev/null"], "argument --pages: /dev/null cannot be written into: give a folder"),
        (["--class", ".", "--gradescope-folder", "/dev/null/a"], "/dev/null/a cannot be written into: give a folder"),
        (["mine.py", "--csv", "a.csv"], "--csv is about a class: name its folder by --class"),
        (["--class", "."], "holds neither folders nor .py files: nobody has handed in."),
        (["mine.py", "--profile", "ci", "--profile", "quick"], "argument --profile: ci and quick are two of a kind"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(tmp_path, options, said):
    """Exit code 2, and how to say it."""
    code, output = own_python(tmp_path, "-m", "shrinkage", "judge", *options)
    assert code == 2
    assert said in output
    assert len(output.splitlines()) == 1
