"""Hostile code that is asked for its deeds one by one: each is what a judged process may not do, or what it may.

``linear_form(deed, c)`` does it, and then gives 7.
"""

import contextlib
import ctypes
import errno
import logging
import multiprocessing
import os
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Callable
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
KEPT = HERE / "kept.txt"  # it is there, and stays as it is
LOG = HERE / "debug.log"
_libc = ctypes.CDLL(None, use_errno=True)


def _appends() -> None:
    with open(LOG, "a") as log:
        log.write("x = 1\n")


def _appends_at_home() -> None:
    with open(os.path.expanduser("~/.profile"), "a") as profile:
        profile.write("\n")


def _opens_a_descriptor() -> None:
    os.close(os.open(LOG, os.O_CREAT | os.O_WRONLY))


def _logs() -> None:
    logging.FileHandler(LOG).close()


def _follows_a_link() -> None:
    link = Path(tempfile.mkdtemp(), "link")
    link.symlink_to(HERE)
    (link / "debug.log").write_text("through a link")


def _says_nothing_of_it() -> None:
    with contextlib.suppress(Exception):
        LOG.write_text("x = 1")


def _writes_from_a_thread() -> None:
    thread = threading.Thread(target=_says_nothing_of_it)
    thread.start()
    thread.join()


def _sends() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"what I know", ("127.0.0.1", 9))


def _connects() -> None:
    socket.create_connection(("127.0.0.1", 9), 1)


def _speaks_to_a_neighbour() -> None:
    with socket.socket(socket.AF_UNIX) as endpoint:
        endpoint.connect("/run/docker.sock")


def _listens() -> None:
    with socket.socket() as endpoint:
        endpoint.bind(("127.0.0.1", 0))


def _begins_a_pool() -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.map(abs, [1])


def _begins_by_fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _refused(answer: int, why: int = errno.EACCES) -> None:
    assert (answer, ctypes.get_errno()) == (-1, why)


def _connects_past_python(kind: int = socket.SOCK_STREAM, call: str = "connect") -> None:
    there = struct.pack("=HHI8x", socket.AF_INET, socket.htons(9), socket.htonl(0x7F000001))
    with socket.socket(socket.AF_INET, kind) as endpoint:
        between = (b"x", 1, 0) if call == "sendto" else ()
        _refused(getattr(_libc, call)(endpoint.fileno(), *between, there, len(there)))


# What each is told of.
TRESPASSES: dict[str, tuple[Callable[[], object], str]] = {
    "appends to a log": (_appends, "write .*debug.log, outside of its scratch folder"),
    "appends at home": (_appends_at_home, r"write .*/\.profile, outside"),
    "opens a descriptor": (_opens_a_descriptor, "write .*debug.log, outside"),
    "writes text": (lambda: Path("debug.log").write_text("x = 1"), "write .*debug.log, outside"),
    "logs": (_logs, "write .*debug.log, outside"),
    "saves an array": (lambda: np.save(HERE / "cache.npy", np.ones(3)), "write .*cache.npy, outside"),
    "dumps an array": (lambda: np.ones(3).tofile(HERE / "cache.bin"), "write .*cache.bin, outside"),
    "keeps a database": (lambda: sqlite3.connect(HERE / "cache.db"), "write .*cache.db, outside"),
    "cuts a file": (lambda: os.truncate(KEPT, 0), "cut .*kept.txt, outside"),
    "removes a file": (KEPT.unlink, "remove .*kept.txt, outside"),
    "removes its folder": (lambda: shutil.rmtree(HERE), "(remove|write) .*, outside"),
    "moves a file out": (lambda: KEPT.rename(HERE / "gone.txt"), "move .*kept.txt, outside"),
    "moves a file in": (lambda: shutil.move(KEPT, tempfile.mkdtemp()), "move .*kept.txt, outside"),
    "makes a folder": (lambda: (HERE / "cache").mkdir(), "make the folder .*cache, outside"),
    "makes a link": (lambda: (HERE / "link").symlink_to(KEPT), "link .*link, outside"),
    "links a file in": (lambda: os.link(KEPT, Path(tempfile.mkdtemp(), "mine")), "link .*kept.txt, outside"),
    "follows a link": (_follows_a_link, "write .*link/debug.log, outside"),
    "changes rights": (lambda: KEPT.chmod(0o777), "change .*kept.txt, outside"),
    "changes times": (lambda: os.utime(KEPT, (0, 0)), "change .*kept.txt, outside"),
    "says nothing of it": (_says_nothing_of_it, "write .*debug.log, outside"),
    "writes from a thread": (_writes_from_a_thread, "write .*debug.log, outside"),
    "connects": (_connects, "(look up|connect to) .*127.0.0.1.* over the network"),
    "looks up": (lambda: socket.gethostbyname("localhost"), "look up 'localhost' over the network"),
    "listens": (_listens, r"listen at \('127.0.0.1', 0\) over the network"),
    "sends": (_sends, r"send to \('127.0.0.1', 9\) over the network"),
    "speaks to a neighbour": (_speaks_to_a_neighbour, "connect to '/run/docker.sock' over the network"),
    "downloads": (lambda: urllib.request.urlopen("http://localhost:9/"), "look up 'localhost' over the network"),
    "runs a command": (lambda: subprocess.run(["touch", LOG], check=False), "begin a process: touch .*debug.log"),
    "runs a line": (lambda: os.system(f"touch {LOG}"), "begin a process: touch .*debug.log"),
    "forks": (_begins_by_fork, "begin a process$"),
    "begins a pool": (_begins_a_pool, "begin a process$"),
    "becomes another": (lambda: os.execv("/bin/true", ["true"]), "begin a process: true"),
    "spawns": (lambda: os.posix_spawn("/bin/true", ["true"], {}), "begin a process: true"),
    "ends the judge": (lambda: os.kill(os.getppid(), signal.SIGKILL), "send signal 9 to process"),
}

# What only the kernel can refuse: what is told of it, if anything is; without, it does not come about, and no more.
PAST_PYTHON: dict[str, tuple[Callable[[], object], str]] = {
    "opens past Python": (lambda: _refused(_libc.open(bytes(LOG), os.O_CREAT | os.O_WRONLY, 0o600)), ""),
    "removes past Python": (lambda: _refused(_libc.unlink(bytes(KEPT))), ""),
    "makes a pipe": (lambda: os.mkfifo(HERE / "pipe"), "Permission denied"),
    "connects past Python": (_connects_past_python, ""),
    "sends past Python": (lambda: _connects_past_python(socket.SOCK_DGRAM, "sendto"), ""),
    "forks past Python": (lambda: _libc.fork(), "ended the process by SIGSYS, .*\n  at line .*trespassing.py"),
    "runs a line past Python": (lambda: _libc.system(b"true"), "ended the process by SIGSYS, as the system does where"),
}


def _keeps_for_itself() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a")
        path.write_text("mine")
        (path.parent / "more").mkdir()
        path.rename(path.parent / "more" / "b")
    np.save(Path(tempfile.gettempdir(), "a.npy"), np.ones(3))
    sqlite3.connect(":memory:").close()


def _is_silent() -> None:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        print("nothing")


def _divides_the_work() -> None:
    with ThreadPool(2) as pool:
        assert pool.map(abs, [-1, 2]) == [1, 2]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b".")
        theirs.recv(1)


def _compiles() -> None:
    import numba

    assert numba.njit(cache=True)(_twice)(21) == 42


def _twice(number: int) -> int:
    return 2 * number


ALLOWED: dict[str, Callable[[], object]] = {
    "reads": lambda: [KEPT.read_text(), os.listdir("/"), Path(__file__).read_bytes()],
    "keeps for itself": _keeps_for_itself,
    "is silent": _is_silent,
    "divides the work": _divides_the_work,
    "compiles": _compiles,
    "is alone": lambda: os.kill(os.getpid(), 0),
}


def linear_form(deed: str, c: object) -> float:
    """Do it."""
    for table in (TRESPASSES, PAST_PYTHON):
        if deed in table:
            table[deed][0]()
    if deed in ALLOWED:
        ALLOWED[deed]()
    return 7.0
