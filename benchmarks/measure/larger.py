"""Data larger than memory: ``python -m shrinkage.benchmarks.measure.larger > benchmarks/results/larger.json``.

Measured are ridge of chunks that are made as they are needed, beside the same from memory, and a worker's memory; ridge
of files, beside reading them and no more; others on the same file, by seconds and digits; and what
a task, a merge and many tasks take, from which `shrinkage.benchmarks.report.larger` computes what is modelled.
"""

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from shrinkage.benchmarks.measure.machine import machine
from shrinkage.cli import quietly

GIGABYTE = 1e9
BLOCK = 64e6  # bytes of X
NUMBER = 8
BESIDE = 4e6  # bytes of messages, tasks and other objects that a process gets and drops
D, OF_FILES, OF_BESIDE = 100, (10, 50), 50  # features
OF_COSTS = (20, 50, 100, 200, 500)
CHUNKS = (8, 32, 128, 512)  # that the same data are cut into
NOTHING = 1000  # tasks
LAM = 1.0


# ---- what workers run ------------------------------------------------------------------------------------------------


def made(rows: int, d: int, block_id: tuple[int, ...] = (0, 0)) -> np.ndarray:
    """A block of uniform numbers about 0; nothing is cheaper to make."""
    X = np.random.Generator(np.random.SFC64(block_id[0])).random((rows, d))
    X -= 0.5
    return X


def target(X: np.ndarray) -> np.ndarray:
    """A sum of the features."""
    return X @ np.ones(X.shape[1])


def touched(X: np.ndarray) -> float:
    """Every number read, and added up."""
    return float(np.sum(X))


def held(dask_worker: Any) -> int:
    """How many results a worker keeps."""
    return len(dask_worker.data)


def now() -> int:
    """Bytes that this process has of memory; from here on its most is counted anew."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _kilobytes("VmRSS") * 1024


def most() -> int:
    """The most bytes that this process has had since `now`."""
    return _kilobytes("VmHWM") * 1024


def _kilobytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


# ---- chunks that are made as they are needed -------------------------------------------------------------------------


def blocks(n: int, d: int, rows: int) -> tuple[Any, Any]:
    """X and y of about n rows, nothing of which is there yet."""
    import dask.array as da

    X = da.map_blocks(made, rows, d, chunks=((rows,) * (n // rows), (d,)), dtype=float)
    return X, X.map_blocks(target, drop_axis=1, dtype=float)


@contextmanager
def cluster(workers: int) -> Iterator[Any]:
    """A client of so many processes of one thread each, none of which begins a chunk before it is done with another."""
    import dask
    from distributed import Client, LocalCluster

    with (
        dask.config.set({"distributed.scheduler.worker-saturation": 1.0}),
        LocalCluster(workers, threads_per_worker=1, dashboard_address=":0", memory_limit=0, silence_logs=50) as here,
        Client(here) as client,
    ):
        yield client


def solved(client: Any, X: Any, y: Any) -> Any:
    """Ridge, by tasks of its own each time."""
    from shrinkage import dask as chunked

    return client.compute(chunked.ridge(X, y, LAM)).result()


def seconds(call: Callable[[], Any]) -> float:
    """What one call takes."""
    gc.collect()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def generated(size: float, workers: int, d: int = D, block: float = BLOCK) -> dict[str, Any]:
    """Ridge of so many bytes; the same flops from memory; making the data and no more; a worker's memory."""
    rows = int(block // (NUMBER * d))
    n = rows * max(int(size // block), 4)
    few = min(n, rows * max(int(1e9 // block), 4) * workers)
    with cluster(workers) as client:
        X, y = blocks(few, d, rows)
        solved(client, X, y)  # compiled, or loaded, in each of them
        making = seconds(lambda: client.compute(X.map_blocks(touched_block, chunks=(1, 1), dtype=float).sum()).result())
        kept = client.persist([X, y])
        client.compute(kept[0].sum()).result()
        memory = min(seconds(lambda: solved(client, *kept)) for _ in range(2))
        kept.clear()
        while any(client.run(held).values()):
            time.sleep(0.05)
        before = client.run(now)
        X, y = blocks(n, d, rows)
        whole = seconds(lambda: solved(client, X, y))
        after = client.run(most)
    return {
        "gigabytes": n * d * NUMBER / GIGABYTE,
        "d": d,
        "chunks": n // rows,
        "workers": workers,
        "seconds": whole,
        "in memory": memory * n / few,
        "making": making * n / few,
        "bytes": max(after[w] - before[w] for w in before),
        "allowed": allowed(rows, d),
    }


def allowed(rows: int, d: int) -> float:
    """Bytes: two blocks of [X y], and four matrices of the size of [X y]ᵀ[X y]."""
    return 2 * rows * (d + 1) * NUMBER + 4 * (d + 1) ** 2 * NUMBER + BESIDE


def at_home(size: float, d: int = D, block: float = 40e6) -> dict[str, float]:
    """The bytes that ridge of so many takes of this process, on one thread."""
    from shrinkage import dask as chunked

    rows = int(block // (NUMBER * d))
    X, y = blocks(rows * int(size // block), d, rows)
    chunked.ridge(X[:rows], y[:rows], LAM).compute(scheduler="synchronous")
    before = now()
    chunked.ridge(X, y, LAM).compute(scheduler="synchronous")
    return {"chunks": X.npartitions, "bytes": most() - before, "allowed": allowed(rows, d), "data": X.nbytes}


def touched_block(X: np.ndarray) -> np.ndarray:
    """A number of a block that has been made."""
    return X[:1, :1]


# ---- files -----------------------------------------------------------------------------------------------------------


def forgotten(file: Path) -> None:
    """Have the system drop what it keeps of a file."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def files(size: float, d: int, folder: Path, block: float = BLOCK / 4) -> Iterator[dict[str, Any]]:
    """Ridge of a memmap and of a Parquet file, beside reading and adding up their numbers."""
    import dask
    import dask.array as da
    import dask.dataframe as dd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from shrinkage import dask as chunked

    rows = int(block // (NUMBER * (d + 1)))
    n = int(size // (NUMBER * (d + 1)))
    names = [f"x{j}" for j in range(d)] + ["y"]
    raw, table = folder / "raw", folder / "table.parquet"
    with (
        raw.open("wb") as out,
        pq.ParquetWriter(
            table, pa.schema([(name, pa.float64()) for name in names]), compression="none", use_dictionary=False
        ) as columns,
    ):
        for i, first in enumerate(range(0, n, rows)):
            A = made(min(rows, n - first), d + 1, (i, 0))
            A.tofile(out)
            columns.write_table(pa.table(dict(zip(names, A.T, strict=True))), len(A))

    def mapped() -> Any:
        return da.from_array(np.memmap(raw, float, "r", shape=(n, d + 1)), chunks=(rows, -1), name=False)

    def read() -> Any:
        return dd.read_parquet(table, split_row_groups=True).to_dask_array()

    for kind, file, opened in (("memmap", raw, mapped), ("Parquet", table, read)):

        def taken(call: Callable[[Any], list[Any]], file: Path = file, opened: Callable[[], Any] = opened) -> float:
            gc.collect()  # a map that is still there keeps what it has read
            forgotten(file)
            parts = call(opened())
            return seconds(lambda: dask.compute(*parts, scheduler="threads", num_workers=2))

        def reading(A: Any) -> list[Any]:
            return [dask.delayed(touched)(part) for part in A.to_delayed().reshape(-1)]

        def ridge(A: Any) -> list[Any]:
            return [chunked.ridge(A[:, :d], A[:, d], LAM)]

        turns = [(taken(reading), taken(ridge)) for _ in range(4)][1:]  # the first one compiles
        of = {name: median(each) for name, each in zip(("reading", "ridge"), zip(*turns, strict=True), strict=True)}
        yield {"file": kind, "gigabytes": file.stat().st_size / GIGABYTE, "d": d, **of}
        file.unlink()


# ---- others ----------------------------------------------------------------------------------------------------------


def alike(n: int, d: int, spread: int) -> Iterator[np.ndarray]:
    """Rows [x y] of integers, so that w is known exactly: x is `spread` times one number, plus one of each."""
    rng = np.random.default_rng(3)
    for first in range(0, n, 100_000):
        rows = min(100_000, n - first)
        X = spread * rng.integers(-8, 9, (rows, 1)) + rng.integers(-8, 9, (rows, d))
        y = X @ (1 + np.arange(d) % 3) + spread * rng.integers(-8, 9, rows)
        yield np.concatenate([X, y[:, None]], axis=1).astype(float)


def exactly(A: np.ndarray, lam: int) -> np.ndarray:
    """The w of [X y] of integers, in rationals, rounded once."""
    from flint import fmpq, fmpq_mat

    d = A.shape[1] - 1
    G = np.zeros((d + 1, d + 1), np.int64)
    for i in range(0, len(A), 100_000):
        B = A[i : i + 100_000].astype(np.int64)
        G += B.T @ B
    M = fmpq_mat(d, d, [fmpq(int(G[i, j]) + lam * (i == j)) for i in range(d) for j in range(d)])
    w = M.solve(fmpq_mat(d, 1, [fmpq(int(g)) for g in G[:d, d]]))
    return np.array([int(w[i, 0].p) / int(w[i, 0].q) for i in range(d)])


def by_normal_equations(X: Any, y: Any, lam: float) -> np.ndarray:
    """As people write it, a chunk after the other."""
    d = X.shape[1]
    G, g = lam * np.eye(d), np.zeros(d)
    for i in range(0, len(X), 100_000):
        A, b = X[i : i + 100_000], y[i : i + 100_000]
        G += A.T @ A
        g += A.T @ b
    return np.linalg.solve(G, g)


def entrants(X: np.ndarray, y: np.ndarray) -> Iterator[tuple[str, int, Callable[[], Any]]]:
    """Whose, at which λ, and the call; what is not installed is left out."""
    import dask
    import dask.array as da

    from shrinkage import dask as chunked
    from shrinkage import streaming

    A, b = (da.from_array(a, chunks=(100_000, *a.shape[1:]), name=False) for a in (X, y))

    def computed(value: Any) -> Any:
        return dask.compute(value, scheduler="threads", num_workers=2)[0]

    yield "`shrinkage.dask.lstsq`", 0, lambda: computed(chunked.lstsq(A, b))
    yield "`dask.array.linalg.lstsq`", 0, lambda: computed(da.linalg.lstsq(A, b)[0])
    yield "`shrinkage.dask.ridge`", 1, lambda: computed(chunked.ridge(A, b, LAM))
    yield "`shrinkage.streaming.ridge`", 1, lambda: streaming.ridge(X, y, LAM)
    yield "normal equations by chunks, NumPy as written", 1, lambda: by_normal_equations(X, y, LAM)
    try:
        from sklearn.linear_model import Ridge

        yield "scikit-learn's `Ridge` on the memmap", 1, lambda: Ridge(LAM, fit_intercept=False).fit(X, y).coef_
    except ImportError:
        pass
    try:
        from dask_ml.linear_model import LinearRegression
    except ImportError:
        return

    def by_lbfgs() -> Any:
        with dask.config.set(scheduler="threads", num_workers=2):  # its penalty is ‖w‖²/2C
            return LinearRegression(solver="lbfgs", C=1 / (2 * LAM), fit_intercept=False).fit(A, b).coef_

    yield "dask-ml's `LinearRegression`, by L-BFGS", 1, by_lbfgs


def beside(size: float, folder: Path, d: int = OF_BESIDE, turns: int = 2) -> list[dict[str, Any]]:
    """Seconds of each on one file, in turns, and its digits of that and of another whose columns are alike."""
    n, found = int(size // (NUMBER * (d + 1))), dict[str, Any]()
    for spread in (0, 10_000):
        file = folder / f"{spread}"
        with file.open("wb") as out:
            for part in alike(n, d, spread or 1):
                part.tofile(out)
        A = np.memmap(file, float, "r", shape=(n, d + 1))
        right = {lam: exactly(A, lam) for lam in (0, 1)}
        X, y = A[:, :d], A[:, d]
        rows = {name: (lam, call) for name, lam, call in entrants(X, y)}
        for name, (lam, call) in rows.items():
            w = np.asarray(call())
            error = float(np.linalg.norm(w - right[lam]) / np.linalg.norm(right[lam]))
            one = found.setdefault(name, {"name": name, "lam": lam, "digits": [], "seconds": []})
            one["digits"].append(min(-float(np.log10(max(error, 1e-16))), 16.0))
        for _ in range(turns if spread == 0 else 0):
            for name, (_, call) in rows.items():
                found[name]["seconds"].append(seconds(call))
        file.unlink()
    gigabytes = n * (d + 1) * NUMBER / GIGABYTE
    return [one | {"seconds": median(one["seconds"]), "gigabytes": gigabytes} for one in found.values()]


# ---- what it takes ---------------------------------------------------------------------------------------------------


def costs(d: int, block: float = BLOCK) -> dict[str, Any]:
    """Of one thread: the state of a block, and four states merged."""
    from shrinkage.dask import tasks
    from shrinkage.streaming import start

    rows, empty = int(block // (NUMBER * d)), start(d)
    X = made(rows, d)
    chunk = (X, target(X), None)
    of = tasks.state(empty, chunk, 0)
    tasks.states([of] * 4)
    each = [seconds(lambda: tasks.state(empty, chunk, 0)) for _ in range(3)]
    merging = [seconds(lambda: tasks.states([of] * 4)) for _ in range(5)]
    return {"d": d, "rows": rows, "state": median(each), "merge": median(merging), "bytes": of.nbytes}


def cuts(size: float, parts: tuple[int, ...] = CHUNKS, d: int = D) -> dict[str, Any]:
    """The same data in more and more chunks, on one and two processes; and tasks that do nothing."""
    n, rows = int(size // (NUMBER * d)), []
    for workers in (1, 2):
        with cluster(workers) as client:
            X, y = blocks(2000, d, 500)
            solved(client, X, y)
            for count in parts:
                X, y = client.persist(blocks(n, d, n // count))
                client.compute(X.sum()).result()
                taken = [seconds(partial(solved, client, X, y)) for _ in range(3)]
                rows.append({"workers": workers, "chunks": count, "seconds": min(taken)})
                del X, y
            idle = seconds(lambda: client.gather(client.map(str, range(NOTHING), pure=False))) / NOTHING
    return {"gigabytes": size / GIGABYTE, "d": d, "rows": rows, "a task": idle}


def measured(size: float, of_file: float, quick: bool = False) -> dict[str, Any]:
    """Everything that is stored."""
    if quick:
        return at_home(size)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:  # on a disk, as a folder of the system's need not be
        folder = Path(name)
        return {
            "machine": machine(),
            "generated": [generated(size / 10, 1), generated(size, 2)],
            "files": [row for d in OF_FILES for row in files(of_file, d, folder)],
            "beside": beside(of_file / 4, folder),
            "costs": [costs(d) for d in OF_COSTS],
            "cuts": cuts(of_file / 2),
        }


def main() -> None:
    """Print what was measured, as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m shrinkage.benchmarks.measure.larger", description="Data larger than memory."
    )
    parser.add_argument("--gigabytes", type=float, default=40, help="of the chunks that are made (default: 40)")
    parser.add_argument("--file", type=float, default=1, help="gigabytes of the files (default: 1)")
    parser.add_argument("--quick", action="store_true", help="the memory of one process alone")
    options = parser.parse_args()
    print(json.dumps(measured(options.gigabytes * GIGABYTE, options.file * GIGABYTE, options.quick), indent=1))


if __name__ == "__main__":
    sys.exit(quietly(main))
