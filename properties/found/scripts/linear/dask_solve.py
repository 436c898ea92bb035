"""dask.array.linalg.solve takes pivots within a chunk only: a system of condition 2.6 is solved wrongly."""

from fractions import Fraction

import dask.array as da
import numpy as np

A, b = np.array([[2.0**-60, 1], [1, 1]]), np.array([1.0, 2])
(p, q), (r, s) = [[Fraction(entry) for entry in row] for row in A]
e, f = map(Fraction, b)
right = [(s * e - q * f) / (p * s - q * r), (p * f - r * e) / (p * s - q * r)]  # Cramer's rule
assert [p * right[0] + q * right[1], r * right[0] + s * right[1]] == [e, f]
got = da.linalg.solve(da.from_array(A, chunks=1), da.from_array(b, chunks=1)).compute()
print("got  ", got)
print("right", [float(entry) for entry in right])
print("numpy", np.linalg.solve(A, b))
print("mended" if all(abs(Fraction(g) - r) < 1e-12 for g, r in zip(got, right, strict=True)) else "wrong")
