"""Chapter 5: update rules, by their formulas over any number of steps."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import strategies as st

from shrinkage.properties.engine.account import seen, shown
from shrinkage.properties.engine.bounds import EXACT
from shrinkage.properties.engine.oracles_networks import DEFAULTS, STATE, Rule
from shrinkage.properties.engine.running_error import given as carried
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import IN_EITHER_DTYPE, ORDINARY_AND_HARD, SEEDS, generator, kinds
from shrinkage.properties.engine.verdict import equal, holds, judge, refuses, untouched

mathematics, interface = pytest.mark.mathematics, pytest.mark.interface
RULES = pytest.mark.parametrize("name", DEFAULTS)
ADAPTIVE = pytest.mark.parametrize("name", ["rmsprop", "adam"])


def run(impl: Any, name: str, w: np.ndarray, gradients: list[np.ndarray], config: dict | None) -> tuple[Any, dict]:
    """The rule applied to each gradient in turn, its config handed on."""
    for dw in gradients:
        w, config = getattr(impl, name)(w, dw, config)
    return w, a_config(name, w, config)


def a_config(name: str, w: Any, config: dict | None) -> dict:
    """What comes back beside w, which is a dict."""
    expected = f"a config, a dict with {', '.join(DEFAULTS[name])}, beside w"
    holds(name, config is not None, "config comes back as None", (w, config), expected)
    assert config is not None
    return config


def judge_run(impl: Any, name: str, w: np.ndarray, gradients: list[np.ndarray], config: dict | None) -> None:
    """The last w, and the state in the config that is handed back."""
    got, state = run(impl, name, w.copy(), gradients, config)
    rule, (exact,) = Rule(name, carried(w)[0], config or {}), carried(w)
    for dw in gradients:
        exact = rule.step(exact, *carried(dw))
    context: dict[str, Any] = {"w": w, "gradients": gradients, "config": config}
    for key in STATE[name]:
        judge(name, state[key], *rule.state[key].answer, dtype=w.dtype, state=key, **context)
    judge(name, got, *exact.answer, dtype=w.dtype, **context)


@st.composite
def hyperparameters(draw: Any, name: str) -> dict[str, float]:
    """Some of the rule's hyperparameters, the others left to their defaults."""
    choices = {
        "learning_rate": st.sampled_from([1e-2, 0.5, 3e-4]),
        "momentum": st.sampled_from([0.9, 0.0, 0.5]),
        "decay_rate": st.sampled_from([0.99, 0.5, 0.9]),
        "beta1": st.sampled_from([0.9, 0.5, 0.0]),
        "beta2": st.sampled_from([0.999, 0.9, 0.25]),
        "epsilon": st.sampled_from([1e-8, 1e-3]),
    }
    return draw(st.fixed_dictionaries({}, optional={key: choices[key] for key in DEFAULTS[name]}))


@ORDINARY_AND_HARD
@RULES
@given(data=st.data())
def test_a_rule_follows_its_formula_step_after_step(impl, name, data, hard):
    """After one, two or many steps, w and the state in config are what the formula gives; so is each one's default."""
    dtype, rng = data.draw(kinds(hard)), generator(data.draw(SEEDS))
    shapes = [(2,), (2, 2), *([(0,)] if hard else [])]
    shape, steps = data.draw(st.sampled_from(shapes)), data.draw(st.sampled_from([1, 2, 3, 12]))
    config = data.draw(st.none() | hyperparameters(name))
    # Gradients near ε show whether it is added to the root or under it.
    size = 10.0 ** data.draw(st.integers(-11, 3)) if hard else 1.0
    w, *gradients = (
        np.ones(shape, dtype) if rng is None else rng.standard_normal(shape).astype(dtype) for _ in range(steps + 1)
    )
    judge_run(impl, name, w, [(dw * size).astype(dtype) for dw in gradients], config)


@IN_EITHER_DTYPE
@RULES
def test_a_rule_treats_every_entry_alike(impl, name, dtype):
    """Of many weights, each one goes where it would alone."""
    rng = np.random.default_rng(0)
    w, *gradients = (rng.standard_normal((7, 43)).astype(dtype) for _ in range(3))
    judge_run(impl, name, w, gradients, None)


@pytest.mark.accuracy
@RULES
def test_a_hyperparameter_of_0_is_0(impl, name):
    """A learning rate, momentum, decay or ε of 0 is that number, and not taken for none given."""
    w, *gradients = np.random.default_rng(0).standard_normal((4, 3)) / 8
    for key in DEFAULTS[name]:
        judge_run(impl, name, w, gradients, {key: 0.0})


@mathematics
@given(w=st.integers(-80, 80), dw=st.integers(-80, 80), steps=st.integers(1, 10))
def test_sgd_is_exact_where_no_operation_rounds(impl, w, dw, steps):
    """sgd(w, dw) takes lr · dw off w."""
    got, _ = run(impl, "sgd", np.array([w / 8]), [np.array([dw / 8])] * steps, {"learning_rate": 0.25})
    judge("sgd", got, np.array([w / 8 - steps * dw / 32]), EXACT)


@mathematics
@given(w=st.integers(-80, 80), dw=st.integers(-80, 80), steps=st.integers(1, 10))
def test_momentum_under_a_constant_gradient_is_a_geometric_series(impl, w, dw, steps):
    """With a constant gradient, sgd_momentum's velocity is −lr dw (1 − μᵗ)/(1 − μ), and w the sum of the velocities."""
    config = {"learning_rate": 0.25, "momentum": 0.5}
    got, state = run(impl, "sgd_momentum", np.array([w / 8]), [np.array([dw / 8])] * steps, config)
    velocities = [-dw / 32 * (1 - 0.5**t) / 0.5 for t in range(1, steps + 1)]
    judge("sgd_momentum", state["velocity"], np.array(velocities[-1:]), EXACT)
    judge("sgd_momentum", got, np.array([w / 8 + sum(velocities)]), EXACT)


@mathematics
@given(steps=st.sampled_from([1, 2, 25]), size=st.integers(-6, 3), config=hyperparameters("adam"))
def test_adam_under_a_constant_gradient_takes_the_same_step_each_time(impl, steps, size, config):
    """Both moments are corrected for bias, so with a constant gradient g every step is lr g/(|g| + ε)."""
    g, w = np.array([1.0, -2.0]) * 10.0**size, np.array([0.5, 0.25])
    rule, (exact,) = Rule("adam", carried(w)[0], config), carried(w)
    for _ in range(steps):
        exact = rule.step(exact, *carried(g))
    lr, epsilon = arb(rule["learning_rate"]), arb(rule["epsilon"])
    closed = [
        arb(a) - steps * lr * arb(b) / (abs(arb(b)) + epsilon) for a, b in zip(w.tolist(), g.tolist(), strict=True)
    ]
    judge("adam", run(impl, "adam", w, [g] * steps, config)[0], np.array(closed), exact.answer[1], config=config)


@mathematics
@given(steps=st.sampled_from([1, 2, 25]), size=st.integers(-6, 3), config=hyperparameters("rmsprop"))
def test_rmsprop_under_a_constant_gradient_has_a_closed_form(impl, steps, size, config):
    """With a constant gradient g, rmsprop's cache is g²(1 − ρᵗ) and its steps are lr g/(|g|√(1 − ρᵗ) + ε)."""
    g, w = np.array([1.0, -2.0]) * 10.0**size, np.array([0.5, 0.25])
    rule, (exact,) = Rule("rmsprop", carried(w)[0], config), carried(w)
    for _ in range(steps):
        exact = rule.step(exact, *carried(g))
    lr, rho, epsilon = (arb(rule[key]) for key in ("learning_rate", "decay_rate", "epsilon"))
    closed = [
        arb(a) - sum((lr * b / (abs(b) * (1 - rho**t).sqrt() + epsilon) for t in range(1, steps + 1)), arb(0))
        for a, b in zip(w.tolist(), map(arb, g.tolist()), strict=True)
    ]
    judge("rmsprop", run(impl, "rmsprop", w, [g] * steps, config)[0], np.array(closed), exact.answer[1], config=config)


@mathematics
@ADAPTIVE
def test_without_a_gradient_an_adaptive_rule_stays_where_it_is(impl, name):
    """A gradient of zero is divided by ε, not by zero: w stays as it is."""
    w = np.array([1.0, -2.0])
    got, _ = run(impl, name, w, [np.zeros(2)] * 3, None)
    judge(name, got, w, EXACT)


@interface
@RULES
def test_a_config_is_filled_in_and_the_callers_is_left_alone(impl, name):
    """Missing keys get their defaults, unknown ones are kept; the caller's dict and arrays do not change."""
    w, dw = np.array([1.0, 2.0]), np.array([0.5, -0.5])
    filled = a_config(name, *getattr(impl, name)(w, dw))
    values = {key: filled.get(key) for key in DEFAULTS[name]}
    holds(name, values == DEFAULTS[name], "config has other defaults", filled, f"{DEFAULTS[name]} in it")
    missing = ", ".join(sorted(set(STATE[name]) - set(filled)))
    holds(name, not missing, f"config comes back without {missing}", filled, f"a dict with {missing}")
    holds(name, filled.get("t", 1) == 1, "t is another number after one step", filled, "1 as t")

    kept = {key: np.copy(filled[key]) for key in STATE[name]}
    config = {**filled, "learning_rate": 0.125, "note": "kept"}
    before = dict(config)
    _, following = getattr(impl.raw, name)(w, dw, config)
    holds(name, following is not config, f"{name} changes its input config", config, "a dict of its own", "changed")
    for key, value in (("note", "kept"), ("learning_rate", 0.125)):
        there = following.get(key) == value
        holds(name, there, f"{key!r}, which config has, does not come back", following, f"{value!r} as {key!r}")
    as_it_was = config.keys() == before.keys() and all(config[key] is before[key] for key in before)
    holds(name, as_it_was, f"{name} changes its input config", config, shown.alone(before), "changed")
    for key in STATE[name]:
        untouched(name, "config", config[key], kept[key])
        apart = not np.shares_memory(config[key], following[key])
        holds(name, apart, f"{key!r} comes back in the memory that was given", following[key], "a new array", "other")


@interface
@RULES
@given(data=st.data())
def test_a_rule_remembers_nothing_but_its_config(impl, name, data):
    """Of several parameters that take their steps in turn, each goes by its own config, also by a copy or a pickle."""
    rng = np.random.default_rng(data.draw(SEEDS))
    values = [rng.standard_normal(shape) for shape in ((2,), (2,), (1, 3))]
    rules = [Rule(name, carried(w)[0], {}) for w in values]
    exact = [carried(w)[0] for w in values]
    states: list[Any] = [None, {}, None]
    for which in data.draw(st.lists(st.sampled_from(range(3)), min_size=2, max_size=5)):
        w, state = values[which], states[which]
        kind = data.draw(st.sampled_from(["ordinary", "zero", "of what was copied", "of what was pickled"]))
        if kind.endswith("copied"):
            state = copy.deepcopy(state)
        elif kind.endswith("pickled"):
            state = pickle.loads(pickle.dumps(state))
        dw = np.zeros(w.shape) if kind == "zero" else rng.standard_normal(w.shape)
        exact[which] = rules[which].step(exact[which], *carried(dw))
        values[which], states[which] = getattr(impl, name)(w, dw, state)
        judge(name, values[which], *exact[which].answer, which=which, kind=kind)
    seen.unchanged(name)


@interface
@RULES
def test_the_next_w_is_a_new_array(impl, name):
    """Neither w nor dw changes, and what is returned shares no memory with them or with the state."""
    w, dw = np.array([[1.0, 2.0]]), np.array([[0.5, -0.5]])
    given_w, given_dw = w.copy(), dw.copy()
    got, config = run(impl.raw, name, w, [dw, dw], None)
    untouched(name, "w", w, given_w)
    untouched(name, "dw", dw, given_dw)
    for other in (w, dw, *(config[key] for key in STATE[name])):
        apart = not np.shares_memory(got, other)
        holds(name, apart, "what it returns is an array that it was given, or its state", got, "a new array", "other")


@interface
@RULES
@pytest.mark.parametrize("number", [np.float64, np.float32, np.array], ids=["float64", "float32", "0-d array"])
def test_hyperparameters_may_be_numbers_of_any_kind(impl, name, number):
    """A hyperparameter has no say on the dtype: float32 weights stay float32, and the value is what counts."""
    w, dw = np.array([1.0, 2.0], np.float32), np.array([0.5, -0.5], np.float32)
    for zero in ("", *DEFAULTS[name]):
        values = {key: 0.5 * (key != zero) for key in DEFAULTS[name]}
        expected, _ = getattr(impl, name)(w, dw, values)
        got, config = getattr(impl, name)(w, dw, {key: number(value) for key, value in values.items()})
        for value in (got, *(config[key] for key in STATE[name])):
            holds(name, value.dtype == np.float32, f"float32 comes back as {value.dtype}", value, "of float32")
        equal(got, expected)


@interface
@RULES
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_is_seen(impl, name, bad):
    """Where dw is NaN or infinite so is not w's next value a number like any other; the other entries do not notice."""
    w = np.array([1.0, 2.0])
    got, _ = getattr(impl, name)(w, np.array([bad, 0.5]))
    clean, _ = getattr(impl, name)(w, np.array([0.5, 0.5]))
    holds(
        name, not np.isfinite(got[0]), "where dw is not finite, w is a number like any other", got, "NaN or ±inf first"
    )
    equal(got[1], clean[1])


@interface
@RULES
def test_weights_and_gradients_have_one_shape(impl, name):
    """A dw in another shape than w is a ValueError about one of them, and is not stretched to fit."""
    with refuses("a dw of another shape than w", ValueError, "dw", "w"):
        getattr(impl, name)(np.ones((2, 2)), np.ones(2))
