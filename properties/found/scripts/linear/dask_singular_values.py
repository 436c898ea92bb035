"""dask.array.linalg.lstsq loses a singular value of 1e-8 beside 2: it takes roots of the eigenvalues of RᵀR."""

from fractions import Fraction

import dask.array as da
import numpy as np

e = 2.0**-27
X = np.array([[1.0, 1], [1, 1], [e, -e]])
squares = [Fraction(4), 2 * Fraction(e) ** 2]  # of the singular values: the roots of det(XᵀX − s²I)
G = np.vectorize(Fraction)(X)
assert all((G.T @ G)[0, 0] - square == abs((G.T @ G)[0, 1]) * (1 if square < 1 else -1) for square in squares)
s = da.linalg.lstsq(da.from_array(X, chunks=(2, 2)), da.from_array(np.ones(3), chunks=2))[3].compute()
print("got  ", s)
print("right", [float(square) ** 0.5 for square in squares])
print("numpy", np.linalg.lstsq(X, np.ones(3))[3])
print("mended" if abs(s[1] / (e * 2**0.5) - 1) < 1e-6 else "wrong")
