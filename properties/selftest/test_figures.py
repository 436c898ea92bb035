"""What the figures say: every curve, mark and number, held against the contract's functions and the formulas."""

import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import shrinkage as own
from shrinkage import figures
from shrinkage.contract import CONTRACT
from shrinkage.figures._paper import INKS
from shrinkage.figures.step import FOUR_CASES
from shrinkage.loader import load
from shrinkage.properties.engine.settings import given

pytestmark = pytest.mark.power

draw: Any = figures  # what is in a drawing has too many types to name them
SMALL_MAP: Any = {"weight_scales": [0.05, 0.2, 0.8], "learning_rates": [0.1, 1.0], "hidden_dims": ((20,), (20, 20))}
DRAWN: dict[str, Callable[..., Any]] = {
    "relu_step": draw.relu_step,
    "elbows_in_training": draw.elbows_in_training,
    "ridge_along_lambda": draw.ridge_along_lambda,
    "ridge_readings": draw.ridge_readings,
    "trainability_map": lambda **named: draw.trainability_map(**SMALL_MAP, epochs=2, **named),
    "optimiser_paths": draw.optimiser_paths,
}
every_figure = pytest.mark.parametrize("name", DRAWN)
EIGHTHS = st.integers(-24, 24).map(lambda i: i / 8)


def lines(axes: Any, label: str) -> Iterator[np.ndarray]:
    """The points of all lines whose label begins so, a row each."""
    return (np.asarray(line.get_xydata()) for line in axes.lines if str(line.get_label()).startswith(label))


def line(axes: Any, label: str) -> np.ndarray:
    """The points of the only one."""
    (points,) = lines(axes, label)
    return points


def words(axes: Any) -> str:
    """Everything that is written in a panel."""
    legend = axes.get_legend()
    texts = [*axes.texts, *(legend.get_texts() if legend else [])]
    return "\n".join([axes.get_title(loc="left"), *(text.get_text() for text in texts)])


def printed(value: Any) -> str:
    """As a person would write it, with two digits and a minus that is one."""
    return f"{abs(value):.2f}" if abs(value) < 0.005 else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


# ---- a unit and its step ---------------------------------------------------------------------------------------------


def check_step(axes: Any, x: float, y: float, w: float, b: float, lr: float) -> None:
    """One panel against the functions of chapter 4."""
    step = own.relu_unit_step(x, y, w, b, lr)
    old, new = own.elbow(w, b), own.elbow(*step)
    for label, parameters in (("before", (w, b)), ("after", step)):
        curve = line(axes, label)
        np.testing.assert_array_equal(curve[:, 1], own.relu_unit(curve[:, 0], *parameters))
    np.testing.assert_array_equal(line(axes, "_elbow before"), [[old, 0]])
    np.testing.assert_array_equal(line(axes, "_elbow after"), [[new, 0]])
    np.testing.assert_array_equal(line(axes, "_sample"), [[x, y]])
    assert axes.get_ylim()[0] < y < axes.get_ylim()[1]
    np.testing.assert_array_equal(line(axes, "_residual"), [[x, y], [x, own.relu_unit(x, w, b)]])
    said = words(axes)
    assert f"before, slope {printed(w)}" in said
    assert f"after, slope {printed(step[0])}" in said
    assert f"φ − y = {printed(own.relu_unit(x, w, b) - y)}" in said
    arrows = [text for text in axes.texts if text.get_label() == "_move"]
    if old == new:
        assert f"elbow {printed(old)}" in said.splitlines()
    elif w == step[0] == 0:
        assert "elbow" not in said
    else:
        assert f"elbow {'none' if w == 0 else printed(old)} → {'none' if step[0] == 0 else printed(new)}" in said
    if np.isfinite(old + new) and old != new:
        assert [(arrow.xyann, arrow.xy) for arrow in arrows] == [((old, 0), (new, 0))]
    else:
        assert not arrows


def test_a_step_is_drawn_as_it_is_computed_in_all_four_cases() -> None:
    """Lines, elbows, arrow and numbers are those of relu_unit_step and elbow; without a gradient nothing moves."""
    panels = draw.relu_step(lr=0.3).axes
    assert [words(axes).partition(":")[0] for axes in panels] == [
        "φ(x) = 0",
        "w, x > 0",
        "w > 0, x < 0",
        "w < 0, x > 0",
    ]
    assert all("φ − y = 1.00" in words(axes) for axes in panels)
    assert "nothing moves" in words(panels[0])
    for axes, case in zip(panels, FOUR_CASES, strict=True):
        check_step(axes, *case, lr=0.3)


@settings(max_examples=15)
@given(x=EIGHTHS, y=EIGHTHS, w=EIGHTHS, b=EIGHTHS)
def test_any_step_is_drawn_as_it_is_computed(x: float, y: float, w: float, b: float) -> None:
    """Also without an elbow, and where the step turns the line round; what the title says of the move is so."""
    (axes,) = draw.relu_step([(x, y, w, b)], lr=0.25).axes
    check_step(axes, x, y, w, b, 0.25)
    old, new = own.elbow(w, b), own.elbow(*own.relu_unit_step(x, y, w, b, 0.25))
    if old != new and np.isfinite(old + new):
        assert f"elbow to the {'right' if new > old else 'left'}" in words(axes)


# ---- elbows in training ----------------------------------------------------------------------------------------------


def test_elbows_wander_as_in_one_run_of_sgd() -> None:
    """The paths are those of relu_network_sgd without a stop, the functions those at the chosen epochs."""
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-1, 1, (2, 12))
    start = rng.standard_normal((5, 1)), rng.standard_normal(5), rng.standard_normal((1, 5))
    left, *right = draw.elbows_in_training(x, y, start, 0.05, (2, 7, 30)).axes
    elbows = own.relu_network_sgd(x, y, *start, 0.05, 30)[3]
    for path, expected in zip(lines(left, "_elbow"), elbows.T, strict=True):
        np.testing.assert_array_equal(path, np.column_stack([expected, np.arange(31)]))
    low, high = left.get_xlim()
    for epoch, axes in zip((2, 7, 30), right, strict=True):
        *trained, _ = own.relu_network_sgd(x, y, *start, 0.05, epoch)
        curve = line(axes, "what the network has learned")
        np.testing.assert_array_equal(curve[:, 1], own.relu_network(curve[:, 0], *trained))
        np.testing.assert_array_equal(line(axes, "samples"), np.column_stack([x, y]))
        inside = [j for j in range(5) if low <= elbows[epoch, j] <= high]
        assert f"epoch {epoch}, {5 - len(inside)} elbows outside" in words(axes)
        for sign, label in ((1, "elbow, its unit on to the right"), (-1, "to the left")):
            at = [elbows[epoch, j] for j in inside if np.sign(trained[0][j, 0]) == sign]
            np.testing.assert_array_equal(line(axes, label)[:, 0], at)
            np.testing.assert_array_equal(line(axes, label)[:, 1], own.relu_network(np.array(at), *trained))


# ---- ridge along λ ---------------------------------------------------------------------------------------------------

LAMS = np.logspace(-3, 3, 25)


def a_problem(n: int = 9, d: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A random one, with noise of a third of the signal."""
    rng = np.random.default_rng(n + d)
    X = rng.standard_normal((n, d)) * np.arange(1, d + 1)
    return X, X.sum(axis=1) + rng.standard_normal(n)


@pytest.mark.parametrize(("n", "d"), [(9, 3), (4, 6)], ids=["tall", "wide"])
def test_curves_along_lambda_are_the_formulas(n: int, d: int) -> None:
    """Coefficients are those of ridge, filter factors σ²/(σ²+λ), and degrees of freedom their sum."""
    X, y = a_problem(n, d)
    coefficients, filters, freedom, _ = draw.ridge_along_lambda(X, y, LAMS).axes
    for j, curve in enumerate(lines(coefficients, "$w_")):
        np.testing.assert_array_equal(curve[:, 0], LAMS)
        np.testing.assert_allclose(curve[:, 1], [own.ridge(X, y, lam)[j] for lam in LAMS], rtol=1e-9)
    s = np.linalg.svd(X, compute_uv=False)
    curves = list(lines(filters, "σ = "))
    for sigma, curve in zip(s, curves, strict=True):
        np.testing.assert_allclose(curve, np.column_stack([LAMS, sigma**2 / (sigma**2 + LAMS)]), rtol=1e-12)
    np.testing.assert_allclose(line(freedom, "degrees")[:, 1], sum(curve[:, 1] for curve in curves), rtol=1e-9)


def test_names_of_singular_values_stand_where_half_is_kept() -> None:
    """At λ = σ², in the middle of their curves."""
    X, y = a_problem()
    filters = draw.ridge_along_lambda(X, y, LAMS).axes[1]
    named = {text.get_text(): text.get_position() for text in filters.texts}
    assert named
    s = {f"σ = {sigma:.2g}": sigma for sigma in np.linalg.svd(X, compute_uv=False)}
    for name, (lam, height) in named.items():
        assert lam == pytest.approx(s[name] ** 2)
        assert height == 0.5


def test_the_minima_of_gcv_and_loo_are_marked() -> None:
    """At the argmin of ridge_gcv and of ridge_loo, named with its λ, and by a line through all four panels."""
    X, y = a_problem()
    panels = draw.ridge_along_lambda(X, y, LAMS).axes
    minima = []
    for name, error in (("GCV", own.ridge_gcv), ("LOO", own.ridge_loo)):
        values = error(X, y, LAMS)
        (curve,) = (line for line in panels[3].lines if str(line.get_label()).startswith(name))
        np.testing.assert_array_equal(curve.get_ydata(), values)
        assert curve.get_markevery() == [int(np.argmin(values))]
        minima.append(LAMS[np.argmin(values)])
        assert f"{name}, least at λ = {minima[-1]:.3g}" in words(panels[3])
    for axes in panels:
        assert [points[0, 0] for points in lines(axes, "_minimum")] == minima


def test_limits_are_drawn_at_the_edges() -> None:
    """On the left least squares, 1, the rank and its errors; on the right 0, 0, 0 and ‖y‖²/n."""
    X, y = a_problem()
    coefficients, filters, freedom, errors = draw.ridge_along_lambda(X, y, LAMS).axes
    expected: list[tuple[Any, Any, float]] = [
        (coefficients, np.linalg.lstsq(X, y)[0], 0),
        (filters, np.ones(3), 0),
        (freedom, [3], 0),
        (errors, [own.ridge_gcv(X, y, [0])[0], own.ridge_loo(X, y, [0])[0]], y @ y / 9),
    ]
    for axes, zero, infinity in expected:
        edges = [line for line in axes.lines if line.get_marker() in ("<", ">")]
        assert [line.get_marker() for line in edges] == ["<", ">"]
        np.testing.assert_array_equal(edges[0].get_xdata(), np.zeros(len(zero)))
        np.testing.assert_allclose(edges[0].get_ydata(), zero, rtol=1e-9)
        np.testing.assert_array_equal(edges[1].get_xdata(), [1])
        np.testing.assert_allclose(edges[1].get_ydata(), [infinity], rtol=1e-12)


# ---- the five readings -----------------------------------------------------------------------------------------------


def panel(figure: Any, title: str) -> Any:
    """The one whose title begins so."""
    (axes,) = (axes for axes in figure.axes if axes.get_title(loc="left").startswith(title))
    return axes


@pytest.mark.parametrize("lam", [0.2, 1.0, 5.0])
def test_all_five_readings_have_the_same_answer(lam: float) -> None:
    """The stars stand at ridge(X, y, λ), every title has it, and what is fake makes up for the rest of y."""
    X, y = a_problem(6, 2)
    figure = draw.ridge_readings(X, y, lam)
    w = own.ridge(X, y, lam)
    for number in "12345":
        assert f"({printed(w[0])}, {printed(w[1])})" in panel(figure, number).get_title(loc="left")
    for number in "134":
        np.testing.assert_allclose(line(panel(figure, number), "_answer"), [w], rtol=1e-9)
    real, fake = panel(figure, "5").containers[:2]
    np.testing.assert_allclose([bar.get_height() for bar in real], X @ w, rtol=1e-9)
    np.testing.assert_allclose([bar.get_y() + bar.get_height() for bar in fake], y, rtol=1e-9)
    s = np.linalg.svd(X, compute_uv=False)
    points = np.concatenate(list(lines(panel(figure, "2"), "_shifted")))
    np.testing.assert_allclose(points, np.column_stack([s, s / (s**2 + lam)]), rtol=1e-12)


@pytest.mark.parametrize("lam", [0.02, 1.0, 50.0])
def test_the_ellipses_of_loss_and_prior_touch_at_the_map(lam: float) -> None:
    """There their gradients are equal and opposite, as the arrows are, and no point of the one is inside the other."""
    X, y = a_problem(6, 2)
    axes = panel(draw.ridge_readings(X, y, lam), "3")
    (w,) = line(axes, "_answer")
    loss, prior = own.ridge_jacobian(X, y, w, 0.0)[0], lam * own.squared_norm_jacobian(w)[0]
    np.testing.assert_allclose(loss, -prior, rtol=1e-9)
    pulls = {text.get_label(): np.subtract(text.xy, text.xyann) for text in axes.texts}
    to_loss, to_prior = pulls["_pull of the loss"], pulls["_pull of the prior"]
    np.testing.assert_allclose(to_loss, -to_prior, rtol=1e-9)
    np.testing.assert_allclose(to_loss / np.linalg.norm(to_loss), -loss / np.linalg.norm(loss), rtol=1e-9)
    near = 2e-2 * np.ptp(axes.get_xlim())
    outlines = {lines.get_label(): lines.get_paths()[0].vertices for lines in axes.collections}
    for label in ("_loss", "_prior"):
        assert np.linalg.norm(outlines[label] - w, axis=1).min() < near
    assert np.linalg.norm(outlines["_loss"], axis=1).min() == pytest.approx(np.linalg.norm(w), abs=near / 10)
    losses = [own.ridge_objective(X, y, point, 0.0) for point in outlines["_prior"]]
    assert min(losses) == pytest.approx(own.ridge_objective(X, y, w, 0.0), rel=1e-2)


def test_only_two_features_can_be_drawn() -> None:
    """Another X is refused with its shape."""
    with pytest.raises(ValueError, match=r"X must be \(n, 2\).* but its shape is \(9, 3\)"):
        draw.ridge_readings(*a_problem())


# ---- trainability ----------------------------------------------------------------------------------------------------


def test_each_cell_of_the_map_is_the_net_with_its_scale_and_rate() -> None:
    """Scale across, rate up; the dots are on the cells from the threshold on, and the share in the title is theirs."""
    scales, rates = np.array([0.01, 0.1, 1.0]), np.array([0.2, 2.0])

    def accuracy(layers: int, scale: float, rate: float) -> float:
        return min(1.0, scale * rate * layers / 3)

    class Solver:
        def __init__(self, model: Any, data: Any, *, optim_config: Any, **_: Any) -> None:
            final = accuracy(model.layers, model.scale, optim_config["learning_rate"])
            self.train_acc_history = [0.5, final]

        def train(self) -> None:
            pass

    def net(hidden_dims: Any, *, weight_scale: float, **_: Any) -> Any:
        return SimpleNamespace(layers=len(hidden_dims) + 1, scale=weight_scale)

    fake = SimpleNamespace(FullyConnectedNet=net, Solver=Solver)
    drawn = draw.trainability_map(scales[::-1], rates, threshold=0.1, impl=fake)
    for layers, axes in zip((3, 5), drawn.axes, strict=False):
        (mesh,) = axes.collections
        corners, values = mesh.get_coordinates(), np.asarray(mesh.get_array())
        expected = np.array([[accuracy(layers, scale, rate) for scale in scales] for rate in rates])
        for (row, column), value in np.ndenumerate(values):
            (left, bottom), (right, top) = corners[row, column], corners[row + 1, column + 1]
            ((j,),) = np.nonzero((left < scales) & (scales < right))
            ((i,),) = np.nonzero((bottom < rates) & (rates < top))
            assert value == expected[i, j]
        learned = expected >= 0.1
        dots = {(scale, rate) for scale, rate in line(axes, "_learned")}
        assert dots == {(scales[j], rates[i]) for i, j in np.argwhere(learned)}
        assert words(axes) == f"{layers} layers: {learned.mean():.0%} learn, {learned.sum()} of 6"


def test_the_map_is_of_the_final_accuracy_of_plain_sgd() -> None:
    """As FullyConnectedNet and Solver give it, with one seed for all."""
    rng = np.random.default_rng(6)
    data = {"X_train": rng.standard_normal((12, 5)), "y_train": np.arange(12) % 3}
    data |= {"X_val": data["X_train"][:3], "y_val": data["y_train"][:3]}
    drawn = draw.trainability_map([0.1, 0.7], [0.05, 0.5], [(8,)], data, epochs=4, batch_size=5, seed=3)
    values = np.asarray(drawn.axes[0].collections[0].get_array())
    for i, rate in enumerate((0.05, 0.5)):
        for j, scale in enumerate((0.1, 0.7)):
            net = own.FullyConnectedNet([8], input_dim=5, num_classes=3, weight_scale=scale, seed=3)
            config = {"learning_rate": rate}
            solver = own.Solver(net, data, "sgd", config, batch_size=5, num_epochs=4, verbose=False, seed=3)
            solver.train()
            assert values[i, j] == solver.train_acc_history[-1]


# ---- optimisers ------------------------------------------------------------------------------------------------------

RULES = {"sgd": {"learning_rate": 0.4}, "sgd_momentum": {"learning_rate": 0.1}, "adam": {"learning_rate": 0.05}}


def test_the_losses_of_each_rule_are_those_of_the_solver() -> None:
    """On whole batches, from the same start for every rule."""
    rng = np.random.default_rng(7)
    X, y = rng.standard_normal((20, 3)), np.arange(20) % 4
    _, right = draw.optimiser_paths(X, y, (6,), RULES, steps=12, weight_scale=0.3, seed=2).axes
    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
    for rule, config in RULES.items():
        net = own.FullyConnectedNet([6], input_dim=3, num_classes=4, weight_scale=0.3, seed=2)
        solver = own.Solver(net, data, rule, config, batch_size=20, num_epochs=13, verbose=False)
        solver.train()
        (curve,) = (line for line in right.lines if line.get_label() == rule)
        np.testing.assert_array_equal(curve.get_ydata(), solver.loss_history)


def test_paths_keep_their_distances_where_a_plane_holds_them() -> None:
    """Two classes and one input: W and b move against each other, so that all paths lie in one plane, undistorted."""
    rng = np.random.default_rng(8)
    X, y = rng.standard_normal((15, 1)), np.arange(15) % 2
    left, _ = draw.optimiser_paths(X, y, (), RULES, steps=9, seed=1).axes
    shares = re.findall(r"(\d+)%", f"{left.get_xlabel()} {left.get_ylabel()}")
    assert sum(map(int, shares)) in (99, 100, 101)
    drawn: list[np.ndarray] = []
    true: list[np.ndarray] = []
    for rule, config in RULES.items():
        net = own.FullyConnectedNet([], input_dim=1, num_classes=2, weight_scale=0.5, seed=1)
        configs: dict[str, Any] = {"W1": config, "b1": config}
        for _ in range(10):
            true.append(np.concatenate([net.params["W1"].ravel(), net.params["b1"]]))
            _, gradients = net.loss(X, y)
            for name, gradient in gradients.items():
                net.params[name], configs[name] = getattr(own, rule)(net.params[name], gradient, configs[name])
        drawn.extend(next(lines(left, rule)))
    for i, j in combinations(range(len(true)), 2):
        assert np.linalg.norm(drawn[i] - drawn[j]) == pytest.approx(np.linalg.norm(true[i] - true[j]), abs=1e-9)


def test_a_rule_that_diverges_ends_where_it_does() -> None:
    """The others are drawn all the same."""
    rules = {"sgd": {"learning_rate": 1e200}, "adam": {"learning_rate": 0.05}}
    with np.errstate(all="ignore"):
        _, right = draw.optimiser_paths(rules=rules, steps=20).axes
    lengths = [len(line.get_ydata()) for line in right.lines]
    assert lengths[0] < lengths[1] == 21


# ---- all of them -----------------------------------------------------------------------------------------------------


class Recording:
    """Another implementation, which remembers what it was asked for."""

    def __init__(self) -> None:
        self._behind, self.asked = load(["numpy"]), set[str]()

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
        return getattr(self._behind, name)


@every_figure
def test_another_implementation_is_drawn_by_its_own_functions(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is asked for is in the contract, and is what the docstring says; ours is not touched."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("drawn with the wrong implementation")

    for function in CONTRACT:
        monkeypatch.setattr(own, function, refuse)
    other = Recording()
    DRAWN[name](impl=other)
    assert other.asked <= set(CONTRACT)
    documented = re.search(r"    impl\n +Offers (.*?)\.\n", str(getattr(figures, name).__doc__), re.DOTALL)
    assert documented
    assert other.asked == set(re.findall(r"`(\w+)`", documented[1]))


@every_figure
def test_every_axis_is_labelled_and_no_text_covers_another(name: str) -> None:
    """By default; what follows a contour is at an angle, and left out."""
    figure = DRAWN[name]()
    figure.draw_without_rendering()
    for axes in figure.axes:
        assert axes.get_ylabel()
        assert axes.get_xlabel() or axes.get_label() == "<colorbar>"
    renderer = FigureCanvasAgg(figure).get_renderer()
    titles = [axes._left_title for axes in figure.axes]
    texts = [text for axes in figure.axes for text in axes.texts if not text.get_rotation()]
    seen = [text for text in [*titles, *texts] if text.get_text() and text.get_visible()]
    for a, b in combinations(seen, 2):
        boxes = [Text.get_window_extent(text, renderer) for text in (a, b)]  # of the words, not of an arrow
        assert not boxes[0].padded(-1).overlaps(boxes[1].padded(-1)), f"{a.get_text()!r} covers {b.get_text()!r}"


@every_figure
def test_the_users_own_settings_neither_change_a_figure_nor_are_changed(name: str) -> None:
    """Black paper elsewhere is white here, and is black again afterwards."""
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30}):
        figure = DRAWN[name]()
        assert mpl.rcParams["font.size"] == 30
    for axes in figure.axes:
        assert mpl.colors.to_hex(axes.get_facecolor()) == "#ffffff"
        assert axes.xaxis.label.get_fontsize() == 9


def test_curves_can_be_told_apart_without_colour() -> None:
    """There are as many kinds of line as there are inks, and beside each other none occurs twice."""
    assert len({str(line) for line, _ in INKS}) == len(INKS)
    for axes in draw.ridge_along_lambda().axes[:2]:
        kinds = [str(line._dash_pattern) for line in axes.lines if str(line.get_label()).startswith(("$w_", "σ"))]
        assert len(kinds) == len(set(kinds)) == 6
    for axes in draw.optimiser_paths(steps=3).axes:
        markers = [line.get_marker() for line in axes.lines if str(line.get_label()) in RULES]
        assert len(markers) == len(set(markers)) == 3


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence, on import."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "shrinkage.figures")
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module("shrinkage.figures")
    assert str(caught.value) == "shrinkage.figures needs matplotlib: pip install 'shrinkage[figures]' brings it."


def test_importing_impl_does_not_import_matplotlib() -> None:
    """Whoever only computes does not wait for it."""
    code = "import sys, impl; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert not set(figures.__all__) & set(own.__all__)
