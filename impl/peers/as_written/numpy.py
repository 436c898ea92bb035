"""What people type in NumPy: `--impl numpy-as-written`. One singular value decomposition where there are many λ."""

import math

import numpy as np

from .._net import Net

# ---- chapter 1 -------------------------------------------------------------------------------------------------------


def linear_form(x, c):
    return x @ c


def linear_form_jacobian(x, c):
    return c[None, :].copy()


def squared_norm(x):
    return x @ x


def squared_norm_jacobian(x):
    return 2 * x[None, :]


def matvec(A, x):
    return A @ x


def matvec_jacobian(A, x):
    return A.copy()


def quadratic_form(A, x):
    return x @ A @ x


def quadratic_form_jacobian(A, x):
    return (x @ (A + A.T))[None, :]


# ---- chapters 2 and 3 ------------------------------------------------------------------------------------------------


def pinv(X):
    return np.linalg.pinv(X)


def left_inverse(X):
    return np.linalg.inv(X.T @ X) @ X.T


def right_inverse(X):
    return X.T @ np.linalg.inv(X @ X.T)


def lstsq(X, y):
    return np.linalg.lstsq(X, y)[0]


def min_norm(X, y):
    return X.T @ np.linalg.solve(X @ X.T, y)


def ridge_objective(X, y, w, lam):
    return np.sum((y - X @ w) ** 2) + lam * np.sum(w**2)


def ridge_jacobian(X, y, w, lam):
    return 2 * (lam * w - (y - X @ w) @ X)[None, :]


def ridge_log_posterior(X, y, w, lam):
    return -np.sum((y - X @ w) ** 2) / (2 * lam) - np.sum(w**2) / 2


def ridge_normal(X, y, lam):
    return np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1], dtype=X.dtype), X.T @ y)


ridge_map = ridge_normal


def ridge_svd(X, y, lam):
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return (Vt.T * (s / (s**2 + lam))) @ (U.T @ y)


def ridge_augmented_rows(X, y, lam):
    d = X.shape[1]
    rows = np.vstack([X, math.sqrt(lam) * np.eye(d)])
    return np.linalg.lstsq(rows, np.concatenate([y, np.zeros((d, *y.shape[1:]))]))[0]


def ridge_augmented_columns(X, y, lam):
    n, d = X.shape
    return np.linalg.lstsq(np.hstack([X, math.sqrt(lam) * np.eye(n)]), y)[0][:d]


def ridge_kernel(X, y, lam):
    return X.T @ np.linalg.solve(X @ X.T + lam * np.eye(len(X), dtype=X.dtype), y)


def ridge(X, y, lam):
    n, d = X.shape
    return ridge_normal(X, y, lam) if n >= d else ridge_kernel(X, y, lam)


def ridge_posterior(X, y, lam):
    inverse = np.linalg.inv(X.T @ X + lam * np.eye(X.shape[1], dtype=X.dtype))
    return inverse @ (X.T @ y), lam * inverse


def ridge_inverse_singular_values(s, lam):
    return s / (s**2 + lam)


def ridge_filter_factors(s, lam):
    return s**2 / (s**2 + lam)


def ridge_path(X, y, lams):
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return (s / (s**2 + lams[:, None]) * (U.T @ y)) @ Vt


def ridge_dof(X, lams):
    s = np.linalg.svd(X, compute_uv=False)
    return np.sum(s**2 / (s**2 + lams[:, None]), axis=1)


def ridge_gcv(X, y, lams):
    residuals, leverages = _smoothed(X, y, lams)
    return len(y) * np.sum(residuals**2, axis=1) / np.sum(1 - leverages, axis=1) ** 2


def ridge_loo(X, y, lams):
    residuals, leverages = _smoothed(X, y, lams)
    return np.mean((residuals / (1 - leverages)) ** 2, axis=1)


def _smoothed(X, y, lams):
    U, s, _ = np.linalg.svd(X, full_matrices=False)
    factors = s**2 / (s**2 + lams[:, None])
    return y - (factors * (U.T @ y)) @ U.T, factors @ (U**2).T


def ridge_batch(X, y, lam):
    Xt = X.transpose(0, 2, 1)
    return np.linalg.solve(Xt @ X + lam * np.eye(X.shape[2], dtype=X.dtype), Xt @ y[:, :, None])[:, :, 0]


def ridge_intercept(X, y, lam, sample_weight=None):
    s = np.ones(len(X)) if sample_weight is None else sample_weight
    x_mean, y_mean = np.average(X, axis=0, weights=s), np.average(y, axis=0, weights=s)
    Xc = X - x_mean
    w = np.linalg.solve((Xc.T * s) @ Xc + lam * np.eye(X.shape[1], dtype=X.dtype), (Xc.T * s) @ (y - y_mean))
    return w, y_mean - x_mean @ w


def ridge_intercept_path(X, y, lams, sample_weight=None):
    s = np.ones(len(X)) if sample_weight is None else sample_weight
    x_mean, y_mean = np.average(X, axis=0, weights=s), np.average(y, weights=s)
    root = np.sqrt(s)
    W = ridge_path((X - x_mean) * root[:, None], (y - y_mean) * root, lams)
    return W, y_mean - W @ x_mean


def ridge_intercept_loo(X, y, lams, sample_weight=None):
    s = np.ones(len(X)) if sample_weight is None else sample_weight
    x_mean, y_mean = np.average(X, axis=0, weights=s), np.average(y, weights=s)
    root = np.sqrt(s)
    residuals, leverages = _smoothed((X - x_mean) * root[:, None], (y - y_mean) * root, lams)
    return np.sum((residuals / (1 - leverages - s / s.sum())) ** 2, axis=1) / s.sum()


def ridge_by_feature(X, y, lams):
    return np.linalg.solve(X.T @ X + np.diag(lams), X.T @ y)


# ---- chapter 4 -------------------------------------------------------------------------------------------------------


def relu_unit(x, w, b):
    return np.maximum(w * x + b, 0)


def elbow(w, b):
    return -b / w


def relu_unit_loss(x, y, w, b):
    return (max(w * x + b, 0.0) - y) ** 2 / 2


def relu_unit_gradients(x, y, w, b):
    phi = max(w * x + b, 0.0)
    return phi - y, (phi - y) * x * (phi > 0), (phi - y) * (phi > 0)


def relu_unit_step(x, y, w, b, lr):
    _, dw, db = relu_unit_gradients(x, y, w, b)
    return w - lr * dw, b - lr * db


def relu_network(x, W1, b, W2):
    return np.maximum(np.multiply.outer(x, W1[:, 0]) + b, 0) @ W2[0]


def relu_network_loss(x, y, W1, b, W2):
    return (W2[0] @ np.maximum(W1[:, 0] * x + b, 0) - y) ** 2 / 2


def relu_network_gradients(x, y, W1, b, W2):
    h = np.maximum(W1[:, 0] * x + b, 0)
    df = W2[0] @ h - y
    dh = df * W2[0] * (h > 0)
    return (dh * x)[:, None], dh, (df * h)[None, :]


def relu_network_step(x, y, W1, b, W2, lr):
    dW1, db, dW2 = relu_network_gradients(x, y, W1, b, W2)
    return W1 - lr * dW1, b - lr * db, W2 - lr * dW2


def elbows_after_step(x, y, W1, b, W2, lr):
    W1, b, _ = relu_network_step(x, y, W1, b, W2, lr)
    return -b / W1[:, 0]


def relu_network_sgd(x, y, W1, b, W2, lr, epochs):
    elbows = [-b / W1[:, 0]]
    for _ in range(epochs):
        for one, target in zip(x, y, strict=True):
            W1, b, W2 = relu_network_step(one, target, W1, b, W2, lr)
        elbows.append(-b / W1[:, 0])
    return W1, b, W2, np.array(elbows)


# ---- chapter 5 -------------------------------------------------------------------------------------------------------


def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def affine_relu_forward(x, w, b):
    out = np.maximum(x.reshape(len(x), -1) @ w + b, 0)
    return out, (x, w, out)


def affine_relu_backward(dout, cache):
    x, w, out = cache
    return affine_backward(dout * (out > 0), (x, w))


def softmax_loss(x, y):
    N = len(x)
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(N), y]))
    p[np.arange(N), y] -= 1
    return loss, p / N


def svm_loss(x, y):
    N = len(x)
    margins = np.maximum(x - x[np.arange(N), y][:, None] + 1, 0)
    margins[np.arange(N), y] = 0
    dx = (margins > 0) / N
    dx[np.arange(N), y] -= dx.sum(axis=1)
    return margins.sum() / N, dx


def sgd(w, dw, config=None):
    config = {"learning_rate": 1e-2, **(config or {})}
    return w - config["learning_rate"] * dw, config


def sgd_momentum(w, dw, config=None):
    config = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": np.zeros_like(w), **(config or {})}
    v = config["velocity"] = config["momentum"] * config["velocity"] - config["learning_rate"] * dw
    return w + v, config


def rmsprop(w, dw, config=None):
    config = {
        **{"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": np.zeros_like(w)},
        **(config or {}),
    }
    rho = config["decay_rate"]
    c = config["cache"] = rho * config["cache"] + (1 - rho) * dw**2
    return w - config["learning_rate"] * dw / (np.sqrt(c) + config["epsilon"]), config


def adam(w, dw, config=None):
    config = {
        **{"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
        **{"m": np.zeros_like(w), "v": np.zeros_like(w), "t": 0},
        **(config or {}),
    }
    beta1, beta2 = config["beta1"], config["beta2"]
    t = config["t"] = config["t"] + 1
    m = config["m"] = beta1 * config["m"] + (1 - beta1) * dw
    v = config["v"] = beta2 * config["v"] + (1 - beta2) * dw**2
    return w - config["learning_rate"] * (m / (1 - beta1**t)) / (
        np.sqrt(v / (1 - beta2**t)) + config["epsilon"]
    ), config


class FullyConnectedNet(Net):
    def loss(self, X, y=None):
        layers = len(self.params) // 2
        outs = [X.reshape(len(X), -1)]
        for i in range(1, layers + 1):
            out = outs[-1] @ self.params[f"W{i}"] + self.params[f"b{i}"]
            outs.append(np.maximum(out, 0) if i < layers else out)
        if y is None:
            return outs[-1]
        loss, dout = softmax_loss(outs[-1], y)
        grads = {}
        for i in range(layers, 0, -1):
            W = self.params[f"W{i}"]
            loss += self.reg / 2 * np.sum(W**2)
            grads[f"W{i}"], grads[f"b{i}"] = outs[i - 1].T @ dout + self.reg * W, dout.sum(axis=0)
            if i > 1:
                dout = dout @ W.T * (outs[i - 1] > 0)
        return loss, grads


def eval_numerical_gradient(f, x):
    return eval_numerical_gradient_array(f, x, 1.0)


def eval_numerical_gradient_array(f, x, df):
    grad, h = np.zeros_like(x), 1e-5
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + h
        above = np.copy(f(x))
        x[i] = old - h
        grad[i] = np.sum((above - f(x)) * df) / (2 * h)
        x[i] = old
    return grad
