"""Chapters 4 and 5 as on paper, over carried numbers: the exact answer, and the error that theory allows.

What is here twice is meant to be: values and gradients by the formulas (`Carried`), and once more by a formula for
the loss alone, in power series a + bε, whose b is the derivative in a direction. The two check each other.
"""

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import arb, arb_series

from shrinkage.properties.engine.bounds import Bound, unit_roundoff
from shrinkage.properties.engine.running_error import FUNCTION, SOURCE, Carried, affine, balls, columns, either, product

# ---- chapter 4: the ReLU elbow under SGD -----------------------------------------------------------------------------

Triple = tuple[Carried, Carried, Carried]


def unit_gradients(x: Carried, y: Carried, w: Carried, b: Carried, *rate: Any) -> Triple:
    """dl/dφ, dl/dw, dl/db of ½(φ(x) − y)², the last two times the learning rate, where there is one."""
    before = w * x + b
    on = before.positive()
    dphi = before.where(on) - y
    return dphi, product(dphi, x, *rate).where(on), product(dphi, *rate).where(on)


def unit_step(x: Carried, y: Carried, w: Carried, b: Carried, lr: float) -> tuple[Carried, Carried]:
    """w and b after one step."""
    _, dw, db = unit_gradients(x, y, w, b, lr)
    return w - dw, b - db


def network(x: Carried, W1: Carried, b: Carried, W2: Carried) -> Carried:
    """W2 max(W1 x + b, 0), for a number or a vector x."""
    hidden = (x.reshape(-1, 1) * W1.reshape(1, -1) + b).relu()
    return (hidden @ W2.T).reshape(x.shape)


def network_gradients(x: Carried, y: Carried, W1: Carried, b: Carried, W2: Carried, *rate: Any) -> Triple:
    """dW1, db, dW2 for one sample; times the learning rate, where there is one."""
    before = W1[:, 0] * x + b
    on = before.positive()
    hidden = before.where(on)
    df = hidden @ W2[0] - y
    dW1, db, dW2 = product(df, W2[0], x, *rate), product(df, W2[0], *rate), product(df, hidden, *rate)
    return dW1.where(on).reshape(-1, 1), db.where(on), dW2.reshape(1, -1)


def network_step(x: Carried, y: Carried, W1: Carried, b: Carried, W2: Carried, lr: float) -> Triple:
    """W1, b, W2 after one step on one sample."""
    dW1, db, dW2 = network_gradients(x, y, W1, b, W2, lr)
    return W1 - dW1, b - db, W2 - dW2


def network_sgd(
    x: Carried, y: Carried, W1: Carried, b: Carried, W2: Carried, lr: float, epochs: int
) -> tuple[Carried, Carried, Carried, list[Carried]]:
    """W1, b, W2 after all epochs, and the elbows before the first step and after every epoch."""
    rows = [-b / W1[:, 0]]
    for _ in range(epochs):
        for i in range(x.shape[0]):
            W1, b, W2 = network_step(x[i], y[i], W1, b, W2, lr)
        rows.append(-b / W1[:, 0])
    return W1, b, W2, rows


# ---- chapter 5: losses -----------------------------------------------------------------------------------------------


def softmax_loss(x: Carried, y: np.ndarray) -> tuple[Carried, Carried]:
    """The mean of −log softmax(x)[y], and its derivative by x; scores shifted by their largest."""
    (N, C), rows = x.shape, np.arange(x.shape[0])
    shifted = x - x[rows, x.largest()].reshape(-1, 1)
    exps = shifted.exp()
    sums = exps.sum(axis=1)
    p = exps / sums.reshape(-1, 1)
    # exp(log p) is p as well, and rounds the exponent once more (Blanchard, Higham & Higham 2021: "division-free").
    in_logs = (shifted - sums.log().reshape(-1, 1)).exp()
    p = p.like(p.values, np.maximum(p.error, in_logs.error))
    losses = sums.log() - shifted[rows, y]
    # Whoever takes the logarithm of p instead of the difference above has p's relative error in the place of its own.
    u = unit_roundoff(x.dtype)
    relative = np.expm1(np.minimum(shifted.error[rows, y], 1)) + sums.error + (FUNCTION + 2) * u
    losses = losses.like(losses.values, losses.error + relative + FUNCTION * u * losses.size)
    # And 1 − p at the label may as well be the sum of the others.
    label = one_hot(y, C)
    others = (exps.where(label == 0).sum(axis=1) / sums).error[:, None]
    dx = p - label
    return mean(losses), (dx.like(dx.values, dx.error + label * others) / float(N)).rounded()


def svm_loss(x: Carried, y: np.ndarray) -> tuple[Carried, Carried]:
    """The mean over samples of Σ_{j≠y} max(0, x_j − x_y + 1), and its derivative by x."""
    (N, C), rows = x.shape, np.arange(x.shape[0])
    right = x.like(np.broadcast_to(x.values[rows, y][:, None], (N, C)))
    ones = x.constant(np.ones((N, C)))
    three = [part.reshape(N, C, 1) for part in (x, -right, ones)]
    margins = (columns(*three) @ x.constant(np.ones(3))).where(one_hot(y, C) == 0)
    over = margins.positive()
    # The 1 of the right class may be left out, or be added to the sum and taken off again.
    added = x.constant(np.broadcast_to([1.0, -1.0], (N, 2)))
    losses = columns(margins.where(over), added).sum(axis=1)
    counts = over - one_hot(y, C) * over.sum(axis=1)[:, None]
    # What the others get may be divided before it is summed up for the right class.
    each = (x.constant(over.astype(float)) / float(N)).rounded()
    dx = (x.constant(counts) / float(N)).rounded()
    summed = one_hot(y, C) * each.sum(axis=1).rounded().error[:, None]
    return mean(losses), dx.like(dx.values, np.maximum(dx.error, summed))


def one_hot(y: np.ndarray, C: int) -> np.ndarray:
    """A row for each label: 1 at the label, else 0."""
    hot: np.ndarray = np.arange(C) == np.asarray(y)[:, None]
    return hot.astype(float)


def mean(losses: Carried) -> Carried:
    """Divided before the sum or after it."""
    return (losses.sum() / float(losses.shape[0])).rounded()


# ---- chapter 5: networks ---------------------------------------------------------------------------------------------

Params = dict[str, Any]


def net(
    X: Carried, y: np.ndarray, params: dict[str, Carried], reg: float
) -> tuple[Carried, Carried, dict[str, Carried]]:
    """Scores, loss and gradients of (affine – ReLU)ᴸ⁻¹ – affine – softmax, with ½ reg Σ‖W‖²."""
    layers = len(params) // 2
    out, inputs, masks = X, [], []
    for i in range(1, layers + 1):
        inputs.append(out)
        out = affine(out, params[f"W{i}"], params[f"b{i}"])
        if i < layers:
            masks.append(out.positive())
            out = out.where(masks[-1])
    loss, dout = softmax_loss(out, y)
    weights = [params[f"W{i}"] for i in range(1, layers + 1)]
    # ‖W‖ may be a norm that is squared again: a root and a square of what was summed up.
    squares = [product(W, W, reg, 0.5).reshape(1, -1).sum(axis=1).rounded(roundings=3) for W in weights]
    loss = columns(loss.reshape(1), *squares).sum()
    grads = {}
    for i in range(layers, 0, -1):
        if i < layers:
            dout = dout.where(masks[i - 1])
        grads[f"b{i}"] = dout.sum()
        grads[f"W{i}"] = inputs[i - 1].T @ dout + params[f"W{i}"] * reg
        dout = dout @ params[f"W{i}"].T
    return out, loss, grads


def slope(X: Any, y: np.ndarray, params: Params, direction: Params, reg: float) -> arb:
    """The derivative of the loss at the parameters in a direction: the b of loss(params + ε direction) = a + bε + …."""
    moved = {name: series(params[name], direction[name]) for name in params}
    derivative: arb = _loss(balls(X), y, moved, reg)[1]
    return derivative


def series(a: Any, b: Any) -> np.ndarray:
    """a + bε, entry by entry, without the terms in ε² and beyond."""
    a, b = balls(a), balls(b)
    out = np.empty(a.shape, object)
    for index in np.ndindex(a.shape):
        pair: list[Any] = [a[index], b[index]]
        out[index] = arb_series(pair, prec=2)
    return out


def _loss(X: np.ndarray, y: np.ndarray, params: Params, reg: float) -> Any:
    layers = len(params) // 2
    out = X
    for i in range(1, layers + 1):
        out = _product(out, params[f"W{i}"]) + params[f"b{i}"]
        if i < layers:
            out = np.vectorize(lambda s: s if s[0] > 0 else 0 * s, otypes=[object])(out) if out.size else out
    total = arb_series([0], prec=2)
    for scores, label in zip(out, y, strict=True):
        total = total + sum((s.exp() for s in scores), 0 * total).log() - scores[label]
    squares = sum((w * w for i in range(1, layers + 1) for w in params[f"W{i}"].flat), 0 * total)
    return total / arb(len(y)) + squares * arb(reg) / 2


def _product(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    zero = arb_series([0], prec=2)
    return A @ B if A.shape[1] else np.full((A.shape[0], B.shape[1]), zero)


def along(grads: Params, direction: Params, allowed: dict[str, Carried]) -> tuple[float, Bound]:
    """Σ gradient · direction, rounded once, and what it may be off by."""
    total, error = arb(0), 0.0
    for name, d in direction.items():
        total += sum((g * e for g, e in zip(balls(grads[name]).flat, balls(d).flat, strict=True)), arb(0))
        error += float(np.sum(allowed[name].error * abs(np.asarray(d, float))))
    return float(total), Bound(error * (1 + 2.0**-40) + unit_roundoff(np.float64) * float(abs(total)) * 2, SOURCE)


# ---- chapter 5: update rules -----------------------------------------------------------------------------------------
# Hyperparameters are Python's floats: 1 − ρ and βᵗ are formed in double precision, then rounded to the array's.


class Rule:
    """An update rule with its state: ``w = rule.step(w, dw)``, the state under the names that `config` has for it."""

    def __init__(self, name: str, w: Carried, config: dict[str, Any]) -> None:
        self.name, self.config = name, config
        self.state = {key: w.constant(np.zeros(w.shape)) for key in STATE[name]}
        self.t = 0

    def __getitem__(self, key: str) -> float:
        return float(self.config.get(key, DEFAULTS[self.name][key]))

    def step(self, w: Carried, dw: Carried) -> Carried:
        """The next w."""
        lr = w.constant(self["learning_rate"])
        if self.name == "sgd":
            return w - lr * dw
        if self.name == "sgd_momentum":
            before, step = self.state["velocity"] * self["momentum"], lr * dw
            velocity = self.state["velocity"] = before - step
            return either(w + velocity, w + before - step, w - step + before)
        if self.name == "rmsprop":
            cache = self.state["cache"] = self._running("cache", "decay_rate", dw, dw)
            return w - product(lr, dw, 1.0 / (cache.sqrt() + self["epsilon"]))
        self.t += 1
        m, v = self._running("m", "beta1", dw), self._running("v", "beta2", dw, dw)
        self.state["m"], self.state["v"] = m, v
        first, second = self._unbiased("beta1", w), self._unbiased("beta2", w)
        root = either((v / second).sqrt(), v.sqrt() / second.sqrt())
        return w - product(lr, m, 1.0 / first, 1.0 / (root + self["epsilon"]))

    def _running(self, key: str, decay: str, *new: Carried) -> Carried:
        """ρ old + (1 − ρ) new or old + (1 − ρ)(new − old), the new a product."""
        old, rest = self.state[key], (new[0].constant(1.0, np.float64) - self[decay]).rounded(new[0].dtype)
        return either(old * self[decay] + product(*new, rest), old + rest * (product(*new) - old))

    def _unbiased(self, decay: str, w: Carried) -> Carried:
        power = functools.reduce(operator.mul, [w.held(self[decay])] * self.t)
        power = type(w)(power).rounded(roundings=self.t + 1)
        return (power.constant(1.0) - power).rounded(w.dtype)


STATE: dict[str, Sequence[str]] = {"sgd": (), "sgd_momentum": ("velocity",), "rmsprop": ("cache",), "adam": ("m", "v")}
DEFAULTS = {
    "sgd": {"learning_rate": 1e-2},
    "sgd_momentum": {"learning_rate": 1e-2, "momentum": 0.9},
    "rmsprop": {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
    "adam": {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}
