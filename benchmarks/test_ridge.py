"""Chapter 3, timed: Ridge regression."""

from collections.abc import Callable

import pytest

from shrinkage.benchmarks.cases import Case, of_chapter


@pytest.mark.parametrize("case", of_chapter(3), ids=str)
def test_time_of_ridge(case: Case, timed: Callable[[Case], None]) -> None:
    """The answer is within its bound, and this is how long it takes."""
    timed(case)
