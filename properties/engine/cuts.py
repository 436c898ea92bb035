"""Where rows are cut and how the blocks are put together, for functions that take `blocks`, or Dask's `chunks`.

Whatever claim calls one hands on a tree that is drawn beside the claim's own problem, and shrunk with it: a number is a
block of so many rows, a list is gathered by itself and merged. Calls with as many rows in one example share a tree, for
those that are compared to the bit. Where nothing is drawn it is always the same tree.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from hypothesis import strategies as st
from hypothesis.control import BuildContext, _current_build_context

Tree = list[Any]

_drawn: WeakKeyDictionary[BuildContext, dict[int, Tree]] = WeakKeyDictionary()


@st.composite
def trees(draw: st.DrawFn, n: int) -> Tree:
    """A tree over n rows: one block, each row by itself, or a few blocks, some of none; some of them gathered first."""
    cuts = draw(st.one_of(st.lists(st.integers(0, n), max_size=4).map(sorted), st.just([*range(1, n)])))
    tree: Tree = np.diff([0, *cuts, n]).tolist()
    for _ in range(draw(st.integers(0, 3))):
        first, last = sorted(draw(st.tuples(*[st.integers(0, len(tree))] * 2)))
        tree[first:last] = [tree[first:last]]
    return tree


def fixed(n: int) -> Tree:
    """A tree of blocks of several sizes, none among them, for where nothing is drawn."""
    a, b = n // 2, n // 3
    return [a, [0, [b, 0]], n - a - b]


def tree(n: int) -> Tree:
    """The tree for n rows: of this example, if there is one that can be drawn from."""
    context = _current_build_context.value
    if context is None or context.data.max_choices == 0:  # of an explicit example, nothing can be drawn
        return fixed(n)
    known = _drawn.setdefault(context, {})
    if n not in known:
        known[n] = context.data.draw(trees(n))
    return known[n]


@functools.cache
def parameters(function: Callable[..., Any]) -> frozenset[str]:
    """The names of its parameters; none where nobody can tell."""
    try:
        return frozenset(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return frozenset()


def given(function: Callable[..., Any], arguments: tuple[Any, ...]) -> dict[str, Any]:
    """What such a function is given beside these arguments: nothing where the first one has no rows."""
    if not (known := parameters(function) & {"blocks", "chunks"}) or not arguments:
        return {}
    try:
        shape = np.shape(arguments[0])
    except ValueError:  # of lists of uneven lengths
        return {}
    if not shape:
        return {}
    if "blocks" in known:
        return {"blocks": tree(shape[0])}
    cut = [tuple(leaves(tree(size))) for size in (shape if len(shape) == 2 else shape[:1])]
    return {"chunks": (*cut, *shape[len(cut) :])}


def leaves(tree: Tree) -> Iterator[int]:
    """The sizes of its blocks."""
    for part in tree:
        yield from leaves(part) if isinstance(part, list) else (part,)
