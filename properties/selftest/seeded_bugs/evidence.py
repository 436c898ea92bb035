"""The last call of each function of an implementation, as it was: what a mistake is recognised by."""

import copy
import functools
import inspect
import types
from typing import Any

from shrinkage.contract import CONTRACT
from shrinkage.loader import Implementation
from shrinkage.properties.engine.falsify import Refutation, refute
from shrinkage.properties.engine.mistakes import Mistake, asked, typical_of

from .bug import Bug


def refuted(bug: Bug) -> tuple[Refutation | None, str]:
    """How the bug is refuted, and the name of the mistake that the call that did it is typical of, if any.

    Small problems first: what is large has no exact answer to compare with.
    """
    witness = Witness(bug.planted())
    found = refute(witness.implementation, [bug.function], large=False)
    found = found or refute(witness.implementation, [bug.function])
    mistake = witness.typical_of(bug.function) if found else None
    return found, mistake.name if mistake else ""


class Witness:
    """An implementation that remembers how it was called last, and what it gave.

    Parameters
    ----------
    implementation
        Whose calls.
    """

    def __init__(self, implementation: Implementation) -> None:
        self.last: dict[str, tuple[dict[str, Any], Any]] = {}
        self._asked = implementation
        watched = {name: self._watched(name, getattr(implementation, name)) for name in implementation.offered}
        self.implementation = Implementation(implementation.name, types.SimpleNamespace(**watched))

    def typical_of(self, function: str) -> Mistake | None:
        """What mistake the last call of this function is typical of."""
        if function not in self.last:
            return None
        return typical_of(function, *self.last[function], asked(self._asked, function))

    def _watched(self, name: str, function: Any) -> Any:
        if name == "FullyConnectedNet":
            return self._watched_net(function)
        if isinstance(function, type):
            return function

        @functools.wraps(function)
        def watched(*arguments: Any, **named: Any) -> Any:
            given = copy.deepcopy(dict(zip(CONTRACT[name].names, arguments, strict=False)) | named)
            result = function(*arguments, **named)
            self.last[name] = given, copy.deepcopy(result)
            return result

        return watched

    def _watched_net(self, net: Any) -> Any:
        last = self.last

        class Watched(net):  # type: ignore[misc]
            def __init__(self, *arguments: Any, **named: Any) -> None:
                super().__init__(*arguments, **named)
                made = inspect.signature(net).bind(*arguments, **named)
                made.apply_defaults()
                self.made = {key: made.arguments[key] for key in ("hidden_dims", "input_dim", "num_classes", "reg")}

            def loss(self, X: Any, y: Any = None) -> Any:
                given = copy.deepcopy({**self.made, "params": self.params, "X": X, "y": y})
                result = super().loss(X, y)
                last["FullyConnectedNet"] = given, copy.deepcopy(result)
                return result

        return Watched
