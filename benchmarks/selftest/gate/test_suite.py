"""Benchmarks that a repository has of its own, gated in it: nothing there is ours."""

import json
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from shrinkage.benchmarks.gate import calls, command
from shrinkage.benchmarks.gate.calls import GONE, Call, Calls
from shrinkage.benchmarks.gate.command import main
from shrinkage.benchmarks.gate.comparison import by_cause
from shrinkage.benchmarks.gate.findings import annotations
from shrinkage.benchmarks.gate.revisions.checkouts import Revision, Unusable
from shrinkage.benchmarks.gate.sides import Home, Sides
from shrinkage.benchmarks.gate.suite.environment import made
from shrinkage.benchmarks.gate.suite.provider import WORKER
from shrinkage.benchmarks.gate.suite.storage import store
from shrinkage.benchmarks.report.readme import GATING
from shrinkage.benchmarks.selftest.gate.test_origins import commit
from shrinkage.benchmarks.selftest.gate.test_runs import SCHEMA, git, left_behind
from shrinkage.properties.isolated.worker import Failed

MINI = """
def total(n):
    return sum(range(n))

def joined(words):
    return " ".join(words)

def used_up(items):
    while items:
        items.pop()
"""
SLOWER = MINI.replace("sum(range(n))", "sum(sum(range(n)) for _ in range(20)) // 20")
TESTS = """
import pytest
from mini import joined, total, used_up

made = []

@pytest.fixture(scope="module")
def words():
    made.append(1)
    yield ["word"] * 3000
    made.clear()

@pytest.mark.parametrize("n", [1000, 3000])
def test_total(benchmark, n):
    benchmark.group = "sums"
    assert benchmark(total, n) == n * (n - 1) / 2

def test_joined(benchmark, words):
    benchmark.extra_info["words"] = len(words)
    assert benchmark(joined, words).startswith("word word")
    assert made == [1]

def test_used_up(benchmark):
    benchmark.pedantic(used_up, setup=lambda: (([1] * 3000,), {}), rounds=5)

def test_once(benchmark):
    items = [1] * 3000
    benchmark.pedantic(used_up, args=(items,))
    assert items == []

@pytest.mark.skip(reason="not today")
def test_skipped(benchmark):
    benchmark(total, 3)

def test_something_else():
    raise AssertionError("it is not run")
"""
ASV = """
import mini

class Sums:
    params = [[100, 1000], ["a"]]

    def setup(self, n, letter):
        self.n = n

    def time_total(self, n, letter):
        mini.total(self.n)

    def peakmem_total(self, n, letter):
        mini.total(self.n)

    def time_letters(self, n, letter):
        if n == 100:
            raise ValueError
"""
# zarr's plugin is there where its package is, and takes as long as all else that a process begins with.
WITHOUT = "-p no:zarr"
CONFIGURED = {
    "pyproject.toml": '[project]\nname = "mini"\nversion = "1"\n[tool.setuptools]\npackage-dir = {"" = "src"}\n'
    f'[tool.pytest.ini_options]\naddopts = "--benchmark-disable --strict-markers {WITHOUT}"\n',
    "src/mini/__init__.py": MINI,
    "tests/test_speed.py": TESTS,
    "tests/test_long.py": "import os, mini\nopen(os.environ['COLLECTED'], 'a').write('x')\ndef test_nothing(): pass\n",
    "asv.conf.json": '{\n  // as asv writes it\n  "version": 1,\n  "benchmark_dir": "asv_bench",\n}\n',
    "asv_bench/__init__.py": "",
    "asv_bench/sums.py": ASV,
}
STANDS_IN = {
    "tests/own/conftest.py": "import pytest\n@pytest.fixture\ndef benchmark():\n    return lambda f, *args: f(*args)\n",
    "tests/own/test_own.py": "import mini\ndef test_own(benchmark):\n    assert benchmark(mini.total, 9) == 36\n",
}
MARKED = {
    "tests/marked/test_marked.py": "import mini, pytest\npytestmark = pytest.mark.benchmark\n@pytest.fixture\n"
    "def words():\n    return ['word'] * 3000\n@pytest.mark.parametrize('count', [3])\n"
    "def test_marked(words, count):\n    for _ in range(count):\n        mini.joined(words)\n"
}
FLAT = {"mini.py": MINI, "test_speed.py": TESTS, "pytest.ini": f"[pytest]\naddopts = {WITHOUT}\n"}


def home(folder: Path, side: str, files: Mapping[str, str]) -> Home:
    """A side whose processes run these files, as they lie in a folder."""
    tree = folder / side
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    told = json.dumps({"tests": None, "select": "", "marks": "", "places": []})
    return Home(tree, [told], [tree, tree / "src"], folder / f"cache-{side}", WORKER)


def test_each_kind_of_call_is_sampled(tmp_path, monkeypatch):
    """Fixtures of any scope, parameters, setup before each call, what can be called once alone; asv's the same way."""
    monkeypatch.setenv("COLLECTED", os.devnull)
    sides = Sides(tmp_path, {"head": home(tmp_path, "head", CONFIGURED | STANDS_IN | MARKED)})
    with sides.process("head") as process:
        names = sides.started(process).ask("names")
        marked, own, *tests = (name for name in names if "::" in name)
        assert process.ask("first_call", case=own) >= 0, "the project's own fixture, in place of a plugin"
        assert [name.partition("::")[2] for name in tests] == [
            *("test_total[1000]", "test_total[3000]", "test_joined", "test_used_up", "test_once", "test_skipped")
        ]
        times = "sums.Sums.time_total(100, 'a')", "sums.Sums.time_total(1000, 'a')", "sums.Sums.peakmem_total(100, 'a')"
        assert {*times} < {*names}
        for case in (*tests[:5], *times, tests[2], marked):
            assert 0 < process.ask("load", case=case) < 1
            process.ask("move", case=case, place=1)
            assert 0 < process.ask("time", case=case, calls=3, warm=1) < 1
            assert process.ask("drop", case=case) == ""
            process.ask("check", case=case)
        assert process.ask("by_fresh_calls") == [tests[4]]
        assert process.ask("peak", case=tests[2]) > 10_000
        assert process.ask("packages") == ["mini", "test_long"]  # which can be imported from nowhere
        assert process.ask("import_time", module="test_long") is None
        for case, said in ((tests[5], "NotOffered: it is skipped"), ("sums.Sums.time_letters(100, 'a')", "ValueError")):
            with pytest.raises(Exception, match=said):
                process.ask("first_call", case=case)


@pytest.mark.parametrize(
    ("files", "names", "said"),
    [
        (
            {"mini.py": "def total(:\n"},
            ("test_total[1000]", "test_joined", "test_once", "test_used_up"),
            "4 benchmarks cannot be run: SyntaxError: invalid syntax (mini.py, line 1) (test_speed.py::test_joined, "
            "test_speed.py::test_once, test_speed.py::test_total[1000] and 1 more)",
        ),
        (
            {"mini.py": "import no_such_module"},
            ("test_joined", "test_once"),
            "2 benchmarks cannot be run: ModuleNotFoundError: No module named 'no_such_module' "
            "(test_speed.py::test_joined, test_speed.py::test_once)",
        ),
        (
            {"test_speed.py": TESTS.replace("made == [1]", "made == [2]")},
            ("test_joined",),
            "test_speed.py::test_joined cannot be run: AssertionError: assert [1] == [2]",
        ),
        ({"test_speed.py": ""}, ("test_joined", "test_once"), "all 2 benchmarks are gone"),
    ],
    ids=["no Python", "a module is missing", "an assert fails", "gone"],
)
def test_a_cause_is_told_once_with_all_that_it_costs(tmp_path, files, names, said):
    """By the error's own name and words, and its place in the repository, not in a folder that is gone."""
    sides = Sides(tmp_path, {"head": home(tmp_path, "head", FLAT | files)})
    failures = {}
    with sides.process("head") as process:
        for name in names:
            with pytest.raises(Failed) as failed:
                process.ask("check", case=f"test_speed.py::{name}")
            failures[f"test_speed.py::{name}"] = str(failed.value)
    assert [*by_cause(failures, "cannot be run", "cannot be run", len(names))] == [said]
    assert [*by_cause(dict.fromkeys("ab", f"NotOffered: {GONE}"), "", "", 3)] == ["2 benchmarks are gone: a, b"]


def test_a_file_is_told_by_where_it_is_in_the_repository(tmp_path):
    """Installed or not."""
    where = replace(home(tmp_path, "head", {"src/mini/core.py": ""}), places=[tmp_path / "env-head"])
    installed = tmp_path / "env-head" / "lib" / "python3.11" / "site-packages" / "mini" / "core.py"
    for file in (installed, tmp_path / "head" / "src" / "mini" / "core.py"):
        assert where.as_in_the_repository(f"no x in 'mini' ({file}), once") == "no x in 'mini' (src/mini/core.py), once"


LOOP = """
def total(n):
    found = 0
    for i in range(n):
        found += i
    return found
"""
# A tenth more of the same, and 40,000 bytes.
TENTH = LOOP.replace("range(n)", "range(-(n // 10), n)").replace(
    "return found", "spare = bytes(40_000)\n    return found + (n // 10) * (n // 10 + 1) // 2"
)
FOUR = """
import pytest
from mini import joined, total, used_up

@pytest.fixture(scope="module")
def words():
    return ["word"] * 3000

@pytest.fixture(params=["word", "none"])
def word(request):
    return request.param

@pytest.mark.parametrize("n", [1000, 3000])
def test_total(benchmark, n):
    assert benchmark(total, n) == n * (n - 1) / 2

def test_joined(benchmark, words):
    assert benchmark(joined, words).startswith("word word")

def test_counted(benchmark, words, word):
    assert benchmark(words.count, word) == 3000 * (word == "word")

def test_used_up(benchmark):
    benchmark.pedantic(used_up, setup=lambda: (([1] * 3000,), {}), rounds=5)
"""
JOINED = """
import mini

class Joined:
    params = [3000]

    def setup(self, n):
        self.words = ["word"] * n

    def time_joined(self, n):
        mini.joined(self.words)

    def mem_words(self, n):
        return list(self.words)
"""


@pytest.mark.power
def test_a_repository_is_gated_by_the_printed_command(tmp_path, monkeypatch):
    """Installed its own way, in a folder of it, without a word of us: red for the commit and the tests, green else."""
    repo, out, comment = tmp_path / "repo", tmp_path / "gate.json", tmp_path / "gate.md"
    mini, before = "src/mini/__init__.py", MINI.replace(MINI[: MINI.index("def joined")], LOOP + "\n")
    commit(repo, "v1", {**CONFIGURED, mini: before, "tests/test_speed.py": FOUR, "asv_bench/sums.py": JOINED})
    commit(repo, "v2", {mini: f"# as it was\n{before}"})
    commit(repo, "v3", {mini: before.replace(LOOP, TENTH)})
    git(repo, "branch", "--move", "--force", "main")
    monkeypatch.chdir(repo / "tests")
    monkeypatch.setenv("COLLECTED", str(tmp_path / "collected"))
    (printed,) = re.findall(r"^shrinkage gate (--history .*?) +#", GATING.read_text(encoding="utf-8"), re.MULTILINE)
    assert main([*printed.split(), "--json", str(out), "--markdown", str(comment)]) == 1
    green, red = results = json.loads(out.read_text())
    for result in results:
        jsonschema.validate(result, SCHEMA)
        assert [row["name"] for row in result["import"]] == ["mini"]
        assert {row["name"] for row in result["memory"]} - {row["case"] for row in result["time"]} == {
            "sums.Joined.mem_words(3000)"
        }
        assert len(result["time"]) == 7
    assert (green["verdict"], red["verdict"]) != ("regression", "regression"), green["reasons"]
    assert red["verdict"] == "regression", red["reasons"]
    totals = {f"tests/test_speed.py::test_total[{n}]" for n in (1000, 3000)}
    assert {row["name"] for row in red["memory"] if row["verdict"] == "regression"} == totals
    assert {row["case"] for row in red["time"] if row["verdict"] == "regression"} & totals
    assert {row["case"] for row in red["time"] if row["verdict"] == "regression"} <= totals
    assert "peak memory of tests/test_speed.py::test_total" in comment.read_text()
    assert any(line.startswith("::error file=tests/test_speed.py,title=gate::peak") for line in annotations(red))
    status = subprocess.run(["git", "status", "--porcelain", "--ignored"], cwd=repo, capture_output=True, check=True)
    assert status.stdout == b""
    assert (tmp_path / "collected").read_text() == "xxxx", "what times nothing was collected again"
    assert left_behind() == []


@pytest.mark.parametrize(
    ("changed", "options", "code", "sentence"),
    [
        ({"test_speed.py": ""}, ["-k", "test_total"], 1, "all 2 benchmarks are gone"),
        ({"mini.py": "raise OSError('not today')"}, [], 1, "benchmarks cannot be run: OSError: not today ("),
        ({"mini.py": SLOWER.replace("// 20", "// 19")}, ["-k", "total"], 1, "test_total[1000] gives a wrong answer"),
        (
            {"test_speed.py": TESTS.replace("test_joined", "test_all")},
            ["-k", "joined or all or once"],
            2,
            "::test_joined is gone, and test_speed.py::test_all new: was it renamed? It has not been compared "
            "test_speed.py::test_once cannot be called twice in a row",
        ),
        (
            {},
            ["-k", "nothing_of_that_name"],
            2,
            "has no benchmark that -k nothing_of_that_name chooses in either revision",
        ),
        ({}, ["--only", "accuracy"], 2, "--only accuracy is not measured of"),
        ({}, ["--impl", "mini.py", "--tests", "x"], 2, "--tests, -m and --build are about the benchmarks of a"),
        ({}, ["--tests", "nowhere"], 2, "has no such file or folder in either revision"),
        (
            {},
            ["--build", "echo error: no compiler; false"],
            2,
            "false', exit code 1: error: no compiler",
        ),
        ({}, ["--build", "false"], 2, "'false', exit code 1: it printed nothing"),
        (
            {"pytest.ini": "addopts"},
            [],
            2,
            "v1 cannot be loaded: RuntimeError: pytest ended with exit code 4. It said last: ERROR: pytest.ini:1: ",
        ),
    ],
    ids=[
        *("gone", "broken", "wrong", "renamed", "none", "not measured", "not tests", "nowhere", "no build"),
        *("a silent build", "no configuration"),
    ],
)
@pytest.mark.power
def test_what_cannot_be_gated_says_so(tmp_path, capsys, changed, options, code, sentence):
    """In a sentence, and it does not pass."""
    commit(tmp_path, "v0", FLAT)
    commit(tmp_path, "v1", {"README": "v1"} | changed)
    assert main(["v0", "v1", "--repo", str(tmp_path), "--only", "memory", *options]) == code
    said = " ".join("".join(capsys.readouterr()).split())
    assert sentence in said
    assert " is new" not in said
    assert left_behind() == []


def test_tests_are_found_from_wherever_one_stands(tmp_path, monkeypatch):
    """As the repository has them; what is there in neither way is told of later, by the name that was given."""
    commit(tmp_path / "repo", "v0", {"tests/test_x.py": ""})
    monkeypatch.chdir(tmp_path / "repo" / "tests")
    for given in ("tests/test_x.py::test_y", "test_x.py::test_y", f"{Path.cwd()}/test_x.py::test_y"):
        assert command._of_the_repository(given, tmp_path / "repo") == "tests/test_x.py::test_y"
    assert command._of_the_repository("nowhere", tmp_path / "repo") == "nowhere"
    with pytest.raises(Unusable, match=r"--tests /dev/null is not in .*repo, which is gated"):
        command._of_the_repository("/dev/null", tmp_path / "repo")


def test_what_tests_leave_is_in_the_folder_that_goes(tmp_path):
    """pytest's own folders, too: it keeps the last three of those that it finds."""
    test = "import os\n\ndef test_x(benchmark, tmp_path):\n"
    test += "    assert benchmark(str, tmp_path).startswith(os.environ['XDG_CACHE_HOME'])\n"
    sides = Sides(tmp_path, {"head": home(tmp_path, "head", {"test_speed.py": test})})
    with sides.process("head") as process:
        sides.started(process).ask("check", case="test_speed.py::test_x")


@pytest.mark.parametrize(
    ("switches", "seconds", "taken"),
    [
        ([0, 0], [0, 9], 1),
        ([0, 1, 1, 2, 2, 2], [0.003, 0.003, 0, 9], 3),
        ([0, 1], [0.03, 9], 1),
        (range(99), 9 * [0], 4),
    ],
    ids=["undisturbed", "twice", "too long to be not", "always"],
)
def test_a_sample_in_which_somebody_else_had_the_core_is_taken_again(monkeypatch, switches, seconds, taken):
    """A few times, unless none of that length would be undisturbed."""
    monkeypatch.setattr(calls, "RETAKEN", 3)
    monkeypatch.setattr(calls, "_preempted", iter(switches).__next__)
    waits = [0, *seconds]  # one to warm up
    held: Any = SimpleNamespace(held=Call(lambda: time.sleep(waits.pop(0))))
    assert seconds[taken - 1] <= Calls.time(held, "", 1) < 1
    assert len(seconds) - len(waits) == taken


def test_where_there_is_no_main_a_base_is_asked_for(tmp_path, monkeypatch, capsys):
    """A branch of another name has left nothing that is known."""
    commit(tmp_path, "v0", FLAT)
    git(tmp_path, "branch", "-m", "trunk")
    monkeypatch.chdir(tmp_path)
    assert main([]) == 2
    assert "Without BASE, it is where this branch left main or master: name another" in capsys.readouterr().err


def test_a_commit_is_installed_once(tmp_path):
    """For whichever run needs it, a copy each; the working tree, which has no name, every time."""
    log = tmp_path / "log"
    build = f'echo "$VIRTUAL_ENV" >> {log}; touch "$VIRTUAL_ENV/lib/mine"'
    for i, (name, installed) in enumerate([("v0", 1), ("v0", 1), ("v1", 2), ("the working tree", 3), ("v0", 3)]):
        environment = tmp_path / str(i)
        assert made(tmp_path, environment, Revision(name, f"{name:a<40}"), build, math.inf)
        assert len(log.read_text().splitlines()) == installed
        (environment / "lib" / "mine").unlink()  # its own


@pytest.mark.power
def test_what_an_installation_leaves_is_gone_with_the_gate(tmp_path):
    """pip that is ended in the middle removes nothing."""
    commit(tmp_path / "repo", "v0", FLAT)
    (tmp_path / "repo" / "README").write_text("changed")
    (tmp_path / "temporary").mkdir()
    command = [sys.executable, "-m", "shrinkage", "gate", "v0", "--build", "mktemp -d; false"]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    done = subprocess.run(command, cwd=tmp_path / "repo", env=environment, capture_output=True, text=True, check=False)
    assert "exit code 1" in done.stderr
    assert done.returncode == 2
    assert [*(tmp_path / "temporary").iterdir()] == []


@pytest.mark.power
def test_a_gate_that_is_killed_takes_the_installation_along(tmp_path):
    """Also the command that was started to install."""
    commit(tmp_path, "v0", FLAT)
    (tmp_path / "README").write_text("changed")
    mark = tmp_path / "begun"
    build = f"echo $$ > {mark}; sleep 654; true"
    gate = subprocess.Popen(
        [sys.executable, "-m", "shrinkage", "gate", "v0", "--repo", str(tmp_path), "--build", build],
        stderr=subprocess.DEVNULL,
    )
    while not (mark.exists() and mark.read_text()):
        assert gate.poll() is None
        time.sleep(0.05)
    gate.kill()
    gate.wait()
    time.sleep(0.5)
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "sleep 654" not in listed


def test_a_pull_request_says_where(capsys):
    """GitHub's commands end at a line's end, and colons and commas of a file's name are not theirs."""
    result = {
        "reasons": ["a,b.py::test_x takes 2 times as long\n::warning::forged"],
        "time": [{"case": "a,b.py::test_x", "verdict": "regression"}, {"case": "c", "verdict": "pass"}],
        "memory": [{"name": "a,b.py::test_y", "verdict": "inconclusive"}],
    }
    assert [*annotations(result)] == [
        "::warning file=a%2Cb.py,title=gate::a,b.py::test_y: inconclusive",
        "::error file=a%2Cb.py,title=gate::a,b.py::test_x takes 2 times as long%0A::warning::forged",
    ]


def test_what_tests_are_called_is_printed_as_it_is(tmp_path, monkeypatch, capsys):
    """No markup and no emoji, in the table, in a reason, in a sentence; and the files are there, too."""
    names = ["t.py::test_read[/data/a]", "t.py::test_ridge[lam1]", "t.py::test_x[bold:smile:]"]
    row = {"ratio": 1.0, "interval": [0.9, 1.1], "p": 0.5, "rounds": [12, 0], "control": 1.0, "same_code": False}
    side = {"name": "[/v0]", "commit": 40 * "a"}
    result = {
        **{"base": side, "head": side, "implementation": "[mine]", "machine": {"cores": 2}, "seconds": 1.0},
        **{"threshold": 0.025, "alpha": 0.01, "verdict": "regression", "reasons": names, "notes": []},
        "time": [{"case": name, "verdict": "regression", **row} for name in names],
    }
    monkeypatch.setattr(command, "run", lambda options, say: say("[/x] [lam1]") or result)
    files = [tmp_path / "gate.json", tmp_path / "gate.md"]
    commit(tmp_path, "v0")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README").write_text("changed")
    assert main(["HEAD", "--json", str(files[0]), "--markdown", str(files[1])]) == 1
    said = capsys.readouterr()
    assert all(said.out.count(name) == 2 for name in names), said.out
    assert all(name in file.read_text() for name in names for file in files)
    assert said.err.endswith(" s  [/x] [lam1]\n")

    def fail(*_):
        raise Unusable("t.py::test_read[/data/a] [lam1] :smile:")

    monkeypatch.setattr(command, "run", fail)
    assert main(["HEAD"]) == 2
    assert "unusable: t.py::test_read[/data/a] [lam1] :smile:\n" in capsys.readouterr().err


def test_pytest_benchmark_reads_what_was_timed(tmp_path):
    """Both revisions, one run each, after those that are there."""
    seconds = {"base": [1e-3, 2e-3, 3e-3], "head": [2e-3, 4e-3, 6e-3]}
    rows = [{"case": "test_speed.py::test_total[1000]", "seconds": seconds}, {"case": "test_speed.py::test_undecided"}]
    sides = {side: {"name": side, "commit": 40 * side[0]} for side in ("base", "head")}
    result = {"time": rows, "date": "2026-11-29T12:00:00+00:00", **sides}
    names = [file.name for _ in range(2) for file in store(result, tmp_path / "storage")]
    assert [name.partition("_")[0] for name in names] == ["0001", "0002", "0003", "0004"]
    command = ["-m", "pytest_benchmark", "--storage", f"file://{tmp_path / 'storage'}", "compare", "0001", "0002"]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("test_total")]
    assert [row[0] for row in rows] == ["test_total[1000]", "test_total[1000]"]
    assert {"2.0000", "4.0000"} <= {*rows[0], *rows[1]}, "medians in milliseconds"
