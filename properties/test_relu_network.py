"""Chapter 4: a network with one hidden layer under stochastic gradient descent, and where its elbows go."""

from typing import Any

import numpy as np
import pytest
from flint import fmpq
from hypothesis import assume
from hypothesis import strategies as st

from shrinkage.properties.engine import oracles
from shrinkage.properties.engine import oracles_networks as on_paper
from shrinkage.properties.engine.bounds import EXACT
from shrinkage.properties.engine.example_calls import EXAMPLES
from shrinkage.properties.engine.oracles import Exact, rationals, to_rational
from shrinkage.properties.engine.running_error import given as carried
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import IN_EITHER_DTYPE, ORDINARY_AND_HARD, count
from shrinkage.properties.engine.strategies.networks import EIGHTHS, RATES, Hidden, hidden, landing, training
from shrinkage.properties.engine.verdict import equal, holds, judge, refuses

mathematics = pytest.mark.mathematics
NAMES = ("W1", "b", "W2")


def start(case: Hidden, sample: int | None = None) -> Any:
    """x, y and the parameters as carried numbers; one sample of x and y, or all of them."""
    x, y, *params = carried(case.x, case.y, *case.params)
    return [x, y, *params] if sample is None else [x[sample], y[sample], *params]


def stepped(case: Hidden) -> on_paper.Triple:
    """W1, b and W2 after a step on the first sample."""
    x, y, W1, b, W2 = start(case, 0)
    return on_paper.network_step(x, y, W1, b, W2, case.lr)


def step_in_rationals(x: fmpq, y: fmpq, W1: Exact, b: Exact, W2: Exact, lr: fmpq) -> tuple[Exact, Exact, Exact]:
    """One step, unit by unit, by the formulas for a single unit."""
    before = [W1[j, 0] * x + b[j] for j in range(len(b))]
    residual = sum((W2[0, j] * max(z, fmpq(0)) for j, z in enumerate(before)), fmpq(0)) - y
    W1, b, W2 = W1.copy(), b.copy(), W2.copy()
    for j, z in enumerate(before):
        if z > 0:
            back = residual * W2[0, j]
            W1[j, 0] -= lr * back * x
            b[j] -= lr * back
            W2[0, j] -= lr * residual * z
    return W1, b, W2


def judge_each(function: str, got: Any, exact: Any, case: Hidden) -> None:
    """The three parameters, or their gradients, in their shapes and their dtype."""
    for name, value, answer in zip(NAMES, got, exact, strict=True):
        judge(function, value, *answer.answer, dtype=case.W1.dtype, parameter=name, case=case)


# ---- the function, its loss and its gradients ------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_network_is_a_weighted_sum_of_units(impl, data, hard):
    """relu_network(x, W1, b, W2) is W2 max(W1 x + b, 0) at every entry of x."""
    case = data.draw(hidden(hard=hard))
    x, _, *params = start(case)
    got = impl.relu_network(case.x, *case.params)
    judge("relu_network", got, *on_paper.network(x, *params).answer, dtype=case.x.dtype, case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_network_of_a_number_is_a_number(impl, data, hard):
    """relu_network(x, W1, b, W2) is a number for a number x."""
    case = data.draw(hidden(hard=hard, plain=True, samples=1))
    exact, _ = on_paper.network(*carried(case.x[0], *case.params)).answer
    judge("relu_network", impl.relu_network(case.x[0], *case.params), exact, EXACT, dtype=np.float64, case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_network_loss_is_half_the_squared_residual(impl, data, hard):
    """relu_network_loss is ½(f̂(x) − y)² for one sample."""
    case = data.draw(hidden(hard=hard, samples=1))
    x, y, *params = start(case, 0)
    residual = on_paper.network(x, *params) - y
    judge("relu_network_loss", impl.relu_network_loss(*case.sample), *(residual * residual * 0.5).answer, case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_network_gradients_are_the_chain_rule(impl, data, hard):
    """relu_network_gradients is (r W2ᵀ x, r W2ᵀ, r hᵀ) for the residual r, the first two 0 where a unit is off."""
    case = data.draw(hidden(hard=hard, samples=1))
    exact = on_paper.network_gradients(*start(case, 0))
    judge_each("relu_network_gradients", impl.relu_network_gradients(*case.sample), exact, case)


@mathematics
@given(case=hidden(samples=1), data=st.data())
def test_relu_network_gradients_are_slopes_of_the_loss(impl, case, data):
    """Along one parameter, while every unit stays as it is, the loss is a square with the gradient as its slope."""
    (x,), (y,), *params = map(rationals, (case.x, case.y, *case.params))
    on = [z > 0 for z in params[0][:, 0] * x + params[1]]

    def loss(W1: Exact, b: Exact, W2: Exact) -> fmpq:
        terms = (W2[0, j] * (W1[j, 0] * x + b[j]) for j, is_on in enumerate(on) if is_on)
        return (sum(terms, fmpq(0)) - y) ** 2 / 2

    which = data.draw(st.sampled_from(range(3)))
    entry = data.draw(st.integers(0, params[which].size - 1))
    values = []
    for move in (1, -1):
        moved = [p.copy() for p in params]
        moved[which].flat[entry] += move
        values.append(loss(*moved))
    got = impl.relu_network_gradients(*case.sample)[which].flat[entry]
    judge("relu_network_gradients", got, (values[0] - values[1]) / 2, EXACT, case=case, parameter=NAMES[which])


@ORDINARY_AND_HARD
@given(data=st.data())
def test_units_on_the_kink_have_gradient_zero(impl, data, hard):
    """Where every unit has W1 x + b = 0 exactly, f̂ = 0 and no gradient is other than zero."""
    case = data.draw(hidden(hard=hard, plain=True, samples=1))
    x, y, W1, _, W2 = case.sample
    for got, parameter in zip(impl.relu_network_gradients(x, y, W1, -W1[:, 0] * x, W2), case.params, strict=True):
        judge("relu_network_gradients", got, np.zeros(parameter.shape), EXACT, case=case)


# ---- a step ----------------------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_network_step_goes_down_the_gradient(impl, data, hard):
    """relu_network_step takes lr times the gradient off every parameter."""
    case = data.draw(hidden(hard=hard, samples=1))
    exact = stepped(case)
    judge_each("relu_network_step", impl.relu_network_step(*case.sample, case.lr), exact, case)


@mathematics
@given(case=hidden(samples=1))
def test_parameters_move_together(impl, case):
    """In one step, every parameter moves by the gradient at the old ones: exactly so on data in eighths."""
    (x,), (y,), W1, b, W2 = map(rationals, (case.x, case.y, *case.params))
    got = impl.relu_network_step(*case.sample, case.lr)
    exact = step_in_rationals(x, y, W1, b, W2, to_rational(case.lr))
    for name, value, answer in zip(NAMES, got, exact, strict=True):
        judge("relu_network_step", value, answer, EXACT, parameter=name, case=case)


@mathematics
@given(case=hidden(samples=1), below=st.integers(0, 80))
def test_dead_units_do_not_move(impl, case, below):
    """Where W1 x + b ≤ 0, a step leaves a unit's parameters as they are, to the last bit."""
    x, y, W1, b, W2 = case.sample
    b = b.copy()
    b[0] = -W1[0, 0] * x - below / 8
    got = impl.relu_network_step(x, y, W1, b, W2, case.lr)
    for new, old in zip(got, (W1, b, W2), strict=True):
        equal(new.flat[0], old.flat[0])


@mathematics
@given(x=EIGHTHS, y=EIGHTHS, w=EIGHTHS, b=EIGHTHS, lr=RATES)
def test_a_network_of_one_unit_steps_like_the_unit(impl, x, y, w, b, lr):
    """With W2 = 1 in front of one unit, a step moves W1 and b as relu_unit_step does."""
    W1, bias, _ = impl.relu_network_step(x, y, np.array([[w]]), np.array([b]), np.array([[1.0]]), lr)
    assert (W1[0, 0], bias[0]) == impl.relu_unit_step(x, y, w, b, lr)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_elbows_after_step_are_those_of_the_stepped_parameters(impl, data, hard):
    """elbows_after_step is −b/W1 of the parameters after the step, on data for which no weight becomes zero."""
    case = data.draw(hidden(hard=hard, samples=1))
    W1, b, _ = stepped(case)
    assume(all(value != 0 for value in W1.values.flat))
    exact = -b / W1[:, 0]
    got = impl.elbows_after_step(*case.sample, case.lr)
    judge("elbows_after_step", got, *exact.answer, dtype=case.W1.dtype, case=case)


@mathematics
@given(case=hidden(samples=1))
def test_elbows_of_units_that_are_on_move_by_the_closed_form(impl, case):
    """An elbow e moves by lr r v (1 + e x)/w′, with the residual r, the output weight v, and w′ after the step."""
    (x,), (y,), W1, b, W2 = map(rationals, (case.x, case.y, *case.params))
    lr = to_rational(case.lr)
    assume(all(W1[:, 0] != 0))
    before, e = W1[:, 0] * x + b, -b / W1[:, 0]
    residual = sum((v * max(z, fmpq(0)) for v, z in zip(W2[0], before, strict=True)), fmpq(0)) - y
    after = np.array(
        [w - (lr * residual * v * x if z > 0 else 0) for w, v, z in zip(W1[:, 0], W2[0], before, strict=True)]
    )
    assume(all(after != 0))
    moves = [
        lr * residual * v * (1 + p * x) / w if z > 0 else 0 for v, p, w, z in zip(W2[0], e, after, before, strict=True)
    ]
    weights, bias, _ = stepped(case)
    got = impl.elbows_after_step(*case.sample, case.lr)
    judge("elbows_after_step", got, e + np.array(moves), (-bias / weights[:, 0]).answer[1], case=case)


def exactly_stepped(case: Hidden) -> tuple[Exact, Exact, Exact]:
    """W1, b and W2 after a step on the first sample, in rationals."""
    (x,), (y,), W1, b, W2 = map(rationals, (case.x, case.y, *case.params))
    return step_in_rationals(x, y, W1, b, W2, to_rational(case.lr))


@pytest.mark.interface
@pytest.mark.parametrize("name", ["elbows_after_step", "relu_network_sgd"])
@given(case=landing("no slope"))
def test_a_weight_that_becomes_zero_has_no_elbow(impl, name, case):
    """Where a step takes a weight to exactly zero, its elbow after the step is NaN, whatever b is, and no other is."""
    W1, b, _ = exactly_stepped(case)
    got = impl.elbows_after_step(*case.sample, case.lr) if name == "elbows_after_step" else None
    got = impl.relu_network_sgd(*case.all, 1)[3][1] if got is None else got
    zero = W1[:, 0] == 0
    holds(
        name, np.array_equal(np.isnan(got), zero), "an elbow where the weight is 0, or none elsewhere", got, "NaN there"
    )
    weights, biases = carried(oracles.floats(W1[~zero, 0]), oracles.floats(b[~zero]))
    judge(name, got[~zero], *(-biases / weights).answer, case=case)


@pytest.mark.accuracy
@pytest.mark.parametrize("name", ["relu_unit_step", "relu_network_step", "relu_network_sgd"])
@given(data=st.data())
def test_a_step_onto_the_kink_is_the_last(impl, name, data):
    """Where a step takes every unit to exactly 0 at its sample, another step there moves nothing."""
    case = data.draw(landing("kink", unit=name == "relu_unit_step"))
    x, y, *params = case.sample
    if name == "relu_network_sgd":
        *params, _ = impl.relu_network_sgd(*case.all, 3)
    elif name == "relu_network_step":
        for _ in range(2):
            params = impl.relu_network_step(x, y, *params, case.lr)
    else:
        w, b = case.W1.item(), case.b.item()
        for _ in range(2):
            w, b = impl.relu_unit_step(x, y, w, b, case.lr)
        params = [np.reshape(w, (1, 1)), np.reshape(b, 1)]
    for parameter, value, exact in zip(NAMES, params, exactly_stepped(case), strict=False):
        judge(name, value, exact, EXACT, parameter=parameter, case=case)


# ---- all epochs ------------------------------------------------------------------------------------------------------


def judge_shape(elbows: np.ndarray, epochs: int, units: int) -> None:
    """A row for the start and for each epoch."""
    right = (epochs + 1, units)
    holds("relu_network_sgd", elbows.shape == right, f"elbows are of shape {elbows.shape}", elbows, f"of shape {right}")


@ORDINARY_AND_HARD
@given(data=st.data())
def test_relu_network_sgd_steps_through_the_samples_in_their_order(impl, data, hard):
    """relu_network_sgd takes one step on each sample, in the order given, epochs times over."""
    case, epochs = data.draw(training(hard=hard)), data.draw(count(hard, 5))
    x, y, W1, b, W2 = start(case)
    W1, b, W2, rows = on_paper.network_sgd(x, y, W1, b, W2, case.lr, epochs)
    got = impl.relu_network_sgd(*case.all, epochs)
    judge_each("relu_network_sgd", got[:3], (W1, b, W2), case)
    judge_shape(got[3], epochs, len(case.b))
    for row, exact in zip(got[3], rows, strict=True):
        judge("relu_network_sgd", row, *exact.answer, dtype=case.W1.dtype, case=case)


@IN_EITHER_DTYPE
@pytest.mark.parametrize("units", [8, 37])
def test_many_units_and_samples(impl, units, dtype):
    """Everything about a hidden layer keeps within its bounds for more units than a vector register holds."""
    rng = np.random.default_rng(units)
    shapes = ((11,), (11,), (units, 1), (units,), (1, units))
    x, y, W1, b, W2 = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    case = Hidden(x, y, W1, b, W2, 0.015625)
    x, y, W1, b, W2 = start(case)
    judge("relu_network", impl.relu_network(case.x, *case.params), *on_paper.network(x, W1, b, W2).answer, dtype=dtype)
    exact = on_paper.network_gradients(*start(case, 0))
    judge_each("relu_network_gradients", impl.relu_network_gradients(*case.sample), exact, case)
    judge_each("relu_network_step", impl.relu_network_step(*case.sample, case.lr), stepped(case), case)
    got = impl.relu_network_sgd(*case.all, 1)
    *after, rows = on_paper.network_sgd(x, y, W1, b, W2, case.lr, 1)
    judge_each("relu_network_sgd", got[:3], after, case)
    for row, answer in zip(got[3], rows, strict=True):
        judge("relu_network_sgd", row, *answer.answer, dtype=dtype, case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_the_last_elbows_are_those_of_the_last_parameters(impl, data, hard):
    """Elbows have a row for the start, and one for after every epoch; the last is the elbow of what is returned."""
    case, epochs = data.draw(training(hard=hard, plain=True)), data.draw(count(hard, 5))
    W1, b, _, elbows = impl.relu_network_sgd(*case.all, epochs)
    judge_shape(elbows, epochs, len(b))
    equal(elbows[0], impl.elbow(case.W1[:, 0], case.b))
    equal(elbows[-1], impl.elbow(W1[:, 0], b))


@mathematics
def test_the_order_of_the_samples_matters(impl):
    """SGD on (1, 4), then (2, 6) ends elsewhere than on (2, 6), then (1, 4): with each its own closed form."""
    W1, b, W2 = np.array([[1.0]]), np.array([0.0]), np.array([[1.0]])
    x, y, lr = np.array([1.0, 2.0]), np.array([4.0, 6.0]), 0.125
    ends = []
    for order in ([0, 1], [1, 0]):
        exact = rationals(W1), rationals(b), rationals(W2)
        for i in order:
            exact = step_in_rationals(to_rational(x[i]), to_rational(y[i]), *exact, to_rational(lr))
        got = impl.relu_network_sgd(x[order], y[order], W1, b, W2, lr, 1)
        for value, answer in zip(got, exact, strict=False):
            judge("relu_network_sgd", value, answer, EXACT)
        ends.append(got[0][0, 0])
    holds("relu_network_sgd", ends[0] != ends[1], "the same in either order", ends[1], f"another one than {ends[0]}")


@mathematics
@given(case=hidden(samples=3), epochs=st.integers(1, 40))
def test_nothing_moves_where_every_unit_is_dead(impl, case, epochs):
    """Where no sample turns a unit on, any number of epochs leaves every parameter and every elbow as it was."""
    b = -abs(case.W1[:, 0]) * abs(case.x).max()
    *params, elbows = impl.relu_network_sgd(case.x, case.y, case.W1, b, case.W2, case.lr, epochs)
    for new, old in zip(params, (case.W1, b, case.W2), strict=True):
        equal(new, old)
    equal(elbows, np.tile(impl.elbow(case.W1[:, 0], b), (epochs + 1, 1)))


@pytest.mark.interface
def test_epochs_are_counted(impl):
    """A number of epochs comes as any integer; half of one, fewer than none and an array of them are refused."""
    *arguments, epochs = EXAMPLES["relu_network_sgd"].values()
    expected = impl.relu_network_sgd(*arguments, epochs)
    for kind in (np.int64, np.uint8, np.array):
        for got, same in zip(impl.relu_network_sgd(*arguments, kind(epochs)), expected, strict=True):
            equal(got, same)
    for wrong in (2.5, -1, [epochs]):
        with refuses("a wrong number of epochs", (ValueError, TypeError), "epochs"):
            impl.relu_network_sgd(*arguments, wrong)
