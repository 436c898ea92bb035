"""torch's norms overflow in the squares: normalize gives zeros, and clip_grad_norm_ takes the whole gradient away."""

from fractions import Fraction

import torch

x = torch.tensor([3.0, 4.0]) * 2.0**80  # 1e24, of at most 3e38
norm = 5 * 2**80
assert sum(Fraction(entry) ** 2 for entry in x.tolist()) == norm**2
right = [Fraction(entry) / norm for entry in x.tolist()]
got = torch.nn.functional.normalize(x, dim=0)
parameter = torch.nn.Parameter(torch.zeros(2))
parameter.grad = x.clone()
torch.nn.utils.clip_grad_norm_([parameter], 1.0)
print("got  ", torch.linalg.norm(x).item(), got.tolist(), "and clipped", parameter.grad.tolist())
print("right", float(norm), [float(entry) for entry in right], "for both")
print("mended" if max(abs(Fraction(g) - r) for g, r in zip(got.tolist(), right, strict=True)) < 1e-6 else "wrong")
