"""The claims, as cases of one's own test suite: ``@shrinkage.claims.parametrize(ridge=mylib.ridge)``."""

import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from .loader.choice import WrongChoice


def parametrize(
    *parts: object,
    marks: str | Collection[str] = (),
    expected_failures: Mapping[str, str | Mapping[str, Any]] | None = None,
    calls: Sequence[str] = (),
    estimators: Sequence[str] = (),
    penalty: str = "sum",
    **functions: Callable[..., Any],
) -> Any:
    """Every claim about these functions as a case of a test of one argument, ``claim``, which calls it.

    Each has the claim's name, one of the marks `mathematics`, `accuracy` and `interface`, and Hypothesis' own profile,
    but for a deadline and its health checks.

    Parameters
    ----------
    *parts
        Modules, or any objects with functions of the contract as attributes; the first that offers one wins. A class of
        fit and coef_ is an estimator.
    marks
        Only claims with one of these marks; all of them if none is given.
    expected_failures
        Names of claims, in which ``*`` stands for anything, and why each fails on purpose: a reason, or the words of
        ``pytest.mark.xfail``. A claim that holds against expectation fails, unless ``{"reason": …, "strict": False}``.
    calls
        ``"ridge=solve(A=X, b=y, alpha=lam)"``, as for ``--as``.
    estimators
        ``"sklearn.linear_model:Ridge"``, as for ``--estimator``.
    penalty
        Of the estimators: ``"sum"`` if it is added to the sum of the squared errors, ``"mean"`` if to their mean.
    **functions
        Functions by the contract's names; they win over those of `parts`.

    Returns
    -------
    Any
        The decorator, ``pytest.mark.parametrize``.

    Raises
    ------
    WrongChoice
        If a name is none of the contract's, nothing is offered, or an expected failure is of no claim.
    ImportError
        If what the claims need is not installed.
    """
    __tracebackhide__ = True
    chosen = {"marks": marks, "expected_failures": expected_failures or {}}
    chosen |= {"calls": calls, "estimators": estimators, "penalty": penalty}
    try:
        return importlib.import_module("shrinkage.properties.cases").parametrize(parts, functions, **chosen)
    except WrongChoice as error:
        refused: Exception = WrongChoice(f"shrinkage.claims.parametrize: {error}")
    except ModuleNotFoundError as error:
        if (error.name or "shrinkage").split(".")[0] == "shrinkage":
            raise
        needs = f"shrinkage.claims needs {error.name}: pip install 'shrinkage[judge]' brings it."
        refused = ImportError(needs, name=error.name)
    raise refused
