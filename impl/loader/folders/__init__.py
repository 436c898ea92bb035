"""A folder as it is handed in: functions of the contract wherever they are, its modules as they import each other.

They are imported under the folder's own name (`importing`), whatever they call themselves, and none of another folder
is ever taken for one of these. Only what defines a function of the contract is imported, and what that imports. What
cannot be read or imported costs what it defines, and the rest is offered.
"""

import contextlib
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from ...contract import CONTRACT
from ...peers import peers
from ..choice import WrongChoice
from .importing import Absent, Importer
from .source import Definition, Source, read

MOST = 2_000  # files of Python that a submission may have
_LEFT_OUT = {"__pycache__", "node_modules", "site-packages", "datasets"}


class Folder(SimpleNamespace):
    """What a folder offers, as attributes.

    Attributes
    ----------
    sources
        What was read.
    lost
        Functions that are written, but in what cannot be read or imported, and why, in a sentence.
    notes
        What whoever reads the verdict should know, in sentences.
    """

    def __init__(self, package: str, sources: list[Source]) -> None:
        super().__init__(__name__=package)
        self.sources = sources
        self.lost: dict[str, str] = {}
        self.notes: list[str] = []


def is_folder(name: str) -> bool:
    """Whether a name is that of a folder, and not of a package that is imported by its name and offers something."""
    if not name or name in peers() or not Path(name).is_dir():
        return False
    package = Path(name, "__init__.py")
    if not name.isidentifier() or not package.is_file():
        return True
    source = read(package, Path(name))
    return not (source.definitions or source.imports_all)


def opened(name: str) -> Folder:
    """The folder of this name, read, and what is needed of it imported.

    Raises
    ------
    WrongChoice
        If there is nothing to be read.
    """
    root = Path(name).resolve()
    importer = Importer(root, _read(root, name))
    folder = Folder(importer.package, importer.sources)
    chosen: list[tuple[Definition, list[Definition]]] = []
    failed: dict[str, str] = {}
    for function, definitions in _definitions(root, importer.sources).items():
        contract = CONTRACT[function]
        fitting = [each for each in definitions if each.fits(contract)]
        if not fitting:
            folder.notes.append(f"{definitions[0]} is another one than {contract.signature}, and not judged.")
        for each in fitting:
            with contextlib.redirect_stdout(io.StringIO()):  # what is said on import is nobody's business
                module, error = importer.module(each.source)
            made = getattr(module, function, None)
            if callable(made) and not isinstance(made, Absent):
                setattr(folder, function, made)
                chosen.append((each, fitting))
                break
            failed.setdefault(function, error or f"{each} is not there after {each.source.name} was imported.")
    for source in importer.sources if not chosen else ():
        if source.imports_all:  # of a file that is not there, perhaps
            module, error = importer.module(source)
            missing = vars(module).get("*") if module else None
            folder.notes += [error] * bool(error) + [f"{source.name}: {missing}."] * bool(missing)
    folder.notes += _choices(chosen)
    broken = {name: source.error for source in importer.sources for name in source.lost}
    folder.lost = {name: why for name, why in (broken | failed).items() if not hasattr(folder, name)}
    return folder


def _read(root: Path, name: str) -> list[Source]:
    paths = [
        path
        for path in sorted(root.rglob("*.py"))
        if not any(part in _LEFT_OUT or part.startswith(".") for part in path.relative_to(root).parts)
        and path.is_file()
    ]
    if not paths:
        raise WrongChoice(f"{name} is a folder without a .py file.")
    if len(paths) > MOST:
        raise WrongChoice(f"{name} holds {len(paths)} files of Python: name the folder of what is to be judged.")
    return [read(path, root) for path in paths]


def _definitions(root: Path, sources: list[Source]) -> dict[str, list[Definition]]:
    """Who defines each function, the best first: of the package that is judged; what only hands on one, at the end."""
    named = {name.split(".")[0] for source in sources for name in source.imports}
    home = {source: _home(root, source, named) for source in sources}
    count = Counter(home[source] for source in sources for _ in source.definitions)
    # Where a year's assignments lie side by side, what is the newest has about as many functions as any other.
    enough = 0.9 * max(count.values(), default=0)
    rank = {package: i for i, package in enumerate(sorted(count, key=lambda each: (count[each] >= enough, each)))}
    ranked = sorted(sources, key=lambda source: (-rank.get(home[source], 0), len(source.parts), source.name))
    found = {
        function: [source.definitions[function] for source in ranked if function in source.definitions]
        for function in CONTRACT
    }
    return {
        function: sorted(definitions, key=lambda definition: definition.handed_on)
        for function, definitions in found.items()
        if definitions
    }


def _home(root: Path, source: Source, named: set[str]) -> Path:
    """The package that a file belongs to: what imports name, or the outermost with an ``__init__.py``."""
    folders = [folder for folder in source.path.parents if folder.is_relative_to(root)]
    for folder in folders:
        if folder.name in named:
            return folder
    packages = [folder for folder in folders if (folder / "__init__.py").exists()]
    return packages[-1] if packages else folders[0]


def _choices(chosen: list[tuple[Definition, list[Definition]]]) -> Iterator[str]:
    """Where a function is defined more than once, which of them is judged."""
    told: dict[tuple[str, ...], list[str]] = {}
    for judged, definitions in chosen:
        others = [each.source.name for each in definitions if each is not judged and each.differs(judged)]
        if others:
            told.setdefault((judged.source.name, *others), []).append(judged.name)
    for (judged_in, *others), functions in told.items():
        yield f"{', '.join(functions)}: judged as in {judged_in}, not as in {' or '.join(others)}."
