"""Bugs in ridge regression, continued: the spectrum, many λ, the choice of λ."""

from .bug import seeded

BUGS = [
    *seeded(
        "spectrum",
        ridge_inverse_singular_values={
            "right but for sizes whose squares overflow": (
                "np.where(t < 1, small, np.where(s > 0, large, 0))",
                "np.where(s > 0, s / (s**2 + lam), 0)",
            ),
            "NaN at σ = λ = 0": ("np.where(t < 1, small, np.where(s > 0, large, 0))", "np.where(t < 1, small, large)"),
            "the filter is forgotten above √λ": ("large = 0.5 / (s / 2 + lam / s / 2)", "large = 1 / s"),
        },
        ridge_filter_factors={
            "of √σ": ("np.where(t < 1, t**2 / (1 + t**2),", "np.where(t < 1, t / (1 + t),"),
            "what is filtered out": ("np.where(t < 1, t**2 / (1 + t**2),", "np.where(t < 1, 1 / (1 + t**2),"),
            "σ is sorted first": (
                "    s, t, _ = _singular_values(s, lam)",
                "    s, t, _ = _singular_values(-np.sort(-np.asarray(s)), lam)",
            ),
            "1 at σ = λ = 0": ("np.where(s > 0, 1 / (1 + 1 / t**2), 0)", "np.where(s > 0, 1 / (1 + 1 / t**2), 1)"),
        },
        ridge_path={
            "values of λ are sorted": (
                "for i, lam in enumerate(lams):\n        mu, excess = relative(lam, k, X.dtype)\n        inverse",
                "for i, lam in enumerate(np.sort(lams)):\n"
                "        mu, excess = relative(lam, k, X.dtype)\n        inverse",
            ),
            "a λ that comes twice is left out the second time": (
                "for i, lam in enumerate(lams):\n        mu, excess = relative(lam, k, X.dtype)\n        inverse",
                "w[:] = 0\n    for i, lam in enumerate(lams):\n        if lam in lams[:i]:\n            continue\n"
                "        mu, excess = relative(lam, k, X.dtype)\n        inverse",
            ),
            "nothing is cut off at λ = 0": ("np.where(kept(s, X.shape), 1 / s, 0)", "(1 / s)"),
            "every target has the scale of the first": ("z).T, c - k - excess)", "z).T, np.ravel(c)[:1] - k - excess)"),
            "σ for σ²": ("inverse = s / (s**2 + mu) if lam", "inverse = s / (s + mu) if lam"),
            "1% off at λ = 0": ("1 / s, 0).astype(s.dtype)", "1.01 / s, 0).astype(s.dtype)"),
            "a hundred directions are enough": ("    z = (U.T @ g).T\n", "    z = (U.T @ g).T\n    z[..., 100:] = 0\n"),
        },
        ridge_dof={
            "at λ = 0 what is above 0 counts": ("else np.sum(kept(s, X.shape))", "else np.sum(s > 0)"),
            "at λ = 0 the number of features": ("else np.sum(kept(s, X.shape))", "else X.shape[1]"),
            "σ for σ²": ("np.sum(s**2 / (s**2 + mu))", "np.sum(s / (s + mu))"),
            "tr H²": ("np.sum(s**2 / (s**2 + mu))", "np.sum((s**2 / (s**2 + mu)) ** 2)"),
            "λ is not scaled with X": (
                "dof[i] = np.ldexp(np.sum(s**2 / (s**2 + mu)), -excess)",
                "dof[i] = np.sum(s**2 / (s**2 + lam))",
            ),
            "a hundred directions are enough": (
                "    s = np.linalg.svd(F, compute_uv=False)\n",
                "    s = np.linalg.svd(F, compute_uv=False)[:100]\n",
            ),
        },
        ridge_gcv={
            "without n": ("np.ldexp(n * R, power)", "np.ldexp(R, power)"),
            "tall: only the column space has a trace": ("(outside + np.sum(left))", "np.sum(left)"),
            "tall: no residual outside the column space": ("(rest + U @ (left * z))", "(U @ (left * z))"),
            "wide: 0/0 at λ = 0": ("left = (s[-1] ** 2 + mu) / (s**2 + mu)", "left = mu / (s**2 + mu)"),
            "n minus the degrees of freedom twice over": ("(outside + np.sum(left))", "(outside + np.sum(left**2))"),
            "at λ = 0 nothing is cut off": (
                "mu / (s**2 + mu) if lam else np.where(keep, 0, 1)",
                "mu / (s**2 + mu) if lam else np.where(s > 0, 0, 1)",
            ),
            "√ of it": ("gcv[i] = np.ldexp(n * R, power)", "gcv[i] = np.sqrt(np.ldexp(n * R, power))"),
            "a hundred directions are enough": (
                "    z = U.T @ g\n    outside",
                "    z = U.T @ g\n    z[100:] = 0\n    outside",
            ),
        },
        ridge_loo={
            "a sum": ("np.ldexp(R / n, power)", "np.ldexp(R, power)"),
            "divided by n − 1": ("np.ldexp(R / n, power)", "np.ldexp(R / max(n - 1, 1), power)"),
            "no sample is left out": ("(g - hat @ g) / left", "(g - hat @ g)"),
            "the short formula at leverage 1": ("if lam == 0 or left[i] < 0.1:", "if left[i] < 0:"),
            "the short formula near leverage 1": ("if lam == 0 or left[i] < 0.1:", "if lam == 0:"),
            "refits see the sample that they leave out": (
                "ridge(np.delete(X, i, axis=0), np.delete(y, i), lam)",
                "ridge(X, y, lam)",
            ),
            "the λ of the first for all": (
                "for j, lam in enumerate(lams if n else []):\n        mu, _",
                "for j, lam in enumerate(lams[:1].repeat(len(lams)) if n else []):\n        mu, _",
            ),
            "of 256 rows at a time, the second block has the errors of the first": (
                "errors = np.ldexp((g - hat @ g) / left, c)",
                "errors = np.ldexp((g - hat @ g) / left, c)\n        errors[256:] = errors[: max(n - 256, 0)]",
            ),
        },
    ),
    *seeded(
        "ridge",
        ridge_batch={
            "of sixteen problems at a time, all have the λ of the first sixteen": (
                "        w[i] = ridge(X[i], y[i], value)",
                "        w[i] = ridge(X[i], y[i], lams[i % 16])",
            ),
        },
    ),
]
