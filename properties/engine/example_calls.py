"""One ordinary call of every function, for the claims that hold for all of them: types, layouts, refusals, threads.

It follows from the contract: an array from its axes and from what it holds, a number from what it may be. Values are
multiples of 1/8, so that every dtype holds them. What takes a function, a model or data is left to claims of its own.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT, FUNCTIONS, Argument, Function, Kind, Several

Arguments = dict[str, Any]

_SIZES = {"m": 8, "n": 4, "d": 2, "k": 3, "b": 3, "M": 5, "C": 3}  # more rows than columns
_OTHER_SIZES = {"m": 9, "n": 5, "d": 3, "k": 2, "b": 2, "M": 4, "C": 4}
_OTHERWISE = 4  # an even number: several axes have two rows


def given(function: Function) -> Iterator[Argument]:
    """The arguments of an ordinary call: those it needs, and arrays; for a cache, those of the pass that makes it."""
    for argument in function.arguments:
        if argument.kind is Kind.CACHE:
            yield from given(CONTRACT[argument.forward])
        elif not argument.default or argument.axes:
            yield argument


def example(function: Function, sizes: Mapping[str, int] = MappingProxyType({}), seed: int = 1) -> Arguments:
    """An ordinary call, with other sizes of axes where those are given, and with the numbers of this seed."""
    sizes = {**_SIZES, **sizes}
    for argument in function.arguments:
        if argument.kind is Kind.FULL_ROW_RANK:
            rows, columns = map(str, argument.axes)
            sizes |= {rows: sizes[columns], columns: sizes[rows]}
    return {argument.name: _value(argument, sizes, seed) for seed, argument in enumerate(given(function), seed)}


def _value(argument: Argument, sizes: dict[str, int], seed: int) -> Any:
    rng = np.random.default_rng(seed)
    shape: tuple[int, ...] = ()
    for axis in argument.axes:
        size = axis if isinstance(axis, int) else sizes.get(str(getattr(axis, "letter", axis)), _OTHERWISE)
        shape += (2, size // 2) if isinstance(axis, Several) else (size,)
    match argument.kind:
        case Kind.COUNT:
            return 3
        case Kind.RATE:
            return 0.125
        case Kind.LABELS:
            return rng.integers(0, sizes["C"], shape)
        case Kind.NOT_NEGATIVE | Kind.POSITIVE if shape:
            values = (1 + abs(rng.integers(-15, 16, shape))) / 8
            if argument.kind is Kind.NOT_NEGATIVE:
                values.flat[[1, -1]] = 0, values.flat[0]  # a zero, and one of them twice
            return values
    return rng.integers(-16, 17, shape) / 8 if shape else float(rng.integers(1, 17)) / 8


EXAMPLES: dict[str, Arguments] = {
    function.name: example(function)
    for function in FUNCTIONS
    if not function.methods and not any(a.kind in (Kind.FUNCTION, Kind.OPTION) for a in given(function))
}


def others(name: str) -> list[Arguments]:
    """More calls: with other numbers, in the same shapes and in others, and in float32."""
    function = CONTRACT[name]
    return [example(function, seed=101), example(function, _OTHER_SIZES, 201), as_dtype(name, np.float32)]


def arrays(name: str) -> list[str]:
    """The arguments of real numbers that are arrays; labels are not among them."""
    return [key for key, value in EXAMPLES[name].items() if isinstance(value, np.ndarray) and value.dtype.kind == "f"]


WITH_ARRAYS = [name for name in EXAMPLES if arrays(name)]


def numbers(name: str) -> list[str]:
    """The arguments that are numbers."""
    return [key for key, value in EXAMPLES[name].items() if isinstance(value, float)]


def as_dtype(name: str, dtype: Any) -> Arguments:
    """The example with all its arrays of real numbers in this dtype."""
    return {**EXAMPLES[name], **{key: EXAMPLES[name][key].astype(dtype) for key in arrays(name)}}


def call(impl: Any, name: str, arguments: Arguments) -> list[Any]:
    """Call the function, after the forward one if it goes backward; all of its results but for a cache, in a list."""
    function, result = CONTRACT[name], call_raw(impl, name, arguments)
    if function.gives_cache:
        return [result[0]]
    if function.gives_config:
        return [result[0], *[value for value in result[1].values() if np.ndim(value)]]
    return list(result) if isinstance(result, tuple) else [result]


def call_raw(impl: Any, name: str, arguments: Arguments) -> Any:
    """Call the function with these arguments, by their places in the contract, and hand back whatever it does."""
    function = getattr(impl, name)  # first, so that it is known to be judged should the forward pass fail
    caches = {a.name: a.forward for a in CONTRACT[name].arguments if a.kind is Kind.CACHE}
    made = {key: call_raw(impl, forward, arguments)[1] for key, forward in caches.items()}
    known = arguments | made
    return function(*[known[key] for key in CONTRACT[name].names if key in known])


def same(got: list[Any], expected: list[Any]) -> bool:
    """Whether these are the same bits, NaN included."""
    pairs = zip(got, expected, strict=True)
    return all(np.asarray(a).dtype == np.asarray(b).dtype and np.array_equal(a, b, equal_nan=True) for a, b in pairs)
