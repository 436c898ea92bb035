"""What the judged process may do beside computing: read, write in its scratch folder, begin threads; nothing else.

Python tells of what is done through it before it does it, on every system: what is not allowed is refused there, and
told in the claim in which it was tried. What C code does past Python, the kernel refuses where it can (`kernel`).
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_STREAMS = (os.devnull, "/dev/stdout", "/dev/stderr")  # what is printed is looked at elsewhere
_IMPORTING = "<frozen importlib._bootstrap>"
_LONGEST = 300  # characters of what is told of one act


class Watch:
    """An audit hook: it refuses what is not allowed, and keeps what was tried.

    Parameters
    ----------
    folders
        In which everything may be written.
    held
        Whether what is tried now is held against somebody: not before a call, and on import against nobody.
    """

    def __init__(self, folders: Iterable[Path], held: Callable[[], bool]) -> None:
        self.did: list[str] = []
        self._folders = [os.path.realpath(folder) for folder in folders]
        self._held = held

    def __call__(self, event: str, given: tuple[Any, ...]) -> None:
        """As `sys.addaudithook` has it."""
        act = _ACTS.get(event)
        if act is None or (tried := act(self, *given)) is None:
            return
        told = f"tried to {tried}"[:_LONGEST]
        if self._held() and not _importing():
            self.did.append(told)
        raise PermissionError(f"{told}, which what is judged may not")

    def outside(self, path: Any, start: int = -1, follow: bool = False) -> str | None:
        """The path, if it is not in one of the folders.

        It starts in the open folder `start`, if there is one; `follow` a link that is its last part, for what does.
        """
        if isinstance(path, int) or path is None:  # what is open was looked at when it was opened
            return None
        text = os.fsdecode(path)
        if start >= 0 and not os.path.isabs(text):
            try:
                text = os.path.join(os.readlink(f"/proc/self/fd/{start}"), text)
            except OSError:  # nobody can say which folder it is
                return None
        text = os.path.abspath(text)
        if text in _STREAMS:
            return None
        folder, name = os.path.split(text)
        real = os.path.realpath(text) if follow else os.path.join(os.path.realpath(folder), name)
        return None if any(real == each or real.startswith(each + os.sep) for each in self._folders) else text


def _importing() -> bool:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False


def _changes(how: str, *places: tuple[int, int], follow: bool = False) -> Callable[..., str | None]:
    """Of what changes the paths that come at the first of these places, and start in the folders at the second."""

    def told(watch: Watch, *given: Any) -> str | None:
        starts = [given[start] if start < len(given) else -1 for _, start in places]
        paths = [watch.outside(given[at], start, follow) for (at, _), start in zip(places, starts, strict=True)]
        outside = next(filter(None, paths), None)
        return None if outside is None else f"{how.format(outside)}, outside of its scratch folder"

    return told


_NOWHERE = 9  # no argument of any event: the path starts in the working directory
_written = _changes("write {}", (0, _NOWHERE), follow=True)


def _opened(watch: Watch, path: Any, _: Any, flags: int) -> str | None:
    return _written(watch, path) if flags & _WRITES else None


def _database(watch: Watch, path: Any) -> str | None:
    name = os.fsdecode(path)
    return None if name in ("", ":memory:") else _written(watch, name.removeprefix("file:"))


def _there(how: str) -> Callable[..., str | None]:
    """Of what has to do with an address, which comes second or is all that comes."""
    return lambda _, *given: f"{how} {given[min(1, len(given) - 1)]!r} over the network"


def _begun(position: int) -> Callable[..., str | None]:
    """Of what begins a process, whose command comes at this place."""

    def told(_: Watch, *given: Any) -> str:
        command = given[position] if position < len(given) else ()
        parts = [command] if isinstance(command, (str, bytes)) or not isinstance(command, Sequence) else command
        words = " ".join(os.fsdecode(part) if isinstance(part, (bytes, os.PathLike)) else str(part) for part in parts)
        return f"begin a process{f': {words}' if words else ''}"

    return told


def _sent(_: Watch, process: int, sent: int) -> str | None:
    return f"send signal {sent} to process {process}" if sent and process not in (os.getpid(), -os.getpid()) else None


# By the events of https://docs.python.org/3/library/audit_events.html.
_ACTS: dict[str, Callable[..., str | None]] = {
    "open": _opened,
    "sqlite3.connect": _database,
    "os.mkdir": _changes("make the folder {}", (0, 2)),
    "os.remove": _changes("remove {}", (0, 1)),
    "os.rmdir": _changes("remove the folder {}", (0, 1)),
    "os.rename": _changes("move {}", (0, 2), (1, 3)),
    "os.link": _changes("link {}", (0, 2), (1, 3)),  # a second name, by which the first file could be written
    "os.symlink": _changes("link {}", (1, 2)),
    "os.truncate": _changes("cut {}", (0, _NOWHERE), follow=True),
    "os.chmod": _changes("change {}", (0, 2), follow=True),
    "os.chown": _changes("change {}", (0, 3), follow=True),
    "os.utime": _changes("change {}", (0, 3), follow=True),
    "os.setxattr": _changes("change {}", (0, _NOWHERE), follow=True),
    "os.removexattr": _changes("change {}", (0, _NOWHERE), follow=True),
    "socket.connect": _there("connect to"),
    "socket.bind": _there("listen at"),
    "socket.sendto": _there("send to"),
    "socket.sendmsg": _there("send to"),
    "socket.getaddrinfo": lambda _, host, *__: f"look up {host!r} over the network",
    "socket.gethostbyname": _there("look up"),
    "socket.gethostbyaddr": _there("look up"),
    "subprocess.Popen": _begun(1),
    "os.system": _begun(0),
    "os.exec": _begun(1),
    "os.posix_spawn": _begun(1),
    "os.fork": _begun(0),
    "os.forkpty": _begun(0),
    "os.kill": _sent,
    "os.killpg": lambda _, group, sent: _sent(_, group, sent),
}
