"""From a name to a module: a peer's short name, a dotted module, or a path to a ``.py`` file."""

import ast
import contextlib
import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from ..contract import CONTRACT
from ..peers import library, module_of
from .choice import WrongChoice
from .wrong_names import why


def module(name: str) -> ModuleType:
    """What a name stands for, imported.

    Raises
    ------
    WrongChoice
        If it leads nowhere, or its module fails on import.
    """
    if name.endswith(".py"):
        path = Path(name).resolve()
        if not path.is_file():
            raise WrongChoice(why(name))
        package = _package(path)
        return _imported(name, package, None) if package else _imported(name, path.stem, path)
    dotted = "shrinkage" if name == "impl" else module_of(name) or name
    if not all(part.isidentifier() for part in dotted.split(".")) or not _exists(dotted):
        raise WrongChoice(why(name))
    return _imported(name, dotted)


def _exists(dotted: str) -> bool:
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    parts = dotted.split(".")
    try:
        return importlib.util.find_spec(dotted) is not None
    except ModuleNotFoundError as error:  # a parent that is not there; one that fails is told by _imported
        return error.name not in {".".join(parts[: i + 1]) for i in range(len(parts))}
    except Exception:
        return True


def _package(path: Path) -> str:
    """The dotted name of a file that is a package, or says ``from .``, its root on the path; empty for any other."""
    if path.name != "__init__.py":
        with contextlib.suppress(SyntaxError, ValueError):  # told when it is imported
            statements = ast.walk(ast.parse(path.read_bytes()))
            if any(isinstance(each, ast.ImportFrom) and each.level for each in statements):
                return _dotted(path)
        return ""
    return _dotted(path.parent)


def _dotted(path: Path) -> str:
    root = path.parent
    while (root / "__init__.py").is_file():
        root = root.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return ".".join(path.relative_to(root).with_suffix("").parts)


def _imported(name: str, dotted: str, path: Path | None = None) -> ModuleType:
    """Import by name or from a file, and what a module imports only when it is asked for a function."""
    kept = sys.dont_write_bytecode
    sys.dont_write_bytecode = kept or dotted.split(".")[0] != "shrinkage"  # the folder of what is judged stays as it is
    try:
        module = importlib.import_module(dotted) if path is None else _from_file(dotted, path)
        for function in CONTRACT:
            hasattr(module, function)
        return module
    except (Exception, SystemExit) as error:
        if module_of(name) and isinstance(error, ModuleNotFoundError):
            raise WrongChoice(f"{name} needs {error.name}: pip install '{library(name).requirement}'.") from error
        raise WrongChoice(f"{name} failed on import: {told(error, path)}.") from error
    finally:
        sys.dont_write_bytecode = kept


def told(error: BaseException, path: Path | None) -> str:
    """An error on import, and in which line of the file."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    what = str(error).strip().splitlines()
    return f"{type(error).__name__}{f': {what[0]}' if what else ''}{f', in line {lines[-1]}' if lines else ''}"


def _from_file(dotted: str, path: Path) -> ModuleType:
    """Its folder goes first on the path, so that it finds its siblings."""
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    known = sys.modules.get(dotted)
    if known is not None and Path(getattr(known, "__file__", None) or ".").resolve() == path:
        return known  # a sibling imported it already: the same classes, not a second set of them
    spec = importlib.util.spec_from_file_location(dotted if known is None else f"{dotted}_given_by_path", path)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python source")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
