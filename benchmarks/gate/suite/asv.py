"""asv's suites: the functions and methods of a benchmark folder, with setup, teardown and params, without asv.

Those that are called time_, and mem_ and peakmem_: of these the most is counted that a call has allocated at once, the
object that it gives among it, and they are not timed.
"""

import contextlib
import importlib
import inspect
import itertools
import json
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from shrinkage.benchmarks.gate.calls import Call, NotOffered, Plain

# Its setup, the call, its teardown, and whether it can be called once alone.
Parts = tuple[Callable[[], None], Plain, Callable[[], None], bool]
KINDS = ("time_", "Time", "mem_", "Mem", "peakmem_", "PeakMem")
CONFIGURATIONS = ("asv.conf.json", "asv.conf.jsonc", "*/asv.conf.json", "*/asv.conf.jsonc")


class Asv:
    """What is found in the folder that asv's configuration names.

    Parameters
    ----------
    select
        A pattern, or a part, of the names that are taken; empty for all.
    """

    def __init__(self, select: str = "") -> None:
        self.found: dict[str, Callable[[], Parts]] = {}
        self.loaded: list[ModuleType] = []
        for module in self._modules():
            self.loaded.append(module)
            for name, made in _benchmarks(module):
                if not select or select in name or fnmatch(name, select):
                    self.found[name] = made

    def names(self) -> list[str]:
        """As asv says them."""
        return [*self.found]

    def modules(self) -> set[str]:
        """The package of the suite."""
        return {module.__name__.partition(".")[0] for module in self.loaded}

    def within(self, case: str, do: Callable[[Call], None]) -> str:
        """Set up, time, tear down; an error of the suite's own is told."""
        setup, call, teardown, once = self.found[case]()
        try:
            setup()
        except NotImplementedError:  # asv's way of saying that these parameters are not to be run
            raise NotOffered("its setup leaves these parameters out") from None
        if once:

            def again() -> Plain:
                setup()
                return call

            do(Call(lambda: None, setup=again))
        else:
            do(Call(call))
        teardown()
        return ""

    def _modules(self) -> Iterator[ModuleType]:
        for pattern in CONFIGURATIONS:
            for file in sorted(Path.cwd().glob(pattern)):
                with contextlib.suppress(ValueError):
                    told = json.loads(re.sub(r"^\s*//.*$|,(?=\s*[}\]])", "", file.read_text(), flags=re.MULTILINE))
                    folder = (file.parent / told.get("benchmark_dir", "benchmarks")).resolve()
                    if folder.is_dir():
                        sys.path.insert(0, str(folder.parent))
                        yield from _all(folder)
                        return


def _all(folder: Path) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages([str(folder)], f"{folder.name}."):
        yield importlib.import_module(found.name)


def _benchmarks(module: ModuleType) -> Iterator[tuple[str, Any]]:
    prefix = module.__name__.partition(".")[2]
    for name, value in vars(module).items():
        if inspect.isclass(value) and value.__module__ == module.__name__:
            for method in dir(value):
                if method.startswith(KINDS):
                    yield from _with_parameters(f"{prefix}.{name}.{method}", partial(_of_class, value, method), value)
        elif name.startswith(KINDS[::2]) and callable(value):
            yield from _with_parameters(f"{prefix}.{name}", partial(_of_function, module, value), value)


def _with_parameters(name: str, make: Callable[..., Any], owner: Any) -> Iterator[tuple[str, Any]]:
    params = getattr(owner, "params", None)
    if not params:
        yield name, make
        return
    lists = params if isinstance(params[0], list | tuple) else [params]
    for chosen in itertools.product(*lists):
        yield f"{name}({', '.join(map(repr, chosen))})", partial(make, *chosen)


_cached: dict[Any, Any] = {}


def _of_class(kind: type, method: str, *chosen: Any) -> Parts:
    suite = kind()
    if hasattr(suite, "setup_cache"):
        if kind not in _cached:
            _cached[kind] = suite.setup_cache()
        chosen = (_cached[kind], *chosen)
    called = getattr(suite, method)
    return _parts(suite, {}, called, chosen)


def _of_function(module: ModuleType, function: Callable[..., Any], *chosen: Any) -> Parts:
    return _parts(function, vars(module), function, chosen)


def _parts(owner: Any, beside: Mapping[str, Any], called: Callable[..., Any], chosen: tuple[Any, ...]) -> Parts:
    """Its own setup and that of its module, as asv does; anew for each call where it asks for one call a time."""

    def run(name: str) -> None:
        for part in (beside.get(name), getattr(owner, name, None)):
            if part is not None:
                part(*chosen)

    once = getattr(called, "number", getattr(owner, "number", 0)) == 1
    return partial(run, "setup"), partial(called, *chosen), partial(run, "teardown"), once
