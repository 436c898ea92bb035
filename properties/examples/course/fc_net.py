"""A fully connected network, as handed in for an assignment."""

import numpy as np
from layers import affine_backward, affine_forward, affine_relu_backward, affine_relu_forward, softmax_loss


class FullyConnectedNet:
    def __init__(
        self, hidden_dims, input_dim=784, num_classes=10, reg=0.0, weight_scale=1e-2, dtype=np.float64, seed=None
    ):
        self.reg, self.dtype = reg, dtype
        self.num_layers = len(hidden_dims) + 1
        rng = np.random.default_rng(seed)
        dims = [input_dim, *hidden_dims, num_classes]
        self.params = {}
        for i in range(1, self.num_layers + 1):
            self.params[f"W{i}"] = (weight_scale * rng.standard_normal((dims[i - 1], dims[i]))).astype(dtype)
            self.params[f"b{i}"] = np.zeros(dims[i], dtype)

    def loss(self, X, y=None):
        out, caches, last = X.astype(self.dtype), {}, self.num_layers
        for i in range(1, last):
            out, caches[i] = affine_relu_forward(out, self.params[f"W{i}"], self.params[f"b{i}"])
        scores, caches[last] = affine_forward(out, self.params[f"W{last}"], self.params[f"b{last}"])
        if y is None:
            return scores
        loss, dout = softmax_loss(scores, y)
        grads = {}
        for i in range(last, 0, -1):
            backward = affine_backward if i == last else affine_relu_backward
            W = self.params[f"W{i}"]
            dout, dW, grads[f"b{i}"] = backward(dout, caches[i])
            grads[f"W{i}"] = dW + self.reg * W
            loss += 0.5 * self.reg * np.sum(W * W)
        return loss, grads
