"""What is timed, as data: function, sizes, inputs, and the cost in flops and in bytes moved.

Every function of the contract has at least a small and a large case. Small shows what a call costs, large what the
work costs; `large` fits a run of all cases into minutes. Costs are the leading terms for the textbook's algorithm, as
formulas of the sizes: for one implementation beside another they are the same, whatever each of them really does.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.inputs import Arguments, Builder
from impl.choose import Implementation
from impl.contract import CONTRACT

Formula = Callable[..., float]
Call = Callable[[], Any]
Bind = Callable[[Implementation, str, Arguments], Call]
Sizes = dict[str, int]


def _plain(implementation: Implementation, function: str, arguments: Arguments) -> Call:
    return partial(getattr(implementation, function), *arguments)


@dataclass(frozen=True, eq=False)  # by identity, so that answers can be kept for it
class Case:
    """One function at one size.

    Parameters
    ----------
    function
        A name of the contract.
    label
        `small`, `large`, or what else sets this size apart.
    sizes
        The sizes by the letters of the contract; `inputs`, `flops` and `moved` take them by name.
    inputs
        Builds the arguments from a generator and the sizes.
    flops
        Floating-point operations; a root, an exponential and a division count as one each.
    moved
        Floating-point numbers that have to be read or written once at least.
    bind
        From an implementation and the arguments to the call that is timed, which takes nothing.
    """

    function: str
    label: str
    sizes: Mapping[str, int]
    inputs: Builder
    flops: Formula
    moved: Formula
    bind: Bind = field(default=_plain)

    def __str__(self) -> str:
        return f"{self.function}-{self.label}"

    @property
    def chapter(self) -> int:
        """The chapter of the contract."""
        return CONTRACT[self.function].chapter

    def arguments(self, dtype: Any = np.float64) -> Arguments:
        """The inputs, the same ones every time, in this dtype."""
        rng = np.random.default_rng(zlib.crc32(self.function.encode()))
        return tuple(_cast(argument, dtype) for argument in self.inputs(rng, **self.sizes))

    def call(self, implementation: Implementation, arguments: Arguments) -> Call:
        """What is timed. Whatever has to happen before (a forward pass, a net) happens here, and is not timed."""
        return self.bind(implementation, self.function, arguments)

    def cost(self, dtype: Any = np.float64) -> tuple[float, float]:
        """Flops and bytes moved."""
        return self.flops(**self.sizes), self.moved(**self.sizes) * np.dtype(dtype).itemsize


def _cast(argument: Any, dtype: Any) -> Any:
    if isinstance(argument, dict):
        return {key: _cast(value, dtype) for key, value in argument.items()}
    return argument.astype(dtype) if isinstance(argument, np.ndarray) and argument.dtype.kind == "f" else argument


# ---- what is not just a call with the arguments ----------------------------------------------------------------------


def many_calls(implementation: Implementation, function: str, arguments: Arguments) -> Call:
    """One call for each tuple of numbers."""
    f = getattr(implementation, function)
    return lambda: [f(*numbers) for numbers in arguments]


def backward(implementation: Implementation, function: str, arguments: Arguments) -> Call:
    """The backward pass, with the cache of the implementation's own forward pass."""
    dout, *given = arguments
    _, cache = getattr(implementation, function.replace("backward", "forward"))(*given)
    return partial(getattr(implementation, function), dout, cache)


def loss_and_gradients(implementation: Implementation, function: str, arguments: Arguments) -> Call:
    """A net's training step up to the update: forward, loss, backward."""
    X, y, params = arguments
    (D, H), C = params["W1"].shape, len(params["b2"])
    net = implementation.FullyConnectedNet([H], input_dim=D, num_classes=C, reg=0.1, dtype=X.dtype, seed=0)
    for name, value in params.items():
        net.params[name] = value.copy()
    return partial(net.loss, X, y)


def whole_training(implementation: Implementation, function: str, arguments: Arguments) -> Call:
    """A new net, trained to the end."""
    data, net, how = arguments
    dtype = data["X_train"].dtype

    def train() -> Any:
        solver = implementation.Solver(implementation.FullyConnectedNet(dtype=dtype, **net), data, **how)
        solver.train()
        return solver

    return train


# ---- costs that several share ----------------------------------------------------------------------------------------


def _svd(q: int, p: int) -> float:
    """Flops of a thin singular value decomposition, R-SVD: Golub and Van Loan (2013), figure 8.6.1."""
    q, p = max(q, p), min(q, p)
    return 6 * q * p**2 + 20 * p**3


def _qr(q: int, p: int) -> float:
    """Flops of a Householder QR factorisation: Golub and Van Loan (2013), §5.2.2."""
    return 2 * q * p**2 - 2 / 3 * p**3


def _gram(q: int, p: int) -> float:
    """Flops of a Gram matrix of p vectors of length q, and its Cholesky factorisation."""
    return q * p**2 + p**3 / 3


def _train(N: int, D: int, H: int, C: int) -> float:
    """Flops of a forward and a backward pass; no derivative by the data."""
    return N * (4 * D * H + 6 * H * C)


def _regression_size(**sizes: int) -> float:
    q, p = sizes.values()
    return q * p + q + p


def _layer_size(N: int, D: int, M: int) -> float:
    return N * D + D * M + M + N * M


# ---- the cases -------------------------------------------------------------------------------------------------------

CASES: list[Case] = []


def _add(
    names: str,
    build: Builder,
    flops: Formula,
    moved: Formula,
    bind: Bind = _plain,
    /,
    **sizes: Sizes,
) -> None:
    for name in names.split():
        CASES.extend(Case(name, label, chosen, build, flops, moved, bind) for label, chosen in sizes.items())


_VECTOR = {"small": {"n": 10}, "large": {"n": 1_000_000}}
_MATRIX = {"small": {"m": 10, "n": 10}, "large": {"m": 1000, "n": 1000}}
_add("linear_form", inputs.two_vectors, lambda n: 2 * n, lambda n: 2 * n, **_VECTOR)
_add("linear_form_jacobian", inputs.two_vectors, lambda n: 0, lambda n: 2 * n, **_VECTOR)
_add("squared_norm", inputs.vector, lambda n: 2 * n, lambda n: n, **_VECTOR)
_add("squared_norm_jacobian", inputs.vector, lambda n: n, lambda n: 2 * n, **_VECTOR)
_add("matvec", inputs.matrix_and_vector, lambda m, n: 2 * m * n, lambda m, n: m * n + m + n, **_MATRIX)
_add("matvec_jacobian", inputs.matrix_and_vector, lambda m, n: 0, lambda m, n: 2 * m * n, **_MATRIX)
_SQUARE = {"small": {"n": 10}, "large": {"n": 1000}}
_add("quadratic_form", inputs.square_and_vector, lambda n: 2 * n * n + 2 * n, lambda n: n * n + n, **_SQUARE)
_add("quadratic_form_jacobian", inputs.square_and_vector, lambda n: 4 * n * n, lambda n: n * n + 2 * n, **_SQUARE)

_TALL = {"small": {"m": 10, "n": 3}, "large": {"m": 600, "n": 200}}
_WIDE = {"small": {"m": 3, "n": 10}, "large": {"m": 200, "n": 600}}
_add("pinv", inputs.matrix, lambda m, n: _svd(m, n) + 2 * m * n * min(m, n), lambda m, n: 2 * m * n, **_TALL)
_add("left_inverse", inputs.matrix, lambda m, n: _qr(m, n) + 3 * m * n * n, lambda m, n: 2 * m * n, **_TALL)
_add("right_inverse", inputs.matrix, lambda m, n: _qr(n, m) + 3 * n * m * m, lambda m, n: 2 * m * n, **_WIDE)
_add(
    "lstsq",
    inputs.system,
    lambda m, n: 2 * m * n**2 + 11 * n**3,  # Golub and Van Loan (2013), figure 8.6.1: Σ, V and Uᵀy
    _regression_size,
    small={"m": 10, "n": 3},
    large={"m": 1000, "n": 200},
)
_add(
    "min_norm",
    inputs.system,
    lambda m, n: _qr(n, m),
    _regression_size,
    small={"m": 3, "n": 10},
    large={"m": 200, "n": 1000},
)

_TALL = {"small": {"n": 10, "d": 3}, "large": {"n": 2000, "d": 200}}
_WIDE = {"small": {"n": 3, "d": 10}, "large": {"n": 200, "d": 2000}}
_GRID = {"small": {"n": 10, "d": 3, "L": 5}, "large": {"n": 1000, "d": 100, "L": 50}}
_add(
    "ridge_objective ridge_log_posterior",
    inputs.regression_and_weights,
    lambda n, d: 2 * n * d,
    _regression_size,
    **_TALL,
)
_add("ridge_jacobian", inputs.regression_and_weights, lambda n, d: 4 * n * d, _regression_size, **_TALL)
_add("ridge_normal ridge_map", inputs.regression, lambda n, d: _gram(n, d) + 2 * n * d, _regression_size, **_TALL)
_add("ridge_svd", inputs.regression, lambda n, d: _svd(n, d) + 4 * n * d, _regression_size, **_TALL)
_add("ridge_augmented_rows", inputs.regression, lambda n, d: _qr(n + d, d), _regression_size, **_TALL)
_add("ridge_augmented_columns", inputs.regression, lambda n, d: _qr(n + d, n), _regression_size, **_WIDE)
_add("ridge_kernel", inputs.regression, lambda n, d: _gram(d, n) + 2 * n * d, _regression_size, **_WIDE)
_add(
    "ridge",
    inputs.regression,
    lambda n, d: _gram(max(n, d), min(n, d)) + 2 * n * d,
    _regression_size,
    **_TALL,
    wide=_WIDE["large"],
)
_add(
    "ridge_posterior",
    inputs.regression,
    lambda n, d: _gram(n, d) + 2 / 3 * d**3,
    lambda n, d: n * d + n + d + d * d,
    **_TALL,
)
_add(
    "ridge_inverse_singular_values ridge_filter_factors",
    inputs.spectrum,
    lambda r: 3 * r,
    lambda r: 2 * r,
    small={"r": 10},
    large={"r": 1_000_000},
)
_add(
    "ridge_path",
    inputs.regression_and_grid,
    lambda n, d, L: _svd(n, d) + 2 * n * d + 2 * L * d * d,
    lambda n, d, L: n * d + n + L * (d + 1),
    **_GRID,
)
_add(
    "ridge_dof", inputs.matrix_and_grid, lambda n, d, L: 2 * n * d**2 + 2 * d**3, lambda n, d, L: n * d + 2 * L, **_GRID
)
_add(
    "ridge_gcv",
    inputs.regression_and_grid,
    lambda n, d, L: _svd(n, d) + 2 * n * d,
    lambda n, d, L: n * d + n + 2 * L,
    **_GRID,
)
_add(
    "ridge_loo",
    inputs.regression_and_grid,
    lambda n, d, L: _svd(n, d) + 4 * L * n * d,
    lambda n, d, L: n * d + n + 2 * L,
    **_GRID,
)
_add(
    "ridge_batch",
    inputs.batch,
    lambda b, n, d: b * (_gram(n, d) + 2 * n * d),
    lambda b, n, d: b * (n * d + n + d),
    small={"b": 10, "n": 10, "d": 3},
    large={"b": 10_000, "n": 16, "d": 8},
)

_CALLS: dict[str, dict[str, int]] = {"small": {"calls": 1}, "large": {"calls": 1000}}
_UNITS = {"small": {"d": 10}, "large": {"d": 100_000}}
_add("relu_unit", inputs.unit_inputs, lambda n: 3 * n, lambda n: 2 * n, small={"n": 10}, large={"n": 4_000_000})
_add("elbow", inputs.slopes_and_offsets, lambda d: 2 * d, lambda d: 3 * d, small={"d": 10}, large={"d": 1_000_000})
_add("relu_unit_loss", inputs.unit_samples, lambda calls: 6 * calls, lambda calls: 5 * calls, many_calls, **_CALLS)
_add("relu_unit_gradients", inputs.unit_samples, lambda calls: 5 * calls, lambda calls: 7 * calls, many_calls, **_CALLS)
_add(
    "relu_unit_step",
    inputs.unit_samples_and_rate,
    lambda calls: 9 * calls,
    lambda calls: 7 * calls,
    many_calls,
    **_CALLS,
)
_add(
    "relu_network",
    inputs.network_inputs,
    lambda N, d: 5 * N * d,
    lambda N, d: 2 * N + 3 * d,
    small={"N": 10, "d": 10},
    large={"N": 100_000, "d": 100},
)
_add("relu_network_loss", inputs.network_sample, lambda d: 5 * d, lambda d: 3 * d, **_UNITS)
_add("relu_network_gradients", inputs.network_sample, lambda d: 8 * d, lambda d: 6 * d, **_UNITS)
_add("relu_network_step", inputs.network_sample_and_rate, lambda d: 14 * d, lambda d: 6 * d, **_UNITS)
_add("elbows_after_step", inputs.network_sample_and_rate, lambda d: 14 * d, lambda d: 4 * d, **_UNITS)
_add(
    "relu_network_sgd",
    inputs.network_training,
    lambda N, d, epochs: 14 * epochs * N * d,
    lambda N, d, epochs: 2 * N + (6 + epochs + 1) * d,
    small={"N": 20, "d": 5, "epochs": 2},
    large={"N": 500, "d": 100, "epochs": 4},
)

_LAYER = {"small": {"N": 8, "D": 10, "M": 5}, "large": {"N": 256, "D": 1024, "M": 1024}}
_SCORES = {"small": {"N": 8, "C": 10}, "large": {"N": 4096, "C": 1000}}
_ENTRIES = {"small": {"n": 100}, "large": {"n": 4_000_000}}
_WEIGHTS = {"small": {"n": 100}, "large": {"n": 1_000_000}}
_NET = {"small": {"N": 8, "D": 20, "H": 10, "C": 5}, "large": {"N": 128, "D": 784, "H": 256, "C": 10}}
_add("affine_forward", inputs.layer, lambda N, D, M: 2 * N * D * M + N * M, _layer_size, **_LAYER)
_add("affine_relu_forward", inputs.layer, lambda N, D, M: 2 * N * D * M + 2 * N * M, _layer_size, **_LAYER)
_add(
    "affine_backward affine_relu_backward",
    inputs.layer_backward,
    lambda N, D, M: 4 * N * D * M + N * M,
    lambda N, D, M: 2 * N * D + 2 * D * M + M + N * M,
    backward,
    **_LAYER,
)
_add("relu_forward", inputs.vector, lambda n: n, lambda n: 2 * n, **_ENTRIES)
_add("relu_backward", inputs.two_vectors, lambda n: n, lambda n: 3 * n, backward, **_ENTRIES)
_add("softmax_loss", inputs.scores, lambda N, C: 5 * N * C, lambda N, C: 2 * N * C, **_SCORES)
_add("svm_loss", inputs.scores, lambda N, C: 4 * N * C, lambda N, C: 2 * N * C, **_SCORES)
_add("sgd", inputs.update, lambda n: 2 * n, lambda n: 3 * n, **_WEIGHTS)
_add("sgd_momentum", inputs.update_with_velocity, lambda n: 4 * n, lambda n: 5 * n, **_WEIGHTS)
_add("rmsprop", inputs.update_with_cache, lambda n: 9 * n, lambda n: 5 * n, **_WEIGHTS)
_add("adam", inputs.update_with_moments, lambda n: 13 * n, lambda n: 7 * n, **_WEIGHTS)
_add(
    "FullyConnectedNet",
    inputs.network_batch,
    _train,
    lambda N, D, H, C: N * D + 2 * (D * H + H + H * C + C),
    loss_and_gradients,
    **_NET,
)
_add(
    "Solver",
    inputs.training,
    lambda N, D, H, C, batch, epochs: epochs * _train(N, D, H, C),
    lambda N, D, H, C, batch, epochs: epochs * (N * D + 4 * (N // batch) * (D * H + H * C)),
    whole_training,
    small={"N": 50, "D": 20, "H": 10, "C": 5, "batch": 10, "epochs": 20},
    large={"N": 2560, "D": 784, "H": 256, "C": 10, "batch": 128, "epochs": 1},
)
_add(
    "eval_numerical_gradient",
    inputs.scalar_function,
    lambda n: 4 * n * n,
    lambda n: 2 * n * n,
    small={"n": 10},
    large={"n": 1000},
)
_add(
    "eval_numerical_gradient_array",
    inputs.array_function,
    lambda n: 6 * n * n,
    lambda n: 6 * n * n,
    small={"n": 10},
    large={"n": 1000},
)


def of_chapter(chapter: int) -> list[Case]:
    """The cases of one chapter."""
    return [case for case in CASES if case.chapter == chapter]
