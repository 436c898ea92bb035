"""Every known cheat is refuted under its name, with the reference in NumPy; honest kernels are right."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from shrinkage.properties.judge import main
from shrinkage.properties.referee import command
from shrinkage.properties.referee.trial import Account
from shrinkage.properties.referee.verdict import SAYS

from . import honest
from .cheats import CHEATS, REFERENCE
from .judging import judged

pytestmark = pytest.mark.power


@pytest.mark.parametrize(("kind", "source"), CHEATS.values(), ids=CHEATS)
def test_a_cheat_is_called_by_its_name(tmp_path, kind, source):
    """Each is found, and not as what is merely wrong."""
    (account,) = judged(tmp_path, f"import numpy as np\n{source}").values()
    assert kind in account.findings, account
    assert {*account.findings} <= {*SAYS}
    assert ("value" in account.findings) == (kind == "value")
    assert bool(account.speed) == (kind == "special")
    if "argmax" in source:  # of which no error is small
        assert "×" not in account.findings[kind].wrong.more
    if kind == "precision":
        assert ("bfloat16" in account.findings[kind].wrong.more) == ("float16" not in source)


def test_honest_kernels_are_right_and_timed(tmp_path):
    """Other orders and formulas, in four dtypes, within what is allowed; each has a speed."""
    accounts = judged(tmp_path, honest.HONEST)
    for account in accounts.values():
        assert not account.findings, account
        assert account.problems > 20
        assert {"float64", "float32", "float16"} <= {*account.dtypes}
        ratio, low, high = account.speed
        assert low <= ratio <= high
    said = "it gives float32 for float32, where the reference gives float64"
    assert {name for name, account in accounts.items() if said in account.notes} == {"gelu", "cov"}


def test_who_calls_the_reference_is_told_of_and_right(tmp_path):
    """It is no fault, and no achievement."""
    (account,) = judged(tmp_path, "import reference\n\ndef softmax(x):\n    return reference.softmax(x)\n").values()
    assert not account.findings
    assert any("calls softmax" in note for note in account.notes.values()), account


def test_a_finding_is_shown_in_as_few_numbers_as_there_are(tmp_path):
    """Of the shapes that were tried because nobody gave any."""
    (account,) = judged(tmp_path, "def tanh(x):\n    return x\n", "numpy").values()
    call = account.findings["shares"].call
    assert call is not None
    assert call.problem.given[0].values.shape == (7,)


@pytest.mark.parametrize("line", honest.LINES)
def test_a_model_is_judged_as_its_forward(tmp_path, line):
    """ModelNew against Model, of the same random weights."""
    (account,) = judged(tmp_path, honest.MODEL_NEW.format(body=honest.LINES[line]), honest.MODEL).values()
    assert account.function == "ModelNew"
    assert bool(account.findings) == (line == "wrong"), account
    assert account.problems > 10


def test_functions_of_the_contract_are_called_as_it_says(tmp_path):
    """Backward ones with the cache of their own forward ones, on inputs of the contract's kinds."""
    accounts = judged(tmp_path, honest.CONTRACT, "numpy")
    assert len(accounts) == 5
    for account in accounts.values():
        assert not account.findings, account
        assert account.problems > 8


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_honest_kernels_of_a_library_are_right(tmp_path, library):
    """Against its own functions, in every dtype that it has."""
    pytest.importorskip(library, reason=f"{library} is not installed: its kernels cannot run")
    for account in judged(tmp_path, getattr(honest, library.upper()), library).values():
        assert not account.findings, account
        assert "bfloat16" in account.dtypes


@pytest.mark.parametrize("cast", ["", ".half()"], ids=["right", "in float16"])
def test_a_torch_module_has_the_weights_of_the_reference(tmp_path, cast):
    """As KernelBench has it; what computes in float16 is called so."""
    pytest.importorskip("torch", reason="torch is not installed: its modules cannot run")
    (account,) = judged(tmp_path, honest.TORCH_NEW.replace("{cast}", cast), honest.TORCH_MODEL).values()
    assert ("precision" in account.findings) == bool(cast), account
    assert account.problems > 10


def test_a_table_of_answers_is_not_fast(tmp_path):
    """Every clocked call has inputs of its own, in both; the interval is told only where it says something."""
    (account,) = judged(tmp_path, honest.TABLE, honest.SLOW).values()
    assert not account.findings
    assert account.speed[0] < 2


@pytest.mark.parametrize(
    ("speed", "says"),
    {
        (1.02, 0.97, 1.08): "; as fast as the reference",
        (1.02, 0.7, 1.5): "; how fast cannot be told here",
        (2.0, 1.9, 2.1): "; 2 (1.9 to 2.1) × as fast as the reference",
        (3.0, 1.1, 9.0): "; how fast cannot be told here",
    }.items(),
)
def test_a_speed_is_told_as_far_as_it_is_known(speed, says):
    """With its interval, or in words."""
    assert command._speed(Account("f", speed=[*speed])) == says


def test_what_departs_about_nan_alone_has_a_verdict_of_its_own(tmp_path, capsys, monkeypatch):
    """As a departure of the judge's, it exits with 1; the call that is printed gives what is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "reference.py").write_text(REFERENCE)
    kernel = "import numpy as np\n\ndef relu(x):\n    return np.where(x > 0, x, x.dtype.type(0))\n"
    (tmp_path / "kernel.py").write_text(kernel)
    assert main([str(tmp_path / "kernel.py"), "--against", str(tmp_path / "reference.py")]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert any("relu             departs    where there is NaN or infinity; else right: " in line for line in printed)
    (said,) = (i for i, line in enumerate(printed) if line.startswith("1. relu departs where there is NaN or infinity"))
    assert printed[said + 1] == "   gives 0, right is nan"
    code = "\n".join(each.strip() for each in printed[said + 2 : said + 6])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0.0\n"


def test_notes_are_sentences_and_told_once(tmp_path):
    """What the reference does itself, and that another shape fails, however it says so."""
    (account,) = judged(tmp_path, honest.JUMPS, honest.JUMPS).values()
    assert account.notes["jumps"].endswith(" itself has other answers than its formula (as they are): none is wrong")
    fixed = "import numpy as np\ndef relu(x): return np.maximum(x, 0).reshape({})"
    (account,) = judged(tmp_path, fixed.format("6, 8")).values()
    assert len([each for each in account.notes.values() if "of another shape" in each]) == 1, account
    (account,) = judged(tmp_path, fixed.format("8, 6")).values()
    assert "form" in account.findings
    assert not [each for each in account.notes.values() if "of another shape" in each]
    (account,) = judged(tmp_path, "def relu(x):\n    assert x.flags.c_contiguous\n    return x.clip(0)\n").values()
    assert not account.findings
    assert [*account.notes.values()] == ["it takes none transposed in memory: AssertionError, in line 2"]


def test_what_can_tell_who_calls_is_told_of(tmp_path):
    """By its line, in whatever way it is imported; a word in a document is none."""
    source = """
import inspect as i, sys
from sys import modules

def relu(x):
    \'\'\'For shrinkage's referee.\'\'\'
    sys.path, sys._getframe, i.stack
    return x.clip(0) if "shrinkage" in modules else x
"""
    (account,) = judged(tmp_path, source).values()
    assert not account.findings
    (note,) = account.notes.values()
    told = "sys.modules (line 3), sys._getframe (line 7), inspect.stack (line 7), 'shrinkage' (line 8)"
    assert {*re.findall(r"\S+ \(line \d\)", note)} == {*told.split(", ")}


def test_what_a_kernel_leaves_running_is_told_of(tmp_path):
    """It is ended with it."""
    if not Path("/proc").is_dir():
        pytest.skip("the system does not say what runs")
    source = "import subprocess\nsubprocess.Popen(['sleep', '9'])\n\ndef relu(x):\n    return x.clip(0)\n"
    (account,) = judged(tmp_path, source).values()
    assert not account.findings
    assert [*account.notes.values()] == ["what it has started still ran, and was ended with it: sleep 9"]


def test_who_does_not_return_is_told_so_with_the_call(tmp_path):
    """After the time of one call."""
    (account,) = judged(tmp_path, "def relu(x):\n    while True: pass\n", seconds=3).values()
    finding = account.findings["gone"]
    assert finding.wrong.more == "gave no answer within 3 s, which --call-seconds sets"
    assert finding.call is not None
    assert account.problems == 1


def test_learned_numbers_are_moved_from_where_they_start(tmp_path):
    """Alike in both, by order where they are called otherwise; who does not read them is wrong."""
    pytest.importorskip("torch", reason="torch is not installed: its modules cannot run")
    renamed = honest.NORM.replace("Model", "ModelNew").replace("self.norm", "self.other")
    (account,) = judged(tmp_path, renamed, honest.NORM).values()
    assert not account.findings
    assert "__" not in "".join(account.notes.values())
    (account,) = judged(tmp_path, honest.UNREAD, honest.NORM).values()
    assert "value" in account.findings


def test_the_command_prints_a_screen_and_exits_as_the_judge(tmp_path, capsys):
    """0 where all is right, 1 with the call and both numbers where not, 5 for a part, 2 for nonsense."""
    (tmp_path / "reference.py").write_text(f"{REFERENCE}\ndef outer(x, y):\n    return np.outer(x, y)\n")
    (tmp_path / "part.py").write_text("def relu(x):\n    return x.clip(0)\n\ndef outer(x, y):\n    return x * y\n")
    (tmp_path / "same.py").write_text("import numpy as np\n\ndef relu(x):\n    return np.maximum(x, 0)\n")
    (tmp_path / "wrong.py").write_text("import numpy as np\n\ndef mean(x):\n    return x.sum(0)\n")
    reference = str(tmp_path / "reference.py")
    codes = {name: main([str(tmp_path / f"{name}.py"), "--against", reference]) for name in ("same", "wrong", "part")}
    printed = capsys.readouterr().out
    assert codes == {"same": 0, "wrong": 1, "part": 5}
    assert "takes no input that was tried: others come from get_inputs() in a file" in " ".join(printed.split())
    assert "1. mean is wrong: in entry (" in printed
    assert ", right is " in printed
    (tmp_path / "other.py").write_text("def other(x):\n    return x\n")
    for given, says in {
        (str(tmp_path / "other.py"),): "other.py has nothing that ",
        (str(tmp_path / "absent.py"),): "absent.py",
        (reference, reference): "--against is about one NAME",
        (reference, "-k", "ridge"): "-k is about claims",
    }.items():
        with pytest.raises(SystemExit, match="2"):
            main([*given, "--against", reference])
        assert says in capsys.readouterr().err
    (tmp_path / "reference.py").write_text(honest.MODEL)
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "other.py"), "--against", reference])
    assert "it has other, and no ModelNew in the place of Model" in capsys.readouterr().err


def test_what_is_told_of_who_is_right(tmp_path):
    """Whose random numbers it changes, and the shape that was timed; a sum or a view is no call of the reference."""
    reseeded = "import numpy as np\n\ndef total(x):\n    np.random.seed(0)\n    return x.sum()\n"
    (account,) = judged(tmp_path, reseeded).values()
    assert not account.findings
    assert [*account.notes.values()] == ["it sets or draws random numbers of NumPy, which others draw from"]
    assert account.size == "(6, 8)"


def test_who_leaves_an_argument_out_has_not_handed_back_the_other(tmp_path):
    """Nor has whoever computes a single row."""
    reference = REFERENCE.replace("np.float32)]", "np.float32), np.ones((6, 8), np.float32)]", 1)
    reference += "\ndef scaled(x, by):\n    return x * by\n"
    (account,) = judged(tmp_path, "def scaled(x, by):\n    return x * 1\n", reference).values()
    assert [*account.findings] == ["value"]


def test_an_empty_batch_is_tried_where_the_reference_takes_it(tmp_path):
    """Who refuses it is told of."""
    reference = REFERENCE + "\ndef summed(x):\n    return x.sum(axis=0)\n"
    candidate = "def summed(x):\n    out = x[0] * 1\n    for each in x[1:]: out += each\n    return out\n"
    (account,) = judged(tmp_path, candidate, reference).values()
    assert not account.findings
    assert any("it takes none without rows: IndexError" in each for each in account.notes.values())


def test_calls_of_what_the_reference_is_are_told_and_no_others(tmp_path):
    """A library's softmax is; a transpose and an exponential are not."""
    pytest.importorskip("torch", reason="torch is not installed: its functions cannot be called")
    start = "import torch\n\ndef get_inputs():\n    return [torch.randn(6, 8)]\n\ndef f(x):\n    return "
    called = "it calls torch.softmax, as the reference does or is"
    for reference, candidate, note in (
        ("torch.softmax(x, -1)", "torch.softmax(x, dim=-1)", called),
        ("torch.exp(x.transpose(0, 1))", "torch.exp(x).transpose(0, 1)", None),
    ):
        (account,) = judged(tmp_path, start + candidate, start + reference).values()
        assert not account.findings
        assert [*account.notes.values()] == ([note] if note else [])
