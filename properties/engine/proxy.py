"""The implementation as claims see it: whoever asks for a function that is not offered is skipped.

What is called gets copies (`shrinkage.properties.engine.account.calls`), so that no claim is spoilt by what a function
has written into its arguments; that it did is told once. Claims about just that, and about the same bits from the same
memory, ask `raw`, and their own arrays are handed on as they are.
"""

import copy
import functools
import operator
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shrinkage.contract import CONTRACT
from shrinkage.loader import Implementation, NotOffered, subnormals
from shrinkage.properties.engine import cuts, watchdog
from shrinkage.properties.engine.account import calls, memory, seen
from shrinkage.properties.engine.account.calls import Call
from shrinkage.properties.engine.account.failure import Breach


class Judged:
    """The implementation as tests see it: what is not offered skips the test, what is used is remembered."""

    def __init__(self, implementation: Implementation, raw: bool = False) -> None:
        self._implementation, self._raw = implementation, raw

    @property
    def raw(self) -> "Judged":
        """The same, but what is called gets what the claim holds, and no copies of it."""
        return Judged(self._implementation, raw=True)

    def __getattr__(self, name: str) -> Any:
        try:
            function = getattr(self._implementation, name)
        except NotOffered:
            seen.of(name)
            pytest.skip(f"not offered: {name}")
        seen.of(name)

        @functools.wraps(function, updated=())
        def remembered(*arguments: Any, **named: Any) -> Any:
            named |= cuts.given(function, arguments)
            call = Call(name, *calls.copies(name, arguments, named))
            call.implementation = self._implementation
            result = _done(call, function, arguments, named, self._raw)
            return Made(call, result, self._raw) if isinstance(function, type) else result

        return remembered

    def offers(self, name: str) -> bool:
        """Whether a function is offered, for a claim about all that are."""
        return name in self._implementation.offered

    def needs(self, name: str, argument: str) -> None:
        """Skip the test unless the function is offered with this argument, which the contract lets it do without."""
        if argument not in cuts.parameters(getattr(self, name)):
            pytest.skip(f"not offered: {name} with {argument}")

    def __repr__(self) -> str:
        return self._implementation.name


class Made:
    """What a class of the contract has made, a net or a solver: what is called on it is remembered, too."""

    _call: Call

    def __init__(self, call: Call, made: Any, raw: bool) -> None:
        self.__dict__.update(_call=call, _made=made, _raw=raw, _params=None, _before=())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            value = getattr(self._made, name)
        except Exception as error:
            calls.failed(self._begun(None, {}, name), error)
            raise
        if name == "params":  # what the claim puts in there is what the next call is about
            self.__dict__["_params"] = value
            return value
        if not callable(value):
            self._begun(None, {}, name).result = value
            return value

        @functools.wraps(value, assigned=(), updated=())
        def remembered(*arguments: Any, **named: Any) -> Any:
            call = self._begun(calls.copied(arguments), calls.copied(named), name)
            if name == "train":
                self.__dict__["_before"] += (call,)
            return _done(call, value, arguments, named, self._raw, getattr(self._made, "params", None))

        return remembered

    def __deepcopy__(self, memo: dict[int, Any]) -> "Made":
        """Of what is judged; it is told as the original is."""
        return Made(self._call, copy.deepcopy(self._made, memo), self._raw)

    def _begun(self, arguments: tuple[Any, ...] | None, named: dict[str, Any], method: str) -> Call:
        # What the claim has not asked for is drawn anew where the call is pasted, unless it is told.
        held = getattr(self._made, "params", None) if self._params is None and method == "loss" else self._params
        params = calls.copied(held) if isinstance(held, dict) else None
        call = Call(
            self._call.function, arguments, named, method=method, made=self._call, params=params, before=self._before
        )
        call.implementation = self._call.implementation
        calls.remember(call)
        return call

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._made, name, value)

    def __repr__(self) -> str:
        return self._call.lines()[-1]


def _done(
    call: Call,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
    raw: bool,
    held: Any = None,
) -> Any:
    """Call it, and see to it that whatever comes of that is known to come from there; `held` is what an object has."""
    given, by_name = tuple(map(_own, arguments)), named
    if not raw:
        given, by_name = calls.copies("" if call.method else call.function, given, named)
    calls.remember(call)
    try:
        if watchdog.given_up(call.function):
            raise Breach(call.function, f"{call.function} is not called again: once it did not come back")
        with watchdog.calling(call.function, lambda: "; ".join(call.lines())):
            call.result = _as_arrays(call, function(*given, **by_name))
        seen.of(call.function).reached |= bool(call.method) or not CONTRACT[call.function].methods  # not if just made
    except NotOffered as error:  # not with these arguments
        pytest.skip(f"not offered: {error}")
    except BaseException as error:
        calls.failed(call, error)
        raise
    finally:
        call.ended = True
        if subnormals.are_lost() and subnormals.regain():  # before the next example is drawn
            told = f"{call.function} {subnormals.TAKEN}; that was undone"
            line = getattr(getattr(function, "__code__", None), "co_firstlineno", 1)
            warnings.warn_explicit(told, RuntimeWarning, call.implementation.name, line)
    calls.keep_cache(call)
    before = tuple(map(_own, call.arguments or ()))
    written = [calls.name(call, i) for i in range(len(given)) if not calls.same(given[i], before[i])]
    written += [key for key in by_name if not calls.same(by_name[key], call.named[key])]
    if written:
        seen.changed(call, f"{call.function} changes its input {' and '.join(written)}")
    if shares := memory.shared(call, given, by_name, held):
        seen.changed(call, shares)
    return call.result


def _as_arrays(call: Call, result: Any) -> Any:
    """What says of itself that it is an array, a tensor or a `DataFrame`, as one: claims index it as an array."""
    if isinstance(result, tuple):
        cache = result[1:] if not call.method and CONTRACT[call.function].gives_cache else ()  # nobody else's business
        values = *(_as_arrays(call, value) for value in result[: len(result) - len(cache)]), *cache
        return result if all(map(operator.is_, values, result)) else values
    if isinstance(result, np.ndarray | np.generic) or not hasattr(type(result), "__array__"):
        return result
    try:
        return np.asarray(result)
    except Exception:  # as it is, it fails in words
        return result


def keep_alive() -> Callable[[], None]:
    """Let `os._exit` in a call fail the claim, not end this process without a verdict; the result undoes it.

    What the call has forked may end as it likes.
    """
    end, own = os._exit, os.getpid()

    def refused(code: int) -> None:
        call = calls.last()
        if os.getpid() != own or call is None or call.ended:
            end(code)
        raise Breach(call.function, f"{call.function} ended the process that it ran in, with exit code {code}")

    os._exit = refused  # type: ignore[assignment]
    return lambda: setattr(os, "_exit", end)


def _own(value: Any) -> Any:
    """What the implementation has made itself, where the claim holds it in a `Made`."""
    return value._made if isinstance(value, Made) else value
