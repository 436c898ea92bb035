"""On what a candidate is tried: the inputs of the reference's file, and harder ones of the same kind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT, Kind
from shrinkage.properties.engine import example_calls
from shrinkage.properties.engine.strategies import wild

from . import bench
from .device import CPU, DTYPES, LAYOUTS, Array, leaves, library_of

LARGE = 1 << 18  # entries; on more there are fewer problems
# Where nobody says what a function takes: shapes for so many arguments, of which the reference takes some.
SHAPES: dict[int, list[list[tuple[int, ...]]]] = {
    1: [[(5, 8)], [(7,)], [(4, 4)]],
    2: [[(5, 8), (5, 8)], [(5, 7), (7, 3)], [(5, 7), (7,)], [(7,), (7,)]],
    3: [[(5, 8), (5, 8), (5, 8)], [(5, 7), (3, 7), (3,)], [(5, 8), (8,), (8,)], [(5, 7), (7, 3), (3,)]],
}


@dataclass(frozen=True, eq=False)
class Problem:
    """One call.

    Parameters
    ----------
    given
        Its arguments.
    what
        They are, in words.
    dtype
        Of the floats.
    asked
        Whether shape and dtype are those that the reference's file gives.
    other
        The kind of finding that it is if nothing else is wrong: of a layout or a shape that was not given.
    draw
        More of them by seed, as they are.
    """

    given: list[Any]
    what: str
    dtype: str
    asked: bool = True
    other: str = ""
    draw: Callable[[int], list[Any]] = field(default=lambda _: [], repr=False)


@dataclass(frozen=True, eq=False)
class Subject:
    """One function that both have.

    Parameters
    ----------
    name
        Of the function, or of the candidate's model.
    reference
        Of the reference's.
    library
        Whose arrays it takes.
    names
        Of the arguments, where it is one of the contract's; else empty.
    draw
        Arguments by seed, for each shape that there may be.
    guessed
        Whether nobody has said what these are.
    """

    name: str
    reference: str
    library: str
    names: list[str]
    draw: list[Callable[[int], list[Any]]]
    guessed: bool = False


def subjects(where: list[ModuleType], name: str, functions: dict[str, int], model: str) -> list[Subject]:
    """What a candidate with these functions, or this model, has in common with a reference."""
    own = {key: value for key, value in vars(where[0]).items() if callable(value)}
    inputs = own.get("get_inputs")
    if inputs is not None:
        drawn = _drawn(inputs)
        library = next((library_of(each) for each in leaves(inputs()) if library_of(each)), "numpy")
        reference = next((each for each in reversed(bench.MODELS) if each in own), "")
        if model and reference:  # whose functions are for its own use
            return [Subject(model, reference, library, [], [drawn])]
        both = [each for each in functions if each in own and each not in ("get_inputs", "get_init_inputs")]
        return [Subject(each, each, library, [], [drawn]) for each in both]
    found = []
    for each, needed in functions.items():
        if each in example_calls.EXAMPLES and each in own:
            names = list(example_calls.EXAMPLES[each])
            found.append(Subject(each, each, "numpy", names, [_of_contract(each, 0), _of_contract(each, 1)]))
        elif each not in CONTRACT and any(hasattr(part, each) for part in where) and needed:
            library = name if name in ("torch", "jax") else "numpy"
            found.append(Subject(each, each, library, [], [*map(_of_shapes, SHAPES.get(needed, []))], True))
    return found


def _drawn(inputs: Callable[[], Any]) -> Callable[[int], list[Any]]:
    def draw(seed: int) -> list[Any]:
        bench.seeded(seed)
        return [CPU.fetch(each) if library_of(each) else each for each in inputs()]

    return draw


def _of_shapes(shapes: list[tuple[int, ...]]) -> Callable[[int], list[Any]]:
    def draw(seed: int) -> list[Any]:
        rng = np.random.default_rng(seed)
        return [Array(rng.standard_normal(shape).astype(np.float32), "float32") for shape in shapes]

    return draw


def _of_contract(function: str, which: int) -> Callable[[int], list[Any]]:
    def draw(seed: int) -> list[Any]:
        sizes = example_calls._OTHER_SIZES if which else {}
        values = example_calls.example(CONTRACT[function], sizes, seed).values()
        given = [Array(each, each.dtype.name) if isinstance(each, np.ndarray) else each for each in values]
        rng = np.random.default_rng(seed)  # in multiples of 1/8 nothing is lost that should be seen
        return [_noisy(rng, each).cast("float32") if _floats(each) else each for each in given]

    return draw


def _noisy(rng: np.random.Generator, array: Array) -> Array:
    return Array(array.values * (1 + rng.random(array.values.shape) / 4), array.dtype)


def problems(subject: Subject, takes: Callable[[list[Any], bool], bool]) -> Iterator[Problem]:
    """Those of one function, the plain ones first; `takes` says whether the reference, or both, take such arguments."""
    shapes = [draw for draw in subject.draw if takes(draw(1), False)]
    shapes = [draw for draw in shapes if subject.guessed and takes(draw(1), True)] or shapes
    for draw in shapes:
        given = draw(1)
        dtype = next((each.dtype for each in given if _floats(each)), "float32")
        large = entries(given) > LARGE
        for seed in (1,) if large else (1, 2, 3):
            yield Problem(draw(seed), "as they are", dtype, draw=draw)
        for what, change in VALUES.items():
            if (what in _PLAIN or not _linear(subject)) and (what == "sparse" or not large):
                yield Problem(_changed(subject, given, change), what, dtype)
        for what in [] if subject.library == "jax" else [*LAYOUTS][1:2] if large else LAYOUTS:
            yield Problem([_laid(each, what) for each in given], what, dtype, asked=False, other="layout")
        resized = [] if subject.names else [each for each in _reshaped(given) if entries(each) <= LARGE]
        others = [each for each in resized if takes(each, False)]
        for other in others:
            yield Problem(other, "of another shape", dtype, asked=False, other="shape")
        smallest = min([given, *others], key=entries)
        for name in DTYPES if dtype == "float32" else ():
            held = name != "bfloat16" or subject.library != "numpy" or find_spec("ml_dtypes") is not None
            if name != dtype and held and (not subject.names or name == "float64"):
                cast = [each.cast(name) if isinstance(each, Array) else each for each in smallest]
                if takes(cast, False):
                    yield Problem(cast, f"in {name}", name, asked=False)


def _laid(value: Any, layout: str) -> Any:
    return replace(value, layout=layout) if isinstance(value, Array) and value.values.ndim else value


def entries(given: list[Any]) -> int:
    """Entries of all arrays."""
    return sum(each.values.size for each in given if isinstance(each, Array))


def _linear(subject: Subject) -> bool:
    """Whether it is of least squares, where another spectrum is another problem."""
    return bool(subject.names) and CONTRACT[subject.name].chapter in (2, 3)


def _floats(value: Any) -> bool:
    return isinstance(value, Array) and value.dtype in DTYPES


def _changed(subject: Subject, given: list[Any], change: Callable[..., np.ndarray]) -> list[Any]:
    """Other numbers in the places of those that may be any."""
    rng, found, first = np.random.default_rng(7), [], True
    kinds = {a.name: a.kind for a in CONTRACT[subject.name].arguments} if subject.names else {}
    for i, each in enumerate(given):
        free = not subject.names or kinds.get(subject.names[i], Kind.REAL) is Kind.REAL
        if free and _floats(each) and each.values.size:
            values = change(rng, each.values.astype(float), each.dtype, first)
            each, first = Array(values, "float64").cast(each.dtype), False
        found.append(each)
    return found


def _placed(number: float) -> Callable[..., np.ndarray]:
    """One such number, in the first array."""

    def change(rng: np.random.Generator, values: np.ndarray, dtype: str, first: bool) -> np.ndarray:
        if first:
            values.flat[rng.integers(values.size)] = number
        return values

    return change


def _sparse(rng: np.random.Generator, values: np.ndarray, dtype: str, first: bool) -> np.ndarray:
    """One entry of each row, so that a product of matrices adds nothing up and has all its digits."""
    rows = values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)
    kept = np.arange(rows.shape[1]) == rng.integers(rows.shape[1], size=(len(rows), 1))
    return np.where(kept, rows, 0).reshape(values.shape) if first else values


def _alike(rng: np.random.Generator, values: np.ndarray, dtype: str, first: bool) -> np.ndarray:
    """Neighbours along the first axis and the last, and the last along these with the first."""
    for axis in {0, values.ndim - 1} if values.size > 1 else ():
        at = np.arange(values.shape[axis]) // 2 * 2
        at[-1] = 0
        values = values.take(at, axis)
    return values


def _scaled(power: int) -> Callable[..., np.ndarray]:
    return lambda rng, values, dtype, first: np.ldexp(values, power // 4 if dtype == "float16" else power)


def _wild(rng: np.random.Generator, values: np.ndarray, dtype: str, first: bool) -> np.ndarray:
    values = wild(rng, values.shape, np.float32, 10 if dtype == "float16" else 30).astype(float)
    return np.where(abs(values) < 2.0**-126, 0, values)  # which may be taken for zero, and that grow


VALUES: dict[str, Callable[..., np.ndarray]] = {
    "with the signs changed": lambda rng, values, dtype, first: -values,
    "all zero": lambda rng, values, dtype, first: 0 * values,
    "far from zero": lambda rng, values, dtype, first: values + 1000 if first else values,
    "sparse": _sparse,
    "large": _scaled(12),
    "small": _scaled(-20),
    "with ties": lambda rng, values, dtype, first: rng.choice((-1.0, 0.0, 2.0), values.shape),
    "with equal rows and columns": _alike,
    "of all sizes": _wild,
    "with a NaN": _placed(np.nan),
    "with an infinity": _placed(np.inf),
    "with a negative infinity": _placed(-np.inf),
}
_PLAIN = ("with the signs changed", "large", "small")


def _reshaped(given: list[Any]) -> Iterator[list[Any]]:
    """With other sizes of axes, wherever one of that size is; and of the first axis alone."""
    sizes = {n for each in given if isinstance(each, Array) for n in each.values.shape if n}
    first = {each.values.shape[0] for each in given if isinstance(each, Array) and each.values.ndim > 1}
    for size in sorted(sizes):
        for other in (1, size + 1, size // 2 or 2) if size <= 64 else (1, 7, 33):
            yield [_to_size(each, size, other, range(9)) for each in given]
    for size in sorted(first):
        for other in (1, min(size, 64) + 1):
            yield [_to_size(each, size, other, range(1)) for each in given]


def _to_size(value: Any, size: int, other: int, axes: range) -> Any:
    if not isinstance(value, Array) or value.values.ndim < (2 if len(axes) == 1 else 1):
        return value
    shape = tuple(other if n == size and i in axes else n for i, n in enumerate(value.values.shape))
    return replace(value, values=np.resize(value.values[..., ::-1], shape))
