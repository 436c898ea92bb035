"""A net and a solver as a student hands them in: masks in a list, other random numbers, other bookkeeping."""

import math

import numpy as np

from shrinkage.peers.numpy import layers
from shrinkage.peers.numpy._input import expect, labels, loose, quiet

from . import products

RULES = {name: getattr(products, name) for name in ("sgd", "sgd_momentum", "rmsprop", "adam")}


class FullyConnectedNet:
    """The last layer is drawn first, from another generator; gradients are in Fortran order."""

    def __init__(
        self, hidden_dims, input_dim=784, num_classes=10, reg=0.0, weight_scale=1e-2, dtype=np.float64, seed=None
    ):
        self.reg, self.dtype = reg, dtype
        self.sizes = [input_dim, *hidden_dims, num_classes]
        rng = np.random.Generator(np.random.MT19937(seed))
        self.params = {}
        for i in range(len(self.sizes) - 1, 0, -1):
            self.params[f"b{i}"] = np.zeros(self.sizes[i], dtype)
            self.params[f"W{i}"] = rng.normal(0, weight_scale, self.sizes[i - 1 : i + 1]).astype(dtype)

    @quiet
    def loss(self, X, y=None):
        """Everything in transposed matrices, a column for each sample."""
        (X,) = loose(X=X)
        D, last = self.sizes[0], len(self.sizes) - 1
        expect("X", X, X.ndim >= 1 and math.prod(X.shape[1:]) == D, f"(N, ...) with {D} entries a sample")
        columns, masks = [X.reshape(len(X), D).T.astype(self.dtype)], []
        for i in range(1, last + 1):
            before = self.params[f"W{i}"].T @ columns[-1] + self.params[f"b{i}"][:, None]
            if i < last:
                masks.append(before > 0)
                before = np.where(before <= 0, 0, before).astype(self.dtype)
            columns.append(before)
        scores = np.ascontiguousarray(columns[-1].T)
        if y is None:
            return scores
        loss, dout = layers.softmax_loss(scores, labels("y", y, *scores.shape))
        back, grads = dout.T, {}
        half = self.reg / 2
        for i in range(last, 0, -1):
            W = self.params[f"W{i}"]
            loss = loss + half * np.einsum("ij,ij->", W, W)
            grads[f"W{i}"] = np.asfortranarray((back @ columns[i - 1].T).T + 2 * half * W).astype(self.dtype)
            grads[f"b{i}"] = (back @ np.ones(back.shape[1], self.dtype)).astype(self.dtype)
            if i > 1:
                back = np.where(masks[i - 2], W @ back, 0).astype(self.dtype)
        return loss, dict(sorted(grads.items()))


class Solver:
    """Batches with replacement, accuracies in blocks of rows, the best parameters kept as it goes."""

    def __init__(
        self,
        model,
        data,
        update_rule="sgd",
        optim_config=None,
        lr_decay=1.0,
        batch_size=100,
        num_epochs=10,
        verbose=True,
        print_every=10,
        seed=None,
    ):
        if update_rule not in RULES:
            raise ValueError(f"update_rule {update_rule!r} is unknown")
        self.data = {key: np.array(data[key]) for key in ("X_train", "y_train", "X_val", "y_val")}
        for part in ("train", "val"):
            X, y = self.data[f"X_{part}"], self.data[f"y_{part}"]
            expect("data", y, y.shape == X.shape[:1], "a label for each row")
        self.model, self.rule = model, RULES[update_rule]
        self.options = dict(optim_config or {})
        self.lr_decay, self.batch_size, self.num_epochs = lr_decay, batch_size, num_epochs
        self.verbose, self.print_every = verbose, print_every
        self.random = np.random.RandomState(np.random.MT19937(seed))
        self.states = {}
        self.loss_history, self.train_acc_history, self.val_acc_history = [], [], []

    def train(self):
        """Epoch by epoch."""
        best = (-1.0, None)
        for epoch in range(self.num_epochs):
            for step in range(max(len(self.data["X_train"]) // self.batch_size, 1)):
                self._step(epoch)
                last = step + 1 == max(len(self.data["X_train"]) // self.batch_size, 1)
                if last or (epoch == 0 and step == 0):
                    best = self._checked(best)
        if best[1] is not None:
            for name, value in best[1].items():
                self.model.params[name] = value

    def _step(self, epoch):
        rows = self.random.randint(0, len(self.data["X_train"]), self.batch_size)
        loss, grads = self.model.loss(self.data["X_train"][rows], self.data["y_train"][rows])
        self.loss_history.append(float(loss))
        if self.verbose and len(self.loss_history) % self.print_every == 1:
            print(loss)
        for name in sorted(grads):
            config = self.states.get(name, self.options)
            self.model.params[name], state = self.rule(self.model.params[name], grads[name], config)
            self.states[name] = state
        steps = max(len(self.data["X_train"]) // self.batch_size, 1)
        if len(self.loss_history) % steps == 0:
            for state in self.states.values():
                state["learning_rate"] = state["learning_rate"] * self.lr_decay

    def _checked(self, best):
        for part, history in (("train", self.train_acc_history), ("val", self.val_acc_history)):
            X, y = self.data[f"X_{part}"], self.data[f"y_{part}"]
            right = sum(
                int((np.argmax(self.model.loss(X[i : i + 100]), axis=1) == y[i : i + 100]).sum())
                for i in range(0, len(X), 100)
            )
            history.append(right / len(X) if len(X) else math.nan)
        if self.val_acc_history[-1] > best[0]:
            return self.val_acc_history[-1], {name: np.copy(value) for name, value in self.model.params.items()}
        return best
