"""torch's soft_margin_loss is inf, and its gradient NaN, where the loss is 100: exp overflows before log1p is taken."""

from fractions import Fraction

import torch
from torch.nn.functional import soft_margin_loss

# log(1 + exp(100)) = 100 + log(1 + exp(−100)), between 100 and 100 + exp(−100), and exp(1) > 1 + 1 + 1/2.
most = 100 + (1 + 1 + Fraction(1, 2)) ** -100
assert most < 100 + Fraction(1, 10**39)
x = torch.tensor([-100.0], requires_grad=True)
got = soft_margin_loss(x, torch.tensor([1.0]))
got.backward()
print("got  ", got.item(), "and gradient", x.grad.item())
print("right", float(most), "and gradient", -1.0)
print("mended" if got.item() == 100 and x.grad.item() == -1 else "wrong")
