"""The strategies, judged: each region that is hard, and each that is plain, is reached within a run's examples."""

import math
import random
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample

from shrinkage.properties.engine import oracles
from shrinkage.properties.engine.bounds import singular_values
from shrinkage.properties.engine.strategies import (
    LAYOUTS,
    Linear,
    linear,
    of_rank,
    ridge_problem,
    shapes,
    wild,
    with_lams,
)
from shrinkage.properties.engine.strategies.networks import hidden, layers, networks, scores, training, unit

pytestmark = pytest.mark.power


def reached(strategy: st.SearchStrategy[Any], condition: Callable[[Any], Any], examples: int = 2000) -> None:
    """Find an example for which the condition holds; Hypothesis's NoSuchExample fails the test."""
    quick = settings(max_examples=examples, database=None, phases=[Phase.generate])
    find(strategy, condition, settings=quick, random=random.Random(0))


def _spectrum(p: Linear) -> list[float]:
    """Singular values over the largest."""
    s = singular_values(p.X)
    return [float(v / s[0]) for v in s] if len(s) and s[0] else [0.0]


def _near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-4)


PROBLEMS = {
    "tall": lambda p: p.X.shape[0] > p.X.shape[1] > 1,
    "wide": lambda p: p.X.shape[1] > p.X.shape[0] > 1,
    "square": lambda p: p.X.shape[0] == p.X.shape[1] > 1,
    "one row": lambda p: p.X.shape[0] == 1 < p.X.shape[1],
    "one column": lambda p: p.X.shape[1] == 1 < p.X.shape[0],
    "20 by 10": lambda p: p.X.shape == (20, 10),
    "10 by 20": lambda p: p.X.shape == (10, 20),
    "float32": lambda p: p.dtype == np.float32,
    "one column of targets": lambda p: p.y.ndim == 2 and p.y.shape[1] == 1,
    "three targets": lambda p: p.y.ndim == 2 and p.y.shape[1] == 3,
    "well conditioned": lambda p: len(p.X) > 2 and _spectrum(p)[-1] > 0.5,
    "a residual of zero": lambda p: (
        len(p.X) > p.X.shape[1] and not oracles.residual(p.X, p.y, oracles.lstsq(p.X, p.y)).any()
    ),
    "a large residual": lambda p: len(p.X) > p.X.shape[1] and p.y.ndim == 1 and abs(p.X.T @ p.y).max() < abs(p.y).max(),
}
HARD_PROBLEMS = {
    "condition 1e14": lambda p: p.dtype == np.float64 and 0 < _spectrum(p)[-1] < 1e-13,
    "condition 1e5 in float32": lambda p: p.dtype == np.float32 and 0 < _spectrum(p)[-1] < 2e-5,
    "a repeated singular value": lambda p: any(
        _near(a, b) for a, b in zip(_spectrum(p), _spectrum(p)[1:], strict=False)
    ),
    "clusters of singular values": lambda p: (
        len(s := _spectrum(p)) > 3 and s[-1] < 0.1 and _near(s[0], s[1]) and s[0] != s[1] and _near(s[-1], s[-2])
    ),
    "size 1e190": lambda p: p.dtype == np.float64 and abs(p.X).max() > 1e190,
    "size 1e-190": lambda p: 0 < abs(p.X).max() < 1e-190,
    "y of another size than X": lambda p: p.dtype == np.float64 and abs(p.y).max() > 1e50 * abs(p.X).max(),
    "a row that is there twice": lambda p: len(p.X) > 2 and (p.X[0] == p.X[-1]).all() and (p.y[0] != p.y[-1]).all(),
    "columns 1e8 apart": lambda p: (
        p.dtype == np.float64 and (norms := np.linalg.norm(p.X / abs(p.X).max(), axis=0)).max() > 9e7 * norms.min()
    ),
    "λ tiny beside the spectrum": lambda p: 0 < p.lam < 1e-18 * singular_values(p.X)[0] ** 2,
    "λ huge beside the spectrum": lambda p: p.lam > 1e18 * singular_values(p.X)[0] ** 2 > 0,
    "λ past the square root of the range": lambda p: p.lam > 1e300 or 0 < p.lam < 1e-300,
}
RANKS = {
    "rank 0": lambda p: p.rank == 0,
    "rank 1 of several": lambda p: p.rank == 1 < min(p.X.shape),
    "one short of full": lambda p: p.rank == min(p.X.shape) - 1 > 1,
    "full rank": lambda p: p.rank == min(p.X.shape) > 2,
    "an equation without a solution": lambda p: (
        p.y.ndim == 1 and p.rank and oracles.residual(p.X, p.y, oracles.lstsq(p.X, p.y)).any()
    ),
}


@pytest.mark.parametrize("region", PROBLEMS)
def test_ordinary_problems_are_of_every_kind(region):
    """linear() reaches every shape and all kinds of targets, and in either dtype where it is hard."""
    drawn = linear(hard=True, plain=True)
    reached(drawn, PROBLEMS[region], examples=20_000)  # the largest shapes are rare, for they take long


@pytest.mark.parametrize("region", HARD_PROBLEMS)
def test_hard_problems_are_hard_in_every_way(region):
    """linear(hard=True) reaches the ends of conditioning and scale, repeated and clustered values, every λ."""
    reached(linear(hard=True), HARD_PROBLEMS[region])


@pytest.mark.parametrize("region", RANKS)
def test_ranks_of_every_kind_are_planted(region):
    """of_rank() reaches every rank, with and without a solution."""
    reached(of_rank(hard=True, plain=True), RANKS[region])


def test_ridge_is_tried_on_problems_without_full_rank():
    """ridge_problem(hard=True) reaches a rank that is not full, with λ > 0."""
    reached(ridge_problem(hard=True), lambda p: 0 < p.rank < min(p.X.shape) and p.lam > 0)


LAMS = {
    "none": lambda lams: len(lams) == 0,
    "zero": lambda lams: 0 in lams,
    "repeated": lambda lams: len(set(lams)) < len(lams),
    "falling": lambda lams: len(lams) > 1 and lams[1] < lams[0],
    "rising": lambda lams: len(lams) > 1 and lams[1] > lams[0],
}


def test_values_of_lam_come_from_the_ends_of_the_range():
    """with_lams(hard=True) reaches the largest λ that float32 can hold, beside an X of 1e-24, and the smallest."""
    drawn = with_lams(hard=True).filter(lambda drawn: drawn[0].dtype == np.float32)
    reached(drawn, lambda drawn: (drawn[1] > 1e38).any() and abs(drawn[0].X).max() < 1e-20)
    reached(drawn, lambda drawn: ((drawn[1] > 0) & (drawn[1] < 1e-37)).any())


@pytest.mark.parametrize("region", LAMS)
def test_values_of_lam_come_in_every_order(region):
    """with_lams() reaches none, zero, repeated ones, and both orders."""
    reached(with_lams(hard=region == "none"), lambda drawn: LAMS[region](drawn[1]))


def test_shapes_have_no_empty_side():
    """shapes() is never empty, of which the claims about sizes of zero speak by themselves."""
    with pytest.raises(NoSuchExample):
        reached(shapes(), lambda shape: 0 in shape, examples=200)


ORDINARY = [linear, of_rank, ridge_problem, with_lams, unit, hidden, training, layers, scores, networks]


def _hard(drawn: Any) -> bool:
    """Whether anything in it is empty, of another dtype than float64 (but a label), or beyond 1e6."""
    if isinstance(drawn, np.ndarray):
        return not drawn.size or drawn.dtype not in (np.float64, np.int64) or abs(drawn).max() > 1e6
    if isinstance(drawn, int | float):
        return abs(drawn) > 1e6
    parts = drawn.values() if isinstance(drawn, dict) else drawn if isinstance(drawn, tuple) else vars(drawn).values()
    return any(map(_hard, parts))


@pytest.mark.parametrize("strategy", ORDINARY, ids=lambda strategy: strategy.__name__)
def test_nothing_about_an_ordinary_problem_is_hard(strategy):
    """float64, sizes from one up, numbers and λ of everyday size; and the hard ones of the same strategy are not."""
    with pytest.raises(NoSuchExample):
        reached(strategy(), _hard, examples=500)
    reached(strategy(hard=True), _hard)


def test_wild_numbers_are_of_every_kind():
    """wild() has zeros of both signs, subnormal numbers, and numbers as large as it was asked for."""
    for dtype in (np.float64, np.float32):
        binades = np.finfo(dtype).maxexp - 30
        values = wild(np.random.default_rng(1), (10_000,), dtype, binades)
        zeros = values[values == 0]
        assert np.signbit(zeros).any()
        assert not np.signbit(zeros).all()
        assert ((values != 0) & (abs(values) < np.finfo(dtype).tiny)).any()
        assert abs(values).max() > np.ldexp(1.0, binades - 3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_hold_the_same_values(layout):
    """Every layout is the same numbers, and no two are laid out alike."""
    a = np.arange(6.0).reshape(2, 3)
    laid = LAYOUTS[layout](a)
    np.testing.assert_array_equal(laid, a)
    described = {
        "C": lambda b: b.flags.c_contiguous,
        "Fortran": lambda b: b.flags.f_contiguous and not b.flags.c_contiguous,
        "strided": lambda b: not b.flags.c_contiguous and not b.flags.f_contiguous and min(b.strides) > b.itemsize,
        "negative strides": lambda b: max(b.strides) < 0,
        "read-only": lambda b: not b.flags.writeable,
        "unaligned": lambda b: not b.flags.aligned,
        "byte-swapped": lambda b: not b.dtype.isnative,
        "nested lists": lambda b: isinstance(b, list),
    }
    assert described[layout](laid)


# ---- networks --------------------------------------------------------------------------------------------------------


def _before_relu(case: Any) -> np.ndarray:
    return case.x[:, None] * case.W1[:, 0] + case.b


UNITS = {
    "on the kink": lambda u: u.w * u.x + u.b == 0 and u.w,
    "off": lambda u: u.w * u.x + u.b < 0,
    "on, w, x > 0": lambda u: u.w * u.x + u.b > 0 and u.w > 0 and u.x > 0,
    "on, w > 0, x < 0": lambda u: u.w * u.x + u.b > 0 and u.w > 0 and u.x < 0,
    "on, w < 0, x > 0": lambda u: u.w * u.x + u.b > 0 and u.w < 0 and u.x > 0,
    "a weight of zero": lambda u: u.w == 0,
}
HIDDEN = {
    "no samples": lambda h: len(h.x) == 0,
    "no units": lambda h: len(h.b) == 0,
    "one unit": lambda h: len(h.b) == 1,
    "a unit on the kink": lambda h: len(h.x) and (_before_relu(h) == 0).any(),
    "every unit off": lambda h: len(h.x) and len(h.b) and (_before_relu(h) < 0).all(),
    "units on and off": lambda h: len(h.x) and (_before_relu(h) > 0).any() and (_before_relu(h) < 0).any(),
}
NETS = {
    "one layer": lambda n: len(n.params) == 2,
    "four layers": lambda n: len(n.params) == 8,
    "one sample": lambda n: len(n.X) == 1,
    "one class": lambda n: n.sizes["num_classes"] == 1,
    "one unit": lambda n: 1 in n.hidden_dims,
    "float32": lambda n: n.X.dtype == np.float32,
    "regularised": lambda n: n.reg > 0,
    "not regularised": lambda n: n.reg == 0,
    "zero biases, and a sample on every kink": lambda n: (
        len(n.params) > 2 and not any(n.params[p].any() for p in n.params if p[0] == "b") and not n.X[0].any()
    ),
    "a dead layer": lambda n: any((value == -1000).all() for name, value in n.params.items() if name[0] == "b"),
}
SCORES = {
    "one class": lambda s: s.x.shape[1] == 1,
    "one sample": lambda s: len(s.x) == 1,
    "a margin of exactly 0": lambda s: (s.x - s.x[np.arange(len(s.y)), s.y][:, None] == -1).any(),
    "equal scores": lambda s: s.x.shape[1] > 1 and s.x[0, 0] == s.x[0, 1],
}


@pytest.mark.parametrize("region", UNITS)
def test_units_are_of_every_kind(region):
    """unit() reaches the four sign cases, the kink, and a weight of zero."""
    reached(unit(), UNITS[region])


@pytest.mark.parametrize("region", HIDDEN)
def test_hidden_layers_are_of_every_kind(region):
    """hidden() reaches no samples, no units, and units on, off and on the kink."""
    reached(hidden(hard=True, plain=True), HIDDEN[region])


@pytest.mark.parametrize("region", NETS)
def test_networks_are_of_every_kind(region):
    """networks() reaches every depth, zero biases, dead layers, one of everything."""
    reached(networks(hard=True), NETS[region])


@pytest.mark.parametrize("region", SCORES)
def test_scores_are_of_every_kind(region):
    """scores() reaches one class, one sample, margins of exactly 0 and ties."""
    reached(scores(hard=True, plain=True), SCORES[region])


def test_hard_scores_are_large_and_alike():
    """scores(hard=True) reaches scores of 1e30, and rows that differ in their last digits only."""
    reached(scores(hard=True), lambda s: abs(s.x).max() > 1e29)
    reached(scores(hard=True), lambda s: s.x.shape[1] > 2 and 0 < np.ptp(s.x) < 1e-4 * abs(s.x).max())


def test_samples_of_layers_are_of_every_shape():
    """layers() reaches flat samples and images of three axes, and one unit."""
    reached(layers(), lambda layer: layer.x.ndim == 2)
    reached(layers(), lambda layer: layer.x.ndim == 4)
    reached(layers(), lambda layer: layer.w.shape[1] == 1)


def test_training_goes_from_no_samples_to_several():
    """training() reaches none and several, with units to train."""
    reached(training(hard=True, plain=True), lambda t: len(t.x) == 0)
    reached(training(hard=True), lambda t: len(t.x) == 4 and len(t.b) > 1)
