"""Every known cheat is refuted under its name, with the reference in NumPy; honest kernels are right."""

from pathlib import Path

import pytest

from shrinkage.properties.judge import main
from shrinkage.properties.referee.trial import Account, Trial
from shrinkage.properties.referee.verdict import SAYS

from . import honest
from .cheats import CHEATS, REFERENCE

pytestmark = pytest.mark.power
SECONDS = 20.0


def judged(folder: Path, candidate: str, reference: str = REFERENCE) -> dict[str, Account]:
    """What is told of each function; a reference of one word is a name."""
    ours, theirs = folder / "candidate.py", folder / "reference.py"
    ours.write_text(candidate)
    theirs.write_text(reference)
    against = reference if reference.isidentifier() else str(theirs)
    return {account.function: account for account in Trial(str(ours), against, SECONDS, False).judged()}


@pytest.mark.parametrize(("kind", "source"), CHEATS.values(), ids=CHEATS)
def test_a_cheat_is_called_by_its_name(tmp_path, kind, source):
    """Each is found, and not as what is merely wrong."""
    (account,) = judged(tmp_path, f"import numpy as np\n{source}").values()
    assert kind in account.findings, account
    assert {*account.findings} <= {*SAYS}
    assert ("value" in account.findings) == (kind == "value")
    assert bool(account.speed) == (kind == "special")


def test_honest_kernels_are_right_and_timed(tmp_path):
    """Other orders and formulas, in four dtypes, within what is allowed; each has a speed."""
    for account in judged(tmp_path, honest.HONEST).values():
        assert not account.findings, account
        assert account.problems > 20
        assert {"float64", "float32", "float16"} <= {*account.dtypes}
        ratio, low, high = account.speed
        assert low <= ratio <= high


def test_who_calls_the_reference_is_told_of_and_right(tmp_path):
    """It is no fault, and no achievement."""
    (account,) = judged(tmp_path, "import reference\n\ndef softmax(x):\n    return reference.softmax(x)\n").values()
    assert not account.findings
    assert any("calls softmax" in note for note in account.notes.values()), account


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


def test_the_command_prints_a_screen_and_exits_as_the_judge(tmp_path, capsys):
    """0 where all is right, 1 with the call and both numbers where not, 2 with a sentence for nonsense."""
    (tmp_path / "reference.py").write_text(REFERENCE)
    (tmp_path / "same.py").write_text("import numpy as np\n\ndef relu(x):\n    return np.maximum(x, 0)\n")
    (tmp_path / "wrong.py").write_text("import numpy as np\n\ndef mean(x):\n    return x.sum(0)\n")
    reference = str(tmp_path / "reference.py")
    codes = {name: main([str(tmp_path / f"{name}.py"), "--against", reference]) for name in ("same", "wrong")}
    printed = capsys.readouterr().out
    assert codes == {"same": 0, "wrong": 1}
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
