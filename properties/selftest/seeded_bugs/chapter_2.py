"""Bugs in least squares and minimum norm."""

from .bug import Bug

BUGS = [
    Bug("pinv", "transposed", "least_squares", "return _pinv(X, rcond)[0]", "return _pinv(X, rcond)[0].T.copy()"),
    Bug(
        "pinv", "scaled the wrong way", "least_squares", "keep].T, -k), int(keep.sum())", "keep].T, k), int(keep.sum())"
    ),
    Bug(
        "pinv",
        "what counts as zero is counted absolutely",
        "least_squares",
        "return s > rcond * np.max(s, initial=0)",
        "return s > rcond",
    ),
    Bug("pinv", "a zero counts", "least_squares", "return s > rcond * np.max", "return s >= rcond * np.max"),
    Bug("pinv", "by the shorter side", "least_squares", "rcond = max(shape)", "rcond = min(shape)"),
    Bug("pinv", "by one eps", "least_squares", "rcond = max(shape) * np", "rcond = np"),
    Bug(
        "pinv",
        "float32 is cut off as float64 is",
        "least_squares",
        "np.finfo(s.dtype).eps if",
        "np.finfo(np.float64).eps if",
    ),
    Bug("pinv", "rcond is ignored", "least_squares", "return _pinv(X, rcond)[0]", "return _pinv(X, None)[0]"),
    Bug("pinv", "a negative rcond is taken", "least_squares", 'not_negative("rcond", rcond)', "float(rcond)"),
    Bug("left_inverse", "never refuses", "least_squares", "if rank < X.shape[1]:", "if rank < 0:"),
    Bug(
        "left_inverse",
        "a wide matrix of full rank is taken",
        "least_squares",
        "if rank < X.shape[1]:",
        "if rank < min(X.shape):",
    ),
    Bug(
        "left_inverse",
        "by the normal equations",
        "least_squares",
        "inverse, rank = _pinv(X, None)\n    if rank < X.shape[1]:",
        "inverse, rank = _pinv(X, None)\n    if rank == X.shape[1]:\n"
        "        inverse = np.linalg.pinv(X.T @ X, 0) @ X.T\n    if rank < X.shape[1]:",
    ),
    Bug(
        "left_inverse",
        "the refusal does not name X",
        "least_squares",
        "X must have full column rank, but of its",
        "no full column rank: of its",
    ),
    Bug(
        "right_inverse",
        "a tall matrix of full rank is taken",
        "least_squares",
        "inverse, rank = _pinv(X, None)\n    if rank < X.shape[0]:",
        "inverse, rank = _pinv(X, None)\n    if rank < min(X.shape):",
    ),
    Bug(
        "right_inverse",
        "by the normal equations",
        "least_squares",
        "inverse, rank = _pinv(X, None)\n    if rank < X.shape[0]:",
        "inverse, rank = _pinv(X, None)\n    if rank == X.shape[0]:\n"
        "        inverse = X.T @ np.linalg.pinv(X @ X.T, 0)\n    if rank < X.shape[0]:",
    ),
    Bug(
        "lstsq",
        "by the normal equations from 100 columns up",
        "least_squares",
        "    return _lstsq(X, y, rcond)[0]",
        "    return np.linalg.solve(X.T @ X, X.T @ y) if len(X) > X.shape[1] > 100 else _lstsq(X, y, rcond)[0]",
    ),
    Bug(
        "lstsq",
        "rcond is ignored",
        "least_squares",
        "return _lstsq(X, y, rcond)[0]",
        "return _lstsq(X, y, None)[0]",
    ),
    Bug(
        "lstsq",
        "of a wide matrix a solution, but not the shortest",
        "least_squares",
        "return _lstsq(X, y, rcond)[0]",
        "w = _lstsq(X[:, : len(X)], y, rcond)[0]\n"
        "    return np.concatenate([w, np.zeros((X.shape[1] - len(w), *w.shape[1:]), w.dtype)])",
    ),
    Bug(
        "lstsq",
        "by the normal equations",
        "least_squares",
        "return _lstsq(X, y, rcond)[0]",
        "return _pinv(X.T @ X, rcond)[0] @ (X.T @ y)",
    ),
    Bug(
        "lstsq",
        "y is overwritten with the residual",
        "least_squares",
        "return _lstsq(X, y, rcond)[0]",
        "w = _lstsq(X, y, rcond)[0]\n    y -= X @ w\n    return w",
    ),
    Bug(
        "lstsq",
        "every target has the scale of the first",
        "least_squares",
        "c - k), int(keep.sum())",
        "np.ravel(c)[:1] - k), int(keep.sum())",
    ),
    Bug(
        "lstsq",
        "targets are taken one by one only up to the second",
        "least_squares",
        "return _lstsq(X, y, rcond)[0]",
        "w = _lstsq(X, y, rcond)[0]\n    if w.ndim == 2:\n        w[:, 2:] = w[:, :1]\n    return w",
    ),
    Bug(
        "min_norm",
        "a tall matrix of full rank is taken",
        "least_squares",
        "w, rank = _lstsq(X, y, None)\n    if rank < X.shape[0]:",
        "w, rank = _lstsq(X, y, None)\n    if rank < min(X.shape):",
    ),
    Bug(
        "min_norm",
        "not the shortest: something of the null space is left",
        "least_squares",
        "w, rank = _lstsq(X, y, None)",
        "w, rank = _lstsq(X, y, None)\n    if rank < X.shape[1]:\n"
        "        e = np.ones(w.shape, w.dtype)\n        w = w + np.ptp(abs(w)) * (e - _pinv(X, None)[0] @ (X @ e))",
    ),
    Bug(
        "min_norm",
        "by the normal equations of the second kind",
        "least_squares",
        "w, rank = _lstsq(X, y, None)",
        "w, rank = _lstsq(X, y, None)\n    if rank == X.shape[0]:\n        w = X.T @ (np.linalg.pinv(X @ X.T, 0) @ y)",
    ),
]
