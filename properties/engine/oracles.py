"""The exact answer. A float64 is a rational number, so small problems are solved in rationals, by flint.

Matrices go in as arrays or lists and come out as NumPy arrays of flint's rationals (`fmpq`), which
`shrinkage.properties.engine.verdict` compares with what an implementation returned.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq, fmpq_mat, fmpz
from mpmath import mpf

Exact = np.ndarray  # of fmpq


# ---- numbers ---------------------------------------------------------------------------------------------------------


def to_rational(value: Any) -> Any:
    """The value as an `fmpq`, exactly; a ball is left as it is."""
    if type(value) is float:  # nearly always: nothing else is asked first
        return fmpq(*value.as_integer_ratio())
    if isinstance(value, fmpq | arb):
        return value
    if isinstance(value, fmpz):
        return fmpq(value)
    if isinstance(value, Fraction):
        return fmpq(value.numerator, value.denominator)
    if isinstance(value, mpf):
        sign, mantissa, exponent, _ = value._mpf_
        return (-1) ** sign * fmpq(int(mantissa)) * fmpq(2) ** int(exponent)
    if isinstance(value, np.generic):
        value = value.item()
    return fmpq(*value.as_integer_ratio())


def largest(value: Any) -> fmpq:
    """The largest absolute value that the number, or some number in the ball, has."""
    if isinstance(value, arb):
        mantissa, exponent = value.abs_upper().man_exp()
        return fmpq(mantissa) * fmpq(2) ** int(exponent)
    size: fmpq = abs(to_rational(value))
    return size


def nearest(value: Any) -> float:
    """The rational as a float, rounded once; ±inf where it is too large; a ball's midpoint."""
    value = to_rational(value)
    if isinstance(value, arb):
        return float(value)
    try:
        return int(value.p) / int(value.q)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def floats(exact: Any) -> np.ndarray:
    """An array of rationals as float64."""
    exact = np.asarray(exact, dtype=object)
    return np.array([nearest(value) for value in exact.flat], float).reshape(exact.shape)


def rationals(array: Any) -> Exact:
    """An array of floats as an array of rationals."""
    array = np.asarray(array)
    out = np.empty(array.size, object)
    out[:] = [to_rational(value) for value in array.ravel().tolist()]
    return out.reshape(array.shape)


# ---- matrices --------------------------------------------------------------------------------------------------------


def matrix(array: Any) -> fmpq_mat:
    """A 2-D array as a matrix of rationals; a 1-D array as a column."""
    array = np.asarray(array)
    rows, columns = array.shape if array.ndim == 2 else (array.size, 1)
    return fmpq_mat(rows, columns, [to_rational(value) for value in array.ravel().tolist()])


def entries(M: fmpq_mat) -> Exact:
    """A matrix of rationals as a 2-D array."""
    out = np.empty(M.nrows() * M.ncols(), object)
    out[:] = M.entries()
    return out.reshape(M.nrows(), M.ncols())


def identity(size: int, scale: Any = 1) -> fmpq_mat:
    """`scale` times the identity."""
    diagonal = to_rational(scale)
    return fmpq_mat(size, size, [diagonal if i == j else fmpq(0) for i in range(size) for j in range(size)])


def like(answer: fmpq_mat, y: Any) -> Exact:
    """The answer in the shape that goes with y: a vector for a vector."""
    return entries(answer)[:, 0] if np.ndim(y) == 1 else entries(answer)


def derivative(f: Callable[[Any], fmpq], x: Any) -> Exact:
    """The row of partial derivatives of a quadratic f: (f(x + eⱼ) − f(x − eⱼ))/2, for a quadratic no estimate."""
    x = rationals(x)
    row = np.empty((1, x.size), object)
    for j in range(x.size):
        ahead, behind = x.copy(), x.copy()
        ahead[j] += 1
        behind[j] -= 1
        row[0, j] = (f(ahead) - f(behind)) / 2
    return row


# ---- chapter 1: vector calculus --------------------------------------------------------------------------------------


def product(a: Any, b: Any) -> fmpq:
    """Σ aᵢbᵢ."""
    return sum((x * y for x, y in zip(rationals(a), rationals(b), strict=True)), fmpq(0))


def matvec(A: Any, x: Any) -> Exact:
    """Ax."""
    return like(matrix(A) * matrix(x), x)


def quadratic_form(A: Any, x: Any) -> fmpq:
    """xᵀAx."""
    return product(x, matvec(A, x))


# ---- chapter 2: least squares and minimum norm -----------------------------------------------------------------------


def rank(X: Any) -> int:
    """The exact rank."""
    return matrix(X).rank()


def pseudoinverse(X: fmpq_mat) -> fmpq_mat:
    """X† = Cᵀ(CCᵀ)⁻¹(BᵀB)⁻¹Bᵀ for X = BC of full rank r: B the pivot columns of X, C its reduced rows."""
    R, r = X.rref()
    pivots = [next(j for j in range(R.ncols()) if R[i, j] != 0) for i in range(r)]
    B = fmpq_mat(X.nrows(), r, [X[i, j] for i in range(X.nrows()) for j in pivots])
    C = fmpq_mat(r, X.ncols(), [R[i, j] for i in range(r) for j in range(X.ncols())])
    if r == 0:
        return fmpq_mat(X.ncols(), X.nrows())
    return C.transpose() * (C * C.transpose()).inv() * (B.transpose() * B).inv() * B.transpose()


def pinv(X: Any) -> Exact:
    """The Moore–Penrose inverse, whatever the shape and the rank."""
    return entries(pseudoinverse(matrix(X)))


def lstsq(X: Any, y: Any) -> Exact:
    """The shortest w among those that minimise ‖Xw − y‖."""
    return like(pseudoinverse(matrix(X)) * matrix(y), y)


# ---- chapter 3: ridge regression -------------------------------------------------------------------------------------


def _gram(X: fmpq_mat, lam: Any) -> fmpq_mat:
    return X.transpose() * X + identity(X.ncols(), lam)


def _kernel(X: fmpq_mat, lam: Any) -> fmpq_mat:
    return X * X.transpose() + identity(X.nrows(), lam)


def ridge(X: Any, y: Any, lam: Any) -> Exact:
    """(XᵀX + λI)⁻¹Xᵀy by the smaller of the two systems; at λ = 0 its limit, `lstsq`."""
    if lam == 0:
        return lstsq(X, y)
    A, b = matrix(X), matrix(y)
    if A.nrows() < A.ncols():
        return like(A.transpose() * solve(_kernel(A, lam), b), y)
    return like(solve(_gram(A, lam), A.transpose() * b), y)


def solve(A: fmpq_mat, B: fmpq_mat) -> fmpq_mat:
    """A⁻¹B, also without rows or columns."""
    return A.solve(B) if A.nrows() and B.ncols() else fmpq_mat(A.nrows(), B.ncols())


def dual(X: Any, y: Any, lam: Any) -> Exact:
    """α = (XXᵀ + λI)⁻¹y, so that w = Xᵀα; at λ = 0 (XXᵀ)†y."""
    A = matrix(X)
    if lam == 0:
        P = pseudoinverse(A)
        return like(P.transpose() * P * matrix(y), y)
    return like(solve(_kernel(A, lam), matrix(y)), y)


def residual(X: Any, y: Any, w: Any) -> Exact:
    """Y − Xw."""
    return like(matrix(y) - matrix(X) * matrix(w), y)


def objective(X: Any, y: Any, w: Any, lam: Any) -> fmpq:
    """‖y − Xw‖² + λ‖w‖²."""
    penalty: fmpq = to_rational(lam) * sum_of_squares(w)
    return sum_of_squares(residual(X, y, w)) + penalty


def sum_of_squares(values: Any) -> fmpq:
    """The squared Frobenius norm."""
    values = np.asarray(values)
    if values.dtype not in (np.float64, np.float32):
        return sum((to_rational(value) ** 2 for value in values.flat), fmpq(0))
    # Floats are whole multiples of powers of two: Python's integers are ten times as fast as a rational for each.
    mantissas, exponents = np.frexp(values.astype(float).ravel())
    whole, powers = np.ldexp(mantissas, 53).astype(np.int64).tolist(), (exponents - 53).tolist()
    low = min(powers, default=0)
    total = sum((each * each) << 2 * (power - low) for each, power in zip(whole, powers, strict=True))
    return fmpq(total) * fmpq(2) ** (2 * low)


def log_posterior(X: Any, y: Any, w: Any, lam: Any) -> fmpq:
    """−‖y − Xw‖²/(2λ) − ‖w‖²/2."""
    noise: fmpq = to_rational(lam)
    return -objective(X, y, w, lam) / (2 * noise)


def posterior_covariance(X: Any, lam: Any) -> Exact:
    """λ(XᵀX + λI)⁻¹."""
    A = matrix(X)
    return entries(solve(_gram(A, lam), identity(A.ncols(), lam)))


def filter_factors(s: Any, lam: Any) -> Exact:
    """σ²/(σ²+λ), and 0 at σ = λ = 0."""
    return np.array([x * y for x, y in zip(inverse_singular_values(s, lam), rationals(s), strict=True)], object)


def inverse_singular_values(s: Any, lam: Any) -> Exact:
    """σ/(σ²+λ), and 0 at σ = λ = 0."""
    shift = to_rational(lam)
    return np.array([x / (x * x + shift) if x or shift else fmpq(0) for x in rationals(s)], object)


def centred(X: Any, y: Any, weights: Any = None) -> tuple[fmpq_mat, fmpq_mat, fmpq_mat, fmpq_mat]:
    """X − x̄ and y − ȳ, and the rows x̄ and ȳ themselves, weighted means; without weights each is 1."""
    A, b = matrix(X), matrix(y)
    s = _row(np.ones(A.nrows()) if weights is None else weights)
    share = s * (1 / sum(s.entries(), fmpq(0)))
    ones = fmpq_mat(A.nrows(), 1, [fmpq(1)] * A.nrows())
    return A - ones * (share * A), b - ones * (share * b), share * A, share * b


def _row(values: Any) -> fmpq_mat:
    return matrix(values).transpose()


def intercept(X: Any, y: Any, lam: Any, weights: Any = None) -> tuple[Exact, Any]:
    """The w, at λ = 0 the shortest, and the b that minimise Σ sᵢ(yᵢ − xᵢᵀw − b)² + λ‖w‖²: b is ȳ − x̄ᵀw."""
    A, b, mean_x, mean_y = centred(X, y, weights)
    n, s = A.nrows(), rationals(np.ones(A.nrows()) if weights is None else weights)
    AtS = fmpq_mat(A.ncols(), n, [A[i, j] * s[i] for j in range(A.ncols()) for i in range(n)])
    if lam == 0:
        w = pseudoinverse(AtS * A) * (AtS * b)
    elif n < A.ncols():
        w = AtS * solve(A * AtS + identity(n, lam), b)
    else:
        w = solve(AtS * A + identity(A.ncols(), lam), AtS * b)
    offset = entries(mean_y - mean_x * w)[0]
    return like(w, y), offset[0] if np.ndim(y) == 1 else offset


def intercept_refits(X: Any, y: Any, lam: Any, weights: Any = None) -> list[tuple[Exact, Any]]:
    """(w₋ᵢ, b₋ᵢ) on the other rows, for every row in turn."""
    s = np.ones(len(y)) if weights is None else weights
    return [intercept(np.delete(X, i, axis=0), np.delete(y, i), lam, np.delete(s, i)) for i in range(len(y))]


def intercept_loo(X: Any, y: Any, refits: list[tuple[Exact, Any]], weights: Any = None) -> fmpq:
    """Σ sᵢ(yᵢ − xᵢᵀw₋ᵢ − b₋ᵢ)² / Σ sᵢ, with the refits of every row."""
    s, X = rationals(np.ones(len(y)) if weights is None else weights), np.asarray(X)
    errors = [residual(X[i : i + 1], y[i : i + 1], w)[0] - b for i, (w, b) in enumerate(refits)]
    total: fmpq = sum((weight * e * e for weight, e in zip(s, errors, strict=True)), fmpq(0))
    return total / sum(s, fmpq(0))


def curvature(X: Any, lams: Any) -> fmpq_mat:
    """XᵀX + diag(λ)."""
    A, each = matrix(X), rationals(lams)
    M = A.transpose() * A
    for j in range(A.ncols()):
        M[j, j] += each[j]
    return M


def by_feature(X: Any, y: Any, lams: Any) -> Exact:
    """The shortest w among those that minimise ‖y − Xw‖² + Σ λⱼwⱼ²: (XᵀX + diag(λ))†Xᵀy."""
    return like(pseudoinverse(curvature(X, lams)) * (matrix(X).transpose() * matrix(y)), y)


def _trace(M: fmpq_mat) -> fmpq:
    return sum((M[i, i] for i in range(M.nrows())), fmpq(0))


def dof(X: Any, lam: Any) -> fmpq:
    """The trace of X(XᵀX + λI)⁻¹Xᵀ; at λ = 0 the rank."""
    A = matrix(X)
    if lam == 0:
        return fmpq(A.rank())
    A = A if A.ncols() <= A.nrows() else A.transpose()  # the same singular values, in the smaller system
    return _trace(solve(_gram(A, lam), A.transpose() * A))


def gcv(X: Any, y: Any, lam: Any) -> fmpq:
    """n ‖(I − H)y‖² / tr(I − H)²; where I − H vanishes, the limit n ‖(XXᵀ)⁻¹y‖² / tr((XXᵀ)⁻¹)²."""
    A, b = matrix(X), matrix(y)
    n = A.nrows()
    projection = lam == 0 and A.rank() < n
    # Otherwise (I − H)/λ; the λ cancels.
    complement = identity(n) - A * pseudoinverse(A) if projection else _kernel(A, lam).inv()
    return n * sum_of_squares(entries(complement * b)) / _trace(complement) ** 2


def loo_errors(X: Any, y: Any, lam: Any) -> Exact:
    """y_i − x_iᵀ w₋ᵢ for every i, with w₋ᵢ refitted on the other rows; of no rows: zero."""
    X, y = np.asarray(X), np.asarray(y)
    errors = np.empty(len(y), object)
    for i in range(len(y)):
        w = ridge(np.delete(X, i, axis=0), np.delete(y, i), lam)
        errors[i] = residual(X[i : i + 1], y[i : i + 1], w)[0]
    return errors


def loo(X: Any, y: Any, lam: Any) -> fmpq:
    """The mean of the squared leave-one-out errors."""
    return sum_of_squares(loo_errors(X, y, lam)) / len(np.asarray(y))
