"""The process in which a candidate is, or the reference that is raced: it imports the file, calls it, and tells of it.

What is asked of it comes from the judge, who also has the clock. Nothing here is believed but the numbers that come
back: a candidate can reach whatever is in its own process, and that holds no answers. Started by `trial`.
"""

import contextlib
import importlib
import inspect
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT
from shrinkage.loader import subnormals
from shrinkage.loader.modules import module
from shrinkage.properties.engine import example_calls
from shrinkage.properties.isolated import kernel
from shrinkage.properties.isolated.rules import Watch
from shrinkage.properties.isolated.worker import begin, serve

from .device import CPU, Array, leaves, library_of, packed, unpacked

BAIT = -1232.0  # which every dtype holds; what looks for answers in memory finds it
LATER = 0.02  # seconds after which an answer is looked at again
LIBRARIES = {  # where the functions of a library are that its adapter does not offer
    "torch": ("torch.nn.functional", "torch"),
    "jax": ("jax.nn", "jax.numpy"),
    "numpy": ("numpy",),
    "scipy": ("scipy.special", "scipy.linalg"),
}
MODELS = ("ModelNew", "Model")  # as KernelBench calls them: of a candidate, and of the reference
_CLOCKS = ("time", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "process_time", "time_ns", "sleep")
_TESTS = ("allclose", "isclose", "array_equal", "equal", "assert_close", "assert_allclose", "assert_array_equal")
GUARDED = {  # whoever changes these changes how he is timed or judged elsewhere
    "time": _CLOCKS,
    "builtins": ("abs", "all", "any", "max", "min", "sum", "len", "isinstance", "float", "range"),
    "numpy": _TESTS,
    "numpy.testing": _TESTS,
    "torch": _TESTS,
    "torch.testing": _TESTS,
    "torch.cuda": ("synchronize", "Event"),
    "jax": ("block_until_ready",),
}


def places(name: str) -> list[ModuleType]:
    """Where the functions of a file, a module or a peer are."""
    return [module(name), *map(importlib.import_module, LIBRARIES.get(name, ()))]


def offered(where: list[ModuleType]) -> dict[str, int]:
    """The functions that a file defines, and how many arguments each has to have."""
    found = {}
    for name, value in vars(where[0]).items():
        if callable(value) and not isinstance(value, type) and not name.startswith("_"):
            with contextlib.suppress(TypeError, ValueError):
                parameters = inspect.signature(value).parameters.values()
                needed = [each for each in parameters if each.default is each.empty and each.kind < each.VAR_POSITIONAL]
                found[name] = len(needed)
    return found


def seeded(seed: int) -> None:
    """Every generator that models and inputs are drawn from."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # of which files of inputs draw
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def target(where: list[ModuleType], function: str, names: list[str]) -> Any:
    """What is called: a function of the contract through its adapter's names, or as it is."""
    if function in CONTRACT and names:
        return lambda *given: example_calls.call(where[0], function, dict(zip(names, given, strict=True)))
    return next(getattr(each, function) for each in where if hasattr(each, function))


class Bench:
    """One file, imported."""

    def __init__(self, folders: list[Path]) -> None:
        self._placed: dict[Any, Any] = {}
        self._kept: list[tuple[Any, Array]] = []
        self._sets: list[list[Any]] = []
        self._folders = folders
        self.model: Any = None
        self._where: list[ModuleType] = []

    def load(self, name: str, library: str, model: str) -> dict[str, Any]:
        """Import it, and say what it offers."""
        for each in ("numpy.testing", *(("torch", "torch.testing") if library == "torch" else (library or "numpy",))):
            importlib.import_module(each)
        self._guarded = [*_guarded()]
        if self._folders:
            sys.addaudithook(Watch(self._folders, lambda: True))
        self._where = places(name)
        self.file = getattr(self._where[0], "__file__", None) or ""
        has = next((each for each in MODELS if hasattr(self._where[0], each)), "")
        return {"functions": offered(self._where), "model": model or has}

    def make(self, model: str, init: list[Any], state: dict[str, Any] | None) -> dict[str, Any]:
        """Make the model, with the reference's numbers where its parameters are called alike; and say its own."""
        seeded(0)
        self.model = getattr(self._where[0], model)(*init)
        if not hasattr(self.model, "state_dict"):
            return {}
        own = self.model.state_dict()
        if state is not None and {key: list(each.shape) for key, each in own.items()} == {
            key: list(unpacked(value).values.shape) for key, value in state.items()
        }:
            self.model.load_state_dict({key: CPU.place(unpacked(value), "torch") for key, value in state.items()})
        return {key: packed(CPU.fetch(value)) for key, value in own.items()}

    def _run(self, function: str, names: list[str], given: list[Any]) -> Any:
        called = self.model if function in MODELS else target(self._where, function, names)
        if function in MODELS and not callable(called):
            called = called.forward
        with contextlib.ExitStack() as stack:
            stack.enter_context(np.errstate(all="ignore"))
            if "torch" in sys.modules and not names:
                stack.enter_context(sys.modules["torch"].no_grad())
            if "jax" in sys.modules:  # which has no float64 by itself, and an adapter may have said that it shall
                wide = any(str(getattr(each, "dtype", "")) == "float64" for each in given)
                stack.enter_context(sys.modules["jax"].enable_x64(wide or bool(names)))
            result = called(*given)
        CPU.synchronize(result)
        return result

    def call(
        self, function: str, names: list[str], library: str, given: list[Any], like: list[Any], look: bool
    ) -> dict[str, Any]:
        """One call: what came, at once and a little later, and what else it did.

        `like` are shapes and dtypes of right answers: arrays of them are in memory, and have just been there.
        """
        subnormals.regain()
        values = [unpacked(each) for each in given]
        arguments = [self._place(function, i, each, library) for i, each in enumerate(values)]
        expected = [CPU.place(Array(np.full(shape, BAIT), "float32").cast(dtype), library) for shape, dtype in like]
        freed = [CPU.place(CPU.fetch(each), library) for each in expected]
        threads = {*sys._current_frames()}
        del freed
        try:
            result = self._run(function, names, arguments)
        except (Exception, SystemExit) as error:
            return {"raised": f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"}
        results = leaves(result)
        strange = [f"{type(each).__module__}.{type(each).__name__}" for each in results if not _plain(each)]
        at_once = [CPU.fetch(each) for each in results]
        over = [i for i, (each, was) in enumerate(self._kept) if not _same(CPU.fetch(each), was)]
        self._kept = []
        left = {*sys._current_frames()} - threads
        if left or look:
            end = time.monotonic() + (1.0 if left else LATER)
            while time.monotonic() < end and ({*sys._current_frames()} - threads or not left):
                time.sleep(LATER / 4)
        late = [
            i for i, (each, was) in enumerate(zip(results, at_once, strict=True)) if not _same(CPU.fetch(each), was)
        ]
        arrays = [(i, each) for i, each in enumerate(arguments) if library_of(each)]
        shares = sorted({i for each in results for i, argument in arrays if _share(each, argument)})
        if not shares:
            self._kept = [*zip(results, at_once, strict=True)]
        del expected
        return {
            "results": [packed(each) for each in at_once],
            "strange": strange,
            "late": late,
            "over": over,
            "shares": shares,
            "changed": [i for i, each in arrays if not _same(CPU.fetch(each), values[i])],
        }

    def _place(self, function: str, at: int, value: Any, library: str) -> Any:
        """In the memory of the last call's argument where there is one: who knows it by that knows the wrong one."""
        if not isinstance(value, Array):
            return value
        key = (function, at, value.values.shape, value.dtype, library)
        self._placed[key] = CPU.place(value, library, self._placed.get(key) if library != "jax" else None)
        return self._placed[key]

    def uses(self, function: str, names: list[str], library: str, given: list[Any], file: str) -> list[str]:
        """What it calls of a library, or of this file."""
        found: list[str] = []

        def watch(frame: Any, event: str, what: Any) -> None:
            if event == "call" and frame.f_code.co_filename == file != self.file:
                found.append(frame.f_code.co_name)
            elif event == "call" and frame.f_back is not None and frame.f_back.f_code.co_filename == self.file:
                found.append(f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_name}")
            elif event == "c_call" and frame.f_code.co_filename == self.file:
                owner = getattr(what, "__self__", None)
                found.append(
                    f"{what.__module__ or getattr(owner, '__module__', type(owner).__module__)}.{what.__name__}"
                )

        arguments = [CPU.place(unpacked(each), library) for each in given]
        sys.setprofile(watch)
        with contextlib.suppress(Exception):
            self._run(function, names, arguments)
        sys.setprofile(None)
        return [name for name in dict.fromkeys(found) if name.split(".")[0] in ("torch", "jax") or "." not in name]

    def patched(self) -> list[str]:
        """What it has replaced of how things are timed and compared."""
        now = {(where, name): value for where, name, value in _guarded()}
        return [f"{where}.{name}" for where, name, value in self._guarded if now.get((where, name)) is not value]

    def prepare(self, library: str, given: list[list[Any]]) -> None:
        """The inputs of what is timed."""
        self._sets = [[CPU.place(unpacked(each), library) for each in one] for one in given]

    def turn(self, function: str, names: list[str], calls: int) -> list[Any]:
        """So many calls, and what came of the last; before each other one an entry changes, or a table would do."""
        result = None
        for i in range(calls):
            given = self._sets[i % len(self._sets)]
            array = next((each for each in given if _written(each)), None)
            first = None if array is None else array.reshape(-1)[:1]
            if first is None or i == calls - 1:
                result = self._run(function, names, given)
                continue
            kept = first[0] * 1
            first[0] = i % 997 / 997
            result = self._run(function, names, given)
            first[0] = kept
        return [packed(CPU.fetch(each)) for each in leaves(result)]


def _written(value: Any) -> bool:
    """Whether it is an array of floats that can be written to, and all in one piece."""
    if library_of(value) == "torch":
        return bool(value.is_floating_point() and value.numel() and value.is_contiguous())
    return isinstance(value, np.ndarray) and value.dtype.kind in "fV" and value.size > 0


def _guarded() -> Iterator[tuple[str, str, Any]]:
    for kind in (Bench, type(CPU)):
        for name, value in [*vars(kind).items()]:
            yield kind.__name__, name, value
    for where, names in GUARDED.items():
        if where in sys.modules:
            for name in names:
                if hasattr(sys.modules[where], name):
                    yield where, name, getattr(sys.modules[where], name)


def _plain(value: Any) -> bool:
    """Whether it is an array and no kind of one, which might compute when it is looked at."""
    if library_of(value) == "torch":
        torch = sys.modules["torch"]
        return type(value) in (torch.Tensor, torch.nn.Parameter)
    known = (bool, int, float, np.ndarray)
    return type(value) in known or isinstance(value, np.generic) or type(value).__module__.startswith(("jax", "jaxlib"))


def _same(a: Array, b: Array) -> bool:
    return np.array_equal(a.values, b.values, equal_nan=a.values.dtype.kind == "f")


def _share(a: Any, b: Any) -> bool:
    if library_of(a) == library_of(b) == "torch":
        return bool(a.numel()) and a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)


def main() -> None:
    """Serve the judge: ``... FOLDERS...``, in which a process that is held may write."""
    endpoint, arguments = begin()
    folders = [*map(Path, arguments)]
    if folders:
        kernel.restrict(folders)
    sys.dont_write_bytecode = True
    serve(endpoint, lambda: Bench(folders))


if __name__ == "__main__":
    main()
