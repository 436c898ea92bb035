"""What ``pytest`` can be told about claims, and the fixtures that follow from it. Nothing else.

``--impl NAME`` picks who is judged (`shrinkage.loader`), ``--accuracy X`` how strictly
(`shrinkage.properties.engine.verdict`), and ``--scorecard FILE`` where the account goes
(`shrinkage.properties.report.scorecard`). Hypothesis profiles, by ``--hypothesis-profile``: `default`, `quick`, `ci`
(the same examples every time), `thorough`, `long`.

It is nobody's plugin but of who asks for it: ``-p shrinkage.properties.plugin``.
"""

import argparse
import functools
import gc
import os
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

# Before NumPy is imported: thousands of small products on BLAS threads that wait for each other take twice as long, and
# six times where two processes share two cores. Benchmarks say for themselves on how many threads they run.
for _threads in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from shrinkage.cli import is_expression, is_folder_to_write, is_writable
from shrinkage.contract import CONTRACT
from shrinkage.loader import Choice, Implementation, NotOffered, WrongChoice, load
from shrinkage.loader.calls import in_file
from shrinkage.loader.profiles import Profile
from shrinkage.peers import ExpectedFailure, peers
from shrinkage.properties import parallel, worst
from shrinkage.properties.cluster import Cluster
from shrinkage.properties.engine import falsify, verdict
from shrinkage.properties.engine.account import reports, seen
from shrinkage.properties.engine.falsify import MARKS
from shrinkage.properties.engine.proxy import Judged, keep_alive
from shrinkage.properties.engine.settings import under
from shrinkage.properties.isolated.implementation import Isolated
from shrinkage.properties.isolated.limits import Limits
from shrinkage.properties.judge import CLAIMS, LIMITED, OPTIONS, PROFILES, SAME
from shrinkage.properties.report import files, gradescope, page, scorecard, terminal
from shrinkage.properties.report.absent import Absent
from shrinkage.properties.report.warned import Warned
from shrinkage.properties.worst import replay

# No deadline: a first call may compile. No check of slow draws: the first example pays for imports and compilers. One
# failure a claim: the smallest problem that it fails on.
settings.register_profile(
    "default",
    phases=[phase for phase in Phase if phase is not Phase.explain],  # half the time that a failure takes, and not told
    deadline=None,
    derandomize=False,  # which Hypothesis would have where CI is set, for thorough and long, too
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
for _name, _examples in PROFILES.items():
    settings.register_profile(_name, settings.get_profile("default"), max_examples=_examples)
for _name in (*SAME, "quick") if os.environ.get("CI") else SAME:
    settings.register_profile(_name, settings.get_profile(_name), derandomize=True, database=None)
PROFILE = "ci" if os.environ.get("CI") else "default"
settings.load_profile(PROFILE)

_STDERR = os.dup(2)  # before pytest captures it, which it does not yet where this is loaded by -p
PATIENCE = 60  # seconds for a claim, after which somebody at a terminal wonders
POINTS = pytest.StashKey[gradescope.Points]()
CHOSEN = pytest.StashKey[list[tuple[str, Implementation]]]()
STORED = pytest.StashKey[list[worst.Entry]]()
WARNED = pytest.StashKey[Warned]()
# Nobody's fault, and no reason not to judge: where nothing can be written, what failed is not kept for the next run.
READ_ONLY = ("ignore::pytest.PytestCacheWarning", "ignore:The database setting is not configured")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("shrinkage")
    group.addoption(
        "--impl",
        action="append",
        metavar="NAME",
        help="who is judged: a peer's short name (numpy, scipy, ...), a dotted module or a path to a .py file; given "
        "several times, they are taken together; in benchmarks also a comma-separated list to race (default: impl)",
    )
    for name, option in OPTIONS.items():
        group.addoption(name, **option)
    group.addoption("--one-screen", action="store_true", help=argparse.SUPPRESS)


def pytest_configure(config: pytest.Config) -> None:
    for mark, says in MARKS.items():
        config.addinivalue_line("markers", f"{mark}: {says}")
    for each in READ_ONLY:
        config.addinivalue_line("filterwarnings", each)
    for option, text in (("-m", config.option.markexpr), ("-k", config.option.keyword)):
        if text and not is_expression(text):
            raise pytest.UsageError(f"{option} {text!r} is no expression of names with and, or, not and brackets.")
    make = functools.partial(isolated, config) if config.getoption("--isolate") else load
    try:
        config.stash[CHOSEN] = [(choice.name, make(choice)) for choice in choices(config)]
    except WrongChoice as error:
        raise pytest.UsageError(str(error)) from error
    except OSError as error:  # of a name that is too long, or in a folder that may not be read
        raise pytest.UsageError(f"{(error.filename or '')!s:.80} cannot be judged: {error.strerror}.") from error
    for option in ("--scorecard", "--gradescope", "--page"):
        path = config.getoption(option)
        if path and not is_writable(path):
            raise pytest.UsageError(f"{option} {path} cannot be written: give a file in a folder of yours.")
    config.stash[WARNED] = Warned(config.rootpath)
    config.pluginmanager.register(config.stash[WARNED], "warned")
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
    isolate, seconds = config.getoption("--isolate"), config.getoption("--call-seconds")
    if not (isolate or parallel.watch(config, seconds)):  # nobody else sees to it that this process lives
        config.add_cleanup(keep_alive())
        config.pluginmanager.register(parallel.Alone(seconds, _STDERR))
    if address := config.getoption("--dask"):
        config.pluginmanager.register(cluster_at(address), "cluster")
    if place := config.getoption("--database"):
        keep_examples(place, config.getoption("--hypothesis-profile", None) or PROFILE)
    config.stash[STORED] = [entry for name, _ in config.stash[CHOSEN] for entry in stored(name, place)]
    if config.getoption("--one-screen"):
        config.pluginmanager.register(Absent())
        if not hasattr(config, "workerinput"):
            config.pluginmanager.register(terminal.OneScreen(_STDERR), "one screen")
    verdict.settle(config.getoption("--accuracy"), hunting=config.getoption("--hypothesis-profile", None) == "long")


def cluster_at(address: str) -> Cluster:
    """The cluster whose scheduler is there."""
    try:
        return Cluster(address)
    except ImportError:
        raise pytest.UsageError("--dask needs distributed: pip install 'distributed'.") from None
    except (OSError, ValueError) as error:
        raise pytest.UsageError(f"--dask {address}: no scheduler answers there ({error}).") from None


def stored(name: str, place: str | None) -> list[worst.Entry]:
    """The worst inputs that hunts have found, those that come along and those of that place."""
    try:
        more = worst.Store(place, name).entries() if place else {}
        return [*worst.read(name).values(), *more.values()]
    except worst.Damaged as damaged:
        raise pytest.UsageError(str(damaged)) from None


def keep_examples(place: str, profile: str) -> None:
    """Where Hypothesis keeps what failed; not of a profile whose examples are the same every time."""
    redis = place.startswith(("redis://", "rediss://", "unix://"))
    if not (redis or is_folder_to_write(Path(place))):
        raise pytest.UsageError(f"--database {place} cannot be written into: give a folder of yours.")
    if profile in SAME or settings.get_profile(profile).derandomize:
        raise pytest.UsageError(f"--database: the examples of --hypothesis-profile {profile} are the same every time.")
    database: Any
    if redis:
        try:
            from hypothesis.extra.redis import RedisExampleDatabase
            from redis import Redis, RedisError
        except ImportError:
            raise pytest.UsageError(f"--database {place} needs redis: pip install 'redis'.") from None
        server = Redis.from_url(place)
        try:
            server.ping()
        except RedisError as error:
            raise pytest.UsageError(f"--database {place}: no server answers there ({error}).") from None
        database = RedisExampleDatabase(server, key_prefix=b"shrinkage:")
    else:
        database = DirectoryBasedExampleDatabase(place)
    settings.register_profile(profile, settings.get_profile(profile), database=database)
    settings.load_profile(profile)


def choices(config: pytest.Config) -> list[Choice]:
    """Who is judged, or who races: all the names together are one implementation, but a comma makes a list of them."""
    classes = config.getoption("--estimator") or []
    names = config.getoption("--impl") or ["impl"] * (not classes)
    file = config.getoption("--calls")
    calls = (*(in_file(file) if file else ()), *(config.getoption("--as") or ()))
    if any("," in name for name in names) and not config.getoption("--isolate"):
        if calls or classes:
            raise WrongChoice("--as, --calls and --estimator are about one implementation: leave them out of a race.")
        return [Choice((name,)) for name in ",".join(names).split(",")]
    penalty, course = config.getoption("--penalty") or "sum", config.getoption("--course") or ""
    return [Choice(tuple(names), calls, tuple(classes), penalty, course)]


def isolated(config: pytest.Config, choice: Choice) -> Isolated:
    """The implementation in a process of its own, which ends when this one does."""
    implementation = Isolated(choice, Limits(**{name: config.getoption(option) for name, option in LIMITED.items()}))
    config.add_cleanup(implementation.close)
    return implementation


@pytest.hookimpl(tryfirst=True)  # before -k and -m leave out a part
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What the implementation says of itself is expected to fail; a claim that is in no test is out of date."""
    ours = {*(config.getoption("--impl") or ["impl"])} <= {"impl", *peers()}
    for item in items:
        if item.path.is_relative_to(CLAIMS):  # whatever a user's own tests do with warnings; a test's own mark wins
            # The contract says "without an error", of which a warning is none; of ours it is a defect.
            told = "error" if ours and not item.get_closest_marker("mathematics") else "default"
            item.add_marker(pytest.mark.filterwarnings(told, *READ_ONLY), append=False)
    # What breaks a process does so, as a rule, in an interface claim: the others have been tried by then.
    items.sort(key=lambda item: [*MARKS].index(reports.mark(item)) if reports.mark(item) else len(MARKS))
    judging = [item for item in items if "impl" in getattr(item, "fixturenames", ())]
    if not judging or len(config.stash[CHOSEN]) > 1:
        return
    ((name, implementation),) = config.stash[CHOSEN]
    if implementation.course and not config.getoption("markexpr"):
        asked = [item for item in judging if _asks(implementation.course, item)]
        config.hook.pytest_deselected(items=[item for item in judging if item not in asked])
        items[:] = [item for item in items if item in asked or item not in judging]
    _skip(judging, implementation)
    properties = CLAIMS
    whole = any(properties.is_relative_to(config.invocation_params.dir / argument) for argument in config.args)
    covered: set[str] = set()
    unshrunk = settings(phases=[phase for phase in settings().phases if phase is not Phase.shrink])
    for failure in implementation.expected_failures:
        items = [item for item in judging if failure.covers(item.name)]
        if whole and not items:
            raise pytest.UsageError(f"--impl {name} expects {failure.claim} to fail, which is the name of no claim.")
        for item in items:
            if item.nodeid not in covered:  # the first one that covers it counts
                item.add_marker(pytest.mark.xfail(reason=failure.reason, strict=failure.strict, run=failure.run))
                item.obj = under(item.obj, unshrunk)  # type: ignore[attr-defined]  # a function, which has one
        covered.update(item.nodeid for item in items)
    entries = config.stash[STORED]
    replay.inject([item for item in judging if item.path.is_relative_to(CLAIMS)], entries)


def _skip(claims: list[pytest.Item], implementation: Implementation) -> None:
    """Those about functions of which none is offered: to draw an example for each takes longer than to judge one."""
    offered = {*implementation.offered}
    for item in claims:
        params = getattr(getattr(item, "callspec", None), "params", {})
        about = falsify.about(item.function, params)  # type: ignore[attr-defined]  # a function, which has one
        if len(about) < len(CONTRACT):  # so that -k takes a function's name, which a test's need not hold
            item.extra_keyword_matches |= about
            item.user_properties.append(("about", sorted(about & offered)))
        if not about & offered:
            item.add_marker(pytest.mark.skip(reason=f"not offered: {', '.join(sorted(about))}"))
            seen_of = {function: seen.Seen().told() for function in about}
            item.user_properties += [("claim", reports.claim(item)), ("mark", reports.mark(item)), ("seen", seen_of)]


def _asks(course: Profile, item: pytest.Item) -> bool:
    marks = {mark.name for mark in item.iter_markers()}
    return any(asked in marks or ExpectedFailure(asked, "").covers(item.name) for asked in course.asks)


def pytest_collection_finish(session: pytest.Session) -> None:
    if len(session.config.stash[CHOSEN]) > 1 and any("impl" in getattr(i, "fixturenames", ()) for i in session.items):
        raise pytest.UsageError("--impl with a comma races in benchmarks; properties judge one implementation a run.")
    session.config.add_cleanup(gc.unfreeze)
    gc.freeze()  # what is loaded by now stays: to go through it in every collection takes a twentieth of the run


@pytest.fixture(scope="session")
def impl(pytestconfig: pytest.Config) -> Judged:
    """The implementation that is judged."""
    return Judged(pytestconfig.stash[CHOSEN][0][1])


@pytest.fixture(scope="session")
def estimator(pytestconfig: pytest.Config) -> Callable[..., Any]:
    """Makes one of the class that is judged, for what the contract has no function for."""
    try:
        made: Callable[..., Any] = pytestconfig.stash[CHOSEN][0][1].new_estimator
    except NotOffered:
        pytest.skip("not offered: an estimator")
    return made


@pytest.fixture(scope="session")
def states(pytestconfig: pytest.Config) -> Implementation:
    """The implementation with the functions that make states, for what the contract has no function for."""
    return _beside(pytestconfig, "merge", "a state")


@pytest.fixture(scope="session")
def chunked(pytestconfig: pytest.Config) -> Implementation:
    """The implementation with the functions of Dask's collections that the contract has no function for."""
    return _beside(pytestconfig, "residuals", "Dask's collections")


def _beside(config: pytest.Config, name: str, what: str) -> Implementation:
    implementation = config.stash[CHOSEN][0][1]
    try:
        getattr(implementation, name)
    except NotOffered:
        pytest.skip(f"not offered: {what}")
    return implementation


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Whoever waits is told for what: NumPy's `lstsq`, for one, may never come back from an infinity."""
    told = f"\n{item.name} takes over {PATIENCE} s; where a call never returns, --isolate ends it.\n"
    timer = threading.Timer(PATIENCE, os.write, [_STDERR, told.encode()])
    timer.daemon = True
    timer.start()
    try:
        result = yield
        seen.conclude()
        return result
    finally:
        timer.cancel()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    reports.attach(item, call, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where nothing was judged there is no verdict, and nothing is right; so of each function that is offered."""
    reporter, names = session.config.pluginmanager.get_plugin("terminalreporter"), session.config.option.keyword
    if exitstatus == pytest.ExitCode.INTERRUPTED and parallel.stopped_at_failures(session):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    elif reporter and int(exitstatus) == 0 and terminal.something_unjudged(reporter.stats, names):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
    elif reporter and int(exitstatus) == 0 and terminal.shared(reporter.stats):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    profile = config.getoption("--hypothesis-profile", None) or PROFILE
    name, judged = config.stash[CHOSEN][0]
    card = scorecard.of_run(
        terminalreporter.stats,
        implementation=name,
        profile=profile,
        examples=settings.get_profile(profile).max_examples,
        accuracy=config.getoption("--accuracy"),
        exit=int(terminalreporter._session.exitstatus if terminalreporter._session else exitstatus),
        offers=judged.offered,
        notes=judged.notes,
        course=judged.course.name if judged.course else "",
        lost=judged.lost,
        chosen=[name for name, text in (("-k", config.option.keyword), ("-m", config.option.markexpr)) if text],
        warned=config.stash[WARNED].told(),
        seconds=round(time.time() - terminalreporter._session_start.time, 1),
    )
    terminal.tell(terminalreporter, card)
    written = functools.partial(_written, terminalreporter)
    if path := config.getoption("--page"):
        written(path, page.html(card), "The page is {}.")
    if (path := config.getoption("--gradescope")) and gradescope.whole(terminalreporter.stats, int(exitstatus)):
        written(path, gradescope.results(card, config.stash[POINTS]), "What Gradescope reads is in {}.")
    elif path:
        terminalreporter.line(f"The run broke, and there are no points to be given: {path} was not written.", red=True)
    if path := config.getoption("--scorecard"):
        written(path, card, "The scorecard is in {}.")


def _written(terminalreporter: pytest.TerminalReporter, path: Path, content: object, told: str) -> None:
    """Write it and say so; a run that could not hand over what it was asked for does not end as one that held."""
    try:
        files.write(path, content)
        terminalreporter.line(told.format(path))
    except OSError as error:
        terminalreporter.line(f"{path} could not be written: {error.strerror}.", red=True)
        if terminalreporter._session:
            terminalreporter._session.exitstatus = pytest.ExitCode.USAGE_ERROR
