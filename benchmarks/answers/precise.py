"""Answers with more digits than float64 has, at sizes where exact rationals would take hours.

Numbers are `numpy.longdouble`: 64 bits of significand on x86, more or fewer elsewhere. Where it is no more than float64
(Arm's macOS, Windows), references are as good as a float64 answer with one rounding or two at the end, and the checks
that use them are still well within their bounds. Matrix products, which are nearly all of the work, are made by BLAS.
"""

from collections.abc import Iterable, Iterator

import numpy as np

Wide = np.longdouble
Matrix = np.ndarray  # of Wide
_DIGITS = 64


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


def ridge(X: np.ndarray, y: np.ndarray, lams: np.ndarray) -> Matrix:
    """(XᵀX + λI)⁻¹Xᵀy for each λ ≥ 0, a row for each, X of full rank: by the SVD, and refined until it stands."""
    U, s, Vt = np.linalg.svd(X.astype(float), full_matrices=False)
    lams = np.asarray(lams, Wide)[:, None]
    X, y = X.astype(Wide), y.astype(Wide)
    if X.shape[0] >= X.shape[1]:
        w = np.zeros((len(lams), X.shape[1]), Wide)
        for _ in range(4):
            gradient = (y - w @ X.T) @ X - lams * w
            w += ((gradient.astype(float) @ Vt.T) / (s * s + lams.astype(float))) @ Vt
        return w
    alpha = np.zeros((len(lams), X.shape[0]), Wide)  # the dual, (XXᵀ + λI)α = y, is the one without a null space
    for _ in range(4):
        rest = y - (alpha @ X) @ X.T - lams * alpha
        alpha += ((rest.astype(float) @ U) / (s * s + lams.astype(float))) @ U.T
    return alpha @ X


def inverse(M: Matrix) -> Matrix:
    """M⁻¹ of a well-conditioned matrix, by Newton's iteration from the float64 inverse: P ← P + P(I − MP)."""
    P = np.linalg.inv(M.astype(float)).astype(Wide)
    for _ in range(2):
        P += product(P, np.eye(len(M), dtype=Wide) - product(M, P))
    return P


def pseudoinverse(X: np.ndarray) -> Matrix:
    """(XᵀX)⁻¹Xᵀ, or Xᵀ(XXᵀ)⁻¹ for a wide X, of full rank."""
    if X.shape[0] < X.shape[1]:
        return pseudoinverse(X.T).T
    return product(inverse(product(X.T, X)), X.T)


def gram_inverses(X: np.ndarray, lams: Iterable[float]) -> Iterator[Matrix]:
    """(XᵀX + λI)⁻¹ for each λ."""
    gram, identity = product(X.T, X), np.eye(X.shape[1], dtype=Wide)
    for lam in lams:
        yield inverse(gram + lam * identity)
