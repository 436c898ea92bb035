"""What the cases should give: for each function, the answer and the error that theory allows.

At these sizes exact rationals would take hours, so answers are made with more digits than float64 has: straight from
the formula, with the bound by running error analysis (`measured`); or, where a system is solved, refined (`precise`),
with the bound of `shrinkage.properties.engine.bounds` for the form at hand. A wrong answer is never timed.
"""

import functools
from typing import Any

import numpy as np

from shrinkage.benchmarks.cases.bound import many_calls
from shrinkage.benchmarks.cases.case import Case
from shrinkage.benchmarks.references import grids, linear, networks, unequal
from shrinkage.benchmarks.references.measured import Answer
from shrinkage.contract import CONTRACT

_MAKERS = linear.ANSWERS | grids.ANSWERS | unequal.ANSWERS | networks.ANSWERS


class WrongAnswer(AssertionError):
    """An answer whose error is over its bound, or that is of the wrong kind."""


@functools.lru_cache(maxsize=2)  # the large ones take 100 MB; racers come one after the other
def expected(case: Case, dtype: Any = None) -> list[Answer]:
    """Each part of the answer, with its bound."""
    return (case.answer or _MAKERS[case.function])(*case.arguments(dtype))


def error_over_bound(case: Case, result: Any, dtype: Any = None) -> float:
    """The worst error of this result over its bound, at most 1.

    Raises
    ------
    WrongAnswer
        If the result is not within the bound, not finite, or not of the right shapes and dtype.
    """
    return worst_ratio(case, parts(case, result, dtype), dtype)


def worst_ratio(case: Case, got: list[Any], dtype: Any = None) -> float:
    """As `error_over_bound`, from the parts of the result."""
    if case.function == "Solver":
        return _trained(case, got, dtype)
    answers = expected(case, dtype)
    # Many calls give Python's numbers, and this net has no dtype but one.
    double = case.bind is many_calls or case.function == "TwoLayerNet"
    dtype = np.float64 if double else dtype or case.dtype
    if len(got) != len(answers):
        raise WrongAnswer(f"{case}: {len(answers)} results were expected, and {len(got)} came")
    return max(_ratio(f"{case}, result {i}", *pair, dtype) for i, pair in enumerate(zip(got, answers, strict=True)))


def _ratio(name: str, got: Any, answer: Answer, dtype: Any) -> float:
    exact, bound = answer
    got, allowed = np.asarray(got), np.asarray(bound.allowed, float)
    if got.shape != exact.shape or (got.ndim and got.dtype != dtype) or not np.all(np.isfinite(got)):
        raise WrongAnswer(f"{name} is not a finite array of {np.dtype(dtype)} in the shape {exact.shape}: {got!r}")
    error = np.abs(got - exact).astype(float)
    if allowed.shape != error.shape:
        error = np.linalg.norm(error)  # the bound is for the Frobenius norm
    ratio = float(np.max(np.divide(error, allowed, out=np.where(error > 0, np.inf, 0.0), where=allowed > 0), initial=0))
    if not ratio <= 1:
        raise WrongAnswer(f"{name}: error / bound = {ratio:.3g}, must be <= 1; the bound is from {bound.source}")
    return ratio


def parts(case: Case, result: Any, dtype: Any = None) -> list[Any]:
    """The arrays in a result, as `expected` lists them; of a solver, what can be said of it."""
    function = case.function
    if function == "Solver":
        data, *_ = case.arguments(dtype)
        accuracy = np.mean(np.argmax(result.model.loss(data["X_val"]), axis=1) == data["y_val"])
        return [result.loss_history, result.train_acc_history, result.val_acc_history, float(accuracy)]
    if CONTRACT[function].gives_cache:
        return [result[0]]  # what is in a cache is the implementation's own business
    if function in ("FullyConnectedNet", "TwoLayerNet"):
        loss, gradients = result
        return [loss, *(gradients[name] for name in sorted(gradients))]
    if CONTRACT[function].gives_config:
        w, config = result
        return [w, *(config[key] for key in ("velocity", "cache", "m", "v") if key in config)]
    if isinstance(result, list):  # of many calls
        return list(np.array(result, float).T.reshape(-1, len(result)))
    return list(result) if isinstance(result, tuple) else [result]


def _trained(case: Case, got: list[Any], dtype: Any) -> float:
    """What holds for any draw of batches: the histories are of their lengths, and the best parameters are kept."""
    data, _, how = case.arguments(dtype)
    losses, *accuracies, accuracy = got
    steps = max(len(data["X_train"]) // how["batch_size"], 1) * how["num_epochs"]
    lengths = (len(losses), *map(len, accuracies))
    if lengths != (steps, how["num_epochs"] + 1, how["num_epochs"] + 1):
        raise WrongAnswer(f"{case}: histories of {lengths} entries after {steps} steps")
    if accuracy != max(accuracies[1]):
        raise WrongAnswer(f"{case} ends at an accuracy of {accuracy}, but had {max(accuracies[1])}")
    if not losses[-1] < losses[0]:
        raise WrongAnswer(f"{case}: the loss went from {losses[0]} to {losses[-1]}")
    return 0.0
