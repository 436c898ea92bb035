"""How far a command is, on standard error: in its place at a terminal, in a log a line a step, with the time."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.text import Text

T = TypeVar("T")


def console(**options: Any) -> Console:
    """One that prints text as it is: what people call their tests and files is neither markup nor an emoji."""
    return Console(markup=False, emoji=False, highlight=False, **options)


@contextlib.contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """What says what the next step is, or the one that is done."""
    errors = console(stderr=True)
    if errors.is_terminal:
        with errors.status("starting") as status:
            yield lambda text: status.update(Text(text))
    else:
        started = time.monotonic()
        yield lambda text: errors.print(f"{time.monotonic() - started:6.0f} s  {text}", soft_wrap=True)


def each(items: Sequence[T], said: str) -> Iterator[T]:
    """One after the other: a bar at a terminal, else a line for each that is done."""
    errors = console(stderr=True)
    if errors.is_terminal:
        yield from track(items, escape(said), console=errors, transient=True)
    else:
        with steps() as say:
            for done, item in enumerate(items, 1):
                yield item
                say(f"{said}: {done} of {len(items)}, {item}")
