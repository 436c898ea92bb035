"""Chapter 5, timed: Fully connected networks."""

from collections.abc import Callable

import pytest

from shrinkage.benchmarks.cases import Case, of_chapter


@pytest.mark.parametrize("case", of_chapter(5), ids=str)
def test_time_of_networks(case: Case, timed: Callable[[Case], None]) -> None:
    """The answer is within its bound, and this is how long it takes."""
    timed(case)
