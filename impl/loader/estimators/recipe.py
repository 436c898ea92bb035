"""How one of a class is made: ``sklearn.linear_model:Ridge(solver="lsqr")``, and what else its constructor takes.

The expression may speak of the contract's X, y, lam and lams, where a class has a penalty of another name or of another
kind: ``mine.py:Model(C=1 / lam)``. What it does not say is looked for among the names of the constructor's arguments.
"""

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ..choice import WrongChoice
from ..expressions import compiled, free_names, parsed
from ..hints import ARGUMENTS
from ..modules import module

# What people call λ, a list of them, the switch of the intercept, and the one that keeps each sample's error.
PENALTIES = ("lam", *ARGUMENTS["lam"].split())
GRIDS = ("lams", *ARGUMENTS["lams"].split())
INTERCEPTS = ("fit_intercept", "intercept", "use_intercept", "add_intercept", "fit_bias", "use_bias", "bias")
SCORES = ("store_cv_results", "store_cv_values", "store_loo")
PARAMETERS = "X, y, lam, lams"


class Recipe:
    """How one of a class is made.

    Parameters
    ----------
    said
        ``MODULE:CLASS`` or ``MODULE:CLASS(...)``; without a module, the class is looked for in those that are judged.
    modules
        Those.
    penalty
        ``"mean"`` if λ‖w‖² is added to the mean of the squared errors there: it is given λ/n.

    Attributes
    ----------
    lam, lams, intercept, scores
        What its constructor calls λ, a list of them, the switch of the intercept, and the one that keeps each sample's
        error; empty if it has no such argument, or the expression has settled it.
    penalised, chooses
        Whether it is given λ, and whether it is given several, to choose from.
    several, by_target, weighted
        Whether it is fitted to several targets at once, has a row of weights for each then, and takes samples' weights.

    Raises
    ------
    WrongChoice
        If it is no such expression, or speaks of what is not there.
    """

    several = by_target = weighted = True

    def __init__(self, said: str, modules: Sequence[ModuleType], penalty: str) -> None:
        self.said, self.penalty, self.option = said, penalty, f"--estimator {said!r}"
        name, colon, text = _module_and_class(said, modules)
        if name.endswith(".py") and not text:
            raise WrongChoice(f"{self.option} names no class: say which, as in --estimator {name}:Ridge.")
        if not (name or modules):
            raise WrongChoice(f"{self.option} names no module: say whose it is, as in --estimator mine.py:{text}.")
        if name:
            modules = [module(name)]
        expression = parsed(text, self.option)
        call = expression if isinstance(expression, ast.Call) else ast.Call(expression, [], [])
        made = compiled(call.func, PARAMETERS, modules, self.option)(*[None] * 4)
        if not callable(made):
            raise WrongChoice(f"{self.option} is no class: it is {made!r:.80}.")
        self.name, self.given = ast.unparse(call.func), [ast.unparse(each) for each in (*call.args, *call.keywords)]
        if hasattr(made, "predict_proba") or getattr(made, "_estimator_type", "") == "classifier":
            raise WrongChoice(
                f"{self.option} is a classifier: what is judged here is least squares and ridge regression."
            )
        takes, spoken = _arguments(made), {*free_names(expression)}
        settled = {keyword.arg for keyword in call.keywords} | {*[*takes][: len(call.args)]}

        def free(names: Sequence[str]) -> str:
            return next((each for each in names if each in takes and each not in settled), "")

        numbers = [each for each in PENALTIES if not isinstance(getattr(takes.get(each), "default", None), str)]
        self.lam = "" if {"lam", "lams"} & spoken else free(numbers)
        self.lams = "" if {"lam", "lams"} & spoken or self.lam else free(GRIDS)
        self.intercept, self.scores = free(INTERCEPTS), free(SCORES)
        self.penalised, self.chooses = bool(self.lam) or "lam" in spoken, bool(self.lams) or "lams" in spoken
        if not (self.penalised or self.chooses):
            for own in (*numbers, *GRIDS, "C"):  # C is 1/λ, or half of that
                if own in settled or (own == "C" and own in takes):
                    follows = "1 / lam" if own == "C" else "lams" if own in GRIDS else "lam"
                    example = f"{name}{colon}{self.name}({own}={follows})"
                    raise WrongChoice(f"{self.option}: say how {own} follows from λ, as in --estimator {example!r}.")
        self.free = [name for name in takes if name not in settled]
        self._make = _with_options(call, modules, self.option)

    def make(self, X: Any, y: Any, lam: Any, lams: Any, **options: Any) -> Any:
        """One of them, not fitted."""
        known = {name: value for name, value in ((self.lam, lam), (self.lams, lams)) if name}
        return self._make(X, y, lam, lams, known | options)

    def saying(self, option: str) -> str:
        """The expression with one more argument: ``mine.py:Model(C=lam)``."""
        return (
            f"{self.said.removesuffix(')')}, {option})" if self.given else f"{self.said.removesuffix('()')}({option})"
        )

    def as_counted(self, lam: Any, total: float) -> Any:
        """λ, or several, as Python has numbers, and as the class counts them."""
        lam = lam.item() if isinstance(lam, np.generic | np.ndarray) and lam.ndim == 0 else lam
        return lam if lam is None or self.penalty == "sum" else lam / max(total, 1)

    def written(self, **options: object) -> str:
        """How it is made, in Python: ``Ridge(alpha=lam, fit_intercept=False)``."""
        known = {name: value for name, value in ((self.lam, "lam"), (self.lams, "lams")) if name}
        if self.penalty == "mean":
            known = {name: f"{value}/n" for name, value in known.items()}
        return f"{self.name}({', '.join((*self.given, *(f'{k}={v}' for k, v in (known | options).items())))})"


def _module_and_class(said: str, modules: Sequence[ModuleType]) -> tuple[str, str, str]:
    """``a.b``, ``:`` and ``C(...)`` of ``a.b:C(...)`` or ``a.b.C(...)``; without a module, the judged ones have it."""
    head, bracket, rest = said.partition("(")
    name, colon, text = head.partition(":")
    if colon:
        return name, colon, f"{text}{bracket}{rest}"
    if head.endswith(".py"):
        return head, ":", f"{bracket}{rest}"
    name, dot, text = head.rpartition(".")
    if dot and not any(hasattr(one, name.partition(".")[0]) for one in modules):
        return name, ":", f"{text}{bracket}{rest}"
    return "", "", said


def _with_options(call: ast.Call, modules: Sequence[ModuleType], said: str) -> Callable[..., Any]:
    more = ast.keyword(None, ast.Name("options"))
    return compiled(ast.Call(call.func, call.args, [*call.keywords, more]), f"{PARAMETERS}, options", modules, said)


def _arguments(made: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        parameters = inspect.signature(made).parameters
    except (TypeError, ValueError):  # of what is compiled elsewhere
        return {}
    return {name: one for name, one in parameters.items() if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)}
