"""Chapter 5, losses: the right formulas, and the mistaken ones."""

from collections.abc import Callable
from typing import Any

import numpy as np

from shrinkage.properties.engine import oracles_networks as on_paper
from shrinkage.properties.engine.mistakes.answers import Formula, Mistake, Near, given, once
from shrinkage.properties.engine.running_error import Carried

Array = np.ndarray
LARGE = 2000  # scores, from which on balls take too long
Pair = tuple[Carried, Carried]


def _finite(x: Array, y: Array) -> None:
    if (
        not np.isfinite(x).all()
        or not 0 < x.size < LARGE
        or y.shape != x.shape[:1]
        or y.min() < 0
        or y.max() >= x.shape[1]
    ):
        raise ValueError("of nothing, too large, of NaN, or to be refused")


@once
def softmax(x: Array, y: Array) -> Pair:
    """The mean of −log softmax(x)[y], and its derivative."""
    _finite(x, y)
    return on_paper.softmax_loss(given(x)[0], y)


@once
def svm(x: Array, y: Array) -> Pair:
    """The mean over samples of Σ_{j≠y} max(0, x_j − x_y + 1), and its derivative."""
    _finite(x, y)
    try:
        return on_paper.svm_loss(given(x)[0], y)
    except ValueError:  # next to a kink: decided where nothing rounds
        pair: Pair = _with_margin(1.0)(x, y)
        return pair


RIGHT: dict[str, Formula] = {"softmax_loss": softmax, "svm_loss": svm}


# ---- what is mistaken in both ----------------------------------------------------------------------------------------


def _of_both(change: Callable[[Carried, Carried, Array], Any]) -> dict[str, Formula]:
    """Loss, gradient and labels made into something else."""
    return {
        "softmax_loss": lambda x, y: (lambda loss, dx: change(loss, dx, y))(*softmax(x, y)),
        "svm_loss": lambda x, y: (lambda loss, dx: change(loss, dx, y))(*svm(x, y)),
    }


def _several(*changes: Callable[[Carried, Carried, Array], Any]) -> dict[str, list[Formula]]:
    each = [_of_both(change) for change in changes]
    return {name: [formulas[name] for formulas in each] for name in ("softmax_loss", "svm_loss")}


def _label(dx: Carried, y: Array) -> Array:
    return on_paper.one_hot(y, dx.shape[1])


# ---- softmax ---------------------------------------------------------------------------------------------------------


def _overflowing(
    shift: Callable[[Array], Array], ways: tuple[str, ...] = ("sums", "p"), of_logs: bool = False
) -> Formula:
    """What floating point makes of softmax with another shift, where it makes NaN or infinities of the gradient."""

    def formula(x: Array, y: Array) -> Any:
        right, rows = softmax(x, y), np.arange(len(y))
        moved = x - shift(x)
        exps = np.exp(moved)
        sums = exps.sum(axis=1, keepdims=True)
        p = np.exp(moved - np.log(sums)) if of_logs else exps / sums
        losses = {"sums": np.log(sums[:, 0]) - moved[rows, y], "p": -np.log(p[rows, y])}
        dx = p - on_paper.one_hot(y, x.shape[1]).astype(x.dtype)
        if np.isfinite(sums).all() and np.isfinite(dx).all():
            raise ValueError("no overflow")
        floats = [np.array([float(v) for v in part.values.flat]).reshape(part.shape) for part in right]
        return Near([np.asarray(losses[way].mean()) for way in ways], floats[0]), Near([dx / len(y)], floats[1])

    return formula


def _p(x: Array, y: Array) -> Carried:
    """The probabilities of the labels."""
    scores = given(x)[0]
    shifted = scores - scores[np.arange(len(y)), scores.largest()].reshape(-1, 1)
    exps = shifted.exp()
    return (exps / exps.sum(axis=1).reshape(-1, 1))[np.arange(len(y)), y]


def _clamped(eps: float) -> list[Formula]:
    """−log(p + ε) and −log max(p, ε)."""

    def added(x: Array, y: Array) -> Any:
        _, dx = softmax(x, y)
        return on_paper.mean(-(_p(x, y) + eps).log()), dx

    def at_least(x: Array, y: Array) -> Any:
        _, dx = softmax(x, y)
        p = _p(x, y)
        above = np.array([bool(v > eps) for v in p.values], bool)
        least = p.like(
            np.where(above, p.values, p.constant(np.full(len(above), eps)).values), np.where(above, p.error, 0)
        )
        return on_paper.mean(-least.rounded().log()), dx

    return [added, at_least]


def _infinite(x: Array, y: Array) -> Any:
    """−log p where p is too small to be a number."""
    loss, dx = softmax(x, y)
    rows, moved = np.arange(len(y)), x - x.max(axis=1, keepdims=True)
    exps = np.exp(moved)
    computed = np.asarray(-np.log((exps / exps.sum(axis=1, keepdims=True))[rows, y]).mean())
    if np.isfinite(computed):
        raise ValueError("no overflow")
    return Near([computed], np.asarray(float(loss.values.item()))), dx


EPSILONS = [*(10.0**-k for k in range(3, 21)), 1e-30, 1e-100, 1e-300, 2.0**-52, 2.0**-23]


# ---- svm -------------------------------------------------------------------------------------------------------------


def _margins(x: Array, y: Array, margin: float = 1.0) -> tuple[Carried, Array]:
    """x_j − x_y + margin, and where the label is."""
    _finite(x, y)
    scores = given(x)[0]
    return scores - scores[np.arange(len(y)), y].reshape(-1, 1) + margin, on_paper.one_hot(y, x.shape[1]) == 1


def _counted(over: Array, label: Array, like: Carried, at_label: Callable[[Array], Array] = lambda k: -k) -> Carried:
    """The gradient: 1 where a margin is missed, and at the label something of their number, each by N."""
    counts = np.where(label, at_label(over.sum(axis=1))[:, None], over).astype(float)
    return (like.constant(counts) / float(len(counts))).rounded(roundings=2 + len(counts[0]))


def _with_margin(margin: float) -> Formula:
    def formula(x: Array, y: Array) -> Pair:
        z, label = _margins(x, y, margin)
        over = z.where(~label).positive()
        return on_paper.mean(z.where(over).sum(axis=1)), _counted(over, label, z)

    return formula


def _at_label(change: Callable[[Array], Array]) -> Formula:
    """The right loss, with something else in the gradient at the label."""

    def formula(x: Array, y: Array) -> Pair:
        z, label = _margins(x, y)
        return svm(x, y)[0], _counted(z.where(~label).positive(), label, z, change)

    return formula


def _with_zero(x: Array, y: Array) -> Pair:
    z, label = _margins(x, y)
    zero = np.array([v == 0 for v in z.values.flat], bool).reshape(z.shape)
    return svm(x, y)[0], _counted((z.positive() | zero) & ~label, label, z)


def _label_counts(*at_label: Callable[[Array], Array]) -> list[Formula]:
    def one(change: Callable[[Array], Array]) -> Formula:
        def formula(x: Array, y: Array) -> Pair:
            z, label = _margins(x, y)
            return svm(x, y)[0] + 1.0, _counted(z.where(~label).positive(), label, z, change)

        return formula

    return [one(change) for change in at_label]


def _squared(x: Array, y: Array) -> Pair:
    z, label = _margins(x, y)
    m = z.where(z.where(~label).positive())
    return on_paper.mean((m * m).sum(axis=1)), svm(x, y)[1]


def _squared_whole(x: Array, y: Array) -> Pair:
    z, label = _margins(x, y)
    m = z.where(z.where(~label).positive())
    dm = m * 2.0
    dx = dm - dm.sum(axis=1).reshape(-1, 1) * label.astype(float)
    return on_paper.mean((m * m).sum(axis=1)), dx / float(len(y))


def _largest_only(whole: bool) -> Formula:
    def formula(x: Array, y: Array) -> Pair:
        z, label = _margins(x, y)
        m = z.where(z.where(~label).positive())
        first = on_paper.one_hot(m.largest(), x.shape[1]) == 1
        over = first & m.positive() if whole else m.positive()
        return on_paper.mean(m.where(first).sum(axis=1)), _counted(over, label, z)

    return formula


WRONG = [
    Mistake(
        "sum for mean",
        "summing over the samples where the mean is asked for, in the loss, its gradient or both",
        _several(
            lambda loss, dx, y: (loss, dx * float(len(y))),
            lambda loss, dx, y: (loss * float(len(y)), dx),
            lambda loss, dx, y: (loss * float(len(y)), dx * float(len(y))),
        ),
    ),
    Mistake(
        "divided by the classes",
        "dividing by the number of classes, not of samples",
        _several(
            lambda loss, dx, y: (loss * float(len(y)) / float(dx.shape[1]), dx * float(len(y)) / float(dx.shape[1])),
            lambda loss, dx, y: (loss * float(len(y)) / float(dx.shape[1]), dx),
            lambda loss, dx, y: (loss, dx * float(len(y)) / float(dx.shape[1])),
        ),
    ),
    Mistake(
        "wrong sign",
        "giving the negative of the loss or of the gradient",
        _several(lambda loss, dx, y: (-loss, dx), lambda loss, dx, y: (loss, -dx), lambda loss, dx, y: (-loss, -dx)),
    ),
    Mistake(
        "right class missing in the gradient",
        "leaving out what the right class has in the gradient",
        {
            "softmax_loss": lambda x, y: (
                softmax(x, y)[0],
                softmax(x, y)[1] + _label(softmax(x, y)[1], y) / float(len(y)),
            ),
            "svm_loss": _at_label(lambda k: 0 * k),
        },
    ),
    Mistake(
        "softmax without shift",
        "taking exp of the scores as they are, which overflows: the largest of each row is to be taken off first",
        {"softmax_loss": [_overflowing(lambda x: np.zeros((), x.dtype), of_logs=logs) for logs in (False, True)]},
    ),
    Mistake(
        "one shift for all rows",
        "taking the largest score of the whole batch off, not that of each row",
        {"softmax_loss": [_overflowing(lambda x: x.max(), of_logs=logs) for logs in (False, True)]},
    ),
    Mistake(
        "log of a probability that is 0",
        "taking the logarithm of a probability, which is 0 where scores are far apart: log Σexp − x_y has no such end",
        {"softmax_loss": _infinite},
    ),
    Mistake(
        "clamped",
        "keeping the probability away from 0 before taking its logarithm: log(p + ε), or log max(p, ε)",
        {"softmax_loss": [formula for eps in EPSILONS for formula in _clamped(eps)]},
    ),
    Mistake(
        "in bits",
        "taking log₂ for log",
        {"softmax_loss": lambda x, y: (softmax(x, y)[0] / (softmax(x, y)[0].constant(2.0).log()), softmax(x, y)[1])},
    ),
    Mistake(
        "a margin of 0 counts",
        "counting margins of exactly 0 in the gradient: z >= 0 for z > 0",
        {"svm_loss": _with_zero},
    ),
    Mistake(
        "the right class counts",
        "counting the right class among the margins, which adds 1 to each sample's loss",
        {"svm_loss": _label_counts(lambda k: -k, lambda k: 1 - k, lambda k: -k - 1)},
    ),
    Mistake(
        "another margin",
        "asking for another margin than 1",
        {"svm_loss": [_with_margin(m) for m in (0.0, 0.5, 2.0, 10.0)]},
    ),
    Mistake(
        "margins not counted",
        "taking −1 for the label's gradient, however many margins are missed",
        {"svm_loss": [_at_label(lambda k: -np.minimum(k, 1)), _at_label(lambda k: -np.ones_like(k))]},
    ),
    Mistake(
        "squared hinge",
        "squaring the margins",
        {"svm_loss": [_squared, _squared_whole]},
    ),
    Mistake(
        "the largest margin only",
        "taking the largest margin of each sample for the sum of all",
        {"svm_loss": [_largest_only(False), _largest_only(True)]},
    ),
]
