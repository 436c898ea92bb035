"""What Linux holds an ordinary user's process to, if that asks for it: Landlock for files, seccomp for the rest.

Both are a few system calls. Of the bindings that there are, `landlock` is not finished and knows files alone, and
`pyseccomp` needs a library of the system's: so they are called here. What a kernel or a processor does not know is left
out, and that is said.

Sources: https://docs.kernel.org/userspace-api/landlock.html, https://docs.kernel.org/userspace-api/seccomp_filter.html.
"""

import contextlib
import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_NO_NEW_PRIVILEGES = 38  # of prctl
_RULESET, _RULE, _RESTRICT = 444, 445, 446  # Landlock's calls, by the same numbers on every processor
_BENEATH = 1

# Rights that change something: written, removed, made, and by a later version of Landlock moved and cut.
_WRITE_FILE, _REFER, _TRUNCATE = 1 << 1, 1 << 13, 1 << 14
_CHANGES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
_MAKES_AND_REMOVES_FILES = 1 << 5 | 1 << 8
_TCP, _SIGNALS_AND_ABSTRACT_SOCKETS = 0b11, 0b11

_libc = ctypes.CDLL(None, use_errno=True)


def restrict(folders: Iterable[Path]) -> tuple[bool, bool]:
    """Hold this thread, and what it begins, to writing in these folders; say whether files and the rest are held."""
    if sys.platform != "linux":
        return False, False
    _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return _landlock(folders), _seccomp()


# ---- files -----------------------------------------------------------------------------------------------------------


def _landlock(folders: Iterable[Path]) -> bool:
    version = _libc.syscall(_RULESET, None, 0, 1)
    if version < 1:
        return False
    handled = _CHANGES | _REFER * (version >= 2) | _TRUNCATE * (version >= 3)
    said = [handled, *([_TCP] if version >= 4 else []), *([_SIGNALS_AND_ABSTRACT_SOCKETS] if version >= 6 else [])]
    attributes = struct.pack(f"{len(said)}Q", *said)
    rules = _libc.syscall(_RULESET, attributes, len(attributes), 0)
    if rules < 0:
        return False
    file = _WRITE_FILE | handled & _TRUNCATE
    # Locks of multiprocessing's, and so its pool of threads, are files there.
    allowed = [(Path(os.devnull), file), (Path("/dev/shm"), file | _MAKES_AND_REMOVES_FILES)]
    try:
        for path, rights in (*allowed, *((folder, handled) for folder in folders)):
            with _opened(path) as descriptor:
                if descriptor >= 0:
                    _libc.syscall(_RULE, rules, _BENEATH, struct.pack("=Qi", rights, descriptor), 0)
        return _libc.syscall(_RESTRICT, rules, 0) == 0 and version >= 3  # before, files could be cut
    finally:
        os.close(rules)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        yield -1
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


# ---- network and processes -------------------------------------------------------------------------------------------

_ALLOW, _TRAP, _REFUSE = 0x7FFF0000, 0x00030000, 0x00050000
_LOAD, _IS, _HAS, _FROM, _GIVE = 0x20, 0x15, 0x45, 0x35, 0x06  # instructions of the filter
_THREAD = 0x00010000  # of clone: no process of its own
# By processor: its number in a filter; those of seccomp and clone; of what speaks to others: connect, bind, sendmsg,
# sendmmsg; of sendto, which does if it has an address; of what begins a process.
_CALLS = {
    "x86_64": (0xC000003E, 317, 56, (42, 49, 46, 307), 44, (57, 58, 59, 322)),
    "aarch64": (0xC00000B7, 277, 220, (203, 200, 211, 269), 206, (221, 281)),
}
_CLONE3, _IO_URING = 435, 425  # not there, so to say: their arguments are out of the filter's sight
_FOREIGN = 0x40000000  # x86's third set of calls


def _seccomp() -> bool:
    calls = _CALLS.get(platform.machine())
    if calls is None or sys.maxsize < 1 << 32:
        return False
    processor, seccomp, clone, speaks, sendto, begins = calls
    missing, refused = _REFUSE | errno.ENOSYS, _REFUSE | errno.EACCES
    steps = [(_LOAD, 0, 0, 4), (_IS, 1, 0, processor), (_GIVE, 0, 0, _TRAP), (_LOAD, 0, 0, 0)]

    def on(test: int, value: int, action: int) -> None:
        steps.extend([(test, 0, 1, value), (_GIVE, 0, 0, action)])

    on(_FROM, _FOREIGN, _TRAP)
    for each in speaks:
        on(_IS, each, refused)
    for each in (_CLONE3, _IO_URING):
        on(_IS, each, missing)
    for each in begins:
        on(_IS, each, _TRAP)
    # An argument is two words of 32 bits; both processors have the low one first.
    steps += [(_IS, 0, 5, sendto), (_LOAD, 0, 0, 48), (_IS, 0, 2, 0), (_LOAD, 0, 0, 52), (_IS, 1, 0, 0)]
    steps += [(_GIVE, 0, 0, refused), (_LOAD, 0, 0, 0)]
    steps += [(_IS, 0, 3, clone), (_LOAD, 0, 0, 16), (_HAS, 1, 0, _THREAD), (_GIVE, 0, 0, _TRAP)]
    steps.append((_GIVE, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HP", len(steps), ctypes.addressof(code))
    return _libc.syscall(seccomp, 1, 1, program) == 0  # for the threads that there are, too
