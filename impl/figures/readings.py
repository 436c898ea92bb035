"""The five readings of ridge regression, on a problem with two features, so that w is a point on the paper."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

import shrinkage as impl

from ._paper import WHITE, paper, point, said, sheet

HALF = 35  # points to each side of a minimum


@paper()
def ridge_readings(
    X: ArrayLike | None = None, y: ArrayLike | None = None, lam: float = 1.0, *, impl: Any = impl
) -> Figure:
    """(XᵀX + λI)⁻¹Xᵀy as an optimum, by shifted singular values, as MAP, by fake data and by fake features.

    Parameters
    ----------
    X, y
        The problem, ``(n, 2)`` and ``(n,)``; by default five noisy samples.
    lam
        λ > 0.
    impl
        Offers `ridge_normal`, `ridge_svd`, `ridge_map`, `ridge_augmented_rows`, `ridge_augmented_columns`,
        `ridge_objective`, `ridge_jacobian`, `ridge_inverse_singular_values`, `ridge_path`, `lstsq`, `min_norm`,
        `squared_norm` and `squared_norm_jacobian`.

    Returns
    -------
    Figure
        A panel for each reading, with its own answer in the title; the large one is MAP, where an ellipse of the loss
        touches a circle of the prior. The singular values are NumPy's: the contract has no function for them.

    Raises
    ------
    ValueError
        X has not two columns.
    """
    X, y = _problem() if X is None or y is None else (np.asarray(X, float), np.asarray(y, float))
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"X must be (n, 2), for w to be drawn as a point, but its shape is {X.shape}")
    figure = sheet(14, 7)
    panels = figure.subplot_mosaic([["map", "map", "optimum", "shift"], ["map", "map", "data", "features"]])
    lengths = np.append(impl.lstsq(X, y), 0.0)
    margin = 0.35 * (np.ptp(lengths) or 1.0)
    middle, half = (lengths.max() + lengths.min()) / 2, np.ptp(lengths) / 2 + margin
    for name in ("map", "optimum", "data"):
        panels[name].set(xlim=(middle - half, middle + half), ylim=(middle - half, middle + half), aspect="equal")
        panels[name].set(xlabel="$w_1$", ylabel="$w_2$")
    _map(panels["map"], X, y, lam, impl)
    _optimum(panels["optimum"], X, y, lam, impl)
    _shift(panels["shift"], X, y, lam, impl)
    _data(panels["data"], X, y, lam, impl)
    _features(panels["features"], X, y, lam, impl)
    figure.suptitle(f"Ridge regression in five readings, λ = {lam:.3g}: one answer", fontsize=12)
    return figure


def _surface(axes: Axes, of: Any, least: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A function of w over the panel, the closer the nearer to its minimum, so that small ellipses are smooth, too."""
    t = np.linspace(0, 1, HALF + 1) ** 2
    w1, w2 = (
        np.concatenate([at - (at - low) * t[:0:-1], at + (high - at) * t])
        for at, (low, high) in zip(least, (axes.get_xlim(), axes.get_ylim()), strict=True)
    )
    return w1, w2, np.array([[float(of(np.array([a, b]))) for a in w1] for b in w2])


def _star(axes: Axes, w: np.ndarray) -> None:
    axes.plot(*w, "*", color="black", mec="white", ms=17, ls="", zorder=6, label="_answer")


def _map(axes: Axes, X: np.ndarray, y: np.ndarray, lam: float, impl: Any) -> None:
    """The touch, and the two gradients there: equal and opposite."""
    w, best, origin = impl.ridge_map(X, y, lam), impl.lstsq(X, y), (0.0, 0.0)
    terms: tuple[tuple[str, str, Callable[[Any], Any], Any, str], ...] = (
        ("loss", "‖y − Xw‖²", lambda v: impl.ridge_objective(X, y, v, 0.0), best, "solid"),
        ("prior", "λ‖w‖²", lambda v: lam * impl.squared_norm(v), origin, "dashed"),
    )
    for name, formula, of, least, line in terms:
        w1, w2, values = _surface(axes, of, least)
        low, touch = values.min(), float(of(w))
        levels = [at for at in low + np.array([0.3, 2, 4]) * (touch - low) if low < at < values.max()]
        axes.contour(w1, w2, values, levels, colors="0.65", linewidths=0.8, linestyles=line)
        axes.contour(w1, w2, values, [touch], colors="black", linewidths=1.8, linestyles=line).set_label(f"_{name}")
        axes.plot([], [], color="black", lw=1.8, ls=line, label=f"{name} {formula} = {touch:.3g}")
    path = impl.ridge_path(X, y, lam * np.logspace(-5, 5, 201))
    axes.plot(*path.T, ":", color="black", lw=1.2, zorder=1, label="_path")
    pulls = np.array([-impl.ridge_jacobian(X, y, w, 0.0)[0], -lam * impl.squared_norm_jacobian(w)[0]])
    scale = 0.25 * np.ptp(axes.get_xlim()) / (np.linalg.norm(pulls, axis=1).max() or 1.0)
    for name, pull in zip(("loss", "prior"), scale * pulls, strict=True):
        style = {"arrowstyle": "-|>", "lw": 2, "color": "black", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 16}
        axes.annotate("", w + pull, w, arrowprops=style, label=f"_pull of the {name}")
        right = pull[0] >= 0 or name == "prior"
        side: dict[str, Any] = {"ha": "left", "xytext": (12, -4)} if right else {"ha": "right", "xytext": (-12, -4)}
        axes.annotate(f"the {name} pulls", w + pull, textcoords="offset points", bbox=WHITE, **side)
    axes.legend(loc="lower right", frameon=True, framealpha=1, edgecolor="none", handlelength=3)
    _star(axes, w)
    for place, marker, text in ((best, "s", "least squares, λ → 0"), (origin, "o", "prior's mean, λ → ∞")):
        axes.plot(*place, marker, color="black", mfc="white", ms=8, ls="", zorder=5)
        axes.annotate(text, place, (9, -4), textcoords="offset points", va="top", bbox=WHITE)
    axes.set_title(
        f"3 · MAP {point(w)}: an ellipse of the loss touches a circle of the prior,\nand the two pull equally hard"
    )


def _optimum(axes: Axes, X: np.ndarray, y: np.ndarray, lam: float, impl: Any) -> None:
    w = impl.ridge_normal(X, y, lam)
    w1, w2, values = _surface(axes, lambda v: impl.ridge_objective(X, y, v, lam), w)
    low = values.min()
    levels = low + (values.max() - low) * np.array([0.01, 0.04, 0.09, 0.16, 0.25, 0.36, 0.5])
    lines = axes.contour(w1, w2, values, levels, colors="0.35", linewidths=0.9)
    axes.clabel(lines, levels[1::2], fmt="%.3g", fontsize=7)
    _star(axes, w)
    axes.set_title(f"1 · optimisation {point(w)}:\nleast ‖y − Xw‖² + λ‖w‖²")


def _shift(axes: Axes, X: np.ndarray, y: np.ndarray, lam: float, impl: Any) -> None:
    """1/σ and what ridge has instead, with arrows at the two singular values."""
    s = np.linalg.svd(X, compute_uv=False)
    sigma = np.linspace(0, 1.25 * s[0], 301)[1:]
    inverse = impl.ridge_inverse_singular_values(s, lam)
    axes.plot(sigma, 1 / sigma, "--", color="0.35", lw=1.2, label="1/σ, least squares")
    axes.plot(sigma, impl.ridge_inverse_singular_values(sigma, lam), color="black", lw=1.8, label="σ/(σ²+λ), ridge")
    for value, to in zip(s, inverse, strict=True):
        axes.annotate("", (value, to), (value, 1 / value), arrowprops={"arrowstyle": "-|>", "color": "black"})
        axes.plot(value, to, "o", color="black", ms=5, label="_shifted")
    axes.set(xlim=(0, sigma[-1]), ylim=(0, 1.15 / s[-1]), xlabel="singular value σ", ylabel="what Uᵀy is multiplied by")
    axes.set_xticks(s, [f"σ = {said(value)}" for value in s])
    axes.legend(loc="upper right")
    axes.set_title(f"2 · shifted singular values {point(impl.ridge_svd(X, y, lam))}:\nV diag(σ/(σ²+λ)) Uᵀy")


def _data(axes: Axes, X: np.ndarray, y: np.ndarray, lam: float, impl: Any) -> None:
    """Every sample is a line in the plane of w, and so is every fake one: √λ w₁ = 0 and √λ w₂ = 0."""
    fake = np.sqrt(lam) * np.eye(2)
    heaviest = np.linalg.norm(np.vstack([X, fake]), axis=1).max()
    for rows, targets, line, name in ((X, y, "-", "samples"), (fake, np.zeros(2), "--", "fake")):
        for i, (row, target) in enumerate(zip(rows, targets, strict=True)):
            weight = np.linalg.norm(row)
            if weight:
                ink = {"color": "black" if name == "fake" else "0.5", "ls": line, "lw": 0.4 + 2 * weight / heaviest}
                foot, along = row * target / weight**2, np.array([-row[1], row[0]])
                axes.axline(foot, foot + along, zorder=1, label=f"_{name}" if i else name, **ink)
    w = impl.ridge_augmented_rows(X, y, lam)
    _star(axes, w)
    axes.set_title(f"4 · fake data {point(w)}:\nXw = y and √λ w = 0, thicker weighs more")
    axes.legend(loc="lower right", frameon=True, framealpha=1, edgecolor="none")


def _features(axes: Axes, X: np.ndarray, y: np.ndarray, lam: float, impl: Any) -> None:
    """Each target in two parts: what the features give, and what the fake one of this sample has to add."""
    n = y.size
    eta = impl.min_norm(np.hstack([X, np.sqrt(lam) * np.eye(n)]), y)
    w = impl.ridge_augmented_columns(X, y, lam)
    real, added = X @ w, np.sqrt(lam) * eta[2:]
    samples = np.arange(1, n + 1)
    axes.bar(samples, real, color="0.75", edgecolor="black", label="Xw")
    axes.bar(samples, added, bottom=real, color="white", edgecolor="black", hatch="////", label="√λ ξ, fake")
    axes.plot(samples, y, "D", color="black", ms=6, ls="", label="y")
    axes.axhline(0, color="black", lw=0.8)
    axes.set(xlabel="sample", ylabel="target")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="best")
    axes.set_title(f"5 · fake features {point(w)}:\nthe shortest (w, ξ) with Xw + √λ ξ = y")


def _problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    turn = np.array([[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]])
    X = np.linalg.qr(rng.standard_normal((5, 2)))[0] * [2.2, 0.9] @ turn
    return X, X @ [1.0, 2.0] + 0.2 * rng.standard_normal(5)
