"""Arguments and answers that are not just arrays: containers of them, and what is none."""

import pytest

from .judging import judged

pytestmark = pytest.mark.power

NESTED = """
import numpy as np

def get_inputs():
    rows = [np.random.standard_normal((n, 4)).astype(np.float32) for n in (3, 2)]
    return [rows, {"scale": np.float32(2) * np.ones(4, np.float32), "none": None}, (1, rows[0])]

def joined(xs, options, pair):
    return np.concatenate(xs) * options["scale"] + pair[0] * pair[1].sum()
"""
JOINED = """
import numpy as np

def joined(xs, options, pair):
    assert isinstance(xs, list) and isinstance(options, dict) and isinstance(pair, tuple)
    return np.vstack(xs) * {scale} + pair[1].sum()
"""


@pytest.mark.parametrize(
    ("scale", "kind"), [("options['scale']", ""), ("2", "value"), ("options.pop('scale')", "changed")]
)
def test_arrays_in_containers_are_varied_and_handed_on(tmp_path, scale, kind):
    """As what they were given in; a container is not to be written into, either."""
    (account,) = judged(tmp_path, JOINED.format(scale=scale), NESTED).values()
    assert [*account.findings] == [kind] * bool(kind), account
    assert account.problems > 20


def test_what_no_message_holds_is_told_in_a_sentence(tmp_path):
    """And is nobody's fault."""
    reference = "def get_inputs():\n    return [object()]\n\ndef f(x):\n    return 1.0\n"
    (account,) = judged(tmp_path, "def f(x):\n    return 1.0\n", reference).values()
    (note,) = account.notes.values()
    assert note.endswith("reference.py's get_inputs() gives an object: it may give arrays, numbers and text")


RELU = """
import numpy as np

def get_inputs():
    return [np.random.standard_normal((6, 8)).astype(np.float32)]

def relu(x):
    return np.maximum(x, 0)
"""
BOTH = RELU.replace("return np.maximum(x, 0)", "return {'y': np.maximum(x, 0), 'n': {'x': [x.sum(0), x[0] * 2]}}")
# Of a candidate for the place of relu, and of one of dictionaries: what is said of it.
FORMS = {
    "iter([np.maximum(x, 0)])": "it gives a list iterator where the reference gives a NumPy array",
    "(each for each in x)": "it gives a generator where the reference gives a NumPy array",
    "np.maximum(x, 0).tolist()": "it gives a list where the reference gives a NumPy array",
    "[np.maximum(x, 0)]": "it gives a list where the reference gives a NumPy array",
    "(np.maximum(x, 0), object())": "it gives a tuple with an object in it where the reference gives a NumPy array",
    "'right'": "it gives a str where the reference gives a NumPy array",
    "None": "it gives None where the reference gives a NumPy array",
    "{'y': np.maximum(x, 0)}": "it gives a dict of 'y' where the reference gives a NumPy array",
}
DICTS = {
    "{'n': {'x': [x.sum(0), x[0] * 2]}, 'y': np.maximum(x, 0)}": "",
    "{'n': {'x': [x.sum(0), x[0] * 2]}, 'z': np.maximum(x, 0)}": "it gives a dict of 'n' and 'z' where the reference "
    "gives a dict of 'n' and 'y'",
    "{'n': {'z': [x.sum(0), x[0] * 2]}, 'y': np.maximum(x, 0)}": "it gives ['n']['z'] and ['n']['z'] and ['y'] where "
    "the reference gives ['n']['x'] and ['n']['x'] and ['y']",
    "[np.maximum(x, 0), x.sum(0), x[0] * 2]": "it gives a list where the reference gives a dict of 'n' and 'y'",
}


@pytest.mark.parametrize(("gives", "says"), [*FORMS.items(), *DICTS.items()])
def test_another_form_is_told_in_a_sentence(tmp_path, gives, says):
    """Keys count, and not their order; what has no numbers is no answer."""
    candidate = f"import numpy as np\n\ndef relu(x):\n    return {gives}\n"
    (account,) = judged(tmp_path, candidate, BOTH if gives in DICTS else RELU).values()
    assert [each.wrong.more for each in account.findings.values()] == [says] * bool(says), account
    assert [*account.findings] == ["kind"] * bool(says)


def test_another_shape_is_told_by_the_shapes(tmp_path):
    """Of containers of the same keys, too."""
    (account,) = judged(
        tmp_path, "def relu(x):\n    return x, x, x, x\n", RELU.replace("np.maximum(x, 0)", "x, x")
    ).values()
    wrong = account.findings["form"].wrong
    assert (wrong.more, wrong.right) == ("", "(6, 8) and (6, 8)")


def test_a_tensor_and_an_array_are_not_the_same(tmp_path):
    """The numbers are right, and it is told."""
    pytest.importorskip("torch", reason="torch is not installed: it has no tensors")
    reference = (
        "import torch\n\ndef get_inputs():\n    return [torch.randn(4, 8)]\n\ndef relu(x):\n    return x.relu()\n"
    )
    (account,) = judged(tmp_path, "def relu(x):\n    return x.relu().numpy()\n", reference).values()
    assert not account.findings
    assert account.notes["library"] == "it gives a NumPy array where the reference gives a tensor"
    (account,) = judged(tmp_path, "def relu(x):\n    return x.relu().to_sparse()\n", reference).values()
    assert account.findings["kind"].wrong.more == "it gives a sparse tensor where the reference gives a tensor"


def test_a_reference_that_gives_nothing_to_compare_is_told_of(tmp_path):
    """Nothing can be held to it."""
    (account,) = judged(tmp_path, "def relu(x):\n    return x\n", RELU.replace("np.maximum(x, 0)", "iter(x)")).values()
    (note,) = account.notes.values()
    assert note.endswith("reference.py's relu gives an iterator: nothing can be held to it")


# What is written into the socket, or done to the bench.
NONSENSE = {
    "no number of bytes": "send(b'x' * 64)",
    "nothing": "send(bytes(16))",
    "a list": "send(struct.pack('<QQ', 2, 0) + b'[]')",
    "a message without end": "send(struct.pack('<QQ', 1 << 60, 0))",
    "another answer": "__main__.Bench.call = lambda *_, **__: {'results': 5}",
}


@pytest.mark.parametrize("does", NONSENSE)
def test_nonsense_ends_the_candidate_and_not_the_judge(tmp_path, does):
    """Whoever sends it is told so."""
    candidate = f"""
import __main__
import os
import socket
import struct

def send(what):
    for each in range(3, 64):
        try:
            socket.socket(fileno=os.dup(each)).send(what)
        except OSError:
            pass

def relu(x):
    {NONSENSE[does]}
    return x.clip(0)
"""
    findings = judged(tmp_path, candidate, RELU, seconds=2)["relu"].findings
    says = ("sent what is no answer", "gave no answer within 2 s", "what its process sends is no answer")
    assert any(each.wrong.more.startswith(says) for each in findings.values()), findings
