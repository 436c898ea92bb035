"""In fractions, by Python's own, one number after the other; each answer is rounded once."""

from fractions import Fraction

import numpy as np

from shrinkage.peers import numpy as textbook
from shrinkage.peers.numpy._input import arrays as checked
from shrinkage.peers.numpy._input import count, expect, not_negative, number, quiet
from shrinkage.peers.numpy.calculus import _matrix_and_vector, _pair, _vector
from shrinkage.peers.numpy.layers import _scores
from shrinkage.peers.numpy.least_squares import data
from shrinkage.peers.numpy.relu import _parameters, _sample, _unit


def _exact(values):
    return [Fraction(value) for value in np.asarray(values, float).ravel().tolist()]


def _float(value):
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _rounded(values, like, shape=None):
    array = np.array([_float(value) for value in values]).astype(like.dtype)
    return array.reshape(like.shape if shape is None else shape)[()]


def _dot(a, b):
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


@quiet
def linear_form(x, c):
    """Xᵀc."""
    x, c = _pair(x, c)
    return _rounded([_dot(_exact(x), _exact(c))], x, ())


@quiet
def squared_norm(x):
    """Xᵀx."""
    x = _vector(x)
    return _rounded([_dot(_exact(x), _exact(x))], x, ())


@quiet
def quadratic_form(A, x):
    """xᵀAx."""
    A, x = _matrix_and_vector(A, x, square=True)
    return _rounded([_dot(_exact(x), [_dot(_exact(row), _exact(x)) for row in A])], x, ())


@quiet
def ridge_normal(X, y, lam):
    """Gauss's elimination of XᵀX + λI."""
    like = textbook.ridge_svd(X, y, lam)  # refuses what is to be refused
    X, y = data(X, y)
    d, columns = X.shape[1], y if y.ndim > 1 else y[:, None]
    A, lam = [_exact(column) for column in X.T], Fraction(number("lam", lam))
    rows = [
        [_dot(A[i], A[j]) + lam * (i == j) for j in range(d)] + [_dot(A[i], _exact(b)) for b in columns.T]
        for i in range(d)
    ]
    for j in range(d):  # positive definite: no pivot is zero
        pivot = rows[j][j]
        rows[j] = [value / pivot for value in rows[j]]
        for i in range(d):
            if i != j and rows[i][j]:
                factor = rows[i][j]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[j], strict=True)]
    return _rounded([value for row in rows for value in row[d:]], like)


ridge_map = ridge_kernel = ridge_svd = ridge_normal


@quiet
def ridge(X, y, lam):
    """The same; at λ = 0 as in the textbook."""
    return ridge_normal(X, y, lam) if not_negative("lam", lam) else textbook.lstsq(X, y)


@quiet
def relu_unit_step(x, y, w, b, lr):
    """By the formula."""
    like = _unit(x, y, w, b)[0]
    x, y, w, b, lr = _exact([*_unit(x, y, w, b), number("lr", lr)])
    residual = max(w * x + b, Fraction(0)) - y if w * x + b > 0 else Fraction(0)
    return _rounded([w - lr * residual * x], like), _rounded([b - lr * residual], like)


def _stepped(sample, params, lr):
    (x, y), (W1, b, W2) = sample, params
    before = [w * x + bias for w, bias in zip(W1, b, strict=True)]
    r = _dot(W2, [max(z, Fraction(0)) for z in before]) - y
    on = [z > 0 for z in before]
    return (
        [w - lr * r * v * x * o for w, v, o in zip(W1, W2, on, strict=True)],
        [bias - lr * r * v * o for bias, v, o in zip(b, W2, on, strict=True)],
        [v - lr * r * z * o for v, z, o in zip(W2, before, on, strict=True)],
    )


@quiet
def relu_network_step(x, y, W1, b, W2, lr):
    """Unit by unit."""
    x, y, *params = _sample(x, y, W1, b, W2)
    after = _stepped(_exact([x, y]), [*map(_exact, params)], Fraction(number("lr", lr)))
    return tuple(_rounded(values, like) for values, like in zip(after, params, strict=True))


@quiet
def relu_network_sgd(x, y, W1, b, W2, lr, epochs):
    """Rounded after each step, or the numbers would grow without end."""
    x, y, *params = checked(x=x, y=y, W1=W1, b=b, W2=W2)
    expect("x", x, x.ndim == 1, "(N,)")
    expect("y", y, y.shape == x.shape, f"{x.shape}, as x")
    _parameters(*params)
    lr, epochs, params = number("lr", lr), count("epochs", epochs), [p.copy() for p in params]
    rows = [textbook.elbow(params[0][:, 0], params[1])]
    for _ in range(epochs):
        for i in range(len(x)):
            after = _stepped(_exact([x[i], y[i]]), [*map(_exact, params)], Fraction(lr))
            params = [_rounded(values, like) for values, like in zip(after, params, strict=True)]
        rows.append(textbook.elbow(params[0][:, 0], params[1]))
    return *params, np.array(rows).reshape(epochs + 1, len(params[1]))


@quiet
def svm_loss(x, y):
    """Margin by margin; what is not finite as in the textbook."""
    like = textbook.svm_loss(x, y)
    x, y, _ = _scores(x, y)
    if not x.size or not np.isfinite(x).all():
        return like
    loss, dx, N = Fraction(0), [], len(x)
    for row, k in zip(x, y, strict=True):
        scores = _exact(row)
        over = [j for j, s in enumerate(scores) if j != k and s - scores[k] + 1 > 0]
        loss += sum((scores[j] - scores[k] + 1 for j in over), Fraction(0))
        dx += [Fraction((j in over) - (j == k) * len(over), N) for j in range(len(scores))]
    return _rounded([loss / N], x, ()), _rounded(dx, x)
