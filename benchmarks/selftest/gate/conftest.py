"""What every gate that is tested here has of its own."""

import tempfile

import pytest

from shrinkage.benchmarks.gate import metric, timed


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it keeps what it has installed, and a temporary folder in which no other gate leaves anything."""
    folder = str(tmp_path_factory.mktemp("temporary"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("TMPDIR", folder)
    monkeypatch.setattr(tempfile, "tempdir", folder)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few rounds and repetitions as show what is twice as large; how many are needed is tested on numbers alone.

    Where the machine was away for one of ten rounds, nine show nothing at 1 %: what is open then is looked at again.
    """
    monkeypatch.setattr(timed, "SCREENING", 5)
    monkeypatch.setattr(timed, "LOOKS", (10, 20, 40))
    monkeypatch.setattr(metric, "AGAIN", 1)
