"""From the names on the command line to an implementation: ``load(["numpy", "homework/layers.py"])``.

A name is a peer's short name (`shrinkage.peers.NAME`; `impl` is `shrinkage` itself), a dotted module, or a path to a
``.py`` file. Several are taken together as one implementation, and the first that offers a function wins. Only the
contract's names count as offered, and ``EXPECTED_FAILURES``; what else a module holds does not matter.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from .contract import CONTRACT
from .peers import ExpectedFailure, library, peers


class WrongChoice(ValueError):
    """A name that cannot be turned into an implementation; the message is one sentence."""


class NotOffered(AttributeError):
    """A function of the contract that this implementation does not offer."""


class Implementation:
    """Objects taken together as one implementation: ``implementation.ridge(X, y, lam)``.

    Parameters
    ----------
    name
        What it is called in reports.
    parts
        Modules, or any objects with functions of the contract as attributes; the first that offers a name wins.

    Attributes
    ----------
    expected_failures
        What the parts state in ``EXPECTED_FAILURES``, in their order: of several that cover a test the first counts.

    Raises
    ------
    NotOffered
        On access to a function of the contract that no part offers.
    WrongChoice
        If a part's ``EXPECTED_FAILURES`` cannot be read.
    """

    def __init__(self, name: str, *parts: object) -> None:
        self.name = name
        self.parts = parts
        # Of several parts, another one may offer the function that fails.
        alone = len(parts) == 1
        self.expected_failures = [
            replace(failure, strict=failure.strict and alone) for part in parts for failure in _expected_failures(part)
        ]

    @property
    def offered(self) -> list[str]:
        """The names of the contract that some part offers, in the contract's order."""
        return [name for name in CONTRACT if any(hasattr(part, name) for part in self.parts)]

    def __getattr__(self, name: str) -> Any:
        if name in CONTRACT:
            for part in self.parts:
                if hasattr(part, name):
                    return getattr(part, name)
            raise NotOffered(name)
        raise AttributeError(f"{name} is not in the contract")

    def __repr__(self) -> str:
        return f"Implementation({self.name!r})"


def load(names: Iterable[str]) -> Implementation:
    """The implementation that these names stand for, taken together.

    Raises
    ------
    WrongChoice
        If a name leads nowhere, if its module fails on import, or if nothing of the contract is offered.
    """
    names = list(names)
    implementation = Implementation(" + ".join(names), *map(_module, names))
    if not implementation.offered:
        raise WrongChoice(f"{' + '.join(names)} offers no function of the contract (see shrinkage.contract).")
    return implementation


def _expected_failures(part: object) -> Iterator[ExpectedFailure]:
    """Each as it is, or from a dict with the same words: people's own files need not import anything for it."""
    stated: Any = getattr(part, "EXPECTED_FAILURES", ())
    try:
        for row in stated:
            yield row if isinstance(row, ExpectedFailure) else ExpectedFailure(**row)
    except TypeError as error:
        raise WrongChoice(
            f"EXPECTED_FAILURES of {getattr(part, '__name__', part)} has to be a list of dicts with claim and reason "
            f"and, if need be, strict and run ({error}), not {stated!r:.200}."
        ) from error


def _module(name: str) -> ModuleType:
    if name.endswith(".py"):
        path = Path(name).resolve()
        if not path.is_file():
            raise WrongChoice(f"{name} was not found: there is no file {path}.")
        return _imported(name, path.stem, path)
    dotted = "shrinkage" if name == "impl" else f"shrinkage.peers.{name}" if name in peers() else name
    if not name or name.startswith(".") or not _exists(dotted):
        raise WrongChoice(
            f"{name or repr(name)} was not found: it is neither a peer ({', '.join(peers())}), nor a module "
            "that can be imported from here, nor a path to a .py file."
        )
    return _imported(name, dotted)


def _exists(dotted: str) -> bool:
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    *parents, _ = dotted.split(".")
    try:
        return importlib.util.find_spec(dotted) is not None
    except ModuleNotFoundError as error:  # a parent that is not there; one that fails is told by _imported
        return error.name not in {".".join(parents[: i + 1]) for i in range(len(parents))}
    except ValueError:  # not a module's name at all: "a..b", "a/b."
        return False
    except Exception:
        return True


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
        if name in peers() and isinstance(error, ModuleNotFoundError):
            raise WrongChoice(f"{name} needs {error.name}: pip install '{library(name).requirement}'.") from error
        what = str(error).strip().splitlines()
        raise WrongChoice(
            f"{name} failed on import: {type(error).__name__}{': ' if what else ''}{what[0] if what else ''}."
        ) from error
    finally:
        sys.dont_write_bytecode = kept


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
