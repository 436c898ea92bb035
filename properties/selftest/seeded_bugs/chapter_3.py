"""Bugs in ridge regression: the forms, the objective, the posterior."""

from .bug import seeded

BUGS = [
    *seeded(
        "ridge",
        ridge_objective={
            "λ doubled": ("y, w)), _penalty(w, lam))", "y, w)), _penalty(w, 2 * lam))"),
            "halved": ("return np.ldexp(F, k)", "return np.ldexp(F, k - 1)"),
            "a mean over samples": ("return np.ldexp(F, k)", "return np.ldexp(F, k) / len(X)"),
            "the penalty is that of the first target": (
                "y, w)), _penalty(w, lam))",
                "y, w)), _penalty(w if w.ndim == 1 else w[:, :1], lam))",
            ),
            "squares overflow": (
                "F, k = join(square_sum(*residual(X, y, w)), _penalty(w, lam))",
                "F, k = np.sum((y - X @ w) ** 2) + lam * np.sum(w**2), 0",
            ),
        },
        ridge_jacobian={
            "the data pulls the other way": ("(-(r @ F), p + k)", "(r @ F, p + k)"),
            "the 2 is missing": ("np.ldexp(J, power + 1)", "np.ldexp(J, power)"),
            "a column": ("np.ldexp(J, power + 1)[None, :]", "np.ldexp(J, power + 1)[:, None]"),
            "1% in every entry": ("np.ldexp(J, power + 1)", "1.01 * np.ldexp(J, power + 1)"),
            "√λ for λ": ("mu, e = np.frexp(lam)\n    J", "mu, e = np.frexp(lam**0.5)\n    J"),
        },
        ridge_normal={
            "λ doubled": ("X.T @ X + lam *", "X.T @ X + 2 * lam *"),
            "λ squared": ("X.T @ X + lam *", "X.T @ X + lam**2 *"),
            "λ times n": ("X.T @ X + lam *", "X.T @ X + len(X) * lam *"),
            "the last feature is not penalised": (
                "X.T @ X + lam * _eye(X.T)",
                "X.T @ X + lam * np.diag(np.arange(X.shape[1], 0, -1) > 1)",
            ),
            "1e-6 is added to the diagonal to be safe": (
                "X.T @ X + lam * _eye(X.T)",
                "X.T @ X + (lam + X.dtype.type(1e-6)) * _eye(X.T)",
            ),
            "λ = 0 is taken": (
                'mu, excess = relative(positive("lam", lam), k, X.dtype)',
                'mu, excess = relative(not_negative("lam", lam), k, X.dtype)',
            ),
        },
        ridge_svd={
            "σ for σ²": ("(s / (s**2 + lam))) @ (U.T @ y)", "(s / (s + lam))) @ (U.T @ y)"),
            "filter factors": ("(s / (s**2 + lam))) @ (U", "(s**2 / (s**2 + lam))) @ (U"),
            "right for a square matrix only": ("np.linalg.svd(X, full_matrices=False)", "np.linalg.svd(X)"),
            "all targets have the answer of the first": (
                "lam))) @ (U.T @ y)",
                "lam))) @ (U.T @ (y if y.ndim == 1 else y[:, [0] * y.shape[1]]))",
            ),
            "the SVD is made of the eigenvectors of XᵀX": (
                "U, s, Vt = np.linalg.svd(X, full_matrices=False)",
                "e, V = np.linalg.eigh(X.T @ X)\n"
                "    s = np.sqrt(np.maximum(e, np.finfo(X.dtype).tiny))\n"
                "    U, Vt = X @ V / s, V.T",
            ),
            "small singular values are cut off though λ > 0": (
                "(s / (s**2 + lam))) @ (U.T @ y)",
                "(s / (s**2 + lam) * (s > 1e-5 * np.max(s, initial=0)))) @ (U.T @ y)",
            ),
        },
        ridge_map={
            "√λ for λ": (
                "X, y, lam, unscale = _problem(X, y, lam)\n    precision",
                "X, y, lam, unscale = _problem(X, y, lam)\n    lam = np.sqrt(lam)\n    precision",
            ),
            "without the prior": ("precision = _eye(X.T) + X.T", "precision = X.T"),
            "the prior's variance is 2": ("precision = _eye(X.T)", "precision = _eye(X.T) / 2"),
        },
        ridge_augmented_rows={
            "λ for √λ": ("[X, np.sqrt(lam) * _eye(X.T)]", "[X, lam * _eye(X.T)]"),
            "fake targets are 1": ("np.zeros((X.shape[1],", "np.ones((X.shape[1],"),
            "one fake row too few": ("unscale(_solve(rows, targets))", "unscale(_solve(rows[:-1], targets[:-1]))"),
            "at a tiny λ the fake rows are cut off": (
                "return unscale(_solve(rows, targets))",
                "return unscale(np.linalg.lstsq(rows, targets, rcond=1e-4)[0])",
            ),
        },
        ridge_augmented_columns={
            "λ for √λ": ("np.sqrt(lam) * _eye(X)]", "lam * _eye(X)]"),
            "the first n entries": ("y)[: X.shape[1]]", "y)[: X.shape[0]]"),
            "the last d entries": ("y)[: X.shape[1]]", "y)[X.shape[0] :]"),
        },
        ridge_kernel={
            "λ is added to every entry": ("X @ X.T + lam * _eye(X)", "X @ X.T + lam"),
            "λ doubled": ("X @ X.T + lam * _eye(X)", "X @ X.T + 2 * lam * _eye(X)"),
            "the transpose is missing, which a symmetric matrix does not show": (
                "unscale(X.T @ np.linalg.solve(X @ X.T + lam * _eye(X), y))",
                "unscale((X if len(X) == len(X.T) else X.T) @ np.linalg.solve(X @ X.T + lam * _eye(X), y))",
            ),
        },
        ridge={
            "λ doubled": (
                "F, g, mu, unscale = _problem(X, y, lam)\n    n, d",
                "F, g, mu, unscale = _problem(X, y, 2 * lam)\n    n, d",
            ),
            "at λ = 0 a small one": ("        return lstsq(X, y)", "        lam = 1e-10"),
            "always by the normal equations": ("1) < 10 * mu:", "1) < np.inf:"),
            "by the normal equations up to a condition of 1e9": ("1) < 10 * mu:", "1) < 1e9 * mu:"),
            "wide: λ is forgotten": (
                "+ mu * _eye(F.T if n >= d else F)",
                "+ mu * _eye(F.T if n >= d else F) * (n >= d)",
            ),
            "wide: the dual variables of the first target for all": (
                "else F.T @ np.linalg.solve(M, g))",
                "else F.T @ np.linalg.solve(M, g if g.ndim == 1 else g[:, [0] * g.shape[1]]))",
            ),
            "in float32 from 100 features up": (
                "    return ridge_svd(X, y, lam)\n",
                "    return ridge_svd(np.float32(X) if np.shape(X)[1] > 100 else X, y, lam)\n",
            ),
            "a negative λ is taken": ('if not_negative("lam", lam) == 0:\n', "if float(lam) <= 0:\n"),
        },
        ridge_posterior={
            "λ is missing": ("np.sqrt(mu / (s**2 + mu))", "np.sqrt(1 / (s**2 + mu))"),
            "wide: no prior in the null space": ("np.zeros((max(d - n, 0), d)", "np.zeros((0, d)"),
            "standard deviations": ("Vt.T * np.sqrt(mu / (s**2 + mu))", "Vt.T * (mu / (s**2 + mu)) ** 0.25"),
            "in the basis of the singular vectors": ("root @ root.T", "root.T @ root"),
            "1% too wide": ("lam), root @ root.T", "lam), root.dtype.type(1.01) * (root @ root.T)"),
            "the mean of 2y": ("return ridge_svd(X, y, lam), root", "return 2 * ridge_svd(X, y, lam), root"),
        },
        ridge_log_posterior={
            "not halved": ("-np.ldexp(F, k - 1)", "-np.ldexp(F, k)"),
            "the wrong sign": ("-np.ldexp(F, k - 1)", "np.ldexp(F, k - 1)"),
            "λ in front of the prior": ("_penalty(w, 1.0)", "_penalty(w, lam)"),
            "λ = 0 is taken": ('np.frexp(positive("lam", lam))', 'np.frexp(not_negative("lam", lam))'),
        },
        ridge_batch={
            "the targets of the first problem": ("ridge(X[i], y[i], value)", "ridge(X[i], y[0], value)"),
            "the λ of the first problem": ("ridge(X[i], y[i], value)", "ridge(X[i], y[i], lams[0])"),
            "values of λ are sorted": (
                'lams = [not_negative("lam", value) for value in rest[0]]',
                'lams = sorted(not_negative("lam", value) for value in rest[0])',
            ),
            "λ doubled where there is one for each": (
                'not_negative("lam", value) for value in rest[0]]',
                'not_negative("lam", 2 * value) for value in rest[0]]',
            ),
        },
    ),
    *seeded(
        "_scaling",
        ridge_svd={
            "where λ is far beyond X, w does not shrink any more": ("max(power - high, 0)", "0"),
        },
    ),
]
