"""States that rows are put into: in any blocks, in any order, over any tree, the answers are the same.

Claims about the contract's functions cut their rows by themselves (`shrinkage.properties.engine.cuts`) where an
implementation takes `blocks`. Here is what the contract has no function for: `start`, `update`, `merge`, and files.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example
from hypothesis import strategies as st

from shrinkage.properties.engine import bounds, bounds_selection, bounds_unequal, oracles
from shrinkage.properties.engine.cuts import trees
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import SEEDS, Linear, ridge_problem
from shrinkage.properties.engine.strategies.unequal import offset
from shrinkage.properties.engine.verdict import judge, refuses

FIELDS = ("d", "k", "dtype", "intercept", "n", "rows", "weights", "ex", "ey", "total", "mean", "rest")


def begun(states: Any, p: Any, intercept: bool = False) -> Any:
    """The state of no samples of a problem's kind."""
    return states.start(p.X.shape[1], None if p.y.ndim == 1 else p.y.shape[1], p.dtype, intercept=intercept)


def gathered(states: Any, p: Any, tree: list[Any], order: np.ndarray) -> Any:
    """The state of the samples in this order, put together as the tree says."""
    rows = iter(order)

    def of(part: list[Any]) -> Any:
        state = begun(states, p)
        for each in part:
            if isinstance(each, list):
                state = states.merge(state, of(each))
            else:
                chosen = [next(rows) for _ in range(each)]
                state = states.update(state, p.X[chosen], p.y[chosen])
        return state

    return of(tree)


def same(a: Any, b: Any) -> bool:
    """Whether two states are one, to the last bit."""
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in FIELDS)


def judge_state(state: Any, p: Linear) -> None:
    """What it answers, by the bounds of the form that the contract's `ridge` is judged by."""
    exact = oracles.ridge(p.X, p.y, p.lam)
    judge("ridge", state.ridge(p.lam), exact, bounds.RIDGE["ridge"](p.X, p.y, p.lam, exact), dtype=p.dtype)


@pytest.mark.accuracy
@given(ridge_problem(hard=True), st.data(), SEEDS)
def test_any_blocks_order_and_tree_give_the_same_answer(impl, states, p, data, seed):
    """However the rows are cut, in whatever order and over whatever tree, ridge of the state is ridge of all rows."""
    order = np.random.default_rng(seed).permutation(len(p.X)) if seed else np.arange(len(p.X))
    judge_state(gathered(states, p, data.draw(trees(len(p.X))), order), p)


@pytest.mark.accuracy
@given(ridge_problem(hard=True), st.data())
def test_merge_is_associative(impl, states, p, data):
    """(a + b) + c and a + (b + c) answer the same, within the bounds of one answer each."""
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, len(p.X))] * 2)))
    parts = (slice(first), slice(first, second), slice(second, None))
    a, b, c = (states.update(begun(states, p), p.X[rows], p.y[rows]) for rows in parts)
    judge_state(states.merge(states.merge(a, b), c), p)
    judge_state(states.merge(a, states.merge(b, c)), p)


@pytest.mark.interface
@pytest.mark.parametrize("intercept", [False, True])
@given(p=offset(weighted=True, hard=True), after=st.integers(0, 8))
def test_merging_with_an_empty_state_changes_no_bit(impl, states, intercept, p, after):
    """Nor do a block of no rows, and samples of weight 0, whether the rows are kept or the triangle."""
    empty = begun(states, p, intercept)
    state = states.update(empty, p.X[after:], p.y[after:], p.weights[after:])
    nothing = np.zeros(len(p.X), p.dtype)
    assert same(states.merge(state, empty), state)
    assert same(states.merge(empty, state), state)
    assert same(states.update(state, p.X[:0], p.y[:0]), state)
    assert same(states.update(state, p.X, p.y, nothing), state)


@pytest.mark.interface
@pytest.mark.parametrize("intercept", [False, True])
@given(p=offset(weighted=True, hard=True))
def test_what_was_stored_and_loaded_changes_no_bit(impl, states, tmp_path_factory, intercept, p):
    """save and load give the same state to the bit; it is left as it was by whatever is done with it."""
    state = states.update(begun(states, p, intercept), p.X, p.y, p.weights)
    file = tmp_path_factory.getbasetemp() / "state.npz"
    states.save(state, file)
    again = states.load(file)
    assert same(again, state)
    one, other = (states.update(each, p.X, p.y, p.weights) for each in (state, again))
    assert same(one, other)
    assert same(again, state)


@pytest.mark.interface
@given(cut=st.integers(0, 4000), place=st.integers(0, 4000), byte=st.integers(1, 255))
@example(cut=0, place=1418, byte=2)  # where zipfile goes back to what is before the file
def test_a_file_that_is_cut_off_or_another_is_refused(impl, states, tmp_path_factory, cut, place, byte):
    """A file that was cut off is a ValueError that names it; so is one of another byte, unless that does no harm."""
    state = states.update(states.start(2), np.arange(10.0).reshape(5, 2), np.ones(5))
    file = tmp_path_factory.getbasetemp() / "harmed.npz"
    states.save(state, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: cut % len(whole)])
    with refuses("a file that is cut off", ValueError, "file"):
        states.load(file)
    place %= len(whole)
    file.write_bytes(whole[:place] + bytes([whole[place] ^ byte]) + whole[place + 1 :])
    try:
        harmless = same(states.load(file), state)
    except ValueError as error:
        harmless = "file" in str(error)
    assert harmless, "another byte is neither refused by name nor harmless"


@pytest.mark.interface
def test_what_is_no_state_is_refused(impl, states, tmp_path):
    """An .npz of other arrays, of another version, or of numbers that are no state's, is a ValueError that says so."""
    state = states.update(states.start(2), np.arange(10.0).reshape(5, 2), np.ones(5))
    file: Path = tmp_path / "state"
    np.savez(file.open("wb"), X=np.ones(3))
    with refuses("other arrays", ValueError, "file"):
        states.load(file)
    states.save(state, file)
    with np.load(file) as stored:
        arrays = dict(stored)
    said = arrays["said"].tobytes()
    for name, other in (
        ("said", np.frombuffer(said.replace(b'"version": 1', b'"version": 2'), np.uint8)),
        ("said", np.frombuffer(said.replace(b'"n": 5', b'"n": 2'), np.uint8)),
        ("said", np.frombuffer(said.replace(b"float64", b"float16"), np.uint8)),
        ("rows", arrays["rows"] * np.nan),
        ("rows", arrays["rows"].T),
        ("rows", arrays["rows"].astype(np.float32)),
    ):
        np.savez(file.open("wb"), **arrays | {name: other})
        with refuses(f"wrong {name}", ValueError, "file"):
            states.load(file)


@pytest.mark.interface
def test_states_refuse_what_does_not_fit(impl, states):
    """What is no count, of another width, not finite or of another kind is refused by name, and of what row it is."""
    state = states.start(2)
    X, y = np.ones((4, 2)), np.ones(4)
    for what, call, name in (
        ("a width that is no count", lambda: states.start(-1), "d"),
        ("another dtype", lambda: states.start(2, dtype=np.int64), "dtype"),
        ("another width", lambda: states.update(state, X[:, :1], y), "X"),
        ("a y of another length", lambda: states.update(state, X, y[:3]), "y"),
        ("a y of several targets", lambda: states.update(state, X, np.ones((4, 2))), "y"),
        ("no y", lambda: states.update(state, X), "y"),
        ("a negative weight", lambda: states.update(state, X, y, -y), "sample_weight"),
        ("weights of another length", lambda: states.update(state, X, y, y[:3]), "sample_weight"),
        ("another width to merge", lambda: states.merge(state, states.start(3)), "d"),
        ("an intercept to merge", lambda: states.merge(state, states.start(2, intercept=True)), "intercept"),
        ("a NaN", lambda: states.update(state, np.where(np.eye(4, 2, -2), np.nan, X), y), "row 2"),
        ("an infinity", lambda: states.update(state, X, [1, 1, 1, np.inf]), "row 3"),
        ("an intercept asked for", lambda: state.ridge_intercept(1.0), "intercept"),
        ("no intercept asked for", lambda: states.start(2, intercept=True).ridge(1.0), "intercept"),
    ):
        with refuses(what, ValueError, name):
            call()
    for what, call, name in (
        ("no state to update", lambda: states.update(None, X, y), "state"),
        ("no state to merge", lambda: states.merge(state, None), "b"),
        ("no state to merge with", lambda: states.merge({}, state), "a"),
    ):
        with refuses(what, TypeError, f"{name} must be a State"):
            call()
    for blocks in ("auto", 0, -3, 2.0, True):
        with refuses(f"blocks of {blocks!r}", ValueError, "blocks"):
            states.ridge(X, y, 1.0, blocks=blocks)


@pytest.mark.accuracy
@given(ridge_problem(hard=True), SEEDS)
def test_a_weight_in_a_state_is_a_repeated_sample(impl, states, p, seed):
    """Without an intercept, too, a sample of weight 3 counts three times, one of weight 0 as none."""
    times = np.random.default_rng(seed).integers(0, 4, len(p.X))
    many = np.repeat(np.arange(len(p.X)), times)
    if not len(many):
        return
    state = states.update(begun(states, p), p.X, p.y, times.astype(p.dtype))
    exact = oracles.ridge(p.X[many], p.y[many], p.lam)
    bound = bounds.RIDGE["ridge"](p.X[many], p.y[many], p.lam, exact)
    judge("ridge", state.ridge(p.lam), exact, bound, dtype=p.dtype)


@pytest.mark.accuracy
@given(p=ridge_problem(hard=True, columns=False))
@example(  # the triangle has an exponent of its own, which is not always that of the rows
    p=Linear(
        np.array([[-6.695646646579682e98], [8.646871448805483e99], [1.152540253828472e99]]),
        np.array([1.038190756744599, -1.0934561800398064, -0.43317648377665474]),
        7.654505172902098e199,
        1,
    )
)
def test_the_residual_sum_of_squares_is_that_of_the_solution(impl, states, p):
    """residual_sum_of_squares(λ) is ‖y − Xw‖² for the w of ridge."""
    state = states.update(begun(states, p), p.X, p.y)
    w = oracles.ridge(p.X, p.y, p.lam)
    exact = oracles.sum_of_squares(oracles.residual(p.X, p.y, w))
    bound = bounds_selection.residual_sum_of_squares(p.X, p.y, p.lam, w)
    judge("ridge", state.residual_sum_of_squares([p.lam])[0], exact, bound, dtype=p.dtype)


@pytest.mark.interface
def test_the_estimator_is_one_of_scikit_learns(impl, states):
    """Ridge of states passes scikit-learn's own checks of an estimator, with an intercept and without."""
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    for one in (states.Ridge(), states.Ridge(0.0, fit_intercept=False)):
        results = checks.check_estimator(one, on_skip=None, on_fail=None)
        assert len(results) > 40
        assert not [(each["check_name"], each["exception"]) for each in results if each["status"] == "failed"]


@pytest.mark.mathematics
@given(p=offset(weighted=False), cut=st.integers(0, 8))
def test_fitted_in_parts_is_fitted_at_once(impl, states, p, cut):
    """partial_fit of the rows in two parts gives coef_ and intercept_ of all; another fit forgets the one before."""
    pytest.importorskip("sklearn")
    model = states.Ridge(7.0).fit(p.X, p.y)
    model.fit(p.X, p.y, np.ones(len(p.X)))
    model.alpha = p.lam
    first = slice(0, max(cut % len(p.X), 1))
    fresh = states.Ridge(p.lam)
    for rows in (first, slice(first.stop, None)):
        if len(p.X[rows]):
            fresh.partial_fit(p.X[rows], p.y[rows])
    exact = oracles.intercept(p.X, p.y, p.lam)
    for one in (model, fresh):
        for part, right, bound in zip(
            (one.coef_.T, one.intercept_), exact, bounds_unequal.intercept(p.X, p.y, p.lam, None, exact), strict=True
        ):
            judge("ridge_intercept", part, right, bound, dtype=p.dtype)
