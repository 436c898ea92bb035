"""The modules of a folder, imported so that each finds the others however it names them.

All are modules of one package with the folder's name: ``ada.assignment2.cs231n.layers``. What one imports is looked for
in the folder first, by the end of its name and nearest to whoever asks: ``cs231n.layers``, ``layers`` and ``..layers``
are all that file, also where it was handed in without the folders around it. An import that fails costs what is
imported: what is used of it raises the error, when it is used.
"""

import ast
import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from ..modules import told
from .source import Source

# What Python 2 had, where the modules that say it over again (past, future, six) are not installed.
_RENAMED: dict[str, Any] = {"xrange": range, "basestring": str, "unicode": str, "long": int, "raw_input": input}
_RENAMED["standard_library"] = SimpleNamespace(install_aliases=lambda: None)


class Importer(MetaPathFinder):
    """Finds the modules of one folder, for as long as the process lives.

    Parameters
    ----------
    root
        The folder.
    sources
        What was read in it.
    """

    def __init__(self, root: Path, sources: list[Source]) -> None:
        self.root, self.sources, self.package = root, sources, _free_name(root.name)
        self.by_parts = {source.parts: source for source in sources}
        self.folders = {parts[:end] for parts in self.by_parts for end in range(len(parts))} | {()}
        self._modules: dict[Source, tuple[ModuleType | None, str]] = {}
        sys.meta_path.insert(0, self)

    def module(self, source: Source) -> tuple[ModuleType | None, str]:
        """The module, or nothing, and why, in a sentence."""
        if source not in self._modules:
            try:
                self._modules[source] = importlib.import_module(self.name(source.parts)), ""
            except (Exception, SystemExit) as error:
                self._modules[source] = (
                    None,
                    source.error or f"{source.name} failed on import: {told(error, source.path)}.",
                )
        return self._modules[source]

    def name(self, parts: Sequence[str]) -> str:
        """Of the module, in this process."""
        return ".".join((self.package, *parts))

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Of a module or a folder here."""
        package, *rest = fullname.split(".")
        parts = tuple(rest)
        if package != self.package:
            return None
        source = self.by_parts.get(parts)
        if source is not None:
            inside = [str(source.path.parent)] if source.is_package else None
            return spec_from_file_location(
                fullname, source.path, loader=_Reader(self, source), submodule_search_locations=inside
            )
        if parts not in self.folders:
            return None
        spec = ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = [str(self.root.joinpath(*parts))]
        return spec

    def found(self, wanted: Sequence[str], source: Source) -> tuple[str, ...] | None:
        """Of what ends like this, or like the end of this, what is nearest to the file that wants it."""
        known = [*self.by_parts, *(parts for parts in self.folders if parts)]
        for start in range(len(wanted)):
            end = tuple(wanted[start:])
            fitting = [parts for parts in known if parts[-len(end) :] == end and parts != source.parts]
            if fitting:
                return min(fitting, key=lambda parts: (-_shared(parts, source.parts), len(parts)))
        return None


class _Reader(Loader):
    """Runs a file as it was read, its imports made to look in the folder first."""

    def __init__(self, importer: Importer, source: Source) -> None:
        self.importer, self.source = importer, source

    def exec_module(self, module: ModuleType) -> None:
        """As any import does."""
        if self.source.tree is None:
            raise ImportError(self.source.error.removesuffix("."))
        tree = _Imports(self.importer, self.source).visit(self.source.tree)
        vars(module)[_ABSENT] = absent
        exec(compile(ast.fix_missing_locations(tree), str(self.source.path), "exec", dont_inherit=True), vars(module))


class _Imports(ast.NodeTransformer):
    """Imports of the folder's own modules by their names here; those of the module itself may fail."""

    def __init__(self, importer: Importer, source: Source) -> None:
        self.importer, self.source = importer, source
        self._guarded = False

    def visit_Try(self, node: ast.Try) -> ast.AST:
        """Somebody knows that it may fail: the error is his."""
        outer, self._guarded = self._guarded, True
        self.generic_visit(node)
        self._guarded = outer
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Try  # type: ignore[assignment]  # later, it may fail as ever

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """What a notebook has left behind, written as Python."""
        return ast.Pass() if ast.unparse(node).startswith("get_ipython()") else node

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        """``import cs231n.layers`` and ``import layers as l``."""
        statements: list[ast.stmt] = []
        for alias in node.names:
            names = [alias]
            if (parts := self._own(alias.name)) is not None:
                own = self.importer.name(parts)
                if alias.asname or "." not in alias.name:
                    names = [ast.alias(own, alias.asname or alias.name)]
                else:  # the name that is bound is that of the package
                    up = alias.name.count(".")
                    top = self.importer.name(parts[: len(parts) - up])
                    names = [ast.alias(own, _ABSENT), ast.alias(top, _first(alias))]
            statements.append(self._allowed(ast.Import(names), [alias.asname or _first(alias)], alias.name))
        return statements

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt | list[ast.stmt]:
        """``from ..layers import *`` and ``from cs231n import optim``."""
        said = "." * node.level + (node.module or "")
        if node.module == "__future__":
            return node
        wanted = [*self._above(node.level), *filter(None, (node.module or "").split("."))]
        parts = tuple(wanted) if node.level else None
        if not node.level:
            parts = self._own(node.module or "")
        elif parts not in self.importer.by_parts and parts not in self.importer.folders:
            parts = self.importer.found((node.module or "").split("."), self.source) if node.module else None
        statements: list[ast.stmt] = []
        left = []
        for alias in node.names:  # a module of a package that is not there, but it is
            inside = (*parts, alias.name) if parts is not None else ()
            lone = self.importer.found([alias.name], self.source) if self._is_lone(node, parts, inside) else None
            if lone is None:
                left.append(alias)
            else:
                one = ast.Import([ast.alias(self.importer.name(lone), alias.asname or alias.name)])
                statements.append(self._allowed(one, [alias.asname or alias.name], said))
        if left:
            module, level = (node.module, node.level) if parts is None else (self.importer.name(parts), 0)
            names = [alias.asname or alias.name for alias in left]
            if names == ["*"] and parts in self.importer.by_parts:
                names = self.importer.by_parts[parts].names
            statements.append(self._allowed(ast.ImportFrom(module, left, level), names, said))
        return statements

    def _is_lone(self, node: ast.ImportFrom, parts: tuple[str, ...] | None, inside: tuple[str, ...]) -> bool:
        """Whether the package that a module is imported from is missing here."""
        if parts is not None:
            source = self.importer.by_parts.get(parts)
            return source is None and inside not in self.importer.by_parts and inside not in self.importer.folders
        return bool(node.level) or not _installed((node.module or "").split(".")[0])

    def _own(self, dotted: str) -> tuple[str, ...] | None:
        """A module of the folder by its absolute name: never in place of what Python or NumPy needs."""
        first, *_ = whole = dotted.split(".")
        if first in sys.stdlib_module_names:
            return None
        found = self.importer.found(whole, self.source)
        if found is not None and found[-len(whole) :] != tuple(whole) and _installed(first):
            return None  # torch.optim is not optim
        return found

    def _above(self, level: int) -> tuple[str, ...]:
        parts = self.source.parts if self.source.is_package else self.source.parts[:-1]
        return parts[: len(parts) - level + 1] if level and len(parts) >= level - 1 else ()

    def _allowed(self, statement: ast.stmt, names: list[str], module: str) -> ast.stmt:
        """The import; where it fails, names stand for what is missing."""
        if self._guarded:
            return statement
        told = ast.parse(f"{_ABSENT}({module!r}, {names!r}, _error, globals())").body
        return ast.Try([statement], [ast.ExceptHandler(ast.Name("Exception", ast.Load()), "_error", told)], [], [])


_ABSENT = "__absent__"


def absent(module: str, names: Sequence[str], error: Exception, scope: dict[str, Any]) -> None:
    """Put what tells of the error in the place of each name."""
    for name in names:
        scope[name] = _RENAMED[name] if name in _RENAMED else Absent(name, module, error)


class Absent:
    """What could not be imported: using it raises the error."""

    def __init__(self, name: str, module: str, error: Exception) -> None:
        what = "nothing could" if name == "*" else f"{name} could not"
        self.__dict__["_why"] = f"{what} be imported from {module}: {error}"

    def __str__(self) -> str:
        why: str = self.__dict__["_why"]
        return why

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ImportError(self.__dict__["_why"])

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Not to be had."""
        raise ImportError(self.__dict__["_why"])


def _first(alias: ast.alias) -> str:
    return alias.name.split(".")[0]


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many folders two files have in common."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _free_name(folder: str) -> str:
    """For a package: the folder's, unless that is somebody else's already."""
    name = "".join(letter if letter.isalnum() else "_" for letter in folder) or "folder"
    while name in sys.modules or _installed(name):
        name += "_"
    return name
