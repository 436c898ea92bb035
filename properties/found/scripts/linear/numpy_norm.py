"""numpy.linalg.norm squares before it adds: a norm of 2e181, or of 1e-180, is lost to the range of the squares."""

from fractions import Fraction

import numpy as np

wrong = False
for scale in (2.0**600, 2.0**-600):
    x = np.array([3.0, 4.0]) * scale
    right = 5 * scale
    assert Fraction(right) ** 2 == sum(Fraction(entry) ** 2 for entry in x)
    got = np.linalg.norm(x)
    print("got  ", got)
    print("right", right)
    wrong |= not abs(got - right) <= 1e-15 * right
print("wrong" if wrong else "mended")
