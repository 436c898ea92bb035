"""What people type in autograd: `--impl autograd-as-written`. Derivatives of what NumPy computes."""

import autograd.numpy as np
from autograd import grad, jacobian, value_and_grad
from autograd.scipy.special import logsumexp

from .. import Library, xfail

LIBRARY = Library(distribution="autograd", oldest="1.9", module="autograd")


def linear_form_jacobian(x, c):
    return grad(lambda x: x @ c)(x)[None, :]


def squared_norm_jacobian(x):
    return grad(lambda x: x @ x)(x)[None, :]


def matvec_jacobian(A, x):
    return jacobian(lambda x: A @ x)(x)


def quadratic_form_jacobian(A, x):
    return grad(lambda x: x @ A @ x)(x)[None, :]


def ridge_jacobian(X, y, w, lam):
    return grad(lambda w: np.sum((X @ w - y) ** 2) + lam * np.sum(w**2))(w)[None, :]


def affine_backward(dout, cache):
    x, w, b = cache
    return tuple(
        grad(lambda x, w, b: np.sum((x.reshape(len(x), -1) @ w + b) * dout), each)(x, w, b) for each in range(3)
    )


def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w, b)


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return grad(lambda x: np.sum(np.maximum(x, 0) * dout))(cache)


def softmax_loss(x, y):
    return value_and_grad(lambda x: np.mean(logsumexp(x, axis=1) - x[np.arange(len(y)), y]))(x)


def svm_loss(x, y):
    right = np.arange(len(y)), y
    return value_and_grad(lambda x: (np.sum(np.maximum(x - x[right][:, None] + 1, 0)) - len(y)) / len(y))(x)


_TIE = "autograd halves the derivative of maximum between what is equal, so that of ReLU at 0 is ½"

EXPECTED_FAILURES = (
    xfail("test_relu_passes_back_where_it_is_on[*]", _TIE),
    xfail("test_a_chain_of_layers_goes_back_as_it_came", _TIE),
    xfail("test_softmax_ignores_a_shift[*]", "log Σ exp x − x rounds at the size of x", strict=False),
)
