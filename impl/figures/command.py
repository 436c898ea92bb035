"""``shrinkage figures [NAME ...]``: each picture as a file, drawn by any implementation that offers what it takes."""

import sys
from collections.abc import Sequence
from pathlib import Path

from .. import figures
from ..cli import Parser
from ..loader import NotOffered, WrongChoice, load


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, and say which files were written; 1 if a picture takes a function that is not offered."""
    parser = Parser(
        prog="shrinkage figures",
        description="The mathematics as pictures, drawn by the functions of an implementation.",
        epilog="Exit codes: 0 all are drawn, 1 for one a function is not offered, 2 nothing was drawn.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(figures.__all__)} (default: all of them)")
    parser.add_argument(
        "--impl",
        action="append",
        metavar="NAME",
        help="whose functions: a path to a .py file, a dotted module, or a peer's short name; given several times, "
        "they are taken together (default: impl)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="FOLDER", help="where to, made if it is not there (default: here)"
    )
    parser.add_argument("--format", choices=("svg", "png"), default="svg", help="of the files (default: svg)")
    options = parser.parse_intermixed_args(arguments)
    if unknown := [name for name in options.names if name not in figures.__all__]:
        parser.error(f"{unknown[0]!r} is no picture: there is {', '.join(figures.__all__)}")
    try:
        implementation = load(options.impl or ["impl"])
        options.out.mkdir(parents=True, exist_ok=True)
    except WrongChoice as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"--out {options.out} cannot be made: {error.strerror}")
    code = 0
    for name in options.names or figures.__all__:
        path = options.out / f"{name}.{options.format}"
        try:
            getattr(figures, name)(impl=implementation).savefig(path)
            print(path)
        except NotOffered as error:
            print(f"{name} was not drawn: {implementation.name} does not offer {error}.", file=sys.stderr)
            code = 1
    return code
