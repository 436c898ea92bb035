"""Three tools, each as people use it, on the same two sets of code; their alarms are read from what they print.

pytest-benchmark
    Base is run and saved, then head is run and compared, ``--benchmark-compare-fail=median:5%`` and ``min:5%`` in the
    same run. All else is its default, the time for a benchmark too, which is longer than this project's own.
asv
    ``asv continuous --factor 1.05`` in a virtualenv of its making, with the same versions of what the code needs.
gate
    ``python -m benchmarks.gate BASE HEAD --only time``, run from base.
"""

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import threads
from benchmarks.gate.decide import INCONCLUSIVE, REGRESSION
from benchmarks.gate.slowed import BASE, SIDES
from benchmarks.gate.trees import ROOT, Unusable

_REGRESSED = re.compile(r"^\t\S*\[(\S+)-impl\].* - Field '(\w+)' has failed PercentageRegressionCheck", re.MULTILINE)
_ROW = re.compile(r"^\| (.) .*\|\s*\S*\.time_case\('([^']+)'\)\s*\|$", re.MULTILINE)
_FIELDS = ("median", "min")
_NEEDED = ("numpy", "scipy", "numba")  # in asv's environment


@dataclass(frozen=True)
class Verdict:
    """What a tool said of one run.

    Parameters
    ----------
    alarms
        The cases that it called slower.
    undecided
        Whether it said of the whole run that it could not tell.
    unsure
        The cases of which it said so.
    """

    alarms: list[str]
    undecided: bool = False
    unsure: list[str] = field(default_factory=list)


Tool = Callable[[Path, str, Sequence[str]], dict[str, Verdict]]  # the folder of the code, head's tag, the cases


def pytest_benchmark(folder: Path, head: str, cases: Sequence[str]) -> dict[str, Verdict]:
    """Run base, then head; a verdict for each field that is compared."""
    store = folder / "stored"
    shutil.rmtree(store, ignore_errors=True)
    compared = ["--benchmark-compare", "--benchmark-compare-fail", *(f"{field}:5%" for field in _FIELDS)]
    printed = ""
    for side, options in zip(SIDES, (["--benchmark-save=base"], compared), strict=True):
        command = [sys.executable, "-m", "pytest", "benchmarks", "--benchmark-only", "--impl", "impl"]
        command += ["-k", " or ".join(f"[{case}-impl]" for case in cases), "--benchmark-max-time=1"]
        command += ["-p", "no:cacheprovider", f"--benchmark-storage=file://{store}", *options]
        printed = _printed(command, folder / side, {"NUMBA_CACHE_DIR": str(folder / f"cache-{side}")})
        if f"{len(cases)} selected" not in printed or re.search(r"^(FAILED|ERROR) ", printed, re.MULTILINE):
            raise Unusable(f"pytest-benchmark could not run {side}. It said last:\n{_last(printed)}")
    if "Comparing against benchmarks from" not in printed:
        raise Unusable(f"pytest-benchmark did not compare. It said last:\n{_last(printed)}")
    alarms = regressed(printed)
    return {f"pytest-benchmark {field}:5%": Verdict(alarms[field]) for field in _FIELDS}


def regressed(printed: str) -> dict[str, list[str]]:
    """By field: the cases that failed the comparison, from the output of pytest-benchmark."""
    found = _REGRESSED.findall(printed)
    return {field: [case for case, failed in found if failed == field] for field in _FIELDS}


def asv(folder: Path, head: str, cases: Sequence[str]) -> dict[str, Verdict]:
    """Compare the two commits."""
    configured(folder, cases, f"results-{head}")
    printed = _asv(folder, "continuous", BASE, head, "--factor", "1.05")
    return {"asv continuous": Verdict(worse(printed))}


def worse(printed: str) -> list[str]:
    """The cases with a `+`, from the output of asv.

    Raises
    ------
    Unusable
        If it has not compared all of them.
    """
    rows = _ROW.findall(printed)
    if "SIGNIFICANTLY" not in printed or re.search(r"\bfailed\b", printed) or any(mark == "!" for mark, _ in rows):
        raise Unusable(f"asv could not compare the two commits. It said last:\n{_last(printed)}")
    return [case for mark, case in rows if mark == "+"]


def ready_for_asv(folder: Path, cases: Sequence[str]) -> None:
    """Write what asv times, and have it make its environment, once for all runs.

    Raises
    ------
    Unusable
        If it is not installed.
    """
    if not all(map(importlib.util.find_spec, ("asv", "virtualenv"))):
        raise Unusable("asv is not installed: pip install asv virtualenv, or leave it out, by --tool.")
    suite = folder / "asv" / "suite"
    suite.mkdir(parents=True)
    (suite / "__init__.py").touch()
    (suite / "cases.json").write_text(json.dumps(list(cases)), encoding="utf-8")
    shutil.copy2(ROOT / "benchmarks" / "gate" / "asv_cases.py", suite)
    for part in ("benchmarks", "properties"):
        shutil.copytree(folder / "base" / part, folder / "asv" / "harness" / part)
    (folder / "asv" / "home").mkdir()
    configured(folder, cases, "results")
    _asv(folder, "machine", "--yes")
    _asv(folder, "setup")


def configured(folder: Path, cases: Sequence[str], results: str) -> None:
    """Write asv's configuration; results of other runs are not looked at."""
    settings = {
        "version": 1,
        "project": "shrinkage",
        "repo": str(folder / "base"),
        "branches": ["main"],
        "environment_type": "virtualenv",
        "pythons": [".".join(map(str, sys.version_info[:2]))],
        "matrix": {"req": {name: [importlib.metadata.version(name)] for name in _NEEDED}},
        "build_command": ["python -m pip wheel --no-deps --wheel-dir {build_cache_dir} {build_dir}"],
        # What it needs is there, and stays as it is.
        "install_command": ["in-dir={env_dir} python -m pip install --no-deps --force-reinstall {wheel_file}"],
        "benchmark_dir": "suite",
        "env_dir": "env",
        "results_dir": results,
        "html_dir": "html",
    }
    (folder / "asv" / "asv.conf.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")


def _asv(folder: Path, *arguments: str) -> str:
    """What it prints. It stores the machine's name in the home folder, so it has one of its own."""
    own = {
        "HOME": str(folder / "asv" / "home"),
        "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", str(Path.home() / ".config")),  # pip's, say
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "NUMBA_CACHE_DIR": str(folder / "cache-asv"),
    }
    return _printed([sys.executable, "-m", "asv", *arguments], folder / "asv", own)


def gate(folder: Path, head: str, cases: Sequence[str]) -> dict[str, Verdict]:
    """The one of this project, of base's own code: it runs from there."""
    file = folder / "gate.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.gate", BASE, head, "--only", "time", "--json", str(file)]
    printed = _printed([*command, *(part for case in cases for part in ("-k", case))], folder / "base", {})
    if not file.exists():
        raise Unusable(f"The gate could not compare the two commits. It said last:\n{_last(printed)}")
    result = json.loads(file.read_text(encoding="utf-8"))
    of = {
        verdict: [r["case"] for r in result["time"] if r["verdict"] == verdict]
        for verdict in (REGRESSION, INCONCLUSIVE)
    }
    return {"gate": Verdict(of[REGRESSION], result["verdict"] == INCONCLUSIVE, of[INCONCLUSIVE])}


TOOLS: Mapping[str, Tool] = {"pytest-benchmark": pytest_benchmark, "asv": asv, "gate": gate}


def _printed(command: Sequence[str], folder: Path, own: Mapping[str, str]) -> str:
    """What a command prints, run in the folder on the modules that are there, one thread each."""
    environment = {
        name: value
        for name, value in threads.environment(1).items()
        if not name.startswith(("PYTEST_", "NUMBA_CACHE", "GIT_")) and name not in ("PYTHONDONTWRITEBYTECODE", "CI")
    }
    environment |= {"PYTHONPATH": str(folder), **own}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def _last(printed: str) -> str:
    return "\n".join(printed.strip().splitlines()[-15:])
