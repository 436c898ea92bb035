"""Stored runs, read into one form: races (``shrinkage race``) and pytest-benchmark's own JSON.

A file that is neither, or not what it should be, is refused with a sentence.
"""

import json
import math
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jsonschema

from shrinkage.benchmarks.cases import CASES
from shrinkage.peers import written

AS_WRITTEN = "as written"  # what people write instead of calling anybody: of each case, the fastest that is right
SCHEMA = Path(__file__).parents[1] / "race" / "race.schema.json"


# What a sentence begins with that says why there is no answer at all, and the word for it in a table.
_NONE = {"It raised ": "raised", "It ended ": "ended", "It gave no answer": "no answer"}


class Unreadable(ValueError):
    """A file that is not what is read here; the message is a sentence for people."""


@dataclass(frozen=True)
class Result:
    """One implementation on one case.

    Parameters
    ----------
    seconds
        The median; None where nothing was timed, and then `lacking` is `wrong` or `not offered`, and `why` says more.
    share
        What the machine's peak would need, over what was needed.
    ratio
        How many times as long as the reference it took, with the 95 % `interval` of that where there is one.
    by
        Of what is as written: in which library.
    """

    seconds: float | None = None
    share: float | None = None
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    lacking: str = ""
    why: str = ""
    by: str = ""

    @property
    def instead(self) -> str:
        """The word in the place of a time: `lacking`, but where no answer was given, `raised` or how else that was."""
        return next((word for begin, word in _NONE.items() if self.why.startswith(begin)), self.lacking)

    @property
    def outcome(self) -> str:
        """For the reference: `won`, `lost`, `undecided` where the interval holds 1, and nothing without a ratio."""
        if self.ratio is None:
            return ""
        low, high = self.interval or (self.ratio, self.ratio)
        return "won" if low > 1 else "lost" if high < 1 else "undecided"


@dataclass(frozen=True)
class Row:
    """One case: a function at one size in one dtype, with what it costs, how each did, and who was wrong.

    What is as written is one implementation here, and each of it by its own name among the wrong.
    """

    function: str
    label: str
    sizes: Mapping[str, int]
    dtype: str
    flops: float
    bytes: float
    results: Mapping[str, Result]
    wrong: Mapping[str, str] = field(default_factory=dict)

    @property
    def case(self) -> str:
        """The case's name; float64 goes without saying, and float32 where the label says so."""
        return f"{self.function}-{self.label}" + (f" {self.dtype}" if self.dtype not in f"float64 {self.label}" else "")


@dataclass(frozen=True)
class Run:
    """All that one file says of one number of threads."""

    name: str
    interleaved: bool
    date: str
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    blas: Mapping[str, Any]
    threads: Any
    peak: Mapping[str, float]
    reference: str
    rows: list[Row]
    startup: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def implementations(self) -> list[str]:
        """The reference, then its peers in the order in which they appear."""
        return list(dict.fromkeys([self.reference, *(name for row in self.rows for name in row.results)]))

    @property
    def peers(self) -> list[str]:
        """All but the reference."""
        return self.implementations[1:]

    def limit(self, row: Row) -> float | None:
        """Seconds that the machine needs at its peak: for the flops or for the bytes, whichever takes longer."""
        return max(needed.values()) if (needed := self.needed(row)) else None

    def needed(self, row: Row) -> dict[str, float]:
        """Seconds that it needs for each of the two; nothing where its peak was not measured."""
        flops, bandwidth = self.peak.get(f"flops_{row.dtype}"), self.peak.get("bandwidth")
        return {"flops": row.flops / flops, "bytes": row.bytes / bandwidth} if flops and bandwidth else {}


def load(path: Path) -> Any:
    """What the JSON in this file says.

    Raises
    ------
    Unreadable
        If there is no such file, or no JSON in it.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse, parse_float=_finite)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # of JSON, and of UTF-8
        raise Unreadable(f"{path} is not JSON: {error}.") from error


def read(path: Path) -> list[Run]:
    """The runs that this file holds: of a race, one for each number of threads.

    Raises
    ------
    Unreadable
        If there is no such file, or if it holds neither a race nor a run of these benchmarks by pytest-benchmark.
    """
    runs = of_stored(path, load(path))
    if not runs:
        raise Unreadable(
            f"{path} holds neither a race (shrinkage race) nor pytest-benchmark's run (--benchmark-json FILE)."
        )
    return runs


def of_stored(path: Path, stored: Any) -> list[Run]:
    """The runs that were read from this file; none where it claims to have none.

    Raises
    ------
    Unreadable
        If it claims to be one and is none.
    """
    if isinstance(stored, dict) and stored.get("kind") == "race":
        check(path, "a race", stored, json.loads(SCHEMA.read_text(encoding="utf-8")))
        return list(_of_race(path, stored))
    if isinstance(stored, dict) and {"benchmarks", "machine_info"} <= stored.keys():
        check(path, "a run of these benchmarks by pytest-benchmark", stored, TIMED)
        return [_of_benchmarks(path, stored)]
    return []


def cores(count: int) -> str:
    """So many."""
    return f"{count} core{'s' * (count > 1)}"


def out_of_date(run: Run) -> list[str]:
    """The cases of a run that are not, or not at these sizes, among those that are timed today."""
    today = {(case.function, case.label): dict(case.sizes) for case in CASES}
    return [row.case for row in run.rows if today.get((row.function, row.label)) != dict(row.sizes)]


def _refuse(constant: str) -> Any:
    raise ValueError(f"it has {constant}, which JSON has not")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def check(path: Path, what: str, stored: Any, schema: dict[str, Any]) -> None:
    """Refuse, with a sentence, what the schema of such files does not allow."""
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(stored))
    if error:
        where = "/".join(map(str, error.absolute_path)) or "the top"
        raise Unreadable(f"{path} is not {what}: at {where}, {textwrap.shorten(error.message, 200)}.")


# ---- races -----------------------------------------------------------------------------------------------------------


def _of_race(path: Path, stored: dict[str, Any]) -> Iterator[Run]:
    given = {key: stored[key] for key in ("date", "machine", "versions", "reference")}
    for i, made in enumerate(stored["rounds"]):
        rows = [
            _row(row, {name: _result(found) for name, found in row["results"].items()}, stored["reference"])
            for row in stored["rows"]
            if row["threads"] == made["threads"]
        ]
        if not rows:
            raise Unreadable(f"{path} is a race without a case on {made['threads']} threads.")
        for case, count in Counter(row.case for row in rows).items():
            if count > 1:
                raise Unreadable(f"{path} has {case} {count} times, and does not say which one counts.")
        startup = stored["startup"] if i == 0 else {}
        name = path.name if len(stored["rounds"]) == 1 else f"{path.stem} on {cores(made['threads'])}"
        yield Run(name, interleaved=True, rows=_sorted(rows), startup=startup, **given, **made)


def _row(stored: dict[str, Any], results: dict[str, Result], reference: str) -> Row:
    given = {key: stored[key] for key in ("function", "label", "sizes", "dtype", "flops", "bytes")}
    wrong = {name: result.why for name, result in results.items() if result.lacking == "wrong"}
    typed = {name: result for name, result in results.items() if name in written() and name != reference}
    if typed:
        best = min(typed, key=lambda name: (typed[name].seconds or math.inf, not typed[name].why))
        others = {name: result for name, result in results.items() if name not in typed}
        results = {AS_WRITTEN: replace(typed[best], by=best.removesuffix("-as-written")), **others}
    return Row(**given, results=results, wrong=wrong)


def _sorted(rows: list[Row]) -> list[Row]:
    """Functions in the order in which they appear, and the cases of each by what they move."""
    order = {row.function: i for i, row in reversed([*enumerate(rows)])}
    return sorted(rows, key=lambda row: (order[row.function], row.bytes))


def _result(found: dict[str, Any]) -> Result:
    for lacking, key in (("wrong", "wrong"), ("not offered", "not_offered")):
        if key in found:
            return Result(lacking=lacking, why=found[key])
    interval = found.get("interval")
    return Result(found["seconds"], found.get("share_of_peak"), found.get("ratio"), interval and tuple(interval))


# ---- pytest-benchmark ------------------------------------------------------------------------------------------------

_AMOUNT = {"type": "number", "minimum": 0}
_NAMES = ("function", "label", "implementation", "dtype")
TIMED = {
    "required": ["benchmarks", "machine_info", "datetime"],
    "properties": {
        "datetime": {"type": "string"},
        "machine_info": {"type": "object"},
        "benchmarks": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["extra_info", "stats"],
                "properties": {
                    "stats": {"required": ["median"], "properties": {"median": {"exclusiveMinimum": 0, **_AMOUNT}}},
                    "extra_info": {
                        "required": [*_NAMES, "sizes", "flops", "bytes"],
                        "properties": {
                            **{name: {"type": "string"} for name in _NAMES},
                            "sizes": {"type": "object", "additionalProperties": {"type": "integer"}},
                            "flops": _AMOUNT,
                            "bytes": {"exclusiveMinimum": 0, **_AMOUNT},
                            "peak": {"type": ["object", "null"]},
                        },
                    },
                },
            },
        },
    },
}


def _of_benchmarks(path: Path, stored: dict[str, Any]) -> Run:
    timed = [benchmark["extra_info"] | {"median": benchmark["stats"]["median"]} for benchmark in stored["benchmarks"]]
    names = {info["implementation"]: None for info in timed}
    reference = "impl" if "impl" in names else next(iter(names))
    cases: dict[tuple[str, ...], dict[str, dict[str, Any]]] = {}
    for info in timed:
        racers = cases.setdefault((info["function"], info["label"], info["dtype"]), {})
        if info["implementation"] in racers:
            case = "-".join([info["function"], info["label"]])
            raise Unreadable(
                f"{path} has {case} twice for {info['implementation']}, and does not say which one counts."
            )
        racers[info["implementation"]] = info
    rows = []
    for racers in cases.values():
        base = racers.get(reference, {}).get("median")
        results = {
            name: Result(info["median"], info.get("share_of_peak"), info["median"] / base if base else None)
            for name, info in racers.items()
        }
        rows.append(_row(next(iter(racers.values())), results, reference))
    machine, info = stored["machine_info"], timed[0]
    cpu = machine.get("cpu", {})
    return Run(
        path.name,
        interleaved=False,
        date=stored["datetime"],
        machine={
            "cpu": cpu.get("brand_raw", machine.get("machine", "")),
            "cores": cpu.get("count"),
            "os": f"{machine.get('system', '')} {machine.get('release', '')}".strip(),
            "python": machine.get("python_version", ""),
        },
        versions=info.get("versions") or {},
        blas=info.get("blas") or {},
        threads=info.get("threads"),
        peak=info.get("peak") or {},
        reference=reference,
        rows=_sorted(rows),
    )
