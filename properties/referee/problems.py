"""On what a candidate is tried: the inputs of the reference's file, and harder ones of the same kind."""

import functools
import hashlib
import time
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
from .device import CPU, DTYPES, LAYOUTS, Array, joined, leaves, library_of, mapped, real

LARGE = 1 << 18  # entries; on more there are fewer problems
BLOCK = 64  # of threads, as many kernels have them
ROWS = 1 << 12, 1 << 17  # at most, and entries in them
SECONDS = 0.3  # that an eighth of them may take
SMALL = 1 << 14  # on no more, other dtypes are tried in the given shape
INTEGERS = 1 << 17, 1 << 24  # larger ones than were given: at most so large, and with so much memory where they count
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
    sums
        In which dtype sums are at least; where a dtype was not given, in that.
    """

    given: list[Any]
    what: str
    dtype: str
    asked: bool = True
    other: str = ""
    draw: Callable[[int], list[Any]] = field(default=lambda _: [], repr=False)
    sums: str = "float32"

    @property
    def dtypes(self) -> list[str]:
        """Of its floats, or where it has none, of its arrays."""
        found = [each.dtype for each in arrays(self.given)]
        return [each for each in found if each in DTYPES] or found

    @property
    def key(self) -> bytes:
        """The same for the same call."""
        said = hashlib.sha256()
        for each in leaves(self.given):
            array = isinstance(each, Array)
            said.update(repr((each.dtype, each.layout, each.values.shape) if array else each).encode())
            said.update(each.values.tobytes() if array else b"")
        return said.digest()


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
        return [*mapped(lambda each: CPU.fetch(each) if library_of(each) else each, inputs())]

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


Takes = Callable[[list[Any], bool], list[Array] | None]


def problems(subject: Subject, takes: Takes, learned: bool) -> Iterator[Problem]:
    """Those of one function, the plain ones first, each once.

    Parameters
    ----------
    subject
        The function.
    takes
        What the reference answers to such arguments, or the candidate after it; None where one of them raises an error.
    learned
        Whether there are numbers of a model, which an integer may be the index of.
    """
    known: set[bytes] = set()
    for problem in _any(subject, takes, learned):
        if (key := problem.key) not in known:
            known.add(key)
            yield problem


def _any(subject: Subject, takes: Takes, learned: bool) -> Iterator[Problem]:
    shapes = [draw for draw in subject.draw if takes(draw(1), False) is not None]
    shapes = [draw for draw in shapes if subject.guessed and takes(draw(1), True) is not None] or shapes
    for draw in shapes:
        given = draw(1)
        dtype = next((real(each.dtype) for each in arrays(given) if _floats(each)), "float32")
        large = entries(given) > LARGE
        for seed in (1,) if large else (1, 2, 3):
            yield Problem(draw(seed), "as they are", dtype, draw=draw)
        for what, change in VALUES.items():
            if (what in _PLAIN or not _linear(subject)) and (what in TELLING or not large):
                yield Problem(_changed(subject, given, change), what, dtype)
        for what, change in {} if subject.names else {**WITHIN}.items():
            other = _varied(given, change)
            if _finite(takes(other, False)):
                yield Problem(other, what, dtype)
        if not subject.names and not learned and (larger := _larger(given, takes)) is not None:
            yield Problem(larger, "of larger integers", dtype, asked=False, other="range")
        for what in [] if subject.library == "jax" else [*LAYOUTS][1:2] if large else LAYOUTS:
            laid = mapped(functools.partial(_laid, what), given)
            yield Problem(laid, what, dtype, asked=False, other="layout")
        resized = [] if subject.names else [each for each in _reshaped(given) if entries(each) <= LARGE]
        answers = [takes(each, False) for each in resized]  # of no rows, a mean may be anything
        others = [e for e, a in zip(resized, answers, strict=True) if a is not None and (entries(e) or _finite(a))]
        for other in others:
            what = "of another shape" if entries(other) else "without rows"
            yield Problem(other, what, dtype, asked=False, other="shape")
        many = None if subject.names or large else _many(given, takes)
        if many is not None:
            yield Problem(many, "of many rows", dtype, asked=False, other="shape")
        small = given if entries(given) <= SMALL else _small([given, *filter(entries, others)])
        for what, change in VALUES.items() if large and small is not given else ():
            if what not in TELLING:
                yield Problem(_changed(subject, small, change), f"{what}, of another shape", dtype, asked=False)
        for name in DTYPES if dtype == "float32" and any(map(_floats, arrays(given))) else ():
            held = name != "bfloat16" or subject.library != "numpy" or find_spec("ml_dtypes") is not None
            if name != dtype and held and (not subject.names or name == "float64"):
                cast = cast_to(name, small)
                if takes(cast, False) is not None:
                    what = f"in {name}" if small is given else f"in {name}, of another shape"
                    yield Problem(cast, what, name, asked=False, sums=name)


def _small(found: list[list[Any]]) -> list[Any]:
    """The largest that is small, or the smallest."""
    return max((each for each in found if entries(each) <= SMALL), key=entries, default=min(found, key=entries))


def cast_to(dtype: str, given: list[Any]) -> list[Any]:
    """All floats rounded to another dtype."""
    return [*mapped(lambda each: each.cast(dtype) if isinstance(each, Array) else each, given)]


def _laid(layout: str, value: Any) -> Any:
    return replace(value, layout=layout) if isinstance(value, Array) and value.values.ndim else value


def entries(given: list[Any]) -> int:
    """Entries of all arrays."""
    return sum(each.values.size for each in arrays(given))


def arrays(given: list[Any]) -> list[Array]:
    """All of them, in whatever they are."""
    return [each for each in leaves(given) if isinstance(each, Array)]


def _linear(subject: Subject) -> bool:
    """Whether it is of least squares, where another spectrum is another problem."""
    return bool(subject.names) and CONTRACT[subject.name].chapter in (2, 3)


def _floats(value: Any) -> bool:
    return isinstance(value, Array) and real(value.dtype) in DTYPES


def _changed(subject: Subject, given: list[Any], change: Callable[..., np.ndarray]) -> list[Any]:
    """Other numbers in the places of those that may be any."""
    rng, first = np.random.default_rng(7), True

    def other(each: Any) -> Any:
        nonlocal first
        if not _floats(each) or not each.values.size:
            return each
        values = change(rng, each.parts.astype(float), real(each.dtype), first)
        first = False
        return Array(joined(values) if each.values.dtype.kind == "c" else values, "float64").cast(each.dtype)

    if not subject.names:
        return [*mapped(other, given)]
    kinds = {a.name: a.kind for a in CONTRACT[subject.name].arguments}
    free = [kinds.get(name, Kind.REAL) is Kind.REAL for name in subject.names]
    return [other(each) if real else each for each, real in zip(given, free, strict=True)]


# Integers may be indices and labels: within what was given.
WITHIN: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "with its integers in another order": lambda rng, values: rng.permutation(values.ravel()).reshape(values.shape),
    "with its smallest integer everywhere": lambda rng, values: np.full_like(values, values.min()),
    "with its largest integer everywhere": lambda rng, values: np.full_like(values, values.max()),
    "with two of its integers": lambda rng, values: rng.choice([values.min(), values.max()], values.shape),
}


def _varied(given: list[Any], change: Callable[..., np.ndarray]) -> list[Any]:
    """Other integers in the places of those that were given."""
    rng = np.random.default_rng(7)

    def other(each: Any) -> Any:
        if not isinstance(each, Array) or each.values.dtype.kind not in "iub" or each.values.size < 2:
            return each
        return replace(each, values=_as_ordered(each.values, change(rng, each.values)))

    return [*mapped(other, given)]


def _as_ordered(values: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Integers in order where others are, or each of a range once: they may be indices of rows, or their beginnings."""
    if values.dtype.kind not in "iub" or values.size < 2 or not made.size:
        return made
    steps, least = np.diff(values.astype(int), axis=-1), int(values.min())
    if steps.size and (steps > 0).all():
        made = values if values.shape == made.shape else np.broadcast_to(least + np.arange(made.shape[-1]), made.shape)
    elif np.array_equal(np.unique(values), np.arange(least, least + values.size)):
        made = (least + np.random.default_rng(7).permutation(made.size)).reshape(made.shape)
    elif (steps >= 0).all():
        made = np.sort(made, axis=-1)
    return made.astype(values.dtype)


def _finite(answer: list[Array] | None) -> bool:
    return answer is not None and all(np.isfinite(each.values).all() for each in answer)


def _larger(given: list[Any], takes: Takes) -> list[Any] | None:
    """Larger integers than were given, where there is nothing that they may be indices of, and none overflows."""
    rng, whole = np.random.default_rng(7), [each for each in arrays(given) if each.values.size]
    if not whole or any(each.values.dtype.kind not in "iu" for each in whole):
        return None

    def larger(each: Any) -> Any:
        if not isinstance(each, Array):
            return each
        values = each.values
        most = min(INTEGERS[0], INTEGERS[1] // entries(given), np.iinfo(values.dtype).max)
        if not values.size or most <= abs(values.astype(float)).max():
            return each
        made = rng.integers(-most if values.min() < 0 else 0, most + 1, values.shape)
        return replace(each, values=made.astype(values.dtype))

    def wide(each: Any) -> Any:
        return Array(each.values.astype(np.int64), "int64") if isinstance(each, Array) else each

    other = [*mapped(larger, given)]
    answers = [takes(each, False) for each in (other, [*mapped(wide, other)])]
    if answers[0] is None or answers[1] is None:
        return None
    pairs = zip(answers[0], answers[1], strict=True)
    return other if all(np.isfinite(a.values).all() and np.array_equal(a.values, b.values) for a, b in pairs) else None


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
TELLING = ("sparse", "far from zero", "large")  # of large arrays, too; the others are tried in another shape
INFINITE = ("with an infinity", "with a negative infinity")


def _reshaped(given: list[Any]) -> Iterator[list[Any]]:
    """With other sizes of axes, wherever one of that size is; and of the first axis alone."""
    sizes = {n for each in arrays(given) for n in each.values.shape if n}
    first = {each.values.shape[0] for each in arrays(given) if each.values.ndim > 1}
    for size in sorted(sizes):
        more = -(-size // BLOCK) * 2 * BLOCK + 1
        for other in (1, size + 1, size // 2 or 2, more) if size <= BLOCK else (1, 7, 33, more):
            yield mapped(functools.partial(_to_size, size, other, range(9)), given)
    for size in sorted(first):
        for other in (0, 1, min(size, BLOCK) + 1):
            yield mapped(functools.partial(_to_size, size, other, range(1)), given)


def _many(given: list[Any], takes: Takes) -> list[Any] | None:
    """With many rows, if the answer grows with them, and the reference stays quick on the way there."""
    size = next((each.values.shape[0] for each in arrays(given) if each.values.ndim > 1), 0)
    most = min(ROWS[0], ROWS[1] // max(entries(given) // max(size, 1), 1)) + 1
    first, rows, other = takes(given, False), size, None
    while first is not None and 0 < rows < most:
        rows = min(8 * rows, most)
        other = [*mapped(functools.partial(_to_size, size, rows, range(1)), given)]
        begun = time.perf_counter()
        answer = takes(other, False)
        quick = time.perf_counter() - begun < SECONDS
        if answer is None or not quick or entries([*answer]) > 2 * rows / size * max(entries([*first]), 1):
            return None
    return other


def _to_size(size: int, other: int, axes: range, value: Any) -> Any:
    if not isinstance(value, Array) or value.values.ndim < (2 if len(axes) == 1 else 1):
        return value
    shape = tuple(other if n == size and i in axes else n for i, n in enumerate(value.values.shape))
    return replace(value, values=_as_ordered(value.values, np.resize(value.values[..., ::-1], shape)))
