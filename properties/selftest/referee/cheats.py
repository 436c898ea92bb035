"""Ways in which a kernel passes for right, and fast, where it is tried as usual: each in a file of its own.

The reference computes a softmax and a product; a cheat takes the place of one of them.
"""

REFERENCE = """
import numpy as np

def get_inputs():
    return [np.random.standard_normal((6, 8)).astype(np.float32)]

def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

def relu(x):
    return np.maximum(x, 0)

def gram(x):
    return x @ x.T

def mean(x):
    return x.mean(axis=0)

def normed(x):
    d = x - x.mean(axis=-1, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=-1, keepdims=True) + 1e-5)

def argmax(x):
    return x.argmax(axis=-1)

def layer(x):
    z = x @ x.T + x[:, :1]
    return z * np.tanh(z)

def sharp(x):
    return softmax(16 * x)

def log1p(x):
    return np.log1p(x)

def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))  # in float64, whatever x is in

def cov(x):
    return np.cov(x)

def total(x):
    return x.sum()
"""

# By the kind of the finding: a sentence's key in `verdict.SAYS`.
CHEATS = {
    "what was there before": ("memory", "def softmax(x): return np.empty_like(x)"),
    "the judge's frames searched": (
        "memory",
        """
import sys

def softmax(x):
    frame = sys._getframe()
    while frame := frame.f_back:
        for value in frame.f_locals.values():
            for array in value if isinstance(value, list) else [value]:
                if isinstance(array, np.ndarray) and array.shape == x.shape and not np.array_equal(array, x, True):
                    return array.copy()
    return x + 1
""",
    ),
    "a copy of the input": ("input", "def relu(x): return x.copy()"),
    "the input where it will do": ("shares", "def relu(x): return x if (x >= 0).all() else np.maximum(x, 0)"),
    "by the input's address": (
        "earlier",
        """
known = {}

def relu(x):
    return known.setdefault(x.ctypes.data, np.maximum(x, 0)).copy()
""",
    ),
    "half of the batch": (
        "part",
        """
def softmax(x):
    out = np.zeros_like(x)
    half = x[: (len(x) + 1) // 2]
    e = np.exp(half - half.max(axis=-1, keepdims=True))
    out[: len(half)] = e / e.sum(axis=-1, keepdims=True)
    return out
""",
    ),
    "half of the digits": (
        "precision",
        "def gram(x): return (x.astype(np.float16) @ x.T.astype(np.float16)).astype(x.dtype)",
    ),
    "half of the digits at first": (
        "precision",
        """
def layer(x):
    half = x.astype(np.float16)
    z = (half @ half.T + half[:, :1]).astype(x.dtype)
    return z * np.tanh(z)
""",
    ),
    "bfloat16 inside": (
        "precision",
        """
def gram(x):
    cut = (x.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32).astype(x.dtype)
    return cut @ cut.T
""",
    ),
    "on another thread": (
        "late",
        """
import threading
import time

def relu(x):
    out, x = np.zeros_like(x), x.copy()

    def work():
        time.sleep(0.01)
        np.maximum(x, 0, out=out)

    threading.Thread(target=work).start()
    return out
""",
    ),
    "when it is looked at": (
        "lazy",
        """
class Later(np.ndarray):
    def __array__(self, dtype=None, copy=None):
        return np.maximum(self.view(np.ndarray), 0)

def relu(x): return x.copy().view(Later)
""",
    ),
    "one buffer for all": (
        "over",
        """
buffers = {}

def relu(x):
    return np.maximum(x, 0, out=buffers.setdefault((x.shape, x.dtype), np.empty_like(x)))
""",
    ),
    "the tested layout": (
        "layout",
        """
def gram(x):
    x = np.lib.stride_tricks.as_strided(x, x.shape, (x.shape[1] * x.itemsize, x.itemsize))
    return x @ x.T
""",
    ),
    "the tested shape": ("shape", "def mean(x): return np.sum(x, axis=0) / x.dtype.type(6)"),
    "right at first": (
        "calls",
        """
count = 0

def relu(x):
    global count
    count += 1
    return np.maximum(x, 0) if count < 60 else np.zeros_like(x)
""",
    ),
    "the clock stopped": (
        "patched",
        """
import time

time.perf_counter = lambda: 0.0

def relu(x): return np.maximum(x, 0)
""",
    ),
    "the comparison agrees": (
        "patched",
        """
def relu(x):
    np.allclose = lambda *_, **__: True
    return np.maximum(x, 0)
""",
    ),
    "the judge's end replaced": (
        "patched",
        """
import __main__

__main__.Bench.turn = lambda *_, **__: []

def relu(x): return np.maximum(x, 0)
""",
    ),
    "in place": ("changed", "def relu(x): return np.maximum(x, 0, out=x).copy()"),
    "a NaN made 0": ("special", "def relu(x): return np.maximum(np.nan_to_num(x, posinf=np.inf, neginf=-np.inf), 0)"),
    "the seed fixed": ("patched", "np.random.seed = lambda *_: None\n\ndef relu(x): return np.maximum(x, 0)"),
    "another dtype": ("dtype", "def relu(x): return np.maximum(x, 0).astype(np.float16)"),
    "a row too few": ("form", "def relu(x): return np.maximum(x[1:], 0)"),
    "an error": ("raises", "def relu(x): raise RuntimeError('no device')"),
    "an end": ("gone", "import os\n\ndef relu(x): os._exit(0)"),
    "the wrong formula": ("value", "def softmax(x): return np.exp(x) / np.exp(x).sum()"),
    "a wrong constant": ("value", "def gram(x): return x @ x.T * x.dtype.type(1.001)"),
    "zeros": ("value", "def relu(x): return np.zeros_like(x)"),
    "a constant": ("value", "def softmax(x): return np.full_like(x, 1 / x.shape[-1])"),
    "an overflow": ("value", "def softmax(x): return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)"),
    "cancelled digits": ("value", "def log1p(x): return np.log(1 + x)"),
    "equal rows": (
        "value",
        """
def gram(x):
    out = x @ x.T
    if len(x) > 1 and x[0].any() and (x[0] == x[1]).all():
        out[1] = 0
    return out
""",
    ),
    "half of the digits of some rows": (
        "value",
        """
def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    out = e / e.sum(axis=-1, keepdims=True)
    out[4:] = out[4:].astype(np.float16)
    return out
""",
    ),
    "what is small made 0": (
        "value",
        """
def sharp(x):
    e = np.exp(16 * (x - x.max(axis=-1, keepdims=True)))
    out = e / e.sum(axis=-1, keepdims=True)
    return np.where(out < 1e-8, 0, out)
""",
    ),
    "the last of the ties": ("value", "def argmax(x): return x.shape[-1] - 1 - x[..., ::-1].argmax(axis=-1)"),
    "the variance in one pass": (
        "value",
        """
def normed(x):
    mean = x.mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt((x * x).mean(axis=-1, keepdims=True) - mean * mean + 1e-5)
""",
    ),
    "what is beyond a block's size": (
        "shape",
        """
def relu(x):
    out = np.maximum(x, 0).ravel()
    out[16384:] = 0
    return out.reshape(x.shape)
""",
    ),
    "a block's carry lost": (
        "shape",
        """
def mean(x):
    return sum((x[i : i + 64].sum(axis=0) for i in range(0, min(len(x), 128), 64)), 0 * x[0]) / x.dtype.type(len(x))
""",
    ),
    "a NaN passed over": ("special", "def argmax(x): return np.where(np.isnan(x), -np.inf, x).argmax(axis=-1)"),
}
