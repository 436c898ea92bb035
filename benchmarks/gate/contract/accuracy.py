"""The worst error over bound of each function, by the claims, in a process of one side."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shrinkage.cli import usable_cores
from shrinkage.properties.judge import main

FIRST = "scorecard-0.json"


def judged(who: Sequence[str], names: Sequence[str], again: int) -> Mapping[str, float]:
    """Of all functions the first time, then of these; the scorecard stays in the side's folder."""
    card = f"scorecard-{again}.json"
    chosen = ["--marks=mathematics or accuracy"]
    if again:
        chosen += [f"-k={' or '.join(_about(json.loads(Path(FIRST).read_text(encoding='utf-8')), names))}"]
    profile = f"--profile={'default' if again else 'quick'}"
    processes = f"-n={max(len(usable_cores()) // 2, 1)}"  # the other side is judged meanwhile
    options = [*chosen, profile, processes, f"--scorecard={card}", "--", f"--hypothesis-seed={again}"]
    if (code := main([*who, *options])) > 1:  # nothing was judged: that is no pass
        raise RuntimeError(f"the claims came to no verdict: exit code {code}")
    functions = json.loads(Path(card).read_text(encoding="utf-8"))["functions"]
    return {
        name: math.inf if row["worst"] is None else row["worst"]
        for name, row in functions.items()
        if row["held"] + row["failed"] + row["departed"]  # else it is not offered
    }


def _about(card: Mapping[str, Any], functions: Sequence[str]) -> set[str]:
    """The tests that have judged one of these functions: not each has its function's name."""
    return {re.split(r"::|\[", claim["id"])[1] for claim in card["claims"] if {*functions} & {*claim["functions"]}}
