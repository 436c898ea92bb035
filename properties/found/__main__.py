"""``python -m shrinkage.properties.found``: the faults of libraries, one a line.

With a name, its script is run; with ``--letter``, there is the text to be sent to the library's people.
"""

import argparse
import sys

from shrinkage.cli import quietly

from . import FAULTS


def main() -> int:
    """List them, run one, or write of one."""
    parser = argparse.ArgumentParser(
        prog="python -m shrinkage.properties.found", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "name", nargs="?", help="of a fault: run its script, which prints what is wrong and what is right"
    )
    parser.add_argument("--letter", action="store_true", help="print what to tell the library's people of it")
    arguments = parser.parse_args()
    if arguments.name is None:
        if arguments.letter:
            parser.error("--letter is of one fault: name it")
        for name, fault in FAULTS.items():
            status = f"mended in {fault.mended}" if fault.mended else "known" if fault.known else "new"
            print(f"{name:27}{f'{fault.library} {fault.version}':22}{status:17}{fault.said}")
        return 0
    if arguments.name not in FAULTS:
        parser.error(f"{arguments.name} is none of {', '.join(FAULTS)}")
    fault = FAULTS[arguments.name]
    installed = fault.installed()
    if installed is None:
        parser.error(f"{fault.name} is about {fault.library}, which is not installed: pip install {fault.library}")
    run = fault.run()
    if run.returncode:
        print(run.stderr, end="", file=sys.stderr)
        return run.returncode
    print(fault.letter(installed, run.stdout) if arguments.letter else f"{fault.said}\n\n{fault.source}\n{run.stdout}")
    return 0


if __name__ == "__main__":
    sys.exit(quietly(main))
