"""Chapter 3: from ten samples of three features to 50,000 of 1,000, and everything that takes many λ."""

import numpy as np

from shrinkage.benchmarks.cases import inputs
from shrinkage.benchmarks.cases.case import Cases, qr, regression_size, sized, svd

CASES = Cases()
add = CASES.add


def _gram(q: int, p: int) -> float:
    """Flops of a Gram matrix of p vectors of length q, and its Cholesky factorisation."""
    return q * p**2 + p**3 / 3


def _best(n: int, d: int, k: int = 1) -> float:
    """The smaller Gram matrix, and the products with y and w."""
    return _gram(max(n, d), min(n, d)) + 2 * n * d * k


def _svd_form(n: int, d: int) -> float:
    return svd(n, d) + 4 * n * d


def _rows(n: int, d: int) -> float:
    return qr(n + d, d)


_TALL = {"small": {"n": 10, "d": 3}, "large": {"n": 2000, "d": 200}}
_WIDE = {"small": {"n": 3, "d": 10}, "large": {"n": 200, "d": 2000}}
_PEOPLE = sized("n d", (50, 10), (200, 20), (1000, 50), (5000, 300))
_HUGE = sized("n d", (20_000, 1000), (50_000, 1000))
_ILL = {"ill-conditioned": {"n": 1000, "d": 50}}
_SOLVED = inputs.regression, _best, regression_size

add(
    "ridge_objective ridge_log_posterior",
    inputs.regression_and_weights,
    lambda n, d: 2 * n * d,
    regression_size,
    **_TALL,
)
add("ridge_jacobian", inputs.regression_and_weights, lambda n, d: 4 * n * d, regression_size, **_TALL)
add("ridge_normal ridge_map", *_SOLVED, **_TALL)
add("ridge_normal", *_SOLVED, options={"quick": False}, **sized("n d", (20_000, 1000)))
add("ridge_svd", inputs.regression, _svd_form, regression_size, **_TALL, **sized("n d", (200, 20)))
add("ridge_svd", inputs.ill_conditioned_regression, _svd_form, regression_size, **_ILL)
add("ridge_augmented_rows", inputs.regression, _rows, regression_size, **_TALL)
add("ridge_augmented_rows", inputs.ill_conditioned_regression, _rows, regression_size, **_ILL)
add("ridge_augmented_columns", inputs.regression, lambda n, d: qr(n + d, n), regression_size, **_WIDE)
add("ridge_kernel", *_SOLVED, **_WIDE)

add("ridge", *_SOLVED, **_TALL, wide=_WIDE["large"], **_PEOPLE)
add("ridge", *_SOLVED, **sized("n d", (50, 500), (200, 5000)))
add("ridge", *_SOLVED, options={"quick": False}, **_HUGE, **sized("n d", (1000, 10_000)))
add("ridge", *_SOLVED, options={"dtype": np.float32}, **{"large-float32": _TALL["large"]})
add(
    "ridge",
    inputs.regression_of_several_targets,
    _best,
    regression_size,
    **sized("n d k", (200, 20, 5), (2000, 200, 10)),
)
add("ridge", inputs.regression_without_penalty, _best, regression_size, **{"lam-zero": {"n": 1000, "d": 50}})
add("ridge", *_SOLVED, options={"layout": inputs.strided}, strided={"n": 2000, "d": 200})
add("ridge", inputs.ill_conditioned_regression, _best, regression_size, **_ILL)

add(
    "ridge_posterior",
    inputs.regression,
    lambda n, d: _gram(n, d) + 2 / 3 * d**3,
    lambda n, d: n * d + n + d + d * d,
    **_TALL,
)
add(
    "ridge_inverse_singular_values ridge_filter_factors",
    inputs.spectrum,
    lambda r: 3 * r,
    lambda r: 2 * r,
    small={"r": 10},
    large={"r": 1_000_000},
)

_FEW = {"small": {"n": 10, "d": 3, "L": 5}, "large": {"n": 1000, "d": 100, "L": 50}}
_HUNDRED = sized("n d L", (2000, 200, 100))
_LARGER = sized("n d L", (5000, 500, 100), (4000, 1000, 100))
add(
    "ridge_intercept",
    inputs.weighted_regression,
    lambda n, d: _best(n, d) + 12 * n * d,
    lambda n, d: n * d + 2 * n + d + 1,
    **_TALL,
    wide=_WIDE["large"],
)
add("ridge_by_feature", inputs.regression_and_penalties, _best, lambda n, d: n * d + n + 2 * d, **_TALL)
for _grid, _options in ((_FEW | _HUNDRED, {}), (_LARGER, {"quick": False})):
    add(
        "ridge_path",
        inputs.regression_and_grid,
        lambda n, d, L: svd(n, d) + 2 * n * d + 2 * L * d * d,
        lambda n, d, L: n * d + n + L * (d + 1),
        options=_options,
        **_grid,
    )
    add(
        "ridge_intercept_path",
        inputs.weighted_regression_and_grid,
        lambda n, d, L: svd(n, d) + 14 * n * d + 2 * L * d * d,
        lambda n, d, L: n * d + 2 * n + L * (d + 2),
        options=_options,
        **_grid,
    )
    add(
        "ridge_dof",
        inputs.matrix_and_grid,
        lambda n, d, L: 2 * n * d**2 + 2 * d**3,
        lambda n, d, L: n * d + 2 * L,
        options=_options,
        **_grid,
    )
    add(
        "ridge_gcv",
        inputs.regression_and_grid,
        lambda n, d, L: svd(n, d) + 2 * n * d,
        lambda n, d, L: n * d + n + 2 * L,
        options=_options,
        **_grid,
    )
for _grid, _options in ((_FEW, {}), (_HUNDRED | _LARGER, {"quick": False})):  # the textbook's takes seconds
    add(
        "ridge_loo",
        inputs.regression_and_grid,
        lambda n, d, L: svd(n, d) + 4 * L * n * d,
        lambda n, d, L: n * d + n + 2 * L,
        options=_options,
        **_grid,
    )
    add(
        "ridge_intercept_loo",
        inputs.weighted_regression_and_grid,
        lambda n, d, L: svd(n, d) + 12 * n * d + 4 * L * n * d,
        lambda n, d, L: n * d + 2 * n + 2 * L,
        options=_options,
        **_grid,
    )
add(
    "ridge_batch",
    inputs.batch,
    lambda b, n, d: b * (_gram(n, d) + 2 * n * d),
    lambda b, n, d: b * (n * d + n + d),
    small={"b": 10, "n": 10, "d": 3},
    large={"b": 10_000, "n": 16, "d": 8},
)
