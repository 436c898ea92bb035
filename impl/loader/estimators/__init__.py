"""Classes of fit, coef_, intercept_ and predict, as functions of the contract: ``sklearn.linear_model:Ridge``."""

from .functions import Estimator

__all__ = ["Estimator"]
