"""For all tests of the referee."""

import pytest

from shrinkage.properties.referee import trial


@pytest.fixture(autouse=True)
def short_turns(monkeypatch):
    """A race that nobody reads need not be exact."""
    monkeypatch.setattr(trial, "TURN", 0.002)
