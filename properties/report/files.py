"""Files that are there whole or not at all: whoever reads them meanwhile, or after the writer was killed."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROW = 2_800  # characters: a race's case, a scorecard's claim


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write what takes the file's place at the end; where that fails, the file is as it was."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write(path: Path, content: Any) -> None:
    """Write text as it is, and anything else as JSON, a row of a table a line."""
    stored = content if isinstance(content, str) else laid_out(content) + "\n"
    with replacing(path) as beside:
        beside.write_text(stored, encoding="utf-8")


def laid_out(content: Any, indent: int = 0) -> str:
    """JSON, in which what fits into a line is on one."""
    line = json.dumps(content, ensure_ascii=False, allow_nan=False)
    if len(line) <= ROW or not isinstance(content, dict | list):
        return line
    keys = [f"{json.dumps(str(key), ensure_ascii=False)}: " for key in content] if isinstance(content, dict) else None
    values = content.values() if isinstance(content, dict) else content
    inside = [laid_out(value, indent + 1) for value in values]
    if keys:
        inside = [key + value for key, value in zip(keys, inside, strict=True)]
    first, last = "{}" if keys else "[]"
    space = "\n" + " " * (indent + 1)
    return first + space + f",{space}".join(inside) + "\n" + " " * indent + last
