"""A file of Python as it is handed in, read but not run: what it defines, what it imports, where it is no Python."""

import ast
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...contract import CONTRACT, Function

_LEFTOVER = re.compile(r"\s*[%!?]")  # of a notebook: %load_ext autoreload, !pip install ...
_WRITTEN = re.compile(r"^(?:def|class)\s+(\w+)", re.MULTILINE)


@dataclass(eq=False)
class Source:
    """One file.

    Parameters
    ----------
    path
        Where it is.
    name
        What it is called in sentences: relative to the folder that was handed in.
    parts
        Of its module's name there.
    text
        As it was when it was read: what is imported may delete it.
    tree
        What that says; nothing where it is no Python.
    error
        Where it is no Python, in a sentence.
    definitions
        Those of the contract's functions.
    lost
        Functions of the contract that it seems to define where it is no Python.
    imports
        The modules that it names, but for relative ones.
    """

    path: Path
    name: str
    parts: tuple[str, ...]
    text: str
    tree: ast.Module | None = None
    error: str = ""
    definitions: dict[str, "Definition"] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)

    @property
    def names(self) -> list[str]:
        """The contract's functions in it, also where it is no Python."""
        return [*self.definitions, *self.lost]

    @property
    def imports_all(self) -> bool:
        """Whether it hands on whatever another module has."""
        nodes = ast.walk(self.tree) if self.tree else ()
        return any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in nodes)

    @property
    def is_package(self) -> bool:
        """Whether it is an ``__init__.py``."""
        return self.path.stem == "__init__"


@dataclass(eq=False)
class Definition:
    """A function of the contract in a file.

    Parameters
    ----------
    source
        The file.
    name
        Of the function.
    node
        What it says.
    """

    source: Source
    name: str
    node: ast.stmt

    def __str__(self) -> str:
        arguments = self._arguments()
        said = f"({ast.unparse(arguments)})".replace("(self, ", "(") if arguments else ""
        return f"{self.name}{said} of {self.source.name}"

    @property
    def handed_on(self) -> bool:
        """Whether it is another module's."""
        return isinstance(self.node, ast.ImportFrom | ast.Import)

    def differs(self, other: "Definition") -> bool:
        """Whether both define it, and not in the same words."""
        return not (self.handed_on or other.handed_on) and ast.dump(self.node) != ast.dump(other.node)

    def fits(self, function: Function) -> bool:
        """Whether the contract's arguments are enough for it: old courses have other functions of the same name."""
        arguments = self._arguments()
        if arguments is None:
            return True
        places = [*arguments.posonlyargs, *arguments.args]
        required = [each.arg for each in places[: len(places) - len(arguments.defaults)]]
        if isinstance(self.node, ast.ClassDef):
            return {*required[1:]} <= {*function.names}
        return len(required) <= len(function.arguments)

    def _arguments(self) -> ast.arguments | None:
        if isinstance(self.node, ast.FunctionDef):
            return self.node.args
        body = self.node.body if isinstance(self.node, ast.ClassDef) else []
        return next((each.args for each in body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None)


def read(path: Path, root: Path) -> Source:
    """The file, as far as it can be read."""
    relative = path.relative_to(root)
    parts = relative.with_suffix("").parts
    parts = tuple(part.replace(".", "_") for part in (parts[:-1] if parts[-1] == "__init__" else parts))
    source = Source(path, relative.as_posix(), parts, path.read_bytes().decode(errors="replace"))
    try:
        with tokenize.open(path) as file:
            text = file.read()
        source.tree = _parsed(text)
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        said = f": {error.text.strip()}" if error.text and error.text.strip() else ""
        source.error = f"{source.name}{where} is no Python ({error.msg}){said}."
    except (OSError, ValueError) as error:  # bytes of no text, a zero among them
        source.error = f"{source.name} is no Python ({error})."
    if source.tree is None:
        source.lost = [name for name in dict.fromkeys(_WRITTEN.findall(source.text)) if name in CONTRACT]
        return source
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            source.imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            source.imports.add(node.module)
    for name, node in _defined(source.tree.body):
        if name in CONTRACT:
            source.definitions[name] = Definition(source, name, node)
    return source


def _parsed(text: str) -> ast.Module:
    """The tree; what a notebook has left behind is taken out, and every line keeps its number."""
    lines = text.splitlines()
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # "\d" in somebody's docstring
                return ast.parse("\n".join(lines) + "\n")
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            if not (0 <= at < len(lines) and _LEFTOVER.match(lines[at])):
                raise
            lines[at] = re.match(r"\s*", lines[at]).group() + "pass"  # type: ignore[union-attr]


def _defined(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Names that a module has after its import, and what each is from."""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node
            case ast.Assign(targets=targets):
                yield from ((target.id, node) for target in targets if isinstance(target, ast.Name))
            case ast.ImportFrom(names=names):
                yield from ((alias.asname or alias.name, node) for alias in names)
            case ast.If() | ast.Try() | ast.With():
                for part in ("body", "orelse", "handlers", "finalbody"):
                    inner = getattr(node, part, [])
                    for each in inner:
                        yield from _defined(each.body if isinstance(each, ast.ExceptHandler) else [each])
