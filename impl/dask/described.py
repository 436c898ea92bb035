"""What the docstrings here say that those of the contract's functions do not."""

from functools import partial

from ..streaming.documented import documented

ONE_PASS = "With p = d + k: 2np² flops, one pass over the data, and a task holds a chunk and some p² numbers."
TWO_PASSES = "6nd² + 4Lnd flops and two passes over the data, of which the second begins when the first has ended."

described = partial(
    documented,
    also="What is not finite is told when it is computed, with its chunk; all else at once.",
    chunks="chunks\n    How NumPy arrays are cut, as `dask.array.from_array` takes it for X; Dask's have their own.",
)
