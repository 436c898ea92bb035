"""What is said to be of a lower precision, and what is wrong by a factor that only looks like it."""

import pytest

from .judging import judged

pytestmark = pytest.mark.power

REFERENCE = """
import numpy as np

def get_inputs():
    x, w, b = np.random.standard_normal((3, 32, 400)).astype(np.float32)
    return [x, w[0], b[0]]

def layer_norm(x, w, b):
    d = x - x.mean(axis=-1, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=-1, keepdims=True) + x.dtype.type(1e-5)) * w + b

def rms_norm(x, w, b):
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + x.dtype.type(1e-6))
"""
CANDIDATE = """
import numpy as np

def {function}(x, w, b):
    d = x - x.mean(axis=-1, keepdims=True)
    return {answer}
"""
MEAN = "(d * d).mean(axis=-1, keepdims=True)"
ANSWERS = {
    "the unbiased variance": (
        "value",
        "layer_norm",
        "d / np.sqrt((d * d).sum(-1, keepdims=True) / 399 + x.dtype.type(1e-5)) * w + b",
    ),
    "another ε": ("value", "layer_norm", f"(d / np.sqrt({MEAN} + 1e-4) * w + b).astype(x.dtype)"),
    "no ε": ("value", "rms_norm", "x / np.sqrt((x * x).mean(axis=-1, keepdims=True))"),
    "float16": (
        "precision",
        "layer_norm",
        f"((d / np.sqrt({MEAN} + 1e-5)).astype(np.float16) * w.astype(np.float16)"
        " + b.astype(np.float16)).astype(x.dtype)",
    ),
}


@pytest.mark.parametrize(("kind", "function", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_a_wrong_factor_is_no_lower_precision(tmp_path, kind, function, answer):
    """It has one sign, as what is cut off has; and who has one number everywhere is like whatever has it, too."""
    account = judged(tmp_path, CANDIDATE.format(function=function, answer=answer), REFERENCE)[function]
    assert {*account.findings} == {kind}, account
