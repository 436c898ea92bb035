"""Functions over Dask's collections: any chunks, nothing before it is asked for, on any scheduler, and with a loss.

Claims about the contract's functions cut their NumPy arrays by themselves (`shrinkage.properties.engine.cuts`) where an
implementation takes `chunks`. Here is what NumPy arrays cannot show.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import shrinkage
from shrinkage.properties.engine import bounds, oracles
from shrinkage.properties.engine.cuts import leaves, trees
from shrinkage.properties.engine.running_error import Carried
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import SEEDS, ridge_problem
from shrinkage.properties.engine.strategies.networks import networks
from shrinkage.properties.engine.verdict import judge, refuses, worst_ratio
from shrinkage.properties.test_net import exact


class Loads:
    """Chunks that are counted as they are read."""

    def __init__(self, X: np.ndarray, y: np.ndarray, rows: int) -> None:
        da = pytest.importorskip("dask.array")
        self.read: list[int] = []
        starts = range(0, len(X), rows)

        def part(a: np.ndarray) -> Any:
            make = pytest.importorskip("dask").delayed(self._loaded)
            pieces = [a[i : i + rows] for i in starts]
            return da.concatenate([da.from_delayed(make(p, i), p.shape, p.dtype) for i, p in enumerate(pieces)])

        self.X, self.y = part(X), part(y)

    def _loaded(self, a: np.ndarray, place: int) -> np.ndarray:
        if a.ndim == 2:
            self.read.append(place)
        return a


def problem(n: int = 120, d: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Samples of a linear model with noise, one of which has most of a leverage."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n, d))
    X[n // 2] *= 1e3
    return X, X @ np.arange(1.0, d + 1) + rng.standard_normal(n)


@pytest.mark.accuracy
@given(ridge_problem(hard=True).filter(lambda p: len(p.X) > 1), st.data(), SEEDS)  # of one row, Dask makes one a chunk
def test_chunks_of_unknown_sizes_give_the_same_answer(impl, chunked, p, data, seed):
    """Rows chosen by a condition leave chunks of unknown sizes, some of none: ridge is that of the chosen rows."""
    da = pytest.importorskip("dask.array")
    chosen = np.random.default_rng(seed).random(len(p.X)) < 0.7 if seed else np.ones(len(p.X), bool)
    chosen[0] = True
    cut = tuple(leaves(data.draw(trees(len(p.X)))))
    condition = da.from_array(chosen, chunks=(cut,))
    X = da.from_array(p.X, chunks=(cut, -1))[condition]
    y = da.from_array(p.y, chunks=(cut, *[-1] * (p.y.ndim - 1)))[condition]
    exact = oracles.ridge(p.X[chosen], p.y[chosen], p.lam)
    bound = bounds.RIDGE["ridge"](p.X[chosen], p.y[chosen], p.lam, exact)
    judge("ridge", chunked.ridge(X, y, p.lam).compute(), exact, bound, dtype=p.dtype)


@pytest.mark.interface
def test_nothing_is_read_before_it_is_asked_for(impl, chunked):
    """A call reads nothing; ridge reads each chunk once, leave-one-out twice, all of them once before any again."""
    X, y = problem()
    loads = Loads(X, y, 20)
    once, twice = chunked.ridge(loads.X, loads.y, 1.0), chunked.ridge_loo(loads.X, loads.y, [1.0])
    assert loads.read == []
    once.compute()
    assert sorted(loads.read) == [*range(6)]
    loads.read.clear()
    twice.compute()
    assert sorted(loads.read[:6]) == sorted(loads.read[6:]) == [*range(6)]


@pytest.mark.interface
def test_what_X_and_y_are_both_made_of_is_made_once(impl, chunked):
    """X and y that are columns of one array, or of one dataframe, read each chunk of it once, and once more for LOO."""
    da, dd = pytest.importorskip("dask.array"), pytest.importorskip("dask.dataframe")
    pd, made = pytest.importorskip("pandas"), []

    def part(i: int) -> Any:
        made.append(i)
        return pd.DataFrame(np.random.default_rng(i).random((20, 4)), columns=[*"abcy"])

    frame = dd.from_map(part, range(6), meta=part(0))
    A = da.map_blocks(lambda block_id: part(block_id[0]).to_numpy(), chunks=((20,) * 6, (4,)), dtype=float)
    for X, y in ((frame[[*"abc"]], frame["y"]), (A[:, :3], A[:, 3])):
        for call, times in ((chunked.ridge(X, y, 1.0), 1), (chunked.ridge_loo(X, y, [1.0]), 2)):
            made.clear()
            call.compute(scheduler="synchronous")
            assert sorted(made) == sorted([*range(6)] * times)


@pytest.mark.interface
@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_every_scheduler_gives_the_same_bits(impl, chunked, scheduler):
    """The tree is in the graph, so that the answer is the same wherever its tasks run."""
    X, y = problem()
    loads = Loads(X, y, 20)
    for made in (
        chunked.ridge(loads.X, loads.y, 0.1),
        chunked.ridge_loo(loads.X, loads.y, [0.1, 3.0]),
        chunked.ridge_objective(loads.X, loads.y, np.ones(4), 0.1),
        chunked.residuals(loads.X, loads.y, np.ones(4), 2.0),
    ):
        expected = made.compute(scheduler="synchronous")
        assert np.array_equal(made.compute(scheduler=scheduler, num_workers=2), expected)


def sizes(made: Any) -> list[int]:
    """The bytes of each array that a task makes, and of those that a state or the like of it has."""
    found = []

    def of(value: Any) -> int:
        own = getattr(value, "nbytes", None)
        return int(own) if own is not None else sum(map(of, value)) if isinstance(value, tuple) else 0

    callbacks = pytest.importorskip("dask.callbacks")
    with callbacks.Callback(posttask=lambda key, result, *_: found.append(of(result))):
        made.compute(scheduler="synchronous", optimize_graph=False)
    return found


@pytest.mark.interface
@pytest.mark.parametrize("wide", [False, True])
def test_no_task_makes_more_than_a_chunk_or_a_square(impl, chunked, wide):
    """However many rows there are, or where X is wide columns: a chunk, or a square of the other size."""
    da = pytest.importorskip("dask.array")
    long, short, size = 3000, 12, 30
    shape, cut = ((short, long), (5, size)) if wide else ((long, short), (size, 5))
    X, y = da.random.RandomState(1).normal(size=shape, chunks=cut), np.arange(float(shape[0]))
    calls = [
        chunked.ridge(X, y, 0.1),
        chunked.lstsq(X, y),
        chunked.ridge_path(X, y, [0.0, 1.0]),
        chunked.ridge_dof(X, [1.0]),
    ]
    calls += [chunked.min_norm(X, y)] if wide else [chunked.ridge_loo(X, y, [1.0])]
    answers = 2 * 8 * long if wide else 0  # of two λ, put together by Dask
    for made in calls:
        assert max(sizes(made)) <= max(8 * max(size * (short + 1), 2 * (short + 1) ** 2, long), answers)


@pytest.mark.interface
def test_what_is_not_finite_is_told_with_its_chunk(impl, chunked):
    """A NaN in any chunk is a ValueError that names the argument, the row and the chunk."""
    da = pytest.importorskip("dask.array")
    X, y = problem()
    X[47, 2] = np.nan
    made = chunked.ridge(da.from_array(X, chunks=20), da.from_array(y, chunks=20), 1.0)
    for told in ("X", "row 7", "chunk 2"):
        with refuses("a NaN", ValueError, told):
            made.compute(scheduler="synchronous")


@pytest.mark.interface
def test_dataframes_are_arrays_of_unknown_chunks(impl, chunked, tmp_path):
    """The columns of a dataframe are X, and one of them is y, though a file is read in larger parts for one column."""
    pd, dd = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    pytest.importorskip("pyarrow")
    X, y = problem()
    table = pd.DataFrame({**{f"x{i}": X[:, i] for i in range(4)}, "y": y, **{f"z{i}": y for i in range(20)}})
    table.to_parquet(tmp_path / "table.parquet", row_group_size=10)
    frame = dd.read_parquet(tmp_path / "table.parquet", blocksize=2000)
    features = frame[["x0", "x1", "x2", "x3"]]
    w = chunked.ridge(features, frame["y"], 0.5).compute()
    exact = oracles.ridge(X, y, 0.5)
    judge("ridge", w, exact, bounds.RIDGE["ridge"](X, y, 0.5, exact), dtype=float)
    predicted = chunked.predict(features, w).compute()
    assert np.allclose(predicted, X @ w, rtol=1e-12)
    assert np.allclose(chunked.residuals(features, frame["y"], w).compute(), y - predicted, rtol=1e-9)


@pytest.mark.interface
def test_a_dataframe_holds_numbers_and_truth_values(impl, chunked):
    """A column of truth values is one of 0 and 1, also beside numbers; one that holds anything else is named."""
    pd, dd = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    X, y = problem()
    table = pd.DataFrame({"a": X[:, 0], "flag": X[:, 1] > 0, "y": y, "text": "x"})
    frame, numbers = dd.from_pandas(table, npartitions=3), table[["a", "flag"]].to_numpy(float)
    exact = oracles.ridge(numbers, y, 0.5)
    for each in (frame, table):
        w = np.asarray(chunked.ridge(each[["a", "flag"]], each["y"], 0.5))
        judge("ridge", w, exact, bounds.RIDGE["ridge"](numbers, y, 0.5, exact), dtype=float)
        with refuses("a column of text", TypeError, "text"):
            chunked.ridge(each[["a", "text"]], each["y"], 0.5)


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster:
        yield cluster


@pytest.mark.accuracy
@given(networks(hard=True), st.integers(1, 6))
def test_gradients_in_parts_add_up(impl, chunked, case, parts):
    """L = Σ (nᵢ/n) Lᵢ and its gradient, of more parts than rows too, within what rounding allows each and the sum."""
    model = chunked.DataParallel(case.built(shrinkage), parts)
    n, dtype = len(case.y), case.X.dtype
    assert np.array_equal(model.loss(case.X), case.built(shrinkage).loss(case.X), equal_nan=True)
    loss, gradients = model.loss(case.X, case.y)
    sums: dict[str, Carried] = {}
    for first, last in pairwise(sorted({n * i // parts for i in range(parts + 1)}) if n else [0, 0]):
        share = Carried((last - first) / n if n else 1.0, dtype=dtype).rounded()
        _, value, slopes = exact(replace(case, X=case.X[first:last], y=case.y[first:last]))
        for name, one in ({"loss": value} | slopes).items():
            sums[name] = sums[name] + one * share if name in sums else one * share
    for name, value in ({"loss": loss} | gradients).items():
        got = np.asarray(value)
        assert got.dtype == dtype
        assert worst_ratio(got, *sums[name].answer) <= 1, name


@pytest.mark.accuracy
def test_training_in_parts_has_the_same_bits_on_any_number_of_workers(impl, chunked, cluster):
    """On this thread, on several, and on one and two processes of a cluster."""
    distributed, dask = pytest.importorskip("distributed"), pytest.importorskip("dask")
    rng = np.random.default_rng(7)
    X, y = rng.standard_normal((90, 4)), rng.integers(0, 3, 90)
    given = {"X_train": X, "y_train": y, "X_val": X[:5], "y_val": y[:5]}

    def losses() -> list[float]:
        model = chunked.DataParallel(shrinkage.FullyConnectedNet([6], 4, 3, seed=8), parts=3)
        solver = shrinkage.Solver(model, given, batch_size=30, num_epochs=2, verbose=False, seed=9)
        solver.train()
        return solver.loss_history

    with dask.config.set(scheduler="synchronous"):
        expected = losses()
    with dask.config.set(scheduler="threads"):
        assert losses() == expected
    for workers in (2, 1):
        cluster.scale(workers)
        with distributed.Client(cluster):
            assert losses() == expected
    with pytest.raises(ValueError, match="parts must be positive"):
        chunked.DataParallel(shrinkage.FullyConnectedNet([6], 4, 3), parts=0)
    with pytest.raises(TypeError, match="model must have params and loss"):
        chunked.DataParallel(object(), parts=1)
