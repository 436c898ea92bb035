"""What is judged, timed and drawn: objects taken together, under the names of the contract."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from ..contract import CONTRACT
from ..peers import ExpectedFailure
from . import hints, profiles, subnormals
from .calls import called
from .choice import Choice, NotOffered, WrongChoice
from .folders import Folder, is_folder, opened
from .modules import module
from .offered import offers

if TYPE_CHECKING:
    from .estimators import Estimator

SHOWN = 5  # calls that are told with the verdict; of more, whoever wrote them has the file
# What some claims ask for beside the contract: one of a class of fit and coef_, a state that rows are put into, what is
# predicted of Dask's collections.
BESIDE = ("new_estimator", "start", "update", "merge", "save", "load", "Ridge", "predict", "residuals", "DataParallel")


class Implementation:
    """Objects taken together as one implementation: ``implementation.ridge(X, y, lam)``.

    Parameters
    ----------
    name
        What it is called in reports.
    parts
        Modules, or any objects with functions of the contract as attributes; the first that offers a name wins.

    Attributes
    ----------
    expected_failures
        What the parts state in ``EXPECTED_FAILURES``, in their order: of several that cover a test the first counts.
    notes
        What whoever reads the verdict should know of what was judged, in sentences.
    lost
        Functions that are written, but in what cannot be imported, and why, in a sentence.
    course
        The one whose rules it follows, if any.

    Raises
    ------
    NotOffered
        On access to a function of the contract that no part offers.
    WrongChoice
        If a part's ``EXPECTED_FAILURES`` cannot be read.
    """

    def __init__(self, name: str, *parts: object) -> None:
        self.name = name
        self.parts = parts
        self.notes: list[str] = []
        self.lost: dict[str, str] = {}
        self.course: profiles.Profile | None = None
        # Of several parts, another one may offer the function that fails.
        alone = len(parts) == 1
        self.expected_failures = [
            replace(failure, strict=failure.strict and alone) for part in parts for failure in _expected_failures(part)
        ]

    @property
    def offered(self) -> list[str]:
        """The names of the contract that some part offers, in the contract's order."""
        return [name for name in CONTRACT if any(offers(part, name) for part in self.parts)]

    def __getattr__(self, name: str) -> Any:
        if name in CONTRACT:
            for part in self.parts:
                if offers(part, name):
                    return getattr(part, name)
            raise NotOffered(name)
        if name in BESIDE:
            for part in self.parts:
                if hasattr(part, name):
                    return getattr(part, name)
            raise NotOffered(name)
        raise AttributeError(f"{name} is not in the contract")

    def follow(self, course: profiles.Profile) -> None:
        """Have it called as this course has its functions called, and held to what that asks."""
        from .profiles.adapters import adapted  # with NumPy, which most that load something have no use for

        self.course = course
        self.notes.append(f"Judged as {course.title} hands it out: --profile {course.name}.")
        own = {name: adapted(name, getattr(self, name), course) for name in self.offered}
        self.parts = (SimpleNamespace(**own), *self.parts)
        self.expected_failures = [*course.departs, *self.expected_failures]

    def __repr__(self) -> str:
        return f"Implementation({self.name!r})"


def load(chosen: Choice | Iterable[str]) -> Implementation:
    """The implementation that is chosen, or that these names stand for, taken together.

    Raises
    ------
    WrongChoice
        If a name leads nowhere, if its module fails on import, if a call is none, or if nothing of the contract is
        offered.
    """
    choice = chosen if isinstance(chosen, Choice) else Choice(tuple(chosen))
    with subnormals.kept(choice.name) as notes:
        files = {name: opened(name) if is_folder(name) else module(name) for name in choice.names}
    implementation = together(choice, files)
    implementation.notes += notes
    return implementation


def together(choice: Choice, files: Mapping[str, Any]) -> Implementation:
    """The implementation that these objects are, by name, with what else is chosen.

    Raises
    ------
    WrongChoice
        As for `load`.
    """
    modules = [*files.values()]
    calls = [called(choice.calls, modules)] if choice.calls else []
    classes = [_estimator(said, modules, choice.penalty) for said in choice.estimators]
    implementation = Implementation(choice.name, *calls, *classes, *modules)
    folders = [part for part in modules if isinstance(part, Folder)]
    said = [note for folder in folders for note in folder.notes]
    if not implementation.offered:
        lost = dict.fromkeys(why for folder in folders for why in folder.lost.values())
        raise WrongChoice(" ".join([*lost, *said, hints.nothing_offered(files)]))
    by_name = dict(zip(choice.estimators, classes, strict=True))
    implementation.notes += [*said, *hints.notes(files, by_name, implementation.offered)]
    implementation.notes += [note for part in classes for note in part.notes]
    if len(choice.calls) <= SHOWN:  # so that what is printed of a call can be pasted
        implementation.notes += [" is ".join(map(str.strip, call.split("=", 1))) + "." for call in choice.calls]
    for folder in folders:
        implementation.lost |= {name: why for name, why in folder.lost.items() if name not in implementation.offered}
    if (course := profiles.of(choice.profile, folders)) is not None:
        implementation.follow(course)
    return implementation


def _estimator(said: str, modules: Sequence[ModuleType], penalty: str) -> "Estimator":
    from .estimators import Estimator  # with NumPy

    return Estimator(said, modules, penalty)


def _expected_failures(part: object) -> Iterator[ExpectedFailure]:
    """Each as it is, or from a dict with the same words: people's own files need not import anything for it."""
    stated: Any = getattr(part, "EXPECTED_FAILURES", ())
    try:
        for row in stated:
            yield row if isinstance(row, ExpectedFailure) else ExpectedFailure(**row)
    except TypeError as error:
        raise WrongChoice(
            f"EXPECTED_FAILURES of {getattr(part, '__name__', part)} has to be a list of dicts with claim and reason "
            f"and, if need be, strict and run ({error}), not {stated!r:.200}."
        ) from error
