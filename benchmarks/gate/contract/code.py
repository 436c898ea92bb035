"""What a function's code is, so that a revision in which it is the same can be told: it cannot have become slower.

The code of a function is that of its module and of every module that this one leads to: the machine code of each kernel
in there that has been compiled, and the bytecode of the rest. Names, line numbers, messages and Numba's running numbers
are left out.
"""

import ast
import gc
import hashlib
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from shrinkage.contract import CONTRACT
from shrinkage.loader import Implementation, NotOffered

_USES = {"Solver": ("FullyConnectedNet",)}  # what is timed with it, and it need not import
_UNREAD = re.compile(r"\s*\.(ascii|asciz|size|file|ident|zero|section|type)\b.*")
_TAGS = re.compile(r"B\d+v\d+B(\d+)")  # a running number, and the flags, in no order, in so many letters
_PICKLED = re.compile(r"\.const\.pickle(buf|data)\.[0-9a-f]+")
_LENGTH = re.compile(r"(\.quad\s+\.const\n\s*\.long\s+)\d+")  # of a pickled error, which names the file and the line


def digests(implementation: Implementation) -> dict[str, str]:
    """Of each function that is offered: a digest of its code, as far as it has been compiled in this process."""
    kernels = _kernels()
    return {name: _digest(modules, kernels) for name in CONTRACT if (modules := _modules(implementation, name))}


def _modules(implementation: Implementation, name: str) -> set[str]:
    """Where its code is; nowhere that could be compared for what is not offered, or is a file loaded by its path."""
    reached: set[str] = set()
    for part in (name, *_USES.get(name, ())):
        try:
            start = getattr(implementation, part)
        except (NotOffered, AttributeError):
            return set()
        for module in _homes(start):
            if module not in sys.modules:
                return set()
            _reach(module, reached)
    return reached


def _homes(function: Any) -> Iterator[str]:
    """Where it says that it is from, where it was written, and the same of what it wraps."""
    while function is not None:
        yield function.__module__
        yield getattr(function, "__globals__", {}).get("__name__", function.__module__)
        function = getattr(function, "__wrapped__", None)


def _digest(modules: set[str], kernels: dict[str, list[str]]) -> str:
    text = hashlib.sha256()
    for module in sorted(modules):
        for line in (*_bytecode(sys.modules[module]), *sorted(kernels[module])):
            text.update(line.encode())
    return text.hexdigest()


def _kernels() -> dict[str, list[str]]:
    """By module: the machine code of what Numba has compiled."""
    from numba.core.dispatcher import Dispatcher

    found = defaultdict(list)
    for dispatcher in (thing for thing in gc.get_objects() if isinstance(thing, Dispatcher)):
        for signature, assembly in dispatcher.inspect_asm().items():
            lines = "\n".join(line for line in assembly.splitlines() if not _UNREAD.fullmatch(line))
            normal = _LENGTH.sub(r"\1", _PICKLED.sub(".const", _without_tags(lines)))
            found[dispatcher.py_func.__module__].append(f"{dispatcher.py_func.__qualname__}{signature}\n{normal}")
    return found


def _without_tags(text: str) -> str:
    parts, start = [], 0
    for tag in _TAGS.finditer(text):
        parts.append(text[start : tag.start()])
        start = tag.end() + int(tag[1])
    return "".join([*parts, text[start:]])


def _reach(module: str, found: set[str]) -> None:
    """Add the module, and those of its package that what it holds is from, and that it imports from: constants."""
    found.add(module)
    values = list(vars(sys.modules[module]).values())
    held = (value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) for value in values)
    for origin in (*held, *_imported(sys.modules[module])):
        same = isinstance(origin, str) and origin.partition(".")[0] == module.partition(".")[0]
        if same and origin not in found and origin in sys.modules:
            _reach(origin, found)


def _imported(module: ModuleType) -> Iterator[str]:
    """What it says ``from ... import ...`` of, wherever in the file."""
    for statement in ast.walk(ast.parse(_source(module))):
        if isinstance(statement, ast.ImportFrom):
            name = "." * statement.level + (statement.module or "")
            yield resolve_name(name, module.__package__) if statement.level else name


def _bytecode(module: ModuleType) -> Iterator[str]:
    """What the module's source compiles to, without where it stands and what it says of itself."""
    yield from _parts(compile(_source(module), "", "exec", optimize=2))


def _source(module: ModuleType) -> bytes:
    """Empty where there is no file of Python's."""
    return Path(module.__file__).read_bytes() if module.__file__ and module.__file__.endswith(".py") else b""


def _parts(code: CodeType) -> Iterator[str]:
    yield f"{code.co_name} {code.co_code.hex()} {code.co_names} {code.co_varnames}"
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        elif not _is_message(constant):
            yield repr(sorted(constant, key=repr) if isinstance(constant, frozenset) else constant)


def _is_message(constant: Any) -> bool:
    return isinstance(constant, str) and " " in constant
