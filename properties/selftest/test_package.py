"""The package: what the wheel holds, and what importing it loads."""

import ast
import importlib
import inspect
import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import shrinkage
from shrinkage import __version__
from shrinkage.contract import CONTRACT, FUNCTIONS
from shrinkage.properties.selftest.own_pytest import ROOT, own_python

pytestmark = pytest.mark.power

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = PROJECT["tool"]["setuptools"]["package-dir"]
INSIDE = ("selftest", "examples")  # of a clone and of the sdist: they are about the suite itself


CACHES = {"a cache": ("-o", "cache_dir=/dev/null/cache"), "no cache": ("-p", "no:cacheprovider")}


@pytest.mark.parametrize("cache", CACHES.values(), ids=CACHES)
@pytest.mark.parametrize("name", ["impl", "properties/examples/textbook.py"])
def test_where_nothing_can_be_written_there_is_a_verdict(cache, name):
    """In a checkout that is read-only, neither pytest's cache nor Hypothesis' examples are kept, and claims hold."""
    chosen = ("properties/test_calculus.py", "-k", "matvec_is or squared_norm_is", "-m", "mathematics or accuracy")
    nowhere = {"HYPOTHESIS_STORAGE_DIRECTORY": "/dev/null/hypothesis", "CI": ""}  # where CI is set, none are kept
    code, output = own_python(ROOT, "-m", "pytest", *cache, "--impl", name, *chosen, **nowhere)
    assert code == 0, output
    assert "  accuracy     right            2 of 2 claims\n" in output
    assert "arning" not in output


def test_every_folder_of_code_is_a_package_of_the_wheel():
    """But those that are about the suite itself."""
    found = set()
    for package, folder in FOLDERS.items():
        for file in (ROOT / folder).rglob("__init__.py"):
            inside = file.parent.relative_to(ROOT / folder).parts
            if not set(inside) & set(INSIDE):
                found.add(".".join((package, *inside)))
    packages = PROJECT["tool"]["setuptools"]["packages"]
    assert len(packages) == len(set(packages))
    assert set(packages) == found


def test_every_other_file_is_data_of_the_wheel_or_meant_to_stay():
    """Schemas and templates are in it; stored results and documents are not."""
    data = PROJECT["tool"]["setuptools"]["package-data"]
    patterns = {pattern for kind in data.values() for pattern in kind}
    for folder in FOLDERS.values():
        for file in (ROOT / folder).rglob("*"):
            inside = file.relative_to(ROOT / folder).parts
            skipped = {*INSIDE, "__pycache__", "results"} & set(inside) or file.suffix in (".py", ".md")
            if file.is_file() and not skipped and not any(part.startswith(".") for part in inside):
                assert any(file.match(pattern) for pattern in patterns), file


def test_a_folder_and_a_file_are_read_in_one_sitting():
    """At most 20 entries, but for the claims' own folder, and 500 lines; what a run leaves behind does not count."""
    entries: dict[Path, set[str]] = {}
    for folder in map(ROOT.joinpath, FOLDERS.values()):
        for path in folder.rglob("*"):
            if not any(part[0] == "." or part == "__pycache__" for part in path.relative_to(ROOT).parts):
                entries.setdefault(path.parent, set()).add(path.name)
                assert path.suffix != ".py" or path.read_text(encoding="utf-8").count("\n") <= 500, path
    assert {folder for folder, names in entries.items() if len(names) > 20} == {ROOT / "properties"}


def test_the_version_is_in_one_place():
    """Where the build reads it, without an import."""
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "shrinkage.__version__"}
    assert f'\n__version__ = "{__version__}"\n' in (ROOT / "impl" / "__init__.py").read_text(encoding="utf-8")


# ---- what importing loads -------------------------------------------------------------------------------------------

HEAVY = ("numpy", "scipy", "numba", "shrinkage._kernels.jit")


def fresh(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own, in the clone's root."""
    command = [sys.executable, "-c", program, *arguments]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def loaded_by(program: str, names: Sequence[str] = HEAVY) -> list[str]:
    """Which of these modules a program leaves loaded."""
    run = fresh(f"{program}\nimport json, sys\nprint(json.dumps([n for n in {list(names)} if n in sys.modules]))")
    assert run.returncode == 0, run.stderr
    found: list[str] = json.loads(run.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "program",
    [
        "import shrinkage",
        "import shrinkage; dir(shrinkage)",
        "import shrinkage.loader, shrinkage.contract, shrinkage.cli",
    ],
)
def test_importing_the_package_loads_no_library(program):
    """Neither NumPy nor SciPy nor Numba."""
    assert loaded_by(program) == []


JUDGE = """
import gc, pytest
code = pytest.main(["-q", "-p", "no:cacheprovider", "--hypothesis-profile=quick", "-W", "error", *{arguments}])
assert code == 0, code
assert gc.get_freeze_count() == 0, "collections do not look through what was loaded until then"
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["properties", "--ignore=properties/selftest", "-k", "linear_form"],  # collects every file of claims
        ["properties/test_interface.py", "-k", "linear_form"],
        ["properties/test_calculus.py", "-k", "linear_form", "--isolate"],
        ["benchmarks/test_timings.py", "-k", "linear_form-small"],
    ],
    ids=["values", "interface", "isolated", "benchmarks"],
)
def test_judging_somebody_elses_code_loads_no_numba(arguments):
    """Nor anything of ours that is compiled: its verdict waits for no import that it has no use for."""
    program = JUDGE.format(arguments=["--impl", "numpy", *arguments])
    assert loaded_by(program, ["numba", "llvmlite", "shrinkage._kernels.jit", "shrinkage.calculus"]) == []


def test_the_command_loads_nothing_that_judging_does_not_need():
    """SciPy, and plugins of pytest that others have installed beside it."""
    said = ["properties/examples/textbook.py", "-m", "mathematics", "-k", "linear_form", "-n", "0"]
    program = f"from shrinkage.properties.judge import main\nassert main({said}) == 0"
    assert loaded_by(program, ["scipy", "zarr.testing", "trio", "anyio", "numba", "pytest_benchmark"]) == []


def test_names_are_the_contracts():
    """`from shrinkage import *` and dir() give every function, and each is the one that its module defines."""
    scope: dict[str, Any] = {}
    exec("from shrinkage import *", scope)
    assert set(scope) - {"__builtins__"} == set(CONTRACT)
    assert set(dir(shrinkage)) >= set(CONTRACT)
    for name, function in CONTRACT.items():
        home = f"shrinkage.{function.module}"
        assert scope[name] is getattr(importlib.import_module(home), name)
        assert scope[name].__module__ == home
        assert "numpy._typing" not in str(inspect.signature(scope[name])), name


def test_no_module_stands_in_a_functions_place():
    """Importing a module sets an attribute of its package: none may be named as a function is."""
    for function in FUNCTIONS:
        importlib.import_module(f"shrinkage.{function.module}")
        assert not isinstance(getattr(shrinkage, function.name), ModuleType)
        assert vars(shrinkage)[function.name] is getattr(shrinkage, function.name)  # a plain attribute from then on


def test_type_checkers_see_every_module_of_the_contract():
    """They cannot run the lazy part; what they read instead names each module once."""
    tree = ast.parse(Path(str(shrinkage.__file__)).read_text(encoding="utf-8"))
    imported = [
        step.module for step in ast.walk(tree) if isinstance(step, ast.ImportFrom) and step.names[0].name == "*"
    ]
    assert sorted(map(str, imported)) == sorted({function.module for function in FUNCTIONS})


def test_a_wrong_name_is_told_with_the_right_one():
    """As of any module."""
    run = fresh("import shrinkage; shrinkage.rigde")
    assert run.returncode == 1
    told = run.stderr.splitlines()[-1]
    assert told == "AttributeError: module 'shrinkage' has no attribute 'rigde'. Did you mean: 'ridge'?"
    assert not hasattr(shrinkage, "nonsense")


PICKLED = """
import pickle, sys
import shrinkage
net = shrinkage.FullyConnectedNet([2], input_dim=3, num_classes=2, seed=0)
things = pickle.loads(pickle.dumps([shrinkage.ridge, shrinkage.FullyConnectedNet, net]))
assert things[0] is shrinkage.ridge and things[1] is shrinkage.FullyConnectedNet and type(things[2]) is things[1]
sys.stdout.write(pickle.dumps(things, protocol=0).hex())
"""
UNPICKLED = """
import pickle, sys
ridge, Net, net = pickle.loads(bytes.fromhex(sys.argv[1]))
print(ridge([[1.0]], [2.0], 1.0), net.loss([[1.0, 2.0, 3.0]]).shape)
"""


def test_what_is_pickled_is_loaded_by_a_process_that_imported_nothing():
    """A function, a class and a trained net."""
    written = fresh(PICKLED)
    assert written.returncode == 0, written.stderr
    read = fresh(UNPICKLED, written.stdout)
    assert (read.returncode, read.stdout) == (0, "[1.] (1, 2)\n"), read.stderr


THREADS = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
import shrinkage
sys.setswitchinterval(1e-6)
names = shrinkage.__all__ * 4
start = threading.Barrier(16)

def take(i):
    start.wait()
    return {name: getattr(shrinkage, name) for name in names[i:] + names[:i]}

with ThreadPoolExecutor(16) as pool:
    taken = list(pool.map(take, range(0, 160, 10)))
assert all(t[name] is getattr(shrinkage, name) for t in taken for name in names)
"""


def test_threads_that_ask_first_at_the_same_time_get_the_same():
    """Sixteen, each beginning with another function."""
    run = fresh(THREADS)
    assert run.returncode == 0, run.stderr
