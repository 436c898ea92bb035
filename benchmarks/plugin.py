"""What ``pytest`` can be told about benchmarks, and the fixtures that follow from it. Nothing else.

What is timed, and on how many threads, is said by ``--benchmark-sizes`` and ``--benchmark-threads``
(`shrinkage.benchmarks.measure.timing`); who is, by the ``--impl`` of `shrinkage.properties.plugin`, which has to be
loaded, too.
"""

from collections.abc import Callable
from typing import Any

import pytest

from shrinkage.benchmarks.cases import SELECTIONS, Case
from shrinkage.benchmarks.measure import timing
from shrinkage.benchmarks.measure.timing import Racer
from shrinkage.properties.plugin import CHOSEN

ENTRANTS = pytest.StashKey[tuple[dict[str, Racer], list[str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("shrinkage")
    group.addoption(
        "--benchmark-sizes",
        choices=SELECTIONS,
        default="quick",
        help="the sizes that are timed: those of some minutes in all, or every one (default: quick)",
    )
    group.addoption(
        "--benchmark-threads",
        type=int,
        default=1,
        metavar="N",
        help="how many threads everybody is timed on (default: 1)",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--benchmark-threads") < 1:
        raise pytest.UsageError("--benchmark-threads takes a number from 1 up.")
    if hasattr(config.option, "benchmark_disable") and not (
        config.option.benchmark_only or config.option.benchmark_enable
    ):
        config.option.benchmark_disable = True  # a plain `pytest` runs every benchmark once, untimed


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of what takes long, nothing unless it is asked for; a warning is an error, as in claims."""
    for item in items:
        if "racer" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("error"), append=False)
    if config.getoption("--benchmark-sizes") == "quick":
        beyond = [item for item in items if timing.is_beyond_quick(item)]
        config.hook.pytest_deselected(items=beyond)
        items[:] = [item for item in items if item not in beyond]


def pytest_collection_finish(session: pytest.Session) -> None:
    if session.config.getoption("--isolate") and any("racer" in getattr(i, "fixturenames", ()) for i in session.items):
        raise pytest.UsageError("--isolate is for properties: what is timed runs in this process.")


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    if ENTRANTS not in config.stash:
        return []
    racers, absent = config.stash[ENTRANTS]
    threads, sizes = config.getoption("--benchmark-threads"), config.getoption("--benchmark-sizes")
    left_out = f"; not installed: {', '.join(absent)}" if absent else ""
    return [f"benchmarks: {', '.join(racers)}{left_out}; threads: {threads}; sizes: {sizes}"]


@pytest.fixture
def timed(racer: Racer, benchmark: Any, pytestconfig: pytest.Config) -> Callable[[Case], None]:
    """Check the racer's answer to a case, then time it."""
    return lambda case: timing.timed(case, racer, benchmark, pytestconfig.getoption("--benchmark-threads"))


@pytest.hookimpl(trylast=True)  # after the case, so that all who race on one case do it one after the other
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Benchmarks run once for each racer; unless others are named, `impl` and every peer that is installed."""
    if "racer" not in metafunc.fixturenames:
        return
    config = metafunc.config
    if ENTRANTS not in config.stash:
        named = config.getoption("--impl") or config.getoption("--estimator")
        config.stash[ENTRANTS] = timing.entrants(config.stash[CHOSEN] if named else None)
    racers, _ = config.stash[ENTRANTS]
    metafunc.parametrize("racer", racers.values(), ids=racers.keys())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    timing.tell_wrong(terminalreporter)
