"""Training by minibatches, as handed in for an assignment."""

import numpy as np
import optim


class Solver:
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
        self.model, self.data = model, data
        self.update_rule = getattr(optim, update_rule)
        self.lr_decay, self.batch_size, self.num_epochs = lr_decay, batch_size, num_epochs
        self.verbose, self.print_every = verbose, print_every
        self.rng = np.random.default_rng(seed)
        self.optim_configs = {name: dict(optim_config or {}) for name in model.params}
        self.best_val_acc, self.best_params = -1.0, {}
        self.loss_history, self.train_acc_history, self.val_acc_history = [], [], []

    def train(self):
        per_epoch = max(len(self.data["X_train"]) // self.batch_size, 1)
        for t in range(1, self.num_epochs * per_epoch + 1):
            self._step()
            if self.verbose and t % self.print_every == 1:
                print(f"step {t}: loss {self.loss_history[-1]:.4f}")
            epoch_end = t % per_epoch == 0
            if t == 1 or epoch_end:
                self._check()
            if epoch_end:
                for config in self.optim_configs.values():
                    config["learning_rate"] *= self.lr_decay
        for name, value in self.best_params.items():
            self.model.params[name] = value

    def _step(self):
        batch = self.rng.choice(len(self.data["X_train"]), self.batch_size)
        loss, grads = self.model.loss(self.data["X_train"][batch], self.data["y_train"][batch])
        self.loss_history.append(loss)
        for name, w in self.model.params.items():
            self.model.params[name], self.optim_configs[name] = self.update_rule(
                w, grads[name], self.optim_configs[name]
            )

    def _check(self):
        self.train_acc_history.append(self._accuracy("train"))
        self.val_acc_history.append(self._accuracy("val"))
        if self.val_acc_history[-1] > self.best_val_acc:
            self.best_val_acc = self.val_acc_history[-1]
            self.best_params = {name: value.copy() for name, value in self.model.params.items()}

    def _accuracy(self, part):
        predicted = np.argmax(self.model.loss(self.data[f"X_{part}"]), axis=1)
        return np.mean(predicted == self.data[f"y_{part}"])
