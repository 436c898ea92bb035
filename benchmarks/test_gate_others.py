"""The gate beside other tools: what they print is read right, head is slowed where it should be, runs are counted."""

import filecmp
import importlib.util
import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gate import others, slowed, tools
from benchmarks.gate.account import SLOWDOWNS
from benchmarks.gate.slowed import Code
from benchmarks.gate.tools import Verdict
from benchmarks.gate.trees import ROOT, Unusable
from benchmarks.gate.workers import Process

pytestmark = pytest.mark.power

CASES = ["squared_norm-large", "matvec-large"]

# What pytest-benchmark 5.3.1 and asv 0.6.6 printed, the traceback left out, and the times of what was not compared.
PYTEST_BENCHMARK = """\
Comparing against benchmarks from: Linux-CPython-3.11-64bit/0001_base.json
benchmarks: impl; threads: 1; sizes: quick
...                                                                      [100%]

-------------------------------------------- benchmark 'matvec-large': 2 tests --------------------------------------------
Name (time in us)                                             Min              Median                 IQR            Rounds
---------------------------------------------------------------------------------------------------------------------------
test_time_of_calculus[matvec-large-impl] (0001_base)     271.2180 (1.0)      284.2130 (1.0)        9.7540 (1.0)        1582
test_time_of_calculus[matvec-large-impl] (NOW)           302.1650 (1.11)     314.9910 (1.11)     112.4430 (11.53)      1608
---------------------------------------------------------------------------------------------------------------------------

-------------------------------------------- benchmark 'squared_norm-small': 2 tests --------------------------------------------
Name (time in ns)                                                   Min              Median                IQR            Rounds
--------------------------------------------------------------------------------------------------------------------------------
test_time_of_calculus[squared_norm-small-impl] (NOW)           615.9999 (1.0)      660.9998 (1.0)      33.0001 (1.0)       48874
test_time_of_calculus[squared_norm-small-impl] (0001_base)     649.0000 (1.05)     730.0005 (1.10)     72.0001 (2.18)      22990
--------------------------------------------------------------------------------------------------------------------------------

Legend:
  Outliers: 1 Standard Deviation from Mean; 1.5 IQR (InterQuartile Range) from 1st Quartile and 3rd Quartile.
  OPS: Operations Per Second, computed as 1 / Mean

--------------------------------------------------------------------------------
Performance has regressed:
\ttest_time_of_calculus[matvec-large-impl] (0001_base) - Field 'median' has failed PercentageRegressionCheck: \
10.829202090 > 5.000000000
\ttest_time_of_calculus[matvec-large-impl] (0001_base) - Field 'min' has failed PercentageRegressionCheck: \
11.410378239 > 5.000000000
--------------------------------------------------------------------------------
"""  # noqa: E501
ASV_WORSE = """\
| Change   | Before [780e4da9] <base>   | After [3dc1d47c] <head>   |   Ratio | Benchmark (Parameter)           |
|----------|----------------------------|---------------------------|---------|---------------------------------|
| +        | 283±1μs                    | 335±10μs                  |    1.18 | cases.time_case('matvec-large') |

SOME BENCHMARKS HAVE CHANGED SIGNIFICANTLY.
PERFORMANCE DECREASED.
"""
ASV_BETTER = """\
| Change   | Before [81078813] <head>   | After [780e4da9] <base>   |   Ratio | Benchmark (Parameter)                       |
|----------|----------------------------|---------------------------|---------|---------------------------------------------|
| -        | 9.53±0.5μs                 | 1.05±0.02μs               |    0.11 | cases.Cases.time_case('squared_norm-small') |

SOME BENCHMARKS HAVE CHANGED SIGNIFICANTLY.
PERFORMANCE INCREASED.
"""  # noqa: E501
ASV_SAME = """\
[100.00%] ··· cases.Cases.time_case                                           ok
[100.00%] ··· ==================== =============
                      case                      
              -------------------- -------------
               squared_norm-large    968±300μs  
               squared_norm-small   1.05±0.04μs 
              ==================== =============


BENCHMARKS NOT SIGNIFICANTLY CHANGED.
"""  # noqa: W291
ASV_FAILED = """\
[100.00%] ··· cases.Cases.time_case                                   1/2 failed
[100.00%] ··· ============== =============
                   case                   
              -------------- -------------
               matvec-large   1.58±0.02ms 
                 nonesuch        failed   
              ============== =============
"""  # noqa: W291


def test_the_alarms_of_pytest_benchmark_are_read():
    """By field; that a time is listed is no alarm."""
    assert tools.regressed(PYTEST_BENCHMARK) == {"median": ["matvec-large"], "min": ["matvec-large"]}
    only_min = "\n".join(line for line in PYTEST_BENCHMARK.splitlines() if "'median'" not in line)
    assert tools.regressed(only_min) == {"median": [], "min": ["matvec-large"]}
    assert tools.regressed(PYTEST_BENCHMARK.partition("Performance")[0]) == {"median": [], "min": []}


def test_the_alarms_of_asv_are_read():
    """What became faster is none, and a comparison that did not take place is no verdict."""
    assert tools.worse(ASV_WORSE) == ["matvec-large"]
    assert tools.worse(ASV_BETTER) == tools.worse(ASV_SAME) == []
    for printed in (ASV_FAILED, "", ASV_WORSE.replace("| + ", "| ! ")):
        with pytest.raises(Unusable, match="asv could not compare the two commits"):
            tools.worse(printed)


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    """Base and head, compiled, with squared_norm slowed by a half."""
    made = Code.of(ROOT, tmp_path_factory.mktemp("code"))
    made.slow({"squared_norm": 0.5}, "slower")
    made.compiled(CASES)
    return made


def digests(code: Code, side: str) -> dict[str, str]:
    """Of the code behind each function, by name."""
    with Process(code.folder, side, ["impl"]) as process:
        for case in CASES:
            process.ask("load", case=case)
        return process.ask("code")


@pytest.mark.parametrize(("fraction", "taken"), [(0.0, 1000), (0.05, 1050), (0.5, 1500)])
def test_what_is_slowed_takes_that_much_longer(monkeypatch, fraction, taken):
    """By a clock that only moves when something is done: 1 a look, 998 a call between the first look and the next."""
    clock = [0]

    def look() -> int:
        clock[0] += 1
        return clock[0]

    def work(x: int, *, more: int) -> int:
        clock[0] += 998
        return x + more

    monkeypatch.setattr(time, "perf_counter_ns", look)
    assert slowed._slowed(work, fraction)(1, more=2) == 3
    assert taken <= clock[0] <= taken + 2


def test_what_is_not_slowed_is_untouched(code):
    """One file differs, and one function's code."""
    base, head = (code.folder / side for side in slowed.SIDES)
    files = [str(path.relative_to(base)) for path in (base / "impl").rglob("*.py")]
    same, different, missing = filecmp.cmpfiles(base, head, files, shallow=False)
    assert (different, missing) == (["impl/__init__.py"], [])
    assert len(same) > 20
    was, now = (digests(code, side) for side in slowed.SIDES)
    assert [name for name in was if now[name] != was[name]] == ["squared_norm"]


def test_the_commits_are_the_folders(code):
    """Base is checked out, in a clean tree; a head with nothing slowed is base."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=code.folder / "base", check=True, capture_output=True, text=True
        ).stdout

    assert git("diff", "--name-only", "base", "slower").split() == ["impl/__init__.py"]
    assert "squared_norm = _slowed(squared_norm, 0.5)" in git("show", "slower:impl/__init__.py")
    code.slow({}, "nothing")
    assert git("diff", "--name-only", "base", "nothing") == ""
    assert git("status", "--porcelain") == ""
    assert git("rev-parse", "HEAD") == git("rev-parse", "base")
    code.slow({"squared_norm": 0.5}, "again")
    assert git("diff", "slower", "again") == ""


def test_which_functions_can_be_slowed_and_which_are():
    """Long enough, in the large case, and no class; so many of each size, all different."""
    seconds = {"ridge-large": 1e-3, "lstsq-small": 1e-3, "sgd-large": 1e-5, "Solver-large": 1.0, "adam-large": 1e-3}
    assert slowed.slowable(seconds) == ["ridge", "adam"]
    functions = [f"function-{i}" for i in range(20)]
    slower = slowed.drawn(functions, 2)
    assert sorted(slower.values()) == sorted(2 * SLOWDOWNS)
    assert any(slowed.drawn(functions, 2).keys() != slower.keys() for _ in range(10))
    assert slowed.drawn(functions, 0) == {}
    assert len(slowed.drawn(functions[:3], 2)) == 3


def test_alarms_are_counted_by_what_was_slowed():
    """Of a slowed function the large case is to be found, of others an alarm is false; its small case is not asked."""
    told: dict[str, Any] = {"undecided": False, "unsure": ["adam-large"], "seconds": 60.0}
    runs: list[dict[str, Any]] = [
        {"slowed": {"ridge": 0.05, "adam": 0.1}, "tools": {"a": {"alarms": ["ridge-large", "ridge-small"], **told}}},
        {"slowed": {"ridge": 0.05}, "tools": {"a": {"alarms": ["adam-large", "ridge-small"], **told}}},
        {"slowed": {}, "tools": {"b": {"alarms": ["ridge-small"], **told}}},
    ]
    result = others.account({"cases": ["ridge-large"]}, runs)
    a, b = result["tools"]["a"], result["tools"]["b"]
    assert (a["false alarms"]["count"], a["false alarms"]["of"]) == (1, 2)
    assert [(row["slowdown"], row["count"], row["of"]) for row in a["found"]] == [
        *((0.02, 0, 0), (0.03, 0, 0), (0.05, 1, 2), (0.1, 0, 1))
    ]
    assert (b["false alarms"]["count"], b["false alarms"]["of"]) == (1, 1)
    assert b["false alarms"]["interval"] == [0.025, 1.0]
    assert (a["unsure"]["count"], a["unsure"]["of"]) == (1, 2)
    rows = others.markdown(result).splitlines()
    assert "Of the slowdowns that a did not find, 1 of 2 were inconclusive by its own account." in rows
    assert "| a | 2 | 1 of 2 | 1.3–98.7 % | 0 of 0 | 0 of 0 | 1 of 2 | 0 of 1 | 1.0 |" in rows


def alarming(folder: Path, head: str, cases: Sequence[str]) -> dict[str, Verdict]:
    """A tool that calls the first case slower."""
    assert (folder / "head" / "impl" / "__init__.py").is_file()
    return {"alarming": Verdict([cases[0]], undecided=True)}


def test_the_account_is_taken_up_again(tmp_path, monkeypatch, capsys):
    """With the same cases; with others, or from another kind of file, it is refused in a sentence."""
    monkeypatch.setattr(others, "TOOLS", {"gate": alarming})
    monkeypatch.setattr(Code, "compiled", lambda *_: {"ridge-large": 1.0})
    file = tmp_path / "others.json"
    given = ["--json", str(file), "-k", "ridge-*"]
    assert others.main([*given, "--tool", "gate", "--runs", "2"]) == 0
    first = json.loads(file.read_text(encoding="utf-8"))
    assert [run["slowed"].keys() for run in first["runs"]] == [{"ridge"}] * 2
    assert others.main([*given, "--tool", "gate", "--slowed", "0"]) == 0
    second = json.loads(file.read_text(encoding="utf-8"))
    assert second["runs"][:2] == first["runs"]
    assert [run["slowed"] for run in second["runs"][2:]] == [{}]
    assert second["tools"]["alarming"]["undecided"]["count"] == second["tools"]["alarming"]["undecided"]["of"] == 3
    assert "Of the runs of alarming, 3 of 3 were inconclusive" in capsys.readouterr().out
    assert others.main(["--json", str(file), "-k", "lstsq-*", "--tool", "gate"]) == 2
    assert "The runs from before differ in cases: begin another file." in capsys.readouterr().err
    file.write_text('{"kind": "proof", "runs": []}', encoding="utf-8")
    assert others.main([*given, "--tool", "gate"]) == 2
    assert "is no account of the tools beside each other: begin another file." in capsys.readouterr().err


def test_without_asv_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    """It is no dependency of the project."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unusable, match="asv is not installed: pip install asv virtualenv"):
        tools.ready_for_asv(tmp_path, CASES)


@pytest.mark.parametrize("arguments", [["--runs", "0"], ["--slowed", "-1"], ["--json", "/no/such/folder/x"]])
def test_a_command_line_that_makes_no_sense_says_how_to_say_it_right(capsys, arguments):
    """And the exit code is 2."""
    with pytest.raises(SystemExit) as exit_:
        others.main(arguments)
    assert exit_.value.code == 2
    assert "give" in capsys.readouterr().err
