"""A claim on what is stored: the same values are drawn again, in the same order."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import hypothesis
import pytest

from shrinkage.properties.worst import Entry, values

_KEPT = ("hypothesis_explicit_examples", "_hypothesis_internal_use_settings")
DATA = "draws"  # of an argument that the claim draws by, all draws


class Drawn:
    """In place of Hypothesis' `data`: draws what is stored, and gives up, as on no example at all, where that ends.

    Parameters
    ----------
    stored
        What was drawn, in order.
    """

    def __init__(self, stored: Iterable[Any]) -> None:
        self.left = list(stored)
        self.asked: list[Any] = []  # the strategies

    def draw(self, strategy: Any, label: object = None) -> Any:
        """The next value."""
        if not self.left:
            hypothesis.reject()  # the claim draws more than it did when this was stored
        self.asked.append(strategy)
        return values.made(self.left.pop(0))

    def __repr__(self) -> str:
        return f"what is stored in properties/worst, {len(self.left)} draws left"


def arguments(drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the claim."""
    return {
        name: Drawn(stored[DATA]) if isinstance(stored, Mapping) and DATA in stored else values.made(stored)
        for name, stored in drawn.items()
    }


def first(test: Callable[..., None], entries: Iterable[Entry]) -> Callable[..., None]:
    """The test, on these inputs before any others; the same one, where it draws nothing."""
    made: Any = getattr(test, "drawn", None)
    if made is None:
        return test
    new = made()
    vars(new).update({name: vars(test)[name] for name in _KEPT if name in vars(test)} | {"drawn": made})
    for entry in entries:
        new = hypothesis.example(**arguments(entry.drawn))(new)
    return new


def inject(items: Iterable[pytest.Item], entries: Iterable[Entry]) -> None:
    """Put what is stored into the claims that it is of."""
    by_claim: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.drawn:
            by_claim.setdefault(entry.claim, []).append(entry)
    for item in items:
        if found := by_claim.get(item.name):
            item.obj = first(item.obj, found)  # type: ignore[attr-defined]  # a function, which has one


def strategies_of(test: Callable[..., None]) -> dict[str, Any]:
    """What Hypothesis draws for the test, by argument."""
    given: Any = getattr(getattr(test, "hypothesis", None), "_given_kwargs", {})
    return dict(given)
