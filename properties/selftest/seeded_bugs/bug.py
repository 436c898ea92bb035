"""A planted bug: what is wrong, in whom, and how the textbook or another package has to be changed to have it."""

import importlib.util
import itertools
import json
import sys
import types
from dataclasses import dataclass
from pathlib import Path

from shrinkage.loader import Implementation
from shrinkage.peers import numpy as textbook
from shrinkage.properties.engine.account.reports import mistake_of
from shrinkage.properties.engine.falsify import Refutation, refute

TEXTBOOK = Path(textbook.__file__).parent
# By claim, the bugs that it is the first to refute. It need not be up to date: it saves what those before it take.
KEPT = Path(__file__).with_name("refuted_by.json")
REFUTED_BY: dict[str, list[str]] = {}
for _claim, _bugs in json.loads(KEPT.read_text(encoding="utf-8")).items():
    for _bug in _bugs:
        REFUTED_BY.setdefault(_bug, []).append(_claim)
_PLANTED = "shrinkage.planted_"
_numbers = itertools.count()


@dataclass(frozen=True)
class Bug:
    """A change of the textbook or of another package that makes one of its functions wrong.

    Parameters
    ----------
    function
        Who is to be refuted, by a claim that blames it.
    what
        What is wrong.
    file
        The file that is changed, without ``.py``.
    old, new
        A piece of that file, which occurs there exactly once, and what is put in its place.
    also
        More such pairs.
    typical
        The mistake that it is, as the table of them calls it; several where it may as well be called another; none if
        the table has none of that kind.
    home
        The folder of the file; that of the textbook if it is not given.
    """

    function: str
    what: str
    file: str
    old: str
    new: str
    also: tuple[tuple[str, str], ...] = ()
    typical: tuple[str, ...] = ()
    home: Path = TEXTBOOK

    def __str__(self) -> str:
        return f"{self.function}: {self.what}"

    def source(self) -> str:
        """The changed file."""
        text = (self.home / f"{self.file}.py").read_text()
        for old, new in ((self.old, self.new), *self.also):
            assert text.count(old) == 1, f"{self}: {old!r} occurs {text.count(old)} times in {self.file}.py"
            text = text.replace(old, new)
        return text

    def planted(self) -> Implementation:
        """The package with this bug, imported under a name of its own; nothing is written anywhere."""
        for name in [name for name in sys.modules if name.startswith(_PLANTED)]:
            del sys.modules[name]  # of the one before: this one is there while it is judged, as what is compiled asks
        name = f"{_PLANTED}{next(_numbers)}"
        package = _module(name, self.home / "__init__.py", [str(self.home)])
        changed = _module(f"{name}.{self.file}", self.home / f"{self.file}.py")
        sys.modules |= {name: package, changed.__name__: changed} | self._compiled(name)
        exec(compile(self.source(), f"{changed.__file__} with a bug", "exec"), vars(changed))
        assert package.__spec__ is not None
        assert package.__spec__.loader is not None
        package.__spec__.loader.exec_module(package)  # and with it all the other files, as they are
        return Implementation(str(self), package)

    def _compiled(self, name: str) -> dict[str, types.ModuleType]:
        """The files of which Numba keeps code, as they are: what it kept of a copy would ask others for the copy."""
        kept = [file.stem for file in self.home.glob("*.py") if "_kernels.jit import" in file.read_text()]
        home = f"shrinkage.{self.home.name}"
        return {f"{name}.{file}": importlib.import_module(f"{home}.{file}") for file in kept if file != self.file}

    def refuted(self, anew: bool = False) -> tuple[Refutation | None, str, Implementation]:
        """How a claim refutes it, the name of the mistake that the call is said to be typical of, and who has it.

        Of what is large there is no exact answer to compare mistakes with: where one is looked for, then in small. The
        claims that refuted it before are tried first, if not `anew`.
        """
        planted = self.planted()
        found = self._refuted(planted, anew)
        name = _name_of(found)
        if self.typical and not name:
            name = _name_of(self._refuted(planted, anew, large=False))
        return found, name, planted

    def _refuted(self, planted: Implementation, anew: bool, large: bool = True) -> Refutation | None:
        for among in [REFUTED_BY.get(str(self), [])] * (not anew) + [["*"]]:
            if found := refute(planted, [self.function], large, among=among):
                return found
        return None


def _name_of(found: Refutation | None) -> str:
    mistake = mistake_of(found.failure) if found is not None and found.failure is not None else None
    return mistake.name if mistake else ""


def _module(name: str, path: Path, folders: list[str] | None = None) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folders)
    assert spec is not None
    return importlib.util.module_from_spec(spec)
