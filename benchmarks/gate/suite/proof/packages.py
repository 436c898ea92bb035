"""Well-known packages with pytest-benchmark tests, fetched from the package index into a repository of their own.

Nothing of theirs is kept here: their source distributions have the tests.
"""

import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shrinkage.benchmarks.gate.revisions.checkouts import Unusable
from shrinkage.benchmarks.gate.sides import Home

# At the end of a module: the function waits for a share of what it took. To read the clock adds less than 0.3 µs.
SLOWED = """

def _slowed(function, share):
    import functools
    from time import perf_counter_ns as now

    @functools.wraps(function)
    def slower(*args, **kwargs):
        start = now()
        value = function(*args, **kwargs)
        stop = now()
        stop += share * (stop - start)
        while now() < stop:
            pass
        return value

    return slower


{function} = _slowed({function}, {share})
"""


@dataclass(frozen=True)
class Slowed:
    """A function that can be slowed, and the tests whose time is all but its own; no other test calls it."""

    module: str
    function: str
    tests: Sequence[str]

    def by(self, share: float, home: Home) -> None:
        """Slow it where it is installed, and in the tree, which pint's pytest imports from."""
        (place,) = home.places
        installed, there = place.glob(f"lib/python*/site-packages/{self.module}"), (home.tree, home.tree / "src")
        for module in (*installed, *(root / self.module for root in there if (root / self.module).is_file())):
            with module.open("a", encoding="utf-8") as file:
                file.write(SLOWED.format(function=self.function, share=share))


@dataclass(frozen=True)
class Package:
    """A version of a package, and what is timed of it: tests that take 30 µs or more."""

    name: str
    version: str
    licence: str
    tests: Sequence[str]
    slowed: Sequence[Slowed]

    def repository(self, folder: Path) -> Path:
        """Its files, committed; fetched where they are not in the folder yet.

        Raises
        ------
        Unusable
            If the index does not have it, or another package is meant there.
        """
        tree = folder / f"{self.name}-{self.version}"
        if not (tree / ".git").is_dir():
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
            _run([*pip, "--dest", str(folder), f"{self.name}=={self.version}"], folder)
            with tarfile.open(next(folder.glob(f"{self.name.replace('-', '?')}-{self.version}.tar.gz"))) as archive:
                archive.extractall(folder, filter="data")
                made = folder / archive.getnames()[0].partition("/")[0]
            made.rename(tree)
            who = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost", "-c", "commit.gpgsign=false")
            for command in (["init"], ["add", "--all", "--force"], [*who, "commit", "--message", self.version]):
                _run(
                    ["git", *command, "--quiet"] if command != ["add", "--all", "--force"] else ["git", *command], tree
                )
        return tree


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unusable(f"{' '.join(command)} ended with exit code {done.returncode}: {done.stderr.strip()[-300:]}")


_COLLECTIONS = "bench/test_attrs_collections.py::test_"
_STRUCTURED = f"{_COLLECTIONS}structure_attrs_mappings[BaseConverter]"
_UNSTRUCTURED = tuple(
    f"{_COLLECTIONS}unstructure_attrs_{what}[UnstructureStrategy.AS_DICT-BaseConverter]"
    for what in ("lists", "mappings")
)
_REGISTRY = "pint/testsuite/benchmarks/test_10_registry.py::test_"
_PARSED = f"{_REGISTRY}parse_expression[False-millisecond]", f"{_REGISTRY}parse_math_expression"
_HOOKS = "testing/benchmark.py::test_"
_CALLED = f"{_HOOKS}call_hook[100-100-0]"
_EXECUTED = (
    f"{_HOOKS}hook_and_wrappers_speed[hooks=100-wrappers=100]",
    f"{_HOOKS}hookimpl_with_default_speed[caller-value-100]",
)
_QUERIED = "tests/benchmarks/test_execution_sync.py::test_execute_basic_sync"

PACKAGES = (
    Package(
        *("cattrs", "26.2.1", "MIT"),
        tests=(_STRUCTURED, *_UNSTRUCTURED),
        slowed=(
            Slowed("cattrs/converters.py", "BaseConverter.structure", [_STRUCTURED]),
            Slowed("cattrs/converters.py", "BaseConverter.unstructure", _UNSTRUCTURED),
        ),
    ),
    Package(
        *("pint", "0.25.3", "BSD"),
        tests=(*_PARSED, f"{_REGISTRY}build_cache"),
        slowed=(
            Slowed("pint/facets/plain/registry.py", "GenericPlainRegistry.parse_expression", _PARSED),
            Slowed("pint/facets/plain/registry.py", "GenericPlainRegistry._build_cache", [f"{_REGISTRY}build_cache"]),
        ),
    ),
    Package(
        *("pluggy", "1.7.0", "MIT"),
        tests=(_CALLED, *_EXECUTED),
        slowed=(
            Slowed("pluggy/_caller.py", "HookCaller.__call__", [_CALLED]),
            Slowed("pluggy/_execution.py", "_multicall", (_CALLED, *_EXECUTED)),
        ),
    ),
    Package(
        *("graphql-core", "3.2.14", "MIT"),
        tests=(_QUERIED, "tests/benchmarks/test_parser.py::test_parse_kitchen_sink"),
        slowed=(Slowed("graphql/graphql.py", "graphql_sync", [_QUERIED]),),
    ),
)
