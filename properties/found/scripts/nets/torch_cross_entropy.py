"""torch's cross_entropy has no loss and no gradient where 1 − p is 2e-9: the same as of two classes has both."""

from fractions import Fraction
from math import factorial

import torch
from torch.nn import functional as F

# By the right class's score it is p − 1 = −1 / (1 + exp(20)); what exp's series leaves out is below twice its first.
least = sum(Fraction(20) ** k / factorial(k) for k in range(120))
right, most = -1 / (1 + least), -1 / (1 + least + 2 * Fraction(20) ** 120 / factorial(120))
assert right < most < right * Fraction(1 - 1e-15)
x = torch.tensor([[0.0, -20.0]], requires_grad=True)
loss = F.cross_entropy(x, torch.tensor([0]))
loss.backward()
print("got  ", x.grad.tolist(), "of the loss", loss.item())
print("right", [float(right), -float(right)], "of the loss", float(right**2 / 2 - right))  # -log(1 - q) = q + q²/2
print("of two classes", F.binary_cross_entropy_with_logits(torch.tensor(20.0), torch.tensor(1.0)).item())
print("mended" if abs(Fraction(x.grad[0, 0].item()) / right - 1) < 1e-3 else "wrong")
