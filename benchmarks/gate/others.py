"""The gate beside what people use today: ``python -m benchmarks.gate.others``.

Base is the working tree, head the same with a few functions really slowed in it, by 2, 3, 5 and 10 %, drawn anew for
each run (`slowed`). Each tool compares the two (`tools`). An alarm of a case whose function is as it was is false; of a
function that was slowed, the large case is to be found, and of others nothing is asked.

With ``--json FILE`` the account is stored after every run, and the same command adds runs to it.
"""

import argparse
import datetime
import functools
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import CASES
from benchmarks.gate import trees
from benchmarks.gate.account import EACH, SLOWDOWNS, percents, runs_before, share, stored, told
from benchmarks.gate.report import as_json, write
from benchmarks.gate.run import Options, selected
from benchmarks.gate.slowed import Code, drawn, slowable
from benchmarks.gate.tools import TOOLS, ready_for_asv
from benchmarks.gate.trees import Unusable
from benchmarks.machine import machine

Say = Callable[[str], None]


def beside(
    count: int,
    tools: Sequence[str],
    cases: Sequence[str],
    each: int,
    say: Say,
    store: Callable[[dict[str, Any]], None],
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Run the tools so often; the account, stored after every run.

    Raises
    ------
    Unusable
        If the account from before is of other cases or another machine, or a tool cannot be run.
    """
    made = {"schema": 1, "kind": "others", "cases": list(cases), "machine": machine()}
    runs = runs_before(made, before)
    with trees.work_folder() as folder:
        code = Code.of(trees.ROOT, folder)
        if "asv" in tools:
            say("making asv's environment")
            ready_for_asv(folder, cases)
        say(f"compiling {len(cases)} cases for both")
        functions = slowable(code.compiled(cases))
        for i in range(count):
            slower, name = drawn(functions, each), f"head-{i + 1}"
            code.slow(slower, name)
            run: dict[str, Any] = {"slowed": slower, "tools": {}}
            for tool in tools:
                say(f"run {len(runs) + 1}: {tool}")
                started = time.monotonic()
                verdicts = TOOLS[tool](folder, name, cases)
                seconds = round(time.monotonic() - started, 1)
                run["tools"] |= {who: {**vars(verdict), "seconds": seconds} for who, verdict in verdicts.items()}
            runs.append({"date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), **run})
            store(account(made, runs))
    return account(made, runs)


def account(made: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """False alarms and what was found, with exact intervals, by tool."""
    names = dict.fromkeys(name for run in runs for name in run["tools"])
    return {**made, "tools": {name: _of_tool(name, runs) for name in names}, "runs": list(runs)}


def _of_tool(name: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    function = {str(case): case.function for case in CASES}
    own = [(run["slowed"], run["tools"][name]) for run in runs if name in run["tools"]]
    false = [{case for case in said["alarms"] if function[case] not in slowed} for slowed, said in own]
    trials = [(f"{slow}-large", by, said) for slowed, said in own for slow, by in slowed.items()]
    found = {size: [case in said["alarms"] for case, by, said in trials if by == size] for size in SLOWDOWNS}
    missed = [(case, said) for case, _, said in trials if case not in said["alarms"]]
    return {
        "false alarms": share(sum(map(bool, false)), len(own)),
        "found": [{"slowdown": size, **share(sum(seen), len(seen))} for size, seen in found.items()],
        "unsure": share(sum(case in said["unsure"] for case, said in missed), len(missed)),
        "undecided": share(sum(said["undecided"] for _, said in own), len(own)),
        "seconds": float(np.median([said["seconds"] for _, said in own])),
    }


def markdown(result: Mapping[str, Any]) -> str:
    """The account as a table."""
    sizes = [f"{100 * by:g} %" for by in SLOWDOWNS]
    lines = [
        f"{len(result['cases'])} cases. Found: of slowdowns of this size.",
        "",
        f"| tool | runs | with a false alarm | 95 % | found of {' | of '.join(sizes)} | minutes a run |",
        f"|---{'|---' * (4 + len(sizes))}|",
    ]
    for name, row in result["tools"].items():
        wrong = row["false alarms"]
        found = " | ".join(told(seen) for seen in row["found"])
        minutes = f"{row['seconds'] / 60:.1f}"
        lines.append(f"| {name} | {wrong['of']} | {told(wrong)} | {percents(wrong)} | {found} | {minutes} |")
    for name, row in result["tools"].items():
        if row["undecided"]["count"]:
            lines += ["", f"Of the runs of {name}, {told(row['undecided'])} were inconclusive by its own account."]
        if row["unsure"]["count"]:
            missed = f"Of the slowdowns that {name} did not find, {told(row['unsure'])}"
            lines += ["", f"{missed} were inconclusive by its own account."]
    return "\n".join(lines) + "\n"


def parser() -> argparse.ArgumentParser:
    """What the command line can say."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.gate.others",
        description="The gate beside pytest-benchmark and asv: false alarms, and slowdowns found.",
    )
    made.add_argument("-k", dest="select", action="append", default=[], metavar="PATTERN", help="cases by name")
    made.add_argument("--runs", type=int, default=1, metavar="N", help="how many (1)")
    made.add_argument("--tool", action="append", choices=list(TOOLS), help="only this; may be given several times")
    made.add_argument(
        "--slowed", type=int, default=EACH, metavar="N", help=f"functions slowed by each amount ({EACH}); 0 for none"
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="store the account, and add to it")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code."""
    made = parser()
    given = made.parse_args(arguments)
    if given.runs < 1 or given.slowed < 0:
        made.error(f"--runs {given.runs} --slowed {given.slowed}: give at least one run, and not less than none slowed")
    if given.json and (given.json.is_dir() or not given.json.absolute().parent.is_dir()):
        made.error(f"{given.json} cannot be written: give a file in a folder that is there")
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit(2))  # so that the folder is removed on the way out
    started = time.monotonic()
    say = functools.partial(_say, started)

    def store(result: dict[str, Any]) -> None:
        if given.json:
            write(given.json, as_json(result))

    try:
        cases = selected(Options(base="HEAD", select=given.select))
        kept = given.json and given.json.exists()
        before = stored(given.json, "others", "the tools beside each other") if kept else None
        result = beside(given.runs, given.tool or list(TOOLS), cases, given.slowed, say, store, before)
    except Unusable as error:
        print(f"unusable: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: what is stored are the runs that were finished", file=sys.stderr)
        return 2
    print(markdown(result), end="")
    return 0


def _say(started: float, text: str) -> None:
    print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
