"""An estimator whose fit, coefficients and predictions are remembered as a user would type them."""

from pathlib import PurePath
from typing import Any

from shrinkage.loader.estimators.model import Model
from shrinkage.properties.engine.account import calls
from shrinkage.properties.engine.account.source_repr import code


class FittedCall(calls.Call):
    """What an estimator has given, told by these lines; and the call of the contract that it stands for, if it does."""

    def __init__(self, function: str, lines: list[str], result: Any, arguments: tuple[Any, ...] | None = None) -> None:
        super().__init__(function, arguments, {})
        self._lines, self.result = lines, result

    def lines(self, path: str = "") -> list[str]:
        """As they are typed."""
        return [*self._lines[:-1], self._lines[-1] + path]


class Told:
    """One of a class that is judged by this function."""

    def __init__(self, model: Model, function: str) -> None:
        self._model, self._function, self._fits = model, function, list[str]()
        self._data: tuple[Any, ...] = ()

    def fit(self, X: Any, y: Any, sample_weight: Any = None, sparse: bool = False) -> bool:
        """Fit it; whether it hands back itself."""
        given = f"csr_array({code(X)})" if sparse else code(X)
        weights = "" if sample_weight is None else f", sample_weight={code(sample_weight)}"
        self._fits.append(f"model.fit({given}, {code(y)}{weights})")
        self._data = () if sparse or sample_weight is not None else (X, y)
        self._remember("", None)
        return self._model.fit(X, y, sample_weight, sparse)

    @property
    def coef(self) -> Any:
        """The coefficients."""
        stands_for = self._data and self._function in ("ridge", "lstsq")
        penalty = (self._model.lam,) if self._function == "ridge" else ()
        return self._remember("coef_", self._model.coef, (*self._data, *penalty) if stands_for else None)

    @property
    def intercept(self) -> Any:
        """The intercept."""
        return self._remember("intercept_", self._model.intercept)

    @property
    def chosen(self) -> float:
        """The λ that it has chosen."""
        return float(self._remember("alpha_", self._model.chosen))

    def predict(self, X: Any) -> Any:
        """Xw + b."""
        self._remember(f"predict({code(X)})", None)
        return self._remember(f"predict({code(X)})", self._model.predict(X))

    def _remember(self, what: str, result: Any, arguments: tuple[Any, ...] | None = None) -> Any:
        last = [f"model.{what}"] if what else []
        calls.remember(FittedCall(self._function, [*self._made(), *self._fits, *last], result, arguments))
        return result

    def _made(self) -> list[str]:
        model, recipe = self._model, self._model.recipe
        module, colon, _ = recipe.said.partition(":")
        file = PurePath(module)
        beside = f"  # in {file.parent}" if module.endswith(".py") and len(file.parts) > 1 else ""
        name = file.stem if module.endswith(".py") else module
        lines = [f"from {name} import {recipe.name.split('.')[0]}{beside}"] if colon else []
        total = len(self._data[0]) if self._data else 1
        known = {name: recipe.as_counted(getattr(model, name), total) for name in ("lam", "lams")}
        lines += [
            f"{name} = {code(value)}"
            for name, value in known.items()
            if value is not None and not getattr(recipe, name) and name in " ".join(recipe.given)
        ]
        options = {getattr(recipe, name): code(value) for name, value in known.items() if getattr(recipe, name)}
        options |= {name: code(value) if not isinstance(value, str) else value for name, value in model.options.items()}
        lines += ["from scipy.sparse import csr_array"] if any("csr_array" in fit for fit in self._fits) else []
        return [*lines, f"model = {recipe.written(**options)}"]
