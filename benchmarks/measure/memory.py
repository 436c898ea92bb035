"""What a call allocates: ``python -m shrinkage.benchmarks.measure.memory`` prints its peak, and what is allowed.

Counted is what NumPy, compiled code and Python allocate while the call runs, its answer included; the inputs are not.
What is allowed does not grow with the number of samples: X is in a file, read in blocks, one for each thread, and what
is kept is of the size of XᵀX; in training, batches and gradients.
"""

import argparse
import gc
import json
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from shrinkage.cli import quietly, usable_cores

NUMBER = 8  # bytes
SMALL = 4096  # bytes; a few objects of Python's
L = 100
TALL = ((10_000, 200), (10_000, 500), (1_250_000, 200))  # the last one is 2 GB
MANY = 100_000  # samples; the same call with fewer came before
BATCH, HIDDEN, CLASSES = 100, 50, 10  # of the net that is trained


def peak(call: Callable[[], Any], warm: bool = False) -> int:
    """The most bytes that a call has allocated at once, once it is warm: by another one, if it is not yet."""
    if not warm:
        call()
    gc.collect()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def in_a_file(n: int, d: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers in a file that is open to be read only, which nothing need be copied for; it is gone with the array."""
    with tempfile.TemporaryFile() as file:
        for start in range(0, n, 10_000):
            rng.standard_normal((min(n - start, 10_000), d)).tofile(file)
        return np.memmap(file, np.float64, "r", shape=(n, d))


def measured(tall: Iterable[tuple[int, int]] = TALL) -> list[tuple[str, str, int, int]]:
    """Function, sizes, bytes allocated, bytes allowed; of tall problems in these sizes."""
    import shrinkage as impl
    from shrinkage._kernels.equations import BLOCK_BYTES

    rng = np.random.default_rng(0)
    lams = np.logspace(-3, 3, L)
    blocks = len(usable_cores()) * BLOCK_BYTES
    rows = []
    for n, d in tall:
        X = in_a_file(n, d, rng)
        y = X @ rng.standard_normal(d) + rng.standard_normal(n)
        calls: dict[str, tuple[Callable[[], Any], int]] = {
            "ridge": (partial(impl.ridge, X, y, 1.0), 2 * d**2),
            "ridge at λ = 0": (partial(impl.ridge, X, y, 0.0), 2 * d**2 + 4 * d),
            "ridge_path": (partial(impl.ridge_path, X, y, lams), 2 * d**2 + L * d),
            "ridge_loo": (partial(impl.ridge_loo, X, y, lams), 4 * d**2 + 2 * L),
        }
        sizes, warm = f"n={n:,}, d={d:,}", n > MANY
        for name, (call, numbers) in calls.items():
            rows.append((name, sizes, peak(call, warm), NUMBER * numbers + blocks + SMALL))
        rows.append(("an epoch of Solver", sizes, *_of_training(X, rng)))
    net = impl.FullyConnectedNet([256], input_dim=784, seed=0, reg=0.1)
    X, labels = rng.random((128, 784)), rng.integers(0, 10, 128)
    X.flags.writeable = False  # nor is it copied for that
    gradients = sum(parameter.nbytes for parameter in net.params.values())
    rows.append(("a training step", "128×784-256-10", peak(partial(net.loss, X, labels)), gradients + SMALL))
    return rows


def _of_training(X: Any, rng: np.random.Generator) -> tuple[int, int]:
    """What an epoch allocates, and is allowed."""
    import shrinkage as impl

    n, d = X.shape
    labels = rng.integers(0, CLASSES, n)
    data = {"X_train": X, "y_train": labels, "X_val": X[:BATCH], "y_val": labels[:BATCH]}

    def train() -> None:
        net = impl.FullyConnectedNet([HIDDEN], input_dim=d, num_classes=CLASSES, seed=0)
        impl.Solver(net, data, num_epochs=1, batch_size=BATCH, verbose=False, seed=0).train()

    parameters = (d + 1) * HIDDEN + (HIDDEN + 1) * CLASSES
    # Four batches are read ahead at most; of every sample there are a place in the order and a label.
    return peak(train, warm=n > MANY), NUMBER * (8 * BATCH * d + 8 * parameters + 2 * n) + 10 * SMALL


def main() -> None:
    """Print the table, or the rows as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m shrinkage.benchmarks.measure.memory", description="What a call allocates."
    )
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--quick", action="store_true", help="without the largest X, which takes most of the time")
    options = parser.parse_args()
    from numba.core.runtime import _nrt_python

    _nrt_python.memsys_use_cpython_allocator()  # so that tracemalloc sees what compiled code allocates
    rows = measured(TALL[: -1 if options.quick else None])
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{'call':<18} {'sizes':<20} {'allocated':>12} {'allowed':>12}")
    for name, sizes, allocated, allowed in rows:
        print(f"{name:<18} {sizes:<20} {allocated / 1e6:>9.2f} MB {allowed / 1e6:>9.2f} MB")


if __name__ == "__main__":
    sys.exit(quietly(main))
