"""What a call may allocate, in a process that counts it."""

from shrinkage.benchmarks.measure.startup import in_fresh_process


def test_what_is_allocated_does_not_grow_with_the_samples() -> None:
    """A solver allocates numbers of the size of XᵀX and a block, a training step its gradients and no more."""
    rows = in_fresh_process(["-m", "shrinkage.benchmarks.measure.memory", "--json", "--quick"])
    assert len(rows) > 1
    assert [row for row in rows if row[2] > row[3]] == []
    assert all(allocated > 0 for _, _, allocated, _ in rows)
