"""What people type in statsmodels: `--impl statsmodels-as-written`. Models without a constant, as they come."""

import numpy as np
import statsmodels.api as sm
from statsmodels.tools.tools import pinv_extended

from .. import Library

LIBRARY = Library(distribution="statsmodels", oldest="0.15", module="statsmodels")


def pinv(X):
    return pinv_extended(X)[0]


def lstsq(X, y):
    return sm.OLS(y, X).fit().params


def ridge(X, y, lam):
    return sm.OLS(y, X).fit_regularized(alpha=lam / len(y), L1_wt=0).params


def ridge_path(X, y, lams):
    return np.array([ridge(X, y, lam) for lam in lams])


def ridge_by_feature(X, y, lams):
    return sm.OLS(y, X).fit_regularized(alpha=lams / len(y), L1_wt=0).params
