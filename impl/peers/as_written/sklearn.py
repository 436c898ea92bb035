"""What people type in scikit-learn: `--impl sklearn-as-written`. The models as they come."""

import numpy as np
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV


def lstsq(X, y):
    return LinearRegression(fit_intercept=False).fit(X, y).coef_.T


def ridge(X, y, lam):
    return Ridge(alpha=lam, fit_intercept=False).fit(X, y).coef_.T


def ridge_normal(X, y, lam):
    return Ridge(alpha=lam, fit_intercept=False, solver="cholesky").fit(X, y).coef_.T


def ridge_svd(X, y, lam):
    return Ridge(alpha=lam, fit_intercept=False, solver="svd").fit(X, y).coef_.T


def ridge_kernel(X, y, lam):
    return X.T @ KernelRidge(alpha=lam).fit(X, y).dual_coef_


def ridge_path(X, y, lams):
    return np.array([ridge(X, y, lam) for lam in lams])


def ridge_loo(X, y, lams):
    return RidgeCV(alphas=lams, fit_intercept=False, store_cv_results=True).fit(X, y).cv_results_.mean(axis=0)


def ridge_intercept(X, y, lam, sample_weight=None):
    model = Ridge(alpha=lam).fit(X, y, sample_weight)
    return model.coef_.T, model.intercept_


def ridge_intercept_path(X, y, lams, sample_weight=None):
    models = [Ridge(alpha=lam).fit(X, y, sample_weight) for lam in lams]
    return np.array([model.coef_.T for model in models]), np.array([model.intercept_ for model in models])


def ridge_intercept_loo(X, y, lams, sample_weight=None):
    errors = RidgeCV(alphas=lams, store_cv_results=True).fit(X, y, sample_weight).cv_results_
    return errors.sum(axis=0) / (len(y) if sample_weight is None else sample_weight.sum())
