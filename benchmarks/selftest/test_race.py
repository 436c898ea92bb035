"""The race: fair, checked, and gone when it is killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from shrinkage.benchmarks.cases import CASES
from shrinkage.benchmarks.race import turns
from shrinkage.benchmarks.race.command import SCHEMA, _offering, main, raced, seconds
from shrinkage.benchmarks.race.turns import FEWEST, Field, Refused, compared
from shrinkage.cli import usable_cores
from shrinkage.loader import load
from shrinkage.peers import library, written

ROOT = Path(__file__).parents[2]
LSTSQ, RIDGE, ADAM = (next(c for c in CASES if str(c) == name) for name in ("lstsq-small", "ridge-50x10", "adam-small"))
CORE = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
WRONG = """
import numpy as np
print("what is printed is no answer")

def lstsq(X, y, rcond=None):
    return np.linalg.lstsq(X, y)[0]

def ridge(X, y, lam):
    print("neither is this")
    return lstsq(X, y)
"""


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "shrinkage", "race", *arguments]


@pytest.fixture
def entered(tmp_path: Path) -> Iterator[Callable[..., Field]]:
    """A race of a file with this source and of others, that ends with the test."""
    fields = []

    def enter(source: str, *others: str, **options: Any) -> Field:
        (tmp_path / "mine.py").write_text(source)
        fields.append(Field([*others, str(tmp_path / "mine.py")], [CORE], optional=False, **options))
        return fields[-1]

    yield enter
    for field in fields:
        field.end()


def test_a_race_ends_with_a_table_and_a_file_of_its_form(tmp_path: Path) -> None:
    """Ratios with intervals for who is right; who is wrong is told and not timed, and fails the run as one's own."""
    wrong, file = tmp_path / "wrong.py", tmp_path / "race.json"
    wrong.write_text(WRONG)
    arguments = ("ridge-50x10", "adam-small", "--impl", f"impl,numpy,{wrong}", "--budget", "2", "--json", str(file))
    arguments += ("--threads", "1")
    run = subprocess.run(_command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False, timeout=400)
    assert run.returncode == 1
    done = [f"racing on 1 core: {which}" for which in ("1 of 2, ridge-50x10", "2 of 2, adam-small")]
    assert re.findall(r"^ +\d+ s  (.*)", run.stderr, re.MULTILINE) == done, run.stderr
    assert "Traceback" not in run.stderr
    race = json.loads(file.read_text())
    jsonschema.validate(race, json.loads(SCHEMA.read_text()), cls=jsonschema.Draft202012Validator)
    ridge, adam = race["rows"]
    assert (ridge["case"], ridge["sizes"], ridge["dtype"]) == ("ridge-50x10", {"n": 50, "d": 10}, "float64")
    assert (ridge["flops"], ridge["bytes"]) == RIDGE.cost()
    for row in (ridge, adam):
        impl, numpy = row["results"]["impl"], row["results"]["numpy"]
        assert impl.keys() == {"seconds", "rounds", "error_over_bound", "share_of_peak"}
        assert impl["rounds"] == numpy["rounds"] >= FEWEST
        assert numpy["interval"][0] <= numpy["ratio"] <= numpy["interval"][1]
    assert ridge["results"][str(wrong)].keys() == {"wrong"}
    assert "error / bound" in ridge["results"][str(wrong)]["wrong"]
    assert adam["results"][str(wrong)].keys() == {"not_offered"}
    (made,) = race["rounds"]
    assert made["threads"] == ridge["threads"] == 1
    assert set(made["blas"].values()) == {1}
    assert race["startup"] == race["absent"] == {}
    assert "times of impl" in run.stdout
    assert "1 core " in run.stdout
    assert f"wrong, so not timed: ridge-50x10 by {wrong}:" in run.stdout.replace("\n", " ")
    assert "what is printed" not in run.stdout


@pytest.mark.parametrize(("spent", "shares"), [(50.0, [10, 10, 10]), (2.0, [10, 14, 26])])
def test_what_a_case_leaves_of_its_share_is_the_others_and_what_it_takes_beyond_is_not(
    monkeypatch: pytest.MonkeyPatch, spent: float, shares: list[float]
) -> None:
    """A large case, of which seven rounds take minutes, had left all the others seven rounds."""
    given = []

    def race(field: Field, case: Any, share: float) -> dict[str, Any]:
        given.append(share)
        field.spent += spent
        return {"numpy": {"not_offered": "it is not timed here"}}

    monkeypatch.setattr(Field, "race", race)
    monkeypatch.setattr("shrinkage.benchmarks.race.command.peak", lambda _: {})
    monkeypatch.setattr("shrinkage.benchmarks.race.command._startup", lambda *_: {})
    stored = raced([RIDGE, LSTSQ, ADAM], ["numpy"], [[CORE]], budget=30.0, patience=60.0)
    assert given == shares
    assert stored["startup"] == {}
    given.clear()
    raced([RIDGE, LSTSQ, ADAM], ["numpy"], [[CORE], [CORE]], budget=60.0, patience=60.0)
    assert given == shares * 2  # each round has its part of the budget


def test_each_number_of_threads_is_a_race_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its processes are kept to as many cores, and so is their BLAS; what starting costs is told once."""
    if len(usable_cores()) < 2:
        pytest.skip("there is one core")
    monkeypatch.setattr("shrinkage.benchmarks.race.command.peak", lambda _: {"bandwidth": 1.0, "flops_float64": 1.0})
    rounds = [usable_cores()[-1:], usable_cores()[-2:]]
    race = raced([LSTSQ], ["numpy"], rounds, budget=0.0, patience=60.0, starting=True)
    assert [row["threads"] for row in race["rows"]] == [made["threads"] for made in race["rounds"]] == [1, 2]
    assert [{*made["blas"].values()} for made in race["rounds"]] == [{1}, {2}]
    costs = race["startup"]["numpy"]
    assert 0 < costs["dispatch"] < costs["first_call"]
    assert costs["import"] > 0


def test_who_waits_for_its_turn_takes_no_core() -> None:
    """A pool of threads spins for a while when its work is done, and others are being timed by then."""
    racer = turns.Racer("numpy", [CORE])
    try:
        assert _until(lambda: _state(racer.process.pid) == "T")
        assert racer.ask("blas")
    finally:
        racer.end()


def _state(pid: int) -> str:
    return subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()[:1]


def _running(pid: int) -> bool:
    return _state(pid) not in ("", "Z")


def _workers(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in found.splitlines()]
    return [
        int(child)
        for child, parent, command in rows
        if int(parent) == pid and "shrinkage.benchmarks.race.entrant" in command
    ]


def _until(condition: Callable[[], bool], patience: float = 60) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_race_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    """Neither while a call is under way, which here never ends, nor in a worker that waits for its turn."""
    (tmp_path / "endless.py").write_text("def ridge(X, y, lam):\n    while True: pass\n")
    command = _command("ridge-50x10", "--impl", f"numpy,{tmp_path / 'endless.py'}")
    said = tmp_path / "said.txt"
    with said.open("w") as log:
        race = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        assert _until(lambda: len(_workers(race.pid)) == 2), f"{race.poll()}: {said.read_text()}"
        workers = _workers(race.pid)
        time.sleep(2)  # it is in the call by now, or on its way there
    finally:
        race.send_signal(signal.SIGKILL)
        race.wait()
    gone = _until(lambda: not any(map(_running, workers)), 10)
    for pid in filter(_running, workers):
        os.kill(pid, signal.SIGKILL)
    assert gone


def test_who_ends_or_never_answers_is_wrong_and_starts_again(entered: Callable[..., Field]) -> None:
    """The others and the next case are timed all the same."""
    source = "import os\nimport numpy as np\n"
    source += "def ridge(X, y, lam): os._exit(3)\n"
    source += "def squared_norm(x):\n    while True: pass\n"
    source += "def lstsq(X, y, rcond=None): return np.linalg.lstsq(X, y)[0]\n"
    field = entered(source, "numpy", patience=5.0)
    mine = list(field.workers)[1]
    endless = next(c for c in CASES if str(c) == "squared_norm-small")
    for case, why in ((RIDGE, "It ended the process with exit code 3."), (endless, "It gave no answer within 5 s.")):
        results = field.race(case, 0)
        assert results[mine] == {"wrong": why}
        assert len(results["numpy"]["times"]) == FEWEST
    assert {len(result["times"]) for result in field.race(LSTSQ, 0).values()} == {FEWEST}


def test_what_people_write_is_timed_where_it_is_right_and_told_where_it_is_wrong() -> None:
    """The normal equations of ten samples are right enough; of a condition of 1e7 they have lost their digits."""
    hard = next(c for c in CASES if str(c) == "ridge-ill-conditioned")
    field = Field(["numpy", "numpy-as-written"], [CORE], optional=False)
    try:
        easy, lost = (field.race(case, 0)["numpy-as-written"] for case in (RIDGE, hard))
    finally:
        field.end()
    assert len(easy["times"]) == FEWEST
    assert "error / bound" in lost["wrong"]


@pytest.mark.parametrize("name", written())
def test_what_people_write_says_which_library_it_is_in(name: str) -> None:
    """Or the peer of the same library does; and it has functions of the contract."""
    pytest.importorskip(library(name).module, exc_type=ImportError)
    assert load([name]).offered


def test_who_takes_very_long_is_timed_once(entered: Callable[..., Field], monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a time and no ratio; the others have theirs, and who is compared with is timed in any case."""
    monkeypatch.setattr(turns, "LONG", 0.3)  # nobody else, however busy the machine
    slow = "import time\nimport numpy as np\n"
    slow += "def lstsq(X, y, rcond=None):\n    time.sleep(0.5)\n    return np.linalg.lstsq(X, y)[0]\n"
    field = entered(slow, "numpy", "scipy")
    mine = list(field.workers)[-1]
    row = compared(field.race(LSTSQ, 0), "numpy")
    assert (row[mine]["rounds"], row["scipy"]["rounds"]) == (1, FEWEST)
    assert 0.5 <= row[mine]["seconds"] < 1.5
    assert "ratio" not in row[mine]
    assert "ratio" in row["scipy"]
    field = entered(slow)
    assert compared(field.race(LSTSQ, 0), mine)[mine]["rounds"] == FEWEST


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("raise ArithmeticError('no such luck')", "It raised ArithmeticError: no such luck"),
        ("return None", "Its result is not made of numbers: None"),
        ("return [1.0, 2.0]", "lstsq-small, result 0 is not a finite array of float64 in the shape (3,)"),
    ],
)
def test_what_is_no_answer_is_told_in_a_sentence(entered: Callable[..., Field], body: str, why: str) -> None:
    """And not timed."""
    field = entered(f"def lstsq(X, y, rcond=None): {body}")
    (result,) = field.race(LSTSQ, 0).values()
    assert result.keys() == {"wrong"}
    assert result["wrong"].startswith(why)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lstsq-of-nobody"], "'lstsq-of-nobody' is no case: there is lstsq-small, lstsq-large, lstsq-wide"),
        (["ridge-50x11"], "'ridge-50x11' is no case (did you mean ridge-50x10 or"),
        (["rigde"], "'rigde' is no case (did you mean ridge"),
        (["--threads", "0"], "--threads 0"),
        (["--threads", "1,many"], "which is all, as in 1,all"),
        (["--json", "nowhere/at/all.json"], "give a file in a folder of yours"),
        (["--impl", "numpy,numpy"], "names one twice"),
        (["ridge-small", "--impl", "numpy,nobody"], ": nobody was not found"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what there is, and the exit code of a wrong usage."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_who_offers_nothing_of_what_is_raced_is_told_at_once(
    entered: Callable[..., Field], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused; and where it has a part of it, that is raced, after a line that says what it lacks."""
    file = tmp_path / "mine.py"
    _offering(entered(WRONG), [LSTSQ, ADAM])
    assert capsys.readouterr().err == f"{file} offers no adam: of that the others are raced.\n"
    with pytest.raises(SystemExit) as ended:
        main(["adam", "--impl", str(file)])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"shrinkage race: {file} offers no adam: it cannot be raced.\n"


def test_a_peer_that_is_not_installed_is_left_out_unless_it_was_named(tmp_path: Path) -> None:
    """The same name, once by default and once on purpose."""
    (tmp_path / "needs.py").write_text("import no_such_library")
    names = ["numpy", str(tmp_path / "needs.py")]
    field = Field(names, [CORE], optional=True)
    field.end()
    assert list(field.workers) == ["numpy"]
    assert "no_such_library" in field.absent[names[1]]
    with pytest.raises(Refused, match="no_such_library"):
        Field(names, [CORE], optional=False)


def test_ratios_are_taken_within_a_round() -> None:
    """What slows a whole round down is in both times, and cancels."""
    drift = np.linspace(1, 100, 21)
    results: dict[str, dict[str, Any]] = {
        "impl": {"times": list(drift)},
        "numpy": {"times": list(2 * drift), "error_over_bound": 0.5},
    }
    row = compared(results, "impl")
    assert row["impl"] == {"seconds": pytest.approx(50.5), "rounds": 21}
    assert row["numpy"]["ratio"] == pytest.approx(2)
    assert row["numpy"]["interval"] == pytest.approx([2, 2])
    uneven: dict[str, dict[str, Any]] = {
        "impl": {"times": [1.0, 2.0, 3.0] * 3},
        "numpy": {"times": [3.0, 2.0, 6.0] * 3},
    }
    assert compared(uneven, "impl")["numpy"]["ratio"] == 2  # of 3, 1 and 2, and not 3 over 2
    results["impl"] = {"wrong": "It is."}
    assert "ratio" not in compared(results, "impl")["numpy"]


def test_the_interval_holds_the_ratio_as_often_as_it_says() -> None:
    """In 95 of 100 races at least, however skewed the times; the few rounds that there are in any case suffice."""
    fewest: dict[str, dict[str, Any]] = {name: {"times": [1.0] * FEWEST} for name in "ab"}
    assert compared(fewest, "a")["b"]["interval"] == [1, 1]
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        times = rng.lognormal(sigma=0.5, size=(2, rng.integers(FEWEST, 40)))
        results: dict[str, dict[str, Any]] = {"a": {"times": [*times[0]]}, "b": {"times": [*(3 * times[1])]}}
        low, high = compared(results, "a")["b"]["interval"]
        held += low <= 3 <= high
    assert 0.945 < held / 2000 < 0.999


def test_seconds_have_a_unit() -> None:
    """Three digits of them."""
    assert [seconds(value) for value in (2.5, 0.01234, 4.56e-6)] == ["2.5 s", "12.3 ms", "4.56 µs"]
