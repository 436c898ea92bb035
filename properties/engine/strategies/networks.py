"""Units, networks and training data: structure is drawn, bulk numbers come from a drawn seed."""

import math
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
import numpy as np

from shrinkage.properties.engine.strategies import SEEDS, Shown, apart, composite, count, generator, kinds, once, wild
from shrinkage.properties.engine.strategies import plain as eighths

# ---- chapter 4 -------------------------------------------------------------------------------------------------------

EIGHTHS = st.integers(-80, 80).map(lambda k: k / 8)
RATES = st.sampled_from([0.5, 0.125, 0.0, 2.0, -0.25])  # with eighths, every operation of a step is exact
HARD = st.floats(-1e12, 1e12)


@dataclass(frozen=True, repr=False)
class Unit(Shown):
    """max(wx + b, 0): one sample (x, y) for one unit, and a learning rate; all are numbers."""

    x: float
    y: float
    w: float
    b: float
    lr: float

    @property
    def sample(self) -> tuple[float, float, float, float]:
        """x, y, w, b."""
        return self.x, self.y, self.w, self.b

    @property
    def all(self) -> tuple[float, float, float, float, float]:
        """x, y, w, b, lr."""
        return *self.sample, self.lr


@once
def unit(hard: bool = False) -> st.SearchStrategy[Unit]:
    """In eighths, so that rounding plays no part; or floats of any kind up to 1e±12."""
    number = HARD if hard else EIGHTHS
    return st.builds(Unit, number, number, number, number, st.floats(-4, 4) if hard else RATES)


@dataclass(frozen=True, repr=False)
class Hidden(Shown):
    """W2 max(W1 x + b, 0): samples x and y, (N,); W1 (d, 1), b (d,) and W2 (1, d); and a learning rate."""

    x: np.ndarray
    y: np.ndarray
    W1: np.ndarray
    b: np.ndarray
    W2: np.ndarray
    lr: float

    @property
    def params(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """W1, b, W2."""
        return self.W1, self.b, self.W2

    @property
    def sample(self) -> tuple[Any, ...]:
        """The first sample, as numbers, and the parameters."""
        return self.x[0].item(), self.y[0].item(), *self.params

    @property
    def all(self) -> tuple[Any, ...]:
        """All samples, the parameters and the learning rate."""
        return self.x, self.y, *self.params, self.lr


@composite
def hidden(draw: st.DrawFn, *, hard: bool = False, plain: bool = False, samples: int | None = None) -> Hidden:
    """A network with one hidden layer and data for it.

    Parameters
    ----------
    hard
        Floats of sizes from 1e-6 to 1e6 in float64 or float32, where otherwise there are float64 eighths; and samples
        or units may be none.
    plain
        Float64 eighths all the same.
    samples
        How many; up to three if not given.
    """
    N = draw(count(hard, 3)) if samples is None else samples
    d = draw(count(hard, 4))
    hard = hard and not plain
    dtype = draw(kinds(hard))
    rng = generator(draw(SEEDS))
    x, y, W1, b, W2 = (
        (eighths(rng, shape) if not hard or rng is None else _graded(rng, shape)).astype(dtype)
        for shape in ((N,), (N,), (d, 1), (d,), (1, d))
    )
    return Hidden(x, y, W1, b, W2, draw(st.floats(-0.25, 0.25)) if hard else draw(RATES))


@composite
def landing(draw: st.DrawFn, where: str, *, unit: bool = False) -> Hidden:
    """A sample and a network on which a step is exact, and takes units to a place where another formula holds.

    Parameters
    ----------
    where
        "no slope": some of the weights are 0 after the step. "kink": at the sample, each unit is exactly 0 after it.
    unit
        Whether it is a unit alone, with W2 = 1.
    """
    x, lr = draw(st.sampled_from([1.0, -0.5, 2.0])), draw(st.sampled_from([0.5, 1.0, 0.25]))
    size, d = st.integers(1, 40).map(lambda k: k / 8), 1 if unit else draw(st.integers(1, 3))
    residual, each = draw(size), st.lists(size, min_size=d, max_size=d)
    v, z = np.ones(d) if unit else np.array(draw(each)), np.array(draw(each))
    moves = lr * residual * v  # what the step takes off b, and times x off W1
    w = np.array(draw(each))
    if where == "kink":
        z = moves * (x * x + 1)
    else:
        w[: draw(st.integers(1, d))] = 0
        w += moves * x
    y = v @ z - residual
    return Hidden(np.array([x]), np.array([y]), w[:, None], z - w * x, v[None], lr)


@composite
def training(draw: st.DrawFn, *, hard: bool = False, plain: bool = False) -> Hidden:
    """Samples and a network of size 1, and a learning rate so small that no epoch makes it diverge.

    Parameters
    ----------
    hard
        Up to four samples in either dtype, none of them or no unit, and steps of any size up to 1/8; otherwise up to
        three, and lr = 1/16.
    plain
        Sizes of zero, but nothing else of that.
    """
    N, d = draw(count(hard, 4 if hard and not plain else 3)), draw(count(hard, 4))
    hard = hard and not plain
    dtype = draw(kinds(hard))
    rng = generator(draw(SEEDS))
    x, y, W1, b, W2 = (
        (eighths(rng, shape) / 8 if rng is None or not hard else rng.uniform(-1.25, 1.25, shape)).astype(dtype)
        for shape in ((N,), (N,), (d, 1), (d,), (1, d))
    )
    W1[W1 == 0] = 1
    return Hidden(x, y, W1, b, W2, draw(st.floats(0, 0.125)) if hard else 0.0625)


def _graded(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(-1, 1, shape) * 10 ** rng.uniform(-6, 6, shape)


# ---- chapter 5 -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Layer(Shown):
    """x w + b: x is (N, ...), w (D, M), b (M,), and dout, the derivative that comes back, (N, M)."""

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray
    dout: np.ndarray

    @property
    def forward(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, w, b."""
        return self.x, self.w, self.b

    @property
    def rows(self) -> np.ndarray:
        """x as a matrix."""
        return self.x.reshape(len(self.x), len(self.w))


@composite
def layers(draw: st.DrawFn, *, hard: bool = False, plain: bool = False) -> Layer:
    """An affine layer on samples that are vectors or images, in eighths.

    Parameters
    ----------
    hard
        Numbers of any size up to 2**±100 (2**±20 in float32), zeros and subnormal numbers; samples that are numbers or
        nothing, and none of them, or no units; and x in either order of memory.
    plain
        Eighths all the same.
    """
    N, M = draw(count(hard, 4)), draw(count(hard, 4))
    sample = draw(st.sampled_from([(2,), (3, 2), (2, 1, 3), (5,), *([(), (0,)] if hard else [])]))
    D, dtype, rng = math.prod(sample), draw(kinds(hard)), generator(draw(SEEDS))
    binades = draw(apart(100 if dtype == np.float64 else 20)) if hard and not plain else 0
    x, w, b, dout = (wild(rng, shape, dtype, binades) for shape in ((N, *sample), (D, M), (M,), (N, M)))
    return Layer(np.array(x, order=draw(st.sampled_from("CF"))) if hard else x, w, b, dout)


@dataclass(frozen=True, repr=False)
class Scores(Shown):
    """Class scores x, (N, C), and labels y, (N,)."""

    x: np.ndarray
    y: np.ndarray


@composite
def scores(draw: st.DrawFn, *, hard: bool = False, plain: bool = False, samples: int = 1) -> Scores:
    """Scores in eighths up to ±10, no margin exactly 0.

    Parameters
    ----------
    hard
        Of sizes from 1e-3 to 1e30, or all rows alike but for the last digits, or in eighths, where margins of exactly
        0 are common; in either dtype.
    plain
        In eighths all the same.
    samples
        At least so many.
    """
    N, C = draw(st.integers(samples, 4)), draw(st.integers(1, 5))
    dtype, rng = draw(kinds(hard)), generator(draw(SEEDS))
    x, labels = eighths(rng, (N, C)), np.zeros(N, np.int64) if rng is None else rng.integers(0, C, N)
    if not hard:
        missed_by_nothing = x - x[np.arange(N), labels][:, None] == -1
        x[missed_by_nothing] += 1 / 8
    elif rng is not None and not plain:
        sizes = draw(st.sampled_from(["of one size", "alike", "in eighths"]))
        if sizes == "of one size":
            x = rng.standard_normal((N, C)) * 10.0 ** draw(st.integers(-3, 30))
        elif sizes == "alike":
            x = rng.uniform(1, 2) * (1 + rng.standard_normal((N, C)) * 1e-6)
    return Scores(x.astype(dtype), labels)


@dataclass(frozen=True, repr=False)
class Network(Shown):
    """A fully connected network in all its parameters, and a batch for it."""

    X: np.ndarray
    y: np.ndarray
    params: dict[str, np.ndarray]
    reg: float

    @property
    def hidden_dims(self) -> list[int]:
        """The widths of the hidden layers."""
        return [len(self.params[f"b{i}"]) for i in range(1, len(self.params) // 2)]

    @property
    def sizes(self) -> dict[str, Any]:
        """What `FullyConnectedNet` wants to know beyond the hidden layers."""
        input_dim, classes = len(self.params["W1"]), len(self.params[f"b{len(self.params) // 2}"])
        return {"input_dim": input_dim, "num_classes": classes, "reg": self.reg, "dtype": self.X.dtype}

    def built(self, impl: Any) -> Any:
        """The implementation's net with these parameters in the place of its own."""
        model = impl.FullyConnectedNet(self.hidden_dims, **self.sizes)
        for name, value in self.params.items():
            model.params[name] = value.copy()
        return model


@composite
def networks(draw: st.DrawFn, *, hard: bool = False, layers: int = 1, most: int = 4, reg: Any = None) -> Network:
    """A network of up to four layers with up to four units in each, and up to four samples.

    Its biases are what they are after training, or all zero as before it (and then a sample of zeros is on the kink of
    every unit), or so low in one layer that it is dead.

    Parameters
    ----------
    hard
        In either dtype, and with no hidden layer.
    layers, most
        At least and at most so many.
    reg
        A strategy for `reg`.
    """
    depth, N = draw(st.integers(layers if hard else max(layers, 2), most)), draw(st.integers(1, 4))
    widths = [draw(st.integers(1, 4)) for _ in range(depth + 1)]
    dtype, seed = draw(kinds(hard)), draw(SEEDS)
    rng = np.random.default_rng(seed)
    kind = draw(st.sampled_from(["trained", "zero biases", "dead layer"]))

    def numbers(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) if seed else eighths(None, shape) / 8).astype(dtype)

    params = {}
    for i in range(1, depth + 1):
        params[f"W{i}"] = numbers(widths[i - 1], widths[i])
        params[f"b{i}"] = numbers(widths[i]) * dtype(kind != "zero biases")
    X = numbers(N, widths[0])
    if kind == "zero biases":
        X[0] = 0
    elif kind == "dead layer" and depth > 1:
        params[f"b{draw(st.integers(1, depth - 1))}"][:] = -1000
    strength = draw(st.sampled_from([0.0, 0.5, 3.14]) if reg is None else reg)
    return Network(X, rng.integers(0, widths[-1], N), params, strength)
