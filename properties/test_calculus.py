"""Chapter 1: values and Jacobians of linear and quadratic forms."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from shrinkage.contract import CONTRACT
from shrinkage.properties.engine import bounds, oracles
from shrinkage.properties.engine.bounds import EXACT, dot_product
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import (
    IN_EITHER_DTYPE,
    ORDINARY_AND_HARD,
    SEEDS,
    count,
    generator,
    kinds,
    wild,
)
from shrinkage.properties.engine.verdict import holds, judge


@st.composite
def operands(draw: Any, *shapes: str, hard: bool = False, plain: bool = False) -> list[np.ndarray]:
    """Arrays of these shapes, by letters: ``operands("mn", "n")`` is a matrix and a vector that go together."""
    m, n = draw(count(hard, 6)), draw(count(hard, 6))
    dtype, rng = draw(kinds(hard)), generator(draw(SEEDS))
    # A product of the largest, of three where A is square, is still finite, and so is the sum. The contract promises no
    # more: sums in twice the precision have a NaN for what is past the range.
    most = (int(np.finfo(dtype).maxexp) - 8) // (3 if "nn" in shapes else 2)
    binades = draw(st.sampled_from([0, most // 8, most, most])) if hard and not plain else 0
    sizes = [tuple({"m": m, "n": n}[letter] for letter in letters) for letters in shapes]
    return [wild(rng, shape, dtype, binades) for shape in sizes]


def size(a: np.ndarray) -> np.ndarray:
    """|a|, in float64: rounding errors are in proportion to products of these."""
    return abs(a.astype(float))


@ORDINARY_AND_HARD
@given(data=st.data())
def test_linear_form_is_the_sum_of_the_products(impl, data, hard):
    """linear_form(x, c) is xᵀc."""
    x, c = data.draw(operands("n", "n", hard=hard))
    bound = dot_product(len(x), size(x) @ size(c), x.dtype)
    judge("linear_form", impl.linear_form(x, c), oracles.product(x, c), bound, dtype=x.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_linear_form_has_the_row_c_as_its_derivative(impl, data, hard):
    """linear_form_jacobian(x, c) is cᵀ, whatever x is, without any error."""
    x, c = data.draw(operands("n", "n", hard=hard))
    exact = oracles.derivative(lambda x: oracles.product(x, c), x)
    judge("linear_form_jacobian", impl.linear_form_jacobian(x, c), exact, EXACT, dtype=x.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_squared_norm_is_the_sum_of_the_squares(impl, data, hard):
    """squared_norm(x) is ‖x‖²."""
    (x,) = data.draw(operands("n", hard=hard))
    bound = dot_product(len(x), size(x) @ size(x), x.dtype)
    judge("squared_norm", impl.squared_norm(x), oracles.sum_of_squares(x), bound, dtype=x.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_squared_norm_has_the_row_2x_as_its_derivative(impl, data, hard):
    """squared_norm_jacobian(x) is 2xᵀ, without any error."""
    (x,) = data.draw(operands("n", hard=hard))
    exact = oracles.derivative(oracles.sum_of_squares, x)
    judge("squared_norm_jacobian", impl.squared_norm_jacobian(x), exact, EXACT, dtype=x.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_matvec_is_the_product(impl, data, hard):
    """matvec(A, x) is Ax."""
    A, x = data.draw(operands("mn", "n", hard=hard))
    bound = dot_product(len(x), size(A) @ size(x), x.dtype)
    judge("matvec", impl.matvec(A, x), oracles.matvec(A, x), bound, dtype=x.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_matvec_has_the_matrix_as_its_derivative(impl, data, hard):
    """matvec_jacobian(A, x) is A, whatever x is, without any error."""
    A, x = data.draw(operands("mn", "n", hard=hard))
    exact = [oracles.derivative(partial(oracles.product, row), x)[0] for row in A]
    judge("matvec_jacobian", impl.matvec_jacobian(A, x), np.reshape(exact, A.shape), EXACT, dtype=x.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_quadratic_form_is_the_double_sum(impl, data, hard):
    """quadratic_form(A, x) is xᵀAx."""
    A, x = data.draw(operands("nn", "n", hard=hard))
    bound = bounds.quadratic_form(A, x)
    judge("quadratic_form", impl.quadratic_form(A, x), oracles.quadratic_form(A, x), bound, dtype=x.dtype)


@pytest.mark.accuracy
@pytest.mark.parametrize(
    ("A", "x"),
    [([[5e-324]], [31.80897419]), ([[1e-320, 0.0], [0.0, 0.0]], [1e3, 0.3]), ([[1.234e9]], [1.111e-162])],
)
def test_quadratic_form_may_round_a_product_before_the_next(impl, A, x):
    """quadratic_form may round Ax, or xxᵀ, to subnormal numbers; what that loses is multiplied by x, or by A."""
    A, x = np.array(A), np.array(x)
    bound = bounds.quadratic_form(A, x)
    judge("quadratic_form", impl.quadratic_form(A, x), oracles.quadratic_form(A, x), bound, dtype=x.dtype)


@IN_EITHER_DTYPE
@pytest.mark.parametrize("n", [9, 31, 64, 130])
@pytest.mark.parametrize("name", [name for name, function in CONTRACT.items() if function.chapter == 1])
def test_no_entry_of_a_long_vector_is_left_out(impl, name, n, dtype):
    """On small integers, where no sum rounds, everything in vector calculus but a squared root is exact at any size."""
    rng = np.random.default_rng(n)
    x, c, A, B = (rng.integers(-9, 10, shape) for shape in ((n,), (n,), (n + 1, n), (n, n)))
    operands, exact = {
        "linear_form": ((x, c), x @ c),
        "linear_form_jacobian": ((x, c), c[None, :]),
        "squared_norm": ((x,), x @ x),
        "squared_norm_jacobian": ((x,), 2 * x[None, :]),
        "matvec": ((A, x), A @ x),
        "matvec_jacobian": ((A, x), A),
        "quadratic_form": ((B, x), x @ B @ x),
        "quadratic_form_jacobian": ((B, x), (x @ B + B @ x)[None, :]),
    }[name]
    # The root of a norm that is squared again rounds.
    bound = dot_product(n, exact, dtype) if name == "squared_norm" else EXACT
    judge(name, getattr(impl, name)(*(a.astype(dtype) for a in operands)), exact, bound, dtype=dtype)


def judge_quadratic_jacobian(impl: Any, A: np.ndarray, x: np.ndarray, exact: np.ndarray) -> None:
    """quadratic_form_jacobian against this answer, in the bound for any order of summation."""
    bound = bounds.quadratic_form_jacobian(A, x)
    allowed = bounds.Bound(bound.allowed[None], bound.source)
    judge("quadratic_form_jacobian", impl.quadratic_form_jacobian(A, x), exact, allowed, dtype=x.dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_quadratic_form_is_differentiated_in_both_places(impl, data, hard):
    """quadratic_form_jacobian(A, x) is the derivative of xᵀAx, also where A is not symmetric."""
    A, x = data.draw(operands("nn", "n", hard=hard))
    judge_quadratic_jacobian(impl, A, x, oracles.derivative(lambda x: oracles.quadratic_form(A, x), x))


@ORDINARY_AND_HARD
@given(data=st.data())
def test_quadratic_form_of_a_symmetric_matrix_has_the_derivative_2xA(impl, data, hard):
    """quadratic_form_jacobian(A, x) is 2xᵀA for every x when A = Aᵀ."""
    A, x = data.draw(operands("nn", "n", hard=hard, plain=True))
    A = A + A.T
    judge_quadratic_jacobian(impl, A, x, 2 * oracles.matvec(A, x)[None, :])


@ORDINARY_AND_HARD
@given(data=st.data())
def test_quadratic_form_of_another_matrix_has_not(impl, data, hard):
    """quadratic_form_jacobian(A, x) differs from 2xᵀA for some x when A ≠ Aᵀ."""
    (A,) = data.draw(operands("nn", hard=hard, plain=True))
    assume((A != A.T).any())
    i, j = np.argwhere(A != A.T)[0]
    x = np.eye(len(A), dtype=A.dtype)[i]
    # Entries are multiples of 1/8 up to 10, so sums of two are exact and differ by 1/8 at least.
    got = impl.quadratic_form_jacobian(A, x)
    other = got[0, j] != 2 * A[i, j]
    holds("quadratic_form_jacobian", other, "it is 2xᵀA, for an A that is not symmetric", got, "xᵀ(A + Aᵀ)")
