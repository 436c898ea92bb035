"""Compiled code on disk: never of other source than there is now, and where it may be written."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numba
import pytest

import shrinkage
from shrinkage._kernels import cache
from shrinkage._kernels.jit import jit

DOF = """
import shrinkage
assert abs(shrinkage.ridge_dof([[1.0, 2.0]], [0.5])[0] - 5.0 / 5.5) < 1e-12
from shrinkage.ridge_regression.selection import dof_of
print(sum(dof_of.stats.cache_misses.values()), sum(dof_of.stats.cache_hits.values()))
"""

CALLS = """
from shrinkage._kernels.jit import jit

@jit
def called(x):
    return x + 1.0

@jit
def caller(x):
    return called(x)
"""
STOPPED = """
import types, calls
from shrinkage._kernels import apart
for stops in ImportError, KeyboardInterrupt:
    def import_module(name):
        raise stops
    apart.importlib = types.SimpleNamespace(import_module=import_module)
    try:
        calls.caller(1.0)
    except BaseException as error:
        print(type(error).__name__)
import importlib
apart.importlib = importlib
print(calls.caller(1.0))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package as it is installed: no clone's files beside it."""
    source, target = Path(str(shrinkage.__file__)).parent, tmp_path / "installed" / "shrinkage"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "benchmarks", "properties"))
    return target


def compiled(package: Path, **environment: Path | str) -> tuple[str, str]:
    """How often the cache was missed and hit, and what was said, in a process that calls one function."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    given = {"PYTHONPATH": package.parent, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", DOF],
        cwd=package.parent,
        env=inherited | {name: str(value) for name, value in given.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip(), run.stderr


def test_what_was_compiled_of_other_source_does_not_count(tmp_path, copy):
    """Whichever file has changed, since what a function calls, and a constant it reads, may be in any; and back."""
    place = tmp_path / "cache"

    def misses_and_hits() -> str:
        return compiled(copy, NUMBA_CACHE_DIR=place)[0]

    assert misses_and_hits() == "1 0"
    assert misses_and_hits() == "0 1"
    called, read = copy / "ridge_regression" / "filters.py", copy / "_kernels" / "refine.py"
    for file in (called, read):
        before = file.read_bytes()
        file.write_bytes(before + b"# changed\n")
        assert misses_and_hits() == "1 0"
        file.write_bytes(before)
    assert misses_and_hits() == "0 1"


def test_what_many_call_is_in_one_file(tmp_path, copy):
    """And not in each that calls it: of all that `ridge_dof` compiles, the two that call a routine hold its name."""
    compiled(copy, NUMBA_CACHE_DIR=tmp_path)
    holding = [file.name for file in tmp_path.rglob("*.nbc") if b"shrinkage_dsyrk" in file.read_bytes()]
    assert sorted(name.split("-")[0].split(".")[-1] for name in holding) == ["_gram_of_rows", "_kernel_of_columns"]


def test_what_is_never_compiled_makes_nothing_compile_anew(tmp_path, copy):
    """A peer's adapter, say."""
    assert compiled(copy, NUMBA_CACHE_DIR=tmp_path)[0] == "1 0"
    with (copy / "peers" / "numpy" / "ridge.py").open("a") as file:
        file.write("# changed\n")
    assert compiled(copy, NUMBA_CACHE_DIR=tmp_path)[0] == "0 1"


def test_what_cannot_be_loaded_is_an_error_and_ctrl_c_is_heard(tmp_path):
    """What is called apart is loaded in the middle of compiled code: nothing there may be called in its place."""
    (tmp_path / "calls.py").write_text(CALLS)
    run = subprocess.run([sys.executable, "-c", STOPPED], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["RuntimeError", "KeyboardInterrupt", "2.0"], run
    assert "ImportError" in run.stderr


def test_few_versions_are_kept(tmp_path, monkeypatch):
    """The five that were used last."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    for i in range(8):
        (tmp_path / f"compiled-{i}").mkdir()
        os.utime(tmp_path / f"compiled-{i}", (i, i))
    (tmp_path / "somebody else's").mkdir()
    folder = cache.folder()
    left = {path.name for path in tmp_path.iterdir()}
    assert folder is not None
    assert left == {"somebody else's", folder.name, *(f"compiled-{i}" for i in range(4, 8))}


def test_numbas_own_setting_is_left_alone(monkeypatch):
    """What other code compiles goes where it would go without us."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "theirs")
    function = jit(lambda x: x)
    assert "theirs" not in function._cache.cache_path
    assert numba.config.CACHE_DIR == "theirs"


class Paused:
    """What a cache is asked to keep, or its key, that lets another go first, once, wherever it is written."""

    def __init__(self, name: str, pause: Callable[[], None]) -> None:
        self.name, self.pause = name, pause

    def __repr__(self) -> str:
        pause, self.pause = self.pause, lambda: None
        pause()
        return self.name

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (repr(self),)


def test_two_processes_that_compile_at_once_get_what_they_compiled(tmp_path):
    """Numba's own file gave one name to both entries: the first loaded what was made for the second's types."""
    in_the_middle, done = threading.Event(), threading.Event()

    def waits() -> None:
        in_the_middle.set()
        assert done.wait(20)

    def another() -> None:
        other.start()
        assert in_the_middle.wait(20)

    mine, theirs = (cache._Entries(str(tmp_path), "function", "stamp") for _ in range(2))
    other = threading.Thread(target=theirs.save, args=("theirs", Paused("made of theirs", waits)))
    mine.save(Paused("mine", another), "made of mine")
    done.set()
    other.join()
    loaded = cache._Entries(str(tmp_path), "function", "stamp")
    assert loaded.load(Paused("mine", lambda: None)) == "made of mine"
    assert loaded.load("theirs") == "made of theirs"


def test_what_cannot_be_read_is_compiled_anew(tmp_path, copy):
    """A disk that was full, or a machine that lost its power, leaves files without their ends."""
    assert compiled(copy, NUMBA_CACHE_DIR=tmp_path)[0] == "1 0"
    for file in tmp_path.rglob("*.nbc"):
        file.write_bytes(file.read_bytes()[:-100] * (file.stat().st_size % 2))  # of some, nothing
    assert compiled(copy, NUMBA_CACHE_DIR=tmp_path)[0] == "1 0"
    assert compiled(copy, NUMBA_CACHE_DIR=tmp_path)[0] == "0 1"


def test_nothing_is_written_into_an_installation(tmp_path, copy):
    """It could be written to, but the user's cache folder is where it belongs."""
    home = {"HOME": tmp_path / "home", "XDG_CACHE_HOME": tmp_path / "home" / "cache"}
    before = sorted(copy.rglob("*"))
    assert compiled(copy, **home) == ("1 0", "")
    assert compiled(copy, **home) == ("0 1", "")
    assert sorted(copy.rglob("*")) == before
    assert list((tmp_path / "home").rglob("*.nbc"))


def test_a_clone_keeps_it_beside_the_code(tmp_path, copy):
    """It goes when the clone goes."""
    (copy.parent / "pyproject.toml").touch()
    assert compiled(copy, HOME=tmp_path, XDG_CACHE_HOME=tmp_path)[0] == "1 0"
    assert list((copy / "__pycache__").rglob("*.nbc"))


def test_where_nothing_can_be_written_it_compiles_all_the_same(tmp_path, copy):
    """And says so once, with what helps. A file where the folder would be stops whoever runs this, root as well."""
    (copy.parent / "pyproject.toml").touch()
    for file in (copy / "__pycache__", tmp_path / "home", tmp_path / "cache"):
        file.touch()
    nowhere = {"HOME": tmp_path / "home", "XDG_CACHE_HOME": tmp_path / "home"}
    for environment in (nowhere, {**nowhere, "NUMBA_CACHE_DIR": tmp_path / "cache"}):
        counted, said = compiled(copy, **environment)
        assert counted == "1 0"
        assert said.count("set NUMBA_CACHE_DIR") == 1
    assert not list(tmp_path.rglob("*.nb?"))
