"""Numbers below 2⁻¹⁰²², which a library built with -ffast-math has the processor take for zero once it is loaded.

That is a state of the whole thread, and not what the file that imports the library has asked for; claims are about
floats as IEEE 754 has them. So it is undone, and said.
"""

import builtins
import contextlib
import ctypes
import sys
from collections.abc import Iterator
from typing import Any

from .choice import WrongChoice

_TINY, _HALF = sys.float_info.min, 0.5
TAKEN = "has numbers below 2.2e-308 taken for zero (flush-to-zero, as -ffast-math sets it)"


def are_lost() -> bool:
    """Whether this thread takes them for zero."""
    return _TINY * _HALF == 0.0


def regain() -> bool:
    """Have this thread keep them, by the C library's environment of floating point; whether it does."""
    if are_lost():
        with contextlib.suppress(AttributeError, OSError, ValueError):
            library = ctypes.CDLL(None)
            if sys.platform == "darwin":
                library.fesetenv(ctypes.byref(ctypes.c_char.in_dll(library, "_FE_DFL_ENV")))
            else:  # FE_DFL_ENV, which is −1 in glibc and in musl
                library.fesetenv(ctypes.c_void_p(-1))
    return not are_lost()


@contextlib.contextmanager
def kept(name: str) -> Iterator[list[str]]:
    """While what has this name is imported; what is to be said of it is in the list that comes.

    Raises
    ------
    WrongChoice
        If they are lost and cannot be regained.
    """
    notes: list[str] = []

    def after(who: str) -> None:
        if are_lost():
            if not regain():
                raise WrongChoice(f"{who} {TAKEN}, which cannot be undone here, and nothing can be judged.")
            notes.append(f"{who} {TAKEN}; that was undone.")

    given = builtins.__import__

    def watched(module: str, globals: Any = None, *rest: Any, **named: Any) -> Any:
        after(f"{(globals or {}).get('__name__', name)}, on import,")
        found = given(module, globals, *rest, **named)
        after(f"{module}, on import,")
        return found

    after("This process")
    builtins.__import__ = watched  # type: ignore[assignment]
    try:
        yield notes
    finally:
        builtins.__import__ = given
    after(f"{name}, on import,")
