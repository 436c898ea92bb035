"""sklearn's RidgeCV has NaN for the error of a sample that alone has a feature, and then picks the wrong alpha."""

from fractions import Fraction

import numpy as np
from sklearn.linear_model import RidgeCV

X, y, alphas = np.array([[1024.0, 0], [0, 1], [0, 1]]), np.array([1.0, 2, 4]), [2.0**-34, 2.0**-7]
F, right = np.vectorize(Fraction), []
for alpha in map(Fraction, alphas):
    errors = []
    for i in range(3):  # the columns are orthogonal: each coefficient is a quotient
        A, b = F(np.delete(X, i, 0)), F(np.delete(y, i))
        errors.append((F(y)[i] - sum(F(X)[i] * (A.T @ b) / ((A * A).sum(axis=0) + alpha))) ** 2)
    right.append(sum(errors) / 3)
assert right[1] < right[0] < 4
model = RidgeCV(alphas=alphas, fit_intercept=False, store_cv_results=True).fit(X, y)
print("got  ", model.cv_results_.mean(axis=0), "so alpha is", model.alpha_)
print("right", [float(error) for error in right], "so alpha is", alphas[1])
print("mended" if model.alpha_ == alphas[1] else "wrong")
