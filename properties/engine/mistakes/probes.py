"""A few ordinary calls of a function, to tell mistakes apart that a smallest counterexample is typical of alike."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from shrinkage.contract import CONTRACT, Kind
from shrinkage.properties.engine import example_calls
from shrinkage.properties.engine.account.failure import Breach

Call = tuple[Mapping[str, Any], Any]

SCALES = (0.9, -0.77, 1.3)


def asked(implementation: Any, function: str) -> Iterator[Call]:
    """Arguments and result of each, made when it is asked for, until one fails."""
    for scale in SCALES:
        try:
            yield _call(implementation, function, scale)
        except (Exception, SystemExit, Breach):  # whatever people's own code raises, and what it does in isolation
            return


def read(function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays for what the contract calls arrays: float32 where all of them are, else float64."""
    function_of = CONTRACT[function]
    kinds = {
        a.name: a for a in (*function_of.arguments, *example_calls.given(function_of))
    }  # in a cache's place, of what made it
    numbers = {name for name in arguments if name in kinds and kinds[name].numeric}
    arrays = {a.name for a in kinds.values() if a.kind is Kind.LABELS} | numbers
    read = {name: np.asarray(value) if name in arrays else value for name, value in arguments.items()}
    single = {read[name].dtype for name in numbers if read[name].ndim} == {np.dtype(np.float32)}
    for name in numbers:
        value = read[name]
        read[name] = value.astype(np.float32 if single else np.float64) if value.ndim else float(value)
    return read


def _call(implementation: Any, function: str, scale: float) -> Call:
    if CONTRACT[function].methods:
        return _net(implementation, function, scale)
    if CONTRACT[function].arguments[0].kind is Kind.FUNCTION:
        return _differences(implementation, function, scale)
    example = _example(function, scale)
    caches = {a.name: a.forward for a in CONTRACT[function].arguments if a.kind is Kind.CACHE}
    made = {key: example_calls.call_raw(implementation, forward, example)[1] for key, forward in caches.items()}
    arguments = {name: (example | made)[name] for name in CONTRACT[function].names if name in example | made}
    fresh = {name: np.copy(v) if isinstance(v, np.ndarray) else v for name, v in arguments.items()}
    return arguments, getattr(implementation, function)(*fresh.values())


def _example(function: str, scale: float) -> dict[str, Any]:
    """The example with arrays and numbers times something, but for labels and counts; nothing of zero."""
    kinds = {a.name: a.kind for a in example_calls.given(CONTRACT[function])}
    example = dict(example_calls.EXAMPLES[function])
    for name, kind in kinds.items():
        if kind not in (Kind.LABELS, Kind.COUNT):
            signed = scale if kind is Kind.REAL else abs(scale)
            example[name] = (np.where(example[name] == 0, 0.375, example[name]) * signed)[()]
    if "sample_weight" in CONTRACT[function].names:  # not of an ordinary call, but what tells most
        example["sample_weight"] = 0.75 + np.arange(len(example["y"])) / 4
    return example


def _net(implementation: Any, function: str, scale: float) -> Call:
    rng, hidden = np.random.default_rng(1), [4, 4] if "hidden_dims" in CONTRACT[function].names else [4]
    sizes, wide = (5, *hidden, 3), {"hidden_dims": hidden} if len(hidden) > 1 else {"hidden_dim": hidden[0]}
    made_from = {**wide, "input_dim": sizes[0], "num_classes": sizes[-1], "reg": abs(scale)}
    # Courses hand out nets that are of float32 if nothing is said.
    double = {"dtype": np.float64} if "dtype" in CONTRACT[function].names else {}
    model = getattr(implementation, function)(**made_from, **double)
    params = {}
    for i in range(1, len(sizes)):
        params[f"W{i}"] = rng.standard_normal((sizes[i - 1], sizes[i]))
        params[f"b{i}"] = rng.standard_normal(sizes[i])
    for name, value in params.items():
        model.params[name] = value.copy()
    X, y = scale * rng.standard_normal((6, sizes[0])), rng.integers(0, sizes[-1], 6)
    return {**made_from, "params": params, "X": X, "y": y}, model.loss(X.copy(), y.copy())


def _differences(implementation: Any, function: str, scale: float) -> Call:
    """Of x³ + x², which no difference is exact for."""
    x = scale * np.array([0.5, -1.25, 2.0])
    if function == "eval_numerical_gradient":
        given: dict[str, Any] = {"f": lambda at: float(np.sum(at**3 + at**2)), "x": x}
    else:
        given = {"f": lambda at: at**3 + at**2, "x": x, "df": np.array([1.0, -2.0, 0.5])}
    fresh = {**given, "x": x.copy()}
    return given, getattr(implementation, function)(*fresh.values())
