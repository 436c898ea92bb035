"""Chapter 5: the softmax and the multiclass SVM loss, with their gradients."""

import itertools
from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import strategies as st

from shrinkage.properties.engine import oracles_networks as on_paper
from shrinkage.properties.engine.bounds import EXACT, Bound, smallest, unit_roundoff
from shrinkage.properties.engine.oracles import rationals, to_rational
from shrinkage.properties.engine.running_error import FUNCTION, SOURCE, Carried
from shrinkage.properties.engine.running_error import given as carried
from shrinkage.properties.engine.settings import given
from shrinkage.properties.engine.strategies import DTYPES, IN_EITHER_DTYPE, ORDINARY_AND_HARD
from shrinkage.properties.engine.strategies.networks import Scores, scores
from shrinkage.properties.engine.verdict import equal, judge, refuses

mathematics, interface = pytest.mark.mathematics, pytest.mark.interface
LOSSES = pytest.mark.parametrize("name", ["softmax_loss", "svm_loss"])


def exact(name: str, case: Scores) -> tuple[Carried, Carried]:
    """The loss and its gradient."""
    return getattr(on_paper, name)(*carried(case.x), case.y)


def judge_both(name: str, got: tuple, answers: tuple[Carried, ...], case: Scores) -> None:
    """Loss and gradient."""
    for value, answer in zip(got, answers, strict=True):
        judge(name, value, *answer.answer, dtype=case.x.dtype, case=case)


# ---- softmax ---------------------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_softmax_loss_is_the_mean_negative_log_likelihood(impl, data, hard):
    """softmax_loss(x, y) is the mean of −log softmax(x)[y], and its derivative by x; finite for finite scores."""
    case = data.draw(scores(hard=hard))
    judge_both("softmax_loss", impl.softmax_loss(case.x, case.y), exact("softmax_loss", case), case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_softmax_loss_agrees_with_a_formula_that_shifts_nothing(impl, data, hard):
    """softmax_loss is the mean of log Σ exp(x_j) − x_y, and its gradient exp(x_j) / Σ exp less 1 at y, each by N."""
    judge_unshifted(impl, data.draw(scores(hard=hard, plain=True)))


@mathematics
def test_softmax_loss_of_what_is_all_but_impossible(impl):
    """softmax_loss is −log p also for a p of 1e-58: nothing is clamped."""
    # exp(log p) rounds the exponent twice, p = exp / Σ exp once: the bound has to allow both.
    x = [
        [-164.13972945846467, -0.5203264171931977, -62.34637409883934, 14.863152325202634],
        [-160.81877841863889, 24.17718768768513, 23.538091873745476, 157.56260314314628],
    ]
    judge_unshifted(impl, Scores(np.array(x), np.array([3, 1])))


def of_one_sample(impl: Any, name: str, x: np.ndarray, y: np.ndarray) -> tuple[Any, ...]:
    """The loss of these scores and its gradient; of a net, by its last weights and by its last bias."""
    if name == "softmax_loss":
        return impl.softmax_loss(x, y)
    if name == "TwoLayerNet":
        model = impl.TwoLayerNet(input_dim=1, hidden_dim=1, num_classes=x.shape[1])
        model.params |= {"W1": np.ones((1, 1)), "b1": np.zeros(1)}
    else:
        model = impl.FullyConnectedNet([], input_dim=1, num_classes=x.shape[1], dtype=x.dtype)
    last = len(model.params) // 2
    model.params |= {f"W{last}": x, f"b{last}": np.zeros(x.shape[1], x.dtype)}
    loss, grads = model.loss(np.ones((1, 1), x.dtype), y)
    return loss, grads[f"W{last}"], grads[f"b{last}"][None]


@pytest.mark.accuracy
@pytest.mark.parametrize(
    ("name", "dtype"), [*itertools.product(["softmax_loss", "FullyConnectedNet"], DTYPES), ("TwoLayerNet", np.float64)]
)
def test_softmax_keeps_the_digits_of_what_is_all_but_certain(impl, name, dtype):
    """Where one class has nearly all, its loss and its p − 1 are as accurate, each relative to itself, as other p."""
    for gap in (1.0, 5.0, 20.0, 40.0, 80.0, *([300.0, 700.0] if dtype == np.float64 else [])):
        x, y = np.array([[0.0, gap, -1.0, 0.5]], dtype), np.array([1])
        others = [(arb(v) - arb(gap)).exp() for v in (0.0, -1.0, 0.5)]
        rest = sum(others, arb(0))
        a, b, c = (e / (1 + rest) for e in others)
        dx = np.array([[a, -rest / (1 + rest), b, c]], object)
        # The differences are exact; a p that is exp(log p) rounds its exponent once more.
        relative = (gap + 4 * FUNCTION) * unit_roundoff(dtype)
        sizes: list[Any] = [np.array([[float(abs(v)) for v in row] for row in dx]), float(rest.log1p())]
        allowed, of_loss = (Bound(relative * size + smallest(dtype), SOURCE) for size in sizes)
        loss, *slopes = of_one_sample(impl, name, x, y)
        judge(name, loss, rest.log1p(), of_loss, dtype=dtype if name == "softmax_loss" else None, gap=gap)
        for slope in slopes:
            judge(name, slope, dx, allowed, dtype=dtype, gap=gap)


def judge_unshifted(impl: Any, case: Scores) -> None:
    """softmax_loss against the formula as it stands."""
    loss, dx = (answer.answer[1] for answer in exact("softmax_loss", case))
    got, N = impl.softmax_loss(case.x, case.y), len(case.y)
    exps = [[arb(v).exp() for v in row] for row in case.x.tolist()]
    sums = [sum(row, arb(0)) for row in exps]
    total = sum((s.log() - arb(row[k]) for s, (row, k) in zip(sums, floats_of(case), strict=True)), arb(0))
    judge("softmax_loss", got[0], total / N, loss, case=case)
    less = [[(e / s - (j == k)) / N for j, e in enumerate(row)] for row, s, k in zip(exps, sums, case.y, strict=True)]
    judge("softmax_loss", got[1], np.array(less, object).reshape(case.x.shape), dx, dtype=case.x.dtype, case=case)


def floats_of(case: Scores) -> list[tuple[list[float], int]]:
    """Each row of scores with its label."""
    return list(zip(case.x.tolist(), case.y.tolist(), strict=True))


@ORDINARY_AND_HARD
@given(data=st.data())
def test_softmax_ignores_a_shift(impl, data, hard):
    """The same number added to all scores of a sample changes neither the loss nor the gradient."""
    case, shift = data.draw(scores(hard=hard, plain=True)), data.draw(st.sampled_from([1.0, -64.0, 2.0**13]))
    shifted = Scores(case.x + case.x.dtype.type(shift), case.y)  # in eighths, so the sum is exact
    answers = tuple(
        Carried(a.values, b.error, a.dtype)
        for a, b in zip(exact("softmax_loss", case), exact("softmax_loss", shifted), strict=True)
    )
    judge_both("softmax_loss", impl.softmax_loss(shifted.x, shifted.y), answers, shifted)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_softmax_gradient_sums_to_zero_in_every_row(impl, data, hard):
    """Probabilities sum to 1, so each row of softmax_loss's gradient sums to 0."""
    case = data.draw(scores(hard=hard))
    rows = rationals(impl.softmax_loss(case.x, case.y)[1]).sum(axis=1)
    allowed = exact("softmax_loss", case)[1].error.sum(axis=1)
    sums = np.array([float(Carried(row).values.item()) for row in rows])
    judge("softmax_loss", sums, np.zeros(len(sums)), Bound(allowed, SOURCE), case=case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_softmax_of_huge_scores_is_their_difference(impl, data, hard):
    """Where one score is huge, the loss is 0 if it is right and that score if it is wrong: no overflow on the way."""
    x, C = data.draw(st.floats(1e3, 1e300 if hard else 1e6)), data.draw(st.integers(2, 5))
    row = np.zeros((1, C))
    row[0, 0] = x
    # Where it is wrong, its probability is past the range, and that of its logarithm is no part of the textbook's.
    for label, loss in ((0, 0.0), (1, x)) if hard else ((0, 0.0),):
        y = np.array([label])
        got, dx = impl.softmax_loss(row, y)
        judge("softmax_loss", got, *exact("softmax_loss", Scores(row, y))[0].answer)
        judge("softmax_loss", got, loss, EXACT)
        judge("softmax_loss", dx, (np.arange(C) == [[0]]) * 1.0 - (np.arange(C) == label), EXACT)


# ---- svm -------------------------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@given(data=st.data())
def test_svm_loss_is_the_mean_of_the_margins_that_are_missed(impl, data, hard):
    """svm_loss(x, y) is the mean over samples of Σ_{j≠y} max(0, x_j − x_y + 1), and its derivative by x."""
    case = data.draw(scores(hard=hard))
    judge_both("svm_loss", impl.svm_loss(case.x, case.y), exact("svm_loss", case), case)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_svm_loss_is_a_sum_of_rationals(impl, data, hard):
    """svm_loss is the sum of what is missed, divided by N."""
    case = data.draw(scores(hard=hard, plain=True))
    missed = sum(
        (
            max(x - row[k] + 1, 0)
            for row, k in zip(rationals(case.x), case.y, strict=True)
            for j, x in enumerate(row)
            if j != k
        ),
        to_rational(0.0),
    )
    _, bound = exact("svm_loss", case)[0].answer
    judge("svm_loss", impl.svm_loss(case.x, case.y)[0], missed / len(case.y), bound, case=case)


@pytest.mark.accuracy
def test_a_margin_of_exactly_zero_has_no_derivative(impl):
    """Where x_j = x_y − 1, class j adds nothing to svm_loss and nothing to its gradient; a hair above, it does."""
    above = np.nextafter(2.0, 3)
    loss, dx = impl.svm_loss(np.array([[3.0, 2.0, 2.0], [3.0, above, 2.0]]), np.array([0, 0]))
    judge("svm_loss", loss, (above - 2) / 2, EXACT)
    judge("svm_loss", dx, np.array([[0, 0, 0], [-0.5, 0.5, 0]]), EXACT)


@ORDINARY_AND_HARD
@given(data=st.data())
def test_svm_gradient_counts_the_margins(impl, data, hard):
    """N times svm_loss's gradient has 1 where a margin is missed, and minus their number at the label."""
    case = data.draw(scores(hard=hard, plain=True))
    x, y, N = case.x.astype(float), case.y, len(case.y)
    counts = ((x - x[np.arange(N), y][:, None] + 1 > 0) & (on_paper.one_hot(y, x.shape[1]) == 0)).astype(float)
    counts[np.arange(N), y] = -counts.sum(axis=1)
    _, bound = exact("svm_loss", case)[1].answer
    judge("svm_loss", impl.svm_loss(case.x, y)[1], rationals(counts) / N, bound, case=case)


# ---- both ------------------------------------------------------------------------------------------------------------


@ORDINARY_AND_HARD
@LOSSES
@given(data=st.data())
def test_a_batch_repeated_has_the_same_loss(impl, name, data, hard):
    """A loss is a mean: the batch several times over has the same loss, and its gradient divided by how often."""
    case, times = data.draw(scores(hard=hard, plain=True)), data.draw(st.integers(2, 3))
    repeated = Scores(np.tile(case.x, (times, 1)), np.tile(case.y, times))
    loss, dx = exact(name, case)
    of_repeated = exact(name, repeated)
    answers = (
        Carried(loss.values, of_repeated[0].error),
        Carried(np.tile(dx.values, (times, 1)) / arb(times), of_repeated[1].error),
    )
    judge_both(name, getattr(impl, name)(repeated.x, repeated.y), answers, repeated)


@IN_EITHER_DTYPE
@LOSSES
@pytest.mark.parametrize("shape", [(65, 3), (3, 65), (20, 37)], ids=str)
def test_losses_of_many_samples_and_classes(impl, name, shape, dtype):
    """The losses and their gradients keep within their bounds for many samples and many classes."""
    rng = np.random.default_rng(shape[0])
    case = Scores((3 * rng.standard_normal(shape)).astype(dtype), rng.integers(0, shape[1], shape[0]))
    judge_both(name, getattr(impl, name)(case.x, case.y), exact(name, case), case)


@ORDINARY_AND_HARD
@LOSSES
@given(data=st.data())
def test_rows_do_not_touch_each_other(impl, name, data, hard):
    """The gradient of a sample's scores is that of the sample alone, divided by N."""
    case = data.draw(scores(hard=hard, plain=True, samples=2))
    _, bound = exact(name, case)[1].answer
    alone = [
        exact(name, Scores(case.x[i : i + 1], case.y[i : i + 1]))[1].values / arb(len(case.y))
        for i in range(len(case.y))
    ]
    judge(name, getattr(impl, name)(case.x, case.y)[1], np.concatenate(alone), bound, case=case)


@ORDINARY_AND_HARD
@LOSSES
def test_with_one_class_there_is_nothing_to_lose(impl, name, hard):
    """With a single class, the loss is 0 and so is its gradient."""
    for dtype in DTYPES if hard else DTYPES[:1]:
        x = np.array([[3.0], [-1e30 if hard else -100], [1e30 if hard else 100]], dtype)
        loss, dx = getattr(impl, name)(x, np.array([0, 0, 0]))
        judge(name, loss, 0, EXACT, dtype=dtype)
        judge(name, dx, np.zeros((3, 1)), EXACT, dtype=dtype)


@interface
@LOSSES
@pytest.mark.parametrize("y", [np.zeros(0, int), []], ids=["array", "list"])
@pytest.mark.parametrize("C", [0, 3])
def test_a_mean_over_no_samples_is_nan(impl, name, C, y):
    """With no samples the loss is NaN, without a warning, and the gradient has no rows."""
    loss, dx = getattr(impl, name)(np.zeros((0, C)), y)
    equal(loss, np.nan)
    equal(dx, np.zeros((0, C)))


@interface
@LOSSES
@pytest.mark.parametrize("label", [3, -1, 2**40, -(2**40)])
def test_a_label_that_is_no_class_is_refused(impl, name, label):
    """A label outside 0 … C−1 is a ValueError about y; a negative one does not count from the end."""
    with refuses("a label that is no class", ValueError, "y"):
        getattr(impl, name)(np.zeros((2, 3)), [0, label])


@interface
@LOSSES
@pytest.mark.parametrize("y", [[0], [0, 1, 2], [[0, 1]], 0], ids=str)
def test_labels_that_are_not_one_a_sample_are_refused(impl, name, y):
    """Labels in any other shape than (N,) are a ValueError about y, or about x, which has other samples."""
    with refuses("labels that are not one a sample", ValueError, "y", "x"):
        getattr(impl, name)(np.zeros((2, 3)), y)


@interface
@LOSSES
@pytest.mark.parametrize("kind", [np.int64, np.int32, np.int8, np.uint8, np.uint64, ">i4", bool, list])
def test_labels_may_be_integers_of_any_kind(impl, name, kind):
    """The same labels give the same loss, whatever kind of integers they are, which may not hold the rows' numbers."""
    x, labels = np.tile([[1.0, 2.0], [0.5, -1.0], [3.0, 3.0]], (100, 1)), [0, 1, 1] * 100
    expected = getattr(impl, name)(x, np.array(labels))
    got = getattr(impl, name)(x, labels if kind is list else np.array(labels).astype(kind))
    equal(got[0], expected[0])
    equal(got[1], expected[1])


@interface
@LOSSES
@pytest.mark.parametrize("column", [0, 1])
def test_a_nan_among_the_scores_stays_one(impl, name, column):
    """A NaN score makes the loss NaN and its own derivative too, and leaves the other samples' derivatives alone."""
    x, y = np.array([[1.0, 2.0, 0.5], [0.0, 1.0, 2.0]]), [1, 2]
    _, clean = getattr(impl, name)(x, y)
    x[0, column] = np.nan
    loss, dx = getattr(impl, name)(x, y)
    equal(loss, np.nan)
    equal(dx[0, column], np.nan)
    equal(dx[1], clean[1])
