"""Training by data-parallel steps: one gradient a part of the batch, summed in a fixed order."""

from __future__ import annotations

from collections.abc import MutableMapping
from itertools import pairwise
from typing import Any

import numpy as np
from dask.base import compute
from dask.delayed import delayed
from numpy.typing import ArrayLike

from .._kernels.validation import count, real, refuse_shape
from .threads import one_thread


class DataParallel:
    """L(X, y) = Σᵢ (nᵢ/n) L(Xᵢ, yᵢ) and its gradient, of the parts of a batch, each a task: a model for `Solver`.

    ::

        model = shrinkage.dask.DataParallel(shrinkage.FullyConnectedNet([256], 784, 10), parts=4)
        shrinkage.Solver(model, data, batch_size=4096).train()  # on the scheduler, or the cluster, that Dask has

    Parameters
    ----------
    model
        Has `params` and `loss`, as `Solver` asks; its loss is a mean over samples, with or without penalties. It is
        sent to a worker as it is, by pickle.
    parts
        Into how many parts of rows a batch is cut. The sum is over parts in their order: the losses have the same bits
        on any scheduler and any number of workers, and another number of parts rounds otherwise.

    Raises
    ------
    ValueError
        For parts that are none.
    TypeError
        For a model without `params` or `loss`.

    Notes
    -----
    Each step sends the parameters to every part and gets as many numbers back. A layer that takes statistics of its
    batch takes those of its part. Li et al., "PyTorch Distributed" (2020), without overlapping the two.
    """

    def __init__(self, model: Any, parts: int) -> None:
        if not (hasattr(model, "params") and hasattr(model, "loss")):
            raise TypeError(f"model must have params and loss, but {type(model).__name__} has not")
        self.model, self.parts = model, count("parts", parts)
        if not self.parts:
            raise ValueError("parts must be positive, but it is 0")

    @property
    def params(self) -> MutableMapping[str, Any]:
        """The model's own."""
        return self.model.params

    def loss(self, X: ArrayLike, y: ArrayLike | None = None) -> Any:
        """Scores without y, here; with y the loss and its gradients, by tasks.

        Parameters
        ----------
        X : (N, ...)
            One sample a row.
        y : (N,)
            Labels.

        Returns
        -------
        scores, or (loss, gradients)
            As of the model.

        Raises
        ------
        ValueError
            For another number of labels than rows; and what the model raises.
        """
        if y is None:
            return self.model.loss(X)
        X, y = real("X", X), real("y", y)
        if X.ndim == 0 or y.shape != X.shape[:1]:
            refuse_shape("y", y, f"{X.shape[:1]}, a label for each row of X")
        n, part, model = len(y), delayed(_part), delayed(self.model, traverse=False)
        cuts = sorted({n * i // self.parts for i in range(self.parts + 1)})
        if n == 0:
            return self.model.loss(X, y)
        taken = compute(*[part(model, X[a:b], y[a:b], (b - a) / n) for a, b in pairwise(cuts)])
        losses, gradients = zip(*taken, strict=True)
        return sum(losses), {name: sum(each[name] for each in gradients) for name in gradients[0]}


def _part(model: Any, X: Any, y: Any, share: float) -> tuple[Any, dict[str, Any]]:
    """A part's share of the loss and of its gradients."""
    with one_thread():
        loss, gradients = model.loss(X, y)
        return share * loss, {name: share * np.asarray(value) for name, value in gradients.items()}
