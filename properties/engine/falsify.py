"""Is there a claim that this implementation breaks? In one process, without a pytest session.

``refute(implementation, ["ridge"])`` runs the claims about these functions until one fails that blames one of them.

Every claim runs on few examples first, and only then on as many as in a plain `pytest`: most of what is wrong shows at
once. The examples are the same every time. Claims that need more than the implementation and a captured output (a
folder, say, or real data) are left out.
"""

import contextlib
import dis
import functools
import importlib
import inspect
import io
import itertools
import time
import types
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import hypothesis.errors
import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings

from shrinkage import properties
from shrinkage.contract import CONTRACT
from shrinkage.loader import Implementation, subnormals
from shrinkage.peers import ExpectedFailure
from shrinkage.properties.engine.account import seen
from shrinkage.properties.engine.account.failure import Failure
from shrinkage.properties.engine.proxy import Judged
from shrinkage.properties.engine.settings import under

MARKS = {  # in the order in which they are tried
    "mathematics": "the contract's values, on ordinary input: float64, sizes from one up, numbers of everyday size",
    "accuracy": "the error stays within what theory allows, over conditioning, rank, scale, empty input and float32",
    "interface": "types, layouts, refusals, nothing changed or shared, repeatable",
}
FEW, MANY = 10, 100


@dataclass(frozen=True)
class Claim:
    """A test with its parameters filled in.

    Parameters
    ----------
    name
        Of the test, with its parameters in brackets, as pytest names it.
    test
        What is to be called.
    arguments
        The parameters.
    mark
        One of `MARKS`.
    about
        The functions of the contract that occur in it; all of them if none does.
    fixtures
        What it needs beside the implementation and the parameters.
    """

    name: str
    test: Callable[..., None]
    arguments: dict[str, Any]
    mark: str
    about: frozenset[str]
    fixtures: tuple[str, ...]

    def hold(self, judged: Judged, chosen: settings) -> None:
        """Run it so; what it fails with is raised."""
        __tracebackhide__ = True
        self.called(judged, _under(self.test, chosen))

    def called(self, judged: Judged, test: Callable[..., None]) -> None:
        """Run this in place of the test."""
        __tracebackhide__ = True
        subnormals.regain()
        with warnings.catch_warnings(), contextlib.ExitStack() as stack:
            warnings.simplefilter("ignore")  # the contract says "without an error", of which a warning is none
            stack.enter_context(_captured())  # what it prints is nobody's business
            fixtures = {name: stack.enter_context(FIXTURES[name]()) for name in self.fixtures}
            test(impl=judged, **self.arguments, **fixtures)
            seen.conclude()

    @property
    def large(self) -> bool:
        """Whether it is about problems of hundreds of rows and columns."""
        return self.test.__module__.endswith("test_large_problems")


@dataclass(frozen=True)
class Refutation:
    """A claim that failed.

    Parameters
    ----------
    claim
        Its name.
    says
        What it says, in a sentence.
    blamed
        The functions that the failure is put down to.
    message
        Of the failure.
    seconds
        How long it took to find.
    failure
        As data; None where no function is known to have done it.
    """

    claim: str
    says: str
    blamed: tuple[str, ...]
    message: str
    seconds: float
    failure: Failure | None = None


def refute(
    implementation: Implementation,
    functions: Iterable[str] | None = None,
    large: bool = True,
    marks: Collection[str] = MARKS,
    among: Collection[str] = ("*",),
    tries: Sequence[int] = (FEW, MANY),
) -> Refutation | None:
    """The first claim found to fail that blames one of these functions; None if none does.

    Parameters
    ----------
    implementation
        Who is judged.
    functions
        Names of the contract; all that are offered if not given.
    large
        Whether problems of hundreds of rows and columns are among them.
    marks
        Of the claims that are tried.
    among
        Their names, ``*`` standing for anything.
    tries
        On how many examples each is tried, one run after the other.
    """
    wanted = frozenset(implementation.offered if functions is None else functions)
    chosen = [
        claim
        for claim in claims()
        if claim.mark in marks
        and (large or not claim.large)
        and any(ExpectedFailure(name, "").covers(claim.name) for name in among)
    ]
    about = [claim for claim in chosen if claim.about & wanted]
    about.sort(key=lambda claim: claim.large)  # which take longest
    judged, begin = Judged(implementation), time.perf_counter()
    for examples in tries:
        for claim in about:
            if examples == tries[0] or hasattr(claim.test, "hypothesis"):  # without examples to draw, once is enough
                error, failure, blamed = _failure(claim, judged, examples, shares="interface" in marks)
                if error is not None and wanted.intersection(blamed):
                    says = (inspect.getdoc(claim.test) or "").split("\n")[0]
                    seconds = time.perf_counter() - begin
                    return Refutation(claim.name, says, blamed, _told(error), seconds, failure)
    return None


def as_asked() -> tuple[int]:
    """As many examples as the run's Hypothesis profile says, at once: of what is right, no few of them come first."""
    return (settings().max_examples,)


def _failure(
    claim: Claim, judged: Judged, examples: int, shares: bool = False
) -> tuple[BaseException | None, Failure | None, tuple[str, ...]]:
    """What the claim failed with, and who is blamed; nothing if it held, or was about what is not offered.

    If `shares`, then also where a call has written into its arguments or shares memory.
    """
    seen.begin()
    try:
        claim.hold(judged, _profile(examples))
        if shares:
            seen.unchanged()
    except (pytest.skip.Exception, hypothesis.errors.Unsatisfiable):
        pass
    except (Exception, SystemExit, pytest.fail.Exception) as error:
        return error, seen.explain(error), tuple(seen.blamed())
    finally:
        seen.begin()  # a test that refutes somebody is not itself about what was seen
    return None, None, ()


def _told(failure: BaseException) -> str:
    """The message, with the example that Hypothesis has noted."""
    return "\n".join([f"{type(failure).__name__}: {failure}", *getattr(failure, "__notes__", [])])


_under = functools.cache(under)


@functools.cache
def _profile(examples: int) -> settings:
    """So many examples, the same every time, of which the first that fails is taken as it is."""
    return settings(
        max_examples=examples,
        phases=(Phase.explicit, Phase.generate),
        database=None,
        deadline=None,
        derandomize=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )


# ---- fixtures that claims may ask for --------------------------------------------------------------------------------


class _Captured:
    """What has been printed, as `capfd` has it."""

    def __init__(self) -> None:
        self.streams = [io.StringIO(), io.StringIO()]

    def readouterr(self) -> tuple[str, str]:
        """What was printed since it was last asked, to the one stream and the other."""
        texts = [stream.getvalue() for stream in self.streams]
        for stream in self.streams:
            stream.seek(0)
            stream.truncate()
        return texts[0], texts[1]


@contextlib.contextmanager
def _captured() -> Iterator[_Captured]:
    captured = _Captured()
    with contextlib.redirect_stdout(captured.streams[0]), contextlib.redirect_stderr(captured.streams[1]):
        yield captured


FIXTURES = {"capfd": _captured}


# ---- from the test files to claims -----------------------------------------------------------------------------------


@functools.cache
def claims() -> tuple[Claim, ...]:
    """Every claim about an implementation: mathematics first, and first what is about few functions."""
    found = [claim for module in _modules() for test in _tests(module) for claim in _expanded(module, test)]
    runnable = [claim for claim in found if set(claim.fixtures) <= set(FIXTURES)]
    return tuple(sorted(runnable, key=lambda claim: ([*MARKS].index(claim.mark), len(claim.about))))


def _modules() -> list[types.ModuleType]:
    names = sorted(path.stem for path in Path(properties.__file__).parent.glob("test_*.py"))
    # Real data takes long, and what is wrong there is wrong in small.
    return [importlib.import_module(f"shrinkage.properties.{name}") for name in names if "real_data" not in name]


def _tests(module: types.ModuleType) -> list[Callable[..., None]]:
    """The tests that are defined here and judge an implementation."""
    tests = [value for name, value in vars(module).items() if name.startswith("test_")]
    return [
        test for test in tests if test.__module__ == module.__name__ and "impl" in inspect.signature(test).parameters
    ]


def _expanded(module: types.ModuleType, test: Callable[..., None]) -> Iterator[Claim]:
    """The claims that one test makes: one for each combination of its parameters."""
    module_marks = getattr(module, "pytestmark", [])
    marks = [*getattr(test, "pytestmark", []), *(module_marks if isinstance(module_marks, list) else [module_marks])]
    for sets in itertools.product(*(_parameters(mark) for mark in marks if mark.name == "parametrize")):
        arguments = {key: value for chosen, _, _ in sets for key, value in chosen.items()}
        names = [*(mark.name for mark in marks), *(name for _, more, _ in sets for name in more)]
        yield Claim(
            test.__name__ + (f"[{'-'.join(shown for _, _, shown in sets)}]" if sets else ""),
            test,
            arguments,
            next((mark for mark in MARKS if mark in names), "interface"),
            about(test, arguments),
            tuple(name for name in inspect.signature(test).parameters if name != "impl" and name not in arguments),
        )


def _parameters(mark: pytest.Mark) -> Iterator[tuple[dict[str, Any], list[str], str]]:
    """Each set of values of one `parametrize`, with the marks that it brings along, and what pytest calls it."""
    keys, values = mark.args
    keys = [key.strip() for key in keys.split(",")] if isinstance(keys, str) else list(keys)
    ids = mark.kwargs.get("ids")
    listed = None if ids is None or callable(ids) else [*ids]
    for place, each in enumerate(values):
        given = hasattr(each, "marks")  # a pytest.param
        row = each.values if given else each if len(keys) > 1 else (each,)
        shown = each.id if given and each.id else listed[place] if listed else None
        own = ids if callable(ids) else lambda value: None
        shown = shown or "-".join(
            own(value) or _shown(value, f"{key}{place}") for key, value in zip(keys, row, strict=True)
        )
        yield dict(zip(keys, row, strict=True)), [m.name for m in each.marks] if given else [], shown


def _shown(value: Any, otherwise: str) -> str:
    plain = value is None or isinstance(value, str | int | float | complex)
    return str(value) if plain else getattr(value, "__name__", otherwise)


def about(test: Callable[..., None], arguments: Mapping[str, Any]) -> frozenset[str]:
    """The functions of the contract that occur in a test with these parameters; all of them if none does."""
    taken, texts = _occurring(test)
    return frozenset(taken | ({value for value in arguments.values() if _named(value)} or texts) or CONTRACT)


@functools.cache
def _occurring(test: Callable[..., None]) -> tuple[set[str], set[str]]:
    """The functions that a test, or what it calls in its own file, takes off `impl`; and those that it has as text."""
    inner = getattr(getattr(test, "hypothesis", None), "inner_test", test)
    taken: set[str] = set()
    texts: set[str] = set()
    codes, seen = [inner.__code__], set()
    while codes:
        code = codes.pop()
        seen.add(code)
        steps = list(dis.get_instructions(code))
        taken.update(step.argval for last, step in itertools.pairwise(steps) if last.argval == "impl")
        values = [step.argval for step in steps if step.opname == "LOAD_CONST"]
        values += [inner.__globals__.get(name) for name in code.co_names]
        for value in values:
            if isinstance(value, types.FunctionType) and value.__module__ == inner.__module__:
                value = value.__code__
            if isinstance(value, types.CodeType) and value not in seen:
                codes.append(value)
            texts.update(filter(_named, value if isinstance(value, list | tuple) else [value]))
    return {name for name in taken if _named(name)}, texts


def _named(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value in CONTRACT
