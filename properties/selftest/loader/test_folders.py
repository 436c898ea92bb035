"""Folders as they are handed in: found, imported as their modules import each other; what is broken costs itself."""

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from shrinkage.contract import CONTRACT
from shrinkage.loader import Choice, WrongChoice, load
from shrinkage.loader.profiles import names, profile
from shrinkage.properties.selftest.own_pytest import ROOT

pytestmark = pytest.mark.power

HANDED_IN = ROOT / "properties" / "examples" / "assignment2"
ALL = 17  # functions that a course's assignment has


def handed_in(folder: Path, *changes: tuple[str, str, str], inside: str = "cs231n") -> str:
    """A copy of the right one: in each file that is named, a piece is put in the place of another."""
    shutil.copytree(HANDED_IN / "cs231n", folder / inside)
    for file, old, new in changes:
        path = folder / inside / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
    return str(folder)


@pytest.mark.parametrize("inside", ["cs231n", "assignment2/cs231n", "hw 2/work.d/cs231n", "."])
def test_a_package_is_found_wherever_it_lies(tmp_path, inside):
    """Nested, or without the package's own folder, and with modules missing that nobody needs: all is offered."""
    ada = tmp_path / "ada"
    if inside == ".":
        shutil.copytree(HANDED_IN / "cs231n", ada)
    else:
        handed_in(ada, inside=inside)
    found = load([str(ada)])
    assert len(found.offered) == ALL
    assert found.lost == {}
    assert found.course is profile("cs231n")
    assert found.notes == ["Judged as CS231n (Stanford) hands it out: --profile cs231n."]


@pytest.mark.parametrize(
    "style",
    ["from {}.layers import *", "from layers import *", "import {0}.layers as own\nglobals().update(vars(own))"],
)
def test_modules_find_each_other_however_they_are_named(tmp_path, style):
    """By the package's name, by their own, or relatively, also where all files were put into one folder."""
    ada = Path(handed_in(tmp_path / "ada", ("classifiers/fc_net.py", "from ..layers import *", style.format("cs231n"))))
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in ada.rglob("*.py"):
        if path.name != "__init__.py":
            shutil.copy(path, flat)
    for folder in (ada, flat):
        found = load([str(folder)])
        assert len(found.offered) == ALL
        scores = found.TwoLayerNet(input_dim=2, hidden_dim=3, num_classes=4).loss(np.ones((5, 2)))
        assert scores.shape == (5, 4)


def test_one_student_s_modules_are_not_another_s(tmp_path):
    """Two folders with modules of the same names, in one process: each has its own."""
    mistaken = ("layers.py", "out = np.maximum(0, x)", "out = np.maximum(1, x)")
    ada, bob = handed_in(tmp_path / "ada"), handed_in(tmp_path / "bob", mistaken)
    first, second = load([ada]), load([bob])
    forward = (np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1))
    assert (first.affine_relu_forward(*forward)[0], second.affine_relu_forward(*forward)[0]) == (0, 1)
    assert "cs231n" not in sys.modules


def test_what_is_no_python_costs_itself(tmp_path):
    """A file with a syntax error is told with its line, what it defines is lost, and the rest is offered."""
    ada = handed_in(
        tmp_path / "ada", ("optim.py", "def rmsprop(w, dw, config=None):", "def rmsprop(w, dw, config=None)")
    )
    found = load([ada])
    assert [*found.lost] == ["sgd", "sgd_momentum", "rmsprop", "adam"]
    assert len(found.offered) == ALL - 4
    (said,) = {*found.lost.values()}
    assert said == "cs231n/optim.py, line 27 is no Python (expected ':'): def rmsprop(w, dw, config=None)."
    with pytest.raises(ImportError, match="optim"):
        found.Solver(None, {"X_train": 0, "y_train": 0, "X_val": 0, "y_val": 0})


def test_what_fails_on_import_costs_itself(tmp_path):
    """A module that raises is told with the line, and again where it is used; what nobody has need not be there."""
    ada = handed_in(
        tmp_path / "ada", ("layer_utils.py", "def affine_relu_forward", "x = undefined\n\n\ndef affine_relu_forward")
    )
    found = load([ada])
    assert [*found.lost] == ["affine_relu_forward", "affine_relu_backward"]
    assert re.search(r"layer_utils.py failed on import: NameError: .* in line 5\.$", found.lost["affine_relu_forward"])
    with pytest.raises(ImportError, match=r"affine_relu_forward could not be imported .*layer_utils"):
        found.TwoLayerNet(2, 3, 4).loss(np.ones((5, 2)))


def test_what_a_notebook_leaves_behind_does_not_matter(tmp_path):
    """Magic commands, and modules of Python 2 or of the course that are not installed."""
    left = (
        "%load_ext autoreload\n%autoreload 2\n!pip install past\nget_ipython().run_line_magic('matplotlib', 'inline')\n"
    )
    ada = handed_in(tmp_path / "ada", ("classifiers/fc_net.py", "import numpy as np", f"import numpy as np\n{left}"))
    assert len(load([ada]).offered) == ALL


def test_a_function_is_judged_where_it_is_defined(tmp_path):
    """Not where it is handed on; of two definitions it is said which."""
    ada = handed_in(tmp_path / "ada")
    Path(ada, "cs231n", "a_copy.py").write_text(
        "from .optim import sgd\n\ndef adam(w, dw, config=None):\n    return w, {}\n"
    )
    found = load([ada])
    assert found.sgd.__module__.endswith("cs231n.optim")
    assert found.notes[0] == "adam: judged as in cs231n/a_copy.py, not as in cs231n/optim.py."


def test_another_function_of_the_same_name_is_not_judged(tmp_path):
    """An older course's net, which is made from other arguments, is told and left out."""
    ada = handed_in(
        tmp_path / "ada", ("classifiers/fc_net.py", "input_dim=3 * 32 * 32, hidden_dim=100", "input_size, hidden_size")
    )
    found = load([ada])
    assert "TwoLayerNet" not in found.offered
    assert "cs231n/classifiers/fc_net.py is another one than TwoLayerNet(" in found.notes[0]


def test_a_folder_without_python_is_refused(tmp_path):
    """One sentence, and for one that defines nothing what there is."""
    with pytest.raises(WrongChoice, match=r"is a folder without a \.py file\.$"):
        load([str(tmp_path)])
    (tmp_path / "notes.py").write_text("def affine_forward(x, w, b:\n    return x\n")
    with pytest.raises(WrongChoice, match=r"^notes\.py, line 1 is no Python .* offers no function"):
        load([str(tmp_path)])


# ---- profiles --------------------------------------------------------------------------------------------------------

VELOCITY = 'v = config["momentum"] * v - config["learning_rate"] * dw\n    next_w = w + v'
BERKELEY = 'v = config["momentum"] * v + dw\n    next_w = w - config["learning_rate"] * v'


@pytest.mark.parametrize("form", [VELOCITY, BERKELEY], ids=["with the rate", "without"])
def test_either_form_of_momentum_takes_the_same_steps(tmp_path, form):
    """The course's v ← μv + dw, w ← w − lr·v gives the contract's bits, its velocity included, step after step."""
    ada = handed_in(tmp_path / "ada", ("optim.py", VELOCITY, form))
    course = load(Choice((ada,), profile="cs182"))
    rule, contract = course.sgd_momentum, load(["numpy"]).sgd_momentum
    rng, config, own = np.random.default_rng(0), None, None
    w = v = rng.standard_normal(5)
    for _ in range(7):
        dw = rng.standard_normal(5)
        w, config = contract(w, dw, config)
        v, own = rule(v, dw, own)
        np.testing.assert_array_equal(v, w)
        np.testing.assert_array_equal(own["velocity"], config["velocity"])
        assert own["learning_rate"] == config["learning_rate"]


def test_what_a_course_works_on_in_place_is_copied(tmp_path):
    """Its sgd leaves w as it was, and its gradient check is silent."""
    found = load([handed_in(tmp_path / "ada")])
    w = np.ones(2)
    assert (found.sgd(w, w)[0] == 0.99).all()
    assert (w == 1).all()


def test_profiles_are_data():
    """Each speaks of functions of the contract, and of claims that there are."""
    assert names() == ["cs182", "cs231n"]
    claims = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "properties").glob("test_*.py"))
    for course in map(profile, names()):
        assert {*course.copies, *course.velocities, *course.without, *course.none, *course.given} <= {*CONTRACT}
        tests = [*course.asks, *(row.claim for row in course.departs)]
        assert all(f"def {test.split('[')[0]}(" in claims for test in tests if test.startswith("test_"))


def test_the_contract_itself_is_a_profile_as_well(tmp_path):
    """With it a course's folder is judged as anybody's is."""
    found = load(Choice((handed_in(tmp_path / "ada"),), profile="contract"))
    assert found.course is None
    assert found.notes == []
