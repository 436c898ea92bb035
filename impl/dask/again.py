"""Data that are read a second time, after something else: else each chunk would be kept from the first time on.

`dask.graph_manipulation.bind` is for that, but loses the inner steps of a rechunked array (Dask 2026.8).
"""

from collections.abc import Hashable, Sequence
from typing import Any

from dask._task_spec import DataNode, Task, TaskRef, convert_legacy_graph
from dask.base import collections_to_expr, tokenize
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph


def again(parts: Sequence[Any], after: Any) -> list[Any]:
    """The same delayed values, under keys of their own; what they are made of is not read before `after` is there."""
    graph = convert_legacy_graph(dict(collections_to_expr(parts, optimize_graph=True).__dask_graph__()))
    salt = f"again-{tokenize(after.key)}"

    def own(key: Hashable) -> Any:
        return (f"{key[0]}-{salt}", *key[1:]) if isinstance(key, tuple) else f"{key}-{salt}"

    names = {key: own(key) for key in graph}
    made: dict[Any, Any] = {}
    for key, node in graph.items():
        begins = all(isinstance(graph.get(needed), DataNode) for needed in node.dependencies)
        if begins and not isinstance(node, DataNode):  # it reads, or makes, what others are made of
            made[names[key]] = Task(names[key], first, node.substitute(names, key=None), TaskRef(after.key))
        else:
            made[names[key]] = node.substitute(names, key=names[key])
    layers = HighLevelGraph.from_collections(salt, made, dependencies=[after])
    return [Delayed(names[part.key], layers, layer=salt) for part in parts]


def first(value: Any, _: Any) -> Any:
    """The value, once the other one is there."""
    return value
