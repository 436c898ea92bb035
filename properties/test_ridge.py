"""Chapter 3: the six forms of ridge regression and the best of them, the objective and its derivative."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import bounds, oracles
from properties.strategies import ORDINARY_AND_HARD, Linear, linear, ridge_problem
from properties.verdict import judge

FORMS = [name for name in bounds.RIDGE if name != "ridge"]
MAY_FAIL = ("ridge_normal", "ridge_map", "ridge_kernel")  # with LinAlgError, where what they factor is indefinite


def solve(impl: Any, form: str, p: Linear, bound: bounds.Bound) -> np.ndarray | None:
    """The form's answer; None where it says that it cannot be had, as it may where its own bound is void."""
    function = getattr(impl, form)
    try:
        return function(p.X, p.y, p.lam)
    except np.linalg.LinAlgError:
        if form in MAY_FAIL and np.isinf(bound.allowed).any():
            return None
        raise


@ORDINARY_AND_HARD
@pytest.mark.parametrize("form", bounds.RIDGE)
@given(data=st.data())
def test_ridge_minimises_its_objective(impl, form, data, hard):
    """Each of the six forms, and ridge, gives (XᵀX + λI)⁻¹Xᵀy."""
    p = data.draw(ridge_problem(hard=hard))
    exact = oracles.ridge(p.X, p.y, p.lam)
    bound = bounds.RIDGE[form](p.X, p.y, p.lam, exact)
    w = solve(impl, form, p, bound)
    if w is not None:
        judge(form, w, exact, bound, dtype=p.dtype)


@pytest.mark.mathematics
@pytest.mark.parametrize(("one", "other"), [(a, b) for i, a in enumerate(FORMS) for b in FORMS[:i]])
@given(linear())
def test_the_forms_agree(impl, one, other, p):
    """Any two of the six forms give the same w, up to the sum of what each is allowed."""
    first, second = getattr(impl, one), getattr(impl, other)
    exact = oracles.ridge(p.X, p.y, p.lam)
    bound = bounds.RIDGE[one](p.X, p.y, p.lam, exact) + bounds.RIDGE[other](p.X, p.y, p.lam, exact)
    judge(one, first(p.X, p.y, p.lam), oracles.rationals(second(p.X, p.y, p.lam)), bound, dtype=p.dtype)


@pytest.mark.mathematics
@given(linear(hard=True))
def test_ridge_at_zero_is_least_squares(impl, p):
    """ridge(X, y, 0) is lstsq(X, y)."""
    exact = oracles.lstsq(p.X, p.y)
    judge("ridge", impl.ridge(p.X, p.y, 0), exact, bounds.least_squares(p.X, p.y, 0.0, exact), dtype=p.dtype)
