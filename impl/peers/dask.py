"""The contract over Dask: `--impl dask`.

`dask.array.linalg.lstsq` by QR of two chunks of rows, or of as few as there can be. Left out: what it has under no name
of its own. Its `solve` and `inv` are of a square matrix, which people form as XᵀX.
"""

from typing import Any

import numpy as np
from dask import array as da
from dask import config

from . import Library, xfail
from ._arrays import UNEVEN, arrays, quiet

LIBRARY = Library(distribution="dask", oldest="2026.8", module="dask")


@quiet
def lstsq(X: Any, y: Any) -> Any:
    """The w that minimises ‖Xw − y‖, by R⁻¹Qᵀy, which takes every σ for one that counts."""
    X, y = arrays(X, y)
    A, b = (da.from_array(a, chunks=(max(-(-len(X) // 2), 1), *a.shape[1:])) for a in (X, y))
    with config.set(scheduler="synchronous"):
        return np.asarray(da.linalg.lstsq(A, b)[0])


RANK = "R is taken for one that has an inverse"
WIDE = "of a wide X it multiplies what does not fit"
RCOND = "it has no rcond"
SCALE = "nothing is scaled, so squares leave the range"
UNNAMED = "it does not say which argument it refuses"

EXPECTED_FAILURES = (
    xfail("test_lstsq_of_too_few_equations_is_the_shortest_solution", WIDE),
    xfail("test_lstsq_is_the_shortest_solution_at_any_rank*", RANK, strict=False),
    xfail("test_lstsq_leaves_a_residual_across_the_columns_and_nothing_in_the_null_space*", RANK, strict=False),
    xfail("test_the_solution_follows_a_change_of_the_problem[lstsq-*", WIDE, strict=False),
    xfail("test_a_large_least_squares_problem_has_the_solution_of_its_parts[160x640*", WIDE),
    xfail("test_a_large_least_squares_problem_has_the_solution_of_its_parts[64x288*", WIDE),
    xfail("test_a_large_least_squares_problem_may_lack_rank*", RANK),
    xfail("test_default_rcond_is_the_larger_size_times_eps[lstsq]", RANK, strict=False),
    xfail("test_lstsq_leaves_out_what_rcond_says", RCOND),
    xfail("test_a_large_least_squares_problem_leaves_out_what_rcond_says*", RCOND),
    xfail("test_an_rcond_of_one_leaves_nothing[lstsq]", RCOND),
    xfail("test_at_rcond_0_all_but_0_counts[lstsq]", RCOND),
    xfail("test_a_number_comes_in_any_form[lstsq]", RCOND),
    xfail("test_wrong_rcond_is_refused_by_name[lstsq]", RCOND),
    xfail("test_lstsq_is_the_least_squares_solution[hard]", SCALE, strict=False),
    xfail("test_an_answer_past_the_range_is_infinite_or_zero[*-lstsq]", SCALE, strict=False),
    xfail("test_subnormal_numbers_are_numbers[*-lstsq]", SCALE, strict=False),
    xfail("test_what_is_not_finite_in_the_last_of_many_rows_is_refused[lstsq-*", UNNAMED),
    xfail("test_nan_and_infinity_are_refused_by_name[lstsq-*", UNNAMED),
    xfail("test_a_wrong_shape_is_refused_by_name[lstsq]", UNNAMED),
    xfail("test_what_is_no_real_number_is_a_type_error[lstsq]", "of complex numbers it gives the complex solution"),
    xfail("test_lists_of_uneven_lengths_are_refused_by_name[lstsq]", UNEVEN),
)
