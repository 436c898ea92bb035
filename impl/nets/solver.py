"""Chapter 5: training by minibatches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._kernels.validation import count, number, real, refuse_shape, sliced
from .optim import SETTINGS, UPDATE_RULES
from .progress import reporter
from .rows import Batch, Rows

__all__ = ["Solver"]

# Accuracies are computed for at least so many rows at once.
_ROWS = 512


class Solver:
    """w ← rule(w, ∂loss/∂w) for every parameter, by minibatches; accuracies every epoch, the best parameters kept.

    An epoch is max(N // batch_size, 1) steps. It goes through the rows in an order drawn anew, none twice; a batch as
    large as the data is the data. Accuracies are taken over every row, after the first step and after every epoch.

    Parameters
    ----------
    model
        Anything with `params`, a dict of arrays, and `loss`: ``loss(X)`` gives scores ``(N, C)``, ``loss(X, y)``
        gives the loss and a dict of its gradients, under the names in `params`.
    data
        ``X_train``, ``y_train``, ``X_val`` and ``y_val``; left as it was. X may be what has a shape, a dtype and slices
        (a `numpy.memmap`, an array of Zarr or Dask, a Dataset of h5py): then a batch is read when it is needed, by a
        thread, and the losses are those from memory to the bit.
    update_rule
        The name of a rule in `shrinkage.nets.optim`.
    optim_config
        What the rule is given, for each parameter its own copy.
    lr_decay
        The learning rate is multiplied by it after every epoch.
    batch_size, num_epochs
        Rows a step, and how long `train` goes on.
    verbose, print_every
        Whether to report: on a terminal as a bar, if `rich` is installed, else a line every so many steps.
    seed
        What `numpy.random.default_rng` takes; None draws batches afresh, anything else the same ones again.

    Attributes
    ----------
    loss_history : list of float
        The loss before each step.
    train_acc_history, val_acc_history : list of float
        A row whose scores hold a NaN counts as wrong. NaN over no rows.
    best_val_acc : float
    best_params : dict
        Copies of the parameters at the best accuracy on the validation data, the earliest of equals; without
        validation data, the last ones. Empty before the first step.

    Raises
    ------
    ValueError
        For data that is missing or of a wrong shape, an unknown rule, or a setting that no rule knows.
    TypeError
        For a model without `params` or `loss`.

    Notes
    -----
    For a net of one hidden layer, accuracies not counted: N(4DH + 6HC)·epochs flops. Bottou, "Large-scale machine
    learning with stochastic gradient descent" (2010); Prechelt, "Early stopping, but when?" (1998).
    """

    def __init__(
        self,
        model: Any,
        data: Mapping[str, ArrayLike],
        update_rule: str = "sgd",
        optim_config: Mapping[str, Any] | None = None,
        lr_decay: float = 1.0,
        batch_size: int = 100,
        num_epochs: int = 10,
        verbose: bool = True,
        print_every: int = 10,
        seed: Any = None,
    ) -> None:
        if not (hasattr(model, "params") and hasattr(model, "loss")):
            raise TypeError(f"model must have params and loss, but {type(model).__name__} has not")
        if update_rule not in UPDATE_RULES:
            raise ValueError(f"update_rule must be one of {', '.join(UPDATE_RULES)}, not {update_rule!r}")
        unknown = set(optim_config or ()) - SETTINGS
        if unknown:
            raise ValueError(f"optim_config must hold {', '.join(sorted(SETTINGS))}, not {', '.join(sorted(unknown))}")
        self.model = model
        self._train, self._val = _rows(data, "X_train", "y_train"), _rows(data, "X_val", "y_val")
        self.X_train, self.y_train = self._train.X, self._train.y
        self.X_val, self.y_val = self._val.X, self._val.y
        if not self.y_train.size:
            raise ValueError("X_train must have at least one row")
        self.update_rule = update_rule
        self.lr_decay = number("lr_decay", lr_decay)
        self.batch_size = _positive_count("batch_size", batch_size)
        self.num_epochs = count("num_epochs", num_epochs)
        self.verbose, self.print_every = verbose, _positive_count("print_every", print_every)
        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []
        self.best_val_acc = -1.0  # below every accuracy, 0 too
        self.best_params: dict[str, NDArray[Any]] = {}
        self._random = np.random.default_rng(seed)
        self._configs = {name: dict(optim_config or {}) for name in model.params}

    def train(self) -> None:
        """Train for `num_epochs`; leave the best parameters in `model.params`.

        Called again, it goes on from what is in `model.params`, with the rule's state and learning rate as they are.

        Raises
        ------
        ValueError
            If `model.loss` gives no gradient for some parameter.
        """
        steps = max(self.y_train.size // self.batch_size, 1)
        with reporter(self.verbose, self.num_epochs * steps, self.num_epochs, self.print_every) as report:
            for epoch in range(self.num_epochs):
                for step, (X, y) in enumerate(self._train.ahead(self._batches(steps)), 1):
                    first = not self.loss_history
                    self._step(X, y)
                    report.step(epoch * steps + step, self.loss_history[-1])
                    if step == steps:
                        self._decay()
                    if first or step == steps:
                        self._check()
                        done = epoch + (step == steps)
                        report.epoch(done, self.train_acc_history[-1], self.val_acc_history[-1])
        for name, best in self.best_params.items():
            self.model.params[name] = best.copy()

    def _batches(self, steps: int) -> Iterator[Batch]:
        """The rows of each step of an epoch."""
        n, size = self.y_train.size, self.batch_size
        if size >= n:
            yield slice(None)
            return
        order = self._random.permutation(n)
        for step in range(steps):
            yield order[step * size : (step + 1) * size]

    def _step(self, X: NDArray[Any], y: NDArray[Any]) -> None:
        loss, gradients = self.model.loss(X, y)
        self.loss_history.append(float(loss))
        rule, params = UPDATE_RULES[self.update_rule], self.model.params
        missing = [name for name in params if name not in gradients]
        if missing:
            raise ValueError(f"model.loss must give a gradient for every parameter, but {', '.join(missing)} has none")
        for name in list(params):
            params[name], self._configs[name] = rule(params[name], gradients[name], self._configs[name])

    def _decay(self) -> None:
        for config in self._configs.values():
            config["learning_rate"] = config["learning_rate"] * self.lr_decay

    def _check(self) -> None:
        """Take the accuracies, and keep the parameters if they are the best so far."""
        self.train_acc_history.append(self._accuracy(self._train))
        accuracy = self._accuracy(self._val)
        self.val_acc_history.append(accuracy)
        if not accuracy <= self.best_val_acc:  # not ">": without validation data it is NaN, and the last ones stay
            self.best_val_acc = accuracy
            self.best_params = {name: np.array(value) for name, value in self.model.params.items()}

    def _accuracy(self, data: Rows) -> float:
        right = 0
        for X, y in data.blocks(max(self.batch_size, _ROWS)):
            scores = np.asarray(self.model.loss(X))
            predicted = scores.argmax(axis=1)  # the first NaN, where there is one
            highest = scores[np.arange(predicted.size), predicted]
            right += int(np.count_nonzero((predicted == y) & ~np.isnan(highest)))
        return right / data.y.size if data.y.size else float("nan")


def _rows(data: Mapping[str, ArrayLike], X: str, y: str) -> Rows:
    for name in (X, y):
        if name not in data:
            raise ValueError(f"data must hold X_train, y_train, X_val and y_val, but {name} is missing")
    rows, labels = sliced(X, data[X]), real(y, data[y])
    if len(rows.shape) == 0:
        refuse_shape(X, rows, "(N, ...)")
    if np.isnan(rows.shape[0]):
        raise ValueError(f"{X} must know how many rows it has: {X}.compute_chunk_sizes() counts them")
    if labels.shape != rows.shape[:1]:
        refuse_shape(y, labels, f"({rows.shape[0]},), a label for each row of {X}")
    return Rows(rows, labels, elsewhere=not isinstance(rows, np.ndarray) or isinstance(data[X], np.memmap))


def _positive_count(name: str, value: ArrayLike) -> int:
    number_of = count(name, value)
    if number_of == 0:
        raise ValueError(f"{name} must be positive, but it is 0")
    return number_of
