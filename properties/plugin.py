"""What ``pytest`` can be told about claims, and the fixtures that follow from it. Nothing else.

``--impl NAME`` picks who is judged (`shrinkage.loader`), ``--accuracy X`` how strictly
(`shrinkage.properties.engine.verdict`), and ``--scorecard FILE`` where the account goes
(`shrinkage.properties.report.scorecard`). Hypothesis profiles, by ``--hypothesis-profile``: `default`, `quick`, `ci`
(the same examples every time), `thorough`, `long`.

It is nobody's plugin but of who asks for it: ``-p shrinkage.properties.plugin``.
"""

import gc
import os
from collections.abc import Generator
from pathlib import Path

# Before NumPy is imported: thousands of small products on BLAS threads that wait for each other take twice as long, and
# six times where two processes share two cores. Benchmarks say for themselves on how many threads they run.
for _threads in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import pytest
from hypothesis import HealthCheck, Phase, settings

from shrinkage.loader import Implementation, WrongChoice, load
from shrinkage.properties.engine import verdict
from shrinkage.properties.engine.proxy import Judged
from shrinkage.properties.engine.settings import under
from shrinkage.properties.isolated.implementation import Isolated
from shrinkage.properties.isolated.process import Limits
from shrinkage.properties.report import gradescope, scorecard

CLAIMS = Path(__file__).parent

# No deadline: a first call may compile. No check of slow draws: the first example pays for imports and compilers. One
# failure a claim: the smallest problem that it fails on.
settings.register_profile(
    "default",
    max_examples=100,
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("quick", settings.get_profile("default"), max_examples=20)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, database=None)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=1000)
settings.register_profile("long", settings.get_profile("default"), max_examples=5000)
PROFILE = "ci" if os.environ.get("CI") else "default"
settings.load_profile(PROFILE)

POINTS = pytest.StashKey[gradescope.Points]()
CHOSEN = pytest.StashKey[list[tuple[str, Implementation]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("shrinkage")
    group.addoption(
        "--impl",
        action="append",
        metavar="NAME",
        help="who is judged: a peer's short name (numpy, scipy, ...), a dotted module or a path to a .py file; given "
        "several times, they are taken together; in benchmarks also a comma-separated list to race (default: impl)",
    )
    group.addoption(
        "--accuracy",
        type=float,
        metavar="X",
        help="the relative error that the implementation claims where it is not machine precision: bounds are widened "
        "to X where they are tighter",
    )
    group.addoption(
        "--scorecard",
        type=Path,
        metavar="FILE",
        help="write what was found as JSON: each claim, each function, and the input that gave the worst error",
    )
    group.addoption(
        "--gradescope",
        type=Path,
        metavar="FILE",
        help="write what was found as the results.json of a Gradescope autograder",
    )
    group.addoption(
        "--gradescope-points",
        type=Path,
        metavar="TOML",
        help="what is worth how many points there (default: each function one; see properties/report/gradescope.py)",
    )
    group.addoption(
        "--isolate",
        action="store_true",
        help="judge the implementation in a process of its own: what it does to that fails a claim, and no more",
    )
    limits = Limits()
    for name, metavar, default, of_what in (
        ("seconds", "S", limits.seconds, "seconds for one call"),
        ("megabytes", "MB", limits.megabytes, "megabytes of memory"),
        ("files", "N", limits.files, "open files"),
    ):
        text = f"with --isolate: at most so many {of_what} (default: {default:g})"
        group.addoption(f"--isolate-{name}", type=type(default), metavar=metavar, default=default, help=text)


def pytest_configure(config: pytest.Config) -> None:
    names = config.getoption("--impl") or ["impl"]
    try:
        # A comma makes a list to race; without one, all the names together are one implementation.
        racing = any("," in name for name in names)
        groups = [[name] for name in ",".join(names).split(",")] if racing else [names]
        if config.getoption("--isolate"):
            racers: list[tuple[str, Implementation]] = [(" + ".join(names), isolated(config, names))]
        else:
            racers = [(" + ".join(group), load(group)) for group in groups]
        config.stash[CHOSEN] = racers
    except WrongChoice as error:
        raise pytest.UsageError(str(error)) from error
    for option in ("--scorecard", "--gradescope"):
        path = config.getoption(option)
        if path and (path.is_dir() or not path.absolute().parent.is_dir()):
            raise pytest.UsageError(f"{option} {path} cannot be written: give a file in a folder that is there.")
    points = config.getoption("--gradescope-points")
    try:
        config.stash[POINTS] = gradescope.read(points) if points else gradescope.Points()
    except gradescope.WrongPoints as error:
        raise pytest.UsageError(str(error)) from error
    if config.getoption("--gradescope"):
        if config.getoption("maxfail"):
            raise pytest.UsageError("--gradescope needs every claim: leave out what stops at the first failures.")
        if not hasattr(config, "workerinput"):
            config.getoption("--gradescope").unlink(missing_ok=True)  # a run that breaks leaves nobody else's points
    verdict.settle(config.getoption("--accuracy"), hunting=config.getoption("--hypothesis-profile", None) == "long")


def isolated(config: pytest.Config, names: list[str]) -> Isolated:
    """The implementation in a process of its own, which ends when this one does."""
    limits = Limits(*(config.getoption(f"--isolate-{name}") for name in ("seconds", "megabytes", "files")))
    if not (limits.seconds > 0 and limits.megabytes > 0 and limits.files > 0):
        raise pytest.UsageError("--isolate-seconds, --isolate-megabytes and --isolate-files take positive numbers.")
    implementation = Isolated(names, limits)
    config.add_cleanup(implementation.close)
    return implementation


@pytest.hookimpl(tryfirst=True)  # before -k and -m leave out a part
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What the implementation departs from is expected to fail; a claim that is in no test is out of date."""
    judging = [item for item in items if "impl" in getattr(item, "fixturenames", ())]
    if not judging or len(config.stash[CHOSEN]) > 1:
        return
    ((name, implementation),) = config.stash[CHOSEN]
    properties = CLAIMS
    whole = any(properties.is_relative_to(config.invocation_params.dir / argument) for argument in config.args)
    covered: set[str] = set()
    unshrunk = settings(phases=[phase for phase in settings().phases if phase is not Phase.shrink])
    for departure in implementation.departures:
        items = [item for item in judging if departure.covers(item.name)]
        if whole and not items:
            raise pytest.UsageError(f"--impl {name} departs from {departure.claim}, which is the name of no claim.")
        for item in items:
            if item.nodeid not in covered:  # the first departure that covers it counts
                item.add_marker(pytest.mark.xfail(reason=departure.reason, strict=departure.strict, run=departure.run))
                item.obj = under(item.obj, unshrunk)
        covered.update(item.nodeid for item in items)


def pytest_collection_finish(session: pytest.Session) -> None:
    if len(session.config.stash[CHOSEN]) > 1 and any("impl" in getattr(i, "fixturenames", ()) for i in session.items):
        raise pytest.UsageError("--impl with a comma races in benchmarks; properties judge one implementation a run.")
    gc.freeze()  # what is loaded by now stays: to go through it in every collection takes a twentieth of the run


@pytest.fixture(scope="session")
def impl(pytestconfig: pytest.Config) -> Judged:
    """The implementation that is judged."""
    return Judged(pytestconfig.stash[CHOSEN][0][1])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    verdict.attach(item, report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    profile = config.getoption("--hypothesis-profile", None) or PROFILE
    card = scorecard.of_run(
        terminalreporter.stats,
        implementation=config.stash[CHOSEN][0][0],
        profile=profile,
        examples=settings.get_profile(profile).max_examples,
        accuracy=config.getoption("--accuracy"),
        exit=int(exitstatus),
    )
    scorecard.table(terminalreporter, card)
    if (path := config.getoption("--gradescope")) and gradescope.whole(terminalreporter.stats, int(exitstatus)):
        scorecard.write(path, gradescope.results(card, config.stash[POINTS]))
        terminalreporter.line(f"What Gradescope reads is in {path}.")
    elif path:
        terminalreporter.line(f"The run broke, and there are no points to be given: {path} was not written.", red=True)
    if config.getoption("--scorecard"):
        scorecard.write(config.getoption("--scorecard"), card)
        terminalreporter.line(f"The scorecard is in {config.getoption('--scorecard')}.")
