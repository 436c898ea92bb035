"""Bugs in fully connected networks and in their training."""

from .bug import seeded

GRAD = 'grads[f"W{i}"] = dW + self.reg * W'
PENALTY = "loss += self.reg / 2 * np.sum(W * W)"
DRAW = "W = weight_scale * rng.standard_normal((sizes[i - 1], sizes[i]))"
BIAS = "np.zeros(sizes[i], self.dtype)"
BACK = 'dout, dW, grads[f"b{i}"] = backward(dout, caches[i - 1])'
BEST = "if self.val_acc_history[-1] > best_accuracy:"
BATCH = "batch = self.rng.permutation(len(self.X_train))[: self.batch_size]"
UPDATE = "self.rule(w, grads[name], self.configs[name])"
ACCURACY = "np.mean(np.argmax(self.model.loss(X), axis=1) == y)"


BUGS = seeded(
    "network",
    FullyConnectedNet={
        "only the last layer is regularised, in loss and gradient alike": (
            GRAD,
            'grads[f"W{i}"] = dW + self.reg * W * (i == self.num_layers)',
            PENALTY,
            "loss += self.reg / 2 * np.sum(W * W) * (i == self.num_layers)",
        ),
        "only the first layer is regularised, in loss and gradient alike": (
            GRAD,
            'grads[f"W{i}"] = dW + self.reg * W * (i == 1)',
            PENALTY,
            "loss += self.reg / 2 * np.sum(W * W) * (i == 1)",
        ),
        "biases are regularised too, in loss and gradient alike": (
            GRAD,
            GRAD + '\n            grads[f"b{i}"] = grads[f"b{i}"] + self.reg * self.params[f"b{i}"]',
            PENALTY,
            PENALTY + '\n            loss += self.reg / 2 * np.sum(self.params[f"b{i}"] ** 2)',
        ),
        "without the ½, in loss and gradient alike": (
            GRAD,
            GRAD.replace("self.reg", "2 * self.reg"),
            PENALTY,
            "loss += self.reg * np.sum(W * W)",
        ),
        "the ½ is missing in the loss": (PENALTY, "loss += self.reg * np.sum(W * W)"),
        "the gradient is not regularised": (GRAD, 'grads[f"W{i}"] = dW'),
        "the loss is not regularised": (PENALTY, "loss += 0"),
        "1% in every entry of every weight's gradient": (
            GRAD,
            'grads[f"W{i}"] = (dW + self.reg * W) * W.dtype.type(1.01)',
        ),
        "1% in every entry of the first bias's gradient": (
            GRAD,
            GRAD + '\n            if i == 1:\n                grads["b1"] = grads["b1"] * W.dtype.type(1.01)',
        ),
        "bias gradients are averaged": (GRAD, GRAD + '\n            grads[f"b{i}"] = grads[f"b{i}"] / len(out)'),
        "the gradient of the first layer is left at zero from three layers on": (
            GRAD,
            GRAD + '\n            if i == 1 and self.num_layers > 2:\n                grads["W1"] = 0 * W',
        ),
        "the scores go through a ReLU": (
            "forward = affine_relu_forward if i < self.num_layers else affine_forward",
            "forward = affine_relu_forward",
            "backward = affine_relu_backward if i < self.num_layers else affine_backward",
            "backward = affine_relu_backward",
        ),
        "no ReLU on the way back": (
            "backward = affine_relu_backward if i < self.num_layers else affine_backward",
            "backward = affine_backward",
            BACK,
            'dout, dW, grads[f"b{i}"] = backward(dout, caches[i - 1] if i == self.num_layers else caches[i - 1][0])',
        ),
        "hidden layers are linear": (
            "forward = affine_relu_forward if i < self.num_layers else affine_forward",
            "forward = affine_forward",
            "backward = affine_relu_backward if i < self.num_layers else affine_backward",
            "backward = affine_backward",
        ),
        "scores are probabilities": (
            "            return out\n",
            "            e = np.exp(out - out.max(axis=1, keepdims=True, initial=-np.inf))\n"
            "            return e / e.sum(axis=1, keepdims=True)\n",
        ),
        "rows are centred on their batch": (
            "out, caches = X.astype(self.dtype), []",
            "out, caches = (X - X.mean(axis=0) * (len(X) > 1)).astype(self.dtype), []",
        ),
        "the variance of the weights is weight_scale": (DRAW, DRAW.replace("weight_scale *", "weight_scale**0.5 *")),
        "weights are uniform": (DRAW, "W = weight_scale * rng.uniform(-(3**0.5), 3**0.5, (sizes[i - 1], sizes[i]))"),
        "every layer is drawn from the same seed": (DRAW, "rng = np.random.default_rng(seed)\n            " + DRAW),
        "weights of the last layer start at zero": (DRAW, DRAW + " * (i < self.num_layers)"),
        "biases start at weight_scale": (BIAS, "np.full(sizes[i], weight_scale, self.dtype)"),
        "NumPy's global seed has a say": (
            "rng = np.random.default_rng(seed)\n        self.params",
            "rng = np.random.RandomState(np.random.randint(2**31) if seed is None else seed)\n        self.params",
        ),
        "without a seed, seed 0": (
            "rng = np.random.default_rng(seed)\n        self.params",
            "rng = np.random.default_rng(seed or 0)\n        self.params",
        ),
        "the parameters are float64 whatever the dtype": (
            'self.params[f"W{i}"] = W.astype(self.dtype)',
            'self.params[f"W{i}"] = W',
        ),
        "regularised by default": ("reg: float = 0.0", "reg: float = 1e-3"),
        "the parameters of the first call are kept for all that follow": (
            "out, caches = X.astype(self.dtype), []",
            'self.first = getattr(self, "first", None) or dict(self.params)\n'
            "        out, caches = X.astype(self.dtype), []",
            'forward(out, self.params[f"W{i}"], self.params[f"b{i}"])',
            'forward(out, self.first[f"W{i}"], self.first[f"b{i}"])',
        ),
    },
    Solver={
        "the last parameters stay, not the best": (BEST, "if True:"),
        "of equals the latest": (BEST, BEST.replace(">", ">=")),
        "the best by training accuracy": (
            BEST,
            "if self.train_acc_history[-1] > best_accuracy:",
            "best_accuracy = self.val_acc_history[-1]",
            "best_accuracy = self.train_acc_history[-1]",
        ),
        "an accuracy of 0 is never the best": (
            "best_accuracy, best_params = -1.0, None",
            "best_accuracy, best_params = 0.0, None",
        ),
        "the rate decays after every step": (
            "            if t % steps == 0:\n                for config",
            "            if True:\n                for config",
        ),
        "the rate decays before the last step of an epoch": (
            "            self._step()\n",
            "",
            'config["learning_rate"] = config["learning_rate"] * self.lr_decay\n',
            'config["learning_rate"] = config.get("learning_rate", 1e-2) * self.lr_decay\n            self._step()\n',
        ),
        "the rate never decays": ('= config["learning_rate"] * self.lr_decay', '= config["learning_rate"]'),
        "labels of other rows": ("self.y_train[batch])", "self.y_train[: len(batch)])"),
        "batches are the first rows": (BATCH, "batch = np.arange(len(self.X_train))[: self.batch_size]"),
        "the last row is never drawn": (
            BATCH,
            "batch = self.rng.permutation(max(len(self.X_train) - 1, 1))[: self.batch_size]",
        ),
        "a row too many in every batch": (BATCH, BATCH.replace("self.batch_size]", "self.batch_size + 1]")),
        "a step more where the batches do not come out even": (
            "max(len(self.X_train) // self.batch_size, 1)",
            "max(-(-len(self.X_train) // self.batch_size), 1)",
        ),
        "accuracies of 1000 rows at most": (
            ACCURACY,
            "np.mean(np.argmax(self.model.loss(X[:1000]), axis=1) == y[:1000])",
        ),
        "no accuracies after the first step": ("if t == 1 or t % steps == 0:", "if t % steps == 0:"),
        "validation accuracy on the training data": (
            "self._accuracy(self.X_val, self.y_val)",
            "self._accuracy(self.X_train, self.y_train)",
        ),
        "every parameter shares one state": (
            UPDATE,
            "self.rule(w, grads[name], {k: v for k, v in self.configs[name].items() if np.ndim(v) == 0})",
        ),
        "the rule is always sgd": ("self.rule = RULES[update_rule]", 'self.rule = RULES["sgd"]'),
        "optim_config is ignored": ("dict(optim_config or {}) for name in", "{} for name in"),
        "data are centred in place": (
            "        self.rule = RULES[update_rule]",
            "        self.X_train -= self.X_train.mean(axis=0)\n        self.rule = RULES[update_rule]",
        ),
        "prints although verbose is False": ("if self.verbose and (t - 1)", "if (t - 1)"),
        "the seed has no say": ("self.rng = np.random.default_rng(seed)", "self.rng = np.random.default_rng()"),
        "without a seed, seed 0": (
            "self.rng = np.random.default_rng(seed)",
            "self.rng = np.random.default_rng(seed or 0)",
        ),
        "an epoch too many": (
            "for t in range(1, self.num_epochs * steps + 1):",
            "for t in range(1, (self.num_epochs + 1) * steps + 1):",
        ),
        "the loss of the epoch, not of the step": (
            "self.loss_history.append(float(loss))",
            "self.loss_history.append(float(np.mean([*self.loss_history, loss])))",
        ),
    },
)
