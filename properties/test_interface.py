"""What holds for every function: types, layouts, nothing changed or shared, refusals."""

import contextlib
import itertools
from typing import Any

import numpy as np
import pytest

from shrinkage.contract import CONTRACT, Kind
from shrinkage.properties.engine.account import seen
from shrinkage.properties.engine.example_calls import EXAMPLES, WITH_ARRAYS, arrays, as_dtype, call, numbers
from shrinkage.properties.engine.malformed_inputs import judged, of_wrong_shapes, of_wrong_types, with_entries
from shrinkage.properties.engine.strategies import LAYOUTS
from shrinkage.properties.engine.verdict import alike, equal, holds, refuses

pytestmark = pytest.mark.interface

REFUSING = [name for name in EXAMPLES if CONTRACT[name].chapter != 5]  # chapter 5 passes NaN and infinity through


def is_of(name: str, result: Any, dtype: Any) -> None:
    """A result is of this dtype."""
    got, expected = np.asarray(result).dtype, np.dtype(dtype)
    asked = "float32 and float64 together" if expected != np.float32 and got == np.float32 else expected
    holds(name, got == expected, f"{asked} comes back as {got}", str(got), str(expected), "dtype")


@pytest.mark.parametrize("name", WITH_ARRAYS)
def test_float32_in_float32_out(impl, name):
    """The result is float32 when every array argument is, whatever the numbers are; else it is float64."""
    for result in call(impl, name, as_dtype(name, np.float32)):
        is_of(name, result, np.float32)
    mixed = as_dtype(name, np.float32) | {arrays(name)[-1]: EXAMPLES[name][arrays(name)[-1]]}
    for arguments in [EXAMPLES[name], *([mixed] if len(arrays(name)) > 1 else [])]:
        for result in call(impl, name, arguments):
            is_of(name, result, np.float64)


@pytest.mark.parametrize("name", WITH_ARRAYS)
def test_integers_and_bools_are_real_numbers(impl, name):
    """Integers, bools and lists of them give what the same numbers give in float64."""
    whole = {key: np.ceil(EXAMPLES[name][key]) + 0.0 for key in arrays(name)}  # an integer has no -0
    truth = {key: EXAMPLES[name][key] > 0 for key in arrays(name)}
    for kinds in (
        [
            whole,
            {k: v.astype(np.int64) for k, v in whole.items()},
            {k: v.astype(int).tolist() for k, v in whole.items()},
        ],
        [{k: v.astype(float) for k, v in truth.items()}, truth],
    ):
        results: list[Any] = []
        for changed in kinds:
            try:
                results.append(call(impl, name, EXAMPLES[name] | changed))
            except (ValueError, np.linalg.LinAlgError):  # no full rank any more: but then for all kinds alike
                results.append([])
            alike(name, results[-1], results[0], "integers, bools or lists of them")


@pytest.mark.parametrize("name", WITH_ARRAYS)
def test_integers_of_any_width_are_real_numbers(impl, name):
    """Integers whose double, square, or difference their own dtype does not hold give what they do in float64."""
    for dtype in map(np.dtype, "bBhHiIqQ"):
        most = int(np.iinfo(dtype).max)
        whole = {key: (8 * EXAMPLES[name][key]).astype(int) for key in arrays(name)}
        if dtype.kind == "u":
            whole = {key: abs(value) for key, value in whole.items()}
        # Times a power of two, so that float64 holds them, and the largest of them not twice.
        units = {key: 2 ** ((most // int(abs(value).max())).bit_length() - 1) for key, value in whole.items()}
        whole = {key: value.astype(dtype) * dtype.type(units[key]) for key, value in whole.items()}
        # λ is beside the squares, without which they may have no inverse; a step is as long as the parameters are.
        powers = {Kind.POSITIVE: 2, Kind.RATE: -4}
        kinds = {a.name: a.kind for a in CONTRACT[name].arguments if a.name in numbers(name)}
        beside = {key: float(most) ** powers[kind] for key, kind in kinds.items() if kind in powers}
        as_floats = {key: value.astype(float) for key, value in whole.items()}
        expected = call(impl, name, EXAMPLES[name] | beside | as_floats)
        got = call(impl, name, EXAMPLES[name] | beside | whole)
        alike(name, got, expected, str(dtype))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", WITH_ARRAYS)
def test_any_memory_layout_gives_the_same_answer(impl, name, dtype):
    """C, Fortran, strided, reversed, read-only, unaligned, byte-swapped: the same bits."""
    arguments = as_dtype(name, dtype)
    expected = call(impl.raw, name, arguments)
    for layout, laid_out in LAYOUTS.items():
        if layout == "nested lists" and dtype == np.float32:
            continue  # a list has no dtype
        changed = arguments | {key: laid_out(arguments[key]) for key in arrays(name)}
        got = call(impl.raw, name, changed)
        alike(name, got, expected, f"{layout} arrays")


def thresholds(name: str) -> list[str]:
    """The numbers that need not be given, and must not be negative where they are."""
    optional = [a for a in CONTRACT[name].arguments if a.default and not a.axes]
    return [a.name for a in optional if a.kind is Kind.NOT_NEGATIVE]


@pytest.mark.parametrize("name", [name for name in EXAMPLES if numbers(name) + thresholds(name)])
def test_a_number_comes_in_any_form(impl, name):
    """A number may be a Python number, a NumPy scalar of any dtype or a 0-d array, and has no say in the dtype."""
    keys = [*numbers(name), *thresholds(name)]
    arguments = EXAMPLES[name] | dict.fromkeys(thresholds(name), 0.125)
    positive = {a.name for a in CONTRACT[name].arguments if a.kind is Kind.POSITIVE}
    for zero in (set(), *({key} for key in keys if key not in positive)):
        expected = call(impl, name, arguments | dict.fromkeys(zero, 0.0))
        for form in (np.float64, np.float32, np.array, lambda value: np.array(value, np.float32)):
            changed = arguments | {key: form(0.0 if key in zero else arguments[key]) for key in keys}
            got = call(impl, name, changed)
            alike(name, got, expected, "another form of a number")
    whole = {key: 56 * EXAMPLES[name][key] for key in numbers(name)}  # up to 112, and their products are no bytes
    expected = call(impl, name, EXAMPLES[name] | whole)
    for form in (int, *(np.dtype(kind).type for kind in "bBhHiIqQ")):
        got = call(impl, name, EXAMPLES[name] | {key: form(value) for key, value in whole.items()})
        alike(name, got, expected, f"{form.__name__} as a number")


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")  # of problems that are singular
@pytest.mark.parametrize("name", WITH_ARRAYS)
def test_inputs_are_not_changed_nor_shared(impl, name):
    """Inputs are never changed, and the result never shares memory with them, nor with an earlier one."""
    arguments = as_dtype(name, np.float64)
    call(impl.raw, name, arguments)  # the rest is seen at every call
    # Where there is nothing to do, an input would be at hand for an answer.
    single = [key for key, value in arguments.items() if isinstance(value, int | float)]
    for filled in (np.copy, abs, np.zeros_like, np.ones_like):
        special = arguments | {key: filled(arguments[key]) for key in arrays(name)}
        for numbers_ in itertools.product((0, 1), repeat=len(single)):
            with contextlib.suppress(ValueError, ArithmeticError, np.linalg.LinAlgError):  # no λ > 0, no full rank
                call(impl, name, special | dict(zip(single, numbers_, strict=True)))
    seen.unchanged(name)


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_what_is_no_real_number_is_a_type_error(impl, name):
    """Complex, text or object input is a TypeError."""
    for key, wrong in of_wrong_types(name):
        with refuses("what is no real number", TypeError):
            call(impl, name, EXAMPLES[name] | {key: wrong})


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", REFUSING)
def test_nan_and_infinity_are_refused_by_name(impl, name, bad):
    """A NaN or an infinity in the data, at any place, is a ValueError that names the argument."""
    for key, wrong in with_entries(name, bad):
        with refuses("NaN" if np.isnan(bad) else "infinity", ValueError, key):
            call(impl, name, EXAMPLES[name] | {key: wrong})


@pytest.mark.parametrize("name", [name for name in EXAMPLES if judged(name, Kind.NOT_NEGATIVE, Kind.POSITIVE)])
def test_negative_lam_is_refused_by_name(impl, name):
    """A negative lam, and a negative singular value, is a ValueError that names the argument."""
    for negative in (-3.0, -(2.0**-100)):
        for key, wrong in with_entries(name, negative, Kind.NOT_NEGATIVE, Kind.POSITIVE):
            with refuses("λ < 0", ValueError, key):
                call(impl, name, EXAMPLES[name] | {key: wrong})


@pytest.mark.parametrize("name", [name for name in EXAMPLES if judged(name, Kind.POSITIVE)])
def test_forms_that_need_a_positive_lam_refuse_zero(impl, name):
    """The six forms, the posterior and the log posterior refuse λ = 0."""
    for key, wrong in with_entries(name, 0.0, Kind.POSITIVE):
        with refuses("λ = 0", ValueError, key):
            call(impl, name, EXAMPLES[name] | {key: wrong})


@pytest.mark.parametrize("name", [name for name in EXAMPLES if thresholds(name)])
def test_wrong_rcond_is_refused_by_name(impl, name):
    """A negative or non-finite rcond is a ValueError that names it."""
    for key in thresholds(name):
        for wrong in (-1e-3, np.nan, np.inf):
            with refuses("a negative or infinite rcond", ValueError, key):
                getattr(impl, name)(*EXAMPLES[name].values(), **{key: wrong})


@pytest.mark.parametrize("name", [n for n in WITH_ARRAYS if {*arrays(n)} & {key for key, _ in of_wrong_shapes(n)}])
def test_a_wrong_shape_is_refused_by_name(impl, name):
    """An axis too many or too few, and a size that differs from what fixes it, is a ValueError about an argument."""
    for key, wrong in of_wrong_shapes(name):
        if key not in numbers(name):
            with refuses("a wrong shape", ValueError, *EXAMPLES[name]):
                call(impl, name, EXAMPLES[name] | {key: wrong})


@pytest.mark.parametrize("name", WITH_ARRAYS)
def test_lists_of_uneven_lengths_are_refused_by_name(impl, name):
    """Lists that make no regular array are a ValueError that names the argument."""
    key = arrays(name)[0]
    with refuses("a list of uneven lists", ValueError, key):
        call(impl, name, EXAMPLES[name] | {key: [[1.0], [1.0, 2.0]]})


@pytest.mark.parametrize("name", ["ridge_jacobian", "ridge_log_posterior"])
def test_what_is_of_one_target_refuses_several(impl, name):
    """The derivative and the log posterior are of one target: a y with columns is refused, even where w has them."""
    both = {key: np.stack([EXAMPLES[name][key]] * 2, axis=1) for key in ("y", "w")}
    with refuses("a y of several targets", ValueError, "y", "w"):
        call(impl, name, EXAMPLES[name] | both)


@pytest.mark.parametrize("name", ["affine_forward", "affine_relu_forward"])
def test_a_batch_is_no_number(impl, name):
    """A layer takes a batch of samples: a number, which has no axis for them, is a ValueError about an argument."""
    arguments = {"x": np.array(2.0), "w": np.ones((1, 3)), "b": np.ones(3)}
    with refuses("a number in place of a batch", ValueError, "x", "w", "b"):
        call(impl, name, arguments)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if numbers(name)])
def test_an_array_is_no_number(impl, name):
    """Where a number is asked for, an array of two of them, or of one, is a ValueError that names the argument."""
    for key, wrong in of_wrong_shapes(name):
        if key in numbers(name):
            with refuses("an array in place of a number", ValueError, key):
                call(impl, name, EXAMPLES[name] | {key: wrong})


@pytest.mark.parametrize("shape", [(0,), (1,), (2,), (4,), (3, 1)], ids=str)
def test_another_number_of_lams_than_of_problems_is_refused(impl, shape):
    """ridge_batch takes one λ for all problems or one for each, and refuses any other number of them by name."""
    with refuses("another number of λ than of problems", ValueError, "lam", "X", "y"):
        call(impl, "ridge_batch", EXAMPLES["ridge_batch"] | {"lam": np.ones(shape)})


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_every_lam_of_a_batch_is_looked_at(impl, bad):
    """One negative or non-finite λ among those of ridge_batch is a ValueError that names the argument."""
    for place in range(3):
        wrong = np.where(np.arange(3) == place, bad, 0.5)
        with refuses("a λ of a batch that is none", ValueError, "lam"):
            call(impl, "ridge_batch", EXAMPLES["ridge_batch"] | {"lam": wrong})


ZERO = [(0, 3), (3, 0), (0, 0)]


@pytest.mark.parametrize("shape", ZERO)
def test_sizes_of_zero_in_least_squares(impl, shape):
    """Without rows or without columns the pseudoinverse is empty, and the shortest solution zero."""
    m, n = shape
    X = np.zeros(shape)
    equal(impl.pinv(X), np.zeros((n, m)))
    for k in ((), (2,), (0,)):
        equal(impl.lstsq(X, np.ones((m, *k))), np.zeros((n, *k)))
    if n == 0:
        equal(impl.left_inverse(X), np.zeros((n, m)))
    if m == 0:
        equal(impl.right_inverse(X), np.zeros((n, m)))
        equal(impl.min_norm(X, np.ones(m)), np.zeros(n))


@pytest.mark.parametrize("shape", ZERO)
@pytest.mark.parametrize("name", [name for name, function in CONTRACT.items() if function.names == ("X", "y", "lam")])
def test_sizes_of_zero_in_ridge(impl, name, shape):
    """Without samples, features or targets ridge is zero; the posterior without samples is the prior."""
    n, d = shape
    if name == "ridge_batch":
        equal(impl.ridge_batch(np.zeros((2, n, d)), np.ones((2, n)), 1.0), np.zeros((2, d)))
        equal(impl.ridge_batch(np.zeros((0, 3, 2)), np.ones((0, 3)), 1.0), np.zeros((0, 2)))
        return
    for k in ((), (2,), (0,)):
        result = getattr(impl, name)(np.zeros(shape), np.ones((n, *k)), 1.0)
        if name == "ridge_posterior":
            equal(result[1], np.eye(d))
            result = result[0]
        equal(result, np.zeros((d, *k)))
    full = getattr(impl, name)(np.ones((2, 3)), np.ones((2, 0)), 1.0)
    equal((full[0] if name == "ridge_posterior" else full), np.zeros((3, 0)))


@pytest.mark.parametrize("shape", ZERO)
def test_sizes_of_zero_in_the_choice_of_lam(impl, shape):
    """No features explain nothing: dof 0, and GCV and LOO the mean square; over no samples a mean is NaN."""
    n, d = shape
    X, y, lams = np.zeros(shape), np.full(n, 2.0), np.array([1.0, 0.0])
    equal(impl.ridge_path(X, y, lams), np.zeros((2, d)))
    equal(impl.ridge_dof(X, lams), [0.0, 0.0])
    expected = [np.nan, np.nan] if n == 0 else [4.0, 4.0]
    equal(impl.ridge_gcv(X, y, lams), expected)
    equal(impl.ridge_loo(X, y, lams), expected)
    for name in ("ridge_path", "ridge_gcv", "ridge_loo"):
        equal(getattr(impl, name)(np.ones((2, 3)), np.ones(2), []), np.zeros((0, 3) if name == "ridge_path" else 0))
    equal(impl.ridge_filter_factors([], 1.0), np.zeros(0))
    equal(impl.ridge_inverse_singular_values([], 1.0), np.zeros(0))


@pytest.mark.parametrize("shape", ZERO)
def test_sizes_of_zero_in_the_objective(impl, shape):
    """Without samples what is left is the penalty, without features the target."""
    n, d = shape
    X, y, w = np.zeros(shape), np.full(n, 2.0), np.full(d, 4.0)
    equal(impl.ridge_objective(X, y, w, 0.25), 4 * n + 4 * d)
    equal(impl.ridge_jacobian(X, y, w, 0.25), np.full((1, d), 2.0))
    equal(impl.ridge_log_posterior(X, y, w, 0.25), -8 * n - 8 * d)


def test_without_samples_a_tiny_penalty_keeps_its_digits(impl):
    """Without samples the objective is the penalty, to the last digit even where it is about to vanish."""
    w = np.ldexp([33.0], -537)
    equal(impl.ridge_objective(np.zeros((0, 1)), np.zeros(0), w, 1.0), np.ldexp(33.0 * 33.0, -1074))


def test_sizes_of_zero_in_vector_calculus(impl):
    """Empty sums are 0, and what has no rows or no columns is empty."""
    nothing = np.zeros(0)
    equal(impl.linear_form(nothing, nothing), 0)
    equal(impl.squared_norm(nothing), 0)
    equal(impl.quadratic_form(np.zeros((0, 0)), nothing), 0)
    for name in ("linear_form_jacobian", "quadratic_form_jacobian"):
        first = nothing if name.startswith("linear") else np.zeros((0, 0))
        equal(getattr(impl, name)(first, nothing), np.zeros((1, 0)))
    equal(impl.squared_norm_jacobian(nothing), np.zeros((1, 0)))
    equal(impl.matvec(np.zeros((3, 0)), nothing), np.zeros(3))
    equal(impl.matvec(np.zeros((0, 3)), np.ones(3)), np.zeros((0,)))
    equal(impl.matvec_jacobian(np.zeros((0, 3)), np.ones(3)), np.zeros((0, 3)))
