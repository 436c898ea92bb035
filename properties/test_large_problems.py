"""Problems of hundreds of rows and columns, where a kernel may go other ways than on a few, with their exact answers.

X = H ⊗ A, with Hadamard's matrix H of order h: its entries are ±1, so nothing is rounded, and its columns orthogonal.
So XᵀX = h I ⊗ AᵀA, and for y = c ⊗ b everything follows from the small A and b:
(XᵀX + λI)⁻¹Xᵀy = Hᵀc/h ⊗ (AᵀA + (λ/h) I)⁻¹Aᵀb, and X⁺y = Hᵀc/h ⊗ A⁺b. The hat matrix is I ⊗ that of A at λ/h, so
that ridge_dof is h times A's, and ridge_gcv and ridge_loo are ‖c‖²/h times theirs.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from flint import fmpq

from shrinkage.contract import CONTRACT
from shrinkage.properties.engine import bounds, bounds_selection, oracles
from shrinkage.properties.engine.bounds import Bound
from shrinkage.properties.engine.strategies import DTYPES, orthogonal, spectrum
from shrinkage.properties.engine.verdict import judge, refuses
from shrinkage.properties.test_ridge import solve
from shrinkage.properties.test_ridge_selection import judge_each

pytestmark = pytest.mark.accuracy


@dataclass(frozen=True, eq=False)  # one is itself, so that what is exact is computed once, whoever is judged
class Tiled:
    """X = H ⊗ A and y = c ⊗ b."""

    H: np.ndarray
    A: np.ndarray
    c: np.ndarray
    b: np.ndarray

    @property
    def X(self) -> np.ndarray:
        """H ⊗ A, exactly."""
        return np.kron(self.H, self.A)

    @property
    def y(self) -> np.ndarray:
        """The vector c ⊗ b, exactly, for c holds powers of two."""
        return np.kron(self.c, self.b)

    @functools.cache  # noqa: B019  # there are as many as sizes
    def ridge(self, lam: float) -> oracles.Exact:
        """The solution at λ; at 0 least squares."""
        return np.kron(
            oracles.rationals(self.H.T @ self.c / self.c.size), oracles.ridge(self.A, self.b, lam / self.c.size)
        )

    @functools.cache  # noqa: B019  # there are as many as sizes
    def dof(self, lam: float) -> fmpq:
        """Degrees of freedom."""
        return oracles.dof(self.A, lam / self.c.size) * self.c.size

    @functools.cache  # noqa: B019  # there are as many as sizes
    def gcv(self, lam: float) -> fmpq:
        """The generalised cross-validation of y."""
        return oracles.gcv(self.A, self.b, lam / self.c.size) * oracles.sum_of_squares(self.c) / self.c.size

    @functools.cache  # noqa: B019  # there are as many as sizes
    def loo(self, lam: float) -> fmpq:
        """The leave-one-out error of y."""
        return oracles.loo(self.A, self.b, lam / self.c.size) * oracles.sum_of_squares(self.c) / self.c.size

    @functools.cache  # noqa: B019  # there are as many as sizes
    def refits(self, lam: float) -> list[np.ndarray]:
        """The solution without each sample, as floats: only the part along its row of H is another."""
        h, small = self.c.size, lam / self.c.size
        whole = oracles.floats(oracles.ridge(self.A, self.b, small))
        change = [
            oracles.floats(oracles.ridge(np.delete(self.A, i, axis=0), np.delete(self.b, i), small)) - whole
            for i in range(self.b.size)
        ]
        w = np.kron(self.H.T @ self.c / h, whole)
        return [w + np.kron(self.H[a] * self.c[a] / h, part) for a in range(h) for part in change]


def hadamard(order: int, dtype: Any = np.float64) -> np.ndarray:
    """Sylvester's matrix of ±1, whose columns are orthogonal; the order is a power of two."""
    return functools.reduce(np.kron, [np.array([[1, 1], [1, -1]], dtype)] * (order.bit_length() - 1))


@functools.cache
def tiled(n: int, d: int, digits: float, apart: int, residual: float, order: int, dtype: Any) -> Tiled:
    """A problem of nh samples and dh features, of condition 10**digits, its columns 10**apart apart."""
    rng = np.random.default_rng([n, d, int(2 * digits)])
    low = min(n, d)
    A = (orthogonal(n, rng)[:, :low] * spectrum("graded", low, 10.0**digits)) @ orthogonal(d, rng)[:low]
    A = (A * np.logspace(0, -apart, d)).astype(dtype)
    b = (A @ rng.standard_normal(d) + residual * rng.standard_normal(n)).astype(dtype)
    c = np.ldexp(rng.choice([-1.0, 1.0], order), rng.integers(-2, 3, order)).astype(dtype)
    return Tiled(hadamard(order, dtype), A, c, b)


@functools.cache
def allowed(bound: Callable[..., Bound], p: Tiled, lam: float, *more: Any) -> Bound:
    """What the bound allows of a solution, or of what is computed of it."""
    return bounds.probable(bound(p.X, p.y, lam, p.ridge(lam), *more), sum(p.X.shape))


@functools.cache
def allowed_of_dof(p: Tiled, lam: float) -> Bound:
    """What is allowed of the degrees of freedom."""
    return bounds.probable(bounds_selection.degrees_of_freedom(p.X, lam), sum(p.X.shape))


@functools.cache
def allowed_of_loo(p: Tiled, lam: float) -> Bound:
    """What is allowed of the leave-one-out error."""
    return bounds.probable(bounds_selection.leave_one_out(p.X, p.y, lam, p.refits(lam)), sum(p.X.shape))


Sizes = dict[str, tuple[int, int, float, int, float, int]]
SIZES: Sizes = {  # of A, the digits of its condition and how far its columns are apart, the size of the residual, and h
    "96x64": (12, 8, 1, 0, 1.0, 8),
    "384x256": (12, 8, 1, 0, 1.0, 32),
    "640x160, ill-conditioned": (20, 5, 3, 0, 1e-3, 32),
    "640x160, worse": (20, 5, 6, 0, 1e-6, 32),
    "640x160, columns apart": (20, 5, 1, 4, 1.0, 32),
    "256x256": (8, 8, 1, 0, 0.0, 32),
    "160x640": (5, 20, 1, 0, 0.0, 32),
}
WELL_CONDITIONED: Sizes = {  # the Gram matrix may do alone; and at λ = 0 all singular values count for sure
    "288x64, well-conditioned": (9, 2, 0.5, 0, 1.0, 32),
    "384x256, well-conditioned": (12, 8, 0.5, 0, 1e-3, 32),
    "256x256, well-conditioned": (8, 8, 0.5, 0, 1.0, 32),
    "64x288, well-conditioned": (2, 9, 0.5, 0, 1.0, 32),
}
ALL_SIZES = SIZES | WELL_CONDITIONED
of_any_size = pytest.mark.parametrize("size", ALL_SIZES)
in_both_dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])


@in_both_dtypes
@of_any_size
@pytest.mark.parametrize("form", bounds.RIDGE)
def test_a_large_ridge_problem_has_the_solution_of_its_parts(impl, form, size, dtype):
    """On hundreds of rows and columns each of the six forms, and ridge, gives (XᵀX + λI)⁻¹Xᵀy."""
    p, lam = tiled(*ALL_SIZES[size], dtype), 0.5
    exact, bound = p.ridge(lam), allowed(bounds.RIDGE[form], p, lam)
    w = solve(impl, form, p.X, p.y, lam, bound)
    if w is not None:
        judge(form, w, exact, bound, dtype=dtype, size=size)


@pytest.mark.filterwarnings("ignore::numpy.exceptions.RankWarning")  # theory is void where a σ may be dropped
@in_both_dtypes
@of_any_size
def test_a_large_least_squares_problem_has_the_solution_of_its_parts(impl, size, dtype):
    """On hundreds of rows and columns lstsq gives the shortest w among those that minimise ‖Xw − y‖."""
    p = tiled(*ALL_SIZES[size], dtype)
    judge("lstsq", impl.lstsq(p.X, p.y), p.ridge(0.0), allowed(bounds.least_squares, p, 0.0), dtype=dtype, size=size)


@in_both_dtypes
@pytest.mark.parametrize("size", ["96x64", "288x64, well-conditioned"])
def test_a_large_least_squares_problem_is_refined_to_the_last_digit(impl, size, dtype):
    """On a hundred rows and more lstsq(X, y, refine=True) has each weight to a rounding or two."""
    impl.needs("lstsq", "refine")
    p = tiled(*ALL_SIZES[size], dtype)
    exact = p.ridge(0.0)
    bound = bounds.refined(p.X, p.y, exact)
    judge("lstsq", impl.lstsq(p.X, p.y, refine=True), exact, bound, dtype=dtype, size=size)


@in_both_dtypes
def test_a_large_least_squares_problem_may_lack_rank(impl, dtype):
    """On hundreds of rows and columns of low rank lstsq gives the shortest of the w that minimise ‖Xw − y‖."""
    rng, order = np.random.default_rng(3), 32
    A = (rng.integers(-3, 4, (20, 3)) @ rng.integers(-3, 4, (3, 5))).astype(dtype)
    p = Tiled(hadamard(order, dtype), A, np.ones(order, dtype), rng.integers(-9, 10, 20).astype(dtype))
    exact = p.ridge(0.0)
    bound = bounds.probable(bounds.least_squares(p.X, p.y, 0.0, exact, rank=3 * order), sum(p.X.shape))
    judge("lstsq", impl.lstsq(p.X, p.y), exact, bound, dtype=dtype)


@in_both_dtypes
@pytest.mark.parametrize(("rows", "columns", "order"), [(8, 4, 16), (4, 8, 16), (4, 4, 16), (8, 4, 64)])
def test_a_large_least_squares_problem_leaves_out_what_rcond_says(impl, rows, columns, order, dtype):
    """On hundreds of rows and columns σ ≤ rcond · σ_max counts as zero in lstsq, and what is larger does not."""
    # Hadamard's matrices on both sides of σ/σ_max = 1, 1/2, 1/4, 1/8.
    left, right, s = hadamard(rows)[:, :4], hadamard(columns)[:, :4], np.ldexp(1.0, [0, -1, -2, -3])
    H, b, c = hadamard(order, dtype), np.arange(1, rows + 1).astype(dtype), np.ones(order, dtype)
    c[::3] = -2
    p, unit = Tiled(H, ((left * s) @ right.T).astype(dtype), c, b), np.sqrt(order * rows * columns)
    for rank, rcond in ((4, 0.0), (4, 0.999 * s[3]), (3, 1.001 * s[3]), (1, 0.75)):
        A_inverse = (right[:, :rank] / s[:rank]) @ left[:, :rank].T / (rows * columns)
        bound = bounds.truncated(p.X, unit * s[rank - 1], unit * s[rank] if rank < 4 else 0.0)
        exact, bound = np.kron(H.T @ c / order, A_inverse @ b), bounds.times(bound, 2 * bounds.norm(p.y))
        judge("lstsq", impl.lstsq(p.X, p.y, rcond), exact, bound, dtype=dtype, rcond=rcond)


@pytest.mark.parametrize("zeros", [0, 300])
@pytest.mark.parametrize(("power", "lam"), [(-400, 0.5), (0, 0.5), (120, 0.5), (400, 0.5), (-560, 2.0**100)])
def test_a_large_ridge_problem_may_be_of_any_scale(impl, power, lam, zeros):
    """Hundreds of rows and columns times 2^p, λ times 2^2p, below rows of zeros: the same w, even if Xᵀy vanishes."""
    p = tiled(*SIZES["384x256"], np.float64)
    exact, bound = p.ridge(lam), allowed(bounds.RIDGE["ridge"], p, lam)
    X, y = (np.pad(np.ldexp(a, power), [(zeros, 0)] + [(0, 0)] * (a.ndim - 1)) for a in (p.X, p.y))
    judge("ridge", impl.ridge(X, y, np.ldexp(lam, 2 * power)), exact, bound, dtype=np.float64, power=power, zeros=zeros)


@pytest.mark.parametrize("argument", ["X", "y"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "function",
    ["lstsq", "ridge", "ridge_posterior", "ridge_path", "ridge_gcv", "ridge_loo", "ridge_intercept"],
)
def test_what_is_not_finite_in_the_last_of_many_rows_is_refused(impl, function, argument, wrong):
    """One NaN or infinity in the last row of hundreds is a ValueError that names the argument."""
    p = tiled(*SIZES["96x64"], np.float64)
    X, y = p.X, p.y
    (X[-1:, 3] if argument == "X" else y[-1:])[:] = wrong
    lam = () if function == "lstsq" else ([1.0],) if CONTRACT[function].names[-1] == "lams" else (1.0,)
    with refuses("NaN" if np.isnan(wrong) else "infinity", ValueError, argument):
        getattr(impl, function)(X, y, *lam)


with_many_lams = pytest.mark.parametrize(
    ("size", "lams"),
    [(size, (40.0, 0.5, 2.0**-10)) for size in ALL_SIZES]
    + [(size, (0.0, 2.0)) for size in ["96x64", *WELL_CONDITIONED]],
    ids=lambda value: value if isinstance(value, str) else "with zero" if 0 in value else "positive",
)


@in_both_dtypes
@with_many_lams
def test_a_large_path_has_the_solutions_of_its_parts(impl, size, lams, dtype):
    """On hundreds of rows and columns ridge_path is the solution at each λ."""
    p = tiled(*ALL_SIZES[size], dtype)
    w = [p.ridge(lam) for lam in lams]

    def each(i: int) -> tuple[Any, Bound]:
        return w[i], allowed(bounds.orthogonal, p, lams[i])

    judge_each("ridge_path", impl.ridge_path(p.X, p.y, np.array(lams, dtype)), (len(lams), p.X.shape[1]), dtype, each)


@in_both_dtypes
@with_many_lams
def test_a_large_matrix_has_the_degrees_of_freedom_of_its_parts(impl, size, lams, dtype):
    """On hundreds of rows and columns ridge_dof is the trace of the hat matrix at each λ."""
    p = tiled(*ALL_SIZES[size], dtype)

    def each(i: int) -> tuple[Any, Bound]:
        return p.dof(lams[i]), allowed_of_dof(p, lams[i])

    judge_each("ridge_dof", impl.ridge_dof(p.X, np.array(lams, dtype)), (len(lams),), dtype, each)


@in_both_dtypes
@with_many_lams
def test_a_large_problem_has_the_generalised_cross_validation_of_its_parts(impl, size, lams, dtype):
    """On hundreds of rows and columns ridge_gcv is n‖(I − H)y‖² / tr(I − H)² at each λ."""
    p = tiled(*ALL_SIZES[size], dtype)

    def each(i: int) -> tuple[Any, Bound]:
        gcv = bounds_selection.generalised_cross_validation
        return p.gcv(lams[i]), allowed(gcv, p, lams[i], min(p.X.shape))

    judge_each("ridge_gcv", impl.ridge_gcv(p.X, p.y, np.array(lams, dtype)), (len(lams),), dtype, each)


@pytest.mark.parametrize(
    ("size", "dtype"),
    [
        ("288x64, well-conditioned", np.float64),  # its 288 refits take seconds to judge: once is enough
        *((size, dtype) for size in ("64x288, well-conditioned", "96x64") for dtype in DTYPES),
    ],
    ids=lambda value: value if isinstance(value, str) else np.dtype(value).name,
)
def test_a_large_problem_has_the_leave_one_out_error_of_its_parts(impl, size, dtype):
    """On hundreds of rows and columns ridge_loo is the mean of the squared errors of the refits at each λ."""
    lams = 0.5, 0.0
    p = tiled(*ALL_SIZES[size], dtype)

    def each(i: int) -> tuple[Any, Bound]:
        return p.loo(lams[i]), allowed_of_loo(p, lams[i])

    judge_each("ridge_loo", impl.ridge_loo(p.X, p.y, np.array(lams, dtype)), (len(lams),), dtype, each)


@in_both_dtypes
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (16, 8), (8, 16), (40, 36)], ids="{0[0]}x{0[1]}".format)
def test_a_batch_of_many_is_each_by_itself(impl, shape, dtype):
    """ridge_batch solves dozens of problems, one ill-conditioned or of another size among them, each as ridge does."""
    rng, many = np.random.default_rng(shape), 37
    X, y = rng.integers(-9, 10, (many, *shape)).astype(dtype), rng.integers(-9, 10, (many, shape[0])).astype(dtype)
    lam = np.ldexp(1.0, rng.integers(-3, 4, many)).astype(dtype)
    X[20, :, 0] *= dtype(2.0**10)
    X[30] *= dtype(2.0 ** (np.finfo(dtype).maxexp // 2))
    # Xᵀy and XᵀX are subnormal, or nothing, and w is neither.
    x_unit, y_unit, lam_unit = (-780, -297, -498) if dtype == np.float64 else (-135, -12, -78)
    X[25], y[25], lam[25] = X[25] * dtype(2.0**x_unit), y[25] * dtype(2.0**y_unit), 2.0**lam_unit

    def each(i: int) -> tuple[Any, Bound]:
        w = oracles.ridge(X[i], y[i], float(lam[i]))
        return w, bounds.orthogonal(X[i], y[i], float(lam[i]), w)

    judge_each("ridge_batch", impl.ridge_batch(X, y, lam), (many, shape[1]), dtype, each)
