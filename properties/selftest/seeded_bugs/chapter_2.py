"""Bugs in least squares and minimum norm."""

from .bug import seeded

BUGS = seeded(
    "least_squares",
    pinv={
        "transposed": ("return _pinv(X, rcond)[0]", "return _pinv(X, rcond)[0].T.copy()"),
        "scaled the wrong way": ("keep].T, -k), int(keep.sum())", "keep].T, k), int(keep.sum())"),
        "what counts as zero is counted absolutely": ("return s > rcond * np.max(s, initial=0)", "return s > rcond"),
        "a zero counts": ("return s > rcond * np.max", "return s >= rcond * np.max"),
        "by the shorter side": ("rcond = max(shape)", "rcond = min(shape)"),
        "by one eps": ("rcond = max(shape) * np", "rcond = np"),
        "float32 is cut off as float64 is": ("np.finfo(s.dtype).eps if", "np.finfo(np.float64).eps if"),
        "rcond is ignored": ("return _pinv(X, rcond)[0]", "return _pinv(X, None)[0]"),
        "a negative rcond is taken": ('not_negative("rcond", rcond)', "float(rcond)"),
    },
    left_inverse={
        "never refuses": ("if rank < X.shape[1]:", "if rank < 0:"),
        "a wide matrix of full rank is taken": ("if rank < X.shape[1]:", "if rank < min(X.shape):"),
        "by the normal equations": (
            "inverse, rank = _pinv(X, None)\n    if rank < X.shape[1]:",
            "inverse, rank = _pinv(X, None)\n    if rank == X.shape[1]:\n"
            "        inverse = np.linalg.pinv(X.T @ X, 0) @ X.T\n    if rank < X.shape[1]:",
        ),
        "the refusal does not name X": ("X must have full column rank, but of its", "no full column rank: of its"),
    },
    right_inverse={
        "a tall matrix of full rank is taken": (
            "inverse, rank = _pinv(X, None)\n    if rank < X.shape[0]:",
            "inverse, rank = _pinv(X, None)\n    if rank < min(X.shape):",
        ),
        "by the normal equations": (
            "inverse, rank = _pinv(X, None)\n    if rank < X.shape[0]:",
            "inverse, rank = _pinv(X, None)\n    if rank == X.shape[0]:\n"
            "        inverse = X.T @ np.linalg.pinv(X @ X.T, 0)\n    if rank < X.shape[0]:",
        ),
    },
    lstsq={
        "by the normal equations from 100 columns up": (
            "    return _lstsq(X, y, rcond)[0]",
            "    return np.linalg.solve(X.T @ X, X.T @ y) if len(X) > X.shape[1] > 100 else _lstsq(X, y, rcond)[0]",
        ),
        "rcond is ignored": ("return _lstsq(X, y, rcond)[0]", "return _lstsq(X, y, None)[0]"),
        "of a wide matrix a solution, but not the shortest": (
            "return _lstsq(X, y, rcond)[0]",
            "w = _lstsq(X[:, : len(X)], y, rcond)[0]\n"
            "    return np.concatenate([w, np.zeros((X.shape[1] - len(w), *w.shape[1:]), w.dtype)])",
        ),
        "by the normal equations": ("return _lstsq(X, y, rcond)[0]", "return _pinv(X.T @ X, rcond)[0] @ (X.T @ y)"),
        "y is overwritten with the residual": (
            "return _lstsq(X, y, rcond)[0]",
            "w = _lstsq(X, y, rcond)[0]\n    y -= X @ w\n    return w",
        ),
        "every target has the scale of the first": ("c - k), int(keep.sum())", "np.ravel(c)[:1] - k), int(keep.sum())"),
        "targets are taken one by one only up to the second": (
            "return _lstsq(X, y, rcond)[0]",
            "w = _lstsq(X, y, rcond)[0]\n    if w.ndim == 2:\n        w[:, 2:] = w[:, :1]\n    return w",
        ),
    },
    min_norm={
        "a tall matrix of full rank is taken": (
            "w, rank = _lstsq(X, y, None)\n    if rank < X.shape[0]:",
            "w, rank = _lstsq(X, y, None)\n    if rank < min(X.shape):",
        ),
        "not the shortest: something of the null space is left": (
            "w, rank = _lstsq(X, y, None)",
            "w, rank = _lstsq(X, y, None)\n    if rank < X.shape[1]:\n"
            "        e = np.ones(w.shape, w.dtype)\n        w = w + np.ptp(abs(w)) * (e - _pinv(X, None)[0] @ (X @ e))",
        ),
        "by the normal equations of the second kind": (
            "w, rank = _lstsq(X, y, None)",
            "w, rank = _lstsq(X, y, None)\n"
            "    if rank == X.shape[0]:\n        w = X.T @ (np.linalg.pinv(X @ X.T, 0) @ y)",
        ),
    },
)
