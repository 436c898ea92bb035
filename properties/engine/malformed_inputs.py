"""What every function has to refuse: its ordinary call, with one argument changed into what the contract rules out.

Each is the name of an argument and a value for it. Where a cache is passed on, the arguments of the forward pass that
made it are left to the claims about that.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT, Axes, Kind, Several
from shrinkage.properties.engine.example_calls import EXAMPLES, given

Malformed = Iterator[tuple[str, Any]]


def judged(name: str, *kinds: Kind) -> list[str]:
    """The arguments of real numbers that the function has to look at: all, or those of these kinds."""
    own = [argument for argument in CONTRACT[name].arguments if argument.name in EXAMPLES[name]]
    return [a.name for a in own if (a.kind in kinds if kinds else a.numeric)]


def of_wrong_types(name: str) -> Malformed:
    """Complex numbers, text, objects."""
    for key in judged(name):
        value = np.asarray(EXAMPLES[name][key])
        yield from ((key, value.astype(kind)) for kind in (complex, str, object))


def with_entries(name: str, entry: float, *kinds: Kind) -> Malformed:
    """The ordinary value with this number at one place, at each in turn."""
    for key in judged(name, *kinds):
        value = np.asarray(EXAMPLES[name][key])
        for place in range(value.size):
            wrong = value.astype(float)
            wrong.flat[place] = entry
            yield key, wrong


def of_wrong_shapes(name: str) -> Malformed:
    """An axis more, an axis less, all in one row, one entry, and one entry more or less along each axis and one alone.

    Where nothing makes up for it; much of it broadcasts.
    """
    for key in (*judged(name), *judged(name, Kind.LABELS)):
        value = np.asarray(EXAMPLES[name][key])
        wrong = [value[None], value[..., None], *([value[0]] if value.ndim else [np.stack([value] * 2)])]
        wrong += [value.reshape(-1), value.T, value.flat[:1]]
        wrong += [value.flat[0], value[..., 0]] if value.ndim else []
        for axis in range(value.ndim):
            last = value.shape[axis] - 1
            wrong += [np.insert(value, last, value.take(last, axis), axis), np.delete(value, last, axis)]
            wrong.append(value.take([0], axis))
        yield from ((key, each) for each in wrong if not admitted(name, key, each.shape))


# The size of a letter's axis, or the sizes of several axes that are one letter's.
_Sizes = dict[str, int | tuple[int, ...]]


def admitted(name: str, key: str, shape: tuple[int, ...]) -> bool:
    """Whether an argument may have this shape beside the others of the ordinary call."""
    arguments = {argument.name: argument for argument in given(CONTRACT[name])}
    others = [argument for argument in arguments.values() if argument.name != key]
    fixed: _Sizes = {}
    for other in others:
        fixed |= _sizes(other.axes, np.shape(EXAMPLES[name][other.name])) or {}
    # Of the letters that others may have, each has all or none.
    absent = {letter for other in others for axes in other.shapes for letter in _letters(axes)} - set(fixed)
    found = [_sizes(axes, shape) for axes in arguments[key].shapes]
    return any(
        sizes is not None and not absent & set(sizes) and all(_agree(sizes[a], fixed[a]) for a in sizes if a in fixed)
        for sizes in found
    )


def _letters(axes: Axes) -> set[str]:
    return {axis.letter if isinstance(axis, Several) else axis for axis in axes if not isinstance(axis, int)}


def _sizes(axes: Axes, shape: tuple[int, ...]) -> _Sizes | None:
    """The size of each letter; None if the shape has not these axes."""
    sizes: _Sizes = {}
    for axis in axes:
        if isinstance(axis, Several):
            sizes[axis.letter], shape = shape, ()
            continue
        if not shape or shape[0] != (axis if isinstance(axis, int) else sizes.setdefault(axis, shape[0])):
            return None
        shape = shape[1:]
    return None if shape else sizes


def _agree(one: int | tuple[int, ...], other: int | tuple[int, ...]) -> bool:
    """Whether the sizes are the same, or those of one are flattened to the other."""
    return one == other if type(one) is type(other) else prod(np.atleast_1d(one)) == prod(np.atleast_1d(other))
