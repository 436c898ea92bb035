"""scipy.signal.savgol_filter makes 0 of a signal that is 1 everywhere: it fits powers of 500 without scaling them."""

from fractions import Fraction

import numpy as np
from scipy.signal import savgol_coeffs, savgol_filter

half, n = 500, 8  # a window of 1001, polynomials of degree 7
M = [[Fraction(sum(i ** (k + j) for i in range(-half, half + 1))) for j in range(n)] + [k == 0] for k in range(n)]
# The normal equations, by elimination: the value at 0 of what is fitted to a signal is Σ wᵢ · signalᵢ.
for p in range(n):
    M[p] = [entry / M[p][p] for entry in M[p]]
    M = [row if row is M[p] else [a - row[p] * b for a, b in zip(row, M[p], strict=True)] for row in M]
right = [sum(row[n] * i**k for k, row in enumerate(M)) for i in range(-half, half + 1)]
assert sum(right) == 1
got = savgol_coeffs(2 * half + 1, n - 1)
print("got  ", savgol_filter(np.ones(2001), 2 * half + 1, n - 1)[1000], "by weights from", got[half])
print("right", float(sum(right)), "by weights from", float(right[half]))
print("mended" if abs(got[half] / right[half] - 1) < 1e-6 else "wrong")
