"""Training on rows that are not in memory: the losses are those from memory, and no more is read than a batch."""

import threading
from typing import Any

import numpy as np
import pytest

from shrinkage import FullyConnectedNet, Solver

N, SIDE, CLASSES = 700, 3, 4


def data(X: Any, dtype: Any = float) -> dict[str, Any]:
    """Of N images, the last fifth for validation."""
    labels = np.random.default_rng(2).integers(0, CLASSES, N)
    cut = 4 * N // 5
    return {"X_train": X[:cut], "y_train": labels[:cut], "X_val": X[cut:], "y_val": labels[cut:]}


@pytest.fixture
def images() -> np.ndarray:
    """N images of SIDE by SIDE."""
    return np.random.default_rng(1).standard_normal((N, SIDE, SIDE))


def trained(given: dict[str, Any], **settings: Any) -> tuple[Any, ...]:
    """All that a run says."""
    net = FullyConnectedNet([8], SIDE * SIDE, CLASSES, seed=3)
    solver = Solver(net, given, "adam", batch_size=32, num_epochs=3, verbose=False, seed=4, **settings)
    solver.train()
    return solver.loss_history, solver.train_acc_history, solver.val_acc_history, net.params["W1"].tobytes()


class Dataset:
    """As h5py has it: rows by slices, or by a list that increases; it knows who asks, and for how many."""

    def __init__(self, X: np.ndarray) -> None:
        self._X, self.shape, self.dtype = X, X.shape, X.dtype
        self.most, self.threads = 0, set[int]()

    def __getitem__(self, rows: Any) -> np.ndarray:
        assert isinstance(rows, slice) or (np.diff(rows) > 0).all()
        found = self._X[rows]
        self.most = max(self.most, len(found))
        self.threads.add(threading.get_ident())
        return found

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise AssertionError("all of it was asked for")


def test_batches_are_read_where_the_rows_are(images):
    """By another thread, a batch or a block of 512 at a time; the losses have the same bits."""
    expected, memory = trained(data(images)), data(images)
    train, val = Dataset(memory["X_train"]), Dataset(memory["X_val"])
    assert trained({**memory, "X_train": train, "X_val": val}) == expected
    assert train.most == 512
    assert threading.get_ident() not in train.threads | val.threads


@pytest.mark.parametrize("order", ["C", "F"])
def test_files_are_trained_on_like_arrays(images, tmp_path, order):
    """`numpy.memmap`, opened to be read only."""
    file = tmp_path / "X.npy"
    np.save(file, np.asarray(images, order=order))
    assert trained(data(np.load(file, mmap_mode="r"))) == trained(data(images))


@pytest.mark.parametrize("chunks", [100, (64, 2, 3)])
def test_collections_are_trained_on_like_arrays(images, tmp_path, chunks):
    """Arrays of Dask and, where it is installed, of Zarr."""
    da = pytest.importorskip("dask.array")
    expected = trained(data(images))
    assert trained(data(da.from_array(images, chunks=chunks))) == expected
    with pytest.raises(ValueError, match=r"X_train must know how many rows.*compute_chunk_sizes"):
        trained(
            data(da.from_array(images))
            | {"X_train": da.from_array(images, chunks=100)[da.from_array(images[:, 0, 0] > 0, chunks=100)]}
        )


def test_zarr_is_trained_on_like_arrays(images, tmp_path):
    """An array of Zarr, where it is installed, which is no more than a folder of chunks."""
    zarr = pytest.importorskip("zarr")
    memory = data(images)
    stored = zarr.create_array(str(tmp_path / "X.zarr"), data=memory["X_train"], chunks=(64, SIDE, SIDE))
    assert trained({**memory, "X_train": stored}) == trained(memory)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_cannot_be_read_ends_training(images, dtype):
    """With the error of the source; and a source of text is refused."""

    class Broken(Dataset):
        def __getitem__(self, rows: Any) -> np.ndarray:
            if not isinstance(rows, slice):
                raise OSError("the disk is gone")
            return super().__getitem__(rows)

    memory = data(images.astype(dtype))
    with pytest.raises(OSError, match="the disk is gone"):
        trained({**memory, "X_train": Broken(memory["X_train"])})
    text = Dataset(np.full((N, 2), "a"))
    with pytest.raises(TypeError, match="X_train must hold real numbers"):
        trained({**memory, "X_train": text})
