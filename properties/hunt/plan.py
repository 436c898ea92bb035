"""What a hunt does next: the same after the same, whatever the clock says."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shrinkage.peers import ExpectedFailure
from shrinkage.properties.engine.falsify import Claim
from shrinkage.properties.engine.watchdog import FIRST
from shrinkage.properties.hunt.hand import Outcome, Task
from shrinkage.properties.isolated.limits import Limits
from shrinkage.properties.worst import ENDED, Entry, Store, worse

FEW, MANY = 20, 100  # examples of a claim: the first time, and from then on
MOVES = 120  # inputs that are tried of one that is stored
SEEDS = 2**32
SHARE = 0.1  # of the time of a hunt, that goes into seeing whether what gave no answer gives one by now


@dataclass
class Visited:
    """How a claim came out so far.

    Parameters
    ----------
    times
        How often it was tried.
    worst
        The largest error over bound.
    numbers
        That a try costs, on the average; none where nothing is held against a bound.
    ended
        Whether the process that was at it ended, or a call gave no answer.
    """

    times: int = 0
    worst: float = 0.0
    numbers: float = 0.0
    ended: bool = False

    @property
    def weight(self) -> float:
        """The nearer to 1 and the cheaper, the more; the more often tried, the less."""
        if not self.numbers:
            return 0.0
        near = 1 / (1 + 4 * abs(math.log10(self.worst))) if self.worst > 0 else 0.02
        return near / math.sqrt((1 + self.numbers / 50) * self.times) * (0.1 if self.ended else 1)


class Plan:
    """The order of claims and inputs.

    Parameters
    ----------
    claims
        That are tried.
    store
        Where the worst inputs are, and how far the hunt has come.
    seed
        The same one gives the same hunt, in one process.
    expected
        What the implementation departs from on purpose.
    version
        Of the library.
    hours, call_seconds
        For the hunt, and for one call.
    """

    def __init__(
        self,
        claims: Sequence[Claim],
        store: Store,
        seed: int,
        expected: Sequence[ExpectedFailure] = (),
        version: str = "",
        hours: float = 1.0,
        call_seconds: float = Limits.seconds,
    ) -> None:
        self.claims, self.store, self.seed = {claim.name: claim for claim in claims}, store, seed
        self.expected, self.version, self.hours, self.call_seconds = expected, version, hours, call_seconds
        state = store.state()
        self.round: int = state.get("round", 0)
        self.visited = {name: Visited(*row) for name, row in state.get("claims", {}).items()}
        # What ends its process: the claim, seed and examples that came upon it, until it has been made small.
        self.large: dict[str, tuple[str, int, int] | None] = state.get("large", {})
        self.begun: set[str] = set()
        self.exhausted = False  # whether there was nothing more to do
        self._found: dict[str, Entry] = {}

    def tasks(self, more: Callable[[], bool]) -> Iterator[Task]:
        """What is stored and may be mended, measured anew; every claim once; as long as there is more time."""
        stored = [entry for entry in self._stored() if self._may_be_mended(entry)]
        each = SHARE * 3600 * self.hours / max(1, sum(entry.fails == ENDED for entry in stored))
        for entry in stored:
            if more():
                yield Task(entry.claim, 0, 0, entry, min(self.call_seconds, each) * (entry.fails == ENDED))
        while more():
            rng = random.Random(f"{self.seed} {self.round}")
            task = self._task(rng)
            if task is None:
                self.exhausted = True
                return
            self.round += 1
            self.begun.add(task.claim)
            yield task

    def _task(self, rng: random.Random) -> Task | None:
        seed = rng.randrange(SEEDS)
        new = next((name for name in self.claims if name not in self.visited and name not in self.begun), None)
        if new is not None:
            return Task(new, seed, FEW)
        stored = self._stored()
        for entry in stored:
            came = self.large.get(entry.key)
            if came and came[0] in self.claims and entry.key not in self.begun:
                self.begun.add(entry.key)
                return Task(*came, entry, FIRST * self.call_seconds)
        entries = [entry for entry in stored if entry.drawn and not entry.fails]
        if entries and rng.random() < 0.4:
            weights = [0.2 if entry.departs else entry.ratio**0.5 + 0.05 for entry in entries]
            (entry,) = rng.choices(entries, weights)
            return Task(entry.claim, seed, MOVES, entry)
        known = {name: self.visited.get(name, Visited()).weight for name in self.claims}
        if not any(known.values()):
            return None
        (name,) = rng.choices([*known], [*known.values()])
        return Task(name, seed, MANY)

    def _may_be_mended(self, entry: Entry) -> bool:
        return entry.version != self.version or (entry.ratio > 1 and not entry.departs)

    @property
    def untried(self) -> int:
        """How many claims no hunt has come to the end of."""
        return sum(name not in self.visited for name in self.claims)

    def _stored(self) -> list[Entry]:
        return [entry for entry in self.store.entries().values() if entry.claim in self.claims]

    def learn(self, task: Task, outcome: Outcome) -> list[Entry]:
        """Keep what came of it; the entries that are new."""
        departs = outcome.ended and any(failure.covers(task.claim) for failure in self.expected)
        found = [] if departs else outcome.found
        for entry in found:
            if entry.key not in self._found or worse(entry, self._found[entry.key]):
                self._found[entry.key] = entry
        if task.entry is None or (task.tries and not task.seconds):
            self._visit(task, outcome)
            for entry in found:
                if entry.fails == ENDED and task.entry is None and hasattr(self.claims[task.claim].test, "drawn"):
                    self.large.setdefault(entry.key, (task.claim, task.seed, task.tries))
        elif not task.tries:
            now = next((entry for entry in found if entry.key == task.entry.key), None)
            if now is not None or not outcome.ended:
                self.store.renew(task.entry, now)
            if now is None and not outcome.ended:
                self.large.pop(task.entry.key, None)
        elif not outcome.ended:
            self.large[task.entry.key] = None
        new = [entry for entry in found if self.store.put(entry)]
        rows = {name: [v.times, v.worst, v.numbers, v.ended] for name, v in self.visited.items()}
        self.store.keep_state({"round": self.round, "claims": rows, "large": self.large})
        return new

    def _visit(self, task: Task, outcome: Outcome) -> None:
        """Learn of a claim how near to 1 it comes; not of one that did not come to its end."""
        if outcome.ended and not outcome.found:
            return
        visited = self.visited.setdefault(task.claim, Visited())
        visited.times += task.entry is None
        visited.ended |= bool(outcome.ended)
        if hasattr(self.claims[task.claim].test, "drawn"):  # what draws nothing is the same every time
            visited.numbers = outcome.numbers or visited.numbers
        visited.worst = max([visited.worst, *(e.ratio for e in outcome.found if math.isfinite(e.ratio))])

    def worst(self) -> list[Entry]:
        """Of these claims, whatever is stored of others: what this hunt has found, and what was there."""
        worst = dict(self._found)
        for entry in self._stored():
            if entry.key not in worst or worse(entry, worst[entry.key]):
                worst[entry.key] = entry
        return list(worst.values())


def of_names(pattern: str) -> Callable[[Claim], bool]:
    """Whether a claim is meant by pytest's -k: by its name or a function's."""
    from _pytest.mark.expression import Expression

    expression = Expression.compile(pattern)

    def meant(claim: Claim) -> bool:
        texts = [claim.name.lower(), *(name.lower() for name in claim.about)]
        return expression.evaluate(lambda name, /, **_: any(name.lower() in text for text in texts))

    return meant
