"""What the cases should give: for each function, the answer and the error that theory allows.

At these sizes exact rationals would take hours, so answers are made with more digits than float64 has: straight from
the formula, with the bound by running error analysis (`measured`); or, where a system is solved, refined (`precise`),
with the bound of `properties.bounds` for the form at hand. A wrong answer is never timed.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from mpmath import mpf

from benchmarks import precise
from benchmarks.cases import Case, many_calls
from benchmarks.measured import Measured, affine, constant, given
from properties import bounds, bounds_selection
from properties.bounds import Bound

Answer = tuple[np.ndarray, Bound]
_MAKERS: dict[str, Callable[..., list[Answer]]] = {}


class WrongAnswer(AssertionError):
    """An answer whose error is over its bound, or that is of the wrong kind."""


@functools.lru_cache(maxsize=2)  # the large ones take 100 MB; racers come one after the other
def expected(case: Case, dtype: Any = np.float64) -> list[Answer]:
    """Each part of the answer, with its bound."""
    return _MAKERS[case.function](*case.arguments(dtype))


def error_over_bound(case: Case, result: Any, dtype: Any = np.float64) -> float:
    """The worst error of this result over its bound, at most 1.

    Raises
    ------
    WrongAnswer
        If the result is not within the bound, not finite, or not of the right shapes and dtype.
    """
    if case.function == "Solver":
        return _trained(case, result, dtype)
    return worst_ratio(case, parts(case.function, result), dtype)


def worst_ratio(case: Case, got: list[Any], dtype: Any = np.float64) -> float:
    """As `error_over_bound`, from the parts of the result."""
    answers = expected(case, dtype)
    if case.bind is many_calls:
        dtype = np.float64  # of Python's numbers
    if len(got) != len(answers):
        raise WrongAnswer(f"{case}: {len(answers)} results were expected, and {len(got)} came")
    return max(_ratio(f"{case}, result {i}", *pair, dtype) for i, pair in enumerate(zip(got, answers, strict=True)))


def _ratio(name: str, got: Any, answer: Answer, dtype: Any) -> float:
    exact, bound = answer
    got, allowed = np.asarray(got), np.asarray(bound.allowed, float)
    if got.shape != exact.shape or (got.ndim and got.dtype != dtype) or not np.all(np.isfinite(got)):
        raise WrongAnswer(f"{name} is not a finite array of {np.dtype(dtype)} in the shape {exact.shape}: {got!r}")
    error = np.abs(got - exact).astype(float)
    if allowed.shape != error.shape:
        error = np.linalg.norm(error)  # the bound is for the Frobenius norm
    ratio = float(np.max(np.divide(error, allowed, out=np.where(error > 0, np.inf, 0.0), where=allowed > 0), initial=0))
    if not ratio <= 1:
        raise WrongAnswer(f"{name}: error / bound = {ratio:.3g}, must be <= 1; the bound is from {bound.source}")
    return ratio


def parts(function: str, result: Any) -> list[Any]:
    """The arrays in a result, as `expected` lists them."""
    if function.endswith("_forward"):
        return [result[0]]  # what is in a cache is the implementation's own business
    if function == "FullyConnectedNet":
        loss, gradients = result
        return [loss, *(gradients[name] for name in sorted(gradients))]
    if function in ("sgd", "sgd_momentum", "rmsprop", "adam"):
        w, config = result
        return [w, *(config[key] for key in ("velocity", "cache", "m", "v") if key in config)]
    if isinstance(result, list):  # of many calls
        return list(np.array(result, float).T.reshape(-1, len(result)))
    return list(result) if isinstance(result, tuple) else [result]


def _trained(case: Case, solver: Any, dtype: Any) -> float:
    """What holds for any draw of batches: the histories are of their lengths, and the best parameters are kept."""
    data, _, how = case.arguments(dtype)
    steps = max(len(data["X_train"]) // how["batch_size"], 1) * how["num_epochs"]
    accuracy = np.mean(np.argmax(solver.model.loss(data["X_val"]), axis=1) == data["y_val"])
    lengths = (len(solver.loss_history), len(solver.train_acc_history), len(solver.val_acc_history))
    if lengths != (steps, how["num_epochs"] + 1, how["num_epochs"] + 1):
        raise WrongAnswer(f"{case}: histories of {lengths} entries after {steps} steps")
    if accuracy != max(solver.val_acc_history):
        raise WrongAnswer(f"{case} ends at an accuracy of {accuracy}, but had {max(solver.val_acc_history)}")
    if not solver.loss_history[-1] < solver.loss_history[0]:
        raise WrongAnswer(f"{case}: the loss went from {solver.loss_history[0]} to {solver.loss_history[-1]}")
    return 0.0


def _gives(names: str) -> Callable[[Callable[..., list[Answer]]], Callable[..., list[Answer]]]:
    def register(maker: Callable[..., list[Answer]]) -> Callable[..., list[Answer]]:
        _MAKERS.update(dict.fromkeys(names.split(), maker))
        return maker

    return register


def _answers(*measured: Measured) -> list[Answer]:
    return [m.answer for m in measured]


# ---- chapter 1 -------------------------------------------------------------------------------------------------------


@_gives("linear_form")
def _linear_form(x: np.ndarray, c: np.ndarray) -> list[Answer]:
    x, c = given(x, c)
    return _answers((x * c).sum())


@_gives("linear_form_jacobian")
def _linear_form_jacobian(x: np.ndarray, c: np.ndarray) -> list[Answer]:
    return [(c[None, :], bounds.EXACT)]


@_gives("squared_norm")
def _squared_norm(x: np.ndarray) -> list[Answer]:
    return _linear_form(x, x)


@_gives("squared_norm_jacobian")
def _squared_norm_jacobian(x: np.ndarray) -> list[Answer]:
    return [(2 * x[None, :], bounds.EXACT)]


@_gives("matvec")
def _matvec(A: np.ndarray, x: np.ndarray) -> list[Answer]:
    A, x = given(A, x)
    return _answers(A @ x)


@_gives("matvec_jacobian")
def _matvec_jacobian(A: np.ndarray, x: np.ndarray) -> list[Answer]:
    return [(A, bounds.EXACT)]


@_gives("quadratic_form")
def _quadratic_form(A: np.ndarray, x: np.ndarray) -> list[Answer]:
    A, x = given(A, x)
    return _answers(x @ (A @ x))


@_gives("quadratic_form_jacobian")
def _quadratic_form_jacobian(A: np.ndarray, x: np.ndarray) -> list[Answer]:
    A, x = given(A, x)
    return _answers((A @ x + A.T @ x)[None, :])


# ---- chapters 2 and 3 ------------------------------------------------------------------------------------------------


@_gives("pinv left_inverse right_inverse")
def _pinv(X: np.ndarray) -> list[Answer]:
    return [(precise.pseudoinverse(X), bounds.pseudoinverse(X, min(X.shape)))]


def _solved(bound: Callable[..., Bound], X: np.ndarray, y: np.ndarray, lam: float) -> list[Answer]:
    w = precise.ridge(X, y, np.array([lam]))[0]
    return [(w, bound(X, y, lam, w))]


@_gives("lstsq min_norm")
def _lstsq(X: np.ndarray, y: np.ndarray) -> list[Answer]:
    return _solved(bounds.least_squares, X, y, 0.0)


for _name, _bound in bounds.RIDGE.items():
    _gives(_name)(functools.partial(_solved, _bound))


@_gives("ridge_posterior")
def _posterior(X: np.ndarray, y: np.ndarray, lam: float) -> list[Answer]:
    covariance = lam * precise.gram_inverse(X, lam)
    return [*_solved(bounds.orthogonal, X, y, lam), (covariance, bounds_selection.posterior_covariance(X, lam))]


def _each(values: Iterable[Any], allowed: Iterable[Bound]) -> list[Answer]:
    """One answer, each entry of which has a bound of its own."""
    each = list(allowed)
    return [(np.array(list(values), precise.Wide), Bound(np.array([b.allowed for b in each]), each[0].source))]


@_gives("ridge_path")
def _path(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> list[Answer]:
    w = precise.ridge(X, y, lams)
    allowed = [bounds.orthogonal(X, y, float(lam), row) for lam, row in zip(lams, w, strict=True)]
    # Each row has a bound for its norm, and so has the whole.
    return [(w, Bound(np.linalg.norm([b.allowed for b in allowed]), allowed[0].source))]


@_gives("ridge_dof")
def _dof(X: np.ndarray, lams: np.ndarray) -> list[Answer]:
    each = [X.shape[1] - lam * np.trace(precise.gram_inverse(X, lam)) for lam in lams]
    return _each(each, (bounds_selection.degrees_of_freedom(X, float(lam)) for lam in lams))


@_gives("ridge_gcv")
def _gcv(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> list[Answer]:
    (n, d), (dof, _) = X.shape, _dof(X, lams)[0]
    w = precise.ridge(X, y, lams)
    r = y - w @ X.T.astype(precise.Wide)
    allowed = (
        bounds_selection.generalised_cross_validation(X, y, float(lam), row, d)
        for lam, row in zip(lams, w, strict=True)
    )
    return _each(n * (r * r).sum(axis=1) / (n - dof) ** 2, allowed)


@_gives("ridge_loo")
def _loo(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> list[Answer]:
    w = precise.ridge(X, y, lams)
    # What is left of XᵀX without a row, for every row: how far each refit is from losing rank.
    spectra = np.linalg.eigvalsh(X.T @ X - X[:, :, None] * X[:, None, :])
    pairs = [_left_out(X, y, lam, row, spectra) for lam, row in zip(lams, w, strict=True)]
    return _each(*zip(*pairs, strict=True))


def _left_out(X: np.ndarray, y: np.ndarray, lam: float, w: np.ndarray, spectra: np.ndarray) -> tuple[Any, Bound]:
    """The mean of eᵢ² by eᵢ = rᵢ/(1 − hᵢ), and `bounds_selection.leave_one_out` for all the refits at once."""
    leverage = precise.product(X, precise.gram_inverse(X, lam))  # XM⁻¹, whose row i is the direction in which w₋ᵢ moves
    r = y - X.astype(precise.Wide) @ w
    e = r / (1 - (leverage * X).sum(axis=1))
    refits = np.linalg.norm((w - leverage * e[:, None]).astype(float), axis=1)
    others = (r + (leverage.astype(float) @ X.T) * e[:, None]).astype(float)  # the residuals of refit i, and own eᵢ
    rest = np.sqrt(np.maximum((others**2).sum(axis=1) - (e * e).astype(float), 0))
    p = bounds.Problem(X, y, float(lam), w)
    cu, size, norm_y = float(p.cu), float(p.size), float(p.y)
    solver = (np.sqrt(spectra) / (spectra + lam)).max(axis=1)
    moves = size * (rest / (spectra[:, 0] + lam) + solver * refits) + solver * norm_y
    moved = np.linalg.norm(X, axis=1) * moves + norm_y + size * refits
    total = (2 * abs(e) + cu * moved) * moved + e * e
    source = "first-order perturbation of the data by c u, in each refit: Björck (1996), §1.4.3; Wedin (1973)"
    return (e * e).mean(), Bound(cu * float(total.mean()), source)


@_gives("ridge_batch")
def _batch(X: np.ndarray, y: np.ndarray, lam: float) -> list[Answer]:
    w = np.array([precise.ridge(*one, np.array([lam]))[0] for one in zip(X, y, strict=True)])
    # All problems together are one, with the X of each as a block on the diagonal.
    p = bounds.Problem(X[0], y[0], lam, w[0])
    residual = y - np.einsum("bnd,bd->bn", X, w)
    p.s = np.array([mpf(float(s)) for s in np.linalg.svd(X, compute_uv=False).flat], object)
    p.size, p.low = max(p.s), min(p.s)
    p.y, p.w, p.r = (mpf(float(np.linalg.norm(a.astype(float)))) for a in (y, w, residual))
    p.alpha = p.r / p.lam
    return [(w, bounds.orthogonal.__wrapped__(p))]


@_gives("ridge_objective")
def _objective(X: np.ndarray, y: np.ndarray, w: np.ndarray, lam: float) -> list[Answer]:
    X, y, w = given(X, y, w)
    r = y - X @ w
    return _answers((r * r).sum() + lam * (w * w).sum())


@_gives("ridge_log_posterior")
def _log_posterior(X: np.ndarray, y: np.ndarray, w: np.ndarray, lam: float) -> list[Answer]:
    X, y, w = given(X, y, w)
    r = y - X @ w
    return _answers((r * r).sum() * -0.5 / lam - (w * w).sum() * 0.5)


@_gives("ridge_jacobian")
def _jacobian(X: np.ndarray, y: np.ndarray, w: np.ndarray, lam: float) -> list[Answer]:
    X, y, w = given(X, y, w)
    return _answers(((lam * w - X.T @ (y - X @ w)) * 2)[None, :])


@_gives("ridge_inverse_singular_values")
def _inverse_singular_values(s: np.ndarray, lam: float) -> list[Answer]:
    (s,) = given(s)
    return _answers(s / (s * s + lam))


@_gives("ridge_filter_factors")
def _filter_factors(s: np.ndarray, lam: float) -> list[Answer]:
    (s,) = given(s)
    return _answers(s * s / (s * s + lam))


# ---- chapter 4 -------------------------------------------------------------------------------------------------------


@_gives("relu_unit")
def _relu_unit(x: np.ndarray, w: float, b: float) -> list[Answer]:
    (x,) = given(x)
    return _answers((w * x + b).relu())


@_gives("elbow")
def _elbow(w: np.ndarray, b: np.ndarray) -> list[Answer]:
    w, b = given(w, b)
    return _answers(-b / w)


def _unit(samples: Iterable[tuple[float, ...]]) -> tuple[Measured, Measured, Measured, Measured, Measured]:
    x, y, w, b, *_ = given(*np.array(samples).T)
    before = w * x + b
    return x, w, b, before, before.relu() - y


@_gives("relu_unit_loss")
def _relu_unit_loss(*samples: tuple[float, ...]) -> list[Answer]:
    *_, dphi = _unit(samples)
    return _answers(dphi * dphi * 0.5)


@_gives("relu_unit_gradients")
def _relu_unit_gradients(*samples: tuple[float, ...]) -> list[Answer]:
    x, _, _, before, dphi = _unit(samples)
    active = before.positive()
    return _answers(dphi, (dphi * x).where(active), dphi.where(active))


@_gives("relu_unit_step")
def _relu_unit_step(*samples: tuple[float, ...]) -> list[Answer]:
    x, w, b, before, dphi = _unit(samples)
    active, lr = before.positive(), samples[0][4]
    return _answers(w - lr * (dphi * x).where(active), b - lr * dphi.where(active))


@_gives("relu_network")
def _relu_network(x: np.ndarray, W1: np.ndarray, b: np.ndarray, W2: np.ndarray) -> list[Answer]:
    x, W1, b, W2 = given(x, W1, b, W2)
    return _answers((x[:, None] * W1.T + b).relu() @ W2[0])


@_gives("relu_network_loss")
def _relu_network_loss(x: float, y: float, W1: np.ndarray, b: np.ndarray, W2: np.ndarray) -> list[Answer]:
    W1, b, W2 = given(W1, b, W2)
    df = W2[0] @ (W1[:, 0] * x + b).relu() - y
    return _answers(df * df * 0.5)


def _gradients(x: Any, y: Any, w: Measured, b: Measured, v: Measured) -> tuple[Measured, Measured, Measured]:
    before = w * x + b
    active, hidden = before.positive(), before.relu()
    df = v @ hidden - y
    db = (df * v).where(active)
    return db * x, db, df * hidden


def _step(x: Any, y: Any, w: Measured, b: Measured, v: Measured, lr: float) -> tuple[Measured, Measured, Measured]:
    dw, db, dv = _gradients(x, y, w, b, v)
    return w - lr * dw, b - lr * db, v - lr * dv


@_gives("relu_network_gradients")
def _relu_network_gradients(x: float, y: float, W1: np.ndarray, b: np.ndarray, W2: np.ndarray) -> list[Answer]:
    W1, b, W2 = given(W1, b, W2)
    dw, db, dv = _gradients(x, y, W1[:, 0], b, W2[0])
    return _answers(dw[:, None], db, dv[None, :])


@_gives("relu_network_step")
def _relu_network_step(x: float, y: float, W1: Any, b: Any, W2: Any, lr: float) -> list[Answer]:
    W1, b, W2 = given(W1, b, W2)
    w, b, v = _step(x, y, W1[:, 0], b, W2[0], lr)
    return _answers(w[:, None], b, v[None, :])


@_gives("elbows_after_step")
def _elbows_after_step(x: float, y: float, W1: Any, b: Any, W2: Any, lr: float) -> list[Answer]:
    W1, b, W2 = given(W1, b, W2)
    w, b, _ = _step(x, y, W1[:, 0], b, W2[0], lr)
    return _answers(-b / w)


@_gives("relu_network_sgd")
def _relu_network_sgd(x: Any, y: Any, W1: Any, b: Any, W2: Any, lr: float, epochs: int) -> list[Answer]:
    W1, b, W2 = given(W1, b, W2)
    w, v = W1[:, 0], W2[0]
    elbows = [(-b / w).answer]
    for _ in range(epochs):
        for sample in zip(x, y, strict=True):
            w, b, v = _step(*sample, w, b, v, lr)
        elbows.append((-b / w).answer)
    rows, allowed = zip(*[(values, bound.allowed) for values, bound in elbows], strict=True)
    return [*_answers(w[:, None], b, v[None, :]), (np.array(rows), Bound(np.array(allowed), elbows[0][1].source))]


# ---- chapter 5 -------------------------------------------------------------------------------------------------------


@_gives("affine_forward")
def _affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[Answer]:
    return _answers(affine(*given(x, w, b)))


@_gives("affine_relu_forward")
def _affine_relu_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[Answer]:
    return _answers(affine(*given(x, w, b)).relu())


def _backward(dout: Measured, x: Measured, w: Measured) -> tuple[Measured, Measured, Measured]:
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


@_gives("affine_backward")
def _affine_backward(dout: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[Answer]:
    dout, x, w = given(dout, x, w)
    return _answers(*_backward(dout, x, w))


@_gives("affine_relu_backward")
def _affine_relu_backward(dout: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[Answer]:
    dout, x, w, b = given(dout, x, w, b)
    return _answers(*_backward(dout.where(affine(x, w, b).positive()), x, w))


@_gives("relu_forward")
def _relu_forward(x: np.ndarray) -> list[Answer]:
    return [(np.where(x > 0, x, 0), bounds.EXACT)]


@_gives("relu_backward")
def _relu_backward(dout: np.ndarray, x: np.ndarray) -> list[Answer]:
    return [(np.where(x > 0, dout, 0), bounds.EXACT)]


def _softmax(x: Measured, y: np.ndarray) -> tuple[Measured, Measured]:
    rows, N = np.arange(len(y)), len(y)
    shifted = x - x.values.max(axis=1, keepdims=True)
    exps = shifted.exp()
    sums = exps.sum(axis=1)
    losses = sums.log() - shifted[rows, y]
    wanted = np.zeros(x.values.shape)
    wanted[rows, y] = 1
    return losses.sum() / N, (exps / sums[:, None] - wanted) / N


@_gives("softmax_loss")
def _softmax_loss(x: np.ndarray, y: np.ndarray) -> list[Answer]:
    (x,) = given(x)
    return _answers(*_softmax(x, y))


@_gives("svm_loss")
def _svm_loss(x: np.ndarray, y: np.ndarray) -> list[Answer]:
    (x,) = given(x)
    rows, N = np.arange(len(y)), len(y)
    others = np.ones(x.values.shape, bool)
    others[rows, y] = False
    margins = x - x[rows, y][:, None] + 1
    over = margins.where(others).relu()
    counts = (margins.positive() & others).astype(float)
    counts[rows, y] = -counts.sum(axis=1)
    return _answers(over.sum(axis=1).sum() / N, Measured(counts, 0.0, x.dtype) / N)


@_gives("sgd")
def _sgd(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> list[Answer]:
    w, dw = given(w, dw)
    return _answers(w - 1e-2 * dw)


@_gives("sgd_momentum")
def _sgd_momentum(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> list[Answer]:
    w, dw, v = given(w, dw, config["velocity"])
    v = 0.9 * v - 1e-2 * dw
    return _answers(w + v, v)


@_gives("rmsprop")
def _rmsprop(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> list[Answer]:
    w, dw, c = given(w, dw, config["cache"])
    rho = constant(0.99, w.dtype)
    c = rho * c + (1 - rho) * (dw * dw)
    return _answers(w - 1e-2 * dw / (c.sqrt() + 1e-8), c)


@_gives("adam")
def _adam(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> list[Answer]:
    w, dw, m, v = given(w, dw, config["m"], config["v"])
    beta1, beta2, t = constant(0.9, w.dtype), constant(0.999, w.dtype), config["t"] + 1
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * (dw * dw)
    step = 1e-3 * (m / (1 - _power(beta1, t))) / ((v / (1 - _power(beta2, t))).sqrt() + 1e-8)
    return _answers(w - step, m, v)


def _power(x: Measured, t: int) -> Measured:
    return functools.reduce(Measured.__mul__, [x] * t)


@_gives("FullyConnectedNet")
def _net(X: np.ndarray, y: np.ndarray, params: dict[str, np.ndarray]) -> list[Answer]:
    x, W1, b1, W2, b2 = given(X, *(params[name] for name in ("W1", "b1", "W2", "b2")))
    reg = 0.1
    before = affine(x, W1, b1)
    hidden = before.relu()
    loss, dscores = _softmax(affine(hidden, W2, b2), y)
    loss = loss + reg * 0.5 * ((W1 * W1).sum().sum() + (W2 * W2).sum().sum())
    dhidden, dW2, db2 = _backward(dscores, hidden, W2)
    dbefore = dhidden.where(before.positive())
    return _answers(loss, x.T @ dbefore + reg * W1, dW2 + reg * W2, dbefore.sum(axis=0), db2)


# f is given a float64 array, and what comes of it is rounded to the dtype of x at the end.


@_gives("eval_numerical_gradient")
def _numerical_gradient(f: Any, x: np.ndarray) -> list[Answer]:
    point = Measured(x)
    squares = point * point
    others = squares.sum() - squares
    h = 1e-5
    left, right = point - h, point + h
    slope = ((others + right * right) - (others + left * left)) / (2 * h)
    return _answers(Measured(slope.values, slope.error, x.dtype).rounded())


@_gives("eval_numerical_gradient_array")
def _numerical_gradient_array(f: Any, x: np.ndarray, df: np.ndarray) -> list[Answer]:
    point = Measured(x)
    h = 1e-5
    left, right = point - h, point + h
    slope = (right * right - left * left) * Measured(df) / (2 * h)
    return _answers(Measured(slope.values, slope.error, x.dtype).rounded())
