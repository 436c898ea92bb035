"""What the reference says where float64 has not the range for its formula, and where it has."""

import numpy as np
import pytest

from shrinkage.properties.referee.arithmetic import spread
from shrinkage.properties.referee.device import Array
from shrinkage.properties.referee.libraries import formula
from shrinkage.properties.referee.trial import FEW_RUNS, RUNS

from . import honest
from .judging import judged

pytestmark = pytest.mark.power

SOFTMAX = "(lambda e: e / e.sum())({exp}(x - x.max()))"
# Of finite numbers; and which entries are judged: no matter what float64 gives there, the truth is another.
VOID = {
    "inf / inf": ("{exp}(x) / {exp}(x).sum()", [1000.0, 0.0], "-+"),
    "log of an overflow": ("{log}({exp}(x).sum())", [1000.0, 0.0], "-"),
    "log of an underflow": (f"{{log}}({SOFTMAX})", [1000.0, 0.0, 999.0], "+-+"),
    "log of a difference": ("{log}(1 - 1 / (1 + {exp}(-x)))", [50.0, 1.0, 1000.0], "-+-"),
    "log of a product": ("{log}({exp}(x) * {exp}(x))", [700.0, 1.0], "-+"),
    "inf - inf": ("{exp}(x) - {exp}(2 * x)", [1000.0, 1.0], "-+"),
    "0 * inf": ("{exp}(x) * {exp}(-x)", [1000.0, 1.0], "-+"),
    "in place": ("{exp}(x).__itruediv__({exp}(x).sum())", [1000.0, 0.0], "-+"),
}
TRUE = {
    "a pole of the logarithm": ("{log}(x)", [0.0, 1.0, -1.0], "+++"),
    "a pole of the quotient": ("1 / x", [0.0, 1.0, -1.0], "+++"),
    "0 / 0": ("x / (x * x).sum()", [0.0, 0.0], "++"),
    "1 / inf": ("1 / (1 + {exp}(-x))", [-1000.0, 1.0], "++"),
    "a mask": (f"(lambda x: {SOFTMAX})({{where}}(x > 0, x, -{{inf}}))", [-1.0, 1.0, 2.0], "+++"),
    "the logarithm of a mask": (f"(lambda x: {{log}}({SOFTMAX}))({{where}}(x > 0, x, -{{inf}}))", [-1.0, 1.0], "++"),
    "a mask of all": (f"(lambda x: {SOFTMAX})({{where}}(x > 9, x, -{{inf}}))", [-1.0, 1.0], "++"),
    "an infinite argument": ("{exp}(x) / {exp}(x).sum()", [np.inf, 0.0], "++"),
}
PLACES = {"numpy": "np", "torch": "torch", "jax": "jnp"}


@pytest.mark.parametrize("library", PLACES)
@pytest.mark.parametrize("case", [*VOID, *TRUE])
def test_what_float64_has_no_range_for_is_not_judged(case, library):
    """And a pole, a mask and an infinite argument are."""
    pytest.importorskip(library, reason=f"{library} is not installed: its operations cannot be seen")
    module = __import__("importlib").import_module("jax.numpy" if library == "jax" else library)
    names = {each: f"{PLACES[library]}.{each}" for each in ("exp", "log", "where", "inf")}
    text, x, judges = (VOID | TRUE)[case]
    call = eval(f"lambda x: {text.format(**names)}", {PLACES[library]: module})
    if library == "jax" and case == "in place":
        pytest.skip("nothing is in place there")
    ((_, allowed),) = spread(formula(call, [Array(np.array(x, np.float32), "float32")], library), "float32", 12)
    assert "".join("-" if each else "+" for each in np.atleast_1d(np.isinf(allowed))) == judges


def test_who_is_stable_is_right_where_the_reference_overflows(tmp_path):
    """In float64 too; and he is wrong where the reference is stable and he is not, as `cheats` have it."""
    reference = """
import numpy as np

def get_inputs():
    return [np.random.standard_normal((6, 8)).astype(np.float32)]

def log_softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.log(e / e.sum(axis=-1, keepdims=True))

def logarithm(x):
    return np.log(abs(x))
"""
    candidate = """
import numpy as np

def log_softmax(x):
    d = x - x.max(axis=-1, keepdims=True)
    return d - np.log(np.exp(d).sum(axis=-1, keepdims=True))

def logarithm(x):
    return np.log(abs(x) + np.finfo(x.dtype).tiny)
"""
    accounts = judged(tmp_path, candidate, reference)
    assert not accounts["log_softmax"].findings, accounts
    assert "range" in accounts["log_softmax"].notes
    assert accounts["logarithm"].findings["value"].wrong.right == "-inf"


def test_what_the_reference_makes_nan_of_an_infinity_is_not_judged(tmp_path):
    """Its naive softmax has inf / inf at one entry, a stable one inf - inf at all of its row: neither is the truth."""
    reference = """
import numpy as np

def get_inputs():
    return [np.random.standard_normal((6, 8)).astype(np.float32)]

def softmax(x):
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)

def exponential(x):
    return np.exp(x)
"""
    candidate = """
import numpy as np

def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

def exponential(x):
    return np.where(np.isinf(x), 0, np.exp(x))
"""
    accounts = judged(tmp_path, candidate, reference)
    assert accounts["softmax"].verdict == "right", accounts
    assert any("makes NaN, and it another answer" in note for note in accounts["softmax"].notes.values())
    assert accounts["exponential"].verdict == "departs", accounts


def test_a_norm_of_a_library_is_seen_through():
    """Of an infinite argument, too: its sums are told as pointwise there."""
    torch = pytest.importorskip("torch", reason="torch is not installed: its operations cannot be seen")
    x = np.ones((6, 8), np.float32)
    x[2, 3] = np.inf
    call = formula(lambda x: torch.nn.functional.layer_norm(x, (8,)), [Array(x, "float32")], "torch")
    ((value, allowed),) = spread(call, "float32", 12)
    assert np.isnan(value[2]).all()
    assert np.isfinite(allowed).all()


@pytest.mark.parametrize("runs", [RUNS, FEW_RUNS])
def test_errors_of_one_size_do_not_cancel_in_every_run(runs):
    """Of one operation or two 4 ulp are allowed at every entry of many, and of their difference half of a rounding."""
    x = [Array(np.linspace(0, 1, 1 << 16, dtype=np.float32), "float32")]
    for call, least in (
        (lambda x: np.exp(x), 8),
        (lambda x: np.exp(x * 2.0**-10) * 3, 8),
        (lambda x: np.exp(x * 2.0**-10) - np.cos(x * 2.0**-10), 0.5),
    ):
        ((value, allowed),) = spread(formula(call, x, "numpy"), "float32", runs)
        assert (allowed / np.maximum(abs(value), 1)).min() >= least * 2.0**-24


@pytest.mark.parametrize("size", [8, 64, 256])
def test_who_is_stable_backwards_is_right(tmp_path, size):
    """By another formula, whose error goes with the condition; and not who loses its square."""
    reference = honest.VARIANCE.format(n=size)
    (account,) = judged(tmp_path, honest.WELFORD, reference).values()
    assert not account.findings, account
    (account,) = judged(tmp_path, honest.SQUARES, reference).values()
    finding = account.findings["value"]
    assert finding.wrong.more.startswith("in entry")
    assert finding.call is not None
    assert finding.call.problem.what == "far from zero"


def test_a_jump_is_no_error():
    """Of ties and of what is cut off, nothing else is allowed; of what is smooth, as much as its condition."""
    x = np.array([1.0, 2.0, 2.0, -1.0], np.float32)
    bounds = {}
    for call in (np.argmax, np.floor, np.sign, lambda x: np.where(x > 1, x, 0 * x), lambda x: np.exp(100 * x)):
        ((_, allowed),) = spread(formula(call, [Array(x, "float32")], "numpy"), "float32", 12)
        bounds[call] = np.max(allowed)
    *jumps, smooth = bounds.values()
    assert max(jumps) < 1e-5
    assert smooth > 1e-5


def test_a_variance_in_one_operation_is_a_sum(tmp_path):
    """As PyTorch has it: its terms count."""
    pytest.importorskip("torch", reason="torch is not installed: its operations cannot be seen")
    numpy = (honest.VARIANCE.format(n=64), honest.WELFORD, honest.SQUARES)
    reference, stable, unstable = (
        each.replace("import numpy as np", "import torch, numpy as np")
        .replace("[np.random", "[torch.from_numpy(np.random")
        .replace("astype(np.float32)", "astype(np.float32))")
        .replace("axis=-1", "-1, unbiased=False" if "var(" in each else "-1")
        .replace("np.zeros(x.shape[:-1], x.dtype)", "torch.zeros(x.shape[:-1], dtype=x.dtype)")
        .replace("x.dtype.type", "")
        for each in numpy
    )
    (account,) = judged(tmp_path, stable, reference).values()
    assert not account.findings, account
    (account,) = judged(tmp_path, unstable, reference).values()
    assert [*account.findings] == ["value"], account
