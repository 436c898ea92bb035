"""Chapter 3 on real data: scikit-learn's diabetes, 442 patients and 10 features."""

from importlib.util import find_spec

import numpy as np
import pytest

from shrinkage.properties.engine import bounds, oracles
from shrinkage.properties.engine.bounds_textbook import theory
from shrinkage.properties.engine.strategies import ORDINARY_AND_HARD
from shrinkage.properties.engine.verdict import judge

pytestmark = pytest.mark.skipif(find_spec("sklearn") is None, reason="the data come with scikit-learn")

LAMS = (1e-2, 1.0, 100.0)


@pytest.fixture(scope="module")
def diabetes():
    """The features, which have mean 0 and length 1, and the target without its mean."""
    from sklearn.datasets import load_diabetes  # half a second, and in one of the processes only

    X, y = load_diabetes(return_X_y=True)
    return np.ascontiguousarray(X), y - y.mean()


@ORDINARY_AND_HARD
@pytest.mark.parametrize("form", bounds.RIDGE)
def test_the_forms_agree_on_the_diabetes_data(impl, diabetes, form, hard):
    """On real data all six forms, and ridge, give the exact ridge solution within their own bounds."""
    X, y = diabetes
    for lam in (1e-4, *LAMS) if hard else LAMS:
        w = oracles.ridge(X, y, lam)
        judge(form, getattr(impl, form)(X, y, lam), w, theory(hard).RIDGE[form](X, y, lam, w), lam=lam)


@ORDINARY_AND_HARD
def test_loo_is_the_mean_over_refits_on_the_diabetes_data(impl, diabetes, hard):
    """On real data ridge_loo is the mean squared error of 442 refits, each by ridge without that patient."""
    X, y = diabetes
    for lam in (1e-2, 1.0):
        refits = [impl.ridge(np.delete(X, i, axis=0), np.delete(y, i), lam) for i in range(len(y))]
        errors = [oracles.residual(X[i : i + 1], y[i : i + 1], w) for i, w in enumerate(refits)]
        mean = oracles.sum_of_squares(np.concatenate(errors)) / len(y)
        # The refits are off by what is allowed for each, and so is the formula: twice the bound.
        bound = theory(hard).leave_one_out(X, y, lam, refits)
        judge("ridge_loo", impl.ridge_loo(X, y, np.array([lam]))[0], mean, bound + bound, lam=lam)
