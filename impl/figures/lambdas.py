"""Ridge regression as λ grows: what becomes of the coefficients, and how λ is chosen."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

import shrinkage as impl

from ._paper import WHITE, apart, in_axes, inks, paper, sheet

MOST_NAMES = 8  # beside curves; more would cover them


@paper()
def ridge_along_lambda(
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    lams: ArrayLike | None = None,
    *,
    names: Sequence[str] | None = None,
    impl: Any = impl,
) -> Figure:
    """(XᵀX + λI)⁻¹Xᵀy, σ²/(σ²+λ), Σ σ²/(σ²+λ), and the error that GCV and LOO expect, along λ.

    Parameters
    ----------
    X, y
        The problem, ``(n, d)`` and ``(n,)``; by default 14 noisy samples with singular values from 10 down to 0.05.
    lams
        Where the curves are computed, positive and ascending; by default four decades to each side of 1.
    names
        What the d coefficients are called.
    impl
        Offers `ridge_path`, `ridge_filter_factors`, `ridge_dof`, `ridge_gcv`, `ridge_loo`, `lstsq` and `squared_norm`.

    Returns
    -------
    Figure
        Four panels over the same λ, with what each tends to as λ → 0 and as λ → ∞ at its edges, and the two minima in
        all of them. The singular values are NumPy's: the contract has no function for them.
    """
    X, y = _problem() if X is None or y is None else (np.asarray(X, float), np.asarray(y, float))
    lams = np.logspace(-4, 4, 161) if lams is None else np.asarray(lams, float)
    s = np.linalg.svd(X, compute_uv=False)
    figure = sheet(11, 8)
    panels = figure.subplots(2, 2, sharex=True)
    panels[0, 0].set(xscale="log", xlim=(lams[0], lams[-1]))
    _coefficients(panels[0, 0], X, y, lams, names or [f"$w_{{{j}}}$" for j in range(1, X.shape[1] + 1)], impl)
    _filters(panels[0, 1], s, lams, impl)
    _freedom(panels[1, 0], X, lams, impl)
    minima = _errors(panels[1, 1], X, y, lams, impl)
    for axes in panels.ravel():
        axes.set_xlabel("λ    (◁: λ → 0,  ▷: λ → ∞)")
        for lam, line in zip(minima, ("-", "--"), strict=True):
            axes.axvline(lam, color="0.55", lw=0.9, ls=line, zorder=0, label="_minimum")
    return figure


def _limits(axes: Axes, zero: ArrayLike, infinity: ArrayLike) -> None:
    """A triangle at the left edge for each limit as λ → 0, at the right edge as λ → ∞."""
    for edge, marker, values in ((0.0, "<", zero), (1.0, ">", infinity)):
        values = np.atleast_1d(values)
        style: dict[str, Any] = {"color": "black", "mfc": "white", "ms": 7, "ls": "", "clip_on": False, "zorder": 5}
        axes.plot(np.full(values.shape, edge), values, marker, transform=axes.get_yaxis_transform(), **style)


def _coefficients(axes: Axes, X: np.ndarray, y: np.ndarray, lams: np.ndarray, names: Sequence[str], impl: Any) -> None:
    path = impl.ridge_path(X, y, lams)
    for w, name, ink in zip(path.T, names, inks(path.shape[1]), strict=True):
        axes.plot(lams, w, label=name, **ink)
    axes.axhline(0, color="0.75", lw=0.8, zorder=0)
    _limits(axes, impl.lstsq(X, y), 0.0)
    axes.set(title="Coefficients: ◁ least squares, ▷ zero", ylabel="coefficient")
    named = np.argsort(-abs(path[0]))[:MOST_NAMES]
    places = in_axes(axes, [(lams[0], path[0, j]) for j in named])[:, 1]
    for j, height in zip(named, apart(places, 0.055), strict=True):
        axes.text(0.04, height, names[j], transform=axes.transAxes, va="center", bbox=WHITE)


def _filters(axes: Axes, s: np.ndarray, lams: np.ndarray, impl: Any) -> None:
    """A curve for each singular value. Half of its direction is kept at λ = σ², and there stands its name."""
    factors = np.array([impl.ridge_filter_factors(s, lam) for lam in lams])
    for i, (curve, ink) in enumerate(zip(factors.T, inks(s.size), strict=True)):
        axes.plot(lams, curve, label=f"σ = {s[i]:.2g}", **ink)
    axes.axhline(0.5, color="0.75", lw=0.8, zorder=0)
    _limits(axes, impl.ridge_filter_factors(s, 0.0), 0.0)
    axes.set(title="Filter factors: half of a direction is kept at λ = σ²", ylabel="σ²/(σ²+λ)")
    room = (lams[-1] / lams[0]) ** 0.095  # for a name, as a ratio of λ
    free = lams[-1]
    for sigma in s:
        if lams[0] < sigma**2 < free:
            axes.text(sigma**2, 0.5, f"σ = {sigma:.2g}", ha="center", va="center", bbox=WHITE, fontsize=8)
            free = sigma**2 / room


def _freedom(axes: Axes, X: np.ndarray, lams: np.ndarray, impl: Any) -> None:
    axes.plot(lams, impl.ridge_dof(X, lams), color="black", lw=1.8, label="degrees of freedom")
    rank = impl.ridge_dof(X, [0.0])
    _limits(axes, rank, 0.0)
    axes.set(title=f"Degrees of freedom: ◁ the rank, {rank[0]:.0f}, ▷ 0", ylabel="Σ σ²/(σ²+λ)")


def _errors(axes: Axes, X: np.ndarray, y: np.ndarray, lams: np.ndarray, impl: Any) -> tuple[float, float]:
    """GCV and LOO with their minima; where these are."""
    minima = []
    curves = (("GCV", impl.ridge_gcv, "-", "o"), ("LOO", impl.ridge_loo, "--", "s"))
    for name, error, line, marker in curves:
        values = error(X, y, lams)
        best = int(np.nanargmin(values))
        minima.append(float(lams[best]))
        label = f"{name}, least at λ = {lams[best]:.3g}"
        axes.plot(lams, values, ls=line, marker=marker, markevery=[best], color="black", lw=1.6, ms=8, label=label)
    zero = [error(X, y, [0.0])[0] for _, error, *_ in curves]
    _limits(axes, zero, impl.squared_norm(y) / y.size)
    axes.margins(y=0.12)
    axes.set(title="Expected error: ◁ least squares', ▷ ‖y‖²/n", ylabel="mean squared error", yscale="log")
    axes.legend(loc="best", frameon=True, framealpha=1, edgecolor="none", handlelength=4)
    return minima[0], minima[1]


def _problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    U = np.linalg.qr(rng.standard_normal((14, 6)))[0]
    V = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    X = U * [10, 3, 1, 0.4, 0.15, 0.05] @ V.T
    return X, X @ V @ [1, -1, 1, 1, 0.5, 0.5] + 0.2 * rng.standard_normal(14)
