"""Every case, timed."""

from collections.abc import Callable

import pytest

from shrinkage.benchmarks.cases import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=str)
def test_time(case: Case, timed: Callable[[Case], None]) -> None:
    """The answer is within its bound, and this is how long it takes."""
    timed(case)
