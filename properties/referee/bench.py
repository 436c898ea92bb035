"""The process in which a candidate is, or the reference that is raced: it imports the file, calls it, and tells of it.

What is asked of it comes from the judge, who also has the clock. Nothing here is believed but the numbers that come
back: a candidate can reach whatever is in its own process, and that holds no answers. Started by `trial`.
"""

import contextlib
import importlib
import inspect
import itertools
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
from shrinkage.loader.modules import module, told
from shrinkage.properties.engine import example_calls
from shrinkage.properties.isolated import kernel
from shrinkage.properties.isolated.rules import Watch
from shrinkage.properties.isolated.worker import begin, serve

from .device import CPU, DTYPES, NUMBER, Array, form, leaves, library_of, mapped, packed, real, under, unpacked

BAIT = -1232.0  # which every dtype holds; what looks for answers in memory finds it
SEED = 20260  # which nobody sets
LATER = 0.02  # seconds after which an answer is looked at again
LIBRARIES = {  # where the functions of a library are that its adapter does not offer
    "torch": ("torch.nn.functional", "torch"),
    "jax": ("jax.nn", "jax.numpy"),
    "numpy": ("numpy",),
    "scipy": ("scipy.special", "scipy.linalg"),
}
MODELS = ("ModelNew", "Model")  # as KernelBench calls them: of a candidate, and of the reference
GUARDED = (  # whoever changes a function of these changes how he is timed, compared or given inputs elsewhere
    *("time", "builtins", "random", "numpy", "numpy.random", "numpy.testing", "jax"),
    *("torch", "torch.random", "torch.testing", "torch.cuda"),
)


def places(name: str) -> list[ModuleType]:
    """Where the functions of a file, a module or a peer are."""
    return [module(name), *map(importlib.import_module, LIBRARIES.get(name, ()))]


def offered(where: list[ModuleType]) -> dict[str, int]:
    """The functions of a file, but Python's own, and how many arguments each has to have."""
    found = {}
    for name, value in vars(where[0]).items():
        known = str(getattr(value, "__module__", "")).partition(".")[0] in sys.stdlib_module_names
        if callable(value) and not isinstance(value, type) and not known and not name.startswith("_"):
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


def _generators() -> dict[str, bytes]:
    """The states of those that everybody draws from."""
    found = {"Python": repr(random.getstate()).encode(), "NumPy": repr(np.random.get_state(legacy=True)).encode()}  # noqa: NPY002
    if "torch" in sys.modules:
        found["PyTorch"] = sys.modules["torch"].get_rng_state().numpy().tobytes()
    return found


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

    def make(self, model: str, init: list[Any], state: dict[str, Any] | None, moved: bool) -> dict[str, Any] | None:
        """Make the model, with these numbers where they fit, else None; and say its own, after moving them if asked."""
        seeded(0)
        self.model = getattr(self._where[0], model)(*init)
        if not hasattr(self.model, "state_dict"):
            return {}
        own = self.model.state_dict()
        if state is not None:
            shapes = {key: unpacked(value).values.shape for key, value in state.items()}
            if {key: tuple(each.shape) for key, each in own.items()} != shapes:
                if [tuple(each.shape) for each in own.values()] != [*shapes.values()]:
                    return None
                state = dict(zip(own, state.values(), strict=True))  # called otherwise, and made in the same order
            self.model.load_state_dict({key: CPU.place(unpacked(value), "torch") for key, value in state.items()})
        if moved:
            _move(self.model)
        return {key: packed(CPU.fetch(value)) for key, value in self.model.state_dict().items()}

    @contextlib.contextmanager
    def _called(self, function: str, names: list[str], given: list[Any]) -> Iterator[Any]:
        called = self.model if function in MODELS else target(self._where, function, names)
        if function in MODELS and not callable(called):
            called = called.forward
        with contextlib.ExitStack() as stack:
            stack.enter_context(np.errstate(all="ignore"))
            if "torch" in sys.modules and not names:
                stack.enter_context(sys.modules["torch"].no_grad())
            if "jax" in sys.modules:  # which has no float64 by itself, and an adapter may have said that it shall
                wide = any(real(str(getattr(each, "dtype", ""))) == "float64" for each in leaves(given))
                stack.enter_context(sys.modules["jax"].enable_x64(wide or bool(names)))
            yield called

    def _run(self, function: str, names: list[str], given: list[Any]) -> Any:
        with self._called(function, names, given) as called:
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
        values, at = unpacked(given), itertools.count()
        arguments = mapped(lambda each: self._place(function, next(at), each, library), values)
        numbers, were = leaves(values), leaves(arguments)
        expected = [
            CPU.place(Array(np.full(shape, BAIT), "float32").cast(dtype), library)
            for shape, dtype in like
            if dtype != NUMBER
        ]
        freed = [CPU.place(CPU.fetch(each), library) for each in expected]
        threads = {*sys._current_frames()}
        if look:
            seeded(SEED)
        drawn = _generators() if look else {}
        del freed
        try:
            result = self._run(function, names, arguments)
        except (Exception, SystemExit) as error:
            return {"raised": told(error, Path(self.file))}
        results, at_once = leaves(result), []
        for each in results:
            array = _fetched(each)
            if array is None:
                return {"unfit": form(result) + f" with {form(each)} in it" * (each is not result)}
            at_once.append(array)
        strange = [f"{type(each).__module__}.{type(each).__name__}" for each in results if not _plain(each)]
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
        arrays = [(i, each) for i, each in enumerate(were) if library_of(each)]
        kept = [id(each) for each in leaves(arguments)] == [id(each) for each in were]
        pairs = [(i, j) for j, each in enumerate(results) for i, argument in arrays if _share(each, argument)]
        shares = sorted({i for i, _ in pairs})
        if not shares:
            self._kept = [*zip(results, at_once, strict=True)]
        del expected
        return {
            "results": [packed(each) for each in at_once],
            "strange": strange,
            "late": late,
            "over": over,
            "shares": shares,
            "sharing": [j for _, j in sorted(pairs)],
            "changed": [i for i, each in arrays if not _same(CPU.fetch(each), numbers[i])] + [-1] * (not kept),
            "seeded": [name for name, state in (_generators() if look else {}).items() if drawn.get(name) != state],
            "form": form(result),
            "forms": [[keys, form(each), path] for keys, path, each in under(result)],
        }

    def _place(self, function: str, at: int, value: Any, library: str) -> Any:
        """In the memory of the last call's argument where there is one: who knows it by that knows the wrong one."""
        if not isinstance(value, Array):
            return value
        key = (function, at, value.values.shape, value.dtype, value.layout, library)
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

        arguments = mapped(lambda each: CPU.place(each, library), unpacked(given))
        sys.setprofile(watch)
        with contextlib.suppress(Exception):
            self._run(function, names, arguments)
        sys.setprofile(None)
        public = [name for name in dict.fromkeys(found) if not name.rpartition(".")[2].startswith("_")]
        return [name for name in public if name.split(".")[0] in ("torch", "jax") or "." not in name]

    def patched(self) -> list[str]:
        """What it has replaced of how things are timed and compared."""
        now = {(where, name): value for where, name, value in _guarded()}
        return [f"{where}.{name}" for where, name, value in self._guarded if now.get((where, name)) is not value]

    def prepare(self, library: str, given: list[Any], calls: int, seed: int) -> None:
        """The inputs of a turn: these are the last, and no two are the same, or a table would do."""
        rng, values = np.random.default_rng(seed), unpacked(given)
        self._sets = [mapped(lambda each: CPU.place(_other(rng, each), library), values) for _ in range(calls - 1)]
        self._sets.append(mapped(lambda each: CPU.place(each, library), values))

    def turn(self, function: str, names: list[str]) -> list[Any]:
        """A call of each, and what came of the last."""
        result = None
        with self._called(function, names, self._sets[-1]) as called:
            for given in self._sets:
                result = called(*given)
                CPU.synchronize(result)
        return [packed(CPU.fetch(each)) for each in leaves(result)]


def _other(rng: np.random.Generator, value: Any) -> Any:
    """Another one, where it is an array of floats."""
    if not isinstance(value, Array) or real(value.dtype) not in DTYPES:
        return value
    values = value.values.copy()
    values.flat[:8] *= 1 - rng.random(values.flat[:8].shape) / 8
    return Array(values, "float32" if value.dtype == "bfloat16" else value.dtype).cast(value.dtype)


def _move(model: Any) -> None:
    """Away from where training starts, with the seed: ones and zeros of a norm would hide that they are not read."""
    rng, torch = np.random.default_rng(0), sys.modules["torch"]
    running = [each for name, each in model.named_buffers() if name.endswith(("running_mean", "running_var"))]
    with torch.no_grad():
        for each in (*[each for each in model.parameters() if each.requires_grad], *running):
            if each.is_floating_point():
                by = CPU.place(Array(rng.random(tuple(each.shape)) / 4, "float64"), "torch").to(each.dtype)
                size = each.square().mean().sqrt()
                each.add_(torch.copysign(by * torch.where(size > 0, size, 1), each))


def _guarded() -> Iterator[tuple[str, str, Any]]:
    for kind in (Bench, type(CPU)):
        for name, value in [*vars(kind).items()]:
            yield kind.__name__, name, value
    for where in GUARDED:
        for name, value in [*vars(sys.modules.get(where, object)).items()]:
            if callable(value) and not name.startswith("_"):
                yield where, name, value


def _plain(value: Any) -> bool:
    """Whether it is an array and no kind of one, which might compute when it is looked at."""
    if library_of(value) == "torch":
        torch = sys.modules["torch"]
        return type(value) in (torch.Tensor, torch.nn.Parameter)
    known = (bool, int, float, np.ndarray)
    return type(value) in known or isinstance(value, np.generic) or type(value).__module__.startswith(("jax", "jaxlib"))


def _fetched(value: Any) -> Array | None:
    """Its numbers, if it has any."""
    try:
        array = CPU.fetch(value)
    except Exception:  # whatever its class says
        return None
    return array if array.values.dtype.kind in "biufc" else None


def _same(a: Array, b: Array) -> bool:
    return np.array_equal(a.values, b.values, equal_nan=a.values.dtype.kind in "fc")


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
