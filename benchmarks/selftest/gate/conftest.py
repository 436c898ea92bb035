"""What every gate that is tested here has of its own."""

import tempfile

import pytest


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it keeps what it has installed, and a temporary folder in which no other gate leaves anything."""
    folder = str(tmp_path_factory.mktemp("temporary"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("TMPDIR", folder)
    monkeypatch.setattr(tempfile, "tempdir", folder)
