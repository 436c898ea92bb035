"""The implementation as claims see it: whoever asks for a function that is not offered is skipped."""

import functools
from typing import Any

import pytest

from shrinkage.loader import Implementation, NotOffered
from shrinkage.properties.engine import source_repr, verdict, watchdog


class Judged:
    """The implementation as tests see it: what is not offered skips the test, what is used is remembered."""

    def __init__(self, implementation: Implementation) -> None:
        self._implementation = implementation

    def __getattr__(self, name: str) -> Any:
        try:
            function = getattr(self._implementation, name)
        except NotOffered:
            verdict.used(name)
            pytest.skip(f"not offered: {name}")
        verdict.used(name)
        if isinstance(function, type):
            return function

        @functools.wraps(function)
        def remembered(*arguments: Any, **named: Any) -> Any:
            verdict.called(name, arguments, named)
            if watchdog.given_up(name):
                raise verdict.Breach(name, f"{name} is not called again: once it did not come back.")
            with watchdog.calling(name, lambda: source_repr.call(name, arguments, named)):
                return function(*arguments, **named)

        return remembered

    def offers(self, name: str) -> bool:
        """Whether a function is offered, for a claim about all that are."""
        return name in self._implementation.offered

    def __repr__(self) -> str:
        return self._implementation.name
