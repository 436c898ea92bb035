"""Chapter 5 · a fully connected network and the solver that trains it."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from . import optim
from ._input import Array, expect, labels, loose, quiet
from .layers import affine_backward, affine_forward, affine_relu_backward, affine_relu_forward, softmax_loss

RULES = {"sgd": optim.sgd, "sgd_momentum": optim.sgd_momentum, "rmsprop": optim.rmsprop, "adam": optim.adam}


class FullyConnectedNet:
    """(affine – ReLU) for each hidden layer, then affine, then the softmax loss and ½·reg·Σ‖W‖²."""

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 784,
        num_classes: int = 10,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: DTypeLike = np.float64,
        seed: int | None = None,
    ) -> None:
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float64, np.float32):
            raise ValueError(f"dtype must be float64 or float32, not {self.dtype}")
        self.reg = float(reg)
        sizes = [input_dim, *hidden_dims, num_classes]
        self.num_layers = len(sizes) - 1
        rng = np.random.default_rng(seed)
        self.params: dict[str, Array] = {}
        for i in range(1, self.num_layers + 1):
            W = weight_scale * rng.standard_normal((sizes[i - 1], sizes[i]))
            self.params[f"W{i}"] = W.astype(self.dtype)
            self.params[f"b{i}"] = np.zeros(sizes[i], self.dtype)

    @quiet
    def loss(self, X: ArrayLike, y: ArrayLike | None = None) -> Any:
        """Scores, or the loss and its gradients if there are labels."""
        (X,) = loose(X=X)
        D = len(self.params["W1"])
        expect("X", X, X.ndim >= 1 and math.prod(X.shape[1:]) == D, f"(N, ...) with {D} entries a sample")
        out, caches = X.astype(self.dtype), []
        for i in range(1, self.num_layers + 1):
            forward = affine_relu_forward if i < self.num_layers else affine_forward
            out, cache = forward(out, self.params[f"W{i}"], self.params[f"b{i}"])
            caches.append(cache)
        if y is None:
            return out

        loss, dout = softmax_loss(out, labels("y", y, *out.shape))
        grads = {}
        for i in range(self.num_layers, 0, -1):
            backward = affine_relu_backward if i < self.num_layers else affine_backward
            W = self.params[f"W{i}"]
            dout, dW, grads[f"b{i}"] = backward(dout, caches[i - 1])
            grads[f"W{i}"] = dW + self.reg * W
            loss += self.reg / 2 * np.sum(W * W)
        return loss, grads


class TwoLayerNet(FullyConnectedNet):
    """Affine, ReLU, affine."""

    def __init__(
        self,
        input_dim: int = 3 * 32 * 32,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
    ) -> None:
        super().__init__([hidden_dim], input_dim, num_classes, reg=reg, weight_scale=weight_scale)


class Solver:
    """Trains a model, anything with `params` and `loss`, by minibatches."""

    def __init__(
        self,
        model: Any,
        data: dict[str, ArrayLike],
        update_rule: str = "sgd",
        optim_config: dict[str, Any] | None = None,
        lr_decay: float = 1.0,
        batch_size: int = 100,
        num_epochs: int = 10,
        verbose: bool = True,
        print_every: int = 10,
        seed: int | None = None,
    ) -> None:
        if update_rule not in RULES:
            raise ValueError(f"update_rule must be one of {', '.join(RULES)}, not {update_rule!r}")
        self.model = model
        self.X_train, self.y_train = np.asarray(data["X_train"]), np.asarray(data["y_train"])
        self.X_val, self.y_val = np.asarray(data["X_val"]), np.asarray(data["y_val"])
        for part, X, y in (("train", self.X_train, self.y_train), ("val", self.X_val, self.y_val)):
            expect(f"y_{part}", y, y.shape == X.shape[:1], f"{X.shape[:1]}, a label for each row of X_{part}")
        self.rule = RULES[update_rule]
        self.configs = {name: dict(optim_config or {}) for name in model.params}
        self.lr_decay, self.batch_size, self.num_epochs = lr_decay, batch_size, num_epochs
        self.verbose, self.print_every = verbose, print_every
        self.rng = np.random.default_rng(seed)
        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []

    def train(self) -> None:
        """Run every epoch; the best parameters by validation accuracy end in `model.params`."""
        steps = max(len(self.X_train) // self.batch_size, 1)
        best_accuracy, best_params = -1.0, None
        for t in range(1, self.num_epochs * steps + 1):
            self._step()
            if self.verbose and (t - 1) % self.print_every == 0:
                print(f"(Iteration {t} / {self.num_epochs * steps}) loss: {self.loss_history[-1]}")
            if t % steps == 0:
                for config in self.configs.values():
                    config["learning_rate"] = config["learning_rate"] * self.lr_decay
            if t == 1 or t % steps == 0:
                self.train_acc_history.append(self._accuracy(self.X_train, self.y_train))
                self.val_acc_history.append(self._accuracy(self.X_val, self.y_val))
                if self.verbose:
                    train, val = self.train_acc_history[-1], self.val_acc_history[-1]
                    print(f"(Epoch {t // steps} / {self.num_epochs}) train acc: {train}; val acc: {val}")
                if self.val_acc_history[-1] > best_accuracy:
                    best_accuracy = self.val_acc_history[-1]
                    best_params = {name: np.copy(value) for name, value in self.model.params.items()}
        if best_params is not None:
            self.model.params = best_params

    def _step(self) -> None:
        batch = self.rng.permutation(len(self.X_train))[: self.batch_size]
        loss, grads = self.model.loss(self.X_train[batch], self.y_train[batch])
        self.loss_history.append(float(loss))
        for name, w in self.model.params.items():
            self.model.params[name], self.configs[name] = self.rule(w, grads[name], self.configs[name])

    def _accuracy(self, X: Array, y: Array) -> float:
        if len(X) == 0:
            return math.nan
        return float(np.mean(np.argmax(self.model.loss(X), axis=1) == y))
