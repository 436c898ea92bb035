"""mlxtend's LogisticRegression reports costs of NaN once a prediction rounds to 1: it adds 0 · log(0)."""

from fractions import Fraction

import numpy as np
from mlxtend.classifier import LogisticRegression

X, y = np.array([[-100.0], [100.0]]), np.array([0, 1])
model = LogisticRegression(eta=0.1, epochs=5, minibatches=1, random_seed=0).fit(X, y)
# Both are on their right side by a margin z of 200 at least, each at a cost of log(1 + exp(−z)) < exp(−z) < 2^−z.
w, b = Fraction(model.w_[0, 0]), Fraction(model.b_[0])
margin = min(-(Fraction(X[0, 0]) * w + b), Fraction(X[1, 0]) * w + b)
assert margin > 200
print("got  ", [float(cost) for cost in model.cost_])
print("right: the last is between 0 and", float(2 * Fraction(1, 2**200)))
print("mended" if 0 <= model.cost_[-1] < 1e-59 else "wrong")
