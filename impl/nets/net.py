"""Chapter 5: a fully connected net, whose training step is one compiled call whatever its depth."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._kernels.address import Addresses, addresses, matrix_at, vector_at
from .._kernels.jit import jit, jit_inlined, jit_sums
from .._kernels.validation import F32, F64, Array, count, not_negative, real, refuse_shape
from .layers import add_rows, relu_gate, times, times_transposed, transposed_times
from .losses import Labels, checked_labels, softmax_rows

__all__ = ["FullyConnectedNet", "TwoLayerNet"]

Scalar = np.floating[Any]

# Scores are computed for so many rows at once: enough for BLAS, and few enough that all layers stay in the caches.
_ROWS = 512


class FullyConnectedNet:
    """Scores W_L max(… max(x W₁ + b₁, 0) …) + b_L, trained on the softmax loss + ½ · reg · Σ‖W‖².

    Weights start from N(0, weight_scale²), each layer drawn independently of the others, biases at 0.

    Parameters
    ----------
    hidden_dims
        The widths of the hidden layers; none for a linear classifier.
    input_dim, num_classes
        The entries of a sample, and the number of scores.
    reg
        The weight of ½ Σ‖W‖², over every weight matrix and no bias.
    weight_scale
        The standard deviation of the weights to start with.
    dtype
        float64 or float32; everything is computed in it.
    seed
        What `numpy.random.default_rng` takes; None draws afresh, anything else gives the same bits again.

    Attributes
    ----------
    params : dict
        ``'W1'``, ``'b1'``, … . `loss` uses what it finds here: arrays may be changed in place or replaced, by any
        kind of array of their shape.
    reg : float
        May be changed between calls, too.

    Raises
    ------
    ValueError
        For a width that is no integer ≥ 0, another dtype, or a negative reg or weight_scale.

    Notes
    -----
    `loss` may be called from several threads at once. Between calls a net keeps the memory that its layers' outputs
    took, one block for each call that ran at the same time.

    For ``loss(X, y)`` with one hidden layer of H units, D entries a sample and C classes: N(4DH + 6HC) flops.
    Rumelhart, Hinton and Williams (1986); Glorot, Bordes and Bengio (2011).
    """

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 784,
        num_classes: int = 10,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: DTypeLike = np.float64,
        seed: Any = None,
    ) -> None:
        if np.ndim(hidden_dims) != 1:
            raise ValueError(f"hidden_dims must be a list of layer widths, not {hidden_dims!r}")
        hidden = [count("hidden_dims", width) for width in hidden_dims]
        dims = [count("input_dim", input_dim), *hidden, count("num_classes", num_classes)]
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        if self.dtype not in (F32, F64):
            raise ValueError(f"dtype must be float32 or float64, not {self.dtype}")
        self.reg = not_negative("reg", reg)
        scale = not_negative("weight_scale", weight_scale)
        random = np.random.default_rng(seed)
        self.params: dict[str, Array] = {}
        for layer, shape in enumerate(pairwise(dims), 1):
            self.params[f"W{layer}"] = (scale * random.standard_normal(shape)).astype(self.dtype)
            self.params[f"b{layer}"] = np.zeros(shape[1], self.dtype)
        self._dims, self._inputs, self._classes = np.array(dims, np.int64), dims[0], dims[-1]
        self._shapes = {name: array.shape for name, array in self.params.items()}
        ends = np.cumsum([0, *map(prod, self._shapes.values())]).tolist()  # of the gradients, one after the other
        self._places = {name: slice(*place) for name, place in zip(self._shapes, pairwise(ends), strict=True)}
        self._size = ends[-1]
        self._room = sum(dims[1:]) + max(dims[1:])  # for a sample, see `_train`
        self._spare: list[Array] = []

    def loss(self, X: ArrayLike, y: ArrayLike | None = None) -> Array | tuple[Scalar, dict[str, Array]]:
        """Scores without labels; with them, the loss and its gradients.

        Parameters
        ----------
        X
            N samples of any shape, ``(N, ...)``, flattened to ``(N, input_dim)``.
        y
            Labels from 0 to num_classes − 1, ``(N,)``, or None.

        Returns
        -------
        scores : Array
            ``(N, num_classes)``, if y is None.
        loss, gradients : Scalar, dict
            The mean softmax loss + ½ · reg · Σ‖W‖², and its derivatives under the names in `params`, in new arrays.

        Raises
        ------
        ValueError
            For a wrong shape, of the parameters too, and for a label that is none.
        TypeError
            For labels that are not integers.
        """
        rows = self._in_my_dtype("X", X)
        if rows.ndim == 0 or prod(rows.shape[1:]) != self._inputs:
            refuse_shape("X", rows, f"(N, ...), with {self._inputs} entries a sample")
        rows = rows.reshape(rows.shape[0], self._inputs)
        parameters = self._parameters()  # held on to while their addresses are in use
        where = addresses(parameters)
        return self._scores(rows, where) if y is None else self._loss(rows, y, where)

    def _scores(self, rows: Array, where: Addresses) -> Array:
        out = np.empty((rows.shape[0], self._classes), self.dtype)
        space = self._take(min(rows.shape[0], _ROWS))
        _score(rows, self._dims, where, space, out)
        self._spare.append(space)
        return out

    def _loss(self, rows: Array, y: ArrayLike, where: Addresses) -> tuple[Scalar, dict[str, Array]]:
        labels = checked_labels("y", y, rows.shape[0], self._classes)
        flat = np.empty(self._size, self.dtype)
        space = self._take(rows.shape[0])
        loss = _train(rows, labels, self._dims, where, self.reg, space, flat)
        self._spare.append(space)
        gradients = {name: flat[place].reshape(self._shapes[name]) for name, place in self._places.items()}
        return self.dtype.type(loss), gradients

    def _parameters(self) -> list[Array]:
        arrays = []
        for name, shape in self._shapes.items():
            if name not in self.params:
                raise ValueError(f"params must hold {', '.join(self._shapes)}, but {name} is missing")
            array = self._in_my_dtype(name, self.params[name])
            if array.shape != shape:
                refuse_shape(name, array, str(shape))
            arrays.append(array)
        return arrays

    def _in_my_dtype(self, name: str, value: ArrayLike) -> Array:
        if type(value) is np.ndarray and value.dtype is self.dtype and value.flags.carray:
            return value
        with np.errstate(over="ignore"):  # past float32's range is infinity
            return np.require(real(name, value), self.dtype, ["C", "A", "W"])

    def _take(self, samples: int) -> Array:
        """Room for the outputs of all layers and for one more, whatever is in it. Only one thread gets it."""
        need = samples * self._room
        try:
            space = self._spare.pop()
        except IndexError:
            return np.empty(need, self.dtype)
        return space if space.size >= need else np.empty(need, self.dtype)


class TwoLayerNet(FullyConnectedNet):
    """Scores W₂ max(x W₁ + b₁, 0) + b₂, trained on the softmax loss + ½ · reg · (‖W₁‖² + ‖W₂‖²), in float64.

    A `FullyConnectedNet` of one hidden layer, for small images. Its weights are drawn afresh each time.

    Parameters
    ----------
    input_dim, hidden_dim, num_classes
        The entries of a sample, the width of the hidden layer, and the number of scores.
    weight_scale
        The standard deviation of the weights to start with.
    reg
        The weight of ½ Σ‖W‖².

    Attributes
    ----------
    params : dict
        ``'W1'``, ``'b1'``, ``'W2'`` and ``'b2'``, to be changed or replaced as in `FullyConnectedNet`.

    Raises
    ------
    ValueError
        For a width that is no integer ≥ 0, or a negative reg or weight_scale.

    Notes
    -----
    For ``loss(X, y)`` with D entries a sample, H hidden units and C classes: N(4DH + 6HC) flops. Rumelhart, Hinton and
    Williams (1986); Glorot, Bordes and Bengio (2011).
    """

    def __init__(
        self,
        input_dim: int = 3 * 32 * 32,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
    ) -> None:
        width = count("hidden_dim", hidden_dim)
        super().__init__([width], input_dim, num_classes, reg=reg, weight_scale=weight_scale)


@jit
def _forward(x: Array, dims: NDArray[np.int64], params: Addresses, space: Array, scores: Array) -> None:
    """Write max(x W + b, 0) of each hidden layer to `space`, one after the other, and the scores to `scores`."""
    n, layers, start = x.shape[0], dims.size - 1, 0
    below = x
    for layer in range(layers):
        d, m = dims[layer], dims[layer + 1]
        last = layer == layers - 1
        out = scores if last else space[start : start + n * m].reshape(n, m)
        times(below, matrix_at(params[2 * layer], d, m, x), out)
        _add_bias(out, vector_at(params[2 * layer + 1], m, x), not last)
        below = out
        start += n * m


@jit_inlined
def _add_bias(out: Array, b: Array, relu: bool) -> None:
    zero = out.dtype.type(0)
    for n in range(out.shape[0]):
        row = out[n]
        for j in range(b.size):
            z = row[j] + b[j]
            row[j] = zero if relu and z <= 0 else z


@jit
def _score(x: Array, dims: NDArray[np.int64], params: Addresses, space: Array, out: Array) -> None:
    for start in range(0, x.shape[0], _ROWS):
        _forward(x[start : start + _ROWS], dims, params, space, out[start : start + _ROWS])


@jit
def _train(
    x: Array, y: Labels, dims: NDArray[np.int64], params: Addresses, reg: float, space: Array, grads: Array
) -> Scalar:
    """Write the gradients to `grads`, one after the other; return the loss.

    `space` holds the outputs of the layers. On the way back, each gives way to the derivative by it, which is why the
    product with Wᵀ needs a place of its own.
    """
    n, layers = x.shape[0], dims.size - 1
    end = n * np.sum(dims[1:])
    delta = space[end - n * dims[layers] : end].reshape(n, dims[layers])
    _forward(x, dims, params, space, delta)
    loss = float(softmax_rows(delta, y, delta))
    end -= n * dims[layers]
    stop = grads.size
    for layer in range(layers - 1, -1, -1):
        d, m = dims[layer], dims[layer + 1]
        w = matrix_at(params[2 * layer], d, m, x)
        db = grads[stop - m : stop]
        dw = grads[stop - m - d * m : stop - m].reshape(d, m)
        stop -= m + d * m
        below = x if layer == 0 else space[end - n * d : end].reshape(n, d)
        if reg != 0:
            loss += 0.5 * reg * _multiple(reg, w.reshape(-1), dw.reshape(-1))
        transposed_times(below, delta, dw, reg != 0)
        db[:] = 0
        add_rows(delta, db)
        if layer > 0:
            product = space[space.size - n * d :].reshape(n, d)
            times_transposed(delta, w, product)
            relu_gate(product.reshape(-1), below.reshape(-1))
            delta = below
            end -= n * d
    return x.dtype.type(loss)


@jit
def _multiple(reg: float, w: Array, out: Array) -> float:
    """Write reg · w to `out`; return ‖w‖², summed in float64 over parts of float32."""
    factor, total = w.dtype.type(reg), 0.0
    for start in range(0, w.size, 1024):
        total += float(_multiple_of_part(factor, w[start : start + 1024], out[start : start + 1024]))
    return total


@jit_sums
def _multiple_of_part(factor: Scalar, w: Array, out: Array) -> Scalar:
    total = w.dtype.type(0)
    for j in range(w.size):
        out[j] = factor * w[j]
        total += w[j] * w[j]
    return total
