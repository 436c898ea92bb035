"""Complex numbers, within and as arguments and answers."""

import pytest

from .judging import judged

pytestmark = pytest.mark.power

REFERENCE = """
import {module} as xp
import numpy as np

def get_inputs():
    rng = np.random.default_rng()
    x, y = rng.standard_normal((2, 6, 32)).astype(np.float32)
    return [xp.{array}(x), xp.{array}(x + 1j * y)]

def spectrum(x, z):
    return xp.fft.rfft(x)

def power(x, z):
    return abs(xp.fft.rfft(x)) ** 2

def product(x, z):
    return z @ z.conj().T
"""
CANDIDATE = """
import {module} as xp
import numpy as np

def _transformed(x):
    n = x.shape[-1]
    turns = 2 * np.pi * (np.arange(n)[:, None] * np.arange(n // 2 + 1) % n) / n
    return x @ xp.{array}(np.cos(turns).astype({dtype})), -(x @ xp.{array}(np.sin(turns).astype({dtype})))

def spectrum(x, z):
    real, imag = _transformed(x)
    return real + 1j * imag

def power(x, z):
    real, imag = _transformed(x)
    return real * real + imag * imag

def product(x, z):
    re = z.real @ z.real.T + z.imag @ z.imag.T
    return re + 1j * (z.imag @ z.real.T - z.real @ z.imag.T)
"""
PLACES = {"numpy": ("numpy", "asarray"), "torch": ("torch", "from_numpy"), "jax": ("jax.numpy", "asarray")}
WRONG = [
    {
        "spectrum": ("value", "real + 1j * imag", "real - 1j * imag"),
        "power": ("value", "real * real + imag * imag", "real * real"),
        "product": ("value", "z.imag @ z.real.T - z.real", "z.imag @ z.real.T + z.real"),
    },
    {
        "spectrum": ("dtype", "return real + 1j * imag", "return real"),
        "product": ("value", "re = z.real @ z.real.T + z", "re = z.real @ z.real.T - z"),
    },
]


def sources(library: str) -> tuple[str, str]:
    """Of a library; its arrays may have been made in float64."""
    module, array = PLACES[library]
    dtype = 'str(x.dtype).removeprefix("torch.")'
    candidate, reference = (text.format(module=module, array=array, dtype=dtype) for text in (CANDIDATE, REFERENCE))
    return candidate, reference


@pytest.mark.parametrize("library", PLACES)
def test_who_is_right_is_called_so(tmp_path, library):
    """By another formula, in which no number is complex; of an infinity that may make another NaN."""
    pytest.importorskip(library, reason=f"{library} is not installed: its operations cannot be seen")
    for account in judged(tmp_path, *sources(library)).values():
        assert account.problems > 20, account
        assert not {*account.findings} - {"special"}, account


@pytest.mark.parametrize("library", PLACES)
@pytest.mark.parametrize("cases", WRONG)
def test_who_is_wrong_is_called_so(tmp_path, cases, library):
    """In one part alone, too."""
    pytest.importorskip(library, reason=f"{library} is not installed: its operations cannot be seen")
    candidate, reference = sources(library)
    for _, right, wrong in cases.values():
        assert right in candidate
        candidate = candidate.replace(right, wrong)
    accounts = judged(tmp_path, candidate, reference)
    for function, (kind, _, _) in cases.items():
        assert kind in accounts[function].findings, accounts[function]
