"""A line for each planted bug: the seconds until it is refuted, by which claim, and what mistake is named.

At the end, the median of the seconds, and of how many bugs that the table of mistakes describes the right one is named.
With ``--keep`` which claims those are is written where the tests find it, which try them first.
"""

import argparse
import statistics
import sys

from shrinkage.cli import quietly
from shrinkage.contract import CONTRACT
from shrinkage.properties.engine.falsify import claims
from shrinkage.properties.report.files import write
from shrinkage.properties.selftest.seeded_bugs import BUGS, BUGS_ELSEWHERE
from shrinkage.properties.selftest.seeded_bugs.bug import KEPT, REFUTED_BY


def main() -> int:
    """Exit code 1 if a bug stays undetected, or has a wrong name."""
    parser = argparse.ArgumentParser(prog="python -m shrinkage.properties.selftest.seeded_bugs", description=__doc__)
    parser.add_argument("functions", nargs="*", help="whose bugs (default: everybody's)")
    parser.add_argument("--keep", action="store_true", help="for the tests, of all that are planted now")
    options = parser.parse_args()
    functions = options.functions
    seconds, missed, named = [], 0, []
    by: dict[str, list[str]] = {}
    claims()  # the imports are not the first bug's
    for bug in [*BUGS, *BUGS_ELSEWHERE]:
        if not functions or bug.function in functions:
            found, name, _ = bug.refuted(anew=True)
            by.setdefault(str(bug), []).extend([found.claim] if found else [])
            missed += found is None
            seconds += [found.seconds] if found else []
            named.append((bug, name))
            told = f"{found.seconds:6.2f} s  {found.claim}" if found else "   NOT REFUTED"
            typical = (
                f"  WRONGLY TYPICAL OF {name}"
                if name not in ("", *bug.typical)
                else f"  typical of {name}" * bool(name)
            )
            print(f"{bug!s:<90} {told}{typical}", flush=True)
    if seconds:
        median, worst = statistics.median(seconds), max(seconds)
        print(f"{len(seconds)} refuted, {missed} not; median {median:.2f} s, worst {worst:.2f} s")
    if options.keep:
        bugs: dict[str, list[str]] = {}
        for bug, names in sorted((REFUTED_BY | by).items()):
            for name in names:
                bugs.setdefault(name, []).append(bug)
        write(KEPT, dict(sorted(bugs.items())))
    wrong = sum(name not in ("", *bug.typical) for bug, name in named)
    for chapter in sorted({CONTRACT[bug.function].chapter for bug, _ in named}):
        described = [(bug, name) for bug, name in named if bug.typical and CONTRACT[bug.function].chapter == chapter]
        right = sum(name in bug.typical for bug, name in described)
        print(f"chapter {chapter}: {right} of {len(described)} that the table of mistakes describes are named")
    print(f"{wrong} wrong names among {len(named)} bugs")
    return 1 if missed or wrong else 0


if __name__ == "__main__":
    sys.exit(quietly(main))
