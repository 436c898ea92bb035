"""Chapter 4, timed: The ReLU elbow under SGD."""

from collections.abc import Callable

import pytest

from shrinkage.benchmarks.cases import Case, of_chapter


@pytest.mark.parametrize("case", of_chapter(4), ids=str)
def test_time_of_relu(case: Case, timed: Callable[[Case], None]) -> None:
    """The answer is within its bound, and this is how long it takes."""
    timed(case)
