"""sklearn's Ridge(solver="svd") takes singular values below 1e-15 for 0, whatever the scale of the data."""

from fractions import Fraction

import numpy as np
from sklearn.linear_model import Ridge

scale = 2.0**-60  # as of charges in coulombs
X, y, alpha = scale * np.eye(2), np.array([1.0, 2.0]), scale**2
right = [Fraction(scale) * Fraction(t) / (Fraction(scale) ** 2 + Fraction(alpha)) for t in y]  # (XᵀX + αI)⁻¹Xᵀy
assert all(float(w) == w for w in right)
got = Ridge(alpha=alpha, fit_intercept=False, solver="svd").fit(X, y).coef_
print("got  ", got)
print("right", [float(w) for w in right])
print("by another solver", Ridge(alpha=alpha, fit_intercept=False, solver="cholesky").fit(X, y).coef_)
print("mended" if all(abs(Fraction(g) / w - 1) < 1e-12 for g, w in zip(got, right, strict=True)) else "wrong")
