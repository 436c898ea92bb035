"""Where compiled code is kept on disk, so that a second process loads it in milliseconds.

Numba takes a function's code for fresh as long as the file that it stands in is the same. But what a function calls is
compiled into it, and the constants that it reads, and both may stand in another file. So what is compiled is kept in a
folder that is named after the contents of all files of the package: whatever is in there was made from them. The last
few folders stay, for who goes back and forth between versions.

In it each entry is a file that is named after its key. Numba numbers them, and has an index of the numbers that every
process reads, adds to and writes: of two that compile a function for other types at the same time, both take the same
number, and from then on one kind of argument gets the code that was made for the other (Numba 0.68).

They are where NUMBA_CACHE_DIR says; without that, beside the code in a clone, and in the user's cache folder for an
installation, which is not to be written into. Where nothing can be written, nothing is kept.
"""

import contextlib
import hashlib
import logging
import os
import pickle
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.misc.appdirs import AppDirs

_PACKAGE = Path(__file__).parents[1]
_NOT_COMPILED = ("__pycache__", "benchmarks", "figures", "peers", "properties")
_KEPT = 5
_one_at_a_time = threading.RLock()


def _digest() -> str:
    """Of the package's files, as far as something of theirs may be compiled."""
    parts = [part for part in _PACKAGE.iterdir() if part.name not in _NOT_COMPILED]
    files = [file for part in parts for file in ([part] if part.suffix == ".py" else part.rglob("*.py"))]
    digest = hashlib.sha256()
    for file in sorted(files):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(_PACKAGE)} {len(content)} ".encode() + content)
    return digest.hexdigest()[:16]


def _places() -> Iterator[Path]:
    """The best first."""
    if numba.config.CACHE_DIR:
        yield Path(numba.config.CACHE_DIR)
    elif (_PACKAGE.parent / "pyproject.toml").is_file():
        yield _PACKAGE / "__pycache__"
    yield Path(AppDirs("shrinkage", appauthor=False).user_cache_dir)


def folder() -> Path | None:
    """The folder for the code as it is; None if it can be nowhere."""
    name = f"compiled-{_digest()}"
    for place in _places():
        try:
            (place / name).mkdir(parents=True, exist_ok=True)
            os.utime(place / name)  # it is in use
            tempfile.TemporaryFile(dir=place / name).close()
        except OSError:
            continue
        _remove_the_oldest(place)
        return place / name
    # No warning: who has made those errors could not import what has no other fault.
    logging.getLogger("shrinkage").warning(
        "shrinkage compiles anew in every process, as no cache folder can be written to: set NUMBA_CACHE_DIR to one "
        "that can."
    )
    return None


def _remove_the_oldest(place: Path) -> None:
    """Should another process still use one, Numba makes it anew."""
    with contextlib.suppress(OSError):  # another process may do the same
        for old in sorted(place.glob("compiled-*"), key=os.path.getmtime)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)


_FOLDER = folder()


class _Entries(IndexDataCacheFile):  # type: ignore[misc]  # Numba has no types
    """A function's: of each key one file, which is whole or not there, whoever writes it at the same time."""

    def save(self, key: Any, data: Any) -> None:
        """Keep it."""
        self._save_data(self._name(key), data)

    def load(self, key: Any) -> Any:
        """What was kept; None where there is nothing, or nothing that can be read."""
        try:
            return self._load_data(self._name(key))
        except (OSError, EOFError, pickle.UnpicklingError):
            return None

    def _name(self, key: Any) -> str:
        given = repr((self._version, self._source_stamp, key)).encode()
        return self._data_name_pattern.format(number=int(hashlib.sha256(given).hexdigest()[:16], 16))


class _Cache(FunctionCache):  # type: ignore[misc]
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        own: Any = self._cache_file  # type: ignore[has-type]
        self._cache_file = _Entries(self._cache_path, self._impl.filename_base, own._source_stamp)


def kept(dispatcher: Any) -> Any:
    """The same function, and what is compiled of it is kept in the folder, if there is one.

    Numba looks at its setting then: it is ours for that moment.
    """
    if _FOLDER is not None:
        with _one_at_a_time:
            before = numba.config.CACHE_DIR
            numba.config.CACHE_DIR = str(_FOLDER)
            try:
                dispatcher._cache = _Cache(dispatcher.py_func)
            finally:
                numba.config.CACHE_DIR = before
    return dispatcher
