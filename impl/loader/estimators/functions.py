"""A class as functions of the contract: each call makes one, fits it, and hands over what it has found.

What the class can do is seen on a problem of five samples. A class that takes no more than one target at a time is
fitted to one after the other; what else it does not take is not offered, and no claim fails by it.
"""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ...contract import CONTRACT
from ..choice import NotOffered, WrongChoice
from .model import Model
from .recipe import PENALTIES, Recipe

X = np.array([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0], [1.0, -1.0], [4.0, 2.0]])
Y = np.array([[3.0, 1.0, -4.0], [1.0, 5.0, 9.0], [2.0, 6.0, 5.0], [3.0, 5.0, 8.0], [9.0, 7.0, 9.0]])
ALIKE = 1e-3  # of two solutions, relative: an iteration's own tolerance is smaller, and what λ may mean is far larger


class Estimator:
    """One class, as far as it goes, under the contract's names.

    Parameters
    ----------
    said, modules, penalty
        As for `Recipe`.

    Raises
    ------
    WrongChoice
        If it cannot be made and fitted, or has no coefficients then.
    """

    def __init__(self, said: str, modules: Sequence[ModuleType], penalty: str) -> None:
        self.__name__, self.recipe = said, Recipe(said, modules, penalty)
        self.notes: list[str] = []
        recipe = self.recipe
        self.known = {"lam": 1.0} if recipe.penalised else {"lams": np.array([0.5, 2.0])} if recipe.chooses else {}
        try:
            alone = self.fitted(X, Y[:, 0], intercept=True)
            w, b = alone.coef, alone.intercept
        except Exception as error:
            what = " ".join(str(error).split())[:200]
            raise WrongChoice(
                f"{recipe.option} cannot be fitted to five samples: {type(error).__name__}: {what}."
            ) from error
        if w.shape != (2,) or np.ndim(b):
            raise WrongChoice(f"{recipe.option} has weights of shape {w.shape} for two features and one target.")
        with_intercept = bool(recipe.intercept or b)
        without = bool(recipe.intercept) or not with_intercept
        recipe.several, recipe.by_target = self._takes_several()
        recipe.weighted = "sample_weight" in inspect.signature(alone.made.fit).parameters
        if recipe.chooses:
            self._offer(without * ["ridge_loo"] + with_intercept * ["ridge_intercept_loo"])
        elif recipe.penalised:
            self._offer(without * ["ridge"] + with_intercept * ["ridge_intercept"])
            if without and self._can(solver="svd"):
                self._offer(["ridge_svd"])
            self._look_at_penalty(without)
        else:
            self.cutoff = next((name for name in ("rcond", "cond", "tol") if self._cuts_off(name)), "")
            self._offer(without * ["lstsq"] + with_intercept * ["ridge_intercept"])
            if self.cutoff:
                own = f"{self.cutoff}=max(X.shape) * np.finfo(X.dtype).eps"
                self.notes.append(f"{self.cutoff} is rcond there; judge it at the contract's by {recipe.name}({own}).")
            self._look_for_penalty(alone, without)

    def __repr__(self) -> str:
        return self.__name__

    def new_estimator(self, exact: bool = False, **settings: Any) -> Model:
        """One of the class, to be fitted: the claims that only an estimator can be asked for begin so.

        If it is to be exact, it is told to iterate until it is, where that can be told.
        """
        if exact and "tol" in self.recipe.free:
            settings["tol"] = 1e-15
        return Model(self.recipe, **settings)

    def fitted(self, X: Any, y: Any, sample_weight: Any = None, **settings: Any) -> Model:
        """One of the class, fitted."""
        model = Model(self.recipe, **(self.known | settings))
        model.fit(X, y, sample_weight)
        return model

    # ---- what it offers ----------------------------------------------------------------------------------------------

    def _offer(self, names: list[str]) -> None:
        for name in names:
            setattr(self, name, _in_its_words(name, getattr(self, f"_{name}")))
            options: dict[str, object] = {self.recipe.intercept: "intercept" in name} if self.recipe.intercept else {}
            options |= {"solver": "'svd'"} if name == "ridge_svd" else {}
            self.notes.append(f"{name} is {self.recipe.written(**options)}.")

    def _ridge(self, X: Any, y: Any, lam: Any, **options: Any) -> Any:
        return self._solved(X, y, None, lam=lam, **options)[0]

    def _ridge_svd(self, X: Any, y: Any, lam: Any) -> Any:
        return self._ridge(X, y, lam, solver="svd")

    def _lstsq(self, X: Any, y: Any, rcond: Any = None) -> Any:
        if rcond is not None and not self.cutoff:
            raise NotOffered("lstsq with rcond")
        return self._solved(X, y, None, **({} if rcond is None else {self.cutoff: rcond}))[0]

    def _ridge_intercept(self, X: Any, y: Any, lam: Any, sample_weight: Any = None) -> Any:
        if not self.recipe.penalised and np.ndim(lam) == 0 and lam != 0:
            raise NotOffered("ridge_intercept with a penalty")
        penalty = {"lam": lam} if self.recipe.penalised else {}
        return self._solved(X, y, sample_weight, intercept=True, **penalty)

    def _ridge_loo(self, X: Any, y: Any, lams: Any, sample_weight: Any = None, intercept: bool = False) -> Any:
        if not self.recipe.scores or sample_weight is not None:
            raise NotOffered("the errors of leave-one-out")
        stored = {self.recipe.scores: True}
        scores = self.fitted(X, y, lams=np.asarray(lams), intercept=intercept, **stored).scores
        return scores.mean(axis=0, dtype=scores.dtype)

    def _ridge_intercept_loo(self, X: Any, y: Any, lams: Any, sample_weight: Any = None) -> Any:
        return self._ridge_loo(X, y, lams, sample_weight, intercept=True)

    def _solved(self, X: Any, y: Any, sample_weight: Any, **settings: Any) -> tuple[Any, Any]:
        """Weights and intercepts."""
        model = self.fitted(X, y, sample_weight, **settings)
        return model.coef, model.intercept

    # ---- what it can do ----------------------------------------------------------------------------------------------

    def _can(self, **options: Any) -> bool:
        """Whether it takes this, and can be fitted so."""
        if not {*options} <= {*self.recipe.free}:
            return False
        try:
            return bool(self.fitted(X, Y[:, 0], **options).coef.size)
        except Exception:
            return False

    def _takes_several(self) -> tuple[bool, bool]:
        """Whether it is fitted to three targets at once, and if so, whether each has a row of its weights."""
        try:
            turned = self.fitted(X, Y, intercept=True).coef.shape
        except Exception:
            return False, False
        return turned in ((2, 3), (3, 2)), turned == (2, 3)

    def _cuts_off(self, name: str) -> bool:
        """Whether this argument is lstsq's rcond: a singular value below it counts as zero."""
        if not self._can(**{name: 1e-2}):
            return False
        w = self.fitted(np.diag([1.0, 1e-3, 0.0])[:, :2], np.ones(3), **{name: 1e-2}).coef
        return bool(abs(w[1]) < 1)

    def _look_at_penalty(self, without: bool) -> None:
        """Of what λ is a multiple there, if it is one, and not λ itself."""
        n = len(X)
        means = {"lam": 1.0, "lam / len(X)": n, "lam / 2": 2.0, "2 * lam": 0.5, "lam / (2 * len(X))": 2 * n}
        meant = next((how for how, factor in means.items() if self._solves(without, factor)), "lam")
        if meant == "lam / len(X)" and self.recipe.penalty == "sum":
            self.notes.append(f"{self.__name__} has its penalty on the mean of the squares: add --penalty mean.")
        elif meant != "lam":
            self.notes.append(f"{self.__name__} solves ridge regression with {meant} for lam: say so in --estimator.")

    def _look_for_penalty(self, model: Model, without: bool) -> None:
        """Whether it has one all the same, under a name that is nobody else's or in its fit."""
        recipe = self.recipe
        if own := next((name for name in PENALTIES if name in inspect.signature(model.made.fit).parameters), ""):
            say = f"ridge={recipe.name}({', '.join(recipe.given)}).fit(X, y, {own}=lam).coef_"
            self.notes.append(f"fit takes {own}, which it is not given here: say how, as in --as {say!r}.")
        for own in recipe.free:
            if self._can(**{own: 2.0}) and self._solves(without, 2.0, **{own: 2.0}):
                self.notes.append(f"{own} is λ there: judge it by --estimator {recipe.saying(f'{own}=lam')!r}.")

    def _solves(self, without: bool, lam: float, **settings: Any) -> bool:
        """Whether it has the ridge solution with this penalty."""
        A, y = (X, Y[:, 0]) if without else (X - X.mean(axis=0), Y[:, 0] - Y[:, 0].mean())
        exact = np.linalg.solve(A.T @ A + lam * np.eye(2), A.T @ y)
        w = self.fitted(X, Y[:, 0], **settings).coef
        return bool(np.linalg.norm(w - exact) <= ALIKE * np.linalg.norm(exact))


def _in_its_words(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """What it refuses it calls by names of its own, and is not judged by them: the contract's are added."""

    @functools.wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        with _added(CONTRACT[name].signature):
            return function(*arguments, **named)

    called.__name__ = name
    return called


@contextlib.contextmanager
def _added(signature: str) -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError) as error:
        error.args = (f"{error} (as {signature})",)
        raise
