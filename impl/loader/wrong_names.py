"""Names that lead nowhere: what each seems to mean, and how that is said."""

import difflib
import importlib.util
import sys
from pathlib import Path

from ..peers import peers, written


def why(name: str) -> str:
    """Why nothing is found under this name, and what to say instead, in a sentence."""
    path, (before, dot, last) = Path(name), name.rpartition(".")
    file, colon, made = name.rpartition(":")
    if colon and made.partition("(")[0].replace(".", "").isidentifier() and file:
        return f"{name} is something of {file}: judge a class of it by --estimator '{name}', functions by {file}."
    if path.suffix == ".ipynb":
        return f"{name} is a notebook: save it as a file first, by jupyter nbconvert --to script {name}."
    if path.is_file():
        return f"{name} is no Python: give a file that ends in .py."
    if name and path.is_dir() and not name.replace(".", "").isidentifier():
        return f"{name} is a folder: give a .py file of it, or, of a package, its dotted name."
    if path.suffix == ".py":
        return f"{name} was not found: there is no file {path.resolve()}{_near(path.name, _files(path.parent))}."
    if dot and not before.startswith(".") and _is_there(before):
        module = sys.modules.get(before)
        if module is not None and hasattr(module, last):
            return f"{name} is a {type(getattr(module, last)).__name__}: give its module, {before}."
        return f"{name} was not found: {before} has no module {last}."
    top = name.partition(".")[0]
    if top and (Path("src") / top).exists():
        return f"{name} is in src, where Python does not look: say PYTHONPATH=src, or pip install -e . first."
    known = [*peers(), *written(), *_files(Path()), *(f.removesuffix(".py") for f in _files(Path()))]
    return (
        f"{name or repr(name)} was not found: it is neither a peer ({', '.join(peers())}), nor a module "
        f"that can be imported from here, nor a path to a .py file{_near(name, known)}."
    )


def _is_there(dotted: str) -> bool:
    try:
        return importlib.util.find_spec(dotted) is not None
    except Exception:  # whatever its parent does when it is imported
        return False


def _files(folder: Path) -> list[str]:
    return [file.name for file in folder.glob("*.py")] if folder.is_dir() else []


def _near(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"; there is {close[0]}" if close else ""
