"""The inputs that are timed: drawn from a seed, of the sizes that are asked for, and nearly all well-conditioned.

Well-conditioned, because this is about speed: no method may be slow here for having to fall back to another, and every
method's error bound is small enough to mean something. Hostile inputs are apart, and named so: there a method may be
slow, or wrong, and that is what is shown. Each builder takes a generator and the sizes by name, and gives
the arguments in the order of the contract.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

Rng = np.random.Generator
Arguments = tuple[Any, ...]
Builder = Callable[..., Arguments]

# ---- chapter 1 -------------------------------------------------------------------------------------------------------


def vector(rng: Rng, n: int) -> Arguments:
    """One vector x."""
    return (rng.standard_normal(n),)


def two_vectors(rng: Rng, n: int) -> Arguments:
    """Two vectors of one length."""
    return rng.standard_normal(n), rng.standard_normal(n)


def matrix_and_vector(rng: Rng, m: int, n: int) -> Arguments:
    """A matrix A and a vector x that it can be applied to."""
    return rng.standard_normal((m, n)), rng.standard_normal(n)


def square_and_vector(rng: Rng, n: int) -> Arguments:
    """A square matrix A, not symmetric, and a vector x."""
    return matrix_and_vector(rng, n, n)


def subnormal_vector(rng: Rng, n: int) -> Arguments:
    """One vector of subnormal numbers, of up to 47 bits."""
    return (1e-310 * rng.standard_normal(n),)


def subnormal_vector_and_another(rng: Rng, n: int) -> Arguments:
    """A vector of subnormal numbers and an ordinary one."""
    return *subnormal_vector(rng, n), rng.standard_normal(n)


def strided(array: np.ndarray) -> np.ndarray:
    """The same numbers, as every second one along each axis of a larger array."""
    larger = np.zeros([2 * size for size in array.shape], array.dtype)
    view = larger[(slice(None, None, 2),) * array.ndim]
    view[...] = array
    return view


# ---- chapters 2 and 3 ------------------------------------------------------------------------------------------------


def matrix(rng: Rng, m: int, n: int) -> Arguments:
    """X of full rank: Gaussian, and with one side at least twice the other, so of a condition below 10."""
    return (rng.standard_normal((m, n)),)


def system(rng: Rng, m: int, n: int) -> Arguments:
    """X of full rank, and a target y."""
    return rng.standard_normal((m, n)), rng.standard_normal(m)


def square(rng: Rng, m: int, n: int) -> Arguments:
    """X of full rank with as many rows as columns: its eigenvalues are in a disc around 2√n of radius √n."""
    return (rng.standard_normal((m, n)) + 2 * np.sqrt(n) * np.eye(m, n),)


def square_system(rng: Rng, m: int, n: int) -> Arguments:
    """As many equations as unknowns."""
    return *square(rng, m, n), rng.standard_normal(m)


def ill_conditioned_system(rng: Rng, m: int, n: int) -> Arguments:
    """Singular values from 1 to 10⁻⁸, and a y that X can nearly explain, so that few digits have to be lost."""
    U, V = (np.linalg.qr(rng.standard_normal((size, n)))[0] for size in (m, n))
    X = (U * np.logspace(0, -8, n)) @ V.T
    return X, X @ rng.standard_normal(n) + 1e-10 * rng.standard_normal(m)


def ill_conditioned_regression(rng: Rng, n: int, d: int) -> Arguments:
    """As above with λ = 10⁻¹⁴: XᵀX + λI has a condition of 10¹⁴, [X; √λI] one of 10⁷."""
    return *ill_conditioned_system(rng, n, d), 1e-14


def regression(rng: Rng, n: int, d: int) -> Arguments:
    """X, y = Xw + noise, and λ = 1."""
    X, y = _data(rng, n, d)
    return X, y, 1.0


def regression_of_several_targets(rng: Rng, n: int, d: int, k: int) -> Arguments:
    """As `regression`, with k targets."""
    X = rng.standard_normal((n, d))
    return X, X @ rng.standard_normal((d, k)) + rng.standard_normal((n, k)), 1.0


def regression_without_penalty(rng: Rng, n: int, d: int) -> Arguments:
    """As `regression`, with λ = 0."""
    return *_data(rng, n, d), 0.0


def regression_and_weights(rng: Rng, n: int, d: int) -> Arguments:
    """X, y, some w that is not the solution, and λ = 1."""
    X, y = _data(rng, n, d)
    return X, y, rng.standard_normal(d), 1.0


def regression_and_grid(rng: Rng, n: int, d: int, L: int) -> Arguments:
    """X, y, and L values of λ from 10⁻³ to 10³."""
    X, y = _data(rng, n, d)
    return X, y, np.logspace(-3, 3, L)


def weighted_regression(rng: Rng, n: int, d: int) -> Arguments:
    """X and y with means that are not 0, λ = 1, and weights from ½ to 2."""
    X, y = _data(rng, n, d)
    return X + 3, y + 10, 1.0, rng.uniform(0.5, 2, n)


def weighted_regression_and_grid(rng: Rng, n: int, d: int, L: int) -> Arguments:
    """As `weighted_regression`, with L values of λ from 10⁻³ to 10³."""
    X, y, _, weights = weighted_regression(rng, n, d)
    return X, y, np.logspace(-3, 3, L), weights


def regression_and_penalties(rng: Rng, n: int, d: int) -> Arguments:
    """X, y and λ from 10⁻¹ to 10 by feature; none for the first."""
    lams = np.logspace(-1, 1, d)
    lams[0] = 0
    return *_data(rng, n, d), lams


def matrix_and_grid(rng: Rng, n: int, d: int, L: int) -> Arguments:
    """X and L values of λ."""
    X, _, lams = regression_and_grid(rng, n, d, L)
    return X, lams


def spectrum(rng: Rng, r: int) -> Arguments:
    """R singular values in no order, and λ = 1."""
    return rng.lognormal(size=r), 1.0


def batch(rng: Rng, b: int, n: int, d: int) -> Arguments:
    """As many regressions as b, with one λ for all."""
    return rng.standard_normal((b, n, d)), rng.standard_normal((b, n)), 1.0


def _data(rng: Rng, n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    X = rng.standard_normal((n, d))
    return X, X @ rng.standard_normal(d) + rng.standard_normal(n)


# ---- chapter 4 -------------------------------------------------------------------------------------------------------


def unit_inputs(rng: Rng, n: int) -> Arguments:
    """Many x for one unit; its elbow stands in their midst."""
    return rng.standard_normal(n), 1.5, -0.25


def subnormal_unit_inputs(rng: Rng, n: int) -> Arguments:
    """The same among subnormal numbers: inputs, elbow and all."""
    return *subnormal_vector(rng, n), 1.5, -2.5e-311


def slopes_and_offsets(rng: Rng, d: int) -> Arguments:
    """The w and b of d units, no w near zero."""
    return _slopes(rng, d), rng.standard_normal(d)


def unit_samples(rng: Rng, calls: int) -> Arguments:
    """(x, y, w, b) for many calls; a function of four numbers has no other size."""
    return tuple(zip(*rng.standard_normal((4, calls)).tolist(), strict=True))


def unit_samples_and_rate(rng: Rng, calls: int) -> Arguments:
    """(x, y, w, b, lr) for many calls."""
    return tuple((*sample, 0.1) for sample in unit_samples(rng, calls))


def network_inputs(rng: Rng, N: int, d: int) -> Arguments:
    """N inputs x, and W1, b, W2 of d units."""
    return rng.standard_normal(N), *_units(rng, d)


def network_sample(rng: Rng, d: int) -> Arguments:
    """One sample x, y, and W1, b, W2 of d units."""
    return 0.75, -0.5, *_units(rng, d)


def network_sample_and_rate(rng: Rng, d: int) -> Arguments:
    """One sample, the parameters, and a learning rate that is small for the number of units."""
    return *network_sample(rng, d), 0.1 / d


def network_training(rng: Rng, N: int, d: int, epochs: int) -> Arguments:
    """N samples of a parabola, the parameters, the learning rate and the number of epochs.

    The rate is so small that thousands of steps do not enlarge a rounding error beyond what a bound can follow.
    """
    x = rng.uniform(-1, 1, N)
    return x, x * x, *_units(rng, d), 0.1 / d**2, epochs


def _slopes(rng: Rng, d: int) -> np.ndarray:
    return np.where(rng.random(d) < 0.5, -1.0, 1.0) * rng.uniform(0.5, 1.5, d)


def _units(rng: Rng, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return _slopes(rng, d)[:, None], rng.uniform(-1, 1, d), rng.standard_normal((1, d)) / np.sqrt(d)


# ---- chapter 5 -------------------------------------------------------------------------------------------------------


def layer(rng: Rng, N: int, D: int, M: int) -> Arguments:
    """X, w and b of a layer, scaled so that its output is of the size of its input."""
    return rng.standard_normal((N, D)), rng.standard_normal((D, M)) / np.sqrt(D), rng.standard_normal(M)


def layer_backward(rng: Rng, N: int, D: int, M: int) -> Arguments:
    """The upstream derivative, and what the layer's forward pass was given."""
    return rng.standard_normal((N, M)), *layer(rng, N, D, M)


def scores(rng: Rng, N: int, C: int) -> Arguments:
    """Scores and labels."""
    return 3 * rng.standard_normal((N, C)), rng.integers(0, C, N)


def update(rng: Rng, n: int) -> Arguments:
    """Weights and their gradient, with the default configuration and no history."""
    return rng.standard_normal(n), rng.standard_normal(n), {}


def update_with_velocity(rng: Rng, n: int) -> Arguments:
    """Weights, gradient, and a velocity from steps before."""
    w, dw, _ = update(rng, n)
    return w, dw, {"velocity": rng.standard_normal(n)}


def update_with_cache(rng: Rng, n: int) -> Arguments:
    """Weights, gradient, and a mean of squares from steps before."""
    w, dw, _ = update(rng, n)
    return w, dw, {"cache": rng.random(n)}


def update_with_moments(rng: Rng, n: int) -> Arguments:
    """Weights, gradient, and both moments from steps before."""
    w, dw, _ = update(rng, n)
    return w, dw, {"m": rng.standard_normal(n), "v": rng.random(n), "t": 10}


def network_batch(rng: Rng, N: int, **widths: int) -> Arguments:
    """A batch X, y of pixels from 0 to 1, and the parameters of a net of layers of these widths.

    The weights into one hidden unit are of one sign, so that it is on for all samples or for none, by far. Then no sum
    cancels, and float32's errors stay small beside what they are of, even for 3072 pixels and two hidden layers; with
    weights of both signs any bound that holds would exceed the numbers themselves. A product takes no notice.
    """
    params: dict[str, np.ndarray] = {}
    layers = list(pairwise(widths.values()))
    for i, (D, M) in enumerate(layers, 1):
        hidden = i < len(layers)
        W = rng.uniform(0, 4 / D, (D, M)) * rng.choice([-1, 1], M) if hidden else rng.standard_normal((D, M)) / D
        params |= {f"W{i}": W, f"b{i}": 0.05 * rng.standard_normal(M)}
    return rng.random((N, widths["D"])), rng.integers(0, widths["C"], N), params


def training(rng: Rng, N: int, D: int, H: int, C: int, batch: int, epochs: int) -> Arguments:
    """Data of C classes that can be told apart, the net's sizes, and how to train."""
    centres = 2 * rng.standard_normal((C, D))
    y = rng.integers(0, C, N + N // 5)
    X = centres[y] + rng.standard_normal((len(y), D))
    data = {"X_train": X[:N], "y_train": y[:N], "X_val": X[N:], "y_val": y[N:]}
    net = {"hidden_dims": [H], "input_dim": D, "num_classes": C, "seed": 0}
    how = {
        "batch_size": batch,
        "num_epochs": epochs,
        "optim_config": {"learning_rate": 0.1},
        "verbose": False,
        "seed": 0,
    }
    return data, net, how


def scalar_function(rng: Rng, n: int) -> Arguments:
    """F(x) = ‖x‖², cheap, so that what surrounds its calls is timed, and a point."""
    return _square_sum, rng.standard_normal(n)


def array_function(rng: Rng, n: int) -> Arguments:
    """F(x) = x², element by element, a point, and the upstream derivative."""
    return np.square, rng.standard_normal(n), rng.standard_normal(n)


def _square_sum(x: np.ndarray) -> float:
    return float(x @ x)
