"""statsmodels' RollingOLS is wrong for windows that an outlier has left: it subtracts its square from a running sum."""

from fractions import Fraction

import numpy as np
import statsmodels.api as sm
from statsmodels.regression.rolling import RollingOLS

x = np.arange(30.0) % 5
x[3] = 1e9  # as where a sentinel was not taken out
y = 1 + 2 * x
window = slice(8, 13)  # 3, 4, 0, 1, 2: without it
assert all(Fraction(t) == 1 + 2 * Fraction(a) for a, t in zip(x[window], y[window], strict=True))  # no residual
got = RollingOLS(y, sm.add_constant(x), window=5).fit().params[12]
print("got  ", got)
print("right", [1, 2])
print("OLS of the same five rows", sm.OLS(y[window], sm.add_constant(x)[window]).fit().params)
print("mended" if abs(got - [1, 2]).max() < 1e-6 else "wrong")
