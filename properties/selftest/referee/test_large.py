"""Arrays of a million numbers, of which fewer problems are tried: none of what goes wrong goes unseen."""

import pytest

from .judging import judged

pytestmark = pytest.mark.power

REFERENCE = """
import numpy as np

def get_inputs():
    return [np.random.standard_normal((1024, 1024)).astype(np.float32)]

def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

def relu(x):
    return np.maximum(x, 0)
"""
WRONG = """
import numpy as np

def softmax(x):
    e = np.exp(x)
    return e / e.sum(axis=-1, keepdims=True)

def relu(x):
    return np.where(x > 0, x, 0)
"""
FFT = """
import numpy as np

def get_inputs():
    return [np.random.standard_normal(200), np.random.standard_normal(31)]

def convolve(x, k):
    return np.convolve(x, k)
"""
BY_FFT = """
import numpy as np

def convolve(x, k):
    n = len(x) + len(k) - 1
    return np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(k, n), n).astype(x.dtype)
"""


def test_large_arrays_are_tried_with_large_numbers_too(tmp_path):
    """An exponential that overflows was right at this size; and NaN is tried in a smaller shape."""
    accounts = judged(tmp_path, WRONG, REFERENCE)
    calls = [accounts["softmax"].findings["value"].call, accounts["relu"].findings["special"].call]
    found = [each.problem.what for each in calls if each is not None]
    assert found in (["far from zero", "with a NaN, of another shape"], ["large", "with a NaN, of another shape"])


def test_of_what_is_stable_by_norm_the_error_beside_the_largest_entry_is_told(tmp_path):
    """By FFT a convolution's small entries lose digits, and the large ones none."""
    (account,) = judged(tmp_path, BY_FFT, FFT).values()
    assert "roundings of the largest entry" in account.findings["value"].wrong.more
