"""Claims as cases of somebody's own test, without a plugin: what `shrinkage.claims.parametrize` does."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

import hypothesis.errors
import pytest
from hypothesis import HealthCheck, Phase, settings

from shrinkage.contract import CONTRACT
from shrinkage.loader import Choice, Implementation, WrongChoice
from shrinkage.loader.expressions import near
from shrinkage.loader.implementation import together
from shrinkage.peers import ExpectedFailure
from shrinkage.properties.engine import proxy
from shrinkage.properties.engine.account import reports, seen
from shrinkage.properties.engine.account.failure import Failed, Failure, indented
from shrinkage.properties.engine.falsify import MARKS, Claim, claims
from shrinkage.properties.engine.proxy import Judged


@dataclass(frozen=True)
class Case:
    """A claim about somebody's implementation, to be called.

    Parameters
    ----------
    claim
        What is claimed.
    judged
        Of whom.
    shrunk
        Whether a failure is worth its smallest example: not if it is expected.
    """

    claim: Claim
    judged: Judged
    shrunk: bool

    def __call__(self) -> None:
        """Hold, or fail with the call, what came and what is right."""
        __tracebackhide__ = True
        left_out = (Phase.explain,) if self.shrunk else (Phase.explain, Phase.shrink)
        phases = [phase for phase in settings().phases if phase not in left_out]
        # A first call may compile, and the first example pays for imports: neither is what is judged.
        chosen = settings(
            phases=phases, deadline=None, suppress_health_check=[*HealthCheck], report_multiple_bugs=False
        )
        seen.begin()
        try:
            self.claim.hold(self.judged, chosen)
            return
        except hypothesis.errors.Unsatisfiable:  # of the profile's few examples none was of the kind
            return
        except (Exception, SystemExit, pytest.fail.Exception) as error:
            failure = seen.explain(error)
            told = _told(self.claim, error, failure)
            cause = None if isinstance(error, AssertionError) else error.with_traceback(_inside(error.__traceback__))
            vars(error).pop("__notes__", None)  # Hypothesis' own: what was drawn
        finally:
            seen.begin()
        raise told from cause

    def __repr__(self) -> str:
        return self.claim.name


def parametrize(
    parts: Sequence[object],
    functions: Mapping[str, Callable[..., Any]],
    *,
    marks: str | Collection[str],
    expected_failures: Mapping[str, str | Mapping[str, Any]],
    calls: Sequence[str],
    estimators: Sequence[str],
    penalty: str,
) -> pytest.MarkDecorator:
    """The decorator, whose cases are the claims about what is offered; see `shrinkage.claims.parametrize`."""
    asked = [marks] if isinstance(marks, str) else [*marks]
    for mark in asked:
        if mark not in MARKS:
            raise WrongChoice(f"marks has {mark!r}, which is none of {', '.join(MARKS)}{near(str(mark), MARKS)}.")
    judged = _implementation(parts, functions, tuple(calls), tuple(estimators), penalty)
    offered = {*judged.offered}
    _register_marks()
    about = [claim for claim in claims() if claim.about <= offered or offered & {*map(str, claim.arguments.values())}]
    expected = [*map(_expected, expected_failures, expected_failures.values())]
    for failure in expected:
        if not any(failure.covers(claim.name) for claim in about):
            names = [claim.name for claim in about]
            raise WrongChoice(
                f"expected_failures has {failure.claim!r}, which is no claim{near(failure.claim, names)}."
            )
    expected += judged.expected_failures
    chosen = [claim for claim in about if claim.mark in (asked or MARKS)]
    return pytest.mark.parametrize("claim", [_case(claim, Judged(judged), expected) for claim in chosen])


def _implementation(
    parts: Sequence[object],
    functions: Mapping[str, Callable[..., Any]],
    calls: tuple[str, ...],
    estimators: tuple[str, ...],
    penalty: str,
) -> Implementation:
    if penalty not in ("sum", "mean"):
        raise WrongChoice(f"penalty has to be 'sum' or 'mean', not {penalty!r}.")
    for name, function in functions.items():
        if name not in CONTRACT:
            raise WrongChoice(f"{name} is no function of the contract{near(name, CONTRACT)}.")
        if not callable(function):
            raise WrongChoice(f"{name} has to be a function, not {function!r:.80}.")
    files: dict[str, Any] = {", ".join(functions): SimpleNamespace(**functions)} if functions else {}
    for part in parts:
        name = getattr(part, "__name__", type(part).__name__)
        if isinstance(part, type) and hasattr(part, "fit"):
            files[part.__module__], estimators = SimpleNamespace(**{name: part}), (*estimators, name)
        else:
            files[name] = part
    if not files and not estimators:
        raise WrongChoice("there is nothing to judge: give a module, or functions by name, as in ridge=mylib.ridge.")
    return together(Choice((*files,), calls, estimators, penalty), files)


def _expected(claim: str, said: str | Mapping[str, Any]) -> ExpectedFailure:
    try:
        return ExpectedFailure(claim, **({"reason": said} if isinstance(said, str) else said))
    except TypeError as error:
        raise WrongChoice(
            f"expected_failures has to give {claim!r} a reason, or reason, strict and run, not {said!r:.80} ({error})."
        ) from error


def _case(claim: Claim, judged: Judged, expected: Sequence[ExpectedFailure]) -> Any:
    failure = next((failure for failure in expected if failure.covers(claim.name)), None)
    marks = [getattr(pytest.mark, claim.mark)]
    if failure is not None:
        marks.append(pytest.mark.xfail(reason=failure.reason, strict=failure.strict, run=failure.run))
    return pytest.param(Case(claim, judged, shrunk=failure is None), marks=marks, id=claim.name)


def _register_marks() -> None:
    """Let pytest know the claims' marks, and say what their plain asserts have compared, before they are imported."""
    config = getattr(pytest.mark, "_config", None)  # it is given to nobody while a test file is imported
    if config is not None:
        known = {line.partition(":")[0] for line in config.getini("markers")}
        for mark, says in MARKS.items():
            if mark not in known:
                config.addinivalue_line("markers", f"{mark}: {says}")
        files = Path(__file__).parent.glob("test_*.py")
        pytest.register_assert_rewrite(*(f"{__package__}.{file.stem}" for file in files))


# ---- a failure -------------------------------------------------------------------------------------------------------


def _told(claim: Claim, error: BaseException, failure: Failure | None) -> Failed:
    """What is told of it: the call, both values, the claim, and what it is typical of."""
    lines = [str(error) if isinstance(error, AssertionError) or failure is None else failure.says]
    if failure is not None and failure.code and "\n  call " not in lines[0]:
        lines.append(f"  call      {indented(failure.code)}")
    lines.append(f"  claim     {(claim.test.__doc__ or '').strip().splitlines()[0]}")
    mistake = reports.mistake_of(failure) if failure is not None else None
    if mistake is not None:
        lines.append(f"  typical of: {mistake.sentence}")
    return Failed("\n".join(lines), failure or Failure("", "other", lines[0]))


def _inside(traceback: TracebackType | None) -> TracebackType | None:
    """The part within what is judged; nothing of the claim, of Hypothesis and of ours."""
    found = None
    while traceback is not None:
        if traceback.tb_frame.f_globals.get("__name__") == proxy.__name__:
            found = traceback.tb_next
        traceback = traceback.tb_next
    return found
