"""What in a candidate's file can tell who calls it: to be told of, for no comparison finds what is right here alone."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ASKS = {
    "sys": {"modules", "gettrace", "getprofile", "_getframe", "_getframemodulename", "_current_frames"},
    "inspect": {"stack", "trace", "currentframe", "getouterframes"},
    "traceback": {"extract_stack", "format_stack", "print_stack", "walk_stack"},
    "gc": {"get_objects", "get_referrers"},
}
NAMES = ("shrinkage", "referee")  # of the judge


def asks(name: str) -> dict[str, int]:
    """What of that a .py file reads, or the judge's name in quotes, and in which line first."""
    found: dict[str, int] = {}
    if name.endswith(".py"):
        for what, line in _found(ast.parse(Path(name).read_bytes())):
            found[what] = min(line, found.get(what, line))
    return found


def _found(tree: ast.AST) -> Iterator[tuple[str, int]]:
    nodes: list[Any] = [*ast.walk(tree)]
    imported = [each for node in nodes if isinstance(node, ast.Import) for each in node.names]
    known = {each.asname or each.name: each.name for each in imported}
    documents = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        read: list[tuple[str, str]] = []
        if isinstance(node, ast.ImportFrom):
            read = [(node.module or "", each.name) for each in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            read = [(known.get(node.value.id, ""), node.attr)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield from ((repr(each), node.lineno) for each in NAMES if each in node.value)
        for module, attribute in read:
            if attribute in ASKS.get(module, ()):
                yield f"{module}.{attribute}", node.lineno
