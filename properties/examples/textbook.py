"""Every function as a person types it from the textbook: NumPy, float64, nothing checked, nothing scaled.

``shrinkage judge properties/examples/textbook.py -m mathematics``: every claim holds. What it takes to pass `accuracy`
and `interface` too is in `impl/peers/numpy`.
"""

import numpy as np

# ---- chapter 1: vector calculus --------------------------------------------------------------------------------------


def linear_form(x, c):
    return x @ c


def linear_form_jacobian(x, c):
    return c[None, :]


def squared_norm(x):
    return x @ x


def squared_norm_jacobian(x):
    return 2 * x[None, :]


def matvec(A, x):
    return A @ x


def matvec_jacobian(A, x):
    return A


def quadratic_form(A, x):
    return x @ A @ x


def quadratic_form_jacobian(A, x):
    return (x @ (A + A.T))[None, :]


# ---- chapter 2: least squares and minimum norm -----------------------------------------------------------------------


def pinv(X, rcond=None):
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    if rcond is None:
        rcond = max(X.shape) * np.finfo(float).eps
    kept = s > rcond * s.max()
    return Vt[kept].T / s[kept] @ U[:, kept].T


def left_inverse(X):
    return np.linalg.inv(X.T @ X) @ X.T


def right_inverse(X):
    return X.T @ np.linalg.inv(X @ X.T)


def lstsq(X, y, rcond=None):
    return pinv(X, rcond) @ y


def min_norm(X, y):
    return right_inverse(X) @ y


# ---- chapter 3: ridge regression -------------------------------------------------------------------------------------


def ridge_objective(X, y, w, lam):
    return np.sum((y - X @ w) ** 2) + lam * np.sum(w**2)


def ridge_jacobian(X, y, w, lam):
    return 2 * (lam * w - (y - X @ w) @ X)[None, :]


def ridge_normal(X, y, lam):
    d = X.shape[1]
    return np.linalg.solve(X.T @ X + lam * np.eye(d), X.T @ y)


def ridge_svd(X, y, lam):
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return Vt.T * (s / (s**2 + lam)) @ (U.T @ y)


def ridge_map(X, y, lam):
    precision = np.eye(X.shape[1]) + X.T @ X / lam
    return np.linalg.solve(precision, X.T @ y / lam)


def ridge_augmented_rows(X, y, lam):
    d = X.shape[1]
    X_fake = np.vstack([X, np.sqrt(lam) * np.eye(d)])
    y_fake = np.concatenate([y, np.zeros((d, *y.shape[1:]))])
    return np.linalg.lstsq(X_fake, y_fake)[0]


def ridge_augmented_columns(X, y, lam):
    n, d = X.shape
    return min_norm(np.hstack([X, np.sqrt(lam) * np.eye(n)]), y)[:d]


def ridge_kernel(X, y, lam):
    n = X.shape[0]
    return X.T @ np.linalg.inv(X @ X.T + lam * np.eye(n)) @ y


def ridge(X, y, lam):
    d = X.shape[1]
    return np.linalg.inv(X.T @ X + lam * np.eye(d)) @ X.T @ y


def ridge_posterior(X, y, lam):
    d = X.shape[1]
    covariance = lam * np.linalg.inv(X.T @ X + lam * np.eye(d))
    return covariance @ X.T @ y / lam, covariance


def ridge_log_posterior(X, y, w, lam):
    return -np.sum((y - X @ w) ** 2) / (2 * lam) - np.sum(w**2) / 2


def ridge_inverse_singular_values(s, lam):
    return s / (s**2 + lam)


def ridge_filter_factors(s, lam):
    return s**2 / (s**2 + lam)


def ridge_path(X, y, lams):
    return np.array([ridge(X, y, lam) for lam in lams])


def _hat(X, lam):
    n = X.shape[0]
    return X @ ridge(X, np.eye(n), lam)


def ridge_dof(X, lams):
    return np.array([np.trace(_hat(X, lam)) for lam in lams])


def ridge_gcv(X, y, lams):
    n = len(y)
    rests = [np.eye(n) - _hat(X, lam) for lam in lams]
    return np.array([n * np.sum((rest @ y) ** 2) / np.trace(rest) ** 2 for rest in rests])


def ridge_loo(X, y, lams):
    hats = [_hat(X, lam) for lam in lams]
    return np.array([np.mean(((y - hat @ y) / (1 - np.diag(hat))) ** 2) for hat in hats])


def ridge_batch(X, y, lam):
    lams = np.broadcast_to(lam, len(X))
    return np.array([ridge(*problem) for problem in zip(X, y, lams, strict=True)])


def _with_ones(X, y, sample_weight):
    s = np.ones(len(y)) if sample_weight is None else sample_weight
    A = np.column_stack([np.ones(len(y)), X])
    return A, A.T * s, s


def ridge_intercept(X, y, lam, sample_weight=None):
    A, AtS, _ = _with_ones(X, y, sample_weight)
    penalty = lam * np.eye(A.shape[1])
    penalty[0, 0] = 0
    w = np.linalg.inv(AtS @ A + penalty) @ AtS @ y
    return w[1:], w[0]


def ridge_intercept_path(X, y, lams, sample_weight=None):
    each = [ridge_intercept(X, y, lam, sample_weight) for lam in lams]
    return np.array([w for w, _ in each]), np.array([b for _, b in each])


def ridge_intercept_loo(X, y, lams, sample_weight=None):
    A, AtS, s = _with_ones(X, y, sample_weight)
    loo = []
    for lam in lams:
        w, b = ridge_intercept(X, y, lam, sample_weight)
        penalty = lam * np.eye(A.shape[1])
        penalty[0, 0] = 0
        leverage = np.diag(A @ np.linalg.inv(AtS @ A + penalty) @ AtS)
        errors = (y - X @ w - b) / (1 - leverage)
        loo.append(np.sum(s * errors**2) / np.sum(s))
    return np.array(loo)


def ridge_by_feature(X, y, lams):
    return np.linalg.inv(X.T @ X + np.diag(lams)) @ X.T @ y


# ---- chapter 4: the ReLU elbow under SGD -----------------------------------------------------------------------------


def relu_unit(x, w, b):
    return np.maximum(w * x + b, 0)


def elbow(w, b):
    return -b / w


def relu_unit_loss(x, y, w, b):
    return (relu_unit(x, w, b) - y) ** 2 / 2


def relu_unit_gradients(x, y, w, b):
    dphi = relu_unit(x, w, b) - y
    on = float(w * x + b > 0)
    return dphi, dphi * on * x, dphi * on


def relu_unit_step(x, y, w, b, lr):
    _, dw, db = relu_unit_gradients(x, y, w, b)
    return w - lr * dw, b - lr * db


def relu_network(x, W1, b, W2):
    before = W1 * x + b[:, None]  # a unit a row, a sample a column
    return (W2 @ np.maximum(before, 0))[0].reshape(np.shape(x))


def relu_network_loss(x, y, W1, b, W2):
    return (relu_network(x, W1, b, W2) - y) ** 2 / 2


def relu_network_gradients(x, y, W1, b, W2):
    before = W1[:, 0] * x + b
    df = W2[0] @ np.maximum(before, 0) - y
    db = df * W2[0] * (before > 0)
    return (db * x)[:, None], db, (df * np.maximum(before, 0))[None, :]


def relu_network_step(x, y, W1, b, W2, lr):
    dW1, db, dW2 = relu_network_gradients(x, y, W1, b, W2)
    return W1 - lr * dW1, b - lr * db, W2 - lr * dW2


def elbows_after_step(x, y, W1, b, W2, lr):
    W1, b, W2 = relu_network_step(x, y, W1, b, W2, lr)
    return elbow(W1[:, 0], b)


def relu_network_sgd(x, y, W1, b, W2, lr, epochs):
    elbows = [elbow(W1[:, 0], b)]
    for _ in range(epochs):
        for sample in zip(x, y, strict=True):
            W1, b, W2 = relu_network_step(*sample, W1, b, W2, lr)
        elbows.append(elbow(W1[:, 0], b))
    return W1, b, W2, np.array(elbows)


# ---- chapter 5: fully connected networks -----------------------------------------------------------------------------


def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def affine_relu_forward(x, w, b):
    a, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout, cache):
    affine_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache)


def softmax_loss(x, y):
    N = len(x)
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(N), y]).mean()
    p[np.arange(N), y] -= 1
    return loss, p / N


def svm_loss(x, y):
    N = len(x)
    margins = np.maximum(0, x - x[np.arange(N), y][:, None] + 1)
    margins[np.arange(N), y] = 0
    dx = (margins > 0).astype(float)
    dx[np.arange(N), y] = -dx.sum(axis=1)
    return margins.sum() / N, dx / N


def sgd(w, dw, config=None):
    config = {"learning_rate": 1e-2, **(config or {})}
    return w - config["learning_rate"] * dw, config


def sgd_momentum(w, dw, config=None):
    config = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": np.zeros_like(w), **(config or {})}
    v = config["momentum"] * config["velocity"] - config["learning_rate"] * dw
    config["velocity"] = v
    return w + v, config


def rmsprop(w, dw, config=None):
    defaults = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": np.zeros_like(w)}
    config = {**defaults, **(config or {})}
    rho, c = config["decay_rate"], config["cache"]
    c = rho * c + (1 - rho) * dw**2
    config["cache"] = c
    return w - config["learning_rate"] * dw / (np.sqrt(c) + config["epsilon"]), config


def adam(w, dw, config=None):
    defaults = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    start = {"m": np.zeros_like(w), "v": np.zeros_like(w), "t": 0}
    config = {**defaults, **start, **(config or {})}
    beta1, beta2, t = config["beta1"], config["beta2"], config["t"] + 1
    m = beta1 * config["m"] + (1 - beta1) * dw
    v = beta2 * config["v"] + (1 - beta2) * dw**2
    config.update(m=m, v=v, t=t)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - config["learning_rate"] * m_hat / (np.sqrt(v_hat) + config["epsilon"]), config


class FullyConnectedNet:
    def __init__(
        self, hidden_dims, input_dim=784, num_classes=10, reg=0.0, weight_scale=1e-2, dtype=np.float64, seed=None
    ):
        self.reg, self.depth = reg, len(hidden_dims) + 1
        rng, sizes = np.random.default_rng(seed), [input_dim, *hidden_dims, num_classes]
        self.params = {}
        for i in range(1, self.depth + 1):
            self.params[f"W{i}"] = weight_scale * rng.standard_normal((sizes[i - 1], sizes[i]))
            self.params[f"b{i}"] = np.zeros(sizes[i])

    def loss(self, X, y=None):
        out, caches = X, {}
        for i in range(1, self.depth + 1):
            forward = affine_relu_forward if i < self.depth else affine_forward
            out, caches[i] = forward(out, self.params[f"W{i}"], self.params[f"b{i}"])
        if y is None:
            return out
        loss, dout = softmax_loss(out, y)
        grads = {}
        for i in range(self.depth, 0, -1):
            backward, W = affine_relu_backward if i < self.depth else affine_backward, self.params[f"W{i}"]
            dout, dW, grads[f"b{i}"] = backward(dout, caches[i])
            grads[f"W{i}"] = dW + self.reg * W
            loss += self.reg / 2 * np.sum(W**2)
        return loss, grads


class TwoLayerNet(FullyConnectedNet):
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        super().__init__([hidden_dim], input_dim, num_classes, reg, weight_scale)


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
        self.model, self.data, self.rule = model, data, globals()[update_rule]
        self.configs = {name: dict(optim_config or {}) for name in model.params}
        self.lr_decay, self.batch_size, self.num_epochs = lr_decay, batch_size, num_epochs
        self.verbose, self.print_every = verbose, print_every
        self.rng = np.random.default_rng(seed)
        self.loss_history, self.train_acc_history, self.val_acc_history = [], [], []

    def train(self):
        best_acc, best_params = 0, {}
        steps = max(len(self.data["X_train"]) // self.batch_size, 1)
        for t in range(1, self.num_epochs * steps + 1):
            self.step()
            if self.verbose and t % self.print_every == 1:
                print(f"step {t}: loss {self.loss_history[-1]}")
            if t == 1 or t % steps == 0:
                self.train_acc_history.append(self.accuracy("train"))
                self.val_acc_history.append(self.accuracy("val"))
                if self.val_acc_history[-1] > best_acc:
                    best_acc = self.val_acc_history[-1]
                    best_params = {name: w.copy() for name, w in self.model.params.items()}
            if t % steps == 0:
                for config in self.configs.values():
                    config["learning_rate"] *= self.lr_decay
        self.model.params = best_params

    def step(self):
        rows = self.rng.choice(len(self.data["X_train"]), self.batch_size)
        loss, grads = self.model.loss(self.data["X_train"][rows], self.data["y_train"][rows])
        self.loss_history.append(loss)
        for name, w in self.model.params.items():
            self.model.params[name], self.configs[name] = self.rule(w, grads[name], self.configs[name])

    def accuracy(self, part):
        predicted = self.model.loss(self.data[f"X_{part}"]).argmax(axis=1)
        return np.mean(predicted == self.data[f"y_{part}"])


def eval_numerical_gradient(f, x):
    return eval_numerical_gradient_array(f, x, 1)


def eval_numerical_gradient_array(f, x, df):
    h, grad = 1e-5, np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        grad[i] = np.sum((f(x + step) - f(x - step)) * df) / (2 * h)
    return grad
