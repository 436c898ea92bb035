"""Chapter 1: the right formulas, and the mistaken ones."""

from typing import Any

import numpy as np

from shrinkage.properties.engine import bounds, oracles
from shrinkage.properties.engine.bounds import dot_product
from shrinkage.properties.engine.mistakes.answers import Exact, Mistake, Same, given, times

Array = np.ndarray


def _size(a: Array) -> Array:
    return abs(a.astype(float))


def linear_form(x: Array, c: Array) -> Exact:
    """xᵀc."""
    return Exact(oracles.product(x, c), dot_product(len(x), _size(x) @ _size(c), x.dtype))


def matvec(A: Array, x: Array) -> Exact:
    """Ax."""
    return Exact(oracles.matvec(A, x), dot_product(len(x), _size(A) @ _size(x), x.dtype))


def quadratic_form(A: Array, x: Array) -> Exact:
    """xᵀAx."""
    return Exact(oracles.quadratic_form(A, x), bounds.quadratic_form(A, x))


def slopes(B: Array, x: Array, row: Any = np.s_[None, :]) -> Exact:
    """xᵀB."""
    exact = oracles.matvec(B.T, x)
    return Exact(exact[row], dot_product(2 * len(x), (_size(x) @ _size(B))[row], x.dtype))


COLUMN, FLAT = np.s_[:, None], np.s_[:]


def _shaped(row: Any) -> dict[str, Any]:
    """Every Jacobian of a scalar in another shape than a row's."""
    return {
        "linear_form_jacobian": lambda x, c: Same(c[row]),
        "squared_norm_jacobian": lambda x: Same(2 * x[row]),
        "quadratic_form_jacobian": lambda A, x: _sum_of_both(A, x, row),
    }


def _sum_of_both(A: Array, x: Array, row: Any = np.s_[None, :]) -> Exact:
    """xᵀ(A + Aᵀ)."""
    exact = oracles.matvec(A, x) + oracles.matvec(A.T, x)
    bound = bounds.quadratic_form_jacobian(A, x)
    return Exact(exact[row], bounds.Bound(bound.allowed[row], bound.source))


RIGHT = {
    "linear_form": linear_form,
    "linear_form_jacobian": lambda x, c: Same(c[None]),
    "squared_norm": lambda x: linear_form(x, x),
    "squared_norm_jacobian": lambda x: Same(2 * x[None]),
    "matvec": matvec,
    "matvec_jacobian": lambda A, x: Same(A),
    "quadratic_form": quadratic_form,
    "quadratic_form_jacobian": _sum_of_both,
}

WRONG = [
    Mistake("Jacobian as a column", "making the Jacobian of a scalar a column instead of a row", _shaped(COLUMN)),
    Mistake(
        "Jacobian without its row", "giving the Jacobian of a scalar one axis, (n,), instead of (1, n)", _shaped(FLAT)
    ),
    Mistake(
        "by the other factor",
        "differentiating by c instead of x",
        {"linear_form_jacobian": lambda x, c: Same(x[None]), "matvec_jacobian": lambda A, x: Same(x[None])},
    ),
    Mistake(
        "no sum",
        "multiplying entry by entry, without the sum",
        {"linear_form": lambda x, c: Same(x * c), "squared_norm": lambda x: Same(x * x)},
    ),
    Mistake(
        "mean for sum",
        "taking a mean where a sum is asked for",
        {
            "linear_form": lambda x, c: times(linear_form(x, c), 1 / oracles.to_rational(len(x)), x.dtype),
            "squared_norm": lambda x: times(linear_form(x, x), 1 / oracles.to_rational(len(x)), x.dtype),
        },
    ),
    Mistake(
        "norm not squared",
        "leaving out the square of the norm",
        {"squared_norm": lambda x: (given(x)[0].reshape(1, -1) @ given(x)[0].reshape(-1, 1)).sqrt().reshape(())},
    ),
    Mistake(
        "square of the sum",
        "squaring the sum instead of summing squares",
        {"squared_norm": lambda x: given(x)[0].sum() * given(x)[0].sum()},
    ),
    Mistake(
        "2 missing",
        "leaving out the 2 of the derivative of a square",
        {
            "squared_norm_jacobian": lambda x: Same(x[None]),
            "quadratic_form_jacobian": lambda A, x: times(_sum_of_both(A, x), 0.5, x.dtype),
        },
    ),
    Mistake(
        "transposed",
        "taking Aᵀ for A",
        {"matvec": lambda A, x: matvec(A.T, x), "matvec_jacobian": lambda A, x: Same(A.T)},
    ),
    Mistake(
        "½ in the quadratic form",
        "halving the quadratic form",
        {"quadratic_form": lambda A, x: times(quadratic_form(A, x), 0.5, x.dtype)},
    ),
    Mistake(
        "A taken for symmetric",
        "taking A for symmetric: 2xᵀA or 2xᵀAᵀ for xᵀ(A + Aᵀ)",
        {
            "quadratic_form_jacobian": [
                lambda A, x: slopes(2 * A, x),
                lambda A, x: slopes(2 * A.T, x),
            ]
        },
    ),
    Mistake(
        "one half of the product rule",
        "differentiating xᵀAx in one place only: xᵀA or xᵀAᵀ for xᵀ(A + Aᵀ)",
        {"quadratic_form_jacobian": [lambda A, x: slopes(A, x), lambda A, x: slopes(A.T, x)]},
    ),
]
