"""What is printed with a finding can be pasted, and shows it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shrinkage.properties.referee import pasted
from shrinkage.properties.referee.device import CPU, LAYOUTS, Array
from shrinkage.properties.referee.problems import Problem, Subject
from shrinkage.properties.referee.trial import Finding
from shrinkage.properties.referee.verdict import Wrong

from . import honest
from .cheats import CHEATS
from .judging import judged

pytestmark = pytest.mark.power

# What is printed of a finding that is not shown by a number.
SAYS = {"late": "False", "over": "False", "changed": "False", "shares": "True", "lazy": "<class 'candidate.Later'>"}
SHOWN = {name: each for name, each in CHEATS.items() if each[0] != "patched" and "_getframe" not in each[1]}


def run(folder: Path, finding: Finding) -> subprocess.CompletedProcess[str]:
    """The code, where the candidate and the reference are."""
    assert finding.call is not None
    code = pasted.lines("candidate.py", str(folder / "reference.py"), folder, finding.wrong, *finding.call)
    command = [sys.executable, "-c", "\n".join(code)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def shows(folder: Path, finding: Finding) -> None:
    """Assert that it is what the finding says."""
    done, wrong = run(folder, finding), finding.wrong
    if wrong.kind == "raises":
        assert wrong.more.partition(", in line")[0] in done.stderr
    elif wrong.kind == "gone":
        assert (done.returncode, done.stdout) == (0, "")
    elif wrong.kind in SAYS:
        assert done.stdout.strip() == SAYS[wrong.kind], done.stderr
    elif wrong.kind in ("form", "dtype"):
        assert done.stdout.strip() == wrong.got, done.stderr
    else:
        printed = float(done.stdout.strip().removeprefix("tensor(").removesuffix(")"))
        assert printed == pytest.approx(float(wrong.got), rel=1e-3, nan_ok=True)
        assert wrong.got != wrong.right


@pytest.mark.parametrize(("kind", "source"), SHOWN.values(), ids=SHOWN)
def test_what_is_printed_of_a_cheat_shows_it(tmp_path, kind, source):
    """With the calls that it takes."""
    (account,) = judged(tmp_path, f"import numpy as np\n{source}").values()
    shows(tmp_path, account.findings[kind])


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_what_is_printed_of_a_model_can_be_pasted(tmp_path, library):
    """With the numbers that it had."""
    pytest.importorskip(library, reason=f"{library} is not installed: its modules cannot run")
    wrong = honest.MODEL_NEW.format(body=honest.LINES["wrong"])
    source, reference = (wrong, honest.MODEL) if library == "numpy" else (honest.UNREAD, honest.NORM)
    (account,) = judged(tmp_path, source, reference).values()
    shows(tmp_path, account.findings["value"])


TORCH = "import torch\n\ndef get_inputs():\n    return [[torch.randn(4, 8), torch.randn(4, 8)]]\n\ndef f(xs):\n    {}\n"
HISTORIES = {
    "over": "global out; out = globals().get('out', torch.empty(4, 8)); "
    "return xs[0] + 1, {'y': torch.add(*xs, out=out)}",
    "late": "y = xs[0] + xs[1] - 1; __import__('threading').Timer(0.01, y.add_, (1,)).start(); "
    "return xs[0] + 1, {'y': y}",
    "changed": "xs[1].add_(1); return xs[0] + 1, {'y': xs[0] + xs[1] - 1}",
    "shares": "return xs[0] + 0, {'y': xs[1]}",
    "earlier": "global known; known = globals().get('known', {}); "
    "return xs[0] + 1, {'y': known.setdefault(xs[1].data_ptr(), xs[0] + xs[1]).clone()}",
}


@pytest.mark.parametrize("kind", HISTORIES)
def test_what_is_printed_of_tensors_in_containers_shows_it(tmp_path, kind):
    """As code that leads to them."""
    pytest.importorskip("torch", reason="torch is not installed: it has no tensors")
    right = "return xs[0] + 1, {'y': xs[0] + xs[1]}"
    (account,) = judged(tmp_path, TORCH.format(HISTORIES[kind]), TORCH.format(right)).values()
    shows(tmp_path, account.findings[kind])


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_printed_as_it_is_placed(tmp_path, layout, library):
    """The same numbers with the same strides, in bfloat16 as well."""
    pytest.importorskip(library, reason=f"{library} is not installed: it has no arrays")
    dtype = "float32" if library == "numpy" else "bfloat16"
    array = Array(np.arange(60, dtype=np.float32).reshape(3, 4, 5), dtype, layout)
    subject, problem = Subject("same", "same", library, [], []), Problem([array], "", dtype)
    path = tmp_path / "candidate.py"
    path.write_text("same = lambda x: x\n")
    code = pasted.lines("candidate.py", str(path), tmp_path, Wrong("value"), subject, problem, {}, 1)
    names: dict[str, Any] = {"same": lambda x: x}
    text = "\n".join(each for each in code if "candidate" not in each).replace("print(same(", "found = (same(")
    exec(text, names)
    printed, placed = names["found"], CPU.place(array, library)
    assert np.array_equal(CPU.fetch(printed).values, array.values)
    strides = [each.strides if library == "numpy" else each.stride() for each in (printed, placed)]
    assert strides[0] == strides[1]
    names["saved"].close()


def test_what_is_elsewhere_is_imported_from_there():
    """From a folder, and of a module by its name."""
    assert pasted._imported("kernel.py", "f") == "from kernel import f"
    assert pasted._imported("a/kernel.py", "f") == "sys.path.insert(0, 'a'); from kernel import f"
    assert pasted._imported("a.b", "f") == "from a.b import f"
