"""The worst that was found of each function, by implementation: exact input, small enough to be tried in every run.

A file NAME.jsonl has a line for each function, more where claims fail otherwise than by an error, and one where the
worst is in a claim that the implementation departs from on purpose; and one that says how long was hunted, by the
library's version. `shrinkage hunt` writes them; `pytest
properties` tries them before anything else (`shrinkage.properties.worst.replay`).
"""

import contextlib
import dataclasses
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shrinkage.contract import CONTRACT
from shrinkage.properties.report.files import replacing

FOLDER = Path(__file__).parent
HOURS = "hours"  # of one process, by version: the one field of its line
ABOVE = "above 1"  # an error so large, on an input that was made small
ENDED = "ended"  # a call gave no answer, or took its process along
REDIS = ("redis://", "rediss://", "unix://")


@dataclass(frozen=True)
class Entry:
    """The worst of a function.

    Parameters
    ----------
    function
        Of the contract.
    ratio
        Error over bound; infinite where a claim failed in another way.
    claim
        In which, as pytest names it.
    drawn
        What the claim drew, as `values.told` tells it: by argument, and what was drawn amid the claim in a list.
    call
        As code to be pasted.
    condition
        Of [X; √λ I], of a linear problem.
    departs
        Whether the implementation departs from this claim on purpose.
    fails
        The kind of its failure, where that is none of an error over bound; or `ABOVE`, or `ENDED`.
    says
        How it failed then.
    result
        What came and what is right, where that is known: "= 1.0, right is 2.0".
    version
        Of the library that gave it.
    processor
        By its name.
    """

    function: str
    ratio: float
    claim: str
    drawn: Mapping[str, Any]
    call: str = ""
    condition: float | None = None
    departs: bool = False
    fails: str = ""
    says: str = ""
    result: str = ""
    version: str = ""
    processor: str = ""

    @property
    def key(self) -> str:
        """What there is one entry of."""
        return " ".join([self.function, *([self.fails] if self.fails else []), *["departs"] * self.departs])

    def line(self) -> str:
        """As a file has it."""
        fields = dataclasses.asdict(self) | {"condition": self.condition and float(f"{self.condition:.2g}")}
        fields["ratio"] = self.ratio if math.isfinite(self.ratio) else None  # JSON has no infinity
        kept = {key: value for key, value in fields.items() if value not in ("", None, False) or key == "ratio"}
        return json.dumps(kept, ensure_ascii=False)


class Damaged(ValueError):
    """What stands where an entry should: it is said where that is, and nothing is written over it."""


def parsed(line: str, place: str) -> Entry:
    """The entry of a line; `Damaged`, which tells the place, if it is none."""
    try:
        fields = json.loads(line)
        return Entry(**fields | {"ratio": math.inf if fields["ratio"] is None else fields["ratio"]})
    except (ValueError, TypeError, LookupError) as error:
        raise Damaged(f"{place} is no input of a hunt ({error}): mend it, or take it out") from None


def read(name: str, folder: Path = FOLDER) -> dict[str, Entry]:
    """What is stored of an implementation, by function; nothing if there is no such file."""
    file, lines = folder / file_of(name), _lines(name, folder)
    entries = [parsed(line, f"{file}, line {n},") for n, line in enumerate(lines, 1) if not _of_hours(line)]
    return {entry.key: entry for entry in entries}


def hours(name: str, folder: Path = FOLDER) -> dict[str, float]:
    """For how long was hunted in an implementation, in hours of one process, by the library's version."""
    return next((json.loads(line)[HOURS] for line in _lines(name, folder) if _of_hours(line)), {})


def _of_hours(line: str) -> bool:
    return line.startswith(f'{{"{HOURS}"') and line.endswith("}}")


def _lines(name: str, folder: Path) -> list[str]:
    try:
        return (folder / file_of(name)).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def file_of(name: str) -> str:
    """Of an implementation, whose name may be a path."""
    return re.sub(r"[^\w.+-]+", "_", name) + ".jsonl"


def names(folder: Path = FOLDER) -> list[str]:
    """The implementations that something is stored of, `impl` first."""
    return sorted((path.stem for path in folder.glob("*.jsonl")), key=lambda name: (name != "impl", name))


def by_contract(entries: Iterable[Entry]) -> Iterator[Entry]:
    """In the contract's order."""
    order = {name: place for place, name in enumerate(CONTRACT)}
    return iter(sorted(entries, key=lambda entry: (order.get(entry.function, len(order)), entry.key)))


class Store:
    """Where entries of one implementation are kept: a file in a folder, or a hash of a server of Redis.

    An entry takes the place of a smaller one only, so that several hunts may share it.

    Parameters
    ----------
    place
        A folder, or redis://HOST:PORT.
    name
        Of the implementation.
    """

    def __init__(self, place: str, name: str) -> None:
        self.name, self.server, self.folder = name, None, Path(place)
        if place.startswith(REDIS):
            from redis import Redis

            self.server = Redis.from_url(place, decode_responses=True)
            self.server.ping()
        else:
            self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def said(self) -> str:
        """Where they are, for who wants to look."""
        return str(self.folder / file_of(self.name)) if self.server is None else f"{self._key} of Redis"

    def entries(self) -> dict[str, Entry]:
        """All of them, by key."""
        if self.server is None:
            return read(self.name, self.folder)
        return {key: parsed(line, f"{key} in {self.said}") for key, line in self.server.hgetall(self._key).items()}

    def put(self, entry: Entry) -> bool:
        """Keep it, unless something as bad is there; whether it was kept."""
        if self.server is not None:
            return self._put_there(self.server, entry)
        before = self.entries()
        if (there := before.get(entry.key)) is not None and not worse(entry, there):
            return False
        self._write((before | {entry.key: entry}).values())
        return True

    def renew(self, entry: Entry, now: Entry | None) -> None:
        """Put what an input gives now in the place of what it gave; nothing, if it gives no error any more.

        An input that is known is not lost to one that is not.
        """
        if now is not None and (not now.call, not now.drawn) > (not entry.call, not entry.drawn):
            now = dataclasses.replace(entry, version=now.version, processor=now.processor)
        if self.server is not None:
            self.server.hdel(self._key, entry.key)
            if now is not None:
                self.put(now)
            return
        left = {key: each for key, each in self.entries().items() if key != entry.key}
        self._write([*left.values(), *([now] if now is not None else [])])

    def add_hours(self, version: str, more: float) -> None:
        """Remember that so much longer was hunted."""
        if self.server is not None:
            self.server.hincrbyfloat(f"{self._key}:{HOURS}", version, more)
            return
        before = hours(self.name, self.folder)
        self._write(self.entries().values(), before | {version: round(before.get(version, 0.0) + more, 4)})

    def _write(self, entries: Iterable[Entry], spent: Mapping[str, float] | None = None) -> None:
        spent = spent or hours(self.name, self.folder)
        lines = [*([json.dumps({HOURS: spent})] if spent else []), *(entry.line() for entry in by_contract(entries))]
        with replacing(self.folder / file_of(self.name)) as beside:
            beside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def _put_there(self, server: Any, entry: Entry) -> bool:
        """Unless somebody else has put something worse there meanwhile."""

        def put(pipe: Any) -> bool:
            there = pipe.hget(self._key, entry.key)
            larger = there is None or worse(entry, parsed(there, f"{entry.key} in {self.said}"))
            pipe.multi()
            if larger:
                pipe.hset(self._key, entry.key, entry.line())
            return larger

        return bool(server.transaction(put, self._key, value_from_callable=True))

    def state(self) -> dict[str, Any]:
        """How far the last hunt came."""
        with contextlib.suppress(OSError, ValueError):
            text = self._state().read_text("utf-8") if self.server is None else self.server.get(f"{self._key}:state")
            return dict(json.loads(text or "{}"))
        return {}

    def keep_state(self, state: Mapping[str, Any]) -> None:
        """Remember how far this one came."""
        if self.server is not None:
            self.server.set(f"{self._key}:state", json.dumps(state))
            return
        with replacing(self._state()) as beside:
            beside.write_text(json.dumps(state), encoding="utf-8")

    def _state(self) -> Path:
        return self.folder / f".{file_of(self.name)}.hunt"

    @property
    def _key(self) -> str:
        return f"shrinkage:worst:{self.name}"


def worse(one: Entry, other: Entry) -> bool:
    """Whether the one has the larger error over bound; of two failures, whether it is simpler."""
    if one.fails and other.fails:
        return _plainness(one) < _plainness(other)
    return one.ratio > other.ratio


def _plainness(entry: Entry) -> tuple[bool, bool, int, bool]:
    """A call that is known comes first, then what is off where nothing may be, then the shortest call."""
    return not entry.call, math.isfinite(entry.ratio), len(entry.call), not entry.drawn
