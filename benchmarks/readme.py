"""The README's table of functions, from the contract: ``python -m benchmarks.readme`` puts it in its place."""

from collections.abc import Iterator
from pathlib import Path

from impl.contract import CHAPTERS, FUNCTIONS

README = Path(__file__).resolve().parent.parent / "README.md"
START = "<!-- from impl/contract.py, by python -m benchmarks.readme -->\n"
END = "<!-- the end of the table -->\n"


def table() -> str:
    """A table for each chapter: the call, its value, its shape, and what it refuses or raises."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    for number, title in CHAPTERS.items():
        yield f"\n#### {number} · {title}\n"
        functions = [function for function in FUNCTIONS if function.chapter == number]
        notes = any(function.note for function in functions)
        yield "| call | value | shape |" + (" raises |" if notes else "")
        yield "|---|---|---|" + ("---|" if notes else "")
        for f in functions:
            yield f"| `{f.signature}` | {f.value} | {f.shape} |" + (f" {f.note} |" if notes else "")
    yield "\n"


def with_table(text: str) -> str:
    """The text, with the table between its two marks."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}{table()}{END}{after}"


def main() -> None:
    """Write the table into the README."""
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
