"""What a judged process may not do is refused, and told in the claim in which it was tried; what it may do, it can."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shrinkage.loader import Choice, WrongChoice
from shrinkage.properties.engine.account.failure import Breach
from shrinkage.properties.isolated import child
from shrinkage.properties.isolated.implementation import Isolated
from shrinkage.properties.isolated.limits import Limits
from shrinkage.properties.selftest.isolated import trespassing
from shrinkage.properties.selftest.isolated.trespassing import ALLOWED, PAST_PYTHON, TRESPASSES

pytestmark = pytest.mark.power

HELD = child._held(True, True)


@contextlib.contextmanager
def isolated(path: Path) -> Iterator[Isolated]:
    """What is in this file, in a process of its own."""
    implementation = Isolated(Choice((str(path),)), Limits())
    try:
        yield implementation
    finally:
        implementation.close()


def files(folder: Path) -> dict[str, Any]:
    """What is there, and when it was written."""
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_size, path.stat().st_mode) for path in folder.iterdir()}


@pytest.fixture(scope="module")
def trespasser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Isolated, Path]]:
    """The hostile file, which works in the folder where it is."""
    folder = tmp_path_factory.mktemp("trespassing")
    path = Path(shutil.copy(trespassing.__file__, folder))
    (folder / "kept.txt").write_text("kept")
    with contextlib.chdir(folder), isolated(path) as implementation:
        yield implementation, folder


@pytest.mark.parametrize("deed", TRESPASSES)
def test_a_trespass_is_refused_and_told(trespasser, deed):
    """In one sentence, that names what was tried; and everything is as it was."""
    implementation, folder = trespasser
    before = files(folder)
    with pytest.raises(Breach) as caught:
        implementation.linear_form(deed, 0.0)
    said = str(caught.value)
    assert re.search(f"^linear_form tried to {TRESPASSES[deed][1]}", said, re.MULTILINE), said
    assert "\n" not in said.strip()
    assert files(folder) == before
    assert implementation.linear_form("nothing", 0.0) == 7.0


@pytest.mark.parametrize("deed", PAST_PYTHON)
def test_a_trespass_past_python_does_not_come_about(trespasser, deed):
    """Where the kernel holds it; elsewhere it is said that only Python does."""
    implementation, folder = trespasser
    if HELD not in implementation.notes:
        pytest.skip(f"this kernel leaves it to Python: {implementation.notes}")
    before, said = files(folder), PAST_PYTHON[deed][1]
    if said:
        with pytest.raises((Breach, OSError), match=said):
            implementation.linear_form(deed, 0.0)
    else:
        assert implementation.linear_form(deed, 0.0) == 7.0
    assert files(folder) == before


@pytest.mark.parametrize("deed", ALLOWED)
def test_what_is_allowed_is_held_against_nobody(trespasser, deed):
    """To read, to write in its scratch folder and where libraries keep what they compile, to begin threads."""
    implementation, folder = trespasser
    before = files(folder)
    assert implementation.linear_form(deed, 0.0) == 7.0
    assert files(folder) == before


def test_no_import_trespasses_either(tmp_path):
    """It fails where it is tried, in a sentence; nobody is blamed for a module that tries to, and goes on without."""
    path = tmp_path / "given.py"
    path.write_text(f"open({str(tmp_path / 'a.log')!r}, 'w')\n")
    with pytest.raises(WrongChoice, match=r"failed on import: PermissionError: tried to write .*a\.log, outside"):
        Isolated(Choice((str(path),)), Limits())
    tries = "import socket\ntry:\n    socket.create_connection(('localhost', 9))\nexcept OSError:\n    pass\n"
    (tmp_path / "tries_to.py").write_text(tries)
    path.write_text(f"import sys\nsys.path.append({str(tmp_path)!r})\n\ndef linear_form(x, c):\n    import tries_to\n")
    with isolated(path) as implementation:
        assert implementation.linear_form(1, 2) is None
    assert {each.name for each in tmp_path.iterdir()} == {"given.py", "tries_to.py"}


@pytest.mark.parametrize(
    ("files", "rest", "said"),
    [
        (True, True, "Linux keeps it from writing outside of its scratch folder, connecting, and beginning processes."),
        (False, False, "Python alone keeps it from writing outside .*, connecting, .*: code in C could."),
        (True, False, "Linux keeps it from writing outside .*; Python alone keeps it from connecting, .*"),
    ],
)
def test_who_holds_it_is_said(files, rest, said):
    """With the verdict: the kernel, or Python alone."""
    assert re.fullmatch(f"In isolation, {said}", child._held(files, rest))


def test_where_the_kernel_holds_nothing_python_does(tmp_path, monkeypatch):
    """And it is said: on another system, say."""
    (tmp_path / "sitecustomize.py").write_text("import platform, sys\nsys.platform = 'plan9'\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path = tmp_path / "given.py"
    path.write_text(f"def linear_form(x, c):\n    open({str(tmp_path / 'a.log')!r}, 'w')\n")
    with isolated(path) as implementation:
        assert child._held(False, False) in implementation.notes
        with pytest.raises(Breach, match=r"^linear_form tried to write .*a\.log, outside"):
            implementation.linear_form(1, 2)
    assert not (tmp_path / "a.log").exists()
