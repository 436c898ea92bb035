"""Matrices and numbers that are known to be hard, for a hunt: the strategies draw them while one is on."""

import math
from typing import Any

import numpy as np

# Around what libraries switch at: blocks, vector lanes, methods for small matrices.
SIZES = (15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129)

_on = False


def hunt(on: bool) -> None:
    """Let strategies draw these, or not."""
    global _on
    _on = on


def hunted() -> bool:
    """Whether strategies draw these."""
    return _on


def _laeuchli(n: int, d: int, rng: np.random.Generator) -> Any:
    """A row of ones over a small multiple of I: XᵀX rounds to a matrix of ones (Läuchli 1961)."""
    X = np.eye(n, d, -1) * 10.0 ** -rng.uniform(1, 12)
    X[0] = 1
    return X


def _hilbert(n: int, d: int, rng: np.random.Generator) -> Any:
    return 1 / (1 + np.arange(n)[:, None] + np.arange(d))


def _kahan(n: int, d: int, rng: np.random.Generator) -> Any:
    """A triangle whose smallest singular value no pivot shows (Kahan 1966)."""
    angle = rng.uniform(0.4, 1.5)
    X = np.eye(n, d) - math.cos(angle) * np.triu(np.ones((n, d)), 1)
    return X * math.sin(angle) ** np.arange(n)[:, None]


def _vandermonde(n: int, d: int, rng: np.random.Generator) -> Any:
    return np.vander(np.linspace(-rng.integers(0, 2), 1, n), d, increasing=True)


def _rows_apart(n: int, d: int, rng: np.random.Generator) -> Any:
    """Rows of very different size, in any order: Householder's method needs them pivoted (Powell and Reid 1969)."""
    return rng.permutation(np.logspace(0, -rng.uniform(2, 14), n))[:, None] * rng.standard_normal((n, d))


def _nearly_alike(n: int, d: int, rng: np.random.Generator) -> Any:
    """Columns that are alike in all but the last digits."""
    return rng.standard_normal((n, 1)) * (1 + 10.0 ** -rng.uniform(3, 13) * rng.standard_normal((n, d)))


def _ties(n: int, d: int, rng: np.random.Generator) -> Any:
    """Entries of one size: every pivot is a tie."""
    return rng.choice([-1.0, 1.0], (n, d))


def _one_sided(n: int, d: int, rng: np.random.Generator) -> Any:
    """Positive numbers with a mean far above their spread: sums lose what is common to them."""
    return 1 + 10.0 ** -rng.uniform(2, 12) * rng.random((n, d))


_MADE = {
    "Läuchli": _laeuchli,
    "Hilbert": _hilbert,
    "Kahan": _kahan,
    "Vandermonde": _vandermonde,
    "rows apart": _rows_apart,
    "nearly alike": _nearly_alike,
    "ties": _ties,
    "one-sided": _one_sided,
}
NAMES = ("", *_MADE)


def matrix(name: str, n: int, d: int, rng: np.random.Generator, condition: float) -> Any:
    """One of these, of norm about 1; its singular values are lifted where they are below 1/condition."""
    X = _MADE[name](n, d, rng)
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    if s[-1] * condition >= s[0]:
        return np.ldexp(X, -int(np.frexp(s[0])[1]))
    return (U * np.maximum(s / s[0], 1 / condition)) @ Vt


def cancelling(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """The second half is what the first is, with the other sign, all but the last bit here and there."""
    flat = values.reshape(-1).copy()
    half = len(flat) // 2
    other = np.where(rng.random(half) < 0.5, flat[:half], np.nextafter(flat[:half], flat.dtype.type(0)))
    flat[len(flat) - half :] = -other
    return flat.reshape(values.shape)
