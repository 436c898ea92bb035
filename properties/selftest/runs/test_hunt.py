"""``shrinkage hunt``: it finds what random examples do not, the same every time; what it has found is tried again."""

import json
import math
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis
import numpy as np
import pytest
import scipy
from hypothesis import Phase, settings

from shrinkage import __version__
from shrinkage.loader import Choice, load
from shrinkage.loader.implementation import together
from shrinkage.peers import numpy as textbook
from shrinkage.properties import worst
from shrinkage.properties.engine import verdict
from shrinkage.properties.engine.falsify import refute
from shrinkage.properties.engine.strategies import Linear
from shrinkage.properties.hunt import command, pool, screen
from shrinkage.properties.hunt.climb import climb
from shrinkage.properties.hunt.ear import Ear
from shrinkage.properties.hunt.hand import Hand, Outcome, Task, _settings
from shrinkage.properties.hunt.moves import Problem
from shrinkage.properties.hunt.plan import Plan
from shrinkage.properties.hunt.pool import Pool, Worker
from shrinkage.properties.isolated.scratch import work_folder
from shrinkage.properties.selftest.own_pytest import interrupted_python, own_python
from shrinkage.properties.worst import ABOVE, Entry, Store, values

pytestmark = pytest.mark.power

HELD = "test_ridge_minimises_its_objective[ridge_svd-hard]"
RIGHT = "from shrinkage.peers.numpy import quadratic_form\n"
GIVEN = ("right.py", "--seed", "3", "-k", "quadratic_form and (hard or ordinary)")
HUNT = ("-m", "shrinkage", "hunt", *GIVEN)


class Here:
    """In place of a pool: this process, which has imported everything already."""

    def __init__(self, choice: Choice, about: dict[str, Any], *_: object) -> None:
        self.hand = Hand(load(choice), **about)

    def __enter__(self) -> "Here":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def done(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Any]]:
        """In their order."""
        return ((task, self.hand.do(task)) for task in tasks)


Hunted = Callable[..., tuple[int, str]]


@pytest.fixture
def alone(monkeypatch, tmp_path, capsys) -> Hunted:
    """Exit code and output of a hunt in this folder and process, what it starts apart."""
    monkeypatch.chdir(tmp_path)
    for name in ("HYPOTHESIS_STORAGE_DIRECTORY", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # to be put back
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def hunt(*given: str) -> tuple[int, str]:
        return command.main(given), capsys.readouterr().out

    return hunt


@pytest.fixture
def here(monkeypatch, alone) -> Hunted:
    """The same, and nothing is started."""
    monkeypatch.setattr(pool, "Pool", Here)
    return alone


def found(folder: Path, database: str) -> list[str]:
    """The entries that it has stored."""
    return [entry.line() for entry in worst.read("right.py", folder / database).values()]


# ---- what is found ---------------------------------------------------------------------------------------------------


def test_numbers_move_to_where_the_measure_is_largest_and_become_simple():
    """From one side of a hill to its top, within what may be drawn."""
    at = climb(
        lambda v: 1 / (1 + (v[0] - 3) ** 2 + (v[1] + 2) ** 2), np.array([1.1, -1.7]), 400, np.random.default_rng(1)
    )
    assert abs(at - [3, -2]).max() < 0.2
    assert all(float(number * 2**12).is_integer() for number in at)


def test_what_is_moved_stays_a_problem_that_may_be_drawn():
    """Of the rank it had, with a λ that is positive; of a rank that is exact only y and λ move."""

    class Strategy:
        def __repr__(self) -> str:
            return "linear(hard=True)"

    full = Linear(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, 1.0]), 0.5, 2)
    problem = Problem({"p": values.told(full)}, {"p": [Strategy()]})
    assert problem.before == [1.0, 0.0, 0.0, 2.0, 1.0, 1.0, 0.5]
    assert problem.at([1.5, 0.0, 0.0, 2.0, 1.0, 3.0, 0.25]) is not None
    for wrong in (
        [1, 2, 1, 2, 1, 1, 0.5],
        [1, 0, 0, 2, 1, 1, -0.5],
        [1, 0, 0, 90, 1, 1, 0.5],
        [1, 0, 0, 2, 1, np.inf, 1],
    ):
        assert problem.at(wrong) is None
    deficient = Linear(np.ones((2, 2)), np.ones(2), 0.5, 1)
    assert len(Problem({"p": values.told(deficient)}, {"p": [Strategy()]}).before) == 3
    assert not Problem({"p": values.told(full)}, {"p": ["linear()"]}).before  # an ordinary one, where nothing rounds


def ridge_svd(X: Any, y: Any, lam: Any) -> Any:
    """In blocks of 32 rows, where a last one of a single row is lost."""
    whole = len(X) - (len(X) > 32 and len(X) % 32 == 1)
    return textbook.ridge_svd(X[:whole], y[:whole], lam)


def test_a_hunt_finds_a_mistake_that_random_examples_do_not(tmp_path):
    """At the same number of answers: of sizes around those that libraries switch at."""
    hand = Hand(together(Choice(("mistaken",)), {"mistaken": SimpleNamespace(ridge_svd=ridge_svd)}))
    claim, store = hand.claims[HELD], Store(str(tmp_path), "mistaken")
    plan, judged = Plan([claim], store, seed=2), 0
    for task in plan.tasks(lambda: plan.round < 5):
        outcome = hand.do(task)
        plan.learn(task, outcome)
        judged += outcome.judged
    ear, made = Ear(), claim.test.drawn()  # type: ignore[attr-defined]  # as `given` has made it
    random = hypothesis.seed(1)(settings(_settings(judged), phases=[Phase.generate])(made))
    hand._held(claim, random, ear)
    verdict.settle(None, hunting=False)
    assert ear.judged >= judged
    assert ear.worst["ridge_svd"].ratio < 1 < store.entries()["ridge_svd"].ratio


def test_moved_numbers_are_worse_than_those_that_were_drawn():
    """The textbook's error over bound on the worst of fifty examples grows where its numbers move."""
    hand = Hand(load(Choice(("numpy",))))
    (drawn,) = hand.do(Task(HELD, 1, 50)).found
    (moved,) = hand.do(Task(HELD, 1, 120, drawn)).found
    assert drawn.ratio < moved.ratio <= 1
    assert hand.confirmed(moved)
    verdict.settle(None, hunting=False)


def test_the_same_seed_is_the_same_hunt_and_one_that_was_killed_goes_on(tmp_path, here):
    """Of a process killed amid it, and then of as many rounds as are left, comes what comes of one in one go."""
    (tmp_path / "right.py").write_text(RIGHT)
    code, output = here(*GIVEN, "--database", "one", "--rounds", "9")
    assert code == 0, output
    assert re.search(r"^right.py: 9 rounds in [\d.]+ minutes, of \d+ claims\n", output)
    assert re.search(r"^quadratic_form +0\.\d+ .* new  test_quadratic_form", output, re.MULTILINE)
    state = tmp_path / "two" / ".right.py.jsonl.hunt"
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command = [sys.executable, *HUNT, "--database", "two"]
    with subprocess.Popen(command, cwd=tmp_path, env=inherited, start_new_session=True) as running:
        end = time.monotonic() + 60
        while not state.is_file() and time.monotonic() < end:
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGKILL)
    done = json.loads(state.read_text())["round"]
    if done < 9:
        here(*GIVEN, "--database", "two", "--rounds", str(9 - done))
        assert found(tmp_path, "two") == found(tmp_path, "one")
    _, again = here("right.py", "--database", "one", "--rounds", "1", "-k", "quadratic_form_is_the_double_sum and hard")
    assert re.search(r"^right.py: 1 round in [\d.]+ minutes, of 1 claim\n", again)
    assert "new" not in again


def test_an_interruption_leaves_what_was_found(tmp_path):
    """The screen is shown, with nothing on it that was printed in a call; the file is whole, and no process is left."""
    prints = "import os\nfrom shrinkage.peers import numpy\n\ndef quadratic_form(A, x):\n    os.write(1, b'printed')\n"
    (tmp_path / "right.py").write_text(f"{prints}    return numpy.quadratic_form(A, x)\n")
    begun = (tmp_path / "kept" / "right.py.jsonl").is_file
    code, output = interrupted_python(tmp_path, begun, *HUNT, "--database", "kept", "--workers", "2")
    assert code == 2, output
    assert not re.search("left at work|Traceback|printed", output), output
    assert output.endswith("It was interrupted; the same command goes on from here.\n"), output
    assert re.search(r"^quadratic_form +\d", output, re.MULTILINE), output
    assert worst.read("right.py", tmp_path / "kept")["quadratic_form"].ratio > 0


# ---- what fails otherwise --------------------------------------------------------------------------------------------


def test_a_failure_hides_no_error_nor_does_what_is_stored_of_another_claim(tmp_path, here):
    """Both are shown, on inputs made small; a run about what holds is about that alone."""
    failures = ["ridge above 1", "ridge nan", "ridge raised"]
    (tmp_path / "solved.py").write_text("""
import numpy as np

def ridge(X, y, lam):
    return np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ y)
""")
    code, output = here("solved.py", "--database", "kept", "-k", "at_zero or (minimises and hard)", "--rounds", "4")
    assert code == 1, output
    assert re.search(r"^ridge +[\d.e+]+ +\S* +new  test_ridge_", output, re.MULTILINE), output
    small = r"   claim .*\n(?: {10}.*\n)*   ridge\(.{,110}\)\n   = \[\S+\], right is \[\S+\]\n"
    assert re.search(rf"the error is \S+ × what is allowed\n{small}", output), output
    assert "   = [nan], right is [" in output
    assert output.count("raises LinAlgError: Singular matrix") == 1, output
    assert re.search(r"^   ridge\(np.array\(\[\[0.0\]\]\), np.array\(\[\S+\]\), 0\)$", output, re.MULTILINE), output
    code, output = here("solved.py", "--database", "kept", "-k", "minimises and ordinary", "--rounds", "1")
    assert code == 0, output
    assert re.search(r"^ridge +0.* test_ridge_minimises_its_objective\[ridge-ordinary\]$", output, re.MULTILINE), output
    assert "Singular" not in output
    stored = worst.read("solved.py", tmp_path / "kept")
    assert [*stored] == ["ridge", *failures]
    assert all(entry.drawn for entry in stored.values())
    (tmp_path / "mended.py").write_text("from shrinkage.peers.numpy import ridge\n")
    (tmp_path / "kept" / "solved.py.jsonl").rename(tmp_path / "kept" / "mended.py.jsonl")
    code, output = here("mended.py", "--database", "kept", "-k", "at_zero or hard", "--rounds", "4")
    assert code == 0, output
    assert [*worst.read("mended.py", tmp_path / "kept")] == ["ridge"]


def test_a_departure_of_the_interface_is_no_failure(tmp_path, here):
    """Of another dtype, not taking lists, written into: the value is held against its bound all the same."""
    (tmp_path / "departs.py").write_text("""
import numpy as np
from shrinkage.peers import numpy as textbook

def quadratic_form(A, x):
    assert A.shape
    return np.float64(textbook.quadratic_form(A, x))
""")
    given = ("departs.py", "--database", "kept", "-k", "quadratic_form_is_the_double or lists", "--rounds", "4")
    code, output = here(*given)
    assert code == 0, output
    assert re.search(r"^quadratic_form +0\.\d", output, re.MULTILINE), output
    assert [*worst.read("departs.py", tmp_path / "kept")] == ["quadratic_form"]


def test_what_ends_its_process_or_never_answers_costs_its_claim_only(tmp_path, alone):
    """It is told, on an input made small, and the hunt goes on in another process; the next one tries that again."""
    hangs = """import os
def squared_norm(x):
    os.write(1, b"heard of\\n")
    if len(x) > 2:
        os._exit(3)
    return x @ x
def linear_form(a, x):
    while len(a) > 2:
        pass
    return a @ x
"""
    (tmp_path / "ends.py").write_text(hangs + RIGHT)
    chosen = "double_sum and hard or (_norm_is or m_is_the_sum_of_the_products) and ordinary"
    given = ("ends.py", "--database", "kept", "--rounds", "5", "--call-seconds", "0.5", "-k", chosen)
    code, output = alone(*given)
    assert code == 1, output
    assert "squared_norm: ended the process that it ran in, with exit code 3\n" in output
    assert "linear_form: gave no answer within 0.5 s\n" in output
    assert re.search(r"^quadratic_form +\d", output, re.MULTILINE), output
    three = r"np\.array\(\[[^,]+, [^,]+, [^,]+\]\)"
    assert re.search(rf"^   squared_norm\({three}\)$", output, re.MULTILINE), output
    assert re.search(rf"^   linear_form\({three}, {three}\)$", output, re.MULTILINE), output
    ended = [entry for entry in worst.read("ends.py", tmp_path / "kept").values() if entry.drawn and entry.fails]
    assert len(ended) == 2
    alone(*given[:4], "2", *given[5:])
    assert [entry for entry in worst.read("ends.py", tmp_path / "kept").values() if entry.fails] == ended
    (tmp_path / "ends.py").write_text(hangs.replace("> 2", "< 0") + RIGHT)
    code, output = alone(*given, "--hours", "0.05")
    assert code == 0, output
    assert "left to be tried" not in output


def test_what_a_hunt_of_little_time_does_not_come_to_is_told(tmp_path, here):
    """How many claims had no turn, as there was no time; or that there was nothing left to do."""
    (tmp_path / "right.py").write_text(RIGHT)
    _, output = here("right.py", "-k", "quadratic_form_is_the_double_sum", "--rounds", "1")
    assert output.splitlines()[1] == "1 claim left to be tried: the same command goes on there"
    _, output = here("right.py", "-k", "no_entry_of_a_long_vector and quadratic_form-9", "--rounds", "9")
    assert output.splitlines()[1].startswith("It ended there: none of these claims draws its input")


def test_a_hunt_that_judged_nothing_is_no_success(tmp_path, here):
    """Whoever gave it too little time is told, and a script knows by the exit code."""
    (tmp_path / "right.py").write_text(RIGHT)
    code, output = here("right.py", "--hours", "1e-9")
    assert code == 2
    assert output.endswith("No claim came to its end in that time: --hours gives it more.\n")


def test_a_hunt_keeps_to_its_hours(tmp_path, monkeypatch):
    """A task ends with what it has by then; what is in a call is waited for a little longer, and is no failure."""

    class Stuck(Worker):
        def __init__(self, *given: Any) -> None:
            *_, folder, self.name, _ = given
            self.pipe, self.theirs = Pipe()
            self.process = subprocess.Popen(["sleep", "60"])
            self.task = None
            at = {"mark": "accuracy", "function": "ridge", "call": "ridge(X, y, 1.0)"}
            text = json.dumps(at).encode()
            (Path(folder) / f"{self.name}.said").write_bytes(struct.pack("dQ", time.monotonic(), len(text)) + text)

    assert not Hand(load(Choice(("numpy",)))).do(Task(HELD, 1, 50), time.monotonic()).judged
    monkeypatch.setattr(pool, "Worker", Stuck)
    begun = time.monotonic()
    with Pool(Choice(("numpy",)), {}, 1, 20, begun + 0.5) as stuck:
        ((_, outcome),) = stuck.done(iter([Task(HELD, 1, 50)]))
    assert 0.5 <= time.monotonic() - begun < 10
    assert not outcome.found
    assert re.fullmatch(r"was stopped, as its time was up, in a call of ridge, \d s after it began", outcome.ended)


def test_the_folder_of_a_process_that_was_killed_is_removed(tmp_path, monkeypatch):
    """By the next one; not that of one that is at work, nor of somebody else."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    held = "import time; from shrinkage.properties.isolated.scratch import work_folder as f\nwith f(): time.sleep(60)"
    (tmp_path / "shrinkage.other").mkdir()
    with work_folder() as alive:
        with subprocess.Popen([sys.executable, "-c", held], env={**os.environ, "TMPDIR": str(tmp_path)}) as running:
            while len([*tmp_path.glob("*/lock")]) < 2:
                time.sleep(0.02)
            running.kill()
        assert len([*tmp_path.iterdir()]) == 3
        with work_folder() as own:
            assert {*tmp_path.iterdir()} == {alive, own, tmp_path / "shrinkage.other"}


@pytest.mark.parametrize(("begun", "made"), [(-math.inf, 4), (math.inf, 1)], ids=["old", "young"])
def test_a_process_is_replaced_after_a_while(monkeypatch, begun, made):
    """What a library keeps of every call does not add up for hours."""

    class Quick:
        def __init__(self, *_: Any) -> None:
            self.pipe, self.theirs = Pipe()
            self.begun, self.until = begun, 0.0
            self.task: Task | None = None

        def begin(self, task: Task, until: float) -> None:
            self.task, self.until = task, until
            self.theirs.send(Outcome())

        def end(self) -> None:
            self.pipe.close()

    monkeypatch.setattr(pool, "Worker", Quick)
    with Pool(Choice(("numpy",)), {}, 1, 20, time.monotonic() + 60) as quick:
        assert len([*quick.done(iter(3 * [Task(HELD, 1, 50)]))]) == 3
    assert quick._made == made


def test_a_call_is_shown_as_code_unless_it_is_too_long(capsys):
    """Where its lines break it is the same; of a longer one it is said where the whole is."""
    numbers, small = [*range(1000, 1200)], Entry("ridge", 1.5, "test_y", {}, "ridge(1)", fails=ABOVE)
    for verbose, count in ((False, 1), (True, 10), (False, 10)):
        long = Entry("ridge", 2.0, "test_x", {}, f"ridge({count * numbers})", result="= 3, right is 2")
        screen.show("head", [long], {}, verbose, "kept/x.jsonl")
        code, _, rest = capsys.readouterr().out.partition("   ridge(")[2].partition("\n   = 3, right is 2\n")
        whole = verbose or count == 1
        assert not rest
        assert ("more lines, by -v; the whole call is in kept/x.jsonl" in code) is not whole
        assert not whole or eval(f"({code}") == count * numbers
    screen.show("head", [long, small], {}, False, "kept/x.jsonl", {"test_y": "It holds."})
    told = "the error is 2 × what is allowed; on this input it is 1.5 ×\n"
    told += "   claim  test_y\n          It holds.\n   ridge(1)\n"
    assert f"{told}   the worst is of test_x, in kept/x.jsonl\n" in capsys.readouterr().out


def test_the_table_agrees_with_what_is_told_below_it(tmp_path, here):
    """Where nothing may be off the error over bound is infinite; a large array is code all the same."""
    (tmp_path / "long.py").write_text("def matvec(A, x):\n    return A @ x * (1 + 1e-12 * (A.shape[1] > 32))\n")
    code, output = here("long.py", "--database", "kept", "-k", "matvec-64-float64 or matvec_is_the", "--rounds", "4")
    assert code == 1, output
    assert re.search(r"^matvec +inf .* test_no_entry_of_a_long_vector_is_left_out\[", output, re.MULTILINE), output
    assert "1. matvec: the error is inf × what is allowed\n" in output
    assert re.search(r"^   = \[\d+\]: .* \(the worst of 65\), right is \[", output, re.MULTILINE), output
    (entry,) = (each for each in worst.read("long.py", tmp_path / "kept").values() if each.fails)
    A, x = eval(entry.call, {"np": np, "matvec": lambda A, x: (A, x)})
    assert (A.shape, x.shape) == ((65, 64), (64,))


# ---- what was found is tried again -----------------------------------------------------------------------------------


def test_a_damaged_database_is_said_before_anything_is_tried(tmp_path, here, capsys):
    """By a hunt and by a run that is to try what is in it first."""
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "right.py.jsonl").write_text('{"function": "quadratic_form", "ra')
    says = r"kept/right.py.jsonl, line 1, is no input of a hunt"
    with pytest.raises(SystemExit, match="2"):
        here(*GIVEN, "--database", "kept")
    assert says in capsys.readouterr().err
    run = ("-m", "shrinkage", "judge", "right.py", "-k", "sum")
    code, output = own_python(tmp_path, *run, "--database", "kept", CI="")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {says}" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("choice", "version"),
    [
        (Choice(("impl",)), f"shrinkage {__version__}"),
        (Choice(("numpy",)), f"numpy {np.__version__}"),
        (Choice((), (), ("scipy.linalg:Ridge(alpha=lam)",)), f"scipy {scipy.__version__}"),
        (Choice(("no_such_module",)), ""),
    ],
    ids=lambda value: value.name if isinstance(value, Choice) else "",
)
def test_the_version_is_that_of_what_is_hunted_in(choice, version):
    """Also of a class that a library has."""
    assert command.version(choice) == version


def test_what_is_stored_of_a_file_that_changed_is_measured_anew(tmp_path, here):
    """As it is of a library's other version: the table is of the file as it is."""
    meant, ratios = ("--database", "kept", "-k", "squared_norm_is_the_sum_of_the_squares and hard"), []
    for name, rounds, less in (("before", "2", 2.0**-52), ("after", "1", 0.0)):  # in one process, a file is loaded once
        (tmp_path / f"{name}.py").write_text(f"def squared_norm(x):\n    return x @ x * (1 - {less})\n")
        code, output = here(f"{name}.py", "--rounds", rounds, *meant)
        assert code == 0, output
        (entry,) = worst.read(f"{name}.py", tmp_path / "kept").values()
        ratios.append(entry.ratio)
        (tmp_path / "kept" / f"{name}.py.jsonl").replace(tmp_path / "kept" / "after.py.jsonl")
    assert 0 <= ratios[1] < ratios[0] <= 1


def test_what_is_stored_catches_a_regression_at_that_input_alone(tmp_path, here):
    """A run that names the database tries it first; random examples do not come upon it."""
    (tmp_path / "right.py").write_text(RIGHT)
    code, output = here(*GIVEN, "--database", "kept", "--rounds", "9")
    assert code == 0, output
    entry = worst.read("right.py", tmp_path / "kept")["quadratic_form"]
    (call,) = entry.call.splitlines()
    regressed = f"""
import numpy as np
from shrinkage.peers import numpy as textbook

def _given(A, x):
    return A, x

def quadratic_form(A, x):
    B, z = {call.replace("quadratic_form", "_given")}
    there = np.array_equal(A, B) and np.array_equal(x, z) and A.dtype == B.dtype
    return textbook.quadratic_form(A, x) * (1 + 1e-3 * there)
"""
    (tmp_path / "regressed.py").write_text(regressed)
    (tmp_path / "kept" / "right.py.jsonl").rename(tmp_path / "kept" / "regressed.py.jsonl")
    run = ("-m", "shrinkage", "judge", "regressed.py", "-n", "0", "-k", "quadratic_form_is_the_double_sum")
    code, output = own_python(tmp_path, *run, "--database", "kept", CI="")
    assert code == 1, output
    assert "quadratic_form is wrong" in output
    assert refute(load(Choice(("regressed.py",))), among=["test_quadratic_form_is_the_double_sum*"]) is None
