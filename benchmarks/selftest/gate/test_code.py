"""What counts as the same code: in copies of impl that differ in one thing, each loaded in processes of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shrinkage.benchmarks.gate.contract import code
from shrinkage.benchmarks.gate.revisions.checkouts import with_harness
from shrinkage.loader import load

DIGESTS = """
import json, numpy as np
from shrinkage.benchmarks.gate.contract.code import digests
from shrinkage.loader import load
own = load(["impl"])
own.squared_norm(np.ones(3))
own.relu_forward(np.ones(3))
print(json.dumps(digests(own)))
"""
WRAPPED = """
import functools

from .calculus import squared_norm

def _as_it_was(f):
    @functools.wraps(f)
    def wrapper(*args):
        return f(*args)
    return wrapper

squared_norm = _as_it_was(squared_norm)

__version__ ="""
WATCHED = ("squared_norm", "relu_forward", "ridge", "FullyConnectedNet", "Solver")


def digests(folder: Path, hash_seed: int = 0) -> dict[str, str]:
    """Of the functions of the copy in that folder."""
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": str(folder),
        "PYTHONHASHSEED": str(hash_seed),
    }
    command = [sys.executable, "-c", DIGESTS]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return {name: json.loads(run.stdout)[name] for name in WATCHED}


def copy(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of the tree in which one thing is written otherwise."""
    folder.mkdir()
    with_harness(folder, whole=True)
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_a_constant_of_another_module_is_part_of_the_code(tmp_path, monkeypatch):
    """It holds nothing that says where it is from: the import does."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found = []
    for i, limit in enumerate(("1", "2", "2  # as it was")):
        package = tmp_path / f"small{i}"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "limits.py").write_text(f"LIMIT = {limit}\n")
        (package / "mine.py").write_text(
            "def squared_norm(x):\n    from .limits import LIMIT\n    return LIMIT * sum(x * x)\n"
        )
        own = load([f"small{i}.mine"])
        own.squared_norm(np.ones(2))
        found.append(code.digests(own)["squared_norm"])
    assert found[0] != found[1] == found[2]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The digests of the tree as it stands."""
    return digests(copy(tmp_path_factory.mktemp("gate") / "base", "shrinkage/calculus.py", '"""', '"""'))


@pytest.mark.power
@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("shrinkage/nets/net.py", "\nimport numpy", "\nimport math\nimport numpy", {"FullyConnectedNet", "Solver"}),
        ("shrinkage/calculus.py", "@jit_sums", "@jit", {"squared_norm"}),
        ("shrinkage/__init__.py", "__version__ =", WRAPPED, {"squared_norm"}),
    ],
    ids=["another net", "another kernel", "wrapped"],
)
def test_what_has_changed_is_told_from_what_has_not(tmp_path, before, file, old, new, changed):
    """By machine code and bytecode, whatever the process's hash seed, the path of the tree and the line numbers."""
    head = copy(tmp_path / "head", file, old, new)
    moved = head / "shrinkage" / "calculus.py"
    moved.write_text(f"# a comment, which moves every line\n{moved.read_text(encoding='utf-8')}", encoding="utf-8")
    after = digests(head, hash_seed=7)
    assert {name for name in WATCHED if after[name] != before[name]} == changed
