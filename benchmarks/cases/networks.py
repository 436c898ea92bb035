"""Chapter 5: layers, losses, update rules, and nets from one sample to a batch of images, in float32 too."""

from itertools import pairwise
from typing import Any

import numpy as np

from shrinkage.benchmarks.cases import inputs
from shrinkage.benchmarks.cases.bound import backward, loss_and_gradients, whole_training
from shrinkage.benchmarks.cases.case import Cases, sized

CASES = Cases()
add = CASES.add

_FLOAT32: Any = {"dtype": np.float32}


def _layer_size(N: int, D: int, M: int) -> float:
    return N * D + D * M + M + N * M


def _forward(N: int, D: int, M: int) -> float:
    return 2 * N * D * M + N * M


def _train(N: int, **widths: int) -> float:
    """Flops of a forward and a backward pass; no derivative by the data."""
    first, *others = (D * M for D, M in pairwise(widths.values()))
    return N * (4 * first + 6 * sum(others))


def _net_size(N: int, **widths: int) -> float:
    """The data, and every parameter with its derivative."""
    return N * widths["D"] + 2 * sum((D + 1) * M for D, M in pairwise(widths.values()))


_LAYER = {"small": {"N": 8, "D": 10, "M": 5}, "large": {"N": 256, "D": 1024, "M": 1024}}
_IMAGES = sized("N D M", (128, 784, 256))
_SCORES = {"small": {"N": 8, "C": 10}, "large": {"N": 4096, "C": 1000}}
_ENTRIES = {"small": {"n": 100}, "large": {"n": 4_000_000}}
_WEIGHTS = {"small": {"n": 100}, "large": {"n": 1_000_000}}
_NET = {"small": {"N": 8, "D": 20, "H": 10, "C": 5}, "large": {"N": 128, "D": 784, "H": 256, "C": 10}}
add("affine_forward", inputs.layer, _forward, _layer_size, **_LAYER, **_IMAGES)
add("affine_relu_forward", inputs.layer, lambda N, D, M: 2 * N * D * M + 2 * N * M, _layer_size, **_LAYER)
for _names, _options, _shapes in (
    ("affine_backward affine_relu_backward", {}, _LAYER),
    ("affine_backward", _FLOAT32, {"large-float32": _LAYER["large"]}),
):
    add(
        _names,
        inputs.layer_backward,
        lambda N, D, M: 4 * N * D * M + N * M,
        lambda N, D, M: 2 * N * D + 2 * D * M + M + N * M,
        backward,
        options=_options,
        **_shapes,
    )
add("affine_forward", inputs.layer, _forward, _layer_size, options=_FLOAT32, **{"large-float32": _LAYER["large"]})
add("relu_forward", inputs.vector, lambda n: n, lambda n: 2 * n, **_ENTRIES)
add("relu_forward", inputs.subnormal_vector, lambda n: n, lambda n: 2 * n, subnormal={"n": 1_000_000})
add("relu_backward", inputs.two_vectors, lambda n: n, lambda n: 3 * n, backward, **_ENTRIES)
add("softmax_loss", inputs.scores, lambda N, C: 5 * N * C, lambda N, C: 2 * N * C, **_SCORES, **sized("N C", (128, 10)))
add("svm_loss", inputs.scores, lambda N, C: 4 * N * C, lambda N, C: 2 * N * C, **_SCORES, **sized("N C", (128, 10)))
add("sgd", inputs.update, lambda n: 2 * n, lambda n: 3 * n, **_WEIGHTS)
add("sgd_momentum", inputs.update_with_velocity, lambda n: 4 * n, lambda n: 5 * n, **_WEIGHTS)
add("rmsprop", inputs.update_with_cache, lambda n: 9 * n, lambda n: 5 * n, **_WEIGHTS)
add("adam", inputs.update_with_moments, lambda n: 13 * n, lambda n: 7 * n, **_WEIGHTS)

_BATCHES = sized("N D H1 H2 C", *((N, 64, 100, 100, 10) for N in (1, 16, 64)))
_BATCHES_32 = sized("N D H1 H2 C", *((N, 64, 100, 100, 10) for N in (64, 128)), suffix="-float32")
_IMAGE_NETS = sized("N D H C", (128, 784, 256, 10), suffix="-float32")
_WIDE_NET = sized("N D H1 H2 C", (256, 3072, 1024, 1024, 10))
_WIDE_NET_32 = sized("N D H1 H2 C", (256, 3072, 1024, 1024, 10), suffix="-float32")
for _options, _shapes in (
    ({}, _NET | _BATCHES),
    (_FLOAT32, _BATCHES_32 | _IMAGE_NETS | _WIDE_NET_32),
    ({"quick": False}, _WIDE_NET),
):
    add("FullyConnectedNet", inputs.network_batch, _train, _net_size, loss_and_gradients, options=_options, **_shapes)
add("TwoLayerNet", inputs.network_batch, _train, _net_size, loss_and_gradients, **_NET)
add(
    "Solver",
    inputs.training,
    lambda N, D, H, C, batch, epochs: epochs * _train(N, D=D, H=H, C=C),
    lambda N, D, H, C, batch, epochs: epochs * (N * D + 4 * (N // batch) * (D * H + H * C)),
    whole_training,
    small={"N": 50, "D": 20, "H": 10, "C": 5, "batch": 10, "epochs": 20},
    large={"N": 2560, "D": 784, "H": 256, "C": 10, "batch": 128, "epochs": 1},
)
add(
    "eval_numerical_gradient",
    inputs.scalar_function,
    lambda n: 4 * n * n,
    lambda n: 2 * n * n,
    small={"n": 10},
    large={"n": 1000},
)
add(
    "eval_numerical_gradient_array",
    inputs.array_function,
    lambda n: 6 * n * n,
    lambda n: 6 * n * n,
    small={"n": 10},
    large={"n": 1000},
)
