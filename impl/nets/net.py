"""Chapter 5: a fully connected net, whose training step is one compiled call whatever its depth."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .._kernels.address import Addresses, addresses
from .._kernels.parallel import together, workers
from .._kernels.validation import F32, F64, Array, count, not_negative, packed, real, refuse_shape
from .layers import NEVER_SPLIT
from .losses import checked_labels
from .step import ROWS, score, train

__all__ = ["FullyConnectedNet", "TwoLayerNet"]

Scalar = np.floating[Any]


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
    took, one block for each call that ran at the same time. Large batches are shared out to all cores; the same number
    of threads gives the same bits, another may round otherwise.

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
        places = (slice(*place) for place in pairwise(ends))
        self._places = [(name, place, shape) for (name, shape), place in zip(self._shapes.items(), places, strict=True)]
        self._size = ends[-1]
        weights = [prod(shape) for shape in self._shapes.values() if len(shape) == 2]
        # Of a sample's scores, and of a step. In float32 too: steps come in rows, so that helpers are awake.
        self._flops = 2 * sum(weights), 6 * sum(weights) - 2 * weights[0]
        self._largest = max(weights)
        self._hidden = sum(dims[1:-1])
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
        if rows.ndim != 2 or rows.shape[1] != self._inputs:
            if rows.ndim == 0 or prod(rows.shape[1:]) != self._inputs:
                refuse_shape("X", rows, f"(N, ...), with {self._inputs} entries a sample")
            rows = rows.reshape(rows.shape[0], self._inputs)
        parameters = self._parameters()  # held on to while their addresses are in use
        where = addresses(parameters)
        return self._scores(rows, where) if y is None else self._loss(rows, y, where)

    def _scores(self, rows: Array, where: Addresses) -> Array:
        n = rows.shape[0]
        out = np.empty((n, self._classes), self.dtype)
        threads, split = workers(n * self._flops[0]), n * self._largest > NEVER_SPLIT
        space = self._take(threads * min(n, ROWS) * self._hidden)
        together(threads, score, rows, self._dims, where, space, out, blas=split)
        self._spare.append(space)
        return out

    def _loss(self, rows: Array, y: ArrayLike, where: Addresses) -> tuple[Scalar, dict[str, Array]]:
        n = rows.shape[0]
        labels = checked_labels("y", y, n, self._classes)
        flat = np.empty(self._size, self.dtype)
        space = self._take(n * (2 * self._hidden + self._classes))
        threads, split = workers(n * self._flops[1]), n * self._largest > NEVER_SPLIT
        loss = together(threads, train, rows, labels, self._dims, where, self.reg, space, flat, blas=split)
        self._spare.append(space)
        gradients = {}
        for name, place, shape in self._places:
            gradients[name] = flat[place].reshape(shape) if len(shape) == 2 else flat[place]
        return self.dtype.type(loss), gradients

    def _parameters(self) -> list[Array]:
        arrays = []
        for name, shape in self._shapes.items():
            if name not in self.params:
                raise ValueError(f"params must hold {', '.join(self._shapes)}, but {name} is missing")
            array = self.params[name]
            if not (type(array) is np.ndarray and array.dtype is self.dtype and array.flags.carray):
                array = self._in_my_dtype(name, array)
            if array.shape != shape:
                refuse_shape(name, array, str(shape))
            arrays.append(array)
        return arrays

    def _in_my_dtype(self, name: str, value: ArrayLike) -> Array:
        if type(value) is np.ndarray and value.dtype is self.dtype and value.flags.carray:
            return value
        with np.errstate(over="ignore"):  # past float32's range is infinity
            return packed(real(name, value), self.dtype)

    def _take(self, entries: int) -> Array:
        """Room for what lies between the layers, whatever is in it. Only one call gets it."""
        try:
            space = self._spare.pop()
        except IndexError:
            return np.empty(entries, self.dtype)
        return space if space.size >= entries else np.empty(entries, self.dtype)


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
