"""Chapter 2: tall, wide and square."""

from typing import Any

import numpy as np

from shrinkage.benchmarks.cases import inputs
from shrinkage.benchmarks.cases.case import Cases, qr, regression_size, sized, svd

CASES = Cases()
add = CASES.add


def _pinv(m: int, n: int) -> float:
    return svd(m, n) + 2 * m * n * min(m, n)


def _lstsq(m: int, n: int) -> float:
    """Σ, V and Uᵀy: Golub and Van Loan (2013), figure 8.6.1."""
    q, p = max(m, n), min(m, n)
    return 2 * q * p**2 + 11 * p**3


def _inverse_size(m: int, n: int) -> float:
    return 2 * m * n


_TALL = {"small": {"m": 10, "n": 3}, "large": {"m": 600, "n": 200}}
_WIDE = {"small": {"m": 3, "n": 10}, "large": {"m": 200, "n": 600}}
add("pinv", inputs.matrix, _pinv, _inverse_size, **_TALL, **sized("m n", (50, 10)), wide=_WIDE["large"])
add("pinv", inputs.square, _pinv, _inverse_size, square={"m": 300, "n": 300})
add("pinv", inputs.matrix, _pinv, _inverse_size, options={"quick": False}, **sized("m n", (5000, 500)))
add("left_inverse", inputs.matrix, lambda m, n: qr(m, n) + 3 * m * n * n, _inverse_size, **_TALL)
add("right_inverse", inputs.matrix, lambda m, n: qr(n, m) + 3 * n * m * m, _inverse_size, **_WIDE)

_system: tuple[Any, ...] = (inputs.system, _lstsq, regression_size)
add(
    "lstsq",
    *_system,
    small={"m": 10, "n": 3},
    large={"m": 1000, "n": 200},
    wide={"m": 200, "n": 1000},
    **sized("m n", (50, 10), (200, 20), (1000, 50), (5000, 300)),
)
add("lstsq", inputs.square_system, _lstsq, regression_size, square={"m": 300, "n": 300})
add("lstsq", *_system, options={"dtype": np.float32}, **{"large-float32": {"m": 1000, "n": 200}})
add("lstsq", *_system, options={"layout": inputs.strided}, strided={"m": 1000, "n": 200})
add("lstsq", *_system, options={"quick": False}, **sized("m n", (20_000, 500)))
add("lstsq", inputs.ill_conditioned_system, _lstsq, regression_size, **{"ill-conditioned": {"m": 1000, "n": 50}})
add(
    "min_norm",
    inputs.system,
    lambda m, n: qr(n, m),
    regression_size,
    small={"m": 3, "n": 10},
    large={"m": 200, "n": 1000},
)
