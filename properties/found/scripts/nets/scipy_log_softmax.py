"""scipy.special.log_softmax gives 0 for the log of a probability below 1: log(1 + t) without log1p."""

from fractions import Fraction
from math import factorial

from scipy.special import log_softmax

# log_softmax([0, -37])[0] = −log(1 + t), t = exp(−37), and t − t²/2 < log(1 + t) < t.
# Of exp(37); what is left out of the series is below twice its first term.
least = sum(Fraction(37) ** k / factorial(k) for k in range(200))
most = least + 2 * Fraction(37) ** 200 / factorial(200)
low, high = 1 / most - least**-2 / 2, 1 / least
assert 0 < low < high < low * Fraction(1 + 1e-15)
got = log_softmax([0.0, -37.0])[0]
print("got  ", got)
print("right", -float(high))
print("mended" if low * Fraction(0.999) <= -Fraction(float(got)) <= high * Fraction(1.001) else "wrong")
