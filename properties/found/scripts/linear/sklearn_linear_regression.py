"""sklearn's LinearRegression() drops singular values below 1e-6: of NIST's Wampler1 it makes 0.35 where 1 is right."""

from fractions import Fraction

import numpy as np
from sklearn.linear_model import LinearRegression

x = np.arange(21.0)
X = np.column_stack([x**k for k in range(1, 6)])
y = 1 + X.sum(axis=1)
# No residual is left by coefficients of 1, and, as 21 points determine a polynomial of degree 5, by no others.
assert all(Fraction(t) == sum(int(a) ** k for k in range(6)) for a, t in zip(x, y, strict=True))
model = LinearRegression().fit(X, y)
got = model.coef_
print("got  ", got, "and intercept", model.intercept_)
print("right", [1, 1, 1, 1, 1], "and intercept 1")
print("numpy", np.linalg.lstsq(np.column_stack([np.ones(21), X]), y)[0][1:])
print("mended" if abs(got - 1).max() < 1e-6 else "wrong")
