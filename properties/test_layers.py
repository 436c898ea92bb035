"""Chapter 5: affine and ReLU layers, forwards and backwards."""

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from shrinkage.properties.engine.bounds import EXACT
from shrinkage.properties.engine.running_error import Carried, affine
from shrinkage.properties.engine.running_error import given as carried
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import (
    DTYPES,
    IN_EITHER_DTYPE,
    ORDINARY_AND_HARD,
    SEEDS,
    apart,
    generator,
    kinds,
    wild,
)
from shrinkage.properties.engine.strategies.networks import Layer, layers
from shrinkage.properties.engine.verdict import equal, judge

interface = pytest.mark.interface
NAMES = ("dx", "dw", "db")

# Each kind of number that training can meet, against each kind of derivative that can come back.
KINDS = np.array([np.nan, np.inf, -np.inf, 2.5, -2.5, 0.0, -0.0, 5e-324, -5e-324])


def judge_backward(function: str, got: tuple, case: Layer, dout: Carried) -> None:
    """dx, dw and db for this derivative by the output, dx in x's own shape."""
    x, w, _ = carried(case.rows, case.w, case.b)
    exact = (dout @ w.T).reshape(case.x.shape), x.T @ dout, dout.sum()
    for name, value, answer in zip(NAMES, got, exact, strict=True):
        judge(function, value, *answer.answer, dtype=case.x.dtype, derivative=name, case=case)


@st.composite
def entries(draw: Any, hard: bool) -> tuple[np.ndarray, np.ndarray, Any]:
    """x and dout of any shape, a hard one that of a number too, and the dtype of what comes back if that is fixed."""
    shapes = [(4,), (3, 2), (2, 3, 1), *([(0, 3), ()] if hard else [])]
    shape, dtype = draw(st.sampled_from(shapes)), draw(kinds(hard))
    rng, binades = generator(draw(SEEDS)), draw(apart(100)) if hard else 0
    x, dout = (np.asarray(wild(rng, shape, dtype, binades)).astype(dtype) for _ in range(2))
    return x, dout, dtype if shape else None  # data that is one number is an array, and is a number


@ORDINARY_AND_HARD
@given(data=st.data())
def test_affine_forward_is_the_product_and_the_bias(impl, data, hard):
    """affine_forward(x, w, b) is x w + b, for samples of any shape."""
    case = data.draw(layers(hard=hard))
    out, _ = impl.affine_forward(*case.forward)
    exact = affine(*carried(case.rows, case.w, case.b))
    judge("affine_forward", out, *exact.answer, dtype=case.x.dtype, case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_affine_backward_is_three_products(impl, data, hard):
    """affine_backward gives dx = dout wᵀ in x's shape, dw = xᵀ dout and db, the sum of dout over the samples."""
    case = data.draw(layers(hard=hard))
    _, cache = impl.affine_forward(*case.forward)
    judge_backward("affine_backward", impl.affine_backward(case.dout, cache), case, carried(case.dout)[0])


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_is_the_positive_part(impl, data, hard):
    """relu_forward(x) is max(x, 0), without any rounding."""
    x, _, kind = data.draw(entries(hard))
    judge("relu_forward", impl.relu_forward(x)[0], np.maximum(x, 0), EXACT, dtype=kind, x=x)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_passes_back_where_it_is_on(impl, data, hard):
    """relu_backward gives dout where x > 0, else 0, without any rounding."""
    drawn, dout, kind = data.draw(entries(hard))
    for x in (drawn, np.zeros_like(drawn)):  # on the kink, too, whatever is drawn
        _, cache = impl.relu_forward(x)
        judge("relu_backward", impl.relu_backward(dout, cache), np.where(x > 0, dout, 0), EXACT, dtype=kind, x=x)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_affine_relu_forward_is_the_positive_part_of_the_product_and_the_bias(impl, data, hard):
    """affine_relu_forward is max(x w + b, 0)."""
    case = data.draw(layers(hard=hard))
    before = affine(*carried(case.rows, case.w, case.b))
    out, _ = impl.affine_relu_forward(*case.forward)
    judge("affine_relu_forward", out, *before.relu().answer, dtype=case.x.dtype, case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_affine_relu_backward_goes_through_where_the_forward_is_positive(impl, data, hard):
    """affine_relu_backward lets dout through only where x w + b is positive."""
    case = data.draw(layers(hard=hard))
    _, cache = impl.affine_relu_forward(*case.forward)
    before = affine(*carried(case.rows, case.w, case.b))
    got = impl.affine_relu_backward(case.dout, cache)
    judge_backward("affine_relu_backward", got, case, carried(case.dout)[0].where(before.positive()))


@ORDINARY_AND_HARD
@given(data=st.data())
def test_affine_relu_passes_nothing_back_on_the_kink(impl, data, hard):
    """Where x w + b is exactly 0, affine_relu gives 0 and all its derivatives are 0."""
    case = data.draw(layers(hard=hard, plain=True))
    w = np.zeros_like(case.w)
    out, cache = impl.affine_relu_forward(case.x, w, np.zeros_like(case.b))
    judge("affine_relu_forward", out, np.zeros(case.dout.shape), EXACT, case=case)
    for got, like in zip(impl.affine_relu_backward(case.dout, cache), case.forward, strict=True):
        judge("affine_relu_backward", got, np.zeros(like.shape), EXACT, case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_affine_backward_is_the_transpose_of_affine_forward(impl, data, hard):
    """The sum of dout · (forward of a change) is the sum of (backward of dout) · change, for x, w and b alike."""
    case = data.draw(layers(hard=hard, plain=True))
    out, cache = impl.affine_forward(*case.forward)
    dx, dw, db = impl.affine_backward(case.dout, cache)
    x, w, b = (values.astype(float) for values in case.forward)
    # In eighths, none of these sums rounds in float64. The layer is linear in x and b together, and in w and b.
    np.testing.assert_equal(np.sum(dx.astype(float) * x) + np.sum(db * b), np.sum(case.dout.astype(float) * out))
    np.testing.assert_equal(np.sum(dw.astype(float) * w) + np.sum(db * b), np.sum(case.dout.astype(float) * out))


@IN_EITHER_DTYPE
@pytest.mark.parametrize("sizes", [(7, 5, 3), (16, 32, 8), (33, 65, 17), (9, 200, 131), (1, 1, 500)], ids=str)
def test_layers_of_any_size_are_exact_where_no_sum_rounds(impl, sizes, dtype):
    """On eighths, affine and affine_relu have no error at all, forwards or backwards, at any width."""
    N, D, M = sizes
    rng = np.random.default_rng(N + D + M)
    # In eighths, as integers: the largest sum of products has 23 bits, with 24 in float32.
    x, w, b, dout = (rng.integers(-80, 81, shape) for shape in ((N, D), (D, M), (M,), (N, M)))
    eighths = [(a / 8).astype(dtype) for a in (x, w, b, dout)]
    before = x @ w + 8 * b
    for forward, backward, out, back in (
        (impl.affine_forward, impl.affine_backward, before, dout),
        (impl.affine_relu_forward, impl.affine_relu_backward, np.maximum(before, 0), np.where(before > 0, dout, 0)),
    ):
        got, cache = forward(*eighths[:3])
        equal(got, out / 64)
        exact = back @ w.T / 64, x.T @ back / 64, back.sum(axis=0) / 8
        for value, answer in zip(backward(eighths[3].copy(), cache), exact, strict=True):
            equal(value, answer)
    out, cache = impl.relu_forward(eighths[3])
    equal(out, np.maximum(eighths[3], 0))
    equal(impl.relu_backward(eighths[3] - 1, cache), np.where(dout > 0, eighths[3] - 1, 0))


# ---- NaN and infinity ------------------------------------------------------------------------------------------------


@interface
@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_never_turns_a_nan_into_a_number(impl, dtype):
    """relu_forward keeps NaN; relu_backward is NaN where x or dout is, and 0 where x ≤ 0 even if dout is infinite."""
    x, dout = (grid.astype(dtype).reshape(-1) for grid in np.meshgrid(KINDS, KINDS))
    out, cache = impl.relu_forward(x)
    equal(out, np.maximum(x, 0))
    expected = [np.nan if np.isnan(a) or np.isnan(d) else d if a > 0 else 0.0 for a, d in zip(x, dout, strict=True)]
    equal(impl.relu_backward(dout, cache), np.array(expected, dtype))


@interface
def test_a_relu_of_nan_is_nan(impl):
    """relu_forward gives NaN for NaN: training that has broken down has to be seen."""
    out, _ = impl.relu_forward(np.array([1.0, np.nan]))
    equal(out, [1.0, np.nan])


@interface
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_affine_lets_training_see_what_is_not_finite(impl, bad):
    """affine_forward makes NaN or infinite just the samples that are, and affine_backward just what they reach."""
    x, w, b = np.ones((3, 2)), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0])
    x[1, 0] = bad
    out, cache = impl.affine_forward(x, w, b)
    equal(out, [[9.0, 12.0], [bad, bad], [9.0, 12.0]])
    dout = np.ones((3, 2))
    dx, dw, db = impl.affine_backward(dout, cache)
    equal(dx, [[3.0, 7.0]] * 3)
    equal(dw, [[bad, bad], [3.0, 3.0]])
    equal(db, [3.0, 3.0])
    dout[2, 1] = bad
    dx, _, db = impl.affine_backward(dout, cache)
    equal(dx, [[3.0, 7.0], [3.0, 7.0], [bad, bad]])
    equal(db, [3.0, bad])


@interface
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_affine_relu_lets_training_see_what_is_not_finite(impl, bad):
    """affine_relu_forward keeps NaN and +∞ and turns −∞ into 0; its backward has NaN where the forward had."""
    x, w, b = np.array([[1.0], [bad]]), np.array([[2.0]]), np.array([1.0])
    out, cache = impl.affine_relu_forward(x, w, b)
    equal(out, [[3.0], [np.maximum(bad, 0)]])
    dx, _, db = impl.affine_relu_backward(np.ones((2, 1)), cache)
    back = np.nan if np.isnan(bad) else 1.0 if bad > 0 else 0.0
    equal(dx, [[2.0], [2 * back]])
    equal(db, [1 + back])


PASSES = ("affine_backward", "relu_backward", "affine_relu_backward")


@interface
@pytest.mark.parametrize("name", PASSES)
@given(data=st.data())
def test_a_backward_pass_goes_by_the_cache_that_it_is_given(impl, name, data):
    """With several forward passes made, of other layers, data and shapes, backward is that of its own, in any order."""
    case, others = data.draw(layers()), [each for each in PASSES if impl.offers(each)]
    alike = Layer(1 - case.x, case.w + 1, -case.b, -case.dout)
    passes = [(name, case), (name, alike), (data.draw(st.sampled_from([name, *others])), data.draw(layers()))]
    made = []
    for backward, of in passes:
        forward = getattr(impl, backward.replace("backward", "forward"))
        made.append(forward(of.x)[1] if backward == "relu_backward" else forward(*of.forward)[1])
    for i in data.draw(st.permutations(range(len(passes)))):
        backward, of = passes[i]
        if backward == "relu_backward":
            dout = 2 * of.x - 1
            judge(backward, impl.relu_backward(dout, made[i]), np.where(of.x > 0, dout, 0), EXACT)
            continue
        (dout,) = carried(of.dout)
        on = affine(*carried(of.rows, of.w, of.b)).positive()
        got = getattr(impl, backward)(of.dout, made[i])
        judge_backward(backward, got, of, dout if backward == "affine_backward" else dout.where(on))


CHAIN = ("affine_backward", "relu_backward", "affine_relu_backward", "affine_backward")


@pytest.mark.mathematics
@given(seed=SEEDS)
def test_a_chain_of_layers_goes_back_as_it_came(impl, seed):
    """Through layers one after the other, ⟨Jv, u⟩ is ⟨v, Jᵀu⟩ at each, for several u: exactly so on small integers."""
    rng = np.random.default_rng(seed)

    def whole(*shape: int) -> np.ndarray:
        return rng.integers(-2, 3, shape).astype(float)

    x, v, made = whole(2, 3), whole(2, 3), []
    for backward in filter(impl.offers, CHAIN):
        w, b, vw, vb = whole(3, 3), whole(3), whole(3, 3), whole(3)
        alone = backward == "relu_backward"
        z, vz = (x, v) if alone else (x @ w + b, v @ w + x @ vw + vb)
        forward = getattr(impl, backward.replace("backward", "forward"))
        cache = (forward(x) if alone else forward(x, w, b))[1]
        x, after = (z, vz) if backward == "affine_backward" else (np.maximum(z, 0), vz * (z > 0))
        made.append((backward, cache, (v,) if alone else (v, vw, vb), after))
        v = after
    for u in (whole(2, 3), whole(2, 3)):
        for backward, cache, before, after in reversed(made):
            got = getattr(impl, backward)(u, cache)
            gradients = (got,) if backward == "relu_backward" else got
            product = sum(float(np.sum(g * direction)) for g, direction in zip(gradients, before, strict=True))
            judge(backward, product, float(np.sum(after * u)), EXACT, u=u)
            u = np.asarray(gradients[0])


@interface
@given(case=layers(hard=True))
def test_backward_leaves_the_cache_as_it_was(impl, case):
    """affine_backward, relu_backward and affine_relu_backward give the same bits when called again."""
    impl = impl.raw
    calls = [
        (impl.affine_forward(*case.forward)[1], impl.affine_backward),
        (impl.affine_relu_forward(*case.forward)[1], impl.affine_relu_backward),
        (impl.relu_forward(case.dout)[1], lambda dout, cache: (impl.relu_backward(dout, cache),)),
    ]
    for cache, backward in calls:
        first = [value.copy() for value in backward(case.dout, cache)]
        backward(-case.dout, cache)
        for before, after in zip(first, backward(case.dout, cache), strict=True):
            equal(before, after)
