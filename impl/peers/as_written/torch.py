"""What people type in PyTorch: `--impl torch-as-written`. Tensors share the arrays' memory, as they do with people."""

import torch
from torch.nn import functional as F

from .._net import Net


def tensors(*arrays):
    return map(torch.from_numpy, arrays)


def pinv(X):
    return torch.linalg.pinv(torch.from_numpy(X)).numpy()


def lstsq(X, y):
    X, y = tensors(X, y)
    return torch.linalg.lstsq(X, y[:, None]).solution[:, 0].numpy()


def ridge_normal(X, y, lam):
    X, y = tensors(X, y)
    return torch.linalg.solve(X.T @ X + lam * torch.eye(X.shape[1], dtype=X.dtype), X.T @ y).numpy()


def ridge_kernel(X, y, lam):
    X, y = tensors(X, y)
    return (X.T @ torch.linalg.solve(X @ X.T + lam * torch.eye(len(X), dtype=X.dtype), y)).numpy()


def ridge(X, y, lam):
    n, d = X.shape
    return ridge_normal(X, y, lam) if n >= d else ridge_kernel(X, y, lam)


def ridge_svd(X, y, lam):
    X, y = tensors(X, y)
    U, s, Vt = torch.linalg.svd(X, full_matrices=False)
    return ((Vt.T * (s / (s**2 + lam))) @ (U.T @ y)).numpy()


def ridge_batch(X, y, lam):
    X, y = tensors(X, y)
    return torch.linalg.solve(
        X.mT @ X + lam * torch.eye(X.shape[2], dtype=X.dtype), (X.mT @ y[..., None])[..., 0]
    ).numpy()


def ridge_loo(X, y, lams):
    X, y, lams = tensors(X, y, lams)
    U, s, _ = torch.linalg.svd(X, full_matrices=False)
    factors = s**2 / (s**2 + lams[:, None])
    residuals = y - (factors * (U.T @ y)) @ U.T
    return ((residuals / (1 - factors @ (U**2).T)) ** 2).mean(dim=1).numpy()


def affine_forward(x, w, b):
    x, w, b = tensors(x.reshape(len(x), -1), w, b)
    return torch.addmm(b, x, w).numpy(), (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dout = torch.from_numpy(dout)
    return (dout @ w.T).numpy(), (x.T @ dout).numpy(), dout.sum(dim=0).numpy()


def relu_forward(x):
    return torch.relu(torch.from_numpy(x)).numpy(), x


def relu_backward(dout, cache):
    dout, x = tensors(dout, cache)
    return (dout * (x > 0)).numpy()


def affine_relu_forward(x, w, b):
    x, w, b = tensors(x.reshape(len(x), -1), w, b)
    out = torch.relu(torch.addmm(b, x, w))
    return out.numpy(), (x, w, out)


def affine_relu_backward(dout, cache):
    x, w, out = cache
    return affine_backward((torch.from_numpy(dout) * (out > 0)).numpy(), (x, w))


def softmax_loss(x, y):
    x, y = tensors(x, y)
    loss = F.cross_entropy(x.requires_grad_(), y)
    loss.backward()
    return loss.item(), x.grad.numpy()


def svm_loss(x, y):
    x, y = tensors(x, y)
    loss = F.multi_margin_loss(x.requires_grad_(), y) * x.shape[1]
    loss.backward()
    return loss.item(), x.grad.numpy()


class FullyConnectedNet(Net):
    def loss(self, X, y=None):
        params = [torch.from_numpy(value).requires_grad_() for value in self.params.values()]
        out = torch.from_numpy(X.reshape(len(X), -1))
        for i in range(0, len(params) - 2, 2):
            out = torch.relu(torch.addmm(params[i + 1], out, params[i]))
        out = torch.addmm(params[-1], out, params[-2])
        if y is None:
            return out.detach().numpy()
        loss = F.cross_entropy(out, torch.from_numpy(y)) + self.reg / 2 * sum((W**2).sum() for W in params[::2])
        loss.backward()
        return loss.item(), {name: p.grad.numpy() for name, p in zip(self.params, params, strict=True)}
