"""Chapter 1, timed: Vector calculus."""

from collections.abc import Callable

import pytest

from shrinkage.benchmarks.cases import Case, of_chapter


@pytest.mark.parametrize("case", of_chapter(1), ids=str)
def test_time_of_calculus(case: Case, timed: Callable[[Case], None]) -> None:
    """The answer is within its bound, and this is how long it takes."""
    timed(case)
