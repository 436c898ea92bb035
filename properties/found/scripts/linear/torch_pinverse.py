"""torch.pinverse divides by singular values that are rounding: its cut-off of 1e-15 is far below float32's eps."""

from fractions import Fraction

import numpy as np
import torch

A = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8]], dtype=object)
right = np.array([[-20, -6, 8], [-2, 0, 2], [16, 6, -4]], dtype=object) * Fraction(1, 36)
P, Q = A @ right, right @ A  # the four conditions of Moore and Penrose, which one matrix alone fulfils
assert all((M == N).all() for M, N in ((P @ A, A), (Q @ right, right), (P, P.T), (Q, Q.T)))
got = torch.pinverse(torch.tensor(A.astype(np.float32)))
print("got  ", got)
print("right", right.astype(float))
print("torch.linalg.pinv", torch.linalg.pinv(torch.tensor(A.astype(np.float32))))
print("mended" if abs(got.numpy() - right.astype(float)).max() < 1e-3 else "wrong")
