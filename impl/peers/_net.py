"""The parameters of a fully connected network, for libraries that compute what follows from them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike


class Net:
    """W1, b1, W2, …: weights N(0, weight_scale²) in (inputs, outputs), biases zero; a seed gives the same again."""

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 784,
        num_classes: int = 10,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: DTypeLike = np.float64,
        seed: int | None = None,
    ) -> None:
        self.reg, draw = reg, np.random.default_rng(seed)
        self.params: dict[str, Any] = {}
        for i, (fan_in, fan_out) in enumerate(pairwise([input_dim, *hidden_dims, num_classes]), 1):
            self.params[f"W{i}"] = draw.normal(0, weight_scale, (fan_in, fan_out)).astype(dtype)
            self.params[f"b{i}"] = np.zeros(fan_out, dtype)
