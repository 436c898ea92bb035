"""jax.nn.squareplus loses all digits of what is negative: (x + √(x² + 4)) / 2 subtracts what it has just rounded."""

from fractions import Fraction

import jax

wrong = False
for x in (-3000, -100000):
    # The value v is the positive root of v² − xv − 1, which is −1/x or a little less.
    low, high = Fraction(-1, x) * (1 - Fraction(1, x * x)), Fraction(-1, x)
    assert low * low - x * low - 1 < 0 < high * high - x * high - 1
    got = float(jax.nn.squareplus(float(x)))
    print("got  ", got)
    print("right", float(high))
    wrong |= not abs(got / high - 1) < 1e-4
print("wrong" if wrong else "mended")
