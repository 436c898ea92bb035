"""Chapter 5: derivatives by central differences, which are exact for quadratics but for rounding."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from shrinkage.properties.engine.account.source_repr import Written, code
from shrinkage.properties.engine.bounds import Bound, unit_roundoff
from shrinkage.properties.engine.oracles import rationals
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import ORDINARY_AND_HARD, SEEDS, count, generator, plain
from shrinkage.properties.engine.verdict import equal, holds, judge, refuses, untouched

mathematics, interface = pytest.mark.mathematics, pytest.mark.interface
H = 1e-5


def spread(rng: np.random.Generator | None, shape: tuple[int, ...], binades: int) -> np.ndarray:
    """Ordinary numbers, each times a power of two within 2**±binades."""
    values = plain(rng, shape)
    return values if rng is None else np.ldexp(values, rng.integers(-binades, binades + 1, shape))


class Quadratics:
    """Several quadratic functions of x: f_k(x) = xᵀA_k x + c_k x."""

    def __init__(self, rng: np.random.Generator | None, size: int, count: int, binades: int = 0) -> None:
        self.A, self.c = spread(rng, (count, size, size), binades), spread(rng, (count, size), binades)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The value of each."""
        x = x.reshape(-1)
        return np.array([x @ A @ x + c @ x for A, c in zip(self.A, self.c, strict=True)])

    def __repr__(self) -> str:
        matrices = f"zip({code(self.A)}, {code(self.c)})"
        return f"lambda x: np.array([x.ravel() @ A @ x.ravel() + c @ x.ravel() for A, c in {matrices}])"

    @property
    def first(self) -> Written:
        """The first of them, a number."""
        return Written(f"lambda x: ({self!r})(x)[0]", lambda x: self(x)[0])

    def answer(self, x: np.ndarray, df: np.ndarray) -> tuple[np.ndarray, Bound]:
        """Σ df · ∂f/∂x, and what rounding in f and in x ± h makes of it."""
        x = np.asarray(x, float).reshape(-1)
        u, n, weight = unit_roundoff(np.float64), x.size, abs(df)
        exact = sum((d * ((A + A.T) @ rationals(x) + c) for d, A, c in self._rational(df)), rationals(np.zeros(n)))
        # f at a point as far away as x ± h, in at most n² + n terms of three factors, twice, over 2h.
        far = abs(x) + 2 * H
        values = np.array([far @ abs(A) @ far + abs(c) @ far for A, c in zip(self.A, self.c, strict=True)])
        in_f = (n * n + n + 3 + len(df)) * u * (weight @ values) / H
        # x + h is off by ε ≤ u(|x| + h), and so is x − h: f' = f_i there takes 2ε/2h of itself and f'' takes 2ε.
        off = u * far
        slopes = np.array([abs(A + A.T) @ far + abs(c) for A, c in zip(self.A, self.c, strict=True)])
        curves = np.array([abs(np.diag(A)) for A in self.A]).reshape(len(df), n)
        in_x = off / H * (weight @ slopes) + (2 * off + off**2 / H) * (weight @ curves)
        last = (len(df) + 3) * u * (weight @ slopes)
        return exact, Bound(
            (in_f + in_x + last) * (1 + 1e-3), "central differences: rounding in f over h, and in x ± h"
        )

    def _rational(self, df: np.ndarray) -> Any:
        return zip(rationals(df), rationals(self.A), rationals(self.c), strict=True)


@st.composite
def problems(
    draw: Callable[..., Any], *, values: int | None = None, hard: bool = False
) -> tuple[Quadratics, np.ndarray, np.ndarray]:
    """Quadratics, a point in the shape of a vector, a matrix or nothing, and a weight for each of the quadratics.

    A hard one is of numbers far apart in size, among them points that are the same with h and without; and x, or what f
    gives, may be nothing.
    """
    shapes = [(3,), (2, 2), (1,), *([(0,)] if hard else [])]
    shape, rng = draw(st.sampled_from(shapes)), generator(draw(SEEDS))
    k = draw(count(hard, 3)) if values is None else values
    binades = draw(st.integers(0, 60)) if hard else 0
    return Quadratics(rng, int(np.prod(shape)), k, binades), spread(rng, shape, binades), spread(rng, (k,), binades)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_central_differences_are_exact_for_a_quadratic(impl, data, hard):
    """eval_numerical_gradient(f, x) is the gradient of a quadratic f, but for rounding over h."""
    f, x, _ = data.draw(problems(values=1, hard=hard))
    got = impl.eval_numerical_gradient(f.first, x)
    exact, bound = f.answer(x, np.ones(1))
    judge("eval_numerical_gradient", got.reshape(-1), exact, bound, x=x)
    holds("eval_numerical_gradient", got.shape == x.shape, "a gradient of another shape", got.shape, x.shape, "shape")


@ORDINARY_AND_HARD
@given(data=st.data())
def test_array_differences_are_weighted_by_df(impl, data, hard):
    """eval_numerical_gradient_array(f, x, df) is Σ df · ∂f/∂x for a quadratic f with any number of values."""
    f, x, df = data.draw(problems(hard=hard))
    got = impl.eval_numerical_gradient_array(f, x, df)
    exact, bound = f.answer(x, df)
    judge("eval_numerical_gradient_array", got.reshape(-1), exact, bound, x=x, df=df)
    holds("eval_numerical_gradient_array", got.shape == x.shape, "of another shape", got.shape, x.shape, "shape")


@mathematics
@pytest.mark.parametrize("name", ["eval_numerical_gradient", "eval_numerical_gradient_array"])
def test_differences_are_central_and_h_is_1e_minus_5(impl, name):
    """For f(x) = x³ at 0, a central difference is h² exactly: 1e-10, and neither 0 nor that of another h."""
    h, u = rationals(H)[()], unit_roundoff(np.float64)
    if name == "eval_numerical_gradient":
        got = impl.eval_numerical_gradient(Written("lambda x: float(x[0] ** 3)"), np.array([0.0]))
    else:
        got = impl.eval_numerical_gradient_array(Written("lambda x: x**3"), np.array([0.0]), np.array([1.0]))
    judge(name, got, [h * h], Bound(8 * u * H * H, "eight roundings"))


@interface
@pytest.mark.parametrize(
    "x",
    [np.array([1, 2, 3]), np.array([1, 2, 3], np.float32), [1.0, 2.0, 3.0], np.array([True, False, True])],
    ids=repr,
)
@pytest.mark.parametrize("name", ["eval_numerical_gradient", "eval_numerical_gradient_array"])
def test_f_gets_a_float64_array_and_x_is_left_as_it_was(impl, name, x):
    """Whatever kind x is of, f gets a float64 array in its shape, no difference is lost, and x is not changed."""
    seen, before = [], np.array(x)

    def f(at: np.ndarray) -> Any:
        seen.append((type(at), at.dtype, at.shape))
        return float(at @ at) if name == "eval_numerical_gradient" else np.array(at @ at)

    got = getattr(impl.raw, name)(f, x, *([] if name == "eval_numerical_gradient" else [np.float64(1)]))
    due = (np.ndarray, np.dtype(np.float64), (3,))
    holds(name, set(seen) == {due}, "f gets something else than x", str(set(seen) - {due}), str(due), "other")
    untouched(name, "x", x, before)
    quadratic = Quadratics(None, 3, 1)
    quadratic.A, quadratic.c = np.eye(3)[None], np.zeros((1, 3))
    exact, bound = quadratic.answer(before, np.ones(1))
    in_single = Bound(unit_roundoff(np.float32) * 2 * abs(before.astype(float)), "one rounding to float32")
    judge(name, got, exact, bound + in_single if before.dtype == np.float32 else bound)


SHARING = {
    "x itself": "x",
    "x transposed": "x.T",
    "a part of x": "x[::-1, 1:]",
    "in place": "np.multiply(x, 3, out=x)",
    "sorted in place": "x.sort(axis=1) or 2 * x",
    "one buffer": "np.negative(x, out=out)[1:]",
    "a number of x": "x[1, 1:2].reshape(())",
    "a number, in place": "np.sum(np.multiply(x, 3, out=x))",
    "a number in one buffer": "np.sum(x * x, out=out[0, :1].reshape(()))",
}


@interface
@pytest.mark.parametrize("how", SHARING)
def test_what_f_gets_and_gives_is_its_own(impl, how):
    """An f that hands back x, a view of it or one buffer, or works in place, gets the derivative of one that copies."""
    x = np.array([[0.5, 4.0], [-2.0, 0.25], [1.0, -8.0]])
    f = Written(f"lambda x, out=np.empty((3, 2)): {SHARING[how]}")
    copying = Written(f"lambda x: np.array(({f})(x.copy()))")
    values = copying(x)
    if "number" in how:
        equal(impl.eval_numerical_gradient(f, x), impl.eval_numerical_gradient(copying, x))
    df = 1.0 + np.arange(values.size).reshape(values.shape)
    equal(impl.eval_numerical_gradient_array(f, x, df), impl.eval_numerical_gradient_array(copying, x, df))


@interface
@pytest.mark.parametrize("name", ["eval_numerical_gradient", "eval_numerical_gradient_array"])
def test_x_is_read_only_if_it_wants(impl, name):
    """x may be read-only, and in any memory layout: no difference is taken in place."""
    x = np.asfortranarray([[1.0, 2.0], [3.0, 4.0]])
    x.flags.writeable = False
    more = (1.0,) if name == "eval_numerical_gradient_array" else ()
    square = Written("lambda x: float(np.sum(x * x))")
    expected = getattr(impl, name)(square, x.copy(order="C"), *more)
    equal(getattr(impl, name)(square, x, *more), expected)


@interface
@pytest.mark.parametrize("name", ["eval_numerical_gradient", "eval_numerical_gradient_array"])
def test_f_may_take_differences_itself(impl, name):
    """An f that takes differences of its own, of the same shape and of another, gets the same answer as one without."""
    more = () if name == "eval_numerical_gradient" else (1.0,)

    def square(x: np.ndarray) -> float:
        return float(np.sum(x * x))

    def with_others(x: np.ndarray) -> float:
        for other in (np.array([7.0, -8.0]), np.ones((3, 1))):
            getattr(impl, name)(square, other, *more)
        return square(x)

    x = np.array([1.0, -2.0])
    equal(getattr(impl, name)(with_others, x, *more), getattr(impl, name)(square, x, *more))


@interface
def test_df_has_the_shape_of_what_f_returns(impl):
    """A df in another shape than f(x) is a ValueError about one of them, and is not stretched to fit."""
    for df in (np.ones(3), np.ones(1), 1.0, np.ones((2, 1)), np.ones((1, 2))):
        with refuses("a df of another shape than f", ValueError, "df", "f"):
            impl.eval_numerical_gradient_array(lambda x: x, np.ones(2), df)
