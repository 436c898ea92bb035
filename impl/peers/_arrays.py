"""What goes into another library: arrays of the dtype that the contract asks for, and numbers."""

from typing import Any

import numpy as np

# Decorates what computes with NumPy's floats: what overflows becomes inf or NaN in silence, and the claims see it.
quiet = np.errstate(all="ignore")

# Why each of these peers departs from one claim.
UNEVEN = "NumPy reads the lists for it, and refuses uneven ones without a name"


def arrays(*values: Any) -> list[Any]:
    """Arrays as C-ordered copies, float32 if every one of them is and else float64; numbers as Python floats.

    What holds no real numbers goes on as it is, for the library to judge.
    """
    read = [np.asarray(value) for value in values]
    dtype = np.float32 if {value.dtype.char for value in read if value.ndim} == {"f"} else np.float64
    return [_converted(value, dtype) if value.dtype.kind in "biuf" else value for value in read]


def _converted(value: np.ndarray, dtype: Any) -> Any:
    return np.array(value, dtype, order="C") if value.ndim else float(value)


def labels(y: Any) -> np.ndarray:
    """Labels as integers of the one kind that every library takes as an index."""
    return np.asarray(y).astype(np.int64)
