"""Scores and a training step of a dense net, compiled: a share of the work after the other, by one thread or several.

What several threads share is first the samples, each with its scores and all that goes back from them, and then the
rows of the gradients, each of which is a sum over all samples. So nobody has a gradient of his own that would have to
be added to the others', and whose turn it is does not matter.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._kernels.address import Addresses, matrix_at, vector_at
from .._kernels.jit import jit, jit_inlined, jit_sums
from .._kernels.parallel import Team, in_chunks
from .._kernels.stream import share
from .._kernels.validation import Array
from .layers import add_rows, gate, times, times_transposed, transposed_times
from .losses import Labels, mean_of, softmax_rows

Scalar = np.floating[Any]
Dims = NDArray[np.int64]

# Scores are computed for so many rows at once: enough for BLAS, and few enough that all layers stay in the caches.
ROWS = 512


@jit
def score(team: Team, threads: int, x: Array, dims: Dims, params: Addresses, space: Array, out: Array) -> None:
    """Write the scores to `out`; `space` holds the hidden layers of `ROWS` samples for each thread."""
    in_chunks(team, threads, threads, _scores_of_share, (threads, x, dims, params, space, out))


@jit
def _scores_of_share(c: int, shared: Any) -> None:
    threads, x, dims, params, space, out = shared
    room = space.size // threads
    first, stop = share(c, threads, x.shape[0])
    for start in range(first, stop, ROWS):
        end = min(start + ROWS, stop)
        own = space[room * c : room * (c + 1)]
        _forward(x[start:end], 0, end - start, dims, params, own, out[start:end])


@jit
def train(
    team: Team,
    threads: int,
    x: Array,
    y: Labels,
    dims: Dims,
    params: Addresses,
    reg: float,
    space: Array,
    grads: Array,
) -> float:
    """Write the gradients to `grads`, one after the other; return the loss.

    `space` holds the outputs of the hidden layers, then the derivatives by the outputs of all.
    """
    n, parts = x.shape[0], threads * (dims.size - 1)
    losses, squares = np.empty((threads, 2)), np.empty(parts)
    in_chunks(team, threads, threads, _samples_of_share, (threads, x, y, dims, params, space, losses))
    in_chunks(team, threads, parts, _gradients_of_share, (threads, x, dims, params, reg, space, squares, grads))
    loss = mean_of(n, losses)
    if reg != 0:
        for c in range(parts):
            loss += 0.5 * reg * squares[c]
    return loss


@jit
def _samples_of_share(c: int, shared: Any) -> None:
    threads, x, y, dims, params, space, losses = shared
    first, stop = share(c, threads, x.shape[0])
    losses[c, 0], losses[c, 1] = _there_and_back(x, y, first, stop, dims, params, space)


@jit
def _gradients_of_share(c: int, shared: Any) -> None:
    threads, x, dims, params, reg, space, squares, grads = shared
    layer = c // threads
    first, stop = share(c % threads, threads, dims[layer])
    squares[c] = _gradients(x, layer, first, stop, dims, params, reg, space, grads)
    if c % threads == 0:  # not who begins at row 0: of fewer rows than shares several do
        _bias_gradients(x, layer, dims, space, grads)


@jit_inlined
def _there_and_back(
    x: Array, y: Labels, first: int, stop: int, dims: Dims, params: Addresses, space: Array
) -> tuple[float, float]:
    """Scores of some samples, and the derivatives by what every layer puts out; return what `softmax_rows` does."""
    n, layers = x.shape[0], dims.size - 1
    start = n * np.sum(dims[1:layers])  # where the last layer's derivatives are, after those of the others
    hidden = start
    start += hidden
    delta = space[start : start + n * dims[layers]].reshape(n, dims[layers])
    _forward(x, first, stop, dims, params, space, delta)
    above = delta[first:stop]
    loss = softmax_rows(above, y[first:stop], above, n)
    for layer in range(layers - 1, 0, -1):
        d, m = dims[layer], dims[layer + 1]
        start -= n * d
        hidden -= n * d
        out = space[hidden + first * d : hidden + stop * d]
        below = space[start + first * d : start + stop * d]
        times_transposed(above, matrix_at(params[2 * layer], d, m, x), below.reshape(stop - first, d))
        gate(below, out)
        above = below.reshape(stop - first, d)
    return loss


@jit
def _forward(x: Array, first: int, stop: int, dims: Dims, params: Addresses, space: Array, scores: Array) -> None:
    """Write max(x W + b, 0) of each hidden layer to `space`, and the scores to `scores`, of some samples of x."""
    n, layers, start = x.shape[0], dims.size - 1, 0
    below = x[first:stop]
    for layer in range(layers):
        d, m = dims[layer], dims[layer + 1]
        last = layer == layers - 1
        out = scores[first:stop] if last else space[start + first * m : start + stop * m].reshape(stop - first, m)
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


@jit_inlined
def _gradients(
    x: Array, layer: int, first: int, stop: int, dims: Dims, params: Addresses, reg: float, space: Array, grads: Array
) -> float:
    """Write some rows of a layer's gradient; return ‖W‖² of those rows."""
    n, d, m = x.shape[0], dims[layer], dims[layer + 1]
    before, delta, place = _of_layer(n, layer, dims, space)
    below = x if layer == 0 else space[before - n * d : before].reshape(n, d)
    dw = grads[place + first * m : place + stop * m]
    squares = 0.0
    if reg != 0:
        w = matrix_at(params[2 * layer], d, m, x).reshape(-1)
        squares = _multiple(reg, w[first * m : stop * m], dw)
    transposed_times(below, first, delta, dw.reshape(stop - first, m), reg != 0)
    return squares


@jit_inlined
def _bias_gradients(x: Array, layer: int, dims: Dims, space: Array, grads: Array) -> None:
    """Write the biases' part of a layer's gradient."""
    d, m = dims[layer], dims[layer + 1]
    _, delta, place = _of_layer(x.shape[0], layer, dims, space)
    db = grads[place + d * m : place + (d + 1) * m]
    db[:] = 0
    add_rows(delta, db)


@jit_inlined
def _of_layer(n: int, layer: int, dims: Dims, space: Array) -> tuple[int, Array, int]:
    """Entries of the layers below this one's output, derivatives by its output, entries of the gradients before it."""
    layers, m = dims.size - 1, dims[layer + 1]
    before, hidden, place = 0, 0, 0
    for k in range(layers):
        if k < layer:
            before += n * dims[k + 1]
            place += (dims[k] + 1) * dims[k + 1]
        if k < layers - 1:
            hidden += n * dims[k + 1]
    return before, space[hidden + before : hidden + before + n * m].reshape(n, m), place


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
