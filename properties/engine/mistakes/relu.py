"""Chapter 4: the right formulas, and the mistaken ones."""

from collections.abc import Callable
from itertools import chain, permutations, product
from typing import Any

import numpy as np

from shrinkage.properties.engine import oracles_networks as on_paper
from shrinkage.properties.engine.mistakes.answers import Formula, Mistake, given
from shrinkage.properties.engine.running_error import Carried

Answer = Any
On = Callable[[Carried], np.ndarray]


def _carried(formula: Callable[..., Answer], but: tuple[str, ...] = ("lr", "epochs")) -> Formula:
    """The formula over carried numbers; those named stay as they are."""

    def of(**named: Any) -> Answer:
        numbers = {name: value for name, value in named.items() if name not in but}
        values = dict(zip(numbers, given(*numbers.values()), strict=True))
        return formula(**(values | {name: value for name, value in named.items() if name in but}))

    return of


# ---- what is right ---------------------------------------------------------------------------------------------------


def unit(x: Carried, w: Carried, b: Carried) -> Carried:
    """max(wx + b, 0)."""
    return (w * x + b).relu()


def unit_loss(x: Carried, y: Carried, w: Carried, b: Carried) -> Carried:
    """½(φ(x) − y)²."""
    off = unit(x, w, b) - y
    return off * off * 0.5


def network_loss(x: Carried, y: Carried, W1: Carried, b: Carried, W2: Carried) -> Carried:
    """½(f̂(x) − y)²."""
    off = on_paper.network(x, W1, b, W2) - y
    return off * off * 0.5


def elbows_after_step(x: Carried, y: Carried, W1: Carried, b: Carried, W2: Carried, lr: float) -> Carried:
    """−b/W1 after the step."""
    W1, b, _ = on_paper.network_step(x, y, W1, b, W2, lr)
    return -b / W1[:, 0]


def sgd(step: Callable[..., Any], order: Callable[[int], Any] = range, first: int = 0, more: int = 0) -> Formula:
    """W1, b, W2 and the elbows after every epoch, by any step, with the samples in any order."""

    def formula(
        x: Carried, y: Carried, W1: Carried, b: Carried, W2: Carried, lr: float, epochs: int
    ) -> tuple[Carried, Carried, Carried, list[Carried]]:
        rows = [-b / W1[:, 0]]
        for epoch in range(int(epochs) + more):
            for i in order(x.shape[0]):
                W1, b, W2 = step(x[i], y[i], W1, b, W2, lr, epoch)
            rows.append(-b / W1[:, 0])
        return W1, b, W2, rows[first:]

    return formula


def _step(x: Carried, y: Carried, W1: Carried, b: Carried, W2: Carried, lr: float, epoch: int) -> on_paper.Triple:
    return on_paper.network_step(x, y, W1, b, W2, lr)


_ON_PAPER: dict[str, Callable[..., Answer]] = {
    "relu_unit": unit,
    "elbow": lambda w, b: -b / w,
    "relu_unit_loss": unit_loss,
    "relu_unit_gradients": on_paper.unit_gradients,
    "relu_unit_step": on_paper.unit_step,
    "relu_network": on_paper.network,
    "relu_network_loss": network_loss,
    "relu_network_gradients": on_paper.network_gradients,
    "relu_network_step": on_paper.network_step,
    "elbows_after_step": elbows_after_step,
    "relu_network_sgd": sgd(_step),
}

RIGHT: dict[str, Formula] = {name: _carried(formula) for name, formula in _ON_PAPER.items()}


# ---- what is mistaken ------------------------------------------------------------------------------------------------


def _unit(x: Carried, y: Carried, w: Carried, b: Carried, on: On) -> on_paper.Triple:
    """The gradients, where some other rule says whether the unit is on."""
    z = w * x + b
    dphi = z.relu() - y
    return dphi, (dphi * x).where(on(z)), dphi.where(on(z))


def _network(
    x: Carried,
    y: Carried,
    W1: Carried,
    b: Carried,
    W2: Carried,
    on: On = lambda z: z.positive(),
    on_b: On | None = None,
    back: bool = True,
    by: bool = True,
    linear: bool = False,
) -> on_paper.Triple:
    """The gradients, with another rule for which units are on, or without W2, x or the kink where they belong."""
    z = W1[:, 0] * x + b
    hidden = z.relu()
    df = hidden @ W2[0] - y
    db = df * W2[0] if back else df * z.constant(np.ones(z.shape))
    dW1, db = (db * x if by else db).where(on(z)), db.where((on_b or on)(z))
    return dW1.reshape(-1, 1), db, (df * (z if linear else hidden)).reshape(1, -1)


def _without_x(**at: Carried) -> on_paper.Triple:
    dphi, _, db = on_paper.unit_gradients(**at)
    return dphi, db, db


def _behind_the_kink(**at: Carried) -> on_paper.Triple:
    _, dw, db = on_paper.unit_gradients(**at)
    return db, dw, db


def _flat_W1(**at: Carried) -> on_paper.Triple:
    dW1, db, dW2 = on_paper.network_gradients(**at)
    return dW1[:, 0], db, dW2


def _kink(z: Carried) -> np.ndarray:
    """On at exactly 0, too."""
    on: np.ndarray = z.positive() | _zero(z)
    return on


def _zero(z: Carried) -> np.ndarray:
    return np.array([value == 0 for value in z.values.flat], bool).reshape(z.shape)


def _always(z: Carried) -> np.ndarray:
    """On everywhere."""
    return np.ones(z.shape, bool)


def _moved(gradients: Callable[..., Any], signs: tuple[float, ...] = (1.0, 1.0, 1.0)) -> Formula:
    """A step by these gradients, of each parameter down, up, or not at all."""

    def step(lr: float, **at: Carried) -> tuple[Carried, ...]:
        names = _parameters(at)
        ds = gradients(**at)[-len(names) :]
        moves = zip(names, ds, signs, strict=False)
        return tuple(at[name] - d * (sign * lr) if sign else at[name] for name, d, sign in moves)

    return step


def _parameters(at: dict[str, Any]) -> tuple[str, ...]:
    return ("W1", "b", "W2") if "W1" in at else ("w", "b")


def _in_turn(*order: tuple[str, ...]) -> Formula:
    """Some parameters after others, each from the gradients where those before it have moved."""

    def step(lr: float, **at: Carried) -> tuple[Carried, ...]:
        names = _parameters(at)
        gradients = on_paper.network_gradients if "W1" in at else on_paper.unit_gradients
        for moving in order:
            ds = dict(zip(names, gradients(**at)[-len(names) :], strict=True))
            at = at | {name: at[name] - ds[name] * lr for name in moving}
        return tuple(at[name] for name in names)

    return step


def _behind(first: str, second: str) -> Formula:
    """The second parameter from the gradient where the first has moved; all others from where they were."""

    def step(lr: float, **at: Carried) -> tuple[Carried, ...]:
        names = _parameters(at)
        before = dict(zip(names, _in_turn(names)(lr=lr, **at), strict=True))
        after = dict(zip(names, _in_turn((first,), names)(lr=lr, **at), strict=True))
        return tuple((before | {second: after[second]})[name] for name in names)

    return step


def _mistaken_steps(step: Formula) -> dict[str, Formula]:
    """A step of the network, in all that takes it."""

    def elbows(**at: Any) -> Carried:
        W1, b, _ = step(**at)
        elbow: Carried = -b / W1[:, 0]
        return elbow

    def along(x: Carried, y: Carried, W1: Carried, b: Carried, W2: Carried, lr: float, epoch: int) -> Any:
        return step(x=x, y=y, W1=W1, b=b, W2=W2, lr=lr)

    return {
        "relu_network_step": _carried(step),
        "elbows_after_step": _carried(elbows),
        "relu_network_sgd": _carried(sgd(along)),
    }


def _in_turn_of(order: tuple[str, ...]) -> dict[str, Formula]:
    """One parameter after the other; of the unit, where W2 has no say."""
    w = tuple("w" if name == "W1" else name for name in order if name != "W2")
    return _mistaken_steps(_in_turn(*((name,) for name in order))) | {
        "relu_unit_step": _carried(_in_turn(*((name,) for name in w)))
    }


def _one_apart(one: str) -> list[dict[str, Formula]]:
    """One parameter before both of the others, or behind them."""
    others = tuple(name for name in ("W1", "b", "W2") if name != one)
    return [_mistaken_steps(_in_turn((one,), others)), _mistaken_steps(_in_turn(others, (one,)))]


def _pair(pair: tuple[str, ...]) -> dict[str, Formula]:
    return _mistaken_steps(_behind(*pair))


def _signed(signs: tuple[float, ...]) -> dict[str, Formula]:
    """Each parameter down the gradient, up, or not at all."""
    return _mistaken_steps(_moved(on_paper.network_gradients, signs)) | {
        "relu_unit_step": _carried(_moved(on_paper.unit_gradients, signs))
    }


def _gradients(**options: Any) -> dict[str, Formula]:
    """Gradients of the network, and what is moved by them."""
    changed = lambda **at: _network(**at, **options)  # noqa: E731
    return {"relu_network_gradients": _carried(changed), **_mistaken_steps(_moved(changed))}


def _each(*several: dict[str, Formula]) -> dict[str, list[Formula]]:
    """Several ways to have the same mistake."""
    return {name: [ways[name] for ways in several if name in ways] for name in dict.fromkeys(chain(*several))}


def _gates(on: On) -> dict[str, list[Formula]]:
    """Another rule for which units are on, in the gradient of W1, of b, or of both."""
    right: On = Carried.positive
    return _each(_unit_gradients(on) | _gradients(on=on), _gradients(on=on, on_b=right), _gradients(on=right, on_b=on))


def _unit_gradients(on: On) -> dict[str, Formula]:
    changed = lambda **at: _unit(**at, on=on)  # noqa: E731
    return {"relu_unit_gradients": _carried(changed), "relu_unit_step": _carried(_moved(changed))}


def _times(factor: float) -> dict[str, Formula]:
    """Gradients times a number, and what is moved by them."""
    of_unit = lambda **at: tuple(g * factor for g in on_paper.unit_gradients(**at))  # noqa: E731
    of_network = lambda **at: tuple(g * factor for g in on_paper.network_gradients(**at))  # noqa: E731
    return {
        "relu_unit_gradients": _carried(of_unit),
        "relu_unit_step": _carried(_moved(of_unit)),
        "relu_network_gradients": _carried(of_network),
        **_mistaken_steps(_moved(of_network)),
    }


def _only(names: tuple[str, ...], formulas: dict[str, Formula]) -> dict[str, Formula]:
    return {name: formulas[name] for name in names}


def _linear(x: Carried, W1: Carried, b: Carried, W2: Carried) -> Carried:
    """The network without its kinks."""
    return ((x.reshape(-1, 1) * W1.reshape(1, -1) + b) @ W2.T).reshape(x.shape)


def _all_at_once(
    x: Carried, y: Carried, W1: Carried, b: Carried, W2: Carried, lr: float, epochs: int
) -> tuple[Carried, Carried, Carried, list[Carried]]:
    rows = [-b / W1[:, 0]]
    for _ in range(int(epochs)):
        steps = [on_paper.network_gradients(x[i], y[i], W1, b, W2) for i in range(x.shape[0])]
        for dW1, db, dW2 in steps:
            W1, b, W2 = W1 - dW1 * lr, b - db * lr, W2 - dW2 * lr
        rows.append(-b / W1[:, 0])
    return W1, b, W2, rows


def _decayed(x: Carried, y: Carried, W1: Carried, b: Carried, W2: Carried, lr: float, epoch: int) -> on_paper.Triple:
    return on_paper.network_step(x, y, W1, b, W2, lr / 2**epoch)


def _square(residual: Callable[..., Carried], factor: float = 0.5) -> Formula:
    return _carried(lambda **at: residual(**at) * residual(**at) * factor)


_NOT_HALVED = {
    "relu_unit_loss": _square(lambda x, y, w, b: unit(x, w, b) - y, 1.0),
    "relu_network_loss": _square(lambda x, y, **at: on_paper.network(x, **at) - y, 1.0),
}

WRONG = [
    Mistake(
        "ReLU'(0) = 1",
        "taking 1 for the derivative of ReLU at 0, where it is 0: z >= 0 for z > 0",
        _gates(_kink),
    ),
    Mistake(
        "through dead units",
        "letting the gradient through units that are off",
        _gates(_always),
    ),
    Mistake(
        "leaky ReLU",
        "letting a hundredth of what is below zero through",
        {"relu_unit": _carried(lambda x, w, b: unit(x, w, b) - (-(w * x + b)).relu() * 0.01)},
    ),
    Mistake(
        "size for ReLU",
        "taking |z| for max(z, 0)",
        {"relu_unit": _carried(lambda x, w, b: unit(x, w, b) + (-(w * x + b)).relu())},
    ),
    Mistake(
        "b outside ReLU",
        "adding b after the kink",
        {"relu_unit": _carried(lambda x, w, b: (w * x).relu() + b)},
    ),
    Mistake(
        "no ReLU",
        "leaving out the kink",
        {
            "relu_unit": _carried(lambda x, w, b: w * x + b),
            "relu_network": _carried(_linear),
            "relu_unit_loss": _square(lambda x, y, w, b: w * x + b - y),
            "relu_network_loss": _square(lambda x, y, **at: _linear(x, **at) - y),
        },
    ),
    Mistake(
        "ReLU of the output",
        "putting a ReLU behind the last layer, too",
        {"relu_network": _carried(lambda **at: on_paper.network(**at).relu())},
    ),
    Mistake(
        "mean for sum",
        "taking the mean over the units for their sum",
        {"relu_network": _carried(lambda **at: on_paper.network(**at) / float(at["b"].shape[0]))},
    ),
    Mistake(
        "an axis too many",
        "leaving the axis of a matrix product in the answer",
        {
            "relu_network": [
                _carried(lambda **at: on_paper.network(**at).reshape(-1, 1)),
                _carried(lambda **at: on_paper.network(**at).reshape(*at["x"].shape, 1)),
            ]
        },
    ),
    Mistake(
        "an axis too few",
        "giving the gradient of W1 without the axis that W1 has",
        {"relu_network_gradients": _carried(_flat_W1)},
    ),
    Mistake("the elbow's sign", "giving b/w for −b/w", {"elbow": _carried(lambda w, b: b / w)}),
    Mistake(
        "the elbow upside down",
        "giving w/b for b/w",
        {"elbow": [_carried(lambda w, b: -w / b), _carried(lambda w, b: w / b)]},
    ),
    Mistake(
        "½ missing", "leaving out the ½ of the loss, or the gradient of a loss without it", _NOT_HALVED | _times(2.0)
    ),
    Mistake(
        "the residual's sign",
        "taking y − f for f − y in the gradient, or f + y in the loss",
        {
            **_only(("relu_unit_gradients", "relu_network_gradients"), _times(-1.0)),
            "relu_unit_loss": _square(lambda x, y, w, b: unit(x, w, b) + y),
            "relu_network_loss": _square(lambda x, y, **at: on_paper.network(x, **at) + y),
        },
    ),
    Mistake(
        "residual not squared whole",
        "squaring before y is taken off",
        {"relu_unit_loss": _carried(lambda x, y, w, b: unit(x, w, b) * unit(x, w, b) * 0.5 - y)},
    ),
    Mistake(
        "x missing in the gradient of w",
        "leaving out x in the derivative by its weight",
        {
            "relu_unit_gradients": _carried(_without_x),
            **_gradients(by=False),
        },
    ),
    Mistake(
        "dl/dφ behind the kink",
        "giving zero for dl/dφ where the unit is off: that is dl/dz",
        {"relu_unit_gradients": _carried(_behind_the_kink)},
    ),
    Mistake("W2 missing on the way back", "leaving out W2 in the gradient of the first layer", _gradients(back=False)),
    Mistake("z for max(z, 0)", "moving W2 by what units are before the kink", _gradients(linear=True)),
    Mistake(
        "up the gradient",
        "adding lr times the gradient where it is to be subtracted",
        _each(*(_signed(signs) for signs in product((1, -1), repeat=3) if -1 in signs)),
    ),
    Mistake(
        "one parameter after the other",
        "taking the gradient of one parameter where another one has moved already",
        _each(
            *map(_in_turn_of, permutations(("W1", "b", "W2"))),
            *map(_pair, permutations(("W1", "b", "W2"), 2)),
            *chain(*map(_one_apart, ("W1", "b", "W2"))),
        ),
    ),
    Mistake(
        "a parameter stays",
        "leaving a parameter as it was",
        _each(*map(_signed, ((0, 1, 1), (1, 0, 1), (1, 1, 0)))),
    ),
    Mistake(
        "elbows before the step",
        "giving the elbows as they were",
        {"elbows_after_step": _carried(lambda x, y, W1, b, W2, lr: -b / W1[:, 0])},
    ),
    Mistake(
        "samples in another order",
        "going from the last sample to the first",
        {"relu_network_sgd": _carried(sgd(_step, lambda n: reversed(range(n))))},
    ),
    Mistake(
        "the last sample left out",
        "leaving out the last sample of an epoch",
        {"relu_network_sgd": _carried(sgd(_step, lambda n: range(n - 1)))},
    ),
    Mistake(
        "all samples at once",
        "adding up an epoch's gradients before the step, where there is a step for each sample",
        {"relu_network_sgd": _carried(_all_at_once)},
    ),
    Mistake(
        "an epoch too few or too many",
        "training for an epoch less or more than asked for",
        {"relu_network_sgd": [_carried(sgd(_step, more=-1)), _carried(sgd(_step, more=1))]},
    ),
    Mistake(
        "no row before the first step",
        "leaving out the elbows before the first step",
        {"relu_network_sgd": _carried(sgd(_step, first=1))},
    ),
    Mistake("the rate decays", "halving lr after every epoch", {"relu_network_sgd": _carried(sgd(_decayed))}),
]
