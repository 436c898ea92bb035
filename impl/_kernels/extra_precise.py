"""Least squares to the last digit: the solution refined by residuals of twice the digits, until nothing changes.

With A = X, b = y and c = 0 where X is tall, A = Xᵀ, b = 0 and c = y where it is wide, r and z solve

    r + Az = b,  Aᵀr = c,

and w is z or r. Rounding takes up to κ² of the digits of w, but the equations say by how much: what they lack at the r
and z that there are, s = b − r − Az and t = c − Aᵀr, calculated with twice the digits, gives by the factors of A, which
are of the usual precision, what to add (Björck 1967, "Iterative refinement of linear least squares solutions"; Demmel,
Hida, Riedy and Li 2009, "Extra-precise iterative refinement for overdetermined least squares problems"). With AD = QR
each step multiplies the error of r and z by some κ(AD)u. Without Q, with r = b − Az and RᵀR or a factor of DAᵀAD alone,
it is κ²u: cheaper, and as good where that is small. D is of powers of two.

r and z are kept as sums of two floats, so that nothing but the last rounding is left, as long as u times the condition
of the problem, κ + κ²‖r‖/(‖X‖‖w‖) for a tall X, is below 1.
"""

import math

import numpy as np

from .double_double import add_multiple, dot, two_sum
from .equations import bounds, gram_in_pieces, pieces_of, roundings
from .jit import jit, jit_inlined
from .lapack import call
from .linalg import (
    default_rcond,
    inverse_of_R,
    numerical_rank,
    product,
    qr,
    singular_values,
    times_Q,
    transposed,
)
from .parallel import Team, in_chunks, nobody
from .refine import HOPELESS, factored, full_rank, to_unit_diagonal, trace
from .scaling import matrix_in_range, target_in_range, times_power_of_two
from .validation import Array


@jit
def extra_by_cholesky(team: Team, threads: int, X: Array, Y: Array, rcond: float) -> tuple[Array, bool]:
    """(Wᵀ, whether it is that), for tall data by the factor of XᵀX; only where every σ > rcond · σ_max for sure."""
    X, ex = matrix_in_range(X)
    Y, ey = target_in_range(Y)
    m, n = X.shape
    G, pulls = gram_in_pieces(team, threads, X, Y, 1.0, 0.0, X)
    squares, scale = trace(G), np.empty(n)
    powers, norm = to_unit_diagonal(G)
    if rcond < 0:
        rcond = default_rcond(m, n, X)
    certain = norm < np.inf and full_rank(G, powers, squares, roundings(m, n, threads), rcond)
    condition = factored(G, norm) if certain else np.inf
    if not condition < np.inf:
        return np.empty((Y.shape[1], n), X.dtype), False
    rate = min((m + 2 * n + 2) * np.finfo(X.dtype).eps * n * condition, 0.25)  # the latter by `full_rank`
    for j in range(n):
        scale[j] = powers[j]
    triangle = np.uint8(ord("L"))
    return refined(team, threads, X, Y, pulls, ey - ex, G, triangle, powers[:0], scale, 0.0, rate)


@jit
def extra_by_qr(X: Array, Y: Array, rcond: float) -> tuple[Array, bool]:
    """(Wᵀ, whether it is that), only where every σ > rcond · σ_max and none of XD, or DX, is in doubt."""
    X, ex = matrix_in_range(X)
    Y, ey = target_in_range(Y)
    (m, n), p = X.shape, min(X.shape)
    nothing = np.empty((Y.shape[1], n), X.dtype)
    At = X.copy() if m < n else transposed(X)
    scale = equilibrate(At)
    tau = qr(At)
    inverse, full = inverse_of_R(At, 0.0)
    if not full:
        return nothing, False
    R = np.zeros((p, p), X.dtype)
    of_R, of_inverse, largest, smallest = 0.0, 0.0, 0.0, 0.0
    for i in range(p):
        for j in range(i + 1):
            R[i, j] = At[i, j] / scale[i]
            of_R += float(At[i, j]) ** 2
            of_inverse += float(inverse[i, j]) ** 2
            largest += (float(At[i, j]) / scale[i]) ** 2
            smallest += (float(inverse[i, j]) * scale[j]) ** 2
    eps = np.finfo(X.dtype).eps
    if rcond < 0:
        rcond = default_rcond(m, n, X)
    certain = rcond == 0 or 4 * rcond**2 * largest * smallest < 1
    if not certain and (rcond < eps or numerical_rank(singular_values(R), rcond) < p):
        return nothing, False
    rate, triangle = (m + 2 * n + 2) * eps * of_R * of_inverse, np.uint8(ord("U"))
    if m >= n and rate < HOPELESS:
        pulls = product(Y, True, X, False)
        return refined(nobody(), 1, X, Y, pulls, ey - ex, At, triangle, tau[:0], scale, math.sqrt(of_inverse), rate)
    rate = (m + 2 * n + 2) * eps * math.sqrt(of_R) * math.sqrt(of_inverse)
    return refined(nobody(), 1, X, Y, nothing, ey - ex, At, triangle, tau, scale, math.sqrt(of_inverse), rate)


@jit_inlined
def equilibrate(At: Array) -> Array:
    """Scale the rows, in place, to a largest entry between ½ and 1; the powers of two that do it."""
    scale = np.ones(At.shape[0])
    for i in range(At.shape[0]):
        largest = 0.0
        for j in range(At.shape[1]):
            largest = max(largest, abs(float(At[i, j])))
        scale[i] = math.ldexp(1.0, min(-math.frexp(largest)[1], 1000))
        for j in range(At.shape[1]):
            At[i, j] *= scale[i]
    return scale


@jit_inlined
def refined(
    team: Team,
    threads: int,
    X: Array,
    Y: Array,
    pulls: Array,
    e: int,
    F: Array,
    triangle: int,
    tau: Array,
    scale: Array,
    inverse: float,
    rate: float,
) -> tuple[Array, bool]:
    """(Wᵀ · 2^e, whether it is refined), by a triangular factor of AD or of DAᵀAD, with Q if there is tau."""
    n, k = X.shape[1], Y.shape[1]
    Wt, better = np.empty((k, n), X.dtype), True
    for t in range(k):
        better &= refine(team, threads, X, Y[:, t], pulls[t], F, triangle, tau, scale, inverse, rate, Wt[t])
    return (times_power_of_two(Wt, e) if e != 0 else Wt), better


@jit
def refine(
    team: Team,
    threads: int,
    X: Array,
    y: Array,
    pulls: Array,
    F: Array,
    triangle: int,
    tau: Array,
    scale: Array,
    inverse: float,
    rate: float,
    w: Array,
) -> bool:
    """Write the solution for one target to w; whether refinement has made it better. Without Q `pulls` are Xᵀy.

    `inverse` is ‖R⁻¹‖. A step multiplies the error, as ‖D⁻¹δz‖ + ‖R⁻¹‖‖δr‖, by `rate` at most, so that after one there
    is left at most rate/(1 − rate) times the correction. Steps end when that is nothing beside each entry of w; or when
    a correction is not half of the one before, as rounding of residuals makes it, which is then not made.
    """
    tall, by_Q = X.shape[0] >= X.shape[1], tau.size > 0
    p, q = min(X.shape), max(X.shape)
    z, z_low, g = np.zeros(p), np.zeros(p), np.zeros(p)
    kept = q if by_Q else 0
    r, r_low, s, s_low = np.zeros(kept), np.zeros(kept), np.zeros(kept), np.zeros(kept)
    for i in range(y.size if by_Q else 0):
        if tall:
            s[i] = y[i]
        else:
            g[i] = -y[i]
    for j in range(0 if by_Q else p):
        g[j] = pulls[j]
    before, step, ones, eps = np.inf, 0, np.ones(kept), float(np.finfo(w.dtype).eps)
    while True:
        of_z, of_r = correct(F, triangle, tau, scale, s, g)
        size = of_z + inverse * of_r
        if not size <= 0.5 * before:
            break
        before = size
        add(z, z_low, g)
        if by_Q:
            add(r, r_low, s)
        step += 1
        left = size * min(rate / (1 - rate), 1.0) if rate < 1 else size
        if step > 1 and (is_nothing(left, z, scale, eps) if tall else is_nothing(left / inverse, r, ones, eps)):
            break
        if tall:
            tall_residuals(team, threads, X, y, z, z_low, r, r_low, s, g)
        else:
            wide_residuals(X, y, z, z_low, r, r_low, s, s_low, g)
    solution = z if tall else r
    for j in range(w.size):
        w[j] = solution[j]
    return step > 1


@jit_inlined
def tall_residuals(
    team: Team,
    threads: int,
    X: Array,
    y: Array,
    z: Array,
    z_low: Array,
    r: Array,
    r_low: Array,
    s: Array,
    g: Array,
) -> None:
    """S = y − r − Xz and g = Xᵀr, in one pass over X; where no r is kept, g = Xᵀ(y − Xz)."""
    pieces = pieces_of(X.shape[0], threads)
    sums, errors = np.zeros((pieces, g.size)), np.zeros((pieces, g.size))
    in_chunks(team, threads, pieces, _residuals_of_rows, (X, y, z, z_low, r, r_low, s, sums, errors))
    for j in range(g.size):
        total, rest = sums[0, j], errors[0, j]
        for c in range(1, pieces):
            total, error = two_sum(total, sums[c, j])
            rest += error + errors[c, j]
        g[j] = total + rest


@jit
def _residuals_of_rows(c: int, shared: tuple[Array, Array, Array, Array, Array, Array, Array, Array, Array]) -> None:
    X, y, z, z_low, r, r_low, s, sums, errors = shared
    first, last = bounds(X.shape[0], sums.shape[0], c)
    for i in range(first, last):
        high, low = dot(X, i, z, z_low)
        value, error = two_sum(float(y[i]), -high)
        error -= low
        if r.size > 0:
            value, another = two_sum(value, -r[i])
            s[i] = value + (error + another - r_low[i])
            value, error = r[i], r_low[i]
        add_multiple(X, i, value, error, sums[c], errors[c])


@jit_inlined
def wide_residuals(
    X: Array, y: Array, z: Array, z_low: Array, r: Array, r_low: Array, s: Array, s_low: Array, g: Array
) -> None:
    """S = −r − Xᵀz and g = Xr − y, in one pass over X."""
    for j in range(s.size):
        s[j], s_low[j] = -r[j], -r_low[j]
    for i in range(X.shape[0]):
        add_multiple(X, i, -z[i], -z_low[i], s, s_low)
        high, low = dot(X, i, r, r_low)
        value, error = two_sum(high, -float(y[i]))
        g[i] = value + (error + low)
    for j in range(s.size):
        s[j] += s_low[j]


@jit_inlined
def correct(F: Array, triangle: int, tau: Array, scale: Array, s: Array, g: Array) -> tuple[float, float]:
    """Overwrite s and g with the corrections of r and z, for t = −g; their norms, that of z over D.

    By h = R⁻ᵀDt and Qᵀs = [d₁; d₂], they are Q[h; d₂] and DR⁻¹(d₁ − h); without Q, s = 0. What is solved is brought to
    entries of at most 1, which are in the range of F's dtype.
    """
    p, q, by_Q = g.size, s.size, tau.size > 0
    largest = 0.0
    for j in range(p):
        g[j] *= scale[j]
        largest = max(largest, abs(g[j]))
    for i in range(q if by_Q else 0):
        largest = max(largest, abs(s[i]))
    unit = math.ldexp(1.0, min(max(math.frexp(largest)[1], -1000), 1000)) if largest > 0 else 1.0
    h, b, info = np.empty((1, p), F.dtype), np.empty((1, q if by_Q else 0), F.dtype), np.zeros(1, np.int32)
    for j in range(p):
        h[0, j] = g[j] / unit
    of_z, of_r = 0.0, 0.0
    if by_Q:
        for i in range(q):
            b[0, i] = s[i] / unit
        call("trtrs", ("U", "T", "N", p, 1, F, q, h, p, info))
        times_Q(F, tau, b, True)
        for j in range(p):
            minus = -h[0, j]
            h[0, j] += b[0, j]
            b[0, j] = minus
        call("trtrs", ("U", "N", "N", p, 1, F, q, h, p, info))
        times_Q(F, tau, b, False)
        for i in range(q):
            s[i] = b[0, i] * unit
            of_r += float(b[0, i]) ** 2
    else:
        call("potrs", (triangle, p, 1, F, F.shape[1], h, p, info))
    for j in range(p):
        g[j] = h[0, j] * unit * scale[j]
        of_z += float(h[0, j]) ** 2
    return math.sqrt(of_z) * unit, math.sqrt(of_r) * unit


@jit_inlined
def add(value: Array, low: Array, change: Array) -> None:
    """Add a change to value + low."""
    for j in range(value.size):
        s, e = two_sum(value[j], change[j])
        value[j], low[j] = two_sum(s, low[j] + e)


@jit_inlined
def is_nothing(left: float, value: Array, scale: Array, eps: float) -> bool:
    """Whether a change of this size, in units of the scale, is an eighth of eps of each entry, or less.

    Of an entry that is itself no more than rounding, beside the largest, it is that of such a rounding.
    """
    largest = 0.0
    for j in range(value.size):
        largest = max(largest, abs(value[j] / scale[j]))
    nothing = True
    for j in range(value.size):
        nothing &= left <= 0.125 * eps * max(abs(value[j] / scale[j]), eps * largest)
    return nothing
