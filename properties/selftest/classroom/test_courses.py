"""Solutions by a course's own rules: a right one has every point in its profile, and each public mistake is named."""

from typing import Any

import pytest

from shrinkage.loader import Choice, Implementation, load
from shrinkage.properties.engine.falsify import FEW, MANY, as_asked, refute
from shrinkage.properties.selftest.loader.test_folders import BERKELEY, VELOCITY, handed_in

pytestmark = pytest.mark.power

NET, LAYERS, OPTIM, SOLVER = "classifiers/fc_net.py", "layers.py", "optim.py", "solver.py"
LOSS = "loss = -np.sum(log_probs[np.arange(N), y]) / N"
MISTAKES: dict[str, Any] = {
    "only the last layer is regularised": (
        "FullyConnectedNet",
        (NET, "loss += 0.5 * self.reg * np.sum(W * W)", "loss += 0.5 * self.reg * np.sum(W * W) * (i == L)"),
        (NET, "dw + self.reg * W", "dw + self.reg * W * (i == L)"),
    ),
    "the penalty is counted twice": (
        "FullyConnectedNet",
        (NET, "loss += 0.5 * self.reg * np.sum(W * W)", "loss += self.reg * np.sum(W * W)"),
    ),
    "ReLU'(0) = 1": ("relu_backward", (LAYERS, "dout * (x > 0)", "dout * (x >= 0)")),
    "softmax without shift": (
        "softmax_loss",
        (LAYERS, "shifted_logits = x - np.max(x, axis=1, keepdims=True)", "shifted_logits = x"),
    ),
    "softmax with a floor": (
        "softmax_loss",
        (LAYERS, LOSS, "loss = -np.sum(np.log(probs[np.arange(N), y] + 1e-8)) / N"),
    ),
    "softmax clipped": (
        "softmax_loss",
        (LAYERS, LOSS, "loss = -np.sum(np.log(np.clip(probs[np.arange(N), y], 1e-12, 1))) / N"),
    ),
    "no correction for bias": ("adam", (OPTIM, "mt / (np.sqrt(vt)", 'config["m"] / (np.sqrt(config["v"])')),
    "ε under the root": (
        "adam",
        (OPTIM, 'mt / (np.sqrt(vt) + config["epsilon"])', 'mt / np.sqrt(vt + config["epsilon"])'),
    ),
    "the bias's gradient is a row": (
        "affine_backward",
        (LAYERS, "db = np.sum(dout, axis=0)", "db = np.sum(dout, axis=0, keepdims=True)"),
    ),
    "dout is overwritten": ("relu_backward", (LAYERS, "dx = dout * (x > 0)", "dx = dout\n    dx[x <= 0] = 0")),
    "ReLU of NaN is 0": ("relu_forward", (LAYERS, "out = np.maximum(0, x)", "out = np.where(x > 0, x, 0)")),
    "the last iteration is never the last, nor the end of an epoch": (
        "Solver",
        (SOLVER, "last_it = t == num_iterations - 1", "last_it = t == num_iterations + 1"),
        (SOLVER, "epoch_end = (t + 1) % iterations_per_epoch", "epoch_end = t > 0 and t % iterations_per_epoch"),
    ),
}


def refuted(implementation: Implementation, *functions: str, tries: tuple[int, ...] = (FEW, MANY)) -> tuple[str, ...]:
    """Whom a claim about these functions, or all, refutes that the course asks: of mathematics or by its name."""
    wanted = functions or None
    if (found := refute(implementation, wanted, marks=("mathematics",), tries=tries)) is not None:
        return found.blamed
    assert implementation.course is not None
    named = [asked for asked in implementation.course.asks if asked.startswith("test_")]
    found = refute(implementation, wanted, marks=("interface",), among=named, tries=tries)
    return found.blamed if found else ()


def test_a_right_solution_has_every_point_in_its_profile(tmp_path):
    """By the starter's rules: sgd in place, no seed, no accuracy of 1,001 rows, a gradient check that prints."""
    assert refuted(load([handed_in(tmp_path / "ada")]), tries=as_asked()) == ()


@pytest.mark.parametrize("form", [VELOCITY, BERKELEY], ids=["with the rate", "without"])
def test_either_form_of_momentum_has_its_points_where_the_course_has_either(tmp_path, form):
    """CS182's notebook certifies v ← μv + dw, and some of its years the contract's."""
    ada = handed_in(tmp_path / "ada", (OPTIM, VELOCITY, form))
    assert refuted(load(Choice((ada,), profile="cs182")), "sgd_momentum", "Solver", tries=as_asked()) == ()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_public_mistake_is_refuted_by_what_the_course_asks(tmp_path, mistake):
    """And put down to the function it is in."""
    function, *changes = MISTAKES[mistake]
    assert function in refuted(load([handed_in(tmp_path / "ada", *changes)]), function)


def test_an_iteration_that_is_never_the_last_may_be_harmless(tmp_path):
    """Where every epoch has whole steps, the last one ends an epoch: the starter's own slip changes nothing."""
    slip = (SOLVER, "last_it = t == num_iterations - 1", "last_it = t == num_iterations + 1")
    assert refuted(load([handed_in(tmp_path / "ada", slip)]), "Solver", tries=as_asked()) == ()


def test_the_other_form_of_momentum_is_wrong_where_the_course_has_its_own(tmp_path):
    """CS231n's notebook certifies v ← μv − lr·dw, and no other velocity."""
    ada = handed_in(tmp_path / "ada", (OPTIM, VELOCITY, BERKELEY))
    assert refuted(load([ada]), "sgd_momentum") == ("sgd_momentum",)
