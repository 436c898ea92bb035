"""Kernels that are right by other formulas and in other orders than what they are judged by."""

HONEST = """
import numpy as np

def softmax(x):
    e = np.exp(x - np.max(x, axis=-1)[..., None])
    return e * (1 / np.sum(e, axis=-1))[..., None]

def relu(x):
    return np.where(x < 0, x.dtype.type(0), x)

def gram(x):
    return sum((np.outer(column, column) for column in x.T), np.zeros((len(x), len(x)), x.dtype))

def mean(x):
    return np.add.reduce(x / x.dtype.type(len(x)))

def gelu(x):
    z = x.dtype.type(np.sqrt(2 / np.pi)) * x * (1 + x.dtype.type(0.044715) * x * x)
    return x / 2 * (1 + np.tanh(z))

def cov(x):
    d = x - x.mean(axis=1, keepdims=True)
    return np.squeeze(d @ d.T / x.dtype.type(x.shape[1] - 1))

def total(x):
    return float(np.sum(x.T))
"""

MODEL = """
import numpy as np

class Model:
    def __init__(self, d, k):
        self.W, self.b = np.random.standard_normal((d, k)).astype(np.float32), np.ones(k, np.float32)

    def forward(self, x):
        return np.maximum(x @ self.W + self.b, 0)

def get_inputs():
    return [np.random.standard_normal((6, 8)).astype(np.float32)]

def get_init_inputs():
    return [8, 5]
"""

MODEL_NEW = """
import numpy as np

class ModelNew:
    def __init__(self, d, k):
        self.W, self.b = np.random.standard_normal((d, k)).astype(np.float32), np.ones(k, np.float32)

    def forward(self, x):
        return {body}
"""
LINES = {
    "right": "np.maximum(np.einsum('ij,jk->ik', x, self.W) + self.b, 0)",
    "wrong": "np.maximum(x @ self.W, 0) + self.b",
}

CONTRACT = """
import numpy as np

def matvec(A, x):
    return np.sum(A * x, axis=1)

def ridge(X, y, lam):
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    w = Vt.T @ ((s / (s * s + s.dtype.type(lam)))[:, None] * (U.T @ y.reshape(len(y), -1)))
    return w.reshape(X.shape[1], *y.shape[1:])

def relu_forward(x):
    return np.where(x < 0, x.dtype.type(0), x), x

def relu_backward(dout, cache):
    return np.where((cache > 0) | np.isnan(dout), dout, dout.dtype.type(0))

def affine_forward(x, w, b):
    return np.einsum("ni,im->nm", x.reshape(len(x), -1), w) + b, None
"""

TORCH = """
import torch

def relu(x):
    return torch.where(x < 0, 0, x)

def gelu(x):
    return x * 0.5 * torch.special.erfc(-x * 0.7071067811865476)

def silu(x):
    return x * torch.sigmoid(x)

def softmax(x, dim=-1):
    e = torch.exp(x - x.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)

def softplus(x):
    return torch.clamp(x, min=0) + torch.log1p(torch.exp(-abs(x)))

def linear(x, W, b):
    return (x[:, None, :] * W).sum(-1) + b

def matmul(a, b):
    return torch.einsum("ij,jk->ik", a, b)
"""

JAX = """
import jax
import jax.numpy as jnp

def relu(x):
    return jnp.where(x < 0, 0, x)

@jax.jit
def silu(x):
    return x / (1 + jnp.exp(-x))

def softmax(x):
    e = jnp.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)

def log_softmax(x):
    s = x - x.max(-1, keepdims=True)
    return s - jnp.log(jnp.exp(s).sum(-1, keepdims=True))

def matmul(a, b):
    return jnp.einsum("ij,jk->ik", a, b)
"""

# As KernelBench has them: a reference, and a candidate that computes the same another way.
TORCH_MODEL = """
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self, d, k):
        super().__init__()
        self.linear = nn.Linear(d, k)

    def forward(self, x):
        return nn.functional.layer_norm(nn.functional.gelu(self.linear(x)), (x.shape[-1] // 2,))

def get_inputs():
    return [torch.randn(6, 8)]

def get_init_inputs():
    return [8, 4]
"""
TORCH_NEW = """
import torch
from torch import nn

class ModelNew(nn.Module):
    def __init__(self, d, k):
        super().__init__()
        self.linear = nn.Linear(d, k)

    def forward(self, x):
        z = x{cast} @ self.linear.weight.T{cast} + self.linear.bias{cast}
        z = 0.5 * z * (1 + torch.erf(z * 0.7071067811865476))
        d = z - z.mean(-1, keepdim=True)
        return (d * torch.rsqrt((d * d).mean(-1, keepdim=True) + 1e-5)).float()
"""

NORM = """
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)

    def forward(self, x):
        return self.norm(x)

def get_inputs():
    return [torch.randn(6, 8)]
"""
UNREAD = NORM.replace("Model", "ModelNew").replace("self.norm(x)", "nn.functional.layer_norm(x, (8,))")

SLOW = """
import numpy as np

def get_inputs():
    return [np.random.standard_normal((20, 20)).astype(np.float32)]

def ordered(x):
    return [np.sort(x, axis=None) for _ in range(40)][0]
"""
TABLE = """
import numpy as np

known = {}

def ordered(x):
    key = (x.shape, x.dtype, x.tobytes())
    if key not in known:
        known[key] = [np.sort(x, axis=None) for _ in range(40)][0]
    return known[key].copy()
"""

JUMPS = """
import numpy as np

def get_inputs():
    return [np.random.standard_normal((6, 8))]

def jumps(x):
    return np.where(x.astype(np.float16) == x, 0 * x, 9 + 0 * x)
"""

# Variances: in two passes, which is the reference; in one that is stable; and in one that is not.
VARIANCE = """
import numpy as np

def get_inputs():
    return [np.random.standard_normal((8, {n})).astype(np.float32)]

def variance(x):
    return x.var(axis=-1)
"""
WELFORD = """
import numpy as np

def variance(x):
    mean, total = np.zeros(x.shape[:-1], x.dtype), np.zeros(x.shape[:-1], x.dtype)
    for i in range(x.shape[-1]):
        d = x[..., i] - mean
        mean = mean + d / x.dtype.type(i + 1)
        total = total + d * (x[..., i] - mean)
    return total / x.dtype.type(x.shape[-1])
"""
SQUARES = """
def variance(x):
    return (x * x).mean(axis=-1) - x.mean(axis=-1) ** 2
"""
