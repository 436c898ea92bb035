"""What a maintainer would use otherwise, on the same two revisions in the same environments: their rules, at 5 %."""

import json
import math
import os
import subprocess
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import mannwhitneyu

from shrinkage.benchmarks.gate.revisions.checkouts import Unusable
from shrinkage.benchmarks.gate.sides import Home, Sides

FACTOR = 1.05
KINDS = ("mean", "median", "min")
Slower = dict[str, dict[str, bool]]  # tool, test


def pytest_benchmark(homes: Mapping[str, Home], tests: Sequence[str]) -> Slower:
    """``--benchmark-compare-fail`` of the mean, of the median and of the minimum: base is run, then head."""
    stats = {side: _stats(homes[side], tests) for side in ("base", "head")}
    return {
        f"pytest-benchmark {kind}:5%": {
            test: stats["head"][test][kind] > FACTOR * stats["base"][test][kind] for test in tests
        }
        for kind in KINDS
    }


def _stats(home: Home, tests: Sequence[str]) -> dict[str, dict[str, float]]:
    out = home.cache.parent / "pytest-benchmark.json"
    out.unlink(missing_ok=True)
    plain = "-p", "no:cacheprovider", "--benchmark-enable", "--benchmark-json", str(out)
    environment = os.environ | home.environment | {"PYTHONPATH": os.pathsep.join(map(str, home.path))}
    command = [*home.python, "-m", "pytest", *plain, *tests]
    done = subprocess.run(command, cwd=home.tree, env=environment, capture_output=True, text=True, check=False)
    if not out.is_file() or done.returncode:
        raise Unusable(f"pytest-benchmark ended with exit code {done.returncode}: {done.stdout[-500:]}")
    return {row["fullname"]: row["stats"] for row in json.loads(out.read_text(encoding="utf-8"))["benchmarks"]}


def asv(sides: Sides, tests: Sequence[str]) -> Slower:
    """The rule of ``asv continuous``, on samples as asv takes them.

    By the version of 2025: two processes a revision, here in turns; in each, after 0.1 s to warm up, five samples of
    10 ms or one call. A test is slower where the median is by the factor, and a Mann-Whitney test has p < 0.002.
    """
    samples: dict[str, dict[str, list[float]]] = {side: {test: [] for test in tests} for side in ("base", "head")}
    for _ in range(2):
        for side, found in samples.items():
            with sides.process(side, sides.cores[:1]) as process:
                for test in tests:
                    once = process.ask("load", case=test)
                    warm, calls = math.ceil(0.1 / once), math.ceil(0.01 / once)
                    process.ask("time", case=test, calls=1, warm=warm)
                    found[test] += [process.ask("time", case=test, calls=calls, warm=0) for _ in range(5)]
                    process.ask("drop", case=test)
    return {"asv continuous": {test: _slower(samples["base"][test], samples["head"][test]) for test in tests}}


def _slower(base: Sequence[float], head: Sequence[float]) -> bool:
    if mannwhitneyu(base, head).pvalue >= 0.002:
        return False
    return bool(np.median(head) > FACTOR * np.median(base))
