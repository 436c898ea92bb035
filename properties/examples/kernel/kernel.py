import numpy as np


class ModelNew:
    def __init__(self, d, k):
        self.W = np.random.standard_normal((d, k)).astype(np.float32)
        self.half = self.W.astype(np.float16)

    def forward(self, x):
        return np.maximum((x.astype(np.float16) @ self.half).astype(np.float32), 0)
