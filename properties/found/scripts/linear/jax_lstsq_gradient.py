"""The gradient of jax.numpy.linalg.lstsq is NaN at orthonormal features: it goes through that of the SVD."""

from fractions import Fraction

import jax
import numpy as np

X, y = np.array([[1.0, 0], [0, 1], [0, 0]]), np.array([1.0, 2, 3])
F = np.vectorize(Fraction, otypes=[object])
A, b, right = F(X), F(y), np.zeros((3, 2))
w = A.T @ b
assert (A.T @ A).tolist() == [[1, 0], [0, 1]]
# So w solves XᵀXw = Xᵀy, and by an entry of X, whose place is E, XᵀXw' = Eᵀy − (XᵀX)'w.
for i, j in np.ndindex(3, 2):
    E = F(np.zeros((3, 2)))
    E[i, j] += 1
    right[i, j] = (E.T @ b - (E.T @ A + A.T @ E) @ w).sum()
got = np.array(jax.grad(lambda X: jax.numpy.linalg.lstsq(X, y)[0].sum())(X))
print("got  ", got.tolist(), "\nright", right.tolist())
print("mended" if abs(got - right).max() < 1e-4 else "wrong")
