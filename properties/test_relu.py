"""Chapter 4: one ReLU, its loss, its elbow, and what a step of gradient descent does to them."""

from dataclasses import replace

import numpy as np
import pytest
from flint import fmpq
from hypothesis import assume
from hypothesis import strategies as st

from shrinkage.properties.engine import oracles_networks as on_paper
from shrinkage.properties.engine.bounds import EXACT
from shrinkage.properties.engine.oracles import nearest, rationals
from shrinkage.properties.engine.running_error import given as carried
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import ORDINARY_AND_HARD, SEEDS, apart, generator, kinds, wild
from shrinkage.properties.engine.strategies.networks import EIGHTHS, RATES, Unit, unit
from shrinkage.properties.engine.verdict import equal, holds, judge

mathematics = pytest.mark.mathematics


def exactly(*numbers: float) -> list[fmpq]:
    """Numbers as rationals."""
    return list(rationals(np.array(numbers)))


# ---- the unit and its elbow ------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_unit_is_the_positive_part_of_a_line(impl, data, hard):
    """relu_unit(x, w, b) is max(wx + b, 0) at every entry of x."""
    w, b = data.draw(st.tuples(EIGHTHS, EIGHTHS))
    shapes, rng = [(3,), (2, 3), (67,), *([(0,)] if hard else [])], generator(data.draw(SEEDS))
    shape, dtype = data.draw(st.sampled_from(shapes)), data.draw(kinds(hard))
    x = wild(rng, shape, dtype, data.draw(apart(30)) if hard else 0)
    line, cw, cb = carried(x, w, b)
    judge("relu_unit", impl.relu_unit(x, w, b), *(line * cw + cb).relu().answer, dtype=dtype)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_unit_of_a_number_is_a_number(impl, data, hard):
    """relu_unit(x, w, b) is max(wx + b, 0), a number for a number x."""
    x, _, w, b = data.draw(unit(hard)).sample
    line, cw, cb = carried(x, w, b)
    judge("relu_unit", impl.relu_unit(x, w, b), *(line * cw + cb).relu().answer, dtype=np.float64)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_elbow_is_where_the_line_crosses_zero(impl, data, hard):
    """elbow(w, b) is −b/w, element by element, rounded once."""
    rng, dtype = generator(data.draw(SEEDS)), data.draw(kinds(hard))
    # Not `count(hard, 5) | st.just(67)`: with nothing drawn after it, 67 has no choice left to be shrunk to.
    n = data.draw(st.sampled_from([*range(0 if hard else 1, 6), 67]))
    binades = data.draw(apart(100)) if hard else 0
    w, b = (wild(rng, (n,), dtype, binades) for _ in range(2))
    w[w == 0] = 1
    weights, biases = carried(w, b)
    judge("elbow", impl.elbow(w, b), *(-biases / weights).answer, dtype=dtype)
    if hard and n:  # a number stands for every elbow's
        judge("elbow", impl.elbow(w, float(b[0])), *(-biases[0] / weights).answer, dtype=dtype)
        judge("elbow", impl.elbow(float(w[0]), b), *(-biases / weights[0]).answer, dtype=dtype)


@pytest.mark.interface
def test_a_unit_without_a_slope_has_no_elbow(impl):
    """elbow(w, b) is NaN where w = 0, whatever b is, and nowhere else."""
    found = impl.elbow(np.array([0.0, 0.0, -0.0, 2.0]), np.array([1.0, 0.0, -3.0, 5.0]))
    equal(found, [np.nan, np.nan, np.nan, -2.5])
    equal(impl.elbow(0.0, 1.0), np.nan)


@mathematics
@given(w=st.sampled_from([-4.0, -1.0, 0.5, 2.0]), b=EIGHTHS, away=st.integers(1, 80).map(lambda k: k / 8))
def test_the_elbow_parts_zero_from_the_slope(impl, w, b, away):
    """relu_unit is 0 at its elbow and to one side of it, and |w| times the distance to the other."""
    e = impl.elbow(w, b)
    on, off = (e + away, e - away) if w > 0 else (e - away, e + away)
    values = impl.relu_unit(np.array([e, on, off]), w, b)
    judge("relu_unit", values, np.array([0, abs(w) * away, 0]), EXACT)


# ---- loss and gradients ----------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_unit_loss_is_half_the_squared_residual(impl, data, hard):
    """relu_unit_loss(x, y, w, b) is ½(φ(x) − y)²."""
    case = data.draw(unit(hard))
    x, y, w, b = carried(*case.sample)
    residual = (w * x + b).relu() - y
    judge("relu_unit_loss", impl.relu_unit_loss(*case.sample), *(residual * residual * 0.5).answer, case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_unit_gradients_are_the_chain_rule(impl, data, hard):
    """relu_unit_gradients is (φ − y, (φ − y)x, φ − y), the last two 0 where the unit is off."""
    case = data.draw(unit(hard))
    exact = on_paper.unit_gradients(*carried(*case.sample))
    for got, answer in zip(impl.relu_unit_gradients(*case.sample), exact, strict=True):
        judge("relu_unit_gradients", got, *answer.answer, dtype=np.float64, case=case)


@mathematics
@given(case=unit())
def test_relu_unit_gradients_are_slopes_of_the_loss(impl, case):
    """The loss, a square along each parameter while the unit stays on, has relu_unit_gradients as its derivative."""
    x, y, w, b = exactly(*case.sample)
    assume(w * x + b > 0)
    _, dw, db = impl.relu_unit_gradients(*case.sample)

    def loss(w: fmpq, b: fmpq) -> fmpq:
        return (w * x + b - y) ** 2 / 2

    judge("relu_unit_gradients", dw, (loss(w + 1, b) - loss(w - 1, b)) / 2, EXACT, case=case)
    judge("relu_unit_gradients", db, (loss(w, b + 1) - loss(w, b - 1)) / 2, EXACT, case=case)


@mathematics
@given(x=EIGHTHS, y=EIGHTHS, w=EIGHTHS)
def test_the_derivative_at_the_kink_is_zero(impl, x, y, w):
    """Where wx + b = 0 exactly, dl/dφ = −y and the parameters have derivative 0."""
    got = impl.relu_unit_gradients(x, y, w, -w * x)
    judge("relu_unit_gradients", np.array(got), np.array([-y, 0, 0]), EXACT)


# ---- a step ----------------------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_unit_step_goes_down_the_gradient(impl, data, hard):
    """relu_unit_step is (w − lr dl/dw, b − lr dl/db), both from the gradients at the old w and b."""
    case = data.draw(unit(hard))
    x, y, w, b = carried(*case.sample)
    exact = on_paper.unit_step(x, y, w, b, case.lr)
    for got, answer in zip(impl.relu_unit_step(*case.all), exact, strict=True):
        judge("relu_unit_step", got, *answer.answer, dtype=np.float64, case=case)


@mathematics
@given(case=unit())
def test_relu_unit_step_is_exact_where_no_operation_rounds(impl, case):
    """On data in eighths, relu_unit_step has no error at all."""
    x, y, w, b, lr = exactly(*case.all)
    residual = w * x + b - y if w * x + b > 0 else fmpq(0)
    got = impl.relu_unit_step(*case.all)
    judge("relu_unit_step", np.array(got), np.array([w - lr * residual * x, b - lr * residual]), EXACT, case=case)


@mathematics
@given(x=EIGHTHS, y=EIGHTHS, w=EIGHTHS, below=st.integers(0, 80), lr=RATES)
def test_a_dead_unit_does_not_move(impl, x, y, w, below, lr):
    """Where wx + b ≤ 0, a step leaves w and b as they are, to the last bit."""
    b = -w * x - below / 8
    equal(impl.relu_unit_step(x, y, w, b, lr), (w, b))


SIGNS = {"w, x > 0": (1, 1), "w > 0, x < 0": (1, -1), "w < 0, x > 0": (-1, 1), "w, x < 0": (-1, -1)}


@mathematics
@pytest.mark.parametrize("signs", SIGNS.values(), ids=SIGNS)
@given(data=st.data())
def test_a_step_moves_the_elbow_as_the_closed_form_says(impl, data, signs):
    """Where the unit is on, the elbow e = −b/w moves by lr (φ − y)(1 + e x)/w′, with w′ the weight after the step."""
    size, above = st.integers(1, 80).map(lambda k: k / 8), data.draw(st.integers(1, 80)) / 8
    w, x = signs[0] * data.draw(size), signs[1] * data.draw(size)
    case = Unit(x, data.draw(EIGHTHS), w, above - w * x, data.draw(RATES))
    x, y, w, b, lr = exactly(*case.all)
    phi, e = w * x + b, -b / w
    after = w - lr * (phi - y) * x
    assume(after != 0)
    _, bound = (-carried(float(b - lr * (phi - y)))[0] / carried(float(after))[0]).answer  # the one rounding of −b/w
    got = impl.elbow(*impl.relu_unit_step(*case.all))
    judge("relu_unit_step", got, e + lr * (phi - y) * (1 + e * x) / after, bound, case=case)


@mathematics
@given(case=unit())
def test_an_elbow_stays_where_a_unit_is_off(impl, case):
    """Where φ(x) = 0, a step leaves the elbow where it is."""
    x, _, w, b = case.sample
    assume(w != 0 and w * x + b <= 0)
    before, got = impl.elbow(w, b), impl.relu_unit_step(*case.all)
    after = impl.elbow(*got)
    holds("relu_unit_step", after == before, f"the elbow moves from {before} to {after}", got, f"({w}, {b})")


@mathematics
@given(case=unit())
def test_a_step_shrinks_the_residual_by_its_closed_form(impl, case):
    """While the unit stays on, a step multiplies φ(x) − y by 1 − lr(x² + 1), and the loss by the square of that."""
    if case.w * case.x + case.b < 0:  # the mirrored unit is on
        case = replace(case, w=-case.w, b=-case.b)
    x, y, w, b, lr = exactly(*case.all)
    residual, factor = w * x + b - y, 1 - lr * (x * x + 1)
    assume(w * x + b > 0 and factor * residual + y > 0)
    stepped = impl.relu_unit_step(*case.all)
    (after,) = carried(nearest(factor * residual))
    _, bound = (after * after * 0.5).answer  # in eighths, only the square may round
    judge("relu_unit_step", impl.relu_unit_loss(case.x, case.y, *stepped), (factor * residual) ** 2 / 2, bound)
