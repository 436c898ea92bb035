"""dask.array.linalg.lstsq sees that the rank is 2 of 3, and divides by the third singular value all the same."""

from fractions import Fraction

import dask.array as da
import numpy as np

X, y = np.array([[1.0, 1, 2], [1, 2, 3], [1, 3, 4], [1, 4, 5]]), np.array([1.0, 2, 3, 5])
right = np.array([Fraction(-23, 30), Fraction(31, 30), Fraction(8, 30)])
F = np.vectorize(Fraction)
assert not (F(X).T @ (F(y) - F(X) @ right)).any()  # it minimises the residual
assert (X @ [1, 1, -1]).tolist() == [right @ [1, 1, -1]] * 4 == [0] * 4  # and is orthogonal to what X takes to 0
got, _, rank, _ = da.compute(*da.linalg.lstsq(da.from_array(X, chunks=(2, 3)), da.from_array(y, chunks=2)))
squares = [float(((F(y) - F(X) @ w) ** 2).sum()) for w in (F(got), right)]
print("got  ", got, "of rank", rank, "whose squared residual is", squares[0])
print("right", right.astype(float), "whose squared residual is", squares[1])
print("numpy", np.linalg.lstsq(X, y)[0])
print("mended" if abs(got - right.astype(float)).max() < 1e-6 else "wrong")
