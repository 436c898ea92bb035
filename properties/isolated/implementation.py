"""The implementation as the judge sees it: elsewhere."""

import threading
from typing import Any

from shrinkage.contract import CONTRACT
from shrinkage.loader import BESIDE, Choice, Implementation, NotOffered, WrongChoice, profiles
from shrinkage.peers import ExpectedFailure
from shrinkage.properties.engine.account.failure import Breach

from .limits import Limits
from .process import Process


class Isolated(Implementation):
    """The implementation that is chosen, in a process of its own.

    Parameters
    ----------
    choice
        As `shrinkage.loader.load` takes it.
    limits
        What it may use.

    Raises
    ------
    WrongChoice
        If it cannot be imported, or offers nothing.
    """

    def __init__(self, choice: Choice, limits: Limits) -> None:
        super().__init__(choice.name)
        self._choice, self._limits, self._late = choice, limits, set[str]()
        self._lock = threading.Lock()
        self._process = Process(choice, limits, self._late)
        if self._process.wrong:
            self.close()
            raise WrongChoice(self._process.wrong)
        self.notes, self.lost = self._process.notes, self._process.lost
        self._classes = dict(self._process.offered)
        # Those of the project's own peers and courses: what is judged has no say in which claims it may break.
        self.expected_failures = [ExpectedFailure(**row) for row in self._process.expected_failures if choice.ours]
        if self._process.course in profiles.names():
            self.course = profiles.profile(self._process.course)
            self.expected_failures += self.course.departs

    @property
    def offered(self) -> list[str]:
        """The names of the contract that some part offers, in the contract's order."""
        return [name for name in CONTRACT if name in self._classes]

    def __getattr__(self, name: str) -> Any:
        if name not in CONTRACT and name not in BESIDE:
            raise AttributeError(f"{name} is not in the contract")
        if name not in self._classes:
            raise NotOffered(name)

        def called(*arguments: Any, **named: Any) -> Any:
            __tracebackhide__ = True
            return self._living(name).ask("call", None, name, arguments, named)

        called.__name__ = name
        if not self._classes[name]:
            return called
        return type(name, (), {"__new__": lambda cls, *arguments, **named: called(*arguments, **named)})

    def _living(self, name: str) -> Process:
        with self._lock:
            if self._process.ended:
                self._process = Process(self._choice, self._limits, self._late)
                if self._process.wrong:
                    self.close()
                    raise Breach(name, f"{name} cannot be imported once more: {self._process.wrong}")
            return self._process

    def close(self) -> None:
        """End the process and all that it has started."""
        self._process.end()
