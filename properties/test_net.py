"""Chapter 5: fully connected networks: scores, loss, gradients, and how they start."""

import contextlib
import copy
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from shrinkage.properties.engine import oracles_networks as on_paper
from shrinkage.properties.engine.account import seen
from shrinkage.properties.engine.bounds import EXACT
from shrinkage.properties.engine.oracles import rationals, sum_of_squares, to_rational
from shrinkage.properties.engine.running_error import Carried
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import DTYPES, ORDINARY_AND_HARD, SEEDS
from shrinkage.properties.engine.strategies.networks import Network, networks
from shrinkage.properties.engine.verdict import equal, holds, judge, refuses, untouched
from shrinkage.properties.test_repeated_calls import interrupted
from shrinkage.properties.test_two_layer_net import has_the_parts, is_normal

mathematics, accuracy, interface = pytest.mark.mathematics, pytest.mark.accuracy, pytest.mark.interface
NET = "FullyConnectedNet"


def exact(case: Network, reg: float | None = None) -> tuple[Carried, Carried, dict[str, Carried]]:
    """Scores, loss and gradients."""
    dtype = case.X.dtype
    params = {name: Carried(value, 0.0, dtype) for name, value in case.params.items()}
    return on_paper.net(Carried(case.X, 0.0, dtype), case.y, params, case.reg if reg is None else reg)


def two_layers(impl: Any, case: Network) -> Any:
    """The same as a `TwoLayerNet`."""
    (D, H), C = case.params["W1"].shape, len(case.params["b2"])
    model = impl.TwoLayerNet(input_dim=D, hidden_dim=H, num_classes=C, reg=case.reg)
    for name, value in case.params.items():
        model.params[name] = value.copy()
    return model


# ---- scores, loss and gradients --------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_a_net_is_its_layers_one_after_the_other(impl, data, hard):
    """loss(X) is W_L max(… max(X W₁ + b₁, 0) …) + b_L, and loss(X, y) the softmax loss of that and ½ reg Σ‖W‖²."""
    case = data.draw(networks(hard=hard))
    model = case.built(impl)
    scores, loss, _ = exact(case)
    judge(NET, model.loss(case.X), *scores.answer, dtype=case.X.dtype, case=case)
    judge(NET, model.loss(case.X, case.y)[0], *loss.answer, dtype=case.X.dtype, case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_gradients_are_those_of_backpropagation(impl, data, hard):
    """The gradient of every parameter, in its shape and dtype, within what rounding allows there and back."""
    case = data.draw(networks(hard=hard))
    _, _, grads = exact(case)
    got = case.built(impl).loss(case.X, case.y)[1]
    has_the_parts(NET, "gradients", got, case.params)
    for name, answer in grads.items():
        judge(NET, got[name], *answer.answer, dtype=case.X.dtype, gradient=name, case=case)


@ORDINARY_AND_HARD
@pytest.mark.parametrize("reg", [0.0, 0.5], ids=["without regularisation", "with regularisation"])
@given(data=st.data())
def test_gradients_are_slopes_of_the_loss(impl, reg, data, hard):
    """Along any direction, Σ gradient · direction is the derivative of the loss, as a power series carries it."""
    case = data.draw(networks(hard=hard, layers=2, reg=st.just(reg)))
    rng = np.random.default_rng(data.draw(SEEDS))
    direction = {name: rng.standard_normal(value.shape) for name, value in case.params.items()}
    got = case.built(impl).loss(case.X, case.y)[1]
    value, bound = on_paper.along(got, direction, exact(case)[2])
    judge(NET, value, on_paper.slope(case.X, case.y, case.params, direction, reg), bound, case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_regularisation_adds_half_the_squared_weights_and_no_bias(impl, data, hard):
    """loss(reg) − loss(0) is ½ reg Σ‖W‖² over all weights; their gradients differ by reg W, those of biases do not."""
    case = data.draw(networks(hard=hard, reg=st.sampled_from([0.25, 3.0, 1e-3])))
    unregularised = Network(case.X, case.y, case.params, 0.0)
    (with_it, grads), (without, plain) = (c.built(impl).loss(case.X, case.y) for c in (case, unregularised))
    _, loss, exact_grads = exact(case)
    _, loss_0, exact_plain = exact(unregularised)
    weights = {name: value for name, value in case.params.items() if name.startswith("W")}
    penalty = to_rational(case.reg) / 2 * sum((sum_of_squares(w) for w in weights.values()), to_rational(0.0))
    difference = np.float64(with_it) - np.float64(without)
    bound = Carried(0.0, loss.error + loss_0.error).answer[1] + Carried(difference).rounded().answer[1]
    judge(NET, difference, penalty, bound, case=case)
    for name in case.params:
        if name in weights:
            difference = grads[name].astype(float) - plain[name]
            allowed = exact_grads[name].error + exact_plain[name].error
            bound = Carried(difference, allowed).rounded().answer[1]
            judge(NET, difference, rationals(weights[name]) * to_rational(case.reg), bound, case=case)
        else:
            equal(grads[name], plain[name])


@pytest.mark.parametrize(
    ("dims", "dtype"),
    [
        pytest.param([33], np.float64, marks=mathematics, id="[33]-float64"),
        pytest.param([40, 17], np.float64, marks=mathematics, id="[40, 17]-float64"),
        pytest.param([], np.float64, marks=accuracy, id="[]-float64"),
        *(pytest.param(dims, np.float32, marks=accuracy, id=f"{dims}-float32") for dims in ([], [33], [40, 17])),
    ],
)
def test_wide_layers_and_large_batches(impl, dims, dtype):
    """Scores, loss and gradients keep within their bounds for layers and batches wider than a vector register."""
    rng, sizes = np.random.default_rng(len(dims)), [20, *dims, 11]
    params = {}
    for i in range(1, len(sizes)):
        params[f"W{i}"] = (rng.standard_normal((sizes[i - 1], sizes[i])) / 4).astype(dtype)
        params[f"b{i}"] = rng.standard_normal(sizes[i]).astype(dtype)
    case = Network(rng.standard_normal((21, 20)).astype(dtype), rng.integers(0, 11, 21), params, 0.5)
    scores, loss, grads = exact(case)
    model = case.built(impl)
    judge(NET, model.loss(case.X), *scores.answer, dtype=dtype)
    got = model.loss(case.X, case.y)
    judge(NET, got[0], *loss.answer, dtype=dtype)
    for name, answer in grads.items():
        judge(NET, got[1][name], *answer.answer, dtype=dtype, gradient=name)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_rows_of_a_batch_are_independent(impl, data, hard):
    """The scores of a sample are those that it has alone."""
    case = data.draw(networks(hard=hard))
    model = case.built(impl)
    bound = exact(case)[0]
    for i in range(len(case.X)):
        alone = exact(Network(case.X[i : i + 1], case.y[i : i + 1], case.params, case.reg))[0]
        judge(NET, model.loss(case.X)[i], alone.values[0], bound[i].answer[1], case=case)
        judge(NET, model.loss(case.X[i : i + 1]), *alone.answer, case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_nothing_gets_through_a_dead_layer(impl, data, hard):
    """Behind a layer whose units are all off, scores are the same for every sample and gradients before it are 0."""
    case = data.draw(networks(hard=hard, layers=2, reg=st.just(0.0)))
    layer = data.draw(st.integers(1, len(case.params) // 2 - 1))
    case.params[f"b{layer}"][:] = -1000
    model = case.built(impl)
    scores = exact(case)[0]
    judge(NET, model.loss(case.X), np.repeat(scores.values[:1], len(case.X), axis=0), scores.answer[1], case=case)
    grads = model.loss(case.X, case.y)[1]
    for i in range(1, layer + 1):
        judge(NET, grads[f"W{i}"], np.zeros(case.params[f"W{i}"].shape), EXACT, case=case)
        judge(NET, grads[f"b{i}"], np.zeros(case.params[f"b{i}"].shape), EXACT, case=case)


@pytest.mark.parametrize(
    "dims",
    [pytest.param(dims, marks=mathematics if dims else accuracy) for dims in ([], [3], [3, 2])],
    ids=str,
)
def test_zero_biases_put_a_sample_of_zeros_on_every_kink(impl, dims):
    """A net as it starts gives a sample of zeros scores of 0, and passes no gradient below the last bias."""
    model = impl.FullyConnectedNet(dims, input_dim=4, num_classes=3, weight_scale=1.0)
    X = np.zeros((2, 4))
    judge(NET, model.loss(X), np.zeros((2, 3)), EXACT)
    _, grads = model.loss(X, np.array([0, 0]))
    last = f"b{len(dims) + 1}"
    for name, value in grads.items():
        if name != last:
            judge(NET, value, np.zeros(model.params[name].shape), EXACT)
    signs = np.all(np.sign(grads[last]) == [-1, 1, 1])
    holds(NET, signs, f"other signs in the gradient of {last}", grads[last], "below 0, then above 0 twice")


@accuracy
@given(case=networks(hard=True, layers=2), size=st.integers(-6, 6))
def test_layers_of_very_different_sizes_keep_their_digits(impl, case, size):
    """With a first layer 10^±6 times the size and a last one as much smaller, every gradient keeps its accuracy."""
    first, last = case.params["W1"], case.params[f"W{len(case.params) // 2}"]
    first *= case.X.dtype.type(10.0**size)
    last *= case.X.dtype.type(10.0**-size)
    _, loss, grads = exact(case)
    got = case.built(impl).loss(case.X, case.y)
    judge(NET, got[0], *loss.answer, case=case)
    for name, answer in grads.items():
        judge(NET, got[1][name], *answer.answer, gradient=name, case=case)


# ---- how it starts ---------------------------------------------------------------------------------------------------


@interface
@given(
    hidden_dims=st.lists(st.integers(1, 5), max_size=3),
    input_dim=st.integers(1, 5),
    num_classes=st.integers(1, 5),
    dtype=st.sampled_from(DTYPES),
)
def test_params_are_named_and_shaped_by_layer(impl, hidden_dims, input_dim, num_classes, dtype):
    """params maps W1, b1, W2, … to weights (fan in, fan out) and biases that are zero, all in the net's dtype."""
    model = impl.FullyConnectedNet(hidden_dims, input_dim=input_dim, num_classes=num_classes, dtype=dtype)
    sizes = [input_dim, *hidden_dims, num_classes]
    parts = {f"W{i}": np.zeros((sizes[i - 1], sizes[i])) for i in range(1, len(sizes))}
    parts |= {f"b{i}": np.zeros(sizes[i]) for i in range(1, len(sizes))}
    has_the_parts(NET, "params", model.params, parts, dtype)
    for name, zero in parts.items():
        if name.startswith("b"):
            equal(model.params[name], zero)


@interface
def test_a_net_is_made_for_small_images_and_ten_classes_by_default(impl):
    """Without being told, a net takes 784 inputs to 10 classes, unregularised, in float64, weights of size 1e-2."""
    model = impl.FullyConnectedNet([50], seed=0)
    shapes = {"W1": (784, 50), "b1": (50,), "W2": (50, 10), "b2": (10,)}
    has_the_parts(NET, "params", model.params, {name: np.zeros(shape) for name, shape in shapes.items()}, np.float64)
    is_normal(NET, "W1", model.params["W1"].ravel(), 1e-2)
    X, y = np.ones((1, 784)), [3]
    loss, _ = model.loss(X, y)
    doubled = impl.FullyConnectedNet([50], seed=0, reg=0.0)
    equal(loss, doubled.loss(X, y)[0])


@interface
@pytest.mark.parametrize("scale", [1e-3, 1.0, 20.0])
def test_weights_are_normal_with_the_scale_that_was_asked_for(impl, scale):
    """Weights are N(0, weight_scale²): mean, variance, the share within one deviation, and each layer its own."""
    params = impl.FullyConnectedNet([100], input_dim=100, num_classes=100, weight_scale=scale, seed=3).params
    first, second = params["W1"].ravel() / scale, params["W2"].ravel() / scale
    n, share = first.size, math.erf(1 / math.sqrt(2))
    for name, z in (("W1", first), ("W2", second)):
        is_normal(NET, name, params[name].ravel(), scale)
        within_one, room = (abs(z) < 1).mean(), 6 * math.sqrt(share * (1 - share) / n)
        says = f"the share of {name} within one deviation is {within_one:.3g}"
        holds(NET, abs(within_one - share) < room, says, float(within_one), f"{share:.4g} ± {room:.2g}")
    product, room = (first * second).mean(), 6 / math.sqrt(n)
    holds(NET, abs(product) < room, f"W1 and W2 have a correlation of {product:.3g}", float(product), f"0 ± {room:.2g}")


@interface
def test_a_seed_fixes_the_weights_and_none_draws_afresh(impl):
    """The same seed gives the same weights, another seed or none others."""

    def weights(seed: int | None) -> np.ndarray:
        return impl.FullyConnectedNet([4], input_dim=5, seed=seed).params["W1"]

    def others(by: str, one: np.ndarray, other: np.ndarray) -> None:
        holds(NET, not np.array_equal(one, other), f"the same weights by {by}", other, "others")

    for seed in (7, 0):
        equal(weights(seed), weights(seed))
        others("another seed", weights(seed), weights(8))
    others("no seed", weights(None), weights(None))
    everybodys = np.random.get_state()  # noqa: NPY002  # which must not reach in
    before = weights(None)
    np.random.set_state(everybodys)  # noqa: NPY002
    others("no seed, where everybody's is set", before, weights(None))


@interface
@pytest.mark.parametrize("name", [NET, "TwoLayerNet"])
@pytest.mark.parametrize("number", [int, np.float32, np.array], ids=["int", "float32", "0-d array"])
def test_a_scale_and_a_penalty_of_0_are_numbers_of_any_kind(impl, name, number):
    """With weight_scale = 0 every weight is 0; reg is what it is as a float, and 0 is no penalty."""
    hidden = {"hidden_dims": [4]} if name == NET else {"hidden_dim": 4}

    def made(**options: Any) -> Any:
        return getattr(impl, name)(**hidden, input_dim=5, num_classes=3, **options)

    for key, value in made(weight_scale=number(0)).params.items():
        judge(name, value, np.zeros(value.shape), EXACT, weight_scale=0, parameter=key)
    X, y = np.arange(10.0).reshape(2, 5), np.array([0, 2])
    for reg in (0, 2):
        one, other = made(reg=number(reg)), made(reg=float(reg))
        other.params = {key: value.copy() for key, value in one.params.items()}
        (loss, grads), (expected, slopes) = one.loss(X, y), other.loss(X, y)
        equal(loss, expected)
        for key, value in slopes.items():
            equal(grads[key], value)


# ---- living with it --------------------------------------------------------------------------------------------------


@interface
@given(case=networks(hard=True, layers=2))
def test_callers_may_replace_and_change_params(impl, case):
    """What is in params when loss is called is what counts: other arrays, other layouts, changes in place."""
    model = case.built(impl)
    model.loss(case.X)
    for name, value in case.params.items():
        model.params[name] = np.asfortranarray(np.repeat(value / 2, 2, axis=0))[::2]
    halved = Network(case.X, case.y, {name: value / 2 for name, value in case.params.items()}, case.reg)
    judge(NET, model.loss(case.X), *exact(halved)[0].answer, case=case)  # BLAS may sum in another order
    last = f"b{len(case.params) // 2}"
    model.params[last] = case.params[last].copy()
    model.params[last] += 1
    moved = Network(case.X, case.y, {**halved.params, last: model.params[last]}, case.reg)
    judge(NET, model.loss(case.X), *exact(moved)[0].answer, case=case)


STEPS = ("loss", "scores", "copied", "in place", "replaced", "given")


@interface
@pytest.mark.parametrize("name", [NET, "TwoLayerNet"])
@given(data=st.data())
def test_a_net_remembers_nothing_but_its_params(impl, name, data):
    """Whatever was called before, on this net, a copy or another, scores and loss are those of params as they are."""
    case = data.draw(networks(layers=2, most=2))
    nets = [case.built(impl) if name == NET else two_layers(impl, case) for _ in range(2)]
    cases = [replace(case, params=dict(case.params)) for _ in nets]
    batches = [case.X, 1 - case.X]
    for step in data.draw(st.permutations(STEPS))[:3]:
        which, batch = data.draw(st.sampled_from([(0, 0), (0, 1), (1, 0)]))
        model, now = nets[which], replace(cases[which], X=batches[batch])
        if step == "scores":
            judge(name, model.loss(now.X), *exact(now)[0].answer)
        elif step == "loss":
            for _ in range(2):
                now.y[:] = (now.y + 1) % len(now.params["b2"])
                (loss, grads), (_, right, slopes) = model.loss(now.X, now.y), exact(now)
                judge(name, loss, *right.answer)
                judge(name, grads["b2"], *slopes["b2"].answer, gradient="b2")
        elif step == "copied":
            with contextlib.suppress(Exception):  # nobody has promised that it can be
                nets[1 - which] = copy.deepcopy(model)
                cases[1 - which] = replace(now, X=case.X, params=dict(now.params))
            model.params["W1"][...] = now.params["W1"] = now.params["W1"] + 1
        elif step == "given":
            for key, value in nets[1 - which].params.items():
                model.params[key] = value.copy()
            now.params.update(cases[1 - which].params)
        else:
            value = now.params["W1"] = now.params["W1"] + 1
            if step == "in place":
                model.params["W1"][...] = value
            else:
                model.params["W1"] = value.copy()
    for model, now in zip(nets, cases, strict=True):
        scores, loss, _ = exact(now)
        judge(name, model.loss(case.X), *scores.answer)
        judge(name, model.loss(case.X, case.y)[0], *loss.answer)
    seen.unchanged(name)


@interface
@pytest.mark.parametrize("name", [NET, "TwoLayerNet"])
def test_nets_have_params_of_their_own(impl, name):
    """What is written into the params of a net is in no other one's, of the same sizes and the same seed."""
    size = {"hidden_dims": [2], "seed": 3} if name == NET else {"hidden_dim": 2}
    first, second = (getattr(impl, name)(input_dim=3, num_classes=2, **size) for _ in range(2))
    before = {key: value.copy() for key, value in second.params.items()}
    for value in first.params.values():
        value += 1
    for key, value in before.items():
        holds(
            name, np.array_equal(second.params[key], value), "params are another one's, too", second.params[key], value
        )
    seen.unchanged(name)


@interface
@given(case=networks(hard=True))
def test_what_loss_returns_is_the_callers(impl, case):
    """A later call changes no scores and no gradients handed out before, no call changes params, X or y, or keeps X."""
    model, X, y = case.built(impl.raw), case.X.copy(), case.y.copy()
    scores, (_, grads) = model.loss(X), model.loss(X, y)
    kept = [scores.copy(), *(g.copy() for g in grads.values())]
    model.loss(X[::-1] * 2 + 1, y)
    model.loss(X[::-1] * 2 + 1)
    for before, after in zip(kept, [scores, *grads.values()], strict=True):
        equal(before, after)
    for name, value in case.params.items():
        equal(model.params[name], value)
        apart = not np.shares_memory(model.params[name], grads[name])
        holds(NET, apart, f"the gradient of {name} lies in its memory", grads[name], "a new array", "other")
    untouched(NET, "X", X, case.X)
    untouched(NET, "y", y, case.y)
    X[:] = case.X[::-1]
    turned = Network(X, y, case.params, case.reg)
    judge(NET, model.loss(X), *exact(turned)[0].answer, case=turned)
    judge(NET, model.loss(X, y)[0], *exact(turned)[1].answer, case=turned)


@interface
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("sample", [(4, 3), (2, 3, 2)], ids=str)
@pytest.mark.parametrize("name", [NET, "TwoLayerNet"])
def test_samples_may_be_images(impl, name, sample, order):
    """X of shape (N, ...) is flattened by rows, (N, C, H, W) too; memory may have it in any order, and as bytes."""
    hidden = {"hidden_dims": [5]} if name == NET else {"hidden_dim": 5}
    model = getattr(impl, name)(**hidden, input_dim=12, num_classes=3, weight_scale=0.25)
    rng = np.random.default_rng(0)
    rows, y = rng.integers(0, 256, (6, 12)).astype(np.uint8), rng.integers(0, 3, 6)
    scores, (loss, grads) = model.loss(rows.astype(float)), model.loss(rows.astype(float), y)
    images = np.array(rows.reshape(6, *sample), order=order)
    for X in (images.astype(float), images):
        equal(model.loss(X), scores)
        got = model.loss(X, y)
        equal(got[0], loss)
        for key, value in grads.items():
            equal(got[1][key], value)


@interface
def test_samples_may_be_numbers(impl):
    """A net of one input takes X of shape (N,): of a sample without axes, one number is what is flattened."""
    model = impl.FullyConnectedNet([3], input_dim=1, num_classes=2, weight_scale=1.0, seed=0)
    X = np.array([0.5, -2.0])
    equal(model.loss(X), model.loss(X[:, None]))


@interface
@pytest.mark.parametrize("dims", [[], [3]], ids=str)
def test_a_batch_of_no_samples(impl, dims):
    """Of no samples there are scores without rows and a loss that is NaN, without a warning."""
    model = impl.FullyConnectedNet(dims, input_dim=2, num_classes=4, seed=0)
    equal(model.loss(np.zeros((0, 2))), np.zeros((0, 4)))
    loss, grads = model.loss(np.zeros((0, 2)), np.zeros(0, int))
    equal(loss, np.nan)
    has_the_parts(NET, "gradients", grads, model.params)


@interface
def test_a_layer_without_units_leaves_only_the_biases_behind_it(impl):
    """With a hidden layer of no units, every sample's scores are the last bias."""
    model = impl.FullyConnectedNet([0], input_dim=2, num_classes=3, seed=0)
    model.params["b2"] = np.array([1.0, 2.0, 3.0])
    equal(model.loss(np.ones((2, 2))), [[1.0, 2.0, 3.0]] * 2)
    equal(model.loss(np.ones((2, 2)), [0, 1])[1]["W2"], np.zeros((0, 3)))


@interface
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_net_lets_training_see_what_is_not_finite(impl, bad):
    """NaN or infinite input makes the loss NaN or infinite, and leaves the other samples' scores alone."""
    model = impl.FullyConnectedNet([3], input_dim=2, num_classes=2, weight_scale=1.0, seed=0)
    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    clean = model.loss(X)
    X[1, 0] = bad
    scores = model.loss(X)
    equal(scores[0], clean[0])
    holds(NET, not np.isfinite(scores[1]).any(), "scores are finite", scores, "NaN or ±inf in the last row")
    loss = model.loss(X, [0, 1])[0]
    holds(NET, not np.isfinite(loss), "the loss is finite", loss, "NaN or ±inf")


@interface
@pytest.mark.parametrize(
    ("X", "y", "name"),
    [
        *(((2, 3), [0, 1], "X"), ((2, 5), [0, 1], "X"), ((2, 1), [0, 1], "X"), ((4,), [0], "X"), ((), [0], "X")),
        *(((2, 4), y, "y|X") for y in ([0], [[0], [1]], 0)),
        ((2, 4), [0, 5], "y"),
        ((1, 4), [0, 1], "y|X"),
    ],
)
def test_samples_and_labels_that_do_not_fit_are_refused(impl, X, y, name):
    """Samples of another size, labels that are no class and labels that are missing are a ValueError about X or y."""
    model = impl.FullyConnectedNet([3], input_dim=4, num_classes=5, seed=0)
    with refuses(f"an {name[0]} that does not fit", ValueError, *name.split("|")):
        model.loss(np.zeros(X), y)
    if X == ():  # as many entries as a sample of one has, but no samples
        with refuses("a number for X", ValueError, "X"):
            impl.FullyConnectedNet([3], input_dim=1, num_classes=5).loss(np.zeros(X), y)


@interface
def test_threads_may_share_a_net(impl):
    """Several threads that call loss at once, one in the midst of another's too, get what each alone would."""
    model = impl.FullyConnectedNet([20, 20], input_dim=30, num_classes=5, weight_scale=0.3, seed=0)
    rng = np.random.default_rng(0)
    batches = [(rng.standard_normal((16, 30)), rng.integers(0, 5, 16)) for _ in range(24)]
    alone = [model.loss(*batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda batch: model.loss(*batch), batches * 4))
    with interrupted(lambda: model.loss(*batches[1])):
        together.append(model.loss(*batches[0]))
    for i, (loss, grads) in enumerate(together):
        expected_loss, expected = alone[i % len(alone)]
        equal(loss, expected_loss)
        for name in expected:
            equal(grads[name], expected[name])
