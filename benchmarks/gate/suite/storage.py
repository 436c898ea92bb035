"""What the gate has timed, in pytest-benchmark's storage: ``pytest-benchmark compare`` and its histograms read it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest_benchmark
from pytest_benchmark.plugin import pytest_benchmark_generate_machine_info
from pytest_benchmark.stats import Stats
from pytest_benchmark.utils import get_machine_id

from shrinkage.properties.report.files import write


def store(result: Mapping[str, Any], folder: Path) -> list[Path]:
    """Two runs more in the storage, of base and of head; a round is one measurement, the median of its samples."""
    place = folder / get_machine_id()
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for side in ("base", "head"):
        commit, number = result[side], 1 + max((_number(file) for file in place.glob("*.json")), default=0)
        run = {
            "machine_info": pytest_benchmark_generate_machine_info(),
            "commit_info": {
                "id": commit["commit"],
                "dirty": commit["name"] == "the working tree",
                "project": folder.name,
            },
            "benchmarks": [_benchmark(row, side) for row in result["time"] if row.get("seconds")],
            "datetime": result["date"],
            "version": pytest_benchmark.__version__,
        }
        written.append(place / f"{number:04}_{commit['commit']}.json")
        write(written[-1], json.loads(json.dumps(run, default=str)))
    return written


def _number(file: Path) -> int:
    number = file.name.partition("_")[0]
    return int(number) if number.isdigit() else 0


def _benchmark(row: Mapping[str, Any], side: str) -> dict[str, Any]:
    stats = Stats()
    for seconds in row["seconds"][side]:
        stats.update(seconds)
    name = row["case"].partition("::")[2] or row["case"]
    _, bracket, param = name.removesuffix("]").partition("[")
    return {
        **{"group": None, "name": name, "fullname": row["case"], "params": None, "param": param if bracket else None},
        **{"extra_info": {}, "options": {}, "stats": stats.as_dict() | {"iterations": 1}},
    }
