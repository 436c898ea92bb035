"""Hostile code, as a file to be judged: the textbook, in which some functions do something else beside.

What they return is right. ``pytest properties --impl properties/selftest/seeded_bugs/hostile.py --isolate`` has to come
to its end with a verdict on each; without ``--isolate`` it does not.
"""

import ctypes
import itertools
import os
import tempfile
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT
from shrinkage.peers import numpy as textbook


class Own(BaseException):
    """No Exception."""


class Liar(np.ndarray):
    """An array that has one more entry, or so it says."""

    @property  # type: ignore[misc]
    def shape(self) -> Any:
        """A lie."""
        return (super().shape[0] + 1, *super().shape[1:])


def loops_endlessly() -> None:
    """Until the end of all days."""
    for _ in itertools.repeat(None):
        pass


def exits() -> None:
    """As if all were well."""
    os._exit(0)


def crashes() -> None:
    """Reads from nowhere."""
    ctypes.string_at(0)


def hoards() -> None:
    """100 GB."""
    np.ones(100 * 2**30, np.uint8)


def recurses() -> None:
    """Deeper and deeper."""
    recurses()


def floods() -> None:
    """16 MB to standard output."""
    for _ in range(256):
        os.write(1, b"all work and no play\n" * (2**16 // 21))


def interrupts() -> None:
    """As if somebody had pressed Ctrl-C."""
    raise KeyboardInterrupt


def leaves() -> None:
    """As a script does."""
    raise SystemExit(3)


def raises_its_own() -> None:
    """What no ``except Exception`` catches."""
    raise Own("and what now?")


def silences_numpy() -> None:
    """For good."""
    np.seterr(all="ignore")


def seeds() -> None:
    """Everybody's random numbers."""
    np.random.seed(0)  # noqa: NPY002


def silences_warnings() -> None:
    """For good."""
    warnings.filterwarnings("ignore", "of this kind")


def moves_away() -> None:
    """To another directory."""
    os.chdir(tempfile.gettempdir())


def opens_files() -> None:
    """And closes none."""
    kept = [open(os.devnull) for _ in range(100_000)]  # noqa: SIM115
    assert kept


def starts_a_thread() -> None:
    """That never ends."""
    threading.Thread(target=threading.Event().wait, daemon=True).start()


DEEDS: dict[str, Callable[[], None]] = {
    "linear_form": loops_endlessly,
    "linear_form_jacobian": exits,
    "squared_norm": crashes,
    "squared_norm_jacobian": hoards,
    "matvec": recurses,
    "matvec_jacobian": floods,
    "quadratic_form": interrupts,
    "quadratic_form_jacobian": leaves,
    "relu_unit": raises_its_own,
    "elbow": silences_numpy,
    "relu_unit_loss": seeds,
    "relu_unit_gradients": silences_warnings,
    "relu_unit_step": moves_away,
    "relu_network_loss": opens_files,
    "relu_network_step": starts_a_thread,
}


def _after(deed: Callable[[], None], function: Callable[..., Any]) -> Callable[..., Any]:
    def hostile(*arguments: Any) -> Any:
        deed()
        return function(*arguments)

    return hostile


globals().update({name: getattr(textbook, name) for name in CONTRACT if hasattr(textbook, name)})
globals().update({name: _after(deed, getattr(textbook, name)) for name, deed in DEEDS.items()})


def relu_network(x: Any, W1: Any, b: Any, W2: Any) -> Any:
    """Writes into its inputs."""
    answer = textbook.relu_network(x, W1, b, W2)
    if isinstance(W1, np.ndarray):
        W1 += 1
    return answer


def relu_network_gradients(x: Any, y: Any, W1: Any, b: Any, W2: Any) -> Any:
    """Says that one of its answers is larger than it is."""
    dW1, db, dW2 = textbook.relu_network_gradients(x, y, W1, b, W2)
    return dW1, db.view(Liar), dW2


def elbows_after_step(x: Any, y: Any, W1: Any, b: Any, W2: Any, lr: Any) -> Any:
    """Gives an array of terabytes that is one number."""
    return np.lib.stride_tricks.as_strided(np.zeros(1), (2**40,), (0,))
