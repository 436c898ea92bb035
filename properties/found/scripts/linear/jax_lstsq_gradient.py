"""The gradient of jax.numpy.linalg.lstsq is NaN at orthonormal features: it goes through that of the SVD."""

from fractions import Fraction

import jax
import numpy as np

X, y, t = np.array([[1.0, 0], [0, 1], [0, 0]]), np.array([1, 2, 3]), Fraction(1, 10**30)
right = np.zeros((3, 2))
for i, j in np.ndindex(3, 2):  # the sum of (XᵀX)⁻¹Xᵀy by Cramer's rule, of X as it is and with one entry moved by t
    sums = []
    for step in (0, t):
        Z = np.vectorize(Fraction, otypes=[object])(X)
        Z[i, j] += step
        (a, b), (_, d), (e, f) = *(Z.T @ Z), Z.T @ y
        sums.append((d * e - b * f + a * f - b * e) / (a * d - b * b))
    right[i, j] = (sums[1] - sums[0]) / t
got = np.array(jax.grad(lambda A: jax.numpy.linalg.lstsq(A, y)[0].sum())(X))
print("got  ", got.tolist(), "\nright", right.tolist())
print("mended" if abs(got - right).max() < 1e-4 else "wrong")
