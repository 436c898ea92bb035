"""scipy.linalg.lstsq raises an error for a b of shape (m, 0), by two of its three drivers, the default among them."""

from fractions import Fraction

import numpy as np
from scipy.linalg import lstsq

X, Y = np.eye(3), np.zeros((3, 0))
right = [[sum(Fraction(X[k, i]) * Fraction(Y[k, j]) for k in range(3)) for j in range(0)] for i in range(3)]  # XᵀY
assert np.shape(right) == lstsq(X, Y, lapack_driver="gelss")[0].shape == np.linalg.lstsq(X, Y)[0].shape
errors = []
for driver in ("gelsd", "gelsy"):
    try:
        print("got  ", lstsq(X, Y, lapack_driver=driver)[0].shape)
    except Exception as error:
        errors.append(error)
        print("got  ", type(error).__name__, error)
print("right", np.shape(right))
print("wrong" if errors else "mended")
