import numpy as np


class Model:
    def __init__(self, d, k):
        self.W = np.random.standard_normal((d, k)).astype(np.float32)

    def forward(self, x):
        return np.maximum(x @ self.W, 0)


def get_inputs():
    return [np.random.standard_normal((16, 32)).astype(np.float32)]


def get_init_inputs():
    return [32, 8]
