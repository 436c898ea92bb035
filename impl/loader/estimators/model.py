"""One of a class, and what it has found, in the contract's shapes."""

import contextlib
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..choice import NotOffered
from .recipe import Recipe

# What people call the weights of the features, the intercept, the λ that was chosen, and the errors it was chosen by.
COEFFICIENTS = ("coef_", "coef", "coefs_", "coefs", "coefficients_", "w_", "w", "W", "weights_", "weights", "theta")
INTERCEPTS = ("intercept_", "intercept", "b_", "b", "bias_", "bias", "w0")
CHOSEN = ("alpha_", "lam_", "lambda_", "best_alpha_", "best_lam_", "best_lambda_", "best_alpha", "best_lam")
SCORES = ("cv_results_", "cv_values_", "loo_errors_")


class Model:
    """One of a class, not fitted yet.

    Parameters
    ----------
    recipe
        How it is made.
    lam, lams
        λ, or those to choose from.
    intercept
        Whether one is fitted, where that is to be said.
    options
        More for its constructor.
    """

    def __init__(self, recipe: Recipe, lam: Any = None, lams: Any = None, intercept: bool = False, **options: Any):
        self.recipe, self.lam, self.lams = recipe, lam, lams
        self.options = options | ({recipe.intercept: intercept} if recipe.intercept else {})
        self.made: Any = None
        self.each: list[Model] | None = None  # for each target one, where it takes no more at once

    def fit(self, X: Any, y: Any, sample_weight: Any = None, sparse: bool = False) -> bool:
        """Fit it, for another time if need be; whether it hands back itself, as `fit` does."""
        self.X, self.y = np.asarray(X), np.asarray(y)
        if self.y.ndim > 1 and not self.recipe.several:
            known = {"lam": self.lam, "lams": self.lams}
            self.each = [Model(self.recipe, **known, **self.options) for _ in self.y.T]
            return all([one.fit(X, y, sample_weight, sparse) for one, y in zip(self.each, self.y.T, strict=True)])
        if sample_weight is not None and not self.recipe.weighted:
            raise NotOffered("sample_weight")
        weights = {} if sample_weight is None else {"sample_weight": np.asarray(sample_weight)}
        total = len(self.X) if sample_weight is None else float(np.sum(sample_weight))
        lam, lams = (self.recipe.as_counted(value, total) for value in (self.lam, self.lams))
        with _quiet():
            if self.made is None:
                self.made = self.recipe.make(self.X, self.y, lam, lams, **self.options)
            return self.made.fit(_sparse(self.X) if sparse else self.X, self.y, **weights) is self.made

    @property
    def coef(self) -> np.ndarray:
        """Of shape (d,), or (d, k) for k targets."""
        if self.each is not None:
            return np.reshape([one.coef for one in self.each], (-1, self.X.shape[-1])).T
        w, (d, *k) = np.asarray(self._found(COEFFICIENTS)), (self.X.shape[-1], *self.y.shape[1:])
        if w.size == d and k in ([], [1]):
            return w.reshape(d, *k)
        return w.T if self.recipe.by_target and k else w

    @property
    def intercept(self) -> Any:
        """A number, or of shape (k,) for k targets."""
        if self.each is not None:
            return np.array([one.intercept for one in self.each])
        k = self.y.shape[1:]
        b = np.asarray(self._found(INTERCEPTS, 0.0))
        return np.broadcast_to(b, k).copy() if b.size == 1 and k else b.reshape(k)[()] if b.size == np.prod(k) else b

    @property
    def chosen(self) -> float:
        """The λ that it has chosen."""
        return float(self._found(CHOSEN))

    @property
    def scores(self) -> np.ndarray:
        """The squared error of each sample when it is left out, at each λ."""
        return np.asarray(self._found(SCORES))

    def predict(self, X: Any) -> np.ndarray:
        """Of shape (m,), or (m, k) for k targets."""
        if self.each is not None:
            return np.stack([one.predict(X) for one in self.each], axis=1)
        if not callable(getattr(self.made, "predict", None)):
            raise NotOffered("predict")
        with _quiet():
            y = np.asarray(self.made.predict(X))
        return y.reshape(len(X), *self.y.shape[1:]) if self.y.shape[1:] in ((), (1,)) and y.size == len(X) else y

    def _found(self, names: Sequence[str], otherwise: Any = None) -> Any:
        """The first of these that it has, and that is no setting."""
        for value in (getattr(self.made, name, None) for name in names):
            if value is not None and not isinstance(value, bool | str):
                return value
        if otherwise is None:
            raise AttributeError(f"it has neither {' nor '.join(names[:2])} when it is fitted")
        return otherwise


def _sparse(X: np.ndarray) -> Any:
    from scipy.sparse import csr_array

    return csr_array(X)


_warned = warnings.catch_warnings()
_lock, _inside = threading.Lock(), [0]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without warnings: what is ill-conditioned is asked for. All threads meet them alike, so the last one lets go."""
    global _warned
    with _lock:
        if not _inside[0]:
            _warned = warnings.catch_warnings()
            _warned.__enter__()
            warnings.simplefilter("ignore")
        _inside[0] += 1
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        with _lock:
            _inside[0] -= 1
            if not _inside[0]:
                _warned.__exit__(None, None, None)
