"""The options, fixtures and hooks are those of the two plugins."""

import sys
from collections.abc import Generator

import pytest

pytest_plugins = ["shrinkage.properties.plugin", "shrinkage.benchmarks.plugin"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """What a test loads has its folder on the path, and what comes after finds nothing there."""
    before = [*sys.path]
    try:
        return (yield)
    finally:
        sys.path[:] = before
