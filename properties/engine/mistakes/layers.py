"""Chapter 5, layers: the right formulas, and the mistaken ones."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from shrinkage.properties.engine.mistakes.answers import Anything, Formula, Mistake, Same, given
from shrinkage.properties.engine.running_error import Carried, affine

Array = np.ndarray
Triple = tuple[Carried, Carried, Carried]
On = Callable[[Array, Array], Array]  # of dout and z


def _flat(x: Array, order: Any = "C") -> Array:
    return x.reshape((len(x), math.prod(x.shape[1:])), order=order)


def _shaped(numbers: Carried, shape: tuple[int, ...], order: Any = "C") -> Carried:
    return numbers.like(numbers.values.reshape(shape, order=order), numbers.error.reshape(shape, order=order))


# ---- what is right ---------------------------------------------------------------------------------------------------


def forward(x: Array, w: Array, b: Array, order: Any = "C") -> Carried:
    """x w + b."""
    return affine(*given(_flat(x, order), w, b))


def _layer(cache: Any = None, x: Any = None, w: Any = None, b: Any = None, **more: Any) -> tuple[Array, Array, Array]:
    """What went into the layer: known, or from a cache of the usual make."""
    x, w, b = map(np.asarray, cache if x is None else (x, w, b))
    if w.ndim != 2 or b.shape != w.shape[1:] or x.dtype.kind != "f":
        raise ValueError("a cache of another make")
    return x, w, b


def _before(cache: Any = None, **layer: Any) -> tuple[Any, Array]:
    """A layer, and what came out of it before the kink: its sign at least."""
    if "x" not in layer:
        inner, z = cache
        return {"cache": inner}, np.asarray(z)
    z = forward(**layer)
    return layer, np.where(z.positive(), 1.0, np.where([[v == 0 for v in row] for row in z.values], 0.0, -1.0))


def backward(dout: Array, order: Any = "C", **layer: Any) -> Triple:
    """dx, dw, db."""
    x, w, b = _layer(**layer)
    if dout.shape != (len(x), *b.shape):
        raise ValueError("to be refused")
    out, flat, weights = given(dout, _flat(x, order), w)
    return _shaped(out @ weights.T, x.shape, order), flat.T @ out, out.sum()


def masked(dout: Array, z: Array, on: On = lambda dout, z: z > 0) -> Array:
    """The incoming dout where z > 0, or by another rule, else 0; NaN where one of them is."""
    return np.where(np.isnan(z) | np.isnan(dout), np.nan, np.where(on(dout, z), dout, 0)).astype(dout.dtype)


def _both(on: On = lambda dout, z: z > 0) -> dict[str, Formula]:
    """The same rule in the pass back through a ReLU, alone and behind an affine layer."""

    def behind(dout: Array, **layer: Any) -> Triple:
        inner, z = _before(**layer)
        return backward(masked(dout, z, on), **inner)

    return {
        "relu_backward": lambda dout, cache=None, x=None: Same(masked(dout, np.asarray(cache if x is None else x), on)),
        "affine_relu_backward": behind,
    }


def _relu(change: Callable[[Array], Array]) -> Formula:
    return lambda x: (Same(change(x)), Anything())


def _affine(change: Callable[[Carried], Carried] = lambda out: out, order: Any = "C") -> Formula:
    return lambda x, w, b: (change(forward(x, w, b, order)), Anything())


RIGHT: dict[str, Formula] = {
    "affine_forward": _affine(),
    "affine_backward": backward,
    "relu_forward": _relu(lambda x: np.maximum(x, 0)),
    "affine_relu_forward": _affine(Carried.relu),
    **_both(),
}


# ---- what is mistaken ------------------------------------------------------------------------------------------------


def _gradients(change: Callable[[Carried, Carried, Carried, Carried], Any]) -> dict[str, Formula]:
    """dx, dw, db and dout made into something else, alone and before a ReLU."""

    def alone(dout: Array, **layer: Any) -> Any:
        return change(*backward(dout, **layer), *given(dout))

    def behind(dout: Array, **layer: Any) -> Any:
        inner, z = _before(**layer)
        return alone(masked(dout, z), **inner)

    return {"affine_backward": alone, "affine_relu_backward": behind}


def _at_nan(change: On) -> Formula:
    return lambda dout, cache=None, x=None: Same(change(dout, np.asarray(cache if x is None else x)))


def _dw_by_columns(**named: Any) -> Triple:
    dx, _, db = backward(**named)
    return dx, backward(**named, order="F")[1], db


def _by(numbers: Carried, count: int) -> Carried:
    return numbers / float(count)


WRONG = [
    Mistake("no bias", "leaving out b", {"affine_forward": lambda x, w, b: (forward(x, w, 0 * b), Anything())}),
    Mistake(
        "flattened by columns",
        "flattening samples by columns (Fortran order)",
        {
            "affine_forward": _affine(order="F"),
            "affine_backward": [lambda **named: backward(**named, order="F"), _dw_by_columns],
        },
    ),
    Mistake(
        "dx not reshaped",
        "giving dx flat, (N, D), where x has more axes",
        _gradients(lambda dx, dw, db, dout: (dx.reshape(len(dx.values), -1), dw, db)),
    ),
    Mistake(
        "db of another shape",
        "giving the bias's gradient an axis too many, (1, M) for (M,)",
        _gradients(lambda dx, dw, db, dout: (dx, dw, db.reshape(1, -1))),
    ),
    Mistake(
        "mean for sum",
        "averaging a gradient over the samples where they are summed",
        {
            name: [
                formulas[name]
                for formulas in (
                    _gradients(lambda dx, dw, db, dout: (dx, dw, _by(db, dout.shape[0]))),
                    _gradients(lambda dx, dw, db, dout: (dx, _by(dw, dout.shape[0]), db)),
                    _gradients(lambda dx, dw, db, dout: (dx, _by(dw, dout.shape[0]), _by(db, dout.shape[0]))),
                )
            ]
            for name in ("affine_backward", "affine_relu_backward")
        },
    ),
    Mistake(
        "db not summed",
        "giving dout for db, without the sum over samples",
        _gradients(lambda dx, dw, db, dout: (dx, dw, dout)),
    ),
    Mistake("ReLU(NaN) = 0", "making 0 of NaN, which is to be seen", {"relu_forward": _relu(lambda x: np.fmax(x, 0))}),
    Mistake("clipped", "stopping at 6", {"relu_forward": _relu(lambda x: np.clip(x, 0, 6))}),
    Mistake("size for ReLU", "taking |z| for max(z, 0)", {"relu_forward": _relu(np.abs)}),
    Mistake(
        "no ReLU",
        "leaving out the kink",
        {"relu_forward": _relu(lambda x: x), "affine_relu_forward": _affine()},
    ),
    Mistake(
        "leaky ReLU",
        "letting a hundredth of what is below zero through",
        {
            "relu_forward": _relu(lambda x: np.where(x > 0, x, x * x.dtype.type(0.01))),
            "affine_relu_forward": _affine(lambda out: out.relu() - (-out).relu() * 0.01),
        },
    ),
    Mistake(
        "ReLU'(0) = 1",
        "taking 1 for the derivative of ReLU at 0, where it is 0: z >= 0 for z > 0",
        _both(lambda dout, z: z >= 0),
    ),
    Mistake(
        "through dead units",
        "letting the gradient through units that are off",
        _both(lambda dout, z: np.ones(z.shape, bool)),
    ),
    Mistake(
        "the mask of dout",
        "letting the gradient through by its own sign, not by that of what went in",
        _both(lambda dout, z: dout > 0),
    ),
    Mistake(
        "NaN masked away",
        "making a number of the gradient where x or dout is NaN",
        {
            "relu_backward": [
                _at_nan(lambda dout, z: np.where(z > 0, dout, 0)),
                _at_nan(lambda dout, z: np.where(np.isnan(dout), dout, np.where(z > 0, dout, 0))),
                _at_nan(lambda dout, z: np.where(np.isnan(z), z, np.where(z > 0, dout, 0))),
            ]
        },
    ),
    Mistake(
        "multiplied by the mask",
        "multiplying dout by the mask, which makes NaN of 0 · ∞",
        {
            "relu_backward": [
                _at_nan(lambda dout, z: dout * (z > 0)),
                _at_nan(lambda dout, z: np.where(np.isnan(z), z, dout * (z > 0))),
            ]
        },
    ),
]
