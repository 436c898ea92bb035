"""Chapter 1, timed: Vector calculus."""

from typing import Any

import pytest

from benchmarks.cases import Case, of_chapter
from benchmarks.race import race
from impl.choose import Implementation


@pytest.mark.parametrize("case", of_chapter(1), ids=str)
def test_time_of_calculus(case: Case, racer: Implementation, benchmark: Any) -> None:
    """The answer is within its bound, and this is how long it takes."""
    race(case, racer, benchmark)
