"""`--impl`: who is judged. Each run here is a pytest of its own, over a claim or two."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from shrinkage.loader import NotOffered, WrongChoice, load
from shrinkage.peers import ExpectedFailure, library, peers
from shrinkage.properties.selftest.own_pytest import own_pytest

pytestmark = pytest.mark.power

THREE = """
import numpy as np

def linear_form(x, c):
    return np.dot(x, c)

def squared_norm(x):
    return np.dot(x, x)

def matvec(A, x):
    return A @ x
"""
OTHER = """
from helper_of_second import half

def squared_norm(x):
    return half(x)

def linear_form_jacobian(x, c):
    return c.copy()[None, :]
"""


def judged(*names: str, claims: str = "sum_of_the or test_matvec_is_the") -> tuple[int, str]:
    """Exit code and output of the ordinary claims of chapter 1 about these implementations."""
    chosen = [part for name in names for part in ("--impl", name)]
    return own_pytest("properties/test_calculus.py", "-m", "mathematics", "-k", claims, *chosen)


def usage_error(*names: str) -> str:
    """The one line with which a wrong ``--impl`` ends the run, with exit code 4."""
    code, output = judged(*names)
    assert code == pytest.ExitCode.USAGE_ERROR, output
    (line,) = [line for line in output.splitlines() if line.startswith("ERROR: ")]
    assert line.endswith(".")
    assert "Traceback" not in output
    return line


def test_a_file_with_three_functions_is_judged_by_those(tmp_path):
    """What a .py file does not offer is skipped as not offered and counted, and the run passes."""
    path = tmp_path / "homework.py"
    path.write_text(THREE)
    code, output = judged(str(path), claims="not another")
    assert code == 0, output
    assert re.search(r"[1-9]\d* skipped", output)
    assert re.search(r"^homework\.py offers 3 of \d+ functions: linear_form, squared_norm, matvec ", output, re.M)
    assert re.search(r"^  [1-9]\d* functions are not offered and not judged$", output, re.M)
    assert re.search(r"^  mathematics  right +([1-9]\d*) of \1 claims$", output, re.M)


def test_a_wrong_function_fails_with_its_claim(tmp_path):
    """A failure states the claim, both values, the bound with its source, and the exit code is 1."""
    path = tmp_path / "homework.py"
    path.write_text(THREE + "\n\ndef matvec(A, x):\n    return 1.01 * (A @ x)\n")
    code, output = judged(str(path))
    assert code == 1, output
    for word in ("matvec(A, x) is Ax.", "error / bound", "got", "expected", "Higham (2002)"):
        assert word in output


def test_an_unknown_name_is_a_usage_error_of_one_sentence():
    """A name that leads nowhere ends the run with exit code 4 and one sentence, which says which peers there are."""
    line = usage_error("nonesuch")
    assert "nonesuch was not found" in line
    assert "numpy" in line


def test_a_race_is_no_implementation_to_judge():
    """A comma-separated list is for benchmarks: in properties it is a usage error."""
    assert "properties judge one implementation" in usage_error("numpy,impl")


def test_several_are_taken_together_and_the_first_wins(tmp_path):
    """Given twice, --impl makes one implementation of two files, which find their siblings; the first offer wins."""
    (tmp_path / "helper_of_second.py").write_text("def half(x):\n    return 0.5 * x @ x\n")
    first, second = tmp_path / "first_given.py", tmp_path / "second_given.py"
    first.write_text(THREE)
    second.write_text(OTHER)
    x = np.array([2.0, 4.0])
    both = load([str(first), str(second)])
    assert both.offered == ["linear_form", "linear_form_jacobian", "squared_norm", "matvec"]
    assert both.squared_norm(x) == 20
    assert load([str(second), str(first)]).squared_norm(x) == 10
    with pytest.raises(NotOffered, match="pinv"):
        both.pinv(x)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "there is no file"),
        (
            "import nothing_of_that_name\n",
            "failed on import: ModuleNotFoundError: No module named 'nothing_of_that_name'",
        ),
        ("def f(:\n", "failed on import: SyntaxError"),
        ("raise SystemExit\n", "failed on import: SystemExit"),
        ("def __getattr__(name):\n    raise ImportError('too old')\n", "failed on import: ImportError: too old"),
        ("answer = 42\n", "offers no function of the contract"),
    ],
    ids=["missing", "unimportable", "no Python", "exits", "imports late", "empty"],
)
def test_a_file_that_cannot_be_judged_is_one_sentence(tmp_path, text, reason):
    """A path to no file, a file that fails on import, and one without any function of the contract, each in words."""
    path = tmp_path / "given_in_vain.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(WrongChoice) as caught:
        load([str(path)])
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "nonesuch", "non.esuch", "a..b", ".a"])
def test_a_name_that_leads_nowhere_is_not_found(name):
    """A wrong name, dotted or not, is not found, and the peers are listed."""
    with pytest.raises(WrongChoice, match=r"was not found: .*numpy"):
        load([name])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("notes.txt", "notes.txt is no Python: give a file that ends in .py."),
        ("hw.ipynb", "hw.ipynb is a notebook: save it as a file first, by jupyter nbconvert --to script hw.ipynb."),
        ("homwork.py", "; there is homework.py."),
        ("homwork", "; there is homework."),
        ("Numpy", "; there is numpy."),
        ("homework.py:Ridge", "judge a class of it by --estimator 'homework.py:Ridge', functions by homework.py."),
        ("inner.core.ridge", "inner.core.ridge is a function: give its module, inner.core."),
        ("inner.corr", "inner.corr was not found: inner has no module corr."),
        ("library", "library is in src, where Python does not look: say PYTHONPATH=src, or pip install -e . first."),
    ],
)
def test_what_a_wrong_name_seems_to_mean_is_said(tmp_path, monkeypatch, name, said):
    """In one sentence, with the word that would have been right where there is one."""
    folder(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    with pytest.raises(WrongChoice) as caught:
        load([name])
    assert str(caught.value).startswith(name)
    assert str(caught.value).endswith(said)


@pytest.mark.parametrize("name", ["inner/__init__.py", "inner/core.py", "inner.core", "inner"])
def test_a_file_of_a_package_is_imported_as_that(tmp_path, monkeypatch, name):
    """By path or by name, with what it imports from its siblings."""
    folder(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert load([name]).ridge(1, 2, 3) == 4
    for module in [module for module in sys.modules if module.split(".")[0] == "inner"]:
        monkeypatch.delitem(sys.modules, module)


def folder(path: Path) -> None:
    """A file, a package, one in src, and what is no Python."""
    for package in ("inner", "src/library"):
        (path / package).mkdir(parents=True)
        (path / package / "__init__.py").write_text("from .core import ridge\n")
        (path / package / "core.py").write_text("from .sibling import four\n\ndef ridge(X, y, lam):\n    return four\n")
        (path / package / "sibling.py").write_text("four = 4\n")
    for name in ("homework.py", "notes.txt", "hw.ipynb"):
        (path / name).write_text("answer = 42\n")


def test_a_dotted_module_and_a_short_name_are_the_same_peer():
    """`numpy` is the peer shrinkage.peers.numpy, not the library of that name."""
    assert load(["numpy"]).ridge is load(["shrinkage.peers.numpy"]).ridge


# ---- what follows from the file of a peer -----------------------------------------------------------------

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("peer", peers())
def test_a_peer_says_what_it_is_built_on(peer):
    """What is read from its file is what the file says; and where it is expected to fail is a table."""
    pytest.importorskip(library(peer).module, exc_type=ImportError)
    (part,) = load([peer]).parts
    assert library(peer) == vars(part)["LIBRARY"]
    assert all(isinstance(failure, ExpectedFailure) for failure in getattr(part, "EXPECTED_FAILURES", ()))


def test_what_a_peer_is_built_on_is_known_without_it():
    """To say what there is, and what to install, nothing is imported."""
    program = """if True:
        import json, sys
        from shrinkage.peers import library, peers
        known = [library(peer) for peer in peers()]
        print(json.dumps([one.module for one in known if one.module in sys.modules]))
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) in ([], ["numpy"])


def test_what_is_installed_is_what_the_peers_are_judged_from():
    """The extra is pip's own list, and the one other place that knows of a peer: `pip install 'shrinkage[peers]'`.

    A peer that is not in it is installed by its library's name, as `--impl` says.
    """
    extra, needed = PROJECT["optional-dependencies"]["peers"], PROJECT["dependencies"]
    assert {*extra} <= {library(peer).requirement for peer in peers()}
    assert {library(peer).requirement for peer in ("numpy", "scipy")} <= {*needed}


@pytest.mark.parametrize("peer", [peer for peer in peers() if peer not in ("numpy", "scipy")])
def test_a_peer_without_its_library_says_what_to_install(monkeypatch, peer):
    """Where a peer's library is missing, one sentence says what to install."""
    top = library(peer).module
    for module in [name for name in sys.modules if name.startswith(f"{top}.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, top, None)
    monkeypatch.delitem(sys.modules, f"shrinkage.peers.{peer}", raising=False)
    with pytest.raises(WrongChoice, match=rf"^{peer} needs {top}.*: pip install '{library(peer).requirement}'\.$"):
        load([peer])
