"""autograd's gradient of a product that has one factor 0 is NaN: it divides the product by the factor."""

from fractions import Fraction
from math import prod

import autograd.numpy as np
from autograd import grad

x = [0.0, 2.0, 3.0]
right = [prod(Fraction(factor) for j, factor in enumerate(x) if j != i) for i in range(3)]  # the product of the others
got = grad(np.prod)(np.array(x))
print("got  ", got)
print("right", [float(entry) for entry in right])
print("mended" if got.tolist() == right else "wrong")
