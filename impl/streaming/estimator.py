"""The state as scikit-learn's users know it: `fit`, `partial_fit`, `coef_`, `intercept_`, `predict`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

try:
    from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "shrinkage.streaming.Ridge needs scikit-learn 1.6 or later: pip install 'shrinkage[sklearn]'"
    ) from error

from .._kernels.validation import Array, not_negative
from .state import State, start, update


class Ridge(MultiOutputMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """argmin Σ sᵢ(yᵢ − xᵢᵀw − b)² + α‖w‖², for rows that come block by block.

    Parameters
    ----------
    alpha
        λ ≥ 0.
    fit_intercept
        Whether there is a b, without a penalty.

    Attributes
    ----------
    coef_ : (d,) or (k, d)
        One row of weights for each target.
    intercept_ : a number or (k,)
        0 without an intercept.
    state_
        Of all rows since the last `fit`; what else it answers, for any λ, is in `shrinkage.streaming.State`.
    n_features_in_
        d.

    Notes
    -----
    2nd² flops in all, and d³/3 when coef_ is first asked for, as `predict` does: only then is anything solved. `alpha`
    may be another one then, without another fit. Demmel, Grigori, Hoemmen and Langou (2012), §3.
    """

    def __init__(self, alpha: float = 1.0, *, fit_intercept: bool = True) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Forget what was, and fit these rows.

        Parameters
        ----------
        X : (n, d)
            One sample a row.
        y : (n,) or (n, k)
            One target or k of them.
        sample_weight : (n,)
            s ≥ 0, or a number for all; None is 1 for each.

        Returns
        -------
        Ridge
            Itself.

        Raises
        ------
        ValueError
            A shape is wrong, something is not finite, alpha or a weight is negative, or every weight is 0.
        """
        self.__dict__.pop("state_", None)
        self.partial_fit(X, y, sample_weight)
        if self.state_.n == 0:
            raise ValueError(f"sample_weight must have a positive entry, but all {len(X)} are zero")
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit these rows too.

        Parameters
        ----------
        X : (b, d)
            One sample a row.
        y : (b,) or (b, k)
            As many targets as before.
        sample_weight : (b,)
            s ≥ 0, or a number for all; None is 1 for each.

        Returns
        -------
        Ridge
            Itself.

        Raises
        ------
        ValueError
            A shape is wrong, something is not finite, or alpha or a weight is negative.
        """
        not_negative("alpha", self.alpha)
        first = not hasattr(self, "state_")
        X, y = validate_data(self, X, y, reset=first, dtype=(np.float64, np.float32), multi_output=True, y_numeric=True)
        if sample_weight is not None and not (given := np.asarray(sample_weight)).ndim:
            sample_weight = np.full(len(X), given)
        if first:
            k = None if y.ndim == 1 else y.shape[1]
            state = start(X.shape[1], k, X.dtype, intercept=bool(self.fit_intercept))
        self.state_: State = update(state if first else self.state_, X, y, sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """Xw + b.

        Parameters
        ----------
        X : (m, d)
            One sample a row.

        Returns
        -------
        (m,) or (m, k)
            As y was.

        Raises
        ------
        NotFittedError
            Nothing was fitted yet.
        ValueError
            The shape is wrong, or something is not finite.
        """
        check_is_fitted(self, "state_")
        X = validate_data(self, X, reset=False, dtype=(np.float64, np.float32))
        return X @ self.coef_.T + self.intercept_

    @property
    def coef_(self) -> Array:
        """(d,) or (k, d): of all rows so far, for alpha as it is now."""
        return self._solved()[0].T

    @property
    def intercept_(self) -> Any:
        """A number or (k,): of all rows so far, for alpha as it is now."""
        return self._solved()[1]

    def _solved(self) -> tuple[Array, Any]:
        """Solved once, and kept with the state, whose answer it is."""
        if "state_" not in self.__dict__:
            raise AttributeError("nothing was fitted yet")
        known, lam = self.state_.__dict__, not_negative("alpha", self.alpha)
        if known.get("_solved", (None,))[0] != lam:
            answer = self.state_.ridge_intercept(lam) if self.state_.intercept else (self.state_.ridge(lam), 0.0)
            known["_solved"] = lam, answer
        found: tuple[Array, Any] = known["_solved"][1]
        return found
