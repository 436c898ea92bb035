"""What a call may allocate, in a process that counts it."""

import pytest

from shrinkage.benchmarks.measure.startup import in_fresh_process


def test_what_is_allocated_does_not_grow_with_the_samples() -> None:
    """A solver allocates numbers of the size of XᵀX and a block, a training step its gradients and no more."""
    rows = in_fresh_process(["-m", "shrinkage.benchmarks.measure.memory", "--json", "--quick"])
    assert len(rows) > 1
    assert [row for row in rows if row[2] > row[3]] == []
    assert all(allocated > 0 for _, _, allocated, _ in rows)


def test_no_more_than_two_blocks_are_there_of_data_that_are_larger() -> None:
    """Of ten blocks there are never more than two at a time, and a few matrices of the size of XᵀX."""
    pytest.importorskip("dask")
    found = in_fresh_process(["-m", "shrinkage.benchmarks.measure.larger", "--quick", "--gigabytes", "0.4"])
    assert found["chunks"] == 10
    assert 0 < found["bytes"] <= found["allowed"] < found["data"] / 4
