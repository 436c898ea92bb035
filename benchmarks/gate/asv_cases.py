"""What asv times: the cases named in `cases.json`. A copy in a folder of the run is imported, by asv alone."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SAMPLE = 0.01  # seconds, asv's own sample_time


class Cases:
    """Every case, its name being the parameter."""

    params = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
    param_names = ("case",)
    timeout = 600.0  # compiling counts
    number = 0
    _call: Callable[[], Any] | None = None

    def setup(self, name: str) -> None:
        """Build the inputs, compile, and let a sample take as long as asv means it to.

        Beside a setup, asv 0.6.6 would time single calls. It comes here before each sample, in the same process.
        """
        if self._call:
            return
        sys.path.append(str(HERE.parent / "harness"))  # what is timed is the `impl` that asv has installed
        from benchmarks.cases import CASES
        from impl.choose import load

        case = next(case for case in CASES if str(case) == name)
        self._call = case.call(load(["impl"]), case.arguments())
        self._call()
        start = time.perf_counter()
        self._call()
        self.number = max(1, round(SAMPLE / (time.perf_counter() - start)))

    def time_case(self, name: str) -> None:
        """The call."""
        self._call()  # type: ignore[misc]  # setup has made it
