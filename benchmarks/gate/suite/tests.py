"""Tests of pytest-benchmark's and pytest-codspeed's: what takes the place of their fixture, and of pytest's loop.

A test that is marked as a `benchmark` and has no such fixture is timed as a whole, as pytest-codspeed does.
"""

import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shrinkage.benchmarks.gate.calls import LOG, Call, NotOffered, Plain

MARK = "benchmark"
FIXTURES = {"benchmark", "benchmark_weave"}


class Tests:
    """A plugin of pytest's: it collects what has the fixture or the mark, and runs a test when that is asked for.

    Parameters
    ----------
    answer
        Takes the place of the loop.
    """

    __test__ = False

    def __init__(self, answer: Callable[["Tests"], None]) -> None:
        self.answer = answer
        self.items: dict[str, pytest.Item] = {}
        self.failed: dict[str, str] = {}
        self.reports: list[pytest.TestReport] = []
        self.do: Callable[[Call], None] | None = None
        self.called = False
        self.config: pytest.Config | None = None

    # ---- for who asks ------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The node ids."""
        return [*self.items]

    def configured(self) -> tuple[list[str], list[str]]:
        """Where pytest's folder and its configuration are, as options, and the files that it needs."""
        assert self.config is not None
        if self.config.inipath is None:
            empty = Path(os.environ["XDG_CACHE_HOME"], "empty.ini")
            empty.parent.mkdir(parents=True, exist_ok=True)
            empty.touch()
        files = {name.partition("::")[0] for name in (*self.items, *self.failed)}
        return [f"--rootdir={self.config.rootpath}", "-c", str(self.config.inipath or empty)], sorted(files)

    def modules(self) -> set[str]:
        """That the tests are in."""
        return {
            module.__name__.partition(".")[0]
            for item in self.items.values()
            if (module := getattr(item, "module", None))
        }

    def not_collected(self, case: str) -> str:
        """Why a test's file could not be collected."""
        return next((why for file, why in self.failed.items() if case.startswith(file)), "")

    def said(self) -> str:
        """Why there is nothing to run."""
        told = (f"{file} cannot be collected: {why}" for file, why in self.failed.items())
        return next(told, f"It said last: {LOG}")

    def within(self, case: str, do: Callable[[Call], None]) -> str:
        """Run the test; its own failures are told, those of `do` are raised."""
        item = self.items[case]
        self.do, self.called, self.reports = do, False, []
        others = [other for other in self.items.values() if other is not item]
        item.session._setupstate.teardown_exact(item)  # what the test before this one has left to be used again
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=others[0] if others else None)
        failed = [report for report in self.reports if report.failed]
        skipped = [report for report in self.reports if report.skipped]
        if failed:
            around = "" if failed[0].when == "call" else f"{failed[0].when}: "
            return around + _error(failed[0].longreprtext)
        if skipped and not self.called:
            raise NotOffered(f"it is skipped: {_reason(skipped[0])}")
        return "" if self.called else "it never calls benchmark"

    # ---- for pytest --------------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Whatever the project has set for its everyday runs."""
        self.config = config
        for name in ("benchmark_skip", "benchmark_disable", "benchmark_only"):
            if hasattr(config.option, name):
                setattr(config.option, name, False)
        config.option.maxfail = 0
        config.addinivalue_line("markers", f"{MARK}: it is timed")  # with whichever plugin, or none

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Of fixtures of one name the one that was registered last counts; pytest-benchmark would not have another."""
        plugins = session.config.pluginmanager
        for plugin in plugins.get_plugins():
            if getattr(plugin, "__name__", "") == "pytest_benchmark.plugin":
                plugins.unregister(plugin)
        plugins.register(Fixtures(self), "shrinkage-gate-fixtures")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Nothing but what is timed."""
        items[:] = [item for item in items if _asks(item) or item.get_closest_marker(MARK)]
        for item in items:
            _stands_in_for_none(item)
        self.items = {item.nodeid: item for item in items}

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """A test that asks for no fixture is itself the call."""
        if _asks(pyfuncitem) or inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        Benchmark(self, pyfuncitem._request)(pyfuncitem.obj, **arguments)
        return True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported stops no other one."""
        if report.failed:
            self.failed[report.nodeid] = _error(report.longreprtext)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """A test at a time, as they are asked for."""
        self.answer(self)
        session.testsfailed = 0
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """How setup, call and teardown ended."""
        self.reports.append(report)


class Fixtures:
    """What tests ask for by name."""

    def __init__(self, tests: Tests) -> None:
        self.tests = tests

    @pytest.fixture
    def benchmark(self, request: pytest.FixtureRequest) -> "Benchmark":
        """In the place of pytest-benchmark's."""
        return Benchmark(self.tests, request)

    @pytest.fixture
    def benchmark_weave(self, benchmark: "Benchmark") -> Any:
        """Refused, as nothing is called in there that could be sampled."""
        return benchmark.weave


class Benchmark:
    """As pytest-benchmark's fixture is used: called with a function and its arguments, or `pedantic`."""

    def __init__(self, tests: Tests, request: pytest.FixtureRequest) -> None:
        self._tests = tests
        self.name, self.fullname = request.node.name, request.node.nodeid
        callspec = getattr(request.node, "callspec", None)
        self.params = callspec.params if callspec else None
        self.param = callspec.id if callspec else None
        marker = request.node.get_closest_marker(MARK)
        self.group = marker.kwargs.get("group") if marker else None
        self.extra_info: dict[str, Any] = {}
        self.stats, self.has_error = None, False
        self.enabled, self.disabled = False, True  # as with --benchmark-disable: there are no statistics

    def __call__(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Time it; what it gives."""
        return self._timed(partial(function, *arguments, **named))

    def pedantic(
        self,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        rounds: int = 1,
        warmup_rounds: int = 0,
        iterations: int = 1,
    ) -> Any:
        """The same, with what is to be done before each call; a single round without that cannot be repeated."""
        if setup is None:
            plain = partial(target, *args, **(kwargs or {}))
            return self._timed(plain, once=rounds == iterations == 1 and not warmup_rounds, after=teardown)
        found: list[Any] = []

        def prepared() -> Plain:
            made = setup() or (args, kwargs or {})
            return lambda: found.append(target(*made[0], **made[1]))

        self._do(Call(lambda: None, setup=prepared))
        return found[-1] if found else None

    def weave(self, *_: Any, **__: Any) -> None:
        """Refused."""
        pytest.skip("benchmark.weave times what is called inside of something else, which cannot be sampled")

    patch = weave

    def _timed(self, call: Plain, once: bool = False, after: Callable[..., Any] | None = None) -> Any:
        found: list[Any] = []

        def first() -> None:
            found.append(call())  # what the test goes on with
            made.run = call

        made = Call(first, once=once)
        self._do(made)
        if after:
            after()
        return found[0] if found else call()

    def _do(self, call: Call) -> None:
        if self._tests.called:
            pytest.fail("benchmark can be used once in a test")
        self._tests.called = True
        assert self._tests.do is not None
        self._tests.do(call)


def _asks(item: pytest.Item) -> bool:
    return bool(FIXTURES & {*getattr(item, "fixturenames", ())})


def _stands_in_for_none(item: pytest.Item) -> None:
    """Leave out a fixture of the project's that calls the function once, for who has installed no plugin."""
    found = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009  # pytest's own, which has no other way
    for name in FIXTURES & {*found}:
        ours = [each for each in found[name] if each.func.__module__ == __name__]
        if ours and name not in found[name][-1].argnames:
            found[name] = ours


def _error(text: str) -> str:
    """The error's name and what it says, of what pytest prints: a plain assert's is left out there."""
    told = [line.removeprefix("E").strip() for line in text.splitlines() if line.startswith("E ")]
    first = (told or text.strip().splitlines() or [""])[0]
    if place := re.fullmatch(r'File "(.+)", (line \d+)', first):  # a SyntaxError begins with where it is
        return f"{told[-1]} ({place[1]}, {place[2]})"
    return f"AssertionError: {first}" if first.startswith("assert ") else first


def _reason(report: pytest.TestReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
