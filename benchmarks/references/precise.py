"""Answers with more digits than float64 has, at sizes where exact rationals would take hours.

Numbers are `numpy.longdouble`: 64 bits of significand on x86, more or fewer elsewhere. Where it is no more than float64
(Arm's macOS, Windows), references are as good as a float64 answer with one rounding or two at the end, and the checks
that use them are still well within their bounds. Matrix products, which are nearly all of the work, are made by BLAS.
"""

import numpy as np
from flint import arb_mat, ctx

Wide = np.longdouble
Matrix = np.ndarray  # of Wide
_DIGITS = 64
_WELL = 1e6  # a condition of M = XᵀX + λI that refining from a float64 factorisation is sure to get over
_ENCLOSING = 400  # bits, for a condition of M up to 10⁸⁰ and more


def product(A: np.ndarray, B: np.ndarray) -> Matrix:
    """AB for matrices, to about 2⁻⁶⁴ max|A| max|B| times the inner size.

    Both are cut into slices of so few bits that float64 sums the products of two slices without rounding, in whatever
    order BLAS takes. Source: Ozaki, Ogita, Oishi and Rump (2012), "Error-free transformations of matrix
    multiplication by using fast routines of matrix multiplication and its applications".
    """
    inner = A.shape[1]
    bits = (52 - int(np.ceil(np.log2(max(inner, 1))))) // 2
    count = -(-_DIGITS // bits)
    slices_a, slices_b = _slices(A, bits, count), _slices(B, bits, count)
    out = np.zeros((A.shape[0], B.shape[1]), Wide)
    for i in reversed(range(count)):  # the small ones first
        for j in reversed(range(count - i)):
            out += slices_a[i] @ slices_b[j]
    return out


def _slices(A: np.ndarray, bits: int, count: int) -> list[np.ndarray]:
    rest = A.astype(Wide)
    exponent = int(np.frexp(np.abs(rest).max(initial=0))[1])
    out = []
    for i in range(count):
        unit = exponent - (i + 1) * bits
        piece = np.ldexp(np.rint(np.ldexp(rest, -unit)), unit)
        rest -= piece
        out.append(piece.astype(np.float64))
    return out


def ridge(X: np.ndarray, y: np.ndarray, lam: float) -> Matrix:
    """(XᵀX + λI)⁻¹Xᵀy for λ ≥ 0, X of full rank: by the SVD, and refined until it stands."""
    U, s, Vt = np.linalg.svd(X.astype(float), full_matrices=False)
    if (s[0] ** 2 + lam) > _WELL * (s[-1] ** 2 + lam):
        return enclosed(X, y, lam)
    X, y, lam = X.astype(Wide), y.astype(Wide), Wide(lam)
    shifted = (s * s + float(lam)).reshape(-1, *[1] * (y.ndim - 1))
    if X.shape[0] >= X.shape[1]:
        w = np.zeros(X.shape[1:] + y.shape[1:], Wide)
        for _ in range(4):
            gradient = X.T @ (y - X @ w) - lam * w
            w += Vt.T @ ((Vt @ gradient.astype(float)) / shifted)
        return w
    alpha = np.zeros_like(y)  # the dual, (XXᵀ + λI)α = y, is the one without a null space
    for _ in range(4):
        rest = y - X @ (X.T @ alpha) - lam * alpha
        alpha += U @ ((U.T @ rest.astype(float)) / shifted)
    return X.T @ alpha


def enclosed(X: np.ndarray, y: np.ndarray, lam: float) -> Matrix:
    """The same where squaring the condition costs more digits than `Wide` has to spare: the normal equations in balls.

    Raises
    ------
    ArithmeticError
        If the balls are not small beside what they enclose.
    """
    with ctx.workprec(_ENCLOSING):
        A, b = arb_mat(X.astype(float).tolist()), arb_mat(y.astype(float).reshape(len(y), -1).tolist())
        tall = X.shape[0] >= X.shape[1]
        gram = A.transpose() * A if tall else A * A.transpose()
        for i in range(gram.nrows()):
            gram[i, i] += float(lam)
        w = gram.solve(A.transpose() * b) if tall else A.transpose() * gram.solve(b)
        if any(entry.rad() > abs(entry.mid()) * 2.0**-_DIGITS for entry in w.entries()):
            raise ArithmeticError(f"{_ENCLOSING} bits are not enough to enclose a solution: X is too ill-conditioned.")
        high = [float(entry.mid()) for entry in w.entries()]
        low = [float(entry.mid() - value) for entry, value in zip(w.entries(), high, strict=True)]
    return (np.array(high, Wide) + np.array(low, Wide)).reshape(X.shape[1:] + y.shape[1:])


def eigen(M: Matrix) -> tuple[Matrix, Matrix]:
    """Eigenvalues and eigenvectors of a symmetric matrix: LAPACK's, and one step of refinement.

    What is left outside the diagonal of VᵀMV is of the order of (u/gap)². Source: Ogita and Aishima (2018), "Iterative
    refinement for symmetric eigenvalue decomposition", algorithm 1.
    """
    V = np.linalg.eigh(M.astype(float))[1].astype(Wide)
    R = np.eye(len(M), dtype=Wide) - product(V.T, V)
    S = product(V.T, product(M, V))
    values = np.diag(S) / (1 - np.diag(R))
    gaps = values[None, :] - values[:, None]
    near = np.abs(gaps) <= 2 * np.linalg.norm((S - np.diag(values)).astype(float)) + 2 * np.linalg.norm(R.astype(float))
    E = np.where(near, R / 2, (S + values[None, :] * R) / np.where(near, 1, gaps))
    return values, V + product(V, E)


def inverse(M: Matrix) -> Matrix:
    """M⁻¹ of a well-conditioned matrix, by Newton's iteration from the float64 inverse: P ← P + P(I − MP)."""
    P = np.linalg.inv(M.astype(float)).astype(Wide)
    for _ in range(2):
        P += product(P, np.eye(len(M), dtype=Wide) - product(M, P))
    return P


def pseudoinverse(X: np.ndarray) -> Matrix:
    """(XᵀX)⁻¹Xᵀ, or Xᵀ(XXᵀ)⁻¹ for a wide X, of full rank."""
    if X.shape[0] == X.shape[1]:
        return inverse(X.astype(Wide))
    if X.shape[0] < X.shape[1]:
        return pseudoinverse(X.T).T
    return product(inverse(product(X.T, X)), X.T)
