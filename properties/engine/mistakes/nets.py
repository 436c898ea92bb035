"""Chapter 5, the whole net: the right formula, and the mistaken ones."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from shrinkage.properties.engine import oracles_networks as on_paper
from shrinkage.properties.engine.mistakes.answers import Formula, Mistake, Sure
from shrinkage.properties.engine.mistakes.losses import EPSILONS
from shrinkage.properties.engine.running_error import Carried, affine, columns

Array = np.ndarray
Params = Mapping[str, Array]
LARGE = 5000  # products, from which on balls take too long
NETS = ("FullyConnectedNet", "TwoLayerNet")
Penalised = Callable[[str, int], tuple[float, float]]  # of a parameter and the number of layers: in loss and gradient


def _carried(X: Array, params: Params) -> tuple[Carried, dict[str, Carried]]:
    dtype = params["W1"].dtype
    flat = np.asarray(X, dtype).reshape(len(X), -1)
    return Sure(flat, 0.0, dtype), {name: Sure(value, 0.0, dtype) for name, value in params.items()}


def net(X: Array, params: Params, y: Any = None, reg: float = 0.0, **made_from: Any) -> Any:
    """Loss and gradients; without labels, the scores."""
    scores, loss, grads = on_paper.net(*_labelled(X, y, params), reg=reg)
    return scores if y is None else (loss, grads)


def _labelled(X: Array, y: Any, params: Params) -> tuple[Carried, Array, dict[str, Carried]]:
    if not 0 < len(X) * sum(value.size for value in params.values()) < LARGE:
        raise ValueError("of nothing, or too large")
    numbers, carried = _carried(X, params)
    return numbers, np.zeros(len(X), int) if y is None else np.asarray(y), carried


def _penalty(of: Penalised) -> Formula:
    """Another penalty: of each parameter, what of λ‖·‖² is in the loss and what of λ· in the gradient."""

    def formula(X: Array, params: Params, y: Any = None, reg: float = 0.0, **made_from: Any) -> Any:
        numbers, labels, carried = _labelled(X, y, params)
        _, loss, grads = on_paper.net(numbers, labels, carried, 0.0)
        layers, terms = len(params) // 2, [loss.reshape(1, 1)]
        for name, value in carried.items():
            in_loss, in_gradient = of(name, layers)
            if in_loss:
                terms.append(value.reshape(1, -1) @ value.reshape(-1, 1) * reg * in_loss)
            if in_gradient:
                grads[name] = grads[name] + value * reg * in_gradient
        return columns(*terms).sum(axis=1).reshape(()), grads

    return formula


def _weights(in_loss: float, in_gradient: float) -> Formula:
    return _penalty(lambda name, layers: (in_loss, in_gradient) if name[0] == "W" else (0, 0))


def _with_biases(penalty: tuple[float, float]) -> Formula:
    return _penalty(lambda name, layers: (0.5, 1) if name[0] == "W" else penalty)


def _one_layer(which: Callable[[int], int]) -> Formula:
    return _penalty(lambda name, layers: (0.5, 1) if name == f"W{which(layers)}" else (0, 0))


def _wired(hidden: bool = True, scores: bool = False, back: bool = True, at_zero: bool = False) -> Formula:
    """With or without a ReLU behind hidden layers, behind the scores, and on the way back; or ReLU'(0) = 1."""

    def formula(X: Array, params: Params, y: Any = None, reg: float = 0.0, **made_from: Any) -> Any:
        out, labels, carried = _labelled(X, y, params)
        layers, inputs, masks = len(params) // 2, [], []
        for i in range(1, layers + 1):
            inputs.append(out)
            out = affine(out, carried[f"W{i}"], carried[f"b{i}"])
            kinked = scores if i == layers else hidden
            on = out.positive() if kinked else np.ones(out.shape, bool)
            masks.append(~(-out).positive() if kinked and at_zero else on)
            out = out.where(on)
        if y is None:
            return out
        loss, dout = on_paper.softmax_loss(out, labels)
        squares = [W.reshape(1, -1) @ W.reshape(-1, 1) * reg * 0.5 for name, W in carried.items() if name[0] == "W"]
        grads = {}
        for i in range(layers, 0, -1):
            dout = dout.where(masks[i - 1]) if back else dout
            grads[f"b{i}"] = dout.sum()
            grads[f"W{i}"] = inputs[i - 1].T @ dout + carried[f"W{i}"] * reg
            dout = dout @ carried[f"W{i}"].T
        return columns(loss.reshape(1, 1), *squares).sum(axis=1).reshape(()), grads

    return formula


def _changed(change: Callable[[Carried, dict[str, Carried], int], Any]) -> Formula:
    """Loss, gradients and the number of samples made into something else."""

    def formula(X: Array, params: Params, y: Any = None, reg: float = 0.0, **made_from: Any) -> Any:
        loss, grads = net(X, params, y, reg)
        return change(loss, grads, len(X))

    return formula


def _mean_biases(loss: Carried, grads: dict[str, Carried], N: int) -> Any:
    return loss, {name: g / float(N) if name[0] == "b" else g for name, g in grads.items()}


def _rows(loss: Carried, grads: dict[str, Carried], N: int) -> Any:
    return loss, {name: g.reshape(1, -1) if name[0] == "b" else g for name, g in grads.items()}


def _summed(in_loss: bool, in_gradient: bool) -> Formula:
    """The loss of the data, or its gradient, not divided by N."""

    def formula(X: Array, params: Params, y: Any = None, reg: float = 0.0, **made_from: Any) -> Any:
        numbers, labels, carried = _labelled(X, y, params)
        N = float(len(X))
        (_, bare, plain), (_, loss, grads) = (on_paper.net(numbers, labels, carried, r) for r in (0.0, reg))
        return (
            loss + bare * (N - 1) if in_loss else loss,
            {name: g + plain[name] * (N - 1) for name, g in grads.items()} if in_gradient else grads,
        )

    return formula


def _probabilities(X: Array, params: Params, y: Any = None, reg: float = 0.0, **made_from: Any) -> Carried:
    if y is not None:
        raise ValueError("only what is given without labels")
    scores = net(X, params, None, reg)
    exps = (scores - scores[np.arange(len(X)), scores.largest()].reshape(-1, 1)).exp()
    p: Carried = exps / exps.sum(axis=1).reshape(-1, 1)
    return p


def _clamped(eps: float) -> Formula:
    """−log(p + ε) for the data."""

    def formula(X: Array, params: Params, y: Any = None, reg: float = 0.0, **made_from: Any) -> Any:
        if y is None:
            raise ValueError("only what is given with labels")
        (bare, _), (loss, grads) = net(X, params, y), net(X, params, y, reg)
        p = _probabilities(X, params)[np.arange(len(X)), np.asarray(y)]
        return on_paper.mean(-(p + eps).log()) + (loss - bare), grads

    return formula


def _named(name: str, sentence: str, *formulas: Formula) -> Mistake:
    return Mistake(name, sentence, dict.fromkeys(NETS, formulas))


RIGHT: dict[str, Formula] = dict.fromkeys(NETS, net)

WRONG = [
    _named(
        "only the last layer regularised",
        "regularising the last layer only, in loss and gradient alike",
        _one_layer(lambda layers: layers),
    ),
    _named(
        "only the first layer regularised",
        "regularising the first layer only, in loss and gradient alike",
        _one_layer(lambda layers: 1),
    ),
    _named(
        "a penalised bias",
        "regularising the biases, too",
        *map(_with_biases, ((0.5, 1), (0.5, 0), (0, 1))),
    ),
    _named(
        "factor 2 in the penalty",
        "leaving out the ½ of the penalty, or its counterpart in the gradient: reg·W is the gradient of ½ reg ΣW²",
        *(
            _weights(in_loss, in_gradient)
            for in_loss, in_gradient in ((1, 2), (1, 1), (0.5, 2), (0.5, 0.5), (0.25, 0.5))
        ),
    ),
    _named("gradient not regularised", "regularising the loss, but not the gradient", _weights(0.5, 0)),
    _named("loss not regularised", "regularising the gradient, but not the loss", _weights(0, 1)),
    _named("not regularised", "leaving out the penalty", _weights(0, 0)),
    _named("penalty of the wrong sign", "subtracting the penalty", _weights(-0.5, -1), _weights(0.5, -1)),
    _named("ReLU of the scores", "putting a ReLU behind the last layer, too", _wired(scores=True)),
    _named("no ReLU", "leaving out the ReLU behind hidden layers", _wired(hidden=False)),
    _named("ReLU'(0) = 1", "taking 1 for the derivative of ReLU at 0, where it is 0", _wired(at_zero=True)),
    _named("through dead units", "letting the gradient through units that are off", _wired(back=False)),
    _named(
        "mean for sum", "averaging the biases' gradients over the samples where they are summed", _changed(_mean_biases)
    ),
    _named("db of another shape", "giving a bias's gradient an axis too many, (1, M) for (M,)", _changed(_rows)),
    _named(
        "sum for mean",
        "summing over the samples where the mean is asked for, in the loss, its gradient or both",
        _summed(True, True),
        _summed(False, True),
        _summed(True, False),
    ),
    _named("clamped", "keeping the probability away from 0 before taking its logarithm", *map(_clamped, EPSILONS)),
    _named("probabilities for scores", "giving softmax(scores) where scores are asked for", _probabilities),
]
