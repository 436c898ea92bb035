"""Implementations that are wrong in kind: right code, with every answer or every argument spoilt in one way.

The code is the textbook's, or for what that does not offer the compiled one: every function has its mistakes here, with
nothing written down for it.

As files (``pytest properties --impl ...``) they have to end a run with exit code 1 and failed claims, never crash it.
"""

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT, FUNCTIONS
from shrinkage.loader import Implementation, load
from shrinkage.peers import numpy as textbook
from shrinkage.properties.engine.example_calls import EXAMPLES, arrays

Change = Callable[[Any], Any]
RIGHT = load(["numpy", "impl"])


def seven(*arguments: Any, **named: Any) -> int:
    """Whatever is asked."""
    return 7


def nothing(*arguments: Any, **named: Any) -> None:
    """No answer."""


def refusal(*arguments: Any, **named: Any) -> None:
    """An error of no kind that is promised."""
    raise RuntimeError("out of order")


def exit_(*arguments: Any, **named: Any) -> None:
    """The end of the process, or so it would have it."""
    raise SystemExit(3)


def _arrays(change: Change) -> Change:
    """The change made to every array in an answer, and to its numbers; a cache stays as it is."""

    def changed(answer: Any) -> Any:
        if isinstance(answer, tuple):
            return tuple(map(changed, answer))
        if isinstance(answer, dict):
            return {key: changed(value) for key, value in answer.items()}
        return change(answer) if isinstance(answer, np.ndarray | np.floating) else answer

    return changed


ANSWERS: dict[str, Change] = {
    "NaN": _arrays(lambda a: a * a.dtype.type(np.nan)),
    "an axis too many": _arrays(lambda a: np.asarray(a)[None]),
    "lists": _arrays(lambda a: a.tolist() if a.ndim else [a.item()]),
    "text": _arrays(str),
    "complex": _arrays(lambda a: a + 0j),
    "half precision": _arrays(lambda a: np.asarray(a).astype(np.float16)),
    "1% too large": _arrays(lambda a: a * a.dtype.type(1.01)),
}


def spoilt(change: Change) -> Implementation:
    """Right code with this change made to what every function returns."""

    def after(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def changed(*arguments: Any, **named: Any) -> Any:
            answer = function(*arguments, **named)
            if CONTRACT[function.__name__].gives_cache:
                return change(answer[0]), answer[1]
            return change(answer)

        return changed

    class Net(textbook.FullyConnectedNet):
        def loss(self, X: Any, y: Any = None) -> Any:
            return change(textbook.FullyConnectedNet.loss(self, X, y))

    class TwoLayerNet(textbook.TwoLayerNet):
        loss = Net.loss

    class Solver(textbook.Solver):
        def train(self) -> None:
            super().train()
            self.model.params = change(self.model.params)

    own = {name: after(getattr(RIGHT, name)) for name in CONTRACT}
    nets = {"FullyConnectedNet": Net, "TwoLayerNet": TwoLayerNet, "Solver": Solver}
    return Implementation("spoilt", types.SimpleNamespace(**own | nets))


def writing() -> Implementation:
    """Right code, after which every array that came in has another first entry."""
    names = [name for name in EXAMPLES if arrays(name) and "cache" not in CONTRACT[name].names]

    def after(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def changed(*arguments: Any, **named: Any) -> Any:
            answer = function(*arguments, **named)
            for value in arguments:
                if isinstance(value, np.ndarray) and value.size and value.dtype.kind == "f":
                    value.flat[0] += 1
            return answer

        return changed

    return Implementation("writing", types.SimpleNamespace(**{name: after(getattr(RIGHT, name)) for name in names}))


def doubling() -> Implementation:
    """Right code with λ doubled wherever there is one."""

    def before(function: Callable[..., Any], place: int) -> Callable[..., Any]:
        @functools.wraps(function)
        def changed(*arguments: Any) -> Any:
            return function(*arguments[:place], 2 * np.asarray(arguments[place]), *arguments[place + 1 :])

        return changed

    own = {
        function.name: before(getattr(RIGHT, function.name), place)
        for function in FUNCTIONS
        for place, argument in enumerate(function.names)
        if argument in ("lam", "lams")
    }
    return Implementation("doubling", types.SimpleNamespace(**own))


def everywhere(function: Callable[..., Any]) -> Implementation:
    """The same function under every name of the contract."""
    return Implementation(function.__name__, types.SimpleNamespace(**dict.fromkeys(CONTRACT, function)))


MALFORMED: dict[str, Callable[[], Implementation]] = {
    **{f.__name__.strip("_"): functools.partial(everywhere, f) for f in (seven, nothing, refusal, exit_)},
    **{kind: functools.partial(spoilt, change) for kind, change in ANSWERS.items()},
    "writes into its arguments": writing,
    "λ doubled": doubling,
}
