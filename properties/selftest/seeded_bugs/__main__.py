"""A line for each planted bug, the claim that refutes it, and the seconds until then; at the end, the median."""

import argparse
import statistics
import sys

from shrinkage.properties.engine.falsify import claims, refute
from shrinkage.properties.selftest.seeded_bugs import BUGS


def main() -> int:
    """Exit code 1 if a bug stays undetected."""
    parser = argparse.ArgumentParser(prog="python -m shrinkage.properties.selftest.seeded_bugs", description=__doc__)
    parser.add_argument("functions", nargs="*", help="whose bugs (default: everybody's)")
    functions = parser.parse_args().functions
    seconds, missed = [], 0
    claims()  # the imports are not the first bug's
    for bug in BUGS:
        if not functions or bug.function in functions:
            found = refute(bug.planted(), [bug.function])
            missed += found is None
            seconds += [found.seconds] if found else []
            told = f"{found.seconds:6.2f} s  {found.claim}" if found else "   NOT REFUTED"
            print(f"{bug!s:<90} {told}", flush=True)
    if seconds:
        median, worst = statistics.median(seconds), max(seconds)
        print(f"{len(seconds)} refuted, {missed} not; median {median:.2f} s, worst {worst:.2f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
