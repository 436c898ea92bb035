"""From an implementation and the arguments to the call that is timed, where that is not just the function itself."""

from functools import partial
from typing import Any

from shrinkage.benchmarks.cases.case import Call
from shrinkage.benchmarks.cases.inputs import Arguments
from shrinkage.contract import CONTRACT
from shrinkage.loader import Implementation


def many_calls(implementation: Implementation, function: str, arguments: Arguments) -> Call:
    """One call for each tuple of numbers."""
    f = getattr(implementation, function)
    return lambda: [f(*numbers) for numbers in arguments]


def backward(implementation: Implementation, function: str, arguments: Arguments) -> Call:
    """The backward pass, with the cache of the implementation's own forward pass."""
    dout, *given = arguments
    (forward,) = (argument.forward for argument in CONTRACT[function].arguments if argument.forward)
    _, cache = getattr(implementation, forward)(*given)
    return partial(getattr(implementation, function), dout, cache)


def loss_and_gradients(implementation: Implementation, function: str, arguments: Arguments) -> Call:
    """A net's training step up to the update: forward, loss, backward."""
    X, y, params = arguments
    *hidden, C = (len(params[name]) for name in sorted(params) if name.startswith("b"))
    made = getattr(implementation, function)
    if function == "TwoLayerNet":
        net = made(X.shape[1], *hidden, C, reg=0.1)
    else:
        net = made(hidden, input_dim=X.shape[1], num_classes=C, reg=0.1, dtype=X.dtype, seed=0)
    for name, value in params.items():
        net.params[name] = value.copy()
    return partial(net.loss, X, y)


def whole_training(implementation: Implementation, function: str, arguments: Arguments) -> Call:
    """A new net, trained to the end."""
    data, net, how = arguments
    dtype = data["X_train"].dtype

    def train() -> Any:
        solver = implementation.Solver(implementation.FullyConnectedNet(dtype=dtype, **net), data, **how)
        solver.train()
        return solver

    return train
