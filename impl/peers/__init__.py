"""The same contract over other libraries, a file each: `--impl NAME` finds a module here by its short name.

A peer is added by its file alone, and who races, what versions are told, how threads are held and what there is to
install follow from it. It has

- the functions that the library offers, under the contract's names;
- ``LIBRARY = Library(...)``, of keywords and literals: what is to be known of the library before it is imported;
- ``EXPECTED_FAILURES = (xfail(...), ...)``, the claims that do not hold of it on purpose (`ExpectedFailure`).

What people type in the same libraries instead is in `as_written`: ``--impl NAME-as-written``.
"""

import ast
import importlib.util
import pkgutil
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache


@dataclass(frozen=True)
class Library:
    """What a peer computes with.

    Parameters
    ----------
    distribution
        Its name for pip.
    oldest
        The version that it is judged from; an older one may fail more claims, or fewer.
    module
        Its name for Python.
    threads
        The functions of the module that say and set on how many threads it computes, where it has a pool of its own
        that neither `threadpoolctl` nor the usual variables reach.
    one_thread
        Environment variables, and the flag in each, that hold it to one thread.
    """

    distribution: str
    oldest: str
    module: str
    threads: tuple[str, str] | None = None
    one_thread: Mapping[str, str] = field(default_factory=dict)

    @property
    def requirement(self) -> str:
        """As pip takes it."""
        return f"{self.distribution}>={self.oldest}"


@dataclass(frozen=True)
class ExpectedFailure:
    """A claim that does not hold on purpose, and why; in the words of ``pytest.mark.xfail``.

    Parameters
    ----------
    claim
        The test's name, its parameters included; ``*`` stands for anything, and is the only wildcard.
    reason
        In a sentence.
    strict
        Whether it is a failure of its own when the claim holds. Not where random problems decide: a run may come upon
        none of the kind.
    run
        Whether the claim can be run at all: not where it would never end.

    Raises
    ------
    TypeError
        If one of them is of another type.
    """

    claim: str
    reason: str
    strict: bool = True
    run: bool = True

    def __post_init__(self) -> None:
        if not all(
            type(value) is kind for value, kind in zip(vars(self).values(), (str, str, bool, bool), strict=True)
        ):
            raise TypeError("claim and reason are text, strict and run True or False")

    def covers(self, test: str) -> bool:
        """Whether a test of this name is the claim."""
        return re.fullmatch(".*".join(map(re.escape, self.claim.split("*"))), test) is not None


xfail = ExpectedFailure  # as it reads in a table


def peers() -> list[str]:
    """The short names of the peers."""
    found = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return sorted(name for name in found if name != "as_written")


def written() -> list[str]:
    """The names of what people type in libraries, peers' and others: a file of `as_written` each."""
    return [f"{module.name}{_WRITTEN}" for module in pkgutil.iter_modules([f"{__path__[0]}/as_written"])]


_WRITTEN = "-as-written"


def module_of(name: str) -> str | None:
    """The dotted module of a peer, or of what is as written; None of any other name."""
    if name in peers():
        return f"{__name__}.{name}"
    return f"{__name__}.as_written.{name.removesuffix(_WRITTEN)}" if name in written() else None


_PARSING = threading.Lock()  # of two threads that parse at once, one fails in CPython 3.11: they count depths together


@cache
def library(peer: str) -> Library:
    """``LIBRARY`` in the file of this peer, read without importing the peer or what it is built on.

    Of what is as written, it is that of the peer of the same library; where that is no peer, its own.
    """
    same = peer.removesuffix(_WRITTEN)
    spec = importlib.util.find_spec(f"{__name__}.{same}" if same in peers() else str(module_of(peer)))
    with _PARSING:
        statements = ast.parse(spec.loader.get_source(spec.name)).body  # type: ignore[union-attr]
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name("LIBRARY")], value=ast.Call(keywords=given)):
                return Library(**{str(one.arg): ast.literal_eval(one.value) for one in given})
    raise LookupError(f"{spec.name} has no LIBRARY = Library(...)")  # type: ignore[union-attr]
