"""Files that are there whole or not at all: whoever reads them meanwhile, or after the writer was killed."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


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
    """Write text as it is, and anything else as JSON."""
    stored = (
        content
        if isinstance(content, str)
        else json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )
    with replacing(path) as beside:
        beside.write_text(stored, encoding="utf-8")
