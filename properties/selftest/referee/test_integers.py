"""Integers among the arguments are varied as far as they may be; what is told of dtypes is what was compared."""

import pytest

from .judging import judged

pytestmark = pytest.mark.power

INPUTS = "import numpy as np\n\ndef get_inputs():\n    rng = np.random\n    return [{}]\n\n"
INTEGERS = "rng.randint(0, 100, (8, 16)).astype(np.int32)"
VECTOR = "rng.standard_normal(6).astype(np.float32)"
SPREAD = "def f(x, i):\n    out = np.zeros(9, x.dtype)\n    {}\n    return out\n"
# Inputs, the reference, a candidate, and what is found.
JUDGED = {
    "bits cut off": (
        INTEGERS,
        "def f(x):\n    return x.sum(1)\n",
        "def f(x):\n    return x.astype(np.int8).sum(1)\n",
        "range",
    ),
    "integers in another order": (
        INTEGERS,
        "def f(x):\n    return x.sum(1) * 3\n",
        "def f(x):\n    return (3 * x[:, ::-1]).sum(1)\n",
        "",
    ),
    "an overflow of the reference's": (
        INTEGERS.replace("int32", "int16"),
        "def f(x):\n    return x * x\n",
        "def f(x):\n    return np.clip(x.astype(int) ** 2, 0, 32767).astype(np.int16)\n",
        "",
    ),
    "indices that are the same": (
        f"{VECTOR}, rng.permutation(9)[:6]",
        SPREAD.format("np.add.at(out, i, x)"),
        SPREAD.format("out[i] += x"),
        "value",
    ),
    "indices in order": (
        f"{VECTOR}, np.sort(rng.permutation(9)[:6] // 2)",
        SPREAD.format("np.add.at(out, i, x)"),
        SPREAD.format("at = np.flatnonzero(np.diff(i, prepend=-1)); out[i[at]] = np.add.reduceat(x, at)"),
        "",
    ),
    "indices of each": (
        "rng.standard_normal((6, 4)).astype(np.float32), rng.permutation(6)",
        "def f(x, i):\n    return x[i]\n",
        "def f(x, i):\n    out = np.zeros_like(x)\n    out[np.argsort(i)] = x\n    return out\n",
        "",
    ),
    "indices that are none of the table's": (
        "rng.standard_normal((9, 4)).astype(np.float32), rng.randint(0, 9, 6)",
        "def f(x, i):\n    return x[i]\n",
        "def f(x, i):\n    assert i.min() >= 0 and i.max() < 9\n    return x.take(i, 0)\n",
        "",
    ),
    "a mask of all": (
        "rng.standard_normal((6, 8)).astype(np.float32), rng.standard_normal((6, 8)) > 0",
        "def f(x, m):\n    return np.where(m, x, 0).sum(1)\n",
        "def f(x, m):\n    return np.array([np.sum(a[b]) if b.any() else a[0] for a, b in zip(x, m)])\n",
        "value",
    ),
}


@pytest.mark.parametrize("case", JUDGED)
def test_integers_are_varied_within_what_they_may_be(tmp_path, case):
    """Permuted, all equal, and larger where nothing is looked up by them."""
    inputs, reference, candidate, kind = JUDGED[case]
    start = INPUTS.format(inputs)
    (account,) = judged(tmp_path, f"import numpy as np\n\n{candidate}", start + reference).values()
    assert [*account.findings] == [kind] * bool(kind), account
    assert account.problems > 3
    if "standard_normal" not in inputs:
        assert account.dtypes == [inputs.rpartition("np.")[2][:5]]


def test_no_call_is_counted_twice(tmp_path):
    """Of inputs that are always the same, and have nothing to vary."""
    reference = INPUTS.format("3, 'same'") + "def f(x, y):\n    return float(x)\n"
    (account,) = judged(tmp_path, "def f(x, y):\n    return 1.0 * x\n", reference).values()
    assert (account.problems, account.dtypes) == (1, [])


ROWS = INPUTS.format("rng.standard_normal((6, 8)).astype(np.float32)") + "def f(x):\n    return x.sum(1)\n"


def test_a_dtype_is_told_where_an_answer_was_compared(tmp_path):
    """And a dtype is refused in the given shape, or not at all."""
    (account,) = judged(tmp_path, "def f(x):\n    assert x.dtype == 'f4'\n    return x.sum(1)\n", ROWS).values()
    assert not account.findings
    assert account.dtypes == ["float32"]
    assert "it takes none in float64: AssertionError, in line 2" in account.notes.values()
    counted = account.problems
    (account,) = judged(tmp_path, "def f(x):\n    assert x.shape[1] == 8\n    return x.sum(1)\n", ROWS).values()
    assert not account.findings
    assert {"float32", "float64", "float16"} <= {*account.dtypes}
    assert counted > 15
    assert [*account.notes.values()] == ["it takes none of another shape: AssertionError, in line 2"]
